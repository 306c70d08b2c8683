package session

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/labstack/echo/v4"
)

// frame is what every request needs, in one allocation: the context that leads to the
// session, and the writer that sees the response head leave; see response.go. It is not
// pooled, because contexts outlive requests.
type frame struct {
	context.Context // the request's own
	m               *Manager
	req             http.Request

	c     echo.Context   // pooled by Echo: not to be used after the answer
	res   *echo.Response // likewise
	below http.ResponseWriter

	// After leave. The first two are written under the lock of the session, or of the frame
	// if there is no session.
	current *http.Request
	left    bool
	silent  bool // the handler wrote nothing, and did not fail

	// What became of the response; see response.go.
	sent     bool  // the head has left
	streams  bool  // it was flushed or taken over, and so may go on for hours
	withheld bool  // what is written is swallowed
	replaced bool  // the error answer was given in its place
	probed   bool  // see leadsHere
	reached  bool  // likewise
	cause    error // why the answer is not the handler's

	session atomic.Pointer[Session] // once somebody has asked for it; see use
	mu      sync.Mutex              // to begin it, and for what it has to be told then
	missed  missed
}

// missed is what a session that begins late has to be told.
type missed struct {
	status int16 // with which the head has left, if it has
	head   bool  // it has
	hungUp bool  // the visitor has, by the time the handler returned
	closed bool  // the response is over
	route
}

// route is what holds for the page, whatever its handler does.
type route struct {
	optional bool // it may be answered without the session; see Optional
	csrf     bool // it has tokens; see CSRF
	passive  bool // to ask for it is no use of the session; see Config.Passive
}

type frameKey struct{}

// onRoute notes something about the page of this request. A session that has not begun learns of
// it when it does; where Config.Skipper skips, there is none to tell.
func onRoute(c echo.Context, note func(*route)) {
	f, ok := c.Request().Context().Value(frameKey{}).(*frame)
	if !ok {
		return
	}
	if s := f.usedOr(func(m *missed) { note(&m.route) }); s != nil {
		s.lock()
		defer s.unlock()
		note(&s.route)
	}
}

// Value makes the frame the context that FromContext looks into.
func (f *frame) Value(key any) any {
	if key == (frameKey{}) || key == f.m {
		return f
	}
	return f.Context.Value(key)
}

// String is how contexts are printed. Without it the request would be, and so the id in its cookie.
func (f *frame) String() string { return fmt.Sprint(f.Context) + ".WithSession" }

// use is the session of this request. It begins when it is asked for, so that requests
// which never do are spared its room.
func (f *frame) use() *Session {
	return f.usedOr(func(m *missed) {
		s := &Session{m: f.m, ctx: f, req: &f.req, exchange: f}
		s.headSent, s.status, s.route = m.head, m.status, m.route
		s.frozen, s.hungUp = f.left, m.hungUp
		if m.closed {
			s.exchange = nil
		}
		f.session.Store(s)
	})
}

// used is the session of this request, or nil if nobody has asked for it yet.
func (f *frame) used() *Session { return f.session.Load() }

// usedOr is the session of this request. If there is none yet, note is called, by one goroutine
// at a time: it begins the session, or notes what one that begins later has to be told.
func (f *frame) usedOr(note func(*missed)) *Session {
	if s := f.used(); s != nil {
		return s
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.used() == nil {
		note(&f.missed)
	}
	return f.used()
}

// serve is a method of its own: called from a closure, WithContext is not inlined, and the
// request it makes is one allocation more.
func (m *Manager) serve(c echo.Context, next echo.HandlerFunc) error {
	r := c.Request()
	if f, ok := r.Context().Value(m).(*frame); ok {
		return f.again(next(c))
	}
	f := new(frame)
	f.missed.passive = m.cfg.Passive(c)
	f.Context = r.Context()
	f.req = *r.WithContext(f)
	f.c, f.res = c, c.Response()
	f.below, f.res.Writer = f.res.Writer, f
	f.m = m
	c.SetRequest(&f.req)

	defer f.leave(r)
	return f.finish(f.run(next))
}

// run is the handler. One that copies an answer from elsewhere, as httputil.ReverseProxy does for
// Echo's Proxy, aborts when it cannot write; but an answer that is withheld makes way for another.
func (f *frame) run(next echo.HandlerFunc) error {
	defer func() {
		if !f.withheld {
			return
		}
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	return next(f.c)
}

// again is for a middleware that is mounted twice: the outer one sees to all. But it has left by
// then if somebody further out tries the handler once more.
func (f *frame) again(err error) error {
	if f.left && !f.sent {
		return f.finish(err)
	}
	return err
}

// finish commits what the handler left behind. A failure comes out as an ordinary error:
// loggers and transactions see it, and Echo's error handler answers.
func (f *frame) finish(err error) error {
	switch s := f.used(); {
	case f.cause != nil, s == nil:
	case f.sent:
		s.saveLate(f.streams)
		return err
	default:
		f.cause = f.saving(func() error { return s.saveUnanswered(f.Header(), err != nil) })
	}
	if f.cause == nil {
		f.silent = err == nil
		return err
	}
	if !f.sent && f.owns(f.c.Request()) {
		f.reset()
	}
	return httpError(f.cause)
}

// leave runs last, panic or not. If no head has left by now, somebody further out writes
// it: Echo's error handler, or net/http.
func (f *frame) leave(original *http.Request) {
	hungUp, current := hasHungUp(&f.req), f.Request()
	// net/http removes the temporary files of the request it made, and only of that.
	if original.MultipartForm == nil {
		original.MultipartForm = current.MultipartForm
	}

	over := f.sent || !f.owns(f.c.Request()) // by us, or by Timeout in our place
	noteLeft := func() { f.left, f.current = true, current }
	if s := f.usedOr(func(m *missed) { noteLeft(); m.hungUp, m.closed = hungUp, over }); s != nil {
		s.freeze(hungUp, over, noteLeft)
	}
	if over {
		return
	}
	if f.withheld {
		f.reset()
	}
	f.res.Before(f.beforeHead) // not earlier: a Flush that comes first would not run it
}

// close ends the session's part in the request.
func (f *frame) close() {
	if s := f.usedOr(func(m *missed) { m.closed = true }); s != nil {
		s.close()
	}
}

// Request is the request as the handlers see it: middleware further in may have replaced
// ours, and then the form is parsed there.
func (f *frame) Request() *http.Request {
	if f.left {
		return f.current
	}
	if r := f.c.Request(); f.owns(r) {
		return r
	}
	return &f.req
}

// owns says whether r, which Echo's context has now, is of this request. Behind Echo's Timeout
// a handler outlives its context, which may serve another visitor by then: what that one sent
// must not be read, and the response must not carry our cookie. (Middleware further out may have
// put its own copy of our request back, which knows nothing of us. Copies share the URL.)
func (f *frame) owns(r *http.Request) bool {
	return f.Context.Err() == nil || r.Context().Value(f.m) == any(f) || r.URL == f.req.URL
}

// over says whether the request has ended without a head that we saw: if a handler writes
// nothing, net/http does. After an error or a panic there is still the error handler,
// though its context may have ended with a middleware in between, such as ContextTimeout.
func (f *frame) over() bool { return f.left && f.silent && f.Context.Err() != nil }
