// Command app counts visits, and keeps the count in a SQLite database: stop it, start it again,
// and it goes on.
package main

import (
	"fmt"
	"log"
	"net/http"

	"sqlitestore"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

func main() {
	store, err := sqlitestore.New(sqlitestore.Options{Path: "sessions.db"})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:  store,
		Tags:   true,                                  // refuses to start with a store that is no Tagger
		Cookie: session.CookieOptions{Insecure: true}, // for plain http, while you develop
	}))
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprintf("visit %d\n", session.From(c).Increment("visits")))
	})
	log.Print(e.Start("localhost:8080"))
}
