package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// maxAttempts bounds how often a commit may meet a faster one. Within one process they
// queue, so these are conflicts with other processes.
const maxAttempts = 100

// errPanicked is for the error page that Recover gives when the store has panicked, or an Update
// that ran again. To load or save before that page, too, would panic once more, and cut the connection.
var errPanicked = errors.New("session: a panic while it was loaded or saved")

// commit saves what this request has changed. It is called with the lock held, as often
// as there may be something new. shown is what the response does to messages.
//
// s.st is what was loaded, as this request has changed it; each change is in s.ops as well. A commit
// writes it as it is, unless another request was faster: then the ops are done again on what that one
// has written. Afterwards s.st is what is stored. If nothing could be stored, it is again what was
// loaded; but if an earlier commit had succeeded, and may have been shown, it stays, and the next one
// begins with what the store has.
func (s *Session) commit(shown flashDelta) error {
	if s.st == nil || s.lost {
		return nil
	}
	delta := flashDelta{drop: shown.drop, add: append(shown.add, s.flash.unsaved()...)}
	if s.loadErr != nil {
		if s.pending() {
			return s.abandon(s.loadErr)
		}
		return nil
	}
	if !s.pending() && delta.empty() && !s.aged() {
		return nil
	}
	cookies := s.cookies
	err := errPanicked // unless save returns
	defer func() {
		if err != nil {
			s.cookies = cookies
			s.failWith(err)
			_ = s.abandon(err)
		}
	}()
	if err = s.save(delta); err != nil {
		s.reportUnsaved(err)
		return err
	}
	s.kept = true
	s.flash.saved()
	s.settled()
	return nil
}

// pending says whether the application changed anything that is not saved yet.
func (s *Session) pending() bool {
	return len(s.ops) > 0 || s.renew || len(s.ended) > 0 || s.sealed.ended || len(s.flash.unsaved()) > 0
}

// abandon drops what is pending, and what the handler had to say about it: the response becomes
// an error page, which must not greet a user whose login has failed. (If the handler has called
// Save before, its page goes on seeing all.)
func (s *Session) abandon(err error) error {
	if s.st != nil && !s.kept {
		s.st.revert()
	}
	s.flash.forgetNow()
	s.dropPending()
	return err
}

// dropPending sees to it that an error page does not save half of what the handler did.
func (s *Session) dropPending() {
	s.flash.forgetAdded()
	s.settled()
}

// settled notes that nothing is pending any more.
func (s *Session) settled() {
	s.ops, s.renew, s.ended, s.tags = nil, false, nil, nil
	s.sealed.ended, s.sealed.cleared = false, false
}

// save ends the records to destroy, and then creates, moves, changes or prolongs the one there is.
func (s *Session) save(delta flashDelta) error {
	if s.m.sealer != nil {
		s.at = s.m.now()
		return s.seal(delta)
	}
	ctx := s.storeContext()
	defer ctx.end()
	if err := s.destroyEnded(ctx); err != nil {
		return err
	}
	switch {
	case s.key == "":
		return s.create(ctx, delta)
	case s.renew:
		return s.migrate(ctx, delta)
	case len(s.ops) > 0 || !delta.empty():
		return s.update(ctx, delta)
	}
	s.touch(ctx)
	return nil
}

// undoCreate is for a create that failed. A store that has not answered may have the record all the same,
// and the user's list would show a session that nobody has. It has a context of its own, since the end of
// the other may be what failed.
func (s *Session) undoCreate(key string) {
	tags := s.st.tags()
	if len(tags) == 0 {
		return
	}
	ctx := s.storeContext()
	defer ctx.end()
	s.m.discard(ctx, tags, key)
}

func (s *Session) destroyEnded(ctx context.Context) error {
	for _, rec := range s.ended {
		conflict := func(retries int) {
			s.report(s.m.cfg.Hooks.Conflict, rec.key, Event{Retries: retries}, silent)
		}
		if err := s.m.end(ctx, rec.key, rec.version, conflict); err != nil {
			return s.explain("destroy", err)
		}
		s.m.unindex(ctx, rec.tags, rec.key)
		s.report(s.m.cfg.Hooks.Destroyed, rec.key, Event{}, silent)
	}
	return nil
}

// end ends a record, in whatever version it is by now. It says conflict each time another
// request was faster.
//
// It is tempting to say version 0 at once. But then there is no telling whether there was
// still something to destroy: if the session was given a new id meanwhile, the visitor
// would be told of a log-out that did not happen.
func (m *Manager) end(ctx context.Context, key string, version uint64, conflict func(retries int)) error {
	err := m.store.Destroy(ctx, key, version)
	for retries := 0; errors.Is(err, ErrConflict) && retries < maxAttempts; retries++ {
		conflict(retries + 1)
		var met Record
		if met, err = m.metAgain(ctx, key, err, retries); err == nil {
			err = m.store.Destroy(ctx, key, met.Version)
		}
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return m.whetherMoved(ctx, key, rememberMoves)
}

// create stores a session that has no record. Where there is nothing to store, there is
// no record and no cookie.
func (s *Session) create(ctx context.Context, delta flashDelta) error {
	delta.apply(s.st, s.at)
	if s.st.empty() {
		if len(s.ended) > 0 {
			s.removeCookie(s.m.cookie.name())
		}
		return nil
	}
	if !s.renew {
		if err := s.straggles(ctx); err != nil {
			return err
		}
	}
	id := s.nextID()
	c := s.newCommit(storeKey(id))
	st, rec, err := c.write(ctx, s.st, Record{}) // a conflict here: a store that is not well, as nobody draws the same 256 bits
	if err = revoked(err); err != nil {
		s.undoCreate(c.key)
		return s.explain("create", err)
	}
	s.stored(id, c.key, st, rec)
	s.setCookie(s.m.cookie.name(), id, s.cookieAge())
	s.report(s.m.cfg.Hooks.Committed, c.key, Event{}, silent)
	return nil
}

// update replays this request's changes on the newest record, until it is the fastest.
func (s *Session) update(ctx context.Context, delta flashDelta) error {
	c := s.newCommit(s.key)
	line, err := s.m.queue.enter(ctx, s.key)
	if err != nil {
		return unavailable("wait for another request", err)
	}
	defer s.m.queue.leave(line)

	st, onto, err := s.newest(ctx, delta, line)
	for retries := 0; ; retries++ {
		var rec Record
		if err == nil {
			st, rec, err = c.write(ctx, st, onto)
		}
		switch {
		case err == nil:
			line.newest, line.stored = rec, s.m.seq.Add(1)
			s.m.unindex(ctx, s.tags.removed(), s.key)
			before := s.expires
			s.stored(s.id, s.key, st, rec)
			if !before.Truncate(month).Equal(rec.Expires.Truncate(month)) { // where each visit writes, none touches
				s.keepCookieAhead()
			}
			s.report(s.m.cfg.Hooks.Committed, s.key, Event{Retries: retries}, silent)
			return nil
		case errors.Is(err, ErrNotFound):
			return s.gone(ctx)
		case !errors.Is(err, ErrConflict) || retries == maxAttempts:
			return s.explain("write", err)
		}
		st, onto, err = s.replayOn(ctx, s.key, delta, err, retries)
	}
}

// newest is the state to be written, and the record it replaces: this request's own view, unless
// another one of this process has left a newer record in the line since. It is tempting to go by the
// version alone. But a record that was in the line before this request asked the store should have
// been the answer; if it was not, a failover has lost it, and its version may belong to something
// else.
//
// The record is read again for a job, which may have taken hours and must not undo that the visitor
// came meanwhile; and after a commit that failed, if one before it had succeeded: what was dropped is
// still in view.
func (s *Session) newest(ctx context.Context, delta flashDelta, l *line) (*state, Record, error) {
	onto := l.newest
	switch {
	case s.outside, s.kept && s.err != nil:
		var err error
		if onto, err = s.m.store.Read(ctx, s.key); err != nil {
			return nil, Record{}, err
		}
	case onto.Version <= s.version, l.stored <= s.loaded:
		s.applyFlash(delta, s.st)
		return s.st, Record{Version: s.version}, nil
	}
	st, err := s.replay(delta, onto)
	return st, onto, err
}

func (s *Session) replay(delta flashDelta, on Record) (*state, error) {
	st, err := decodeState(on.Data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	for _, o := range s.ops {
		if err := o(st); err != nil {
			return nil, err
		}
	}
	s.applyFlash(delta, st)
	return st, nil
}

// replayOn replays on the record under key that a write met.
func (s *Session) replayOn(ctx context.Context, key string, delta flashDelta, conflict error, retries int) (*state, Record, error) {
	s.report(s.m.cfg.Hooks.Conflict, key, Event{Retries: retries + 1}, silent)
	met, err := s.m.metAgain(ctx, key, conflict, retries)
	if err != nil {
		return nil, Record{}, err
	}
	st, err := s.replay(delta, met)
	return st, met, err
}

// metAgain is met, except that after the first conflict it pauses: processes are in each
// other's way then, and what the conflict brought is old by the end of it.
func (m *Manager) metAgain(ctx context.Context, key string, conflict error, retries int) (Record, error) {
	if retries > 0 {
		if err := pause(ctx, retries); err != nil {
			return Record{}, unavailable("wait for another process", err)
		}
		conflict = ErrConflict
	}
	return m.met(ctx, key, conflict)
}

// met is the record under key that a write met instead of the expected version.
func (m *Manager) met(ctx context.Context, key string, conflict error) (Record, error) {
	if known, ok := errors.AsType[*ConflictError](conflict); ok {
		return known.Current, nil
	}
	return m.store.Read(ctx, key)
}

// pause waits for a random time below a bound that doubles, from 2 to 20 ms.
func pause(ctx context.Context, retries int) error {
	bound := min(time.Millisecond<<min(retries, 5), 20*time.Millisecond)
	select {
	case <-time.After(rand.N(bound)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gone is for a record that ended while this request ran. After a log-out its changes are
// dropped: it is as if the request had come just before. If the session lives on under
// another id, that would lose them, so the request fails instead.
func (s *Session) gone(ctx context.Context) error {
	if s.pending() {
		if err := s.m.whetherMoved(ctx, s.key, rememberMoves); err != nil {
			return err
		}
	}
	s.lost = true
	s.report(s.m.cfg.Hooks.Lost, s.key, Event{Err: ErrNotFound}, dropped)
	return nil
}

// stored notes that rec is now the record of this session.
func (s *Session) stored(id, key string, st *state, rec Record) {
	if st != s.st {
		s.received() // what others have flashed since did not come with this request
	}
	s.id, s.key, s.st, s.version, s.expires = id, key, st, rec.Version, rec.Expires
	s.next = ""
}

// nextID is the id that the session will have after this request.
func (s *Session) nextID() string {
	if s.key != "" && !s.renew {
		return s.id
	}
	if s.next == "" {
		s.next = newID()
	}
	return s.next
}

// explain makes a store's error one of ours.
func (s *Session) explain(doing string, err error) error {
	switch {
	case isAboutValue(err), errors.Is(err, ErrTooLarge), errors.Is(err, ErrUnavailable), errors.Is(err, ErrMoved), errors.Is(err, ErrRevoked):
		return err
	}
	return unavailable(doing, err)
}

// commit is one commit to one record. It goes by one number however often it is tried: a
// write whose answer was lost, and which was then tried again by a driver say, meets its
// own number in the record, and so is known to have succeeded.
type commit struct {
	s   *Session
	key string
	seq uint64
}

func (s *Session) newCommit(key string) commit {
	return commit{s, key, s.m.seq.Add(1)}
}

// write replaces onto by st; version 0 creates. It answers with what is stored then. That is
// not always st: if this very commit had succeeded before, others may have written on top of
// it since.
func (c commit) write(ctx context.Context, st *state, onto Record) (*state, Record, error) {
	s := c.s
	st.stamp(s.m.producer, c.seq)
	rec := Record{Version: onto.Version, Expires: onto.Expires}
	if !s.outside { // what a job does is no use of the session
		st.seenAt(s.at)
		rec.Expires = st.expires(s.at, s.m.idle(st))
		if err := c.index(ctx, st, rec.Expires); err != nil {
			return nil, Record{}, err
		}
	}
	rec.Data = st.encode()
	err := s.m.keep(ctx, c.key, rec)
	switch {
	case err == nil:
		rec.Version++
		return st, rec, c.confirm(ctx, st)
	case errors.Is(err, ErrTooLarge):
		return nil, Record{}, &TooLargeError{Size: len(rec.Data), Largest: st.largest(), Err: err}
	case !errors.Is(err, ErrConflict):
		return nil, Record{}, err
	}
	if rec, err = s.m.met(ctx, c.key, err); err != nil {
		return nil, Record{}, err
	}
	if st, err = decodeState(rec.Data); err == nil && st.wrote(s.m.producer, c.seq) {
		return st, rec, c.confirm(ctx, st)
	}
	return nil, Record{}, &ConflictError{Current: rec}
}

// revoked is what a write to a record that this request began has failed with. Where there is no such
// record any more, somebody has found it already and ended it: even a create may meet that, if its
// answer was lost and the driver sent it again.
func revoked(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrRevoked
	}
	return err
}

// overwrite is write, in whatever version the record is by now. Only a job can have changed
// the new record of a migrate before the old one has gone, and what it did there goes: it is
// the old one that the visitor's requests write to, and that a job by the user's tag changes as
// well.
//
// It takes a number of its own. Under that of the first write, which the job has left in the record,
// a conflict would look like a lost answer.
func (c commit) overwrite(ctx context.Context, st *state, onto Record) (*state, Record, error) {
	for retries := 0; ; retries++ {
		written, rec, err := c.write(ctx, st, onto)
		if !errors.Is(err, ErrConflict) || retries == maxAttempts {
			return written, rec, err
		}
		if onto, err = c.s.m.met(ctx, c.key, err); err != nil {
			return nil, Record{}, err
		}
	}
}
