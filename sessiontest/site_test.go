package sessiontest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_the_session_of_another_manager_is_let_be_once_ours_is_known(t *testing.T) {
	cfg := inMemory()
	admins, err := session.New(session.Config{Store: cfg.Store, CookieName: "admin"})
	if err != nil {
		t.Fatal(err)
	}
	app := newApp(cfg)
	app.POST("/admin", func(c echo.Context) error {
		admins.From(c).Put("admin", "eve")
		return c.NoContent(http.StatusNoContent)
	}, admins.Middleware())
	visitor := sessiontest.New(t, cfg, app)
	visitor.Post("/login", url.Values{"user": {"ada"}})
	visitor.Post("/admin", nil)
	visitor.AssertValue("user", "ada")
}

func Test_that_other_cookies_are_not_taken_for_sessions(t *testing.T) {
	cfg := inMemory()
	id := ""
	app := echo.New()
	app.POST("/login", func(c echo.Context) error {
		c.SetCookie(&http.Cookie{Name: "readable", Value: id})
		c.SetCookie(&http.Cookie{Name: "old", Value: id, HttpOnly: true, MaxAge: -1})
		c.SetCookie(&http.Cookie{Name: "foreign", Value: strings.Repeat("A", 43), HttpOnly: true})
		return c.NoContent(http.StatusNoContent)
	})
	visitor := sessiontest.New(t, cfg, app)
	visitor.Seed(func(s *session.Session) { s.Put("n", 1) })
	id = visitor.Cookies()[0].Value
	visitor.Post("/login", nil)
	visitor.AssertValue("n", 1)
}

func Test_that_a_running_server_can_be_visited(t *testing.T) {
	t.Run("by https", func(t *testing.T) {
		cfg := inMemory()
		server := httptest.NewTLSServer(newApp(cfg))
		defer server.Close()
		visitOverNetwork(t, sessiontest.NewAt(t, cfg, server.URL, server.Client()))
	})
	t.Run("by http", func(t *testing.T) {
		cfg := inMemory()
		cfg.Cookie.Insecure, cfg.Logger = true, quiet
		server := httptest.NewServer(newApp(cfg))
		defer server.Close()
		visitOverNetwork(t, sessiontest.NewAt(t, cfg, server.URL, nil))
		visitOverNetwork(t, sessiontest.NewAt(t, cfg, server.URL, new(http.Client)))
	})
}

func Test_that_a_cookie_may_be_for_the_domain_above_the_server(t *testing.T) {
	cfg := inMemory()
	cfg.Cookie.Domain = "example.com"
	app := newApp(cfg)
	client := &http.Client{Transport: answerer{app}}
	visitor := sessiontest.NewAt(t, cfg, "https://shop.example.com", client)
	visitOverNetwork(t, visitor)

	cookies := visitor.Cookies()
	visitor.SetCookies(cookies)
	if got := visitor.Cookies(); len(got) != 1 || got[0].Domain != ".example.com" {
		t.Errorf("the visitor has the cookies %v; want one, for example.com and all hosts in it, as browsers say it", got)
	}
}

// answerer answers without a network.
type answerer struct{ http.Handler }

func (a answerer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Result(), nil
}

func visitOverNetwork(t *testing.T, visitor *sessiontest.Visitor) {
	t.Helper()
	visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
	page := visitor.Post("/posts", url.Values{"title": {"Hello"}}).Follow()
	if !strings.Contains(page.Text, "Posts of ada") || !strings.Contains(page.Text, "Your post was saved.") {
		t.Errorf("the page is %s", page.Text)
	}
	visitor.AssertValue("titles", []string{"Hello"})
	visitor.AssertNoFlash()
}

// A session may be ended from elsewhere as soon as it has begun. Then it is missing, but that is no
// mistake.
func Test_that_a_session_that_has_just_begun_may_have_ended(t *testing.T) {
	cfg := inMemory()
	manager, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	inner := newApp(cfg)
	inner.POST("/tagged", func(c echo.Context) error {
		session.From(c).Tag("ada")
		return c.NoContent(http.StatusNoContent)
	})
	waits, goOn := make(chan struct{}), make(chan struct{})
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			close(waits)
			<-goOn
			return
		}
		inner.ServeHTTP(w, r)
		if err := manager.DestroyTagged(r.Context(), "ada"); err != nil {
			t.Error(err)
		}
	})

	// If another request is running, that may have ended it.
	visitor := sessiontest.New(t, cfg, app)
	var all sync.WaitGroup
	all.Go(func() { visitor.Another().Get("/wait") })
	<-waits
	visitor.Post("/tagged", nil)
	close(goOn)
	all.Wait()
	visitor.AssertNoSession()

	// After a session was found once, the application is known to use our store.
	visitor.Another().Post("/login", url.Values{"user": {"bob"}})
	visitor.Post("/tagged", nil)
	visitor.AssertNoSession()
}

func Test_that_a_server_that_is_gone_is_a_failure(t *testing.T) {
	cfg := inMemory()
	server := httptest.NewTLSServer(newApp(cfg))
	server.Close()
	got := failuresOf(func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, cfg, server.URL, server.Client()).Get("/posts")
	})
	if len(got) != 1 || !got[0].fatal || !strings.HasPrefix(got[0].text, "sessiontest: GET /posts: ") {
		t.Errorf("failed with %v", got)
	}
}

// The application may be tested without its store; the kit must not get in the way.
func Test_that_a_store_that_is_down_is_seen_as_a_503(t *testing.T) {
	cfg := session.Config{Store: down{memorystore.New(memorystore.Options{})}, Logger: quiet}
	v := sessiontest.New(t, cfg, newApp(cfg))
	someValues(v)
	v.Get("/posts").AssertStatus(http.StatusServiceUnavailable)
	v.Another().Post("/login", url.Values{"user": {"ada"}}).AssertStatus(http.StatusSeeOther)
}
