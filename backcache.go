package session

import (
	"net/http"
	"slices"
	"time"
)

// When a visitor goes back, a browser may show a page as he left it, with its messages, and
// ask nobody (the back/forward cache). Cache-Control: no-store does not keep Chromium from it
// any more, but no-store together with a change of an HttpOnly cookie does. Chromium counts:
// a cookie that is set over an old one makes two changes, the old one going and the new one
// coming; a new one, or one that goes, makes one change; and each Set-Cookie line of the
// navigation, redirects included, takes one off. (Seen in Chromium 156; Firefox and Safari
// keep no page with no-store, and nobody keeps an answer to a form or one that is not a 200.)
// So a page with messages sends its cookie once more, unchanged.

// recently is how long a redirect that has set the cookie may take to lead to its page. Its
// line has to be made up for.
const recently = 10 * time.Second

// leaveBackCache keeps browsers from showing this response again.
func (s *Session) leaveBackCache(h http.Header) {
	if s.m.sealer != nil {
		s.rewriteFlashCookie(h)
		return
	}
	if s.key == "" {
		return // what was flashed for now only; there is no cookie to send
	}
	name, more := s.m.cookie.name(), 1
	if s.cookieIsNew() {
		more++
	}
	if s.sends(name) {
		more--
	}
	for range more {
		h.Add("Set-Cookie", s.m.cookie.with(name, s.id, s.cookieAge()))
	}
}

// rewriteFlashCookie sets the flash cookie to nothing in particular, twice, and then to what
// the commit has left of it: it was a redirect, most likely, that has set it.
func (s *Session) rewriteFlashCookie(h http.Header) {
	name := s.m.cookie.flashName()
	if !s.sends(name) {
		if s.sealed.flashGiven {
			return // it has messages that wait for another page
		}
		h.Add("Set-Cookie", s.m.cookie.gone(name))
	}
	passing := s.m.cookie.with(name, "-", time.Second)
	h["Set-Cookie"] = slices.Concat([]string{passing, passing}, h["Set-Cookie"])
}

// sends says whether this response sets the cookie of that name.
func (s *Session) sends(name string) bool {
	return slices.ContainsFunc(s.cookies, func(c cookieLine) bool { return c.name == name })
}

// cookieIsNew says whether this response, or one just before, has set the cookie.
func (s *Session) cookieIsNew() bool {
	now := s.m.now()
	return now.Sub(time.UnixMilli(s.st.created)) < recently || now.Sub(s.st.time(kindDevice, deviceRenewed)) < recently
}
