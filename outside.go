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

// Sessions outside of a request: for jobs and administrators. There is a record and its key,
// and no cookie; so what changes the record is done as in a request, and what needs a cookie
// is refused.

var (
	errViewOnly = fmt.Errorf("session: View only reads: %w; use Manager.Update for changes", errors.ErrUnsupported)
	errNoCookie = fmt.Errorf("session: this needs a cookie, and outside of a request there is none to set: %w", errors.ErrUnsupported)
	errNoSave   = fmt.Errorf("session: there is no Save outside of a request: %w; Manager.Update saves when its function has returned nil", errors.ErrUnsupported)
	errNoList   = fmt.Errorf("session: this store cannot list its sessions: %w; use a store on the server", errors.ErrUnsupported)
)

// View has fn read the session with that handle (see [Session.Handle]), no matter whose it is.
// It does not count as use: the idle timeout goes on. Flash messages that fn reads stay for the
// visitor. A change fails, and so does View then.
//
// The error is that of fn, or [ErrNotFound], [ErrMoved], [ErrUnavailable] or
// errors.ErrUnsupported, as with [Manager.Destroy]. fn has no request: there is no old input
// of it and no CSRF token. After View has returned, the session can still be read, as it was.
func (m *Manager) View(ctx context.Context, handle string, fn func(*Session) error) error {
	s, err := m.find(ctx, handle)
	if err != nil {
		return err
	}
	s.viewed = true
	return s.visit(ctx, fn)
}

// Update has fn change the session with that handle, and saves what it has changed once it
// has returned nil: replayed on the newest record, as it is for a request, so nothing gets
// lost on either side. See [Update] for values that are computed from old ones. fn runs once.
// If it returns an error or panics, or if a change fails, nothing is changed.
//
//	err := manager.Update(ctx, job.Handle, func(s *session.Session) error {
//		s.Put("export", path)
//		s.FlashSuccess("Your export is ready.")
//		return nil
//	})
//
// What fn flashes, the next page shows, if the visitor asks for one within Config.FlashTTL; flash
// messages that fn reads stay. [Session.Destroy] ends the session. What takes a cookie fails with
// errors.ErrUnsupported: [Session.Regenerate], [Session.Tag], and a change after Destroy.
//
// It does not count as use: a job keeps nobody logged in.
//
// The error is that of fn or of a change, or as with [Manager.View]. [ErrNotFound] and
// [ErrMoved] may also say that the session was ended, or given a new id, while fn ran: then
// its changes are not saved. ctx is not asked any more once saving has begun; the store has
// 5 seconds.
func (m *Manager) Update(ctx context.Context, handle string, fn func(*Session) error) error {
	s, err := m.find(ctx, handle)
	if err != nil {
		return err
	}
	return s.visit(ctx, fn)
}

// UpdateTagged is [Manager.Update] for each session of a user (see [Session.Tag]), one after
// the other. A session that ends meanwhile is left out; one that is tagged meanwhile may be left
// out.
//
// It tries all of them unless ctx ends, and joins the errors. [ErrMoved] among them says that
// a session was given a new id at this very moment: it was left as it is, unless its new id was
// among them, too. An empty user id is an error.
func (m *Manager) UpdateTagged(ctx context.Context, userID string, fn func(*Session) error) error {
	entries, err := m.entries(ctx, userID)
	if err != nil {
		m.reportFailure(ctx, "", &err)
		return err
	}
	m.newestFirst(ctx, entries)
	var errs []error
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		var failed error // it may be ErrNotFound too, about something else
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

// newestFirst has the new record of a Regenerate come before the old one. What a job changes in the old one may
// come along to the new one, where it would be done once more; but what it changes in the new one goes then.
func (m *Manager) newestFirst(ctx context.Context, entries []TagEntry) {
	if len(entries) < 2 {
		return
	}
	renewed := make(map[string]int64, len(entries))
	for _, e := range entries {
		st, _, err := m.read(ctx, e.Key)
		switch {
		case err != nil:
			return // to change it will fail, too, and say so
		case st == nil:
			renewed[e.Key] = math.MaxInt64 // the entry comes before its record
		default:
			renewed[e.Key] = st.time(kindDevice, deviceRenewed).UnixMilli()
		}
	}
	slices.SortStableFunc(entries, func(a, b TagEntry) int { return cmp.Compare(renewed[b.Key], renewed[a.Key]) })
}

// All lists all live sessions, in no order, whether anybody has tagged them or not:
//
//	for info, err := range manager.All(ctx) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// It reads one after the other while you loop, and never holds all of them. Sessions that
// begin, end or get a new id meanwhile may be missing, or be there in both their ids; all
// others are there (but see the documentation of your store for its limits). In the loop any
// session may be changed or destroyed. A record that cannot be decoded is left out, and
// reported as in a request.
//
// An error is the last thing to come: [ErrUnavailable], that of ctx, or errors.ErrUnsupported
// from a store that is no [Lister], such as one in cookies. It comes after all others if a newer
// version of this library has written some of them, which this one cannot read.
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
				unread = err // said at the end, for whoever wants all of them
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

// lookUp is what is stored of the session with that handle, or the error that says why there
// is nothing.
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

// visit runs fn, and saves what it has changed. Whatever comes of that, it is all.
func (s *Session) visit(ctx context.Context, fn func(*Session) error) error {
	defer s.detach()
	if err := fn(s); err != nil {
		return err
	}
	return s.saveOutside(ctx)
}

// saveOutside is what the end of the response is to a request.
func (s *Session) saveOutside(ctx context.Context) error {
	s.lock()
	defer s.unlock()
	if err := s.failure(); err != nil {
		return err
	}
	if !s.pending() {
		return nil // and not prolonged either
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

// detach is end for a session whose changes are saved by now, or are not to be.
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

// errand is the exchange of a session without a request: one that nobody has sent, with no
// form and no headers.
type errand struct{ request *http.Request }

func (e errand) Request() *http.Request { return e.request }
func (errand) Header() http.Header      { return http.Header{} }
func (errand) over() bool               { return false }
func (errand) echoToken() string        { return "" }
