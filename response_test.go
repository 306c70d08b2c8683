package session_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

// way is a way to answer a request. The answer must be the same with sessions as without, except
// for the headers that the session adds.
type way struct {
	name    string
	method  string   // "" = GET
	header  []string // of the request: names and values alternate
	path    string
	routes  func(e *echo.Echo) // alternative to handler
	handler echo.HandlerFunc
	onError echo.HTTPErrorHandler

	flushes bool // needs a response that can be flushed
}

// setting is what is mounted around the session's middleware s.
type setting struct {
	name   string
	mount  func(s echo.MiddlewareFunc) []echo.MiddlewareFunc
	flush  bool // responses can be flushed
	errors bool // handles errors itself, and so asks the error handler twice

	// When a handler fails, Gzip and Timeout remove from the response all writers that are further
	// in.
	takesOut bool

	// WrapMiddleware is further out, and has made a second echo.Response.
	rewraps bool
}

const page = "<!doctype html><p>hello"

// large does not fit into the buffers of net/http and bufio.
var large = strings.Repeat("0123456789abcdef", 1<<10)

var errHandler = errors.New("the handler failed")

func ways(t *testing.T) []way {
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(large), 0o600); err != nil {
		t.Fatal(err)
	}
	modified := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(file, modified, modified); err != nil {
		t.Fatal(err)
	}
	serve := func(c echo.Context) error { return c.File(file) }
	static := func(e *echo.Echo) { e.Static("/", dir) }

	return []way{
		{name: "String", handler: func(c echo.Context) error { return c.String(http.StatusOK, "hello") }},
		{name: "JSON", handler: func(c echo.Context) error { return c.JSON(http.StatusCreated, map[string]int{"a": 1}) }},
		{name: "HTML", handler: func(c echo.Context) error { return c.HTML(http.StatusOK, page) }},
		{name: "Blob", handler: func(c echo.Context) error { return c.Blob(http.StatusOK, "image/png", []byte(large)) }},
		{name: "Stream", handler: func(c echo.Context) error {
			return c.Stream(http.StatusOK, "text/plain", strings.NewReader(large))
		}},
		{name: "Redirect", handler: func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/elsewhere") }},
		{name: "NoContent", handler: func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }},
		{name: "304", handler: func(c echo.Context) error { return c.NoContent(http.StatusNotModified) }},
		{name: "a page of 500", handler: func(c echo.Context) error { return c.HTML(http.StatusInternalServerError, page) }},
		{name: "nothing", handler: func(echo.Context) error { return nil }},
		{name: "HEAD", method: http.MethodHead, handler: func(c echo.Context) error { return c.String(http.StatusOK, "hello") }},
		{name: "HEAD of nothing", method: http.MethodHead, handler: func(echo.Context) error { return nil }},

		{name: "a file", handler: serve},
		{name: "a part of a file", header: []string{"Range", "bytes=100-199"}, handler: serve},
		{name: "HEAD of a file", method: http.MethodHead, handler: serve},
		{name: "a file not modified", header: []string{"If-Modified-Since", "Wed, 02 Jan 2030 03:04:05 GMT"}, handler: serve},
		{name: "e.Static", path: "page.html", routes: static},
		{name: "e.Static, a part", path: "page.html", header: []string{"Range", "bytes=5-"}, routes: static},
		{name: "e.Static, no such file", path: "missing", routes: static},
		{name: "no route", path: "missing", routes: func(*echo.Echo) {}},
		{name: "no such method", path: "x", routes: func(e *echo.Echo) {
			e.POST("/x", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
		}},

		{name: "events, write then flush", flushes: true, handler: func(c echo.Context) error {
			c.Response().Header().Set("Content-Type", "text/event-stream")
			for i := range 3 {
				fmt.Fprintf(c.Response(), "data: %d\n\n", i)
				c.Response().Flush()
			}
			return nil
		}},
		{name: "flush first", flushes: true, handler: func(c echo.Context) error {
			c.Response().Header().Set("Content-Type", "text/event-stream")
			c.Response().Flush()
			return sendEvents(c.Response())
		}},
		{name: "flush first by a ResponseController", flushes: true, handler: func(c echo.Context) error {
			c.Response().Header().Set("Content-Type", "text/event-stream")
			if err := http.NewResponseController(c.Response()).Flush(); err != nil {
				return err
			}
			return sendEvents(c.Response())
		}},
		{name: "flush first by the writer's ResponseController", flushes: true, handler: func(c echo.Context) error {
			c.Response().Header().Set("Content-Type", "text/event-stream")
			if err := http.NewResponseController(c.Response().Writer).Flush(); err != nil {
				return err
			}
			return sendEvents(c.Response())
		}},
		{name: "a flush and nothing else", flushes: true, handler: func(c echo.Context) error {
			c.Response().Flush()
			return nil
		}},

		{name: "a component, as templ renders it", flushes: true, handler: func(c echo.Context) error {
			return component(large).Render(c.Request().Context(), c.Response())
		}},
		{name: "a small component", flushes: true, handler: func(c echo.Context) error {
			return component(page).Render(c.Request().Context(), c.Response())
		}},
		{name: "an empty component", flushes: true, handler: func(c echo.Context) error {
			return component("").Render(c.Request().Context(), c.Response())
		}},
		{name: "session.Render", handler: func(c echo.Context) error {
			return session.Render(c, http.StatusOK, component(large))
		}},

		{name: "the response as a writer", handler: func(c echo.Context) error {
			_, err := io.WriteString(c.Response(), page)
			return err
		}},
		{name: "the response as a writer, twice", handler: func(c echo.Context) error {
			c.Response().WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(c.Response(), page)
			_, err := io.WriteString(c.Response(), large)
			return err
		}},
		{name: "the raw writer", handler: func(c echo.Context) error {
			_, err := c.Response().Writer.Write([]byte(page))
			return err
		}},
		{name: "the raw writer, with a status", handler: func(c echo.Context) error {
			c.Response().Writer.WriteHeader(http.StatusTeapot)
			_, err := c.Response().Writer.Write([]byte(page))
			return err
		}},
		{name: "the raw writer, a status only", handler: func(c echo.Context) error {
			c.Response().Writer.WriteHeader(http.StatusTeapot)
			return nil
		}},
		{name: "the raw writer, copied to", handler: func(c echo.Context) error {
			_, err := io.Copy(c.Response().Writer, onlyReader{strings.NewReader(large)})
			return err
		}},
		{name: "http.ServeContent", handler: func(c echo.Context) error {
			http.ServeContent(c.Response().Writer, c.Request(), "page.html", modified, strings.NewReader(large))
			return nil
		}},
		{name: "an http.Handler", handler: echo.WrapHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Own", "1")
			fmt.Fprint(w, page)
		}))},
		{name: "an http.Handler that redirects", handler: echo.WrapHandler(http.RedirectHandler("/elsewhere", http.StatusFound))},
		{name: "an http.Handler that does nothing", handler: echo.WrapHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))},

		{name: "early hints, then a page", flushes: true, handler: func(c echo.Context) error {
			c.Response().Header().Set("Link", "</style.css>; rel=preload")
			c.Response().Writer.WriteHeader(http.StatusEarlyHints)
			return c.HTML(http.StatusOK, page)
		}},
		{name: "trailers", flushes: true, handler: func(c echo.Context) error {
			c.Response().Header().Set("Trailer", "X-Sum")
			_, err := io.WriteString(c.Response(), large)
			c.Response().Header().Set("X-Sum", "42")
			return err
		}},

		{name: "an HTTP error", handler: func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot, "short and stout") }},
		{name: "any error", handler: func(echo.Context) error { return errHandler }},
		{name: "HEAD with an error", method: http.MethodHead, handler: func(echo.Context) error { return errHandler }},
		{name: "an error, after the answer", handler: func(c echo.Context) error {
			_ = c.String(http.StatusConflict, "hello")
			return errHandler
		}},
		{name: "an error, with an error page", handler: func(echo.Context) error { return errHandler }, onError: errorPage},
		{name: "an error that nobody answers", handler: func(echo.Context) error { return errHandler }, onError: func(error, echo.Context) {}},
		{name: "an error that leads elsewhere", handler: func(echo.Context) error { return errHandler }, onError: func(_ error, c echo.Context) {
			_ = c.Redirect(http.StatusSeeOther, "/sorry")
		}},
		{name: "an error, handled by somebody who ignores Committed", handler: func(echo.Context) error { return errHandler },
			onError: func(err error, c echo.Context) {
				_ = c.JSON(statusFrom(err), map[string]string{"message": http.StatusText(statusFrom(err))})
			}},
	}
}

func settings() []setting {
	around := func(name string, flush, errors bool, mw echo.MiddlewareFunc) []setting {
		rewraps := name == "WrapMiddleware" || name == "a writer of its own"
		takesOut := strings.HasPrefix(name, "Gzip") || name == "Timeout"
		return []setting{
			{name + " outside", func(s echo.MiddlewareFunc) []echo.MiddlewareFunc { return []echo.MiddlewareFunc{mw, s} }, flush, errors, takesOut, rewraps},
			{name + " inside", func(s echo.MiddlewareFunc) []echo.MiddlewareFunc { return []echo.MiddlewareFunc{s, mw} }, flush, errors, false, false},
		}
	}
	return slices.Concat(
		[]setting{
			{"alone", func(s echo.MiddlewareFunc) []echo.MiddlewareFunc { return []echo.MiddlewareFunc{s} }, true, false, false, false},
			{"mounted twice", func(s echo.MiddlewareFunc) []echo.MiddlewareFunc { return []echo.MiddlewareFunc{s, s} }, true, false, false, false},
			{"mounted twice, Gzip in between", func(s echo.MiddlewareFunc) []echo.MiddlewareFunc {
				return []echo.MiddlewareFunc{s, middleware.Gzip(), s}
			}, true, false, false, false},
		},
		around("Gzip", true, false, middleware.Gzip()),
		around("Gzip of what is long", true, false, middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 1000})),
		around("BodyDump", true, true, middleware.BodyDump(func(echo.Context, []byte, []byte) {})),
		around("RequestLogger", true, true, middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
			HandleError:   true,
			LogStatus:     true,
			LogValuesFunc: func(echo.Context, middleware.RequestLoggerValues) error { return nil },
		})),
		around("Timeout", false, false, oldTimeout()),
		around("ContextTimeout", true, false, middleware.ContextTimeout(time.Hour)),
		around("WrapMiddleware", true, false, echo.WrapMiddleware(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
		})),
		around("a writer of its own", true, false, echo.WrapMiddleware(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(wrapped{w}, r) })
		})),
		around("Recover", true, false, middleware.Recover()),
	)
}

// oldTimeout is Echo's first attempt at a time limit. It answers from another goroutine, with its
// own writer and header, and is still in use.
func oldTimeout() echo.MiddlewareFunc {
	//lint:ignore SA1019 see above
	return middleware.TimeoutWithConfig(middleware.TimeoutConfig{Timeout: time.Hour})
}

// fits says whether the way works in this setting at all, with or without sessions.
func (s setting) fits(w way) bool {
	if w.flushes && !s.flush {
		return false
	}
	// This would be two answers in one: the error handler ignores that there is one already.
	return !s.errors || !strings.Contains(w.name, "ignores Committed")
}

// site is a site that answers in this way. mount places the session's middleware among
// others.
func (w way) site(t *testing.T, wire *wire, mount func(s echo.MiddlewareFunc) []echo.MiddlewareFunc) *site {
	t.Helper()
	site := emptySite(t, wire)
	site.use(mount(site.manager.Middleware())...)
	w.answerOn(site.Echo)
	return site
}

// bare is the same site without sessions.
func (w way) bare(t *testing.T, wire *wire, mount func(s echo.MiddlewareFunc) []echo.MiddlewareFunc) *site {
	t.Helper()
	site := emptySite(t, wire)
	site.use(mount(func(next echo.HandlerFunc) echo.HandlerFunc { return next })...)
	w.answerOn(site.Echo)
	return site
}

func (w way) answerOn(e *echo.Echo) {
	if w.onError != nil {
		e.HTTPErrorHandler = w.onError
	}
	if w.routes != nil {
		w.routes(e)
		return
	}
	e.Any("/*", w.handler)
}

// ask is a request for this answer.
func (w way) ask(v *browser, work func(*session.Session)) reply {
	v.t.Helper()
	method := w.method
	if method == "" {
		method = http.MethodGet
	}
	v.work = work
	v.store.reset()
	defer func() { v.work = nil }()
	return v.send(v.request(method, "/"+w.path, nil, w.header...))
}

func Test_that_every_answer_is_as_without_sessions_and_commits(t *testing.T) {
	all := ways(t)
	onEveryWire(t, func(t *testing.T, wire *wire) {
		for _, s := range settings() {
			for _, w := range all {
				if s.fits(w) {
					t.Run(s.name+"/"+w.name, func(t *testing.T) { answersAndCommits(t, wire, w, s) })
				}
			}
		}
	})
}

// There, nobody knows yet whether there is a route.
func Test_that_it_may_be_mounted_before_the_router(t *testing.T) {
	all := ways(t)
	onEveryWire(t, func(t *testing.T, wire *wire) {
		for _, w := range all {
			t.Run(w.name, func(t *testing.T) {
				bare := w.ask(w.bare(t, wire, settings()[0].mount).browser(), nil)
				site := emptySite(t, wire)
				site.Pre(site.manager.Middleware(), site.works)
				w.answerOn(site.Echo)

				v := site.browser()
				got := w.ask(v, putSeven)
				wantSameAnswer(t, "a newcomer", got, bare, true)
				if n := len(got.ours()); n != 1 || v.number() != 7 {
					t.Errorf("got %d cookies and %d; want 1 and 7", n, v.number())
				}
				site.store.before = failing(errStoreDown, "Write")
				if w.onError == nil && w.method != http.MethodHead && !strings.Contains(w.name, "after the answer") {
					if got = w.ask(v, putSeven); got.status != http.StatusServiceUnavailable || got.body != unavailable {
						t.Errorf("the commit fails: got %d %.80q; want 503", got.status, got.body)
					}
				}
			})
		}
	})
}

// For such a status net/http panics, so no head has been sent: the error page can still follow.
func Test_that_a_status_which_is_none_becomes_an_error_page(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for _, status := range []int{0, 99, 1000} {
			site := emptySite(t, w)
			site.use(recovering, site.manager.Middleware())
			site.all(func(c echo.Context) error { return c.String(status, "ok") })

			v := site.browser()
			got := v.during(nil, "/")
			if got.status != http.StatusInternalServerError || got.body != internal {
				t.Errorf("status %d, untouched: got %d %q, %v; want 500", status, got.status, got.body, got.err)
			}
			got = v.during(putSeven, "/")
			if n := len(got.ours()); got.status != http.StatusInternalServerError || got.body != internal || n != 1 || v.number() != 7 {
				t.Errorf("status %d, changed: got %d %q, %d cookies, %v; want 500, and what was changed", status, got.status, got.body, n, got.err)
			}
		}
	})
}

// Echo takes early hints for the head, after which it would neither run a hook nor send a status.
func Test_that_early_hints_by_echo_do_not_skip_the_commit(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, goOn := range map[string]echo.HandlerFunc{
			"a page":                   func(c echo.Context) error { return c.HTML(http.StatusOK, page) },
			"a page by hand":           func(c echo.Context) error { _, err := io.WriteString(c.Response().Writer, page); return err },
			"a stream":                 func(c echo.Context) error { return c.Stream(http.StatusOK, "text/html", strings.NewReader(page)) },
			"a flush, and then a page": func(c echo.Context) error { c.Response().Flush(); return c.HTML(http.StatusOK, page) },
		} {
			t.Run(name, func(t *testing.T) {
				site := siteOf(t, w, func(c echo.Context) error {
					c.Response().WriteHeader(http.StatusEarlyHints)
					c.Response().Before(func() { c.Response().Header().Set("X-Hook", "ran") })
					return goOn(c)
				})
				v := site.browser()
				got := v.during(putSeven, "/")
				if n := len(got.ours()); got.status != http.StatusOK || got.body != page || n != 1 || len(got.hints) != 1 || v.number() != 7 {
					t.Errorf("got %d %q, %d cookies, %d hints; want 200, the page and 1 each", got.status, got.body, n, len(got.hints))
				}
				if got.header.Get("X-Hook") != "ran" {
					t.Error("a hook of Echo did not run")
				}
				site.store.before = failing(errStoreDown, "Write")
				got = v.during(putSeven, "/")
				if got.status != http.StatusServiceUnavailable || got.body != unavailable {
					t.Errorf("the commit fails: got %d %q; want 503", got.status, got.body)
				}
			})
		}
	})
}

// The status is below 200, but no other head follows.
func Test_that_switching_protocols_commits(t *testing.T) {
	p := start(t, session.Config{})
	rec := newVisitor().visit(p, func(c echo.Context) error {
		session.From(c).Put("a", 1)
		c.Response().WriteHeader(http.StatusSwitchingProtocols)
		return nil
	})
	if head := rec.Result(); head.StatusCode != http.StatusSwitchingProtocols || len(head.Cookies()) != 1 {
		t.Errorf("got %d with the cookies %v; want 101 with one", head.StatusCode, head.Cookies())
	}
}

func answersAndCommits(t *testing.T, wire *wire, w way, s setting) {
	without := w.bare(t, wire, s.mount)
	bare := w.ask(without.browser(), nil)
	tolerated := wire.log.take() + without.echoLog.take()
	site := w.site(t, wire, s.mount)
	visit := func(what string, v *browser, work func(*session.Session), cookies, reads, writes int) {
		t.Helper()
		got := w.ask(v, work)
		if n := len(got.ours()); n != cookies {
			t.Errorf("%s: got %d cookies; want %d", what, n, cookies)
		}
		wantSameAnswer(t, what, got, bare, work != nil)
		if complaint := wire.log.take() + site.echoLog.take(); complaint != "" && tolerated == "" && bare.err == nil {
			t.Errorf("%s: net/http or Echo complains %q", what, complaint)
		}
		if r, w, n := site.store.count("Read"), site.store.count("Write"), site.store.count(""); r != reads || w != writes || n != r+w {
			t.Errorf("%s: got %d reads, %d writes, %d calls; want %d, %d and no other", what, r, w, n, reads, writes)
		}
	}

	newcomer := site.browser()
	visit("a newcomer", newcomer, putSeven, 1, 0, 1)
	if n := newcomer.number(); n != 7 {
		t.Errorf("a newcomer's change was not saved: got %d", n)
	}
	visit("known, untouched", newcomer, nil, 0, 0, 0)
	if s.name != "alone" {
		return
	}

	visit("nobody, untouched", site.browser(), nil, 0, 0, 0)
	visit("nobody, read", site.browser(), read, 0, 0, 0)
	known := site.browser().begin()
	visit("known, read", known, read, 0, 1, 0)
	visit("known, changed", known, putSeven, 0, 1, 1)
	if n := known.number(); n != 7 {
		t.Errorf("the change was not saved: got %d", n)
	}
}

// wantSameAnswer checks that got is the same as bare, except for what the session adds.
func wantSameAnswer(t *testing.T, what string, got, bare reply, touched bool) {
	t.Helper()
	if fmt.Sprint(got.err) != fmt.Sprint(bare.err) { // here, Gzip can only cut off a flush
		t.Errorf("%s: the answer broke off: %v; want %v", what, got.err, bare.err)
	}
	if got.status != bare.status {
		t.Errorf("%s: got status %d; want %d", what, got.status, bare.status)
	}
	if got.body != bare.body {
		t.Errorf("%s: got body %.80q; want %.80q", what, got.body, bare.body)
	}
	want := bare.header.Clone()
	if touched {
		want.Set("Vary", strings.Join(append(want["Vary"], "Cookie"), ", "))
	}
	if cookies := got.ours(); len(cookies) > 0 {
		want["Set-Cookie"] = append(want["Set-Cookie"], cookies...)
		want.Set("Cache-Control", "no-store")
	}
	wantSameHeader(t, what, got.header, want)
	wantSameHeader(t, what+", trailer", got.trailer, bare.trailer)
	if len(got.hints) != len(bare.hints) {
		t.Errorf("%s: got %d early hints; want %d", what, len(got.hints), len(bare.hints))
	}
	for i, hint := range got.hints {
		wantSameHeader(t, what+", early hints", http.Header(hint), http.Header(bare.hints[i]))
	}
}

func wantSameHeader(t *testing.T, what string, got, want http.Header) {
	t.Helper()
	names := map[string]bool{}
	for name := range got {
		names[name] = true
	}
	for name := range want {
		names[name] = true
	}
	for name := range names {
		v, w := slices.Sorted(slices.Values(got[name])), slices.Sorted(slices.Values(want[name]))
		if !slices.Equal(v, w) {
			t.Errorf("%s: got %s: %q; want %q", what, name, v, w)
		}
	}
}

func sendEvents(w interface {
	io.Writer
	http.Flusher
}) error {
	for i := range 3 {
		if _, err := fmt.Fprintf(w, "data: %d\n\n", i); err != nil {
			return err
		}
		w.Flush()
	}
	return nil
}

// component renders like templ: through a buffer, with a flush at the end.
type component string

func (text component) Render(_ context.Context, w io.Writer) error {
	buf := bufio.NewWriterSize(w, 4096)
	_, _ = bytes.NewBufferString(string(text)).WriteTo(buf)
	err := buf.Flush()
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	return err
}

// onlyReader hides that a reader can write itself, so that io.Copy looks for ReadFrom.
type onlyReader struct{ io.Reader }

// wrapped is the writer of some middleware for net/http.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w wrapped) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// errorPage is an application's own error handler, written as in Echo's guide.
func errorPage(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	_ = c.HTML(statusFrom(err), "<h1>Sorry</h1>")
}

func statusFrom(err error) int {
	var he *echo.HTTPError
	if errors.As(err, &he) {
		return he.Code
	}
	return http.StatusInternalServerError
}
