package session_test

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

func ExampleGet() {
	e := newApp()
	e.GET("/theme", func(c echo.Context) error {
		return c.String(http.StatusOK, session.Get(session.From(c), "theme", "light"))
	})
	e.GET("/dark", func(c echo.Context) error {
		session.From(c).Put("theme", "dark")
		return session.Redirect(c, "/theme")
	})

	visit(e, "/theme", "/dark", "/theme")
	// Output:
	// /theme → light
	// /dark → dark
	// /theme → dark
}

func ExampleLookup() {
	e := newApp()
	e.GET("/", func(c echo.Context) error {
		s := session.From(c)
		_, ok, err := session.Lookup[int](s, "age")
		fmt.Println(ok, err)

		s.Put("age", 42)
		age, ok, err := session.Lookup[int](s, "age")
		fmt.Println(age, ok, err)

		_, ok, err = session.Lookup[[]string](s, "age")
		var decode *session.DecodeError
		fmt.Println(ok, errors.As(err, &decode), err)
		return c.String(http.StatusOK, "done")
	})

	visit(e, "/")
	// Output:
	// false <nil>
	// 42 true <nil>
	// true true session: the value under "age" is not of the type []string: a JSON number does not fit into the type []string
	// / → done
}

func ExamplePull() {
	e := newApp()
	e.GET("/start", func(c echo.Context) error {
		session.From(c).Put("oauth state", "xyz")
		return c.String(http.StatusOK, "off to the provider")
	})
	e.GET("/callback", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprintf("%q", session.Pull[string](session.From(c), "oauth state")))
	})

	visit(e, "/start", "/callback", "/callback")
	// Output:
	// /start → off to the provider
	// /callback → "xyz"
	// /callback → ""
}

// Two tabs that add to the cart at once both find their article in it. With Get and Put, the second
// would overwrite what the first one did.
func ExampleUpdate() {
	e := newApp()
	e.GET("/add", func(c echo.Context) error {
		s := session.From(c)
		session.Update(s, "cart", func(cart []string) []string {
			return append(cart, c.QueryParam("article"))
		})
		return c.String(http.StatusOK, fmt.Sprint(session.Get[[]string](s, "cart")))
	})

	visit(e, "/add?article=tea", "/add?article=milk")
	// Output:
	// /add?article=tea → [tea]
	// /add?article=milk → [tea milk]
}

// Of parallel requests only one may have the value: the state of an OAuth login, or one of three
// attempts. What Update saw is certain only after Save. (A session in a cookie can be used twice.)
func ExampleUpdate_once() {
	e := newApp()
	claim := func(c echo.Context, meanwhile func()) error {
		s := session.From(c)
		var state string
		session.Update(s, "state", func(old string) string { state = old; return "" })
		meanwhile()
		if err := s.Save(c.Request().Context()); err != nil {
			return err
		}
		if state == "" {
			return c.String(http.StatusBadRequest, "This login was used before.")
		}
		return c.String(http.StatusOK, "Welcome.")
	}
	e.GET("/begin", func(c echo.Context) error {
		session.From(c).Put("state", "kvK8")
		return c.NoContent(http.StatusNoContent)
	})
	e.GET("/callback", func(c echo.Context) error { return claim(c, func() {}) })
	e.GET("/slower", func(c echo.Context) error {
		return claim(c, func() {
			fmt.Println("another tab:", send(e, "/callback", c.Cookies()...).Status) // is faster
		})
	})

	cookie := send(e, "/begin").Cookies()[0]
	fmt.Println("this tab:", send(e, "/slower", cookie).Status)
	// Output:
	// another tab: 200 OK
	// this tab: 400 Bad Request
}

// What was read is a copy. Changing it changes nothing in the session; Put or Update does.
func ExampleGet_changedInPlace() {
	e := newApp()
	e.GET("/begin", func(c echo.Context) error {
		session.From(c).Put("cart", map[string]int{"tea": 1})
		return session.Redirect(c, "/cart")
	})
	e.GET("/in-place", func(c echo.Context) error {
		cart := session.Get[map[string]int](session.From(c), "cart")
		cart["tea"]++ // is lost
		return session.Redirect(c, "/cart")
	})
	e.GET("/update", func(c echo.Context) error {
		session.Update(session.From(c), "cart", func(cart map[string]int) map[string]int {
			cart["tea"]++
			return cart
		})
		return session.Redirect(c, "/cart")
	})
	e.GET("/cart", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(session.Get[map[string]int](session.From(c), "cart")))
	})

	visit(e, "/begin", "/in-place", "/update")
	// Output:
	// /begin → map[tea:1]
	// /in-place → map[tea:1]
	// /update → map[tea:2]
}

// While these handlers run, another tab adds milk. Put stores what was made from the old cart, and
// the milk is lost. Update gets the current cart.
func ExampleUpdate_lostUpdate() {
	e := newApp()
	add := func(c echo.Context, article string) error {
		session.Update(session.From(c), "cart", func(cart []string) []string { return append(cart, article) })
		return session.Redirect(c, "/cart")
	}
	e.GET("/bread", func(c echo.Context) error { return add(c, "bread") })
	e.GET("/milk", func(c echo.Context) error { return add(c, "milk") })

	e.GET("/tea-by-put", func(c echo.Context) error {
		s := session.From(c)
		cart := session.Get[[]string](s, "cart")
		send(e, "/milk", c.Cookies()...) // the other tab
		s.Put("cart", append(cart, "tea"))
		return session.Redirect(c, "/cart")
	})
	e.GET("/tea-by-update", func(c echo.Context) error {
		session.Update(session.From(c), "cart", func(cart []string) []string { return append(cart, "tea") })
		send(e, "/milk", c.Cookies()...) // the other tab
		return session.Redirect(c, "/cart")
	})
	e.GET("/cart", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(session.Get[[]string](session.From(c), "cart")))
	})

	visit(e, "/bread", "/tea-by-put")
	visit(e, "/bread", "/tea-by-update")
	// Output:
	// /bread → [bread]
	// /tea-by-put → [bread tea]
	// /bread → [bread]
	// /tea-by-update → [bread milk tea]
}

// Values are stored as JSON. Integers stay exact, and what JSON leaves out is not stored, for
// example unexported fields.
func ExampleSession_Put() {
	type user struct {
		ID   int64
		Name string
		note string
	}
	e := newApp()
	e.GET("/register", func(c echo.Context) error {
		session.From(c).Put("user", user{ID: 1<<62 + 1, Name: "Ada", note: "is not kept"})
		return session.Redirect(c, "/account")
	})
	e.GET("/account", func(c echo.Context) error {
		u := session.Get[user](session.From(c), "user")
		return c.String(http.StatusOK, fmt.Sprintf("%d %s %q", u.ID, u.Name, u.note))
	})

	visit(e, "/register")
	// Output: /register → 4611686018427387905 Ada ""
}

// A value that cannot be stored does not fail silently: the response becomes an error page.
func ExampleSession_Put_unstorable() {
	e := newApp()
	e.GET("/", func(c echo.Context) error {
		s := session.From(c)
		s.Put("done", make(chan bool))
		fmt.Println(s.Err())
		return c.String(http.StatusOK, "all is well")
	})

	curl(e, "GET", "/")
	// Output:
	// session: the value for "done", a chan bool, cannot be stored as JSON: put a type that can
	// GET / → 500 {"message":"Internal Server Error"}
	//   Cache-Control: no-store
}

// Increments of parallel requests all count.
func ExampleSession_Increment() {
	e := newApp()
	e.GET("/tea", func(c echo.Context) error {
		s := session.From(c)
		if s.Increment("teas") > 2 {
			return c.String(http.StatusOK, fmt.Sprintf("that is enough: back to %d", s.Decrement("teas", 3)))
		}
		return c.String(http.StatusOK, "one more tea")
	})

	visit(e, "/tea", "/tea", "/tea")
	// Output:
	// /tea → one more tea
	// /tea → one more tea
	// /tea → that is enough: back to 0
}

// Zero values are values, too.
func ExampleSession_Has() {
	e := newApp()
	e.GET("/", func(c echo.Context) error {
		s := session.From(c)
		s.Put("newsletter", false)
		asked := s.Has("newsletter")
		s.Forget("newsletter")
		return c.String(http.StatusOK, fmt.Sprint(asked, s.Has("newsletter")))
	})

	visit(e, "/")
	// Output: / → true false
}
