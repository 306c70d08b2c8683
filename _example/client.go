package main

import (
	"context"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// choice is one of several buttons: what it sends, and what it says.
type choice struct{ value, text string }

// clients are the ways in which pages talk to the server: by plain HTML, or by a script. The
// visitor chooses one; the pages are the same.
var clients = []choice{{"", "Plain HTML"}, {"htmx2", "htmx 2"}, {"htmx4", "htmx 4"}}

// client is the visitor's choice. The file of the script has the same name.
func client(ctx context.Context) string {
	return session.Get[string](session.FromContext(ctx), "client")
}

func chooseClient(c echo.Context) error {
	chosen := c.FormValue("client")
	for _, known := range clients {
		if chosen != known.value {
			continue
		}
		if s := session.From(c); chosen == "" {
			s.Forget("client")
		} else {
			s.Put("client", chosen)
		}
		return session.Back(c, "/")
	}
	return echo.ErrBadRequest
}

// boost makes htmx fetch the targets of links and forms, with the attributes of htmx 2 and htmx 4.
func boost(ctx context.Context) templ.Attributes {
	if client(ctx) == "" {
		return nil
	}
	return templ.Attributes{"hx-boost": "true", "hx-boost:inherited": "true"}
}

// elsewhere is for a link to a page with other style sheets, which only a real page load brings.
func elsewhere() templ.Attributes { return templ.Attributes{"hx-boost": "false"} }

// replaces makes htmx put the answer to a form in place of the element with this id. Without htmx
// these attributes do nothing.
func replaces(id, action string) templ.Attributes {
	return templ.Attributes{"hx-post": action, "hx-target": "#" + id, "hx-swap": "outerHTML"}
}

// answer answers with a part of the page, and the alerts, if a part was requested. Otherwise it
// redirects to the page.
func answer(c echo.Context, part templ.Component, page string) error {
	if session.IsPartial(c) {
		return session.Render(c, http.StatusOK, withAlerts(part))
	}
	return session.Redirect(c, page)
}

// answerPoll is requested every second, and counts. It shows no messages, so they wait for a page.
func answerPoll(c echo.Context) error {
	return session.Render(c, http.StatusOK, polled(session.From(c).Increment("polls")))
}
