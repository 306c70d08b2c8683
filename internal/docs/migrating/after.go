// Package migrating is the code of docs/migrating.md.
package migrating

import (
	"errors"
	"io/fs"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

func add(c echo.Context) error {
	s := session.From(c)
	s.Increment("count")
	s.FlashSuccess("It is in your cart.")
	return session.Redirect(c, "/cart")
}

func login(c echo.Context) error {
	s := session.From(c)
	s.Regenerate()
	s.Put("user", 7)
	return session.Redirect(c, s.PullIntendedURL())
}

// adopt is middleware for the time of the switch: it takes over what the visitor's old session
// says, once, and removes the old cookie. Mount it inside of session.Middleware.
func adopt(old sessions.Store, name, newName string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if _, err := c.Cookie(name); err != nil {
				return next(c) // there is none, or it was taken over already
			}
			_, none := c.Cookie(newName) // an error if there is none
			before, err := old.Get(c.Request(), name)
			if none != nil && isDown(err) {
				return echo.ErrServiceUnavailable.WithInternal(err) // the cookie may be valid
			}
			if s := session.From(c); err == nil && !before.IsNew && none != nil {
				if user, ok := before.Values["user"].(int); ok {
					s.Put("user", user)
				}
				if count, ok := before.Values["count"].(int); ok {
					s.Put("count", count)
				}
			}
			gone := *before.Options // browsers remove a cookie only if path and domain are the same
			gone.MaxAge = -1
			c.SetCookie(sessions.NewCookie(name, "", &gone))
			return next(c)
		}
	}
}

// isDown says whether the old store could not be reached. A cookie that it refuses, or whose file
// is gone, means that there is no session.
func isDown(err error) bool {
	var refused securecookie.Error
	if errors.As(err, &refused) {
		return !refused.IsDecode()
	}
	return err != nil && !errors.Is(err, fs.ErrNotExist)
}
