package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Session is one visitor's values and messages during one request, or, outside of a request,
// during a call such as [Manager.Update].
//
// Nothing is loaded before the first use, and nothing is saved before the response
// leaves: what a request changes is recorded, and replayed on the newest record when the
// head of the response is about to be sent. So parallel requests never lose each other's changes.
// See [Update] for values that are computed from their old ones.
//
// A Session is safe for concurrent use. If it is used after the request has ended, it reads what
// the request last saw, or loads the session if the request never did; changes are refused with
// [ErrClosed].
//
// A change that cannot be made fails the session: [Session.Err] says why, and the response becomes
// an error page unless its head has left.
//
// On a nil *Session, which [FromContext] returns if there is no session, every read is empty, and
// every change panics. ([Pull] and [Session.PullIntendedURL] find nothing to remove, and return what
// they return for that.)
type Session struct {
	mu sync.Mutex
	m  *Manager

	ctx      context.Context // the request's
	req      *http.Request   // for its cookies and who asks
	exchange exchange        // nil once the request is over
	news     news            // of the request, as far as the session was told; see Session.heard
	headSent bool
	lateLoad bool // loaded after the head was sent
	outside  bool // there is no request; see outside.go
	viewed   bool // outside of a request, and only read; see Manager.View

	// What was loaded. st is nil before that; afterwards it is the session as this
	// request sees it, with its own changes.
	st      *state
	loadErr error
	err     error     // the first failure, other than loadErr
	unknown []string  // ids from the visitor's cookies that lead nowhere; see straggles
	id, key string    // of the stored record; "" if there is none
	next    string    // the id that the commit will give the session, if known; see nextID
	loaded  uint64    // when it was loaded, by Manager.seq
	version uint64    // of the stored record
	expires time.Time // of the stored record
	fresh   bool      // there was no session
	given   bool      // the visitor sent a cookie with our name, whatever was in it
	corrupt bool      // the cookie led to a record that cannot be decoded
	lost    bool      // the stored record ended while this request ran
	saved   bool      // some change of this request is stored
	moved   bool      // the one unknown id was replaced a moment ago; see straggles
	renamed bool      // the stored record has another id by now, and nothing was lost so far; see gone
	sealed  sealed    // what the cookies held, with a Sealer

	to       audience // see Session.audience
	status   int16    // of the response, if its head has left or is about to; small, so that a Session fits into an allocation of 480 bytes
	decision view     // what that head said about messages; see Session.view
	decided  bool

	// What is to be done at the commit.
	renew bool // give the record a new id
	ops   []op
	room  [2]op   // room for the ops of most requests
	ended []ended // records to destroy
	tags  tagChanges
	flash *flashes // nil until there is something to note; see Session.flashes

	firstContext storeContext // see Session.storeContext
	at           time.Time    // when the last load or commit began

	cookies []cookieLine // that this response sets
	events  []func()     // hooks to call once the lock is free
}

type cookieLine struct{ name, line string }

// op is one change. It is applied to the session of this request at once, and again to
// a newer record if another request was faster. An op that fails changes nothing.
type op func(*state) error

// ended is a record to destroy, as this request saw it.
type ended struct {
	key     string
	version uint64
	tags    []string
}

// FromContext returns the session of the request that ctx belongs to, or nil if there is none. It
// does not touch the store.
func FromContext(ctx context.Context) *Session {
	if f := frameOf(ctx); f != nil {
		return f.use()
	}
	return nil
}

// LogValue returns the handle of the session, if it has been loaded. The id must not appear in a
// log.
func (s *Session) LogValue() slog.Value { return slog.StringValue(s.printed()) }

// Format prints session(…) with the handle that LogValue returns, whatever the verb.
func (s *Session) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "session(%s)", s.printed()) }

// printed does not wait for the lock: a session may be printed while its lock is held.
func (s *Session) printed() string {
	if s == nil || !s.mu.TryLock() {
		return ""
	}
	defer s.mu.Unlock()
	return handle(s.key)
}

func (s *Session) lock() {
	if s == nil {
		panic("session: there is no session here to change. Is session.Middleware mounted, and is the request's own context passed on?")
	}
	s.mu.Lock()
}

// unlock frees the session, and only then calls the hooks: a hook may be slow, or panic.
func (s *Session) unlock() {
	events := s.events
	s.events = nil
	s.mu.Unlock()
	for _, call := range events {
		call()
	}
}

// state is the session as this request sees it, loaded if need be.
func (s *Session) state() *state {
	if s.st == nil {
		s.load()
	}
	return s.st
}

// Load reads the session now, unless it has been read already, and returns the error if that fails.
// Without Load, the session looks empty if the store cannot be reached, and the response becomes a
// 503. If ctx has already ended, Load only returns ctx.Err(); otherwise ctx sets no limit, and the
// store has 5 seconds.
func (s *Session) Load(ctx context.Context) error {
	if s == nil {
		return nil
	}
	s.lock()
	defer s.unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.state()
	return s.loadErr
}

// Save commits what has been changed so far, and sets the cookie if one is due. It is for handlers
// that are about to stream for long, or to hijack the connection; all others can leave saving to
// the middleware. In a stream Save also ends the messages that were shown so far, as each flush of
// a text/event-stream does; but not with a [Sealer], whose cookies have left.
//
// It returns [ErrNotFound] if another request has ended the session meanwhile, and [ErrMoved] if
// another request has given it a new id. If ctx has already ended, Save only returns ctx.Err();
// otherwise ctx sets no limit, and the store has 5 seconds. Save writes to the header of the
// response, so call it from the goroutine of the handler. Outside of a request Save
// returns an error that is errors.ErrUnsupported; [Manager.Update] saves by itself.
func (s *Session) Save(ctx context.Context) error {
	s.lock()
	defer s.unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.over() {
		return ErrClosed
	}
	if s.outside {
		return errNoSave
	}
	if err := s.failure(); err != nil {
		return err
	}
	if err := s.commit(s.shownSoFar()); err != nil {
		return err
	}
	if !s.headSent {
		s.setCookies(s.exchange.Header())
	}
	switch {
	case s.lost:
		return ErrNotFound
	case s.renamed:
		return ErrMoved
	}
	return nil
}

// Err returns the first failure of this session: a value that could not be stored, a change that
// came too late, a store that did not answer. A failure stays, and unless the head has left, the
// response becomes an error page. (On a route with [Optional], failing to load the session does not
// cause an error page.)
func (s *Session) Err() error {
	if s == nil {
		return nil
	}
	s.lock()
	defer s.unlock()
	return s.failure()
}

// over says whether there will be no more commit.
func (s *Session) over() bool { return s.exchange == nil || s.exchange.over() }

func (s *Session) failure() error { return cmp.Or(s.err, s.loadErr) }

// fail is for a change that cannot be made. Once the head has left, the visitor cannot be
// told. (Outside of a request nothing is logged: Manager.Update returns the error.)
func (s *Session) fail(err error) {
	first := s.err == nil
	s.failWith(err)
	switch {
	case s.headSent:
		s.report(nil, cmp.Or(s.key, s.presented()), Event{Err: err, Caller: caller()}, failedLate)
	case first && !s.outside:
		s.report(nil, cmp.Or(s.key, s.presented()), Event{Err: err, Caller: caller()}, failed)
	}
}

func (s *Session) failWith(err error) { s.err = cmp.Or(s.err, err) }

// IsNew reports whether the visitor came without a session. It stays true in the request that
// begins one, and is true again after [Session.Destroy].
func (s *Session) IsNew() bool {
	if s == nil {
		return true
	}
	s.lock()
	defer s.unlock()
	s.state()
	return s.fresh
}

// Destroy ends the session, for a log-out: it removes the record and the cookie. What is put or
// flashed afterwards, such as a good-bye, begins a new session, and so do messages that this
// request flashed before.
//
// For a login that starts with an empty session, use [Session.Clear] and [Session.Regenerate]
// instead. After Destroy, a late request of the same visitor may begin another session, and its
// cookie would replace the one that the login has set.
//
// Destroy ends the session that this request has found. A browser that sends two cookies of this
// name, as it may after a change of Cookie.Path or Domain, may have another session.
//
// With a [Sealer] there is no record to remove. A copy of the cookie stays valid while it is used,
// until the absolute timeout.
func (s *Session) Destroy() {
	s.lock()
	defer s.unlock()
	s.state()
	if !s.changeable(endsRecord) {
		return
	}
	if err := s.logOutStraggles(); err != nil {
		s.failWith(err)
		s.reportUnsaved(err)
		return
	}
	if s.loadErr != nil {
		s.failWith(s.loadErr) // there may be a record, but we do not know which
	}
	if s.key != "" {
		s.ended = append(s.ended, ended{s.key, s.version, s.st.tags()})
	}
	s.sealed.ended = s.m.sealer != nil && (s.given || s.sealed.flashGiven)
	s.begin(s.m.now())
	s.ops, s.renew, s.lost, s.renamed, s.tags = nil, false, false, false, nil
	s.flashes().forgetReceived()
	if !s.outside && !s.headSent {
		s.flash.saveAgain(func(flashItem) bool { return true })
		return
	}
	// Messages would begin a new session now, but no cookie could lead to it.
	if s.headSent && s.flash.waits() {
		s.late(ErrHeadSent, caller)
	}
	s.flash.forgetUnsaved()
}

// logOutStraggles returns the error for a log-out with the old id of a session that lives on under
// a new one.
func (s *Session) logOutStraggles() error {
	if len(s.unknown) == 0 || s.key != "" {
		return nil
	}
	ctx := s.storeContext()
	defer ctx.end()
	_, err := s.straggles(ctx)
	return err
}

// begin makes this an empty session that is not stored.
func (s *Session) begin(now time.Time) {
	s.st = newState(now, s.m.cfg.AbsoluteTimeout)
	s.id, s.key, s.next, s.version, s.expires = "", "", "", 0, time.Time{}
	s.fresh = true
}

// change applies o now and remembers it for the commit, unless it cannot be made.
func (s *Session) change(o op) (ok bool) {
	st := s.state()
	if !s.changeable(updatesRecord) {
		return false
	}
	if err := o(st); err != nil {
		s.fail(err)
		return false
	}
	if s.ops == nil {
		s.ops = s.room[:0]
	}
	s.ops = append(s.ops, o)
	return true
}

// effect is what a change needs, in a response whose head may have left.
type effect int

const (
	updatesRecord effect = iota // fine at any time if there is a record
	endsRecord                  // fine at any time on the server: the cookie then names nothing
	needsCookie                 // never fine after the head
)

// changeable says whether a change can still be saved. If not, it fails the session and
// reports it: a change must never be lost in silence.
func (s *Session) changeable(e effect) bool {
	switch {
	case s.over():
		s.late(ErrClosed, caller)
	case s.outside:
		err := s.refusesOutside(e)
		s.failWith(err)
		return err == nil
	case !s.headSent:
		return true
	case s.m.sealer != nil || e == needsCookie || e == updatesRecord && s.key == "":
		s.late(ErrHeadSent, caller)
	default:
		return true
	}
	return false
}

// late fails the session with err, and reports it unless the session has already failed with err.
// by finds the caller that made the change.
func (s *Session) late(err error, by func() string) { s.lateAs(tooLate, err, by) }

// lateAs is late with another line in the log.
func (s *Session) lateAs(line notice, err error, by func() string) {
	first := !errors.Is(s.err, err)
	s.failWith(err)
	if first {
		s.report(s.m.cfg.Hooks.LateWrite, s.key, Event{Err: err, Caller: by()}, line)
	}
}
