package components_test

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

var update = flag.Bool("update", false, "write the golden files in testdata anew")

// state is a component on the page after a request.
type state struct {
	name      string
	form      url.Values
	flash     func(s *session.Session)
	component templ.Component
}

func Test_that_components_render_what_they_rendered_before(t *testing.T) {
	seen := map[string]bool{}
	for _, st := range states() {
		if seen[st.name] {
			t.Fatalf("two states are called %s", st.name)
		}
		seen[st.name] = true
		t.Run(st.name, func(t *testing.T) {
			show := after
			if strings.HasPrefix(st.name, "oob") {
				show = afterInPart
			}
			got := show(t, st.form, st.flash, st.component)
			checkMarkup(t, got)
			compareGolden(t, st.name, got)
		})
	}
	files, err := filepath.Glob("testdata/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".html"); !seen[name] {
			t.Errorf("%s belongs to no state any more", file)
		}
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
	file := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s\n(go test ./components -update accepts it)", got, want)
	}
}

func states() []state {
	return slices.Concat(ownStates(), themeStates())
}

// ownStates are the states in the theme of the context.
func ownStates() []state {
	return slices.Concat(flashStates(), errorStates(), inputStates(), fieldStates(), formStates(), csrfStates(), htmxStates())
}

func everyKind(s *session.Session) {
	s.FlashInfo("Tea is ready.")
	s.FlashSuccess("Saved.")
	s.FlashError("Not sent.")
	s.FlashWarning("Nearly full.")
	s.FlashSuccess("Sent & seen.")
}

func flashStates() []state {
	link := session.Message{Kind: session.KindSuccess, Title: "Order 7", Text: "is on its way.", Href: "/orders/7", Label: "Follow it"}
	custom := func(m session.Message) templ.Component {
		return text(func(context.Context) string { return m.Kind + ": " + m.Text + "\n" })
	}
	list := []state{
		{"flash-empty", nil, nil, components.FlashAlerts},
		{"flash-every-kind", nil, everyKind, components.FlashAlerts},
		{"flash-title-and-link", nil, func(s *session.Session) { s.FlashAlert(link) }, components.FlashAlerts},
		{"flash-link-without-label", nil, func(s *session.Session) {
			s.FlashAlert(session.Message{Kind: "info", Text: "See", Href: "https://example.org/a?b=c&d"})
		}, components.FlashAlerts},
		{"flash-aliases", nil, func(s *session.Session) {
			s.Flash("notice", "A notice.")
			s.Flash("danger", "A danger.")
		}, components.FlashAlerts},
		{"flash-unnamed-kind", nil, func(s *session.Session) {
			s.FlashAlert(session.Message{Kind: "promo", Text: "Half price."})
		}, components.FlashAlerts},
		{"flash-named-kinds", nil, func(s *session.Session) {
			everyKind(s)
			s.FlashAlert(session.Message{Kind: "promo", Text: "Half price."})
		}, components.FlashAlerts(components.FlashProps{Kinds: []string{"promo", "success"}})},
		{"flash-dismiss", nil, everyKind, components.FlashAlerts(components.FlashProps{Dismiss: true})},
		{"flash-auto-dismiss", nil, everyKind, components.FlashAlerts(components.FlashProps{AutoDismiss: 5 * time.Second})},
		{"flash-sticky", nil, everyKind, components.FlashAlerts(components.FlashProps{AutoDismiss: time.Hour, Sticky: []string{"notice"}})},
		{"flash-region-of-your-own", nil, everyKind, components.FlashAlerts(components.FlashProps{
			ID: "toasts", Class: "wide", Attrs: templ.Attributes{"up-flashes": true, "class": "tall", "aria-live": "assertive"}})},
		{"flash-item-of-your-own", nil, everyKind, components.FlashAlerts(components.FlashProps{Item: custom})},
		{"flash-of-one-kind", nil, everyKind, components.Flash("success", components.FlashProps{Dismiss: true})},
		{"flash-of-one-kind-empty", nil, nil, components.Flash("success")},
		{"flash-message", nil, func(s *session.Session) { s.Flash("newsletter", "Welcome!") },
			with(components.FlashMessage("newsletter"), text(components.Message[string]))},
		{"flash-message-empty", nil, nil, with(components.FlashMessage("newsletter"), text(components.Message[string]))},
	}
	positions := []components.Position{components.Inline, components.TopStart, components.TopCenter, components.TopEnd,
		components.BottomStart, components.BottomCenter, components.BottomEnd}
	for i, position := range positions {
		list = append(list, state{fmt.Sprint("flash-position-", i), nil, nil,
			components.FlashAlerts(components.FlashProps{Position: position})})
	}
	return list
}

func errorStates() []state {
	page := func(s *session.Session) {
		s.FlashErrors(map[string]string{"E_LIMIT": "Too many tries.", "E_STALE": "Somebody was faster."})
	}
	fields := func(s *session.Session) {
		s.FlashAll()
		s.FlashInputErrors(map[string][]string{
			"title": {"Enter a title", "Use letters"}, "tags.1": {"Unknown tag"}, "items[0].name": {"Enter a name"}, "seats[1]": {"Taken"}})
	}
	nameless := func(s *session.Session) { s.FlashInputErrors(map[string][]string{"": {"Two of these are needed"}}) }
	several := url.Values{"seats[1]": {"7"}, "tags[]": {"go", "x"}}
	message := text(components.Message[string])
	return []state{
		{"input-error", nil, fields, components.InputError("title")},
		{"input-error-none", nil, fields, components.InputError("body")},
		{"input-error-of-an-element", nil, fields, components.InputError("tags[]")},
		{"error", nil, page, with(components.Error("E_LIMIT"), message)},
		{"error-none", nil, page, with(components.Error("E_OTHER"), message)},
		{"errors", nil, page, with(components.Errors(), message)},
		{"summary-empty", nil, nil, components.ErrorSummary()},
		{"summary", several, fields, components.ErrorSummary()},
		{"summary-of-your-own", several, fields, components.ErrorSummary(components.SummaryProps{
			Title: "Not yet", NoFocus: true, ID: "oops", Class: "wide", Attrs: templ.Attributes{"role": nil, "data-x": "1"}})},
		{"summary-of-an-error-without-a-name", nil, nameless, components.ErrorSummary()},
		{"summary-of-a-named-form", url.Values{session.FormField: {"login"}, "tags[]": {"go", "x"}}, fields, inForm("login", components.ErrorSummary())},
	}
}

// textTypes are the types whose value is an attribute.
var textTypes = map[string][2]string{ // the default, and what is submitted
	"text": {"a", "b"}, "email": {"a@example.org", "b@example.org"}, "url": {"https://a.example", "https://b.example"},
	"tel": {"1", "2"}, "search": {"a", "b"}, "number": {"1", "2.5"}, "range": {"1", "9"}, "color": {"#000000", "#ffffff"},
	"date": {"2026-01-01", "2026-12-31"}, "time": {"09:00", "23:59"}, "datetime-local": {"2026-01-01T09:00", "2026-12-31T23:59"},
	"month": {"2026-01", "2026-12"}, "week": {"2026-W01", "2026-W53"}, "hidden": {"a", "b"},
	"password": {"never", "never"}, "file": {"never", "never"}, "submit": {"Save", "never"}, "textarea": {"a\nb", "\nc\nd"},
}

func inputStates() []state {
	var list []state
	for kind, values := range textTypes {
		in := components.Input{Type: kind, Value: values[0]}
		form := url.Values{"x": {values[1]}}
		list = append(list,
			state{"input-" + kind, nil, nil, components.OldInput("x", in)},
			state{"input-" + kind + "-old", form, (*session.Session).FlashAll, components.OldInput("x", in)},
			state{"input-" + kind + "-error", form, wrong("x"), components.OldInput("x", in)},
			state{"field-" + kind, form, wrong("x"), components.Field("x", labelled(in))},
		)
	}
	box := components.Input{Type: "checkbox", Checked: true}
	tag := components.Input{Type: "checkbox", Value: "go"}
	pro := components.Input{Type: "radio", Value: "pro"}
	fruit := components.Options("a", "Apple", "b", "Banana", "c", "Cherry")
	one := components.Input{Type: "select", Options: fruit, Value: "b", Prompt: "Choose"}
	many := components.Input{Type: "select", Options: fruit, Values: []string{"a", "b"}, Multiple: true}
	grouped := components.Input{Type: "select", Options: []components.Option{
		{Value: "", Label: "None"}, {Value: "a", Group: "Pome"}, {Value: "p", Label: "Pear", Group: "Pome", Selected: true},
		{Value: "b", Label: "Banana", Group: "Berries", Disabled: true, Selected: true}}}
	checkbox := func(in components.Input) components.Input { in.Unchecked = "0"; return in }
	return append(list,
		state{"checkbox", nil, nil, components.OldInput("x", box)},
		state{"checkbox-old-checked", url.Values{"x": {"1"}}, (*session.Session).FlashAll, components.OldInput("x", box)},
		state{"checkbox-old-unchecked", url.Values{}, (*session.Session).FlashAll, components.OldInput("x", box)},
		state{"checkbox-hidden-sibling", url.Values{"x": {"0"}}, (*session.Session).FlashAll, components.OldInput("x", checkbox(box))},
		state{"checkbox-hidden-sibling-checked", url.Values{"x": {"1", "0"}}, wrong("x"), components.OldInput("x", checkbox(box))},
		state{"checkbox-of-a-list", url.Values{"tags[]": {"go", "echo"}}, wrong("tags.1"), components.OldInput("tags[]", tag)},
		state{"radio", nil, nil, components.OldInput("plan", pro)},
		state{"radio-old", url.Values{"plan": {"pro"}}, wrong("plan"), components.OldInput("plan", pro)},
		state{"select", nil, nil, components.OldInput("x", one)},
		state{"select-old", url.Values{"x": {"c"}}, wrong("x"), components.OldInput("x", one)},
		state{"select-old-prompt", url.Values{"x": {""}}, wrong("x"), components.OldInput("x", one)},
		state{"select-old-not-offered", url.Values{"x": {"z"}}, (*session.Session).FlashAll, components.OldInput("x", one)},
		state{"select-multiple", nil, nil, components.OldInput("x", many)},
		state{"select-multiple-old", url.Values{"x": {"c", "a", "z"}}, wrong("x"), components.OldInput("x", many)},
		state{"select-multiple-old-none", url.Values{"y": {""}}, (*session.Session).FlashAll, components.OldInput("x[]", many)},
		state{"select-groups", nil, nil, components.OldInput("x", grouped)},
		state{"input-merged-attributes", nil, wrong("x"), components.OldInput("x", components.Input{
			Class: "wide", DescribedBy: "more", Attrs: templ.Attributes{
				"class": "tall", "aria-describedby": "most", "required": true, "name": "y", "TYPE": "file", "value": "v", "checked": true,
				"aria-invalid": "grammar", "bad key": "1", "a=b": "1", `a"b`: "1", "a/b": "1", "a>b": "1", "a<b": "1", "a&b": "1", "": "1",
				"hx-get": "/check", "data-n": 3}})},
		state{"input-ids", nil, nil, components.OldInput("items[0][name]", components.Input{})},
		state{"input-in-a-named-form", url.Values{session.FormField: {"login"}, "x": {"b"}}, wrong("x"),
			inForm("login", components.OldInput("x"))},
	)
}

func labelled(in components.Input) components.Input {
	in.Label, in.Hint = "Label", "Hint"
	return in
}

// wrong flashes the form and an error of this field.
func wrong(name string) func(s *session.Session) {
	return func(s *session.Session) {
		s.FlashAll()
		s.FlashInputErrors(map[string][]string{name: {"Not so"}})
	}
}

func fieldStates() []state {
	options := components.Options("c", "C", "c+", "C+", "c-", "C-")
	group := func(kind string) components.Input {
		return components.Input{Label: "Which", Hint: "Any", Type: kind, Options: options, Value: "c", Unchecked: "-",
			Class: "wide", Attrs: templ.Attributes{"required": true, "data-x": "1", "id": "own"}}
	}
	plain := components.Input{Label: "Which", Type: "radio", Options: options}
	return []state{
		{"field", nil, nil, components.Field("title", components.Input{Label: "Title"})},
		{"field-bare", nil, nil, components.Field("title")},
		{"field-nested", url.Values{"items[0].name": {"b"}}, wrong("items.0.name"), components.Field("items[0].name", labelled(components.Input{}))},
		{"field-several-errors", nil, func(s *session.Session) {
			s.FlashInputErrors(map[string][]string{"x": {"One", "Two"}})
		}, components.Field("x", components.Input{Label: "X"})},
		{"field-select", url.Values{"x": {"c"}}, wrong("x"), components.Field("x", components.Input{Label: "X", Type: "select", Options: options})},
		{"field-checkbox", url.Values{}, wrong("x"), components.Field("x", labelled(components.Input{Type: "checkbox", Unchecked: "0"}))},
		{"field-radio-group", nil, nil, components.Field("plan", plain)},
		{"field-radio-group-old", url.Values{"plan": {"c+"}}, wrong("plan"), components.Field("plan", group("radio"))},
		{"field-radio-group-old-none", url.Values{}, (*session.Session).FlashAll, components.Field("plan", group("radio"))},
		{"field-checkbox-group", nil, nil, components.Field("tags[]", group("checkbox"))},
		{"field-checkbox-group-old", url.Values{"tags[]": {"c+", "c-"}}, wrong("tags.0"), components.Field("tags[]", group("checkbox"))},
		{"field-checkbox-group-old-none", url.Values{}, (*session.Session).FlashAll, components.Field("tags[]", group("checkbox"))},
	}
}

// themeStates are the alerts and a form in each theme that we provide. (Default is the theme of all
// other states.)
func themeStates() []state {
	alerts := components.FlashAlerts(components.FlashProps{Position: components.TopEnd, Dismiss: true, AutoDismiss: 6 * time.Second})
	fruit := components.Options("a", "Apple", "b", "Banana")
	field := func(kind string, options ...components.Option) templ.Component {
		return components.Field(kind, components.Input{Label: "Label", Hint: "Hint", Type: kind, Options: options})
	}
	form := templ.Join(components.ErrorSummary(), field("text"), field("textarea"), field("select", fruit...), field("file"),
		field("range"), field("color"), field("checkbox"), field("radio", fruit...), field("submit"))
	wrong := func(s *session.Session) {
		s.FlashInputErrors(map[string][]string{"text": {"Enter a text"}, "radio": {"Choose a fruit"}})
	}
	var list []state
	for name, theme := range map[string]components.Theme{
		"bootstrap": components.Bootstrap, "daisyui": components.DaisyUI, "tailwind": components.Tailwind, "pico": components.Pico,
	} {
		themed := func(d *components.Defaults) { d.Theme = theme }
		list = append(list,
			state{"theme-" + name + "-alerts", nil, everyKind, under(themed, alerts)},
			state{"theme-" + name + "-form", nil, wrong, under(themed, form)},
		)
	}
	return list
}
