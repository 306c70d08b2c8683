package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// asked is a store that shows the context of each Read.
type asked struct {
	session.Store
	read func(ctx context.Context)
}

func (a asked) Read(ctx context.Context, _ string) (session.Record, error) {
	a.read(ctx)
	return session.Record{}, session.ErrNotFound
}

// readsUnder has a request with that context read its session.
func readsUnder(request context.Context, read func(ctx context.Context)) {
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: asked{read: read}}))
	e.GET("/", func(c echo.Context) error {
		session.From(c).Has("user")
		return c.NoContent(http.StatusNoContent)
	})
	r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(request)
	r.Header.Set("Cookie", cookieName+"=k7Yp0mQ2xR9vT4nL8sW1dF6hJ3bC5gZ0aE7uI2oPqXw")
	e.ServeHTTP(httptest.NewRecorder(), r)
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
			readsUnder(request, func(ctx context.Context) {
				called = true
				hangUp()
				if waits && isDone(ctx) || ctx.Err() != nil || ctx.Value(key{}) != "value" {
					t.Errorf("%s: the call ends with the request, or has none of its values: %v", claim, ctx.Err())
				}
				<-time.After(5*time.Second - time.Nanosecond)
				if waits && isDone(ctx) || ctx.Err() != nil {
					t.Errorf("%s: it ends too early: %v", claim, ctx.Err())
				}
				<-time.After(time.Nanosecond)
				synctest.Wait()
				if waits && !isDone(ctx) || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
					t.Errorf("%s: it does not end: %v", claim, ctx.Err())
				}
			})
			if !called {
				t.Error("the store was not asked")
			}
		})
	}
}

func Test_that_the_context_of_a_store_call_ends_with_the_call(t *testing.T) {
	for claim, waits := range map[string]bool{"the store waited for it": true, "it did not": false} {
		var kept context.Context
		readsUnder(t.Context(), func(ctx context.Context) {
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
