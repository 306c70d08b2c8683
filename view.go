package session

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// view is what a response does to messages.
type view struct {
	shows      bool // the response can show what was read
	page       bool // the response is a page, which ends old input and errors
	backCached bool // it is a page that a browser may keep, and show again on Back; see backcache.go
}

// noteStatus notes with which status a head is about to leave.
func (s *Session) noteStatus(status int) {
	s.status, s.decision, s.decided = int16(status), view{}, false
}

// view is what this response does to messages. Most sessions have none when a page reads them, so
// it is worked out only when there are some.
func (s *Session) view() view {
	if !s.decided && s.exchange != nil {
		s.decide(s.exchange.Header())
	}
	return s.decision
}

func (s *Session) decide(h http.Header) { s.decision, s.decided = s.viewOf(h), true }

func (s *Session) viewOf(h http.Header) view {
	to, status := s.audience(), int(s.status)
	if to == audienceNobody || !hasBody(status) || isRedirect(status, h) || isDownload(h) || status >= 500 || s.hasHungUp() || status >= 400 && isUnasked(s.req.Header, h) {
		return view{}
	}
	page := to == audiencePage && status != http.StatusSwitchingProtocols && isHTML(s.req, h)
	return view{shows: true, page: page, backCached: page && status == http.StatusOK && s.req.Method == http.MethodGet}
}

// hasHungUp checks the request's context only until the handler has returned. After that the
// context may have been ended by middleware further out, such as ContextTimeout, while the visitor
// still waits.
func (s *Session) hasHungUp() bool {
	return s.heard(visitorGone) || !s.heard(handlerDone) && hasHungUp(s.req)
}

// outlivesContext says whether an error handler still has to answer a visitor who waits, although
// middleware in between has ended the context, as ContextTimeout does when the handler returns.
func (s *Session) outlivesContext() bool {
	if s == nil {
		return false
	}
	s.lock()
	defer s.unlock()
	return s.heard(handlerDone) && !s.heard(visitorGone) && s.exchange != nil
}

// hasHungUp says whether the visitor has hung up. A deadline is something else: it is our own, and
// the visitor still waits for the answer.
func hasHungUp(r *http.Request) bool { return errors.Is(r.Context().Err(), context.Canceled) }

// hasBody says whether something follows that can be shown. After 101 it comes by another protocol.
func hasBody(status int) bool {
	return status == http.StatusSwitchingProtocols || status >= 200 && status != http.StatusNoContent && status != http.StatusResetContent
}

// isRedirect includes 304, which shows nothing new, and htmx's ways to send a browser on.
func isRedirect(status int, h http.Header) bool {
	return status >= 300 && status < 400 ||
		header(h, "Hx-Redirect") != "" || header(h, "Hx-Location") != "" || header(h, "Hx-Refresh") == "true"
}

// isDownload says whether browsers save the answer as a file, and go on showing the page they were on
// (RFC 6266). Chromium's request for a link with the attribute download looks like one that a service
// worker passes on for a page, so that attribute does not count.
func isDownload(h http.Header) bool {
	kind, _, _ := strings.Cut(header(h, "Content-Disposition"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "attachment")
}

// isUnasked says whether an error comes in another format than was asked for, and is shown to nobody.
// A script that asks for JSON recognises the error by its status, whatever the page says. A browser
// that asks for a page gets JSON from Echo's error handler, which says nothing of messages.
func isUnasked(asks, answer http.Header) bool {
	switch mediaType(answer) {
	case "text/html":
		return acceptsJSON(asks) && !acceptsHTML(asks) && !acceptsAnything(asks) && !isPart(asks)
	case "application/json":
		navigates := header(asks, "Sec-Fetch-Dest") != "empty" || !acceptsAnything(asks) // jQuery's scripts accept HTML, and anything
		return navigates && acceptsHTML(asks) && !acceptsJSON(asks) && !isPart(asks)
	}
	return false
}

// isHTML says whether the answer is a page. Some handlers leave it to net/http to detect the type,
// after the head; then what the browser accepts decides.
func isHTML(r *http.Request, h http.Header) bool {
	switch mediaType(h) {
	case "":
		return acceptsHTML(r.Header)
	case "text/html", "application/xhtml+xml":
		return true
	}
	return false
}

// mediaType is the Content-Type without its parameters.
func mediaType(h http.Header) string {
	media, _, _ := strings.Cut(header(h, "Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}
