package sessiontest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/echo-hypermedia/session"
)

// TB is what a [Visitor] needs of a *testing.T, *testing.B or *testing.F.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Visitor is somebody with a browser, which makes requests, keeps cookies, and sends along the
// address of the page it comes from. A test can put things into the visitor's session, and look
// into it.
//
// What the test asserts is how the session is now, and what waits there for the next page.
// Looking consumes no message and does not count as using the session.
//
// A Visitor is safe for concurrent use, as a browser with several tabs is. A test that uses one
// in other goroutines has to wait for them.
type Visitor struct {
	t       TB
	site    *site
	browser *browser
	header  http.Header // of each request; never changed
	form    string      // whose old input and errors are looked at
	located bool        // an HX-Location is followed: what a script gets is the page
}

// browser is what a visitor's requests have in common.
type browser struct {
	jar jar

	mu     sync.Mutex
	page   string   // the address of the page that is being looked at
	fields []string // that were submitted, for failures to show what became of them
	forms  []string // the names of the forms
	strays []string // cookies of the application that look like another session's
}

// New is a visitor of an application in this process, whose handler is app: an *echo.Echo,
// say. cfg is the [session.Config] of the application. It has to have the same Store, the
// same CookieName and Cookie, and the same Now; best give both the same variable. Hooks,
// Logger and Skipper are the application's alone.
//
// The visitor comes by https, unless the cookie is Insecure.
func New(t TB, cfg session.Config, app http.Handler) *Visitor {
	t.Helper()
	site := newSite(t, cfg)
	if site == nil {
		return nil
	}
	site.transport = inProcess{app}
	return site.visitor(t)
}

// NewAt is [New] for a server that is running at address. It has to share the store with
// the test: in this process, such as an [httptest.Server], or by Redis, say. The transport
// of client is used, which knows a test server's certificate; nil is [http.DefaultClient].
//
//	server := httptest.NewTLSServer(app)
//	defer server.Close()
//	visitor := sessiontest.NewAt(t, cfg, server.URL, server.Client())
func NewAt(t TB, cfg session.Config, address string, client *http.Client) *Visitor {
	t.Helper()
	site := newSite(t, cfg)
	if site == nil {
		return nil
	}
	base, err := url.Parse(address)
	switch {
	case err != nil || base.Host == "":
		t.Fatalf("sessiontest: %q is not the address of a server; it is one such as http://127.0.0.1:8080", address)
		return nil
	case base.Scheme != "https" && !cfg.Cookie.Insecure:
		t.Fatalf("sessiontest: the cookie %s is Secure, and %s is plain http, where browsers neither take nor send it; use httptest.NewTLSServer, or set Cookie.Insecure", site.cookie, address)
		return nil
	case cfg.Cookie.Domain != "" && !within(base.Hostname(), cfg.Cookie.Domain):
		t.Fatalf("sessiontest: the cookie %s is for %s, and so never gets to %s; leave Cookie.Domain out in tests", site.cookie, cfg.Cookie.Domain, address)
		return nil
	}
	site.base.Scheme, site.base.Host = base.Scheme, base.Host
	site.transport = http.DefaultTransport
	if client != nil && client.Transport != nil {
		site.transport = client.Transport
	}
	return site.visitor(t)
}

func (s *site) visitor(t TB) *Visitor {
	return &Visitor{t: t, site: s, browser: &browser{jar: jar{now: s.now}}}
}

// Another is another visitor of the same application, or the same person on another
// device: with no cookies yet.
func (v *Visitor) Another() *Visitor { return v.site.visitor(v.t) }

// In is the same visitor in another test: what fails is a failure of t. So a story can be told in subtests.
//
//	t.Run("log in", func(t *testing.T) { visitor.In(t).Post("/login", form).AssertSessionRegenerated() })
func (v *Visitor) In(t TB) *Visitor {
	also := *v
	also.t = t
	return &also
}

// With is the same visitor, whose requests also have this header; pairs are name and
// value. An empty value leaves out a header that would otherwise be sent.
//
//	visitor.With("HX-Request", "true").Post("/posts", form)
func (v *Visitor) With(pairs ...string) *Visitor {
	v.t.Helper()
	if len(pairs)%2 != 0 {
		v.t.Fatalf("sessiontest: With takes pairs of a name and a value; got %q", pairs)
		return v
	}
	also := *v
	also.header = v.header.Clone()
	if also.header == nil {
		also.header = http.Header{}
	}
	for pair := range slices.Chunk(pairs, 2) {
		also.header.Set(pair[0], pair[1])
	}
	return &also
}

// Form is the same visitor, where assertions about old input and errors, and SeedForm, are
// about the form of that name; see [session.FormField].
func (v *Visitor) Form(name string) *Visitor {
	one := *v
	one.form = name
	return &one
}

// Seed changes the session before the next request, as a handler of the application would:
// fn may put values, flash messages, Tag, Regenerate and Destroy. It is for what has to be
// there already, such as being logged in:
//
//	visitor.Seed(func(s *session.Session) {
//		s.Tag("ada") // if the store finds users
//		s.Put("user", "ada")
//		s.FlashSuccess("Welcome back.")
//	})
//
// Seeding counts as using the session. What cannot be stored ends the test.
func (v *Visitor) Seed(fn func(*session.Session)) {
	v.t.Helper()
	v.seed(http.MethodGet, nil, fn)
}

// SeedForm is Seed for what a submitted form leaves behind. fn runs as in the handler that
// got the form, so there is something for FlashAll, FlashOnly, FlashExcept and
// FlashValidationErrors to keep. A nil fn is FlashAll.
//
//	visitor.SeedForm(url.Values{"title": {"Hello"}}, func(s *session.Session) {
//		s.FlashValidationErrors(session.ValidationErrors{"body": {"Write something."}})
//	})
func (v *Visitor) SeedForm(form url.Values, fn func(*session.Session)) {
	v.t.Helper()
	if fn == nil {
		fn = (*session.Session).FlashAll
	}
	if v.form != "" {
		form = maps.Clone(form)
		if form == nil {
			form = url.Values{}
		}
		form.Set(session.FormField, v.form)
	}
	v.browser.noteForm(form)
	v.seed(http.MethodPost, form, fn)
}

func (v *Visitor) seed(method string, form url.Values, fn func(*session.Session)) {
	v.t.Helper()
	base := v.site.base
	res, err := visit(v.site.own, v.site.request(method, form, v.browser.jar.sent(base)), fn)
	if err != nil {
		v.t.Fatalf("sessiontest: the session could not be seeded: %v", err)
		return
	}
	v.browser.jar.set(base, res.Cookies())
}

// CSRFToken is a token that [session.CSRF] accepts from the visitor, as the header
// [session.CSRFHeader] or in the field [session.CSRFField]. It begins a session if there is
// none, and is good until a login.
//
//	visitor.With(session.CSRFHeader, visitor.CSRFToken()).Post("/pay", form)
func (v *Visitor) CSRFToken() (token string) {
	v.t.Helper()
	v.Seed(func(s *session.Session) { token = s.CSRFToken() })
	return token
}

// Session is the visitor's session as it is now, to be read with all that reads one:
//
//	if got := session.Get[int](visitor.Session(), "visits"); got != 3 {
//		t.Errorf("counted %d visits; want 3", got)
//	}
//
// It does not change any more, and changing it fails the test: that is what [Visitor.Seed]
// is for. Messages that are read stay for the next page. A store that cannot be reached
// ends the test.
func (v *Visitor) Session() *session.Session {
	v.t.Helper()
	return v.look(v.browser.jar.sent(v.site.base))
}

// look is the session that these cookies lead to.
func (v *Visitor) look(cookies []jarCookie) *session.Session {
	v.t.Helper()
	seen, err := v.site.look(cookies)
	if err != nil {
		v.t.Fatalf("sessiontest: the session could not be looked at: %v", err)
	}
	return seen
}

// Cookies is all cookies of the visitor with their attributes, for a real browser to go on
// with. MaxAge is what is left of it; 0 is a cookie that ends with the browser. A Domain of
// "" is the host that has set the cookie, and no other.
func (v *Visitor) Cookies() []*http.Cookie { return v.browser.jar.export() }

// SetCookies makes these all the cookies of the visitor: those of a real browser, say,
// after it has been somewhere. Cookies of other sites are left out.
func (v *Visitor) SetCookies(cookies []*http.Cookie) {
	v.t.Helper()
	host := v.site.base.Hostname()
	if taken := v.browser.jar.replace(host, cookies); taken == 0 && len(cookies) > 0 {
		v.t.Fatalf("sessiontest: none of these %d cookies is for %s, where the visitor goes; the first is for %s", len(cookies), host, cookies[0].Domain)
	}
}

func (b *browser) noteForm(form url.Values) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forms = append(b.forms, form.Get(session.FormField))
	b.fields = slices.AppendSeq(b.fields, maps.Keys(form))
}

// noteAnswer remembers what looks like the cookie of other sessions than ours.
func (b *browser) noteAnswer(cookies []*http.Cookie, own string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range cookies {
		if c.HttpOnly && c.MaxAge >= 0 && c.Name != own && c.Name != own+flashSuffix && !strings.HasSuffix(c.Name, "-seen") {
			b.strays = append(b.strays, c.Name)
		}
	}
}
