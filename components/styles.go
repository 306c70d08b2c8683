package components

import (
	_ "embed" // for CSS

	"github.com/a-h/templ"
)

// CSS is the style sheet of the components. It is needed with every theme, and on a page
// of [Default] it is all that is needed. Put [Styles] into the head of the page, or serve
// it as a file, under whatever address your other files have:
//
//	e.GET("/components.css", func(c echo.Context) error {
//		return c.Blob(http.StatusOK, "text/css; charset=utf-8", []byte(components.CSS))
//	})
//
// Any rule of yours wins over its looks, and its colours are custom properties that begin
// with --session-. Components are dark where the page says that it is, by its color-scheme,
// or by data-theme="dark" on the root element.
//
//go:embed components.css
var CSS string

// Styles is a style element with [CSS], for the head of the page. A page has it once,
// however often it is asked for, and with the nonce of templ.WithNonce if there is one.
func Styles() templ.Component { return stylesheet }

var stylesheet = inline("style", CSS)
