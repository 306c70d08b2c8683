package components

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
)

// FlashProps configures how alerts are shown. The zero value shows alerts of the built-in kinds in
// the place of the component, errors first, until the visitor leaves the page.
type FlashProps struct {
	// Kinds are the kinds to show, in that order. Alerts of other kinds wait until something shows
	// them. nil means error, warning, success, info.
	Kinds []string

	// Position is where on the screen the alerts lie. Do not lay errors over the page: they would
	// cover what the visitor has to correct.
	Position Position

	// Dismiss adds a control that removes an alert, without JavaScript.
	Dismiss bool

	// AutoDismiss removes alerts after this long, rounded up to 4, 6, 8, 10, 15, 20 or 30 seconds;
	// 30 is the longest. They stay while the pointer or the focus is on them, and for visitors who
	// prefer reduced motion; with [Script], also while the page is in a background tab. 0 means
	// never. Errors always stay.
	AutoDismiss time.Duration

	// Sticky are the kinds that AutoDismiss leaves alone. nil means error and warning.
	Sticky []string

	ID    string           // of the region; "" means "flash"; a second region on a page needs another
	Class string           // of the region, in addition to the theme's
	Attrs templ.Attributes // of the region, such as {"up-flashes": true}

	// Item renders one alert in a way of your own, or not at all if it returns nil. If Item is nil,
	// alerts look as in the theme. Give its element the attributes data-flash, data-turbo-temporary
	// and hx-history="false", as built-in alerts have, or [Script], Turbo and htmx will keep it to
	// be shown again on Back.
	Item func(session.Message) templ.Component
}

// Position is where a region of alerts lies. Start is left on pages that are read from left to
// right, and right on others.
type Position int

// The positions. Inline is the place of the component in the page; the others lie over the page.
const (
	Inline Position = iota
	TopStart
	TopCenter
	TopEnd
	BottomStart
	BottomCenter
	BottomEnd
)

// FlashAlerts renders the region of the page where alerts are shown, even if there are none: a live
// region must exist before it gets its text. Both spellings work:
//
//	@components.FlashAlerts
//	@components.FlashAlerts(components.FlashProps{Dismiss: true})
//
// It is a variable so that the first one compiles; do not set it.
var FlashAlerts FlashAlertsFunc = flashAlerts

// FlashAlertsFunc is the type of [FlashAlerts], a component with optional properties.
type FlashAlertsFunc func(props ...FlashProps) templ.Component

var _ templ.Component = FlashAlerts

// Render renders the component without properties.
func (f FlashAlertsFunc) Render(ctx context.Context, w io.Writer) error {
	return f().Render(ctx, w)
}

func flashAlerts(props ...FlashProps) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		p, d := first(props), defaultsOf(ctx)
		alerts := p.alerts(ctx)
		return region(d, p, alerts).Render(ctx, w)
	})
}

// Flash renders the alerts of one kind without a region around them, for a place of their own in
// the page. (To show what Session.Flash has put under a key of your own, use [FlashMessage].) Of
// the properties, only Dismiss, AutoDismiss, Sticky and Item matter.
func Flash(kind string, props ...FlashProps) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		p := first(props)
		p.Kinds = []string{kind}
		return items(defaultsOf(ctx), p, p.alerts(ctx)).Render(ctx, w)
	})
}

var (
	allKinds    = []string{session.KindError, session.KindWarning, session.KindSuccess, session.KindInfo}
	stickyKinds = []string{session.KindError, session.KindWarning}
)

// alerts is the alerts to show, kind by kind.
func (p FlashProps) alerts(ctx context.Context) []session.Message {
	kinds := p.Kinds
	if kinds == nil {
		kinds = allKinds
	}
	if len(kinds) == 0 { // Alerts would take that for all kinds
		return nil
	}
	alerts := session.FromContext(ctx).FlashMessages().Alerts(kinds...)
	slices.SortStableFunc(alerts, func(a, b session.Message) int { return place(kinds, a) - place(kinds, b) })
	return alerts
}

// place is the index of an alert's kind among kinds.
func place(kinds []string, m session.Message) int {
	return slices.IndexFunc(kinds, func(name string) bool { return session.KindOf(name) == m.Kind })
}

// id is the id of the region.
func (p FlashProps) id() string { return idOf(p.ID, p.Attrs, regionID) }

// region is the attributes of the region.
func (p FlashProps) region(t *Theme, filled bool) attributes {
	var a attributes
	a = a.add("id", p.id())
	a = a.addText("class", words(t.Region, p.Position.class(t), p.Class))
	a = a.add("aria-live", "polite")
	if filled {
		a = a.add("hx-history", "false") // alerts by Item may not have it
	}
	return a.merge(p.Attrs)
}

func (p Position) class(t *Theme) string {
	switch p {
	case TopStart:
		return words(t.Top, t.Start)
	case TopCenter:
		return words(t.Top, t.Center)
	case TopEnd:
		return words(t.Top, t.End)
	case BottomStart:
		return words(t.Bottom, t.Start)
	case BottomCenter:
		return words(t.Bottom, t.Center)
	case BottomEnd:
		return words(t.Bottom, t.End)
	}
	return ""
}

// item is the component for one alert.
func (p FlashProps) item(ctx context.Context, d *Defaults, m session.Message) templ.Component {
	m = d.translateAlert(ctx, m)
	if p.Item == nil {
		return p.alert(d, m)
	}
	if own := p.Item(m); own != nil {
		return own
	}
	return templ.NopComponent
}

// alert renders the alert in the look of the theme.
func (p FlashProps) alert(d *Defaults, alert session.Message) templ.Component {
	return written(func(m *markup) {
		m.start("div")
		m.class(words(d.Theme.Alert, d.Theme.kind(alert.Kind), p.autoClass(&d.Theme, alert.Kind)))
		m.attribute("data-flash", alert.Kind)
		m.flag("data-turbo-temporary", true) // or Turbo would show it again from its cache
		m.attribute("hx-history", "false")   // or htmx would, if no region around it says so
		if alert.Kind == session.KindError || alert.Kind == session.KindWarning {
			m.attribute("role", "alert")
		}
		m.alertBody(d, alert)
		if p.Dismiss {
			m.dismiss(d)
		}
		m.end("div")
	})
}

func (m *markup) alertBody(d *Defaults, alert session.Message) {
	m.start("div")
	m.class(d.Theme.AlertBody)
	if prefix := d.labels(m.ctx).Kinds[alert.Kind]; prefix != "" {
		m.hidden(d, prefix+" ")
	}
	if alert.Title != "" {
		m.start("strong")
		m.class(d.Theme.AlertTitle)
		m.bdi(alert.Title)
		m.end("strong")
		m.text(" ")
	}
	m.bdi(alert.Text)
	m.text(" ")
	if alert.Href != "" {
		m.start("a")
		m.class(d.Theme.AlertLink)
		m.address("href", alert.Href)
		m.bdi(cmp.Or(alert.Label, alert.Href))
		m.end("a")
	}
	m.end("div")
}

// dismiss is a checkbox: when it is checked, the style sheet hides the alert.
func (m *markup) dismiss(d *Defaults) {
	m.start("label")
	m.class(d.Theme.Dismiss)
	m.start("input")
	m.attribute("type", "checkbox")
	m.attribute("autocomplete", "off") // or Back, and in Firefox a reload, would check the box of another alert
	m.class(d.Theme.Toggle)
	m.attribute("aria-label", d.labels(m.ctx).Dismiss)
	m.start("span")
	m.attribute("aria-hidden", "true")
	m.text("×")
	m.end("span")
	m.end("label")
}

// autoSteps are the times that have classes, in seconds. An arbitrary time would need a style
// attribute, which a strict Content-Security-Policy forbids.
var autoSteps = []int{4, 6, 8, 10, 15, 20, 30}

func (p FlashProps) autoClass(t *Theme, kind string) string {
	if p.AutoDismiss <= 0 || t.Auto == "" || p.isSticky(kind) {
		return ""
	}
	step := autoSteps[len(autoSteps)-1]
	for _, seconds := range slices.Backward(autoSteps) {
		if p.AutoDismiss <= time.Duration(seconds)*time.Second {
			step = seconds
		}
	}
	return t.Auto + " " + t.Auto + "-" + strconv.Itoa(step)
}

func (p FlashProps) isSticky(kind string) bool {
	sticky := p.Sticky
	if sticky == nil {
		sticky = stickyKinds
	}
	return kind == session.KindError || slices.ContainsFunc(sticky, func(name string) bool { return session.KindOf(name) == kind })
}
