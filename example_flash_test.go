package session_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// submit fills in the form on a page and sends it to the page's own address, follows to
// where that leads, and opens the page once more. It prints what the visitor sees.
func submit(e *echo.Echo, page, form string) {
	server := httptest.NewTLSServer(e)
	defer server.Close()
	visitor := server.Client()
	visitor.Jar, _ = cookiejar.New(nil)

	post, _ := http.NewRequest(http.MethodPost, server.URL+page, strings.NewReader(form))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	post.Header.Set("Accept", "text/html")
	post.Header.Set("Referer", server.URL+page)
	again, _ := http.NewRequest(http.MethodGet, server.URL+page, nil)
	for _, r := range []*http.Request{post, again} {
		res, err := visitor.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Println(res.Request.URL.Path, "→", strings.TrimSpace(string(body)))
	}
}

// A message waits for the page that shows it, and is shown once. In a layout of templ
// components, components.FlashAlerts does what the second handler does.
func ExampleSession_FlashSuccess() {
	e := newApp()
	e.POST("/posts", func(c echo.Context) error {
		session.From(c).FlashSuccess("The post is saved.")
		return session.Redirect(c, "/posts")
	})
	e.GET("/posts", func(c echo.Context) error {
		page := "<main>"
		for _, alert := range session.From(c).FlashMessages().Alerts() {
			page += alert.Kind + ": " + html.EscapeString(alert.Text)
		}
		return c.HTML(http.StatusOK, page)
	})

	submit(e, "/posts", "title=Hello")
	// Output:
	// /posts → <main>success: The post is saved.
	// /posts → <main>
}

// Whatever JSON can carry can be flashed.
func ExampleFlashed() {
	type receipt struct{ Order, Items int }

	e := newApp()
	e.POST("/cart", func(c echo.Context) error {
		session.From(c).Flash("receipt", receipt{Order: 4711, Items: 3})
		return session.Redirect(c, "/cart")
	})
	e.GET("/cart", func(c echo.Context) error {
		r := session.Flashed[receipt](session.From(c), "receipt")
		return c.String(http.StatusOK, fmt.Sprintf("order %d, %d items", r.Order, r.Items))
	})

	submit(e, "/cart", "")
	// Output:
	// /cart → order 4711, 3 items
	// /cart → order 0, 0 items
}

// A page that is shown at once needs no flash: the alert is for this response only.
func ExampleSession_FlashNow() {
	e := newApp()
	e.GET("/search", func(c echo.Context) error {
		s := session.From(c)
		s.FlashNow(session.KindInfo, "Nothing was found.")
		return c.String(http.StatusOK, fmt.Sprint(s.FlashMessages().Get(session.KindInfo)))
	})

	visit(e, "/search")
	// Output: /search → Nothing was found.
}

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

// On a page that corrects a submission, a box that was cleared is not checked, whatever
// its default. Without a submission there are only defaults.
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

// The handler says what is wrong. The visitor gets his form back, filled in and with the
// errors at their fields.
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

// Handlers may simply return what the validator says, go-playground/validator by way of
// c.Validate for example.
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

// The text may depend on the visitor. What is left alone falls back on ValidationText.
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
