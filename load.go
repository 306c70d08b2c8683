package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// load finds the session that the visitor's cookie names. There is always a state
// afterwards; it is empty if there is no session, and if the store cannot be asked.
func (s *Session) load() {
	ctx := s.storeContext()
	s.loaded = s.m.seq.Load()
	defer func() {
		if s.st == nil { // the store has panicked, and the error page is not to ask it again
			s.begin(s.at)
			s.loadErr = errPanicked
		}
		ctx.end()
		if !s.given {
			*ctx = storeContext{} // no store has seen it, so the commit can have it
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
			s.unknown = append(s.unknown, key)
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
			s.unknown = append(s.unknown, key)
			continue
		}
		prolonged := s.mayBeRenewed(rec) && st.outlivesCookie()
		if prolonged { // now, since a request that fails does not touch
			_ = s.m.keepListed(ctx, st, key, rec.Expires) // touch tries again, and reports it
		}
		s.st, s.id, s.key, s.version, s.expires = st, id, key, rec.Version, rec.Expires
		if prolonged {
			s.expires = time.Time{} // what else touch does is still to be done
		}
		return true, nil
	}
	return false, nil
}

// straggles is ErrMoved if the cookie has an id which Regenerate has given up a moment ago. A
// session that this request began would take the place of the visitor's own in the browser,
// and so undo a login that has only just happened.
func (s *Session) straggles(ctx context.Context) error {
	for _, key := range s.unknown {
		if err := s.m.whetherMoved(ctx, key, expectStragglers); err != nil {
			return err
		}
	}
	return nil
}

// understand decodes a record. One that is corrupt is as good as none, and trying again
// would not help; one of a newer version of this library will be understood by the
// process that wrote it, so it must not look like being logged out.
func (s *Session) understand(rec Record, key string) (*state, error) {
	st, err := s.m.decode(rec, s.at)
	if errors.Is(err, errCorrupt) {
		s.corrupt = true
		s.report(s.m.cfg.Hooks.Undecodable, key, Event{Err: err}, corrupt)
		return nil, nil
	}
	return st, err
}

// decode is the state in a record: nil if it has ended. Stores see to that themselves, but one
// that does not must not keep people logged in. (No expiry at all comes from a store that answers
// without it; then only the absolute deadline counts.) The error is errCorrupt or an ErrUnavailable.
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

// read is Read, and keeps the session from expiring if the store can do both at once. The
// record may then outlive the absolute deadline, which the store does not know: decode does.
func (s *Session) read(ctx context.Context, key string) (Record, error) {
	if !s.renews() {
		return s.m.peek(ctx, key)
	}
	idle := s.m.cfg.IdleTimeout
	until := s.at.Add(idle)
	return s.m.renewer.Renew(ctx, key, until.Add(-idle/10), until)
}

// renews says whether to read the session is to keep it from expiring.
func (s *Session) renews() bool {
	return s.m.renewer != nil && !s.heard(pagePassive) && !s.over() // reading is no use of it, or no more
}

// mayBeRenewed says whether read may have moved the expiry of that record, and nothing else. By the
// clock of the store that is not to the millisecond; but it is never far.
func (s *Session) mayBeRenewed(rec Record) bool {
	idle := s.m.cfg.IdleTimeout
	past := rec.Expires.Sub(s.at) - idle
	return s.renews() && past > -time.Second && past < idle/10
}

// peek is Read for what is only looked at.
func (m *Manager) peek(ctx context.Context, key string) (Record, error) {
	if m.sharer != nil {
		return m.sharer.Peek(ctx, key)
	}
	return m.store.Read(ctx, key)
}

// keep is Write for what nobody changes from now on.
func (m *Manager) keep(ctx context.Context, key string, rec Record) error {
	if m.sharer != nil {
		return m.sharer.Keep(ctx, key, rec)
	}
	return m.store.Write(ctx, key, rec)
}
