package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// The errors of go-playground/validator, as far as they are used; internal/e2e has the
// real ones.
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

// fieldErrors reads the errors as "name: text".
func fieldErrors(s *session.Session) any {
	var all []string
	for _, e := range s.Submission("").AllErrors() {
		all = append(all, e.Name+": "+strings.Join(e.Messages, ", "))
	}
	return strings.Join(all, "; ")
}

func Test_which_errors_are_taken_apart(t *testing.T) {
	title := validatorErrors{required("Post.Title")}
	byHand := session.ValidationErrors{"slug": {"is taken"}}
	cases := []struct {
		claim string
		err   error
		want  string
	}{
		{"those of a validator", title, "title: Fill in this field"},
		{"a single one", required("Post.Title"), "title: Fill in this field"},
		{"several of one field", validatorErrors{required("Post.Title"), ruleError{"Post.Title", "alpha", "", reflect.String}}, "title: Fill in this field, Use letters only"},
		{"those made by hand, by name", session.ValidationErrors{"b": {"1", "2"}, "a": {"3"}}, "a: 3; b: 1, 2"},
		{"any with a method InputErrors", ownError{}, "own: mistake"},
		{"wrapped by fmt.Errorf", fmt.Errorf("create post: %w", title), "title: Fill in this field"},
		{"wrapped twice", fmt.Errorf("a: %w", fmt.Errorf("b: %w", byHand)), "slug: is taken"},
		{"joined", errors.Join(errOops, title), "title: Fill in this field"},
		{"joined of both sorts", errors.Join(title, byHand), "title: Fill in this field; slug: is taken"},
		{"joined of one sort", errors.Join(byHand, session.ValidationErrors{"slug": {"is long"}, "a": {"x"}}), "slug: is taken, is long; a: x"},
		{"in an echo.HTTPError, as its cause", echo.NewHTTPError(http.StatusBadRequest, "bad").SetInternal(title), "title: Fill in this field"},
		{"in an echo.HTTPError that wraps it", echo.ErrBadRequest.WithInternal(fmt.Errorf("validate: %w", title)), "title: Fill in this field"},
		{"in an echo.HTTPError, as its message", echo.NewHTTPError(http.StatusBadRequest, title), "title: Fill in this field"},
		{"an unknown one adds nothing", errOops, ""},
		{"nor does an echo.HTTPError", echo.ErrConflict, ""},
		{"nor nil", nil, ""},
		{"nor an empty list", validatorErrors{}, ""},
		{"nor an empty map", session.ValidationErrors{}, ""},
		{"nor a list of other things", otherErrors{required("Post.Title"), "text"}, ""},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.posts(url.Values{"title": {""}}, flashing(func(s *session.Session) { s.FlashValidationErrors(tc.err) }))
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

type ownError struct{}

func (ownError) Error() string                    { return "own" }
func (ownError) InputErrors() map[string][]string { return map[string][]string{"own": {"mistake"}} }

type otherErrors []any

func (otherErrors) Error() string { return "others" }

func Test_which_field_an_error_belongs_to(t *testing.T) {
	cases := []struct {
		claim     string
		namespace string
		submitted string // names, separated by spaces
		want      string
	}{
		{"a name in Go is in snake case", "Post.PublishedAt", "", "published_at"},
		{"initials are one word", "Post.UserID", "", "user_id"},
		{"or what the form has", "Post.PublishedAt", "publishedAt", "publishedAt"},
		{"or has with a dash", "Post.PublishedAt", "published-at", "published-at"},
		{"or has in Go's spelling", "Post.PublishedAt", "PublishedAt", "PublishedAt"},
		{"a name of a tag stays", "Post.publishedAt", "", "publishedAt"},
		{"a struct in a struct", "Post.Author.Email", "", "author.email"},
		{"with brackets in the form", "Post.Author.Email", "author[email]", "author[email]"},
		{"with an underscore in the form", "Post.Author.Email", "author_email", "author_email"},
		{"or flat, as Echo binds it", "Post.Author.Email", "email", "email"},
		{"or flat, by its tag", "Post.Author.author_email", "author_email", "author_email"},
		{"the longer name goes first", "Post.Author.Email", "email author.email", "author.email"},
		{"a struct in a list", "Order.Items[0].ProductName", "", "items[0].product_name"},
		{"as the form has it", "Order.Items[1].ProductName", "items[0][product_name] items[1][product_name]", "items[1][product_name]"},
		{"an element of a list", "Post.Tags[1]", "tags[0] tags[1]", "tags[1]"},
		{"of a field that came several times", "Post.Tags[1]", "tags", "tags"},
		{"of a list with brackets", "Post.Tags[1]", "tags[]", "tags[]"},
		{"of a list with brackets, by its tag", "Post.tags[1]", "tags[]", "tags[]"},
		{"a key of a map", "Post.Meta[color]", "meta[color]", "meta[color]"},
		{"an anonymous struct has no name", "Email", "email", "email"},
		{"nor in it a struct", "Author.Email", "author.email", "author.email"},
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
			v.posts(form, flashing(func(s *session.Session) {
				s.FlashValidationErrors(validatorErrors{required(tc.namespace)})
			}))
			reads(t, v, "the page", fieldErrors, tc.want+": Fill in this field")
		})
	}
}

func Test_that_one_mistake_in_many_elements_is_said_once(t *testing.T) {
	v := newSite(t).browser()
	v.posts(url.Values{"tags": {"", ""}}, flashing(func(s *session.Session) {
		s.FlashValidationErrors(validatorErrors{required("Post.Tags[0]"), required("Post.Tags[1]")})
	}))
	reads(t, v, "the page", fieldErrors, "tags: Fill in this field")
}

func Test_what_a_visitor_reads_about_a_mistake(t *testing.T) {
	cases := []struct {
		tag, param string
		kind       reflect.Kind
		want       string
	}{
		{"required", "", reflect.String, "Fill in this field"},
		{"required_if", "Plan pro", reflect.String, "Fill in this field"},
		{"required_with", "Email", reflect.String, "Fill in this field"},
		{"email", "", reflect.String, "Enter an email address, such as name@example.com"},
		{"url", "", reflect.String, "Enter a web address that begins with https:// or http://"},
		{"min", "3", reflect.String, "Enter at least 3 characters"},
		{"min", "1", reflect.String, "Enter at least 1 character"},
		{"max", "80", reflect.String, "Enter no more than 80 characters"},
		{"len", "5", reflect.String, "Enter exactly 5 characters"},
		{"min", "18", reflect.Int, "Enter at least 18"},
		{"gte", "18", reflect.Uint8, "Enter at least 18"},
		{"gt", "0", reflect.Float64, "Enter more than 0"},
		{"lt", "100", reflect.Int, "Enter less than 100"},
		{"lte", "99.5", reflect.Float64, "Enter no more than 99.5"},
		{"eq", "4", reflect.Int, "Enter 4"},
		{"eq", "true", reflect.Bool, "Check this box"},
		{"required", "", reflect.Bool, "Check this box"},
		{"min", "1h", reflect.Int64, "Enter at least 1h"},
		{"min", "1", reflect.Slice, "Enter at least 1 value"},
		{"max", "3", reflect.Slice, "Enter no more than 3 values"},
		{"len", "2", reflect.Map, "Enter exactly 2 values"},
		{"gt", "", reflect.Struct, "Enter a date in the future"},
		{"gte", "", reflect.Struct, "Enter a date in the future"},
		{"lt", "", reflect.Struct, "Enter a date in the past"},
		{"lte", "", reflect.Struct, "Enter a date in the past"},
		{"oneof", "red green", reflect.String, "Choose one of the options"},
		{"eqfield", "Password", reflect.String, "The two entries are not the same"},
		{"unique", "", reflect.Slice, "Enter each value only once"},
		{"numeric", "", reflect.String, "Enter a number"},
		{"alphanum", "", reflect.String, "Use letters and digits only"},
		{"uuid", "", reflect.String, "Enter a UUID"},
		{"datetime", "2006-01-02", reflect.String, "Enter a date"},
		{"startswith", "#", reflect.String, "Begin with #"},
		{"endswith", ".com", reflect.String, "End with .com"},
		{"contains", "@", reflect.String, "This must contain @"},
		{"excludesall", "<>", reflect.String, "This must not contain any of <>"},
		{"no_such_rule", "7", reflect.String, "Enter a valid value"},
		{"", "", reflect.Invalid, "Enter a valid value"},
	}
	for _, tc := range cases {
		got := session.ValidationText(context.Background(), ruleError{"Post.Title", tc.tag, tc.param, tc.kind})
		wantText(t, fmt.Sprintf("%s=%s of a %s", tc.tag, tc.param, tc.kind), got, tc.want)
	}
}

// A translation needs the visitor's language, which is in the session.
func Test_that_the_texts_can_be_replaced_and_may_use_the_session(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.opens(pageThat(func(s *session.Session) { s.Put("language", "de") }))
		v.posts(url.Values{"title": {""}}, flashing(func(s *session.Session) {
			s.FlashValidationErrors(validatorErrors{required("Post.Title"), ruleError{"Post.Email", "email", "", reflect.String}})
		}))
		reads(t, v, "the page", fieldErrors, "title: Bitte ausfüllen; email: Enter an email address, such as name@example.com")
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
		got := v.posts(url.Values{"title": {"x"}}, func(c echo.Context) error {
			session.From(c).FlashValidationErrors(session.ValidationErrors{"title": {"is short"}})
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
		v.posts(url.Values{"title": {"x"}}, flashing(func(s *session.Session) {
			s.FlashValidationErrors(session.ValidationErrors{"title": {"is short"}})
		}))
		v.posts(url.Values{"title": {"longer"}}, flashing(keep))
		reads(t, v, "the page", func(s *session.Session) any { return fmt.Sprint(old("title")(s), fieldErrors(s)) }, "title=longer")
	})
}

func Test_that_ValidationErrors_say_how_many(t *testing.T) {
	wantText(t, "one", session.ValidationErrors{"a": {"x", "y"}}.Error(), "session: 1 field of the form is invalid")
	wantText(t, "two", session.ValidationErrors{"a": {"x"}, "b": {"y"}}.Error(), "session: 2 fields of the form are invalid")
}
