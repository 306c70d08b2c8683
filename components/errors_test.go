package components_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

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

func Test_that_a_list_has_the_errors_of_its_elements(t *testing.T) {
	for _, element := range []string{"tags.1", "tags[1]", "tags[]"} {
		for _, kind := range []string{"select", "checkbox"} {
			got := after(t, url.Values{"tags[]": {"go", "x"}}, wrong(element), templ.Join(components.ErrorSummary(), components.Field("tags[]",
				components.Input{Type: kind, Multiple: true, Options: components.Options("go", "Go", "echo", "Echo")})))
			if !strings.Contains(got, `<p id="tags-error"`) || !strings.Contains(got, `href="#tags"`) || !strings.Contains(got, "tags-error\"") {
				t.Errorf("an error of %s is not shown at the %s: %s", element, kind, got)
			}
		}
	}
	itself := after(t, url.Values{"tags[]": {"go"}, "tags[1]": {"x"}}, wrong("tags[1]"), components.ErrorSummary())
	if !strings.Contains(itself, `href="#tags-1"`) {
		t.Errorf("an element that was sent by itself is not where its error leads: %s", itself)
	}
	noInput := func(s *session.Session) { s.FlashInputErrors(map[string][]string{"tags.1": {"Not so"}}) }
	if got := after(t, nil, noInput, components.ErrorSummary()); !strings.Contains(got, `href="#tags"`) {
		t.Errorf("without old input, an error of tags.1 leads elsewhere: %s", got)
	}
	got := after(t, url.Values{"tags.name": {"x"}}, wrong("tags.name"), components.Field("tags[]"))
	if strings.Contains(got, "Not so") {
		t.Errorf("tags.name is no element of a list, but its error is shown: %s", got)
	}
}

func Test_that_a_field_of_several_values_has_the_errors_of_its_elements_under_any_name(t *testing.T) {
	for _, kind := range []string{"select", "checkbox"} {
		field := components.Field("extras", components.Input{Type: kind, Multiple: true, Options: components.Options("milk", "Milk")})
		got := after(t, url.Values{"extras": {"milk", "x"}}, wrong("extras[1]"), field)
		if !strings.Contains(got, `<p id="extras-error"`) || strings.Count(got, "Not so") != 1 || !strings.Contains(got, `aria-describedby="extras-error"`) {
			t.Errorf("%s: %s", kind, got)
		}
	}
	for _, one := range []components.Input{{}, {Type: "checkbox"}, {Type: "select"}, {Type: "radio", Options: components.Options("milk", "Milk")}} {
		if got := after(t, url.Values{"extras": {"milk"}}, wrong("extras[1]"), components.Field("extras", one)); strings.Contains(got, "Not so") {
			t.Errorf("%q has one value only, and shows the error of another field: %s", one.Type, got)
		}
	}
}

func Test_that_an_element_nobody_has_chosen_shows_its_own_error(t *testing.T) {
	for _, name := range []string{"answers[1]", "answers.1"} {
		field := components.Field(name, components.Input{Type: "radio", Options: components.Options("a", "A", "b", "B")})
		got := after(t, url.Values{"answers[0]": {"a"}}, wrong(name), templ.Join(components.ErrorSummary(), field))
		if !strings.Contains(got, `href="#answers-1"`) || !strings.Contains(got, `<fieldset id="answers-1"`) {
			t.Errorf("the error of %s does not lead to it: %s", name, got)
		}
	}
}

func Test_that_an_error_is_not_shown_at_another_field_whose_name_is_much_alike(t *testing.T) {
	for _, names := range [][2]string{
		{"item_1", "item1"}, {"user[Name]", "user.name"}, {"seat[1-12]", "seat[11-2]"}, {"members[-1].name", "members[1].name"},
	} {
		both := templ.Join(components.Field(names[0]), components.Field(names[1]))
		got := after(t, url.Values{names[0]: {""}, names[1]: {""}}, wrong(names[0]), both)
		if strings.Count(got, "Not so") != 1 || !strings.Contains(got, components.ErrorID(t.Context(), names[0])) {
			t.Errorf("the error of %s is not shown there, and only there: %s", names[0], got)
		}
	}
	for _, spelled := range [][2]string{{"published_at", "PublishedAt"}, {"PublishedAt", "published_at"}} {
		got := after(t, url.Values{"published_at": {"x"}}, wrong(spelled[0]), components.InputError(spelled[1]))
		if !strings.Contains(got, "Not so") {
			t.Errorf("the error of %s is not that of %s, which is the same field: %s", spelled[0], spelled[1], got)
		}
	}
	box := components.Field("accept_tls_1_3", components.Input{Type: "checkbox"})
	if got := after(t, url.Values{"name": {"x"}}, wrong("AcceptTLS13"), box); strings.Count(got, "Not so") != 1 {
		t.Errorf("the error of a box that was not checked is not shown there: %s", got)
	}
}

func Test_that_the_summary_leads_to_a_secret_with_an_index(t *testing.T) {
	digits := templ.Join(components.ErrorSummary(), components.Field("otp[0]"), components.Field("otp[1]"))
	got := after(t, url.Values{"otp[0]": {"1"}, "otp[1]": {""}}, wrong("otp[1]"), digits)
	if !strings.Contains(got, `href="#otp-1"`) || !strings.Contains(got, `id="otp-1"`) {
		t.Errorf("the error of otp[1] does not lead to it: %s", got)
	}
}
