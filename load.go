package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// load finds the session that the visitor's cookie names. Afterwards there is always a state; it is
// empty if there is no session, or if the store cannot be asked.
func (s *Session) load() {
	ctx := s.storeContext()
	s.loaded = s.m.seq.Load()
	returned := false
	defer func() {
		if !returned { // the store has panicked, and the error page must not ask it again
			s.begin(s.at)
			s.loadErr = errPanicked
		}
		ctx.end()
		if !s.given {
			*ctx = storeContext{} // no store has seen this context, so the commit can use it
		}
	}()
	found, err := s.find(ctx)
	if s.st == nil {
		s.begin(s.at)
	}
	s.lateLoad = s.headSent
	switch {
	case err != nil:
		s.loadErr = err
		s.report(s.m.cfg.Hooks.StoreError, s.presented(), Event{Err: err}, notLoaded)
	case found:
		s.fresh = false
		s.report(s.m.cfg.Hooks.Initiated, s.key, Event{}, silent)
	case s.given:
		s.reportRejected(ctx)
	}
	returned = true
}

// find tries each cookie of our name until one leads to a session. An id that leads
// nowhere is never taken over: it may have been planted (session fixation).
func (s *Session) find(ctx context.Context) (found bool, err error) {
	if s.m.sealer != nil {
		return s.open()
	}
	for id := range candidates(s.req, s.m.cookie.name()) {
		s.given = true
		if !wellFormed(id) {
			continue
		}
		key := storeKey(id)
		rec, err := s.read(ctx, key)
		if errors.Is(err, ErrNotFound) {
			s.unknown = append(s.unknown, id)
			continue
		}
		if err != nil {
			return false, unavailable("read", err)
		}
		st, err := s.understand(rec, key)
		if err != nil {
			return false, err
		}
		if st == nil {
			s.unknown = append(s.unknown, id)
			continue
		}
		s.st, s.id, s.key, s.version, s.expires = st, id, key, rec.Version, rec.Expires
		// A browser that has this cookie is no straggler, whatever else it sends.
		s.unknown = nil
		if s.mayBeRenewed(rec) && st.lastsLong() { // listed now, since a request that fails does not touch
			_ = s.m.keepListed(ctx, st, key, rec.Expires) // touch tries again, and reports it
			s.expires = time.Time{}                       // so that touch does the rest of its work
		}
		return true, nil
	}
	return false, nil
}

// straggles returns ErrMoved, and the id, if the cookie has an id that Regenerate has replaced a
// moment ago. A session that this request began would replace the visitor's own in the browser, and
// so undo a login that has just happened.
func (s *Session) straggles(ctx context.Context) (id string, err error) {
	if s.moved {
		return s.unknown[0], ErrMoved
	}
	for _, id := range s.unknown {
		err := s.m.whetherMoved(ctx, storeKey(id), expectStragglers)
		if errors.Is(err, ErrMoved) { // which each form of a page asks again
			s.unknown, s.moved = []string{id}, true
		}
		if err != nil {
			return id, err
		}
	}
	return "", nil
}

// understand decodes a record. A corrupt record counts as none, since trying again would not help.
// A record from a newer version of this library can be read by the process that wrote it, so the
// visitor must not seem to be logged out.
func (s *Session) understand(rec Record, key string) (*state, error) {
	st, err := s.m.decode(rec, s.at)
	if errors.Is(err, errCorrupt) {
		s.corrupt = true
		s.report(s.m.cfg.Hooks.Undecodable, key, Event{Err: err}, corrupt)
		return nil, nil
	}
	return st, err
}

// decode returns the state in a record, or nil if the session has ended. Stores check that
// themselves, but one that does not must not keep people logged in. (The expiry is zero if the
// store does not return one; then only the absolute deadline counts.) The error is errCorrupt or an
// ErrUnavailable.
func (m *Manager) decode(rec Record, now time.Time) (*state, error) {
	if !rec.Expires.IsZero() && !rec.Expires.After(now) {
		return nil, nil
	}
	st, err := decodeState(rec.Data)
	switch {
	case errors.Is(err, errNewerFormat):
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil:
		return nil, err
	}
	if end := st.end(); end != 0 && end <= now.UnixMilli() {
		return nil, nil
	}
	return st, nil
}

// read is Read, but also keeps the session from expiring if the store can do both at once. The
// record may then outlive the absolute deadline, which the store does not know; decode checks it.
func (s *Session) read(ctx context.Context, key string) (Record, error) {
	if !s.renews() {
		return s.m.peek(ctx, key)
	}
	idle := s.m.cfg.IdleTimeout
	until := s.at.Add(idle)
	return s.m.renewer.Renew(ctx, key, until.Add(-idle/10), until)
}

// renews says whether reading the session should keep it from expiring.
func (s *Session) renews() bool {
	return s.m.renewer != nil && !s.heard(pagePassive) && !s.over() // otherwise reading does not count as use, or no longer
}

// mayBeRenewed says whether read may have moved the expiry of that record, and only that. The
// store's clock may differ, but not by much, so this does not compare to the millisecond.
func (s *Session) mayBeRenewed(rec Record) bool {
	idle := s.m.cfg.IdleTimeout
	past := rec.Expires.Sub(s.at) - idle
	return s.renews() && past > -time.Second && past < idle/10
}

// peek is Read for a record whose data will not be changed.
func (m *Manager) peek(ctx context.Context, key string) (Record, error) {
	if m.sharer != nil {
		return m.sharer.Peek(ctx, key)
	}
	return m.store.Read(ctx, key)
}

// keep is Write for a record whose data will not be changed any more.
func (m *Manager) keep(ctx context.Context, key string, rec Record) error {
	if m.sharer != nil {
		return m.sharer.Keep(ctx, key, rec)
	}
	return m.store.Write(ctx, key, rec)
}
