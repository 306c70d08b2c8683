package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// newDevices is an application in which users log in on several devices.
func newDevices() (*session.Manager, *echo.Echo) {
	manager, err := session.New(session.Config{
		Store: memorystore.New(memorystore.Options{}),
		Tags:  true, // New refuses a store that cannot find a user's sessions
	})
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Use(manager.Middleware())
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		s.Tag(c.QueryParam("user"))
		s.SetLabel(c.QueryParam("device"))
		return c.String(http.StatusOK, "welcome")
	})
	return manager, e
}

// A login says whose session it is. That also gives the session a new id, so Regenerate is not
// needed.
func ExampleSession_Tag() {
	manager, err := session.New(session.Config{
		Store: memorystore.New(memorystore.Options{}),
		Tags:  true, // New refuses a store that cannot find a user's sessions
	})
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Use(manager.Middleware())
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		s.Untag(session.Get[string](s, "user")) // a user who has not logged out
		s.Tag("ada")
		s.SetLabel("Firefox on Linux")
		s.Put("user", "ada")
		return c.String(http.StatusOK, "welcome")
	})
	visit(e, "POST /login")

	devices, err := manager.Tagged(context.Background(), "ada")
	fmt.Println(len(devices), devices[0].Label, err)
	// Output:
	// POST /login → welcome
	// 1 Firefox on Linux <nil>
}

// An account page lists the devices of a user. It has handles, not ids, so nobody can log in with
// what is on it.
func ExampleManager_Tagged() {
	manager, e := newDevices()
	e.GET("/devices", func(c echo.Context) error {
		devices, err := manager.Tagged(c.Request().Context(), "ada")
		if err != nil {
			return echo.ErrServiceUnavailable.WithInternal(err)
		}
		var page strings.Builder
		for _, device := range devices {
			page.WriteString(device.Label)
			if device.Handle == session.From(c).Handle() {
				page.WriteString(" (this one)")
			}
		}
		return c.String(http.StatusOK, page.String())
	})

	visit(e, "POST /login?user=jo&device=laptop")
	visit(e, "POST /login?user=ada&device=phone", "/devices")
	// Output:
	// POST /login?user=jo&device=laptop → welcome
	// POST /login?user=ada&device=phone → welcome
	// /devices → phone (this one)
}

// Handles come back from the account page, so a visitor may send any handle. DestroyOf ends only
// sessions of the user who asks. Destroy, which is for administrators, ends any.
func ExampleManager_DestroyOf() {
	manager, e := newDevices()
	visit(e, "POST /login?user=ada&device=phone")
	visit(e, "POST /login?user=jo&device=laptop")

	ctx := context.Background()
	for _, owner := range []string{"ada", "jo"} {
		devices, err := manager.Tagged(ctx, owner)
		if err != nil {
			log.Fatal(err)
		}
		err = manager.DestroyOf(ctx, "ada", devices[0].Handle) // Ada asks
		fmt.Println(devices[0].Label, err, errors.Is(err, session.ErrNotFound))
	}
	// Output:
	// POST /login?user=ada&device=phone → welcome
	// POST /login?user=jo&device=laptop → welcome
	// phone <nil> false
	// laptop session: not found true
}

// A log-out everywhere else, for an account page.
func ExampleManager_DestroyTagged() {
	manager, e := newDevices()
	e.POST("/elsewhere", func(c echo.Context) error {
		ctx := context.WithoutCancel(c.Request().Context()) // end all of them, even if the visitor hangs up
		err := manager.DestroyTagged(ctx, "ada", session.From(c).Handle())
		if err != nil {
			return echo.ErrServiceUnavailable.WithInternal(err)
		}
		return c.String(http.StatusOK, "logged out everywhere else")
	})
	e.GET("/devices", func(c echo.Context) error {
		devices, err := manager.Tagged(c.Request().Context(), "ada")
		if err != nil {
			return echo.ErrServiceUnavailable.WithInternal(err)
		}
		return c.String(http.StatusOK, fmt.Sprintf("%d, this one is the %s", len(devices), devices[0].Label))
	})

	visit(e, "POST /login?user=ada&device=phone")
	visit(e, "POST /login?user=ada&device=laptop", "POST /elsewhere", "/devices")
	// Output:
	// POST /login?user=ada&device=phone → welcome
	// POST /login?user=ada&device=laptop → welcome
	// POST /elsewhere → logged out everywhere else
	// /devices → 1, this one is the laptop
}

// A session gets its handle when it is saved. So a handler that logs in and passes the handle to a
// job saves first; later requests need not.
func ExampleSession_Handle() {
	manager, e := newDevices()
	rename := func(c echo.Context) error {
		return manager.Update(c.Request().Context(), session.From(c).Handle(), func(s *session.Session) error {
			s.Put("name", "Ada")
			return nil
		})
	}
	e.POST("/too-early", func(c echo.Context) error {
		session.From(c).Tag("ada")
		fmt.Println(rename(c))
		return c.String(http.StatusOK, "no name")
	})
	e.POST("/saved", func(c echo.Context) error {
		s := session.From(c)
		s.Tag("ada")
		if err := s.Save(c.Request().Context()); err != nil {
			return err
		}
		return rename(c)
	})
	e.GET("/name", func(c echo.Context) error {
		return c.String(http.StatusOK, session.Get[string](session.From(c), "name"))
	})

	visit(e, "POST /too-early", "/name")
	visit(e, "POST /saved", "/name")
	// Output:
	// session: not found: session: what is given as the handle of a session is none; Session.Handle and Info.Handle are handles
	// POST /too-early → no name
	// /name →
	// POST /saved →
	// /name → Ada
}
