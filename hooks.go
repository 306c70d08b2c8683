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

// Hooks are called at the turns of a session's life, after the fact, by the goroutine
// that used the session; so several may run at once. A nil hook is not called, and costs
// nothing. Two sets are joined by [Hooks.And]; the package otelsession has one for
// OpenTelemetry.
//
// The context is that of the request, as the middleware around [Middleware] has left it, or
// what a method of [Manager] was given. What is logged with it carries the ids of its trace.
//
// Hooks must not use the session. The visitor waits for them: hand on what takes long. One
// that panics is logged as an error, and that is all: what watches a log-out must not stop it
// half-way.
type Hooks struct {
	// Initiated: a stored session was loaded, for the first time in this request.
	Initiated func(context.Context, Event)

	// Committed: changes were saved, if only that a message was shown.
	Committed func(context.Context, Event)

	// Migrated: Regenerate took effect, or Tag; Handle is the new one, Previous the old.
	// Committed is called as well.
	Migrated func(context.Context, Event)

	// Destroyed: a session was ended, by [Session.Destroy] or from outside. One that expires
	// just goes; no store tells of it.
	Destroyed func(context.Context, Event)

	// Rejected: a cookie was presented that names no session; Reason says more. To tell a
	// session that has moved from one that never was, the store is asked once more.
	Rejected func(context.Context, Event)

	// Conflict: another request was faster, so the changes are replayed on what it left,
	// and tried again. (Requests that meet in one process mostly wait for each other instead.)
	Conflict func(context.Context, Event)

	// Lost: changes were dropped, because the session had ended meanwhile. It is as if the
	// request had come just before.
	Lost func(context.Context, Event)

	// Refused: changes were not saved, because the session has another id by now, or was
	// revoked; the response becomes a 503, and Err is [ErrMoved] or [ErrRevoked].
	Refused func(context.Context, Event)

	// LateWrite: a change came too late to be saved; Err says why.
	LateWrite func(context.Context, Event)

	// Undecodable: a stored value (Key says which), or a whole record, could not be
	// understood. It is called for each attempt to read it.
	Undecodable func(context.Context, Event)

	// StoreError: the store failed, or refused a session that is too large, so that a
	// session could not be loaded, saved, prolonged, found or ended.
	StoreError func(context.Context, Event)

	// StoreCall is called before each call of the store. op is what the method does: "read"
	// (also for Peek and Renew), "write" (also for Keep), "destroy", "touch", "tag", "untag",
	// "tagged", "revoke", "seal" or "open". The list of a [Lister] is left out, as it lasts for
	// as long as somebody loops. The store is given the context that StoreCall returns, and the
	// function is called with what the store answered. That may be [ErrNotFound] or
	// [ErrConflict], which are no failures. Neither result may be nil.
	//
	// Unlike the others it is called in the middle of things, while the session is locked.
	// To use the session here is a deadlock.
	StoreCall func(ctx context.Context, op string) (context.Context, func(error))
}

// And is both: h first, and then more.
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

// Event is what a hook is told. It never holds an id, a key of the store, or a value.
type Event struct {
	Handle   string // names the session; it is not the credential. "" with a cookie store, and where there is none yet
	Previous string // Migrated: the handle before
	Key      string // Undecodable: the application's key
	Reason   Reason // Rejected: why
	Retries  int    // Conflict, Committed: how often another request was faster so far
	Caller   string // LateWrite, Undecodable: the line of the application that made the change, or asked for the value, if it is known: "posts/edit.go:42"
	Err      error
}

// LogValue is the event as a group: the handle as "session", even if it is empty, and every other
// field that is not zero:
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
	// ReasonMalformed: it is no id. It was cut off, made up, or set by another application.
	ReasonMalformed Reason = "malformed"

	// ReasonUnknown: there is no such session. It has expired, was destroyed, or never was.
	ReasonUnknown Reason = "unknown"

	// ReasonMoved: it is the old id of a session that Regenerate gave a new one, less than a
	// minute ago. Most such requests were on their way when the visitor logged in.
	ReasonMoved Reason = "moved"

	// ReasonUnreadable: its record is corrupt; Undecodable is called as well. With a
	// cookie store: the cookie was altered, has expired, or was sealed with a key that is no
	// longer listed.
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

// report calls hook with e, about the record under key, and logs n. It does so once the
// session is no longer locked.
func (s *Session) report(hook func(context.Context, Event), key string, e Event, n notice) {
	if hook == nil && n == silent {
		return
	}
	s.events = append(s.events, func() { s.m.report(s.ctx, hook, key, e, n) })
}

// report is Session.report at once, where no session is locked.
func (m *Manager) report(ctx context.Context, hook func(context.Context, Event), key string, e Event, n notice) {
	if hook == nil && n == silent {
		return
	}
	e.Handle, e.Err = handle(key), withoutValue(e.Err)
	if n != silent {
		m.cfg.Logger.LogAttrs(ctx, n.level, n.text, e.attrs()...)
	}
	if hook != nil {
		m.shield(ctx, e.Handle, func() { hook(ctx, e) })
	}
}

// withoutValue is err, except that an error about a value does not wrap one that quotes it, as
// those of encoding/json and of unmarshalers do.
func withoutValue(err error) error {
	if e, ok := errors.AsType[*DecodeError](err); ok {
		return &DecodeError{Key: e.Key, Type: e.Type}
	}
	if e, ok := errors.AsType[*EncodeError](err); ok {
		return &EncodeError{Key: e.Key, Type: e.Type, Err: e.why()}
	}
	return err
}

// caller is where the application has called this library, or "": the application's own log may say no
// more than which address was asked for.
func caller() string {
	var calls [32]uintptr
	frames := runtime.CallersFrames(calls[:runtime.Callers(2, calls[:])])
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.goexit": // of a goroutine that is nothing but a call of ours
			return ""
		case !isOwn(f.Function) && !passesOn(f.Function):
			dir, file := path.Split(f.File)
			return fmt.Sprintf("%s:%d", path.Join(path.Base(dir), file), f.Line) // all of the path is that of the machine it was built on
		}
		if !more {
			return ""
		}
	}
}

// nobody is the caller where the application has not called.
func nobody() string { return "" }

var ownPath = reflect.TypeFor[Session]().PkgPath()

func isOwn(function string) bool {
	return strings.HasPrefix(function, ownPath+".") || strings.HasPrefix(function, ownPath+"/")
}

// passesOn says whether a function only calls what it was given.
func passesOn(function string) bool {
	return strings.HasPrefix(function, "reflect.") || strings.HasPrefix(function, "github.com/a-h/templ")
}

// shield keeps the panic of a hook from everybody else.
func (m *Manager) shield(ctx context.Context, handle string, call func()) {
	defer func() {
		if p := recover(); p != nil {
			m.cfg.Logger.LogAttrs(ctx, hookPanicked.level, hookPanicked.text,
				slog.String("session", handle), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		}
	}()
	call()
}

// reportUnsaved reports a change that failed with err, which otherwise only the visitor sees.
func (s *Session) reportUnsaved(err error) {
	hooks := &s.m.cfg.Hooks
	var decode *DecodeError
	var encode *EncodeError
	switch {
	case errors.Is(err, ErrMoved) && s.key == "":
		s.report(hooks.Refused, s.presented(), Event{Err: err}, refused)
	case errors.Is(err, ErrMoved), errors.Is(err, ErrRevoked):
		s.report(hooks.Refused, s.key, Event{Err: err}, refused)
	case errors.As(err, &decode):
		s.report(hooks.Undecodable, s.key, Event{Key: decode.Key, Err: err}, unplayable)
	case errors.As(err, &encode):
		s.report(nil, s.key, Event{Key: encode.Key, Err: err}, unplayable)
	default:
		s.report(hooks.StoreError, s.key, Event{Err: err}, notSaved)
	}
}

// reportMistyped reports a value or a message that is not of the type that was asked for.
func (s *Session) reportMistyped(key string, err error, n notice) {
	if hook := s.m.cfg.Hooks.Undecodable; hook != nil || n != silent { // it takes a while to find the caller
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
	for _, key := range s.unknown {
		if errors.Is(s.m.whetherMoved(ctx, key, rememberMoves), ErrMoved) {
			return ReasonMoved, key
		}
	}
	key = first(s.unknown)
	switch {
	case s.m.sealer != nil, s.corrupt:
		return ReasonUnreadable, key
	case key == "":
		return ReasonMalformed, ""
	}
	return ReasonUnknown, key
}

// presented is the key of the first id that the visitor's cookies have, or "".
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
