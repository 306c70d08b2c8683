package components_test

import (
	"flag"
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
