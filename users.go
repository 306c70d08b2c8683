package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Info describes one session in a list of sessions.
type Info struct {
	// Handle names the session for [Manager.Destroy], and in logs and hooks. It is not the
	// credential, and may be shown to the user whose session it is.
	Handle string

	// Created is when the session began, perhaps long before the login. Regenerate does
	// not change it.
	Created time.Time

	// Users are the tags of the session, which say whose it is. There are none before a login.
	Users []string

	// Tagged is when the session got the tag by which it was found, that is, when the user logged
	// in. [Manager.All] does not find sessions by a tag; its Tagged is about the first of Users.
	Tagged time.Time

	// LastSeen is about when the session was last used. It is never later than that, and earlier by
	// at most a tenth of the idle timeout. (There are two exceptions: shortly before the absolute
	// deadline, when use no longer prolongs a session; and after Config.IdleTimeout was shortened,
	// until the session is next used. In these cases only changes count, and without a tag not
	// even they do.) Changes by jobs do not count as use. For the session of the visitor who sees
	// the list, show "now".
	LastSeen time.Time

	// Expires is when the session ends if it is not used again.
	Expires time.Time

	// Label is what [Session.SetLabel] has set.
	Label string
}

// Tagged returns the sessions of a user (see [Session.Tag]), the most recently used first. Sessions
// that have ended are not among them.
//
// An [ErrUnavailable] means that the store could not be asked, or did not answer within 5 seconds.
// A handler should answer it like any failure of a service, for example with
// echo.ErrServiceUnavailable.WithInternal(err). Other errors mean that the store cannot find the
// sessions of a user (errors.ErrUnsupported), or that the user id is empty.
func (m *Manager) Tagged(ctx context.Context, userID string) (found []Info, err error) {
	defer m.reportFailure(ctx, "", &err)
	entries, err := m.entries(ctx, userID)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		st, rec, err := m.read(ctx, e.Key)
		if err != nil {
			return nil, err
		}
		if st != nil && st.has(kindTag, userID) {
			found = append(found, m.info(e.Key, userID, st, rec))
		}
	}
	slices.SortFunc(found, func(a, b Info) int {
		return cmp.Or(b.LastSeen.Compare(a.LastSeen), b.Created.Compare(a.Created), cmp.Compare(a.Handle, b.Handle))
	})
	return found, nil
}

// entries are the entries of the index that lead to the sessions of a user.
func (m *Manager) entries(ctx context.Context, userID string) ([]TagEntry, error) {
	if err := m.checkUser(userID); err != nil {
		return nil, err
	}
	within, cancel := withStoreTimeout(ctx)
	defer cancel()
	entries, err := m.tagger.Tagged(within, tagName(userID))
	if err != nil {
		return nil, unavailable("find the sessions of a user", err)
	}
	return entries, nil
}

// checkUser says why sessions cannot be tagged with that user, or found by the tag. An empty id must
// not pass: it would find no sessions, which looks like a log-out everywhere that has ended them all.
func (m *Manager) checkUser(userID string) error {
	switch {
	case m.tagger == nil:
		return errNoTags
	case userID == "":
		return errEmptyTag
	}
	return nil
}

// DestroyTagged ends all sessions of a user, except those whose handles are given: use it to log
// out everywhere, or everywhere else.
//
//	err := manager.DestroyTagged(ctx, user.ID, session.From(c).Handle())
//
// Once it has returned nil, no session that was tagged before the call is alive, except those that
// it spares. A login at the same time is refused with [ErrRevoked], or counts as one that came
// afterwards.
//
// If it ends the session of this request, call [Session.Destroy] afterwards: that removes the
// cookie, and what is flashed then begins a new session. Without Destroy, all changes of this
// request are dropped, as after any log-out.
//
// A session that is given a new id in another tab at that moment gets another handle, and is not
// spared. A handle of "" spares nothing.
//
// After an error some sessions may still be alive; call it again. A session that cannot be ended
// does not keep it from trying the others. But none has been ended if the store is not a [Tagger] or
// could not mark the sessions, if the user id is empty, or if one of except is not a handle.
func (m *Manager) DestroyTagged(ctx context.Context, userID string, except ...string) (err error) {
	defer m.reportFailure(ctx, "", &err)
	if err := m.checkUser(userID); err != nil {
		return err
	}
	var spared []string
	for _, h := range except {
		if h == "" {
			continue
		}
		key, ok := keyOf(h)
		if !ok {
			return errNotHandle
		}
		spared = append(spared, key)
	}
	keys, err := m.mark(ctx, userID, spared)
	if err != nil {
		return err
	}
	var errs []error
	for some := range slices.Chunk(keys, 50) { // few enough for a store that removes one entry after the other
		errs = append(errs, m.revoke(ctx, userID, some))
	}
	return errors.Join(errs...)
}

// mark makes the index refuse the sessions of a user, and returns their keys.
func (m *Manager) mark(ctx context.Context, userID string, spared []string) ([]string, error) {
	within, cancel := withStoreTimeout(ctx)
	defer cancel()
	keys, err := m.tagger.Revoke(within, tagName(userID), spared...)
	if err != nil {
		return nil, unavailable("revoke the sessions of a user", err)
	}
	return keys, nil
}

// revoke ends the records under keys that are sessions of that user, and then removes their entries.
// It does that with one call, since a store may have to write the whole index for it.
func (m *Manager) revoke(ctx context.Context, userID string, keys []string) error {
	var errs []error
	var ended []string
	for _, key := range keys {
		found, err := m.endTagged(ctx, userID, key)
		if found {
			ended = append(ended, key)
		}
		errs = append(errs, err)
	}
	if len(ended) > 0 { // also if ctx has ended: another call would not find these sessions, and leave their entries
		within, cancel := withStoreTimeout(context.WithoutCancel(ctx))
		defer cancel()
		if err := m.tagger.Untag(within, tagName(userID), ended...); err != nil {
			errs = append(errs, unavailable("untag", err))
		}
	}
	return errors.Join(errs...)
}

// endTagged ends the record under key, if it is a session of that user, and says whether it has found
// that session.
//
// There may be a record without the tag. Either it does not have the tag yet, and the login that is
// about to write it will find the mark; or it no longer has the tag, and is none of our business.
// Or there is no record by our clock. By the clock of another process it may have a few seconds
// left, in which it can be prolonged; so it is destroyed all the same.
//
// If no record with the tag is found, the entry stays, marked, for a login that is about to write
// one. It is tempting to remove the entry. But if answers get lost, it may then be written again,
// without its mark; and our removal may be repeated too, and leave a session that nobody finds.
func (m *Manager) endTagged(ctx context.Context, userID, key string) (found bool, err error) {
	st, _, err := m.read(ctx, key)
	if err != nil || st != nil && !st.has(kindTag, userID) {
		return false, err
	}
	within, cancel := withStoreTimeout(ctx)
	defer cancel()
	if err := m.store.Destroy(within, key, 0); err != nil {
		return false, unavailable("destroy", err)
	}
	if st == nil {
		return false, nil
	}
	m.report(ctx, m.cfg.Hooks.Destroyed, key, Event{}, silent)
	others := slices.DeleteFunc(st.tags(), func(tag string) bool { return tag == userID })
	m.unindex(within, others, key)
	return true, nil
}

// DestroyOf ends one session of a user, by a handle that an account page has sent back. It returns
// the errors of [Manager.Destroy], with [ErrNotFound] for the session of somebody else. (Whose a
// session was that has moved is not known: it is [ErrMoved] for everybody.)
func (m *Manager) DestroyOf(ctx context.Context, userID, handle string) error {
	return m.destroyIf(ctx, handle, func(st *state) bool { return st.has(kindTag, userID) })
}

// Destroy ends the session with that handle, no matter whose it is. It is for administrators and
// jobs. Changes of requests under way are dropped, as after [Session.Destroy].
//
// It returns [ErrNotFound] if the handle names no session, or no longer does; [ErrMoved] if the
// session was given a new handle less than a minute ago, even if it has ended since, in which case
// list the sessions again; and errors.ErrUnsupported for a store in cookies, which has nothing to
// destroy.
func (m *Manager) Destroy(ctx context.Context, handle string) error {
	return m.destroyIf(ctx, handle, func(*state) bool { return true })
}

func (m *Manager) destroyIf(ctx context.Context, handle string, wanted func(*state) bool) (err error) {
	key, st, rec, err := m.lookUp(ctx, handle)
	if err != nil {
		return err
	}
	if !wanted(st) {
		return ErrNotFound
	}
	defer m.reportFailure(ctx, key, &err)
	conflict := func(retries int) {
		m.report(ctx, m.cfg.Hooks.Conflict, key, Event{Retries: retries}, silent)
	}
	within, cancel := withStoreTimeout(ctx)
	defer cancel()
	if err := m.end(within, key, rec.Version, conflict); err != nil {
		return explain("destroy", err)
	}
	m.report(ctx, m.cfg.Hooks.Destroyed, key, Event{}, silent)
	m.unindex(within, st.tags(), key)
	return nil
}

var (
	errNotHandle = errors.New("session: what is given as the handle of a session is none; Session.Handle and Info.Handle are handles")
	errNoRecords = fmt.Errorf("session: a session in a cookie cannot be reached from outside of its requests: %w; use a store on the server", errors.ErrUnsupported)
)

// read returns the session stored under key; st is nil if there is none that can be used.
func (m *Manager) read(ctx context.Context, key string) (st *state, rec Record, err error) {
	st, rec, err = m.readQuietly(ctx, key)
	if errors.Is(err, errCorrupt) {
		m.report(ctx, m.cfg.Hooks.Undecodable, key, Event{Err: err}, corrupt)
		return nil, Record{}, nil
	}
	return st, rec, err
}

// readQuietly is read, except that a corrupt record is an error, and not reported.
func (m *Manager) readQuietly(ctx context.Context, key string) (st *state, rec Record, err error) {
	within, cancel := withStoreTimeout(ctx)
	defer cancel()
	rec, err = m.peek(within, key)
	if errors.Is(err, ErrNotFound) {
		return nil, Record{}, nil
	}
	if err != nil {
		return nil, Record{}, unavailable("read", err)
	}
	st, err = m.decode(rec, m.now())
	return st, rec, err
}

// info describes a session that was found by the tag userID.
func (m *Manager) info(key, userID string, st *state, rec Record) Info {
	label, _ := st.get(kindDevice, deviceLabel)
	return Info{
		Handle:   handle(key),
		Created:  time.UnixMilli(st.created),
		Users:    st.tags(),
		Tagged:   st.time(kindTag, userID),
		LastSeen: m.lastSeen(st, rec),
		Expires:  st.expires(rec.Expires, 0),
		Label:    string(label),
	}
}

// lastSeen is computed from the idle deadline, which each use moves. Near the absolute deadline it
// no longer moves; there the time of the last write helps.
func (m *Manager) lastSeen(st *state, rec Record) time.Time {
	now := m.now()
	seen := rec.Expires.Add(-m.idle(st))
	if seen.Sub(now) > clocksDiffer { // the idle timeout was longer when the deadline was moved
		seen = time.UnixMilli(st.created)
	}
	if wrote := st.time(kindDevice, deviceSeen); wrote.After(seen) {
		seen = wrote
	}
	if seen.After(now) {
		return now
	}
	return seen
}

// clocksDiffer is how far ahead of ours the clock of another process may be.
const clocksDiffer = time.Minute
