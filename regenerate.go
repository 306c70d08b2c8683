package session

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Regenerate gives the session a new id and keeps its data. Call it whenever the visitor's rights
// change, above all at login: an id that somebody planted before is then worth nothing (session
// fixation; OWASP ASVS 5.0, 7.2.4). The old id is dead before the response leaves. The absolute
// timeout does not start anew.
func (s *Session) Regenerate() {
	s.lock()
	defer s.unlock()
	s.state()
	if s.changeable(needsCookie) {
		s.renewID()
	}
}

// renewID makes the commit give the session a new id. A session in a cookie has none; but the CSRF
// secret, elsewhere derived from the id, must change there too: it goes, and csrfSecret makes another.
func (s *Session) renewID() {
	s.renew = true
	if s.m.sealer != nil {
		s.change(func(st *state) error { st.forget(kindOwn, csrfKey); return nil })
		return
	}
	now := s.m.now()
	s.change(func(st *state) error {
		renewed := now
		if next := st.time(kindDevice, deviceRenewed).Add(time.Millisecond); renewed.Before(next) {
			renewed = next // the last id came from a process whose clock is ahead; newestFirst goes by the order
		}
		st.put(kindDevice, deviceRenewed, encodeTime(renewed))
		return nil
	})
}

// migrate moves the session to a new id. It writes the new record first, so that there is always
// one. Changes that other requests make to the old record until it goes are carried along, and a
// log-out meanwhile wins.
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
	s.setCookie()
	if hook := s.m.cfg.Hooks.Migrated; hook != nil {
		s.report(hook, c.key, Event{Previous: handle(old)}, silent)
	}
	s.report(s.m.cfg.Hooks.Committed, c.key, Event{Retries: retries}, silent)
	return nil
}

// undoMigrate cleans up after a migrate that failed: the new record must not outlive a log-out, nor
// stay beside the old id. It uses a context of its own, since migrate may have failed because its
// context had ended.
func (s *Session) undoMigrate(newKey string, takeBack func(context.Context), err error) error {
	ctx := s.storeContext()
	defer ctx.end()
	takeBack(ctx)
	s.m.discard(ctx, s.st.tags(), newKey)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrRevoked) && !s.tags.adds() && s.m.isGone(ctx, s.key) {
		return s.gone(ctx)
	}
	return explain("regenerate", err)
}

// isGone says whether a log-out has ended the record under key. A log-out that was meant to spare
// it may have met only the new record.
func (m *Manager) isGone(ctx context.Context, key string) bool {
	_, err := m.peek(ctx, key)
	return errors.Is(err, ErrNotFound)
}
