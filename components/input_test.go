package components_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

func Test_that_a_choice_whose_value_has_a_line_break_stays(t *testing.T) {
	spellings := []string{"1 High St\nLeeds", "1 High St\r\nLeeds", "1 High St\rLeeds"}
	for _, sent := range spellings {
		for _, value := range spellings {
			options := []components.Option{{Value: "none"}, {Value: value}}
			for kind, component := range map[string]templ.Component{
				"select":   components.Field("address", components.Input{Type: "select", Options: options}),
				"radio":    components.Field("address", components.Input{Type: "radio", Options: options}),
				"checkbox": components.OldInput("address", components.Input{Type: "checkbox", Value: value}),
				"by hand": templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
					_, err := fmt.Fprint(w, components.Checked(ctx, "address", value))
					return err
				}),
			} {
				got := after(t, url.Values{"address": {sent}}, (*session.Session).FlashAll, component)
				if strings.Count(got, " selected")+strings.Count(got, " checked")+strings.Count(got, "checked:true") != 1 {
					t.Errorf("%s, %q after %q: %s", kind, value, sent, got)
				}
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

func Test_that_old_input_alone_is_one_control(t *testing.T) {
	for _, kind := range []string{"radio", "checkbox", "text"} {
		in := components.Input{Type: kind, Checked: true}
		want := html(t, components.OldInput("x", in))
		in.Options = components.Options("a", "A", "b", "B")
		if got := html(t, components.OldInput("x", in)); got != want {
			t.Errorf("with options it is %s; want %s", got, want)
		}
		in.Hint = "Choose one"
		if got := html(t, components.OldInput("x", in)); got != want {
			t.Errorf("with a hint, which is not there, it is %s; want %s", got, want)
		}
	}
}

func Test_that_an_option_is_disabled_though_the_others_are_not(t *testing.T) {
	options := []components.Option{{Value: "a", Disabled: true}, {Value: "b"}}
	for _, kind := range []string{"radio", "checkbox"} {
		got := html(t, components.Field("x", components.Input{Type: kind, Options: options, Attrs: templ.Attributes{"disabled": false}}))
		if strings.Count(got, " disabled") != 1 || !strings.Contains(got, `value="a" disabled`) {
			t.Errorf("got %s; want a disabled, and b not", got)
		}
	}
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
