package session_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// An event can be logged as it is: with the key "", its attributes appear beside the others.
func ExampleHooks() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	hooks := session.Hooks{
		Rejected: func(ctx context.Context, e session.Event) {
			logger.InfoContext(ctx, "session rejected", "", e)
		},
		Destroyed: func(ctx context.Context, e session.Event) {
			logger.InfoContext(ctx, "session ended", "", e)
		},
	}
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{}), Hooks: hooks}))
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(session.From(c).Has("user")))
	})

	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-session", Value: "made up"})
	e.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// level=INFO msg="session rejected" session="" reason=malformed error="session: not found"
}

// Two sets of hooks are joined: the second is called after the first.
func ExampleHooks_And() {
	slow := session.Hooks{
		StoreCall: func(ctx context.Context, op string) (context.Context, func(error)) {
			began := time.Now()
			return ctx, func(err error) {
				if took := time.Since(began); took > 100*time.Millisecond {
					slog.WarnContext(ctx, "the session store is slow", "op", op, "took", took, "error", err)
				}
			}
		},
	}
	counting := session.Hooks{
		Committed: func(context.Context, session.Event) { fmt.Println("one more commit") },
	}
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store: memorystore.New(memorystore.Options{}),
		Hooks: slow.And(counting),
	}))
	e.GET("/", func(c echo.Context) error {
		session.From(c).Put("name", "Ada")
		return c.NoContent(http.StatusNoContent)
	})
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	// Output:
	// one more commit
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
