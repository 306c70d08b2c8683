package forms

import (
	"context"
	"embed"
	"html/template"
	"io"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session/components"
)

//go:embed *.gohtml
var files embed.FS

// html makes a component part of a template.
func html(ctx context.Context, c templ.Component) (template.HTML, error) {
	return templ.ToGoHTML(ctx, c)
}

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"alerts": func(ctx context.Context) (template.HTML, error) { return html(ctx, components.FlashAlerts()) },
	"csrf":   func(ctx context.Context) (template.HTML, error) { return html(ctx, components.CSRF()) },
	"field": func(ctx context.Context, name, label string) (template.HTML, error) {
		return html(ctx, components.Field(name, components.Input{Label: label}))
	},
	"old":      components.Old,
	"errorFor": components.ErrorFor,
}).ParseFS(files, "*.gohtml"))

// view is a page of html/template, for session.Render and session.Invalid.
func view(name string, data any) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return pages.ExecuteTemplate(w, name, map[string]any{"Context": ctx, "Data": data})
	})
}
