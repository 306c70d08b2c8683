package session

import (
	"cmp"
	"iter"
	"math"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxCookie is the largest cookie that browsers store, counting name, value and attributes (RFC
// 6265bis section 5.6 counts name and value; older browsers count all). Browsers drop a larger one
// silently, so it is checked here.
const maxCookie = 4096

// maxCookieAge is the longest life browsers grant (RFC 6265bis section 5.5).
const maxCookieAge = 400 * 24 * time.Hour

// maxIdleTimeout is shorter than maxCookieAge, so that there are visits in which to send the cookie
// again.
const maxIdleTimeout = 12 * month

// maxCandidates is how many cookies of our name are tried. There are several if other paths or
// domains have set them; the limit keeps a visitor from making us ask the store for long.
const maxCandidates = 8

// cookieTemplate is the cookie with everything but value and age.
type cookieTemplate struct {
	base  http.Cookie
	scope string // see sealedAs

	// flashName is the cookie in which flash travels with a Sealer: a response that was on
	// its way when the message was flashed cannot overwrite it there.
	flashName string

	// The attributes as net/http writes them, before and after the age. net/http itself would check
	// each byte of a value that we know to be valid.
	beforeAge, afterAge string
}

func newCookieTemplate(cfg Config) cookieTemplate {
	t := cookieTemplate{
		base: http.Cookie{
			Name:        cfg.CookieName,
			Path:        cfg.Cookie.Path,
			Domain:      cfg.Cookie.Domain,
			Secure:      !cfg.Cookie.Insecure,
			HttpOnly:    true,
			SameSite:    cfg.Cookie.SameSite,
			Partitioned: cfg.Cookie.Partitioned,
		},
		flashName: cfg.CookieName + "-flash",
	}
	scope := http.Cookie{Name: "c", Path: t.base.Path, Domain: t.base.Domain, Partitioned: t.base.Partitioned}
	if t.scope = strings.TrimPrefix(scope.String(), "c="); t.scope == "; Path=/" {
		t.scope = ""
	}
	sample := t.base
	sample.MaxAge = 1
	_, attributes, _ := strings.Cut(sample.String(), "=")
	t.beforeAge, t.afterAge, _ = strings.Cut(attributes, "; Max-Age=1")
	return t
}

func (t cookieTemplate) name() string { return t.base.Name }

// isOurs says whether a line of Set-Cookie is about a cookie that holds a session or its flash.
func (t cookieTemplate) isOurs(line string) bool {
	name, _, _ := strings.Cut(line, "=")
	return name == t.name() || name == t.flashName
}

// sealedAs is what a sealed cookie of that name is bound to. A cookie with another path, domain or
// partition is another cookie: after a change of these, browsers send both, and the old one cannot
// be removed. If it opened, its session would come back after a log-out.
func (t cookieTemplate) sealedAs(name string) string { return name + t.scope }

// sameAs says whether browsers treat other as the same cookie.
func (t cookieTemplate) sameAs(other cookieTemplate) bool {
	return t.base.Name == other.base.Name && t.base.Path == other.base.Path && t.base.Domain == other.base.Domain
}

// with is a Set-Cookie line. A cookie lives at least a second, since Max-Age=0 would remove it, or,
// with the age untilBrowserCloses, for as long as the browser runs.
func (t cookieTemplate) with(name, value string, age time.Duration) string {
	if age == untilBrowserCloses {
		return name + "=" + value + t.beforeAge + t.afterAge
	}
	seconds := max(1, int((min(age, maxCookieAge)+time.Second-1)/time.Second))
	return name + "=" + value + t.beforeAge + "; Max-Age=" + strconv.Itoa(seconds) + t.afterAge
}

// gone is the Set-Cookie line that removes a cookie.
func (t cookieTemplate) gone(name string) string {
	c := t.base
	c.Name, c.MaxAge = name, -1
	return c.String()
}

// putCookie puts line into h, replacing an earlier one for the same cookie.
func putCookie(h http.Header, name, line string) {
	const field = "Set-Cookie"
	h[field] = slices.DeleteFunc(h[field], func(old string) bool { return strings.HasPrefix(old, name+"=") && isSameCookie(old, line) })
	h.Add(field, line)
}

// isSameCookie says whether browsers treat two Set-Cookie lines of one name as the same cookie. If
// not, one may be that of another Manager.
func isSameCookie(a, b string) bool {
	x, errX := http.ParseSetCookie(a)
	y, errY := http.ParseSetCookie(b)
	return errX != nil || errY != nil || x.Path == y.Path && x.Domain == y.Domain
}

// candidates are the values that the visitor sent under a cookie's name. It reads nothing else from
// the header; http.Request.CookiesNamed makes a Cookie of each, which takes longer than reading a
// session from memory.
func candidates(r *http.Request, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		left := maxCandidates
		for _, line := range r.Header["Cookie"] {
			for pair := range strings.SplitSeq(line, ";") {
				key, value, _ := strings.Cut(textproto.TrimString(pair), "=")
				if key != name {
					continue
				}
				if left--; left < 0 || !yield(unquoted(value)) {
					return
				}
			}
		}
	}
}

// unquoted is a value without the quotes that some clients put around it.
func unquoted(value string) string {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// untilBrowserCloses is the age of a cookie that has none.
const untilBrowserCloses time.Duration = math.MinInt64

// cookieAge is how long the browser keeps the cookie: until the session must end. Ending an idle
// session earlier is left to the server, so that the cookie need not be sent again with every page.
func (s *Session) cookieAge() time.Duration {
	if end := s.st.end(); end != 0 {
		return s.ageUntil(time.UnixMilli(end))
	}
	return s.ageUntil(s.at.Add(maxCookieAge))
}

// month is how often writes prolong the cookie of a session that outlives it. A touch always does.
const month = 30 * 24 * time.Hour

// keepCookieAhead sends the cookie again if the browser may drop it before the session ends.
func (s *Session) keepCookieAhead() {
	if s.st.lastsLong() {
		s.setCookie()
	}
}

// lastsLong says whether the session may live longer than a browser keeps any cookie. Its cookie, and its
// entries in the index, then do not last until it ends, but are prolonged when it is.
func (st *state) lastsLong() bool {
	end := st.end()
	return end == 0 || end-st.created > maxCookieAge.Milliseconds()
}

// ageUntil is the age of a cookie that is good until end.
func (s *Session) ageUntil(end time.Time) time.Duration {
	if s.m.cfg.ClearWithBrowser && !s.st.remembered() {
		return untilBrowserCloses
	}
	return end.Sub(s.at)
}

// setCookie gives the visitor the id.
func (s *Session) setCookie() {
	name := s.m.cookie.name()
	s.keepCookie(name, s.m.cookie.with(name, s.id, s.cookieAge()))
}

func (s *Session) removeCookie(name string) {
	s.keepCookie(name, s.m.cookie.gone(name))
}

// keepCookie keeps line for the head of this response, which setCookies writes.
func (s *Session) keepCookie(name, line string) {
	if s.headSent || s.exchange == nil {
		return
	}
	s.warnOfCookie()
	others := slices.DeleteFunc(slices.Clone(s.cookies), func(c cookieLine) bool { return c.name == name })
	s.cookies = append(others, cookieLine{name, line})
}

// warnOfCookie logs once why browsers will drop the cookie. It uses the address of our page that
// the request comes from, which browsers send. How the request arrives here says nothing: a proxy
// in front may speak TLS to browsers, or speak to us under another host.
func (s *Session) warnOfCookie() {
	cfg := &s.m.cfg.Cookie
	if s.given || cfg.Insecure && cfg.Domain == "" || s.m.warned.Load() {
		return
	}
	page := addressHere(s.req, cmp.Or(header(s.req.Header, "Origin"), header(s.req.Header, "Referer")))
	var why notice
	switch {
	case page == nil:
	case !cfg.Insecure && isOverPlainHTTP(s.req, page):
		why = insecureCookie
	case cfg.Domain != "" && !isIn(page.Hostname(), strings.TrimPrefix(cfg.Domain, ".")):
		why = foreignCookie
	}
	if why != silent && s.m.warned.CompareAndSwap(false, true) {
		s.report(nil, "", Event{}, why)
	}
}

func isOverPlainHTTP(r *http.Request, page *url.URL) bool {
	return page.Scheme == "http" && r.TLS == nil && header(r.Header, "X-Forwarded-Proto") != "https"
}

// isIn says whether cookies of that domain are sent to that host (RFC 6265 section 5.1.3).
func isIn(host, domain string) bool {
	return strings.HasSuffix(strings.ToLower("."+host), strings.ToLower("."+domain))
}
