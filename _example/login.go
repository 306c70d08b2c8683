package main

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// member is who is logged in, or "". Pages call it too: ctx is what templ gives them.
func member(ctx context.Context) string {
	return session.Get[string](session.FromContext(ctx), "member")
}

// membersOnly sends other visitors to log in, and login brings them back.
func membersOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		s := session.From(c)
		if s.Has("member") {
			return next(c)
		}
		s.SetIntendedURL(c.Request().URL.RequestURI()) // for a form, it takes the page with the form instead
		s.FlashInfo("Please log in first.")
		return session.Redirect(c, "/login")
	}
}

// private keeps a member's pages out of the browser's cache: after the log-out, somebody else may
// use the browser and press Back.
func private(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if member(c.Request().Context()) != "" {
			c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		}
		return next(c)
	}
}

func showLogin(c echo.Context) error {
	return session.Render(c, http.StatusOK, loginPage())
}

type loginForm struct {
	Email    string `form:"email" validate:"required,email"`
	Password string `form:"password" validate:"required"`
	Remember bool   `form:"remember"`
}

func (m members) login(c echo.Context) error {
	var form loginForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := c.Validate(&form); err != nil {
		return err
	}
	if form.Password != "hypermedia" {
		return session.ValidationErrors{"password": {"This is not the password"}}
	}
	s, before := session.From(c), member(c.Request().Context())
	next := s.PullIntendedURL("/account")
	if before != "" && before != form.Email {
		s.Clear() // another member's cart, who has not logged out; a guest's cart stays
	}
	if m.tags {
		s.Untag(before)
		s.Tag(form.Email)
		s.SetLabel(device(c.Request().UserAgent()))
	}
	var idle, absolute time.Duration // the default, unless "remember me" was chosen
	if form.Remember {
		idle, absolute = 14*24*time.Hour, 90*24*time.Hour
	}
	s.RememberMe(idle, absolute) // with a new id, so that one planted earlier is worthless
	s.Put("member", form.Email)
	s.FlashSuccess("Welcome, " + form.Email + ".")
	return session.Redirect(c, next)
}

// logout ends the session with everything in it. The good-bye begins a new one.
func logout(c echo.Context) error {
	s := session.From(c)
	s.Destroy()
	s.FlashInfo("You are logged out. Good-bye!")
	return session.Redirect(c, "/")
}

func account(c echo.Context) error {
	items := session.Get[cart](session.From(c), "cart")
	return session.Render(c, http.StatusOK, accountPage(len(items)))
}
