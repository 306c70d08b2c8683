package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// Echo's Timeout answers while the handler goes on, with an echo.Context that may then serve
// another visitor. overtaken makes Alice's handler end in the middle of Bob's request, and returns
// Bob's answer. Echo need not give both the same context, so it takes several tries.
func overtaken(t *testing.T, alice func(*session.Session, http.ResponseWriter) error) (sameContext bool, bob *httptest.ResponseRecorder) {
	t.Helper()
	started, release, ended := make(chan echo.Context), make(chan bool), make(chan bool)
	var first echo.Context
	abandon := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Path() != "/alice" {
				return next(c)
			}
			writer := c.Response().Writer
			c.Response().Writer = httptest.NewRecorder()
			go func() { _ = next(c); close(ended) }()
			first = <-started
			c.Response().Writer = writer
			return c.NoContent(http.StatusServiceUnavailable)
		}
	}
	e := echo.New()
	e.Use(abandon, session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))
	e.GET("/alice", func(c echo.Context) error {
		s, writer := session.From(c), c.Response().Writer
		s.Put("user", "alice")
		started <- c
		<-release
		return alice(s, writer)
	})
	e.POST("/bob", func(c echo.Context) error {
		sameContext = c == first
		c.FormValue("card")
		c.Set("csrf", "of Bob") // as Echo's CSRF does
		close(release)
		<-ended
		return c.String(http.StatusCreated, "bob")
	})

	ctx, hangUp := context.WithCancel(t.Context())
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/alice", nil))
	hangUp() // as net/http does when a request has been answered

	form := strings.NewReader(url.Values{"card": {"of Bob"}}.Encode())
	post := httptest.NewRequest(http.MethodPost, "/bob", form)
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	bob = httptest.NewRecorder()
	e.ServeHTTP(bob, post)
	return sameContext, bob
}

// inOneContext repeats overtaken until Bob gets Alice's context.
func inOneContext(t *testing.T, alice func(*session.Session, http.ResponseWriter) error) *httptest.ResponseRecorder {
	t.Helper()
	for range 200 {
		if same, bob := overtaken(t, alice); same {
			return bob
		}
	}
	t.Fatal("Echo never used a context again")
	return nil
}

func Test_that_a_handler_that_outlives_its_context_leaves_the_answer_to_somebody_else_alone(t *testing.T) {
	unsaved := func(s *session.Session) { s.Put("c", make(chan int)) } // the commit fails
	for claim, alice := range map[string]func(*session.Session, http.ResponseWriter) error{
		"it says nothing": func(*session.Session, http.ResponseWriter) error { return nil },
		"it fails":        func(*session.Session, http.ResponseWriter) error { return context.DeadlineExceeded },
		"it answers":      func(_ *session.Session, w http.ResponseWriter) error { _, err := w.Write([]byte("alice")); return err },
		"it flushes":      func(_ *session.Session, w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"it is not saved": func(s *session.Session, _ http.ResponseWriter) error { unsaved(s); return nil },
		"it is not saved, and flushes": func(s *session.Session, w http.ResponseWriter) error {
			unsaved(s)
			return http.NewResponseController(w).Flush()
		},
	} {
		t.Run(claim, func(t *testing.T) {
			bob := inOneContext(t, alice)
			if got := bob.Header()["Set-Cookie"]; bob.Code != http.StatusCreated || bob.Body.String() != "bob" || got != nil {
				t.Errorf("Bob gets %d %q, and cookies %q", bob.Code, bob.Body, got)
			}
		})
	}
}

func Test_that_a_session_that_outlives_its_context_is_closed_when_the_handler_ends(t *testing.T) {
	for claim, err := range map[string]error{"well": nil, "with an error": context.DeadlineExceeded} {
		var s *session.Session
		inOneContext(t, func(alice *session.Session, _ http.ResponseWriter) error { s = alice; return err })
		if s.Put("user", "nobody"); !errors.Is(s.Err(), session.ErrClosed) {
			t.Errorf("it ends %s: got %v; want ErrClosed", claim, s.Err())
		}
	}
}

func Test_that_a_session_that_outlives_its_context_does_not_keep_the_form_of_somebody_else(t *testing.T) {
	var old string
	inOneContext(t, func(s *session.Session, _ http.ResponseWriter) error {
		s.FlashAll()
		old = s.Old("card")
		return nil
	})
	if old != "" {
		t.Errorf("Alice's session has %q, which Bob has submitted", old)
	}
}

func Test_that_a_session_that_outlives_its_context_has_no_token_of_somebody_else(t *testing.T) {
	var token string
	inOneContext(t, func(s *session.Session, _ http.ResponseWriter) error { token = s.CSRFToken(); return nil })
	wantText(t, "Alice's token", token, "")
}

func Test_that_goroutines_share_the_session_of_a_request(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		site := siteOf(t, w, func(c echo.Context) error {
			s := session.From(c)
			var wg sync.WaitGroup
			for range 7 {
				wg.Go(func() {
					s.Increment("n")
					s.All()
				})
			}
			wg.Wait()
			return c.String(http.StatusOK, "hello")
		})
		v := site.browser()
		if got := v.during(nil, "/"); len(got.ours()) != 1 || site.store.count("Write") != 1 || v.number() != 7 {
			t.Errorf("got cookies %q, %d writes, value %d; want 1, 1, 7", got.ours(), site.store.count("Write"), v.number())
		}
	})
}

// Only the handler and net/http may use the header of the response. (The race detector notices
// anybody else.)
func Test_that_goroutines_may_look_for_messages_while_the_page_is_written(t *testing.T) {
	p := start(t, session.Config{})
	server := httptest.NewServer(p)
	defer server.Close()
	p.GET("/stream", func(c echo.Context) error {
		s, header := session.From(c), c.Response().Header()
		s.Has("a")
		header.Set("Content-Type", "text/html")
		c.Response().WriteHeader(http.StatusOK)
		var wg sync.WaitGroup
		wg.Go(func() {
			s.Old("title")
			s.FlashMessages().Alerts()
			session.Flashed[string](s, "k")
		})
		header.Set(http.TrailerPrefix+"X-Done", "1")
		wg.Wait()
		return nil
	})
	for range 20 {
		res, err := http.Get(server.URL + "/stream")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
}

func Test_that_goroutines_which_ask_for_it_at_once_get_the_same_session(t *testing.T) {
	p := start(t, session.Config{})
	for range 500 {
		p.serve(newVisitor().request(), func(c echo.Context) error {
			ctx, both := c.Request().Context(), make(chan *session.Session, 2)
			var ready, wg sync.WaitGroup
			ready.Add(2)
			for range 2 {
				wg.Go(func() {
					ready.Done()
					ready.Wait()
					both <- session.FromContext(ctx)
				})
			}
			wg.Wait()
			if one, other := <-both, <-both; one != other {
				t.Error("there are two")
			}
			return nil
		})
	}
}

// A session may begin at any moment, even while the answer is being sent or the handler is
// returning.
func Test_that_a_change_of_a_session_that_begins_meanwhile_is_saved_or_refused(t *testing.T) {
	fails := func(echo.Context) error { return echo.ErrNotFound }
	tryTwice := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			_ = next(c)
			return next(c)
		}
	}
	for _, tc := range []struct {
		desc   string
		status int
		answer echo.HandlerFunc
		around []echo.MiddlewareFunc
	}{
		{"answered by the handler", 200, func(c echo.Context) error { return c.String(http.StatusOK, "ok") }, nil},
		{"answered by the error handler", 404, fails, nil},
		{"tried twice", 404, fails, []echo.MiddlewareFunc{tryTwice}},
		{"flushed", 200, func(c echo.Context) error { c.Response().Flush(); return nil }, nil},
	} {
		for _, newcomers := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, newcomers %v", tc.desc, newcomers), func(t *testing.T) {
				p := start(t, session.Config{})
				v := newVisitor()
				v.must(t, p, put("a", 0))
				p.Pre(tc.around...)
				for n := 1; n <= 2500; n++ {
					if newcomers {
						v = newVisitor()
					}
					s, status := meanwhile(v, p, n, tc.answer, func(s *session.Session) {
						s.FlashAll()
						s.Put("a", n)
					})
					var now int
					v.must(t, p, func(s *session.Session) { now = session.Get[int](s, "a") })
					err := s.Err()
					saved := err == nil && now == n
					refused := (errors.Is(err, session.ErrClosed) || errors.Is(err, session.ErrHeadSent)) && now != n
					if status != tc.status || saved == refused {
						t.Fatalf("status %d, and a is %d after the change to %d with the error %v", status, now, n, err)
					}
				}
			})
		}
	}
}

// meanwhile makes v visit p. While the handler answers, a goroutine begins the session and works on
// it, at a different moment for each n.
func meanwhile(v *visitor, p *process, n int, answer echo.HandlerFunc, work func(*session.Session)) (s *session.Session, status int) {
	var running atomic.Bool
	pause := func(n int) {
		for range 100 * (n % 50) {
			running.Load()
		}
	}
	var wg sync.WaitGroup
	var begin sync.Once // the handler may be called twice
	rec := v.visit(p, func(c echo.Context) error {
		ctx := c.Request().Context()
		begin.Do(func() {
			wg.Go(func() {
				running.Store(true)
				pause(n)
				s = session.FromContext(ctx)
				work(s)
			})
		})
		for !running.Load() {
			runtime.Gosched()
		}
		pause(n / 50)
		return answer(c)
	})
	wg.Wait()
	return s, rec.Code
}

func Test_that_a_goroutine_that_outlives_the_request_reads_but_changes_nothing(t *testing.T) {
	answers := map[string]echo.HandlerFunc{
		"String":      func(c echo.Context) error { return c.String(http.StatusOK, "hello") },
		"nothing":     func(echo.Context) error { return nil },
		"flush first": func(c echo.Context) error { c.Response().Flush(); return nil },
		"an error":    func(echo.Context) error { return errHandler },
	}
	onEveryWire(t, func(t *testing.T, w *wire) {
		for name, answer := range answers {
			t.Run(name, func(t *testing.T) {
				ended, done := make(chan struct{}), make(chan struct{})
				var read int
				var saved, err error
				site := siteOf(t, w, func(c echo.Context) error {
					s := session.From(c)
					if c.QueryParam("other") != "" {
						s.Put("n", 99)
						return c.NoContent(http.StatusOK)
					}
					ctx := c.Request().Context()
					s.Put("n", 7)
					go func() {
						defer close(done)
						<-ctx.Done()
						saved = s.Save(context.WithoutCancel(ctx))
						for running := true; running; { // concurrently with the end of the request
							select {
							case <-ended:
								running = false
							default:
								s.FlashInputErrors(map[string][]string{"name": {"too late"}})
							}
						}
						read = session.Get[int](session.FromContext(ctx), "n")
						s.Put("n", 8)
						s.FlashInfo("too late")
						s.FlashAll()
						s.FlashValidationErrors(required("Post.Title"))
						err = s.Err()
					}()
					return answer(c)
				})
				v := site.browser()
				v.get("/")
				for range 10 { // they use the Echo context, which is pooled
					site.browser().get("/?other=1")
				}
				close(ended)
				<-done
				if read != 7 {
					t.Errorf("it reads %d; want its own 7", read)
				}
				if !errors.Is(saved, session.ErrClosed) {
					t.Errorf("Save: got %v; want ErrClosed", saved)
				}
				wantLoud(t, site, err, session.ErrClosed)
				if n := v.number(); n != 7 {
					t.Errorf("got %d; want 7", n)
				}
			})
		}
	})
}

// Nobody needs to have used the session before.
func Test_that_a_session_that_begins_after_the_answer_is_closed(t *testing.T) {
	for desc, answer := range map[string]echo.HandlerFunc{
		"of the handler":       func(c echo.Context) error { return c.String(http.StatusOK, "ok") },
		"of the error handler": func(c echo.Context) error { return echo.ErrNotFound },
		"of net/http":          func(c echo.Context) error { return nil },
	} {
		t.Run(desc, func(t *testing.T) {
			p := start(t, session.Config{})
			v := newVisitor()
			v.must(t, p, func(s *session.Session) { s.Put("a", 1); s.FlashInfo("Saved.") })
			var kept context.Context
			r, over := context.WithCancel(t.Context())
			defer over()
			p.serve(v.request().WithContext(r), func(c echo.Context) error {
				kept = c.Request().Context()
				return answer(c)
			})
			if desc == "of net/http" {
				over() // nothing else signals that net/http has answered
			}
			s := session.FromContext(kept)
			if n := session.Get[int](s, "a"); n != 1 {
				t.Errorf("got %d; want what is stored", n)
			}
			wantText(t, "the messages", texts(s), "Saved.")
			if s.Put("a", 2); !errors.Is(s.Err(), session.ErrClosed) || len(p.hooked("LateWrite")) != 1 {
				t.Errorf("got %v, and %d reports", s.Err(), len(p.hooked("LateWrite")))
			}
		})
	}
}

// Timeout answers in place of a handler that takes too long, and lets it run on. Here it does so
// when the request is cancelled, so the test needs no clock.
func Test_that_Timeout_commits_what_the_handler_changed_so_far(t *testing.T) {
	onEveryWire(t, func(t *testing.T, w *wire) {
		answered, done := make(chan struct{}), make(chan struct{})
		var giveUp context.CancelFunc
		var err error
		site := emptySite(t, w)
		cancellable := func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				var ctx context.Context
				ctx, giveUp = context.WithCancel(c.Request().Context())
				c.SetRequest(c.Request().WithContext(ctx))
				return next(c)
			}
		}
		site.use(cancellable, site.manager.Middleware(), oldTimeout())
		site.all(func(c echo.Context) error {
			defer close(done)
			s := session.From(c)
			s.Put("n", 7)
			giveUp()
			<-answered
			s.Put("n", 8)
			err = s.Err()
			return nil
		})
		v := site.browser()
		got := v.get("/")
		close(answered)
		<-done
		if n := v.number(); got.status != http.StatusServiceUnavailable || len(got.ours()) != 1 || n != 7 {
			t.Errorf("got %d, cookies %q, value %d; want Timeout's 503, and 7 kept", got.status, got.ours(), n)
		}
		wantLoud(t, site, err, session.ErrClosed)
	})
}

// Middleware further out may have given the session to a goroutine, which may outlive the request.
func Test_that_a_route_may_be_noted_while_others_use_the_session(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	var others sync.WaitGroup
	page := session.Optional(session.CSRF()(with(func(s *session.Session) { s.CSRFToken() })))
	for range 20 {
		v.visit(p, func(c echo.Context) error {
			ctx := c.Request().Context()
			for range 2 {
				others.Go(func() {
					s := session.FromContext(ctx)
					s.Has("a")
					s.CSRFToken()
				})
			}
			return page(c)
		})
	}
	others.Wait()
}
