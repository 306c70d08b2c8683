package session_test

import (
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// A message waits for the page that shows it, and is shown once. In a layout of templ
// components, components.FlashAlerts does what the second handler does.
func ExampleSession_FlashSuccess() {
	e := newApp()
	e.POST("/posts", func(c echo.Context) error {
		session.From(c).FlashSuccess("The post is saved.")
		return session.Redirect(c, "/posts")
	})
	e.GET("/posts", func(c echo.Context) error {
		page := "<main>"
		for _, alert := range session.From(c).FlashMessages().Alerts() {
			page += alert.Kind + ": " + html.EscapeString(alert.Text)
		}
		return c.HTML(http.StatusOK, page)
	})

	submit(e, "/posts", "title=Hello")
	// Output:
	// /posts → <main>success: The post is saved.
	// /posts → <main>
}

// Whatever JSON can carry can be flashed.
func ExampleFlashed() {
	type receipt struct{ Order, Items int }

	e := newApp()
	e.POST("/cart", func(c echo.Context) error {
		session.From(c).Flash("receipt", receipt{Order: 4711, Items: 3})
		return session.Redirect(c, "/cart")
	})
	e.GET("/cart", func(c echo.Context) error {
		r := session.Flashed[receipt](session.From(c), "receipt")
		return c.String(http.StatusOK, fmt.Sprintf("order %d, %d items", r.Order, r.Items))
	})

	submit(e, "/cart", "")
	// Output:
	// /cart → order 4711, 3 items
	// /cart → order 0, 0 items
}

// A page that is shown at once needs no stored message: the alert is for this response only.
func ExampleSession_FlashNow() {
	e := newApp()
	e.GET("/search", func(c echo.Context) error {
		s := session.From(c)
		s.FlashNow(session.KindInfo, "Nothing was found.")
		return c.String(http.StatusOK, fmt.Sprint(s.FlashMessages().Get(session.KindInfo)))
	})

	visit(e, "/search")
	// Output: /search → Nothing was found.
}

// An alert may have a title, a link, and your own kind.
func ExampleSession_FlashAlert() {
	e := newApp()
	e.POST("/posts", func(c echo.Context) error {
		session.From(c).FlashAlert(session.Message{
			Kind:  session.KindSuccess,
			Title: "Saved",
			Text:  "Nobody can see it yet.",
			Href:  "/posts/7/publish",
			Label: "Publish it",
		})
		return session.Redirect(c, "/posts")
	})
	e.GET("/posts", func(c echo.Context) error {
		page := ""
		for _, m := range session.From(c).FlashMessages().Alerts() {
			page += fmt.Sprintf("%s: %s. %s <a href=%q>%s</a>", m.Kind, m.Title, m.Text, m.Href, m.Label)
		}
		return c.HTML(http.StatusOK, page)
	})

	submit(e, "/posts", "title=Hello")
	// Output:
	// /posts → success: Saved. Nobody can see it yet. <a href="/posts/7/publish">Publish it</a>
	// /posts →
}

// Alerts add up, and each is shown once. A place on the page may ask for its own kinds, and leaves
// the other kinds alone.
func ExampleFlashMessages_Alerts() {
	e := newApp()
	e.GET("/import", func(c echo.Context) error {
		s := session.From(c)
		s.FlashSuccess("98 lines were read.")
		s.FlashWarning("Line 7 is empty.")
		s.FlashWarning("Line 9 is empty.")
		return session.Redirect(c, "/log")
	})
	e.GET("/log", func(c echo.Context) error {
		var texts []string
		for _, m := range session.From(c).FlashMessages().Alerts(session.KindWarning) {
			texts = append(texts, m.Text)
		}
		return c.String(http.StatusOK, strings.Join(texts, " "))
	})
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(session.From(c).FlashMessages().Get(session.KindSuccess, "no news")))
	})

	visit(e, "/import", "/log", "/", "/")
	// Output:
	// /import → Line 7 is empty. Line 9 is empty.
	// /log →
	// / → 98 lines were read.
	// / → no news
}

// A page between the handler and the one that should show the message keeps it for one more page.
func ExampleSession_Reflash() {
	e := newApp()
	e.GET("/save", func(c echo.Context) error {
		session.From(c).FlashSuccess("Saved.")
		return session.Redirect(c, "/choose")
	})
	e.GET("/choose", func(c echo.Context) error {
		s := session.From(c)
		alerts := s.FlashMessages().Alerts() // the layout shows them on every page
		s.Reflash()
		return c.String(http.StatusOK, fmt.Sprint("choose a project, ", alerts[0].Text))
	})
	e.GET("/project", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint("project, ", session.From(c).FlashMessages().Get("success", "no news")))
	})

	visit(e, "/save", "/project", "/project")
	// Output:
	// /save → choose a project, Saved.
	// /project → project, Saved.
	// /project → project, no news
}

// A message that is stored as a value goes to whichever request takes it first. Here that is the
// browser, which loads a page ahead of time. A flash message waits for a page that somebody sees.
func ExampleSession_FlashInfo_asAValue() {
	e := newApp()
	e.GET("/save", func(c echo.Context) error {
		s := session.From(c)
		s.Put("message", "Saved.")
		s.FlashInfo("Saved.")
		return c.NoContent(http.StatusNoContent)
	})
	e.GET("/page", func(c echo.Context) error {
		s := session.From(c)
		value, flash := session.Pull[string](s, "message"), s.FlashMessages().Get("info", "")
		return c.String(http.StatusOK, fmt.Sprintf("value %q, flash %q", value, flash))
	})

	cookie := send(e, "/save").Cookies()[0]
	curl(e, "GET", "/page", "Cookie", cookie.Name+"="+cookie.Value, "Sec-Purpose", "prefetch")
	curl(e, "GET", "/page", "Cookie", cookie.Name+"="+cookie.Value)
	// Output:
	// GET /page → 200 value "Saved.", flash ""
	//   Cache-Control: no-store
	// GET /page → 200 value "", flash "Saved."
	//   Cache-Control: no-store
}
