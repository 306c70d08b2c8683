package components

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session/internal/document"
)

func init() { document.Again = templ.InitializeDocumentContext }

// inline is an element whose text is ours. It is rendered once in a page, with the nonce of the
// context.
func inline(element, text string) templ.Component {
	once := templ.NewOnceHandle(templ.WithComponent(templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		open := "<" + element + ">"
		if nonce := templ.GetNonce(ctx); nonce != "" {
			open = "<" + element + ` nonce="` + templ.EscapeString(nonce) + `">`
		}
		_, err := io.WriteString(w, open+text+"</"+element+">")
		return err
	})))
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		return once.Once().Render(templ.InitializeContext(ctx), w)
	})
}
