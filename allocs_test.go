package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// Requests that do not use their session cost almost nothing, so there is no need to skip them. (If
// there is one allocation more than the frame, the compiler has stopped inlining
// http.Request.WithContext; see Manager.serve.)
func Test_that_an_untouched_session_costs_two_allocations_at_the_most(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookieName, Value: newID(1)})
	count := func(mw ...echo.MiddlewareFunc) float64 {
		e := echo.New()
		e.Use(mw...)
		e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
		return allocations(func() { e.ServeHTTP(nowhere{}, r) })
	}
	store := newWatched()
	sessions := session.Middleware(session.Config{Store: store})
	pass := func(next echo.HandlerFunc) echo.HandlerFunc { // what any middleware costs in Echo
		return func(c echo.Context) error { return next(c) }
	}
	for _, tc := range []struct {
		desc       string
		bare, with []echo.MiddlewareFunc
	}{
		{"a page", nil, []echo.MiddlewareFunc{sessions}},
		{"one that may be answered without", []echo.MiddlewareFunc{pass}, []echo.MiddlewareFunc{sessions, session.Optional}},
		{"one that might have a token", []echo.MiddlewareFunc{pass}, []echo.MiddlewareFunc{sessions, session.CSRF()}},
	} {
		bare, with := count(tc.bare...), count(tc.with...)
		if got := with - bare; got > 2.5 {
			t.Errorf("%s: got %.2f allocations more than the %.2f of Echo; want 2 at the most", tc.desc, got, bare)
		}
	}
	if store.count("") != 0 {
		t.Errorf("got %d store calls; want none", store.count(""))
	}
}

// allocations is the mean of many calls. It need not be a whole number: the race detector makes
// pools forget some of what they hold, for example Echo's contexts.
func allocations(call func()) float64 {
	const calls = 2000
	return testing.AllocsPerRun(1, func() {
		for range calls {
			call()
		}
	}) / calls
}

func Benchmark_a_request(b *testing.B) {
	store := memorystore.New(memorystore.Options{})
	for _, bc := range []struct {
		name string
		mw   []echo.MiddlewareFunc
		work func(*session.Session)
	}{
		{"bare", nil, nil},
		{"untouched", []echo.MiddlewareFunc{session.Middleware(session.Config{Store: store})}, nil},
		{"new", []echo.MiddlewareFunc{session.Middleware(session.Config{Store: store})}, putSeven},
	} {
		b.Run(bc.name, func(b *testing.B) {
			e := echo.New()
			e.Use(bc.mw...)
			e.GET("/", func(c echo.Context) error {
				if bc.work != nil {
					bc.work(session.From(c))
				}
				return c.NoContent(http.StatusNoContent)
			})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			b.ReportAllocs()
			for b.Loop() {
				e.ServeHTTP(nowhere{}, r)
			}
		})
	}
}

// nowhere is a response writer that discards everything.
type nowhere http.Header

func (w nowhere) Header() http.Header         { return http.Header(w) }
func (w nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (w nowhere) WriteHeader(int)             {}
