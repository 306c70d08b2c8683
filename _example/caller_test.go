package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
	"github.com/echo-hypermedia/session/sessiontest"
)

// The tests are here because code in the library's own module never counts as the caller.
func Test_that_the_page_is_the_caller_of_a_component_that_comes_too_late(t *testing.T) {
	store := open(t, "cookie")
	var late session.Event
	cfg := session.Config{
		Store: store, Cookie: session.CookieOptions{Insecure: true},
		Hooks: session.Hooks{LateWrite: func(_ context.Context, e session.Event) { late = e }},
	}
	e := echo.New()
	e.Use(session.Middleware(cfg))
	e.GET("/", func(c echo.Context) error {
		c.Response().WriteHeader(http.StatusOK)
		return components.FlashAlerts.Render(c.Request().Context(), c.Response())
	})
	visitor := sessiontest.New(t, cfg, e)
	visitor.Seed(func(s *session.Session) { s.FlashSuccess("Saved.") })
	visitor.Get("/")
	if !strings.Contains(late.Caller, "/caller_test.go:") {
		t.Errorf("the caller is %q; want the handler", late.Caller)
	}
}

// failures is a test that notes why it fails.
type failures struct{ texts []string }

func (f *failures) Helper() {}
func (f *failures) Errorf(format string, args ...any) {
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}
func (f *failures) Fatalf(format string, args ...any) { f.Errorf(format, args...) }

func Test_that_a_test_which_changes_what_it_looks_at_is_told_where(t *testing.T) {
	store := open(t, "memory")
	var f failures
	sessiontest.New(&f, session.Config{Store: store}, echo.New()).Session().Put("n", 1)
	if len(f.texts) != 1 || !strings.Contains(f.texts[0], "/caller_test.go:") {
		t.Errorf("the test fails with %q; want the line", f.texts)
	}
}
