package main

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

func home(c echo.Context) error {
	return session.Render(c, http.StatusOK, homePage())
}

// flash does what its button says. The next page shows the messages, once; with htmx the current
// page does.
func flash(c echo.Context) error {
	s := session.From(c)
	switch c.FormValue("show") {
	case "success":
		s.FlashSuccess("Your changes were saved.")
	case "error":
		s.FlashError("Your changes were not saved: the disk is full.")
	case "warning":
		s.FlashWarning("Your trial ends tomorrow.")
	case "info":
		s.FlashInfo("A new version is out.")
	case "several":
		s.FlashSuccess("The first photo was uploaded.")
		s.FlashSuccess("The second photo was uploaded.")
		s.FlashError("The third photo is too large.")
	case "link":
		s.FlashAlert(session.Message{
			Kind:  session.KindSuccess,
			Title: "It is on its way",
			Text:  "Your order was placed.",
			Href:  "/cart",
			Label: "Show the cart",
		})
	case "now":
		// No redirect: this very response shows it, and nothing is stored.
		s.FlashNow(session.KindInfo, "This message was never stored.")
		if session.IsPartial(c) {
			break
		}
		return home(c)
	}
	return answer(c, templ.NopComponent, "/")
}
