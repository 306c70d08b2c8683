package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_a_destroyed_session_stays_destroyed(t *testing.T) {
	const trials = 2000
	store := memorystore.New(memorystore.Options{})
	p := start(t, session.Config{Store: store, Now: time.Now})
	for trial := range trials {
		v := newVisitor()
		v.must(t, p, put("n", 1))

		// All have loaded the session; then they race.
		var loaded, done sync.WaitGroup
		race := func(work func(*session.Session)) *httptest.ResponseRecorder {
			return p.serve(v.request(), with(func(s *session.Session) {
				s.Has("n")
				loaded.Done()
				loaded.Wait()
				work(s)
			}))
		}
		late := make([]*httptest.ResponseRecorder, 2)
		loaded.Add(len(late) + 1)
		for i := range late {
			done.Go(func() { late[i] = race(increment) })
		}
		var logout *httptest.ResponseRecorder
		done.Go(func() { logout = race((*session.Session).Destroy) })
		done.Wait()

		if logout.Code != http.StatusOK || !slices.Equal(setCookies(logout), []string{cookieName}) {
			t.Fatalf("trial %d: the log-out is status %d and sets %v", trial, logout.Code, setCookies(logout))
		}
		for _, rec := range late {
			if rec.Code != http.StatusOK || len(setCookies(rec)) != 0 {
				t.Fatalf("trial %d: a late commit is status %d and sets %v; want 200 and no cookie", trial, rec.Code, setCookies(rec))
			}
		}
		if n := store.Len(); n != 0 {
			t.Fatalf("trial %d: %d sessions are back from the dead", trial, n)
		}
	}
}

func Test_that_a_change_to_a_session_that_was_logged_out_is_dropped_and_reported(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	p := start(t, session.Config{Store: store})
	for _, tc := range []struct {
		desc string
		late func(*session.Session)
	}{
		{"a put", put("a", 1)},
		{"an increment", increment},
		{"a flash", func(s *session.Session) { s.FlashInfo("hello") }},
		{"a regenerate", (*session.Session).Regenerate},
		{"a clear", (*session.Session).Clear},
	} {
		v := newVisitor()
		v.must(t, p, put("n", 1))
		lost := len(p.hooked("Lost"))
		var saved error
		logout, late := interleaved(p, p, v, (*session.Session).Destroy, func(s *session.Session) {
			tc.late(s)
			saved = s.Save(t.Context())
		})
		if logout != 200 || late != 200 || store.Len() != 0 || v.cookie() != "" {
			t.Errorf("%s: statuses %d and %d, %d records, cookie %q; want 200 and nothing left", tc.desc, logout, late, store.Len(), v.cookie())
		}
		if !errors.Is(saved, session.ErrNotFound) {
			t.Errorf("%s: Save says %v; want ErrNotFound", tc.desc, saved)
		}
		if n := len(p.hooked("Lost")) - lost; n != 1 {
			t.Errorf("%s: the Lost hook was called %d times; want once", tc.desc, n)
		}
	}
}

func Test_that_a_log_out_of_a_session_that_is_lost_may_say_good_bye(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("n", 1))
	interleaved(p, p, v, (*session.Session).Destroy, func(s *session.Session) {
		s.Put("a", 1)
		if err := s.Save(t.Context()); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Save says %v; want ErrNotFound", err)
		}
		s.Destroy()
		s.FlashInfo("Good-bye.")
	})
	v.must(t, p, func(s *session.Session) { wantText(t, "the next page", texts(s), "Good-bye.") })
}

// After a change of the cookie's Domain or Path, browsers send the old cookie beside the new one, and often
// before it.
func Test_that_a_log_out_finds_its_session_beside_a_cookie_that_has_moved(t *testing.T) {
	for desc, bye := range map[string]string{"silent": "", "with a good-bye": "Good-bye."} {
		store := memorystore.New(memorystore.Options{})
		p, v := start(t, session.Config{Store: store}), newVisitor()
		v.must(t, p, put("n", 1))
		old := v.cookie()
		v.must(t, p, (*session.Session).Regenerate)
		r := v.request()
		r.Header.Set("Cookie", cookieName+"="+old+"; "+r.Header.Get("Cookie"))
		rec := p.serve(r, with(func(s *session.Session) {
			s.Destroy()
			if bye != "" {
				s.FlashInfo(bye)
			}
		}))
		v.keep(rec)
		if rec.Code != http.StatusOK {
			t.Errorf("%s: status %d, %v; want 200", desc, rec.Code, p.failure())
		}
		v.must(t, p, func(s *session.Session) {
			if said := texts(s); said != bye || s.Has("n") {
				t.Errorf("%s: values %v, alerts %q; want only %q", desc, s.All(), said, bye)
			}
		})
		if store.Len() > 1 || bye == "" && store.Len() > 0 {
			t.Errorf("%s: %d records", desc, store.Len())
		}
	}
}

func Test_that_log_outs_do_not_stand_in_each_others_way(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	p := start(t, session.Config{Store: store})
	v := newVisitor()
	v.must(t, p, put("n", 1))
	if a, b := interleaved(p, p, v, (*session.Session).Destroy, (*session.Session).Destroy); a != 200 || b != 200 || store.Len() != 0 {
		t.Errorf("statuses %d and %d, %d records; want 200 and none", a, b, store.Len())
	}
}

func Test_that_a_log_out_meets_a_newer_record_and_wins(t *testing.T) {
	for desc, wrap := range conflicting {
		store := memorystore.New(memorystore.Options{})
		p := start(t, session.Config{Store: wrap(store)})
		v := newVisitor()
		v.must(t, p, put("n", 1))
		if a, b := interleaved(p, p, v, increment, (*session.Session).Destroy); a != 200 || b != 200 || store.Len() != 0 || v.cookie() != "" {
			t.Errorf("%s: statuses %d and %d, %d records; want 200 and none", desc, a, b, store.Len())
		}
	}
}

func Test_that_a_message_flashed_with_the_log_out_begins_a_new_session(t *testing.T) {
	for _, tc := range []struct {
		desc string
		work func(*session.Session)
	}{
		{"after", func(s *session.Session) { s.Destroy(); s.FlashSuccess("bye") }},
		{"before", func(s *session.Session) { s.FlashSuccess("bye"); s.Destroy() }},
		{"before, and saved", func(s *session.Session) { s.FlashSuccess("bye"); _ = s.Save(context.Background()); s.Destroy() }},
	} {
		store := memorystore.New(memorystore.Options{})
		p := start(t, session.Config{Store: store})
		v := newVisitor()
		v.must(t, p, func(s *session.Session) { s.Put("user", 7); s.FlashInfo("welcome") })
		old := v.cookie()
		v.must(t, p, func(s *session.Session) {
			tc.work(s)
			if !s.IsNew() || s.Has("user") {
				t.Errorf("%s: the session goes on after Destroy", tc.desc)
			}
		})
		if v.cookie() == old || v.cookie() == "" || store.Len() != 1 {
			t.Errorf("%s: cookie %q after %q, %d records; want a new session", tc.desc, v.cookie(), old, store.Len())
		}
		v.must(t, p, func(s *session.Session) {
			if said := texts(s); s.Has("user") || said != "bye" {
				t.Errorf("%s: values %v, alerts %q; want only the good-bye", tc.desc, s.All(), said)
			}
		})
	}
}

func Test_that_a_log_out_that_fails_is_a_503_and_leaves_the_cookie(t *testing.T) {
	for _, tc := range []struct {
		desc string
		work func(*session.Session)
	}{
		{"a log-out", (*session.Session).Destroy},
		{"a log-out with a good-bye", func(s *session.Session) { s.Destroy(); s.FlashInfo("bye") }},
		{"a regenerate", (*session.Session).Regenerate},
	} {
		store := memorystore.New(memorystore.Options{})
		w := &watched{Store: store}
		p := start(t, session.Config{Store: w})
		v := newVisitor()
		v.must(t, p, put("a", 1))
		old := v.cookie()
		w.before = func(c call) error {
			if c.method == "Destroy" && c.key == keyOf(old) {
				return errStoreDown
			}
			return nil
		}
		rec := v.do(p, tc.work)
		if rec.Code != http.StatusServiceUnavailable || !errors.Is(p.failure(), session.ErrUnavailable) {
			t.Errorf("%s: status %d, %v; want 503", tc.desc, rec.Code, p.failure())
		}
		if len(setCookies(rec)) != 0 {
			t.Errorf("%s: sets %v; want no cookie", tc.desc, setCookies(rec))
		}
		if store.Len() != 1 {
			t.Errorf("%s: %d records are left; want the old one", tc.desc, store.Len())
		}
		w.before = nil
		v.must(t, p, func(s *session.Session) {
			if a := session.Get[int](s, "a"); a != 1 {
				t.Errorf("%s: a is %d afterwards; want 1", tc.desc, a)
			}
		})
	}
}

func Test_that_a_regenerated_session_has_a_new_id_and_the_old_data(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	p := start(t, session.Config{Store: store})
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.Put("a", 1); s.FlashInfo("hello") })
	planted := v.clone()

	v.must(t, p, func(s *session.Session) { s.Regenerate(); s.Put("user", 7) })

	if v.cookie() == planted.cookie() || store.Len() != 1 {
		t.Errorf("cookie %q before and %q after, %d records; want another one, and one record", planted.cookie(), v.cookie(), store.Len())
	}
	v.must(t, p, func(s *session.Session) {
		if s.IsNew() || session.Get[int](s, "a") != 1 || session.Get[int](s, "user") != 7 || !s.FlashMessages().Has(session.KindInfo) {
			t.Errorf("the session is %v; want a, user and the message", s.All())
		}
	})
	planted.must(t, p, func(s *session.Session) {
		if !s.IsNew() || len(s.All()) != 0 {
			t.Errorf("the old id still leads to %v", s.All())
		}
	})
	moved := p.hooked("Migrated")
	if len(moved) != 1 || moved[0].Handle == moved[0].Previous || moved[0].Previous != p.hooked("Committed")[0].Handle {
		t.Errorf("the Migrated hook heard %+v", moved)
	}
}

// Session fixation, end to end: an attacker plants the id of their own session in the visitor's
// browser, and waits for the visitor to log in.
func Test_that_a_planted_session_is_worth_nothing_after_login(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	p := start(t, session.Config{Store: store})
	attacker := newVisitor()
	attacker.must(t, p, put("cart", "planted"))
	victim := attacker.clone()

	// The attacker tries while the victim's answer is being sent.
	login := func(c echo.Context) error {
		s := session.From(c)
		s.Regenerate()
		s.Put("user", "victim")
		if err := c.NoContent(http.StatusOK); err != nil {
			return err
		}
		attacker.must(t, p, func(s *session.Session) {
			if !s.IsNew() || s.Has("user") {
				t.Errorf("the attacker sees %v", s.All())
			}
		})
		return nil
	}
	if rec := victim.visit(p, login); rec.Code != http.StatusOK {
		t.Fatalf("status %d", rec.Code)
	}
	if _, err := store.Read(t.Context(), keyOf(attacker.cookie())); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("the planted record: %v; want ErrNotFound", err)
	}
}

func Test_that_a_change_to_a_session_that_has_moved_is_a_503(t *testing.T) {
	for _, tc := range []struct {
		desc string
		late func(*session.Session)
	}{
		{"a put", put("a", 1)},
		{"a flash", func(s *session.Session) { s.FlashInfo("hello") }},
		{"a regenerate", (*session.Session).Regenerate},
		{"a log-out", (*session.Session).Destroy},
	} {
		store := memorystore.New(memorystore.Options{})
		p := start(t, session.Config{Store: store})
		v := newVisitor()
		v.must(t, p, put("n", 1))
		moved, late := interleaved(p, p, v, (*session.Session).Regenerate, tc.late)
		if moved != 200 || late != 503 || store.Len() != 1 {
			t.Errorf("%s: statuses %d and %d, %d records; want 200, 503 and one", tc.desc, moved, late, store.Len())
		}
		if n := len(p.hooked("Lost")); n != 0 {
			t.Errorf("%s: the Lost hook was called %d times; want never: it has failed aloud", tc.desc, n)
		}
		v.must(t, p, func(s *session.Session) {
			if session.Get[int](s, "n") != 1 {
				t.Errorf("%s: the session is %v; want it to live on under the new id", tc.desc, s.All())
			}
		})
	}
}

func Test_that_a_read_of_a_session_that_has_moved_is_fine(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("n", 1))
	moved, late := interleaved(p, p, v, (*session.Session).Regenerate, func(s *session.Session) { s.Has("n") })
	if moved != 200 || late != 200 {
		t.Errorf("statuses %d and %d; want 200", moved, late)
	}
}

// The messages wait for a page of the new id, so nothing is lost. It is no log-out either, which is what
// the Lost hook and its line in the log would tell an operator.
func Test_that_a_page_with_messages_of_a_session_that_has_moved_is_fine(t *testing.T) {
	show := func(s *session.Session) { s.FlashMessages().Alerts() }
	for _, tc := range []struct {
		desc         string
		first, later func(*session.Session)
		status, lost int
	}{
		{"it has moved", (*session.Session).Regenerate, show, 200, 0},
		{"it has moved, and the page changes something, too", (*session.Session).Regenerate, func(s *session.Session) { show(s); s.Put("a", 1) }, 503, 0},
		{"it has ended", (*session.Session).Destroy, show, 200, 1},
	} {
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, func(s *session.Session) { s.FlashInfo("hello") })
		_, status := interleaved(p, p, v, tc.first, tc.later)
		if lost := len(p.hooked("Lost")); status != tc.status || lost != tc.lost {
			t.Errorf("%s: status %d, Lost %d times; want %d, %d", tc.desc, status, lost, tc.status, tc.lost)
		}
	}
}

// The old id is as good as gone, and the move is forgotten after a minute.
func Test_that_a_stream_may_log_out_long_after_its_session_has_moved(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, savedFlash)
	v.visit(p, func(c echo.Context) error {
		s := session.From(c)
		s.FlashMessages().Alerts()
		v.clone().do(p, (*session.Session).Regenerate)
		c.Response().Header().Set(echo.HeaderContentType, "text/event-stream")
		c.Response().Flush()
		p.clock.advance(2 * time.Minute)
		s.Destroy()
		if err := s.Save(t.Context()); err != nil {
			t.Errorf("got %v; want no error", err)
		}
		return nil
	})
}

// Nobody knows whether the message waits for another page, so this one must not leave with it.
func Test_that_a_page_with_messages_fails_if_the_store_cannot_say_what_became_of_its_session(t *testing.T) {
	store, p, v := startSpied(t)
	v.must(t, p, savedFlash)
	old := v.clone()
	rec := old.visit(p, func(c echo.Context) error {
		session.From(c).Has("") // loads
		v.must(t, p, (*session.Session).Regenerate)
		store.before = failing(errStoreDown, "Tagged")
		return session.Render(c, http.StatusOK, alertsComponent)
	})
	store.before = nil
	if rec.Code != http.StatusServiceUnavailable || len(p.hooked("StoreError")) != 1 || len(p.hooked("Lost")) != 0 {
		t.Errorf("got %d, StoreError %d times, Lost %d times; want 503, once, never", rec.Code, len(p.hooked("StoreError")), len(p.hooked("Lost")))
	}
	wantText(t, "the next page", v.visit(p, alertsPage).Body.String(), "<main>Saved!</main>")
}

func Test_that_a_stream_of_a_session_that_has_moved_is_told_so_after_a_message(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.FlashInfo("hello") })
	v.visit(p, func(c echo.Context) error {
		s := session.From(c)
		s.FlashMessages().Alerts()
		v.clone().do(p, (*session.Session).Regenerate)
		c.Response().Header().Set(echo.HeaderContentType, "text/event-stream")
		c.Response().Flush()
		if err := s.Save(t.Context()); !errors.Is(err, session.ErrMoved) || s.Err() != nil {
			t.Errorf("got %v, Err says %v; want ErrMoved, but no failure: nothing is lost", err, s.Err())
		}
		s.Put("a", 1)
		if err := s.Save(t.Context()); !errors.Is(err, session.ErrMoved) {
			t.Errorf("got %v for a change; want ErrMoved", err)
		}
		return nil
	})
	if refused, lost := len(p.hooked("Refused")), len(p.hooked("Lost")); refused != 1 || lost != 0 {
		t.Errorf("Refused %d times, Lost %d times; want once, never", refused, lost)
	}
}

func Test_that_a_log_out_wins_over_a_regenerate(t *testing.T) {
	for _, processes := range []string{"one process", "two processes"} {
		store := memorystore.New(memorystore.Options{})
		w := &watched{Store: store}
		p := start(t, session.Config{Store: w})
		q := p
		if processes == "two processes" {
			q = start(t, session.Config{Store: store})
		}
		v := newVisitor()
		v.must(t, p, put("user", 7))
		other := v.clone()
		done := false
		w.before = func(c call) error {
			if c.method == "Destroy" && !done {
				done = true
				other.must(t, q, (*session.Session).Destroy)
			}
			return nil
		}
		rec := v.must(t, p, func(s *session.Session) { s.Regenerate(); s.Put("a", 1) })
		if len(setCookies(rec)) != 0 || store.Len() != 0 {
			t.Errorf("%s: the regenerate sets %v, and %d records are left; want none", processes, setCookies(rec), store.Len())
		}
		if n := len(p.hooked("Lost")); n != 1 {
			t.Errorf("%s: the Lost hook was called %d times; want once", processes, n)
		}
	}
}

// A visitor who is told that they are logged out must be logged out.
func Test_that_a_log_out_that_races_a_regenerate_ends_the_session_or_fails(t *testing.T) {
	var failed int
	for trial := range 2000 {
		store := memorystore.New(memorystore.Options{})
		p := start(t, session.Config{Store: store})
		v := newVisitor()
		v.must(t, p, put("n", 1))
		var loaded, done sync.WaitGroup
		loaded.Add(3)
		status := make([]int, 3)
		for i, work := range []func(*session.Session){(*session.Session).Destroy, (*session.Session).Regenerate, increment} {
			done.Go(func() {
				status[i] = p.serve(v.request(), with(func(s *session.Session) {
					s.Has("n")
					loaded.Done()
					loaded.Wait()
					work(s)
				})).Code
			})
		}
		done.Wait()
		if status[0] == http.StatusOK && store.Len() != 0 || store.Len() > 1 {
			t.Fatalf("trial %d: the log-out is status %d, and there are %d records", trial, status[0], store.Len())
		}
		if status[0] != http.StatusOK {
			failed++
		}
	}
	t.Logf("%d of 2000 log-outs were refused", failed)
}

func Test_that_a_regenerate_under_fire_loses_nothing(t *testing.T) {
	const workers, regenerations = 8, 200
	store := memorystore.New(memorystore.Options{})
	p := start(t, session.Config{Store: store, Now: time.Now})
	v := newVisitor()
	v.must(t, p, put("n", 0))

	var acknowledged, refused atomic.Int64
	var stop atomic.Bool
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for !stop.Load() {
				rec := v.visit(p, func(c echo.Context) error {
					s := session.From(c)
					if s.IsNew() {
						return echo.ErrConflict // the cookie was replaced while this request was on its way
					}
					s.Increment("n")
					return c.NoContent(http.StatusOK)
				})
				if rec.Code == http.StatusOK {
					acknowledged.Add(1)
				} else {
					refused.Add(1)
				}
			}
		})
	}
	for range regenerations {
		old := v.cookie()
		v.must(t, p, (*session.Session).Regenerate)
		if _, err := store.Read(t.Context(), keyOf(old)); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("the old record: %v; want ErrNotFound", err)
		}
		for before := acknowledged.Load(); acknowledged.Load() < before+3; {
			runtime.Gosched() // some of them in each session
		}
	}
	stop.Store(true)
	done.Wait()
	t.Logf("%d acknowledged, %d refused", acknowledged.Load(), refused.Load())
	v.must(t, p, func(s *session.Session) {
		if n := session.Get[int64](s, "n"); n != acknowledged.Load() {
			t.Errorf("n is %d after %d acknowledged increments", n, acknowledged.Load())
		}
	})
	if n := store.Len(); n != 1 {
		t.Errorf("%d records are left; want 1", n)
	}
}

func Test_that_a_lost_answer_during_a_regenerate_leaves_no_session_behind(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	l := &lossy{Store: store, loses: func(method string) bool { return method == "Destroy" }}
	p := start(t, session.Config{Store: l})
	v := newVisitor()
	v.must(t, p, put("n", 1))
	rec := v.do(p, (*session.Session).Regenerate)
	// The driver's retry finds nothing. A log-out would look the same, and it is safer to assume
	// one.
	if len(setCookies(rec)) != 0 || store.Len() != 0 {
		t.Errorf("status %d, sets %v, %d records; want no session", rec.Code, setCookies(rec), store.Len())
	}
	v = newVisitor()
	v.must(t, p, put("n", 1))
	v.must(t, p, (*session.Session).Destroy)
	if store.Len() != 0 || v.cookie() != "" {
		t.Errorf("after a log-out whose answer was lost: %d records", store.Len())
	}
}

func Test_that_destroy_and_regenerate_of_no_session_do_nothing(t *testing.T) {
	w := newWatched()
	p := start(t, session.Config{Store: w})
	for name, work := range map[string]func(*session.Session){
		"Destroy":    (*session.Session).Destroy,
		"Regenerate": (*session.Session).Regenerate,
		"Clear":      (*session.Session).Clear,
		"Forget":     forget("a"),
		"Reflash":    (*session.Session).Reflash,
	} {
		if rec := newVisitor().must(t, p, work); len(setCookies(rec)) != 0 || w.count("") != 0 {
			t.Errorf("%s: sets %v, and %d store calls; want nothing", name, setCookies(rec), w.count(""))
		}
	}
}

func Test_that_regenerate_and_destroy_in_one_request_go_together(t *testing.T) {
	for _, tc := range []struct {
		desc string
		work func(*session.Session)
		want string
	}{
		{"the data of a session that ends goes, whatever its id", func(s *session.Session) { s.Regenerate(); s.Destroy() }, "map[]"},
		{"a new session needs no other id", func(s *session.Session) { s.Destroy(); s.Put("a", 2); s.Regenerate() }, "map[a:2]"},
		{"a session may end twice", func(s *session.Session) {
			s.Destroy()
			s.Put("a", 2)
			_ = s.Save(t.Context())
			s.Destroy()
			s.Put("a", 3)
		}, "map[a:3]"},
	} {
		store := memorystore.New(memorystore.Options{})
		p := start(t, session.Config{Store: store})
		v := newVisitor()
		v.must(t, p, put("a", 1))
		rec := v.must(t, p, tc.work)
		if n := len(setCookies(rec)); n != 1 {
			t.Errorf("%s: %d Set-Cookie lines; want 1", tc.desc, n)
		}
		v.must(t, p, func(s *session.Session) {
			if got := fmt.Sprint(s.All()); got != tc.want {
				t.Errorf("%s: %s; want %s", tc.desc, got, tc.want)
			}
		})
		if want := min(1, len(tc.want)-len("map[]")); store.Len() != want {
			t.Errorf("%s: %d records; want %d", tc.desc, store.Len(), want)
		}
	}
}

// A request that was sent before the browser had the answer to the login must not begin a session:
// its cookie would replace the new one, and log the visitor out.
func Test_that_a_straggler_with_the_old_id_does_not_replace_the_new_session(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	p := start(t, session.Config{Store: store})
	v := newVisitor()
	v.must(t, p, put("cart", 1))
	tab := v.clone()
	v.must(t, p, func(s *session.Session) { s.Regenerate(); s.Put("user", 7) })

	for _, tc := range []struct {
		desc   string
		work   func(*session.Session)
		status int
	}{
		{"reads", func(s *session.Session) { s.Has("cart") }, http.StatusOK},
		{"changes", put("cart", 2), http.StatusServiceUnavailable},
		{"flashes", func(s *session.Session) { s.FlashInfo("hello") }, http.StatusServiceUnavailable},
		{"logs out", (*session.Session).Destroy, http.StatusServiceUnavailable},
	} {
		rec := tab.clone().do(p, tc.work)
		if rec.Code != tc.status || len(setCookies(rec)) != 0 || store.Len() != 1 {
			t.Errorf("it %s: status %d, cookies %q, %d sessions; want %d, none and one", tc.desc, rec.Code, setCookies(rec), store.Len(), tc.status)
		}
	}
	tab.clone().must(t, p, func(s *session.Session) { s.Regenerate(); s.Put("user", 7) }) // a login sent twice

	p.clock.advance(11 * time.Second) // by now it counts as a visitor with a dead id
	tab.must(t, p, put("cart", 3))
	v.must(t, p, func(s *session.Session) {
		if session.Get[int](s, "user") != 7 || session.Get[int](s, "cart") != 1 {
			t.Errorf("the session is %v", s.All())
		}
	})
}

func Test_that_a_process_remembers_for_a_minute_which_sessions_have_moved(t *testing.T) {
	p := start(t, session.Config{Store: plain{memorystore.New(memorystore.Options{})}})
	var tabs []*visitor
	for _, after := range []time.Duration{0, 30 * time.Second, 31 * time.Second, 0} {
		p.clock.advance(after)
		v := newVisitor()
		v.must(t, p, put("n", 1))
		tabs = append(tabs, v.clone())
		v.must(t, p, (*session.Session).Regenerate)
	}
	for _, step := range []struct {
		after time.Duration
		want  string
	}{
		{0, "unknown moved moved moved"},
		{30 * time.Second, "unknown unknown moved moved"},
		{31 * time.Second, "unknown unknown unknown unknown"},
	} {
		p.clock.advance(step.after)
		var reasons []string
		for _, tab := range tabs {
			p.forget()
			tab.must(t, p, read)
			for _, e := range p.hooked("Rejected") {
				reasons = append(reasons, string(e.Reason))
			}
		}
		wantText(t, fmt.Sprint(step.after, " later"), strings.Join(reasons, " "), step.want)
	}
}

// All of this must also hold between processes, if the store has an index for the notes.
func Test_that_another_process_knows_that_a_session_has_moved(t *testing.T) {
	for _, tc := range []struct {
		desc string
		late func(*session.Session)
	}{
		{"a put", put("a", 1)},
		{"a regenerate", (*session.Session).Regenerate},
		{"a log-out", (*session.Session).Destroy},
	} {
		store := memorystore.New(memorystore.Options{})
		p, q := start(t, session.Config{Store: store}), start(t, session.Config{Store: store})
		v := newVisitor()
		v.must(t, p, put("n", 1))
		tab := v.clone()
		moved, late := interleaved(p, q, v, (*session.Session).Regenerate, tc.late)
		if moved != 200 || late != 503 || !errors.Is(q.failure(), session.ErrMoved) || errors.Is(q.failure(), session.ErrUnavailable) {
			t.Errorf("%s on its way: statuses %d and %d, %v; want 200, and 503 for ErrMoved", tc.desc, moved, late, q.failure())
		}
		if tc.desc != "a regenerate" { // a regenerate may begin a new session: it is a login that was sent twice
			rec := tab.do(q, tc.late)
			if rec.Code != 503 || len(setCookies(rec)) != 0 {
				t.Errorf("%s by the old id: status %d, cookies %q; want 503 and none", tc.desc, rec.Code, setCookies(rec))
			}
		}
		if store.Len() != 1 {
			t.Errorf("%s: %d sessions; want one", tc.desc, store.Len())
		}
		q.clock.advance(11 * time.Second)
		tab.must(t, q, put("a", 1)) // by now it counts as a visitor with a dead id
	}
}

func Test_that_a_regenerate_that_fails_leaves_no_note(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	spy := spyOn(store)
	p := start(t, session.Config{Store: spy})
	for _, fails := range []string{"Tag", "Destroy"} {
		v := newVisitor()
		v.must(t, p, put("n", 1))
		before := store.Len()
		spy.before = func(c call) error {
			if c.method != fails {
				return nil
			}
			spy.before = nil
			return errStoreDown
		}
		rec := v.do(p, (*session.Session).Regenerate)
		if rec.Code != 503 || store.Len() != before {
			t.Errorf("%s fails: status %d, %d sessions; want 503 and %d", fails, rec.Code, store.Len(), before)
		}
		// If a note had been left, this log-out and the late change would fail, too.
		logout, late := interleaved(p, p, v, (*session.Session).Destroy, put("a", 1))
		if logout != 200 || late != 200 {
			t.Errorf("%s failed: a log-out %d, a late change %d; want 200: the session has not moved", fails, logout, late)
		}
	}
}

func Test_that_a_new_id_which_takes_too_long_leaves_no_session_behind_that_nobody_has(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := memorystore.New(memorystore.Options{})
		p, v := start(t, session.Config{Store: memory, Now: time.Now}), newVisitor()
		v.must(t, p, logIn("7"))
		spy := spyOn(memory)
		spy.before = func(c call) error {
			if c.method == "Destroy" && c.version > 0 {
				return c.hang()
			}
			return nil
		}
		stalled := start(t, session.Config{Store: spy, Now: time.Now})
		if w := v.do(stalled, (*session.Session).Regenerate); w.Code != http.StatusServiceUnavailable {
			t.Errorf("got status %d; want 503", w.Code)
		}
		if all := list(t, p, "7"); len(all) != 1 || all[0].Handle != handleOf(p, v) {
			t.Errorf("got %v; want the session that the visitor has", all)
		}
	})
}
