package sessiontest_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/filestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// newApp is an application with posts and a login.
func newApp(cfg session.Config) *echo.Echo {
	e := echo.New()
	e.Use(session.Middleware(cfg), session.FlashInvalid)

	e.GET("/posts", func(c echo.Context) error {
		var page strings.Builder
		s := session.From(c)
		fmt.Fprintf(&page, "<h1>Posts of %s</h1>", session.Get(s, "user", "nobody"))
		for _, m := range s.FlashMessages().Alerts() {
			fmt.Fprintf(&page, "<p>%s: %s</p>", m.Kind, m.Text)
		}
		fmt.Fprintf(&page, "<input name=title value=%q>", s.Old("title"))
		return c.HTML(http.StatusOK, page.String())
	})
	e.POST("/posts", func(c echo.Context) error {
		title := c.FormValue("title")
		if title == "" {
			return session.ValidationErrors{"title": {"Write a title."}}
		}
		s := session.From(c)
		session.Update(s, "titles", func(titles []string) []string { return append(titles, title) })
		s.FlashSuccess("Your post was saved.")
		return session.Redirect(c, "/posts")
	})
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		s.Regenerate()
		s.Put("user", c.FormValue("user"))
		return session.Redirect(c, "/posts")
	})
	e.POST("/logout", func(c echo.Context) error {
		s := session.From(c)
		s.Destroy()
		s.FlashInfo("Good-bye.")
		return session.Redirect(c, "/posts")
	})
	e.GET("/ping", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	return e
}

// inMemory is the Config of most tests.
func inMemory() session.Config {
	return session.Config{Store: memorystore.New(memorystore.Options{})}
}

// inCookies is a store that keeps sessions in cookies.
func inCookies(t sessiontest.TB) session.Store {
	store, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{cookiestore.GenerateKey()}})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return store
}

// withEachStore runs test with each store that needs no server.
func withEachStore(t *testing.T, test func(t *testing.T, cfg session.Config, clock *sessiontest.Clock)) {
	t.Helper()
	stores := map[string]func(*testing.T, func() time.Time) (session.Store, error){
		"memory": func(_ *testing.T, now func() time.Time) (session.Store, error) {
			return memorystore.New(memorystore.Options{Now: now}), nil
		},
		"cookie": func(_ *testing.T, now func() time.Time) (session.Store, error) {
			return cookiestore.New(cookiestore.Options{Keys: [][]byte{cookiestore.GenerateKey()}, Now: now})
		},
		"file": func(t *testing.T, now func() time.Time) (session.Store, error) {
			return filestore.New(filestore.Options{Dir: t.TempDir(), NoSync: true, Now: now})
		},
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			clock := new(sessiontest.Clock)
			store, err := open(t, clock.Now)
			if err != nil {
				t.Fatal(err)
			}
			if closer, ok := store.(interface{ Close() error }); ok {
				t.Cleanup(func() { _ = closer.Close() })
			}
			test(t, session.Config{Store: store, Now: clock.Now}, clock)
		})
	}
}

// newVisitor visits an application with some more ways to go wrong.
func newVisitor(t sessiontest.TB) visitor {
	cfg := inMemory()
	app := newApp(cfg)
	app.POST("/end", func(c echo.Context) error {
		session.From(c).Destroy()
		return c.NoContent(http.StatusNoContent)
	})
	app.POST("/instead", func(c echo.Context) error {
		s := session.From(c)
		s.Destroy()
		s.Put("user", "bob")
		return c.NoContent(http.StatusNoContent)
	})
	app.POST("/afresh", func(c echo.Context) error { // the login that the comment on Session.Destroy advises
		s := session.From(c)
		s.Clear()
		s.Regenerate()
		s.Put("user", "bob")
		return c.NoContent(http.StatusNoContent)
	})
	app.POST("/everywhere", func(c echo.Context) error {
		manager, err := session.New(cfg)
		if err != nil {
			return err
		}
		if err := manager.DestroyTagged(c.Request().Context(), "ada"); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	})
	app.POST("/suche", func(c echo.Context) error { return session.Redirect(c, "/suche?q=größe 38") })
	app.POST("/lost", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/%zz") })
	app.POST("/swap", func(c echo.Context) error {
		other := sessiontest.New(t, cfg, nil)
		other.Seed(func(s *session.Session) { s.Put("user", "bob") })
		c.SetCookie(other.Cookies()[0])
		return c.NoContent(http.StatusNoContent)
	})
	return sessiontest.New(t, cfg, app)
}

var quiet = slog.New(slog.DiscardHandler)

// down is a store that accepts sessions, but does not return them.
type down struct{ session.Store }

func (down) Read(context.Context, string) (session.Record, error) {
	return session.Record{}, fmt.Errorf("out of order")
}
