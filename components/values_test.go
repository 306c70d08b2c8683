package components_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

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
