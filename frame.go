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

	encoded bool // middleware further out has set a Content-Encoding; see makeWay

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
	// These hold for the page, whatever its handler does.
	pageOptional  news = 1 << iota // it may be answered without the session; see Optional
	pageHasTokens                  // see CSRF
	pagePassive                    // asking for it does not count as use; see Config.Passive

	rendered      // Render has made a page, which may not be the one that is sent
	headGone      // the head has left, or is leaving: a session already in use first saves what goes with it
	handlerSilent // the handler wrote nothing, and did not fail
	handlerDone   // the handler has returned
	visitorGone   // the handler has returned, and the visitor had hung up by then
	responseDone  // the response is over
)

type frameKey struct{}

// onRoute tells the session what holds for the page of this request. If Config.Skipper skips the
// request, there is no session to tell.
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

// Value lets [FromContext] find the frame in a context.
func (f *frame) Value(key any) any {
	if key == (frameKey{}) || key == f.m {
		return f
	}
	return f.Context.Value(key)
}

// String describes the context as other contexts describe themselves. Without it fmt would print
// the request, and with it the id in its cookie.
func (f *frame) String() string { return fmt.Sprint(f.Context) + ".WithSession" }

// Format prints the result of String, whatever the verb.
func (f *frame) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, f.String()) }

// use is the session of this request. It is allocated on first use, so that requests that never use
// it are spared the memory.
func (f *frame) use() *Session {
	if s := f.used(); s != nil {
		return s
	}
	s := &Session{m: f.m, ctx: f, req: &f.req, exchange: f}
	s.lock() // another goroutine that finds s waits here until s has heard the news
	defer s.unlock()
	if !f.session.CompareAndSwap(nil, s) {
		return f.used() // another goroutine was faster
	}
	s.hear(f, news(f.news.Load()))
	return s
}

// used is the session of this request, or nil if nobody has asked for it yet.
func (f *frame) used() *Session { return f.session.Load() }

// note keeps n for a session that begins later, and returns the session if it has begun, since it
// may not know of n. note writes the news and then looks for a session; use publishes the session
// and then reads the news. So at least one of them sees the other, and no request needs a lock for
// it.
func (f *frame) note(n news) *Session {
	f.news.Or(uint32(n))
	return f.used()
}

// tell is note, and makes the session hear n. A session that begins at this moment hears it from
// use as well, so hearing it twice must do no harm.
func (f *frame) tell(n news) {
	if s := f.note(n); s != nil {
		s.lock()
		defer s.unlock()
		s.hear(f, n)
	}
}

// serve is not part of the closure in Middleware: there WithContext would not be inlined, and the
// request that it makes would cost one more allocation.
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
	f.encoded = header(f.below.Header(), "Content-Encoding") != ""
	c.SetRequest(&f.req)

	defer f.leave(r)
	return f.finish(f.run(next))
}

// outer is the frame that m has already given this request. It panics if another manager that uses
// the same cookie has given it one: each manager would take the other's session for one of its own
// that has ended. (Copies of a request share its URL; a request that a handler sends on has
// another.)
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

// run calls the handler. A handler that copies an answer from elsewhere, as httputil.ReverseProxy
// does for Echo's Proxy, panics to abort when it cannot write. That is recovered here if we
// withheld the answer, since another one takes its place.
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

// again is for a middleware that is mounted twice: the outer one does the work. But if middleware
// further out calls the handler once more, the outer one may have left already.
func (f *frame) again(err error) error {
	if f.left && !f.sent {
		return f.finish(err)
	}
	return err
}

// finish commits what the handler has left pending. A failure is returned as an ordinary error:
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

// leave runs last, even after a panic. If no head has left by now, it is written further out, by
// Echo's error handler or net/http.
func (f *frame) leave(original *http.Request) {
	hungUp, current := hasHungUp(&f.req), f.Request()
	// net/http removes the temporary files of the request that it made, and of no copy. quic-go, for
	// HTTP/3, removes none.
	if original.MultipartForm == nil {
		original.MultipartForm = current.MultipartForm
	}
	if form := current.MultipartForm; form != nil && original.ProtoMajor == 3 {
		_ = form.RemoveAll() // also if it was read further out, as by Echo's MethodOverride
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
	writer := f.res.Writer
	f.res.Before(func() { f.beforeHead(writer) }) // not earlier: a Flush that comes first would not run it
}

// Request returns the request as the handlers see it: middleware further in may have replaced ours,
// and then the parsed form is in theirs.
func (f *frame) Request() *http.Request {
	if r := f.c.Request(); f.owns(r) {
		return r
	}
	return &f.req
}

// owns says whether r, which Echo's context has now, belongs to this request. Behind Echo's Timeout
// a handler outlives its context, which may by then serve another visitor: what that visitor sent
// must not be read, and their response must not carry our cookie. (Middleware further out may have
// put back its own copy of our request, whose context does not lead to us. Copies share the URL.)
func (f *frame) owns(r *http.Request) bool {
	return f.Context.Err() == nil || f.leadsTo(r) || r.URL == f.req.URL
}

// leadsTo says whether r has the session of this frame in its context.
func (f *frame) leadsTo(r *http.Request) bool { return r.Context().Value(f.m) == any(f) }

// over is false as long as the handler runs: there is an answer to come.
func (f *frame) over() bool { return false }

// departed is what a session sees of its frame after leave, when Echo's context may serve another
// visitor.
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
