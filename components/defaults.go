package components

import (
	"context"
	"sync/atomic"
)

// Defaults sets how all components look, and their texts.
type Defaults struct {
	// Theme is the class names that components use, [Default] unless you set another. An empty
	// Theme leaves the markup without classes.
	Theme Theme

	// Labels returns the components' own texts, in the language of the visitor. nil means English.
	Labels func(ctx context.Context) Labels

	// Translate is called for every flashed text before it is shown: alerts, their titles and the
	// labels of their links, strings under a key of your own, and errors. With it an application
	// can flash keys, and the page that shows them decides on the language, which may have changed
	// at login. It should return texts that it does not know unchanged. nil leaves all texts as
	// they are.
	Translate func(ctx context.Context, text string) string
}

var defaults atomic.Pointer[Defaults]

func init() { defaults.Store(&Defaults{Theme: Default}) }

// Configure changes the defaults for the whole process. Call it once, before the first page; use
// [With] for one request or tenant.
//
//	components.Configure(func(d *components.Defaults) { d.Theme = components.Bootstrap })
func Configure(change func(*Defaults)) {
	d := *defaults.Load()
	change(&d)
	defaults.Store(&d)
}

// With returns a ctx with other defaults, for all components that are rendered with it. In a .templ
// file, those that follow in the same block get it like this:
//
//	{{ ctx = components.With(ctx, func(d *components.Defaults) { d.Theme.Label = "sr-only" }) }}
func With(ctx context.Context, change func(*Defaults)) context.Context {
	d := *defaultsOf(ctx)
	change(&d)
	return context.WithValue(ctx, defaultsKey{}, &d)
}

type defaultsKey struct{}

func defaultsOf(ctx context.Context) *Defaults {
	if d, ok := ctx.Value(defaultsKey{}).(*Defaults); ok {
		return d
	}
	return defaults.Load()
}
