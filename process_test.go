package session_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// What the tests share is in four files.
//
//	process_test.go   A process is an application with sessions, and a visitor asks it without a
//	                  network. That is for what becomes of a session, in one process or in several.
//	site_test.go      A site is a process behind a real server, and a browser asks it over HTTP/1.1
//	                  or HTTP/2. That is for what is sent, and for what browsers and libraries do.
//	pages_test.go     the handlers that answer
//	stores_test.go    the stores: most are watched, which counts their calls, and can make them fail
//
// A request usually brings the handler that answers it, so that a test is read from top to bottom:
//
//	v.visit(p, h)     the visitor asks for the page h; a browser knows its site: v.visit(h)
//	v.do(p, work)     he asks for a page that does this to his session, and answers ok
//	number(t, p, v)   what he now finds under "n"; for a browser, v.number()
//	p.hooked(name)    what a hook was told
//
//	store.before = failing(errStoreDown, "Write")

// clock stands still until a test moves it.
type clock struct{ since atomic.Int64 }

func (c *clock) Now() time.Time {
	return time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC).Add(time.Duration(c.since.Load()))
}

func (c *clock) advance(d time.Duration) { c.since.Add(int64(d)) }

// process is one process of an application. Several may share a store.
type process struct {
	*echo.Echo
	manager *session.Manager
	clock   *clock

	log     *syncBuffer // of the manager
	echoLog *syncBuffer // warnings and errors of Echo

	mu     sync.Mutex
	events []event
	errs   []error // that the middleware returned
}

type event struct {
	name string
	session.Event
}

// start starts a process whose requests bring their handlers. By default, cfg gets a memory store
// and the clock of the process. Hooks record everything.
func start(t testing.TB, cfg session.Config) *process {
	t.Helper()
	p := newProcess(t, cfg)
	p.mount(p.manager.Middleware())
	p.all(brought)
	return p
}

// newProcess is a process on which nothing is mounted yet.
func newProcess(t testing.TB, cfg session.Config) *process {
	t.Helper()
	p := &process{Echo: echo.New(), clock: new(clock), log: new(syncBuffer), echoLog: new(syncBuffer)}
	if cfg.Now == nil {
		cfg.Now = p.clock.Now
	}
	if cfg.Store == nil {
		cfg.Store = memorystore.New(memorystore.Options{Now: cfg.Now})
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(p.log, nil))
	}
	cfg.Hooks = everyHook(p.on).And(cfg.Hooks)
	var err error
	if p.manager, err = session.New(cfg); err != nil {
		t.Fatal(err)
	}
	p.Logger.SetOutput(p.echoLog)
	p.Logger.SetLevel(3) // warnings and errors
	return p
}

// mount mounts middleware, and the witness outside of it.
func (p *process) mount(mw ...echo.MiddlewareFunc) {
	p.Use(p.witness)
	p.Use(mw...)
}

// all answers every request with h.
func (p *process) all(h echo.HandlerFunc) { p.Any("/*", h) }

// witness notes what the middleware returns, as a logger would.
func (p *process) witness(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err != nil {
			p.mu.Lock()
			p.errs = append(p.errs, err)
			p.mu.Unlock()
		}
		return err
	}
}

type handlerKey struct{}

// bringing is r with the handler that is to answer it.
func bringing(h echo.HandlerFunc, r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), handlerKey{}, h))
}

// brought answers a request with the handler that it brings.
func brought(c echo.Context) error {
	return c.Request().Context().Value(handlerKey{}).(echo.HandlerFunc)(c)
}

// everyHook sets each hook that gets events to what hook returns for its name.
func everyHook(hook func(name string) func(context.Context, session.Event)) (all session.Hooks) {
	v := reflect.ValueOf(&all).Elem()
	for i := range v.NumField() {
		if v.Field(i).Type() == reflect.TypeFor[func(context.Context, session.Event)]() {
			v.Field(i).Set(reflect.ValueOf(hook(v.Type().Field(i).Name)))
		}
	}
	return all
}

func (p *process) on(name string) func(context.Context, session.Event) {
	return func(_ context.Context, e session.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, event{name, e})
	}
}

// hooked lists the events of that name so far.
func (p *process) hooked(name string) []session.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []session.Event
	for _, e := range p.events {
		if e.name == name {
			found = append(found, e.Event)
		}
	}
	return found
}

// forget empties the list of events.
func (p *process) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = nil
}

// heard is what the hooks of p heard since the last call, a word or two for each.
func (p *process) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	words := []string{}
	for _, e := range p.events {
		word := e.name
		if e.Reason != "" {
			word += " " + string(e.Reason)
		}
		if e.Key != "" {
			word += " " + e.Key
		}
		if e.Retries > 0 {
			word += fmt.Sprint(" ", e.Retries)
		}
		words = append(words, word)
	}
	p.events = nil
	return words
}

// failure is the last error that the middleware returned.
func (p *process) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.errs) == 0 {
		return nil
	}
	return p.errs[len(p.errs)-1]
}

// serve answers r with h.
func (p *process) serve(r *http.Request, h echo.HandlerFunc) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	p.ServeHTTP(rec, bringing(h, r))
	return rec
}

// visitor is a browser, reduced to its cookies. Several goroutines may use one, as several tabs do.
type visitor struct {
	mu      sync.Mutex
	cookies map[string]string
}

func newVisitor() *visitor { return &visitor{cookies: map[string]string{}} }

// visit makes p answer a request of the visitor with h.
func (v *visitor) visit(p *process, h echo.HandlerFunc) *httptest.ResponseRecorder {
	rec := p.serve(v.request(), h)
	v.keep(rec)
	return rec
}

// do is visit for a page that only works on its session, and then answers ok.
func (v *visitor) do(p *process, work func(*session.Session)) *httptest.ResponseRecorder {
	return v.visit(p, with(work))
}

// must is do for an answer that has to be 200.
func (v *visitor) must(t *testing.T, p *process, work func(*session.Session)) *httptest.ResponseRecorder {
	t.Helper()
	rec := v.do(p, work)
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d, %v; want 200", rec.Code, p.failure())
	}
	return rec
}

// openRequest is a request whose handler does what it is told, step by step.
type openRequest struct {
	steps  chan func(*session.Session) // closed by the test, when the handler is to answer
	did    chan struct{}               // closed when it has answered
	answer *httptest.ResponseRecorder
}

// open sends a request of the visitor that last answers in the end.
func (v *visitor) open(p *process, last echo.HandlerFunc) *openRequest {
	o := &openRequest{steps: make(chan func(*session.Session)), did: make(chan struct{})}
	r := v.request()
	go func() {
		defer close(o.did)
		o.answer = p.serve(r, func(c echo.Context) error {
			for step := range o.steps {
				step(session.From(c))
				o.did <- struct{}{}
			}
			return last(c)
		})
		v.keep(o.answer)
	}()
	return o
}

// do returns when the handler has taken the step.
func (o *openRequest) do(step func(*session.Session)) { o.steps <- step; <-o.did }

func (v *visitor) request() *http.Request {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept", "text/html")
	for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
		r.Header.Add("Cookie", name+"="+v.cookies[name])
	}
	return r
}

func (v *visitor) keep(rec *httptest.ResponseRecorder) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c.Value
		}
	}
}

// cookie is the value of the visitor's session cookie.
func (v *visitor) cookie() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cookies[cookieName]
}

// clone is another visitor with the current cookies of this one.
func (v *visitor) clone() *visitor {
	v.mu.Lock()
	defer v.mu.Unlock()
	return &visitor{cookies: maps.Clone(v.cookies)}
}

const (
	cookieName      = "__Host-session"
	flashCookieName = "__Host-session-flash"
)

// setCookies are the names of the cookies that an answer sets or removes.
func setCookies(rec *httptest.ResponseRecorder) []string {
	names := []string{}
	for _, line := range rec.Header()["Set-Cookie"] {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// take is String, and empties the buffer.
func (b *syncBuffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.buf.Reset()
	return b.buf.String()
}

// alive says whether the visitor still has a session, without using it.
func alive(p *process, v *visitor) (alive bool) {
	p.serve(v.request(), with(func(s *session.Session) { alive = !s.IsNew() }))
	return alive
}

// number is the value that the visitor finds under "n".
func number(t *testing.T, p *process, v *visitor) (n int) {
	t.Helper()
	v.must(t, p, func(s *session.Session) { n = session.Get[int](s, "n") })
	return n
}

// logIn is what an application does when a user has proven who he is.
func logIn(userID string) func(*session.Session) {
	return func(s *session.Session) {
		s.Regenerate()
		s.Tag(userID)
		s.Put("user", userID)
	}
}

// isLoggedIn checks with a request, as the visitor would.
func isLoggedIn(p *process, v *visitor) (yes bool) {
	v.clone().do(p, func(s *session.Session) { yes = s.Has("user") })
	return yes
}

func list(t *testing.T, p *process, userID string) []session.Info {
	t.Helper()
	found, err := p.manager.Tagged(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func handleOf(p *process, v *visitor) (h string) {
	v.clone().do(p, func(s *session.Session) { h = s.Handle() })
	return h
}

// newID is a well-formed id that was never given out; n selects one of them.
func newID(n int) string { return fmt.Sprintf("%042d", n) + "A" }

// keyOf is the key under which a store has a session.
func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}
