package migrating

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/docs/visit"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

const newCookie = "__Host-session"

func newApp() *echo.Echo {
	old := sessions.NewCookieStore([]byte("an old key of thirty-two bytes!!"))
	e := echo.New()
	e.GET("/before", echo.WrapHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := old.Get(r, "shop")
		s.Values["user"], s.Values["count"] = 7, 3
		if err := s.Save(r, w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})))
	after := e.Group("", session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}), adopt(old, "shop", newCookie))
	after.GET("/cart", func(c echo.Context) error {
		s := session.From(c)
		alerts, err := json.Marshal(s.FlashMessages().Alerts())
		if err != nil {
			return err
		}
		_, cookie := c.Cookie("shop")
		return c.String(http.StatusOK, fmt.Sprint("user ", session.Get[int](s, "user"), ", ", session.Get[int](s, "count"), " items, old cookie ", cookie == nil, string(alerts)))
	})
	after.POST("/cart", add)
	after.POST("/login", login)
	return e
}

func Test_that_a_visitor_keeps_his_session_during_the_switch(t *testing.T) {
	v := visit.New(t, newApp())
	v.Get("/before")
	v.Sees(v.Get("/cart"), "user 7, 3 items, old cookie true")
	v.Sees(v.Get("/cart"), "user 7, 3 items, old cookie false")
}

func Test_that_an_old_cookie_does_not_replace_a_session(t *testing.T) {
	v := visit.New(t, newApp())
	v.Sees(v.Post("/cart", nil), "1 items", "It is in your cart.")
	v.Get("/before")
	v.Sees(v.Get("/cart"), "1 items")
}

func Test_that_an_old_cookie_is_forgotten_where_it_was_set(t *testing.T) {
	old := sessions.NewCookieStore([]byte("an old key of thirty-two bytes!!"))
	old.Options.Domain, old.Options.Path = "example.com", "/shop"
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}), adopt(old, "shop", newCookie))

	res := visit.Send(t.Context(), e, "GET", "/shop/cart", &http.Cookie{Name: "shop", Value: "old"})
	const want = "shop=; Path=/shop; Domain=example.com; Expires=Thu, 01 Jan 1970"
	if got := res.Header.Get("Set-Cookie"); !strings.HasPrefix(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
}

func Test_that_a_late_request_with_the_old_cookie_does_not_undo_a_login(t *testing.T) {
	e := newApp()
	send := func(method, path string, cookies ...*http.Cookie) []*http.Cookie {
		set := visit.Send(t.Context(), e, method, path, cookies...).Cookies()
		return slices.DeleteFunc(set, func(c *http.Cookie) bool { return c.MaxAge < 0 })
	}
	old := send("GET", "/before")[0]
	adopted := send("GET", "/cart", old)[0]
	send("POST", "/login", adopted)
	late := visit.Send(t.Context(), e, "GET", "/cart", adopted, old)
	for _, c := range late.Cookies() {
		if c.Name == newCookie {
			t.Errorf("got %v; want no cookie that replaces that of the login", c)
		}
	}
	if late.StatusCode != http.StatusOK {
		t.Errorf("status %d; want the answer to a guest", late.StatusCode)
	}
}

type failingStore struct {
	sessions.Store
	err error
}

func (s failingStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.NewSession(s, name), s.err
}

func Test_that_an_old_store_that_is_down_costs_nobody_the_session(t *testing.T) {
	down := errors.New("connection refused")
	for _, tc := range []struct {
		err     error
		cookies string
		status  int
	}{
		{down, "shop=old", http.StatusServiceUnavailable},
		{down, "shop=old; " + newCookie + "=new", http.StatusOK},
		{fmt.Errorf("open: %w", fs.ErrNotExist), "shop=old", http.StatusOK},
		{securecookie.MultiError{securecookie.ErrMacInvalid}, "shop=old", http.StatusOK},
	} {
		e := echo.New()
		e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}), adopt(failingStore{err: tc.err}, "shop", newCookie))
		e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
		cookies, err := http.ParseCookie(tc.cookies)
		if err != nil {
			t.Fatal(err)
		}
		res := visit.Send(t.Context(), e, "GET", "/", cookies...)
		if forgets := len(res.Cookies()) > 0; res.StatusCode != tc.status || forgets != (tc.status == http.StatusOK) {
			t.Errorf("%v: status %d, cookies %v", tc.err, res.StatusCode, res.Cookies())
		}
	}
}

func Test_that_the_programs_before_did_what_the_one_after_does(t *testing.T) {
	old := gorilla{sessions.NewCookieStore([]byte("an old key of thirty-two bytes!!"))}
	other := scsApp{scs.New()}
	for name, handlers := range map[string]struct{ add, login http.HandlerFunc }{
		"gorilla/sessions": {add: old.add},
		"scs":              {other.add, other.login},
	} {
		mux := http.NewServeMux()
		mux.HandleFunc("POST /cart", handlers.add)
		mux.HandleFunc("GET /cart", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, name) })
		if handlers.login != nil {
			mux.HandleFunc("POST /login", handlers.login)
		}
		v := visit.New(t, other.sessions.LoadAndSave(mux))
		v.Sees(v.Post("/cart", nil), name)
		v.Sees(v.Post("/cart", nil), name)
		if handlers.login != nil {
			v.Post("/login", nil)
		}
	}
}
