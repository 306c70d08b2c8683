package session

import (
	"net/http"
	"net/url"
	"strings"
)

const intendedKey = "intended"

// maxIntended is the longest address that is remembered, in bytes. Anybody can make a visitor open
// a long one, which must not fill the session.
const maxIntended = 1024

// SetIntendedURL remembers where the visitor wanted to go, for example before a login: the address
// of a page, where the visitor will be sent by GET. Only a path of this site, of up to 1024 bytes,
// is remembered; anything else is ignored, since the address often comes from the visitor (OWASP
// ASVS 5.0, 3.7.2).
//
// Let a guard pass the address of each request that it turns away. If the request is a form, a poll
// or another part of a page, SetIntendedURL remembers the page that it came from; if it is for an
// image, or a page that is loaded ahead, it remembers nothing. An address that is not the request's
// own is remembered as it is.
//
// The last address stands, whichever tab it was in. To keep one for each tab, give the login form a
// hidden field with s.Old("next", s.PullIntendedURL()), and pass what comes back through
// SetIntendedURL and PullIntendedURL, which check it.
func (s *Session) SetIntendedURL(path string) {
	s.lock()
	defer s.unlock()
	if !s.outside && (path == s.req.URL.RequestURI() || path == asked(s.req)) {
		path = s.pageAsked()
	}
	s.state() // also for an address that is refused, or only some of the answers would have Vary
	if len(path) > maxIntended || !isLocalPath(path) {
		return
	}
	s.change(func(st *state) error { st.put(kindOwn, intendedKey, []byte(path)); return nil })
}

// pageAsked is the page that the visitor is on after this request, or "" if there is none.
func (s *Session) pageAsked() string {
	switch to := s.audience(); {
	case to == audienceNobody:
		return ""
	case s.req.Method == http.MethodGet && (to == audiencePage || isUnpolyPage(s.req.Header)):
		return asked(s.req)
	}
	return referer(s.req)
}

// PullIntendedURL returns where the visitor wanted to go, and forgets it. If that is not known, it
// returns fallback, or "/".
func (s *Session) PullIntendedURL(fallback ...string) string {
	path := firstOr(fallback, "/")
	if s == nil {
		return path
	}
	s.lock()
	defer s.unlock()
	raw, ok := s.state().get(kindOwn, intendedKey)
	if !ok && s.loadErr == nil {
		return path
	}
	s.change(func(st *state) error { st.forget(kindOwn, intendedKey); return nil })
	if intended := string(raw); isLocalPath(intended) {
		return intended
	}
	return path
}

// isLocalPath says whether a browser that is sent to path stays on this site. Browsers read a
// backslash as a slash, so "/\evil.example" leads to another site as "//evil.example" does.
func isLocalPath(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsRune(path, '\\') {
		return false
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return false
	}
	u, err := url.Parse(path)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil
}
