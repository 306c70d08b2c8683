package main

import (
	_ "embed"
	"errors"
	"net/http"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

// New is the application, with its sessions in store.
func New(store session.Store) (*echo.Echo, error) {
	sessions, err := session.New(session.Config{
		Store: store,
		// The example uses plain http, over which some browsers do not keep a Secure cookie, not
		// even from localhost. An application on the web leaves this out.
		Cookie: session.CookieOptions{Insecure: true},
	})
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.Validator = formValidator{validator.New(validator.WithRequiredStructEnabled())}
	e.HTTPErrorHandler = showError
	e.Use(
		middleware.Recover(),
		middleware.SecureWithConfig(middleware.SecureConfig{
			ContentSecurityPolicy: contentSecurityPolicy,
			ContentTypeNosniff:    "nosniff",
			ReferrerPolicy:        "same-origin", // session.Back needs the Referer of pages of this site
		}),
		session.CrossOrigin(), // refuses forms from other sites (CSRF)
		sessions.Middleware(),
		session.FlashInvalid, // sends a validation error that a handler returns back to its form
	)
	// An application that needs tags does not check: it sets Config.Tags and refuses to start
	// without them.
	_, tags := store.(session.Tagger)
	routes(e, members{sessions, tags})
	return e, nil
}

func routes(e *echo.Echo, m members) {
	e.GET("/", home, private)
	e.POST("/", flash)

	e.GET("/cart", showCart, private)
	e.POST("/cart", addToCart)
	e.POST("/cart/quantity", setQuantity)
	e.POST("/cart/remove", removeFromCart)
	e.POST("/cart/empty", emptyCart)
	e.POST("/cart/undo", undoEmptyCart)

	e.GET("/posts/new", newPost, private)
	e.POST("/posts", createPost)
	e.GET("/posts/last", showPost, private)

	e.GET("/login", showLogin, private)
	e.POST("/login", m.login)
	e.POST("/logout", logout)
	e.GET("/account", account, membersOnly, private)
	e.GET("/account/sessions", m.showSessions, membersOnly, private)
	if m.tags {
		e.POST("/account/sessions/end", m.endSession, membersOnly)
		e.POST("/account/sessions/end-others", m.endOtherSessions, membersOnly)
	}

	e.POST("/newsletter", subscribe)
	e.POST("/client", chooseClient)
	e.GET("/poll", answerPoll)

	e.POST("/moved", moved)
	e.GET("/old-url", redirectTo("/new-url"))
	e.GET("/new-url", redirectTo("/"))
	e.POST("/notice", postNotice)
	e.GET("/notice", showNotice, private)

	e.GET("/debug", debug, private)

	e.GET("/gallery", gallery, private)
	e.StaticFS("/static", echo.MustSubFS(static, "static"))

	e.GET("/components.js", text("text/javascript", components.JS))
	e.GET("/components.css", text("text/css", components.CSS))
	e.GET("/app.css", text("text/css", appCSS))
}

// contentSecurityPolicy allows only our own files: the components need no script and no inline
// style. Scripts are for visitors who switch htmx on.
const contentSecurityPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// formValidator is go-playground/validator as Echo wants it.
type formValidator struct{ rules *validator.Validate }

func (v formValidator) Validate(form any) error { return v.rules.Struct(form) }

// showError shows the page for any error.
func showError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status := http.StatusInternalServerError
	if known, ok := err.(*echo.HTTPError); ok {
		status = known.Code
	} else if errors.Is(err, session.ErrUnavailable) {
		status = http.StatusServiceUnavailable
	}
	if status >= http.StatusInternalServerError {
		c.Logger().Error(err)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderCacheControl, "no-store") // it names the member, like the pages of private
	if session.IsPartial(c) {                  // htmx 4 shows errors, too: let this one replace the whole page
		h.Set("HX-Retarget", "body")
		h.Set("HX-Reswap", "innerHTML")
	}
	if err := session.Render(c, status, errorPage(http.StatusText(status))); err != nil {
		c.Logger().Error(err)
		_ = c.String(status, http.StatusText(status))
	}
}

//go:embed app.css
var appCSS string

func text(mediaType, body string) echo.HandlerFunc {
	return func(c echo.Context) error {
		return c.Blob(http.StatusOK, mediaType+"; charset=utf-8", []byte(body))
	}
}
