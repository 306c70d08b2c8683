package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// A login gives the session a new id, so an id that was planted before is worthless.
func ExampleSession_Regenerate() {
	e := newApp()
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		s.Regenerate()
		s.Put("user", 7)
		s.FlashSuccess("Welcome back.")
		return session.Redirect(c, s.PullIntendedURL("/account"))
	})
	e.GET("/login", func(c echo.Context) error {
		return c.String(http.StatusOK, "please log in")
	})
	e.GET("/account", func(c echo.Context) error {
		s := session.From(c)
		if !s.Has("user") {
			s.SetIntendedURL("/account")
			return session.Redirect(c, "/login")
		}
		return c.String(http.StatusOK, fmt.Sprint(s.FlashMessages().Alerts()))
	})

	visit(e, "/account", "POST /login", "/account")
	// Output:
	// /account → please log in
	// POST /login → [{success  Welcome back.  }]
	// /account → []
}

func ExampleSession_Destroy() {
	e := newApp()
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		s.Regenerate()
		s.Put("user", 7)
		return c.String(http.StatusOK, "welcome")
	})
	e.POST("/logout", func(c echo.Context) error {
		s := session.From(c)
		s.Destroy()
		s.FlashInfo("Good-bye.") // begins a new session
		return session.Redirect(c, "/")
	})
	e.GET("/", func(c echo.Context) error {
		s := session.From(c)
		return c.String(http.StatusOK, fmt.Sprintf("%t, %v", s.Has("user"), s.FlashMessages().Get("info", "Hello.")))
	})

	visit(e, "POST /login", "/", "POST /logout")
	// Output:
	// POST /login → welcome
	// / → true, Hello.
	// POST /logout → false, Good-bye.
}

// The timeouts of Config are for users who do not ask to be remembered.
func ExampleSession_RememberMe() {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:            memorystore.New(memorystore.Options{}),
		ClearWithBrowser: true,
	}))
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		s.Put("user", 7)
		var idle, absolute time.Duration
		if c.FormValue("remember") != "" {
			idle, absolute = 14*24*time.Hour, 90*24*time.Hour
		}
		s.RememberMe(idle, absolute) // in either case, since there may have been a login before
		return c.NoContent(http.StatusNoContent)
	})

	for _, form := range []string{"POST /login", "POST /login?remember=yes"} {
		cookie := send(e, form).Cookies()[0]
		fmt.Println(form, "→ Max-Age", cookie.MaxAge)
	}
	// Output:
	// POST /login → Max-Age 0
	// POST /login?remember=yes → Max-Age 7776000
}

// Clearing a session does not log out: it lives on under its id, with its users and in their lists
// of devices. A copy of the cookie still opens it.
func ExampleSession_Destroy_byClear() {
	manager, e := newDevices()
	e.POST("/clear", func(c echo.Context) error {
		session.From(c).Clear()
		return c.NoContent(http.StatusNoContent)
	})
	e.POST("/destroy", func(c echo.Context) error {
		session.From(c).Destroy()
		return c.NoContent(http.StatusNoContent)
	})

	for _, logout := range []string{"/clear", "/destroy"} {
		cookie := send(e, "POST /login?user=ada").Cookies()[0]
		curl(e, "POST", logout, "Cookie", cookie.Name+"="+cookie.Value)
		devices, err := manager.Tagged(context.Background(), "ada")
		fmt.Println("devices:", len(devices), err)
		_ = manager.DestroyTagged(context.Background(), "ada")
	}
	// Output:
	// POST /clear → 204
	// devices: 1 <nil>
	// POST /destroy → 204
	//   Cache-Control: no-store
	//   Set-Cookie: __Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax
	// devices: 0 <nil>
}

// An attacker plants their own cookie in another visitor's browser, for example at a public
// terminal. If the login there keeps the id, the attacker is logged in as well.
func ExampleSession_Regenerate_fixation() {
	e := newApp()
	e.GET("/dark", func(c echo.Context) error {
		session.From(c).Put("theme", "dark") // begins a session
		return c.NoContent(http.StatusNoContent)
	})
	e.GET("/account", func(c echo.Context) error {
		return c.String(http.StatusOK, session.Get(session.From(c), "user", "nobody"))
	})
	e.POST("/login-with-the-old-id", func(c echo.Context) error {
		session.From(c).Put("user", "ada")
		return c.NoContent(http.StatusNoContent)
	})
	e.POST("/login-with-a-new-id", func(c echo.Context) error {
		s := session.From(c)
		s.Regenerate()
		s.Put("user", "ada")
		return c.NoContent(http.StatusNoContent)
	})

	for _, login := range []string{"/login-with-the-old-id", "/login-with-a-new-id"} {
		planted := send(e, "/dark").Cookies()
		send(e, "POST "+login, planted...) // the visitor
		page, _ := io.ReadAll(send(e, "/account", planted...).Body)
		fmt.Printf("%s: the cookie that was planted is that of %s\n", login, page)
	}
	// Output:
	// /login-with-the-old-id: the cookie that was planted is that of ada
	// /login-with-a-new-id: the cookie that was planted is that of nobody
}

// A login leads to where the visitor wanted to go, but never to another site, whatever somebody has
// put into a link.
func ExampleSession_PullIntendedURL() {
	e := newApp()
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		if next := c.QueryParam("next"); next != "" {
			s.SetIntendedURL(next)
		}
		s.Regenerate()
		return session.Redirect(c, s.PullIntendedURL("/home"))
	})

	curl(e, "POST", "/login?next=/orders/7")
	curl(e, "POST", "/login?next=//evil.example/home")
	// Output:
	// POST /login?next=/orders/7 → 303
	//   Location: /orders/7
	// POST /login?next=//evil.example/home → 303
	//   Location: /home
}

// Handlers need not check: without this, a store that is down becomes a 503 by itself. This is for
// applications that have something better to say.
func ExampleSession_Load() {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:  unreachable{memorystore.New(memorystore.Options{})},
		Logger: slog.New(slog.DiscardHandler),
	}))
	e.GET("/", func(c echo.Context) error {
		if err := session.From(c).Load(c.Request().Context()); err != nil {
			fmt.Println(errors.Is(err, session.ErrUnavailable))
			return c.String(http.StatusServiceUnavailable, "We'll be back in a minute.")
		}
		return c.String(http.StatusOK, "Welcome.")
	})

	visitor := http.Cookie{Name: "__Host-session", Value: strings.Repeat("A", 43)}
	curl(e, "GET", "/", "Cookie", visitor.String())
	// Output:
	// true
	// GET / → 503 We'll be back in a minute.
	//   Cache-Control: no-store
}

// A handler that streams saves its changes before it begins. All others leave that to the
// middleware.
func ExampleSession_Save() {
	e := newApp()
	e.GET("/events", func(c echo.Context) error {
		s := session.From(c)
		s.Increment("streams")
		if err := s.Save(c.Request().Context()); err != nil {
			return err
		}
		c.Response().Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(c.Response(), "data: hello\n\n") // and so on, for hours
		return nil
	})

	curl(e, "GET", "/events")
	// Output:
	// GET /events → 200 data: hello
	//   Cache-Control: no-store
	//   Set-Cookie: __Host-session=…; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax
}

// What a goroutine does after the answer was sent comes too late, and Err says so. Instead,
// remember the Handle of the session, and use Manager.Update.
func ExampleSession_Err_tooLate() {
	e := newApp()
	answered, done := make(chan bool), make(chan bool)
	e.GET("/report", func(c echo.Context) error {
		s := session.From(c)
		go func() {
			<-answered
			s.FlashSuccess("The report is ready.")
			fmt.Println(s.Err())
			close(done)
		}()
		return c.String(http.StatusAccepted, "please wait")
	})

	send(e, "/report")
	close(answered)
	<-done
	// Output: session: the request has ended
}
