package session_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
)

// Every request seems to begin a new session, and without the log nothing says why.
func Test_that_a_secure_cookie_which_the_browser_will_refuse_is_logged(t *testing.T) {
	const warning = "the cookie is secure, and the browser seems to speak plain http"
	plain := session.Config{Cookie: session.CookieOptions{Insecure: true}}
	for _, tc := range []struct {
		desc    string
		cfg     session.Config
		headers headers
		https   bool
		want    int // lines in two requests
	}{
		{"a form of a page over plain http", session.Config{}, headers{"Origin", "http://example.com"}, false, 1},
		{"a link in such a page", session.Config{}, headers{"Referer", "http://example.com/cart?a=1"}, false, 1},
		{"the browser says nothing", session.Config{}, nil, false, 0},
		{"a page over https, behind a proxy that speaks plain http to us", session.Config{}, headers{"Origin", "https://example.com"}, false, 0},
		{"a link that leads to https", session.Config{}, headers{"Referer", "http://example.com/"}, true, 0},
		{"a link that leads to https, by a proxy", session.Config{}, headers{"Referer", "http://example.com/", "X-Forwarded-Proto", "https"}, false, 0},
		{"another site over plain http", session.Config{}, headers{"Referer", "http://elsewhere.example/"}, false, 0},
		{"a cookie that may travel so", plain, headers{"Origin", "http://example.com"}, false, 0},
	} {
		p := start(t, tc.cfg)
		for range 2 {
			r := newVisitor().request()
			tc.headers.addTo(r)
			if tc.https {
				r.TLS = new(tls.ConnectionState)
			}
			if rec := p.serve(r, with(put("a", 1))); rec.Code != http.StatusOK {
				t.Errorf("%s: status %d", tc.desc, rec.Code)
			}
		}
		if got := strings.Count(p.log.String(), warning); got != tc.want {
			t.Errorf("%s: %d lines; want %d: %s", tc.desc, got, tc.want, p.log)
		}
	}
}

// This has the same symptom.
func Test_that_a_cookie_for_another_domain_is_logged(t *testing.T) {
	const warning = "the page is not in Cookie.Domain"
	for _, tc := range []struct {
		desc, domain, host string
		headers            headers
		want               int // lines in two requests
	}{
		{"a form of another host", "myapp.example", "localhost:8080", headers{"Origin", "http://localhost:8080"}, 1},
		{"a link of another host", "myapp.example", "localhost:8080", headers{"Referer", "http://localhost:8080/cart"}, 1},
		{"a host that only ends so", "app.example", "myapp.example", headers{"Origin", "https://myapp.example"}, 1},
		{"the parent of the domain", "www.myapp.example", "myapp.example", headers{"Origin", "https://myapp.example"}, 1},
		{"the domain itself", "myapp.example", "MyApp.example:8080", headers{"Origin", "https://MyApp.example:8080"}, 0},
		{"a host in the domain", ".myapp.example", "www.myapp.example", headers{"Origin", "https://www.myapp.example"}, 0},
		{"the browser says nothing", "myapp.example", "localhost:8080", nil, 0},
		{"another site", "myapp.example", "www.myapp.example", headers{"Referer", "https://elsewhere.example/"}, 0},
		{"a proxy that has changed the host", "myapp.example", "backend:8080", headers{"Origin", "https://myapp.example"}, 0},
		{"no domain", "", "localhost:8080", headers{"Origin", "http://localhost:8080"}, 0},
	} {
		p := start(t, session.Config{Cookie: session.CookieOptions{Insecure: true, Domain: tc.domain}})
		for range 2 {
			r := newVisitor().request()
			r.Host = tc.host
			tc.headers.addTo(r)
			if rec := p.serve(r, with(put("a", 1))); rec.Code != http.StatusOK {
				t.Errorf("%s: status %d", tc.desc, rec.Code)
			}
		}
		if got := strings.Count(p.log.String(), warning); got != tc.want {
			t.Errorf("%s: %d lines; want %d: %s", tc.desc, got, tc.want, p.log)
		}
	}
}

// Some browsers do keep it at http://localhost.
func Test_that_a_browser_which_keeps_the_cookie_is_not_said_to_refuse_it(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	r := v.request()
	r.Header.Set("Origin", "http://example.com")
	if rec := p.serve(r, with((*session.Session).Regenerate)); rec.Header().Get("Set-Cookie") == "" || p.log.String() != "" {
		t.Errorf("got cookie %q, and a log of %q; want a cookie and no log", rec.Header().Get("Set-Cookie"), p.log)
	}
}

func Test_that_nothing_is_logged_about_a_cookie_that_every_browser_keeps(t *testing.T) {
	p := start(t, session.Config{})
	r := newVisitor().request()
	r.Header.Set("Origin", "https://example.com")
	if rec := p.serve(r, with(put("a", 1))); rec.Header().Get("Set-Cookie") == "" || p.log.String() != "" {
		t.Errorf("got cookie %q, and a log of %q; want a cookie and no log", rec.Header().Get("Set-Cookie"), p.log)
	}
}

func Test_that_the_host_prefix_is_used_where_browsers_accept_it(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		for _, path := range []string{"", "/", "/app"} {
			for _, domain := range []string{"", "example.com"} {
				want := "session"
				if !insecure && path != "/app" && domain == "" {
					want = "__Host-session"
				}
				o := session.CookieOptions{Insecure: insecure, Path: path, Domain: domain}
				line := newCookieLine(t, session.Config{Cookie: o})
				if got, _, _ := strings.Cut(line, "="); got != want {
					t.Errorf("%+v: the cookie is called %q; want %q", o, got, want)
				}
			}
		}
	}
}

// newCookieLine is the Set-Cookie line of a new session.
func newCookieLine(t *testing.T, cfg session.Config) string {
	t.Helper()
	rec := newVisitor().must(t, start(t, cfg), put("a", 1))
	lines := rec.Header()["Set-Cookie"]
	if len(lines) != 1 {
		t.Fatalf("%d Set-Cookie lines; want 1", len(lines))
	}
	return lines[0]
}

func Test_what_the_cookie_says(t *testing.T) {
	type options = session.CookieOptions
	for _, tc := range []struct {
		desc string
		cfg  session.Config
		want string
	}{
		{"the default", session.Config{}, "__Host-session=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"insecure", session.Config{Cookie: options{Insecure: true}}, "session=ID; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"},
		{"a domain", session.Config{Cookie: options{Domain: "example.com"}}, "session=ID; Path=/; Domain=example.com; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"a path", session.Config{Cookie: options{Path: "/app"}}, "session=ID; Path=/app; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"a name", session.Config{CookieName: "sid"}, "sid=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"strict", session.Config{Cookie: options{SameSite: http.SameSiteStrictMode}}, "__Host-session=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Strict"},
		{"Go's default SameSite", session.Config{Cookie: options{SameSite: http.SameSiteDefaultMode}}, "__Host-session=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"embedded", session.Config{Cookie: options{SameSite: http.SameSiteNoneMode, Partitioned: true}}, "__Host-session=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=None; Partitioned"},
		{"with the browser", session.Config{ClearWithBrowser: true}, "__Host-session=ID; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"an hour", session.Config{AbsoluteTimeout: time.Hour}, "__Host-session=ID; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"},
		{"less than a second", session.Config{AbsoluteTimeout: 10 * time.Millisecond}, "__Host-session=ID; Path=/; Max-Age=1; HttpOnly; Secure; SameSite=Lax"},
		{"hardly any idle time", session.Config{IdleTimeout: 10 * time.Millisecond, AbsoluteTimeout: -1}, "__Host-session=ID; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
		{"no end", session.Config{AbsoluteTimeout: -1}, "__Host-session=ID; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
		{"longer than browsers grant", session.Config{AbsoluteTimeout: 10000 * time.Hour}, "__Host-session=ID; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
	} {
		line := newCookieLine(t, tc.cfg)
		name, rest, _ := strings.Cut(line, "=")
		_, attributes, _ := strings.Cut(rest, ";")
		if got := name + "=ID;" + attributes; got != tc.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tc.desc, got, tc.want)
		}
	}
}

func Test_that_the_cookie_is_removed_with_the_attributes_it_was_set_with(t *testing.T) {
	p := start(t, session.Config{CookieName: "sid", Cookie: session.CookieOptions{Domain: "example.com", Path: "/app"}, ClearWithBrowser: true})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	rec := v.must(t, p, (*session.Session).Destroy)
	if got, want := rec.Header().Get("Set-Cookie"), "sid=; Path=/app; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func Test_that_an_insecure_cookie_is_logged(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		p := start(t, session.Config{Cookie: session.CookieOptions{Insecure: insecure}})
		if logged := strings.Contains(p.log.String(), "Cookie.Insecure"); logged != insecure {
			t.Errorf("Insecure %t: logged is %t: %s", insecure, logged, p.log)
		}
	}
}
