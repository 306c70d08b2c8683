package session_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// site is a server whose handlers are written at the place of the request; see browser.
type site struct {
	t      *testing.T
	echo   *echo.Echo
	url    string
	cookie bool         // sessions live in cookies
	late   atomic.Int32 // calls of Hooks.LateWrite

	nanos    atomic.Int64 // the clock
	handlers sync.Map     // by number
	last     atomic.Int64
}

func (s *site) Now() time.Time          { return time.Unix(0, s.nanos.Load()) }
func (s *site) advance(d time.Duration) { s.nanos.Add(int64(d)) }

// onBothStores runs test on a site with a store on the server, and on one with cookies.
func onBothStores(t *testing.T, test func(t *testing.T, s *site), change ...func(*session.Config)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, newSite(t, change...)) })
	t.Run("cookie", func(t *testing.T) { test(t, newCookieSite(t, change...)) })
}

func newSite(t *testing.T, change ...func(*session.Config)) *site {
	t.Helper()
	s := &site{t: t}
	return s.open(newStoreAt(s), change)
}

// newStoreAt is a store on the server with the clock of s.
func newStoreAt(s *site) session.Store { return memorystore.New(memorystore.Options{Now: s.Now}) }

func newCookieSite(t *testing.T, change ...func(*session.Config)) *site {
	t.Helper()
	s := &site{t: t, cookie: true}
	store, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{cookiestore.GenerateKey()}, Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s.open(store, change)
}

func (s *site) open(store session.Store, change []func(*session.Config)) *site {
	s.nanos.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixNano())
	cfg := session.Config{
		Store:  store,
		Cookie: session.CookieOptions{Insecure: true}, // the test server speaks plain http
		Logger: slog.New(slog.DiscardHandler),
		Now:    s.Now,
		Hooks:  session.Hooks{LateWrite: func(context.Context, session.Event) { s.late.Add(1) }},
	}
	for _, c := range change {
		c(&cfg)
	}
	s.echo = echo.New()
	s.echo.Logger.SetOutput(io.Discard)
	s.echo.Use(session.Middleware(cfg))
	s.echo.Any("/*", func(c echo.Context) error { return s.handling(c).handler(c) })
	s.echo.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			defer close(s.handling(c).done)
			return next(c)
		}
	})
	server := httptest.NewUnstartedServer(s.echo)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.Start()
	s.t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// handling is a test's request that is being served.
type handling struct {
	handler echo.HandlerFunc
	done    chan struct{} // closed when the session's middleware has returned
}

func (s *site) handling(c echo.Context) *handling {
	h, _ := s.handlers.Load(c.Request().Header.Get("X-Test-Handler"))
	return h.(*handling)
}

// browser is a visitor: it keeps cookies.
type browser struct {
	*site
	client *http.Client
}

func (s *site) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{s, &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ask is one request. By default, it is as if a visitor followed a link.
type ask struct {
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
	prefetched      = append(navigation[:len(navigation):len(navigation)], "Sec-Purpose", "prefetch")
)

// reply is a response.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

// asks sends a request that h answers.
func (v *browser) asks(a ask, h echo.HandlerFunc) reply {
	number := strconv.FormatInt(v.last.Add(1), 10)
	served := &handling{h, make(chan struct{})}
	v.handlers.Store(number, served)
	defer v.handlers.Delete(number)

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
	r, err := http.NewRequestWithContext(a.ctx, a.method, v.url+"/"+strings.TrimPrefix(a.path, "/"), strings.NewReader(body))
	if err != nil {
		v.t.Error(err)
		return reply{err: err}
	}
	a.as.addTo(r)
	if a.from != "" {
		r.Header.Set("Referer", v.url+a.from)
	}
	if a.form != nil {
		r.Header.Set("Content-Type", echo.MIMEApplicationForm)
	}
	a.header.addTo(r)
	r.Header.Set("X-Test-Handler", number)
	res, err := v.client.Do(r)
	if err != nil {
		<-served.done // the visitor has left, but the server goes on
		return reply{err: err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		<-served.done
	}
	return reply{res.StatusCode, res.Header, string(text), err}
}

// opens follows a link to a page.
func (v *browser) opens(h echo.HandlerFunc) reply { return v.asks(ask{}, h) }

// posts submits a form in a page.
func (v *browser) posts(form url.Values, h echo.HandlerFunc) reply {
	if form == nil {
		form = url.Values{}
	}
	return v.asks(ask{form: form}, h)
}

// pageThat is a page on which the application does something to its session.
func pageThat(do func(s *session.Session)) echo.HandlerFunc {
	return func(c echo.Context) error {
		do(session.From(c))
		return c.HTML(http.StatusOK, "done")
	}
}

// flashing is an action that ends in a redirect, as after a form.
func flashing(do func(s *session.Session)) echo.HandlerFunc {
	return func(c echo.Context) error {
		do(session.From(c))
		return session.Redirect(c, "/next")
	}
}

// texts shows the alerts of those kinds, or all, one after the other.
func texts(s *session.Session, kinds ...string) string {
	var all []string
	for _, m := range s.FlashMessages().Alerts(kinds...) {
		all = append(all, m.Text)
	}
	return strings.Join(all, " ")
}

// alertsPage shows the alerts.
func alertsPage(c echo.Context) error {
	return c.HTML(http.StatusOK, "<main>"+texts(session.From(c))+"</main>")
}

// blankPage uses the session, but has no place for alerts.
func blankPage(c echo.Context) error {
	session.From(c).Has("user")
	return c.HTML(http.StatusOK, "<main></main>")
}

// jsonPage reads a value and answers JSON.
func jsonPage(c echo.Context) error {
	return c.JSON(http.StatusOK, session.Get(session.From(c), "unread", 0))
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q; want %q", what, got, want)
	}
}

var errOops = errors.New("oops")
