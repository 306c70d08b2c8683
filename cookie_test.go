package session_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

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
