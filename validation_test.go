package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// The parts of go-playground/validator's errors that are used; internal/e2e has the real ones.
type (
	validatorError  interface{ session.FieldError }
	validatorErrors []validatorError

	ruleError struct {
		namespace, tag, param string
		kind                  reflect.Kind
	}
)

func (e validatorErrors) Error() string { return fmt.Sprintf("%d errors of fields", len(e)) }

func (e ruleError) Error() string      { return "Key: '" + e.namespace + "' Error: " + e.tag }
func (e ruleError) Namespace() string  { return e.namespace }
func (e ruleError) Tag() string        { return e.tag }
func (e ruleError) Param() string      { return e.param }
func (e ruleError) Kind() reflect.Kind { return e.kind }

func required(namespace string) validatorError {
	return ruleError{namespace, "required", "", reflect.String}
}

func notNumber(text string) error { _, err := strconv.Atoi(text); return err }

// fieldErrors reads the errors as "name: text".
func fieldErrors(s *session.Session) any {
	var all []string
	for _, e := range s.Submission("").AllErrors() {
		all = append(all, e.Name+": "+strings.Join(e.Messages, ", "))
	}
	return strings.Join(all, "; ")
}

// titleIsShort refuses the form of a post.
func titleIsShort(s *session.Session) {
	s.FlashValidationErrors(invalidTitle)
}

func Test_which_errors_are_taken_apart(t *testing.T) {
	title := validatorErrors{required("Post.Title")}
	byHand := session.ValidationErrors{"slug": {"is taken"}}
	cases := []struct {
		claim string
		err   error
		want  string
	}{
		{"those of a validator", title, "title: Title is required"},
		{"a pointer to the list, as errors.As takes it", &title, "title: Title is required"},
		{"a single one", required("Post.Title"), "title: Title is required"},
		{"several of one field", validatorErrors{required("Post.Title"), ruleError{"Post.Title", "alpha", "", reflect.String}}, "title: Title is required, Title must have letters only"},
		{"those made by hand, by name", session.ValidationErrors{"b": {"1", "2"}, "a": {"3"}}, "a: 3; b: 1, 2"},
		{"and by the numbers in the names", session.ValidationErrors{"f[10].b": {"1"}, "f[2].c": {"2"}, "f[2].b": {"3"}}, "f[2].b: 3; f[2].c: 2; f[10].b: 1"},
		{"any with a method InputErrors", ownError{}, "own: mistake"},
		{"not what such a one was made of", madeOf{title}, "own: mistake"},
		{"wrapped by fmt.Errorf", fmt.Errorf("create post: %w", title), "title: Title is required"},
		{"wrapped twice", fmt.Errorf("a: %w", fmt.Errorf("b: %w", byHand)), "slug: is taken"},
		{"joined", errors.Join(errOops, title), "title: Title is required"},
		{"joined of both sorts", errors.Join(title, byHand), "title: Title is required; slug: is taken"},
		{"joined of one sort", errors.Join(byHand, session.ValidationErrors{"slug": {"is long"}, "a": {"x"}}), "slug: is taken, is long; a: x"},
		{"in an echo.HTTPError, as its cause", echo.NewHTTPError(http.StatusBadRequest, "bad").SetInternal(title), "title: Title is required"},
		{"in an echo.HTTPError that wraps it", echo.ErrBadRequest.WithInternal(fmt.Errorf("validate: %w", title)), "title: Title is required"},
		{"in an echo.HTTPError, as its message", echo.NewHTTPError(http.StatusBadRequest, title), "title: Title is required"},
		{"an unknown one adds nothing", errOops, ""},
		{"nor does an echo.HTTPError", echo.ErrConflict, ""},
		{"nor a number of the application's own", notNumber("title"), ""},
		{"nor one with a text of its own", echo.NewHTTPError(http.StatusBadRequest, "no").SetInternal(notNumber("")), ""},
		{"nor with another status", echo.NewHTTPError(http.StatusConflict, notNumber("").Error()).SetInternal(notNumber("")), ""},
		{"nor around that of Bind", echo.NewHTTPError(http.StatusBadRequest, "no").SetInternal(echo.NewHTTPError(http.StatusBadRequest, notNumber("").Error()).SetInternal(notNumber(""))), ""},
		{"nor with none in it", echo.NewHTTPError(http.StatusBadRequest).SetInternal((*strconv.NumError)(nil)), ""},
		{"what an application says of a number stays", echo.NewHTTPError(http.StatusBadRequest, byHand).SetInternal(notNumber("")), "slug: is taken"},
		{"nor nil", nil, ""},
		{"nor an empty list", validatorErrors{}, ""},
		{"nor an empty map", session.ValidationErrors{}, ""},
		{"nor a pointer to no error", (*session.ValidationErrors)(nil), ""},
		{"nor one of a binder's", (*echo.BindingError)(nil), ""},
		{"nor one of Echo's, joined", errors.Join((*echo.HTTPError)(nil), (*pointerError)(nil)), ""},
		{"nor a list of other things", otherErrors{required("Post.Title"), "text"}, ""},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.post(url.Values{"title": {""}}, flashing(func(s *session.Session) { s.FlashValidationErrors(tc.err) }))
			reads(t, v, "the page", func(s *session.Session) any {
				summary := s.PageErrors()
				if got := len(summary) > 0 && summary[0].Code == session.ValidationErrorCode; got != (tc.want != "") || len(summary) > 1 {
					t.Errorf("summary: %v", summary)
				}
				if !s.Submission("").Submitted() {
					t.Error("the form is not refilled")
				}
				return fieldErrors(s)
			}, tc.want)
		})
	}
}

func Test_what_is_said_of_a_value_that_Bind_cannot_read(t *testing.T) {
	type form struct {
		Count int       `form:"count" query:"count"`
		Small int8      `form:"small"`
		Size  uint      `form:"size"`
		Price float64   `form:"price"`
		Agree bool      `form:"agree"`
		Day   time.Time `form:"day" format:"2006-01-02"`
		At    time.Time `form:"at"`
		IDs   []int     `form:"ids"`
		Each  int       `form:"items[][qty]"`
		Title string    `form:"title"`
	}
	cases := []struct {
		claim string
		request
		want string
	}{
		{"an integer", request{form: url.Values{"count": {"abc"}, "title": {"t"}}}, "count: Count must be a whole number"},
		{"one with a fraction", request{form: url.Values{"count": {"1.5"}}}, "count: Count must be a whole number"},
		{"one that does not fit", request{form: url.Values{"small": {"1000"}}}, "small: Small is too large or too small"},
		{"one that is none at all", request{form: url.Values{"size": {"a"}}}, "size: Size must be a whole number"},
		{"a sign alone where none may be", request{form: url.Values{"size": {"-"}}}, "size: Size must be a whole number"},
		{"a sign alone", request{form: url.Values{"count": {"-"}}}, "count: Count must be a whole number"},
		{"one below zero", request{form: url.Values{"size": {"-1"}}}, "size: Size is too large or too small"},
		{"a number", request{form: url.Values{"price": {"1,5"}}}, "price: Price must be a number"},
		{"a bool", request{form: url.Values{"agree": {"on"}}}, "agree: Agree must be true or false"},
		{"a day", request{form: url.Values{"day": {"tomorrow"}}}, "day: Day must be a date or time"},
		{"no day", request{form: url.Values{"day": {""}, "title": {"t"}}}, "day: Day must be a date or time"},
		{"a time", request{form: url.Values{"at": {"noon"}}}, "at: At must be a date or time"},
		{"one of several values", request{form: url.Values{"ids": {"1", "two"}}}, "ids: IDs must be a whole number"},
		{"the first of several fields", request{form: url.Values{"count": {"a"}, "price": {"b"}}}, "count: Count must be a whole number"},
		{"one by its very name", request{form: url.Values{"items[][qty]": {"a"}, "items[qty]": {"1"}}}, "items[][qty]: Items qty must be a whole number"},
		{"one of a form by GET", request{path: "/find?count=a", method: http.MethodGet}, "count: Count must be a whole number"},
		{"one that another field has, too", request{form: url.Values{"count": {"a"}, "title": {"a"}}}, ""},
		{"one that another spelling of the field has, too", request{form: url.Values{"count": {"a"}, "Count": {"a"}}}, ""},
		{"one that a field of the library's has, too", request{form: url.Values{"count": {"a"}, "_x": {"a"}}}, ""},
		{"one that a field with a long name has, too", request{form: url.Values{"count": {"a"}, strings.Repeat("x", 300): {"a"}}}, ""},
		{"one that is a part of the path, too", request{path: "/posts/a", form: url.Values{"count": {"a"}}}, ""},
		{"one in JSON", request{method: http.MethodDelete, path: "/posts?q=noon", body: `{"at":"noon"}`, header: headers{"Content-Type", "application/json"}}, ""},
		{"one that is within a part of the path", request{path: "/posts-abc", form: url.Values{"count": {"abc"}}}, ""},
		{"one that is in the path, unescaped", request{path: "/posts/%C3%A4", form: url.Values{"count": {"ä"}}}, ""},
		{"one that is in the path, escaped", request{path: "/posts/a%2Fb", form: url.Values{"count": {"a%2Fb"}}}, ""},
		{"one that the query has, too", request{path: "/posts?size=a", form: url.Values{"count": {"a"}}}, ""},
		{"one that the query alone has", request{path: "/posts?count=a", form: url.Values{"title": {"t"}}}, ""},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.ask(tc.request, func(c echo.Context) error {
				err := c.Bind(new(form))
				if err == nil {
					t.Error("Bind reads it")
				}
				return flashing(func(s *session.Session) { s.FlashValidationErrors(err) })(c)
			})
			reads(t, v, "the page", fieldErrors, tc.want)
		})
	}
}

func Test_what_is_said_of_a_value_that_a_binder_of_Echo_cannot_read(t *testing.T) {
	bind := func(c echo.Context, fields *echo.ValueBinder) error {
		var n int
		var u uint8
		var b bool
		var at time.Time
		var list []int64
		fields = fields.FailFast(false).Int("n", &n).Uint8("u", &u).Bool("b", &b).Time("at", &at, time.DateOnly).Int64s("list", &list)
		if c.FormValue("must") != "" {
			fields = fields.MustInt("m", &n)
		}
		return errors.Join(fields.BindErrors()...)
	}
	form := func(c echo.Context) error { return bind(c, echo.FormFieldBinder(c)) }
	query := func(c echo.Context) error { return bind(c, echo.QueryParamsBinder(c)) }
	path := func(c echo.Context) error {
		c.SetParamNames("n")
		c.SetParamValues("a")
		return bind(c, echo.PathParamsBinder(c))
	}
	own := func(text string, cause error) echo.HandlerFunc {
		return func(echo.Context) error { return echo.NewBindingError("n", []string{"x"}, text, cause) }
	}
	cases := []struct {
		claim string
		request
		by   echo.HandlerFunc
		want string
	}{
		{"an integer", request{form: url.Values{"n": {"abc"}}}, form, "n: N must be a whole number"},
		{"one that does not fit", request{form: url.Values{"u": {"300"}}}, form, "u: U is too large or too small"},
		{"a bool", request{form: url.Values{"b": {"on"}}}, form, "b: B must be true or false"},
		{"a day", request{form: url.Values{"at": {"noon"}}}, form, "at: At must be a date or time"},
		{"one of several values", request{form: url.Values{"list": {"1", "x"}}}, form, "list: List must be a whole number"},
		{"all that are wrong", request{form: url.Values{"n": {"a"}, "b": {"b"}}}, form, "n: N must be a whole number; b: B must be true or false"},
		{"one that another field has, too, since a binder names the field", request{form: url.Values{"n": {"a"}, "title": {"a"}}}, form, "n: N must be a whole number"},
		{"one that must be there", request{form: url.Values{"must": {"1"}, "m": {""}}}, form, "m: M is required"},
		{"one that must be there, and was not sent", request{form: url.Values{"must": {"1"}}}, form, "m: M is required"},
		{"one in several parts", inParts(fieldPart("n", "a")), form, "n: N must be a whole number"},
		{"one of the path", request{form: url.Values{"title": {"a"}}}, path, ""},
		{"one of the path that the form has with another value", request{form: url.Values{"n": {"1"}}}, path, ""},
		{"one of the address", request{path: "/?n=a", form: url.Values{"title": {"t"}}}, form, ""},
		{"one in JSON", request{method: http.MethodDelete, path: "/?n=a", body: `{}`, header: headers{"Content-Type", "application/json"}}, form, ""},
		{"one that must be in the address, and is in the form", request{form: url.Values{"must": {"1"}, "m": {"5"}}}, query, ""},
		{"with another text, which is the application's", request{form: url.Values{"n": {"x"}}}, own("is taken", notNumber("x")), ""},
		{"for a reason that only the application knows", request{form: url.Values{"n": {"x"}}}, own("failed to bind field value to T", errOops), ""},
		{"for none", request{form: url.Values{"n": {"x"}}}, own("failed to bind field value to T", nil), ""},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.ask(tc.request, func(c echo.Context) error {
				err := tc.by(c)
				if err == nil {
					t.Error("the binder reads it")
				}
				return flashing(func(s *session.Session) { s.FlashValidationErrors(err) })(c)
			})
			reads(t, v, "the page", fieldErrors, tc.want)
		})
	}
}

// A form may name the keys of a map, and so may be what makes the names of errors.
func Test_that_no_field_with_a_name_that_is_too_long_to_keep_has_an_error(t *testing.T) {
	long := strings.Repeat("x", 257)
	bad := session.ValidationErrors{long: {"is bad"}, "title": {"is short"}}
	cases := []struct {
		claim string
		flash func(*session.Session)
		want  string
	}{
		{"of Bind", func(s *session.Session) {
			s.FlashValidationErrors(echo.NewHTTPError(http.StatusBadRequest, notNumber("a").Error()).SetInternal(notNumber("a")))
		}, ""},
		{"of a validator", func(s *session.Session) {
			s.FlashValidationErrors(validatorErrors{required("Team.members[" + long + "].name"), required("Team.Title")})
		}, "title: Title is required"},
		{"of the application", func(s *session.Session) { s.FlashValidationErrors(bad) }, "title: is short"},
		{"that was flashed", func(s *session.Session) { s.FlashInputErrors(bad) }, "title: is short"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.post(url.Values{long: {"a"}}, flashing(tc.flash))
			reads(t, v, "the page", fieldErrors, tc.want)
		})
	}
}

func Test_that_a_text_for_what_Bind_cannot_read_knows_the_field_and_not_the_value(t *testing.T) {
	v := newSite(t, func(cfg *session.Config) {
		cfg.ValidationText = func(_ context.Context, e session.FieldError) string {
			return fmt.Sprint(e.Namespace(), " ", e.Tag(), " ", e.Kind(), " ", e.Error())
		}
	}).browser()
	v.post(url.Values{"title": {"secret"}}, func(c echo.Context) error {
		return flashing(func(s *session.Session) { s.FlashValidationErrors(bindsNumber(c)) })(c)
	})
	reads(t, v, "the page", fieldErrors, "title: form.title number int session: a field does not fit the rule number")
}

func Test_that_the_summary_can_be_chosen(t *testing.T) {
	v := newSite(t, func(cfg *session.Config) { cfg.ValidationSummary = "form.invalid" }).browser()
	v.post(url.Values{"title": {""}}, flashing(func(s *session.Session) {
		s.FlashValidationErrors(session.ValidationErrors{"title": {"is missing"}})
	}))
	reads(t, v, "the page", func(s *session.Session) any { return s.PageErrors()[0].Text }, "form.invalid")
}

type ownError struct{}

func (ownError) Error() string                    { return "own" }
func (ownError) InputErrors() map[string][]string { return map[string][]string{"own": {"mistake"}} }

type madeOf struct{ cause error }

func (madeOf) Error() string                    { return "own" }
func (e madeOf) Unwrap() error                  { return e.cause }
func (madeOf) InputErrors() map[string][]string { return map[string][]string{"own": {"mistake"}} }

type pointerError struct{ fields map[string][]string }

func (e *pointerError) Error() string                    { return "own" }
func (e *pointerError) InputErrors() map[string][]string { return e.fields }

type otherErrors []any

func (otherErrors) Error() string { return "others" }

func Test_that_no_more_errors_are_put_into_words_than_are_shown(t *testing.T) {
	texts := 0
	s := newSite(t, func(cfg *session.Config) {
		cfg.ValidationText = func(context.Context, session.FieldError) string { texts++; return "is wrong" }
	})
	var many validatorErrors
	for i := range 1000 {
		many = append(many, required(fmt.Sprintf("Post.Tags[%d]", i)))
	}
	for claim, form := range map[string]url.Values{
		"each of a field of its own": {"tags[0]": {"a"}, "tags[1]": {"b"}},
		"all of one field":           {"tags": {"a", "b"}},
	} {
		texts = 0
		s.browser().post(form, flashing(func(s *session.Session) { s.FlashValidationErrors(many) }))
		if texts != 200 {
			t.Errorf("%s: %d texts; want 200", claim, texts)
		}
	}
}

func Test_that_the_spelling_of_a_large_form_is_found(t *testing.T) {
	form := url.Values{"firstName": {"A"}}
	for i := range 300 {
		form.Set(fmt.Sprintf("q%d", i), "")
	}
	for range 10 {
		v := newSite(t).browser()
		v.post(form, flashing(func(s *session.Session) { s.FlashValidationErrors(validatorErrors{required("Post.LastName")}) }))
		reads(t, v, "errors", func(s *session.Session) any { return fieldErrors(s) }, "lastName: Last name is required")
	}
}

func Test_which_field_an_error_belongs_to(t *testing.T) {
	cases := []struct {
		claim     string
		namespace string
		submitted string // names, separated by spaces
		want      string
	}{
		{"a name in Go is in snake case", "Post.PublishedAt", "", "published_at"},
		{"initials are one word", "Post.UserID", "", "user_id"},
		{"also where there are several", "Post.IDs", "", "ids"},
		{"or what the form has", "Post.PublishedAt", "publishedAt", "publishedAt"},
		{"or has with a dash", "Post.PublishedAt", "published-at", "published-at"},
		{"or has in Go's spelling", "Post.PublishedAt", "PublishedAt", "PublishedAt"},
		{"a name of a tag stays", "Post.publishedAt", "", "publishedAt"},
		{"spelled as other names of the form, in camel case", "Post.PublishedAt", "userId payPlan", "publishedAt"},
		{"or with dashes", "Post.PublishedAt", "pay-plan", "published-at"},
		{"as most of them are", "Post.PublishedAt", "pay-plan user_id user_name", "published_at"},
		{"those of the library do not count", "Post.PublishedAt", "_csrf payPlan", "publishedAt"},
		{"nor do names that are too long to keep", "Post.PublishedAt", strings.Repeat("pay_plan_", 30) + " payPlan", "publishedAt"},
		{"those of the library have no errors", "Order.Method", "_method", "method"},
		{"nor has a name that is too long to keep", "Post.Title", "title" + strings.Repeat("-", 252), "title"},
		{"one that begins with a digit is not Go's", "Post.2ndLine", "", "2ndLine"},
		{"letters of any script have capitals", "Форма.ДатаРождения", "", "дата_рождения"},
		{"also in a struct in a struct", "Форма.Адрес.Город", "", "город"},
		{"and initials", "Форма.ИННКод", "", "инн_код"},
		{"a struct in a struct", "Post.Author.Email", "author.name", "author.email"},
		{"is flat where nothing of it was sent, as Echo binds it", "Post.Author.Email", "", "email"},
		{"also two of them", "Post.Author.Address.Zip", "", "zip"},
		{"or one of the two", "Post.Author.Address.Zip", "address.city", "address.zip"},
		{"but not one that goes by a tag", "Post.author.email", "", "author.email"},
		{"nor what is in that", "Post.author.Address.Zip", "", "author.address.zip"},
		{"another field of that name has no part in it", "Order.Payer.Agree", "agree payer[name]", "payer.agree"},
		{"nor in that of an element", "Order.Guests[0].Agree", "agree", "guests[0].agree"},
		{"an embedded struct in a list is flat", "Party.guests[0].Person.name", "guests[0].name", "guests[0].name"},
		{"also by Go's names", "Party.Guests[0].Person.LastName", "guests[0][last_name]", "guests[0][last_name]"},
		{"also if nothing of it was sent", "Party.guests[0].Person.agree", "guests[0].age", "guests[0].agree"},
		{"unless it goes by a tag", "Party.guests[0].person.agree", "guests[0].age", "guests[0].person.agree"},
		{"also by Go's names, like a struct anywhere else", "Party.Guests[0].Person.Agree", "guests[0].age", "guests[0].agree"},
		{"but not where something of it was sent", "Party.Guests[0].Person.Agree", "guests[0].agree guests[0].person.age", "guests[0].person.agree"},
		{"an embedded struct in a struct is flat, too", "Party.host.Person.name", "host[name]", "host[name]"},
		{"also if nothing of it was sent", "Party.host.Person.agree", "host[age]", "host.agree"},
		{"and one in another", "Party.Base.Host.Person.Name", "host.age host.name", "host.name"},
		{"with brackets in the form", "Post.Author.Email", "author[email]", "author[email]"},
		{"with an underscore in the form", "Post.Author.Email", "author_email", "author_email"},
		{"or flat, as Echo binds it", "Post.Author.Email", "email", "email"},
		{"or flat, by its tag", "Post.Author.author_email", "author_email", "author_email"},
		{"the longer name goes first", "Post.Author.Email", "email author.email", "author.email"},
		{"a struct in a list", "Order.Items[0].ProductName", "", "items[0].product_name"},
		{"as the form has it", "Order.Items[1].ProductName", "items[0][product_name] items[1][product_name]", "items[1][product_name]"},
		{"an element of a list", "Post.Tags[1]", "tags[0] tags[1]", "tags[1]"},
		{"of a field that came several times", "Post.Tags[1]", "tags", "tags"},
		{"but not a list in a list", "Post.Rows[1][2]", "rows", "rows[1][2]"},
		{"nor a field of an element", "Order.Items[1].ProductName", "items", "items[1].product_name"},
		{"of a list with brackets", "Post.Tags[1]", "tags[]", "tags[]"},
		{"of a list with brackets, by its tag", "Post.tags[1]", "tags[]", "tags[]"},
		{"of one whose tag has the brackets", "Post.tags[][1]", "tags[]", "tags[]"},
		{"also if nothing was sent", "Post.tags[][1]", "", "tags[1]"},
		{"two numbers are not one", "Survey.Q1_1", "q1_1 q11", "q1_1"},
		{"nor one two", "Survey.Q11", "q1_1 q11", "q11"},
		{"nor a number and its negative", "Order.Rows[-1]", "rows[-1] rows[1]", "rows[-1]"},
		{"but Go's names may join two", "Server.TLS13", "tls_1_3", "tls_1_3"},
		{"also in a list", "Survey.Questions[0].Answer12", "questions[0].answer_1_2", "questions[0].answer_1_2"},
		{"and with dashes", "Server.OAuth20ID", "o-auth-2-0-id", "o-auth-2-0-id"},
		{"a key of a map", "Post.Meta[color]", "meta[color]", "meta[color]"},
		{"an anonymous struct has no name", "Email", "email", "email"},
		{"nor in it a struct", "Author.Email", "author.email", "author.email"},
		{"nor in that what was not sent", "Author.Agree", "author.email", "author.agree"},
		{"the form may begin its names with that of the struct", "User.Email", "user[email]", "user[email]"},
		{"also that of a box that was not checked", "User.Agree", "user[email]", "user.agree"},
		{"but not twice, if its tags do", "User.user[agree]", "user[email]", "user[agree]"},
		{"also where a struct is embedded", "User.Person.Name", "user[name]", "user[name]"},
		{"and something outside has the same name", "User.Person.Name", "name user[name]", "user[name]"},
		{"which is not the struct's where it does not", "User.Agree", "email", "agree"},
		{"nor where a tag says that it is outside", "User.agree", "user[email]", "agree"},
		{"nor where it was sent outside", "Order.Customer.email", "order[total] email", "email"},
		{"a field may have the name of its struct", "Post.Post.Agree", "post.title", "post.agree"},
		{"a generic struct has a long one", "Form[example.com/app.Post].Title", "title", "title"},
		{"a variable has none", "", "title", ""},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			form := url.Values{"other": {""}}
			for _, name := range strings.Fields(tc.submitted) {
				form.Set(name, "")
			}
			v.post(form, flashing(func(s *session.Session) {
				s.FlashValidationErrors(validatorErrors{required(tc.namespace)})
			}))
			reads(t, v, "the page", fieldErrors, tc.want+": "+session.ValidationText(t.Context(), required(tc.namespace)))
		})
	}
}

func Test_that_a_mistake_in_one_of_several_files_is_one_of_their_field(t *testing.T) {
	v := newSite(t).browser()
	a := inParts(filePart("pics"), filePart("pics"), fieldPart("title", "T"))
	v.ask(a, flashing(func(s *session.Session) { s.FlashValidationErrors(validatorErrors{required("Post.Pics[1]")}) }))
	reads(t, v, "the page", fieldErrors, "pics: Pics is required")
}

func Test_that_one_mistake_in_many_elements_is_said_once(t *testing.T) {
	v := newSite(t).browser()
	v.post(url.Values{"tags": {"", ""}}, flashing(func(s *session.Session) {
		s.FlashValidationErrors(validatorErrors{required("Post.Tags[0]"), required("Post.Tags[1]")})
	}))
	reads(t, v, "the page", fieldErrors, "tags: Tags is required")
}

func Test_what_a_visitor_reads_about_a_mistake(t *testing.T) {
	cases := []struct {
		tag, param string
		kind       reflect.Kind
		want       string
	}{
		{"required", "", reflect.String, "Title is required"},
		{"required_if", "Plan pro", reflect.String, "Title is required"},
		{"required_with", "Email", reflect.String, "Title is required"},
		{"required", "", reflect.Bool, "Title must be checked"},
		{"required_if", "Plan pro", reflect.Bool, "Title must be checked"},
		{"eq", "true", reflect.Bool, "Title must be checked"},
		{"eq", "false", reflect.Bool, "Title must be false"},
		{"ne", "true", reflect.Bool, "Title must not be true"},
		{"eq", "4", reflect.Int, "Title must be 4"},
		{"ne", "admin", reflect.String, "Title must not be admin"},
		{"min", "3", reflect.String, "Title must have at least 3 characters"},
		{"min", "1", reflect.String, "Title must have at least 1 character"},
		{"max", "80", reflect.String, "Title must have at most 80 characters"},
		{"len", "5", reflect.String, "Title must have exactly 5 characters"},
		{"gt", "5", reflect.String, "Title must have more than 5 characters"},
		{"min", "18", reflect.Int, "Title must be at least 18"},
		{"len", "18", reflect.Int, "Title must be exactly 18"},
		{"gte", "18", reflect.Uint8, "Title must be at least 18"},
		{"gt", "0", reflect.Float64, "Title must be more than 0"},
		{"lt", "100", reflect.Int, "Title must be less than 100"},
		{"lte", "99.5", reflect.Float64, "Title must be at most 99.5"},
		{"min", "1h", reflect.Int64, "Title must be at least 1h"},
		{"min", "1", reflect.Slice, "Title must have at least 1 value"},
		{"max", "3", reflect.Slice, "Title must have at most 3 values"},
		{"len", "2", reflect.Map, "Title must have exactly 2 values"},
		{"max", "2", reflect.Array, "Title must have at most 2 values"},
		{"gt", "", reflect.Struct, "Title must be in the future"},
		{"gte", "", reflect.Struct, "Title must be in the future"},
		{"lt", "", reflect.Struct, "Title must be in the past"},
		{"lte", "", reflect.Struct, "Title must be in the past"},
		{"gt", "", reflect.Pointer, "Title must be in the future"},
		{"eqfield", "NewPassword", reflect.String, "Title must be the same as new password"},
		{"eqfield", "UserID", reflect.Int, "Title must be the same as user ID"},
		{"eqfield", "StartsAt", reflect.Struct, "Title must be the same as starts at"},
		{"nefield", "OldPassword", reflect.String, "Title must not be the same as old password"},
		{"gtfield", "Minimum", reflect.Int, "Title must be more than minimum"},
		{"gtfield", "StartsAt", reflect.Struct, "Title must be after starts at"},
		{"gtefield", "StartsAt", reflect.Struct, "Title must not be before starts at"},
		{"ltefield", "Maximum", reflect.Int, "Title must be at most maximum"},
		{"email", "", reflect.String, "Title must be an email address, such as name@example.com"},
		{"url", "", reflect.String, "Title must be a web address that begins with https:// or http://"},
		{"oneof", "red green", reflect.String, "Title must be one of the options"},
		{"unique", "", reflect.Slice, "Title must not have the same value twice"},
		{"numeric", "", reflect.String, "Title must be a number"},
		{"alphanum", "", reflect.String, "Title must have letters and digits only"},
		{"uuid", "", reflect.String, "Title must be a UUID"},
		{"datetime", "2006-01-02", reflect.String, "Title must be a date or time"},
		{"startswith", "#", reflect.String, "Title must begin with #"},
		{"endswith", ".com", reflect.String, "Title must end with .com"},
		{"contains", "@", reflect.String, "Title must contain @"},
		{"excludesall", "<>", reflect.String, "Title must not contain any of <>"},
		{"contains", "{n}", reflect.String, "Title must contain {n}"},
		{"no_such_rule", "7", reflect.String, "Title is not valid"},
		{"", "", reflect.Invalid, "Title is not valid"},
	}
	for _, tc := range cases {
		got := session.ValidationText(context.Background(), ruleError{"Post.Title", tc.tag, tc.param, tc.kind})
		wantText(t, fmt.Sprintf("%s=%s of a %s", tc.tag, tc.param, tc.kind), got, tc.want)
	}
}

func Test_how_a_text_names_its_field(t *testing.T) {
	cases := []struct{ claim, namespace, want string }{
		{"by its words", "Post.PublishedAt", "Published at"},
		{"by those of a tag", "Post.published_at", "Published at"},
		{"by those of a tag with hyphens", "Post.published-at", "Published at"},
		{"by those of a tag like JavaScript", "Post.publishedAt", "Published at"},
		{"initials stay", "Post.UserID", "User ID"},
		{"initials go first", "Post.URLPath", "URL path"},
		{"initials alone", "Post.ID", "ID"},
		{"several", "Post.IDs", "IDs"},
		{"several behind a word", "Post.TagIDs", "Tag IDs"},
		{"unknown ones", "Post.DHLNumber", "DHL number"},
		{"initials of a tag", "Post.user_id", "User ID"},
		{"a single letter is a word", "Post.PlanB", "Plan b"},
		{"a digit is part of its word", "Post.Address2", "Address2"},
		{"a struct in a struct", "Post.Author.Email", "Author email"},
		{"a struct in a struct, by tags", "Post.author.web_site", "Author web site"},
		{"with brackets in the tag", "Post.author[email]", "Author email"},
		{"the struct is not said twice", "Post.Author.AuthorEmail", "Author email"},
		{"an element of a list", "Post.Tags[1]", "Tags"},
		{"with brackets in the tag of the list", "Post.tags[][1]", "Tags"},
		{"an element of a list of lists", "Post.Rows[1][12]", "Rows"},
		{"a struct in a list", "Order.Items[1].ProductName", "Product name 2"},
		{"a struct in a struct in a list", "Order.Items[1].Author.Email", "Author email 2"},
		{"a list in a list", "Order.Items[1].Tags[2]", "Tags 2"},
		{"a key of a map", "Post.Meta[color]", "Meta color"},
		{"beyond ASCII", "Post.überschrift", "Überschrift"},
		{"a generic struct", "Form[example.com/app.Post].Title", "Title"},
		{"a struct without a name", "Title", "Title"},
		{"a variable", "", "This field"},
		{"an element of a variable", "[0]", "This field"},
	}
	for _, tc := range cases {
		got := session.ValidationText(context.Background(), required(tc.namespace))
		wantText(t, tc.claim, got, tc.want+" is required")
	}
}

// A translation needs the visitor's language, which is in the session.
func Test_that_the_texts_can_be_replaced_and_may_use_the_session(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.do(func(s *session.Session) { s.Put("language", "de") })
		v.post(url.Values{"title": {""}}, flashing(func(s *session.Session) {
			s.FlashValidationErrors(validatorErrors{required("Post.Title"), ruleError{"Post.Email", "email", "", reflect.String}})
		}))
		reads(t, v, "the page", fieldErrors, "title: Bitte ausfüllen; email: Email must be an email address, such as name@example.com")
	}, func(cfg *session.Config) {
		cfg.ValidationText = func(ctx context.Context, e session.FieldError) string {
			if e.Tag() == "required" && session.Get[string](session.FromContext(ctx), "language") == "de" {
				return "Bitte ausfüllen"
			}
			return session.ValidationText(ctx, e)
		}
	})
}

func Test_that_validation_errors_are_shown_without_a_redirect_too(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		show := func(s *session.Session) string {
			return fmt.Sprint(old("title")(s), " ", fieldErrors(s), len(s.PageErrors()))
		}
		got := v.post(url.Values{"title": {"x"}}, func(c echo.Context) error {
			titleIsShort(session.From(c))
			return c.HTML(http.StatusUnprocessableEntity, show(session.From(c)))
		})
		wantText(t, "the 422 page", got.body, "title=x title: is short1")
		wantText(t, "its cookie", got.header.Get("Set-Cookie"), "")
		reads(t, v, "the next page", func(s *session.Session) any { return show(s) }, "title=- 0")
	})
}

func Test_that_new_input_ends_the_old_errors_of_its_form(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(url.Values{"title": {"x"}}, flashing(titleIsShort))
		v.post(url.Values{"title": {"longer"}}, flashing(keep))
		reads(t, v, "the page", func(s *session.Session) any { return fmt.Sprint(old("title")(s), fieldErrors(s)) }, "title=longer")
	})
}

func Test_what_does_not_end_what_waits_for_a_form(t *testing.T) {
	newsletter := url.Values{"_form": {"newsletter"}, "email": {"me@"}}
	cases := []struct {
		claim string
		form  url.Values
		then  func(*session.Session)
		want  string
	}{
		{"a message", nil, savedFlash, "Saved! title: is short"},
		{"the input of another form", newsletter, keep, " title: is short"},
		{"the errors of another form", newsletter, func(s *session.Session) {
			s.FlashInputErrors(map[string][]string{"email": {"is incomplete"}})
		}, " title: is short"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				v.post(url.Values{"title": {"x"}}, flashing(titleIsShort))
				v.post(tc.form, flashing(tc.then))
				reads(t, v, "the page", func(s *session.Session) any { return fmt.Sprint(texts(s), " ", fieldErrors(s)) }, tc.want)
			})
		})
	}
}

// As on the page with a login, which keeps a form that was turned away until the password is right.
func Test_that_a_part_with_one_form_leaves_what_waits_for_another(t *testing.T) {
	loginView := renderFunc(func(ctx context.Context, w io.Writer) error {
		sub := session.FromContext(ctx).Submission("login")
		user, _ := sub.Values("user")
		_, err := fmt.Fprint(w, user, sub.Errors("user"))
		return err
	})
	login := request{as: htmxPart, from: "/login", form: url.Values{"_form": {"login"}, "user": {"ada"}}}
	cases := []struct {
		claim string
		by    echo.HandlerFunc
		shown string
	}{
		{"corrected", func(c echo.Context) error {
			return session.Invalid(c, session.ValidationErrors{"user": {"is unknown"}}, loginView)
		}, "[ada] [is unknown]"},
		{"shown again", func(c echo.Context) error {
			session.From(c).FlashAll()
			return session.Render(c, http.StatusOK, loginView)
		}, "[ada] []"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				v.post(url.Values{"title": {"x"}}, flashing(titleIsShort))
				wantText(t, "the part", v.ask(login, tc.by).body, tc.shown)
				reads(t, v, "the page", func(s *session.Session) any {
					return fmt.Sprint(old("title")(s), " ", fieldErrors(s), " ", s.Submission("login").Submitted())
				}, "title=x title: is short false")
			})
		})
	}
}

func Test_that_a_part_with_the_form_ends_the_summary_too(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(url.Values{"title": {"x"}}, flashing(titleIsShort))
		part := v.ask(request{as: htmxPart}, func(c echo.Context) error {
			return c.HTML(http.StatusOK, fmt.Sprint(fieldErrors(session.From(c))))
		})
		wantText(t, "the part", part.body, "title: is short")
		reads(t, v, "the page", func(s *session.Session) any { return fmt.Sprint(fieldErrors(s), len(s.PageErrors())) }, "0")
	})
}

func Test_that_a_page_that_is_rendered_at_once_leaves_nothing_of_its_form(t *testing.T) {
	streams := func(c echo.Context) error {
		s := session.From(c)
		titleIsShort(s)
		s.HasErrors()
		c.Response().Header().Set("Content-Type", "text/html")
		c.Response().WriteHeader(http.StatusUnprocessableEntity)
		if shown := fmt.Sprint(old("title")(s), " ", fieldErrors(s)); shown != "title=x title: is short" {
			t.Errorf("once the head has left, it shows %q", shown)
		}
		return nil
	}
	shows := func(view func(*session.Session)) echo.HandlerFunc {
		return func(c echo.Context) error {
			titleIsShort(session.From(c))
			view(session.From(c))
			return c.HTML(http.StatusUnprocessableEntity, "page")
		}
	}
	for claim, page := range map[string]echo.HandlerFunc{
		"the summary": shows(func(s *session.Session) { s.PageErrors() }),
		"the summary, of a form that was saved before": shows(func(s *session.Session) {
			if err := s.Save(t.Context()); err != nil {
				t.Error(err)
			}
			s.PageErrors()
		}),
		"that there are errors":           shows(func(s *session.Session) { s.HasErrors() }),
		"the summary and another form":    shows(func(s *session.Session) { s.Submission("login"); s.PageErrors() }),
		"the fields when the head is out": streams,
	} {
		onBothStores(t, func(t *testing.T, s *site) {
			v := s.browser()
			v.post(url.Values{"title": {"x"}}, page)
			reads(t, v, "the page after one with "+claim, func(s *session.Session) any {
				return fmt.Sprint(old("title")(s), " ", fieldErrors(s), len(s.PageErrors()))
			}, "title=- 0")
		})
	}
}

func Test_that_a_view_with_the_errors_of_a_form_that_cannot_be_kept_ends_the_form_before(t *testing.T) {
	view := renderFunc(func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, "no"); return err })
	for claim, sent := range map[string]request{
		"JSON":    {as: htmxPart, body: `{"title":""}`, header: headers{"Content-Type", "application/json"}},
		"no form": {as: htmxPart, method: http.MethodDelete},
	} {
		onBothStores(t, func(t *testing.T, s *site) {
			v := s.browser()
			v.post(url.Values{"title": {"x"}}, flashing(keep))
			v.ask(sent, func(c echo.Context) error {
				return session.Invalid(c, session.ValidationErrors{"title": {"is bad"}}, view)
			})
			reads(t, v, claim+", the page after it", func(s *session.Session) any { return fmt.Sprint(old("title")(s), fieldErrors(s)) }, "title=-")
		})
	}
}

func Test_that_new_input_leaves_the_messages_that_wait(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(savedFlash))
		v.post(url.Values{"title": {"x"}}, flashing(keep))
		reads(t, v, "the page", func(s *session.Session) any { return fmt.Sprint(texts(s), " ", old("title")(s)) }, "Saved! title=x")
	})
}

func Test_that_ValidationErrors_say_how_many(t *testing.T) {
	wantText(t, "one", session.ValidationErrors{"a": {"x", "y"}}.Error(), "session: 1 field of the form is invalid")
	wantText(t, "two", session.ValidationErrors{"a": {"x"}, "b": {"y"}}.Error(), "session: 2 fields of the form are invalid")
}
