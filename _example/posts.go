package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// post is the form, and what is stored. Only what the rules say is checked: a field without a rule
// may be left empty.
type post struct {
	Title    string   `form:"title" validate:"required,max=80"`
	Body     string   `form:"body" validate:"required,min=20,max=600"`
	Category string   `form:"category" validate:"required,oneof=tutorial release story"`
	Tags     []string `form:"tags[]" validate:"min=1,max=2,dive,oneof=go echo templ html"`
	Readers  []string `form:"readers" validate:"dive,oneof=beginners users contributors"`

	Author struct {
		Name    string `form:"author.name" validate:"required"`
		Email   string `form:"author.email" validate:"required,email"`
		Phone   string `form:"author.phone" validate:"omitempty,e164"`
		Website string `form:"author.website" validate:"omitempty,http_url"`
	}
	Password string `form:"password" json:"-" validate:"required,min=8"`

	Status   string `form:"status" validate:"oneof=draft live"`
	Comments bool   `form:"comments"`
	Date     string `form:"date" validate:"required,datetime=2006-01-02"`
	Time     string `form:"time" validate:"omitempty,datetime=15:04"`
	Reminder string `form:"reminder" validate:"omitempty,datetime=2006-01-02T15:04"`
	Month    string `form:"month" validate:"omitempty,datetime=2006-01"`
	Week     string `form:"week"`

	Minutes     int    `form:"minutes" validate:"min=1,max=60"`
	Level       int    `form:"level" validate:"min=0,max=10"`
	Color       string `form:"color" validate:"omitempty,hexcolor"`
	RelatedPost string `form:"related_post" validate:"max=80"`
	Language    string `form:"language" validate:"oneof=en"`
	Picture     string // the name of the file; the file is not kept
}

func newPost(c echo.Context) error {
	return session.Render(c, http.StatusOK, newPostPage())
}

func createPost(c echo.Context) error {
	var p post
	if err := c.Bind(&p); err != nil {
		session.From(c).FlashError("One of the fields has something else in it than it should.")
		return invalidPost(c, err) // shows nothing of errors that it does not know
	}
	if err := c.Validate(&p); err != nil {
		return invalidPost(c, err)
	}
	if file, err := c.FormFile("picture"); err == nil {
		p.Picture = file.Filename
	}
	s := session.From(c)
	s.Put("post", p)
	s.FlashSuccess("Your post was saved.")
	return session.Redirect(c, "/posts/last")
}

// invalidPost shows the form again: at once for htmx, otherwise on its own page.
func invalidPost(c echo.Context, err error) error {
	if session.IsPartial(c) {
		return session.Invalid(c, err, withAlerts(postForm()))
	}
	return session.Invalid(c, err)
}

func showPost(c echo.Context) error {
	p, ok, err := session.Lookup[post](session.From(c), "post")
	if err != nil {
		return err
	}
	if !ok {
		return session.Redirect(c, "/posts/new")
	}
	return session.Render(c, http.StatusOK, postPage(p))
}
