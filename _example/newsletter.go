package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

type newsletterForm struct {
	Email string `form:"email" validate:"required,email"`
}

// subscribe handles the form in the footer of every page. Its message has its own key, so it is
// shown there and not among the alerts.
func subscribe(c echo.Context) error {
	var form newsletterForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := c.Validate(&form); err != nil {
		return session.Invalid(c, err, newsletter())
	}
	session.From(c).Flash("newsletter", "Thank you! The next issue goes to "+form.Email+".")
	if session.IsPartial(c) {
		return session.Render(c, http.StatusOK, newsletter())
	}
	return session.Back(c, "/")
}
