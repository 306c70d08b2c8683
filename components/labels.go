package components

import (
	"context"

	"github.com/echo-hypermedia/session"
)

// Labels are the components' own texts. Everything else they say is the application's.
// What is left empty is not said; begin with [English] to change only some.
type Labels struct {
	Dismiss      string            // what the dismiss control of an alert is called
	SummaryTitle string            // the heading of ErrorSummary
	ErrorPrefix  string            // before the error of a field, and before a title
	Kinds        map[string]string // before an alert, by its kind; for those who see no colour
}

// English is the labels of components that are not told any. They are the caller's to
// change.
func English() Labels {
	return Labels{
		Dismiss:      "Dismiss",
		SummaryTitle: "There is a problem",
		ErrorPrefix:  "Error:",
		Kinds: map[string]string{
			session.KindError:   "Error:",
			session.KindWarning: "Warning:",
			session.KindSuccess: "Success:",
			session.KindInfo:    "Note:",
		},
	}
}

var english = English()

func (d *Defaults) labels(ctx context.Context) Labels {
	if d.Labels == nil {
		return english
	}
	return d.Labels(ctx)
}
