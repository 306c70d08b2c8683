package session_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// Passwords are never kept, whatever the handler says.
func ExampleSession_FlashAll() {
	e := newApp()
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		s.FlashAll()
		s.FlashError("There is no such account.")
		return session.Back(c, "/login")
	})
	e.GET("/login", func(c echo.Context) error {
		s := session.From(c)
		return c.String(http.StatusOK, fmt.Sprintf("email %q, password %q", s.Old("email"), s.Old("password")))
	})

	submit(e, "/login", "email=jo@example.com&password=secret")
	// Output:
	// /login → email "jo@example.com", password ""
	// /login → email "", password ""
}

// On a page that shows a refused submission, a box that was cleared is not checked, whatever its
// default. Without a submission, the defaults apply.
func ExampleSubmission_Values() {
	e := newApp()
	e.POST("/settings", func(c echo.Context) error {
		session.From(c).FlashAll()
		return session.Back(c, "/settings")
	})
	e.GET("/settings", func(c echo.Context) error {
		checked := true
		if values, known := session.From(c).Submission("").Values("newsletter"); known {
			checked = len(values) > 0
		}
		return c.String(http.StatusOK, fmt.Sprintf("newsletter: %t", checked))
	})

	submit(e, "/settings", "name=Jo")
	// Output:
	// /settings → newsletter: false
	// /settings → newsletter: true
}

// The handler says what is wrong. The visitor gets the form back, filled in, with the errors at
// their fields.
func ExampleInvalid() {
	e := newApp()
	e.POST("/posts/new", func(c echo.Context) error {
		if len(c.FormValue("title")) < 3 {
			return session.Invalid(c, session.ValidationErrors{"title": {"Title must have at least 3 characters"}})
		}
		return session.Redirect(c, "/posts")
	})
	e.GET("/posts/new", func(c echo.Context) error {
		s := session.From(c)
		return c.String(http.StatusOK, fmt.Sprintf("title %q %q", s.Old("title"), s.InputErrors("title")))
	})

	submit(e, "/posts/new", url.Values{"title": {"Hi"}}.Encode())
	// Output:
	// /posts/new → title "Hi" ["Title must have at least 3 characters"]
	// /posts/new → title "" []
}

// fieldMap stands for the errors of another validator, such as validation.Errors of ozzo-validation: a map by
// the names of fields, with another one for a struct or a list.
type fieldMap map[string]error

func (fieldMap) Error() string { return "invalid" }

// byField is what err says about fields, for FlashInvalid. Any other error stays as it is.
func byField(err error) error {
	var top fieldMap
	if !errors.As(err, &top) {
		return err
	}
	found := session.ValidationErrors{}
	var add func(prefix string, fields fieldMap)
	add = func(prefix string, fields fieldMap) {
		for name, err := range fields {
			if inner, ok := err.(fieldMap); ok {
				add(prefix+name+".", inner) // address.city is also address[city]
			} else if err != nil {
				found[prefix+name] = []string{err.Error()}
			}
		}
	}
	add("", top)
	if len(found) == 0 {
		return nil
	}
	return found
}

// The errors of other validators become ValidationErrors, for example in the Validate of echo.Validator. Do
// this only with texts that a visitor may read: those of a decoder may quote types of Go.
func ExampleValidationErrors_otherValidators() {
	err := byField(fieldMap{
		"email":   errors.New("must be a valid email address"),
		"address": fieldMap{"city": errors.New("cannot be blank")},
	})
	fmt.Println(err)
	fmt.Println(err.(session.ValidationErrors)["address.city"])
	// Output:
	// session: 2 fields of the form are invalid
	// [cannot be blank]
}

// Handlers may simply return the error of a validator, for example that of go-playground/validator
// from c.Validate.
func ExampleFlashInvalid() {
	e := newApp()
	e.Use(session.FlashInvalid)
	e.POST("/posts/new", func(echo.Context) error {
		return fmt.Errorf("create post: %w", session.ValidationErrors{"title": {"Title must have at least 3 characters"}})
	})
	e.GET("/posts/new", func(c echo.Context) error {
		s := session.From(c)
		return c.String(http.StatusOK, fmt.Sprintf("title %q %q", s.Old("title"), s.InputErrors("title")))
	})

	submit(e, "/posts/new", "title=Hi")
	// Output:
	// /posts/new → title "Hi" ["Title must have at least 3 characters"]
	// /posts/new → title "" []
}

// A client of an API gets the errors by field as JSON. An error handler with its own format, such
// as that of RFC 9457, finds them in the error.
func ExampleFlashInvalid_problemDetails() {
	e := newApp()
	e.Use(session.FlashInvalid)
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		var answer *echo.HTTPError
		if !errors.As(err, &answer) {
			answer = echo.ErrInternalServerError
		}
		problem := map[string]any{"title": http.StatusText(answer.Code)}
		if invalid, ok := answer.Message.(interface{ InputErrors() map[string][]string }); ok {
			problem["errors"] = invalid.InputErrors()
		}
		_ = c.JSON(answer.Code, problem)
	}
	e.POST("/api/posts", func(echo.Context) error {
		return session.ValidationErrors{"title": {"Title must have at least 3 characters"}}
	})

	r := httptest.NewRequest(http.MethodPost, "/api/posts", strings.NewReader(`{"title": "Hi"}`))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	e.ServeHTTP(answer, r)
	fmt.Println(answer.Code, answer.Body)
	// Output: 422 {"errors":{"title":["Title must have at least 3 characters"]},"title":"Unprocessable Entity"}
}

// unnamed is an error about "this field".
type unnamed struct{ session.FieldError }

func (unnamed) Namespace() string { return "" }

// If a field's label differs from its name, errors should use the label.
func ExampleValidationText_labels() {
	labels := map[string]string{"website": "Web site (yours)"} // by the names from RegisterTagNameFunc
	cfg := session.Config{
		ValidationText: func(ctx context.Context, e session.FieldError) string {
			_, field, _ := strings.Cut(e.Namespace(), ".")
			if label := labels[field]; label != "" {
				return label + strings.TrimPrefix(session.ValidationText(ctx, unnamed{e}), "This field")
			}
			return session.ValidationText(ctx, e)
		},
	}
	fmt.Println(cfg.ValidationText(context.Background(), ruleError{namespace: "Post.website", tag: "required"}))
	// Output: Web site (yours) is required
}

// The text may depend on the visitor. Everything else is left to ValidationText.
func ExampleValidationText() {
	cfg := session.Config{
		ValidationText: func(ctx context.Context, e session.FieldError) string {
			language := session.Get[string](session.FromContext(ctx), "language")
			if language == "de" && e.Tag() == "required" {
				return "Bitte ausfüllen"
			}
			return session.ValidationText(ctx, e)
		},
	}
	fmt.Println(cfg.ValidationText(context.Background(), ruleError{namespace: "Post.PublishedAt", tag: "required"}))
	// Output: Published at is required
}

// Old refills a field written by hand; the default is what the field shows in a new form.
func ExampleSession_Old() {
	e := newApp()
	e.POST("/profile", func(c echo.Context) error {
		s := session.From(c)
		s.FlashAll()
		s.FlashInputErrors(map[string][]string{"email": {"We have this address already"}})
		return session.Back(c, "/profile")
	})
	e.GET("/profile", func(c echo.Context) error {
		s := session.From(c)
		field := fmt.Sprintf(`<input name="email" value="%s">`, html.EscapeString(s.Old("email", "ada@example.com")))
		return c.HTML(http.StatusOK, field+strings.Join(s.InputErrors("email"), ", "))
	})

	submit(e, "/profile", "email=jo@example.com")
	// Output:
	// /profile → <input name="email" value="jo@example.com">We have this address already
	// /profile → <input name="email" value="ada@example.com">
}

// Some fields should start empty again. You need not think of secrets.
func ExampleSession_FlashExcept() {
	e := newApp()
	e.POST("/transfer", func(c echo.Context) error {
		s := session.From(c)
		s.FlashExcept("amount")
		return session.Back(c, "/transfer")
	})
	e.GET("/transfer", func(c echo.Context) error {
		s := session.From(c)
		return c.String(http.StatusOK, fmt.Sprintf("to %q, amount %q, pin %q", s.Old("to"), s.Old("amount", "0.00"), s.Old("pin")))
	})

	submit(e, "/transfer", "to=Ada&amount=1000&pin=1234")
	// Output:
	// /transfer → to "Ada", amount "0.00", pin ""
	// /transfer → to "", amount "0.00", pin ""
}

// The errors of a validator go to the fields that they are about, and what was typed stays.
func ExampleSession_FlashValidationErrors() {
	e := newApp()
	e.POST("/posts", func(c echo.Context) error {
		session.From(c).FlashValidationErrors(session.ValidationErrors{"title": {"Enter a title"}})
		return session.Back(c, "/posts")
	})
	e.GET("/posts", func(c echo.Context) error {
		s := session.From(c)
		if !s.Submission("").Submitted() {
			return c.String(http.StatusOK, "an empty form")
		}
		return c.String(http.StatusOK, fmt.Sprintf("title: %s; body: %s; page: %s",
			s.InputErrors("title"), s.Old("body"), s.PageErrors()[0].Text))
	})

	submit(e, "/posts", "title=&body=Hello")
	// Output:
	// /posts → title: [Enter a title]; body: Hello; page: The form was not saved. Please correct the fields that are marked.
	// /posts → an empty form
}

// A page has two forms. Each has a hidden field with its name, and only the form that was sent is
// filled in again; components.Form does this by itself.
func ExampleSession_Submission() {
	e := newApp()
	e.POST("/account", func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"email": {"is not an address"}})
	})
	e.GET("/account", func(c echo.Context) error {
		page := ""
		for _, form := range []string{"login", "register"} {
			sub := session.From(c).Submission(form)
			values, _ := sub.Values("email")
			page += fmt.Sprintf("%s %q %q; ", form, values, sub.Errors("email"))
		}
		return c.String(http.StatusOK, page)
	})

	submit(e, "/account", "_form=register&email=ada")
	// Output:
	// /account → login [] []; register ["ada"] ["is not an address"];
	// /account → login [] []; register [] [];
}

// Errors of the page belong to no field. They have a code, by which a page finds them.
func ExampleSession_FlashErrors() {
	e := newApp()
	e.POST("/pay", func(c echo.Context) error {
		session.From(c).FlashErrors(map[string]string{"E_CARD_DECLINED": "Your bank has refused."})
		return session.Back(c, "/pay")
	})
	e.GET("/pay", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(session.From(c).PageErrors()))
	})

	submit(e, "/pay", "")
	// Output:
	// /pay → [{E_CARD_DECLINED Your bank has refused.}]
	// /pay → []
}

// Checks by hand need no validator. Use the field names of the form.
func ExampleValidationErrors() {
	e := newApp()
	e.POST("/tables", func(c echo.Context) error {
		wrong := session.ValidationErrors{}
		if c.FormValue("name") == "" {
			wrong["name"] = append(wrong["name"], "Whose table is it?")
		}
		if people, _ := strconv.Atoi(c.FormValue("people")); people < 2 || people > 8 {
			wrong["people"] = append(wrong["people"], "We have tables for two to eight.")
		}
		if len(wrong) > 0 {
			return session.Invalid(c, wrong)
		}
		return session.Redirect(c, "/")
	})
	e.GET("/tables", func(c echo.Context) error {
		s := session.From(c)
		return c.String(http.StatusOK, fmt.Sprintf("name %q %q, people %q %q",
			s.Old("name"), s.InputErrors("name"), s.Old("people", "2"), s.InputErrors("people")))
	})

	submit(e, "/tables", "name=Ada&people=9")
	// Output:
	// /tables → name "Ada" [], people "9" ["We have tables for two to eight."]
	// /tables → name "" [], people "2" []
}
