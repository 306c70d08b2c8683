package session_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// renewer is a store that renews what it reads, and records its calls.
type renewer struct {
	*memorystore.Store
	calls []string
	tags  int  // calls of Tag
	stuck bool // the existing record cannot be renewed
	fails bool // calls to the index fail
}

func (r *renewer) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	r.tags++
	if r.fails {
		return session.ErrUnavailable
	}
	return r.Store.Tag(ctx, tag, key, expires)
}

func (r *renewer) Peek(ctx context.Context, key string) (session.Record, error) {
	r.calls = append(r.calls, "read")
	return r.Store.Peek(ctx, key)
}

func (r *renewer) Touch(ctx context.Context, key string, expires time.Time) error {
	r.calls = append(r.calls, "touch")
	return r.Store.Touch(ctx, key, expires)
}

func (r *renewer) Renew(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
	r.calls = append(r.calls, "renew")
	rec, err := r.Store.Peek(ctx, key)
	if err == nil && !r.stuck && !rec.Expires.After(due) {
		r.calls = append(r.calls, "move")
		rec.Expires = until
		err = r.Store.Touch(ctx, key, until)
	}
	return rec, err
}

func (r *renewer) take() []string {
	defer func() { r.calls = nil }()
	return r.calls
}

// startRenewing starts a process with such a store, where sessions end after an hour without use.
func startRenewing(t *testing.T, absolute time.Duration) (*process, *renewer) {
	c := new(clock)
	r := &renewer{Store: memorystore.New(memorystore.Options{Now: c.Now})}
	p := start(t, session.Config{Store: r, Now: c.Now, IdleTimeout: time.Hour, AbsoluteTimeout: absolute})
	p.clock = c
	return p, r
}

func Test_that_a_read_that_keeps_the_session_alive_is_one_call(t *testing.T) {
	for _, tc := range []struct {
		claim    string
		absolute time.Duration
		stuck    bool
		after    time.Duration
		calls    []string
	}{
		{"nothing is due", 24 * time.Hour, false, time.Minute, []string{"renew"}},
		{"a tenth of the idle time has passed", 24 * time.Hour, false, 6 * time.Minute, []string{"renew", "move"}},
		{"the store could not", 24 * time.Hour, true, 6 * time.Minute, []string{"renew", "touch"}},
		{"the store could not, and need not", 24 * time.Hour, true, time.Minute, []string{"renew"}},
		{"with one that is longer than a cookie lives, the cookie has to be sent", 500 * 24 * time.Hour, false, 6 * time.Minute, []string{"read", "touch"}},
		{"without an absolute timeout, the index and the cookie come first", -1, false, 6 * time.Minute, []string{"read", "touch"}},
	} {
		p, r := startRenewing(t, tc.absolute)
		v := newVisitor()
		v.must(t, p, put("a", 1))
		p.clock.advance(tc.after)
		r.stuck = tc.stuck
		r.take()
		v.must(t, p, read)
		if got := r.take(); !slices.Equal(got, tc.calls) {
			t.Errorf("%s: the store was asked to %q; want %q", tc.claim, got, tc.calls)
		}
		p.clock.advance(55 * time.Minute)
		if !alive(p, v) {
			t.Errorf("%s: the session has ended", tc.claim)
		}
	}
}

func Test_that_what_the_store_renews_ends_with_the_absolute_timeout(t *testing.T) {
	p, _ := startRenewing(t, 2*time.Hour)
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.Tag("ann") })
	end := p.clock.Now().Add(2 * time.Hour)
	p.clock.advance(50 * time.Minute)
	v.must(t, p, read)
	p.clock.advance(50 * time.Minute)
	v.must(t, p, read)
	found, err := p.manager.Tagged(t.Context(), "ann")
	if err != nil || len(found) != 1 || !found[0].Expires.Equal(end) || !found[0].LastSeen.Equal(p.clock.Now()) {
		t.Errorf("%+v, %v; want one session, seen now, until %v", found, err, end)
	}
	p.clock.advance(20 * time.Minute)
	if found, err := p.manager.Tagged(t.Context(), "ann"); alive(p, v) || len(found) != 0 || err != nil {
		t.Errorf("it goes on: %+v, %v", found, err)
	}
}

// The cookie and the entries of the index must be prolonged as well.
func Test_that_a_session_from_before_there_was_an_absolute_timeout_is_touched(t *testing.T) {
	before, r := startRenewing(t, -1)
	v := newVisitor()
	v.must(t, before, func(s *session.Session) { s.Tag("ann") })
	now := start(t, session.Config{Store: r, Now: before.clock.Now, IdleTimeout: time.Hour})
	for range 5 {
		before.clock.advance(40 * time.Minute)
		if rec := v.must(t, now, read); len(setCookies(rec)) != 1 {
			t.Errorf("sets %v; want the cookie", setCookies(rec))
		}
	}
	if found, err := now.manager.Tagged(t.Context(), "ann"); len(found) != 1 || err != nil {
		t.Errorf("found %+v, %v; want the session", found, err)
	}
}

// A request that fails saves nothing, but the store has already prolonged what the request read.
func Test_that_what_the_store_renews_stays_findable(t *testing.T) {
	p, _ := startRenewing(t, 24*time.Hour)
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { logIn("ada")(s); s.RememberMe(time.Hour, -1) })
	for range 6 {
		p.clock.advance(30 * time.Minute)
		if rec := v.do(p, func(s *session.Session) { s.Increment("user") }); rec.Code != http.StatusInternalServerError {
			t.Fatalf("status %d; want 500", rec.Code)
		}
	}
	if err := p.manager.DestroyTagged(t.Context(), "ada"); err != nil || isLoggedIn(p, v) {
		t.Errorf("log-out everywhere: %v; the visitor is logged in: %t", err, isLoggedIn(p, v))
	}
}

func Test_that_a_poll_moves_no_entry_of_the_index(t *testing.T) {
	r := &renewer{Store: memorystore.New(memorystore.Options{})}
	passive := false
	p := start(t, session.Config{Store: r, Now: time.Now, Passive: func(echo.Context) bool { return passive }})
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.Tag("ada"); s.RememberMe(session.DefaultIdleTimeout, -1) })
	passive, r.tags = true, 0
	v.must(t, p, read)
	if r.tags != 0 {
		t.Errorf("%d calls of Tag; want none", r.tags)
	}
}

func Test_that_an_index_that_fails_is_no_reason_not_to_read(t *testing.T) {
	p, r := startRenewing(t, 24*time.Hour)
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { logIn("ada")(s); s.RememberMe(time.Hour, -1) })
	p.clock.advance(30 * time.Minute)
	r.fails = true
	v.must(t, p, read)
	if n := len(p.hooked("StoreError")); n != 1 {
		t.Errorf("reported %d times; want once", n)
	}
}

// By the time that the entry could be moved, the store has already prolonged the record.
func Test_that_a_session_stays_findable_although_its_entry_could_not_be_moved(t *testing.T) {
	for _, absolute := range []time.Duration{-1, 3650 * day} {
		p, r := startRenewing(t, day)
		v := newVisitor()
		v.must(t, p, func(s *session.Session) { logIn("ada")(s); s.RememberMe(time.Hour, absolute) })
		p.clock.advance(time.Hour - time.Second)
		r.fails = true
		v.must(t, p, read)
		r.fails = false
		p.clock.advance(time.Hour - time.Second)
		if err := p.manager.DestroyTagged(t.Context(), "ada"); err != nil || isLoggedIn(p, v) {
			t.Errorf("absolute timeout %v: log-out everywhere: %v; the visitor is logged in: %t", absolute, err, isLoggedIn(p, v))
		}
	}
}

func Test_that_nothing_but_a_request_renews_a_session(t *testing.T) {
	p, r := startRenewing(t, 24*time.Hour)
	v := newVisitor()
	v.must(t, p, put("a", 1))
	p.clock.advance(30 * time.Minute)
	r.take()

	for _, status := range []int{http.StatusNoContent, 0} { // by the handler, or by net/http
		ctx, over := context.WithCancel(t.Context())
		var late *session.Session
		p.serve(v.request().WithContext(ctx), func(c echo.Context) error {
			late = session.From(c)
			if status == 0 {
				return nil
			}
			return c.NoContent(status)
		})
		over()
		late.Has("a")
	}
	var handle string
	for info, err := range p.manager.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		handle = info.Handle
	}
	if err := p.manager.View(t.Context(), handle, func(s *session.Session) error { s.Has("a"); return nil }); err != nil {
		t.Error(err)
	}
	if got := r.take(); len(got) < 4 || slices.Contains(got, "renew") || slices.Contains(got, "touch") {
		t.Errorf("after the request, in a list and in a job the store was asked to %q; want it to read", got)
	}
}
