package session_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// newManagedApp has a page that begins an export, and one that shows messages.
func newManagedApp(begin func(handle string)) (*session.Manager, *echo.Echo) {
	manager, err := session.New(session.Config{Store: memorystore.New(memorystore.Options{})})
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Use(manager.Middleware())
	e.POST("/login", func(c echo.Context) error {
		session.From(c).Tag("user 7")
		return c.String(http.StatusOK, "welcome")
	})
	e.GET("/export", func(c echo.Context) error {
		begin(session.From(c).Handle())
		return c.String(http.StatusOK, "you will hear from us")
	})
	e.GET("/", func(c echo.Context) error {
		s := session.From(c)
		texts := []string{session.Get(s, "export", "no export")}
		for _, m := range s.FlashMessages().Alerts() {
			texts = append(texts, m.Text)
		}
		return c.String(http.StatusOK, strings.Join(texts, ", "))
	})
	return manager, e
}

// A job remembers the handle of the session, and does not need the visitor's cookie.
func ExampleManager_Update() {
	var manager *session.Manager
	job := func(handle string) {
		err := manager.Update(context.Background(), handle, func(s *session.Session) error {
			s.Put("export", "export.csv")
			s.FlashSuccess("Your export is ready.")
			return nil
		})
		if err != nil {
			fmt.Println(err) // session.ErrNotFound: the visitor has logged out
		}
	}
	manager, e := newManagedApp(job)

	visit(e, "POST /login", "/export", "/", "/")
	// Output:
	// POST /login → welcome
	// /export → you will hear from us
	// / → export.csv, Your export is ready.
	// / → export.csv
}

func ExampleManager_UpdateTagged() {
	var manager *session.Manager
	manager, e := newManagedApp(func(string) {
		err := manager.UpdateTagged(context.Background(), "user 7", func(s *session.Session) error {
			s.FlashInfo("Somebody exports your data.")
			return nil
		})
		if err != nil {
			fmt.Println(err)
		}
	})

	visit(e, "POST /login", "/export", "/")
	// Output:
	// POST /login → welcome
	// /export → you will hear from us
	// / → no export, Somebody exports your data.
}

// View only reads. Changing something in it is an error.
func ExampleManager_View() {
	var manager *session.Manager
	manager, e := newManagedApp(func(handle string) {
		err := manager.View(context.Background(), handle, func(s *session.Session) error {
			fmt.Println("messages:", s.FlashMessages().Alerts())
			s.Put("export", "export.csv")
			return nil
		})
		fmt.Println(err)
	})

	visit(e, "POST /login", "/export", "/")
	// Output:
	// POST /login → welcome
	// messages: []
	// session: View only reads: unsupported operation; use Manager.Update for changes
	// /export → you will hear from us
	// / → no export
}

// A list for administrators of who is logged in.
func ExampleManager_All() {
	manager, e := newManagedApp(func(string) {})
	visit(e, "POST /login")

	for info, err := range manager.All(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(info.Users)
	}
	// Output:
	// POST /login → welcome
	// [user 7]
}
