package session_test

import (
	"fmt"
	"log"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// A log-out everywhere else, as an account page offers it.
func ExampleManager_DestroyTagged() {
	manager, err := session.New(session.Config{
		Store: memorystore.New(memorystore.Options{}),
		Tags:  true, // a store that cannot find the sessions of a user is refused here
	})
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Use(manager.Middleware())

	e.GET("/login", func(c echo.Context) error {
		s := session.From(c)
		s.Regenerate()
		s.Tag("user 7")
		s.SetLabel("Firefox on Linux")
		return c.String(http.StatusOK, "welcome")
	})
	e.GET("/devices", func(c echo.Context) error {
		devices, err := manager.Tagged(c.Request().Context(), "user 7")
		if err != nil {
			return echo.ErrServiceUnavailable.WithInternal(err)
		}
		return c.String(http.StatusOK, fmt.Sprintf("%d, this one is %s", len(devices), devices[0].Label))
	})
	e.GET("/elsewhere", func(c echo.Context) error {
		err := manager.DestroyTagged(c.Request().Context(), "user 7", session.From(c).Handle())
		if err != nil {
			return echo.ErrServiceUnavailable.WithInternal(err)
		}
		return c.String(http.StatusOK, "logged out everywhere else")
	})

	visit(e, "/login")                           // on the phone
	visit(e, "/login", "/elsewhere", "/devices") // on the laptop
	// Output:
	// /login → welcome
	// /login → welcome
	// /elsewhere → logged out everywhere else
	// /devices → 1, this one is Firefox on Linux
}
