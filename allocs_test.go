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
// http.Request.WithContext; see Manager.serve.) An error page is written further out, and the hook for
// it costs two more.
func Test_that_an_untouched_session_costs_two_allocations_at_the_most(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: cookieName, Value: newID(1)})
	count := func(answer echo.HandlerFunc, mw []echo.MiddlewareFunc) float64 {
		e := echo.New()
		e.Use(mw...)
		e.GET("/", answer)
		return allocations(func() { e.ServeHTTP(nowhere{}, r) })
	}
	store := newWatched()
	sessions := session.Middleware(session.Config{Store: store})
	pass := func(next echo.HandlerFunc) echo.HandlerFunc { // what any middleware costs in Echo
		return func(c echo.Context) error { return next(c) }
	}
	answered := func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }
	missing := func(echo.Context) error { return echo.ErrNotFound }
	for _, tc := range []struct {
		desc       string
		answer     echo.HandlerFunc
		bare, with []echo.MiddlewareFunc
		want       float64
	}{
		{"a page", answered, nil, []echo.MiddlewareFunc{sessions}, 2},
		{"one that may be answered without", answered, []echo.MiddlewareFunc{pass}, []echo.MiddlewareFunc{sessions, session.Optional}, 2},
		{"one that might have a token", answered, []echo.MiddlewareFunc{pass}, []echo.MiddlewareFunc{sessions, session.CSRF()}, 2},
		{"one that there is not, with a hook for the error page", missing, nil, []echo.MiddlewareFunc{sessions}, 4},
	} {
		bare, with := count(tc.answer, tc.bare), count(tc.answer, tc.with)
		if got := with - bare; got > tc.want+0.5 {
			t.Errorf("%s: got %.2f allocations more than the %.2f of Echo; want %v at the most", tc.desc, got, bare, tc.want)
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
