package session

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// frame is the http.ResponseWriter directly under echo.Response, so that nothing gets
// past it: whatever sends the head, it goes through WriteHeader here, and the commit
// comes first. (Echo's own Before hooks do not run for an implicit 200, a Flush that
// comes first, a writer that is used directly, or a hijack.)
//
// If the commit fails, the answer of the handler is withheld: it has not been promised
// anything, so it must not be told that all went well.

var (
	_ http.ResponseWriter = (*frame)(nil)
	_ http.Hijacker       = (*frame)(nil)
	_ http.Pusher         = (*frame)(nil)
	_ io.ReaderFrom       = (*frame)(nil)
)

// errWithheld is what a handler learns that goes on writing.
var errWithheld = errors.New("session: the response is withheld, because the session could not be saved")

func (f *frame) Header() http.Header { return f.below.Header() }

// Unwrap is for http.ResponseController.
func (f *frame) Unwrap() http.ResponseWriter { return f.below }

func (f *frame) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		f.below.WriteHeader(status) // such as 103 Early Hints: the head is yet to come
		return
	}
	if f.sent || f.withholding {
		return
	}
	if f.cause == nil {
		if f.cause = f.session.answer(status); f.cause != nil {
			f.withhold(f.below)
			return
		}
	}
	f.sent = true
	if f.left {
		f.session.close()
	}
	f.below.WriteHeader(status)
}

func (f *frame) Write(b []byte) (int, error) {
	if err := f.begin(); err != nil {
		return f.swallow(len(b), err)
	}
	return f.below.Write(b)
}

func (f *frame) ReadFrom(src io.Reader) (int64, error) {
	if err := f.begin(); err != nil {
		return 0, err
	}
	return io.Copy(f.below, src)
}

// begin sends the head if need be.
func (f *frame) begin() error {
	if !f.sent {
		f.WriteHeader(http.StatusOK)
	}
	if f.withholding {
		return errWithheld
	}
	return nil
}

// swallow is the answer to a Write that is withheld. Once the error answer has been
// given there is nothing more to tell.
func (f *frame) swallow(n int, err error) (int, error) {
	if f.replaced {
		return n, nil
	}
	return 0, err
}

func (f *frame) Flush() { _ = f.FlushError() }

// FlushError is what http.ResponseController calls. The head goes through Echo, which
// would otherwise neither run its hooks nor note that the response is committed.
//
// A stream may go on for ever and ignore what Write says. So if the commit fails, the
// error answer is given at once, and not when the handler returns.
func (f *frame) FlushError() error {
	if !f.sent && !f.withholding && !f.left && !f.res.Committed {
		f.res.WriteHeader(f.res.Status)
	}
	if !f.sent && !f.withholding {
		f.WriteHeader(http.StatusOK)
	}
	if f.withholding {
		if !f.replaced {
			f.replace(f.below)
		}
		return errWithheld
	}
	return http.NewResponseController(f.below).Flush()
}

// Hijack commits first: whoever takes over the connection writes the head himself.
func (f *frame) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !f.sent {
		if err := f.session.handOver(); err != nil {
			return nil, nil, err
		}
	}
	conn, rw, err := http.NewResponseController(f.below).Hijack()
	if err == nil {
		f.sent = true
		if !f.left {
			f.res.Committed = true // Echo forgets, and would write an error answer into the connection
		}
	}
	return conn, rw, err
}

func (f *frame) Push(target string, opts *http.PushOptions) error {
	if pusher, ok := f.below.(http.Pusher); ok {
		return pusher.Push(target, opts)
	}
	return http.ErrNotSupported
}

// beforeHead is the hook for a head that is written after we have left.
func (f *frame) beforeHead() {
	if f.sent || f.cause != nil {
		return
	}
	f.session.mu.Lock()
	f.header = f.res.Header() // Timeout, for one, has brought its own until now
	f.session.mu.Unlock()
	if f.cause = f.session.answer(f.res.Status); f.cause != nil {
		f.withhold(f.res.Writer)
		f.res.Writer = f // which swallows what is still to come
	}
}

// withhold keeps the handler's answer back. As long as the handler runs, finish turns the
// cause into an error. Afterwards there is nobody to return it to.
func (f *frame) withhold(out http.ResponseWriter) {
	f.withholding = true
	if f.left {
		f.replace(out)
	}
}

// replace gives the error answer now, on a response of its own over out.
func (f *frame) replace(out http.ResponseWriter) {
	dropAnswer(out.Header())
	withheld := f.c.Response()
	f.c.SetResponse(echo.NewResponse(unguarded{out}, f.c.Echo()))
	f.replaced = true
	f.c.Error(httpError(f.cause))
	f.c.SetResponse(withheld)
	withheld.Committed = true
	f.sent = true
}

// unguarded lets the error answer past a frame that withholds.
type unguarded struct{ http.ResponseWriter }

func (u unguarded) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// reset makes the response as good as new, for Echo's error handler.
func (f *frame) reset() {
	f.withholding = false
	f.res.Committed, f.res.Status, f.res.Size = false, http.StatusOK, 0
	f.res.Writer = f
	f.c.SetResponse(f.res)
	dropAnswer(f.res.Header())
}

// dropAnswer removes the headers that belong to the answer that was not given. What
// other middleware says about any answer (CORS, security policy, request id) stays.
func dropAnswer(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Content-") && name != "Content-Security-Policy" && name != "Content-Security-Policy-Report-Only" ||
			strings.HasPrefix(name, "Hx-") {
			h.Del(name)
		}
	}
	for _, name := range [...]string{"Set-Cookie", "Location", "Refresh", "Link", "Etag", "Last-Modified", "Expires", "Trailer", "Cache-Control"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", "1")
}
