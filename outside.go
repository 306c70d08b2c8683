package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"slices"
)

// Sessions outside of a request: for jobs and administrators. There is a record and its key, but no
// cookie; so changes to the record are made as in a request, and changes that need a cookie are
// refused.

var (
	errViewOnly = fmt.Errorf("session: View only reads: %w; use Manager.Update for changes", errors.ErrUnsupported)
	errNoCookie = fmt.Errorf("session: this needs a cookie, and outside of a request there is none to set: %w", errors.ErrUnsupported)
	errNoSave   = fmt.Errorf("session: there is no Save outside of a request: %w; Manager.Update saves when its function has returned nil", errors.ErrUnsupported)
	errNoList   = fmt.Errorf("session: this store cannot list its sessions: %w; use a store on the server", errors.ErrUnsupported)
)

// View calls fn to read the session with that handle (see [Session.Handle]), no matter whose it is.
// It does not count as use, so it does not restart the idle timeout. Flash messages that fn reads
// stay for the visitor. A change in fn fails, and View returns its error.
//
// The error is that of fn, or [ErrNotFound], [ErrMoved], [ErrUnavailable] or errors.ErrUnsupported,
// as with [Manager.Destroy]. In fn there is no request, and so no submitted form and no CSRF token.
// After View has returned, the session can still be read, as it was.
func (m *Manager) View(ctx context.Context, handle string, fn func(*Session) error) error {
	s, err := m.find(ctx, handle)
	if err != nil {
		return err
	}
	s.viewed = true
	return s.visit(ctx, fn)
}

// Update calls fn to change the session with that handle, and saves the changes once fn has
// returned nil. They are replayed on the newest record, like those of a request, so neither side
// loses any. See [Update] for values that are computed from old ones. fn runs once. If it returns
// an error or panics, or if a change fails, nothing is changed.
//
//	err := manager.Update(ctx, job.Handle, func(s *session.Session) error {
//		s.Put("export", path)
//		s.FlashSuccess("Your export is ready.")
//		return nil
//	})
//
// The next page shows what fn flashes, if the visitor opens one within Config.FlashTTL; flash
// messages that fn reads stay. [Session.Destroy] ends the session. Changes that need a cookie fail
// with errors.ErrUnsupported: [Session.Regenerate], [Session.Tag], [Session.RememberMe], and any
// change after Destroy.
//
// Update does not count as use: a job keeps nobody logged in.
//
// The error is that of fn or of a change, or one of those of [Manager.View]. [ErrNotFound] and
// [ErrMoved] may also mean that the session was ended, or given a new id, while fn ran: then its
// changes are not saved. Once saving has begun, the end of ctx no longer stops it; the store has 5
// seconds.
func (m *Manager) Update(ctx context.Context, handle string, fn func(*Session) error) error {
	s, err := m.find(ctx, handle)
	if err != nil {
		return err
	}
	return s.visit(ctx, fn)
}

// UpdateTagged calls [Manager.Update] for each session of a user (see [Session.Tag]), one after the
// other. A session that ends meanwhile is left out; one that is tagged meanwhile may be left out, and so
// may one that is given a new id more than a minute before its turn. So fn should be quick.
//
// It tries all of them unless ctx ends, and joins the errors. An [ErrMoved] means that a session
// was given a new id at that moment: the session was not changed, unless it was also found by its
// new id. An empty user id is an error.
func (m *Manager) UpdateTagged(ctx context.Context, userID string, fn func(*Session) error) error {
	entries, err := m.entries(ctx, userID)
	if err != nil {
		m.reportFailure(ctx, "", &err)
		return err
	}
	entries, errs := m.newestFirst(ctx, entries)
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		var failed error // an error of fn may be an ErrNotFound about something else
		err := m.Update(ctx, handle(e.Key), func(s *Session) error {
			if s.st.has(kindTag, userID) {
				failed = fn(s)
			}
			return failed
		})
		if failed != nil || !errors.Is(err, ErrNotFound) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// newestFirst puts the new record of a Regenerate before the old one. If the old one were changed first,
// Regenerate might take the change along to the new one, where the job would then make it again. A change
// to the new one is overwritten in that case.
//
// A session that cannot be read is left out, with an error: nobody knows which of the two it is.
func (m *Manager) newestFirst(ctx context.Context, entries []TagEntry) (sorted []TagEntry, errs []error) {
	if len(entries) < 2 {
		return entries, nil
	}
	renewed := make(map[string]int64, len(entries))
	for _, e := range entries {
		st, _, err := m.readQuietly(ctx, e.Key) // Update reports what is corrupt
		switch {
		case errors.Is(err, errCorrupt): // as good as none
		case err != nil:
			m.reportFailure(ctx, e.Key, &err)
			errs = append(errs, err)
			continue
		case st == nil:
			renewed[e.Key] = math.MaxInt64 // the entry is written before its record
		default:
			renewed[e.Key] = st.time(kindDevice, deviceRenewed).UnixMilli()
		}
		sorted = append(sorted, e)
	}
	slices.SortStableFunc(sorted, func(a, b TagEntry) int { return cmp.Compare(renewed[b.Key], renewed[a.Key]) })
	return sorted, errs
}

// All lists all live sessions, tagged or not, in no particular order:
//
//	for info, err := range manager.All(ctx) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// It reads one session after another while you loop, and never holds all of them. Sessions that
// begin, end or get a new id meanwhile may be missing, or come twice, under both ids; all others
// are listed (but see the documentation of your store for its limits). The loop may change or
// destroy any session. A record that cannot be decoded is left out, and reported as in a request.
//
// An error ends the loop: [ErrUnavailable], that of ctx, or errors.ErrUnsupported from a store that
// is not a [Lister], such as one in cookies. If this version cannot read some sessions, because a
// newer version of this library has written them, the error comes after all the others.
func (m *Manager) All(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if m.lister == nil {
			yield(Info{}, errNoList)
			return
		}
		var unread error
		for key, err := range m.lister.Keys(ctx) {
			if err != nil {
				m.failList(ctx, "", unavailable("list", err), yield)
				return
			}
			st, rec, err := m.read(ctx, key)
			switch {
			case errors.Is(err, errNewerFormat):
				unread = err // returned at the end, so that the loop gets all others
			case err != nil:
				m.failList(ctx, key, err, yield)
				return
			case st != nil && !yield(m.info(key, first(st.tags()), st, rec), nil):
				return
			}
		}
		if unread != nil {
			m.failList(ctx, "", unread, yield)
		}
	}
}

// failList ends a list with an error.
func (m *Manager) failList(ctx context.Context, key string, err error, yield func(Info, error) bool) {
	m.reportFailure(ctx, key, &err)
	yield(Info{}, err)
}

// find is the session with that handle, without a request.
func (m *Manager) find(ctx context.Context, handle string) (*Session, error) {
	key, st, rec, err := m.lookUp(ctx, handle)
	if err != nil {
		return nil, err
	}
	r := new(http.Request).WithContext(ctx)
	s := &Session{m: m, ctx: ctx, req: r, exchange: errand{r}, outside: true}
	s.st, s.key, s.version, s.expires = st, key, rec.Version, rec.Expires
	return s, nil
}

// lookUp returns what is stored of the session with that handle, or why there is nothing.
func (m *Manager) lookUp(ctx context.Context, handle string) (key string, st *state, rec Record, err error) {
	if m.sealer != nil {
		return "", nil, Record{}, errNoRecords
	}
	key, ok := keyOf(handle)
	if !ok {
		return "", nil, Record{}, fmt.Errorf("%w: %w", ErrNotFound, errNotHandle)
	}
	defer m.reportFailure(ctx, key, &err)
	if st, rec, err = m.read(ctx, key); st == nil && err == nil {
		within, cancel := withStoreTimeout(ctx)
		defer cancel()
		err = cmp.Or(m.whetherMoved(within, key, rememberMoves), ErrNotFound)
	}
	return key, st, rec, err
}

// visit runs fn, and saves what it has changed. After that, whether it has worked or not, nothing
// more is saved.
func (s *Session) visit(ctx context.Context, fn func(*Session) error) error {
	defer s.detach()
	if err := fn(s); err != nil {
		return err
	}
	return s.saveOutside(ctx)
}

// saveOutside saves at the end of fn, as the end of a response does for a request.
func (s *Session) saveOutside(ctx context.Context) error {
	s.lock()
	defer s.unlock()
	if err := s.failure(); err != nil {
		return err
	}
	if !s.pending() {
		return nil // nor prolonged
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.commit(flashDelta{}); err != nil {
		return err
	}
	if s.lost {
		return ErrNotFound
	}
	return nil
}

// detach lets fn's session be read only: its changes have been saved, or must not be.
func (s *Session) detach() {
	s.lock()
	defer s.unlock()
	s.exchange = nil
}

// refusesOutside is why a change with this effect cannot be made without a request.
func (s *Session) refusesOutside(e effect) error {
	switch {
	case s.viewed:
		return errViewOnly
	case e == needsCookie || e == updatesRecord && s.key == "":
		return errNoCookie
	}
	return nil
}

// errand is the exchange of a session outside of a request. It stands for a request that nobody has
// sent, without a form or headers.
type errand struct{ request *http.Request }

func (e errand) Request() *http.Request { return e.request }
func (errand) Header() http.Header      { return http.Header{} }
func (errand) over() bool               { return false }
func (errand) echoToken() string        { return "" }
