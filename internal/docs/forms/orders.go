package forms

import (
	"errors"
	"net/http"

	"github.com/go-playground/form/v4"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

type order struct {
	Lines  []line   `form:"lines" validate:"dive"`
	Extras []string `form:"extras"`
}

type line struct {
	Article  string `form:"article"`
	Quantity int    `form:"quantity" validate:"min=1"`
}

var fields = form.NewDecoder() // Echo's Bind does not support lines[0].quantity

func createOrder(c echo.Context) error {
	values, err := c.FormParams()
	if err != nil {
		return err
	}
	var o order
	var bad form.DecodeErrors
	if err := fields.Decode(&o, values); errors.As(err, &bad) {
		return notNumbers(bad)
	}
	wrong := c.Validate(&o)
	if _, err := c.FormFile("drawing"); err != nil {
		wrong = errors.Join(wrong, session.ValidationErrors{"drawing": {"Choose a file"}})
	}
	if wrong != nil {
		return wrong // the summary keeps this order
	}
	session.From(c).FlashSuccess("Your order was sent.")
	return session.Redirect(c, "/posts")
}

func notNumbers(bad form.DecodeErrors) session.ValidationErrors {
	wrong := session.ValidationErrors{}
	for name := range bad {
		wrong[name] = []string{"Write a number"}
	}
	return wrong
}

func orderPage(c echo.Context) error {
	return session.Render(c, http.StatusOK, page(newOrder([]string{"Shelf", "Table"})))
}
