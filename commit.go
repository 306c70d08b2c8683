package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// maxAttempts bounds how often a commit may meet a faster one. Within one process commits queue, so
// these are conflicts with other processes.
const maxAttempts = 100

// errPanicked is for the error page that Recover gives when the store has panicked, or an Update
// that ran again. Loading or saving again for that page would panic once more, and cut the
// connection.
var errPanicked = errors.New("session: a panic while it was loaded or saved")

// commit saves what this request has changed. It is called with the lock held, whenever there may
// be something new. shown is what the response does to messages.
//
// s.st is what was loaded, as this request has changed it; each change is in s.ops as well. A
// commit writes s.st as it is, unless another request was faster: then the ops are replayed on what
// that request has written. Afterwards s.st is what is stored. If nothing could be stored, s.st is
// again what was loaded; but if an earlier commit has stored something, which may have been shown, s.st
// stays, and the next commit begins with what the store has.
func (s *Session) commit(shown flashDelta) error {
	if s.st == nil || s.lost {
		return nil
	}
	delta := shown
	delta.add = s.withExpiry(append(shown.add, s.flash.unsaved()...))
	if s.loadErr != nil {
		if !s.pending() {
			return nil
		}
		s.abandon()
		return s.loadErr
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
			s.abandon()
		}
	}()
	if err = s.save(delta); err != nil {
		s.reportUnsaved(err)
		return err
	}
	s.flash.saved()
	s.settled()
	return nil
}

// withExpiry sets until when messages wait. That counts from now, when they are saved: a slow job may
// have flashed them hours ago.
func (s *Session) withExpiry(items []flashItem) []flashItem {
	if len(items) > 0 {
		until := s.m.now().Add(s.m.cfg.FlashTTL).UnixMilli()
		for i := range items {
			items[i].expires = until
		}
	}
	return items
}

// pending says whether the application changed anything that is not saved yet.
func (s *Session) pending() bool {
	return len(s.ops) > 0 || s.renew || len(s.ended) > 0 || s.sealed.ended || s.flash.waits()
}

// abandon drops what is pending, and the handler's messages about it: the response becomes an error
// page, which must not greet a user whose login has failed. (If the handler has called Save before,
// its page still sees everything.)
func (s *Session) abandon() {
	if s.st != nil && !s.saved {
		s.st.revert()
	}
	s.flash.forgetNow()
	s.dropPending()
}

// dropPending drops what is pending, so that an error page does not save half of what the handler
// did.
func (s *Session) dropPending() {
	s.flash.forgetUnsaved()
	s.settled()
}

// settled notes that nothing is pending any more.
func (s *Session) settled() {
	s.ops, s.renew, s.ended, s.tags = nil, false, nil, nil
	s.sealed.ended, s.sealed.cleared = false, false
}

// save ends the records to destroy, and then creates, moves, changes or prolongs the session's
// record.
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

// undoCreate is for a create that failed. If the store did not answer, it may have the record all
// the same, and the user's list would show a session that nobody has. undoCreate uses a context of
// its own, since create may have failed because its context had ended.
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
			return explain("destroy", err)
		}
		s.m.unindex(ctx, rec.tags, rec.key)
		s.report(s.m.cfg.Hooks.Destroyed, rec.key, Event{}, silent)
	}
	return nil
}

// end ends a record, whatever its version is by now. It calls conflict each time another request
// was faster.
//
// It is tempting to destroy version 0 at once. But that does not tell whether there was still
// something to destroy: if the session was given a new id meanwhile, the visitor would be told of a
// log-out that did not happen.
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

// create stores a session that has no record. If there is nothing to store, there is no record and
// no cookie.
func (s *Session) create(ctx context.Context, delta flashDelta) error {
	delta.apply(s.st, s.at)
	if s.st.empty() {
		if len(s.ended) > 0 {
			s.removeCookie(s.m.cookie.name())
		}
		return nil
	}
	if !s.renew {
		if _, err := s.straggles(ctx); err != nil {
			return err
		}
	}
	id := s.nextID()
	c := s.newCommit(storeKey(id))
	st, rec, err := c.write(ctx, s.st, Record{}) // a conflict here means a broken store, as nobody draws the same 256 bits
	if err = revoked(err); err != nil {
		s.undoCreate(c.key)
		return explain("create", err)
	}
	s.stored(id, c.key, st, rec)
	s.setCookie()
	s.report(s.m.cfg.Hooks.Committed, c.key, Event{}, silent)
	return nil
}

// update replays this request's changes on the newest record, until no other request is faster.
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
			if !before.Truncate(month).Equal(rec.Expires.Truncate(month)) { // if each visit writes, none touches
				s.keepCookieAhead()
			}
			s.report(s.m.cfg.Hooks.Committed, s.key, Event{Retries: retries}, silent)
			return nil
		case errors.Is(err, ErrNotFound):
			return s.gone(ctx)
		case !errors.Is(err, ErrConflict) || retries == maxAttempts:
			return explain("write", err)
		}
		st, onto, err = s.replayOn(ctx, s.key, delta, err, retries)
	}
}

// newest is the state to be written, and the record it replaces: this request's own view, unless
// another request of this process has since left a newer record in the line. It is tempting to
// compare versions alone. But a record that was in the line before this request asked the store
// should have been the answer; if it was not, a failover has lost it, and its version may belong to
// something else.
//
// The record is read again in two cases: for a job, which may have taken hours and must not undo
// that the visitor has prolonged the session meanwhile; and after a commit that failed, if one
// before it had succeeded, since the view still contains what was dropped.
func (s *Session) newest(ctx context.Context, delta flashDelta, l *line) (*state, Record, error) {
	onto := l.newest
	switch {
	case s.outside, s.saved && s.err != nil:
		var err error
		if onto, err = s.m.peek(ctx, s.key); err != nil {
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

// replayOn replays the changes on the record under key that a write met.
func (s *Session) replayOn(ctx context.Context, key string, delta flashDelta, conflict error, retries int) (*state, Record, error) {
	s.report(s.m.cfg.Hooks.Conflict, key, Event{Retries: retries + 1}, silent)
	met, err := s.m.metAgain(ctx, key, conflict, retries)
	if err != nil {
		return nil, Record{}, err
	}
	st, err := s.replay(delta, met)
	return st, met, err
}

// metAgain is met, except that it pauses after the first conflict, since processes are then in each
// other's way; after the pause it reads again, since the record of the conflict is old by then.
func (m *Manager) metAgain(ctx context.Context, key string, conflict error, retries int) (Record, error) {
	if retries > 0 {
		if err := pause(ctx, retries); err != nil {
			return Record{}, unavailable("wait for another process", err)
		}
		conflict = ErrConflict
	}
	return m.met(ctx, key, conflict)
}

// met returns the record under key that a write met instead of the expected version.
func (m *Manager) met(ctx context.Context, key string, conflict error) (Record, error) {
	if known, ok := errors.AsType[*ConflictError](conflict); ok {
		return known.Current, nil
	}
	return m.peek(ctx, key)
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

// gone is for a record that ended while this request ran. After a log-out the request's changes are
// dropped: it is as if the request had come just before. If the session lives on under another id,
// that would lose the changes, so the request fails instead. A page that only shows messages does not:
// a page of the new id shows them.
func (s *Session) gone(ctx context.Context) error {
	err := s.m.whetherMoved(ctx, s.key, rememberMoves)
	if errors.Is(err, ErrMoved) && !s.pending() {
		s.renamed = true
		return nil
	}
	if err != nil {
		return err
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
	s.next, s.saved = "", true
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

// commit is one commit to one record. It keeps its number however often it is tried: if the answer
// of a write was lost, and the write is tried again, for example by a driver, it meets its own
// number in the record, and so is known to have succeeded.
type commit struct {
	s   *Session
	key string
	seq uint64
}

func (s *Session) newCommit(key string) commit {
	return commit{s, key, s.m.seq.Add(1)}
}

// write replaces onto by st; version 0 creates. It returns what is then stored. That is not always
// st: if this same commit had already succeeded, others may have written on top of it since.
func (c commit) write(ctx context.Context, st *state, onto Record) (*state, Record, error) {
	s := c.s
	st.stamp(s.m.producer, c.seq)
	rec := Record{Version: onto.Version, Expires: onto.Expires}
	if !s.outside { // a job does not count as use
		st.seenAt(s.at)
		rec.Expires = st.expires(s.at, s.m.idle(st))
		if err := c.index(ctx, st, later(rec.Expires, s.expires)); err != nil { // the record may stay as it is
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

// revoked is the error of a failed write to a record that this request has begun. If there is no
// such record any more, somebody has already found it and ended it: even a create may meet that, if
// its answer was lost and the driver sent it again.
func revoked(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrRevoked
	}
	return err
}

// overwrite is write, whatever the record's version is by now. Only a job can have changed the new
// record of a migrate before the old one has gone, and its changes there are lost: the visitor's
// requests write to the old record, and a job for all sessions of the user changes that one as
// well.
//
// It needs a number of its own. With the number of the first write, which is still in the record
// after the job's change, a conflict would look like a lost answer.
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
