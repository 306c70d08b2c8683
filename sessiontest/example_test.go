package sessiontest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// t stands for the *testing.T of a test. It prints failures.
var t printer

type printer struct{}

func (printer) Helper()                           {}
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (printer) Fatalf(format string, args ...any) { fmt.Printf("FATAL: "+format+"\n", args...) }

func ExampleNew() {
	app := func(cfg session.Config) *echo.Echo {
		e := echo.New()
		e.Use(session.Middleware(cfg))
		e.POST("/cart", func(c echo.Context) error {
			s := session.From(c)
			s.Increment("items")
			s.FlashSuccess("It is in your cart.")
			return session.Redirect(c, "/cart")
		})
		return e
	}

	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, app(cfg))
	visitor.Seed(func(s *session.Session) { s.Put("items", 2) })

	visitor.Post("/cart", nil).AssertRedirect("/cart")

	visitor.AssertValue("items", 3)
	visitor.AssertAlert(session.KindSuccess, "It is in the cart.") // not quite
	// Output:
	// there is no alert of the kind "success" with the text "It is in the cart."
	// 	this is what there is:
	// 	value "items": 3
	// 	alert success "It is in your cart."
}

// The test cannot know where the application keeps its sessions. Give both the same Config.
func ExampleNew_incorrect() {
	app := newApp(session.Config{Store: memorystore.New(memorystore.Options{})})
	visitor := sessiontest.New(t, session.Config{Store: memorystore.New(memorystore.Options{})}, app)

	visitor.Post("/login", url.Values{"user": {"ada"}})
	// Output:
	// FATAL: sessiontest: POST /login has begun a session that is not in the Store of the Config given to sessiontest; the application must have the same Store (or the same keys), Cookie and Now
}

func ExampleVisitor_Session() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Post("/posts", url.Values{"title": {"Hello"}})

	s := visitor.Session()
	fmt.Println(session.Get[[]string](s, "titles"))
	for _, alert := range s.FlashMessages().Alerts() {
		fmt.Println(alert.Kind, alert.Text)
	}
	// Output:
	// [Hello]
	// success Your post was saved.
}

// A form that was refused: the page shows it again.
func ExampleVisitor_SeedForm() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))

	visitor.SeedForm(url.Values{"title": {"Hello"}, "password": {"secret"}}, func(s *session.Session) {
		s.FlashValidationErrors(session.ValidationErrors{"title": {"Write some more."}})
	})

	visitor.AssertOld("title", "Hello")
	visitor.AssertNoOld("password") // never kept
	visitor.AssertInputErrors("title", "Write some more.")
	fmt.Println(visitor.Get("/posts").Text)
	// Output:
	// <h1>Posts of nobody</h1><input name=title value="Hello">
}

func ExampleVisitor_With() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))

	answer := visitor.With("HX-Request", "true").Post("/posts", url.Values{"title": {"Hello"}})
	fmt.Println(answer)
	fmt.Println(answer.Follow())
	// Output:
	// POST /posts: 204 No Content, to /posts
	// GET /posts: 200 OK
}

func ExampleVisitor_Another() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	laptop := sessiontest.New(t, cfg, newApp(cfg))
	phone := laptop.Another()
	laptop.Post("/login", url.Values{"user": {"ada"}})
	phone.Post("/login", url.Values{"user": {"ada"}})

	laptop.Post("/logout", nil).AssertSessionDestroyed()

	fmt.Println(phone.Session().All())
	// Output:
	// map[user:ada]
}

// Cookies is for a real browser; here it shows what that would get.
func ExampleVisitor_Cookies() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })

	for _, c := range visitor.Cookies() {
		fmt.Println(c.Name, c.Path, c.Secure, c.HttpOnly, c.SameSite == http.SameSiteLaxMode)
	}
	// Output:
	// __Host-session / true true true
}

func ExampleClock_Advance() {
	var clock sessiontest.Clock
	cfg := session.Config{
		Store: memorystore.New(memorystore.Options{Now: clock.Now}),
		Now:   clock.Now,
	}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })

	clock.Advance(session.DefaultIdleTimeout - time.Second)
	visitor.AssertSession()
	clock.Advance(time.Second)
	visitor.AssertNoSession()
	fmt.Println(visitor.Get("/posts").Text)
	// Output:
	// <h1>Posts of nobody</h1><input name=title value="">
}

// A test can seed what must exist beforehand, and need not log in through the login page.
func ExampleVisitor_Seed() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))

	visitor.Seed(func(s *session.Session) {
		s.Put("user", "ada")
		s.FlashSuccess("Welcome back.")
	})

	fmt.Println(visitor.Get("/posts").Text)
	// Output: <h1>Posts of ada</h1><p>success: Welcome back.</p><input name=title value="">
}

// A redirect is an answer like any other. Follow requests its target, as a browser does.
func ExampleVisitor_Post() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))

	answer := visitor.Post("/posts", url.Values{"title": {"Hello"}})
	fmt.Println(answer)
	fmt.Println(answer.Follow().Text)
	// Output:
	// POST /posts: 303 See Other, to /posts
	// <h1>Posts of nobody</h1><p>success: Your post was saved.</p><input name=title value="">
}

// A message waits for the page that shows it, so check it before that page.
func ExampleVisitor_AssertAlert() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))

	answer := visitor.Post("/posts", url.Values{"title": {"Hello"}})
	visitor.AssertAlert(session.KindSuccess, "Your post was saved.")
	answer.Follow()
	visitor.AssertNoAlert()
	// Output:
}

// The page has shown the message, so it is gone. Check it before, or check the page.
func ExampleVisitor_AssertAlert_afterThePage() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))

	page := visitor.Post("/posts", url.Values{"title": {"Hello"}}).Follow()
	visitor.AssertAlert(session.KindSuccess, "Your post was saved.")
	fmt.Println(strings.Contains(page.Text, "Your post was saved."))
	// Output:
	// there is no alert of the kind "success" with the text "Your post was saved."
	// 	this is what there is:
	// 	value "titles": ["Hello"]
	// true
}

// Values are compared as they are stored.
func ExampleVisitor_AssertValue() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Post("/posts", url.Values{"title": {"Hello"}})

	visitor.AssertValue("titles", []string{"Hello"})
	visitor.AssertValue("titles", []string{"Good-bye"})
	// Output:
	// the value under "titles" is ["Hello"]; want ["Good-bye"]
	// 	this is what there is:
	// 	value "titles": ["Hello"]
	// 	alert success "Your post was saved."
}

// Errors of fields have the names of the form's fields.
func ExampleVisitor_AssertInputErrors() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))

	visitor.Post("/posts", url.Values{"title": {""}, "body": {"Text"}}).AssertStatus(http.StatusSeeOther)
	visitor.AssertInputErrors("title", "Write a title.")
	visitor.AssertInputErrors("body", "Write a text.")
	// Output:
	// there is no input error of "body"
	// 	this is what there is:
	// 	old input: "body" = "Text"
	// 	old input: "title" = ""
	// 	input error: "title": "Write a title."
	// 	page error "E_VALIDATION_ERROR": "The form was not saved. Please correct the fields that are marked."
}

// A login that keeps the id also lets in an attacker who has planted it. This assertion finds that.
// (Saving a post is no login, so the second assertion fails.)
func ExampleResponse_AssertSessionRegenerated() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Post("/posts", url.Values{"title": {"Hello"}}) // begins a session

	visitor.Post("/login", url.Values{"user": {"ada"}}).AssertSessionRegenerated()
	visitor.Post("/posts", url.Values{"title": {"Hello"}}).AssertSessionRegenerated()
	// Output:
	// POST /posts: 303 See Other, to /posts: the session still has its old id; want a new one (Regenerate, or Tag)
	// 	this is what there is:
	// 	value "titles": ["Hello","Hello"]
	// 	value "user": "ada"
	// 	alert success "Your post was saved."
	// 	alert success "Your post was saved."
}

// If tokens are required, a test needs one, as a page does.
func ExampleVisitor_CSRFToken() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	e := echo.New()
	e.Use(session.Middleware(cfg), session.CSRF())
	e.POST("/pay", func(c echo.Context) error { return c.String(http.StatusOK, "paid") })
	visitor := sessiontest.New(t, cfg, e)

	fmt.Println(visitor.Post("/pay", nil))
	fmt.Println(visitor.Post("/pay", url.Values{session.CSRFField: {visitor.CSRFToken()}}))
	// Output:
	// POST /pay: 403 Forbidden
	// POST /pay: 200 OK
}

// The server may be any that shares the store with the test.
func ExampleNewAt() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	server := httptest.NewTLSServer(newApp(cfg))
	defer server.Close()
	visitor := sessiontest.NewAt(t, cfg, server.URL, server.Client())

	visitor.Post("/login", url.Values{"user": {"ada"}}).AssertRedirect("/posts")
	visitor.AssertValue("user", "ada")
	fmt.Println(visitor.Session().All())
	// Output: map[user:ada]
}

// On a page with several forms, each has its own input and errors.
func ExampleVisitor_Form() {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))

	visitor.Post("/posts", url.Values{session.FormField: {"new post"}, "title": {""}})
	visitor.Form("new post").AssertInputErrors("title", "Write a title.")
	visitor.AssertInputErrors("title") // fails: the form without a name was not sent
	// Output:
	// there is no input error of "title"
	// 	this is what there is:
	// 	old input in form "new post": "title" = ""
	// 	input error in form "new post": "title": "Write a title."
	// 	page error "E_VALIDATION_ERROR": "The form was not saved. Please correct the fields that are marked."
}
