package e2e

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// A FieldError of go-playground/validator is a session.FieldError.
var _ session.FieldError = validator.FieldError(nil)

// checker is how Echo's documentation plugs the validator in.
type checker struct {
	validate *validator.Validate
	wrap     func(error) error
}

func (c checker) Validate(v any) error {
	if err := c.validate.Struct(v); err != nil {
		return c.wrap(err)
	}
	return nil
}

// withTags makes the validator name fields as the form does.
func withTags() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("form"), ",")
		return name
	})
	return v
}

func withoutTags() *validator.Validate { return validator.New(validator.WithRequiredStructEnabled()) }

type author struct {
	Email    string `form:"email" validate:"required,email"`
	WebSite  string `form:"web_site" validate:"omitempty,http_url"`
	Initials string `form:"initials" validate:"max=3"`
}

type item struct {
	ProductName string `form:"product_name" validate:"required"`
	Count       int    `form:"count" validate:"min=1"`
}

type common struct {
	Language string `form:"language" validate:"oneof=de en"`
}

type post struct {
	common

	Title       string    `form:"title" validate:"min=3,max=80"`
	PublishedAt string    `form:"published_at" validate:"datetime=2006-01-02"`
	Tags        []string  `form:"tags" validate:"min=1,dive,required"`
	Author      author    `form:"author"`
	Items       []item    `form:"items" validate:"dive"`
	Terms       bool      `form:"terms" validate:"required"`
	Remind      time.Time `form:"remind" validate:"omitempty,gt"`
}

func bad() post {
	return post{
		common:      common{Language: "fr"},
		Title:       "ab",
		PublishedAt: "soon",
		Tags:        []string{"go", ""},
		Author:      author{Email: "me@", WebSite: "gopher", Initials: "abcd"},
		Items:       []item{{"pen", 1}, {"", 0}},
		Remind:      time.Unix(0, 0),
	}
}

type fieldErrors = map[string]string

func Test_that_errors_of_the_validator_find_their_fields(t *testing.T) {
	nested := fieldErrors{
		"language":              "Common language must be one of the options",
		"title":                 "Title must have at least 3 characters",
		"published_at":          "Published at must be a date or time",
		"tags":                  "Tags is required",
		"author.email":          "Author email must be an email address, such as name@example.com",
		"author.web_site":       "Author web site must be a web address that begins with https:// or http://",
		"author.initials":       "Author initials must have at most 3 characters",
		"items[1].product_name": "Product name 2 is required",
		"items[1].count":        "Count 2 must be at least 1",
		"terms":                 "Terms must be checked",
		"remind":                "Remind must be in the future",
	}
	// The form has "language" and "tags"; an unchecked box, such as "terms", is not sent.
	form := url.Values{"title": {"ab"}, "published_at": {"soon"}, "language": {"fr"}, "tags": {"go", ""}, "author.email": {"me@"}, "author.web_site": {"gopher"}, "author.initials": {"abcd"}, "items[1].product_name": {""}, "items[1].count": {"0"}}
	flat := url.Values{"title": {"ab"}, "email": {"me@"}, "website": {"gopher"}}

	type anonymous = struct {
		Email  string `form:"email" validate:"required"`
		Author struct {
			Name string `form:"name" validate:"required"`
		} `form:"author"`
	}
	cases := []struct {
		claim    string
		validate *validator.Validate
		value    any
		form     url.Values
		want     fieldErrors
	}{
		{"with the names of the form", withTags(), bad(), form, nested},
		{"with the names of Go", withoutTags(), bad(), form, nested},
		{"through a pointer", withTags(), new(bad()), form, nested},
		{"flat, as Echo binds structs in structs", withoutTags(), author{Email: "me@", WebSite: "gopher"}, flat, fieldErrors{
			"email":   "Email must be an email address, such as name@example.com",
			"website": "Web site must be a web address that begins with https:// or http://",
		}},
		{"of a struct without a name", withTags(), anonymous{}, url.Values{"email": {""}, "author.name": {""}}, fieldErrors{"email": "Email is required", "author.name": "Name is required"}},
		{"of one without a name, with the names of Go", withoutTags(), anonymous{}, url.Values{"email": {""}, "author.name": {""}}, fieldErrors{"email": "Email is required", "author.name": "Name is required"}},
		{"of a generic struct", withTags(), page[author]{}, url.Values{"title": {""}}, fieldErrors{"title": "Title is required"}},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			compare(t, roundTrip(t, tc.form, func(c echo.Context) error {
				session.From(c).FlashValidationErrors(tc.validate.Struct(tc.value))
				return session.Redirect(c, "/")
			}), tc.want)
		})
	}
}

type page[T any] struct {
	Title string `form:"title" validate:"required"`
	Of    *T     `form:"of"`
}

func Test_that_errors_are_found_in_what_wraps_them(t *testing.T) {
	wraps := map[string]func(error) error{
		"nothing":                            func(err error) error { return err },
		"fmt.Errorf":                         func(err error) error { return fmt.Errorf("create: %w", err) },
		"an echo.HTTPError with a cause":     func(err error) error { return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err) },
		"an echo.HTTPError, by WithInternal": func(err error) error { return echo.ErrBadRequest.WithInternal(err) },
		"an echo.HTTPError, as the message":  func(err error) error { return echo.NewHTTPError(http.StatusBadRequest, err) },
	}
	for by, wrap := range wraps {
		t.Run(by, func(t *testing.T) {
			got := roundTrip(t, url.Values{"email": {"me@"}}, session.FlashInvalid(func(c echo.Context) error {
				var a author
				if err := c.Bind(&a); err != nil {
					return err
				}
				c.Echo().Validator = checker{withoutTags(), wrap}
				return c.Validate(a)
			}))
			compare(t, got, fieldErrors{"email": "Email must be an email address, such as name@example.com"})
		})
	}
}

func Test_that_JSON_is_told_which_fields_are_wrong(t *testing.T) {
	type line struct {
		Product string `json:"product" validate:"required"`
	}
	type order struct {
		Email     string `json:"email" validate:"email"`
		ShipAfter string `validate:"required"`
		Lines     []line `json:"lines" validate:"dive"`
	}
	e := echo.New()
	e.Validator = checker{withoutTags(), func(err error) error { return err }}
	e.Use(session.Middleware(session.Config{
		Store: memorystore.New(memorystore.Options{}), Logger: slog.New(slog.DiscardHandler),
	}), session.FlashInvalid)
	e.POST("/", func(c echo.Context) error {
		var o order
		if err := c.Bind(&o); err != nil {
			return err
		}
		return c.Validate(&o)
	})
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"email": "me@", "lines": [{"product": "tea"}, {}]}`))
	r.Header.Set("Content-Type", echo.MIMEApplicationJSON)
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, r)
	want := `{"message":"Unprocessable Entity","errors":{` +
		`"email":["Email must be an email address, such as name@example.com"],` +
		`"lines[1].product":["Product 2 is required"],` +
		`"ship_after":["Ship after is required"]}}` + "\n"
	if rec.Code != http.StatusUnprocessableEntity || rec.Body.String() != want {
		t.Errorf("got status %d, %s; want 422, %s", rec.Code, rec.Body, want)
	}
	if cookies := rec.Result().Cookies(); len(cookies) > 0 {
		t.Errorf("%v is set; want no session for a client that is told at once", cookies)
	}
}

func compare(t *testing.T, got, want fieldErrors) {
	t.Helper()
	for field, text := range want {
		if got[field] != text {
			t.Errorf("%s: got %q; want %q", field, got[field], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got errors of %d fields, %v; want %d", len(got), got, len(want))
	}
}

// roundTrip submits form, and reads the errors on the next page.
func roundTrip(t *testing.T, form url.Values, submit echo.HandlerFunc) fieldErrors {
	t.Helper()
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{}), Logger: slog.New(slog.DiscardHandler)}))
	got := fieldErrors{}
	e.POST("/", submit)
	e.GET("/", func(c echo.Context) error {
		s := session.From(c)
		for _, field := range s.Submission("").AllErrors() {
			got[field.Name] = strings.Join(s.InputErrors(field.Name), " ")
		}
		return c.HTML(http.StatusOK, "form")
	})

	post := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	post.Header.Set("Content-Type", echo.MIMEApplicationForm)
	post.Header.Set("Accept", "text/html")
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, post)
	if rec.Code != http.StatusSeeOther {
		t.Fatalf("status %d; want 303: %s", rec.Code, rec.Body)
	}
	get := httptest.NewRequest(http.MethodGet, "/", nil)
	get.Header.Set("Accept", "text/html")
	for _, cookie := range rec.Result().Cookies() {
		get.AddCookie(cookie)
	}
	e.ServeHTTP(httptest.NewRecorder(), get)
	return got
}
