// Command hello is the program of the README: one page with a form.
package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func main() {
	e := newApp()
	e.Logger.Fatal(e.Start("localhost:8080"))
}

func newApp() *echo.Echo {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:  memorystore.New(memorystore.Options{}),
		Cookie: session.CookieOptions{Insecure: true}, // for plain http, while you develop
	}))

	e.GET("/", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, page())
	})
	e.POST("/", func(c echo.Context) error {
		s := session.From(c)
		name := c.FormValue("name")
		if name == "" {
			return session.Invalid(c, session.ValidationErrors{"name": {"Tell us your name"}})
		}
		s.Put("name", name)
		s.FlashSuccess("Nice to meet you.")
		return session.Redirect(c, "/")
	})
	return e
}
