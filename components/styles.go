package components

import (
	"context"
	_ "embed" // for CSS
	"io"

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

var stylesheet = templ.NewOnceHandle(templ.WithComponent(templ.ComponentFunc(writeStyles)))

// Styles is a style element with [CSS], for the head of the page. A page has it once,
// however often it is asked for, and with the nonce of templ.WithNonce if there is one.
func Styles() templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		return stylesheet.Once().Render(templ.InitializeContext(ctx), w)
	})
}

func writeStyles(ctx context.Context, w io.Writer) error {
	return writeInline(ctx, w, "style", CSS)
}

// writeInline writes an element whose text is ours.
func writeInline(ctx context.Context, w io.Writer, element, text string) error {
	open := "<" + element + ">"
	if nonce := templ.GetNonce(ctx); nonce != "" {
		open = "<" + element + ` nonce="` + templ.EscapeString(nonce) + `">`
	}
	_, err := io.WriteString(w, open+text+"</"+element+">")
	return err
}
