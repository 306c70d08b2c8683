package sessiontest_test

import (
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

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
	{"AssertValue", seeded(func(s *session.Session) { s.Put("n", *big.NewInt(7)) }),
		func(v visitor) { v.AssertValue("n", *big.NewInt(7)); v.AssertValue("n", 7) },
		func(v visitor) { v.AssertValue("n", *big.NewInt(8)) },
		`the value under "n" is 7; want 8
	this is what there is:
	value "n": 7`},
	{"AssertValue", seeded(func(s *session.Session) { s.Put("text", "<b>R&B</b>") }),
		func(v visitor) { v.AssertValue("text", "<b>R&B</b>") },
		func(v visitor) { v.AssertValue("text", "<i>R&B</i>") },
		`the value under "text" is "<b>R&B</b>"; want "<i>R&B</i>"
	this is what there is:
	value "text": "<b>R&B</b>"`},
	{"AssertValue", nothing,
		nothing,
		func(v visitor) { v.AssertValue("user", "ada") },
		`the value under "user": there is nothing` + noneText},
	{"AssertNoValue", someValues,
		func(v visitor) { v.AssertNoValue("cart", "draft") },
		func(v visitor) { v.AssertNoValue("cart", "user") },
		`there is a value under "user"; want none` + valuesText},
	{"AssertNoValue", someValues,
		func(v visitor) { v.AssertNoValue("cart") },
		func(v visitor) { v.AssertNoValue("user") },
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
		nothing,
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
		nothing,
		func(v visitor) {
			v.Seed(func(s *session.Session) { s.FlashInputErrors(map[string][]string{"title": {"Too short."}}) })
			v.AssertNoFlash()
		},
		"there is a form to be corrected, or an error of the page; want no flash\n\tthis is what there is:\n\tinput error: \"title\": \"Too short.\""},
	{"AssertNoFlash", nothing,
		nothing,
		func(v visitor) {
			v.Seed(func(s *session.Session) { s.FlashErrors(map[string]string{"E_LATE": "Too late."}) })
			v.AssertNoFlash()
		},
		"there is a form to be corrected, or an error of the page; want no flash\n\tthis is what there is:\n\tpage error \"E_LATE\": \"Too late.\""},
	{"AssertNoFlash", nothing,
		nothing,
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
	{"AssertOld", someForm,
		func(v visitor) { v.AssertOld("title") },
		func(v visitor) { v.AssertOld("titel") },
		`there is no old input for "titel"` + formText},
	{"AssertOld", someValues,
		nothing,
		func(v visitor) { v.AssertOld("news", "") }, // no form was submitted, so no box was left unchecked
		`there is no old input for "news"` + valuesText},
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
		nothing,
		func(v visitor) { v.AssertInputError("body", "Too long.") },
		`the input errors of "body" are none; want "Too long." among them` + formText},
	{"AssertInputErrors", someForm,
		func(v visitor) { v.AssertInputErrors("title", "Too short.", "Too plain.") },
		func(v visitor) { v.AssertInputErrors("title", "Too plain.", "Too short.") },
		`the input errors of "title" are "Too short.", "Too plain."; want "Too plain.", "Too short."` + formText},
	{"AssertInputErrors", someForm,
		nothing,
		func(v visitor) { v.AssertInputErrors("title", "Too short.") },
		`the input errors of "title" are "Too short.", "Too plain."; want "Too short."` + formText},
	{"AssertInputErrors", someForm,
		func(v visitor) { v.AssertInputErrors("title") },
		func(v visitor) { v.AssertInputErrors("body") },
		`there is no input error of "body"` + formText},
	{"AssertNoInputError", someForm,
		func(v visitor) { v.AssertNoInputError("body", "tags") },
		func(v visitor) { v.AssertNoInputError("body", "title") },
		`the input errors of "title" are "Too short.", "Too plain."; want none` + formText},
	{"AssertNoInputError", seeded(func(s *session.Session) { s.FlashInputErrors(map[string][]string{"title": {"Too short."}}) }),
		nothing,
		func(v visitor) { v.AssertNoInputError("title") },
		`the input errors of "title" are "Too short."; want none
	this is what there is:
	input error: "title": "Too short."`},
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
		nothing,
		func(v visitor) { v.Another().AssertTagged("ada") },
		`the session is not among the 1 of the user "ada"` + noneText},

	{"AssertStatus", nothing,
		func(v visitor) { v.Get("/ping").AssertStatus(204) },
		func(v visitor) { v.Get("/nowhere?a=1").AssertStatus(200) },
		"GET /nowhere?a=1: 404 Not Found; want 200\n\t" + `{"message":"Not Found"}` + "\n\t"},
	{"AssertRedirect", nothing,
		func(v visitor) {
			v.Post("/suche", nil).AssertRedirect("/suche?q=größe 38")
			v.Post("/suche", nil).AssertRedirect("/suche?q=gr%C3%B6%C3%9Fe%2038")
		},
		func(v visitor) { v.Post("/suche", nil).AssertRedirect("/suche?q=grösse") },
		`POST /suche: 303 See Other, to /suche?q=gr%C3%B6%C3%9Fe 38; want a redirect to /suche?q=grösse`},
	{"AssertRedirect", nothing,
		func(v visitor) {
			v.Post("/posts", url.Values{"title": {"a"}}).AssertRedirect("/posts")
			v.Post("/posts", url.Values{"title": {"a"}}).AssertRedirect("https://example.com/posts")
		},
		func(v visitor) { v.Post("/posts", url.Values{"title": {"a"}}).AssertRedirect("/") },
		"POST /posts: 303 See Other, to /posts; want a redirect to /"},
	{"AssertRedirect", nothing,
		nothing,
		func(v visitor) { v.Post("/posts", url.Values{"title": {"a"}}).AssertRedirect("/%zz") },
		"POST /posts: 303 See Other, to /posts; want a redirect to /%zz"},
	{"AssertRedirect", nothing,
		nothing,
		func(v visitor) { v.Post("/lost", nil).AssertRedirect("/posts") },
		"POST /lost: 303 See Other, to /%zz; want a redirect to /posts"},
	{"AssertRedirect", nothing,
		nothing,
		func(v visitor) { v.Get("/nowhere").AssertRedirect("/nowhere") },
		"GET /nowhere: 404 Not Found; want a redirect to /nowhere\n\t" + `{"message":"Not Found"}` + "\n\t"},
	{"AssertRedirect", nothing,
		nothing,
		func(v visitor) { v.Get("/ping").AssertRedirect("/posts") },
		"GET /ping: 204 No Content; want a redirect to /posts"},

	{"AssertSessionBegun", nothing,
		func(v visitor) { v.Post("/login", url.Values{"user": {"ada"}}).AssertSessionBegun() },
		func(v visitor) { v.Get("/ping").AssertSessionBegun() },
		"GET /ping: 204 No Content: want a session" + noneText},
	{"AssertSessionBegun", someValues,
		nothing,
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
		nothing,
		func(v visitor) { v.Post("/instead", nil).AssertSessionBegun() },
		"POST /instead: 204 No Content: there was a session already; want one that begins here" + bobText},
	{"AssertSessionRegenerated", nothing,
		nothing,
		func(v visitor) { v.Post("/login", url.Values{"user": {"ada"}}).AssertSessionRegenerated() },
		"POST /login: 303 See Other, to /posts: the visitor came without a session, so there was none to be given a new id; Seed one\n\tthis is what there is:\n\tvalue \"user\": \"ada\""},
	{"AssertSessionRegenerated", someValues,
		func(v visitor) { v.Post("/login", url.Values{"user": {"ada"}}).AssertSessionRegenerated() },
		func(v visitor) { v.Get("/ping").AssertSessionRegenerated() },
		"GET /ping: 204 No Content: the session still has its old id; want a new one (Regenerate, or Tag)" + valuesText},
	{"AssertSessionRegenerated", someValues,
		nothing,
		func(v visitor) { v.Post("/end", nil).AssertSessionRegenerated() },
		"POST /end: 204 No Content: the session has ended; want it to go on with a new id" + noneText},
	{"AssertSessionRegenerated", someValues,
		nothing,
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
		nothing,
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

func Test_that_beginning_regenerating_and_destroying_are_told_apart(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		form := url.Values{"title": {"Hello"}, "user": {"ada"}}

		visitor.AssertNoSession()
		visitor.Post("/posts", form).AssertSessionBegun()
		visitor.Post("/login", form).AssertSessionRegenerated()
		visitor.AssertSession()
		visitor.AssertValue("titles")
		visitor.Post("/logout", nil).AssertSessionDestroyed()
		visitor.AssertAlert("info", "Good-bye.")
		visitor.AssertNoValue()
	})
}

// In cookies, flash has one of its own, and there may be no other.
func Test_that_what_was_flashed_is_a_session(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		flashed := func(t sessiontest.TB) *sessiontest.Visitor {
			visitor := sessiontest.New(t, cfg, newApp(cfg))
			visitor.Post("/posts", url.Values{"title": {""}}).AssertSessionBegun()
			return visitor
		}
		flashed(t).Post("/login", url.Values{"user": {"ada"}}).AssertSessionRegenerated()
		flashed(t).Post("/logout", nil).AssertSessionDestroyed()
		for message, failing := range map[string]func(*sessiontest.Response){
			"there was a session already": (*sessiontest.Response).AssertSessionBegun,
			"still has its old id":        (*sessiontest.Response).AssertSessionRegenerated,
			"the session":                 (*sessiontest.Response).AssertSessionDestroyed,
		} {
			wantFailureThatSays(t, message, func(fake sessiontest.TB) { failing(flashed(fake).Get("/ping")) })
		}
	})
}

// The cookies after the answer do not show that: an old id is dead in all cases.
func Test_that_it_counts_whether_there_was_a_session_before_the_request(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, clock *sessiontest.Clock) {
		visit := func(t sessiontest.TB) *sessiontest.Visitor {
			visitor := sessiontest.New(t, cfg, newApp(cfg))
			visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
			return visitor
		}
		for _, path := range []string{"/login", "/logout"} {
			wantFailureThatSays(t, "there was a session already", func(fake sessiontest.TB) { visit(fake).Post(path, nil).AssertSessionBegun() })
		}

		// A session that has expired is none, even if its cookie is sent.
		late := func(t sessiontest.TB) *sessiontest.Response {
			visitor := visit(t)
			clock.Advance(session.DefaultIdleTimeout)
			return visitor.Post("/login", url.Values{"user": {"ada"}})
		}
		late(t).AssertSessionBegun()
		wantFailureThatSays(t, "came without a session", func(fake sessiontest.TB) { late(fake).AssertSessionRegenerated() })
		wantFailureThatSays(t, "came without a session", func(fake sessiontest.TB) { late(fake).AssertSessionDestroyed() })
	})
}

// A request may bring the cookie of a real browser itself.
func Test_that_a_cookie_which_the_request_brings_itself_counts(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		app := newApp(cfg)
		post := func(v *sessiontest.Visitor, path string) *sessiontest.Response {
			browser := v.Another()
			browser.Seed(func(s *session.Session) { s.Put("user", "ada") })
			r := httptest.NewRequest(http.MethodPost, path, nil)
			for _, c := range browser.Cookies() {
				r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
			}
			return v.Do(r)
		}
		post(sessiontest.New(t, cfg, app), "/login").AssertSessionRegenerated()
		post(sessiontest.New(t, cfg, app), "/logout").AssertSessionDestroyed()
		wantFailureThatSays(t, "there was a session already", func(fake sessiontest.TB) {
			post(sessiontest.New(fake, cfg, app), "/login").AssertSessionBegun()
		})
	})
}

// With such a store, the kit cannot tell a new id from a new session.
func Test_that_a_store_which_finds_no_users_will_do_for_a_new_id(t *testing.T) {
	cfg := session.Config{Store: plain{memorystore.New(memorystore.Options{})}}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Seed(func(s *session.Session) { s.Put("cart", 7) })
	visitor.Post("/login", url.Values{"user": {"ada"}}).AssertSessionRegenerated()
	visitor.AssertValue("cart", 7)
}

// plain is a store with the required methods only.
type plain struct{ session.Store }

// The note that an id was given up lasts only a minute, and an assertion may come later.
func Test_that_a_new_id_is_known_for_as_long_as_the_session_lives(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, clock *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		visitor.Seed(func(s *session.Session) { s.Put("cart", 7) })
		answer := visitor.Post("/login", url.Values{"user": {"ada"}})
		clock.Advance(time.Hour)
		answer.AssertSessionRegenerated()
	})
}

func Test_that_a_session_without_values_is_not_destroyed_by_nothing(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		wantFailureThatSays(t, "want it destroyed", func(fake sessiontest.TB) {
			visitor := sessiontest.New(fake, cfg, newApp(cfg))
			started(visitor)
			visitor.Get("/ping").AssertSessionDestroyed()
		})
	})
}
