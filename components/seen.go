package components

import (
	"context"
	"io"

	"github.com/a-h/templ"
	templruntime "github.com/a-h/templ/runtime"
)

// whereSeen is a component that renders nothing if nobody will see it, and then neither reads nor
// consumes anything of the session.
func whereSeen(render templ.ComponentFunc) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if isDiscarded(w) {
			return nil
		}
		return render(ctx, w)
	})
}

// isDiscarded says whether w discards what is written, as in the parts of a page that
// templ.RenderFragments leaves out.
func isDiscarded(w io.Writer) bool {
	if buffer, ok := w.(*templruntime.Buffer); ok {
		w = buffer.Underlying
	}
	return w == io.Discard
}
