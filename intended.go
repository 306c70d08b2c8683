package session

import (
	"net/http"
	"net/url"
	"strings"
)

const intendedKey = "intended"

// maxIntended is how many bytes of an address are remembered. A longer one, which anybody
// can make a visitor open, must not fill the session.
const maxIntended = 1024

// SetIntendedURL remembers where the visitor wanted to go, before a login say: the address of
// a page, which the visitor will be sent to by GET. Only a path of this site, of up to 1024
// bytes, is remembered; anything else is ignored, since it often comes from the visitor (OWASP
// ASVS 5.0, 3.7.2).
//
// A guard gives it the address of each request that it turns away. If that is a form, a poll or
// another part of a page, the page that it came from is remembered; and nothing is if it is an
// image, or a page that is loaded ahead.
func (s *Session) SetIntendedURL(path string) {
	s.lock()
	defer s.unlock()
	if !s.outside && (path == s.req.URL.RequestURI() || path == asked(s.req)) {
		path = s.pageAsked()
	}
	if s.state(); len(path) > maxIntended || !isLocalPath(path) {
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

// PullIntendedURL is where the visitor wanted to go, and forgets it. If that is not known
// it is the fallback, or "/".
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

// isLocalPath says whether a browser that is sent to path stays on this site. Browsers
// read a backslash as a slash, so "/\evil.example" is as far away as "//evil.example".
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
