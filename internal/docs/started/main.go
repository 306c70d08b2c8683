// Command started is the program of docs/getting-started.md.
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
	e.Use(
		session.CrossOrigin(), // refuses forms from other sites
		session.Middleware(session.Config{
			Store:  memorystore.New(memorystore.Options{}),
			Cookie: session.CookieOptions{Insecure: true}, // for plain http, while you develop
		}),
	)
	e.GET("/", showNotes)
	e.POST("/", addNote)
	return e
}

func showNotes(c echo.Context) error {
	notes := session.Get[[]string](session.From(c), "notes")
	return session.Render(c, http.StatusOK, notesPage(notes))
}

func addNote(c echo.Context) error {
	note := c.FormValue("note")
	if len(note) < 3 {
		return session.Invalid(c, session.ValidationErrors{"note": {"Write three letters or more"}})
	}
	s := session.From(c)
	session.Update(s, "notes", func(notes []string) []string { return append(notes, note) })
	s.FlashSuccess("Your note was saved.")
	return session.Redirect(c, "/")
}
