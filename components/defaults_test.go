package components_test

import (
	"context"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

// configure is components.Configure for the rest of the test.
func configure(t *testing.T, change func(*components.Defaults)) {
	t.Helper()
	components.Configure(func(d *components.Defaults) {
		before := *d
		t.Cleanup(func() { components.Configure(func(d *components.Defaults) { *d = before }) })
		change(d)
	})
}

// under renders a component with changed defaults.
func under(change func(*components.Defaults), component templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return component.Render(components.With(ctx, change), w)
	})
}

// hints are defaults in which a hint has this class.
func hints(class string) func(*components.Defaults) {
	return func(d *components.Defaults) { d.Theme.Hint = class }
}

var hinted = components.Field("x", components.Input{Label: "X", Hint: "Hint"})

// hintClass is the class of the hint in hinted.
func hintClass(t testing.TB, component templ.Component) string {
	t.Helper()
	_, hint, _ := strings.Cut(html(t, component), `-hint" class="`)
	class, _, _ := strings.Cut(hint, `"`)
	return class
}

func Test_that_the_context_wins_over_what_is_configured(t *testing.T) {
	configure(t, hints("configured"))
	check(t, "hint", hintClass(t, hinted), "configured")
	check(t, "hint", hintClass(t, under(hints("own"), hinted)), "own")
	check(t, "hint, again", hintClass(t, hinted), "configured")
}

func Test_that_a_context_within_a_context_changes_what_it_names(t *testing.T) {
	labels := func(d *components.Defaults) { d.Theme.Label = "label" }
	got := html(t, under(hints("outer"), under(labels, under(hints("inner"), hinted))))
	for _, class := range []string{`class="inner"`, `class="label"`} {
		if !strings.Contains(got, class) {
			t.Errorf("%s is not in %s", class, got)
		}
	}
	check(t, "hint outside", hintClass(t, under(hints("outer"), templ.Join(hinted, under(hints("inner"), hinted)))), "outer")
}

func Test_that_one_request_does_not_change_how_another_looks(t *testing.T) {
	configure(t, hints("configured"))
	var all sync.WaitGroup
	for _, class := range []string{"one", "two", "three"} {
		all.Go(func() {
			for range 100 {
				check(t, "hint", hintClass(t, under(hints(class), hinted)), class)
			}
		})
	}
	all.Go(func() {
		for range 100 {
			components.Configure(hints("configured"))
			check(t, "hint", hintClass(t, hinted), "configured")
		}
	})
	all.Wait()
}

func Test_that_an_empty_theme_leaves_no_class(t *testing.T) {
	bare := func(d *components.Defaults) { d.Theme = components.Theme{} }
	for _, st := range ownStates() {
		got := after(t, st.form, st.flash, under(bare, st.component))
		checkMarkup(t, got)
		for _, class := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(got, -1) {
			if class[1] != "wide" && class[1] != "wide tall" { // from the application
				t.Errorf("%s has %s", st.name, class[0])
			}
		}
	}
}

func german(d *components.Defaults) {
	d.Labels = func(context.Context) components.Labels {
		labels := components.English()
		labels.Dismiss = "Schließen"
		labels.SummaryTitle = "Es gibt ein Problem"
		labels.ErrorPrefix = "Fehler:"
		labels.Kinds[session.KindSuccess] = "Erfolg:"
		return labels
	}
	d.Translate = func(_ context.Context, text string) string { return "<" + text + ">" }
}

func flashTexts(s *session.Session) {
	s.FlashAlert(session.Message{Kind: session.KindSuccess, Title: "title", Text: "text", Href: "/href", Label: "label"})
	s.FlashAlert(session.Message{Kind: session.KindInfo, Text: "link", Href: "/only"})
	s.FlashInputErrors(map[string][]string{"x": {"first", "second"}})
	s.FlashErrors(map[string]string{"E_PAGE": "page"})
	s.Flash("own", "own text")
	s.Flash("number", 7)
	s.Flash("message", session.Message{Title: "title", Text: "text", Label: "label"})
}

func Test_that_labels_and_translations_are_used_everywhere(t *testing.T) {
	message := text(components.Message[string])
	alert := text(func(ctx context.Context) string {
		m := components.Message[session.Message](ctx)
		return m.Title + m.Text + m.Label
	})
	for name, c := range map[string]struct {
		component templ.Component
		want      []string
		not       []string
	}{
		"alerts": {components.FlashAlerts(components.FlashProps{Dismiss: true}),
			[]string{"Erfolg: <", "<title>", "<text>", "<label>", "Schließen", "/href", "Note:", ">/only<"}, []string{"Dismiss", "Success"}},
		"alerts of your own": {components.FlashAlerts(components.FlashProps{Item: func(m session.Message) templ.Component {
			return text(func(context.Context) string { return m.Title + m.Text + m.Label })
		}}), []string{"<title><text><label>", "<link>"}, nil},
		"alerts of a kind": {components.Flash("success"), []string{"<text>"}, nil},
		"a message":        {with(components.FlashMessage("own"), message), []string{"<own text>"}, nil},
		"a number": {with(components.FlashMessage("number"), text(func(ctx context.Context) string {
			return strconv.Itoa(components.Message[int](ctx))
		})), []string{"7"}, []string{"<"}},
		"an alert":        {with(components.FlashMessage("message"), alert), []string{"<title><text><label>"}, nil},
		"an alert's text": {with(components.FlashMessage("success"), message), []string{"<text>"}, nil},
		"summary":         {components.ErrorSummary(), []string{"Es gibt ein Problem", "<first>", "<second>"}, []string{"There is"}},
		"input error":     {components.InputError("x"), []string{"Fehler:", "<first>", "<second>"}, []string{"Error:"}},
		"field":           {components.Field("x"), []string{"Fehler:", "<first>", "<second>"}, []string{"Error:"}},
		"page error":      {with(components.Error("E_PAGE"), message), []string{"<page>"}, nil},
		"page error, all of it": {with(components.Errors(), text(func(ctx context.Context) string {
			e := components.Message[session.PageError](ctx)
			return e.Code + e.Text
		})), []string{"E_PAGE<page>"}, nil},
		"ErrorFor":  {text(func(ctx context.Context) string { return components.ErrorFor(ctx, "x") }), []string{"<first>"}, nil},
		"ErrorsFor": {text(func(ctx context.Context) string { return strings.Join(components.ErrorsFor(ctx, "x"), "") }), []string{"<first><second>"}, nil},
		"Title":     {text(func(ctx context.Context) string { return components.Title(ctx, "Post") }), []string{"Fehler: Post"}, []string{"Error"}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := after(t, nil, flashTexts, under(german, c.component))
			got := strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(raw)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %s in %s", want, got)
				}
			}
			for _, not := range c.not {
				if strings.Contains(got, not) {
					t.Errorf("%s in %s", not, got)
				}
			}
		})
	}
}

func Test_that_an_empty_label_is_not_said(t *testing.T) {
	silent := func(d *components.Defaults) {
		d.Labels = func(context.Context) components.Labels { return components.Labels{} }
	}
	got := after(t, nil, flashTexts, under(silent, templ.Join(components.FlashAlerts, components.InputError("x"))))
	if strings.Contains(got, "<span") || strings.Contains(got, "Error:") {
		t.Errorf("got %s", got)
	}
}

func Test_that_nobody_changes_the_labels_of_all(t *testing.T) {
	components.English().Kinds[session.KindError] = "Oops:"
	if got := after(t, nil, everyKind, components.FlashAlerts); strings.Contains(got, "Oops:") {
		t.Errorf("got %s", got)
	}
}
