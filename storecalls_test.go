package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_store_calls_are_told_with_what_came_of_them(t *testing.T) {
	type within struct{}
	var calls []string
	hooks := session.Hooks{StoreCall: func(ctx context.Context, op string) (context.Context, func(error)) {
		return context.WithValue(ctx, within{}, op), func(err error) {
			switch {
			case err == nil:
			case errors.Is(err, session.ErrNotFound):
				op += "!"
			default:
				op += "?"
			}
			calls = append(calls, op)
		}
	}}
	memory := memorystore.New(memorystore.Options{})
	var misplaced []string
	spy := spyOn(memory)
	spy.before = func(c call) error {
		if c.ctx.Value(within{}) != strings.ToLower(c.method) {
			misplaced = append(misplaced, c.method)
		}
		return nil
	}
	p := start(t, session.Config{Store: spy, Tags: true, Hooks: hooks})
	v, old := newVisitor(), newVisitor()
	told := func(want string, play func()) {
		t.Helper()
		calls = nil
		play()
		if got := strings.Join(calls, " "); got != want {
			t.Errorf("told %s; want %s", got, want)
		}
	}
	told("write", func() { v.must(t, p, put("n", 1)) })
	told("read write", func() { v.must(t, p, increment) })
	old.cookies = v.clone().cookies
	told("read tag write tagged tag destroy untag", func() { v.must(t, p, func(s *session.Session) { s.Tag("ada") }) })
	told("read! tagged", func() { old.must(t, p, read) })
	told("tagged read", func() { _, _ = p.manager.Tagged(t.Context(), "ada") })
	told("revoke read destroy untag", func() { _ = p.manager.DestroyTagged(t.Context(), "ada") })
	told("read! tagged", func() { v.must(t, p, read) })
	p.clock.advance(time.Hour)
	spy.before = failing(errStoreDown, "Read")
	told("read?", func() { v.do(p, read) })
	if len(misplaced) > 0 {
		t.Errorf("the store was not given the context of the hook: %v", misplaced)
	}

	peeks := start(t, session.Config{Store: memory, Hooks: hooks})
	v = newVisitor()
	told("write", func() { v.must(t, peeks, put("n", 1)) })
	told("read", func() { v.must(t, peeks, read) })

	r := &renewer{Store: memorystore.New(memorystore.Options{})}
	renews := start(t, session.Config{Store: r, Hooks: hooks})
	v = newVisitor()
	told("write", func() { v.must(t, renews, put("n", 1)) })
	r.take()
	told("read", func() { v.must(t, renews, read) })
	wantText(t, "the store was asked to", strings.Join(r.take(), " "), "renew")

	sealed := start(t, session.Config{Store: cookieStore(t, nil), Hooks: hooks})
	v = newVisitor()
	told("seal", func() { v.must(t, sealed, put("n", 1)) })
	told("open", func() { v.must(t, sealed, read) })
	v.cookies[cookieName] = "bad"
	told("open!", func() { v.must(t, sealed, read) })
}

func Test_that_a_store_call_is_told_in_few_allocations(t *testing.T) {
	count := func(hooks session.Hooks) float64 {
		e := echo.New()
		e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{}), Hooks: hooks}))
		e.GET("/", func(c echo.Context) error { return with(read)(c) })
		v := newVisitor()
		v.cookies[cookieName] = newID(1)
		r := v.request()
		return allocations(func() { e.ServeHTTP(httptest.NewRecorder(), r) })
	}
	nothing := func(error) {}
	hooks := session.Hooks{StoreCall: func(ctx context.Context, _ string) (context.Context, func(error)) { return ctx, nothing }}
	if more := count(hooks) - count(session.Hooks{}); more > 2.5 {
		t.Errorf("%.2f allocations more; want 2 at the most", more)
	}
}

func Test_that_a_store_call_ends_though_the_store_panics(t *testing.T) {
	begun := 0
	var told error
	hooks := session.Hooks{StoreCall: func(ctx context.Context, _ string) (context.Context, func(error)) {
		begun++
		return ctx, func(err error) { begun--; told = err }
	}}
	store := &watched{Store: memorystore.New(memorystore.Options{}), before: func(call) error { panic("broken") }}
	p := start(t, session.Config{Store: store, Hooks: hooks})
	p.Pre(recovering)
	rec := newVisitor().do(p, put("a", 1))
	if begun != 0 || !errors.Is(told, session.ErrUnavailable) || rec.Code != http.StatusInternalServerError {
		t.Errorf("%d calls have not ended, the last one with %v, and status %d", begun, told, rec.Code)
	}
}
