package sessiontest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

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

func Test_that_a_cookie_of_the_domain_is_replaced_by_any_host_in_it(t *testing.T) {
	cfg := inMemory()
	cfg.Cookie.Domain = "example.com"
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	for _, user := range []string{"ada", "bob"} {
		visitor.Post("https://"+user+".example.com/login", url.Values{"user": {user}})
		visitor.AssertValue("user", user)
	}
	if got := visitor.Cookies(); len(got) != 1 {
		t.Errorf("the visitor has the cookies %v; want one", got)
	}
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

	// A browser does not have our clock.
	visitor = set("a=1; Path=/; Max-Age=60; Expires=Fri, 01 Jan 2100 00:00:00 GMT")
	clock.Advance(20 * time.Second)
	if got := visitor.Cookies(); len(got) != 1 || got[0].String() != "a=1; Path=/; Max-Age=40" {
		t.Errorf("20 seconds later a browser goes on with %v; want 40 seconds more, and no date", got)
	}
}
