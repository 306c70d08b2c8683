package components_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

func formStates() []state {
	save := templ.Raw("<div>Save</div>")
	form := func(p components.FormProps) templ.Component { return with(components.Form(p), save) }
	login := url.Values{session.FormField: {"login"}, "email": {"a"}}
	named := with(components.Form(components.FormProps{Action: "/login", Name: "login"}),
		templ.Join(components.ErrorSummary(), components.Field("email", components.Input{Label: "Email"})))
	return []state{
		{"form", nil, nil, form(components.FormProps{})},
		{"form-put", nil, nil, form(components.FormProps{Action: "/posts/7?a=1&b=2", Method: "put"})},
		{"form-get", nil, nil, form(components.FormProps{Action: "/search", Method: "GET", Name: "search"})},
		{"form-dialog", nil, nil, form(components.FormProps{Method: "dialog"})},
		{"form-multipart", nil, nil, form(components.FormProps{Action: "/posts", Multipart: true})},
		{"form-without-csrf", nil, nil, form(components.FormProps{Action: "/hook", NoCSRF: true})},
		{"form-to-another-site", nil, nil, form(components.FormProps{Action: "https://example.org/pay"})},
		{"form-action-that-runs", nil, nil, form(components.FormProps{Action: "javascript:alert(1)"})},
		{"form-merged-attributes", nil, nil, form(components.FormProps{ID: "own", Class: "wide", Attrs: templ.Attributes{
			"novalidate": true, "class": "tall", "id": "other", "Action": "https://evil.example", "METHOD": "get", "name": "x", "hx-post": "/posts"}})},
		{"form-named", nil, nil, named},
		{"form-corrected", login, wrong("email"), named},
		{"form-of-another-name", url.Values{session.FormField: {"newsletter"}, "email": {"a"}}, wrong("email"), named},
	}
}

func Test_that_a_token_goes_to_this_site_only_and_in_no_address(t *testing.T) {
	cases := []struct {
		action, method string
		want           bool
	}{
		{"", "", true},
		{"/posts", "", true},
		{"/posts", "POST", true},
		{"posts/7", "delete", true},
		{"../posts", "patch", true},
		{"?page=2", "", true},
		{"#form", "", true},
		{"/redirect?to=https://example.org", "", true},
		{"/a:b//c", "", true},
		{"7:30", "", true},
		{"/posts", "get", false},
		{"/posts", " GET ", false},
		{"/posts", "dialog", false},
		{"https://example.org/posts", "", false},
		{"HTTP:posts", "", false},
		{"mailto:a@example.org", "", false},
		{"web+x:y", "", false},
		{"//example.org", "", false},
		{"///example.org", "", false},
		{`\\example.org`, "", false},
		{`/\example.org`, "", false},
		{`\/example.org`, "", false},
		{" \t//example.org", "", false},
		{"\x00\x1f//example.org", "", false},
		{"/\t/example.org", "", false},
		{"/\r\n\\example.org", "", false},
		{"ht\ntps://example.org", "", false},
		{"\x0bhttps:example.org", "", false},
	}
	for _, tc := range cases {
		got := after(t, nil, nil, with(components.Form(components.FormProps{Action: tc.action, Method: tc.method}), templ.NopComponent))
		if has := strings.Contains(got, "a-token"); has != tc.want {
			t.Errorf("%q by %q has the token: %t; want %t", tc.action, tc.method, has, tc.want)
		}
		checkMarkup(t, got)
	}
}

func Test_that_a_form_has_methods_that_browsers_do_not_know(t *testing.T) {
	for method, want := range map[string]string{
		"": "", "get": "", "Post": "", "dialog": "", "put": "PUT", " Patch ": "PATCH", "DELETE": "DELETE", "query": "QUERY",
	} {
		got := html(t, with(components.Form(components.FormProps{Method: method}), templ.NopComponent))
		field := `<input type="hidden" name="_method" value="` + want + `"`
		if want == "" {
			field = "_method"
		}
		if strings.Contains(got, field) != (want != "") || want != "" && !strings.HasPrefix(got, `<form method="post">`) {
			t.Errorf("%q becomes %s", method, got)
		}
	}
}

func Test_that_a_form_to_be_corrected_stays_out_of_the_history(t *testing.T) {
	for _, tc := range []struct {
		claim string
		flash func(s *session.Session)
		want  bool
	}{
		{"with what was submitted", (*session.Session).FlashAll, true},
		{"with what is wrong", func(s *session.Session) { s.FlashInputErrors(map[string][]string{"title": {"Not so"}}) }, true},
		{"with neither", func(s *session.Session) { s.FlashSuccess("Saved.") }, false},
	} {
		got := after(t, url.Values{"title": {"Tea"}}, tc.flash, with(components.Form(components.FormProps{}), templ.NopComponent))
		if kept := strings.Contains(got, ` hx-history="false"`); kept != tc.want {
			t.Errorf("%s it does: %t; want %t", tc.claim, kept, tc.want)
		}
	}
}

func Test_that_forms_with_the_same_fields_share_nothing(t *testing.T) {
	fields := templ.Join(
		components.ErrorSummary(components.SummaryProps{NoFocus: true}),
		components.Field("email", components.Input{Label: "Email", Hint: "Yours"}),
		components.Field("tags[]", components.Input{Type: "checkbox", Options: components.Options("error", "E", "hint", "H")}),
		components.OldInput("plan", components.Input{Type: "radio", Value: "pro"}),
		components.OldInput("plan", components.Input{Type: "radio", Value: "free"}),
	)
	page := templ.Join(
		with(components.Form(components.FormProps{Name: "contact"}), fields),
		with(components.Form(components.FormProps{Name: "newsletter"}), fields),
		with(components.Form(components.FormProps{}), fields),
	)
	submitted := url.Values{session.FormField: {"newsletter"}, "email": {"a@"}, "tags[]": {"hint"}, "plan": {"pro"}}
	got := after(t, submitted, func(s *session.Session) {
		s.FlashAll()
		s.FlashInputErrors(map[string][]string{"email": {"Not so"}, "tags.0": {"Not that"}})
	}, page)
	checkMarkup(t, got)

	forms := strings.SplitAfter(got, "</form>")
	for i, name := range []string{"contact", "newsletter", "unnamed"} {
		filled := strings.Contains(forms[i], "a@") && strings.Contains(forms[i], "Not so") && strings.Contains(forms[i], "Not that") &&
			strings.Count(forms[i], " checked") == 2
		empty := !strings.Contains(forms[i], "a@") && !strings.Contains(forms[i], "Not ") && !strings.Contains(forms[i], " checked")
		if name == "newsletter" && !filled || name != "newsletter" && !empty {
			t.Errorf("the %s form is %s", name, forms[i])
		}
	}
}

func Test_that_the_spellings_of_a_name_are_one_name(t *testing.T) {
	groups := [][]string{
		{"items[0].name", "items[0][name]", "items.0.name"},
		{"user[address][city]", "user.address.city", "user[address].city"},
		{"tags[]", "tags"},
		{"rows[2][tags][]", "rows.2.tags", "rows[2].tags[]"},
	}
	for _, spellings := range groups {
		for _, submitted := range spellings {
			for _, wrongName := range spellings {
				for _, shown := range spellings {
					claim := fmt.Sprintf("%s is submitted, %s wrong, %s shown", submitted, wrongName, shown)
					got := after(t, url.Values{submitted: {"Tea"}}, wrong(wrongName),
						templ.Join(components.ErrorSummary(), components.Field(shown, components.Input{Label: "X", Value: "default"})))
					for _, want := range []string{`value="Tea"`, "Not so", `name="` + shown + `"`, `href="#` + components.FieldID(context.Background(), shown) + `"`} {
						if !strings.Contains(got, want) {
							t.Errorf("%s: no %s in %s", claim, want, got)
						}
					}
				}
			}
		}
	}
}

func Test_that_the_very_spelling_of_a_name_goes_first(t *testing.T) {
	form := url.Values{"user[name]": {"brackets"}, "user.name": {"dots"}}
	errs := map[string][]string{"user[name]": {"In brackets"}, "user.name": {"With dots"}}
	flash := func(s *session.Session) {
		s.FlashAll()
		s.FlashInputErrors(errs)
	}
	for name, want := range map[string]string{"user[name]": "brackets", "user.name": "dots"} {
		got := after(t, form, flash, components.Field(name))
		if !strings.Contains(got, `value="`+want+`"`) || !strings.Contains(got, errs[name][0]) || strings.Count(got, "<bdi>") != 1 {
			t.Errorf("%s shows %s", name, got)
		}
	}
}

func Test_that_a_fragment_in_a_form_belongs_to_it(t *testing.T) {
	v := newVisitor(t)
	v.csrf = "a-token"
	v.post(url.Values{session.FormField: {"post"}, "title": {"Tea"}}, wrong("title"))
	form := with(components.Form(components.FormProps{Name: "post"}), templ.Join(
		components.ErrorSummary(),
		with(templ.Fragment("title"), components.Field("title")),
	))
	v.do(pageRequest(), func(c echo.Context) error {
		var out bytes.Buffer
		err := templ.RenderFragments(c.Request().Context(), &out, generated(form), "title")
		got := out.String()
		if err != nil || !strings.HasPrefix(got, `<div class="field"><input type="text" id="post-title" name="title" value="Tea"`) ||
			!strings.Contains(got, "Not so") || strings.Contains(got, "a-token") {
			t.Errorf("the fragment is %s, %v", got, err)
		}
		return c.HTML(http.StatusOK, got)
	})
}

func Test_that_a_part_of_a_form_outside_of_it_is_about_that_form(t *testing.T) {
	form := url.Values{session.FormField: {"row-7"}, "name": {"typed"}}
	cell := templ.Join(components.OldInput("name", components.Input{Value: "default"}), components.ErrorSummary())
	page := templ.Join(inForm("row-7", cell), inForm("row-8", cell))

	got := after(t, form, wrong("name"), page)

	for _, want := range []string{`id="row-7-name" name="name" value="typed" aria-invalid="true"`, `href="#row-7-name"`,
		`id="row-8-name" name="name" value="default">`} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s; want %s", got, want)
		}
	}
	if n := strings.Count(got, "Not so"); n != 1 {
		t.Errorf("%d parts have the error; want 1: %s", n, got)
	}
}
