package components

import "github.com/echo-hypermedia/session"

// Theme is the class names that components use. Their markup is always the same. An empty
// field is an element without a class.
//
// A theme of your own begins with one of ours:
//
//	theme := components.Bootstrap
//	theme.Button = "btn btn-lg btn-primary"
//
// One from scratch takes Region, Top, Bottom, Start, Center, End, Dismiss, Toggle and Auto from
// [Default]: without the rules of [CSS] for these, alerts are neither dismissed nor over the page.
type Theme struct {
	Region                          string // around the alerts
	Top, Bottom, Start, Center, End string // where the region lies, if not inline

	Alert      string // each alert, and one of these by its kind:
	Error      string
	Warning    string
	Success    string
	Info       string
	Other      string // a kind of the application's own
	AlertBody  string
	AlertTitle string
	AlertLink  string
	Dismiss    string // the label around the dismiss control
	Toggle     string // the checkbox in it
	Auto       string // alerts that disappear by themselves; with "-6" added, after 6 seconds

	Field   string // around a control with its label, hint and error
	Group   string // the same for several controls of one name, a fieldset
	Label   string
	Legend  string
	Hint    string
	Message string // the errors of a control
	Choice  string // around a checkbox or radio button with its label
	Caption string // the label of a Choice

	Control  string // a control for a line of text, a number, a date and so on
	Textarea string
	Select   string
	File     string
	Range    string
	Color    string
	Checkbox string
	Radio    string
	Button   string
	Invalid  string // in addition, on a control with an error

	Summary      string
	SummaryTitle string
	SummaryList  string
	SummaryLink  string

	Hidden string // text for screen readers only
}

// kind is the class of an alert of that kind.
func (t *Theme) kind(kind string) string {
	switch kind {
	case session.KindError:
		return t.Error
	case session.KindWarning:
		return t.Warning
	case session.KindSuccess:
		return t.Success
	case session.KindInfo:
		return t.Info
	}
	return t.Other
}

// control is the class of a control of that type.
func (t *Theme) control(kind string) string {
	switch kind {
	case "hidden":
		return ""
	case "textarea":
		return t.Textarea
	case "select":
		return t.Select
	case "file":
		return t.File
	case "range":
		return t.Range
	case "color":
		return t.Color
	case "checkbox":
		return t.Checkbox
	case "radio":
		return t.Radio
	case "submit", "button", "reset", "image":
		return t.Button
	}
	return t.Control
}
