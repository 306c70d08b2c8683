package main

import (
	"net/http"
	"slices"
	"testing"

	"github.com/a-h/templ"
	"github.com/chromedp/chromedp"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

const longWord = "annual_report_2026_final_final_v2_with_appendix_and_all_the_tables_that_we_had.pdf"

func Test_that_a_long_word_does_not_widen_a_narrow_page(t *testing.T) {
	t.Parallel()
	alert := func(s *session.Session) { s.FlashNow("success", longWord+" was uploaded.") }
	fieldError := func(s *session.Session) {
		s.FlashInputErrors(map[string][]string{"title": {longWord + " is too large."}})
	}
	for _, look := range looks {
		if look.name == "none" {
			continue // has no style sheet
		}
		for what, flash := range map[string]func(*session.Session){"alert": alert, "error": fieldError} {
			t.Run(look.name+" "+what, func(t *testing.T) {
				wantNarrow(t, startPage(t, look, flash, components.Field("title", components.Input{Label: "Title"})))
			})
		}
	}
}

func Test_that_a_long_word_of_the_application_does_not_widen_a_narrow_page(t *testing.T) {
	t.Parallel()
	bare := look{name: "default", theme: components.Default} // without app.css, which breaks words
	pico := looks[slices.IndexFunc(looks, func(l look) bool { return l.name == "pico" })]
	for _, look := range []look{bare, pico} { // the others have classes for it
		for what, content := range map[string]templ.Component{
			"label":   components.Field("title", components.Input{Label: longWord}),
			"hint":    components.Field("title", components.Input{Label: "Title", Hint: longWord}),
			"option":  components.Field("title", components.Input{Label: "Title", Type: "radio", Options: components.Options("a", longWord)}),
			"legend":  components.Field("title", components.Input{Label: longWord, Type: "radio", Options: components.Options("a", "A")}),
			"button":  markup{`<button class="field-button">` + longWord + `</button>`},
			"summary": components.ErrorSummary(components.SummaryProps{Title: longWord, ID: "long"}),
		} {
			t.Run(look.name+" "+what, func(t *testing.T) {
				wantNarrow(t, startPage(t, look, func(s *session.Session) {
					s.FlashInputErrors(map[string][]string{"other": {"Choose one"}})
				}, content))
			})
		}
	}
}

func Test_that_a_long_address_does_not_widen_the_footer(t *testing.T) {
	t.Parallel()
	b := openTab(t, startApp(t, "memory"))
	b.do(chromedp.EmulateViewport(320, 800))
	b.open("/cart")
	b.fill(`footer [name="email"]`, "the.one.who.reads.every.issue.of.it@newsletters.example.com")
	b.press(`footer button`)
	b.wantNarrow()
}

func wantNarrow(t *testing.T, app string) {
	t.Helper()
	b := openTab(t, app)
	b.do(chromedp.EmulateViewport(320, 800))
	b.open("/")
	b.wantNarrow()
}

func (b tab) wantNarrow() {
	b.t.Helper()
	if width := eval[int](b, `document.documentElement.scrollWidth`); width > 320 {
		b.t.Errorf("the page is %d wide; want 320", width)
	}
}

// startPage serves one page in this look, with what was flashed and this content.
func startPage(t *testing.T, l look, flash func(*session.Session), content templ.Component) (address string) {
	t.Helper()
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: open(t, "memory"), Cookie: session.CookieOptions{Insecure: true}}))
	e.StaticFS("/static", echo.MustSubFS(static, "static"))
	e.GET("/components.css", text("text/css", components.CSS))
	e.GET("/app.css", text("text/css", appCSS))
	e.GET("/", func(c echo.Context) error {
		flash(session.From(c))
		themed := components.With(c.Request().Context(), func(d *components.Defaults) { d.Theme = l.theme })
		c.SetRequest(c.Request().WithContext(themed))
		return session.Render(c, http.StatusOK, pageIn(l, content))
	})
	return listen(t, e)
}

func pageIn(l look, content templ.Component) templ.Component {
	page := markup{`<!DOCTYPE html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>A page</title>`}
	for _, sheet := range append([]string{"/components.css"}, l.sheets...) {
		page = append(page, `<link rel="stylesheet" href="`+sheet+`">`)
	}
	return append(page, `</head><body class="`+l.body+`"><main>`, components.FlashAlerts, components.ErrorSummary(),
		content, `</main></body></html>`)
}
