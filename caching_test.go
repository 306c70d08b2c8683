package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

// Without this header, a shared cache gives one visitor's page to the next (CVE-2026-27205, where
// one way to read the session was forgotten).
func Test_that_every_read_varies_by_cookie(t *testing.T) {
	cases := map[string]func(s *session.Session){
		"Get":                   func(s *session.Session) { session.Get[int](s, "n") },
		"Lookup":                func(s *session.Session) { _, _, _ = session.Lookup[int](s, "n") },
		"Pull":                  func(s *session.Session) { session.Pull[int](s, "n") },
		"Has":                   func(s *session.Session) { s.Has("n") },
		"All":                   func(s *session.Session) { s.All() },
		"IsNew":                 func(s *session.Session) { s.IsNew() },
		"Load":                  func(s *session.Session) { _ = s.Load(context.Background()) },
		"Forget of nothing":     func(s *session.Session) { s.Forget("n") },
		"Flashed":               func(s *session.Session) { session.Flashed[int](s, "n") },
		"FlashMessages":         func(s *session.Session) { s.FlashMessages() },
		"FlashMessages.Has":     func(s *session.Session) { s.FlashMessages().Has("n") },
		"FlashMessages.Get":     func(s *session.Session) { s.FlashMessages().Get("n") },
		"FlashMessages.All":     func(s *session.Session) { s.FlashMessages().All() },
		"FlashMessages.Alerts":  func(s *session.Session) { s.FlashMessages().Alerts() },
		"Old":                   func(s *session.Session) { s.Old("n") },
		"InputErrors":           func(s *session.Session) { s.InputErrors("n") },
		"Submission":            func(s *session.Session) { s.Submission("") },
		"PageErrors":            func(s *session.Session) { s.PageErrors() },
		"HasErrors":             func(s *session.Session) { s.HasErrors() },
		"PullIntendedURL":       func(s *session.Session) { s.PullIntendedURL() },
		"SetIntendedURL of bad": func(s *session.Session) { s.SetIntendedURL("//evil.example") },
	}
	for name, read := range cases {
		t.Run(name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				for _, who := range []headers{navigation, prefetched, favicon, jsonPoll} {
					got := v.ask(request{as: who}, with(read))
					wantText(t, "Vary", got.header.Get("Vary"), "Cookie")
				}
			})
		})
	}
}

// The cache of nginx 1.22 heeds only the last line of Vary.
func Test_that_vary_is_one_line(t *testing.T) {
	fail := func(c echo.Context) error { read(session.From(c)); return echo.ErrUnauthorized }
	varying := func(by string) echo.HandlerFunc {
		return func(c echo.Context) error { c.Response().Header().Set("Vary", by); return blankPage(c) }
	}
	cases := []struct {
		claim   string
		handler echo.HandlerFunc
		onError echo.HTTPErrorHandler
		want    string
	}{
		{"behind Gzip", blankPage, nil, "Accept-Encoding, Cookie"},
		{"beside other names", varying("X-Cookie, Cookie-X"), nil, "X-Cookie, Cookie-X, Cookie"},
		{"if it has Cookie already", varying("Accept, Cookie"), nil, "Accept, Cookie"},
		{"if no cache may keep the page", varying("*"), nil, "*"},
		{"if an error redirects", fail, func(_ error, c echo.Context) { _ = session.Redirect(c, "/login") },
			"Accept-Encoding, Cookie, HX-Request, HX-Request-Type, HX-Boosted, HX-History-Restore-Request"},
		{"if an error page adds a line", fail, func(_ error, c echo.Context) {
			c.Response().Header().Add("Vary", "Accept")
			_ = c.String(http.StatusUnauthorized, "no")
		}, "Accept-Encoding, Cookie, Accept"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			p := start(t, session.Config{})
			p.Pre(middleware.Gzip())
			if tc.onError != nil {
				p.HTTPErrorHandler = tc.onError
			}
			rec := newVisitor().visit(p, tc.handler)
			wantText(t, "Vary", fmt.Sprint(rec.Header()["Vary"]), "["+tc.want+"]")
		})
	}
}

// Firefox 153 shows the copy that it has loaded ahead instead of asking for the page.
func Test_that_a_page_loaded_ahead_is_not_kept_while_a_message_waits(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.do(put("user", 7))
		cacheControl := func(as headers) string { return v.ask(request{as: as}, alertsPage).header.Get("Cache-Control") }
		wantText(t, "without a message", cacheControl(prefetched), "")
		v.post(nil, flashing(savedFlash))
		wantText(t, "with a message", cacheControl(prefetched), "no-store")
		wantText(t, "an icon, with a message", cacheControl(favicon), "")
	})
}

func Test_that_an_untouched_session_leaves_caching_alone(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(savedFlash))
		got := v.visit(func(c echo.Context) error {
			c.Response().Header().Set("Cache-Control", "public, max-age=60")
			_ = session.From(c).Err()
			return c.HTML(http.StatusOK, "about us")
		})
		wantText(t, "Vary", got.header.Get("Vary"), "")
		wantText(t, "Cache-Control", got.header.Get("Cache-Control"), "public, max-age=60")
	})
}

func Test_which_pages_no_cache_may_store(t *testing.T) {
	nothing := func(*session.Session) {}
	saved := func(s *session.Session) { s.FlashSuccess("Saved!"); s.Flash("k", "v") }
	typed := func(s *session.Session) { s.FlashAll(); s.FlashErrors(map[string]string{"E": "e"}) }
	invalid := func(s *session.Session) { s.FlashInputErrors(map[string][]string{"title": {"x"}}) }
	lifetimes := []string{"Cache-Control", // but some caches heed another, and then not this one
		"CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires"}
	cases := []struct {
		claim  string
		before func(*session.Session)
		page   func(*session.Session)
		stores bool
	}{
		{"one that shows an alert", saved, func(s *session.Session) { s.FlashMessages().Alerts() }, false},
		{"one that shows all messages", saved, func(s *session.Session) { s.FlashMessages().All() }, false},
		{"one that shows a flashed value", saved, func(s *session.Session) { session.Flashed[string](s, "k") }, false},
		{"one that shows a message by its name", saved, func(s *session.Session) { s.FlashMessages().Get("k") }, false},
		{"one that shows an alert for now", nothing, func(s *session.Session) { s.FlashNow("info", "x"); s.FlashMessages().Alerts() }, false},
		{"one that shows what it flashed", nothing, func(s *session.Session) { s.FlashInfo("x"); s.FlashMessages().Alerts() }, false},
		{"one that is going to show messages", saved, func(s *session.Session) { s.FlashMessages() }, false},
		{"one that shows old input", typed, func(s *session.Session) { s.Old("title") }, false},
		{"one that shows errors of fields", invalid, func(s *session.Session) { s.InputErrors("title") }, false},
		{"one that shows errors of the page", typed, func(s *session.Session) { s.PageErrors() }, false},
		{"one that says that there are errors", invalid, func(s *session.Session) { s.HasErrors() }, false},
		{"not one with a place for messages", nothing, func(s *session.Session) {
			s.FlashMessages().Alerts()
			s.Old("title")
			s.InputErrors("title")
			s.PageErrors()
			s.HasErrors()
		}, true},
		{"not one that fetches no messages", nothing, func(s *session.Session) { s.FlashMessages() }, true},
		{"not one that only looks whether there are any", saved, func(s *session.Session) { s.FlashMessages().Has("k") }, true},
		{"not one that reads a value", nothing, func(s *session.Session) { session.Get[int](s, "user") }, true},
	}
	for _, tc := range cases {
		for _, status := range []int{http.StatusOK, http.StatusNotFound, http.StatusInternalServerError} {
			t.Run(fmt.Sprint(tc.claim, ", ", status), func(t *testing.T) {
				onBothStores(t, func(t *testing.T, s *site) {
					v := s.browser()
					v.do(func(s *session.Session) { s.Put("user", 7) })
					v.post(url.Values{"title": {"T"}}, flashing(tc.before))
					got := v.visit(func(c echo.Context) error {
						for _, name := range lifetimes {
							c.Response().Header().Set(name, "private, max-age=60")
						}
						tc.page(session.From(c))
						return c.HTML(status, "page")
					})
					stores := tc.stores && got.header.Get("Set-Cookie") == ""
					for i, name := range lifetimes {
						want := "private, max-age=60"
						switch {
						case !stores && i == 0:
							want = "no-store"
						case !stores:
							want = ""
						}
						wantText(t, name, got.header.Get(name), want)
					}
				})
			})
		}
	}
}
