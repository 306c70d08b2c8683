package main

import (
	"embed"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

//go:embed static
var static embed.FS

// look is a theme and the page around it.
type look struct {
	name, title string
	theme       components.Theme
	sheets      []string // in addition to those of every look
	rtl         string   // replaces the first sheet on right-to-left pages, if it must
	body        string   // classes of the body
}

var looks = []look{
	{name: "default", title: "Default", theme: components.Default, sheets: []string{"/app.css"}},
	{
		name: "bootstrap", title: "Bootstrap", theme: components.Bootstrap,
		sheets: []string{"/static/themes/bootstrap.min.css"}, rtl: "/static/themes/bootstrap.rtl.min.css",
	},
	{
		name: "daisyui", title: "daisyUI", theme: components.DaisyUI,
		sheets: []string{"/static/themes/daisyui.css"},
		body:   "bg-base-100 text-base-content",
	},
	{
		name: "tailwind", title: "Tailwind", theme: components.Tailwind,
		sheets: []string{"/static/themes/tailwind.css"},
		body:   "bg-white text-gray-900 dark:bg-gray-950 dark:text-gray-100",
	},
	{name: "pico", title: "Pico", theme: components.Pico, sheets: []string{"/static/themes/pico.min.css"}},
	{name: "none", title: "No CSS", theme: components.Default},
}

// galleryView is what the query of the gallery's address selects.
type galleryView struct {
	look        look
	scheme, dir string
}

func galleryViewOf(c echo.Context) galleryView {
	v := galleryView{looks[0], "light", "ltr"}
	for _, l := range looks {
		if l.name == c.QueryParam("theme") {
			v.look = l
		}
	}
	if c.QueryParam("scheme") == "dark" {
		v.scheme = "dark"
	}
	if c.QueryParam("dir") == "rtl" {
		v.dir = "rtl"
	}
	return v
}

// with is the address of the gallery with one parameter changed.
func (v galleryView) with(name, value string) string {
	q := url.Values{"theme": {v.look.name}, "scheme": {v.scheme}, "dir": {v.dir}}
	q.Set(name, value)
	return "/gallery?" + q.Encode()
}

// sheets are the style sheets of the page.
func (v galleryView) sheets() []string {
	if v.look.name == "none" {
		return nil
	}
	sheets := v.look.sheets
	if v.dir == "rtl" && v.look.rtl != "" {
		sheets = []string{v.look.rtl}
	}
	return append([]string{"/components.css"}, append(sheets, "/static/gallery.css")...)
}

// gallery shows each component in each state. Nothing is stored: what is flashed here is shown by
// this very page, unless it is loaded ahead of time. Its form is sent to this page again, as a
// search form is, and then the fields show what was typed.
func gallery(c echo.Context) error {
	s := session.From(c)
	flashSamples(s)
	wrong := map[string][]string{}
	for _, field := range samples {
		wrong["invalid."+field.name] = []string{field.problem}
	}
	s.FlashInputErrors(wrong)
	if c.QueryParam("send") != "" {
		s.FlashOnly(namesOf("empty", "filled", "invalid")...)
	}
	view := galleryViewOf(c)
	ctx := components.With(c.Request().Context(), func(d *components.Defaults) { d.Theme = view.look.theme })
	c.SetRequest(c.Request().WithContext(ctx))
	return session.Render(c, http.StatusOK, galleryPage(view))
}

func flashSamples(s *session.Session) {
	s.FlashNow(session.KindError, "The photo was not uploaded: it is larger than 10 MB.")
	s.FlashNow(session.KindWarning, "Your trial ends tomorrow.")
	s.FlashNow(session.KindSuccess, "Your changes were saved.")
	s.FlashNow(session.KindInfo, "A new version is out.")
	for _, kind := range []string{session.KindError, session.KindWarning, session.KindSuccess, session.KindInfo} {
		s.FlashAlert(session.Message{
			Kind: kind, Title: "With a title", Text: "And with a link, too.", Href: "/", Label: "Follow it",
		})
	}
	s.FlashNow("note", "A kind of our own, over the page.")
}

// sample is a field of the gallery.
type sample struct {
	name    string
	input   components.Input
	problem string
}

var (
	fruit = components.Options("apple", "Apple", "banana", "Banana", "cherry", "Cherry")
	trees = []components.Option{
		{Value: "oak", Label: "Oak", Group: "Leaves"}, {Value: "beech", Label: "Beech", Group: "Leaves"},
		{Value: "pine", Label: "Pine", Group: "Needles"}, {Value: "yew", Label: "Yew", Group: "Needles", Disabled: true},
	}
)

var samples = []sample{
	{"text", components.Input{Label: "Text", Hint: "With a hint", Value: "Forms without tears"}, "Enter a title"},
	{"email", components.Input{Label: "Email", Type: "email", Value: "ada@example.com"}, "Enter an email address"},
	{"url", components.Input{Label: "Address", Type: "url", Value: "https://example.com/"}, "Enter an address"},
	{"tel", components.Input{Label: "Phone", Type: "tel", Value: "+44 20 7946 0018"}, "Enter a phone number"},
	{"search", components.Input{Label: "Search", Type: "search", Value: "templ"}, "Search for something"},
	{"password", components.Input{Label: "Password", Type: "password", Hint: "It never comes back"}, "Use at least 8 characters"},
	{"number", components.Input{Label: "Number", Type: "number", Value: "42"}, "Enter a number"},
	{"date", components.Input{Label: "Date", Type: "date", Value: "2026-11-23"}, "Choose a date"},
	{"time", components.Input{Label: "Time", Type: "time", Value: "09:30"}, "Choose a time"},
	{"datetime", components.Input{Label: "Date and time", Type: "datetime-local", Value: "2026-11-23T09:30"}, "Choose a date and a time"},
	{"month", components.Input{Label: "Month", Type: "month", Value: "2026-11"}, "Choose a month"},
	{"week", components.Input{Label: "Week", Type: "week", Value: "2026-W48"}, "Choose a week"},
	{"color", components.Input{Label: "Colour", Type: "color", Value: "#4f46e5"}, "Choose a colour"},
	{"range", components.Input{Label: "Range", Type: "range", Value: "80"}, "Choose less"},
	{"file", components.Input{Label: "File", Type: "file"}, "Choose a picture"},
	{"select", components.Input{Label: "Select", Type: "select", Prompt: "Choose one", Options: trees, Value: "pine"}, "Choose a tree"},
	{"multiple[]", components.Input{Label: "Select several", Type: "select", Multiple: true, Options: fruit, Values: []string{"apple", "cherry"}}, "Choose a fruit"},
	{"textarea", components.Input{Label: "Text of several lines", Type: "textarea", Value: "First line\nSecond line"}, "Enter a text"},
	{"checkbox", components.Input{Label: "Checkbox", Type: "checkbox", Hint: "With a hint", Checked: true}, "Accept it"},
	{"checkboxes[]", components.Input{Label: "Checkboxes", Type: "checkbox", Hint: "One or two", Options: fruit, Values: []string{"apple", "cherry"}}, "Choose a fruit"},
	{"radio", components.Input{Label: "Radio buttons", Type: "radio", Options: fruit, Value: "banana"}, "Choose a fruit"},
}

// variant is a state of a field.
type variant struct {
	name, title string
	filled      bool
	disabled    bool
}

var variants = []variant{
	{name: "empty", title: "Empty"},
	{name: "filled", title: "Filled in", filled: true},
	{name: "invalid", title: "Invalid", filled: true},
	{name: "disabled", title: "Disabled", filled: true, disabled: true},
}

// of is the field in that state.
func (v variant) of(field sample) components.Input {
	in := field.input
	if !v.filled {
		in.Value, in.Values, in.Checked = "", nil, false
	}
	if v.disabled {
		in.Attrs = map[string]any{"disabled": true}
	}
	return in
}

func namesOf(states ...string) []string {
	var names []string
	for _, state := range states {
		for _, field := range samples {
			names = append(names, state+"."+field.name)
		}
	}
	return names
}
