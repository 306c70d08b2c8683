package session

import (
	"net/http"
	"slices"
)

// exchange is the request and response a session belongs to, as the middleware has them.
type exchange interface {
	Request() *http.Request // the current one, whose form the application has parsed
	Header() http.Header    // of the response
	over() bool             // the request has ended; nobody will commit any more
	echoToken() string      // the token of Echo's CSRF middleware, or ""
}

// The rest of this file is what the middleware asks of a session at the turns of that response.

// answer commits before a head with that status leaves, with the header h. An error says
// that it must not.
func (s *Session) answer(status int, h http.Header) error {
	s.lock()
	defer s.unlock()
	if s.heard(headGone) {
		return nil // it began just now, and takes the head for gone
	}
	s.noteStatus(status)
	err := s.refusal()
	switch {
	case err != nil && status < 500:
		return s.abandon(err)
	case err != nil: // the application has found out, and this is its own page for it
		s.dropPending()
		h.Set("Cache-Control", "no-store")
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

// refusal is why this response must not leave. A session that could not be loaded is a
// reason even if nothing was changed: it must not look like being logged out.
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
	if s.shows() && s.view().backCached {
		s.leaveBackCache(h)
	}
	if len(s.cookies) > 0 || s.tells() || s.loadErr != nil {
		h.Set("Cache-Control", "no-store")
	}
}

func addVary(h http.Header, name string) {
	if old := h["Vary"]; !slices.Contains(old, name) {
		h["Vary"] = append(old, name)
	}
}

// setCookies puts the cookies of all commits so far into h. Those of earlier ones may be
// gone from there: Timeout writes over them, and an error answer drops them.
func (s *Session) setCookies(h http.Header) {
	for _, c := range s.cookies {
		putCookie(h, c.name, c.line)
	}
}

// saveUnanswered commits when the handler has returned and no head has left. If it
// failed, nobody has seen the messages that it read.
func (s *Session) saveUnanswered(h http.Header, failed bool) error {
	s.lock()
	defer s.unlock()
	if failed {
		s.flash.forgetReads()
	}
	if err := s.refusal(); err != nil {
		return s.abandon(err)
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
	if streams || s.lateLoad || s.pending() || !read.empty() { // otherwise the head has seen to it
		_ = s.commit(read)
	}
}

// flushed commits what a stream of events has shown so far. It may go on for hours, and nobody is to see
// that again meanwhile: neither on another page nor with the next event.
func (s *Session) flushed() {
	s.lock()
	defer s.unlock()
	if shown := s.shownSoFar(); !shown.empty() {
		_ = s.commit(shown)
	}
}

// handOver commits before a connection is hijacked by take. The head is then not ours,
// so a cookie that is still to be set would be lost.
func (s *Session) handOver(take func() error) error {
	s.lock()
	defer s.unlock()
	if err := s.refusal(); err != nil {
		return s.abandon(err)
	}
	if s.pendingNeedsCookie() {
		return errHijackCookie
	}
	if err := s.commit(flashDelta{}); err != nil {
		return err
	}
	if err := take(); err != nil {
		return err
	}
	s.headSent = true
	s.noteStatus(http.StatusSwitchingProtocols)
	return nil
}

// pendingNeedsCookie says whether what is pending can only be saved with a cookie.
func (s *Session) pendingNeedsCookie() bool {
	changed := len(s.ops) > 0 || len(s.flash.unsaved()) > 0
	return s.renew || changed && s.key == "" || s.pending() && s.m.sealer != nil
}

// hear is how a session that is locked learns what has become of its request.
func (s *Session) hear(f *frame, n news) {
	s.news |= n
	if n&headGone != 0 {
		s.headSent, s.status = true, f.status
	}
	if n&handlerDone != 0 {
		s.exchange = (*departed)(f)
	}
	if n&responseDone != 0 {
		s.end()
	}
}

// heard says whether any news of n has come.
func (s *Session) heard(n news) bool { return s.news&n != 0 }

// end ends the session's part in the request. What still holds it may go on reading.
func (s *Session) end() {
	s.exchange = nil
	if s.pending() && !s.lost {
		s.late(ErrClosed, nobody) // after a panic in the middle of a stream, say
	}
}
