package components

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
)

// FlashMessage renders its children if something was flashed under key, or as an alert of that
// kind. They get it with [Message]:
//
//	@components.FlashMessage("newsletter") {
//		<p>{ components.Message[string](ctx) }</p>
//	}
//
// The message counts as shown whether they use it or not. A templ.Fragment must be around a
// FlashMessage, not inside it, to be found.
func FlashMessage(key string) templ.Component {
	return withChildren(func(ctx context.Context, w io.Writer, children templ.Component) error {
		messages := session.FromContext(ctx).FlashMessages()
		if !messages.Has(key) {
			return nil
		}
		return children.Render(withSubject(ctx, subject{key: key, values: []any{messages.Get(key)}}), w)
	})
}

// Error renders its children if the page has the error of that code, such as "E_BAD_CSRF_TOKEN";
// see Session.FlashErrors. In them, Message[string] is its text, and Message[session.PageError] all
// of it.
func Error(code string) templ.Component {
	return pageErrors(func(e session.PageError) bool { return e.Code == code })
}

// Errors renders its children for each error of the page, as [Error] does for one. Without children
// it renders nothing.
func Errors() templ.Component {
	return pageErrors(func(session.PageError) bool { return true })
}

func pageErrors(wanted func(session.PageError) bool) templ.Component {
	return withChildren(func(ctx context.Context, w io.Writer, children templ.Component) error {
		for _, e := range session.FromContext(ctx).PageErrors() {
			if !wanted(e) {
				continue
			}
			if err := children.Render(withSubject(ctx, subject{values: []any{e.Text, e}}), w); err != nil {
				return err
			}
		}
		return nil
	})
}

// Message returns what the surrounding [FlashMessage], [Error] or [Errors] is about, as a T. For a
// flashed value, T is the type that it had; for an alert, it is string. Elsewhere, or if the type is
// another, Message returns the zero T.
func Message[T any](ctx context.Context) T {
	about, _ := ctx.Value(subjectKey{}).(subject)
	for _, value := range about.values {
		if v, ok := value.(T); ok {
			return translated(ctx, v)
		}
	}
	var none T
	if about.key == "" {
		return none
	}
	return translated(ctx, session.Flashed(session.FromContext(ctx), about.key, none))
}

type subjectKey struct{}

// subject is what a block is about.
type subject struct {
	key    string // the key under which it was flashed
	values []any  // the subject, once for each type that Message can return it as
}

func withSubject(ctx context.Context, s subject) context.Context {
	return context.WithValue(ctx, subjectKey{}, s)
}

// withChildren is a component that always takes children. (A component with optional children would
// be given those of a templ.Fragment around it.)
func withChildren(render func(ctx context.Context, w io.Writer, children templ.Component) error) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		children := templ.GetChildren(ctx)
		return render(templ.ClearChildren(ctx), w, children)
	})
}
