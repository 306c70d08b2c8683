package session_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// visit sends a visitor with a browser's cookie jar through an application, one path
// after the other, and prints what he sees.
func visit(e *echo.Echo, paths ...string) {
	server := httptest.NewTLSServer(e)
	defer server.Close()
	visitor := server.Client()
	visitor.Jar, _ = cookiejar.New(nil)
	for _, path := range paths {
		res, err := visitor.Get(server.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Println(path, "→", string(body))
	}
}

// newApp is an Echo with sessions in memory.
func newApp() *echo.Echo {
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))
	return e
}

func ExampleMiddleware() {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store: memorystore.New(memorystore.Options{}),
	}))
	e.GET("/", func(c echo.Context) error {
		n := session.From(c).Increment("visits")
		return c.String(http.StatusOK, fmt.Sprintf("visit %d", n))
	})

	visit(e, "/", "/", "/")
	// Output:
	// / → visit 1
	// / → visit 2
	// / → visit 3
}

// Mounted inside of what needs it, the middleware comes too late.
func ExampleMiddleware_incorrect() {
	requireLogin := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if !session.From(c).Has("user") { // panics: there is no session yet
				return echo.ErrUnauthorized
			}
			return next(c)
		}
	}
	e := echo.New()
	e.Use(requireLogin)
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))

	defer func() { fmt.Println(recover()) }()
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	// Output:
	// session: no session in this request. Mount it with e.Use(session.Middleware(cfg)), before the handlers and middleware that use it, and see that Config.Skipper lets the request through
}

// All mistakes are reported at once.
// Browsers say with each request where it comes from. This refuses what another site makes
// them send, and needs neither token nor session.
func ExampleCrossOrigin() {
	e := newApp()
	e.Use(session.CrossOrigin())
	e.POST("/pay", func(c echo.Context) error { return c.String(http.StatusOK, "paid") })

	for _, site := range []string{"same-origin", "cross-site"} {
		r := httptest.NewRequest(http.MethodPost, "/pay", nil)
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		fmt.Println(site, w.Code)
	}
	// Output:
	// same-origin 200
	// cross-site 403
}

// In a page, components.Form has the token by itself.
func ExampleCSRF() {
	e := newApp()
	e.Use(session.CSRF(session.CSRFConfig{
		Skipper: func(c echo.Context) bool { return c.Path() == "/webhook" }, // it has no session
	}))
	e.GET("/pay", func(c echo.Context) error {
		token := session.From(c).CSRFToken()
		return c.HTML(http.StatusOK, `<input type="hidden" name="_csrf" value="`+token+`">`)
	})
	e.POST("/pay", func(c echo.Context) error { return c.String(http.StatusOK, "paid") })
	e.POST("/webhook", func(c echo.Context) error { return c.String(http.StatusOK, "thank you") })

	for _, path := range []string{"/pay", "/webhook"} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		fmt.Println(path, w.Code)
	}
	// Output:
	// /pay 403
	// /webhook 200
}

func ExampleConfig_ToMiddleware() {
	_, err := session.Config{
		CookieName:  "__Host-id",
		Cookie:      session.CookieOptions{Domain: "example.com"},
		IdleTimeout: -time.Minute,
	}.ToMiddleware()
	for _, mistake := range session.ConfigErrors(err) {
		fmt.Println(mistake.Field)
	}
	// Output:
	// Store
	// CookieName
	// IdleTimeout
}

func ExampleNew() {
	sessions, err := session.New(session.Config{Store: memorystore.New(memorystore.Options{})})
	if err != nil {
		fmt.Println(err)
		return
	}
	e := echo.New()
	e.Use(sessions.Middleware())
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(session.From(c).IsNew()))
	})

	visit(e, "/")
	// Output: / → true
}

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

		_, ok, err = session.Lookup[time.Time](s, "age")
		var decode *session.DecodeError
		fmt.Println(ok, errors.As(err, &decode), err)
		return c.String(http.StatusOK, "done")
	})

	visit(e, "/")
	// Output:
	// false <nil>
	// 42 true <nil>
	// true true session: the value under "age" is not a time.Time
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

// Two tabs that add to the cart at once both find their article in it. With Get and Put,
// the second would overwrite what the first has done.
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

// A login gives the session a new id: one that was planted beforehand is worth nothing.
func ExampleSession_Regenerate() {
	e := newApp()
	e.GET("/login", func(c echo.Context) error {
		s := session.From(c)
		s.Regenerate()
		s.Put("user", 7)
		s.FlashSuccess("Welcome back.")
		return session.Redirect(c, s.PullIntendedURL("/account"))
	})
	e.GET("/account", func(c echo.Context) error {
		s := session.From(c)
		if !s.Has("user") {
			s.SetIntendedURL("/account")
			return session.Redirect(c, "/login")
		}
		return c.String(http.StatusOK, fmt.Sprint(s.FlashMessages().Alerts()))
	})

	visit(e, "/account", "/account")
	// Output:
	// /account → [{success  Welcome back.  }]
	// /account → []
}

func ExampleSession_Destroy() {
	e := newApp()
	e.GET("/login", func(c echo.Context) error {
		session.From(c).Put("user", 7)
		return c.String(http.StatusOK, "welcome")
	})
	e.GET("/logout", func(c echo.Context) error {
		s := session.From(c)
		s.Destroy()
		s.FlashInfo("Good-bye.") // begins a new session
		return session.Redirect(c, "/")
	})
	e.GET("/", func(c echo.Context) error {
		s := session.From(c)
		return c.String(http.StatusOK, fmt.Sprintf("%t, %v", s.Has("user"), s.FlashMessages().Get("info", "Hello.")))
	})

	visit(e, "/login", "/", "/logout")
	// Output:
	// /login → welcome
	// / → true, Hello.
	// /logout → false, Good-bye.
}
