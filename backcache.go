package session

import (
	"net/http"
	"time"
)

// When a visitor goes back, a browser may show the page as it was left, with its messages, and
// ask nobody (the back/forward cache). Cache-Control: no-store does not keep Chromium from it
// any more, but no-store together with a change of an HttpOnly cookie does. Chromium counts:
// a cookie that is set over an old one makes two changes, the old one going and the new one
// coming; a new one, or one that goes, makes one change; and each Set-Cookie line of the
// navigation, redirects included, takes one off. (Seen in Chromium 156; Firefox and Safari
// keep no page with no-store, and nobody keeps an answer to a form or one that is not a 200.)
//
// So a page with messages sets a cookie that means nothing, sets it again, and removes it. It is
// tempting to send the session's cookie again instead. But this page may reach the browser
// after one that has given the session a new id, and would then put the old one in its place.

// recently is how long a redirect that has set a cookie may take to lead to its page. The page
// then needs one line more.
const recently = 10 * time.Second

// leaveBackCache keeps browsers from showing this response again.
func (s *Session) leaveBackCache(h http.Header) {
	times := 2
	if s.m.sealer != nil || s.cookieIsNew() {
		times++
	}
	cookie, name := s.m.cookie, s.m.cookie.name()+"-seen" // with the attributes that the prefix of the name may ask for
	line := cookie.with(name, "1", untilBrowserCloses)
	for range times {
		h.Add("Set-Cookie", line)
	}
	h.Add("Set-Cookie", cookie.gone(name))
}

// cookieIsNew says whether this response, or one just before, has set the session's cookie.
func (s *Session) cookieIsNew() bool {
	now := s.m.now()
	return now.Sub(time.UnixMilli(s.st.created)) < recently || now.Sub(s.st.time(kindDevice, deviceRenewed)) < recently
}
