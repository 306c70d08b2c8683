package components_test

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/a-h/templ/runtime"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

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

func Test_that_attributes_are_written_as_templ_does(t *testing.T) {
	text, yes, no, number := `<"a&b'>`, true, false, 7
	for claim, value := range map[string]any{
		"a text":                       text,
		"an empty text":                "",
		"where a text is":              &text,
		"where no text is":             (*string)(nil),
		"yes":                          yes,
		"no":                           no,
		"where yes is":                 &yes,
		"where no is":                  &no,
		"where neither is":             (*bool)(nil),
		"a number":                     number,
		"where a number is":            &number,
		"a fraction":                   1.5,
		"a text if":                    templ.KV(text, true),
		"a text unless":                templ.KV(text, false),
		"a name if":                    templ.KV(true, true),
		"a name unless":                templ.KV(true, false),
		"a question":                   func() bool { return true },
		"nothing":                      nil,
		"something templ doesn't know": []string{text},
	} {
		writesAsTempl(t, claim, templ.Attributes{"data-x": value})
	}
	for claim, attrs := range map[string]templ.Attributes{
		"an address":            {"formaction": "/save"},
		"an address that runs":  {"formaction": "javascript:alert(1)"},
		"a text that runs":      {"onclick": "alert(1)"},
		"a call":                {"onclick": templ.JSFuncCall("alert", 1)},
		"a text that htmx runs": {"hx-on:click": "alert(1)"},
		"a style":               {"style": "color:red;background:url(javascript:alert(1))"},
	} {
		writesAsTempl(t, claim, attrs)
	}
}

// writesAsTempl checks that a control gets these attributes as any other element would.
func writesAsTempl(t *testing.T, claim string, attrs templ.Attributes) {
	t.Helper()
	var want strings.Builder
	want.WriteString(`<input type="text" id="x" name="x"`)
	if err := runtime.RenderAttributes(context.Background(), &want, io.Discard, "input", attrs); err != nil {
		t.Fatal(err)
	}
	want.WriteString(">")
	if got := html(t, components.OldInput("x", components.Input{Attrs: attrs})); got != want.String() {
		t.Errorf("%s: got %s; want %s", claim, got, want.String())
	}
}

// A tag of the application's own comes after the function that it calls, unless the page has that already.
func Test_that_a_script_comes_before_the_first_control_that_calls_it(t *testing.T) {
	script := templ.ComponentScript{Name: "hi_1", Function: "function hi_1(){}", Call: "hi_1(&#34;Ada&#34;)", CallInline: `hi_1("Ada")`}
	const function, call = `<script nonce="abc">function hi_1(){}</script>`, ` onchange="hi_1(&#34;Ada&#34;)"`
	attrs := templ.Attributes{"data-a": "1", "onchange": script, "title": "Say hi"}
	for claim, tc := range map[string]struct {
		input components.Input
		first string // the tag that the function comes before
		calls int
	}{
		"a field":    {components.Input{Label: "X"}, "<input", 1},
		"a textarea": {components.Input{Type: "textarea"}, "<textarea", 1},
		"a select":   {components.Input{Options: components.Options("a", "A")}, "<select", 1},
		"a group":    {components.Input{Type: "radio", Options: components.Options("a", "A", "b", "B")}, "<input", 2},
	} {
		tc.input.Attrs = attrs
		var out strings.Builder
		ctx := templ.WithNonce(templ.InitializeContext(context.Background()), "abc")
		twice := templ.Join(components.Field("x", tc.input), components.Field("x", tc.input))
		if err := twice.Render(ctx, &out); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		if strings.Count(got, function) != 1 || !strings.Contains(got, function+tc.first) || strings.Index(got, tc.first) < strings.Index(got, function) {
			t.Errorf("%s: got %s; want %s once, before the first %s", claim, got, function, tc.first)
		}
		if n := strings.Count(got, call); n != 2*tc.calls {
			t.Errorf("%s: %d calls in %s; want %d", claim, n, got, 2*tc.calls)
		}
	}
}
