package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// members are the handlers that need more than the session of the request: those that find
// and end the other sessions of a member.
type members struct {
	sessions *session.Manager
	tags     bool // the store can find them; one that keeps sessions in cookies cannot
}

func (m members) showSessions(c echo.Context) error {
	if !m.tags {
		return session.Render(c, http.StatusOK, noSessionsPage())
	}
	list, err := m.list(c)
	if err != nil {
		return err
	}
	return session.Render(c, http.StatusOK, sessionsPage(list, session.From(c).Handle()))
}

func (m members) list(c echo.Context) ([]session.Info, error) {
	ctx := c.Request().Context()
	return m.sessions.Tagged(ctx, member(ctx))
}

func (m members) endSession(c echo.Context) error {
	s, handle := session.From(c), c.FormValue("handle")
	if handle == s.Handle() {
		return logout(c)
	}
	switch ended, err := m.destroy(c, handle); {
	case err == nil:
		s.FlashSuccess(ended.Label + " was logged out.")
	case errors.Is(err, session.ErrNotFound):
		s.FlashError("That session has ended already.")
	case errors.Is(err, session.ErrMoved):
		s.FlashWarning("That device has logged in once more this very moment. Try again.")
	default:
		return err
	}
	return session.Redirect(c, "/account/sessions")
}

// destroy ends one of the member's own sessions. The handle comes from the visitor, and the
// manager would end anybody's.
func (m members) destroy(c echo.Context, handle string) (ended session.Info, err error) {
	list, err := m.list(c)
	if err != nil {
		return session.Info{}, err
	}
	for _, info := range list {
		if info.Handle == handle {
			return info, m.sessions.Destroy(c.Request().Context(), handle)
		}
	}
	return session.Info{}, session.ErrNotFound
}

func (m members) endOtherSessions(c echo.Context) error {
	s, ctx := session.From(c), c.Request().Context()
	if err := m.sessions.DestroyTagged(ctx, member(ctx), s.Handle()); err != nil {
		return err
	}
	s.FlashSuccess("You are logged out everywhere else.")
	return session.Redirect(c, "/account/sessions")
}

// ago puts a time that has passed in words. No session of this application gets older than
// a day.
func ago(passed time.Duration) string {
	switch {
	case passed < time.Minute:
		return "just now"
	case passed < time.Hour:
		return counted(int(passed.Minutes()), "minute") + " ago"
	default:
		return counted(int(passed.Hours()), "hour") + " ago"
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
