package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
)

// Hooks are called after something has happened to a session, by the goroutine that used the
// session, so several may run at once. A nil hook is not called, and costs nothing. [Hooks.And]
// joins two sets; the package otelsession has one for OpenTelemetry.
//
// The context is that of the request, as the middleware around [Middleware] has set it, or the one
// that was passed to a method of [Manager]. What is logged with it carries its trace ids.
//
// Hooks must not use the session. The visitor waits for them, so do slow work elsewhere. The panic
// of a hook is logged as an error and goes no further: a hook that watches a log-out must not stop
// it half-way.
type Hooks struct {
	// Initiated: a stored session was loaded, for the first time in this request.
	Initiated func(context.Context, Event)

	// Committed: changes were saved, even if the only change is that a message was shown.
	Committed func(context.Context, Event)

	// Migrated: Regenerate, Tag or RememberMe gave the session a new id. Handle is the new handle,
	// Previous the old. Committed is called as well.
	Migrated func(context.Context, Event)

	// Destroyed: a session was ended, by [Session.Destroy] or from outside. It is not called for a
	// session that expires, since no store reports that.
	Destroyed func(context.Context, Event)

	// Rejected: a cookie was presented that names no session; Reason says more. With this hook the
	// store is asked once more, to tell a session that has moved from one that never was.
	Rejected func(context.Context, Event)

	// Conflict: another request was faster, so the changes are replayed on the record that it has
	// left, and saving is tried again. (Requests that meet in one process mostly wait for each
	// other instead.)
	Conflict func(context.Context, Event)

	// Lost: changes were dropped, because the session had ended meanwhile. It is as if the request
	// had come just before the end.
	Lost func(context.Context, Event)

	// Refused: changes were not saved, because the session has another id by now, or was
	// revoked; the response becomes a 503, and Err is [ErrMoved] or [ErrRevoked].
	Refused func(context.Context, Event)

	// LateWrite: a change came too late to be saved, or a page asked too late for messages that are in
	// a cookie; Err says why.
	LateWrite func(context.Context, Event)

	// Undecodable: a stored value (Key says which), or a whole record, could not be
	// understood. It is called for each attempt to read it.
	Undecodable func(context.Context, Event)

	// StoreError: a session could not be loaded, saved, prolonged, found or ended, because the
	// store failed or the session is too large for it.
	StoreError func(context.Context, Event)

	// StoreCall is called before each store call. op names the method: "read" (also for Peek and
	// Renew), "write" (also for Keep), "destroy", "touch", "tag", "untag", "tagged", "revoke",
	// "seal" or "open". The list of a [Lister] is not reported, as it lasts for as long as the
	// caller loops. The store gets the context that StoreCall returns, and afterwards the returned
	// function gets the store's error. That may be [ErrNotFound] or [ErrConflict], which are not
	// failures. Neither result may be nil.
	//
	// Unlike the other hooks it is called while the session is locked. Using the session here is a
	// deadlock.
	StoreCall func(ctx context.Context, op string) (context.Context, func(error))
}

// And returns hooks that call both: h first, and then more. For StoreCall, h is the outer one.
func (h Hooks) And(more Hooks) Hooks {
	return Hooks{
		Initiated:   both(h.Initiated, more.Initiated),
		Committed:   both(h.Committed, more.Committed),
		Migrated:    both(h.Migrated, more.Migrated),
		Destroyed:   both(h.Destroyed, more.Destroyed),
		Rejected:    both(h.Rejected, more.Rejected),
		Conflict:    both(h.Conflict, more.Conflict),
		Lost:        both(h.Lost, more.Lost),
		Refused:     both(h.Refused, more.Refused),
		LateWrite:   both(h.LateWrite, more.LateWrite),
		Undecodable: both(h.Undecodable, more.Undecodable),
		StoreError:  both(h.StoreError, more.StoreError),
		StoreCall:   around(h.StoreCall, more.StoreCall),
	}
}

func both(a, b func(context.Context, Event)) func(context.Context, Event) {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(ctx context.Context, e Event) {
		defer b(ctx, e) // after a panic, too
		a(ctx, e)
	}
}

// Event describes to a hook what has happened. It never holds a session id, a store key or a value.
type Event struct {
	Handle   string // names the session; it is not the credential. "" with a cookie store, and if there is none yet
	Previous string // Migrated: the handle before
	Key      string // Undecodable: the application's key
	Reason   Reason // Rejected: why
	Retries  int    // Conflict, Committed: how often another request has been faster so far
	Caller   string // LateWrite, Undecodable: the line of the application that made the change or asked for the value, such as "posts/edit.go:42", if it is known
	Err      error
}

// LogValue returns the event as a group: the handle as "session", even if it is empty, and every
// other field that is not zero:
//
//	logger.InfoContext(ctx, "session rejected", "event", e)
//
// Under the key "" its attributes stand beside the others.
func (e Event) LogValue() slog.Value { return slog.GroupValue(e.attrs()...) }

func (e Event) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("session", e.Handle)}
	addText := func(key, text string) {
		if text != "" {
			attrs = append(attrs, slog.String(key, text))
		}
	}
	addText("previous", e.Previous)
	addText("key", e.Key)
	addText("reason", string(e.Reason))
	if e.Retries != 0 {
		attrs = append(attrs, slog.Int("retries", e.Retries))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.Any("error", e.Err))
	}
	addText("caller", e.Caller)
	return attrs
}

// Reason is why a cookie was rejected.
type Reason string

const (
	// ReasonMalformed: the value is not an id. It was cut off, made up, or set by another
	// application.
	ReasonMalformed Reason = "malformed"

	// ReasonUnknown: there is no such session. It has expired, was destroyed, or never existed.
	ReasonUnknown Reason = "unknown"

	// ReasonMoved: the value is the old id of a session that was given a new one less than a minute
	// ago. Most such requests were on their way when the visitor logged in.
	ReasonMoved Reason = "moved"

	// ReasonUnreadable: the record is corrupt; Undecodable is called as well. With a cookie store:
	// the cookie was altered, has expired, or was sealed with a key that is no longer listed.
	ReasonUnreadable Reason = "unreadable"
)

// notice is a line in the log. The zero notice is none.
type notice struct {
	level slog.Level
	text  string
}

// All that is ever logged about a session. docs/operations.md says what to do about it.
var (
	silent         = notice{}
	notLoaded      = notice{slog.LevelError, "session: a session could not be loaded"}
	notSaved       = notice{slog.LevelError, "session: a session could not be saved"}
	notProlonged   = notice{slog.LevelWarn, "session: a session could not be prolonged"}
	mistyped       = notice{slog.LevelWarn, "session: a value is not of the type that was asked for, and reads as if there were none"}
	corrupt        = notice{slog.LevelWarn, "session: a record is corrupt and was left out"}
	shownLate      = notice{slog.LevelWarn, "session: a page showed messages after its head had left, so no header keeps caches from giving them to somebody else. Render it by session.Render, or call Load before the first byte"}
	keptBack       = notice{slog.LevelWarn, "session: a page kept messages back, because its head had left, and they could no longer be removed from the cookie. Render it by session.Render, or call FlashMessages before the first byte"}
	tooLate        = notice{slog.LevelWarn, "session: a change came too late and was not saved"}
	failed         = notice{slog.LevelError, "session: a change could not be made, and the visitor gets an error page"}
	failedLate     = notice{slog.LevelWarn, "session: a change failed after the response head had left"}
	unplayable     = notice{slog.LevelWarn, "session: a change could not be repeated on what another request has saved"}
	flashTooLarge  = notice{slog.LevelWarn, "session: the flash does not fit into a cookie; some of it was left out"}
	dropped        = notice{slog.LevelInfo, "session: changes were dropped, because the session had ended meanwhile"}
	refused        = notice{slog.LevelInfo, "session: changes were refused, because the session has another id or was revoked meanwhile"}
	insecureCookie = notice{slog.LevelWarn, "session: the cookie is secure, and the browser seems to speak plain http, where most refuse such a cookie, so that every request begins a new session. Serve the site over https, or set Cookie.Insecure for development"}
	foreignCookie  = notice{slog.LevelWarn, "session: the page is not in Cookie.Domain, so browsers drop the cookie, and every request begins a new session. Set the domain that visitors see, or leave it empty"}
	missingToken   = notice{slog.LevelWarn, "session: a form of this site came without a CSRF token, and is refused each time. Use components.Form, put components.CSRF into the form, or for htmx alone components.CSRFHeaders around it"}
	hookPanicked   = notice{slog.LevelError, "session: a hook panicked"}
)

// report calls hook with e, about the record under key, and logs n, as soon as the session is no
// longer locked.
func (s *Session) report(hook func(context.Context, Event), key string, e Event, n notice) {
	if hook == nil && n == silent {
		return
	}
	s.events = append(s.events, func() { s.m.report(s.ctx, hook, key, e, n) })
}

// report is Session.report for when no session is locked: it reports at once.
func (m *Manager) report(ctx context.Context, hook func(context.Context, Event), key string, e Event, n notice) {
	if hook == nil && n == silent {
		return
	}
	e.Handle, e.Err = handle(key), withoutValue(e.Err)
	if n != silent {
		m.cfg.logger().LogAttrs(ctx, n.level, n.text, e.attrs()...)
	}
	if hook != nil {
		m.shield(ctx, e.Handle, func() { hook(ctx, e) })
	}
}

// withoutValue is err, except that an error about a value does not wrap one that quotes it, as
// those of encoding/json and of unmarshalers do.
func withoutValue(err error) error {
	if e, ok := errors.AsType[*DecodeError](err); ok {
		return &DecodeError{Key: e.Key, Type: e.Type, Err: e.why()}
	}
	if e, ok := errors.AsType[*EncodeError](err); ok {
		return &EncodeError{Key: e.Key, Type: e.Type, Err: e.why()}
	}
	return err
}

// caller is the line where the application has called this library, or "". It helps because the
// application's own log may say no more than which address was requested.
func caller() string {
	var calls [32]uintptr
	frames := runtime.CallersFrames(calls[:runtime.Callers(2, calls[:])])
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.goexit": // the goroutine consists of nothing but a call of ours
			return ""
		case !isOwn(f.Function) && !passesOn(f.Function):
			dir, file := path.Split(f.File)
			return fmt.Sprintf("%s:%d", path.Join(path.Base(dir), file), f.Line) // the full path is that of the machine where it was built
		}
		if !more {
			return ""
		}
	}
}

// nobody is the caller if the application has not called.
func nobody() string { return "" }

var ownPath = reflect.TypeFor[Session]().PkgPath()

func isOwn(function string) bool {
	return strings.HasPrefix(function, ownPath+".") || strings.HasPrefix(function, ownPath+"/")
}

// passesOn says whether a function does nothing but call what it was given.
func passesOn(function string) bool {
	return strings.HasPrefix(function, "reflect.") || strings.HasPrefix(function, "github.com/a-h/templ")
}

// shield keeps the panic of a hook from everybody else.
func (m *Manager) shield(ctx context.Context, handle string, call func()) {
	defer func() {
		if p := recover(); p != nil {
			m.cfg.logger().LogAttrs(ctx, hookPanicked.level, hookPanicked.text,
				slog.String("session", handle), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		}
	}()
	call()
}

// reportUnsaved reports a change that failed with err: otherwise only the visitor would see it.
func (s *Session) reportUnsaved(err error) {
	hooks, key := &s.m.cfg.Hooks, s.key
	switch {
	case key != "":
	case len(s.ended) > 0: // a log-out, or what was to begin after it
		key = s.ended[0].key
	case errors.Is(err, ErrMoved):
		key = s.presented()
	}
	var decode *DecodeError
	var encode *EncodeError
	switch {
	case errors.Is(err, ErrMoved), errors.Is(err, ErrRevoked):
		s.report(hooks.Refused, key, Event{Err: err}, refused)
	case errors.As(err, &decode):
		s.report(hooks.Undecodable, key, Event{Key: decode.Key, Err: err}, unplayable)
	case errors.As(err, &encode):
		s.report(nil, key, Event{Key: encode.Key, Err: err}, unplayable)
	default:
		s.report(hooks.StoreError, key, Event{Err: err}, notSaved)
	}
}

// reportMistyped reports a value or a message that is not of the requested type.
func (s *Session) reportMistyped(key string, err error, n notice) {
	if hook := s.m.cfg.Hooks.Undecodable; hook != nil || n != silent { // finding the caller takes a while
		s.report(hook, s.key, Event{Key: key, Err: err, Caller: caller()}, n)
	}
}

// reportFailure tells the hook of an error that a method of Manager is about to return. It does not
// log it, since the caller hears of it. If ctx was cancelled, as when a visitor closes the page, the
// store has not failed.
func (m *Manager) reportFailure(ctx context.Context, key string, err *error) {
	if errors.Is(*err, ErrUnavailable) && !errors.Is(ctx.Err(), context.Canceled) {
		m.report(ctx, m.cfg.Hooks.StoreError, key, Event{Err: *err}, silent)
	}
}

// reportRejected reports that the visitor's cookie has led to no session.
func (s *Session) reportRejected(ctx context.Context) {
	hook := s.m.cfg.Hooks.Rejected
	if hook == nil {
		return
	}
	why, key := s.whyRejected(ctx)
	s.report(hook, key, Event{Reason: why, Err: ErrNotFound}, silent)
}

func (s *Session) whyRejected(ctx context.Context) (why Reason, key string) {
	for _, id := range s.unknown {
		if key := storeKey(id); errors.Is(s.m.whetherMoved(ctx, key, rememberMoves), ErrMoved) {
			return ReasonMoved, key
		}
	}
	key = s.presented()
	switch {
	case s.m.sealer != nil, s.corrupt:
		return ReasonUnreadable, key
	case key == "":
		return ReasonMalformed, ""
	}
	return ReasonUnknown, key
}

// presented is the key of the first id in the visitor's cookies, or "".
func (s *Session) presented() string {
	if s.m.sealer != nil {
		return ""
	}
	for id := range candidates(s.req, s.m.cookie.name()) {
		if wellFormed(id) {
			return storeKey(id)
		}
	}
	return ""
}
