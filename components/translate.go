package components

import (
	"context"

	"github.com/echo-hypermedia/session"
)

func (d *Defaults) translate(ctx context.Context, text string) string {
	if d.Translate == nil || text == "" {
		return text
	}
	return d.Translate(ctx, text)
}

func (d *Defaults) translateAll(ctx context.Context, texts []string) []string {
	if d.Translate == nil {
		return texts
	}
	translated := make([]string, len(texts))
	for i, text := range texts {
		translated[i] = d.translate(ctx, text)
	}
	return translated
}

func (d *Defaults) translateAlert(ctx context.Context, m session.Message) session.Message {
	m.Title = d.translate(ctx, m.Title)
	m.Text = d.translate(ctx, m.Text)
	m.Label = d.translate(ctx, m.Label)
	return m
}

// translated is v with the texts in it translated, if v is something flashed for visitors to read.
func translated[T any](ctx context.Context, v T) T {
	d := defaultsOf(ctx)
	var shown any = v
	switch flashed := shown.(type) {
	case string:
		shown = d.translate(ctx, flashed)
	case session.Message:
		shown = d.translateAlert(ctx, flashed)
	case session.PageError:
		flashed.Text = d.translate(ctx, flashed.Text)
		shown = flashed
	}
	v, _ = shown.(T)
	return v
}
