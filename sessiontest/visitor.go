package sessiontest

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/echo-hypermedia/session"
)

// TB is the part of a *testing.T, *testing.B or *testing.F that a [Visitor] needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Visitor is a person with a browser, which makes requests, keeps cookies, and sends the address of
// the page that a request comes from. A test can put things into the visitor's session, and look
// into it.
//
// Assertions are about the session as it is now, and what waits there for the next page. Looking
// consumes no message and does not count as using the session.
//
// A Visitor is safe for concurrent use, like a browser with several tabs. A test that uses one in
// other goroutines must wait for them.
type Visitor struct {
	t       TB
	site    *site
	browser *browser
	header  http.Header // of each request; never changed
	form    string      // the form whose old input and errors assertions look at
	located bool        // an HX-Location is being followed, so what a script gets is the page
}

// browser is what a visitor's requests have in common.
type browser struct {
	jar jar

	mu     sync.Mutex
	page   string   // the address of the page that the browser shows
	fields []string // submitted fields, whose fate a failure reports
	forms  []string // the names of the forms
	strays []string // cookies of the application that look like another session's
}

// New returns a visitor of an application in this process, whose handler is app, such as an
// *echo.Echo. cfg is the [session.Config] of the application. It must have the same Store,
// CookieName, Cookie and Now; it is best to use the same variable for both. Hooks, Logger and
// Skipper are used by the application alone.
//
// The visitor comes by https, unless the cookie is Insecure. A cfg that is not valid ends the test.
func New(t TB, cfg session.Config, app http.Handler) *Visitor {
	t.Helper()
	site := newSite(t, cfg)
	if site == nil {
		return nil
	}
	site.transport = inProcess{app}
	return site.visitor(t)
}

// NewAt is [New] for a server that is running at address. The server must share its store with the
// test: by running in this process, as an [httptest.Server] does, or for example through Redis.
// Requests use the transport of client, which knows a test server's certificate; nil means
// [http.DefaultClient].
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
	site.base.Scheme, site.base.Host = base.Scheme, hostOf(base)
	site.transport = http.DefaultTransport
	if client != nil && client.Transport != nil {
		site.transport = client.Transport
	}
	return site.visitor(t)
}

func (s *site) visitor(t TB) *Visitor {
	return &Visitor{t: t, site: s, browser: &browser{jar: jar{now: s.cfg.Now}}}
}

// Another returns another visitor of the same application, or the same person on another device,
// with no cookies yet.
func (v *Visitor) Another() *Visitor { return v.site.visitor(v.t) }

// In returns the same visitor in another test: its failures are failures of t. So the steps of a story can be
// subtests.
//
//	t.Run("log in", func(t *testing.T) { visitor.In(t).Post("/login", form).AssertSessionBegun() })
func (v *Visitor) In(t TB) *Visitor {
	also := *v
	also.t = t
	return &also
}

// With returns the same visitor with more headers in its requests, given as pairs of name and
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

// Form returns the same visitor, but its assertions about old input and errors, and SeedForm, are
// about the form of that name; see [session.FormField].
func (v *Visitor) Form(name string) *Visitor {
	one := *v
	one.form = name
	return &one
}

// Seed changes the session before the next request, as a handler of the application would: fn may
// put values, flash messages, and call Tag, Regenerate and Destroy. Use it for what must already be
// there, such as a login:
//
//	visitor.Seed(func(s *session.Session) {
//		s.Tag("ada") // if the store finds users
//		s.Put("user", "ada")
//		s.FlashSuccess("Welcome back.")
//	})
//
// Seeding counts as using the session. If something cannot be stored, Seed ends the test.
func (v *Visitor) Seed(fn func(*session.Session)) {
	v.t.Helper()
	v.seed(http.MethodGet, nil, fn)
}

// SeedForm is Seed for what a submitted form leaves behind. fn runs as if in the handler that got
// the form, so that FlashAll, FlashOnly, FlashExcept and FlashValidationErrors keep the form. A nil
// fn means FlashAll.
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

// CSRFToken returns a token that [session.CSRF] accepts from the visitor, as the header
// [session.CSRFHeader] or in the field [session.CSRFField]. It begins a session if there is none.
// The token is good until a login.
//
//	visitor.With(session.CSRFHeader, visitor.CSRFToken()).Post("/pay", form)
func (v *Visitor) CSRFToken() (token string) {
	v.t.Helper()
	v.Seed(func(s *session.Session) { token = s.CSRFToken() })
	return token
}

// Session returns the visitor's session as it is now, for all functions that read one:
//
//	if got := session.Get[int](visitor.Session(), "visits"); got != 3 {
//		t.Errorf("counted %d visits; want 3", got)
//	}
//
// It is a snapshot, and changing it fails the test: use [Visitor.Seed] for that. Messages that are
// read stay for the next page. If the store cannot be reached, Session ends the test.
func (v *Visitor) Session() *session.Session {
	v.t.Helper()
	return v.look(v.browser.jar.sent(v.site.base))
}

// look is the session that these cookies lead to.
func (v *Visitor) look(cookies []jarCookie) *session.Session {
	v.t.Helper()
	seen, err := v.site.look(context.WithValue(context.Background(), testKey{}, v.t), cookies)
	if err != nil {
		v.t.Fatalf("sessiontest: the session could not be looked at: %v", err)
	}
	return seen
}

// cookie is the cookie of the session that the visitor has.
func (v *Visitor) cookie() string { return v.site.cookieOf(v.browser.jar.sent(v.site.base)) }

// Cookies returns all cookies of the visitor with their attributes, for a real browser to go on
// with. MaxAge is the remaining time; 0 means that the cookie ends with the browser. A Domain of ""
// means the host of the application, and no other. A cookie that another host within Cookie.Domain has
// set for itself is left out.
func (v *Visitor) Cookies() []*http.Cookie { return v.browser.jar.export(v.site.base.Hostname()) }

// SetCookies replaces all cookies of the visitor with these, for example with those of a real
// browser after it has visited some pages. As browsers show it, a Domain that begins with a dot means all
// hosts in it, and one without a dot that host alone; "" means the host of the application. Cookies of
// other sites are left out.
func (v *Visitor) SetCookies(cookies []*http.Cookie) {
	v.t.Helper()
	if taken := v.browser.jar.replace(v.site, cookies); taken == 0 && len(cookies) > 0 {
		v.t.Fatalf("sessiontest: none of these %d cookies is for %s, where the visitor goes; the first is for %s", len(cookies), v.site.base.Hostname(), cookies[0].Domain)
	}
}

// noteForm remembers a form, and noteStrays remembers cookies, for failures to name.
func (b *browser) noteForm(form url.Values) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forms = append(b.forms, form.Get(session.FormField))
	b.fields = slices.AppendSeq(b.fields, maps.Keys(form))
}

func (b *browser) noteStrays(strays []*http.Cookie) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range strays {
		b.strays = append(b.strays, c.Name)
	}
}
