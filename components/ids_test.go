package components_test

import (
	"context"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session/components"
)

func Test_that_ids_come_from_names(t *testing.T) {
	ctx := context.Background()
	for name, want := range map[string]string{
		"title":             "title",
		"items[0].name":     "items-0-name",
		"items[0][name]":    "items-0-name",
		"items.0.name":      "items-0-name",
		"tags[]":            "tags",
		"first_name":        "first_name",
		"two words\tand 3":  "two-words-and-3",
		"größe":             "größe",
		"दिन 😀":             "दिन-😀",
		"cafe\u0301\u3000x": "cafe\u0301-x",
		"-first--name":      "-first--name",
		"":                  "field",
		`"><`:               "field",
	} {
		check(t, name, components.FieldID(ctx, name), want)
		check(t, name, components.ErrorID(ctx, name), want+"-error")
		check(t, name, components.HintID(ctx, name), want+"-hint")
	}
	check(t, "in a form", components.FieldID(components.InForm(ctx, "log in"), "email"), "log-in-email")
	check(t, "radio", html(t, components.OldInput("plan", components.Input{Type: "radio", Value: "pro"})),
		`<input type="radio" id="plan-pro" name="plan" value="pro">`)
	check(t, "own id", html(t, components.OldInput("x", components.Input{Attrs: templ.Attributes{"id": "own"}})),
		`<input type="text" id="own" name="x">`)
}

// A label leads to the first element of an id, and so does a link of the summary.
func Test_that_a_field_shares_its_id_with_neither_the_alerts_nor_the_summary(t *testing.T) {
	for _, name := range []string{"flash", "error-summary", "error summary"} {
		got := after(t, nil, wrong(name), templ.Join(
			components.FlashAlerts(),
			components.ErrorSummary(),
			components.Field(name, components.Input{Label: "Flash", Hint: "Any"}),
		))
		checkMarkup(t, got)
		id := components.FieldID(context.Background(), name)
		for _, leads := range []string{` for="` + id + `"`, ` href="#` + id + `"`, `<input type="text" id="` + id + `"`} {
			if !strings.Contains(got, leads) {
				t.Errorf("%s: got %s; want%s", name, got, leads)
			}
		}
	}
}

var buttons = []string{"submit", "button", "reset", "image"}

func Test_that_buttons_without_names_share_no_id(t *testing.T) {
	for _, kind := range buttons {
		save, own := components.Input{Type: kind, Value: "Save"}, components.Input{Type: kind, ID: "own"}
		got := html(t, templ.Join(components.OldInput("", save), components.Field("", save), components.OldInput("", own), components.OldInput("go", save)))
		if ids := strings.Count(got, ` id="`); ids != 2 || !strings.Contains(got, ` id="own"`) || !strings.Contains(got, ` id="go"`) {
			t.Errorf("got %s; want the ids own and go only", got)
		}
	}
}

func Test_that_the_ids_of_a_group_differ(t *testing.T) {
	for _, values := range [][]string{
		{"c", "c+", "c-", "c--", "c"},
		{"c--3", "c+", "c-"},
		{"error", "hint", "error-", "hint-", ""},
	} {
		for _, kind := range []string{"radio", "checkbox"} {
			in := components.Input{Label: "Level", Hint: "Any", Type: kind}
			for _, value := range values {
				in.Options = append(in.Options, components.Option{Value: value})
			}
			checkMarkup(t, after(t, nil, wrong("level"), components.Field("level", in)))
		}
	}
}

func Test_that_a_radio_button_has_another_id_than_its_error_and_its_hint(t *testing.T) {
	checkMarkup(t, after(t, nil, wrong("level"), templ.Join(
		components.OldInput("level", components.Input{Type: "radio", Value: "error"}),
		components.OldInput("level", components.Input{Type: "radio", Value: "hint"}),
		components.InputError("level"),
		spread(func(ctx context.Context) templ.Attributes {
			return templ.Attributes{"id": components.HintID(ctx, "level")}
		}),
	)))
}
