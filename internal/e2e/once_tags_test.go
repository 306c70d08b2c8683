package e2e

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
)

// twice is a store whose driver loses the first answer to a Tag, and the first one to an Untag, and
// asks again after something else has happened.
type twice struct {
	session.Tagger
	betweenTags, betweenUntags func()
}

func (s twice) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	err := s.Tagger.Tag(ctx, tag, key, expires)
	s.betweenTags()
	return errors.Join(err, s.Tagger.Tag(ctx, tag, key, expires))
}

func (s twice) Untag(ctx context.Context, tag string, keys ...string) error {
	err := s.Tagger.Untag(ctx, tag, keys...)
	s.betweenUntags()
	return errors.Join(err, s.Tagger.Untag(ctx, tag, keys...))
}

// A log-out everywhere meets a login that has written its entry, but not yet its record. If it
// removed the entry, the login's driver, which asks again, would write another one, which is good.
// Then the log-out's driver would ask again, too, and nobody could find the session any more.
func Test_that_a_login_is_refused_or_found_although_both_it_and_a_log_out_everywhere_ask_twice(t *testing.T) {
	s := newTestStore(t, "memory")
	undisturbed := newApp(t, s, s.open())
	untagged, loggedIn := make(chan struct{}), make(chan struct{})
	var loggingOut sync.WaitGroup

	logOut := newApp(t, s, twice{s.open(), func() {}, sync.OnceFunc(func() { close(untagged); <-loggedIn })})
	login := newApp(t, s, twice{s.open(), sync.OnceFunc(func() {
		done := make(chan struct{})
		loggingOut.Go(func() {
			defer close(done)
			if err := logOut.manager.DestroyTagged(t.Context(), "7"); err != nil {
				t.Error(err)
			}
		})
		select {
		case <-untagged:
		case <-done:
		}
	}), func() {}})

	b := newBrowser()
	got := login.post(b, func(s *session.Session) { s.Tag("7"); s.Put("n", 0) })
	close(loggedIn)
	loggingOut.Wait()

	listed, err := undisturbed.manager.Tagged(t.Context(), "7")
	ok(t, err)
	switch handle := handleOf(undisturbed, b); {
	case handle != "" && len(listed) == 0:
		t.Error("the session is alive and unreachable")
	case handle == "" && got.status != http.StatusServiceUnavailable:
		t.Errorf("status %d, and there is no session; want 503", got.status)
	}
}
