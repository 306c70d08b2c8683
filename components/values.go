package components

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
)

// These functions are for controls that are written by hand. Each uses the form that ctx belongs
// to. Only the components know which fields are passwords: never put Old into one.

// Old returns what was submitted for a field, or else the first of def. It returns "" for a field
// that was submitted empty, and for one that is not part of the submission.
//
//	<input name="title" value={ components.Old(ctx, "title", post.Title) }/>
func Old(ctx context.Context, name string, def ...string) string {
	return first(OldAll(ctx, name, def...))
}

// OldAll returns every value that was submitted for a field, or else def.
func OldAll(ctx context.Context, name string, def ...string) []string {
	if values, known := formAround(ctx).Values(name); known {
		return values
	}
	return def
}

// Submitted reports whether this page shows a form being corrected.
func Submitted(ctx context.Context) bool { return formAround(ctx).Submitted() }

// IsChecked reports whether the checkbox or radio button with that value was submitted, and so was
// checked. If that is not known, it returns the first of def.
//
//	<input type="checkbox" name="tags[]" value="go" checked?={ components.IsChecked(ctx, "tags[]", "go") }/>
func IsChecked(ctx context.Context, name, value string, def ...bool) bool {
	if values, known := formAround(ctx).Values(name); known {
		return isAmong(values, value)
	}
	return first(def)
}

// isAmong says whether value was sent. Browsers send each line break as CRLF (HTML, "converting an entry
// list to a list of name-value pairs"), and scripts such as htmx 4 as LF, whatever it is in value.
func isAmong(sent []string, value string) bool {
	if !strings.ContainsAny(value, "\r\n") {
		return slices.Contains(sent, value)
	}
	value = lineBreaks.Replace(value)
	return slices.ContainsFunc(sent, func(one string) bool { return lineBreaks.Replace(one) == value })
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// IsSelected is [IsChecked] for an option of a select.
func IsSelected(ctx context.Context, name, value string, def ...bool) bool {
	return IsChecked(ctx, name, value, def...)
}

// Checked returns [IsChecked] as attributes:
//
//	<input type="radio" name="plan" value="pro" { components.Checked(ctx, "plan", "pro")... }/>
func Checked(ctx context.Context, name, value string, def ...bool) templ.Attributes {
	return templ.Attributes{"checked": IsChecked(ctx, name, value, def...)}
}

// Selected returns [IsSelected] as attributes.
func Selected(ctx context.Context, name, value string, def ...bool) templ.Attributes {
	return templ.Attributes{"selected": IsSelected(ctx, name, value, def...)}
}

// HasError reports whether a field has an error.
func HasError(ctx context.Context, name string) bool { return len(formAround(ctx).Errors(name)) > 0 }

// ErrorFor returns the first error of a field, or "".
func ErrorFor(ctx context.Context, name string) string { return first(ErrorsFor(ctx, name)) }

// ErrorsFor returns all errors of a field.
func ErrorsFor(ctx context.Context, name string) []string {
	return defaultsOf(ctx).translateAll(ctx, formAround(ctx).Errors(name))
}

// HasErrors reports whether a field of the form, or the page, has an error.
func HasErrors(ctx context.Context) bool {
	return len(formAround(ctx).AllErrors()) > 0 || len(session.FromContext(ctx).PageErrors()) > 0
}

// Invalid returns the attributes that mark a field with an error and refer to its [InputError]. The
// ids in describedBy, for example of a hint, come first, with or without an error.
//
//	<input name="title" { components.Invalid(ctx, "title", "title-help")... }/>
func Invalid(ctx context.Context, name string, describedBy ...string) templ.Attributes {
	attrs := templ.Attributes{}
	ids := slices.Clone(describedBy)
	if HasError(ctx, name) {
		attrs["aria-invalid"] = "true"
		ids = append(ids, ErrorID(ctx, name))
	}
	if list := words(ids...); list != "" {
		attrs["aria-describedby"] = list
	}
	return attrs
}

// Title returns the title of a page. With errors, in a form of any name, it is "Error: New post",
// for example, and that is the first thing that a screen reader says.
func Title(ctx context.Context, title string) string {
	if !session.FromContext(ctx).HasErrors() {
		return title
	}
	return words(defaultsOf(ctx).labels(ctx).ErrorPrefix, title)
}

func first[T any](list []T) T {
	var v T
	if len(list) > 0 {
		v = list[0]
	}
	return v
}
