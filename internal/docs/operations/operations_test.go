package operations

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/docs/visit"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func newApp(t *testing.T) (*session.Manager, *echo.Echo) {
	t.Helper()
	sessions, err := session.New(session.Config{Store: memorystore.New(memorystore.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.Use(sessions.Middleware())
	e.POST("/login", func(c echo.Context) error {
		session.From(c).Tag(c.FormValue("user"))
		return session.Redirect(c, "/")
	})
	e.GET("/", func(c echo.Context) error {
		if session.From(c).IsNew() {
			return c.String(http.StatusOK, "a stranger")
		}
		return c.String(http.StatusOK, "a member")
	})
	a := admin{sessions}
	e.GET("/admin/sessions", a.loggedIn)
	e.POST("/admin/sessions/end", a.end)
	return sessions, e
}

var hidden = regexp.MustCompile(`name="handle" value="([^"]+)"`)

func Test_that_an_administrator_ends_a_session_of_the_list(t *testing.T) {
	_, e := newApp(t)
	ada := visit.New(t, e)
	ada.Sees(ada.Post("/login", url.Values{"user": {"ada"}}), "a member")
	root := ada.Another()
	page := root.Get("/admin/sessions")
	root.Sees(page, "ada")
	handle := hidden.FindStringSubmatch(page)
	if handle == nil {
		t.Fatal("there is no handle in the list")
	}
	for range 2 { // the second call finds it gone, as wanted
		root.SeesNo(root.Post("/admin/sessions/end", url.Values{"handle": {handle[1]}}), "ada")
	}
	ada.Sees(ada.Get("/"), "a stranger")
}

// full is a store that refuses changes.
type full struct {
	session.Store
	full bool
}

func (f *full) Write(ctx context.Context, key string, rec session.Record) error {
	if f.full {
		return errors.New("no room")
	}
	return f.Store.Write(ctx, key, rec)
}

func Test_that_an_error_page_that_cannot_be_saved_is_answered_all_the_same(t *testing.T) {
	store := &full{Store: memorystore.New(memorystore.Options{})}
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.HTTPErrorHandler = showError
	e.Use(session.Middleware(session.Config{Store: store, Logger: slog.New(slog.DiscardHandler)}))
	e.POST("/saves", func(c echo.Context) error {
		session.From(c).FlashSuccess("Saved.")
		return session.Redirect(c, "/empty")
	})
	e.GET("/empty", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })

	v := visit.New(t, e)
	v.Post("/saves", nil)
	store.full = true
	v.Sees(v.Get("/missing"), "Service Unavailable")
}

// broken is a store that cannot be reached.
type broken struct{ session.Store }

func (broken) Read(context.Context, string) (session.Record, error) {
	return session.Record{}, errors.New("connection refused")
}

func Test_that_there_is_a_page_for_what_goes_wrong(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.HTTPErrorHandler = showError
	e.GET("/", func(c echo.Context) error {
		session.From(c).Increment("visits")
		return c.String(http.StatusOK, "welcome")
	}, session.Middleware(session.Config{Store: store}))
	e.GET("/broken", func(c echo.Context) error {
		session.From(c).Increment("visits")
		return c.String(http.StatusOK, "welcome")
	}, session.Middleware(session.Config{Store: broken{store}, Logger: slog.New(slog.DiscardHandler)}))

	v := visit.New(t, e)
	v.Sees(v.Get("/"), "welcome")
	v.Sees(v.Get("/missing"), "<h1>Not Found</h1>")
	page := v.Get("/broken")
	v.Sees(page, "<h1>Service Unavailable</h1>")
	v.SeesNo(page, "connection refused")
	res, part := v.Part("GET", "/broken", nil)
	if v.SeesNo(part, "<h1>"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a part is answered with %d; want 503", res.StatusCode)
	}
}

// Programs such as curl send JSON and say that they accept anything, or nothing about it.
func Test_which_errors_are_JSON(t *testing.T) {
	e := echo.New()
	e.HTTPErrorHandler = showError
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}), session.FlashInvalid)
	e.POST("/posts", func(c echo.Context) error {
		return session.ValidationErrors{"title": {"Write a title"}}
	})
	for _, tc := range []struct {
		claim, sends, accepts string
		htmx, want            bool
	}{
		{"a client that asks for JSON", "application/x-www-form-urlencoded", "application/json", false, true},
		{"a client that sends JSON", "application/json", "*/*", false, true},
		{"a client that sends JSON, and does not say what it takes", "application/json; charset=utf-8", "", false, true},
		{"a client that sends JSON, and asks for a page", "application/json", "text/html", false, false},
		{"a browser", "application/x-www-form-urlencoded", "text/html,*/*;q=0.8", false, false},
		{"htmx with json-enc, which puts into the page what it gets", "application/json", "*/*", true, false},
		{"htmx that asks for JSON, for a template in the browser", "application/json", "application/json", true, true},
	} {
		r := httptest.NewRequest(http.MethodPost, "/posts", strings.NewReader("{}"))
		r.Header.Set("Content-Type", tc.sends)
		if tc.accepts != "" {
			r.Header.Set("Accept", tc.accepts)
		}
		if tc.htmx {
			r.Header.Set("HX-Request", "true")
		}
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, r)
		if got := strings.Contains(rec.Body.String(), `"title":["Write a title"]`); got != tc.want {
			t.Errorf("%s: got %d, %s", tc.claim, rec.Code, rec.Body)
		}
	}
}

// listless is a store whose list fails.
type listless struct{ *memorystore.Store }

func (listless) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if _, limited := ctx.Deadline(); limited {
			yield("", context.DeadlineExceeded)
			return
		}
		yield("", errors.New("this would hang for ever"))
	}
}

func Test_that_an_administrator_does_not_wait_for_ever(t *testing.T) {
	sessions, err := session.New(session.Config{
		Store:  listless{memorystore.New(memorystore.Options{})},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	c := e.NewContext(httptest.NewRequest(http.MethodGet, "/admin/sessions", nil), httptest.NewRecorder())
	if err := (admin{sessions}).loggedIn(c); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v; want the end of a deadline", err)
	}
}

func Test_that_sessions_from_before_a_time_are_ended(t *testing.T) {
	sessions, e := newApp(t)
	ada := visit.New(t, e)
	ada.Post("/login", url.Values{"user": {"ada"}})

	if err := endOlder(t.Context(), sessions, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	ada.Sees(ada.Get("/"), "a member")
	if err := endOlder(t.Context(), sessions, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	ada.Sees(ada.Get("/"), "a stranger")
}
