package session_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_a_handler_that_is_tried_again_from_further_out_is_saved(t *testing.T) {
	answers := map[string]echo.HandlerFunc{
		"with an answer":    func(c echo.Context) error { return c.String(http.StatusOK, "hello") },
		"without an answer": func(echo.Context) error { return nil },
		"with an error":     func(echo.Context) error { return echo.ErrTeapot },
	}
	again := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if next(c) == nil {
				return nil
			}
			return next(c)
		}
	}
	for how, answer := range answers {
		for _, used := range []bool{false, true} {
			store := memorystore.New(memorystore.Options{})
			p := start(t, session.Config{Store: store})
			p.Pre(again)
			tries := 0
			rec := newVisitor().visit(p, func(c echo.Context) error {
				if tries++; tries == 1 {
					if used {
						session.From(c).Has("n")
					}
					return errHandler
				}
				session.From(c).Put("n", 1)
				return answer(c)
			})
			if store.Len() != 1 || len(setCookies(rec)) != 1 {
				t.Errorf("%s, used before %t: %d records, sets %v; want one and its cookie", how, used, store.Len(), setCookies(rec))
			}
		}
	}
}

func Test_that_a_context_that_leads_to_no_session_is_said_to_be_wrong(t *testing.T) {
	p := start(t, session.Config{})
	newVisitor().visit(p, func(c echo.Context) error {
		c.SetRequest(c.Request().WithContext(context.Background()))
		defer func() {
			if said := fmt.Sprint(recover()); !strings.Contains(said, "make yours from c.Request().Context()") {
				t.Errorf("From says %q; want what to do", said)
			}
		}()
		session.From(c)
		return nil
	})
}

func Test_that_an_error_page_has_the_session_although_the_request_was_put_back(t *testing.T) {
	type spanKey struct{}
	type languageKey struct{}
	putsBack := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			defer c.SetRequest(r) // as otelecho does
			c.SetRequest(r.WithContext(context.WithValue(r.Context(), spanKey{}, "span")))
			return next(c)
		}
	}
	for how, handler := range map[string]echo.HandlerFunc{
		"an error": func(echo.Context) error { return errHandler },
		"a panic":  func(echo.Context) error { panic(errHandler) },
	} {
		for page, write := range map[string]func(echo.Context, *process) error{
			"From":         func(c echo.Context, _ *process) error { return c.String(500, texts(session.From(c))) },
			"Manager.From": func(c echo.Context, p *process) error { return c.String(500, texts(p.manager.From(c))) },
			"Render":       func(c echo.Context, _ *process) error { return session.Render(c, 500, alertsComponent) },
		} {
			t.Run(how+"/"+page, func(t *testing.T) {
				p := start(t, session.Config{})
				p.Pre(recovering, putsBack)
				p.Use(start(t, session.Config{CookieName: "inner"}).manager.Middleware())
				p.HTTPErrorHandler = func(_ error, c echo.Context) {
					c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), languageKey{}, "de")))
					_ = write(c, p)
					if c.Request().Context().Value(languageKey{}) != "de" {
						t.Error("the error handler's own context has gone")
					}
				}
				rec := newVisitor().visit(p, func(c echo.Context) error {
					session.From(c).FlashNow("info", "Sorry.")
					p.manager.From(c).FlashNow("info", "Sorry.")
					return handler(c)
				})
				wantText(t, "the error page", strings.TrimSpace(rec.Body.String()), "Sorry.")
			})
		}
	}
}

// ownHeader is the writer of middleware that keeps what it has answered, for example for keys of
// idempotency: the header of the answer is its own until the head leaves.
type ownHeader struct {
	below  http.ResponseWriter
	header http.Header
}

func (w *ownHeader) Header() http.Header { return w.header }

func (w *ownHeader) WriteHeader(status int) {
	maps.Copy(w.below.Header(), w.header)
	w.below.WriteHeader(status)
}

func (w *ownHeader) Write(b []byte) (int, error) { return w.below.Write(b) }

func Test_that_a_writer_may_stay_for_the_error_page(t *testing.T) {
	for claim, around := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"with a header of its own": func(w http.ResponseWriter) http.ResponseWriter { return &ownHeader{w, http.Header{}} },
		"that cannot be compared": func(w http.ResponseWriter) http.ResponseWriter {
			return struct {
				http.ResponseWriter
				_ []byte
			}{ResponseWriter: w}
		},
	} {
		p := start(t, session.Config{})
		v := newVisitor()
		rec := v.visit(p, func(c echo.Context) error {
			session.From(c).Put("n", 7)
			c.Response().Writer = around(c.Response().Writer) // and it is never put back
			return echo.ErrTeapot
		})
		if n := number(t, p, v); rec.Code != http.StatusTeapot || !strings.Contains(rec.Body.String(), "teapot") || n != 7 {
			t.Errorf("one %s: got %d %q, and n is %d; want the error page, and 7 kept", claim, rec.Code, rec.Body, n)
		}
	}
}

// What runs between the two belongs to the same request.
func Test_that_a_second_mount_leaves_the_commit_to_the_first(t *testing.T) {
	store := newWatched()
	mw := session.Middleware(session.Config{Store: store})
	between := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			err := next(c)
			session.From(c).Put("after", 1)
			return err
		}
	}
	e := echo.New()
	e.Use(mw, between, mw)
	e.GET("/", func(c echo.Context) error { session.From(c).Put("n", 1); return nil })
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	if writes := store.count("Write"); writes != 1 || len(setCookies(rec)) != 1 {
		t.Errorf("%d writes, sets %v; want one of each", writes, setCookies(rec))
	}
}

// Each would take the other's sessions for its own sessions that have ended, and remove the cookie.
func Test_that_two_middlewares_with_one_cookie_are_refused(t *testing.T) {
	for _, tc := range []struct {
		desc         string
		outer, inner session.Config
		refused      bool
	}{
		{"the same configuration", session.Config{}, session.Config{}, true},
		{"another middleware in between", session.Config{CookieName: "a"}, session.Config{CookieName: "a", IdleTimeout: time.Hour}, true},
		{"another cookie", session.Config{}, session.Config{CookieName: "admin"}, false},
		{"another path", session.Config{CookieName: "a"}, session.Config{CookieName: "a", Cookie: session.CookieOptions{Path: "/admin"}}, false},
		{"another domain", session.Config{CookieName: "a"}, session.Config{CookieName: "a", Cookie: session.CookieOptions{Domain: "example.com"}}, false},
	} {
		store := memorystore.New(memorystore.Options{})
		tc.outer.Store, tc.inner.Store = store, store
		between := session.Middleware(session.Config{Store: store, CookieName: "between"})
		e := echo.New()
		e.Use(session.Middleware(tc.outer), between, session.Middleware(tc.inner))
		e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
		got := panicOf(func() { e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)) })
		if tc.refused && !strings.Contains(got, "Mount session.Middleware once") || !tc.refused && got != "<nil>" {
			t.Errorf("%s: panics with %q; want it to be refused: %t", tc.desc, got, tc.refused)
		}
	}
}

func Test_that_cookies_of_one_name_do_not_replace_each_other_if_browsers_tell_them_apart(t *testing.T) {
	for desc, options := range map[string]session.CookieOptions{"another path": {Path: "/admin"}, "another domain": {Domain: "example.com"}} {
		var managers [2]*session.Manager
		for i, cookie := range []session.CookieOptions{{}, options} {
			m, err := session.New(session.Config{Store: memorystore.New(memorystore.Options{}), CookieName: "a", Cookie: cookie})
			if err != nil {
				t.Fatal(err)
			}
			managers[i] = m
		}
		e := echo.New()
		e.POST("/admin", func(c echo.Context) error {
			for _, m := range managers {
				m.From(c).Put("n", 1)
				if err := m.From(c).Save(c.Request().Context()); err != nil { // sets the cookie, which the answer does again
					return err
				}
			}
			return c.NoContent(http.StatusNoContent)
		}, managers[0].Middleware(), managers[1].Middleware())
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/admin", nil))
		if got := rec.Header()["Set-Cookie"]; len(got) != 2 {
			t.Errorf("%s: the answer sets %q; want one cookie of each", desc, got)
		}
	}
}

func Test_that_a_handler_may_ask_another_application_that_has_a_cookie_of_the_same_name(t *testing.T) {
	mounted := func() echo.MiddlewareFunc {
		return session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})})
	}
	other := echo.New()
	other.GET("/part", func(c echo.Context) error { return c.String(http.StatusOK, "part") }, mounted())
	e := echo.New()
	e.GET("/", func(c echo.Context) error {
		part := httptest.NewRecorder()
		other.ServeHTTP(part, httptest.NewRequestWithContext(c.Request().Context(), http.MethodGet, "/part", nil))
		return c.String(part.Code, part.Body.String())
	}, mounted())
	page := httptest.NewRecorder()
	e.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/", nil))
	if page.Code != http.StatusOK || page.Body.String() != "part" {
		t.Errorf("got %d, %q; want the part", page.Code, page.Body)
	}
}

func Test_that_a_request_may_have_several_sessions(t *testing.T) {
	managed := func(cookie string) *session.Manager {
		m, err := session.New(session.Config{Store: memorystore.New(memorystore.Options{}), CookieName: cookie})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	outer, inner, absent := managed("outer"), managed("inner"), managed("absent")
	e := echo.New()
	e.Use(outer.Middleware(), inner.Middleware())
	e.GET("/put", func(c echo.Context) error {
		outer.From(c).Put("a", "outside")
		session.From(c).Put("a", "inside")
		return c.NoContent(http.StatusNoContent)
	})
	e.GET("/get", func(c echo.Context) error {
		if session.From(c) != inner.From(c) {
			t.Error("From is not the session of the innermost")
		}
		return c.String(http.StatusOK, session.Get[string](outer.From(c), "a")+" "+session.Get[string](inner.From(c), "a"))
	})
	e.GET("/absent", func(c echo.Context) error {
		defer func() {
			if recover() == nil {
				t.Error("From does not panic where its middleware is not mounted")
			}
		}()
		absent.From(c)
		return nil
	})
	put := httptest.NewRecorder()
	e.ServeHTTP(put, httptest.NewRequest(http.MethodGet, "/put", nil))
	r := httptest.NewRequest(http.MethodGet, "/get", nil)
	for _, c := range put.Result().Cookies() {
		r.AddCookie(c)
	}
	got := httptest.NewRecorder()
	e.ServeHTTP(got, r)
	if got.Body.String() != "outside inside" {
		t.Errorf("got %q; want what each of them has", got.Body)
	}
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/absent", nil))
}

// What was saved further in must not be lost with the answer that is withheld: a new id that the
// visitor does not get is as bad as a log-out.
func Test_that_a_failure_of_one_session_leaves_the_visitor_the_cookie_of_another(t *testing.T) {
	for name, answer := range map[string]echo.HandlerFunc{
		"a page": func(c echo.Context) error { return c.HTML(http.StatusOK, page) },
		"a stream": func(c echo.Context) error {
			c.Response().Flush()
			return nil
		},
	} {
		store := newWatched()
		outer := start(t, session.Config{Store: store, CookieName: "outer", Now: time.Now})
		inner := start(t, session.Config{CookieName: "inner", Now: time.Now})
		innermost := start(t, session.Config{CookieName: "sealed", Store: cookieStore(t, time.Now), Now: time.Now})
		outer.Use(inner.manager.Middleware(), innermost.manager.Middleware())
		v := newVisitor()
		v.visit(outer, func(c echo.Context) error {
			outer.manager.From(c).Put("n", 1)
			inner.manager.From(c).Put("n", 1)
			return c.NoContent(http.StatusNoContent)
		})
		store.before = failing(errOops, "Write")
		failed := v.visit(outer, func(c echo.Context) error {
			outer.manager.From(c).Put("n", 2)
			inner.manager.From(c).Regenerate()
			innermost.manager.From(c).FlashInfo("saved")
			c.SetCookie(&http.Cookie{Name: "of-the-handler"})
			return answer(c)
		})
		if failed.Code != http.StatusServiceUnavailable || !slices.Equal(slices.Sorted(slices.Values(setCookies(failed))), []string{"inner", "sealed-flash"}) {
			t.Errorf("%s: got %d, and the cookies %v; want 503, and those of the inner sessions", name, failed.Code, setCookies(failed))
		}
		v.visit(outer, func(c echo.Context) error {
			if a, b := session.Get[int](outer.manager.From(c), "n"), session.Get[int](inner.manager.From(c), "n"); a != 1 || b != 1 {
				t.Errorf("%s: the sessions have %d and %d; want what they had", name, a, b)
			}
			return c.NoContent(http.StatusNoContent)
		})
	}
}

// It writes the name of its encoding into the header, and then calls Echo.
func Test_that_an_error_answer_has_the_encoding_of_a_compressor_further_out(t *testing.T) {
	for name, answer := range map[string]echo.HandlerFunc{
		"for a page":   func(c echo.Context) error { return c.HTML(http.StatusOK, page) },
		"for a stream": func(c echo.Context) error { c.Response().Flush(); return nil },
		"for an error": func(echo.Context) error { return errHandler },
	} {
		store := newWatched()
		store.before = failing(errOops, "Write")
		p := start(t, session.Config{Store: store})
		p.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				c.Response().Header().Set("Content-Encoding", "gzip")
				return next(c)
			}
		})
		rec := newVisitor().visit(p, func(c echo.Context) error {
			session.From(c).Put("n", 1)
			return answer(c)
		})
		if rec.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d; want 503", name, rec.Code)
		}
		wantText(t, "Content-Encoding "+name, rec.Header().Get("Content-Encoding"), "gzip")
	}
}

func Test_that_an_error_answer_does_not_wait_for_a_handler_that_was_given_up(t *testing.T) {
	store := newWatched()
	store.before = failing(errOops, "Write")
	outer, inner := start(t, session.Config{Store: store, CookieName: "outer", Now: time.Now}), start(t, session.Config{CookieName: "inner"})
	working, goOn := make(chan struct{}), make(chan struct{})
	defer close(goOn)
	givesUp := func(next echo.HandlerFunc) echo.HandlerFunc { // as Echo's Timeout does
		return func(c echo.Context) error {
			given := c.Echo().NewContext(c.Request(), httptest.NewRecorder())
			go func() { _ = next(given) }()
			<-working
			c.SetRequest(given.Request())
			return errOops
		}
	}
	outer.Use(givesUp, inner.manager.Middleware())
	answered := make(chan int)
	go func() {
		answered <- newVisitor().visit(outer, func(c echo.Context) error {
			outer.manager.From(c).Put("n", 1)
			session.Update(inner.manager.From(c), "n", func(n int) int {
				close(working)
				<-goOn
				return n + 1
			})
			return nil
		}).Code
	}()
	select {
	case code := <-answered:
		if code != http.StatusServiceUnavailable {
			t.Errorf("got %d; want 503", code)
		}
	case <-time.After(time.Minute):
		t.Error("there is no answer")
	}
}

func Test_that_two_managers_keep_two_sessions(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		shop := emptySite(t, w, func(cfg *session.Config) { cfg.CookieName = "__Host-session-shop" })
		site := emptySite(t, w)
		var outer *session.Session
		keepOuter := func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				outer = session.From(c)
				return next(c)
			}
		}
		site.use(shop.manager.Middleware(), keepOuter, site.manager.Middleware())
		site.all(func(c echo.Context) error {
			outer.Increment("n")
			session.From(c).Increment("n", 7)
			return c.String(http.StatusOK, "hello")
		})
		v := site.browser()
		got := v.get("/")
		if len(got.ours()) != 2 || len(got.header.Values("Vary")) != 1 {
			t.Errorf("got cookies %q, Vary %q; want one of each session, and one Vary", got.ours(), got.header.Values("Vary"))
		}
		inner := v.number()
		v.site = shop
		if n := v.number(); n != 1 || inner != 7 {
			t.Errorf("got %d, %d; want 1, 7", n, inner)
		}
		v.site = site

		for _, store := range []*taggerSpy{shop.store, site.store} {
			store.before = failing(errStoreDown, "Write")
			got := site.browser().get("/")
			if got.status != http.StatusServiceUnavailable || got.body != unavailable {
				t.Errorf("one store fails: got %d %q; want 503", got.status, got.body)
			}
			store.before = nil
		}
	})
}
