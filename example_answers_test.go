package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// broken is a page of which a part fails.
var broken = renderFunc(func(_ context.Context, w io.Writer) error {
	fmt.Fprint(w, "<h1>Your orders</h1>")
	return errors.New("the database is down")
})

// Every templ component can be rendered. Here it is a function, which is a component, too.
func ExampleRender() {
	e := newApp()
	hello := renderFunc(func(ctx context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, "<h1>Hello, %s</h1>", session.Get(session.FromContext(ctx), "name", "stranger"))
		return err
	})
	e.GET("/", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, hello)
	})

	curl(e, "GET", "/")
	// Output: GET / → 200 <h1>Hello, stranger</h1>
}

// A component that writes directly into the response begins it before anybody knows how it ends:
// the visitor gets half a page, with status 200. With Render, the visitor gets an error page.
func ExampleRender_halfAPage() {
	e := newApp()
	e.GET("/component", func(c echo.Context) error {
		return broken.Render(c.Request().Context(), c.Response())
	})
	e.GET("/render", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, broken)
	})

	curl(e, "GET", "/component")
	curl(e, "GET", "/render")
	// Output:
	// GET /component → 200 <h1>Your orders</h1>
	// GET /render → 500 {"message":"Internal Server Error"}
}

// For htmx, a redirect must be a different answer: htmx would follow an ordinary one by itself, and
// put the whole page in place of a part.
func ExampleRedirect() {
	e := newApp()
	e.POST("/cart", func(c echo.Context) error {
		return session.Redirect(c, "/cart")
	})

	curl(e, "POST", "/cart")
	curl(e, "POST", "/cart", "HX-Request", "true")
	// Output:
	// POST /cart → 303
	//   Location: /cart
	// POST /cart → 204
	//   Hx-Redirect: /cart
}

// Back never leads to another site.
func ExampleBack() {
	e := newApp()
	e.POST("/like", func(c echo.Context) error {
		return session.Back(c, "/")
	})

	curl(e, "POST", "/like", "Referer", "https://example.com/posts?page=2")
	curl(e, "POST", "/like", "Referer", "https://evil.example/")
	// Output:
	// POST /like → 303
	//   Location: /posts?page=2
	// POST /like → 303
	//   Location: /
}

// One address serves the page, and only a part of it to htmx and similar libraries.
func ExampleIsPartial() {
	e := newApp()
	e.GET("/cart", func(c echo.Context) error {
		if session.IsPartial(c) {
			return c.HTML(http.StatusOK, "<table>")
		}
		return c.HTML(http.StatusOK, "<html><table></html>")
	})

	curl(e, "GET", "/cart", "Accept", "text/html")
	curl(e, "GET", "/cart", "HX-Request", "true")
	// Output:
	// GET /cart → 200 <html><table></html>
	// GET /cart → 200 <table>
}

// If the store is down, pages that use the session become a 503. Pages that greet a user but are
// for everybody can do without the session.
func ExampleOptional() {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:  unreachable{memorystore.New(memorystore.Options{})},
		Logger: slog.New(slog.DiscardHandler),
	}))
	greet := func(c echo.Context) error {
		return c.String(http.StatusOK, "Hello, "+session.Get(session.From(c), "name", "stranger"))
	}
	e.GET("/account", greet)
	e.GET("/news", greet, session.Optional)

	visitor := http.Cookie{Name: "__Host-session", Value: strings.Repeat("A", 43)}
	curl(e, "GET", "/account", "Cookie", visitor.String())
	curl(e, "GET", "/news", "Cookie", visitor.String())
	// Output:
	// GET /account → 503 {"message":"Service Unavailable"}
	//   Cache-Control: no-store
	// GET /news → 200 Hello, stranger
	//   Cache-Control: no-store
}

// A page that is only for users must not be Optional: while the store is down, everybody would look
// logged out, and be sent to a login that cannot work.
func ExampleOptional_incorrect() {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:  unreachable{memorystore.New(memorystore.Options{})},
		Logger: slog.New(slog.DiscardHandler),
	}))
	account := func(c echo.Context) error {
		if !session.From(c).Has("user") {
			return session.Redirect(c, "/login")
		}
		return c.String(http.StatusOK, "your account")
	}
	e.GET("/wrong", account, session.Optional)
	e.GET("/right", account)

	visitor := http.Cookie{Name: "__Host-session", Value: strings.Repeat("A", 43)}
	curl(e, "GET", "/wrong", "Cookie", visitor.String())
	curl(e, "GET", "/right", "Cookie", visitor.String())
	// Output:
	// GET /wrong → 303
	//   Location: /login
	//   Cache-Control: no-store
	// GET /right → 503 {"message":"Service Unavailable"}
	//   Cache-Control: no-store
}
