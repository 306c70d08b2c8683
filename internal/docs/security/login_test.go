package security

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/docs/visit"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_a_user_can_log_out_everywhere_else(t *testing.T) {
	app, err := newApp(memorystore.New(memorystore.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	here := visit.New(t, app)
	there, hers := here.Another(), here.Another()
	ada, eve := url.Values{"user": {"ada"}}, url.Values{"user": {"eve"}}
	here.Sees(here.Post("/login", ada), "user: ada")
	there.Sees(there.Post("/login", ada), "user: ada")
	hers.Sees(hers.Post("/login", eve), "user: eve")

	here.Sees(here.Post("/logout-others", nil), "user: ada")
	there.SeesNo(there.Get("/"), "ada")
	hers.Sees(hers.Get("/"), "user: eve")

	here.Sees(here.Post("/password", nil), "user: ada")
	here.SeesNo(here.Post("/logout", nil), "ada")
}

// few is an application whose members have at most three sessions.
func few(t *testing.T, now func() time.Time) (*session.Manager, *echo.Echo) {
	t.Helper()
	sessions, err := session.New(session.Config{Store: memorystore.New(memorystore.Options{}), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	m := members{sessions}
	app := echo.New()
	app.Use(sessions.Middleware())
	app.GET("/", m.home)
	app.POST("/", func(c echo.Context) error {
		s, user := session.From(c), c.QueryParam("user")
		s.Tag(user)
		s.Put("user", user)
		if err := m.endOldLogins(c, user); err != nil {
			return err
		}
		return session.Redirect(c, "/")
	})
	return sessions, app
}

func Test_that_a_fourth_login_ends_the_first(t *testing.T) {
	now := time.Now()
	_, app := few(t, func() time.Time { now = now.Add(time.Second); return now })
	first := visit.New(t, app)
	visitors := []*visit.Visitor{first, first.Another(), first.Another(), first.Another()}
	for _, v := range visitors {
		first.Sees(v.Post("/?user=ada", nil), "user: ada")
		if v != visitors[3] {
			first.Sees(first.Get("/"), "user: ada")
		}
	}
	first.SeesNo(first.Get("/"), "ada")
	for _, v := range visitors[1:] {
		v.Sees(v.Get("/"), "user: ada")
	}
}

func Test_that_logins_at_the_same_time_count_too(t *testing.T) {
	sessions, app := few(t, time.Now)
	for round := range 50 {
		user := fmt.Sprint("user", round)
		var logins sync.WaitGroup
		for range 8 {
			logins.Go(func() { visit.Send(t.Context(), app, http.MethodPost, "/?user="+user) })
		}
		logins.Wait()
		if list, err := sessions.Tagged(t.Context(), user); err != nil || len(list) > 3 || len(list) == 0 {
			t.Fatalf("after 8 logins at once there are %d, %v; want 3", len(list), err)
		}
	}
}

func Test_that_a_login_leads_to_the_page_that_was_asked_for(t *testing.T) {
	app, err := newApp(memorystore.New(memorystore.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	v := visit.New(t, app)
	v.Sees(v.Get("/account"), "Please log in.")
	v.Sees(v.Post("/login", url.Values{"user": {"ada"}}), "the account of ada")
	v.Sees(v.Get("/account"), "the account of ada")
}

func Test_that_a_form_of_a_stranger_can_be_kept_for_after_the_login(t *testing.T) {
	e := echo.New()
	e.Use(session.CrossOrigin(), session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))
	motto := func(c echo.Context) error {
		s := session.From(c)
		if !s.Has("user") {
			s.SetIntendedURL(c.Request().URL.RequestURI())
			if c.Request().Method == http.MethodPost {
				s.FlashAll()
			}
			return session.Redirect(c, "/login")
		}
		alerts := s.FlashMessages().Alerts()
		return c.String(http.StatusOK, fmt.Sprintf("motto: %s, user: %s, %d alerts", s.Old("motto", "none"), s.Old("user", "none"), len(alerts)))
	}
	e.GET("/motto", motto)
	e.POST("/motto", motto)
	e.GET("/login", func(c echo.Context) error {
		s := session.From(c)
		s.ReflashExcept("user", "password", "error", session.ValidationErrorCode)
		return c.HTML(http.StatusOK, fmt.Sprint("Please log in. Errors: ", s.HasErrors(), s.FlashMessages().Alerts()))
	})
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		if c.FormValue("password") != "good" {
			s.FlashError("Try again")
			return session.Invalid(c, session.ValidationErrors{"password": {"Wrong user or password"}})
		}
		s.Regenerate()
		s.Put("user", c.FormValue("user"))
		return session.Redirect(c, s.PullIntendedURL("/"))
	})
	v := visit.New(t, e)
	v.Sees(v.Post("/motto", url.Values{"motto": {"Per aspera"}}), "Please log in. Errors: false []")
	v.Sees(v.Post("/login", url.Values{session.FormField: {"login"}, "user": {"ada"}, "password": {"bad"}}), "Errors: true [{error")
	v.Sees(v.Get("/login"), "Errors: false []")
	v.Sees(v.Post("/login", url.Values{session.FormField: {"login"}, "user": {"ada"}, "password": {"good"}}), "motto: Per aspera, user: none, 0 alerts")
}

// hurried is a store during whose calls the visitor hangs up, while sessions are ended.
type hurried struct {
	*memorystore.Store
	hangUp context.CancelFunc
}

func (h *hurried) Destroy(ctx context.Context, key string, version uint64) error {
	h.hangUp()
	if err := ctx.Err(); err != nil {
		return err
	}
	return h.Store.Destroy(ctx, key, version)
}

func Test_that_a_log_out_everywhere_else_does_not_need_the_visitor(t *testing.T) {
	ctx, hangUp := context.WithCancel(t.Context())
	app, err := newApp(&hurried{memorystore.New(memorystore.Options{}), hangUp})
	if err != nil {
		t.Fatal(err)
	}
	here := visit.Send(t.Context(), app, "POST", "/login?user=ada").Cookies()
	there := visit.Send(t.Context(), app, "POST", "/login?user=ada").Cookies()
	visit.Send(ctx, app, "POST", "/logout-others", here...)
	if ctx.Err() == nil {
		t.Fatal("nothing was ended")
	}
	page, err := io.ReadAll(visit.Send(t.Context(), app, "GET", "/", there...).Body)
	if err != nil || string(page) != "user: " {
		t.Errorf("got %q, %v; want nobody logged in there", page, err)
	}
}

func Test_that_a_login_is_remembered_if_the_visitor_asks_for_it(t *testing.T) {
	app, err := newApp(memorystore.New(memorystore.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	v := visit.New(t, app)
	for _, tc := range []struct {
		form url.Values
		days int
	}{
		{url.Values{"user": {"ada"}, "remember": {"yes"}}, 90},
		{url.Values{"user": {"eve"}}, 0}, // in the same browser
	} {
		res, _ := v.Part("POST", "/login", tc.form)
		if age := time.Duration(res.Cookies()[0].MaxAge) * time.Second; int(age.Hours())/24 != tc.days {
			t.Errorf("%v: the cookie lives for %v; want %d days", tc.form, age, tc.days)
		}
	}
}

func Test_that_a_login_over_another_has_nothing_of_it(t *testing.T) {
	app, err := newApp(memorystore.New(memorystore.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	app.GET("/left", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(session.From(c).FlashMessages().Alerts(), session.From(c).All()))
	})
	here := visit.New(t, app)
	there := here.Another()
	here.Post("/login", url.Values{"user": {"ada"}})
	here.Post("/password", nil) // flashes a message for ada
	here.Sees(here.Post("/login", url.Values{"user": {"eve"}}), "user: eve")
	here.SeesNo(here.Get("/left"), "changed")

	there.Post("/login", url.Values{"user": {"ada"}})
	there.Post("/logout-others", nil)
	here.Sees(here.Get("/"), "user: eve")
}

func Test_that_a_login_leads_to_where_the_visitor_wanted_to_go(t *testing.T) {
	app, err := newApp(memorystore.New(memorystore.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	app.GET("/orders", func(c echo.Context) error {
		s := session.From(c)
		if s.Has("user") {
			return c.String(http.StatusOK, "your orders")
		}
		s.SetIntendedURL(c.Request().URL.RequestURI())
		return session.Redirect(c, "/")
	})
	v := visit.New(t, app)
	v.Get("/orders")
	v.Sees(v.Post("/login", url.Values{"user": {"ada"}}), "your orders")
}

func Test_that_a_request_from_before_the_login_does_not_undo_it(t *testing.T) {
	app, err := newApp(memorystore.New(memorystore.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	app.GET("/poll", func(c echo.Context) error {
		session.From(c).Increment("polls")
		return c.NoContent(http.StatusNoContent)
	})
	guest := visit.Send(t.Context(), app, "GET", "/poll").Cookies()
	ada := visit.Send(t.Context(), app, "POST", "/login?user=ada", guest...).Cookies()
	eve := visit.Send(t.Context(), app, "POST", "/login?user=eve", ada...).Cookies()
	if len(eve) != 1 {
		t.Fatalf("the login set %d cookies; want 1", len(eve))
	}
	for _, before := range [][]*http.Cookie{guest, ada} {
		if late := visit.Send(t.Context(), app, "GET", "/poll", before...); len(late.Cookies()) > 0 {
			t.Errorf("got %v; want no cookie that replaces that of the login", late.Cookies())
		}
	}
}

func Test_that_a_store_without_tags_is_refused_at_start(t *testing.T) {
	store, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{cookiestore.GenerateKey()}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newApp(store); err == nil {
		t.Error("it was taken")
	}
}

func Test_that_a_key_can_be_replaced(t *testing.T) {
	first, second := hex.EncodeToString(cookiestore.GenerateKey()), hex.EncodeToString(cookiestore.GenerateKey())
	with := func(keys string) *cookiestore.Store {
		t.Helper()
		t.Setenv("SESSION_KEYS", keys)
		store, err := rotating()
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	const name = "session"
	old, err := with(first).Seal(name, session.Record{Data: []byte("data"), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if rec, err := with(second+","+first).Open(name, old); err != nil || string(rec.Data) != "data" {
		t.Errorf("during the rotation: got %q, %v", rec.Data, err)
	}
	if _, err := with(second).Open(name, old); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("after it: got %v; want it not found", err)
	}
}
