package session

import (
	"net/http"
	"time"
)

// When a visitor goes back, a browser may show the page as it was left, with its messages, and not
// ask the server (the back/forward cache). Cache-Control: no-store no longer keeps Chromium from
// it, but no-store together with a change of an HttpOnly cookie does. Chromium counts changes:
// replacing a cookie counts as two, one for the old cookie and one for the new; adding or removing
// a cookie counts as one; and each Set-Cookie line of the navigation, including those of redirects,
// subtracts one. It keeps no answer to a form, and none but a 200. (Seen in Chromium 156.)
//
// Firefox 153 keeps no page with no-store, unless a service worker has answered for it. WebKitGTK 2.50
// keeps none over https; over plain http it keeps any page, whatever its headers.
//
// So a page with messages sets a cookie that means nothing, sets it again, and removes it. It is
// tempting to send the session's cookie again instead. But this page may reach the browser after
// another that has given the session a new id, and would then restore the old id.

// recently is how long a redirect that has set a cookie may take to lead to its page. The page then
// needs another line.
const recently = 10 * time.Second

// leaveBackCache keeps browsers from showing this response again.
func (s *Session) leaveBackCache(h http.Header) {
	times := 2
	if s.m.sealer != nil || s.cookieIsNew() {
		times++
	}
	cookie, name := s.m.cookie, s.m.cookie.name()+"-seen" // with the attributes that a prefix of the name may require
	line := cookie.with(name, "1", untilBrowserCloses)
	for range times {
		h.Add("Set-Cookie", line)
	}
	h.Add("Set-Cookie", cookie.gone(name))
}

// cookieIsNew says whether this response, or one shortly before, has set the session's cookie.
func (s *Session) cookieIsNew() bool {
	now := s.m.now()
	return now.Sub(time.UnixMilli(s.st.created)) < recently || now.Sub(s.st.time(kindDevice, deviceRenewed)) < recently
}
