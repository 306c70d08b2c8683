package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// Each page reads the messages before any other has sent its head, like the tabs of a browser that
// is restored.
func Test_that_pages_at_the_same_time_show_a_message_once(t *testing.T) {
	const pages = 8
	var allHaveRead sync.WaitGroup
	allHaveRead.Add(pages)

	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.FlashSuccess("Saved."); s.Flash("coupon", "TEA") })
	seen := make(chan string, pages)
	for range pages {
		go func() {
			first := sync.OnceFunc(func() { allHaveRead.Done(); allHaveRead.Wait() })
			page := v.visit(p, func(c echo.Context) error {
				session.From(c).Increment("views")
				return session.Render(c, http.StatusOK, renderFunc(func(ctx context.Context, w io.Writer) error {
					s := session.FromContext(ctx)
					_, err := fmt.Fprint(w, texts(s), session.Flashed(s, "coupon", "none"))
					first()
					return err
				}))
			})
			seen <- page.Body.String()
		}()
	}
	var alerts, coupons int
	for range pages {
		page := <-seen
		alerts += strings.Count(page, "Saved.")
		coupons += strings.Count(page, "TEA")
	}
	if alerts != 1 || coupons != 1 {
		t.Errorf("%d pages at once showed the alert %d times and the coupon %d times; want once each", pages, alerts, coupons)
	}
}

func Test_that_a_page_is_rendered_once_if_its_message_is_shown_nowhere_else(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.FlashSuccess("Saved.") })
	var rendered int
	page := v.visit(p, func(c echo.Context) error {
		return session.Render(c, http.StatusOK, renderFunc(func(ctx context.Context, w io.Writer) error {
			rendered++
			_, err := fmt.Fprint(w, session.FromContext(ctx).FlashMessages().Alerts())
			return err
		}))
	})
	if !strings.Contains(page.Body.String(), "Saved.") || rendered != 1 {
		t.Errorf("rendered %d times, shows %s; want the message, at the first", rendered, page.Body)
	}
}

func Test_that_a_page_does_not_show_what_is_shown_elsewhere(t *testing.T) {
	showing := func(c echo.Context) error {
		return session.Render(c, http.StatusOK, alertsComponent)
	}
	for _, tc := range []struct {
		desc      string
		flashes   func(s *session.Session) error // before the page itself
		meanwhile echo.HandlerFunc
		texts     []string
	}{
		{"a page was faster with what this one has saved", func(s *session.Session) error {
			s.FlashSuccess("Saved.")
			return s.Save(t.Context())
		}, showing, []string{"Saved.", "Here it is.", "For now."}},
		{"the session has got another id", func(s *session.Session) error { return nil }, with((*session.Session).Regenerate), []string{"Here it is.", "For now."}},
	} {
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, func(s *session.Session) { s.FlashSuccess("Here it is.") })
		var pages []*httptest.ResponseRecorder
		page := p.serve(v.request(), func(c echo.Context) error {
			s := session.From(c)
			s.Has("") // loads
			if err := tc.flashes(s); err != nil {
				t.Error(err)
			}
			s.FlashNow(session.KindInfo, "For now.")
			pages = append(pages, v.visit(p, tc.meanwhile))
			return showing(c)
		})
		pages = append(pages, page, v.visit(p, showing), v.visit(p, showing))
		var all string
		for _, page := range pages {
			all += page.Body.String()
		}
		for _, text := range tc.texts {
			if n := strings.Count(all, text); n != 1 {
				t.Errorf("%s: all pages show %s; want %q once and not %d times", tc.desc, all, text, n)
			}
		}
	}
}

// The log-out is no reason to show it again, whether Render finds out about it, or Save has.
func Test_that_a_page_of_a_session_that_has_ended_does_not_repeat_what_another_has_shown(t *testing.T) {
	for _, saves := range []bool{false, true} {
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, func(s *session.Session) { s.Flash("coupon", "TEA") })
		var other string
		page := p.serve(v.request(), func(c echo.Context) error {
			s := session.From(c)
			s.Put("a", 1)
			other = v.visit(p, couponPage).Body.String()
			v.must(t, p, (*session.Session).Destroy)
			if saves {
				if err := s.Save(t.Context()); !errors.Is(err, session.ErrNotFound) {
					t.Errorf("Save says %v; want ErrNotFound", err)
				}
			}
			return couponPage(c)
		})
		if got := page.Body.String(); other != "TEA" || got != "none" {
			t.Errorf("saved before: %t: the other page shows %q, and this one %q; want TEA and none", saves, other, got)
		}
	}
}

// couponPage shows what was flashed as a coupon.
func couponPage(c echo.Context) error {
	return session.Render(c, http.StatusOK, renderFunc(func(ctx context.Context, w io.Writer) error {
		_, err := io.WriteString(w, session.Flashed(session.FromContext(ctx), "coupon", "none"))
		return err
	}))
}

func Test_that_what_a_message_has_replaced_does_not_come_back_if_another_page_shows_it(t *testing.T) {
	for _, meanwhile := range []echo.HandlerFunc{nil, with((*session.Session).Regenerate)} {
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, func(s *session.Session) { s.Flash("coupon", "OLD") })
		var other string
		page := p.serve(v.request(), func(c echo.Context) error {
			s := session.From(c)
			s.Flash("coupon", "NEW")
			if err := s.Save(t.Context()); err != nil {
				t.Error(err)
			}
			if meanwhile != nil {
				v.visit(p, meanwhile)
			}
			other = v.visit(p, couponPage).Body.String()
			return couponPage(c)
		})
		if got := page.Body.String(); other != "NEW" || got != "none" {
			t.Errorf("the other page shows %q, and this one %q; want NEW and none", other, got)
		}
	}
}

func Test_that_reflash_keeps_a_message_only_if_its_page_shows_it(t *testing.T) {
	written := func(c echo.Context) error { // and sent, as it is
		return c.HTML(http.StatusOK, session.Flashed(session.From(c), "coupon", "none"))
	}
	for _, tc := range []struct {
		desc string
		page echo.HandlerFunc
		want [3]string // on another page, on this one, and on the next
	}{
		{"a page that is rendered again without it", couponPage, [...]string{"TEA", "none", "none"}},
		{"one that cannot be", written, [...]string{"TEA", "TEA", "TEA"}},
	} {
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, func(s *session.Session) { s.Flash("coupon", "TEA") })
		var other string
		page := v.visit(p, func(c echo.Context) error {
			session.From(c).Reflash()
			session.Flashed[string](session.From(c), "coupon") // before the other page shows it
			other = v.visit(p, couponPage).Body.String()
			return tc.page(c)
		})
		next := v.visit(p, couponPage)
		if got := [...]string{other, page.Body.String(), next.Body.String()}; got != tc.want {
			t.Errorf("%s: the pages show %q; want %q", tc.desc, got, tc.want)
		}
	}
}

func Test_that_reflash_keeps_what_a_rendered_page_shows(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.Flash("coupon", "TEA") })
	for range 3 {
		page := v.visit(p, func(c echo.Context) error {
			session.From(c).Reflash()
			return couponPage(c)
		})
		if got := page.Body.String(); got != "TEA" {
			t.Errorf("the page shows %q; want TEA on each", got)
		}
	}
}

func Test_that_reflash_keeps_errors_although_another_page_has_shown_them(t *testing.T) {
	errorPage := func(c echo.Context) error {
		return session.Render(c, http.StatusOK, renderFunc(func(ctx context.Context, w io.Writer) error {
			_, err := fmt.Fprint(w, session.FromContext(ctx).PageErrors())
			return err
		}))
	}
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.FlashErrors(map[string]string{"E": "Bad."}) })
	var pages []string
	page := v.visit(p, func(c echo.Context) error {
		session.From(c).Reflash()
		session.From(c).Has("") // loads
		pages = append(pages, v.visit(p, errorPage).Body.String())
		return errorPage(c)
	})
	pages = append(pages, page.Body.String(), v.visit(p, errorPage).Body.String())
	if got := fmt.Sprint(pages); got != "[[{E Bad.}] [{E Bad.}] [{E Bad.}]]" {
		t.Errorf("the pages show %s; want the error on each: this page could not be rendered without it", got)
	}
}

func Test_that_a_message_which_a_rendered_page_does_not_show_waits(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.Flash("coupon", "TEA") })
	page := v.visit(p, func(c echo.Context) error {
		session.From(c).FlashInfo("Later.")
		return couponPage(c)
	})
	next := v.visit(p, alertsPage)
	if !strings.Contains(next.Body.String(), "Later.") || page.Body.String() != "TEA" {
		t.Errorf("the pages show %q and %q; want TEA, and the alert on the next", page.Body, next.Body)
	}
}

func Test_that_what_a_page_has_shown_does_not_begin_a_session_again(t *testing.T) {
	var ends bool
	p, v := start(t, session.Config{Hooks: session.Hooks{Committed: func(ctx context.Context, _ session.Event) {
		if ends { // during the page's own commit, before its head is sent
			ends = false
			session.FromContext(ctx).Destroy()
		}
	}}}), newVisitor()
	page := v.visit(p, func(c echo.Context) error {
		s := session.From(c)
		s.FlashSuccess("Saved.")
		if err := s.Save(t.Context()); err != nil {
			t.Error(err)
		}
		ends = true
		return session.Render(c, http.StatusOK, alertsComponent)
	})
	next := v.visit(p, alertsPage)
	if ends || !strings.Contains(page.Body.String(), "Saved.") || strings.Contains(next.Body.String(), "Saved.") {
		t.Errorf("the page shows %s, and the next one %s; want the message on the first", page.Body, next.Body)
	}
}
