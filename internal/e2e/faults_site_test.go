package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

// The tests in faults_*_test.go harm what is behind a site, and look at the site as its customers
// do. Whatever happens, customers are promised this:
//
//   - They get what they asked for, or an honest refusal: see [received.refused].
//   - Nobody who is logged in is taken for a stranger, unless the session is really gone.
//   - What was acknowledged stays, and nothing happens twice.
//   - Once the fault is over everything goes on, with the same site and the same cookie.
//
// [customer.does] checks every answer against these promises.

// site is an application whose customers log in and count.
type site struct {
	*httptest.Server
	dropped atomic.Int64 // changes that were lost because the session had ended

	next atomic.Pointer[func(echo.Context)]
}

// newSite runs a site until the end of the test. Cfg needs only a Store, and its clock.
func newSite(t *testing.T, cfg session.Config) *site {
	t.Helper()
	s := &site{}
	cfg.Cookie.Insecure = true
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.Hooks.Lost = func(context.Context, session.Event) { s.dropped.Add(1) }
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true}), session.Middleware(cfg))
	e.GET("/", s.forCustomers(func(c echo.Context, s *session.Session) error {
		return c.String(http.StatusOK, fmt.Sprintf(counted, session.Get[int](s, "n")))
	}))
	e.POST("/count", s.forCustomers(func(c echo.Context, s *session.Session) error {
		return c.String(http.StatusOK, fmt.Sprintf(counted, s.Increment("n")))
	}))
	e.POST("/logout", s.forCustomers(func(c echo.Context, s *session.Session) error {
		s.Destroy()
		return c.Redirect(http.StatusSeeOther, "/bye")
	}))
	e.POST("/login", func(c echo.Context) error {
		_ = session.From(c).Has("customer")
		s.pass(c)
		session.From(c).Regenerate()
		session.From(c).Put("customer", true)
		return c.Redirect(http.StatusSeeOther, "/")
	})
	s.Server = httptest.NewServer(e)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	s.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(s.Close)
	return s
}

const (
	counted  = "you have counted to %d"
	stranger = "please log in"
)

// forCustomers is a handler that sends strangers away politely, as handlers do: only the session
// can tell whether somebody is a stranger.
func (s *site) forCustomers(serve func(echo.Context, *session.Session) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		known := session.From(c).Has("customer")
		s.pass(c)
		switch {
		case known:
			return serve(c, session.From(c))
		case c.Request().Method == http.MethodGet:
			return c.String(http.StatusOK, stranger)
		}
		return c.Redirect(http.StatusSeeOther, "/login")
	}
}

// meanwhile makes the next request do something after it has read its session, and before it
// changes anything.
func (s *site) meanwhile(do func(echo.Context)) { s.next.Store(&do) }

func (s *site) pass(c echo.Context) {
	if do := s.next.Swap(nil); do != nil {
		(*do)(c)
	}
}

// click is something that a customer can request.
type click struct{ method, path string }

var (
	look   = click{http.MethodGet, "/"}
	count  = click{http.MethodPost, "/count"}
	logIn  = click{http.MethodPost, "/login"}
	logOut = click{http.MethodPost, "/logout"}

	clicks = []click{look, count, logIn, logOut}
)

func (what click) String() string { return what.method + " " + what.path }

// received is an answer.
type received struct {
	status int
	header http.Header
	body   string
}

func (s *site) answer(ctx context.Context, cookie string, what click) (received, error) {
	req, err := http.NewRequestWithContext(ctx, what.method, s.URL+what.path, nil)
	if err != nil {
		return received{}, err
	}
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		return received{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return received{res.StatusCode, res.Header, string(body)}, err
}

// errRefused is an honest refusal.
var errRefused = errors.New("503, and nothing else")

// refused returns errRefused if the answer is an honest refusal: a 503 that nobody caches, that
// leaves the cookie alone, sends nobody anywhere, and has nothing of what the handler said.
func (r received) refused() error {
	const sorry = `{"message":"Service Unavailable"}` + "\n"
	if r.status != http.StatusServiceUnavailable || r.body != sorry ||
		r.header.Get("Cache-Control") != "no-store" || r.header["Set-Cookie"] != nil || r.header["Location"] != nil {
		return r.unexpected()
	}
	return errRefused
}

// errStranger means that the site does not know a customer.
var errStranger = errors.New("taken for a stranger")

// stranger returns errStranger if the answer is the one for a stranger. It leaves a cookie that
// leads nowhere alone.
func (r received) stranger() error {
	asked := r.status == http.StatusOK && r.body == stranger
	sent := r.status == http.StatusSeeOther && r.header.Get("Location") == "/login"
	if !asked && !sent || r.header["Set-Cookie"] != nil {
		return r.unexpected()
	}
	return errStranger
}

func (r received) unexpected() error {
	return fmt.Errorf("got %d %q, Location %q, Set-Cookie %q, Cache-Control %q",
		r.status, r.body, r.header["Location"], r.header["Set-Cookie"], r.header["Cache-Control"])
}

// customer is a visitor who is logged in, and remembers all answers. A customer does one thing at a
// time.
type customer struct {
	site   *site
	cookie string
	asked  int          // how many counts were requested
	told   int          // the count in the latest answer
	counts atomic.Int64 // how many counts were acknowledged

	// The store may lose what it has acknowledged. Then losses are only counted.
	lossy bool
	lost  int
}

// newCustomer logs in and counts. (It insists: a server that was just started may take longer than
// the timeout of a client that is meant to notice hanging servers soon.)
func (s *site) newCustomer(t *testing.T) *customer {
	t.Helper()
	v := &customer{site: s}
	for _, what := range []click{logIn, count, count} {
		if err := v.insists(what); err != nil {
			t.Fatalf("before any fault, %v: %v", what, err)
		}
	}
	return v
}

func (s *site) newCustomers(t *testing.T, n int) (all []*customer) {
	t.Helper()
	for range n {
		all = append(all, s.newCustomer(t))
	}
	return all
}

// recordKey is the key under which the store has the customer's session.
func recordKey(v *customer) string {
	_, id, _ := strings.Cut(v.cookie, "=")
	return keyOf(id)
}

// does returns nil if the customer gets what was requested, errRefused or errStranger if not, and
// any other error if an answer is not as it should be.
func (v *customer) does(what click) error {
	if what == count {
		v.asked++
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := v.site.answer(ctx, v.cookie, what)
	switch {
	case err != nil:
		return err
	case r.status == http.StatusServiceUnavailable:
		return r.refused()
	case what == logIn:
		return v.loggedIn(r)
	case what == logOut && r.status == http.StatusSeeOther && r.header.Get("Location") == "/bye":
		return nil
	case strings.HasPrefix(r.body, counted[:len(counted)-2]):
		return v.reads(what, r)
	}
	return r.stranger()
}

func (v *customer) loggedIn(r received) error {
	cookies := r.header["Set-Cookie"]
	if r.status != http.StatusSeeOther || r.header.Get("Location") != "/" || len(cookies) != 1 {
		return r.unexpected()
	}
	cookie, _, _ := strings.Cut(cookies[0], ";")
	if cookie == v.cookie {
		return errors.New("the id is the same after the login")
	}
	v.cookie = cookie
	return nil
}

// reads checks the count in an answer. It must include everything that was acknowledged. What was
// refused may have been carried out or not, if nobody can know, but not twice.
func (v *customer) reads(what click, r received) error {
	var n int
	if _, err := fmt.Sscanf(r.body, counted, &n); err != nil || r.status != http.StatusOK || r.header["Set-Cookie"] != nil {
		return r.unexpected()
	}
	least := v.told
	if what == count {
		least++
	}
	if v.lossy && n < least {
		v.lost += least - n
		v.told, least = n, n
	}
	if n < least || n > v.asked {
		return fmt.Errorf("%v: got %d; want %d at least, since that was acknowledged, and %d at most", what, n, least, v.asked)
	}
	if what == count {
		v.told = n
		v.counts.Add(1)
	}
	return nil
}

// patience is how long an answer, or a recovery, may take. (Nothing is measured here: the time is
// for a machine that is busy with other things.)
const patience = time.Minute

// insists repeats a request until it is not refused.
func (v *customer) insists(what click) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := v.does(what)
		if !errors.Is(err, errRefused) {
			return err
		}
		if !rest(ctx) {
			return fmt.Errorf("%v: %w after %v", what, err, patience)
		}
	}
}

// rest is the pause between two tries. If ctx ends, it stops early and returns false.
func rest(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(10 * time.Millisecond):
		return true
	}
}

// recovers waits until the site serves the customer again, who must still have everything.
func (v *customer) recovers() error { return cmp.Or(v.insists(look), v.insists(count)) }
