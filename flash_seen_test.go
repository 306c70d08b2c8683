package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// reader is a visitor who flashes "Saved!" and counts how often it is shown.
type reader struct {
	*browser
	times int
}

// save posts a form, after which the message waits.
func (r *reader) save() { r.browser.post(nil, flashing(savedFlash)) }

// see sends a request whose answer the visitor sees.
func (r *reader) see(a request, h echo.HandlerFunc) reply {
	got := r.ask(a, h)
	r.times += strings.Count(got.body, "Saved!")
	return got
}

func (r *reader) visit(h echo.HandlerFunc) reply { return r.see(request{}, h) }

// open sends a request in the background and returns once its handler has loaded the
// session; end lets it go on.
func (r *reader) open(a request, h echo.HandlerFunc) (end func()) {
	loaded, goOn, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		r.ask(a, func(c echo.Context) error {
			session.From(c).Has("anything")
			close(loaded)
			<-goOn
			return h(c)
		})
	}()
	<-loaded
	return func() { close(goOn); <-done }
}

func Test_that_a_visitor_sees_a_message_once(t *testing.T) {
	redirect := func(c echo.Context) error {
		session.From(c).Put("hop", 1)
		return c.Redirect(http.StatusFound, "/next")
	}
	hxHop := func(name string) echo.HandlerFunc {
		return func(c echo.Context) error {
			session.From(c).FlashMessages().Alerts()
			c.Response().Header().Set(name, "/next")
			return c.NoContent(http.StatusNoContent)
		}
	}
	countPoll := func(c echo.Context) error {
		session.From(c).Increment("polls")
		return jsonPage(c)
	}
	purpose := func(name, value string) func(r *reader) {
		return func(r *reader) {
			r.save()
			ahead := r.ask(request{header: headers{name, value}}, alertsPage)
			wantText(r.t, "what was fetched ahead", ahead.body, "<main></main>")
		}
	}

	scenarios := []struct {
		claim string
		play  func(r *reader) // before two more pages
	}{
		{"after a form, on the next page only", (*reader).save},
		{"over plain http, too", func(r *reader) {
			r.save()
			r.see(request{as: plainNavigation}, alertsPage)
			r.see(request{as: plainNavigation}, alertsPage)
		}},
		{"if the layout of a missing favicon's 404 comes first", func(r *reader) {
			r.save()
			r.ask(request{as: favicon}, notFoundPage)
		}},
		{"if that happens over plain http", func(r *reader) {
			r.save()
			r.ask(request{as: plainFavicon}, notFoundPage)
			r.see(request{as: plainNavigation}, alertsPage)
			r.see(request{as: plainNavigation}, alertsPage)
		}},
		{"if he opens a page that is missing, and its 404 shows it", func(r *reader) {
			r.save()
			r.visit(notFoundPage)
		}},
		{"if it was saved before it is shown", func(r *reader) {
			r.see(request{}, func(c echo.Context) error {
				s := session.From(c)
				savedFlash(s)
				if err := s.Save(c.Request().Context()); err != nil {
					return err
				}
				return alertsPage(c)
			})
		}},
		{"if the error page of the handler that flashed it shows it", func(r *reader) {
			r.HTTPErrorHandler = func(_ error, c echo.Context) { _ = notFoundPage(c) }
			r.see(request{}, func(c echo.Context) error {
				savedFlash(session.From(c))
				return echo.ErrNotFound
			})
		}},
		{"if a JSON poll comes first", func(r *reader) {
			r.save()
			r.ask(request{as: jsonPoll}, jsonPage)
			r.ask(request{as: jsonPoll}, countPoll)
		}},
		{"if a script that asks for JSON is given an error page", func(r *reader) {
			r.save()
			r.ask(request{as: jsonPoll}, notFoundPage)
			r.ask(request{as: headers{"Accept", "application/json, text/plain"}}, notFoundPage) // over plain http
			r.ask(request{as: jsonPoll}, func(c echo.Context) error { return c.HTML(http.StatusBadRequest, texts(session.From(c))) })
		}},
		{"in the error of a part, which htmx asks for as JSON", func(r *reader) {
			r.save()
			r.see(request{as: append(htmxPart[:len(htmxPart):len(htmxPart)], "Accept", "application/json")}, notFoundPage)
		}},
		{"in the error of what a script asks for as JSON or anything else", func(r *reader) {
			r.save()
			r.see(request{as: headers{"Accept", "application/json, */*", "Sec-Fetch-Dest", "empty"}}, notFoundPage)
		}},
		{"in the error of what a script asks for as JSON or a page", func(r *reader) {
			r.save()
			r.see(request{as: headers{"Accept", "application/json, text/html", "Sec-Fetch-Dest", "empty"}}, notFoundPage)
		}},
		{"in an error in JSON, as the script has asked for", func(r *reader) {
			r.save()
			r.see(request{as: jsonPoll}, jsonError)
		}},
		{"in an error in JSON, as the script has asked for, or for a page", func(r *reader) {
			r.save()
			r.see(request{as: headers{"Accept", "application/json, text/html", "Sec-Fetch-Dest", "empty"}}, jsonError)
		}},
		{"in an error in JSON, for a script of jQuery, which asks for a page or anything", func(r *reader) {
			r.save()
			r.see(request{as: headers{"Accept", "text/html, */*; q=0.01", "Sec-Fetch-Dest", "empty"}}, jsonError)
		}},
		{"in an error in JSON, for a part", func(r *reader) {
			r.save()
			r.see(request{as: headers{"Accept", "text/html", "Turbo-Frame", "cart", "Sec-Fetch-Dest", "empty"}}, jsonError)
		}},
		{"if a poll is in flight across the page", func(r *reader) {
			r.save()
			end := r.open(request{as: jsonPoll}, countPoll)
			r.visit(alertsPage)
			end()
		}},
		{"if a poll is in flight across the POST", func(r *reader) {
			r.browser.do(func(s *session.Session) { s.Put("user", 7) })
			end := r.open(request{as: jsonPoll}, countPoll)
			r.save()
			end()
		}},
		{"if the page was prefetched", purpose("Sec-Purpose", "prefetch")},
		{"if the page was prerendered", purpose("Sec-Purpose", "prefetch;prerender")},
		{"if an older browser prefetched the page", purpose("Purpose", "prefetch")},
		{"if Safari previewed the page", purpose("X-Purpose", "preview")},
		{"if Firefox prefetched the page", purpose("X-Moz", "prefetch")},
		{"if Turbo prefetched the page", purpose("X-Sec-Purpose", "prefetch")},
		{"if htmx preloaded the page", purpose("HX-Preloaded", "true")},
		{"after a redirect hop that uses the session", func(r *reader) {
			r.save()
			r.visit(redirect)
		}},
		{"after three hops, one of which reads it", func(r *reader) {
			r.save()
			r.visit(redirect)
			r.visit(func(c echo.Context) error {
				texts(session.From(c))
				return session.Redirect(c, "/next")
			})
			r.visit(redirect)
		}},
		{"after HX-Redirect", func(r *reader) {
			r.save()
			r.see(request{as: htmxPart}, hxHop("HX-Redirect"))
		}},
		{"after HX-Location, whose request looks like one for a part", func(r *reader) {
			r.save()
			r.see(request{as: htmxPart}, hxHop("HX-Location"))
			r.see(request{as: htmxPart}, alertsPage)
		}},
		{"after HX-Refresh", func(r *reader) {
			r.save()
			r.see(request{as: htmxPart}, hxHop("HX-Refresh"))
		}},
		{"after HX-Refresh with a rendered page, inside of Timeout", func(r *reader) {
			r.save()
			r.ask(request{}, oldTimeout()(func(c echo.Context) error {
				c.Response().Header().Set("HX-Refresh", "true")
				return session.Render(c, http.StatusOK, alertsComponent)
			}))
		}},
		{"if the page is not modified, which shows an old copy", func(r *reader) {
			r.save()
			r.see(request{}, func(c echo.Context) error {
				texts(session.From(c))
				return c.NoContent(http.StatusNotModified)
			})
		}},
		{"if a HEAD request comes first", func(r *reader) {
			r.save()
			r.ask(request{method: http.MethodHead}, alertsPage)
		}},
		{"if an OPTIONS request comes first", func(r *reader) {
			r.save()
			r.ask(request{method: http.MethodOptions}, alertsPage)
		}},
		{"if what the handler changed cannot be saved, and it renders the message", func(r *reader) {
			r.save()
			r.visit(func(c echo.Context) error {
				session.From(c).Put("cannot be stored", make(chan int))
				return session.Render(c, http.StatusOK, alertsComponent)
			})
		}},
		{"if the page fails with a 500 after it read the message", func(r *reader) {
			r.save()
			r.visit(func(c echo.Context) error { texts(session.From(c)); return errOops })
		}},
		{"if the page fails with a 409 after it read the message", func(r *reader) {
			r.save()
			r.visit(func(c echo.Context) error {
				texts(session.From(c))
				return echo.NewHTTPError(http.StatusConflict, "not now")
			})
		}},
		{"if the page fails after it has claimed the message, and its error page shows none", func(r *reader) {
			r.save()
			r.HTTPErrorHandler = func(_ error, c echo.Context) { _ = c.HTML(http.StatusConflict, "not now") }
			r.visit(func(c echo.Context) error { session.From(c).FlashMessages(); return echo.ErrConflict })
		}},
		{"if the page fails with a 409, and middleware inside has that answered", func(r *reader) {
			r.save()
			r.visit(func(c echo.Context) error {
				texts(session.From(c))
				c.Error(echo.NewHTTPError(http.StatusConflict, "not now")) // as Echo's Logger does
				return nil
			})
		}},
		{"if the page panics after it read the message", func(r *reader) {
			r.save()
			r.visit(func(c echo.Context) error { texts(session.From(c)); panic("oops") })
		}},
		{"if the page panics inside of Recover", func(r *reader) {
			r.save()
			r.visit(recovering(func(c echo.Context) error { texts(session.From(c)); panic("oops") }))
		}},
		{"if middleware further out sends what the handler has read", func(r *reader) {
			r.save()
			r.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					err := next(c)
					if shown, ok := c.Get("shown").(string); ok {
						return c.HTML(http.StatusOK, shown)
					}
					return err
				}
			})
			r.visit(func(c echo.Context) error { c.Set("shown", texts(session.From(c))); return nil })
		}},
		{"if a component fails half-way", func(r *reader) {
			r.save()
			r.visit(func(c echo.Context) error {
				return session.Render(c, http.StatusOK, failingComponent)
			})
		}},
		{"if a component fails half-way, and the handler answers without it", func(r *reader) {
			r.save()
			r.visit(func(c echo.Context) error {
				wantFailed(r.t, session.Render(c, http.StatusOK, failingComponent))
				return c.HTML(http.StatusOK, "<main>Sorry</main>")
			})
		}},
		{"if that answer shows it", func(r *reader) {
			r.save()
			r.see(request{}, func(c echo.Context) error {
				wantFailed(r.t, session.Render(c, http.StatusOK, failingComponent))
				return alertsPage(c)
			})
		}},
		{"if the handler has read it before a component fails, and answers with it", func(r *reader) {
			r.save()
			r.see(request{}, func(c echo.Context) error {
				shown := texts(session.From(c))
				wantFailed(r.t, session.Render(c, http.StatusOK, failingComponent))
				return c.HTML(http.StatusOK, shown)
			})
		}},
		{"if the handler has claimed it for its stream before a component fails", func(r *reader) {
			r.save()
			r.see(request{}, func(c echo.Context) error {
				messages := session.From(c).FlashMessages()
				wantFailed(r.t, session.Render(c, http.StatusOK, failingComponent))
				c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTML)
				c.Response().Flush()
				for _, alert := range messages.Alerts() {
					_, _ = io.WriteString(c.Response(), alert.Text)
				}
				return nil
			})
		}},
		{"if a stream of events is flushed while a component fails, and goes on", func(r *reader) {
			r.save()
			r.see(request{}, func(c echo.Context) error {
				messages := session.From(c).FlashMessages()
				c.Response().Header().Set(echo.HeaderContentType, "text/event-stream")
				c.Response().Flush()
				alerts := messages.Alerts()
				wantFailed(r.t, session.Render(c, http.StatusOK, renderFunc(func(context.Context, io.Writer) error {
					c.Response().Flush() // as a goroutine does that keeps the stream alive
					return errOops
				})))
				c.Response().Flush()
				for _, alert := range alerts {
					_, _ = io.WriteString(c.Response(), alert.Text)
				}
				return nil
			})
		}},
		{"if the component of an error page fails half-way", func(r *reader) {
			r.save()
			r.HTTPErrorHandler = func(_ error, c echo.Context) {
				wantFailed(r.t, session.Render(c, http.StatusNotFound, failingComponent))
				_ = c.String(http.StatusNotFound, "Not Found")
			}
			r.visit(func(echo.Context) error { return echo.ErrNotFound })
		}},
		{"if he leaves before the head", func(r *reader) {
			r.save()
			ctx, leave := context.WithCancel(context.Background())
			r.see(request{ctx: ctx}, func(c echo.Context) error {
				shown := texts(session.From(c))
				leave()
				<-c.Request().Context().Done()
				return c.HTML(http.StatusOK, shown)
			})
		}},
		{"if he leaves before the error page", func(r *reader) {
			r.save()
			r.HTTPErrorHandler = func(_ error, c echo.Context) { _ = notFoundPage(c) }
			ctx, leave := context.WithCancel(context.Background())
			r.see(request{ctx: ctx}, func(c echo.Context) error {
				leave()
				<-c.Request().Context().Done()
				return echo.ErrNotFound
			})
		}},
		{"if a page without a place for it comes first", func(r *reader) {
			r.save()
			r.visit(blankPage)
			r.see(request{as: htmxPart}, blankPage)
		}},
		{"on a boosted page", func(r *reader) {
			r.save()
			r.see(request{as: htmxBoosted}, alertsPage)
			r.see(request{as: htmxBoosted}, alertsPage)
		}},
		{"on a page in a frame", func(r *reader) {
			r.save()
			r.see(request{header: headers{"Sec-Fetch-Dest", "iframe"}}, alertsPage)
		}},
		{"on a 422 page of the same request", func(r *reader) {
			r.see(request{method: http.MethodPost}, func(c echo.Context) error {
				savedFlash(session.From(c))
				return c.HTML(http.StatusUnprocessableEntity, texts(session.From(c)))
			})
		}},
		{"if it is read twice for one page", func(r *reader) {
			r.save()
			r.visit(func(c echo.Context) error {
				texts(session.From(c))
				return alertsPage(c)
			})
		}},
		{"on a streamed page that fetched the messages before", func(r *reader) {
			r.save()
			streamed := func(c echo.Context) error {
				waiting := session.From(c).FlashMessages()
				return streamed20K(c, func() string {
					var all string
					for _, m := range waiting.Alerts() {
						all += m.Text
					}
					return all
				})
			}
			r.visit(streamed)
			r.visit(streamed)
		}},
	}
	for _, sc := range scenarios {
		t.Run(sc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				r := &reader{browser: s.browser()}
				sc.play(r)
				for range 2 {
					r.visit(alertsPage)
				}
				if r.times != 1 {
					t.Errorf("saw the message %d times", r.times)
				}
				if n := len(s.hooked("LateWrite")); n != 0 {
					t.Errorf("%d reports of late writes", n)
				}
			})
		})
	}
}

func lateReader(c echo.Context) error {
	return streamed20K(c, func() string { return texts(session.From(c)) })
}

func Test_that_a_streamed_page_on_a_store_shows_a_message_once(t *testing.T) {
	for claim, page := range map[string]echo.HandlerFunc{
		"one that asks for the session late": lateReader,
		"one that only looks for messages late, and never flushes": func(c echo.Context) error {
			s := session.From(c)
			s.Has("user")
			c.Response().Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(c.Response(), "<main>")
			_, err := io.WriteString(c.Response(), texts(s))
			return err
		},
	} {
		r := &reader{browser: newSite(t).browser()}
		r.save()
		r.visit(page)
		r.visit(page)
		r.visit(alertsPage)
		if r.times != 1 {
			t.Errorf("%s: saw the message %d times", claim, r.times)
		}
	}
}

// Streams often end because the visitor leaves. What was read by then counts as read.
func Test_that_a_message_in_a_stream_is_not_shown_again_when_the_visitor_leaves_it(t *testing.T) {
	for claim, tc := range map[string]struct{ before, during func(*session.Session) }{
		"it came with the session":     {savedFlash, func(*session.Session) {}},
		"it was flashed in the stream": {func(s *session.Session) { s.Put("user", 7) }, savedFlash},
	} {
		for when, early := range map[string]bool{"loaded before the head": true, "loaded afterwards": false} {
			v := newSite(t).browser()
			v.post(nil, flashing(tc.before))
			ctx, leave := context.WithCancel(t.Context())
			v.ask(request{ctx: ctx}, func(c echo.Context) error {
				s := session.From(c)
				if early {
					s.Has("user")
				}
				return streamed20K(c, func() string {
					tc.during(s)
					wantText(t, claim+", "+when+": the stream", texts(s), "Saved!")
					leave()
					<-c.Request().Context().Done()
					return ""
				})
			})
			wantText(t, claim+", "+when+": the next page", v.visit(alertsPage).body, "<main></main>")
		}
	}
}

// The cookie was sent with the head, so the message would be shown again. It waits instead.
func Test_that_a_streamed_page_with_cookies_shows_nothing_and_says_so(t *testing.T) {
	s := newCookieSite(t)
	r := &reader{browser: s.browser()}
	r.save()
	r.visit(lateReader)
	if r.times != 0 {
		t.Errorf("saw the message %d times on a page that cannot remove it", r.times)
	}
	if n := len(s.hooked("LateWrite")); n != 1 {
		t.Errorf("%d reports of a late write; want 1", n)
	}
	r.visit(alertsPage)
	r.visit(alertsPage)
	if r.times != 1 {
		t.Errorf("saw the message %d times in all", r.times)
	}
}

// With cookies one of the two messages would be lost: the browser keeps the cookie that comes last.
func Test_that_two_requests_that_flash_at_once_lose_neither(t *testing.T) {
	v := newSite(t).browser()
	r := &reader{browser: v}
	v.do(func(s *session.Session) { s.Put("user", 7) })
	end := r.open(request{method: http.MethodPost}, flashing(func(s *session.Session) { s.FlashInfo("one") }))
	v.post(nil, flashing(func(s *session.Session) { s.FlashInfo("two") }))
	end()
	wantText(t, "both", v.visit(alertsPage).body, "<main>two one</main>")
	wantText(t, "afterwards", v.visit(alertsPage).body, "<main></main>")
}

func Test_that_a_message_expires(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(savedFlash))
		s.clock.advance(session.DefaultFlashTTL - 1)
		wantText(t, "a poll", v.ask(request{as: jsonPoll}, jsonPage).body, "0\n")
		s.clock.advance(2)
		wantText(t, "after FlashTTL", v.visit(alertsPage).body, "<main></main>")
	})
}

// Otherwise a job that takes long could begin with a message that nobody ever sees.
func Test_that_a_message_waits_from_when_it_is_saved(t *testing.T) {
	slowly := func(s *site) func(*session.Session) {
		return func(ses *session.Session) {
			ses.FlashSuccess("Saved!")
			s.clock.advance(2 * session.DefaultFlashTTL)
		}
	}
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(slowly(s)))
		s.clock.advance(session.DefaultFlashTTL - 1)
		wantText(t, "before FlashTTL", v.visit(alertsPage).body, "<main>Saved!</main>")
		v.post(nil, flashing(slowly(s)))
		s.clock.advance(session.DefaultFlashTTL)
		wantText(t, "after FlashTTL", v.visit(alertsPage).body, "<main></main>")
		v.post(nil, flashing(savedFlash))
		s.clock.advance(session.DefaultFlashTTL * 9 / 10)
		v.visit(func(c echo.Context) error { session.From(c).Reflash(); return alertsPage(c) })
		s.clock.advance(session.DefaultFlashTTL * 9 / 10)
		wantText(t, "before FlashTTL, counted from Reflash", v.visit(alertsPage).body, "<main>Saved!</main>")
	})
}

func Test_that_the_time_a_message_waits_can_be_set(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(savedFlash))
		s.clock.advance(3*session.DefaultFlashTTL - 1)
		wantText(t, "before FlashTTL", v.visit(alertsPage).body, "<main>Saved!</main>")
	}, func(cfg *session.Config) { cfg.FlashTTL = 3 * session.DefaultFlashTTL })
}

// Rounds of what a browser with a busy page does after a form: it loads the page together with
// icons, prefetches, polls and fragments, all at once. With cookies this works only if the parallel
// requests do not write: the cookie that comes last wins. Here they only read.
func Test_that_under_fire_no_message_is_lost_or_repeated(t *testing.T) {
	const rounds = 60
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.do(func(s *session.Session) { s.Put("user", 7) })
		polling := jsonPage
		if !s.cookie {
			polling = func(c echo.Context) error {
				session.From(c).Increment("polls")
				return jsonPage(c)
			}
		}
		noise := []struct {
			request
			h echo.HandlerFunc
		}{
			{request{as: favicon}, notFoundPage},
			{request{as: plainFavicon}, notFoundPage},
			{request{as: prefetched}, alertsPage},
			{request{header: headers{"HX-Preloaded", "true"}}, alertsPage},
			{request{as: jsonPoll}, polling},
			{request{as: jsonPoll}, polling},
			{request{as: htmxPart}, blankPage},
		}
		seen := make([]int, rounds)
		count := func(body string) {
			for round := range rounds {
				seen[round] += strings.Count(body, fmt.Sprintf("[round %d]", round))
			}
		}
		for round := range rounds {
			v.post(nil, flashing(func(s *session.Session) { s.FlashSuccess(fmt.Sprintf("[round %d]", round)) }))
			var all sync.WaitGroup
			for _, n := range noise {
				all.Go(func() { v.ask(n.request, n.h) })
			}
			count(v.visit(alertsPage).body)
			all.Wait()
		}
		count(v.visit(alertsPage).body)
		for round, times := range seen {
			if times != 1 {
				t.Errorf("the message of round %d was seen %d times", round, times)
			}
		}
	})
}

func wantFailed(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, errOops) {
		t.Errorf("Render answers %v; want %v", err, errOops)
	}
}
