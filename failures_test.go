package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

const (
	unavailable = `{"message":"Service Unavailable"}` + "\n"
	internal    = `{"message":"Internal Server Error"}` + "\n"
)

func Test_that_a_failed_commit_is_an_ordinary_error_however_the_handler_answers(t *testing.T) {
	all := ways(t)
	onEveryWire(t, func(t *testing.T, wire *wire) {
		for _, s := range settings() {
			for _, w := range all {
				if s.fits(w) && !w.losesStatus(s) {
					t.Run(s.name+"/"+w.name, func(t *testing.T) {
						site := w.site(t, wire, s.mountWithHeaders)
						v := site.browser()
						site.store.before = failing(errStoreDown, "Write")
						wantFailure(t, site, w, w.ask(v, putSeven), http.StatusServiceUnavailable, unavailable)
						if site.store.count("Write") != 1 {
							t.Errorf("got %d writes; want 1", site.store.count("Write"))
						}
						if got := len(site.hooked("StoreError")); got != 1 {
							t.Errorf("the hook was told %d times; want 1", got)
						}
					})
				}
			}
		}
	})
}

func Test_that_a_failed_load_never_looks_like_being_logged_out(t *testing.T) {
	all := ways(t)
	onEveryWire(t, func(t *testing.T, wire *wire) {
		for _, s := range settings() {
			for _, w := range all {
				if s.fits(w) && !w.losesStatus(s) {
					t.Run(s.name+"/"+w.name, func(t *testing.T) {
						site := w.site(t, wire, s.mountWithHeaders)
						v := site.browser().begin()
						site.store.before = failing(errStoreDown, "Read")
						got := w.ask(v, read)
						if got.status == http.StatusInternalServerError && (w.name == "a page of 500" || s.errors) {
							return // the application has noticed itself, and has a page for it
						}
						wantFailure(t, site, w, got, http.StatusServiceUnavailable, unavailable)
						if site.store.count("Read") != 1 || site.store.count("Write") != 0 {
							t.Errorf("got %d reads, %d writes; want 1, 0", site.store.count("Read"), site.store.count("Write"))
						}
					})
				}
			}
		}
	})
}

func Test_that_what_cannot_be_stored_is_an_error_500(t *testing.T) {
	all := ways(t)
	onEveryWire(t, func(t *testing.T, wire *wire) {
		for _, w := range all {
			t.Run(w.name, func(t *testing.T) {
				site := w.site(t, wire, settings()[0].mountWithHeaders)
				v := site.browser().begin()
				got := w.ask(v, func(s *session.Session) {
					s.Put("n", 8)
					s.Put("c", make(chan int))
				})
				if n := v.number(); n != 0 {
					t.Errorf("half of the changes were saved")
				}
				if w.name == "a page of 500" {
					return // the application has noticed itself
				}
				wantFailure(t, site, w, got, http.StatusInternalServerError, internal)
				var encode *session.EncodeError
				if !errors.As(site.failure(), &encode) || encode.Key != "c" {
					t.Errorf("got %v; want an EncodeError", site.failure())
				}
			})
		}
	})
}

// mountWithHeaders is mount, plus middleware further out that sets headers for any answer, and
// middleware further in that sets headers for this answer.
func (s setting) mountWithHeaders(mw echo.MiddlewareFunc) []echo.MiddlewareFunc {
	all := []echo.MiddlewareFunc{setHeaders(generalHeaders)}
	all = append(all, s.mount(mw)...)
	return append(all, setHeaders(answerHeaders))
}

// losesStatus is for a way that Echo handles wrongly: the outer of two echo.Responses takes 103 for
// the answer, and drops the status that follows.
func (w way) losesStatus(s setting) bool { return w.name == "early hints, then a page" && s.rewraps }

// generalHeaders suit any answer, answerHeaders only a successful one.
var (
	generalHeaders = []string{"X-Request-Id", "Access-Control-Allow-Origin", "Strict-Transport-Security", "Content-Security-Policy"}
	answerHeaders  = []string{"HX-Redirect", "HX-Trigger", "HX-Push-Url", "Location", "Refresh", "Set-Cookie",
		"Content-Disposition", "Content-Language", "ETag", "Last-Modified", "Expires", "Repr-Digest",
		"CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires"} // a cache would keep the error, whatever Cache-Control says
)

func setHeaders(names []string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			for _, name := range names {
				c.Response().Header().Set(name, "theirs=1")
			}
			return next(c)
		}
	}
}

// wantFailure checks that got is Echo's answer to an error, and contains nothing of the handler's
// answer.
func wantFailure(t *testing.T, site *site, w way, got reply, status int, body string) {
	t.Helper()
	wantError(t, site.failure(), status)
	if w.name == "an error that nobody answers" {
		status, body = http.StatusOK, "" // from net/http: the error handler did not answer
	}
	if w.name == "an error, with an error page" {
		body = "<h1>Sorry</h1>"
	}
	if w.method == http.MethodHead {
		body = ""
	}
	if got.err != nil {
		t.Errorf("the answer broke off: %v", got.err)
	}
	if got.status != status || got.body != body {
		t.Errorf("got %d %.80q; want %d %q", got.status, got.body, status, body)
	}
	for _, name := range slices.Concat(answerHeaders, []string{"Link", "Accept-Ranges", "Content-Range"}) {
		if v := got.header.Values(name); v != nil {
			t.Errorf("got %s: %q", name, v)
		}
	}
	for _, name := range generalHeaders {
		if got.header.Get(name) == "" {
			t.Errorf("%s has gone", name)
		}
	}
	if got := got.header.Get("Cache-Control"); got != "no-store" && status >= 500 {
		t.Errorf("got Cache-Control: %q; want no-store", got)
	}
	if got := got.header.Get("Retry-After"); (got == "1") != (status == http.StatusServiceUnavailable) {
		t.Errorf("got Retry-After: %q with a %d", got, status)
	}
	for name := range got.trailer {
		t.Errorf("got trailer %s", name)
	}
}

// wantError checks what an outer middleware sees.
func wantError(t *testing.T, err error, status int) {
	t.Helper()
	var he *echo.HTTPError
	if !errors.As(err, &he) || he.Code != status {
		t.Errorf("outer middleware sees %v; want an HTTP error %d", err, status)
	}
	if status == http.StatusServiceUnavailable && (!errors.Is(err, errStoreDown) || !errors.Is(err, session.ErrUnavailable)) {
		t.Errorf("outer middleware sees %v; want the store's error in it", err)
	}
}

func Test_that_a_route_may_do_without_the_session(t *testing.T) {
	answer := func(c echo.Context) error {
		s := session.From(c)
		switch c.QueryParam("change") {
		case "good":
			s.Put("n", 7)
		case "bad":
			s.Put("c", make(chan int))
		}
		return c.String(http.StatusOK, map[bool]string{true: "hello, stranger", false: "hello again"}[!s.Has("began")])
	}
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := emptySite(t, w)
		site.use(site.manager.Middleware())
		site.GET("/", answer, session.Optional)
		v := site.browser().begin()
		if got := v.get("/"); got.body != "hello again" {
			t.Errorf("got %q", got.body)
		}

		site.store.before = failing(errStoreDown, "Read")
		got := v.get("/")
		if got.status != http.StatusOK || got.body != "hello, stranger" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %d %q, Cache-Control %q; want an empty session, not cached", got.status, got.body, got.header.Get("Cache-Control"))
		}
		for change, status := range map[string]int{"good": http.StatusServiceUnavailable, "bad": http.StatusInternalServerError} {
			if got := v.get("/?change=" + change); got.status != status || got.ours() != nil {
				t.Errorf("a %s change: got %d, cookies %q; want %d", change, got.status, got.ours(), status)
			}
		}
	})
}

// A logger further out must report what the visitor gets.
func Test_that_outer_middleware_sees_the_response_as_it_is(t *testing.T) {
	type view struct {
		status    int
		size      int64
		committed bool
	}
	seenOn := func(res *echo.Response) view { return view{res.Status, res.Size, res.Committed} }
	seen := func(c echo.Context) view { return seenOn(c.Response()) }
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, inside := range map[string][]echo.MiddlewareFunc{"alone": nil, "Gzip inside": {middleware.Gzip()}, "Timeout inside": {oldTimeout()}} {
			t.Run(name, func(t *testing.T) {
				var before, after view
				site := emptySite(t, w)
				site.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
					return func(c echo.Context) error {
						err := next(c)
						before = seen(c)
						c.Error(err)
						after = seen(c)
						return err
					}
				})
				site.use(append([]echo.MiddlewareFunc{site.manager.Middleware()}, inside...)...)
				site.all(func(c echo.Context) error { return c.HTML(http.StatusAccepted, large) })
				site.store.before = failing(errStoreDown, "Write")
				site.browser().during(putSeven, "/")
				if want := (view{status: http.StatusOK}); before != want {
					t.Errorf("before the error answer: got %+v; want %+v", before, want)
				}
				if want := (view{http.StatusServiceUnavailable, int64(len(unavailable)), true}); after != want {
					t.Errorf("after it: got %+v; want %+v", after, want)
				}

				const stream = "a stream that is flushed first is withheld"
				for claim, handler := range map[string]echo.HandlerFunc{
					"an error handler's own answer is withheld": func(echo.Context) error { return errHandler },
					stream: func(c echo.Context) error {
						putSeven(session.From(c))
						c.Response().Flush()
						return c.String(http.StatusOK, page)
					},
				} {
					if claim == stream && name == "Timeout inside" {
						continue // it cannot flush at all
					}
					var logged view
					site = emptySite(t, w)
					site.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
						return func(c echo.Context) error {
							res := c.Response() // as Echo's loggers do
							err := next(c)
							c.Error(err)
							after, logged = seen(c), seenOn(res)
							return err
						}
					})
					site.use(append([]echo.MiddlewareFunc{site.manager.Middleware()}, inside...)...)
					site.HTTPErrorHandler = func(err error, c echo.Context) {
						if statusFrom(err) == http.StatusServiceUnavailable {
							errorPage(err, c)
							return
						}
						putSeven(session.From(c))
						_ = c.Redirect(http.StatusSeeOther, "/sorry")
					}
					site.all(handler)
					site.store.before = failing(errStoreDown, "Write")
					got := site.browser().during(nil, "/")
					want := view{http.StatusServiceUnavailable, int64(len(got.body)), true}
					if got.status != want.status || after != want || logged != want {
						t.Errorf("%s: middleware sees %+v and logs %+v; want %+v, as the visitor has got %d", claim, after, logged, want, got.status)
					}
				}
			})
		}
	})
}

// The error handler has nobody to return an error to. Its answer counts as an answer like any
// other.
func Test_that_the_answer_of_an_error_handler_commits_or_fails(t *testing.T) {
	sorry := func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/sorry") }
	handlers := map[string]func(site *site) echo.HTTPErrorHandler{
		"flashes and redirects": func(*site) echo.HTTPErrorHandler {
			return func(_ error, c echo.Context) {
				s := session.From(c)
				s.FlashError("sorry")
				s.Put("n", 7)
				_ = sorry(c)
			}
		},
		"flashes and redirects, but not for 503": func(*site) echo.HTTPErrorHandler {
			return func(err error, c echo.Context) {
				if statusFrom(err) == http.StatusServiceUnavailable {
					errorPage(err, c)
					return
				}
				s := session.From(c)
				s.FlashError("sorry")
				s.Put("n", 7)
				_ = sorry(c)
			}
		},
		"changes the session, then leaves it to Echo": func(site *site) echo.HTTPErrorHandler {
			return func(err error, c echo.Context) {
				session.From(c).Put("n", 7)
				site.DefaultHTTPErrorHandler(err, c)
			}
		},
		"changes the session, and flushes first": func(*site) echo.HTTPErrorHandler {
			return func(_ error, c echo.Context) {
				session.From(c).Put("n", 7)
				c.Response().Flush()
				_, _ = c.Response().Write([]byte(page))
			}
		},
		"changes the session, and uses the raw writer": func(*site) echo.HTTPErrorHandler {
			return func(_ error, c echo.Context) {
				session.From(c).Put("n", 7)
				_, _ = c.Response().Writer.Write([]byte(page))
			}
		},
	}
	onEveryWire(t, func(t *testing.T, w *wire) {
		for _, s := range settings() {
			for name, handler := range handlers {
				flushes := name == "changes the session, and flushes first"
				raw := name == "changes the session, and uses the raw writer"
				if flushes && !s.flush {
					continue // this setting cannot flush at all
				}
				if s.takesOut && (flushes || raw) {
					continue // a known limit: our writer is removed, and Echo runs no hook; see docs/design.md
				}
				t.Run(s.name+"/"+name, func(t *testing.T) {
					site := emptySite(t, w)
					site.use(s.mount(site.manager.Middleware())...)
					site.HTTPErrorHandler = handler(site)
					site.all(func(echo.Context) error { return errHandler })

					v := site.browser()
					got := v.during(nil, "/")
					if n := len(got.ours()); n != 1 || site.store.count("Write") != 1 && !s.errors {
						t.Errorf("a newcomer: got %d cookies, %d writes; want 1 each", n, site.store.count("Write"))
					}
					if n := v.number(); n != 7 {
						t.Errorf("a newcomer: the change was not saved: got %d", n)
					}

					site.store.before = failing(errStoreDown, "Write")
					got = site.browser().during(nil, "/")
					if got.status != http.StatusServiceUnavailable || got.header.Get("Location") != "" || got.ours() != nil || got.err != nil {
						t.Errorf("the commit fails: got %d %q, Location %q, cookies %q, %v; want 503", got.status, got.body, got.header.Get("Location"), got.ours(), got.err)
					}
					want := unavailable
					if name == "flashes and redirects, but not for 503" {
						want = "<h1>Sorry</h1>"
					}
					if got.body != want {
						t.Errorf("the commit fails: got %q; want %q", got.body, want)
					}
				})
			}
		}
	})
}

func Test_that_a_panic_commits_if_there_is_an_answer(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for _, s := range settings() {
			for name, mount := range map[string]func(s echo.MiddlewareFunc) []echo.MiddlewareFunc{
				"Recover outermost": func(mw echo.MiddlewareFunc) []echo.MiddlewareFunc {
					return append([]echo.MiddlewareFunc{recovering}, s.mount(mw)...)
				},
				"Recover innermost": func(mw echo.MiddlewareFunc) []echo.MiddlewareFunc { return append(s.mount(mw), recovering) },
				"Recover outside of a tracer": func(mw echo.MiddlewareFunc) []echo.MiddlewareFunc {
					return append([]echo.MiddlewareFunc{recovering, tracer, middleware.ContextTimeout(time.Hour)}, s.mount(mw)...)
				},
			} {
				t.Run(s.name+"/"+name, func(t *testing.T) {
					site := emptySite(t, w)
					site.use(mount(site.manager.Middleware())...)
					site.all(func(echo.Context) error { panic(errHandler) })

					v := site.browser()
					got := v.during(putSeven, "/")
					if n := len(got.ours()); got.status != http.StatusInternalServerError || got.body != internal || n != 1 || site.store.count("Write") != 1 {
						t.Errorf("got %d %q, %d cookies, %d writes, %v; want 500 and 1 each", got.status, got.body, n, site.store.count("Write"), got.err)
					}
					if n := v.number(); n != 7 {
						t.Errorf("the change was not saved: got %d", n)
					}

					site.store.before = failing(errStoreDown, "Write")
					got = site.browser().during(putSeven, "/")
					if got.status != http.StatusServiceUnavailable || got.body != unavailable || got.ours() != nil || got.err != nil {
						t.Errorf("the commit fails: got %d %q, cookies %q, %v; want 503", got.status, got.body, got.ours(), got.err)
					}
				})
			}
		}
	})
}

// tracer puts a span into the context of the request, and the request back, as otelecho does.
func tracer(next echo.HandlerFunc) echo.HandlerFunc {
	type spanKey struct{}
	return func(c echo.Context) error {
		r := c.Request()
		defer c.SetRequest(r)
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), spanKey{}, "span")))
		return next(c)
	}
}

func Test_that_a_panic_without_an_answer_commits_nothing(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, func(echo.Context) error { panic(http.ErrAbortHandler) })
		if got := site.browser().during(putSeven, "/"); got.err == nil || site.store.count("") != 0 {
			t.Errorf("got %d, %d store calls; want a broken connection and none", got.status, site.store.count(""))
		}
	})
}

func Test_that_a_panic_after_a_withheld_answer_is_answered(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := emptySite(t, w)
		site.use(recovering, site.manager.Middleware())
		site.all(func(c echo.Context) error {
			_ = c.Redirect(http.StatusSeeOther, "/elsewhere")
			panic(errHandler)
		})
		site.store.before = failing(errStoreDown, "Write")
		got := site.browser().during(putSeven, "/")
		if got.status != http.StatusInternalServerError || got.body != internal || got.header.Get("Location") != "" {
			t.Errorf("got %d %q, Location %q, %v; want 500", got.status, got.body, got.header.Get("Location"), got.err)
		}
	})
}

// httputil.ReverseProxy aborts, which cuts the connection, if it cannot write.
func Test_that_a_proxy_whose_answer_is_withheld_is_a_clean_error(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := middleware.Proxy(middleware.NewRandomBalancer([]*middleware.ProxyTarget{{URL: target}}))
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := emptySite(t, w)
		site.use(recovering, site.manager.Middleware())
		site.all(proxy(nil))
		if got := site.browser().during(putSeven, "/"); got.status != http.StatusOK || got.body != "hello" {
			t.Errorf("got %d %q, %v; want what comes from behind the proxy", got.status, got.body, got.err)
		}
		site.store.before = failing(errStoreDown, "Write")
		if got := site.browser().during(putSeven, "/"); got.status != http.StatusServiceUnavailable || got.body != unavailable {
			t.Errorf("got %d %q, %v; want 503", got.status, got.body, got.err)
		}
	})
}

func Test_that_an_error_page_does_not_ask_a_store_that_has_panicked(t *testing.T) {
	store := newWatched()
	store.before = func(c call) error { panic(errStoreDown) }
	p, v := start(t, session.Config{Store: store}), newVisitor()
	p.Pre(recovering)
	p.HTTPErrorHandler = func(_ error, c echo.Context) {
		_ = c.String(http.StatusInternalServerError, fmt.Sprint("Sorry", session.From(c).FlashMessages().Alerts()))
	}
	v.cookies[cookieName] = newID(1)
	rec := v.do(p, read)
	if rec.Code != http.StatusInternalServerError || rec.Body.String() != "Sorry[]" || store.count("Read") != 1 {
		t.Errorf("got %d %q after %d reads", rec.Code, rec.Body, store.count("Read"))
	}
}

func Test_that_a_panic_in_a_commit_is_answered(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for _, tc := range []struct {
			desc   string
			broken func() error
			within bool // Recover is further in
		}{
			{"of the store", func() error { panic(errStoreDown) }, false},
			{"of an Update that is run again", func() error { return session.ErrConflict }, false},
			{"of the store, with Recover inside", func() error { panic(errStoreDown) }, true},
			{"of an Update, with Recover inside", func() error { return session.ErrConflict }, true},
		} {
			t.Run(tc.desc, func(t *testing.T) {
				site := emptySite(t, w)
				mw := []echo.MiddlewareFunc{recovering, site.manager.Middleware()}
				if tc.within {
					slices.Reverse(mw)
				}
				site.use(mw...)
				site.all(func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/elsewhere") })
				v := site.browser().begin()
				site.work = func(s *session.Session) {
					ran := false
					session.Update(s, "n", func(int) int {
						if ran {
							panic(errHandler)
						}
						ran = true
						return 7
					})
				}
				site.store.before = func(c call) error {
					if c.method == "Write" {
						return tc.broken()
					}
					return nil
				}
				got := v.send(v.request(http.MethodPost, "/", nil)) // a GET would be sent again if the connection breaks
				site.store.before = nil
				if got.status != http.StatusInternalServerError || got.body != internal || got.header.Get("Location") != "" {
					t.Errorf("got %d %q, Location %q, %v; want 500", got.status, got.body, got.header.Get("Location"), got.err)
				}
				if n := v.number(); n != 0 {
					t.Errorf("the change was saved: got %d", n)
				}
			})
		}
	})
}

// An empty response would be taken for success, and htmx follows a header whatever the status.
func Test_that_a_panic_in_a_commit_is_never_a_success(t *testing.T) {
	asLogger := func(next echo.HandlerFunc) echo.HandlerFunc { // Echo's logger answers errors, too
		return func(c echo.Context) error {
			if err := next(c); err != nil {
				c.Error(err)
			}
			return nil
		}
	}
	change := func(c echo.Context) {
		session.From(c).Put("n", 7)
		c.Response().Header().Set("HX-Redirect", "/done")
	}
	onEveryWire(t, func(t *testing.T, w *wire) {
		for claim, page := range map[string]echo.HandlerFunc{
			"after an error, whose page changes something": func(echo.Context) error { return echo.ErrNotFound },
			"after a handler that writes nothing":          func(c echo.Context) error { change(c); return nil },
			"in a stream that goes on": func(c echo.Context) error {
				change(c)
				for range 2 {
					func() {
						defer swallow()
						c.Response().Flush()
					}()
				}
				return nil
			},
		} {
			t.Run(claim, func(t *testing.T) {
				site := emptySite(t, w)
				site.use(recovering, asLogger, site.manager.Middleware())
				site.all(page)
				site.HTTPErrorHandler = func(err error, c echo.Context) {
					session.From(c).Put("n", 7)
					site.DefaultHTTPErrorHandler(err, c)
				}
				v := site.browser().begin()
				site.store.before = func(c call) error {
					if c.method == "Write" {
						panic(errStoreDown)
					}
					return nil
				}
				got := v.send(v.request(http.MethodPost, "/", nil)) // a GET would be sent again if the connection breaks
				site.store.before = nil
				if to := got.header.Get("HX-Redirect"); got.status != http.StatusInternalServerError || got.body != internal || to != "" {
					t.Errorf("got %d %q, HX-Redirect %q, %v; want 500", got.status, got.body, to, got.err)
				}
				if n := v.number(); n != 0 {
					t.Errorf("the change was saved: got %d", n)
				}
			})
		}
	})
}

func swallow() { _ = recover() }

// The server in front would send that file, whatever the error page says.
func Test_that_a_withheld_answer_names_no_file(t *testing.T) {
	for _, name := range []string{"X-Accel-Redirect", "X-Sendfile", "X-Lighttpd-Send-File"} {
		t.Run(name, func(t *testing.T) {
			onEveryWire(t, func(t *testing.T, w *wire) {
				site := siteOf(t, w, func(c echo.Context) error {
					session.From(c).Put("n", 8)
					c.Response().Header().Set(name, "/protected/report.pdf")
					return c.NoContent(http.StatusOK)
				})
				v := site.browser().begin()
				site.store.before = failing(errStoreDown, "Write")
				got := v.during(nil, "/")
				if file := got.header.Get(name); got.status != http.StatusServiceUnavailable || file != "" {
					t.Errorf("got %d, %s %q, %v; want 503 without it", got.status, name, file, got.err)
				}
			})
		})
	}
}

func Test_that_a_withheld_answer_leaves_none_of_its_trailers(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, func(c echo.Context) error {
			session.From(c).Put("n", 8)
			h := c.Response().Header()
			h.Set("Trailer", "X-Sum, x-status")
			_ = c.String(http.StatusOK, "text")
			h.Set("X-Sum", "42")
			h.Set("X-Status", "0")
			return nil
		})
		v := site.browser().begin()
		site.store.before = failing(errStoreDown, "Write")
		got := v.during(nil, "/")
		if sum, status := got.header.Get("X-Sum"), got.header.Get("X-Status"); got.status != http.StatusServiceUnavailable || sum+status != "" {
			t.Errorf("got %d with the headers %q and %q; want 503 without them", got.status, sum, status)
		}
		if len(got.trailer) > 0 {
			t.Errorf("it has the trailers %v", got.trailer)
		}
	})
}

func Test_that_an_error_page_says_nothing_of_what_was_withheld(t *testing.T) {
	said := func(c echo.Context) string {
		s := session.From(c)
		if user := session.Get[string](s, "user"); user != "" {
			return "Hello, " + user + ". " + texts(s)
		}
		return texts(s)
	}
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, work := range map[string]func(*session.Session){
			"a message":                 func(s *session.Session) { s.FlashSuccess("It is in your cart.") },
			"a message for this page":   func(s *session.Session) { s.FlashNow(session.KindSuccess, "It is in your cart.") },
			"who is logged in":          func(s *session.Session) { s.Regenerate(); s.Put("user", "Ann") },
			"a message after a log-out": func(s *session.Session) { s.Destroy(); s.FlashSuccess("Good-bye.") },
		} {
			for cause, fail := range map[string]func(call) error{
				"the commit fails": failing(errStoreDown, "Write", "Destroy"),
				"the load fails":   failing(errStoreDown, "Read"),
			} {
				t.Run(name+"/"+cause, func(t *testing.T) {
					site := siteOf(t, w, func(c echo.Context) error {
						session.From(c).Put("n", 8)
						return c.HTML(http.StatusOK, said(c))
					})
					site.HTTPErrorHandler = func(err error, c echo.Context) {
						session.From(c).FlashNow(session.KindError, "Sorry.")
						_ = c.HTML(statusFrom(err), said(c))
					}
					v := site.browser().begin()
					site.store.before = fail
					if got := v.during(work, "/"); got.status != http.StatusServiceUnavailable || got.body != "Sorry." {
						t.Errorf("got %d %q, %v; want 503 and the error alone", got.status, got.body, got.err)
					}
				})
			}
		}
	})
}

func Test_that_an_error_page_for_a_handler_that_sent_nothing_says_nothing_of_what_was_withheld(t *testing.T) {
	p := start(t, session.Config{})
	p.HTTPErrorHandler = func(_ error, c echo.Context) {
		s := session.From(c)
		_ = c.HTML(http.StatusInternalServerError, session.Get(s, "user", "Nobody")+texts(s))
	}
	for does, finish := range map[string]func(c echo.Context) error{
		"returns": func(echo.Context) error { return nil },
		"takes over, in vain, and shows the page": func(c echo.Context) error {
			_, _, err := c.Response().Hijack()
			p.HTTPErrorHandler(err, c)
			return nil
		},
		"returns that": func(c echo.Context) error { return session.From(c).Err() },
	} {
		rec := newVisitor().visit(p, func(c echo.Context) error {
			s := session.From(c)
			s.Put("user", "Ann")
			s.FlashSuccess("Hello.")
			s.FlashNow(session.KindSuccess, "Welcome.")
			s.Put("no JSON", func() {})
			return finish(c)
		})
		if got := rec.Body.String(); got != "Nobody" {
			t.Errorf("a handler that %s: the page says %q", does, got)
		}
	}
}

func Test_that_an_error_page_knows_what_was_saved_before(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		var site *site
		site = siteOf(t, w, func(c echo.Context) error {
			s := session.From(c)
			s.Put("user", "Ann")
			if err := s.Save(c.Request().Context()); err != nil {
				return err
			}
			site.store.before = failing(errStoreDown, "Write")
			s.Put("n", 8)
			return c.HTML(http.StatusOK, page)
		})
		site.HTTPErrorHandler = func(err error, c echo.Context) {
			_ = c.HTML(statusFrom(err), "Sorry, "+session.Get[string](session.From(c), "user"))
		}
		if got := site.browser().begin().get("/"); got.status != http.StatusServiceUnavailable || got.body != "Sorry, Ann" {
			t.Errorf("got %d %q, %v; want 503 and the user", got.status, got.body, got.err)
		}
	})
}

func Test_that_an_error_page_knows_what_was_saved_in_a_cookie_before_and_no_more(t *testing.T) {
	for _, tc := range []struct {
		claim string
		does  func(*session.Session) // before it saves
		want  string
	}{
		{"a change", put("user", "Ann"), "Ann"},
		{"what prolongs the session", read, "Nobody"},
	} {
		p, v := startSealed(t), newVisitor()
		p.HTTPErrorHandler = func(err error, c echo.Context) {
			_ = c.HTML(statusFrom(err), session.Get(session.From(c), "user", "Nobody"))
		}
		v.must(t, p, putSeven)
		p.clock.advance(time.Hour)
		rec := v.do(p, func(s *session.Session) {
			tc.does(s)
			if err := s.Save(t.Context()); err != nil {
				t.Error(err)
			}
			s.Put("user", "Ann")
			s.Put("n", strings.Repeat("7", 9000)) // does not fit
		})
		if got := rec.Body.String(); rec.Code != http.StatusInternalServerError || got != tc.want {
			t.Errorf("%s: got %d %.40q; want 500 and %s", tc.claim, rec.Code, got, tc.want)
		}
	}
}

// A login that fails must not be greeted, although a commit before it has succeeded: that one had nothing
// to store.
func Test_that_an_error_page_knows_nothing_of_a_change_that_fails_after_a_commit_without_one(t *testing.T) {
	login := put("user", "Ann")
	for _, tc := range []struct {
		claim  string
		values func(*session.Session) // of the session before
		page   func(c echo.Context, p *process, v *visitor) error
	}{
		{"a commit that prolongs the session", putSeven, func(c echo.Context, p *process, _ *visitor) error {
			p.clock.advance(time.Hour)
			return session.From(c).Save(t.Context())
		}},
		{"a commit with nothing to store", (*session.Session).Destroy, func(c echo.Context, _ *process, _ *visitor) error {
			s := session.From(c)
			s.Put("n", 7)
			s.Forget("n")
			return s.Save(t.Context())
		}},
		{"a page with a message of a session that has moved", savedFlash, func(c echo.Context, p *process, v *visitor) error {
			v.clone().must(t, p, (*session.Session).Regenerate)
			c.Response().Before(func() { login(session.From(c)) })
			return session.Render(c, http.StatusOK, alertsComponent)
		}},
	} {
		store := newWatched()
		p, v := start(t, session.Config{Store: store}), newVisitor()
		p.HTTPErrorHandler = func(err error, c echo.Context) {
			_ = c.HTML(statusFrom(err), session.Get(session.From(c), "user", "Nobody"))
		}
		v.must(t, p, tc.values)
		rec := v.visit(p, func(c echo.Context) error {
			session.From(c).Has("") // loads
			if err := tc.page(c, p, v); err != nil || c.Response().Committed {
				return err
			}
			store.before = failing(errStoreDown, "Write")
			login(session.From(c))
			return c.HTML(http.StatusOK, page)
		})
		if got := rec.Body.String(); rec.Code != http.StatusServiceUnavailable || got != "Nobody" {
			t.Errorf("%s: got %d %q; want 503 and nobody's name", tc.claim, rec.Code, got)
		}
	}
}

// A stream that ignores its errors does not return, so the answer must not wait for it.
func Test_that_a_stream_whose_commit_fails_is_answered_at_once(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, begin := range map[string]func(c echo.Context){
			"flush first": func(c echo.Context) { c.Response().Flush() },
			"write, then flush": func(c echo.Context) {
				_, _ = c.Response().Write([]byte("data: 0\n\n"))
				c.Response().Flush()
			},
		} {
			t.Run(name, func(t *testing.T) {
				answered := make(chan struct{})
				var write, flush error
				site := siteOf(t, w, func(c echo.Context) error {
					begin(c)
					<-answered
					_, write = c.Response().Write([]byte("data: 1\n\n"))
					flush = http.NewResponseController(c.Response().Writer).Flush()
					return nil
				})
				site.store.before = failing(errStoreDown, "Write")
				site.work = putSeven
				v := site.browser()
				resp, err := v.client.Do(v.request(http.MethodGet, "/", nil))
				close(answered)
				if err != nil {
					t.Fatal(err)
				}
				body := readAll(t, resp)
				if resp.StatusCode != http.StatusServiceUnavailable || body != unavailable {
					t.Errorf("got %d %q; want 503", resp.StatusCode, body)
				}
				if write == nil || flush == nil {
					t.Errorf("the stream went on: Write %v, Flush %v", write, flush)
				}
				wantError(t, site.failure(), http.StatusServiceUnavailable)
			})
		}
	})
}

func Test_that_no_change_passes_on_a_route_that_may_do_without_its_session(t *testing.T) {
	for name, work := range map[string]func(*session.Session){
		"Put":             put("user", 2),
		"Forget":          func(s *session.Session) { s.Forget("user") },
		"Pull":            func(s *session.Session) { session.Pull[int](s, "user") },
		"Clear":           (*session.Session).Clear,
		"Destroy":         (*session.Session).Destroy,
		"PullIntendedURL": func(s *session.Session) { s.PullIntendedURL() },
	} {
		store := newWatched()
		p := start(t, session.Config{Store: store})
		v := newVisitor()
		v.must(t, p, put("user", 1))
		store.before = failing(session.ErrUnavailable)
		if rec := v.visit(p, session.Optional(with(work))); rec.Code != http.StatusServiceUnavailable {
			t.Errorf("%s while the store is down: status %d; want 503", name, rec.Code)
		}
	}
}

func Test_when_a_visitor_is_asked_to_come_back(t *testing.T) {
	for _, tc := range []struct {
		claim  string
		fails  bool
		status int    // of the handler
		header string // that it sets
		page   string // what an error page asks for
		want   string
	}{
		{"in a second, if the session could not be saved", true, http.StatusOK, "", "", "1"},
		{"not when the answer says so that is withheld", true, http.StatusTooManyRequests, "3600", "", "1"},
		{"when the error page says so", true, http.StatusOK, "", "30", "30"},
		{"when the handler says so", false, http.StatusServiceUnavailable, "60", "", "60"},
		{"not at all, if the handler does not say so", false, http.StatusServiceUnavailable, "", "", ""},
	} {
		store := newWatched()
		if tc.fails {
			store.before = failing(errOops, "Write")
		}
		p := start(t, session.Config{Store: store, Now: time.Now})
		p.HTTPErrorHandler = func(err error, c echo.Context) {
			if tc.page != "" {
				c.Response().Header().Set("Retry-After", tc.page)
			}
			p.DefaultHTTPErrorHandler(err, c)
		}
		got := newVisitor().visit(p, func(c echo.Context) error {
			session.From(c).Put("n", 1)
			if tc.header != "" {
				c.Response().Header().Set("Retry-After", tc.header)
			}
			return c.NoContent(tc.status)
		})
		if after := got.Header().Get("Retry-After"); after != tc.want {
			t.Errorf("%s: got Retry-After: %q with a %d; want %q", tc.claim, after, got.Code, tc.want)
		}
	}
}
