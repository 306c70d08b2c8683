// Package operations is the code of docs/operations.md.
package operations

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// admin has the pages of administrators.
type admin struct{ sessions *session.Manager }

// loggedIn lists the first hundred sessions that are logged in.
func (a admin) loggedIn(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 5*time.Second) // for the list, which has no time limit of its own
	defer cancel()
	var list []session.Info
	for info, err := range a.sessions.All(ctx) {
		if err != nil {
			return echo.ErrServiceUnavailable.WithInternal(err)
		}
		if len(info.Users) > 0 {
			list = append(list, info)
		}
		if len(list) == 100 {
			break
		}
	}
	return session.Render(c, http.StatusOK, sessionList(list))
}

// end logs one of them out.
func (a admin) end(c echo.Context) error {
	err := a.sessions.Destroy(c.Request().Context(), c.FormValue("handle"))
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		return echo.ErrServiceUnavailable.WithInternal(err)
	}
	return session.Redirect(c, "/admin/sessions")
}

// endOlder ends all sessions that began before a time, for example if the login had a hole.
func endOlder(ctx context.Context, sessions *session.Manager, than time.Time) error {
	for info, err := range sessions.All(ctx) {
		if err != nil {
			return err
		}
		if !info.Created.Before(than) {
			continue
		}
		err := sessions.Destroy(ctx, info.Handle)
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return err
		}
	}
	return nil
}
