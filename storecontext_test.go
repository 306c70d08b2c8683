package session_test

import (
	"context"
	"errors"
	"iter"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// readsUnder makes a request with that context read its session, and shows the context of the
// store's call.
func readsUnder(t *testing.T, request context.Context, show func(ctx context.Context)) {
	store := &watched{before: func(c call) error {
		show(c.ctx)
		return session.ErrNotFound
	}}
	v := newVisitor()
	v.cookies[cookieName] = newID(1)
	start(t, session.Config{Store: store}).serve(v.request().WithContext(request), with(read))
}

func isDone(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	default:
		return false
	}
}

func Test_that_a_store_call_has_five_seconds_whether_the_visitor_waits_or_not(t *testing.T) {
	type key struct{}
	for claim, waits := range map[string]bool{"the store waits for its context": true, "it only asks for an error": false} {
		synctest.Test(t, func(t *testing.T) {
			request, hangUp := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
			called := false
			readsUnder(t, request, func(ctx context.Context) {
				called = true
				hangUp()
				if waits && isDone(ctx) || ctx.Err() != nil || context.Cause(ctx) != nil || ctx.Value(key{}) != "value" {
					t.Errorf("%s: the call ends with the request, or has none of its values: %v", claim, ctx.Err())
				}
				<-time.After(5*time.Second - time.Nanosecond)
				if waits && isDone(ctx) || ctx.Err() != nil {
					t.Errorf("%s: it ends too early: %v", claim, ctx.Err())
				}
				<-time.After(time.Nanosecond)
				synctest.Wait()
				if waits && !isDone(ctx) || !errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(context.Cause(ctx), context.Canceled) {
					t.Errorf("%s: it does not end: %v", claim, ctx.Err())
				}
			})
			if !called {
				t.Error("the store was not asked")
			}
		})
	}
}

func Test_that_a_store_call_is_told_how_long_it_has(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		readsUnder(t, t.Context(), func(ctx context.Context) {
			if end, ok := ctx.Deadline(); !ok || time.Until(end) != 5*time.Second {
				t.Errorf("%v, %t; want it in 5 seconds", time.Until(end), ok)
			}
		})
	})
}

// A step of the wall clock must neither cut a call short nor let a store hang for hours.
func Test_that_the_time_of_a_store_call_goes_by_the_monotonic_clock(t *testing.T) {
	called := false
	store := &watched{before: func(c call) error {
		called = true
		if end, _ := c.ctx.Deadline(); end == end.Round(0) { // which removes the monotonic reading
			t.Errorf("it ends at %v, by the wall clock", end)
		}
		return session.ErrNotFound
	}}
	mw := session.Middleware(session.Config{Store: store}) // with the clock of the system
	v := newVisitor()
	v.cookies[cookieName] = newID(1)
	if err := mw(with(read))(echo.New().NewContext(v.request(), httptest.NewRecorder())); err != nil || !called {
		t.Errorf("got %v, and the store was asked: %t", err, called)
	}
}

func Test_that_the_context_of_a_store_call_ends_with_the_call(t *testing.T) {
	for claim, waits := range map[string]bool{"the store waited for it": true, "it did not": false} {
		var kept context.Context
		readsUnder(t, t.Context(), func(ctx context.Context) {
			kept = ctx
			if waits && isDone(ctx) {
				t.Errorf("%s: it ends too early", claim)
			}
		})
		if err := kept.Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got the error %v", claim, err)
		}
		if !isDone(kept) {
			t.Errorf("%s: whoever waits for it now waits for ever", claim)
		}
	}
}

// listedSpy is a taggerSpy whose sessions can be listed.
type listedSpy struct {
	*taggerSpy
	lister session.Lister
}

func (s listedSpy) Keys(ctx context.Context) iter.Seq2[string, error] { return s.lister.Keys(ctx) }

// A handler that lists the devices of its user has a context without a deadline: that of a request
// whose visitor waits.
func Test_that_nobody_waits_longer_for_a_store_outside_of_a_session(t *testing.T) {
	tagged := func(ctx context.Context, m *session.Manager, _ string) error {
		_, err := m.Tagged(ctx, "7")
		return err
	}
	endTagged := func(ctx context.Context, m *session.Manager, _ string) error { return m.DestroyTagged(ctx, "7") }
	end := func(ctx context.Context, m *session.Manager, handle string) error { return m.Destroy(ctx, handle) }
	endOf := func(ctx context.Context, m *session.Manager, handle string) error {
		return m.DestroyOf(ctx, "7", handle)
	}
	change := func(s *session.Session) error { s.Put("n", 1); return nil }
	all := func(ctx context.Context, m *session.Manager, _ string) error {
		for _, err := range m.All(ctx) {
			return err
		}
		return nil
	}
	for claim, tc := range map[string]struct {
		hangs string
		work  func(ctx context.Context, m *session.Manager, handle string) error
	}{
		"a list looks for the sessions of a user":       {"Tagged", tagged},
		"a list reads one of them":                      {"Read", tagged},
		"a log-out everywhere marks them":               {"Revoke", endTagged},
		"a log-out everywhere reads one of them":        {"Read", endTagged},
		"a log-out everywhere destroys one of them":     {"Destroy", endTagged},
		"a log-out everywhere removes the entry of one": {"Untag", endTagged},
		"a session that is to end is looked for":        {"Read", end},
		"a session is destroyed":                        {"Destroy", end},
		"a session of a user that is to end is read":    {"Read", endOf},
		"a list of all reads one of them":               {"Read", all},
		"a session that is to be viewed is looked for": {"Read", func(ctx context.Context, m *session.Manager, handle string) error {
			return m.View(ctx, handle, func(*session.Session) error { return nil })
		}},
		"a session that is not there may have moved": {"Tagged", func(ctx context.Context, m *session.Manager, handle string) error {
			if err := m.Destroy(ctx, handle); err != nil {
				return err
			}
			return m.View(ctx, handle, func(*session.Session) error { return nil })
		}},
		"a session that is to be changed is looked for": {"Read", func(ctx context.Context, m *session.Manager, handle string) error {
			return m.Update(ctx, handle, change)
		}},
		"those of a user that are to be changed are looked for": {"Tagged", func(ctx context.Context, m *session.Manager, _ string) error {
			return m.UpdateTagged(ctx, "7", change)
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			memory := memorystore.New(memorystore.Options{})
			store := spyOn(memory)
			p, v := start(t, session.Config{Store: listedSpy{store, memory}, Now: time.Now}), newVisitor()
			v.must(t, p, logIn("7"))
			handle := handleOf(p, v)

			store.before = func(c call) error {
				if c.method == tc.hangs {
					return c.hang()
				}
				return nil
			}
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			err := tc.work(ctx, p.manager, handle)
			if took := time.Since(began); took != 5*time.Second || !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("the store hangs while %s: %v after %v; want ErrUnavailable after 5s", claim, err, took)
			}
		})
	}
}
