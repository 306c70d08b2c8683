package components

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

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
