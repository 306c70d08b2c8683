package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// members are the handlers that find and end a member's other sessions, and so need more than the
// session of the request.
type members struct {
	sessions *session.Manager
	tags     bool // the store can find them, which one that keeps sessions in cookies cannot
}

func (m members) showSessions(c echo.Context) error {
	if !m.tags {
		return session.Render(c, http.StatusOK, noSessionsPage())
	}
	ctx := c.Request().Context()
	list, err := m.sessions.Tagged(ctx, member(ctx))
	if err != nil {
		return err
	}
	return session.Render(c, http.StatusOK, sessionsPage(list, session.From(c).Handle()))
}

func (m members) endSession(c echo.Context) error {
	s, handle := session.From(c), c.FormValue("handle")
	if handle == s.Handle() {
		return logout(c)
	}
	ctx := c.Request().Context()
	switch err := m.sessions.DestroyOf(ctx, member(ctx), handle); {
	case err == nil:
		s.FlashSuccess("That device is logged out.")
	case errors.Is(err, session.ErrNotFound):
		s.FlashError("That session has ended already.")
	case errors.Is(err, session.ErrMoved):
		s.FlashWarning("That device has got a new session this very moment. Try again.")
	default:
		return err
	}
	return session.Redirect(c, "/account/sessions")
}

func (m members) endOtherSessions(c echo.Context) error {
	s, ctx := session.From(c), context.WithoutCancel(c.Request().Context()) // end all of them, even if the visitor hangs up
	if err := m.sessions.DestroyTagged(ctx, member(ctx), s.Handle()); err != nil {
		return err
	}
	s.FlashSuccess("You are logged out everywhere else.")
	return session.Redirect(c, "/account/sessions")
}

// ago puts a past duration in words.
func ago(passed time.Duration) string {
	switch {
	case passed < time.Minute:
		return "just now"
	case passed < time.Hour:
		return counted(int(passed.Minutes()), "minute") + " ago"
	case passed < 24*time.Hour:
		return counted(int(passed.Hours()), "hour") + " ago"
	default: // for members who chose to stay logged in
		return counted(int(passed.Hours())/24, "day") + " ago"
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
