// Package security is the code of docs/security.md.
package security

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
)

// members handles visitors who can log in.
type members struct{ sessions *session.Manager }

func newApp(store session.Store) (*echo.Echo, error) {
	sessions, err := session.New(session.Config{
		Store:           store,
		Tags:            true, // New refuses a store that cannot find a user's sessions
		IdleTimeout:     30 * time.Minute,
		AbsoluteTimeout: 12 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.Use(session.CrossOrigin(), sessions.Middleware())

	m := members{sessions}
	e.GET("/", m.home)
	e.GET("/account", m.account, onlyMembers)
	e.GET("/login", loginForm)
	e.POST("/login", m.login)
	e.POST("/logout", m.logout)
	e.POST("/logout-others", m.logoutOthers, onlyMembers)
	e.POST("/password", m.changePassword, onlyMembers)
	return e, nil
}

func (m members) home(c echo.Context) error {
	return c.String(http.StatusOK, "user: "+session.Get[string](session.From(c), "user"))
}

func (m members) account(c echo.Context) error {
	return c.String(http.StatusOK, "the account of "+session.Get[string](session.From(c), "user"))
}

func loginForm(c echo.Context) error { return c.String(http.StatusOK, "Please log in.") }

// onlyMembers sends strangers to log in, and login sends them back to where they wanted to go.
func onlyMembers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		s := session.From(c)
		if s.Has("user") {
			return next(c)
		}
		s.SetIntendedURL(c.Request().URL.RequestURI())
		return session.Redirect(c, "/login")
	}
}

func (m members) login(c echo.Context) error {
	user := c.FormValue("user") // check this user's password here
	s := session.From(c)
	next := s.PullIntendedURL("/")
	s.Untag(session.Get[string](s, "user")) // whoever was logged in here before
	s.Clear()                               // and what they have left
	s.Tag(user)                             // gives the session a new id, and lets the manager find it
	s.Put("user", user)
	var idle, absolute time.Duration // as in the Config, unless the visitor asks for more
	if c.FormValue("remember") != "" {
		idle, absolute = 14*24*time.Hour, 90*24*time.Hour
	}
	s.RememberMe(idle, absolute)
	return session.Redirect(c, next)
}

func (m members) logout(c echo.Context) error {
	session.From(c).Destroy()
	return session.Redirect(c, "/")
}

func (m members) logoutOthers(c echo.Context) error {
	s := session.From(c)
	user := session.Get[string](s, "user")
	ctx := context.WithoutCancel(c.Request().Context()) // end all of them, even if the visitor hangs up
	err := m.sessions.DestroyTagged(ctx, user, s.Handle())
	if err != nil {
		return echo.ErrServiceUnavailable.WithInternal(err)
	}
	return session.Redirect(c, "/")
}

// endOldLogins leaves a user this login and the two before it.
func (m members) endOldLogins(c echo.Context, user string) error {
	s, ctx := session.From(c), context.WithoutCancel(c.Request().Context())
	if err := s.Save(ctx); err != nil { // so that a concurrent login finds it in the list
		return err
	}
	logins, err := m.sessions.Tagged(ctx, user)
	if err != nil {
		return echo.ErrServiceUnavailable.WithInternal(err)
	}
	others := slices.DeleteFunc(logins, func(login session.Info) bool { return login.Handle == s.Handle() })
	slices.SortFunc(others, func(a, b session.Info) int { return b.Tagged.Compare(a.Tagged) })
	for _, old := range others[min(2, len(others)):] {
		err := m.sessions.DestroyOf(ctx, user, old.Handle)
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return echo.ErrServiceUnavailable.WithInternal(err)
		}
	}
	return nil
}

func (m members) changePassword(c echo.Context) error {
	s := session.From(c)
	s.Regenerate() // new rights need a new id, and anybody who has the old one is shut out
	s.FlashSuccess("Your password was changed.")
	return session.Redirect(c, "/")
}

// rotating seals with the new key and still opens what the old one has sealed.
func rotating() (*cookiestore.Store, error) {
	var keys [][]byte
	for _, text := range strings.Split(os.Getenv("SESSION_KEYS"), ",") {
		key, err := cookiestore.ParseKey(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return cookiestore.New(cookiestore.Options{Keys: keys}) // the newest first
}
