package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func ExampleMiddleware() {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store: memorystore.New(memorystore.Options{}),
	}))
	e.GET("/", func(c echo.Context) error {
		n := session.From(c).Increment("visits")
		return c.String(http.StatusOK, fmt.Sprintf("visit %d", n))
	})

	visit(e, "/", "/", "/")
	// Output:
	// / → visit 1
	// / → visit 2
	// / → visit 3
}

// If the middleware is mounted inside of what needs the session, it comes too late.
func ExampleMiddleware_incorrect() {
	requireLogin := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if !session.From(c).Has("user") { // panics: there is no session yet
				return echo.ErrUnauthorized
			}
			return next(c)
		}
	}
	e := echo.New()
	e.Use(requireLogin)
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))

	defer func() { fmt.Println(recover()) }()
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	// Output:
	// session: no session in this request. Mount it with e.Use(session.Middleware(cfg)), before the handlers and middleware that use it, and see that Config.Skipper lets the request through. If it is mounted, something has replaced the request's context: make yours from c.Request().Context()
}

// All mistakes are reported at once.
func ExampleConfig_ToMiddleware() {
	_, err := session.Config{
		CookieName:  "__Host-id",
		Cookie:      session.CookieOptions{Domain: "example.com"},
		IdleTimeout: -time.Minute,
	}.ToMiddleware()
	for _, mistake := range session.ConfigErrors(err) {
		fmt.Println(mistake.Field)
	}
	// Output:
	// Store
	// CookieName
	// IdleTimeout
}

func ExampleNew() {
	sessions, err := session.New(session.Config{Store: memorystore.New(memorystore.Options{})})
	if err != nil {
		fmt.Println(err)
		return
	}
	e := echo.New()
	e.Use(sessions.Middleware())
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(session.From(c).IsNew()))
	})

	visit(e, "/")
	// Output: / → true
}

// Sessions end after half an hour without a request, and after a working day in any case.
func ExampleConfig() {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:           memorystore.New(memorystore.Options{}),
		CookieName:      "shop_session",
		Cookie:          session.CookieOptions{SameSite: http.SameSiteStrictMode},
		IdleTimeout:     30 * time.Minute,
		AbsoluteTimeout: 8 * time.Hour,
	}))
	e.GET("/", func(c echo.Context) error {
		session.From(c).Put("theme", "dark")
		return c.NoContent(http.StatusNoContent)
	})

	curl(e, "GET", "/")
	// Output:
	// GET / → 204
	//   Cache-Control: no-store
	//   Set-Cookie: shop_session=…; Path=/; Max-Age=28800; HttpOnly; Secure; SameSite=Strict
}

// A request that does not use its session is left alone: the store is not asked, no cookie is set,
// and caches may keep the page.
func ExampleFrom() {
	e := newApp()
	e.GET("/about", func(c echo.Context) error {
		return c.String(http.StatusOK, "about us")
	})
	e.GET("/dark", func(c echo.Context) error {
		session.From(c).Put("theme", "dark")
		return c.String(http.StatusOK, "as you like it")
	})

	curl(e, "GET", "/about")
	curl(e, "GET", "/dark")
	// Output:
	// GET /about → 200 about us
	// GET /dark → 200 as you like it
	//   Cache-Control: no-store
	//   Set-Cookie: __Host-session=…; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax
}

// Code without an echo.Context uses the context of the request: templ components, where it is
// called ctx, and services that a handler calls.
func ExampleFromContext() {
	greeting := func(ctx context.Context) string {
		return "Hello, " + session.Get(session.FromContext(ctx), "name", "stranger")
	}
	e := newApp()
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, greeting(c.Request().Context()))
	})

	visit(e, "/")
	fmt.Println(greeting(context.Background())) // no session, and no panic
	// Output:
	// / → Hello, stranger
	// Hello, stranger
}
