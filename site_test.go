package session_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// A process behind a real server, and browsers that send it what browsers and libraries send; see
// process_test.go for when to use which.

// site is a process behind a real server. There are three ways to have one:
//
//	newSite(t)        over plain http; each request brings its handler, as for a process
//	siteOf(t, w, h)   on that wire; h answers every request
//	emptySite(t, w)   on that wire; the test mounts middleware with use, and routes
type site struct {
	*process
	t      *testing.T
	wire   *wire
	store  *taggerSpy
	cookie bool // sessions live in cookies, and store is not used

	// work is what a request does to its session before the handler runs. nil leaves the session
	// alone.
	work func(*session.Session)
}

func newSite(t *testing.T, change ...func(*session.Config)) *site {
	t.Helper()
	insecure := func(cfg *session.Config) { cfg.Cookie.Insecure = true }
	return siteOf(t, newWire(t, (*httptest.Server).Start), brought, append([]func(*session.Config){insecure}, change...)...)
}

func newCookieSite(t *testing.T, change ...func(*session.Config)) *site {
	t.Helper()
	s := newSite(t, append(change, inCookies(t))...)
	s.cookie = true
	return s
}

// onBothStores runs test on a site with a store on the server, and on one with cookies.
func onBothStores(t *testing.T, test func(t *testing.T, s *site), change ...func(*session.Config)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, newSite(t, change...)) })
	t.Run("cookie", func(t *testing.T) { test(t, newCookieSite(t, change...)) })
}

func inCookies(t *testing.T) func(*session.Config) {
	return func(cfg *session.Config) { cfg.Store = cookieStore(t, cfg.Now) }
}

func siteOf(t *testing.T, w *wire, h echo.HandlerFunc, change ...func(*session.Config)) *site {
	t.Helper()
	s := emptySite(t, w, change...)
	s.use(s.manager.Middleware())
	s.all(h)
	return s
}

func emptySite(t *testing.T, w *wire, change ...func(*session.Config)) *site {
	t.Helper()
	clock := new(clock)
	store := spyOn(memorystore.New(memorystore.Options{Now: clock.Now}))
	cfg := session.Config{Store: store, Now: clock.Now}
	for _, f := range change {
		f(&cfg)
	}
	s := &site{process: newProcess(t, cfg), t: t, wire: w, store: store}
	s.clock = clock
	return s
}

// use is mount for a site: work is done inside of the middleware.
func (s *site) use(mw ...echo.MiddlewareFunc) {
	s.mount(append(slices.Clip(mw), s.works)...)
}

// works is the middleware that does work.
func (s *site) works(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.work != nil {
			s.work(session.From(c))
		}
		return next(c)
	}
}

// recovering is Echo's Recover without stack traces in the output of the tests.
var recovering = middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true})

// wire is a real server. It serves one site after the other, since starting a server takes longer
// than all the requests to it.
type wire struct {
	server *httptest.Server
	site   atomic.Pointer[process]
	log    syncBuffer // complaints of net/http

	handlers sync.Map // that requests bring, by number
	last     atomic.Int64
}

func newWire(t *testing.T, start func(*httptest.Server)) *wire {
	w := new(wire)
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if h, ok := w.handlers.Load(r.Header.Get("X-Test-Handler")); ok {
			defer close(h.(*handling).done)
			r = bringing(h.(*handling).handler, r)
		}
		w.site.Load().ServeHTTP(rw, r)
	}))
	w.server.Config.ErrorLog = log.New(&w.log, "", 0)
	start(w.server)
	t.Cleanup(w.server.Close)
	return w
}

// handling is a request that is being served by the handler that it brings.
type handling struct {
	handler echo.HandlerFunc
	done    chan struct{} // closed when it has been served
}

// http1 and http2 start a server with TLS.
func http1(s *httptest.Server) { s.StartTLS() }
func http2(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }

var protocols = map[string]func(*httptest.Server){"HTTP/1.1": http1, "HTTP/2": http2}

// onEveryWire runs test over HTTP/1.1 and over HTTP/2.
func onEveryWire(t *testing.T, test func(t *testing.T, w *wire)) {
	for name, protocol := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWire(t, protocol))
		})
	}
}

// browser is a visitor of a site, with a cookie jar.
type browser struct {
	*site
	client *http.Client
}

func (s *site) browser() *browser {
	s.wire.site.Store(s.process)
	jar, _ := cookiejar.New(nil)
	return &browser{s, &http.Client{
		Transport:     s.wire.server.Client().Transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// request is what a browser sends. By default, it is as if a visitor followed a link.
type request struct {
	as     headers
	method string
	path   string
	from   string     // the visitor's current page on the site
	form   url.Values // of a POST, unless method says otherwise
	body   string     // of the Content-Type that header has
	header headers
	ctx    context.Context
}

// headers alternates names and values.
type headers []string

func (h headers) addTo(r *http.Request) {
	for i := 0; i < len(h); i += 2 {
		r.Header.Set(h[i], h[i+1])
		if h[i] == "Host" {
			r.Host = h[i+1]
		}
	}
}

// What browsers and libraries send. Over plain http browsers leave Sec-Fetch-* out.
var (
	navigation      = headers{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", "Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "same-origin", "Sec-Fetch-User", "?1"}
	plainNavigation = headers{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}
	favicon         = headers{"Accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "Sec-Fetch-Dest", "image", "Sec-Fetch-Mode", "no-cors"}
	plainFavicon    = headers{"Accept", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}
	jsonPoll        = headers{"Accept", "application/json", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"}
	htmxPart        = headers{"Accept", "*/*", "HX-Request", "true", "HX-Target", "list", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"}
	htmxBoosted     = headers{"Accept", "*/*", "HX-Request", "true", "HX-Boosted", "true", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"}
	scriptFetch     = headers{"Accept", "*/*", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"} // what fetch sends by itself
	prefetched      = append(navigation[:len(navigation):len(navigation)], "Sec-Purpose", "prefetch")
)

// reply is an answer, read to its end.
type reply struct {
	status  int
	header  http.Header
	body    string
	trailer http.Header
	hints   []textproto.MIMEHeader // the heads of 1xx responses
	err     error                  // there is no answer, or it broke off
}

// ask sends a request that h answers.
func (v *browser) ask(a request, h echo.HandlerFunc) reply {
	number := strconv.FormatInt(v.wire.last.Add(1), 10)
	served := &handling{h, make(chan struct{})}
	v.wire.handlers.Store(number, served)
	defer v.wire.handlers.Delete(number)

	if a.as == nil {
		a.as = navigation
	}
	body := a.body
	if a.method == "" {
		a.method = http.MethodGet
		if a.form != nil || body != "" {
			a.method = http.MethodPost
		}
	}
	if a.ctx == nil {
		a.ctx = context.Background()
	}
	if a.form != nil {
		body = a.form.Encode()
	}
	r, err := http.NewRequestWithContext(a.ctx, a.method, v.wire.server.URL+"/"+strings.TrimPrefix(a.path, "/"), strings.NewReader(body))
	if err != nil {
		v.t.Error(err)
		return reply{err: err}
	}
	a.as.addTo(r)
	if a.from != "" {
		r.Header.Set("Referer", v.wire.server.URL+a.from)
	}
	if a.form != nil {
		r.Header.Set("Content-Type", echo.MIMEApplicationForm)
	}
	a.header.addTo(r)
	r.Header.Set("X-Test-Handler", number)
	got := v.send(r)
	if got.err != nil {
		<-served.done // the visitor has left, but the server goes on
	}
	return got
}

// visit follows a link to a page.
func (v *browser) visit(h echo.HandlerFunc) reply { return v.ask(request{}, h) }

// do is visit for a page that only works on its session, and then answers ok.
func (v *browser) do(work func(*session.Session)) reply { return v.visit(with(work)) }

// post submits a form in a page.
func (v *browser) post(form url.Values, h echo.HandlerFunc) reply {
	if form == nil {
		form = url.Values{}
	}
	return v.ask(request{form: form}, h)
}

// get asks for what the site has there, with no headers but these.
func (v *browser) get(path string, header ...string) reply {
	v.t.Helper()
	return v.send(v.request(http.MethodGet, path, nil, header...))
}

func (v *browser) request(method, path string, body io.Reader, header ...string) *http.Request {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.wire.server.URL+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	headers(header).addTo(r)
	return r
}

func (v *browser) send(r *http.Request) (got reply) {
	trace := &httptrace.ClientTrace{Got1xxResponse: func(_ int, h textproto.MIMEHeader) error {
		got.hints = append(got.hints, h)
		return nil
	}}
	resp, err := v.client.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
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

// during is get for a request with this work, which counts store calls from zero.
func (v *browser) during(work func(*session.Session), path string, header ...string) reply {
	v.t.Helper()
	v.work = work
	v.store.reset()
	defer func() { v.work = nil }()
	return v.get(path, header...)
}

// begin gives the visitor a session.
func (v *browser) begin() *browser {
	v.t.Helper()
	v.elsewhere(put("began", true))
	return v
}

// number is the value that the visitor's next request finds under "n", or 0.
func (v *browser) number() (n int) {
	v.t.Helper()
	v.elsewhere(func(s *session.Session) { n = session.Get[int](s, "n") })
	return n
}

// elsewhere works on the visitor's session where nothing else is mounted.
func (v *browser) elsewhere(work func(*session.Session)) {
	v.t.Helper()
	plain := &process{Echo: echo.New()}
	plain.Use(v.manager.Middleware())
	plain.GET("/", with(work))
	v.wire.site.Store(plain)
	defer v.wire.site.Store(v.process)
	if got := v.get("/"); got.err != nil || got.status != http.StatusOK {
		v.t.Fatalf("another request: got status %d, %v; want 200", got.status, got.err)
	}
}

// ours are the cookies of the session library that an answer sets.
func (got reply) ours() []string {
	var lines []string
	for _, line := range got.header.Values("Set-Cookie") {
		if strings.HasPrefix(line, "__Host-session") {
			lines = append(lines, line)
		}
	}
	return lines
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
