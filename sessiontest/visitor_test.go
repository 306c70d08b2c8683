package sessiontest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_the_application_finds_what_was_seeded(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		visitor.Seed(func(s *session.Session) {
			s.Put("user", "ada")
			s.FlashSuccess("Welcome back.")
		})
		visitor.SeedForm(url.Values{"title": {"Hello"}}, nil)

		page := visitor.Get("/posts").Text
		for _, part := range []string{"Posts of ada", "success: Welcome back.", `value="Hello"`} {
			if !strings.Contains(page, part) {
				t.Errorf("the page has no %q: %s", part, page)
			}
		}
	})
}

func Test_that_what_the_application_leaves_is_seen(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))

		visitor.Get("/posts")
		visitor.Post("/posts", url.Values{"title": {""}, "body": {"Text"}}).AssertRedirect("/posts")
		visitor.AssertInputErrors("title", "Write a title.")
		visitor.AssertOld("body", "Text")
		visitor.AssertPageError(session.ValidationErrorCode)

		visitor.Post("/posts", url.Values{"title": {"Hello"}}).AssertStatus(http.StatusSeeOther)
		visitor.AssertAlert(session.KindSuccess, "Your post was saved.")
		visitor.AssertValue("titles", []string{"Hello"})
		if got := session.Get[[]string](visitor.Session(), "titles"); !slices.Equal(got, []string{"Hello"}) {
			t.Errorf("read %q; want Hello", got)
		}
	})
}

func Test_that_looking_consumes_nothing_and_a_page_does(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		answer := visitor.Post("/posts", url.Values{"title": {"Hello"}})
		for range 3 {
			visitor.AssertAlert("success", "Your post was saved.")
			visitor.Seed(func(s *session.Session) { s.FlashMessages().All() })
		}

		if page := answer.Follow(); !strings.Contains(page.Text, "Your post was saved.") {
			t.Errorf("the page does not show the message: %s", page.Text)
		}
		visitor.AssertNoFlash()
	})
}

func Test_that_looking_does_not_prolong_a_session(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, clock *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
		for range 3 {
			clock.Advance(session.DefaultIdleTimeout / 3)
			visitor.Session()
		}
		visitor.AssertNoSession()
	})
}

func Test_that_seeding_counts_as_using_the_session(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, clock *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
		for range 3 {
			clock.Advance(session.DefaultIdleTimeout / 2)
			visitor.Seed(func(s *session.Session) { s.Has("user") })
		}
		visitor.AssertValue("user", "ada")
	})
}

func Test_that_beginning_regenerating_and_destroying_are_told_apart(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		form := url.Values{"title": {"Hello"}, "user": {"ada"}}

		visitor.AssertNoSession()
		visitor.Post("/posts", form).AssertSessionBegun()
		visitor.Post("/login", form).AssertSessionRegenerated()
		visitor.AssertSession()
		visitor.AssertValue("titles")
		visitor.Post("/logout", nil).AssertSessionDestroyed()
		visitor.AssertAlert("info", "Good-bye.")
		visitor.AssertNoValue()
	})
}

// The cookies after the answer do not show that: an old id is dead in all cases.
func Test_that_it_counts_whether_there_was_a_session_before_the_request(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, clock *sessiontest.Clock) {
		visit := func(t sessiontest.TB) *sessiontest.Visitor {
			visitor := sessiontest.New(t, cfg, newApp(cfg))
			visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
			return visitor
		}
		for _, path := range []string{"/login", "/logout"} {
			got := failuresOf(func(fake sessiontest.TB) { visit(fake).Post(path, nil).AssertSessionBegun() })
			if len(got) != 1 {
				t.Errorf("AssertSessionBegun of POST %s with a session failed %d times: %v; want once", path, len(got), got)
			}
		}

		// A session that has expired is none, even if its cookie is sent.
		late := func(t sessiontest.TB) *sessiontest.Response {
			visitor := visit(t)
			clock.Advance(session.DefaultIdleTimeout)
			return visitor.Post("/login", url.Values{"user": {"ada"}})
		}
		late(t).AssertSessionBegun()
		for what, assert := range map[string]func(*sessiontest.Response){
			"AssertSessionRegenerated": (*sessiontest.Response).AssertSessionRegenerated,
			"AssertSessionDestroyed":   (*sessiontest.Response).AssertSessionDestroyed,
		} {
			got := failuresOf(func(fake sessiontest.TB) { assert(late(fake)) })
			if len(got) != 1 || !strings.Contains(got[0].text, "the visitor came without a session") {
				t.Errorf("%s of a session that had run out failed with %v; want once, as there was none", what, got)
			}
		}
	})
}

// A request may bring the cookie of a real browser itself.
func Test_that_a_cookie_which_the_request_brings_itself_counts(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		app := newApp(cfg)
		post := func(v *sessiontest.Visitor, path string) *sessiontest.Response {
			browser := v.Another()
			browser.Seed(func(s *session.Session) { s.Put("user", "ada") })
			r := httptest.NewRequest(http.MethodPost, path, nil)
			for _, c := range browser.Cookies() {
				r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
			}
			return v.Do(r)
		}
		post(sessiontest.New(t, cfg, app), "/login").AssertSessionRegenerated()
		post(sessiontest.New(t, cfg, app), "/logout").AssertSessionDestroyed()
		got := failuresOf(func(fake sessiontest.TB) {
			post(sessiontest.New(fake, cfg, app), "/login").AssertSessionBegun()
		})
		if len(got) != 1 {
			t.Errorf("AssertSessionBegun failed %d times: %v; want once", len(got), got)
		}
	})
}

// With such a store, the kit cannot tell a new id from a new session.
func Test_that_a_store_which_finds_no_users_will_do_for_a_new_id(t *testing.T) {
	cfg := session.Config{Store: plain{memorystore.New(memorystore.Options{})}}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Seed(func(s *session.Session) { s.Put("cart", 7) })
	visitor.Post("/login", url.Values{"user": {"ada"}}).AssertSessionRegenerated()
	visitor.AssertValue("cart", 7)
}

// plain is a store with the required methods only.
type plain struct{ session.Store }

// The note that an id was given up lasts only a minute, and an assertion may come later.
func Test_that_a_new_id_is_known_for_as_long_as_the_session_lives(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, clock *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		visitor.Seed(func(s *session.Session) { s.Put("cart", 7) })
		answer := visitor.Post("/login", url.Values{"user": {"ada"}})
		clock.Advance(time.Hour)
		answer.AssertSessionRegenerated()
	})
}

// An application may remove a cookie that an older version has set, with whatever attributes.
func Test_that_a_cookie_that_goes_need_not_be_as_ours(t *testing.T) {
	for _, gone := range []http.Cookie{
		{Name: "session", Path: "/", Domain: "shop.example.org", MaxAge: -1},
		{Name: "__Host-session", Path: "/", MaxAge: -1},
	} {
		cfg := inMemory()
		app := newApp(cfg)
		visitor := sessiontest.New(t, cfg, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &gone)
			app.ServeHTTP(w, r)
		}))
		visitor.Post("/login", url.Values{"user": {"ada"}})
		visitor.AssertValue("user", "ada")
	}
}

func Test_that_two_visitors_have_nothing_in_common(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		ada := sessiontest.New(t, cfg, newApp(cfg))
		bob := ada.Another()
		ada.Seed(func(s *session.Session) { s.Put("user", "ada") })
		bob.AssertNoSession()
		bob.Post("/login", url.Values{"user": {"bob"}})
		ada.AssertValue("user", "ada")
		bob.AssertValue("user", "bob")
	})
}

func Test_that_the_same_visitor_with_another_header_has_the_same_session(t *testing.T) {
	visitor := newVisitor(t)
	script := visitor.With("HX-Request", "true", "X-Own", "1")
	answer := script.Post("/posts", url.Values{"title": {"Hello"}})
	answer.AssertStatus(http.StatusNoContent)
	answer.AssertRedirect("/posts")
	visitor.AssertAlert("success")

	page := answer.Follow()
	if page.Request.Header.Get("HX-Request") != "" || page.Request.Header.Get("X-Own") != "1" {
		t.Error("the page that HX-Redirect leads to was asked for by htmx; want the browser itself, with its other headers")
	}
	if script.Get("/posts").Request.Header.Get("HX-Request") != "true" {
		t.Error("after that, the script does not say any more that it is htmx")
	}
	visitor.AssertNoAlert()
}

func Test_that_a_header_can_be_left_out(t *testing.T) {
	var got http.Header
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	visitor := sessiontest.New(t, inMemory(), app)
	visitor.With("Accept", "").With("X-Own", "1").Get("/")
	if _, there := got["Accept"]; there || got.Get("X-Own") != "1" {
		t.Errorf("the request has the headers %v; want X-Own and no Accept", got)
	}
	if visitor.Get("/"); len(got) != 1 || got.Get("Accept") == "" {
		t.Errorf("a request has the headers %v; want Accept and no other", got)
	}
}

func Test_that_a_request_keeps_the_headers_it_has(t *testing.T) {
	var got []string
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header["Accept"] })
	visitor := sessiontest.New(t, inMemory(), app)
	for _, want := range [][]string{{"text/plain"}, {"", "text/plain"}, nil} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Accept"] = want
		visitor.Do(r)
		if !slices.Equal(got, want) {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func Test_that_old_input_of_forms_is_kept_apart_by_their_names(t *testing.T) {
	visitor := newVisitor(t)
	newsletter := visitor.Form("newsletter")
	newsletter.SeedForm(url.Values{"email": {"ada"}}, func(s *session.Session) {
		s.FlashValidationErrors(session.ValidationErrors{"email": {"This is no address."}})
	})
	visitor.Form("reply").SeedForm(nil, nil)
	newsletter.AssertOld("email", "ada")
	newsletter.AssertInputError("email", "This is no address.")
	visitor.AssertNoOld("email")
	visitor.AssertNoInputError()
}

func Test_that_JSON_and_files_are_sent(t *testing.T) {
	e := echo.New()
	e.POST("/json", func(c echo.Context) error {
		var in struct{ Title string }
		if err := c.Bind(&in); err != nil {
			return err
		}
		return c.String(http.StatusOK, in.Title+" "+c.Request().Header.Get("Accept"))
	})
	e.PUT("/file", func(c echo.Context) error {
		file, err := c.FormFile("file")
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, file.Filename)
	})
	visitor := sessiontest.New(t, inMemory(), e)
	if got := visitor.PostJSON("/json", map[string]string{"title": "Hello"}).Text; got != "Hello application/json" {
		t.Errorf("answered %q", got)
	}
	if got := visitor.With("Accept", "text/html").PostJSON("/json", map[string]string{"title": "Hello"}).Text; got != "Hello text/html" {
		t.Errorf("who accepts something else is answered %q", got)
	}
	body := "--x\r\nContent-Disposition: form-data; name=file; filename=a.txt\r\n\r\nText\r\n--x--\r\n"
	r := httptest.NewRequest(http.MethodPut, "/file", strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if got := visitor.Do(r).Text; got != "a.txt" {
		t.Errorf("answered %q", got)
	}
}

func Test_that_users_can_be_logged_in(t *testing.T) {
	cfg := inMemory()
	ada := sessiontest.New(t, cfg, newApp(cfg))
	phone := ada.Another()
	for _, device := range []*sessiontest.Visitor{ada, phone} {
		device.Seed(func(s *session.Session) { s.Tag("ada") })
		device.AssertTagged("ada")
	}
	manager, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := manager.DestroyTagged(t.Context(), "ada", ada.Session().Handle()); err != nil {
		t.Fatal(err)
	}
	ada.AssertSession()
	phone.AssertNoSession()
}

func Test_that_a_CSRF_token_is_accepted(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		app := echo.New()
		app.Use(session.Middleware(cfg), session.CSRF())
		app.POST("/pay", func(c echo.Context) error { return c.String(http.StatusOK, "paid") })

		visitor := sessiontest.New(t, cfg, app)
		visitor.Post("/pay", nil).AssertStatus(http.StatusForbidden)
		visitor.With(session.CSRFHeader, visitor.CSRFToken()).Post("/pay", nil).AssertStatus(http.StatusOK)
		visitor.Post("/pay", url.Values{session.CSRFField: {visitor.CSRFToken()}}).AssertStatus(http.StatusOK)
	})
}

func Test_that_the_cookie_may_have_any_attributes(t *testing.T) {
	cases := map[string]session.Config{
		"the default":        {},
		"a name":             {CookieName: "id"},
		"over plain http":    {Cookie: session.CookieOptions{Insecure: true}},
		"a domain":           {Cookie: session.CookieOptions{Domain: "shop.example"}},
		"a path":             {Cookie: session.CookieOptions{Path: "/posts"}},
		"SameSite=Strict":    {Cookie: session.CookieOptions{SameSite: http.SameSiteStrictMode}},
		"partitioned":        {Cookie: session.CookieOptions{Partitioned: true}},
		"until browser ends": {ClearWithBrowser: true},
		"tagged sessions":    {Tags: true},
	}
	for name, cfg := range cases {
		t.Run(name, func(t *testing.T) {
			cfg.Logger = quiet
			cfg.Store = memorystore.New(memorystore.Options{})
			visitor := sessiontest.New(t, cfg, newApp(cfg))
			visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
			visitor.Post("/posts", url.Values{"title": {"Hello"}})
			visitor.AssertValue("user", "ada")
			visitor.AssertValue("titles", []string{"Hello"})
		})
	}
}

func Test_that_the_path_of_a_cookie_may_be_escaped(t *testing.T) {
	cfg := inMemory()
	cfg.Cookie.Path = "/caf%C3%A9"
	app := echo.New()
	app.Use(session.Middleware(cfg))
	app.GET("/*", func(c echo.Context) error {
		if strings.HasSuffix(c.Request().URL.Path, "/menu") {
			c.SetCookie(&http.Cookie{Name: "menu"})
		}
		return c.String(http.StatusOK, session.Get(session.From(c), "user", "nobody"))
	})
	visitor := sessiontest.New(t, cfg, app)
	visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
	visitor.AssertValue("user", "ada")
	for path, want := range map[string]string{"/caf%C3%A9": "ada", "/caf%C3%A9/menu": "ada", "/café/menu": "ada", "/": "nobody", "/cafe": "nobody"} {
		if got := visitor.Get(path).Text; got != want {
			t.Errorf("%s has the session of %s; want that of %s", path, got, want)
		}
	}
	if got := visitor.Cookies(); len(got) != 2 || got[1].Path != "/caf%C3%A9" {
		t.Errorf("the visitor has the cookies %v; want one more, for the pages below", got)
	}
}

func Test_that_a_visitor_goes_to_all_hosts_in_the_domain_of_the_cookie(t *testing.T) {
	cfg := inMemory()
	cfg.Cookie.Domain = "example.com"
	app := newApp(cfg)
	app.GET("/host", func(c echo.Context) error {
		c.SetCookie(&http.Cookie{Name: "seen", Value: c.Request().Host})
		return c.String(http.StatusOK, c.Request().Host+" "+c.Request().Header.Get("Cookie"))
	})
	visitor := sessiontest.New(t, cfg, app)
	visitor.Post("https://de.example.com/login", url.Values{"user": {"ada"}})
	visitor.AssertValue("user", "ada")
	for seen := range 2 {
		for _, host := range []string{"example.com", "de.example.com", "fr.example.com"} {
			text := visitor.Get("https://" + host + "/host").Text
			if !strings.HasPrefix(text, host+" session=") || strings.Count(text, "seen=") != seen || seen > 0 && !strings.HasSuffix(text, "seen="+host) {
				t.Errorf("%s, the time %d, was asked with %q; want the session, and what it has set itself", host, seen+1, text)
			}
		}
	}
	visitor.SetCookies(visitor.Cookies())
	for host, want := range map[string]string{"de.example.com": "", "example.com": "seen=example.com"} {
		text := visitor.Get("https://" + host + "/host").Text
		if !strings.Contains(text, " session=") || !strings.HasSuffix(text, want) || strings.Count(text, "seen=") > 1 || want == "" && strings.Contains(text, "seen=") {
			t.Errorf("once the cookies have been in a browser, %s was asked with %q; want the session and %q", host, text, want)
		}
	}
	wantFailure(t, "sessiontest: GET https://de.example.com:8443/: the visitor goes to example.com, and elsewhere only within Cookie.Domain", func(fake sessiontest.TB) {
		visitor.In(fake).Get("https://de.example.com:8443/")
	})
}

func Test_that_a_visitor_is_told_apart_by_host_as_in_a_browser(t *testing.T) {
	for _, domain := range []string{"example.com", ".example.com", "Example.com"} {
		cfg := inMemory()
		cfg.Cookie.Domain = domain
		app := newApp(cfg)
		app.GET("/asks", func(c echo.Context) error {
			return c.HTML(http.StatusOK, c.Request().Referer()+" "+c.Request().Header.Get("Cookie"))
		})
		app.POST("/sso", func(c echo.Context) error {
			session.From(c).Put("user", c.FormValue("user"))
			return c.Redirect(http.StatusSeeOther, "https://SHOP.example.com:443/asks?q=1")
		})
		visitor := sessiontest.New(t, cfg, app)
		page := visitor.Post("https://login.example.com/sso", url.Values{"user": {"ada"}}).Follow()
		if page.Request.URL.Host != "shop.example.com" {
			t.Errorf("%s: the visitor is at %s", domain, page.Request.URL)
		}
		visitor.AssertValue("user", "ada")
		if got := visitor.Get("https://shop.example.com/asks").Text; !strings.HasPrefix(got, "https://shop.example.com/asks?q=1 ") {
			t.Errorf("%s: the same host is asked with %q; want the whole address of the page before", domain, got)
		}
		if got := visitor.Get("https://de.example.com/asks").Text; !strings.HasPrefix(got, "https://shop.example.com/ ") {
			t.Errorf("%s: another host is asked with %q; want no more than where the visitor comes from", domain, got)
		}

		// As browsers say it: with a dot for all hosts in a domain, and without for one host.
		visitor.SetCookies(append(visitor.Cookies(),
			&http.Cookie{Name: "one", Value: "1", Domain: "example.com"},
			&http.Cookie{Name: "de", Value: "1", Domain: "de.example.com"},
			&http.Cookie{Name: "all", Value: "1", Domain: ".de.example.com"}))
		for host, want := range map[string]string{"example.com": " one=1", "de.example.com": " de=1; all=1", "my.de.example.com": " all=1", "fr.example.com": ""} {
			text := visitor.Get("https://" + host + "/asks").Text
			if _, cookies, _ := strings.Cut(text, " session="); !strings.HasSuffix(text, want) || strings.Count(cookies, "=") != strings.Count(want, "=") {
				t.Errorf("%s: %s is asked with %q; want the session and%s", domain, host, text, want)
			}
		}
		visitor.AssertValue("user", "ada")
	}
}

func Test_that_a_visitor_may_be_in_another_test(t *testing.T) {
	visitor := newVisitor(t)
	t.Run("step", func(t *testing.T) { visitor.In(t).Post("/login", url.Values{"user": {"ada"}}) })
	visitor.AssertValue("user", "ada")
	for what, fails := range map[string]func(*sessiontest.Visitor){
		"an assertion":                  (*sessiontest.Visitor).AssertNoSession,
		"a change of a session as seen": func(v *sessiontest.Visitor) { v.Session().Put("n", 1) },
	} {
		if got := failuresOf(func(fake sessiontest.TB) { fails(visitor.In(fake)) }); len(got) != 1 {
			t.Errorf("%s: the other test failed with %v; want one failure", what, got)
		}
	}
}

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

// Whoever gets the cookies has the session: usually a browser, here another visitor.
func Test_that_cookies_go_to_a_browser_and_come_back(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, clock *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
		clock.Advance(time.Hour)

		browser := visitor.Another()
		cookies := visitor.Cookies()
		browser.SetCookies(cookies)
		browser.Post("/posts", url.Values{"title": {"Hello"}})
		browser.AssertValue("user", "ada")

		if len(cookies) != 1 {
			t.Fatalf("got %d cookies: %v; want that of the session", len(cookies), cookies)
		}
		c := cookies[0]
		if age := int((23 * time.Hour).Seconds()); c.MaxAge > age || c.MaxAge < age-1 {
			t.Errorf("the cookie lives for %d s; want what is left of a day", c.MaxAge)
		}
		if c.Name != "__Host-session" || c.Path != "/" || c.Domain != "" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("the cookie is %v; want it as the application set it", c)
		}

		// A real browser says for each cookie which host it is for.
		back := browser.Cookies()
		for _, c := range back {
			c.Domain = "example.com"
		}
		back = append(back, &http.Cookie{Name: "of", Value: "another site", Domain: "example.org"})
		visitor.SetCookies(back)
		if got := visitor.Cookies(); len(got) != len(back)-1 || got[0].Domain != "" {
			t.Errorf("the visitor has the cookies %v; want those of this host, and for no other", got)
		}
		visitor.AssertAlert("success", "Your post was saved.")
		visitor.AssertValue("titles", []string{"Hello"})

		visitor.SetCookies(nil)
		visitor.AssertNoSession()
	})
}

func Test_that_a_cookie_without_a_path_is_for_the_whole_site(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("Cookie")) })
	visitor := sessiontest.New(t, inMemory(), app)
	visitor.SetCookies([]*http.Cookie{{Name: "theme", Value: "dark"}})
	if got := visitor.Get("/posts/7").Text; got != "theme=dark" {
		t.Errorf("got the cookies %q; want the one that was set", got)
	}
	if got := visitor.Cookies(); len(got) != 1 || got[0].Path != "/" || got[0].MaxAge != 0 {
		t.Errorf("the visitor has the cookies %v; want one for / that ends with the browser", got)
	}
	visitor.SetCookies([]*http.Cookie{{Name: "theme", Value: "dark", Path: "/posts"}})
	if got := visitor.Get("/").Text; got != "" {
		t.Errorf("got the cookies %q; want none of another path, and none from before", got)
	}
}

func Test_that_a_handler_gets_what_a_server_would_give_it(t *testing.T) {
	var got *http.Request
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r })
	sessiontest.New(t, inMemory(), app).Get("/posts?page=2")
	if got.Host != "example.com" || got.RequestURI != "/posts?page=2" || got.URL.String() != "/posts?page=2" ||
		got.RemoteAddr == "" || got.TLS == nil || got.Body != http.NoBody {
		t.Errorf("the request is %+v", got)
	}
	if got.Context().Err() == nil {
		t.Error("the context goes on after the answer")
	}

	insecure := inMemory()
	insecure.Cookie.Insecure = true
	sessiontest.New(t, insecure, app).Get("/")
	if got.TLS != nil {
		t.Error("an insecure cookie came by https; want plain http, where a Secure one would be missing")
	}
}

// Nothing could ever find it again.
func Test_that_a_visitor_who_has_done_nothing_leaves_nothing_in_the_store(t *testing.T) {
	cfg := session.Config{Store: full{memorystore.New(memorystore.Options{})}}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Get("/posts").AssertStatus(http.StatusOK)
	visitor.AssertNoSession()
}

// full is a store that takes no more sessions.
type full struct{ session.Store }

func (full) Write(context.Context, string, session.Record) error { return session.ErrTooLarge }

func Test_that_a_visitor_may_do_many_things_at_once(t *testing.T) {
	visitor := newVisitor(t)
	visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			visitor.Post("/posts", url.Values{"title": {"Hello"}})
			visitor.AssertAlert("success")
			visitor.Another().Post("/login", url.Values{"user": {"bob"}}).AssertSessionBegun()
		})
	}
	all.Wait()
	if got := session.Get[[]string](visitor.Session(), "titles"); len(got) != 20 {
		t.Errorf("%d posts were kept; want 20", len(got))
	}
}

func Test_that_the_jar_does_as_browsers_do(t *testing.T) {
	var clock sessiontest.Clock
	cfg := session.Config{Store: memorystore.New(memorystore.Options{Now: clock.Now}), Now: clock.Now}
	set := func(line string) *sessiontest.Visitor {
		app := echo.New()
		app.GET("/dir/set", func(c echo.Context) error {
			for one := range strings.SplitSeq(line, " | ") {
				c.Response().Header().Add("Set-Cookie", one)
			}
			return c.NoContent(http.StatusOK)
		})
		app.Any("/*", func(c echo.Context) error { return c.String(http.StatusOK, c.Request().Header.Get("Cookie")) })
		visitor := sessiontest.New(t, cfg, app)
		visitor.Get("/dir/set")
		return visitor
	}
	cases := []struct {
		line, path, want string
	}{
		{"a=1", "/dir/page", "a=1"},
		{"a=1", "/", ""},
		{"a=1", "/directory", ""},
		{"a=1; Path=/", "/", "a=1"},
		{"a=1; Path=/; Secure", "/", "a=1"},
		{"a=1; Path=/; Secure", "http://example.com/", ""},
		{"a=1; Path=/ | a=2; Path=/", "/", "a=2"},
		{"a=1; Path=/ | a=2; Path=/dir", "/dir", "a=2; a=1"},
		{"a=1; Path=/ | a=2; Path=/; Domain=example.com", "/", "a=1; a=2"},
		{"a=1; Path=/; Domain=example.com", "/", "a=1"},
		{"a=1; Path=/; Domain=.example.com", "/", "a=1"},
		{"a=1; Path=/; Domain=example.org", "/", ""},
		{"a=1; Path=/; Max-Age=0", "/", ""},
		{"a=1; Path=/; Max-Age=60", "/", "a=1"},
		{"__Host-a=1; Path=/; Secure", "/", "__Host-a=1"},
		{"__Host-a=1; Path=/", "/", ""},
		{"__Host-a=1; Path=/dir; Secure", "/dir", ""},
		{"__Host-a=1; Path=/; Secure; Domain=example.com", "/", ""},
		{"__Secure-a=1; Path=/", "/", ""},
		{"__Secure-a=1; Path=/; Secure", "/", "__Secure-a=1"},
		{"a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/", ""},
		{"a=1; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "/", "a=1"},
	}
	for _, tc := range cases {
		if got := set(tc.line).Get(tc.path).Text; got != tc.want {
			t.Errorf("after Set-Cookie: %s, %s got the cookies %q; want %q", tc.line, tc.path, got, tc.want)
		}
	}

	visitor := set("a=1; Path=/; Max-Age=60")
	clock.Advance(time.Minute)
	if got := visitor.Get("/").Text; got != "" {
		t.Errorf("a minute later there is the cookie %q; want none", got)
	}
	if got := visitor.Cookies(); len(got) != 0 {
		t.Errorf("a minute later a browser goes on with %v; want no cookies", got)
	}
}

func Test_that_redirects_are_followed_as_browsers_do(t *testing.T) {
	app := echo.New()
	app.GET("/page", func(c echo.Context) error {
		r := c.Request()
		return c.HTML(http.StatusOK, r.Method+r.Header.Get("HX-Request")+" "+r.Referer())
	})
	app.GET("/", func(c echo.Context) error {
		_, err := c.Cookie("a")
		c.SetCookie(&http.Cookie{Name: "b"})
		return c.HTML(http.StatusOK, fmt.Sprint("home ", c.Request().Referer(), err))
	})
	app.GET("/hop", func(c echo.Context) error { return c.Redirect(http.StatusFound, "page") })
	app.POST("/:status", func(c echo.Context) error {
		status := map[string]int{"301": 301, "302": 302, "303": 303}[c.Param("status")]
		return c.Redirect(status, "/hop")
	})
	app.POST("/again", func(c echo.Context) error { return c.Redirect(http.StatusTemporaryRedirect, "/echo") })
	app.POST("/for-good", func(c echo.Context) error { return c.Redirect(http.StatusPermanentRedirect, "/again") })
	app.GET("/again", func(c echo.Context) error { return c.Redirect(http.StatusTemporaryRedirect, "/page") })
	app.POST("/echo", func(c echo.Context) error { return c.String(http.StatusOK, c.FormValue("title")) })
	app.POST("/htmx", func(c echo.Context) error {
		c.Response().Header().Set(c.FormValue("header"), c.FormValue("to"))
		return c.NoContent(http.StatusOK)
	})
	visitor := sessiontest.New(t, inMemory(), app)
	visitor.SetCookies([]*http.Cookie{{Name: "a", Path: "/"}})
	visitor.Get("/page")

	const (
		page = "GET https://example.com/page"
		part = "GETtrue https://example.com/page"
	)
	cases := []struct {
		path string
		form url.Values
		want string
	}{
		{"/301", nil, page},
		{"/302", nil, page},
		{"/303", nil, page},
		{"/again", url.Values{"title": {"Hello"}}, "Hello"},
		{"/for-good", url.Values{"title": {"Hello"}}, "Hello"},
		{"/htmx", url.Values{"header": {"HX-Redirect"}, "to": {"/page#middle"}}, page},
		{"/htmx", url.Values{"header": {"HX-Location"}, "to": {"/page"}}, part},
		{"/htmx", url.Values{"header": {"HX-Location"}, "to": {`{"path":"/hop","target":"#main"}`}}, part},
		{"/htmx", url.Values{"header": {"HX-Redirect"}, "to": {"https://example.com"}}, "home https://example.com/page<nil>"},
		{"/htmx", url.Values{"header": {"HX-Location"}, "to": {"/page"}}, "GETtrue https://example.com/"},
		{"/303", nil, page},
	}
	for _, tc := range cases {
		if got := visitor.Post(tc.path, tc.form).Follow().Text; got != tc.want {
			t.Errorf("POST %s %v led to %q; want %q", tc.path, tc.form, got, tc.want)
		}
	}
	if got := visitor.Get("/again").Follow().Request.Header; got["Content-Type"] != nil {
		t.Errorf("a request without a body goes on with the headers %v; want no Content-Type", got)
	}
}

func Test_that_only_a_page_is_where_the_visitor_comes_from(t *testing.T) {
	app := echo.New()
	app.GET("/*", func(c echo.Context) error { return c.HTML(http.StatusOK, c.Request().Referer()) })
	app.GET("/moved", echo.WrapHandler(http.RedirectHandler("/next", http.StatusFound)))
	for _, tc := range []struct {
		claim string
		path  string
		as    []string
		from  string
	}{
		{"a page", "/next", nil, "/next"},
		{"a part by htmx", "/next", []string{"HX-Request", "true"}, "/page"},
		{"a boosted page", "/next", []string{"HX-Request", "true", "HX-Boosted", "true"}, "/next"},
		{"a Turbo Frame", "/next", []string{"Turbo-Frame", "list"}, "/page"},
		{"a part by Unpoly", "/next", []string{"X-Up-Target", ".list"}, "/page"},
		{"a page by Unpoly", "/next", []string{"X-Up-Target", "body"}, "/next"},
		{"a part by Datastar", "/next", []string{"Datastar-Request", "true"}, "/page"},
		{"a redirect, which has a text", "/moved", nil, "/page"},
	} {
		visitor := sessiontest.New(t, inMemory(), app)
		visitor.Get("/page")
		visitor.With(tc.as...).Get(tc.path)
		if got := visitor.Get("/last").Text; got != "https://example.com"+tc.from {
			t.Errorf("after %s: comes from %q; want %s", tc.claim, got, tc.from)
		}
	}
}

func Test_that_a_form_is_known_however_it_is_sent(t *testing.T) {
	cfg := inMemory()
	app := newApp(cfg)
	app.POST("/upload", func(c echo.Context) error {
		session.From(c).FlashInputErrors(map[string][]string{"file": {"Choose a file."}})
		return session.Redirect(c, "/posts")
	})
	for contentType, body := range map[string]string{
		"application/x-www-form-urlencoded":                "_form=upload",
		"application/x-www-form-urlencoded; charset=UTF-8": "_form=upload",
		"multipart/form-data; boundary=x":                  "--x\r\nContent-Disposition: form-data; name=_form\r\n\r\nupload\r\n--x--\r\n",
	} {
		wantFailure(t, "there is a form to be corrected, or an error of the page; want no flash\n\tthis is what there is:\n\tinput error in form \"upload\": \"file\": \"Choose a file.\"", func(fake sessiontest.TB) {
			visitor := sessiontest.New(fake, cfg, app)
			r := httptest.NewRequest(http.MethodPost, "/upload", strings.NewReader(body))
			r.Header.Set("Content-Type", contentType)
			visitor.Do(r)
			visitor.AssertNoFlash()
		})
	}
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

func Test_that_a_session_without_values_is_not_destroyed_by_nothing(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		failed := failuresOf(func(fake sessiontest.TB) {
			visitor := sessiontest.New(fake, cfg, newApp(cfg))
			started(visitor)
			visitor.Get("/ping").AssertSessionDestroyed()
		})
		if len(failed) != 1 {
			t.Errorf("failed with %v; want one failure", failed)
		}
	})
}
