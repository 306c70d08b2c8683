package components

import (
	_ "embed" // for CSS

	"github.com/a-h/templ"
)

// CSS is the style sheet of the components. Every theme needs it, and [Default] needs nothing else.
// Put [Styles] into the head of the page, or serve it as a file, under an address like those of
// your other files:
//
//	e.GET("/components.css", func(c echo.Context) error {
//		return c.Blob(http.StatusOK, "text/css; charset=utf-8", []byte(components.CSS))
//	})
//
// Any rule of yours wins over its rules for looks, and its colours are custom properties that begin
// with --session-. Components are dark if the page says that it is, by its color-scheme, or by
// data-theme="dark" on the root element.
//
//go:embed components.css
var CSS string

// Styles renders a style element with [CSS], for the head of the page. It is rendered once in a
// page, however often it is used, with the nonce of templ.WithNonce if there is one.
func Styles() templ.Component { return stylesheet }

var stylesheet = inline("style", CSS)
