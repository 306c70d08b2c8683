package session

import (
	"context"
	"errors"
	"time"
)

// touch keeps a session that was only read from expiring, once a tenth of the idle time has passed. After
// the idle timeout was shortened, it makes the session expire sooner. If it fails, the visitor has lost
// nothing yet, so the request goes on.
func (s *Session) touch(ctx context.Context) {
	until, _ := s.nextExpiry(s.at)
	err := s.m.keepListed(ctx, s.st, s.key, later(until, s.expires))
	if err == nil {
		err = s.m.store.Touch(ctx, s.key, until)
	}
	s.expires = until // even if it failed: one try in a request is enough
	switch {
	case err == nil:
		s.keepCookieAhead()
	case !errors.Is(err, ErrNotFound):
		s.report(s.m.cfg.Hooks.StoreError, s.key, Event{Err: unavailable("touch", err)}, notProlonged)
	}
}

// keepListed moves the expiry of the entries that lead to the record under key, which they must
// outlive, so it comes first. If they last until the end of the session, they stay as they are.
func (m *Manager) keepListed(ctx context.Context, st *state, key string, until time.Time) error {
	if !st.lastsLong() {
		return nil
	}
	return m.index(ctx, st.tags(), key, st, until)
}

// nextExpiry is when a session that is in use now will end, and whether that is so much later that the
// store must be told. The store is told about a remembered session as often as about others, or a
// list of devices would not show for days that it was used.
//
// It must also be told if the session ends much sooner than it knows: the idle timeout was shortened, or a
// clock was ahead. (A store that renews does not know the absolute deadline, which is left out here.)
func (s *Session) nextExpiry(now time.Time) (until time.Time, due bool) {
	until = s.st.expires(now, s.m.idle(s.st))
	gains, tenth := until.Sub(s.st.expires(s.expires, 0)), s.m.cfg.IdleTimeout/10
	return until, !s.heard(pagePassive) && (gains >= tenth || gains < -tenth-clocksDiffer)
}

// later is the later one of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// aged says whether the store should be told that the session was used, although nothing in it has
// changed.
func (s *Session) aged() bool {
	if s.key == "" && !s.sealed.values {
		return false
	}
	_, due := s.nextExpiry(s.m.now())
	return due
}
