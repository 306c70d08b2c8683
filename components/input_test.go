package components_test

import (
	"bytes"
	"cmp"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	dom "golang.org/x/net/html"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

func Test_that_a_password_and_a_file_never_have_a_value(t *testing.T) {
	for _, kind := range []string{"password", "file", "PassWord", " password "} {
		for _, component := range []func(string, ...components.Input) templ.Component{components.OldInput, components.Field} {
			in := components.Input{Type: kind, Value: "s3cret", Values: []string{"s3cret"}, Attrs: templ.Attributes{"value": "s3cret", "VALUE": "s3cret"}}
			got := after(t, url.Values{"x": {"s3cret"}}, (*session.Session).FlashAll, component("x", in))
			if strings.Contains(got, "s3cret") || strings.Contains(got, "value") {
				t.Errorf("%s: %s", kind, got)
			}
		}
	}
}

func Test_that_a_submission_goes_before_the_default(t *testing.T) {
	cases := []struct {
		desc  string
		form  url.Values
		flash func(s *session.Session)
		want  string // value="…"
	}{
		{"nothing submitted", nil, nil, "default"},
		{"submitted", url.Values{"title": {"Tea"}}, (*session.Session).FlashAll, "Tea"},
		{"submitted empty", url.Values{"title": {""}}, (*session.Session).FlashAll, ""},
		{"left out by name", url.Values{"title": {"Tea"}}, func(s *session.Session) { s.FlashExcept("title") }, "default"},
		{"not among those asked for", url.Values{"title": {"Tea"}}, func(s *session.Session) { s.FlashOnly("body") }, "default"},
	}
	for _, tc := range cases {
		t.Run(tc.desc, func(t *testing.T) {
			got := after(t, tc.form, tc.flash, components.OldInput("title", components.Input{Value: "default"}))
			want := `<input type="text" id="title" name="title">`
			if tc.want != "" {
				want = `<input type="text" id="title" name="title" value="` + tc.want + `">`
			}
			if got != want {
				t.Errorf("got %s; want %s", got, want)
			}
		})
	}
}

func Test_that_a_box_is_checked_as_it_was_submitted(t *testing.T) {
	cases := []struct {
		desc  string
		form  url.Values
		flash func(s *session.Session)
		want  bool
	}{
		{"nothing submitted", nil, nil, true},
		{"checked", url.Values{"x": {"1"}}, (*session.Session).FlashAll, true},
		{"unchecked", url.Values{"y": {"1"}}, (*session.Session).FlashAll, false},
		{"left out", url.Values{"y": {"1"}}, func(s *session.Session) { s.FlashExcept("x") }, true},
	}
	for _, tc := range cases {
		for _, kind := range []string{"checkbox", "radio"} {
			got := after(t, tc.form, tc.flash, components.OldInput("x", components.Input{Type: kind, Checked: true}))
			if checked := strings.Contains(got, " checked"); checked != tc.want {
				t.Errorf("%s: the %s is %s; want checked %t", tc.desc, kind, got, tc.want)
			}
		}
	}
}

func Test_that_a_control_that_was_not_sent_shows_its_default(t *testing.T) {
	off := templ.Attributes{"disabled": true}
	letters := components.Options("a", "A", "b", "B")
	fixed := []components.Option{{Value: "a", Selected: true, Disabled: true}, {Value: "b"}}
	cases := []struct {
		desc      string
		submitted string // by the control; "" = nothing
		input     components.Input
		want      string
	}{
		{"a disabled field", "", components.Input{Value: "Ada", Attrs: off}, ` value="Ada"`},
		{"a disabled text", "", components.Input{Type: "textarea", Value: "Ada", Attrs: off}, ">\nAda</textarea>"},
		{"a disabled box", "", components.Input{Type: "checkbox", Checked: true, Attrs: off}, " checked"},
		{"a disabled box besides others", "b", components.Input{Type: "checkbox", Value: "a", Checked: true, Attrs: off}, " checked"},
		{"a disabled box by the values", "", components.Input{Type: "checkbox", Value: "a", Values: []string{"a"}, Attrs: off}, " checked"},
		{"a disabled radio button", "", components.Input{Type: "radio", Value: "a", Checked: true, Attrs: off}, " checked"},
		{"but not besides another choice", "b", components.Input{Type: "radio", Value: "a", Checked: true, Attrs: off}, ` value="a" disabled>`},
		{"a field for several addresses", "", components.Input{Type: "email", Multiple: true, Value: "a@example.com"}, ` value="a@example.com"`},
		{"a disabled choice", "", components.Input{Type: "radio", Value: "b", Options: letters, Attrs: off}, ` value="b" checked`},
		{"a disabled list", "", components.Input{Type: "select", Value: "b", Options: letters, Attrs: off}, `"b" selected>`},
		{"a disabled list of several", "", components.Input{Type: "select", Multiple: true, Value: "b", Options: letters, Attrs: off}, `"b" selected>`},
		{"a field that was not in the form", "", components.Input{Value: "Ada"}, ` value="Ada"`},
		{"a list whose first option is no choice", "", components.Input{Type: "select", Options: fixed}, `"a" selected disabled>`},
		{"such a list, and a choice", "b", components.Input{Type: "select", Options: fixed}, `"b" selected>`},
		{"a box that cannot be cleared", "b", components.Input{Type: "checkbox", Options: fixed}, `"a" checked`},
		{"a choice that cannot be cleared", "", components.Input{Type: "radio", Options: fixed}, `"a" checked`},
		{"such a choice, and another", "b", components.Input{Type: "radio", Options: fixed}, `"b" checked`},
		{"a disabled box that is clear", "b", components.Input{Type: "checkbox", Value: "a", Attrs: off}, ` value="a" disabled>`},
		{"disabled boxes besides others", "b", components.Input{Type: "checkbox", Value: "a", Options: letters, Attrs: off}, `"a" checked`},
	}
	for _, tc := range cases {
		t.Run(tc.desc, func(t *testing.T) {
			form := url.Values{"y": {"1"}}
			if tc.submitted != "" {
				form.Set("x", tc.submitted)
			}
			got := after(t, form, (*session.Session).FlashAll, components.Field("x", tc.input))
			if !strings.Contains(got, tc.want) {
				t.Errorf("got %s; want %s", got, tc.want)
			}
		})
	}
}

// Go uses the first of several values, as FormValue and c.Bind do.
func Test_that_a_checked_box_comes_before_the_field_that_speaks_for_an_unchecked_one(t *testing.T) {
	for _, checked := range []bool{true, false} {
		in := components.Input{Type: "checkbox", Label: "Live", Value: "true", Unchecked: "false", Checked: checked}
		group := components.Input{Type: "checkbox", Unchecked: "false", Options: []components.Option{{Value: "true", Selected: checked}}}
		for desc, component := range map[string]templ.Component{
			"OldInput": components.OldInput("live", in), "Field": components.Field("live", in), "Field with options": components.Field("live", group),
		} {
			got := sent(t, html(t, component), "live")
			if want := strconv.FormatBool(checked); len(got) == 0 || got[0] != want {
				t.Errorf("%s: a box that is checked (%t) sends %q; want %q first", desc, checked, got, want)
			}
		}
	}
}

// sent is what a browser sends for the inputs of this name.
func sent(t *testing.T, markup, name string) (values []string) {
	t.Helper()
	roots, err := parseMarkup(markup)
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range roots {
		for node := range withDescendants(root) {
			box := attribute(node, "type") == "checkbox"
			checked := slices.ContainsFunc(node.Attr, func(a dom.Attribute) bool { return a.Key == "checked" })
			if node.Data == "input" && attribute(node, "name") == name && (checked || !box) {
				values = append(values, attribute(node, "value"))
			}
		}
	}
	return values
}

// Pages may share the defaults.
func Test_that_defaults_are_not_written_to(t *testing.T) {
	defaults := append(make([]string, 0, 2), "a")
	html(t, components.Field("x", components.Input{
		Type: "checkbox", Options: components.Options("a", "A", "b", "B"), Values: defaults, Value: "b",
	}))
	if got := defaults[:2]; got[1] != "" {
		t.Errorf("got %q; want the defaults as they were", got)
	}
}

func Test_that_a_form_with_files_is_refilled_too(t *testing.T) {
	v := newVisitor(t)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("title", "Tea")
	_, _ = form.CreateFormFile("picture", "s3cret.png")
	_ = form.Close()
	r := httptest.NewRequest(http.MethodPost, "/", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	v.do(r, func(c echo.Context) error {
		session.From(c).FlashAll()
		return session.Redirect(c, "/")
	})
	got := v.get(templ.Join(components.OldInput("title"), components.OldInput("picture", components.Input{Type: "file"})))
	if want := `<input type="text" id="title" name="title" value="Tea"><input type="file" id="picture" name="picture">`; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

func Test_that_forms_of_other_names_are_left_alone(t *testing.T) {
	login := url.Values{session.FormField: {"login"}, "email": {"a@example.org"}}
	v := newVisitor(t)
	v.post(login, wrong("email"))
	got := v.get(templ.Join(components.Field("email"), components.ErrorSummary(), inForm("login", components.OldInput("email")),
		inForm("login", components.ErrorSummary())))
	if !strings.HasPrefix(got, `<div class="field"><input type="text" id="email" name="email"></div><input `) {
		t.Errorf("the unnamed form has %s", got)
	}
	for _, want := range []string{`id="login-email" name="email" value="a@example.org"`, `id="login-error-summary"`, `href="#login-email"`} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s; want %s in it", got, want)
		}
	}
}

func Test_that_old_input_and_errors_end_with_the_page(t *testing.T) {
	v := newVisitor(t)
	v.post(url.Values{"title": {"Tea"}}, wrong("title"))
	for i, want := range []bool{true, false} {
		got := v.get(components.Field("title", components.Input{Label: "Title"}))
		if strings.Contains(got, "Tea") != want || strings.Contains(got, "Not so") != want {
			t.Errorf("page %d has %s", i+1, got)
		}
	}
}

func Test_that_the_functions_say_what_the_components_show(t *testing.T) {
	v := newVisitor(t)
	v.post(url.Values{"title": {""}, "tags[]": {"go", "templ"}, "plan": {"pro"}}, func(s *session.Session) {
		s.FlashExcept("left")
		s.FlashInputErrors(map[string][]string{"title": {"Enter a title", "Use letters"}})
	})
	v.in(func(ctx context.Context) {
		check(t, "Old empty", components.Old(ctx, "title", "default"), "")
		check(t, "Old left out", components.Old(ctx, "left", "default"), "default")
		check(t, "Old left out without a default", components.Old(ctx, "left"), "")
		check(t, "OldAll", strings.Join(components.OldAll(ctx, "tags[]", "x"), " "), "go templ")
		check(t, "Submitted", components.Submitted(ctx), true)
		check(t, "IsChecked", components.IsChecked(ctx, "tags[]", "go"), true)
		check(t, "IsChecked not", components.IsChecked(ctx, "tags[]", "echo", true), false)
		check(t, "IsChecked left out", components.IsChecked(ctx, "left", "1", true), true)
		check(t, "IsSelected", components.IsSelected(ctx, "plan", "pro"), true)
		check(t, "Checked", components.Checked(ctx, "plan", "pro")["checked"], any(true))
		check(t, "Selected not", components.Selected(ctx, "plan", "free", true)["selected"], any(false))
		check(t, "HasError", components.HasError(ctx, "title"), true)
		check(t, "HasError not", components.HasError(ctx, "plan"), false)
		check(t, "ErrorFor", components.ErrorFor(ctx, "title"), "Enter a title")
		check(t, "ErrorsFor", len(components.ErrorsFor(ctx, "title")), 2)
		check(t, "HasErrors", components.HasErrors(ctx), true)
		check(t, "Title", components.Title(ctx, "New post"), "Error: New post")
		check(t, "Invalid", components.Invalid(ctx, "title", "help")["aria-describedby"], any("help title-error"))
		check(t, "Invalid", components.Invalid(ctx, "title")["aria-invalid"], any("true"))
		check(t, "Invalid not", len(components.Invalid(ctx, "plan")), 0)
		check(t, "Invalid not, with a hint", components.Invalid(ctx, "plan", "help")["aria-describedby"], any("help"))
	})
}

func Test_that_an_error_of_the_page_is_one_of_the_errors(t *testing.T) {
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) { s.FlashErrors(map[string]string{"E_LIMIT": "Too many tries."}) })
	v.in(func(ctx context.Context) { check(t, "HasErrors", components.HasErrors(ctx), true) })
}

func Test_that_the_functions_do_without_a_session(t *testing.T) {
	ctx := context.Background()
	check(t, "Old", components.Old(ctx, "title", "default"), "default")
	check(t, "Submitted", components.Submitted(ctx), false)
	check(t, "IsChecked", components.IsChecked(ctx, "x", "1", true), true)
	check(t, "HasErrors", components.HasErrors(ctx), false)
	check(t, "Title", components.Title(ctx, "New post"), "New post")
	check(t, "Invalid", len(components.Invalid(ctx, "x")), 0)
}

func Test_that_a_title_says_whether_there_are_errors(t *testing.T) {
	cases := []struct {
		claim string
		flash func(s *session.Session)
		want  string
	}{
		{"one of the page", func(s *session.Session) { s.FlashErrors(map[string]string{"E_LIMIT": "Too many tries."}) }, "Error: New post"},
		{"one of a form, which is further down and has a name", wrong("title"), "Error: New post"},
		{"none", (*session.Session).FlashAll, "New post"},
	}
	for _, tc := range cases {
		v := newVisitor(t)
		v.post(url.Values{session.FormField: {"post"}}, tc.flash)
		got := v.get(text(func(ctx context.Context) string { return components.Title(ctx, "New post") }))
		check(t, tc.claim, got, tc.want)
	}
}

func Test_that_the_title_of_a_part_ends_no_form(t *testing.T) {
	v := newVisitor(t)
	v.post(url.Values{session.FormField: {"post"}}, wrong("title"))
	v.parts = true // of another tab
	check(t, "Title", v.get(text(func(ctx context.Context) string { return components.Title(ctx, "Sidebar") })), "Error: Sidebar")
	v.parts = false
	v.in(func(ctx context.Context) {
		if len(session.FromContext(ctx).Submission("post").Errors("title")) == 0 {
			t.Error("the form that waits to be corrected is gone")
		}
	})
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v; want %v", what, got, want)
	}
}

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

func Test_that_attributes_count_in_any_case(t *testing.T) {
	letters := components.Options("a", "A", "b", "B")
	cases := []struct {
		claim string
		input components.Input
		want  string
		count int
	}{
		{"a disabled box keeps its default", components.Input{Type: "checkbox", Checked: true, Attrs: templ.Attributes{"Disabled": true}}, " checked", 1},
		{"so does the field that speaks for it", components.Input{Type: "checkbox", Unchecked: "0", Attrs: templ.Attributes{"DISABLED": true}}, " disabled", 2},
		{"of a group no box is required", components.Input{Type: "checkbox", Options: letters, Attrs: templ.Attributes{"Required": true}}, "required", 0},
		{"a list may take several", components.Input{Type: "select", Options: letters, Values: []string{"a", "b"}, Attrs: templ.Attributes{"MULTIPLE": true, "disabled": true}}, " selected", 2},
		{"as it may in lower case", components.Input{Type: "select", Options: letters, Values: []string{"a", "b"}, Attrs: templ.Attributes{"multiple": true, "disabled": true}}, " selected", 2},
		{"an id is one", components.Input{Attrs: templ.Attributes{"ID": "own"}}, ` id="own"`, 1},
		{"a name in two cases is one", components.Input{Type: "radio", Options: letters, Attrs: templ.Attributes{"aria-label": "Letter", "ARIA-LABEL": "Letter"}}, `="Letter"`, 1},
	}
	for _, tc := range cases {
		got := after(t, url.Values{"y": {"1"}}, (*session.Session).FlashAll, components.Field("x", tc.input))
		if n := strings.Count(got, tc.want); n != tc.count {
			t.Errorf("%s: %d times %q in %s; want %d", tc.claim, n, tc.want, got, tc.count)
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

func Test_that_nothing_is_wrong_with_what_nobody_fills_in(t *testing.T) {
	classes := func(d *components.Defaults) {
		d.Theme = components.Theme{Control: "control", Button: "button", Invalid: "invalid"}
	}
	for kind, want := range map[string]string{
		"text": ` class="control invalid"`, "checkbox": ` class="invalid"`,
		"hidden": "", "submit": ` class="button"`, "button": ` class="button"`, "reset": ` class="button"`, "image": ` class="button"`,
	} {
		got := after(t, nil, wrong("x"), under(classes, components.OldInput("x", components.Input{Type: kind})))
		class := regexp.MustCompile(` class="[^"]*"`).FindString(got)
		if said := strings.Contains(got, "aria-invalid"); class != want || said != strings.Contains(want, "invalid") {
			t.Errorf("%s: %s; want%s", kind, got, want)
		}
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

func Test_that_old_input_alone_is_one_control(t *testing.T) {
	for _, kind := range []string{"radio", "checkbox", "text"} {
		in := components.Input{Type: kind, Checked: true}
		want := html(t, components.OldInput("x", in))
		in.Options = components.Options("a", "A", "b", "B")
		if got := html(t, components.OldInput("x", in)); got != want {
			t.Errorf("with options it is %s; want %s", got, want)
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

func Test_that_options_come_in_pairs(t *testing.T) {
	got := components.Options("a", "Apple", "b")
	want := []components.Option{{Value: "a", Label: "Apple"}, {Value: "b", Label: "b"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
	if got := components.Options(); len(got) != 0 {
		t.Errorf("got %v", got)
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
			want := strings.ToLower(key) + `="Plan"`
			if !strings.Contains(strings.ToLower(fieldset), strings.ToLower(want)) || strings.Contains(options, "Plan") || strings.Count(options, ` form="f"`) != 2 || strings.Contains(got, "<legend") {
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

func Test_that_an_attribute_which_templ_leaves_out_is_none(t *testing.T) {
	var text *string
	var flag *bool
	for _, value := range []any{false, flag, new(false), text, templ.KV("disabled", false), templ.KV(true, false), templ.KV(false, true),
		func() bool { return false }} {
		if got := clearedBox(t, templ.Attributes{"disabled": value}); strings.Contains(got, " checked") || strings.Contains(got, " disabled") {
			t.Errorf("%T: %s; want a box that the visitor has cleared", value, got)
		}
	}
}

func Test_that_an_attribute_which_templ_writes_is_one(t *testing.T) {
	for _, value := range []any{true, new(true), "", "disabled", new("disabled"), templ.KV("disabled", true), templ.KV(true, true), 1,
		func() bool { return true }} {
		if got := clearedBox(t, templ.Attributes{"disabled": value}); !strings.Contains(got, " checked") || !strings.Contains(got, " disabled") {
			t.Errorf("%T: %s; want a box that the visitor could not clear", value, got)
		}
	}
}

// clearedBox is a box that is checked by default, after a form in which it was cleared.
func clearedBox(t *testing.T, attrs templ.Attributes) string {
	t.Helper()
	box := components.Input{Type: "checkbox", Checked: true, Attrs: attrs}
	return after(t, url.Values{"x": {"1"}}, (*session.Session).FlashAll, components.OldInput("news", box))
}

func Test_that_classes_and_ids_may_be_of_any_type_that_templ_knows(t *testing.T) {
	var none *string
	for _, tc := range []struct {
		value any
		want  string
	}{
		{"wide", "wide"},
		{new("wide"), "wide"},
		{templ.KV("wide", true), "wide"},
		{"", ""},
		{none, ""},
		{templ.KV("wide", false), ""},
		{true, ""},
		{nil, ""},
	} {
		got := html(t, components.OldInput("x", components.Input{Class: "own", Attrs: templ.Attributes{"class": tc.value, "id": tc.value}}))
		want := `<input type="text" id="` + cmp.Or(tc.want, "x") + `" name="x" class="` + strings.TrimSpace("own "+tc.want) + `">`
		if got != want {
			t.Errorf("%T %v: got %s; want %s", tc.value, tc.value, got, want)
		}
	}
}

func Test_that_of_an_attribute_in_two_cases_that_in_lower_case_counts(t *testing.T) {
	for range 20 { // the order of a map varies
		got := clearedBox(t, templ.Attributes{"DISABLED": false, "disabled": true})
		if !strings.Contains(got, " checked") || !strings.Contains(got, " disabled") {
			t.Fatalf("got %s; want a box that is disabled", got)
		}
	}
}

func Test_that_what_is_no_name_of_an_attribute_is_left_out(t *testing.T) {
	for _, key := range []string{"", "x y", "x\ty", "x\u00a0y", "x\x00", "\x01x", "x\x7f", "x\u0080", `x"`, "x'", "x=y", "<x", "x>", "x/y", "x&y"} {
		got := html(t, components.OldInput("x", components.Input{Attrs: templ.Attributes{key: "own"}}))
		if want := `<input type="text" id="x" name="x">`; got != want {
			t.Errorf("%q: got %s; want %s", key, got, want)
		}
	}
}

func Test_that_a_button_is_described(t *testing.T) {
	button := components.Input{Type: "submit", Value: "Pay", Hint: "It costs 5.", DescribedBy: "terms"}
	if got := html(t, components.Field("pay", button)); !strings.Contains(got, ` aria-describedby="pay-hint terms"`) {
		t.Errorf("got %s", got)
	}
}
