package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

// If a handler takes the connection over, it writes the response head itself. These tests do so by
// hand; those with WebSocket libraries are in internal/e2e.

// takeOver takes the connection over, says hello, and then does more. It hangs up when the request
// has ended, so that everything written arrives.
func takeOver(more func(s *session.Session) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		conn, _, err := c.Response().Hijack()
		if err != nil {
			return err
		}
		context.AfterFunc(c.Request().Context(), func() { conn.Close() })
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
		if more != nil {
			return more(session.From(c))
		}
		return nil
	}
}

func Test_that_a_change_is_saved_before_the_connection_is_taken_over(t *testing.T) {
	for _, s := range settings() {
		if !s.flush {
			continue // what cannot be flushed cannot be taken over either
		}
		t.Run(s.name, func(t *testing.T) {
			w := newWire(t, http1)
			site := emptySite(t, w)
			site.use(s.mount(site.manager.Middleware())...)
			site.all(takeOver(nil))
			v := site.browser().begin()
			got := v.during(putSeven, "/")
			if got.body != "hello" || got.err != nil || got.header.Get("Vary") != "" || site.store.count("Write") != 1 {
				t.Errorf("got %q, %v, header %q, %d writes; want the handler's own answer, and one write", got.body, got.err, got.header, site.store.count("Write"))
			}
			if n := v.number(); n != 7 {
				t.Errorf("got %d; want 7", n)
			}
		})
	}
}

func Test_that_an_untouched_session_is_left_alone_when_the_connection_is_taken_over(t *testing.T) {
	site := siteOf(t, newWire(t, http1), takeOver(nil))
	if got := site.browser().begin().during(nil, "/"); got.body != "hello" || site.store.count("") != 0 {
		t.Errorf("got %q, %d store calls; want none", got.body, site.store.count(""))
	}
}

func Test_that_a_session_may_be_changed_after_the_connection_was_taken_over(t *testing.T) {
	site := siteOf(t, newWire(t, http1), takeOver(func(s *session.Session) error { putSeven(s); return nil }))
	v := site.browser().begin()
	if got := v.during(nil, "/"); got.body != "hello" || v.number() != 7 || site.hooked("LateWrite") != nil {
		t.Errorf("got %q, %d, %v; want the change saved", got.body, v.number(), site.hooked("LateWrite"))
	}

	site = siteOf(t, newWire(t, http1), takeOver(func(s *session.Session) error { putSeven(s); return s.Err() }))
	site.browser().during(nil, "/")
	wantLoud(t, site, site.failure(), session.ErrHeadSent) // the id of a new session cannot reach its visitor
}

// The handler learns of the cookie while it can still answer.
func Test_that_the_connection_is_not_taken_over_if_a_cookie_is_due(t *testing.T) {
	cases := []struct {
		name   string
		work   func(*session.Session)
		change func(t *testing.T) func(*session.Config)
	}{
		{name: "for a new session", work: func(s *session.Session) { s.Destroy(); putSeven(s) }},
		{name: "for a message", work: func(s *session.Session) { s.Destroy(); s.FlashInfo("hello") }},
		{name: "for a new id", work: func(s *session.Session) { s.Regenerate(); putSeven(s) }},
		{name: "for a session in cookies", work: putSeven, change: inCookies},
		{name: "for a logout in cookies", work: (*session.Session).Destroy, change: inCookies},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var change []func(*session.Config)
			if tc.change != nil {
				change = append(change, tc.change(t))
			}
			site := siteOf(t, newWire(t, http1), takeOver(nil), change...)
			v := site.browser().begin()
			got := v.during(tc.work, "/")
			if got.status != http.StatusInternalServerError || got.body != internal {
				t.Errorf("got %d %q, %v; want 500", got.status, got.body, got.err)
			}
			if err := site.failure(); err == nil || !strings.Contains(err.Error(), "Call Save before the upgrade") || !strings.Contains(err.Error(), "Set-Cookie header") {
				t.Errorf("got error %v; want one that says what to do", err)
			}
		})
	}
	t.Run("unless it is Saved and passed on", func(t *testing.T) {
		site := siteOf(t, newWire(t, http1), func(c echo.Context) error {
			if err := session.From(c).Save(c.Request().Context()); err != nil {
				return err
			}
			header := c.Response().Header().Clone()
			conn, _, err := c.Response().Hijack()
			if err != nil {
				return err
			}
			defer conn.Close()
			resp := http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: header, Body: http.NoBody, Close: true}
			return resp.Write(conn)
		})
		v := site.browser()
		if got := v.during(putSeven, "/"); len(got.ours()) != 1 || v.number() != 7 {
			t.Errorf("got cookies %q, value %d, %v; want the cookie to arrive", got.ours(), v.number(), got.err)
		}
	})
}

func Test_that_a_logout_needs_no_cookie_when_the_connection_is_taken_over(t *testing.T) {
	site := siteOf(t, newWire(t, http1), takeOver(nil))
	v := site.browser().begin()
	if got := v.during((*session.Session).Destroy, "/"); got.body != "hello" || site.store.count("Destroy") != 1 {
		t.Errorf("got %q, %d; want the record destroyed", got.body, site.store.count("Destroy"))
	}
}

func Test_that_nothing_is_written_into_a_connection_that_was_taken_over(t *testing.T) {
	for name, mw := range map[string][]echo.MiddlewareFunc{
		"alone":           nil,
		"BodyDump inside": {middleware.BodyDump(func(echo.Context, []byte, []byte) {})},
		"a panic":         {recovering},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, http1)
			site := emptySite(t, w)
			site.use(append([]echo.MiddlewareFunc{site.manager.Middleware()}, mw...)...)
			site.all(takeOver(func(*session.Session) error {
				if name == "a panic" {
					panic(errHandler)
				}
				return errHandler
			}))
			got := site.browser().begin().during(putSeven, "/")
			if got.body != "hello" || got.err != nil {
				t.Errorf("got %q, %v; want what the handler wrote and no more", got.body, got.err)
			}
			if log := w.log.take() + site.echoLog.take(); log != "" {
				t.Errorf("somebody tried to: %s", log)
			}
		})
	}
}

func Test_that_a_late_save_that_fails_writes_nothing_into_a_connection_either(t *testing.T) {
	w := newWire(t, http1)
	site := emptySite(t, w)
	site.use(site.manager.Middleware())
	site.all(takeOver(func(s *session.Session) error {
		site.store.before = failing(errStoreDown, "Write")
		putSeven(s)
		return nil
	}))
	got := site.browser().begin().during(nil, "/")
	if got.body != "hello" || got.err != nil || site.failure() != nil {
		t.Errorf("got %q, %v, error %v; want what the handler wrote and no more", got.body, got.err, site.failure())
	}
	if log := w.log.take() + site.echoLog.take(); log != "" {
		t.Errorf("somebody tried to: %s", log)
	}
	if len(site.hooked("StoreError")) != 1 {
		t.Errorf("the hook was told %v; want the store's error", site.hooked("StoreError"))
	}
}

func Test_that_the_connection_is_not_taken_over_if_the_session_fails(t *testing.T) {
	cases := []struct {
		name string
		fail func(call) error
		h    echo.HandlerFunc
	}{
		{"at the commit", failing(errStoreDown, "Write"), takeOver(nil)},
		{"at the load", failing(errStoreDown, "Read"), func(c echo.Context) error {
			read(session.From(c))
			return takeOver(nil)(c)
		}},
		{"after a flush", failing(errStoreDown, "Write"), func(c echo.Context) error {
			c.Response().Flush()
			return takeOver(nil)(c)
		}},
		{"after a flush, on a route that may do without", failing(errStoreDown, "Read"), session.Optional(func(c echo.Context) error {
			c.Response().Flush()
			return takeOver(nil)(c)
		})},
		{"before", failing(errStoreDown, "Write"), func(c echo.Context) error {
			_, _ = io.WriteString(c.Response(), "withheld")
			return takeOver(nil)(c)
		}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			site := siteOf(t, newWire(t, http1), tc.h)
			v := site.browser().begin()
			site.store.before = tc.fail
			work := putSeven
			if tc.name == "at the load" {
				work = nil
			}
			got := v.during(work, "/")
			if got.status != http.StatusServiceUnavailable || got.body != unavailable || got.err != nil {
				t.Errorf("got %d %q, %v; want 503", got.status, got.body, got.err)
			}
			wantError(t, site.failure(), http.StatusServiceUnavailable)
		})
	}
}

// Some libraries answer with the text of the error.
func Test_that_the_error_of_a_takeover_does_not_tell_what_the_store_has_said(t *testing.T) {
	for _, method := range []string{"Read", "Write"} {
		t.Run(method, func(t *testing.T) {
			store := newWatched()
			p := start(t, session.Config{Store: store})
			v := newVisitor()
			v.must(t, p, put("n", 1))
			store.before = failing(errOops, method)
			v.visit(p, func(c echo.Context) error {
				session.From(c).Put("n", 2)
				_, _, err := c.Response().Hijack()
				if !errors.Is(err, errOops) || strings.Contains(err.Error(), errOops.Error()) {
					t.Errorf("got %q; want an error that wraps that of the store, without its text", err)
				}
				return nil
			})
		})
	}
}

func Test_that_a_failed_takeover_leaves_the_session_as_it_was(t *testing.T) {
	w := newWire(t, http2) // HTTP/2 connections cannot be taken over
	site := siteOf(t, w, func(c echo.Context) error {
		if _, _, err := c.Response().Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("got %v; want ErrNotSupported", err)
		}
		putSeven(session.From(c))
		return c.String(http.StatusOK, "without it, then")
	})
	v := site.browser()
	if got := v.during(nil, "/"); got.body != "without it, then" || len(got.ours()) != 1 || v.number() != 7 {
		t.Errorf("got %q, cookies %q, value %d; want the change saved", got.body, got.ours(), v.number())
	}
}

// What the writer below can do must also work through ours.
func Test_that_the_writer_below_is_within_reach(t *testing.T) {
	below := &writerThatCan{ResponseRecorder: httptest.NewRecorder()}
	a := start(t, session.Config{})
	a.all(func(c echo.Context) error {
		w := c.Response().Writer
		if err := w.(http.Pusher).Push("/style.css", nil); err != nil {
			return err
		}
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			return err
		}
		_, err := io.Copy(w, onlyReader{strings.NewReader(large)})
		return err
	})
	a.ServeHTTP(below, httptest.NewRequest(http.MethodGet, "/", nil))
	if a.failure() != nil || below.pushed != "/style.css" || !below.duplex || !below.readFrom || below.Body.String() != large {
		t.Errorf("got %v, %+v; want everything to arrive", a.failure(), below)
	}

	for name, ask := range map[string]func(w http.ResponseWriter) error{
		"Push":  func(w http.ResponseWriter) error { return w.(http.Pusher).Push("/style.css", nil) },
		"Flush": func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
	} {
		a = start(t, session.Config{})
		a.all(func(c echo.Context) error { return ask(c.Response().Writer) })
		a.ServeHTTP(nowhere{}, httptest.NewRequest(http.MethodGet, "/", nil))
		if !errors.Is(a.failure(), http.ErrNotSupported) {
			t.Errorf("%s: got %v; want ErrNotSupported", name, a.failure())
		}
	}
}

func Test_that_a_flush_that_is_not_supported_sends_nothing(t *testing.T) {
	for name, writer := range map[string]func(w http.ResponseWriter) http.ResponseWriter{
		"the writer cannot":           func(w http.ResponseWriter) http.ResponseWriter { return onlyWriter{w} },
		"one that it leads to cannot": func(w http.ResponseWriter) http.ResponseWriter { return leading{onlyWriter{w}} },
		"that of another middleware, on one that cannot": func(w http.ResponseWriter) http.ResponseWriter {
			var ours http.ResponseWriter
			another := start(t, session.Config{})
			another.all(func(c echo.Context) error { ours = c.Response().Writer; return nil })
			another.ServeHTTP(onlyWriter{w}, httptest.NewRequest(http.MethodGet, "/", nil))
			return ours
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := start(t, session.Config{})
			a.all(func(c echo.Context) error {
				putSeven(session.From(c))
				if err := http.NewResponseController(c.Response().Writer).Flush(); !errors.Is(err, http.ErrNotSupported) {
					t.Errorf("got %v; want ErrNotSupported", err)
				}
				return c.String(http.StatusNotImplemented, "no stream, then")
			})
			rec := httptest.NewRecorder()
			a.ServeHTTP(writer(rec), httptest.NewRequest(http.MethodGet, "/", nil))
			if rec.Code != http.StatusNotImplemented || rec.Body.String() != "no stream, then" || len(rec.Result().Cookies()) != 1 {
				t.Errorf("got %d %q, cookies %q; want the answer that was given instead", rec.Code, rec.Body, rec.Result().Cookies())
			}
		})
	}
}

func Test_that_a_message_told_over_a_connection_that_was_taken_over_is_told_once(t *testing.T) {
	var told, left string
	site := siteOf(t, newWire(t, http1), takeOver(func(s *session.Session) error { told = texts(s); return nil }))
	v := site.browser().begin()
	v.elsewhere(savedFlash)
	v.during(nil, "/")
	v.elsewhere(func(s *session.Session) { left = texts(s) })
	wantText(t, "over the connection", told, "Saved!")
	wantText(t, "on the next page", left, "")
}

// What is sent on the connection may be anything, so it does not count as a page that has shown
// them.
func Test_that_old_input_outlives_a_connection_that_is_taken_over(t *testing.T) {
	site := siteOf(t, newWire(t, http1), takeOver(func(s *session.Session) error { s.Has("user"); return nil }))
	v := site.browser().begin()
	v.elsewhere(func(s *session.Session) { s.FlashInputErrors(map[string][]string{"name": {"is missing"}}) })
	v.during(nil, "/", "Accept", "text/html")
	var left []string
	v.elsewhere(func(s *session.Session) { left = s.InputErrors("name") })
	if len(left) != 1 {
		t.Errorf("got %q; want the error still there", left)
	}
}

// net/http looks for FlushError; few middleware writers also have Flush.
func Test_that_a_writer_which_flushes_and_says_what_fails_is_flushed(t *testing.T) {
	itself := func(w http.ResponseWriter) http.ResponseWriter { return w }
	leadsTo := func(w http.ResponseWriter) http.ResponseWriter { return leading{w} }
	controlled := func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() }
	asserted := func(w http.ResponseWriter) error { w.(http.Flusher).Flush(); return nil }
	for _, tc := range []struct {
		claim string
		below func(http.ResponseWriter) http.ResponseWriter
		flush func(http.ResponseWriter) error
	}{
		{"by a response controller", itself, controlled},
		{"as a Flusher", itself, asserted},
		{"behind a writer that only leads to it", leadsTo, controlled},
	} {
		a := start(t, session.Config{})
		a.all(func(c echo.Context) error {
			putSeven(session.From(c))
			return tc.flush(c.Response().Writer)
		})
		w := &flushingWriter{onlyWriter: onlyWriter{httptest.NewRecorder()}}
		a.ServeHTTP(tc.below(w), httptest.NewRequest(http.MethodGet, "/", nil))
		if !w.flushed || w.Header().Get("Set-Cookie") == "" {
			t.Errorf("%s: flushed: %t, cookie %q; want both", tc.claim, w.flushed, w.Header().Get("Set-Cookie"))
		}
	}
}

type flushingWriter struct {
	onlyWriter
	flushed bool
}

func (w *flushingWriter) FlushError() error { w.flushed = true; return nil }

// onlyWriter hides the other abilities of a writer.
type onlyWriter struct{ http.ResponseWriter }

// leading is a writer with no abilities of its own beyond Unwrap.
type leading struct{ http.ResponseWriter }

func (w leading) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// writerThatCan is a response writer with optional abilities.
type writerThatCan struct {
	*httptest.ResponseRecorder
	pushed           string
	duplex, readFrom bool
}

func (w *writerThatCan) Push(target string, _ *http.PushOptions) error { w.pushed = target; return nil }

func (w *writerThatCan) EnableFullDuplex() error { w.duplex = true; return nil }

func (w *writerThatCan) ReadFrom(src io.Reader) (int64, error) {
	w.readFrom = true
	return io.Copy(w.ResponseRecorder, src)
}
