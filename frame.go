package session

import (
	"context"
	"fmt"
	"net/http"
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

	// After leave; see departed.
	current *http.Request // as the handlers saw it
	left    bool

	// What became of the response; see response.go.
	sent     bool  // the head has left
	streams  bool  // it was flushed or taken over, and so may go on for hours
	withheld bool  // what is written is swallowed
	replaced bool  // the error answer was given in its place
	probed   bool  // see leadsHere
	reached  bool  // likewise
	cause    error // why the answer is not the handler's

	session atomic.Pointer[Session] // once somebody has asked for it; see use
	news    atomic.Uint32           // what has happened so far; see note
	status  int16                   // of the head; written before headGone is noted
}

// news is what a session has to know of its request.
type news uint32

const (
	// What holds for the page, whatever its handler does.
	pageOptional  news = 1 << iota // it may be answered without the session; see Optional
	pageHasTokens                  // see CSRF
	pagePassive                    // to ask for it is no use of the session; see Config.Passive

	headGone      // the head has left, or a session that has begun sees to what goes with it
	handlerSilent // the handler wrote nothing, and did not fail
	handlerDone   // the handler has returned
	visitorGone   // and the visitor has hung up by then
	responseDone  // the response is over
)

type frameKey struct{}

// onRoute tells the session what holds for the page of this request. Where Config.Skipper skips,
// there is none to tell.
func onRoute(c echo.Context, n news) {
	if f := frameOf(c.Request().Context()); f != nil {
		f.tell(n)
	}
}

// frameOf is the innermost frame in ctx, or nil.
func frameOf(ctx context.Context) *frame {
	f, _ := ctx.Value(frameKey{}).(*frame)
	return f
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

// Format prints what String says, whatever the verb.
func (f *frame) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, f.String()) }

// use is the session of this request. It begins when it is asked for, so that requests
// which never do are spared its room.
func (f *frame) use() *Session {
	if s := f.used(); s != nil {
		return s
	}
	s := &Session{m: f.m, ctx: f, req: &f.req, exchange: f}
	s.lock() // whoever finds it waits until it knows
	defer s.unlock()
	if !f.session.CompareAndSwap(nil, s) {
		return f.used() // another goroutine was faster
	}
	s.hear(f, news(f.news.Load()))
	return s
}

// used is the session of this request, or nil if nobody has asked for it yet.
func (f *frame) used() *Session { return f.session.Load() }

// note keeps n for a session that begins later, and returns the one that has begun, which may not
// know of n. It writes the news and then looks for a session; use shows the session and then reads
// the news. So one of them sees the other, and no request takes a lock for it.
func (f *frame) note(n news) *Session {
	f.news.Or(uint32(n))
	return f.used()
}

// tell is note, and has the session hear n. One that begins at this moment hears it from use as well,
// so it must do no harm twice.
func (f *frame) tell(n news) {
	if s := f.note(n); s != nil {
		s.lock()
		defer s.unlock()
		s.hear(f, n)
	}
}

// serve is a method of its own: called from a closure, WithContext is not inlined, and the
// request it makes is one allocation more.
func (m *Manager) serve(c echo.Context, next echo.HandlerFunc) error {
	r := c.Request()
	if f := m.outer(r); f != nil {
		return f.again(next(c))
	}
	f := new(frame)
	if m.cfg.Passive(c) {
		f.tell(pagePassive)
	}
	f.Context = r.Context()
	f.req = *r.WithContext(f)
	f.c, f.res = c, c.Response()
	f.below, f.res.Writer = f.res.Writer, f
	f.m = m
	c.SetRequest(&f.req)

	defer f.leave(r)
	return f.finish(f.run(next))
}

// outer is the frame that m has given this request already. It panics where another manager has given
// it one, and keeps its sessions in the same cookie: each would take the other's for one of its own
// that has ended. (Copies of a request share its URL; one that a handler sends on has another.)
func (m *Manager) outer(r *http.Request) *frame {
	ctx := r.Context()
	for {
		f, ok := ctx.Value(frameKey{}).(*frame)
		switch {
		case !ok:
			return nil
		case f.m == m:
			return f
		case f.req.URL == r.URL && f.m.cookie.sameAs(m.cookie):
			panic(fmt.Sprintf(sameCookie, m.cookie.name()))
		}
		ctx = f.Context
	}
}

const sameCookie = "session: two middlewares on the way of this request keep their sessions in the cookie %q. Mount session.Middleware once; or, to mount the same sessions in several places, Manager.Middleware of one Manager (session.New). If they are meant to be separate sessions, give each a Store and a CookieName of its own"

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
		if err == nil && !f.sent {
			f.note(handlerSilent)
		}
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

	n := handlerDone
	if hungUp {
		n |= visitorGone
	}
	over := f.sent || !f.owns(f.c.Request()) // by us, or by Timeout in our place
	if over {
		n |= responseDone
	}
	f.left, f.current = true, current
	f.tell(n)
	if over {
		return
	}
	takeBack(current, original.Body)
	if f.withheld {
		f.reset()
	}
	f.res.Before(f.beforeHead) // not earlier: a Flush that comes first would not run it
}

// Request is the request as the handlers see it: middleware further in may have replaced
// ours, and then the form is parsed there.
func (f *frame) Request() *http.Request {
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
	return f.Context.Err() == nil || f.leadsTo(r) || r.URL == f.req.URL
}

// leadsTo says whether r has the session of this frame in its context.
func (f *frame) leadsTo(r *http.Request) bool { return r.Context().Value(f.m) == any(f) }

// over is false as long as the handler runs: there is an answer to come.
func (f *frame) over() bool { return false }

// departed is the frame to its session after leave, when Echo's context may serve another visitor.
type departed frame

func (d *departed) Request() *http.Request { return d.current }
func (d *departed) Header() http.Header    { return (*frame)(d).Header() }
func (d *departed) echoToken() string      { return "" }

// over says whether the request has ended without a head that we saw: if a handler writes
// nothing, net/http does. After an error or a panic there is still the error handler,
// though its context may have ended with a middleware in between, such as ContextTimeout.
func (d *departed) over() bool {
	return news(d.news.Load())&handlerSilent != 0 && d.Context.Err() != nil
}
