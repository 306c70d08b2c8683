package session

import (
	"net/http"
	"strings"
)

// exchange is the request and response that a session belongs to, as the middleware sees them.
type exchange interface {
	Request() *http.Request // the current one, whose form the application has parsed
	Header() http.Header    // of the response
	over() bool             // the request has ended; there will be no more commit
	echoToken() string      // the token of Echo's CSRF middleware, or ""
}

// The rest of this file is what the middleware asks of a session as its response goes on.

// saveAnswered commits before a head with that status and the header h leaves. If it returns an error,
// the head must not leave.
func (s *Session) saveAnswered(status int, h http.Header) error {
	s.lock()
	defer s.unlock()
	if s.heard(headGone) {
		return nil // another goroutine has begun the session after headGone was noted, and knows that it is late
	}
	s.noteStatus(status)
	err := s.refusal()
	switch {
	case err != nil && status < 500:
		s.abandon()
		return err
	case err != nil: // the application has noticed, and this is its own error page
		s.dropPending()
		noStore(h)
		s.setCookies(h)
	case s.st != nil:
		if err := s.commit(s.consume()); err != nil {
			return err
		}
		s.dress(h)
	}
	s.headSent = true
	return nil
}

// refusal is why this response must not leave. A session that could not be loaded is a reason even
// if nothing was changed: the visitor must not seem to be logged out.
func (s *Session) refusal() error {
	if s.err == nil && s.heard(pageOptional) {
		return nil // a change that cannot be saved still fails
	}
	return s.failure()
}

// dress adds what caches must know about this response.
func (s *Session) dress(h http.Header) {
	addVary(h, "Cookie")
	s.setCookies(h)
	if s.tells() && s.view().backCached {
		s.leaveBackCache(h)
	}
	if len(s.cookies) > 0 || s.tells() || s.loadErr != nil || s.hasFlash() && isSpeculative(s.req.Header) {
		noStore(h) // a page loaded ahead lacks the messages that wait, and Firefox would show that copy
	}
}

// noStore keeps every cache from storing the response.
func noStore(h http.Header) {
	dropTargeted(h)
	h.Set("Cache-Control", "no-store")
}

// dropTargeted removes the headers that are for one kind of cache, which then does not heed Cache-Control
// (RFC 9213, 2.2).
func dropTargeted(h http.Header) {
	for name := range h {
		if strings.HasSuffix(name, "-Cache-Control") {
			delete(h, name)
		}
	}
	delete(h, "Surrogate-Control")
	delete(h, "X-Accel-Expires") // nginx
}

// addVary adds name to the one line of Vary. It is tempting to add a line, which means the same (RFC
// 9110, 5.3). But the cache of nginx 1.22 heeds only the last line, and so would give one visitor's
// page to another.
func addVary(h http.Header, name string) {
	vary := strings.Join(h["Vary"], ", ")
	switch {
	case vary == "":
		vary = name
	case strings.Contains(", "+vary+",", ", *,"): // no cache may keep it, but nginx knows this only if nothing stands beside it
		vary = "*"
	case !strings.Contains(", "+vary+",", ", "+name+","):
		vary += ", " + name
	}
	h["Vary"] = []string{vary}
}

// setCookies puts the cookies of all commits so far into h. Those of earlier commits may no longer
// be there: Timeout overwrites them, and an error answer drops them.
func (s *Session) setCookies(h http.Header) {
	for _, c := range s.cookies {
		putCookie(h, c.name, c.line)
	}
}

// saveUnanswered commits when the handler has returned and no head has left. If the handler failed,
// nobody has seen the messages that it read.
func (s *Session) saveUnanswered(h http.Header, failed bool) error {
	s.lock()
	defer s.unlock()
	if failed {
		s.flash.forgetReads(reads{})
	}
	if err := s.refusal(); err != nil {
		s.abandon()
		return err
	}
	if s.st == nil {
		return nil
	}
	if err := s.commit(flashDelta{}); err != nil {
		return err
	}
	s.dress(h)
	return nil
}

// saveLate commits what was changed and read after the head. It is too late to tell the
// visitor about a failure; commit reports it. The end of a stream counts as use.
func (s *Session) saveLate(streams bool) {
	s.lock()
	defer s.unlock()
	var read flashDelta
	if s.m.sealer == nil {
		read = s.consume()
	}
	if streams || s.lateLoad || s.pending() || !read.empty() { // otherwise this was done with the head
		_ = s.commit(read)
	}
}

// flushed commits what a stream of events has shown so far. The stream may go on for hours, and
// meanwhile nobody should see that again, neither on another page nor with the next event.
func (s *Session) flushed() {
	s.lock()
	defer s.unlock()
	if shown := s.shownSoFar(); !shown.empty() {
		_ = s.commit(shown)
	}
}

// handOver commits before take hijacks the connection. The head is then not ours, so a cookie that
// is still to be set would be lost.
func (s *Session) handOver(take func() error) error {
	s.lock()
	defer s.unlock()
	if err := s.refusal(); err != nil {
		s.abandon()
		return notTaken{err}
	}
	if s.pendingNeedsCookie() {
		return errHijackCookie
	}
	if err := s.commit(flashDelta{}); err != nil {
		return notTaken{err}
	}
	if err := take(); err != nil {
		return err
	}
	s.headSent = true
	s.noteStatus(http.StatusSwitchingProtocols)
	return nil
}

// notTaken is why a connection is not taken over. Some libraries show the visitor the text of such an
// error, so it does not repeat what the store has said.
type notTaken struct{ cause error }

func (notTaken) Error() string   { return errWithheld.Error() }
func (e notTaken) Unwrap() error { return e.cause }

// pendingNeedsCookie says whether what is pending can only be saved with a cookie.
func (s *Session) pendingNeedsCookie() bool {
	changed := len(s.ops) > 0 || s.flash.waits()
	return s.renew || changed && s.key == "" || s.pending() && s.m.sealer != nil
}

// hear takes in what has become of the request. The session is locked.
func (s *Session) hear(f *frame, n news) {
	s.news |= n
	if n&headGone != 0 {
		s.headSent, s.status = true, f.status
	}
	if n&handlerDone != 0 {
		s.exchange = (*departed)(f)
	}
	if n&responseDone != 0 {
		s.exchange = nil // code that still holds the session may go on reading
		if s.pending() && !s.lost {
			s.late(ErrClosed, nobody) // for example after a panic in the middle of a stream
		}
	}
}

// heard says whether any news of n has come.
func (s *Session) heard(n news) bool { return s.news&n != 0 }
