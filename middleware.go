package session

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"
)

// Middleware gives every request a [Session]; get it with [From] or [FromContext]. It panics if cfg
// is invalid, naming every mistake at once; [Config.ToMiddleware] and [New] return an error
// instead.
//
// Mount it once, for the whole application, and before (outside of) whatever uses the session. It
// commits before the first byte of a response leaves, no matter who writes that. A request that
// passes through two middlewares, made by separate calls, panics unless they use different cookies.
func Middleware(cfg Config) echo.MiddlewareFunc {
	mw, err := cfg.ToMiddleware()
	if err != nil {
		panic(err)
	}
	return mw
}

// ToMiddleware is [Middleware], but returns an error instead of panicking.
func (cfg Config) ToMiddleware() (echo.MiddlewareFunc, error) {
	m, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return m.Middleware(), nil
}

// Middleware is the middleware of this manager. If a request passes through it twice, it works as
// if it were mounted once.
func (m *Manager) Middleware() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if m.cfg.Skipper(c) {
				return next(c)
			}
			return m.serve(c, next)
		}
	}
}

// From returns the session of the request. It does not touch the store. It panics if no
// [Middleware] is mounted, or if it skipped the request: on an error page, which may be for such a
// request, use [FromContext].
func From(c echo.Context) *Session {
	bringBack(c, frameKey{})
	s := FromContext(c.Request().Context())
	if s == nil {
		panic(noSession)
	}
	return s
}

// bringBack gives c a request that leads to the session under key again. When an error is answered,
// middleware further out may have put back the request that it was given, as otelecho does.
func bringBack(c echo.Context, key any) {
	r := c.Request()
	if r.Context().Value(key) != nil {
		return
	}
	f, ok := c.Response().Writer.(*frame)
	if !ok || !f.left || f.sent {
		return
	}
	ctx := context.WithValue(r.Context(), frameKey{}, f)
	for ; f != nil; f = frameOf(f.Context) {
		ctx = context.WithValue(ctx, f.m, f)
	}
	c.SetRequest(r.WithContext(ctx))
}

// From returns the session that the middleware of this manager has given the request. (If a request
// has sessions of several managers, the function [From] returns that of the innermost.) Without a
// session, it panics, as the function does.
func (m *Manager) From(c echo.Context) *Session {
	bringBack(c, m)
	f, ok := c.Request().Context().Value(m).(*frame)
	if !ok {
		panic(noSession)
	}
	return f.use()
}

const noSession = "session: no session in this request. Mount it with e.Use(session.Middleware(cfg)), before the handlers and middleware that use it, and see that Config.Skipper lets the request through. If it is mounted, something has replaced the request's context: make yours from c.Request().Context()"

// Optional is middleware for routes that may be answered without the session, such as public pages:
// if the store cannot be reached, they see an empty session instead of becoming a 503. Changes
// still fail. Mount it inside of [Middleware]. If that is mounted several times, Optional is about the
// innermost session.
//
// Do not use it on pages where it matters who is logged in: while the store is down, everybody
// seems to be logged out.
func Optional(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		onRoute(c, pageOptional)
		return next(c)
	}
}

// httpError turns the error of a failed load or commit into one that Echo's error handlers
// understand.
func httpError(cause error) *echo.HTTPError {
	return echo.NewHTTPError(statusOf(cause)).SetInternal(cause)
}

// statusOf is 500 if the application gave us something that cannot be stored, and 503 if trying
// again may help.
func statusOf(cause error) int {
	switch {
	case errors.Is(cause, ErrUnavailable): // whatever the store's own error was
	case isAboutValue(cause), errors.Is(cause, ErrTooLarge), errors.Is(cause, ErrHeadSent), errors.Is(cause, ErrClosed),
		errors.Is(cause, errors.ErrUnsupported), errors.Is(cause, errEmptyTag), errors.Is(cause, errTimeouts),
		errors.Is(cause, errPanicked):
		return http.StatusInternalServerError
	}
	return http.StatusServiceUnavailable
}
