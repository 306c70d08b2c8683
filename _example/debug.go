package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// debug shows what the session holds without changing it: Has does not consume a message, and what
// was flashed for one page ends only with a page, which JSON is not.
func debug(c echo.Context) error {
	s := session.From(c)
	flashed := s.FlashMessages()
	waiting := map[string]bool{}
	for _, name := range []string{session.KindSuccess, session.KindError, session.KindWarning, session.KindInfo, "newsletter"} {
		waiting[name] = flashed.Has(name)
	}
	return c.JSONPretty(http.StatusOK, map[string]any{
		"is new":           s.IsNew(),
		"values":           s.All(),
		"messages waiting": waiting,
	}, "  ")
}
