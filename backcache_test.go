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

// What browsers do with these headers is tested with a browser, in _example.

func Test_how_often_a_page_with_messages_sends_its_cookie(t *testing.T) {
	saved := func(s *session.Session) { s.FlashSuccess("Saved!") }
	old := func(v *browser) {
		v.opens(pageThat(func(s *session.Session) { s.Put("user", "ada") }))
		v.advance(time.Minute)
		v.posts(nil, flashing(saved))
	}
	shown := func(s *session.Session) { texts(s) }
	cases := []struct {
		claim  string
		before func(v *browser)
		ask    ask
		page   func(s *session.Session)
		times  int
	}{
		{"once", old, ask{}, shown, 1},
		{"once for a boosted page", old, ask{as: htmxBoosted}, shown, 1},
		{"once for old input", func(v *browser) {
			old(v)
			v.posts(url.Values{"title": {"T"}}, flashing(func(s *session.Session) { s.FlashAll() }))
		}, ask{}, func(s *session.Session) { s.Old("title") }, 1},
		{"twice if the message began the session", func(v *browser) { v.posts(nil, flashing(saved)) }, ask{}, shown, 2},
		{"twice if the session has just got a new id", func(v *browser) {
			old(v)
			v.posts(nil, flashing(func(s *session.Session) { s.Regenerate() }))
		}, ask{}, shown, 2},
		{"twice if it was tagged", func(v *browser) {
			old(v)
			v.posts(nil, flashing(func(s *session.Session) { s.Tag("ada") }))
		}, ask{}, shown, 2},
		{"twice if the page itself begins the session", func(*browser) {}, ask{},
			func(s *session.Session) { s.Put("n", 1); s.FlashNow("info", "x"); texts(s) }, 2},
		{"not without messages", func(v *browser) { old(v); v.opens(alertsPage) }, ask{}, shown, 0},
		{"not if it leaves them for another page", old, ask{}, func(s *session.Session) { s.FlashMessages().Has("success") }, 0},
		{"not for a part of a page", old, ask{as: htmxPart}, shown, 0},
		{"not for nobody", old, ask{as: prefetched}, shown, 0},
		{"not in answer to a form", old, ask{form: url.Values{}}, shown, 0},
		{"not without a session", func(*browser) {}, ask{}, func(s *session.Session) { s.FlashNow("info", "x"); texts(s) }, 0},
	}
	for _, tc := range cases {
		v := newSite(t).browser()
		tc.before(v)
		got := v.asks(tc.ask, pageThat(tc.page)).header["Set-Cookie"]
		if len(got) != tc.times {
			t.Errorf("%s: got %q", tc.claim, got)
		}
		if len(slices.Compact(got)) > 1 {
			t.Errorf("%s: the lines differ: %q", tc.claim, got)
		}
	}
}

func Test_that_an_error_page_with_messages_sends_no_cookie(t *testing.T) {
	v := newSite(t).browser()
	v.posts(nil, flashing(savedFlash))
	v.advance(time.Minute)
	got := v.opens(func(c echo.Context) error { return c.HTML(http.StatusNotFound, texts(session.From(c))) })
	if got.body == "" || len(got.header["Set-Cookie"]) > 0 {
		t.Errorf("got %q with the cookies %q", got.body, got.header["Set-Cookie"])
	}
}

func Test_that_the_cookie_that_is_sent_again_is_the_same(t *testing.T) {
	v := newSite(t).browser()
	first := v.posts(nil, flashing(savedFlash)).header.Get("Set-Cookie")
	v.advance(time.Minute)
	again := v.opens(alertsPage).header.Get("Set-Cookie")
	value := func(line string) string { return line[:strings.Index(line, ";")] }
	wantText(t, "the value", value(again), value(first))
	wantText(t, "what is left of its life", again, strings.Replace(first, "Max-Age=86400", "Max-Age=86340", 1))
	wantText(t, "the session", v.opens(alertsPage).body, "<main></main>")
}

func Test_how_a_page_with_messages_rewrites_the_flash_cookie(t *testing.T) {
	page := func(show func(s *session.Session)) echo.HandlerFunc { return pageThat(show) }
	values := func(lines []string) []string {
		var list []string
		for _, line := range lines {
			_, rest, _ := strings.Cut(line, "=")
			value, _, _ := strings.Cut(rest, ";")
			if len(value) > 1 {
				value = "sealed"
			}
			list = append(list, value)
		}
		return list
	}
	cases := []struct {
		claim string
		show  func(s *session.Session)
		want  []string
		left  string
	}{
		{"away with it", func(s *session.Session) { texts(s) }, []string{"-", "-", ""}, "<main></main>"},
		{"the rest stays", func(s *session.Session) { s.FlashMessages().Alerts("info") }, []string{"-", "-", "sealed"}, "<main>Saved!</main>"},
		{"nothing is shown of it", func(s *session.Session) { s.FlashNow("error", "x"); s.FlashMessages().Alerts("error") }, nil, "<main>Saved! Tea</main>"},
	}
	for _, tc := range cases {
		v := newCookieSite(t).browser()
		v.posts(nil, flashing(func(s *session.Session) { s.FlashSuccess("Saved!"); s.FlashInfo("Tea") }))
		if got := values(v.opens(page(tc.show)).header["Set-Cookie"]); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q; want %q", tc.claim, got, tc.want)
		}
		wantText(t, tc.claim, v.opens(alertsPage).body, tc.left)
	}

	v := newCookieSite(t).browser()
	got := values(v.opens(page(func(s *session.Session) { s.FlashNow("info", "x"); texts(s) })).header["Set-Cookie"])
	if want := []string{"-", "-", ""}; !slices.Equal(got, want) {
		t.Errorf("a message for now: got %q; want %q", got, want)
	}
}
