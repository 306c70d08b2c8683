package main

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

const newsletterName = "newsletter"

type newsletterForm struct {
	Email string `form:"email" validate:"required,email"`
}

// subscribe belongs to the form in the footer of every page. Its message has a key of its
// own, so that it is shown there and not among the alerts.
func subscribe(c echo.Context) error {
	var form newsletterForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := c.Validate(&form); err != nil {
		return err
	}
	session.From(c).Flash("newsletter", "Thank you! The next issue goes to "+form.Email+".")
	return session.Back(c, "/")
}

// newsletterInput is what was typed into the form, and what is wrong with it.
func newsletterInput(ctx context.Context) (email string, wrong []string) {
	form := session.FromContext(ctx).Submission(newsletterName)
	if typed, _ := form.Values("email"); len(typed) > 0 {
		email = typed[0]
	}
	return email, form.Errors("email")
}
