package components

import (
	"context"

	"github.com/echo-hypermedia/session"
)

// Labels are the components' own texts. All other texts come from the application. An empty text is
// left out; begin with [English] to change only some. Texts that stand before others end with a colon of
// their own, as in "Error:".
type Labels struct {
	Dismiss      string            // the name of the dismiss control of an alert
	SummaryTitle string            // the heading of ErrorSummary
	ErrorPrefix  string            // before the error of a field, and before a title
	Kinds        map[string]string // before an alert, by its kind; for visitors who do not see its colour
}

// English returns the default labels. The caller may change them.
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
