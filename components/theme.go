package components

import (
	_ "embed" // for CSS

	"github.com/echo-hypermedia/session"
)

// CSS is the stylesheet of the default theme. Serve it as a file, or put [Styles] into
// the head of the page. Any rule of yours wins over it, and its colours are custom
// properties that begin with --session-. Components are dark where the page says that it
// is, by its color-scheme, or by data-theme="dark" on the root element.
//
//go:embed components.css
var CSS string

// Theme is the class names that components use. Their markup is always the same.
type Theme struct {
	Region                          string // around the alerts
	Top, Bottom, Start, Center, End string // where the region stands, if not inline

	Alert      string // each alert, and one of these by its kind:
	Error      string
	Warning    string
	Success    string
	Info       string
	Other      string // a kind of the application
	AlertBody  string
	AlertTitle string
	AlertLink  string
	Dismiss    string // the label around the dismiss control
	Toggle     string // the checkbox in it
	Auto       string // alerts that go by themselves; with "-6" after it, in 6 seconds

	Field   string // around a control with its label, hint and error
	Group   string // the same for several controls of one name, a fieldset
	Label   string
	Legend  string
	Hint    string
	Message string // what is wrong with a control
	Choice  string // around a checkbox or radio button with its label
	Caption string // that label

	Control string // any control but those that follow
	Select  string
	Box     string // a checkbox or radio button
	Button  string
	Invalid string // a control with an error

	Summary      string
	SummaryTitle string
	SummaryList  string
	SummaryLink  string

	Hidden string // text for screen readers only
}

// Default is the theme of [CSS].
var Default = Theme{
	Region: "flash-region",
	Top:    "flash-region-top",
	Bottom: "flash-region-bottom",
	Start:  "flash-region-start",
	Center: "flash-region-center",
	End:    "flash-region-end",

	Alert:      "flash",
	Error:      "flash-error",
	Warning:    "flash-warning",
	Success:    "flash-success",
	Info:       "flash-info",
	AlertBody:  "flash-body",
	AlertTitle: "flash-title",
	AlertLink:  "flash-link",
	Dismiss:    "flash-dismiss",
	Toggle:     "flash-toggle",
	Auto:       "flash-auto",

	Field:   "field",
	Group:   "field",
	Label:   "field-label",
	Legend:  "field-label",
	Hint:    "field-hint",
	Message: "field-error",
	Choice:  "field-choice",
	Caption: "field-caption",

	Summary:      "error-summary",
	SummaryTitle: "error-summary-title",
	SummaryList:  "error-summary-list",
	SummaryLink:  "error-summary-link",

	Hidden: "visually-hidden",
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
