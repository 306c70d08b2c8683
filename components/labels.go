package components

import "github.com/echo-hypermedia/session"

// Labels are the components' own texts. Everything else they say is the application's.
type Labels struct {
	Dismiss      string            // what the dismiss control of an alert is called
	SummaryTitle string            // the heading of ErrorSummary
	ErrorPrefix  string            // before the error of a field, and before a title
	Kinds        map[string]string // before an alert, by its kind; for those who see no colour
}

var defaultLabels = Labels{
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
