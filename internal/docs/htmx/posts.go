// Package htmx is the code of docs/htmx.md.
package htmx

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

type post struct {
	Title string `form:"title"`
}

type rules struct{}

func (rules) Validate(form any) error {
	if form.(*post).Title == "" {
		return session.ValidationErrors{"title": {"Give it a title"}}
	}
	return nil
}

func newApp(cfg session.Config) *echo.Echo {
	e := echo.New()
	e.Validator = rules{}
	cfg.Passive = passive
	e.Use(session.CrossOrigin(), session.Middleware(cfg))

	e.GET("/posts/new", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, layout(postForm()))
	})
	e.GET("/posts", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, layout(postList()))
	})
	e.POST("/posts", func(c echo.Context) error {
		var p post
		if err := c.Bind(&p); err != nil {
			return err
		}
		if err := c.Validate(&p); err != nil {
			return session.Invalid(c, err, postForm()) // a full page goes back to where it came from
		}
		session.From(c).FlashSuccess("Your post was saved.")
		return session.Redirect(c, "/posts") // for htmx a 204 with HX-Redirect; the next page shows the message
	})
	e.GET("/sign-up", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, layout(signUpForm()))
	})
	e.POST("/sign-up/email", checkEmail)
	e.POST("/like", like)
	e.GET("/unread", unread)
	e.GET("/events", events)
	return e
}

func checkEmail(c echo.Context) error {
	if !strings.Contains(c.FormValue("email"), "@") {
		return session.Invalid(c, session.ValidationErrors{"email": {"Enter an address with an @"}}, emailField())
	}
	session.From(c).FlashAll() // for this answer, or the field would come back empty
	return session.Render(c, http.StatusOK, emailField())
}

func like(c echo.Context) error {
	s := session.From(c)
	likes := s.Increment("likes")
	s.FlashSuccess("Thank you.")
	if session.IsPartial(c) {
		return session.Render(c, http.StatusOK, likeButton(likes))
	}
	return session.Redirect(c, "/posts")
}

// unread is polled. It reads the session, and shows no alerts, so they wait for a page.
func unread(c echo.Context) error {
	return session.Render(c, http.StatusOK, badge(session.Get[int](session.From(c), "unread")))
}

// passive says whether the page requests this by itself, with nobody in front of it.
func passive(c echo.Context) bool { return c.Path() == "/unread" }

func events(c echo.Context) error {
	s := session.From(c)
	s.Put("listening since", time.Now())
	if err := s.Save(c.Request().Context()); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/event-stream")
	h.Set(echo.HeaderCacheControl, "no-store") // or a cache replays its messages
	h.Set("X-Accel-Buffering", "no")           // or nginx holds the events back
	_, err := c.Response().Write([]byte("data: hello\n\n"))
	c.Response().Flush()
	return err // a real one runs for hours
}
