// Package forms is the code of docs/flash-and-forms.md.
package forms

import (
	"context"
	"net/http"
	"reflect"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

type post struct {
	Title    string `form:"title" validate:"required,max=80"`
	Body     string `form:"body" validate:"required"`
	Comments bool   `form:"comments"`
}

type rules struct{ validate *validator.Validate }

func (r rules) Validate(form any) error { return r.validate.Struct(form) }

func newApp(cfg session.Config) *echo.Echo {
	e := echo.New()
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("form") })
	e.Validator = rules{v}
	e.Use(session.Middleware(cfg), session.FlashInvalid)

	e.GET("/posts/new", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, page(newPost()))
	})
	e.POST("/posts/new", createPost)
	e.GET("/orders/new", orderPage)
	e.POST("/orders/new", createOrder)
	e.GET("/teams/new", teamPage)
	e.POST("/teams/new", createTeam)
	e.GET("/people/:id", peoplePage)
	e.POST("/people/:id", func(echo.Context) error { return session.ValidationErrors{"name": {"Wrong name"}, "plan": {"Choose"}} })
	e.GET("/posts", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, page(postList()))
	})
	e.POST("/archive", archive)
	e.GET("/search", search)
	e.GET("/step", func(c echo.Context) error {
		session.From(c).Reflash()
		return session.Redirect(c, "/posts")
	})
	return e
}

func createPost(c echo.Context) error {
	var p post
	if err := c.Bind(&p); err != nil {
		return err
	}
	if err := c.Validate(&p); err != nil {
		return err // FlashInvalid sends the visitor back to the form
	}
	if p.Title == "Untitled" {
		return session.ValidationErrors{"title": {"Find a better title"}}
	}
	session.From(c).FlashSuccess("Your post was saved.")
	return session.Redirect(c, "/posts")
}

func archive(c echo.Context) error {
	s := session.From(c)
	s.FlashAlert(session.Message{
		Kind:  session.KindWarning,
		Title: "Archived",
		Text:  "The post will be deleted in 30 days.",
		Href:  "/posts/archive",
		Label: "See the archive",
	})
	s.Flash("archived", 7) // any value, for its own place on the page
	return session.Redirect(c, "/posts")
}

func search(c echo.Context) error {
	session.From(c).FlashNow(session.KindInfo, "Nothing was found.")
	return session.Render(c, http.StatusOK, page(postList()))
}

// exported ends a job: it tells the user, on each device.
func exported(ctx context.Context, sessions *session.Manager, user string) error {
	return sessions.UpdateTagged(ctx, user, func(s *session.Session) error {
		s.FlashInfo("Your export is ready.")
		return nil
	})
}
