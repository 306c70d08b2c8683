package session_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_a_key_of_the_application_is_not_the_librarys(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.SetIntendedURL("/admin") })
	v.must(t, p, func(s *session.Session) {
		if s.Has("intended") {
			t.Error("the application has a value that it has not put")
		}
		s.Put("intended", "/elsewhere")
	})
	v.must(t, p, func(s *session.Session) {
		wantText(t, "the value", session.Get[string](s, "intended"), "/elsewhere")
		wantText(t, "the address", s.PullIntendedURL(), "/admin")
	})
}

func Test_which_addresses_are_remembered(t *testing.T) {
	cases := []struct {
		claim, path, want string
	}{
		{"a path", "/admin", "/admin"},
		{"a path with a query", "/admin?tab=2&x=%2F", "/admin?tab=2&x=%2F"},
		{"a path with a fragment", "/admin#users", "/admin#users"},
		{"a path with an address in the query", "/go?to=https://shop.example/", "/go?to=https://shop.example/"},
		{"letters beyond ASCII", "/größe", "/größe"},
		{"the root", "/", "/"},
		{"nothing", "", "/fallback"},
		{"no slash", "admin", "/fallback"},
		{"a query only", "?tab=2", "/fallback"},
		{"another site", "https://evil.example/", "/fallback"},
		{"another site, two slashes", "//evil.example", "/fallback"},
		{"three slashes", "///evil.example", "/fallback"},
		{"a slash and a backslash", `/\evil.example`, "/fallback"},
		{"a backslash and a slash", `\/evil.example`, "/fallback"},
		{"a backslash later", `/a\..\\evil.example`, "/fallback"},
		{"a tab between slashes", "/\t/evil.example", "/fallback"},
		{"a line break between slashes", "/\n/evil.example", "/fallback"},
		{"a carriage return", "/\r/evil.example", "/fallback"},
		{"a header", "/x\r\nSet-Cookie: a=b", "/fallback"},
		{"a header in a fragment", "/x#\r\nSet-Cookie: a=b", "/fallback"},
		{"a deleted character in a fragment", "/x#\x7f", "/fallback"},
		{"a space", "/a b", "/a b"},
		{"a zero byte", "/\x00/evil.example", "/fallback"},
		{"a space first", " //evil.example", "/fallback"},
		{"a script", "javascript:alert(1)", "/fallback"},
		{"a bad escape", "/%zz", "/fallback"},
		{"a long one", "/" + strings.Repeat("x", 1023), "/" + strings.Repeat("x", 1023)},
		{"one that is too long", "/" + strings.Repeat("x", 1024), "/fallback"},
		{"one of what takes more room in JSON", "/?" + strings.Repeat("&", 1022), "/?" + strings.Repeat("&", 1022)},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				v.visit(flashing(func(s *session.Session) { s.SetIntendedURL(tc.path) }))
				pull := func(s *session.Session) any { return s.PullIntendedURL("/fallback") }
				reads(t, v, "after the login", pull, tc.want)
				reads(t, v, "afterwards", pull, "/fallback")
			})
		})
	}
}

// Middleware that guards pages for users remembers the address of each request that it turns away.
func Test_that_a_guard_remembers_the_address_of_a_page(t *testing.T) {
	cases := []struct {
		claim string
		request
		want string
	}{
		{"a page is remembered", request{as: navigation}, "/orders?page=2"},
		{"so is one that htmx navigates to", request{as: htmxBoosted}, "/orders?page=2"},
		{"an image is not", request{as: favicon, from: "/cart"}, "/before"},
		{"nor is a page that is loaded ahead", request{as: prefetched, from: "/cart"}, "/before"},
		{"nor HEAD", request{method: http.MethodHead, from: "/cart"}, "/before"},
		{"of a part it is the page that has it", request{as: htmxPart, from: "/cart"}, "/cart"},
		{"so it is of what a script fetches", request{as: jsonPoll, from: "/cart"}, "/cart"},
		{"so it is of a form", request{method: http.MethodPost, as: navigation, from: "/cart"}, "/cart"},
		{"so it is of a part by Unpoly", request{as: headers{"X-Up-Version", "3.14.3", "X-Up-Target", ".list"}, from: "/cart"}, "/cart"},
		{"but not of a link that Unpoly follows", request{as: headers{"X-Up-Version", "3.14.3", "X-Up-Target", "main"}, from: "/cart"}, "/orders?page=2"},
		{"whatever the main part is", request{as: headers{"X-Up-Version", "3.14.3", "X-Up-Target", "[up-main~='root']"}, from: "/cart"}, "/orders?page=2"},
		{"if that is known", request{as: htmxPart}, "/before"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.visit(flashing(func(s *session.Session) { s.SetIntendedURL("/before") }))
			tc.request.path = "/orders?page=2"
			v.ask(tc.request, func(c echo.Context) error {
				session.From(c).SetIntendedURL(c.Request().URL.RequestURI())
				return session.Redirect(c, "/login")
			})
			reads(t, v, "after the login", func(s *session.Session) any { return s.PullIntendedURL() }, tc.want)
		})
	}
}

func Test_that_the_intended_address_survives_a_login(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.visit(flashing(func(s *session.Session) { s.SetIntendedURL("/first"); s.SetIntendedURL("/admin") }))
		v.post(nil, func(c echo.Context) error {
			s := session.From(c)
			s.Regenerate()
			s.Put("user", 7)
			if len(s.All()) != 1 {
				t.Errorf("All shows more than the application's values: %v", s.All())
			}
			return session.Redirect(c, s.PullIntendedURL())
		})
		reads(t, v, "without a fallback", func(s *session.Session) any { return s.PullIntendedURL() }, "/")
	})
}

func Test_that_clear_forgets_the_intended_address(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.visit(flashing(func(s *session.Session) { s.SetIntendedURL("/admin") }))
		v.do((*session.Session).Clear)
		reads(t, v, "the login", func(s *session.Session) any { return s.PullIntendedURL("/home") }, "/home")
	})
}

// A browser drops tabs and line breaks, and takes a backslash for a slash (WHATWG URL
// standard, section 4.4).
func FuzzIntendedURL(f *testing.F) {
	for _, path := range []string{"/admin?x=1", "//evil.example", `/\evil.example`, "/\t/evil.example", "/..//evil.example", "/.//evil.example", "/%2f%2fevil.example", "/\u2028/evil.example", "/a:b@evil.example", "/\xff/", "https://evil.example", "/;//evil.example", "/?//evil.example"} {
		f.Add(path)
	}
	e := echo.New()
	mw := session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})})
	site, _ := url.Parse("https://shop.example/login?x=1")
	f.Fuzz(func(t *testing.T, path string) {
		var got string
		r, _ := http.NewRequest(http.MethodGet, "/", nil)
		err := mw(func(c echo.Context) error {
			session.From(c).SetIntendedURL(path)
			got = session.From(c).PullIntendedURL("/fallback")
			return nil
		})(e.NewContext(r, nowhere{}))
		if err != nil {
			t.Fatal(err)
		}
		asBrowser := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimFunc(got, func(r rune) bool { return r <= ' ' }))
		for _, answer := range []string{got, asBrowser} {
			to, err := site.Parse(answer)
			if err != nil {
				t.Fatalf("%q is no address: %v", answer, err)
			}
			if to.Scheme != "https" || to.Host != "shop.example" || to.User != nil {
				t.Errorf("%q leads to %s", path, to)
			}
			if !strings.HasPrefix(answer, "/") || strings.HasPrefix(answer, "//") {
				t.Errorf("%q is answered as %q", path, answer)
			}
		}
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q has control characters", got)
		}
	})
}

func Test_that_an_intended_address_is_the_one_that_the_browser_knows(t *testing.T) {
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{}), Cookie: session.CookieOptions{Insecure: true}}))
	e.GET("/account", func(c echo.Context) error {
		session.From(c).SetIntendedURL(c.Request().URL.RequestURI())
		return session.Redirect(c, "/shop/login")
	})
	e.POST("/account", func(c echo.Context) error {
		session.From(c).SetIntendedURL(c.Request().RequestURI)
		return session.Redirect(c, "/shop/login")
	})
	e.GET("/login", func(c echo.Context) error { return session.Redirect(c, session.From(c).PullIntendedURL()) })
	app := http.StripPrefix("/shop", e)

	for method, want := range map[string]string{
		http.MethodGet:  "/shop/account?tab=2",
		http.MethodPost: "/shop/cart", // the page that has the form
	} {
		guarded := httptest.NewRecorder()
		asks := httptest.NewRequest(method, "/shop/account?tab=2", nil)
		asks.Header.Set("Referer", "http://example.com/shop/cart")
		app.ServeHTTP(guarded, asks)
		r := httptest.NewRequest(http.MethodGet, "/shop/login", nil)
		for _, c := range guarded.Result().Cookies() {
			r.AddCookie(c)
		}
		login := httptest.NewRecorder()
		app.ServeHTTP(login, r)
		wantText(t, method, login.Header().Get("Location"), want)
	}
}
