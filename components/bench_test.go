package components_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

// A page with a form of 20 fields, and nothing but its rendering.
func BenchmarkForm(b *testing.B) {
	fields := make([]templ.Component, 20)
	plain := make([]templ.Component, 20)
	for i := range fields {
		name := fmt.Sprint("field", i)
		fields[i] = components.Field(name, components.Input{Label: "Label", Hint: "Hint"})
		plain[i] = templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			var invalid, message string
			if errs := components.ErrorsFor(ctx, name); len(errs) > 0 {
				invalid = ` aria-invalid="true" aria-describedby="` + name + `-hint ` + name + `-error"`
				message = `<p id="` + name + `-error" class="field-error"><bdi>` + templ.EscapeString(errs[0]) + `</bdi></p>`
			}
			_, err := fmt.Fprintf(w, `<div class="field"><label class="field-label" for="%[1]s">Label</label>`+
				`<p id="%[1]s-hint" class="field-hint">Hint</p><input type="text" id="%[1]s" name="%[1]s" value="%[2]s"%[3]s>%[4]s</div>`,
				name, templ.EscapeString(components.Old(ctx, name)), invalid, message)
			return err
		})
	}
	for _, form := range []struct {
		name      string
		component templ.Component
	}{{"components", templ.Join(fields...)}, {"by-hand", templ.Join(plain...)}} {
		b.Run(form.name+"/fresh", func(b *testing.B) { benchmarkPage(b, nil, form.component) })
		b.Run(form.name+"/corrected", func(b *testing.B) { benchmarkPage(b, wrong("field1"), form.component) })
	}
}

func benchmarkPage(b *testing.B, flash func(*session.Session), component templ.Component) {
	v := newVisitor(b)
	values := map[string][]string{}
	for i := range 20 {
		values[fmt.Sprint("field", i)] = []string{"some text"}
	}
	v.post(values, flash)
	v.do(pageRequest(), func(c echo.Context) error {
		var page bytes.Buffer
		b.ReportAllocs()
		for b.Loop() {
			page.Reset()
			if err := component.Render(c.Request().Context(), &page); err != nil {
				return err
			}
		}
		return c.NoContent(http.StatusOK)
	})
}
