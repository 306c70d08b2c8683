package sessiontest

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// site is the application under test, and beside it an application of our own with the
// same sessions: what a test puts into a session, and reads from one, are requests to that.
type site struct {
	base      *url.URL
	transport http.RoundTripper

	cfg    session.Config   // the Config of own
	own    *session.Manager // changes sessions
	looks  *session.Manager // only reads them
	cookie string           // the name of the session's cookie
	sealed bool             // sessions are in the cookie

	// Whether a session of the application was found in our store; see found.
	shared   atomic.Bool
	underway atomic.Int32
}

// newSite ends the test if cfg cannot be the Config of an application. It returns nil if the test
// goes on all the same.
func newSite(t TB, cfg session.Config) *site {
	t.Helper()
	cfg.Hooks, cfg.Skipper, cfg.Logger = session.Hooks{}, nil, slog.New(slog.DiscardHandler)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	own, err := session.New(cfg)
	if err != nil {
		t.Fatalf("sessiontest: the Config of the application is needed, as the application has it: %v", err)
		return nil
	}
	_, sealed := cfg.Store.(session.Sealer)
	s := &site{base: home(cfg.Cookie), cfg: cfg, own: own, cookie: cookieName(cfg), sealed: sealed}
	if !sealed {
		cfg.Store, cfg.Tags = untouched{cfg.Store}, false
	}
	cfg.Hooks.LateWrite = func(ctx context.Context, e session.Event) {
		message := "the session that a Visitor shows cannot be changed; change it with Seed"
		if e.Caller != "" {
			message = e.Caller + ": " + message
		}
		ctx.Value(testKey{}).(TB).Errorf("sessiontest: %s", message)
	}
	s.looks = must(session.New(cfg))
	return s
}

// must is for a Config that is known to be valid.
func must(m *session.Manager, err error) *session.Manager {
	if err != nil {
		panic(err)
	}
	return m
}

// home is where an application in this process lives: where its cookie goes.
func home(o session.CookieOptions) *url.URL {
	u := &url.URL{
		Scheme: "https",
		Host:   cmp.Or(strings.ToLower(strings.TrimPrefix(o.Domain, ".")), "example.com"),
		Path:   cmp.Or(o.Path, "/"),
	}
	if path, err := url.PathUnescape(u.Path); err == nil { // Cookie.Path is escaped
		u.Path, u.RawPath = path, u.Path
	}
	if o.Insecure {
		u.Scheme = "http"
	}
	return u
}

// isHost says whether the session's cookie goes to host: the one of the application, or any in its
// Domain.
func (s *site) isHost(host string) bool {
	domain := s.cfg.Cookie.Domain
	return host == s.base.Hostname() || domain != "" && within(host, domain)
}

// untouched keeps a test that only looks from prolonging the session.
type untouched struct{ session.Store }

func (untouched) Touch(context.Context, string, time.Time) error { return nil }

// cookieName is what the library calls the cookie. It is observed rather than computed, so that the
// rule is in one place only.
func cookieName(cfg session.Config) string {
	cfg.Store, cfg.Tags = forgetful{}, false
	m := must(session.New(cfg))
	res, err := visit(m, httptest.NewRequest(http.MethodGet, "/", nil), func(s *session.Session) { s.Put("a", 1) })
	if err != nil {
		panic(err)
	}
	return res.Cookies()[0].Name
}

// forgetful is a store for a session that begins and is never used again.
type forgetful struct{ session.Store }

func (forgetful) Write(context.Context, string, session.Record) error { return nil }

// visit answers a request in which fn works on the session. The answer is a 204, which shows
// nothing, so messages that fn reads stay.
func visit(m *session.Manager, r *http.Request, fn func(*session.Session)) (*http.Response, error) {
	answer := func(c echo.Context) error {
		fn(session.From(c))
		return c.NoContent(http.StatusNoContent)
	}
	withTokens := session.CSRF(session.CSRFConfig{Skipper: func(echo.Context) bool { return true }})
	recorder := httptest.NewRecorder()
	err := m.Middleware()(withTokens(answer))(echo.New().NewContext(r, recorder))
	if failed, ok := errors.AsType[*echo.HTTPError](err); ok && failed.Internal != nil {
		err = failed.Internal
	}
	return recorder.Result(), err
}

// testKey is where a context has the test that a change of what is seen fails.
type testKey struct{}

// look is the session that these cookies lead to. It is a snapshot: the request in which it
// was loaded is over.
func (s *site) look(ctx context.Context, cookies []jarCookie) (seen *session.Session, err error) {
	r := s.request(http.MethodGet, nil, cookies).WithContext(ctx)
	_, failed := visit(s.looks, r, func(own *session.Session) {
		seen, err = own, own.Load(r.Context())
	})
	return seen, cmp.Or(err, failed)
}

// cookieOf is the value of the session's cookie, or of the one with flash if the session is sealed and
// has nothing else.
func (s *site) cookieOf(cookies []jarCookie) string {
	for _, name := range [...]string{s.cookie, s.cookie + flashSuffix} {
		for _, c := range cookies {
			if c.Name == name {
				return c.Value
			}
		}
	}
	return ""
}

// arrival is what a request brings along. Whether its cookies lead to a session must be found out
// before the request is made: the answer may end the session, or give it another id, and then they
// no longer do.
type arrival struct {
	cookies    []jarCookie
	hadSession bool
	err        error // the store could not be asked; how to deal with that is up to the application
}

func (s *site) arrival(r *http.Request) (a arrival) {
	for _, c := range r.Cookies() {
		a.cookies = append(a.cookies, jarCookie{Cookie: *c})
	}
	seen, err := s.look(context.Background(), a.cookies)
	a.hadSession, a.err = err == nil && !seen.IsNew(), err
	return a
}

// ended says whether the session that these cookies led to a moment ago was destroyed, rather than
// given another id. It returns false if it cannot tell: only a store that finds the sessions of
// users tells other processes of a new id. It does so for a minute only, so this is asked at once,
// and not when a test asserts something.
func (s *site) ended(cookies []jarCookie) (ended bool) {
	cfg := s.cfg
	if _, tells := cfg.Store.(session.Tagger); !tells {
		return false
	}
	cfg.Hooks.Rejected = func(_ context.Context, e session.Event) { ended = e.Reason == session.ReasonUnknown }
	r := s.request(http.MethodGet, nil, cookies)
	_, _ = visit(must(session.New(cfg)), r, func(s *session.Session) { s.IsNew() })
	return ended
}

// request is a request to our own application.
func (s *site) request(method string, form url.Values, cookies []jarCookie) *http.Request {
	r := httptest.NewRequest(method, s.base.String(), strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", formType)
	}
	for _, c := range cookies {
		r.Header.Add("Cookie", c.Name+"="+c.Value)
	}
	return r
}

// found says whether the session that an answer has just begun is where we look for it. If not, the
// test's assertions would be about another session, or none. It returns true if it cannot tell,
// since another request may have ended the session again.
func (s *site) found(answer []*http.Cookie, sent []jarCookie) bool {
	if !s.begins(answer) || s.shared.Load() || s.underway.Load() != 1 {
		return true
	}
	seen, err := s.look(context.Background(), sent)
	if err != nil {
		return true
	}
	s.shared.Store(!seen.IsNew())
	return !seen.IsNew()
}

// strays are the cookies of an answer that may be those of other sessions than ours. (-seen carries nothing.)
func (s *site) strays(answer []*http.Cookie) (strays []*http.Cookie) {
	for _, c := range answer {
		if c.HttpOnly && c.MaxAge >= 0 && c.Name != s.cookie && c.Name != s.cookie+flashSuffix && !strings.HasSuffix(c.Name, "-seen") {
			strays = append(strays, c)
		}
	}
	return strays
}

// misnamed is a cookie of another name that leads to a session in our store, or "". What a test asserted
// would be about no session at all, and most of what it says is not there would hold. (A sealed cookie
// opens only by its own name, so there is no telling.)
func (s *site) misnamed(strays []*http.Cookie) string {
	if s.shared.Load() {
		return ""
	}
	for _, c := range strays {
		seen, err := s.look(context.Background(), []jarCookie{{Cookie: http.Cookie{Name: s.cookie, Value: c.Value}}})
		if err == nil && !seen.IsNew() {
			return c.Name
		}
	}
	return ""
}

// begins says whether an answer gives the visitor a cookie for a session that is new to it.
func (s *site) begins(answer []*http.Cookie) bool {
	return slices.ContainsFunc(answer, func(c *http.Cookie) bool { return c.Name == s.cookie && c.MaxAge >= 0 })
}

// flashSuffix is what the name of a cookie with flash adds to that of the session's cookie.
const flashSuffix = "-flash"

// isOurs says whether a cookie of that name belongs to the session. The prefix __Host- does not
// matter: it depends on other attributes, in which an application and its test may differ by
// mistake.
func (s *site) isOurs(name string) bool {
	const prefix = "__Host-"
	own := strings.TrimPrefix(s.cookie, prefix)
	name = strings.TrimPrefix(name, prefix)
	return name == own || name == own+flashSuffix
}
