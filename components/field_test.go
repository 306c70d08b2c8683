package components_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

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

func Test_that_only_a_list_for_one_choice_has_a_prompt(t *testing.T) {
	letters := components.Options("a", "A", "b", "B")
	for claim, in := range map[string]components.Input{
		"a list":            {Type: "select"},
		"a list of several": {Type: "select", Multiple: true},
		"radio buttons":     {Type: "radio"},
		"boxes":             {Type: "checkbox"},
	} {
		in.Options, in.Prompt = letters, "Choose"
		got := html(t, components.Field("x", in))
		if has := strings.Contains(got, "Choose"); has != (claim == "a list") {
			t.Errorf("%s: %s", claim, got)
		}
	}
}

func Test_that_of_several_defaults_the_first_is_chosen_where_it_can_be_one_only(t *testing.T) {
	options := []components.Option{{Value: "a"}, {Value: "b", Selected: true}, {Value: "c"}, {Value: "d", Selected: true}}
	for kind, want := range map[string]string{"select": `"b" selected`, "radio": `"b" checked`} {
		got := html(t, components.Field("x", components.Input{Type: kind, Options: options}))
		if n := strings.Count(got, " selected") + strings.Count(got, " checked"); n != 1 || !strings.Contains(got, want) {
			t.Errorf("%s: %s; want %s and no other", kind, got, want)
		}
	}
}

func Test_that_a_component_does_not_change_its_properties(t *testing.T) {
	in := components.Input{Label: "X", Type: "checkbox", Options: components.Options("a", "A"), Values: []string{"a"},
		Attrs: templ.Attributes{"required": true}}
	components := components.Field("x", in)
	first := html(t, components)
	if again := html(t, components); again != first {
		t.Errorf("got %s, then %s", first, again)
	}
	if in.Options[0].Selected || len(in.Attrs) != 1 {
		t.Errorf("the properties are %v now", in)
	}
}

func Test_that_what_names_a_group_names_none_of_its_options(t *testing.T) {
	for _, kind := range []string{"radio", "checkbox"} {
		for _, key := range []string{"aria-label", "ARIA-LabelledBy"} {
			got := html(t, components.Field("plan", components.Input{
				Type: kind, Options: components.Options("free", "Free", "pro", "Pro"), Attrs: templ.Attributes{key: "Plan", "form": "f"},
			}))
			fieldset, options, _ := strings.Cut(got[strings.Index(got, "<fieldset"):], ">")
			named := strings.Contains(strings.ToLower(fieldset), strings.ToLower(key)+`="plan"`)
			if !named || strings.Contains(options, "Plan") || strings.Count(options, ` form="f"`) != 2 || strings.Contains(got, "<legend") {
				t.Errorf("%s, %s: %s", kind, key, got)
			}
		}
	}
}

func Test_that_one_option_of_a_group_takes_the_focus_of_a_new_page(t *testing.T) {
	for _, kind := range []string{"radio", "checkbox"} {
		got := html(t, components.Field("plan", components.Input{
			Type: kind, Options: components.Options("free", "Free", "pro", "Pro"), Attrs: templ.Attributes{"AutoFocus": true, "form": "f"},
		}))
		first, rest, _ := strings.Cut(got, `value="pro"`)
		if !strings.Contains(first, " autofocus") || strings.Contains(rest, "autofocus") || !strings.Contains(rest, ` form="f"`) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func Test_that_an_option_that_is_disabled_stays_so(t *testing.T) {
	for _, kind := range []string{"radio", "checkbox", "select"} {
		got := html(t, components.Field("plan", components.Input{
			Type: kind, Options: []components.Option{{Value: "a"}, {Value: "b", Disabled: true}}, Attrs: templ.Attributes{"disabled": false},
		}))
		if strings.Count(got, " disabled") != 1 {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func Test_that_a_button_is_described(t *testing.T) {
	button := components.Input{Type: "submit", Value: "Pay", Hint: "It costs 5.", DescribedBy: "terms"}
	if got := html(t, components.Field("pay", button)); !strings.Contains(got, ` aria-describedby="pay-hint terms"`) {
		t.Errorf("got %s", got)
	}
}

func Test_that_options_without_a_type_are_those_of_a_select(t *testing.T) {
	for name, control := range map[string]func(string, ...components.Input) templ.Component{"Field": components.Field, "OldInput": components.OldInput} {
		for _, options := range [][]components.Option{components.Options("go", "Go", "echo", "Echo"), {}} {
			got := html(t, control("x", components.Input{Options: options}))
			if want := html(t, control("x", components.Input{Type: "select", Options: options})); got != want || !strings.Contains(got, "<select") {
				t.Errorf("%s: got %s; want %s", name, got, want)
			}
		}
	}
}

func Test_that_a_group_without_choices_is_no_box(t *testing.T) {
	for _, kind := range []string{"radio", "checkbox"} {
		got := html(t, components.Field("tags", components.Input{Label: "Tags", Type: kind, Options: components.Options()}))
		if !strings.Contains(got, "<fieldset") || strings.Contains(got, "<input") {
			t.Errorf("%s: got %s; want a group without boxes", kind, got)
		}
	}
}

func Test_that_a_choice_is_described_by_its_own_hint(t *testing.T) {
	for _, kind := range []string{"radio", "checkbox"} {
		got := html(t, components.Field("plan", components.Input{Type: kind, Options: []components.Option{
			{Value: "free", Hint: "Nothing to pay"}, {Value: "pro"},
		}}))
		if strings.Count(got, "aria-describedby") != 1 || !strings.Contains(got, ` aria-describedby="plan-free-hint"`) ||
			!strings.Contains(got, `<p id="plan-free-hint" class="field-hint">Nothing to pay</p>`) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func Test_that_the_hint_of_a_choice_shares_its_id_with_no_other_choice(t *testing.T) {
	got := html(t, components.Field("plan", components.Input{Type: "radio", Options: []components.Option{{Value: "a", Hint: "A"}, {Value: "a-hint"}}}))
	if n := strings.Count(got, ` id="plan-a-hint"`); n != 1 {
		t.Errorf("%d elements have the id of the hint: %s", n, got)
	}
}
