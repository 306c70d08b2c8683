package e2e

import (
	"errors"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
)

// Jobs in one process, and requests to another, use one session.
func Test_that_jobs_and_requests_lose_nothing_of_each_other_on_any_store(t *testing.T) {
	forEachStore(t, func(t *testing.T, s testStore) {
		web, jobs := newApp(t, s, s.open()), newApp(t, s, s.open())
		b := newBrowser()
		web.must(b, func(s *session.Session) { s.Tag("7"); s.Put("n", 0) })
		handle := handleOf(web, b)
		before, err := jobs.manager.Tagged(t.Context(), "7")
		ok(t, err)

		const workers, each = 4, 5
		count := func(s *session.Session) error { s.Increment("n"); return nil }
		together(2*workers, func(worker int) {
			for range each {
				if worker%2 == 0 {
					web.must(b, func(s *session.Session) { s.Increment("n") })
				} else if err := jobs.manager.Update(t.Context(), handle, count); err != nil {
					t.Error(err)
				}
			}
		})
		err = jobs.manager.View(t.Context(), handle, func(s *session.Session) error {
			if n := session.Get[int](s, "n"); n != 2*workers*each {
				t.Errorf("n is %d; want %d", n, 2*workers*each)
			}
			return nil
		})
		ok(t, err)

		s.Advance(time.Hour)
		ok(t, jobs.manager.UpdateTagged(t.Context(), "7", count))
		after, err := jobs.manager.Tagged(t.Context(), "7")
		ok(t, err)
		if len(before) != 1 || len(after) != 1 || after[0].Expires.Sub(before[0].Expires).Abs() > 10*time.Second {
			t.Errorf("the session ends at %v after a job; want what it was, %v", after, before)
		}
		s.Advance(time.Hour + time.Minute)
		if err := jobs.manager.Update(t.Context(), handle, count); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("got %v; want ErrNotFound: a job is no use of a session", err)
		}
	})
}

func Test_that_an_administrator_sees_and_ends_all_sessions_on_any_store(t *testing.T) {
	forEachStore(t, func(t *testing.T, s testStore) {
		web, admin := newApp(t, s, s.open()), newApp(t, s, s.open())
		want := map[string]string{}
		for _, user := range []string{"7", "7", "8", ""} {
			b := newBrowser()
			web.must(b, func(s *session.Session) {
				s.Put("n", 0)
				if user != "" {
					s.Tag(user)
				}
			})
			want[handleOf(web, b)] = user
		}
		for info, err := range admin.manager.All(t.Context()) {
			ok(t, err)
			user, listed := want[info.Handle]
			if !listed || len(info.Users) > 1 || len(info.Users) == 1 && info.Users[0] != user || len(info.Users) == 0 && user != "" {
				t.Errorf("got %+v; want a session of %q", info, user)
			}
			delete(want, info.Handle)
			ok(t, admin.manager.Destroy(t.Context(), info.Handle))
		}
		if len(want) > 0 {
			t.Errorf("%d sessions are not listed", len(want))
		}
		for info := range admin.manager.All(t.Context()) {
			t.Errorf("%+v is still there", info)
		}
	})
}
