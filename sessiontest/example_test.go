package sessiontest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// t is in these examples what a test gets from package testing. It prints its failures.
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

// The test does not look where the application keeps its sessions. Give both the same
// Config.
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

// A form that was refused before: the page shows it again.
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

// Cookies are for a real browser; here they show what it would get.
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
