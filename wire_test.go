package session_test

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

// What the tests of answers share: real servers that speak HTTP/1.1 and HTTP/2, an application on
// them whose store counts calls and can fail, and a client with a cookie jar.

// wire is a real server. It serves one application after the other, since starting a server takes
// longer than all the requests to it.
type wire struct {
	server *httptest.Server
	app    atomic.Pointer[webApp]
	log    syncBuffer // complaints of net/http
}

func newWire(t *testing.T, http2 bool) *wire {
	w := new(wire)
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.app.Load().ServeHTTP(rw, r)
	}))
	w.server.EnableHTTP2 = http2
	w.server.Config.ErrorLog = log.New(&w.log, "", 0)
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	return w
}

var protocols = map[string]bool{"HTTP/1.1": false, "HTTP/2": true}

// onEveryWire runs test over HTTP/1.1 and over HTTP/2.
func onEveryWire(t *testing.T, test func(t *testing.T, w *wire)) {
	for name, http2 := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWire(t, http2))
		})
	}
}

// webApp is an application with sessions. What a request does to its session is in work, which the
// innermost middleware runs; how it is answered is up to the routes.
type webApp struct {
	*echo.Echo
	manager *session.Manager
	store   *watched
	work    func(*session.Session) // nil leaves the session alone

	log     syncBuffer // of the manager
	echoLog syncBuffer
	late    events // LateWrite
	failed  events // StoreError
	seen    outcome
}

// outcome is what an outermost middleware, such as a logger, sees.
type outcome struct {
	mu  sync.Mutex
	err error
}

func newWebApp(t *testing.T, change ...func(*session.Config)) *webApp {
	t.Helper()
	a := &webApp{Echo: echo.New(), store: newWatched()}
	cfg := session.Config{
		Store:  a.store,
		Logger: slog.New(slog.NewTextHandler(&a.log, nil)),
		Hooks:  session.Hooks{LateWrite: a.late.add, StoreError: a.failed.add},
	}
	for _, f := range change {
		f(&cfg)
	}
	m, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.manager = m
	a.Logger.SetOutput(&a.echoLog)
	a.Logger.SetLevel(3) // warnings and errors
	return a
}

// use mounts middleware: the witness outside of it, and the worker inside.
func (a *webApp) use(mw ...echo.MiddlewareFunc) {
	a.Use(a.witness)
	a.Use(mw...)
	a.Use(a.worker)
}

// all answers every request with h.
func (a *webApp) all(h echo.HandlerFunc) { a.Any("/*", h) }

// simple is an app with the session's middleware alone.
func simpleApp(t *testing.T, h echo.HandlerFunc, change ...func(*session.Config)) *webApp {
	t.Helper()
	a := newWebApp(t, change...)
	a.use(a.manager.Middleware())
	a.all(h)
	return a
}

// recovering is Echo's Recover without stack traces in the output of the tests.
var recovering = middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true})

func (a *webApp) witness(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		a.seen.mu.Lock()
		a.seen.err = err
		a.seen.mu.Unlock()
		return err
	}
}

func (a *webApp) worker(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if a.work != nil {
			a.work(session.From(c))
		}
		return next(c)
	}
}

// err is what the middleware returned in the last request.
func (a *webApp) err() error {
	a.seen.mu.Lock()
	defer a.seen.mu.Unlock()
	return a.seen.err
}

// guest is a client of an app over a wire, with a cookie jar.
type guest struct {
	t      *testing.T
	w      *wire
	a      *webApp
	client *http.Client
}

func (a *webApp) guest(t *testing.T, w *wire) *guest {
	t.Helper()
	w.app.Store(a)
	jar, _ := cookiejar.New(nil)
	return &guest{t, w, a, &http.Client{
		Transport:     w.server.Client().Transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// received is an answer, read to its end.
type received struct {
	status  int
	header  http.Header
	body    string
	trailer http.Header
	hints   []textproto.MIMEHeader // the heads of 1xx responses
	err     error                  // there is no answer, or it broke off
}

func (g *guest) get(path string, header ...string) received {
	g.t.Helper()
	return g.send(g.request(http.MethodGet, path, nil, header...))
}

// request makes a request; header alternates names and values.
func (g *guest) request(method, path string, body io.Reader, header ...string) *http.Request {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.w.server.URL+path, body)
	if err != nil {
		g.t.Fatal(err)
	}
	for pair := range slices.Chunk(header, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	return r
}

func (g *guest) send(r *http.Request) (got received) {
	trace := &httptrace.ClientTrace{Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
		got.hints = append(got.hints, h)
		return nil
	}}
	resp, err := g.client.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err != nil {
		got.err = err
		return got
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	got.status, got.header, got.trailer = resp.StatusCode, resp.Header, resp.Trailer
	got.body, got.err = string(body), err
	got.header.Del("Date")
	return got
}

// during runs one request with this work, and counts store calls from zero.
func (g *guest) during(work func(*session.Session), path string, header ...string) received {
	g.t.Helper()
	g.a.work = work
	g.a.store.reset()
	defer func() { g.a.work = nil }()
	return g.get(path, header...)
}

// begins gives the guest a session.
func (g *guest) begins() *guest {
	g.t.Helper()
	g.elsewhere(func(s *session.Session) { s.Put("began", true) })
	return g
}

// kept is the value under "n" that the guest's next request finds, or 0.
func (g *guest) kept() (n int) {
	g.t.Helper()
	g.elsewhere(func(s *session.Session) { n = session.Get[int](s, "n") })
	return n
}

// elsewhere sends a request of the guest to another, plain application with the same sessions.
func (g *guest) elsewhere(work func(*session.Session)) {
	g.t.Helper()
	plain := echo.New()
	plain.Use(g.a.manager.Middleware())
	plain.GET("/", func(c echo.Context) error {
		work(session.From(c))
		return c.NoContent(http.StatusOK)
	})
	g.w.app.Store(&webApp{Echo: plain})
	defer g.w.app.Store(g.a)
	if got := g.get("/"); got.err != nil || got.status != http.StatusOK {
		g.t.Fatalf("another request: got status %d, %v; want 200", got.status, got.err)
	}
}

// putSeven is what most requests here do.
func putSeven(s *session.Session) { s.Put("n", 7) }

func lookOnly(s *session.Session) { s.Has("n") }

// ours are the cookies of the session library that an answer sets.
func (got received) ours() []string {
	var lines []string
	for _, line := range got.header.Values("Set-Cookie") {
		if strings.HasPrefix(line, "__Host-session") {
			lines = append(lines, line)
		}
	}
	return lines
}

// events are the calls of a hook.
type events struct {
	mu   sync.Mutex
	list []session.Event
}

func (l *events) add(_ context.Context, e session.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, e)
}

// errs are the errors that the hook got.
func (l *events) errs() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, e := range l.list {
		errs = append(errs, e.Err)
	}
	return errs
}

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("the answer broke off: %v", err)
	}
	return string(body)
}
