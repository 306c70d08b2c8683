package e2e

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// app is one process of an application, with its own server.
type app struct {
	t       *testing.T
	manager *session.Manager
	server  *httptest.Server

	handlers sync.Map // handlers for requests, by number
	requests atomic.Int64
}

func newApp(t *testing.T, s testStore, store session.Store) *app {
	t.Helper()
	a := &app{t: t}
	var err error
	a.manager, err = session.New(session.Config{
		Store:  store,
		Tags:   true,
		Cookie: session.CookieOptions{Insecure: true},
		Logger: slog.New(slog.DiscardHandler),
		Now:    s.Now,
	})
	ok(t, err)

	e := echo.New()
	e.Use(a.manager.Middleware())
	e.Any("/:number", func(c echo.Context) error {
		handler, found := a.handlers.LoadAndDelete(c.Param("number"))
		if !found {
			return echo.ErrNotFound
		}
		return handler.(echo.HandlerFunc)(c)
	})
	a.server = httptest.NewServer(e)
	a.server.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 128
	t.Cleanup(a.server.Close)
	return a
}

// newApps starts n processes that share nothing but the storage.
func newApps(t *testing.T, s testStore, n int) []*app {
	t.Helper()
	var apps []*app
	for range n {
		apps = append(apps, newApp(t, s, s.open()))
	}
	return apps
}

// browser has the cookies of a visitor. Several goroutines may use it, as several tabs do. It sends
// the cookies to every app, since cookies do not depend on the port.
type browser struct{ http.CookieJar }

func newBrowser() browser {
	jar, _ := cookiejar.New(nil) // never fails
	return browser{jar}
}

// browserWith is a browser that has the cookie of a session, and no other.
func browserWith(id string) browser {
	b := newBrowser()
	b.SetCookies(anyApp, []*http.Cookie{{Name: stormCookie, Value: id}})
	return b
}

// id is the id in the session cookie, or "".
func (b browser) id() string {
	for _, c := range b.Cookies(anyApp) {
		if c.Name == stormCookie {
			return c.Value
		}
	}
	return ""
}

const stormCookie = "session" // the name if Cookie.Insecure is set

var anyApp = &url.URL{Scheme: "http", Host: "127.0.0.1"}

// answer is what a browser got. A status of 0 means no answer.
type answer struct {
	status int
	body   string
	id     string // in the session cookie, if the answer sets one
}

// post makes a browser send a request whose handler runs work on its session, and then answers ok.
func (a *app) post(b browser, work func(*session.Session)) answer {
	return a.serve(b, http.MethodPost, func(c echo.Context) error {
		work(session.From(c))
		return c.NoContent(http.StatusOK)
	})
}

// must is post for an answer that has to be 200. It does not end the test on failure, since
// goroutines other than the test's may call it.
func (a *app) must(b browser, work func(*session.Session)) answer {
	a.t.Helper()
	got := a.post(b, work)
	if got.status != http.StatusOK {
		a.t.Errorf("status %d; want 200", got.status)
	}
	return got
}

// serve makes a browser send a request that handler answers.
func (a *app) serve(b browser, method string, handler echo.HandlerFunc) answer {
	number := fmt.Sprint(a.requests.Add(1))
	a.handlers.Store(number, handler)
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.server.URL+"/"+number, nil)
	if err != nil {
		a.t.Error(err)
		return answer{}
	}
	r.Header.Set("Accept", "text/html")
	client := http.Client{Transport: a.server.Client().Transport, Jar: b}
	resp, err := client.Do(r)
	if err != nil {
		a.t.Error(err)
		return answer{}
	}
	defer resp.Body.Close()
	var body strings.Builder
	if _, err := io.Copy(&body, resp.Body); err != nil {
		a.t.Error(err)
	}
	got := answer{status: resp.StatusCode, body: body.String()}
	for _, c := range resp.Cookies() {
		if c.Name == stormCookie && c.MaxAge >= 0 {
			got.id = c.Value
		}
	}
	return got
}

// opens says whether a session has that id, and returns its counter.
func (a *app) opens(id string) (n int, found bool) {
	a.t.Helper()
	a.must(browserWith(id), func(s *session.Session) {
		n, found = session.Get[int](s, "n"), !s.IsNew()
	})
	return n, found
}

// together runs work in n goroutines, each with a number, and waits for them.
func together(n int, work func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { work(i) })
	}
	wg.Wait()
}
