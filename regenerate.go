package session

import (
	"context"
	"errors"
	"slices"
)

// Regenerate gives the session a new id and keeps its data. Do it whenever the visitor's
// rights change, at login above all: an id that somebody planted before is worth nothing
// afterwards (session fixation; OWASP ASVS 5.0, 7.2.4). The old id is dead before the
// response leaves. The absolute timeout goes on from where it was.
func (s *Session) Regenerate() {
	s.lock()
	defer s.unlock()
	s.state()
	if s.changeable(needsCookie) {
		s.renewID()
	}
}

// renewID has the commit give the session a new id. One in a cookie has none; what was made
// from the id elsewhere changes there all the same.
func (s *Session) renewID() {
	s.renew = true
	if s.m.sealer != nil {
		s.dropCSRF()
		return
	}
	now := encodeTime(s.m.now())
	s.change(func(st *state) error { st.put(kindDevice, deviceRenewed, now); return nil })
}

// migrate moves the session to a new id. The new record comes first, so that there is
// never none; a change that another request makes to the old one until its very end
// comes along, and a log-out meanwhile wins.
func (s *Session) migrate(ctx context.Context, delta flashDelta) error {
	old := s.key
	line, err := s.m.queue.enter(ctx, old)
	if err != nil {
		return unavailable("wait for another request", err)
	}
	defer s.m.queue.leave(line)

	id := s.nextID()
	c := s.newCommit(storeKey(id))
	st, onto, err := s.newest(ctx, delta, line)
	if err != nil {
		return err
	}
	st, rec, err := c.write(ctx, st, Record{})
	err = revoked(err)
	takeBack := func(context.Context) {}
	if err == nil {
		takeBack, err = s.m.noteMove(ctx, old, c.seq)
	}
	retries := 0
	for ; err == nil; retries++ {
		err = s.m.store.Destroy(ctx, old, onto.Version)
		if !errors.Is(err, ErrConflict) || retries == maxAttempts {
			break
		}
		if st, onto, err = s.replayOn(ctx, old, delta, err, retries); err != nil {
			break
		}
		st, rec, err = s.newCommit(c.key).overwrite(ctx, st, rec)
		err = revoked(err)
	}
	if err != nil {
		return s.undoMigrate(c.key, takeBack, err)
	}
	s.m.unindex(ctx, slices.Concat(st.tags(), s.tags.removed()), old)
	s.stored(id, c.key, st, rec)
	s.setCookie(s.m.cookie.name(), id, s.cookieAge())
	if hook := s.m.cfg.Hooks.Migrated; hook != nil {
		s.report(hook, c.key, Event{Previous: handle(old)}, silent)
	}
	s.report(s.m.cfg.Hooks.Committed, c.key, Event{Retries: retries}, silent)
	return nil
}

// undoMigrate is for a migrate that failed: the new record must not outlive a log-out, nor the old id
// stay beside it. It has a context of its own, since the end of the other may be what failed.
func (s *Session) undoMigrate(newKey string, takeBack func(context.Context), err error) error {
	ctx := s.storeContext()
	defer ctx.end()
	takeBack(ctx)
	s.m.discard(ctx, s.st.tags(), newKey)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrRevoked) && !s.tags.adds() && s.m.isGone(ctx, s.key) {
		return s.gone(ctx)
	}
	return s.explain("regenerate", err)
}

// isGone says whether a log-out has ended the record under key. One that was to spare it may
// have met only the new record.
func (m *Manager) isGone(ctx context.Context, key string) bool {
	_, err := m.store.Read(ctx, key)
	return errors.Is(err, ErrNotFound)
}
