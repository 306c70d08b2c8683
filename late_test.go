package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

func Test_that_a_change_after_the_head_is_saved_at_the_end(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, work := range map[string]func(*session.Session){
			"not loaded before": putSeven,
			"a message":         func(s *session.Session) { putSeven(s); s.FlashInfo("done") },
			"beside a reflash":  func(s *session.Session) { s.Reflash(); putSeven(s) },
			"many changes": func(s *session.Session) {
				for range 7 {
					s.Increment("n")
				}
			},
		} {
			t.Run(name, func(t *testing.T) {
				site := siteOf(t, w, stream(work))
				v := site.browser().begin()
				got := v.during(nil, "/")
				if got.body != "one two" || got.err != nil || got.ours() != nil || site.store.count("Write") != 1 {
					t.Errorf("got %q, %v, cookies %q, %d writes; want all of it, and one write", got.body, got.err, got.ours(), site.store.count("Write"))
				}
				if n := v.number(); n != 7 || site.hooked("LateWrite") != nil {
					t.Errorf("the change was not saved: got %d, %v", n, site.hooked("LateWrite"))
				}
			})
		}
	})
}

func Test_that_a_change_after_an_answer_that_is_no_stream_is_saved(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("a", 1))
	v.visit(p, func(c echo.Context) error {
		s := session.From(c)
		read(s)
		if err := c.HTML(http.StatusOK, "ok"); err != nil {
			return err
		}
		s.Put("n", 7)
		return nil
	})
	if n := number(t, p, v); n != 7 || p.hooked("LateWrite") != nil {
		t.Errorf("n is %d, %v; want the change saved", n, p.hooked("LateWrite"))
	}
}

func Test_that_a_stream_does_not_undo_what_happened_while_it_ran(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		running, end := make(chan struct{}), make(chan struct{})
		site := siteOf(t, w, stream(func(s *session.Session) {
			s.Has("n")
			close(running)
			<-end
			s.Put("streamed", true)
		}))
		v := site.browser().begin()
		done := make(chan reply)
		go func() { done <- v.send(v.request(http.MethodGet, "/", nil)) }()
		<-running
		v.elsewhere(putSeven)
		close(end)
		<-done
		var streamed bool
		v.elsewhere(func(s *session.Session) { streamed = session.Get[bool](s, "streamed") })
		if n := v.number(); n != 7 || !streamed {
			t.Errorf("got %d, %t; want the changes of both requests", n, streamed)
		}
	})
}

// A stream may go on for hours. Messages that it has sent by an event, or before Save, are
// consumed.
func Test_that_a_stream_shows_a_message_once(t *testing.T) {
	flush := func(c echo.Context) { c.Response().Flush() }
	save := func(c echo.Context) { _ = session.From(c).Save(c.Request().Context()) }
	for _, tc := range []struct {
		claim, media string
		next         func(c echo.Context)
		loads        bool // loads the session before the head
	}{
		{"by each event", "text/event-stream", flush, true},
		{"though it looks for messages late", "text/event-stream; charset=utf-8", flush, false},
		{"by Save, whatever it is", "application/x-ndjson", save, true},
		{"by Save, whatever it is, though it looks late", "text/plain", save, false},
	} {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.post(nil, flashing(func(s *session.Session) { s.FlashInfo("old"); s.Flash("step", "first") }))
			var elsewhere string
			got := v.ask(request{as: scriptFetch}, func(c echo.Context) error {
				s := session.From(c)
				if tc.loads {
					s.Has("user")
				}
				c.Response().Header().Set("Content-Type", tc.media)
				c.Response().Flush()
				for i := range 3 {
					s.FlashInfo(fmt.Sprint("new", i))
					s.FlashNow(session.KindInfo, fmt.Sprint("now", i))
					fmt.Fprintf(c.Response(), "%s %s;", texts(s), session.Flashed(s, "step", "none"))
					if i == 0 {
						s.Flash("step", "second")
					}
					tc.next(c)
					elsewhere += v.visit(alertsPage).body
				}
				return nil
			})
			wantText(t, "the stream", got.body, "old new0 now0 first;new1 now1 second;new2 now2 none;")
			wantText(t, "pages meanwhile", elsewhere, "<main></main><main></main><main></main>")
			wantText(t, "the page after it", v.visit(alertsPage).body, "<main></main>")
		})
	}
}

// sends is a stream that writes an event for each element of show.
func sends(show ...func(s *session.Session) string) echo.HandlerFunc {
	return func(c echo.Context) error {
		s := session.From(c)
		s.Has("user")
		c.Response().Header().Set("Content-Type", "text/event-stream")
		c.Response().Flush()
		for _, event := range show {
			fmt.Fprintf(c.Response(), "[%s]", event(s))
			c.Response().Flush()
		}
		return nil
	}
}

func Test_that_an_event_ends_what_it_has_shown_and_no_more(t *testing.T) {
	after := func(flash func(*session.Session), kinds ...string) func(*session.Session) string {
		return func(s *session.Session) string {
			flash(s)
			return texts(s, kinds...)
		}
	}
	two := func(s *session.Session) { s.FlashSuccess("A"); s.FlashError("B") }
	twoNow := func(s *session.Session) { s.FlashNow("success", "A"); s.FlashNow("error", "B") }
	all := func(s *session.Session) string { return texts(s) }
	step := func(s *session.Session) string { return session.Flashed(s, "step", "none") }
	for _, tc := range []struct {
		claim  string
		events []func(*session.Session) string
		want   string
	}{
		{"of one kind", []func(*session.Session) string{after(two, "success"), all, all}, "[A][B][]"},
		{"of one kind, for now", []func(*session.Session) string{after(twoNow, "success"), all, all}, "[A][B][]"},
		{"not what came after it had looked", []func(*session.Session) string{func(s *session.Session) string {
			two(s)
			shown := texts(s)
			s.FlashNow("info", "C")
			return shown
		}, all, all}, "[A B][C][]"},
		{"what it was to replace as well", []func(*session.Session) string{func(s *session.Session) string {
			s.Flash("step", "second")
			return step(s)
		}, step}, "[second][none]"},
		{"though a value could not be stored", []func(*session.Session) string{after(func(s *session.Session) {
			two(s)
			s.Put("x", make(chan int))
		}), all}, "[A B][]"},
	} {
		v := newSite(t).browser()
		v.post(nil, flashing(func(s *session.Session) { s.Flash("step", "first") }))
		wantText(t, tc.claim, v.ask(request{as: scriptFetch}, sends(tc.events...)).body, tc.want)
	}
}

func Test_that_an_event_which_nobody_waits_for_shows_nothing(t *testing.T) {
	v := newSite(t).browser()
	v.post(nil, flashing(savedFlash))
	ctx, leave := context.WithCancel(t.Context())
	v.ask(request{as: scriptFetch, ctx: ctx}, func(c echo.Context) error {
		return sends(func(s *session.Session) string {
			leave()
			<-c.Request().Context().Done()
			return texts(s)
		})(c)
	})
	wantText(t, "the next page", v.visit(alertsPage).body, "<main>Saved!</main>")
}

// A page is a single view, even if it is sent in pieces.
func Test_that_a_streamed_page_may_show_a_message_in_two_places(t *testing.T) {
	v := newSite(t).browser()
	v.post(nil, flashing(savedFlash))
	got := v.visit(func(c echo.Context) error {
		top := texts(session.From(c))
		return streamed20K(c, func() string {
			c.Response().Flush()
			return top + texts(session.From(c))
		})
	})
	if n := strings.Count(got.body, "Saved!"); n != 2 {
		t.Errorf("shows it %d times; want 2", n)
	}
}

func Test_that_a_logout_during_a_stream_is_saved(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, stream((*session.Session).Destroy))
		v := site.browser().begin()
		v.during(nil, "/")
		if site.store.count("Destroy") != 1 || site.hooked("LateWrite") != nil {
			t.Errorf("got %d, %v; want the record destroyed", site.store.count("Destroy"), site.hooked("LateWrite"))
		}
		if site.browser().during(nil, "/"); site.store.count("Destroy") != 0 || site.hooked("LateWrite") != nil {
			t.Errorf("got %d, %v; want nothing to be done for one who is logged out", site.store.count("Destroy"), site.hooked("LateWrite"))
		}
	})
}

func Test_that_a_change_that_comes_too_late_is_loud(t *testing.T) {
	cases := []struct {
		name  string
		known bool
		work  func(*session.Session)
	}{
		{"of a new session", false, putSeven},
		{"of a new session that is a message", false, func(s *session.Session) { s.FlashInfo("done") }},
		{"that needs a new id", true, (*session.Session).Regenerate},
		{"that is a login", true, func(s *session.Session) { s.Tag("7") }},
		{"that is to remember somebody", true, func(s *session.Session) { s.RememberMe(14*day, 90*day) }},
		{"before a logout that is a message", true, func(s *session.Session) { s.FlashInfo("done"); s.Destroy() }},
		{"after a logout", true, func(s *session.Session) { s.Destroy(); s.Put("n", 7) }},
	}
	onEveryWire(t, func(t *testing.T, w *wire) {
		for _, tc := range cases {
			for before, workBefore := range map[string]func(*session.Session){"untouched before": nil, "read before": read} {
				t.Run(tc.name+"/"+before, func(t *testing.T) {
					var err error
					site := siteOf(t, w, stream(func(s *session.Session) {
						tc.work(s)
						err = s.Err()
					}))
					v := site.browser()
					if tc.known {
						v.begin()
					}
					got := v.during(workBefore, "/")
					wantLoud(t, site, err, session.ErrHeadSent)
					if got.status != http.StatusOK || got.body != "one two" || got.err != nil {
						t.Errorf("got %d %q, %v; want the answer as it was", got.status, got.body, got.err)
					}
					if site.store.count("Write") != 0 || v.number() != 0 {
						t.Errorf("something was saved that nobody will find")
					}
				})
			}
		}
	})
}

func Test_that_removing_what_is_not_there_is_never_too_late(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, remove := range map[string]func(*session.Session){
			"Clear":           (*session.Session).Clear,
			"Forget":          forget("n"),
			"Pull":            func(s *session.Session) { session.Pull[int](s, "n") },
			"PullIntendedURL": func(s *session.Session) { s.PullIntendedURL() },
			"Untag":           func(s *session.Session) { s.Untag("7") },
		} {
			site := siteOf(t, w, stream(remove))
			if site.browser().during(nil, "/"); site.hooked("LateWrite") != nil {
				t.Errorf("%s is reported: %v", name, site.hooked("LateWrite"))
			}
		}
	})
}

func Test_that_clear_is_never_too_late_for_what_it_keeps(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.visit(tokenPage)
		v.visit(stream((*session.Session).Clear))
		if told := s.hooked("LateWrite"); told != nil {
			t.Errorf("it is reported: %v", told)
		}
	})
}

func Test_that_a_change_after_the_head_of_an_error_page_is_loud(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, func(c echo.Context) error {
			_ = c.HTML(http.StatusInternalServerError, page)
			session.From(c).Put("n", 7)
			return nil
		})
		v := site.browser().begin()
		site.store.before = failing(errStoreDown, "Read")
		if got := v.during(read, "/"); got.status != http.StatusInternalServerError || got.body != page {
			t.Errorf("got %d %q; want the handler's own page", got.status, got.body)
		}
		if told := site.hooked("LateWrite"); len(told) != 1 || !errors.Is(told[0].Err, session.ErrHeadSent) {
			t.Errorf("the hook was told %v; want ErrHeadSent, once", told)
		}
	})
}

// The Lost hook has reported it.
func Test_that_a_change_after_the_session_is_lost_is_not_reported_as_late(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("a", 1))
	v.visit(p, func(c echo.Context) error {
		s := session.From(c)
		s.Put("a", 2)
		v.clone().do(p, (*session.Session).Destroy)
		if err := s.Save(t.Context()); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("got %v; want ErrNotFound", err)
		}
		s.Put("a", 3)
		return c.String(http.StatusOK, "ok")
	})
	if lost, late := len(p.hooked("Lost")), p.hooked("LateWrite"); lost != 1 || late != nil {
		t.Errorf("got %d reports of the loss, and %v; want one, and nothing else", lost, late)
	}
}

func Test_that_a_change_before_a_panic_in_a_stream_is_loud(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, stream(func(s *session.Session) {
			putSeven(s)
			panic(http.ErrAbortHandler)
		}))
		ended := make(chan struct{})
		site.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				defer close(ended)
				return next(c)
			}
		})
		v := site.browser().begin()
		v.during(nil, "/")
		<-ended
		if told := site.hooked("LateWrite"); len(told) != 1 || !errors.Is(told[0].Err, session.ErrClosed) {
			t.Errorf("the hook was told %v; want ErrClosed, once", told)
		}
	})
}

// wantLoud checks that a late change failed with this error, was reported to the hook once, and is
// in the log.
func wantLoud(t *testing.T, site *site, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v; want %v", err, want)
	}
	if told := site.hooked("LateWrite"); len(told) != 1 || !errors.Is(told[0].Err, want) {
		t.Errorf("the hook was told %v; want %v, once", told, want)
	}
	if log := site.log.take(); !strings.Contains(log, "too late") {
		t.Errorf("got log %q", log)
	}
}

func Test_that_a_value_that_cannot_be_stored_is_loud_in_a_stream_too(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, stream(func(s *session.Session) { s.Put("c", make(chan int)) }))
		site.browser().begin().during(nil, "/")
		if log := site.log.take(); !strings.Contains(log, `\"c\"`) {
			t.Errorf("got log %q; want the key of the value", log)
		}

		site = siteOf(t, w, stream(func(s *session.Session) { s.Flash("c", make(chan int)) }))
		v := site.browser().begin()
		v.during(nil, "/")
		if log := site.log.take(); !strings.Contains(log, `\"c\"`) || site.store.count("Write") != 0 {
			t.Errorf("got log %q, %d writes; want the key of the message, and nothing saved", log, site.store.count("Write"))
		}
	})
}

func Test_that_a_late_save_that_fails_is_loud(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, stream(putSeven))
		v := site.browser().begin()
		site.store.before = failing(errStoreDown, "Write")
		v.during(nil, "/")
		if got := site.hooked("StoreError"); len(got) != 1 || !errors.Is(got[0].Err, errStoreDown) {
			t.Errorf("the hook was told %v; want the store's error", got)
		}
	})
}

func Test_that_a_cookie_store_cannot_save_late_and_says_so(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, work := range map[string]func(*session.Session){
			"a change":  putSeven,
			"a message": func(s *session.Session) { s.FlashInfo("done") },
			"a logout":  (*session.Session).Destroy,
		} {
			t.Run(name, func(t *testing.T) {
				var err error
				site := siteOf(t, w, stream(func(s *session.Session) {
					work(s)
					err = s.Err()
				}), inCookies(t))
				got := site.browser().begin().during(nil, "/")
				wantLoud(t, site, err, session.ErrHeadSent)
				if got.body != "one two" || got.ours() != nil {
					t.Errorf("got %q, cookies %q", got.body, got.ours())
				}
			})
		}
	})
}

func Test_that_a_cookie_store_claims_no_commit_after_the_head(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, stream(read), inCookies(t))
		v := site.browser()
		v.elsewhere(func(s *session.Session) { s.FlashInputErrors(map[string][]string{"name": {"is missing"}}) })
		before := len(site.hooked("Committed"))
		got := v.during(nil, "/", "Accept", "text/html") // a page ends old input and errors
		if n := len(site.hooked("Committed")) - before; n != 0 || got.ours() != nil {
			t.Errorf("got %d commits, cookies %q; want none", n, got.ours())
		}
		var left []string
		v.elsewhere(func(s *session.Session) { left = s.InputErrors("name") })
		if len(left) != 1 {
			t.Errorf("got %q; want the error still there", left)
		}
	})
}

func Test_that_a_change_in_a_hook_before_the_head_is_saved(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, answer := range map[string]echo.HandlerFunc{
			"String":         func(c echo.Context) error { return c.String(http.StatusOK, "hello") },
			"flush first":    func(c echo.Context) error { c.Response().Flush(); return nil },
			"the raw writer": func(c echo.Context) error { _, err := c.Response().Writer.Write([]byte(page)); return err },
		} {
			t.Run(name, func(t *testing.T) {
				calls := 0
				site := siteOf(t, w, func(c echo.Context) error {
					c.Response().Before(func() { calls++; putSeven(session.From(c)) })
					return answer(c)
				})
				v := site.browser()
				if got := v.get("/"); len(got.ours()) != 1 || v.number() != 7 || calls != 1 {
					t.Errorf("got cookies %q, value %d, %d calls; want the change saved", got.ours(), v.number(), calls)
				}
			})
		}
	})
}

func Test_that_a_change_in_a_hook_after_the_head_is_saved(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, func(c echo.Context) error {
			c.Response().After(func() { putSeven(session.From(c)) })
			return c.String(http.StatusOK, "hello")
		})
		v := site.browser().begin()
		if v.get("/"); v.number() != 7 {
			t.Errorf("the change was not saved")
		}
	})
}

func Test_that_Save_before_a_stream_sets_the_cookie_once(t *testing.T) {
	setCookie := func(c echo.Context) {
		c.SetCookie(&http.Cookie{Name: "theirs", Value: "1"})
	}
	onEveryWire(t, func(t *testing.T, w *wire) {
		for _, s := range settings() {
			t.Run(s.name, func(t *testing.T) {
				site := emptySite(t, w)
				site.use(s.mount(site.manager.Middleware())...)
				site.all(func(c echo.Context) error {
					s := session.From(c)
					s.Put("n", 6)
					if err := s.Save(c.Request().Context()); err != nil {
						return err
					}
					setCookie(c)
					s.Increment("n")
					return c.String(http.StatusOK, "hello")
				})
				v := site.browser()
				got := v.during(nil, "/")
				if n := len(got.header.Values("Set-Cookie")); len(got.ours()) != 1 || n != 2 || site.store.count("Write") != 2 {
					t.Errorf("got cookies %q, %d writes; want ours once and theirs, 2 writes", got.header.Values("Set-Cookie"), site.store.count("Write"))
				}
				if n := v.number(); n != 7 {
					t.Errorf("got %d; want 7", n)
				}
			})
		}
	})
}

// What the store has already done cannot be undone, so the visitor must get the new id: the old one
// is dead.
func Test_that_a_new_id_arrives_even_with_an_error_answer(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := emptySite(t, w)
		site.use(site.manager.Middleware())
		site.all(func(c echo.Context) error {
			s := session.From(c)
			s.Put("n", 7)
			s.Regenerate()
			if err := s.Save(c.Request().Context()); err != nil {
				return err
			}
			site.store.before = failing(errStoreDown, "Write")
			s.Put("more", 1)
			return c.Redirect(http.StatusSeeOther, "/welcome")
		})
		v := site.browser().begin()
		got := v.during(nil, "/")
		site.store.before = nil
		if got.status != http.StatusServiceUnavailable || got.header.Get("Location") != "" {
			t.Errorf("got %d, Location %q; want 503", got.status, got.header.Get("Location"))
		}
		if n := v.number(); n != 7 {
			t.Errorf("the visitor has lost his session")
		}
	})
}

func Test_that_a_visitor_who_hangs_up_does_not_undo_a_change(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, touchedBefore := range map[string]bool{"loaded before": true, "loaded afterwards": false} {
			t.Run(name, func(t *testing.T) {
				var once sync.Once
				running, gone := make(chan struct{}), make(chan struct{})
				site := emptySite(t, w)
				site.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
					return func(c echo.Context) error {
						defer once.Do(func() { close(gone) })
						return next(c)
					}
				}, site.manager.Middleware())
				site.all(func(c echo.Context) error {
					s := session.From(c)
					if touchedBefore {
						s.Has("n")
					}
					close(running)
					<-c.Request().Context().Done()
					s.Put("n", 7)
					return c.String(http.StatusOK, "nobody hears me")
				})
				v := site.browser().begin()
				r := v.request(http.MethodGet, "/", nil)
				ctx, hangUp := context.WithCancel(r.Context())
				go func() { <-running; hangUp() }()
				v.send(r.WithContext(ctx)) // if the server is quick, it still gets an answer
				<-gone
				if n := v.number(); n != 7 {
					t.Errorf("the change was not saved: got %d", n)
				}
			})
		}
	})
}

func Test_that_middleware_further_out_may_answer_for_a_handler_that_wrote_nothing(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := emptySite(t, w)
		answers := func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				if err := next(c); err != nil || c.Response().Committed {
					return err
				}
				session.From(c).Put("n", 7)
				return c.String(http.StatusOK, "done")
			}
		}
		site.use(answers, site.manager.Middleware())
		site.all(func(c echo.Context) error { read(session.From(c)); return nil })
		v := site.browser().begin()
		if got := v.get("/"); got.body != "done" || v.number() != 7 || site.hooked("LateWrite") != nil {
			t.Errorf("got %q, %d, %v; want the change saved", got.body, v.number(), site.hooked("LateWrite"))
		}
	})
}

// The context of the request has ended when the error handler runs.
func Test_that_an_error_handler_may_change_the_session_after_ContextTimeout(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, mw := range map[string]echo.MiddlewareFunc{
			"ContextTimeout": middleware.ContextTimeout(time.Hour),
			"Timeout":        oldTimeout(),
		} {
			t.Run(name, func(t *testing.T) {
				site := emptySite(t, w)
				site.use(mw, site.manager.Middleware())
				site.all(func(c echo.Context) error { return errHandler })
				site.HTTPErrorHandler = func(_ error, c echo.Context) {
					session.From(c).Put("n", 7)
					_ = c.Redirect(http.StatusSeeOther, "/sorry")
				}
				v := site.browser().begin()
				if got := v.get("/"); got.status != http.StatusSeeOther || v.number() != 7 || site.hooked("LateWrite") != nil {
					t.Errorf("got %d, %d, %v; want the change saved", got.status, v.number(), site.hooked("LateWrite"))
				}
			})
		}
	})
}
