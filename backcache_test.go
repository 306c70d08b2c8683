package session_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// What browsers do with these headers is tested with a real browser, in _example.

// passing are the Set-Cookie lines of an answer for the cookie that comes and goes, without its
// name.
func passing(got reply) []string {
	var values []string
	for _, line := range got.header["Set-Cookie"] {
		if value, ok := strings.CutPrefix(line, "session-seen="); ok {
			values = append(values, value)
		}
	}
	return values
}

func Test_which_pages_set_a_cookie_that_comes_and_goes(t *testing.T) {
	saved := func(s *session.Session) { s.FlashSuccess("Saved!") }
	old := func(v *browser) {
		v.do(func(s *session.Session) { s.Put("user", "ada") })
		v.clock.advance(time.Minute)
		v.post(nil, flashing(saved))
	}
	shown := func(s *session.Session) { texts(s) }
	cases := []struct {
		claim   string
		before  func(v *browser)
		request request
		page    func(s *session.Session)
		times   int // how often it is set before it is removed
	}{
		{"one with a message", old, request{}, shown, 2},
		{"one with a message that is boosted", old, request{as: htmxBoosted}, shown, 2},
		{"one with old input", func(v *browser) {
			old(v)
			v.post(url.Values{"title": {"T"}}, flashing(func(s *session.Session) { s.FlashAll() }))
		}, request{}, func(s *session.Session) { s.Old("title") }, 2},
		{"one whose message began the session, once more", func(v *browser) { v.post(nil, flashing(saved)) }, request{}, shown, 3},
		{"one whose session has just got a new id, once more", func(v *browser) {
			old(v)
			v.post(nil, flashing(func(s *session.Session) { s.Regenerate() }))
		}, request{}, shown, 3},
		{"one whose session was tagged, once more", func(v *browser) {
			old(v)
			v.post(nil, flashing(func(s *session.Session) { s.Tag("ada") }))
		}, request{}, shown, 3},
		{"one that begins the session itself, once more", func(*browser) {}, request{},
			func(s *session.Session) { s.Put("n", 1); s.FlashNow("info", "x"); texts(s) }, 3},
		{"one with a message for now", func(*browser) {}, request{}, func(s *session.Session) { s.FlashNow("info", "x"); texts(s) }, 3},
		{"not one without messages", func(v *browser) { old(v); v.visit(alertsPage) }, request{}, shown, 0},
		{"not one that leaves them for another page", old, request{}, func(s *session.Session) { s.FlashMessages().Has("success") }, 0},
		{"not a part of a page", old, request{as: htmxPart}, shown, 0},
		{"not one for nobody", old, request{as: prefetched}, shown, 0},
		{"not an answer to a form", old, request{form: url.Values{}}, shown, 0},
	}
	for _, tc := range cases {
		v := newSite(t).browser()
		tc.before(v)
		got := passing(v.ask(tc.request, with(tc.page)))
		var want []string
		for range tc.times {
			want = append(want, "1; Path=/; HttpOnly; SameSite=Lax")
		}
		if tc.times > 0 {
			want = append(want, "; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q; want %q", tc.claim, got, want)
		}
	}
}

func Test_that_the_cookie_that_comes_and_goes_is_gone(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(savedFlash))
		if got := passing(v.visit(alertsPage)); len(got) != 4 {
			t.Errorf("got %q; want it set three times and removed", got)
		}
		v.ask(request{}, func(c echo.Context) error {
			if _, err := c.Cookie("session-seen"); err == nil {
				t.Error("the browser has kept it")
			}
			return c.NoContent(http.StatusNoContent)
		})
	})
}

// However old the session is, the flash cookie has most likely just been set.
func Test_that_with_flash_in_a_cookie_it_is_set_once_more(t *testing.T) {
	v := newCookieSite(t).browser()
	v.do(func(s *session.Session) { s.Put("user", "ada") })
	v.clock.advance(time.Minute)
	v.post(nil, flashing(savedFlash))
	if got := passing(v.visit(alertsPage)); len(got) != 4 {
		t.Errorf("got %q; want it set three times and removed", got)
	}
}

func Test_that_an_error_page_with_messages_sets_no_cookie(t *testing.T) {
	v := newSite(t).browser()
	v.post(nil, flashing(savedFlash))
	got := v.visit(func(c echo.Context) error { return c.HTML(http.StatusNotFound, texts(session.From(c))) })
	if got.body == "" || len(got.header["Set-Cookie"]) > 0 {
		t.Errorf("got %q with the cookies %q", got.body, got.header["Set-Cookie"])
	}
}

// A page with messages that was in flight while the session got a new id must not bring the old id
// back.
func Test_that_a_page_with_messages_does_not_send_the_session_s_cookie(t *testing.T) {
	v := newSite(t).browser()
	v.post(nil, flashing(savedFlash))
	got := v.visit(func(c echo.Context) error {
		v.ask(request{}, with(func(s *session.Session) { s.Regenerate(); s.Put("user", "ada") }))
		return alertsPage(c)
	})
	for _, line := range got.header["Set-Cookie"] {
		if strings.HasPrefix(line, "session=") {
			t.Errorf("it sets %q", line)
		}
	}
	wantText(t, "the user", v.visit(func(c echo.Context) error {
		return c.HTML(http.StatusOK, session.Get[string](session.From(c), "user"))
	}).body, "ada")
}

// Audits of a site want every cookie to be secure, and browsers require it for a name with a
// prefix.
func Test_that_the_cookie_that_comes_and_goes_has_the_attributes_of_the_session(t *testing.T) {
	for _, tc := range []struct {
		desc string
		cfg  session.Config
		want string
	}{
		{"by default", session.Config{}, "__Host-session-seen=1; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"over plain http", session.Config{Cookie: session.CookieOptions{Insecure: true}}, "session-seen=1; Path=/; HttpOnly; SameSite=Lax"},
		{"with others", session.Config{CookieName: "shop", Cookie: session.CookieOptions{
			Path: "/shop", Domain: "example.com", SameSite: http.SameSiteNoneMode, Partitioned: true,
		}}, "shop-seen=1; Path=/shop; Domain=example.com; HttpOnly; Secure; SameSite=None; Partitioned"},
	} {
		p := start(t, tc.cfg)
		rec := newVisitor().do(p, func(s *session.Session) { s.FlashNow("info", "Hello"); texts(s) })
		lines := rec.Header()["Set-Cookie"]
		if len(lines) == 0 || lines[0] != tc.want {
			t.Errorf("%s: the page sets %q; want %q", tc.desc, lines, tc.want)
		}
		gone := strings.NewReplacer("=1", "=", "; HttpOnly", "; Max-Age=0; HttpOnly").Replace(tc.want)
		if len(lines) > 0 && lines[len(lines)-1] != gone {
			t.Errorf("%s: in the end it sets %q; want %q", tc.desc, lines[len(lines)-1], gone)
		}
	}
}
