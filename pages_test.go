package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// The handlers that answer in many tests, and what they do to their sessions.

// with is a page that works on its session, and then answers ok.
func with(work func(*session.Session)) echo.HandlerFunc {
	return func(c echo.Context) error {
		work(session.From(c))
		return c.HTML(http.StatusOK, "ok")
	}
}

// flashing is an action that ends in a redirect, as after a form.
func flashing(do func(s *session.Session)) echo.HandlerFunc {
	return func(c echo.Context) error {
		do(session.From(c))
		return session.Redirect(c, "/next")
	}
}

func put(key string, value any) func(*session.Session) {
	return func(s *session.Session) { s.Put(key, value) }
}

func forget(key string) func(*session.Session) {
	return func(s *session.Session) { s.Forget(key) }
}

func increment(s *session.Session) { s.Increment("n") }

func read(s *session.Session) { s.Has("a") }

// putSeven is what most requests here do.
func putSeven(s *session.Session) { s.Put("n", 7) }

func savedFlash(s *session.Session) { s.FlashSuccess("Saved!") }

// texts shows the alerts of those kinds, or all, one after the other.
func texts(s *session.Session, kinds ...string) string {
	var all []string
	for _, m := range s.FlashMessages().Alerts(kinds...) {
		all = append(all, m.Text)
	}
	return strings.Join(all, " ")
}

// alertsPage shows the alerts.
func alertsPage(c echo.Context) error {
	return c.HTML(http.StatusOK, "<main>"+texts(session.From(c))+"</main>")
}

// blankPage uses the session, but has no place for alerts.
func blankPage(c echo.Context) error {
	session.From(c).Has("user")
	return c.HTML(http.StatusOK, "<main></main>")
}

// jsonPage reads a value and answers JSON.
func jsonPage(c echo.Context) error {
	return c.JSON(http.StatusOK, session.Get(session.From(c), "unread", 0))
}

// jsonError answers a script that shows the alerts itself.
func jsonError(c echo.Context) error {
	return c.JSON(http.StatusNotFound, session.From(c).FlashMessages().Alerts())
}

// notFoundPage is a missing page with the layout of the site.
func notFoundPage(c echo.Context) error {
	return c.HTML(http.StatusNotFound, "<main>"+texts(session.From(c))+"</main>")
}

type renderFunc func(ctx context.Context, w io.Writer) error

func (f renderFunc) Render(ctx context.Context, w io.Writer) error { return f(ctx, w) }

var failingComponent = renderFunc(func(ctx context.Context, w io.Writer) error {
	fmt.Fprint(w, texts(session.FromContext(ctx)))
	return errOops
})

var alertsComponent = renderFunc(func(ctx context.Context, w io.Writer) error {
	_, err := io.WriteString(w, texts(session.FromContext(ctx)))
	return err
})

// streamed20K sends 20 KB of a page before it asks for the rest.
func streamed20K(c echo.Context, rest func() string) error {
	c.Response().Header().Set("Content-Type", "text/html")
	if _, err := io.WriteString(c.Response(), strings.Repeat("<p>", 7000)); err != nil {
		return err
	}
	c.Response().Flush()
	_, err := io.WriteString(c.Response(), rest())
	return err
}

// stream writes before and after it works on the session.
func stream(work func(*session.Session)) echo.HandlerFunc {
	return func(c echo.Context) error {
		_, _ = io.WriteString(c.Response(), "one ")
		c.Response().Flush()
		work(session.From(c))
		_, err := io.WriteString(c.Response(), "two")
		return err
	}
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q; want %q", what, got, want)
	}
}

var errOops = errors.New("oops")
