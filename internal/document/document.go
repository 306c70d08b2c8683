// Package document connects two packages that do not import each other's libraries: session renders
// pages without knowing templ, and components knows templ.
package document

import "context"

// Again is ctx for a page that takes the place of one that was rendered with ctx and not sent. templ
// notes in the context which styles and scripts a page has, and would leave them out of the next.
// The package components sets Again.
var Again = func(ctx context.Context) context.Context { return ctx }
