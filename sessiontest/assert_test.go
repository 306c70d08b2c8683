package sessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

type visitor = *sessiontest.Visitor

// What the assertions are tried on.
var (
	nothing = func(visitor) {}
	started = seeded(func(s *session.Session) { s.CSRFToken() }) // a session with nothing in it

	tagged = seeded(func(s *session.Session) { s.Tag("ada") })

	someValues = seeded(func(s *session.Session) {
		s.Put("user", "ada")
		s.Put("n", 7)
	})
	someFlash = seeded(func(s *session.Session) {
		s.FlashError("It is full.")
		s.FlashAlert(session.Message{Kind: "warning", Title: "Soon", Text: "It ends.", Href: "/renew", Label: "Renew"})
		s.Flash("draft", map[string]int{"id": 7})
	})
	twice = seeded(func(s *session.Session) {
		s.FlashInfo("Saved.")
		s.FlashInfo("Sent.")
		s.FlashInfo("Saved.")
	})
	someForm = func(v visitor) {
		v.SeedForm(url.Values{"title": {"Hello"}, "tags": {"a", "b"}, "password": {"x"}}, func(s *session.Session) {
			s.FlashValidationErrors(session.ValidationErrors{"title": {"Too short.", "Too plain."}})
		})
	}
)

func seeded(fn func(*session.Session)) func(visitor) { return func(v visitor) { v.Seed(fn) } }

const (
	valuesText = `
	this is what there is:
	value "n": 7
	value "user": "ada"`
	flashText = `
	this is what there is:
	alert error "It is full."
	alert warning "It ends.", title "Soon", link "Renew" to /renew
	flash "draft": {"id":7}`
	twiceText = `
	this is what there is:
	alert info "Saved."
	alert info "Sent."
	alert info "Saved."`
	formText = `
	this is what there is:
	old input: "tags" = "a", "b"
	old input: "title" = "Hello"
	input error: "title": "Too short.", "Too plain."
	page error "E_VALIDATION_ERROR": "The form was not saved. Please correct the fields that are marked."`
	bobText = `
	this is what there is:
	value "user": "bob"`
	noneText = `
	there is no session`
	emptyText = `
	there is a session, with nothing in it`
)

// assertions has for each assertion what it accepts, and what it refuses, with the message.
var assertions = []struct {
	of      string
	given   func(visitor)
	holds   func(visitor)
	fails   func(visitor)
	message string
}{
	{"AssertValue", someValues,
		func(v visitor) { v.AssertValue("user") },
		func(v visitor) { v.AssertValue("cart") },
		`the value under "cart": there is nothing` + valuesText},
	{"AssertValue", someValues,
		func(v visitor) { v.AssertValue("n", int64(7)) },
		func(v visitor) { v.AssertValue("n", 8) },
		`the value under "n" is 7; want 8` + valuesText},
	{"AssertValue", someValues,
		func(v visitor) { v.AssertValue("user", "ada") },
		func(v visitor) { v.AssertValue("user", nil) },
		`the value under "user" is "ada"; want null` + valuesText},
	{"AssertValue", nothing,
		func(v visitor) {},
		func(v visitor) { v.AssertValue("user", "ada") },
		`the value under "user": there is nothing` + noneText},
	{"AssertNoValue", someValues,
		func(v visitor) { v.AssertNoValue("cart", "draft") },
		func(v visitor) { v.AssertNoValue("cart", "user") },
		`there is a value under "user"; want none` + valuesText},
	{"AssertNoValue", nothing,
		func(v visitor) { v.AssertNoValue() },
		func(v visitor) { someValues(v); v.AssertNoValue() },
		`there is a value under "n", "user"; want none` + valuesText},

	{"AssertAlert", someFlash,
		func(v visitor) { v.AssertAlert("error", "It is full."); v.AssertAlert("warn", "It ends.") },
		func(v visitor) { v.AssertAlert("error", "It is full.", "It is broken.") },
		`there is no alert of the kind "error" with the text "It is broken."` + flashText},
	{"AssertAlert", someFlash,
		func(v visitor) { v.AssertAlert("danger") },
		func(v visitor) { v.AssertAlert("success") },
		`there is no alert of the kind "success"` + flashText},
	{"AssertAlert", started,
		func(v visitor) {},
		func(v visitor) { v.AssertAlert("success", "Saved.") },
		`there is no alert of the kind "success" with the text "Saved."` + emptyText},
	{"AssertAlert", twice,
		func(v visitor) { v.AssertAlert("info", "Saved.", "Sent.", "Saved."); v.AssertAlert("info", "Saved.") },
		func(v visitor) { v.AssertAlert("info", "Sent.", "Saved.", "Sent.") },
		`there is no other alert of the kind "info" with the text "Sent."` + twiceText},
	{"AssertNoAlert", someFlash,
		func(v visitor) { v.AssertNoAlert("success", "info") },
		func(v visitor) { v.AssertNoAlert("success", "warning") },
		`there is an alert: warning "It ends.", title "Soon", link "Renew" to /renew; want none` + flashText},
	{"AssertNoAlert", someForm,
		func(v visitor) { v.AssertNoAlert() },
		func(v visitor) { someFlash(v); v.Seed((*session.Session).Clear); someFlash(v); v.AssertNoAlert() },
		`there is an alert: error "It is full."; want none` + flashText},

	{"AssertFlash", someFlash,
		func(v visitor) { v.AssertFlash("draft") },
		func(v visitor) { v.AssertFlash("copy") },
		`what was flashed under "copy": there is nothing` + flashText},
	{"AssertFlash", someFlash,
		func(v visitor) {
			v.AssertFlash("draft", struct {
				ID int `json:"id"`
			}{7})
		},
		func(v visitor) { v.AssertFlash("draft", map[string]int{"id": 8}) },
		`what was flashed under "draft" is {"id":7}; want {"id":8}` + flashText},
	{"AssertNoFlash", someFlash,
		func(v visitor) { v.AssertNoFlash("copy") },
		func(v visitor) { v.AssertNoFlash("copy", "draft") },
		`something was flashed under "draft"; want nothing` + flashText},
	{"AssertNoFlash", someFlash,
		func(v visitor) { v.AssertNoFlash("notice") },
		func(v visitor) { v.AssertNoFlash("danger") },
		`something was flashed under "danger"; want nothing` + flashText},
	{"AssertNoFlash", someForm,
		func(v visitor) { v.AssertNoFlash("copy") },
		func(v visitor) { v.AssertNoFlash() },
		`there is a form to be corrected, or an error of the page; want no flash` + formText},
	{"AssertNoFlash", someValues,
		func(v visitor) { v.AssertNoFlash() },
		func(v visitor) { v.Seed((*session.Session).Clear); someFlash(v); v.AssertNoFlash() },
		`something was flashed under "draft", "error", "warning"; want nothing` + flashText},
	{"AssertNoFlash", nothing,
		func(v visitor) { v.AssertNoFlash() },
		func(v visitor) { someForm(v); v.AssertNoFlash() },
		`there is a form to be corrected, or an error of the page; want no flash` + formText},
	{"AssertNoFlash", nothing,
		func(v visitor) {},
		func(v visitor) {
			v.Seed(func(s *session.Session) { s.FlashInputErrors(map[string][]string{"title": {"Too short."}}) })
			v.AssertNoFlash()
		},
		"there is a form to be corrected, or an error of the page; want no flash\n\tthis is what there is:\n\tinput error: \"title\": \"Too short.\""},
	{"AssertNoFlash", nothing,
		func(v visitor) {},
		func(v visitor) {
			v.Seed(func(s *session.Session) { s.FlashErrors(map[string]string{"E_LATE": "Too late."}) })
			v.AssertNoFlash()
		},
		"there is a form to be corrected, or an error of the page; want no flash\n\tthis is what there is:\n\tpage error \"E_LATE\": \"Too late.\""},
	{"AssertNoFlash", nothing,
		func(v visitor) {},
		func(v visitor) { v.Form("reply").SeedForm(url.Values{"title": {"Hello"}}, nil); v.AssertNoFlash() },
		"there is a form to be corrected, or an error of the page; want no flash\n\tthis is what there is:\n\told input in form \"reply\": \"title\" = \"Hello\""},

	{"AssertOld", someForm,
		func(v visitor) { v.AssertOld("title", "Hello"); v.AssertOld("tags", "a", "b"); v.AssertOld("tags") },
		func(v visitor) { v.AssertOld("tags", "a") },
		`the old input for "tags" is "a", "b"; want "a"` + formText},
	{"AssertOld", someForm,
		func(v visitor) { v.AssertOld("news", "") }, // a checkbox
		func(v visitor) { v.AssertOld("password") },
		`there is no old input for "password"` + formText},
	{"AssertNoOld", someForm,
		func(v visitor) { v.AssertNoOld("password", "news") }, // there was no such field
		func(v visitor) { v.AssertNoOld("password", "title") },
		`the old input for "title" is "Hello"; want none` + formText},
	{"AssertNoOld", someValues,
		func(v visitor) { v.AssertNoOld() },
		func(v visitor) { v.Seed((*session.Session).Clear); someForm(v); v.AssertNoOld() },
		`there is old input; want none` + formText},

	{"AssertInputError", someForm,
		func(v visitor) { v.AssertInputError("title", "Too plain.") },
		func(v visitor) { v.AssertInputError("title", "Too long.") },
		`the input errors of "title" are "Too short.", "Too plain."; want "Too long." among them` + formText},
	{"AssertInputError", someForm,
		func(v visitor) {},
		func(v visitor) { v.AssertInputError("body", "Too long.") },
		`the input errors of "body" are none; want "Too long." among them` + formText},
	{"AssertInputErrors", someForm,
		func(v visitor) { v.AssertInputErrors("title", "Too short.", "Too plain.") },
		func(v visitor) { v.AssertInputErrors("title", "Too plain.", "Too short.") },
		`the input errors of "title" are "Too short.", "Too plain."; want "Too plain.", "Too short."` + formText},
	{"AssertInputErrors", someForm,
		func(v visitor) { v.AssertInputErrors("title") },
		func(v visitor) { v.AssertInputErrors("body") },
		`there is no input error of "body"` + formText},
	{"AssertNoInputError", someForm,
		func(v visitor) { v.AssertNoInputError("body", "tags") },
		func(v visitor) { v.AssertNoInputError("body", "title") },
		`the input errors of "title" are "Too short.", "Too plain."; want none` + formText},
	{"AssertNoInputError", someFlash,
		func(v visitor) { v.AssertNoInputError() },
		func(v visitor) { v.Seed((*session.Session).Clear); someForm(v); v.AssertNoInputError() },
		`there is an input error of "title"; want none` + formText},

	{"AssertPageError", someForm,
		func(v visitor) { v.AssertPageError(session.ValidationErrorCode) },
		func(v visitor) { v.AssertPageError(session.CSRFCode) },
		`there is no page error "E_BAD_CSRF_TOKEN"` + formText},
	{"AssertPageError", someForm,
		func(v visitor) {
			v.AssertPageError(session.ValidationErrorCode, "The form was not saved. Please correct the fields that are marked.")
		},
		func(v visitor) { v.AssertPageError(session.ValidationErrorCode, "No.") },
		`the page error "E_VALIDATION_ERROR" has the text "The form was not saved. Please correct the fields that are marked."; want "No."` + formText},
	{"AssertNoPageError", someForm,
		func(v visitor) { v.AssertNoPageError(session.CSRFCode) },
		func(v visitor) { v.AssertNoPageError(session.CSRFCode, session.ValidationErrorCode) },
		`there is a page error "E_VALIDATION_ERROR"; want none` + formText},
	{"AssertNoPageError", nothing,
		func(v visitor) { v.AssertNoPageError() },
		func(v visitor) { someForm(v); v.AssertNoPageError() },
		`there is a page error "E_VALIDATION_ERROR"; want none` + formText},

	{"AssertSession", someValues,
		func(v visitor) { v.AssertSession() },
		func(v visitor) { v.Another().AssertSession() },
		`want a session` + noneText},
	{"AssertNoSession", someValues,
		func(v visitor) { v.Another().AssertNoSession() },
		func(v visitor) { v.AssertNoSession() },
		`there is a session; want none` + valuesText},
	{"AssertTagged", tagged,
		func(v visitor) { v.AssertTagged("ada") },
		func(v visitor) { v.AssertTagged("bob") },
		`the session is not among the 0 of the user "bob"` + emptyText},
	{"AssertTagged", tagged,
		func(v visitor) {},
		func(v visitor) { v.Another().AssertTagged("ada") },
		`the session is not among the 1 of the user "ada"` + noneText},

	{"AssertStatus", nothing,
		func(v visitor) { v.Get("/ping").AssertStatus(204) },
		func(v visitor) { v.Get("/nowhere?a=1").AssertStatus(200) },
		"GET /nowhere?a=1: 404 Not Found; want 200\n\t" + `{"message":"Not Found"}` + "\n\t"},
	{"AssertRedirect", nothing,
		func(v visitor) {
			v.Post("/suche", nil).AssertRedirect("/suche?q=größe")
			v.Post("/suche", nil).AssertRedirect("/suche?q=gr%C3%B6%C3%9Fe")
		},
		func(v visitor) { v.Post("/suche", nil).AssertRedirect("/suche?q=grösse") },
		`POST /suche: 303 See Other, to /suche?q=gr%C3%B6%C3%9Fe; want a redirect to /suche?q=grösse`},
	{"AssertRedirect", nothing,
		func(v visitor) {
			v.Post("/posts", url.Values{"title": {"a"}}).AssertRedirect("/posts")
			v.Post("/posts", url.Values{"title": {"a"}}).AssertRedirect("https://example.com/posts")
		},
		func(v visitor) { v.Post("/posts", url.Values{"title": {"a"}}).AssertRedirect("/") },
		"POST /posts: 303 See Other, to /posts; want a redirect to /"},
	{"AssertRedirect", nothing,
		func(v visitor) {},
		func(v visitor) { v.Post("/posts", url.Values{"title": {"a"}}).AssertRedirect("/%zz") },
		"POST /posts: 303 See Other, to /posts; want a redirect to /%zz"},
	{"AssertRedirect", nothing,
		func(v visitor) {},
		func(v visitor) { v.Post("/lost", nil).AssertRedirect("/posts") },
		"POST /lost: 303 See Other, to /%zz; want a redirect to /posts"},
	{"AssertRedirect", nothing,
		func(v visitor) {},
		func(v visitor) { v.Get("/nowhere").AssertRedirect("/nowhere") },
		"GET /nowhere: 404 Not Found; want a redirect to /nowhere\n\t" + `{"message":"Not Found"}` + "\n\t"},
	{"AssertRedirect", nothing,
		func(v visitor) {},
		func(v visitor) { v.Get("/ping").AssertRedirect("/posts") },
		"GET /ping: 204 No Content; want a redirect to /posts"},

	{"AssertSessionBegun", nothing,
		func(v visitor) { v.Post("/login", url.Values{"user": {"ada"}}).AssertSessionBegun() },
		func(v visitor) { v.Get("/ping").AssertSessionBegun() },
		"GET /ping: 204 No Content: want a session" + noneText},
	{"AssertSessionBegun", someValues,
		func(v visitor) {},
		func(v visitor) { v.Get("/ping").AssertSessionBegun() },
		"GET /ping: 204 No Content: there was a session already; want one that begins here" + valuesText},
	{"AssertSessionBegun", someValues,
		func(v visitor) {
			v.Post("/end", nil)
			v.Post("/login", url.Values{"user": {"ada"}}).AssertSessionBegun()
		},
		func(v visitor) { v.Post("/login", url.Values{"user": {"ada"}}).AssertSessionBegun() },
		"POST /login: 303 See Other, to /posts: there was a session already; want one that begins here" + valuesText},
	{"AssertSessionBegun", someValues,
		func(v visitor) {},
		func(v visitor) { v.Post("/instead", nil).AssertSessionBegun() },
		"POST /instead: 204 No Content: there was a session already; want one that begins here" + bobText},
	{"AssertSessionRegenerated", nothing,
		func(v visitor) {},
		func(v visitor) { v.Post("/login", url.Values{"user": {"ada"}}).AssertSessionRegenerated() },
		"POST /login: 303 See Other, to /posts: the visitor came without a session, so there was none to be given a new id; Seed one\n\tthis is what there is:\n\tvalue \"user\": \"ada\""},
	{"AssertSessionRegenerated", someValues,
		func(v visitor) { v.Post("/login", url.Values{"user": {"ada"}}).AssertSessionRegenerated() },
		func(v visitor) { v.Get("/ping").AssertSessionRegenerated() },
		"GET /ping: 204 No Content: the session still has its old id; want a new one (Regenerate, or Tag)" + valuesText},
	{"AssertSessionRegenerated", someValues,
		func(v visitor) {},
		func(v visitor) { v.Post("/end", nil).AssertSessionRegenerated() },
		"POST /end: 204 No Content: the session has ended; want it to go on with a new id" + noneText},
	{"AssertSessionRegenerated", someValues,
		func(v visitor) {},
		func(v visitor) { v.Post("/swap", nil).AssertSessionRegenerated() },
		"POST /swap: 204 No Content: the old id still leads to a session, beside the new one" + bobText},
	{"AssertSessionRegenerated", someValues,
		func(v visitor) { v.Post("/afresh", nil).AssertSessionRegenerated() },
		func(v visitor) { v.Post("/instead", nil).AssertSessionRegenerated() },
		"POST /instead: 204 No Content: the session was destroyed, and this is another one; want it to go on with a new id" + bobText},
	{"AssertSessionDestroyed", someValues,
		func(v visitor) { v.Post("/end", nil).AssertSessionDestroyed() },
		func(v visitor) { v.Get("/ping").AssertSessionDestroyed() },
		"GET /ping: 204 No Content: the session is still there; want it destroyed" + valuesText},
	{"AssertSessionDestroyed", someValues,
		func(v visitor) { v.Post("/logout", nil).AssertSessionDestroyed() },
		func(v visitor) { v.Post("/login", url.Values{"user": {"ada"}}).AssertSessionDestroyed() },
		"POST /login: 303 See Other, to /posts: the session lives on; want it destroyed" + valuesText},
	{"AssertSessionDestroyed", someValues,
		func(v visitor) { v.Post("/logout", nil).AssertSessionDestroyed() },
		func(v visitor) { v.Post("/instead", nil).AssertSessionDestroyed() },
		"POST /instead: 204 No Content: the session was destroyed, but there is a new one with values; want none" + bobText},
	{"AssertSessionDestroyed", tagged,
		func(v visitor) { v.Post("/everywhere", nil).AssertSessionDestroyed() }, // the cookie stays
		func(v visitor) { v.Another().Post("/everywhere", nil).AssertSessionDestroyed() },
		"POST /everywhere: 204 No Content: the visitor came without a session, so there was none to be destroyed; Seed one" + noneText},
	{"AssertSessionDestroyed", nothing,
		func(v visitor) {},
		func(v visitor) { v.Post("/end", nil).AssertSessionDestroyed() },
		"POST /end: 204 No Content: the visitor came without a session, so there was none to be destroyed; Seed one" + noneText},
}

func Test_that_each_assertion_holds_when_it_should(t *testing.T) {
	for i, a := range assertions {
		t.Run(fmt.Sprintf("%d %s", i, a.of), func(t *testing.T) {
			v := newVisitor(t)
			a.given(v)
			a.holds(v)
		})
	}
}

func Test_that_each_assertion_fails_when_it_should_and_says_why(t *testing.T) {
	for i, a := range assertions {
		t.Run(fmt.Sprintf("%d %s", i, a.of), func(t *testing.T) {
			wantFailure(t, a.message, func(fake sessiontest.TB) {
				v := newVisitor(fake)
				a.given(v)
				a.fails(v)
			})
		})
	}
}

func Test_that_no_assertion_is_left_out(t *testing.T) {
	tested := map[string]bool{}
	for _, a := range assertions {
		tested[a.of] = true
	}
	for _, of := range []reflect.Type{reflect.TypeFor[*sessiontest.Visitor](), reflect.TypeFor[*sessiontest.Response]()} {
		for method := range of.Methods() {
			if strings.HasPrefix(method.Name, "Assert") && !tested[method.Name] {
				t.Errorf("%s is not among the assertions", method.Name)
			}
		}
	}
}

func Test_that_a_failure_is_said_to_be_where_the_assertion_stands(t *testing.T) {
	inTest := func(what string, test func(sessiontest.TB)) {
		for _, f := range failuresOf(test) {
			if !strings.Contains(f.function, "sessiontest_test.") {
				t.Errorf("%s: the failure is said to be in %s; want it in the test", what, f.function)
			}
		}
	}
	for i, a := range assertions {
		inTest(fmt.Sprint(i, a.of), func(fake sessiontest.TB) {
			v := newVisitor(fake)
			a.given(v)
			a.fails(v)
		})
	}
	for _, tc := range misuses {
		if tc.claim != changingWhatIsSeen { // the session notices that, and it has no test to fail
			inTest(tc.claim, tc.test)
		}
	}
}

const changingWhatIsSeen = "a change of a session that is looked at"

// newVisitor visits an application with some more ways to go wrong.
func newVisitor(t sessiontest.TB) visitor {
	cfg := inMemory()
	app := newApp(cfg)
	app.POST("/end", func(c echo.Context) error {
		session.From(c).Destroy()
		return c.NoContent(http.StatusNoContent)
	})
	app.POST("/instead", func(c echo.Context) error {
		s := session.From(c)
		s.Destroy()
		s.Put("user", "bob")
		return c.NoContent(http.StatusNoContent)
	})
	app.POST("/afresh", func(c echo.Context) error { // the login that the comment on Session.Destroy advises
		s := session.From(c)
		s.Clear()
		s.Regenerate()
		s.Put("user", "bob")
		return c.NoContent(http.StatusNoContent)
	})
	app.POST("/everywhere", func(c echo.Context) error {
		manager, err := session.New(cfg)
		if err != nil {
			return err
		}
		if err := manager.DestroyTagged(c.Request().Context(), "ada"); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	})
	app.POST("/suche", func(c echo.Context) error { return session.Redirect(c, "/suche?q=größe") })
	app.POST("/lost", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/%zz") })
	app.POST("/swap", func(c echo.Context) error {
		other := sessiontest.New(t, cfg, nil)
		other.Seed(func(s *session.Session) { s.Put("user", "bob") })
		c.SetCookie(other.Cookies()[0])
		return c.NoContent(http.StatusNoContent)
	})
	return sessiontest.New(t, cfg, app)
}

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
	got := failuresOf(func(fake sessiontest.TB) {
		v := newVisitor(fake)
		v.Seed(func(s *session.Session) {
			s.Put("list", []string{"the last but one", "the last", "one", "two", "three"})
		})
		v.AssertValue("list", []string{"one", "two", "three", "the last but one", "the last"})
	})
	const want = `
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
`
	if len(got) != 1 || !strings.Contains(got[0].text, want) {
		t.Errorf("failed with %v; want the difference%s", got, want)
	}
}

func Test_that_values_of_two_kinds_are_compared_line_by_line(t *testing.T) {
	list, text := []string{strings.Repeat("a", 50), strings.Repeat("b", 50)}, strings.Repeat("c", 50)
	for _, tc := range []struct {
		claim     string
		got, want any
		text      string
	}{
		{"a text instead of a list", text, list, "\n- [\n-   \"" + list[0] + "\",\n-   \"" + list[1] + "\"\n- ]\n+ \"" + text + "\"\n"},
		{"a list instead of a text", list, text, "\n- \"" + text + "\"\n+ [\n+   \"" + list[0] + "\",\n+   \"" + list[1] + "\"\n+ ]\n"},
	} {
		got := failuresOf(func(fake sessiontest.TB) {
			v := newVisitor(fake)
			v.Seed(func(s *session.Session) { s.Put("x", tc.got) })
			v.AssertValue("x", tc.want)
		})
		if len(got) != 1 || !strings.Contains(got[0].text, tc.text) {
			t.Errorf("%s: failed with %v; want the difference%s", tc.claim, got, tc.text)
		}
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

// misuses are tests that are set up wrongly. They must end, or at least get a hint: an assertion
// about another session would hold by accident.
var misuses = []struct {
	claim   string
	test    func(sessiontest.TB)
	message string
}{
	{"a Config without a store", func(fake sessiontest.TB) {
		sessiontest.New(fake, session.Config{}, newApp(inMemory()))
	}, "sessiontest: the Config of the application is needed, as the application has it: session: Config.Store is nil; pick one from stores/, for example memorystore.New(memorystore.Options{})"},
	{"a Config without a store, for a server", func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, session.Config{}, "https://127.0.0.1:8080", nil)
	}, "sessiontest: the Config of the application is needed, as the application has it: session: Config.Store is nil; pick one from stores/, for example memorystore.New(memorystore.Options{})"},
	{"a request that cannot be read", func(fake sessiontest.TB) {
		r := httptest.NewRequest(http.MethodPut, "/posts", iotest.ErrReader(errors.New("no paper")))
		newVisitor(fake).Do(r)
	}, "sessiontest: PUT /posts: no paper"},
	{"an answer that breaks off", func(fake sessiontest.TB) {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "half")
		}))
		defer server.Close()
		sessiontest.NewAt(fake, inMemory(), server.URL, server.Client()).Get("/posts")
	}, "sessiontest: GET /posts: the answer broke off: unexpected EOF"},
	{"an application with another store", func(fake sessiontest.TB) {
		sessiontest.New(fake, inMemory(), newApp(inMemory())).Post("/login", url.Values{"user": {"ada"}})
	}, "sessiontest: POST /login has begun a session that is not in the Store of the Config given to sessiontest; the application must have the same Store (or the same keys), Cookie and Now"},
	{"an application with another cookie", func(fake sessiontest.TB) {
		cfg := inMemory()
		sessiontest.New(fake, cfg, newApp(session.Config{Store: cfg.Store, CookieName: "id"})).Post("/login", url.Values{"user": {"ada"}})
	}, "sessiontest: POST /login has begun a session with the cookie id, and not __Host-session, which is the name by the Config given to sessiontest; it must have the same CookieName and Cookie as that of the application, and sessions of another Manager a Store of their own"},
	{"an application with another sealed cookie", func(fake sessiontest.TB) {
		sealed := inCookies(fake)
		visitor := sessiontest.New(fake, session.Config{Store: sealed}, newApp(session.Config{Store: sealed, CookieName: "id"}))
		visitor.Post("/posts", url.Values{"title": {"Hello"}})
		visitor.AssertValue("titles", []string{"Hello"})
	}, "the value under \"titles\": there is nothing\n\tthere is no session; the application has set the cookie \"id\", \"id-flash\", and not __Host-session, which is the name by the Config given to sessiontest"},
	{"a header that says which host", func(fake sessiontest.TB) {
		newVisitor(fake).With("Host", "de.example.com").Get("/posts?page=2")
	}, "sessiontest: GET /posts?page=2: a header Host says nothing; ask for https://de.example.com/posts?page=2"},
	{"a header that says which host, by plain http", func(fake sessiontest.TB) {
		cfg := inMemory()
		cfg.Cookie.Insecure, cfg.Logger = true, quiet
		sessiontest.New(fake, cfg, newApp(cfg)).With("Host", "de.example.com").Get("/posts")
	}, "sessiontest: GET /posts: a header Host says nothing; ask for http://de.example.com/posts"},
	{"an application with another store, and a cookie that ends with the browser", func(fake sessiontest.TB) {
		cfg := inMemory()
		cfg.ClearWithBrowser = true
		sessiontest.New(fake, inMemory(), newApp(cfg)).Post("/login", url.Values{"user": {"ada"}})
	}, "sessiontest: POST /login has begun a session that is not in the Store of the Config given to sessiontest; the application must have the same Store (or the same keys), Cookie and Now"},
	{"an application with another clock", func(fake sessiontest.TB) {
		cfg := inMemory()
		late := cfg
		late.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
		sessiontest.New(fake, late, newApp(cfg)).Post("/login", url.Values{"user": {"ada"}})
	}, "sessiontest: POST /login has begun a session that is not in the Store of the Config given to sessiontest; the application must have the same Store (or the same keys), Cookie and Now"},
	{"a secure cookie by plain http", func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, inMemory(), "http://127.0.0.1:8080", nil)
	}, "sessiontest: the cookie __Host-session is Secure, and http://127.0.0.1:8080 is plain http, where browsers neither take nor send it; use httptest.NewTLSServer, or set Cookie.Insecure"},
	{"a secure cookie of the application by plain http", func(fake sessiontest.TB) {
		visitDressed(fake, session.CookieOptions{Insecure: true}, session.CookieOptions{}, "id")
	}, "sessiontest: POST /login has set the cookie id, which browsers do not take: it is Secure, and comes by plain http; the Config given to sessiontest must have the same CookieName and Cookie as that of the application"},
	{"a secure cookie of the application by plain http, whose name says so", func(fake sessiontest.TB) {
		visitDressed(fake, session.CookieOptions{Insecure: true}, session.CookieOptions{}, "")
	}, "sessiontest: POST /login has set the cookie __Host-session, which browsers do not take: it is Secure, and comes by plain http; the Config given to sessiontest must have the same CookieName and Cookie as that of the application"},
	{"a cookie of the application for another domain", func(fake sessiontest.TB) {
		visitDressed(fake, session.CookieOptions{}, session.CookieOptions{Domain: "example.org"}, "")
	}, "sessiontest: POST /login has set the cookie session, which browsers do not take: it is for example.org, and comes from example.com; the Config given to sessiontest must have the same CookieName and Cookie as that of the application"},
	{"a secure flash cookie of the application by plain http", func(fake sessiontest.TB) {
		app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "__Host-session-flash", Value: "x", Path: "/", Secure: true})
		})
		insecure := inMemory()
		insecure.Cookie.Insecure = true
		sessiontest.New(fake, insecure, app).Get("/")
	}, "sessiontest: GET / has set the cookie __Host-session-flash, which browsers do not take: it is Secure, and comes by plain http; the Config given to sessiontest must have the same CookieName and Cookie as that of the application"},
	{"a cookie for another domain", func(fake sessiontest.TB) {
		cfg := inMemory()
		cfg.Cookie.Domain = "example.org"
		sessiontest.NewAt(fake, cfg, "https://127.0.0.1:8080", nil)
	}, "sessiontest: the cookie session is for example.org, and so never gets to https://127.0.0.1:8080; leave Cookie.Domain out in tests"},
	{"something that is no address", func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, inMemory(), "localhost:8080", nil)
	}, `sessiontest: "localhost:8080" is not the address of a server; it is one such as http://127.0.0.1:8080`},
	{"an address that cannot be read", func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, inMemory(), "https://%zz", nil)
	}, `sessiontest: "https://%zz" is not the address of a server; it is one such as http://127.0.0.1:8080`},
	{changingWhatIsSeen, func(fake sessiontest.TB) {
		newVisitor(fake).Session().Put("user", "ada")
	}, "sessiontest: the session that a Visitor shows cannot be changed; change it with Seed"},
	{"a seed that cannot be stored", func(fake sessiontest.TB) {
		newVisitor(fake).Seed(func(s *session.Session) { s.Put("ch", make(chan int)) })
	}, `sessiontest: the session could not be seeded: session: the value for "ch", a chan int, cannot be stored as JSON: put a type that can`},
	{"a value that no session has", func(fake sessiontest.TB) {
		v := newVisitor(fake)
		someValues(v)
		v.AssertValue("user", make(chan int))
	}, `sessiontest: the value under "user": what is wanted cannot be in a session: json: unsupported type: chan int`},
	{"two values", func(fake sessiontest.TB) {
		v := newVisitor(fake)
		someValues(v)
		v.AssertValue("user", "ada", "bob")
	}, `sessiontest: the value under "user": one value may be wanted, not 2`},
	{"two texts of a page error", func(fake sessiontest.TB) {
		v := newVisitor(fake)
		someForm(v)
		v.AssertPageError(session.ValidationErrorCode, "The form was not saved. Please correct the fields that are marked.", "No.")
	}, `sessiontest: the page error "E_VALIDATION_ERROR": one text may be wanted, not 2`},
	{"half a header", func(fake sessiontest.TB) {
		newVisitor(fake).With("HX-Request")
	}, `sessiontest: With takes pairs of a name and a value; got ["HX-Request"]`},
	{"cookies of another site only", func(fake sessiontest.TB) {
		newVisitor(fake).SetCookies([]*http.Cookie{{Name: "a", Value: "1", Domain: "example.org"}})
	}, "sessiontest: none of these 1 cookies is for example.com, where the visitor goes; the first is for example.org"},
	{"a request to another site", func(fake sessiontest.TB) {
		newVisitor(fake).Get("https://example.org/")
	}, "sessiontest: GET https://example.org/: the visitor goes to example.com, and elsewhere only within Cookie.Domain"},
	{"an address that is none", func(fake sessiontest.TB) {
		newVisitor(fake).Get("/%zz")
	}, `sessiontest: parse "/%zz": invalid URL escape "%zz"`},
	{"JSON that is none", func(fake sessiontest.TB) {
		newVisitor(fake).PostJSON("/", make(chan int))
	}, "sessiontest: POST /: json: unsupported type: chan int"},
	{"following where nothing leads", func(fake sessiontest.TB) {
		newVisitor(fake).Get("/ping").Follow()
	}, "sessiontest: GET /ping: 204 No Content: there is nowhere to follow to"},
	{"following to an address that is none", func(fake sessiontest.TB) {
		newVisitor(fake).Post("/lost", nil).Follow()
	}, `sessiontest: POST /lost: 303 See Other, to /%zz: parse "/%zz": invalid URL escape "%zz"`},
	{"following in a circle", func(fake sessiontest.TB) {
		app := http.RedirectHandler("/round", http.StatusSeeOther)
		sessiontest.New(fake, inMemory(), app).Get("/").Follow()
	}, "sessiontest: GET /round: 303 See Other, to /round: this is the redirect number 11, and it goes on"},
	{"following to another site", func(fake sessiontest.TB) {
		app := http.RedirectHandler("https://example.org/", http.StatusSeeOther)
		sessiontest.New(fake, inMemory(), app).Get("/").Follow()
	}, "sessiontest: GET https://example.org/: the visitor goes to example.com, and elsewhere only within Cookie.Domain"},
	{"asking a store for users that finds none", func(fake sessiontest.TB) {
		sealed := inCookies(fake)
		sessiontest.New(fake, session.Config{Store: sealed}, newApp(inMemory())).AssertTagged("ada")
	}, `the sessions of "ada" could not be listed: session: this store cannot find the sessions of a user, so they cannot be tagged: unsupported operation; use a store on the server` + noneText},
	{"a store that is down, looked at", func(fake sessiontest.TB) {
		v := sessiontest.New(fake, session.Config{Store: down{memorystore.New(memorystore.Options{})}}, newApp(inMemory()))
		someValues(v)
		v.AssertSession()
	}, "sessiontest: the session could not be looked at: session: store unavailable: read: out of order"},
	{"a store that is down, looked at before a request", func(fake sessiontest.TB) {
		v := sessiontest.New(fake, session.Config{Store: down{memorystore.New(memorystore.Options{})}}, newApp(inMemory()))
		someValues(v)
		v.Get("/ping").AssertSessionBegun()
	}, "sessiontest: GET /ping: 204 No Content: whether there was a session before could not be found out: session: store unavailable: read: out of order"},
}

func Test_that_misuse_is_a_clear_failure(t *testing.T) {
	for _, tc := range misuses {
		t.Run(tc.claim, func(t *testing.T) { wantFailure(t, tc.message, tc.test) })
	}
}

// A TB need not end the test on Fatalf.
func Test_that_there_is_no_visitor_and_no_answer_after_a_failure(t *testing.T) {
	goesOn := &goingOn{}
	if v := sessiontest.New(goesOn, session.Config{}, nil); v != nil {
		t.Errorf("New without a store is %v; want nil", v)
	}
	if v := sessiontest.NewAt(goesOn, session.Config{}, "https://127.0.0.1:8080", nil); v != nil {
		t.Errorf("NewAt without a store is %v; want nil", v)
	}
	app := http.RedirectHandler("https://example.org/", http.StatusSeeOther)
	if answer := sessiontest.New(goesOn, inMemory(), app).Get("/").Follow(); answer != nil {
		t.Errorf("following to another site is %v; want nil", answer)
	}
	if goesOn.failures != 3 {
		t.Errorf("failed %d times; want 3", goesOn.failures)
	}
}

// goingOn is a test that goes on after Fatalf.
type goingOn struct{ failures int }

func (*goingOn) Helper()                 {}
func (g *goingOn) Errorf(string, ...any) { g.failures++ }
func (g *goingOn) Fatalf(string, ...any) { g.failures++ }

func Test_that_only_what_may_be_the_cookie_of_another_session_is_hinted_at(t *testing.T) {
	for _, tc := range []struct {
		line string
		want bool
	}{
		{"id=1; HttpOnly", true},
		{"id=1; HttpOnly; Max-Age=60", true},
		{"id=1; Max-Age=60", false},
		{"id=; HttpOnly; Max-Age=0", false},
	} {
		app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", tc.line) })
		got := failuresOf(func(fake sessiontest.TB) {
			v := sessiontest.New(fake, inMemory(), app)
			v.Get("/")
			v.AssertSession()
		})
		if len(got) != 1 || strings.Contains(got[0].text, `has set the cookie "id"`) != tc.want {
			t.Errorf("after Set-Cookie: %s, failed with %v; want a hint: %t", tc.line, got, tc.want)
		}
	}
}

func Test_that_cookies_of_ours_and_those_of_others_beside_ours_are_not_hinted_at(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		wantFailure(t, "want a session"+noneText, func(fake sessiontest.TB) {
			v := sessiontest.New(fake, cfg, newApp(cfg))
			v.Post("/login", url.Values{"user": {"ada"}})
			v.Post("/logout", nil).Follow() // shows a message, so there is a cookie with what was seen
			v.Seed((*session.Session).Destroy)
			v.AssertSession()
		})
	})
	cfg := inMemory()
	app := newApp(cfg)
	app.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.SetCookie(&http.Cookie{Name: "theme", Value: "dark", HttpOnly: true})
			return next(c)
		}
	})
	manager, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	wantFailure(t, "want a session"+noneText, func(fake sessiontest.TB) {
		v := sessiontest.New(fake, cfg, app)
		tagged(v)
		v.Get("/ping")
		if err := manager.DestroyTagged(t.Context(), "ada"); err != nil {
			fake.Fatalf("%v", err)
		}
		v.AssertSession() // the cookie of ours is there
	})
}

// visitDressed asserts that a value is missing, in an application whose cookie has other attributes
// than the test's.
func visitDressed(t sessiontest.TB, test, app session.CookieOptions, name string) {
	cfg := inMemory()
	cfg.Logger, cfg.CookieName, cfg.Cookie = quiet, name, test
	other := cfg
	other.Cookie = app
	visitor := sessiontest.New(t, cfg, newApp(other))
	visitor.Post("/login", url.Values{"user": {"ada"}})
	visitor.AssertNoValue() // holds by accident
}

var quiet = slog.New(slog.DiscardHandler)

// down is a store that accepts sessions, but does not return them.
type down struct{ session.Store }

func (down) Read(context.Context, string) (session.Record, error) {
	return session.Record{}, fmt.Errorf("out of order")
}

func Test_that_a_server_that_is_gone_is_a_failure(t *testing.T) {
	cfg := inMemory()
	server := httptest.NewTLSServer(newApp(cfg))
	server.Close()
	got := failuresOf(func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, cfg, server.URL, server.Client()).Get("/posts")
	})
	if len(got) != 1 || !got[0].fatal || !strings.HasPrefix(got[0].text, "sessiontest: GET /posts: ") {
		t.Errorf("failed with %v", got)
	}
}

// The application may be tested without its store; the kit must not get in the way.
func Test_that_a_store_that_is_down_is_seen_as_a_503(t *testing.T) {
	cfg := session.Config{Store: down{memorystore.New(memorystore.Options{})}, Logger: quiet}
	v := sessiontest.New(t, cfg, newApp(cfg))
	someValues(v)
	v.Get("/posts").AssertStatus(http.StatusServiceUnavailable)
	v.Another().Post("/login", url.Values{"user": {"ada"}}).AssertStatus(http.StatusSeeOther)
}

func Test_that_a_panic_of_the_application_comes_through(t *testing.T) {
	defer func() {
		if got := recover(); got != "out of tea" {
			t.Errorf("recovered %v; want the panic of the handler", got)
		}
	}()
	app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of tea") })
	sessiontest.New(t, inMemory(), app).Get("/")
}
