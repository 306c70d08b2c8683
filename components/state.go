package components

import (
	"context"
	"io"
	"slices"

	"github.com/a-h/templ"
	templruntime "github.com/a-h/templ/runtime"

	"github.com/echo-hypermedia/session"
)

// whereSeen is a component that renders nothing where nobody will see it, and so neither
// reads nor consumes anything of the session there.
func whereSeen(render templ.ComponentFunc) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if isDiscarded(w) {
			return nil
		}
		return render(ctx, w)
	})
}

// isDiscarded says whether w leads nowhere. It does in the parts of a page that
// templ.RenderFragments leaves out.
func isDiscarded(w io.Writer) bool {
	if buffer, ok := w.(*templruntime.Buffer); ok {
		w = buffer.Underlying
	}
	return w == io.Discard
}

type formKey struct{}

// inForm is ctx for what stands in the form of that name; see session.FormField.
func inForm(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, formKey{}, name)
}

func formName(ctx context.Context) string {
	name, _ := ctx.Value(formKey{}).(string)
	return name
}

// form is the form that a component stands in.
type form struct {
	name string
	session.Submission
}

// formAround is the form that ctx belongs to. An unnamed one is the form "".
func formAround(ctx context.Context) form {
	name := formName(ctx)
	return form{name, session.FromContext(ctx).Submission(name)}
}

// old is what was submitted for a field, or def.
func (f form) old(field string, def ...string) []string {
	if values, known := f.Values(field); known {
		return values
	}
	return def
}

// has says whether value was submitted for a field, or else def.
func (f form) has(field, value string, def bool) bool {
	if values, known := f.Values(field); known {
		return slices.Contains(values, value)
	}
	return def
}

// isCorrected says whether this page shows what was submitted, or what is wrong with it.
func (f form) isCorrected() bool { return f.Submitted() || len(f.AllErrors()) > 0 }

func first[T any](list []T) T {
	var v T
	if len(list) > 0 {
		v = list[0]
	}
	return v
}
