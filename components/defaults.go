package components

import (
	"context"
	"sync/atomic"
)

// Defaults is how all components look and what they say.
type Defaults struct {
	// Theme is the class names that components use. It is [Default] unless it is set; an
	// empty one leaves the markup without classes.
	Theme Theme

	// Labels are the components' own texts, in the language of the visitor. nil is English.
	Labels func(ctx context.Context) Labels

	// Translate is asked for every text that was flashed, before it is shown: alerts,
	// their titles and the labels of their links, strings under a key of your own, and
	// errors. With it an application can flash keys, and the page that shows them decides
	// on the language, which may have changed at login. It returns what it does not know
	// as it is. nil leaves all texts as they are.
	Translate func(ctx context.Context, text string) string
}

var defaults = func() *atomic.Pointer[Defaults] {
	var p atomic.Pointer[Defaults]
	p.Store(&Defaults{Theme: Default})
	return &p
}()

// Configure changes the defaults for the whole process. Call it once, before the first
// page; see [With] for a change that belongs to a request or a tenant.
//
//	components.Configure(func(d *components.Defaults) { d.Theme = components.Bootstrap })
func Configure(change func(*Defaults)) {
	d := *defaults.Load()
	change(&d)
	defaults.Store(&d)
}

// With is ctx with other defaults, for all components that are rendered with it.
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
