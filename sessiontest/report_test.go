package sessiontest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
)

func Test_that_a_large_value_is_compared_line_by_line(t *testing.T) {
	type item struct {
		Name  string
		Count int
	}
	cart := []item{{"a teapot, the brown one", 1}, {"two cups, of the same kind", 2}, {"a spoon, if there is one", 3}}
	want := []item{cart[0], {"two cups, of the same kind", 4}, cart[2]}
	wantFailure(t, `the value under "cart" is not what is wanted (- is missing, + is too much):
  [
    {
      "Count": 1,
      "Name": "a teapot, the brown one"
    },
    {
-     "Count": 4,
+     "Count": 2,
      "Name": "two cups, of the same kind"
    },
    {
      "Count": 3,
      "Name": "a spoon, if there is one"
    }
  ]
	this is what there is:
	value "cart": [{"Count":1,"Name":"a teapot, the brown one"},{"Count":2,"Name":"two cups, of the same kind"},{"Count":3,"Name":"a spoon, if there is one"}]`,
		func(fake sessiontest.TB) {
			v := newVisitor(fake)
			v.Seed(func(s *session.Session) { s.Put("cart", cart) })
			v.AssertValue("cart", want)
		})
}

func Test_that_a_difference_is_as_small_as_can_be(t *testing.T) {
	wantFailureThatSays(t, `
  [
+   "the last but one",
+   "the last",
    "one",
    "two",
-   "three",
-   "the last but one",
-   "the last"
+   "three"
  ]
`, func(fake sessiontest.TB) {
		v := newVisitor(fake)
		v.Seed(func(s *session.Session) {
			s.Put("list", []string{"the last but one", "the last", "one", "two", "three"})
		})
		v.AssertValue("list", []string{"one", "two", "three", "the last but one", "the last"})
	})
}

func Test_that_values_of_two_kinds_are_compared_line_by_line(t *testing.T) {
	list, text := []string{strings.Repeat("a", 50), strings.Repeat("b", 50)}, strings.Repeat("c", 50)
	for _, tc := range []struct {
		got, want any
		text      string
	}{
		{text, list, "\n- [\n-   \"" + list[0] + "\",\n-   \"" + list[1] + "\"\n- ]\n+ \"" + text + "\"\n"},
		{list, text, "\n- \"" + text + "\"\n+ [\n+   \"" + list[0] + "\",\n+   \"" + list[1] + "\"\n+ ]\n"},
	} {
		wantFailureThatSays(t, tc.text, func(fake sessiontest.TB) {
			v := newVisitor(fake)
			v.Seed(func(s *session.Session) { s.Put("x", tc.got) })
			v.AssertValue("x", tc.want)
		})
	}
}

func Test_that_a_failure_names_the_form(t *testing.T) {
	wantFailure(t, `there is no input error of "email"
	this is what there is:
	old input: "title" = "Hello"
	old input in form "newsletter": "email" = "ada"
	input error in form "newsletter": "email": "This is no address."
	page error "E_VALIDATION_ERROR": "The form was not saved. Please correct the fields that are marked."`,
		func(fake sessiontest.TB) {
			v := newVisitor(fake)
			v.Form("newsletter").SeedForm(url.Values{"email": {"ada"}}, func(s *session.Session) {
				s.FlashValidationErrors(session.ValidationErrors{"email": {"This is no address."}})
			})
			v.SeedForm(url.Values{"title": {"Hello"}}, nil)
			v.AssertInputErrors("email")
		})
}

func Test_that_a_failure_shortens_what_is_long(t *testing.T) {
	const rest = len(`value "text": ""`)
	for claim, tc := range map[string]struct{ text, end string }{
		"long":        {strings.Repeat("ä", 1000), "ä…"},
		"just short":  {strings.Repeat("a", 300-rest), `a"`},
		"a byte more": {strings.Repeat("a", 301-rest), "a…"},
	} {
		got := failuresOf(func(fake sessiontest.TB) {
			v := newVisitor(fake)
			v.Seed(func(s *session.Session) { s.Put("text", tc.text) })
			v.AssertNoSession()
		})
		if len(got) != 1 || len(got[0].text) > 500 || !strings.HasSuffix(got[0].text, tc.end) {
			t.Errorf("%s: failed with %v; want a text that ends with %s", claim, got, tc.end)
		}
	}
}
