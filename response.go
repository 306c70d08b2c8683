package session

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"

	"github.com/labstack/echo/v4"
)

// frame is the http.ResponseWriter directly under echo.Response, so that nothing gets
// past it: whatever sends the head, it goes through WriteHeader here, and the commit
// comes first. (Echo's own Before hooks do not run for an implicit 200, a Flush that
// comes first, a writer that is used directly, or a hijack.)
//
// If the commit fails, the answer of the handler is withheld: nothing has been saved, so the
// visitor must not read that all went well. The error answer counts as an answer like any
// other, except that a status below 500 is withheld too.
//
// So a response takes one of these courses:
//
//   - The handler answers. WriteHeader has the session save, and the head leaves (sent). What is
//     changed after that is saved when the handler returns, by finish. If a stream of events has shown
//     messages, FlushError has the session save at once.
//   - The handler answers, and saving fails (withheld). What it writes is swallowed. When it returns,
//     finish makes the response as good as new and returns the cause as an error, which Echo's error
//     handler answers: a second WriteHeader. A stream may never return, so there replace has the
//     error answered at once.
//   - The handler returns without an answer, perhaps with an error. finish saves, and leave arms the
//     hook beforeHead: whoever writes the head later, further out, gets to WriteHeader too (left). If
//     saving fails only then, nobody is there to return the error to, and replace has it answered.
//   - The handler takes the connection over. Hijack has the session save before that. If saving fails,
//     so does Hijack, and the response takes one of the other courses.

var (
	_ http.ResponseWriter = (*frame)(nil)
	_ http.Hijacker       = (*frame)(nil)
	_ http.Pusher         = (*frame)(nil)
	_ io.ReaderFrom       = (*frame)(nil)
)

// errWithheld is returned to a handler that goes on writing.
var errWithheld = errors.New("session: the response is withheld, because the session could not be loaded or saved")

// Unwrap returns the writer below; it is for http.ResponseController.
func (f *frame) Unwrap() http.ResponseWriter { return f.below }

func (f *frame) Header() http.Header {
	if f.probed {
		f.reached = true
	}
	return f.below.Header()
}

func (f *frame) WriteHeader(status int) {
	if !isHead(status) {
		f.below.WriteHeader(status)
		return
	}
	if f.sent || f.withheld {
		return
	}
	f.status = int16(status)
	if s := f.note(headGone); s != nil { // the session does not hear the news yet: first, it saves
		if err := f.saving(func() error { return s.saveAnswered(status, f.Header()) }); err != nil {
			f.withhold(err)
			return
		}
	}
	f.sent = true
	if f.left {
		f.tell(responseDone)
	}
	if f.cause != nil && status == http.StatusServiceUnavailable && header(f.below.Header(), "Retry-After") == "" {
		f.below.Header().Set("Retry-After", "1") // in seconds (RFC 9110, 10.2.3)
	}
	f.below.WriteHeader(status)
}

// isHead says whether a status is that of a response's head. After 103 Early Hints, for example,
// the head is yet to come. For an invalid status net/http panics, and the head will be that of
// Recover's error page.
func isHead(status int) bool {
	return status >= 200 && status <= 999 || status == http.StatusSwitchingProtocols
}

func (f *frame) Write(b []byte) (int, error) {
	if err := f.begin(); err != nil {
		return 0, err
	}
	return f.below.Write(b)
}

func (f *frame) ReadFrom(src io.Reader) (int64, error) {
	if err := f.begin(); err != nil {
		return 0, err
	}
	return io.Copy(f.below, src)
}

// FlushError is what http.ResponseController calls.
//
// A stream may go on for ever and ignore the errors of Write. So if the commit fails, the error
// answer is given at once, rather than when the handler returns.
//
// If the writer cannot flush, FlushError does nothing at all: the caller may still answer in
// another way.
func (f *frame) FlushError() error {
	if !canFlush(f.below) {
		return http.ErrNotSupported
	}
	f.streams = true
	err := f.begin()
	if err != nil {
		f.replace()
	}
	if f.sent {
		err = cmp.Or(err, http.NewResponseController(f.below).Flush())
	}
	if s := f.used(); s != nil && err == nil && mediaType(f.Header()) == "text/event-stream" {
		s.flushed()
	}
	return err
}

func (f *frame) Flush() { _ = f.FlushError() }

// canFlush says whether http.ResponseController would find a way to flush w.
func canFlush(w http.ResponseWriter) bool {
	switch w := w.(type) {
	case *frame: // of another middleware
		return canFlush(w.below)
	case interface{ FlushError() error }, http.Flusher:
		return true
	case interface{ Unwrap() http.ResponseWriter }:
		return canFlush(w.Unwrap())
	}
	return false
}

// begin sends the head, unless it has left. It goes through Echo, which would otherwise neither run
// its Before hooks nor know that the response is committed. (Not after leave: if nothing was
// written, Echo's context may by then serve another request.)
func (f *frame) begin() error {
	if !f.sent && !f.withheld {
		status := http.StatusOK
		if res := f.c.Response(); !f.left && f.owns(f.c.Request()) {
			if !isHead(res.Status) {
				res.Status, res.Committed = status, false // Echo has mistaken early hints for the head
			}
			status = res.Status
			res.WriteHeader(status)
		}
		f.WriteHeader(status) // needed if Gzip has kept the head back
	}
	if f.withheld {
		return errWithheld
	}
	return nil
}

// Hijack commits first: after that, the new owner of the connection writes the head.
func (f *frame) Hijack() (conn net.Conn, rw *bufio.ReadWriter, err error) {
	take := func() error {
		conn, rw, err = http.NewResponseController(f.below).Hijack()
		return err
	}
	if f.withheld {
		return nil, nil, errWithheld
	}
	if err := f.use().handOver(take); err != nil {
		return nil, nil, err
	}
	f.sent, f.streams = true, true
	if !f.left {
		f.c.Response().Committed = true // Echo forgets, and would write an error answer into the connection
	}
	return conn, rw, nil
}

func (f *frame) Push(target string, opts *http.PushOptions) error {
	if pusher, ok := f.below.(http.Pusher); ok {
		return pusher.Push(target, opts)
	}
	return http.ErrNotSupported
}

// beforeHead is the hook for a head that is written after leave, when the response had that writer.
// Gzip and Timeout take our writer out of the response in between, so beforeHead puts it back.
func (f *frame) beforeHead(writer http.ResponseWriter) {
	switch {
	case !f.owns(f.c.Request()): // Echo has reused its response while we were arming the hook
	case f.res.Writer == http.ResponseWriter(f): // as a rule, and to ask isSame would be an allocation
	case isSame(f.res.Writer, writer): // leadsHere would be wrong about one with a header of its own
	case !f.leadsHere(f.res.Writer):
		f.below, f.res.Writer = f.res.Writer, f
	}
}

// isSame says whether a and b are one writer. Those that cannot be compared are taken for two.
func isSame(a, b http.ResponseWriter) bool { return reflect.ValueOf(a).Comparable() && a == b }

// leadsHere says whether what is written to w passes through f. Not every writer can be unwrapped,
// so this asks w for its header and sees whether f is asked.
func (f *frame) leadsHere(w http.ResponseWriter) bool {
	f.probed, f.reached = true, false
	w.Header()
	f.probed = false
	return f.reached
}

// saving returns what save returns. If save panics, the answer of the handler is withheld, and
// finish or leave makes way for an error page. After leave neither will run, and whatever is still
// written is that page.
func (f *frame) saving(save func() error) error {
	cause := f.cause
	f.cause, f.withheld = errPanicked, !f.left
	err := save()
	f.cause, f.withheld = cause, false
	return err
}

// withhold keeps an answer back. As long as the handler runs, finish turns the cause into
// an error. Afterwards there is nobody to return it to.
func (f *frame) withhold(cause error) {
	f.cause, f.withheld = cause, true
	if f.left {
		f.replace()
	}
}

// replace gives the error answer now, on a new response, which stays so that loggers see what the
// visitor gets. The application's error handler goes first, then Echo's, in case the first writes
// nothing or tries to redirect.
func (f *frame) replace() {
	if f.replaced || !f.owns(f.c.Request()) {
		return
	}
	f.replaced = true
	e := f.c.Echo()
	for _, answer := range [...]echo.HTTPErrorHandler{e.HTTPErrorHandler, e.DefaultHTTPErrorHandler} {
		if !f.sent {
			f.withheld = false
			f.makeWay()
			f.c.SetResponse(echo.NewResponse(f, e))
			answer(httpError(f.cause), f.c)
		}
	}
	if given := f.c.Response(); given != f.res { // Echo's loggers have looked up ours before they called us
		f.res.Status, f.res.Size, f.res.Committed = given.Status, given.Size, given.Committed
	}
	f.withheld = true
}

// reset makes the response as good as new, for Echo's error handler.
func (f *frame) reset() {
	f.withheld = false
	f.res.Committed, f.res.Status, f.res.Size = false, http.StatusOK, 0
	f.res.Writer = f
	f.c.SetResponse(f.res)
	f.makeWay()
}

// makeWay leaves the header as the error answer is to find it. A compressor further out that had
// announced itself is going to compress this answer, too. What sessions of other managers further in
// have saved is saved all the same, so their cookies stay.
func (f *frame) makeWay() {
	h := f.Header()
	set, encoding := h["Set-Cookie"], h["Content-Encoding"]
	dropAnswer(h)
	if f.encoded {
		h["Content-Encoding"] = encoding
	}
	for inner := frameOf(f.c.Request().Context()); inner != nil && inner != f; inner = frameOf(inner.Context) {
		for _, line := range set {
			if inner.m.cookie.isOurs(line) {
				h.Add("Set-Cookie", line)
			}
		}
	}
}

// dropAnswer removes the headers that belong to the withheld answer. Headers that other middleware
// sets on any answer (CORS, security policy, request id) stay.
func dropAnswer(h http.Header) {
	dropTargeted(h)
	for _, names := range h["Trailer"] { // without it they would be headers
		for name := range strings.SplitSeq(names, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for name := range h {
		switch {
		case strings.HasPrefix(name, "Content-Security-Policy"):
		case strings.HasPrefix(name, "Content-"), strings.HasPrefix(name, "Hx-"), strings.HasPrefix(name, "Trailer"):
			delete(h, name)
		}
	}
	for _, name := range [...]string{
		"Accept-Ranges", "Digest", "Etag", "Expires", "Last-Modified", "Link", "Location", "Refresh", "Repr-Digest",
		"Retry-After", "Set-Cookie",
		"X-Accel-Redirect", "X-Lighttpd-Send-File", "X-Sendfile", // a server in front sends that file instead
	} {
		delete(h, name)
	}
}
