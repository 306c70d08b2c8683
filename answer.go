package session

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session/internal/document"
)

// Component is what [Render] renders; every templ.Component is one.
type Component interface {
	Render(ctx context.Context, w io.Writer) error
}

// Render answers with a component. It renders the whole component before the first byte leaves:
// what the page reads from the session is then known in time, and a component that fails half-way
// becomes a clean error page instead of half a page.
//
// With a store on the server, two pages that load at the same moment do not both show a message:
// the slower one is rendered again, without it. So rendering must neither change the session nor
// use up anything: a channel that the first rendering has emptied has nothing for the second.
//
// The Content-Type is text/html, unless the handler has set another HTML type, such as that of a
// Turbo Stream.
func Render(c echo.Context, status int, component Component) error {
	bringBack(c, frameKey{})
	page, err := render(c, component)
	if err != nil {
		return err
	}
	if s := FromContext(c.Request().Context()); s != nil {
		h := c.Response().Header()
		if !strings.Contains(mediaType(h), "html") { // on an error page it may be what the handler had set before, such as JSON
			h.Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
		}
		again, err := s.claim(status, h)
		if err != nil {
			return err
		}
		if again {
			if page, err = render(c, component); err != nil {
				return err
			}
		}
	}
	return c.HTMLBlob(status, page)
}

func render(c echo.Context, component Component) ([]byte, error) {
	ctx := c.Request().Context()
	s := FromContext(ctx)
	if ctx.Err() != nil && s.outlivesContext() {
		ctx = context.WithoutCancel(ctx) // a templ component would refuse it
	}
	if f := frameOf(ctx); f != nil && news(f.news.Or(uint32(rendered)))&rendered != 0 {
		ctx = document.Again(ctx)
	}
	before := s.readSoFar()
	var page bytes.Buffer
	err := component.Render(ctx, &page)
	if err != nil {
		s.forgetReads(before) // the handler may answer with something else
	}
	return page.Bytes(), err
}

// Redirect sends the visitor to url, by GET: the status is 303, since after a 302 some clients
// repeat a DELETE at the new address. An htmx request for a part of a page gets HX-Redirect
// instead, which takes the whole page there, since htmx cannot see the headers of a redirect.
// Messages wait for the page that shows them.
//
// Redirect goes to any address, also on another site. For one that comes from the visitor, use
// [Session.SetIntendedURL] and [Session.PullIntendedURL], which check it.
func Redirect(c echo.Context, url string) error {
	url = inASCII(url)
	if isGet(c.Request()) { // caches keep answers to no other method, and a browser would show nothing for one meant for htmx
		addVary(c.Response().Header(), headersOfHTMX)
	}
	if isHTMXPart(c.Request().Header) {
		c.Response().Header().Set("HX-Redirect", url)
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, url)
}

// headersOfHTMX are the request headers that identify htmx; see isHTMXPart.
const headersOfHTMX = "HX-Request, HX-Request-Type, HX-Boosted, HX-History-Restore-Request"

// inASCII is url as a header can carry it: a script reads each byte of HX-Redirect as a letter.
func inASCII(url string) string {
	var b strings.Builder
	for _, c := range []byte(url) {
		if c >= ' ' && c < 0x7f {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// Back redirects to the page the request came from, or to fallback if that page is unknown or is not
// on this site. A GET for a page does not go back to its own address, which would lead in a circle.
func Back(c echo.Context, fallback string) error {
	r := c.Request()
	page := referer(r)
	if page == "" || isGet(r) && classify(r) == audiencePage && isHere(r, page) {
		page = fallback
	}
	return Redirect(c, page)
}

// referer is the path and query of the page of this site that r came from, or "".
func referer(r *http.Request) string {
	u := addressHere(r, r.Referer())
	if u == nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return ""
	}
	path := u.RequestURI()
	if !isLocalPath(path) {
		return ""
	}
	return path
}

// asked is the address the browser asks for, or "/" if that is no page of this site. r.URL may lack
// a prefix that http.StripPrefix has cut, or be what Rewrite has made of it.
func asked(r *http.Request) string {
	for _, address := range [...]string{r.RequestURI, r.URL.RequestURI()} {
		if isLocalPath(address) {
			return address
		}
	}
	return "/"
}

// isHere says whether r asks for page, with or without a slash at the end: middleware may have
// added one.
func isHere(r *http.Request, page string) bool {
	path, query, _ := strings.Cut(page, "?")
	pathHere, queryHere, _ := strings.Cut(asked(r), "?")
	return strings.TrimSuffix(path, "/") == strings.TrimSuffix(pathHere, "/") && query == queryHere
}

// addressHere is an address on the host that r was sent to, or nil.
func addressHere(r *http.Request, address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || !strings.EqualFold(shortHost(u.Scheme, u.Host), shortHost(u.Scheme, r.Host)) {
		return nil
	}
	return u
}

// shortHost is host without the default port of its scheme (RFC 6454, 4). Some proxies add it.
func shortHost(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// IsPartial reports whether the request is for a part of a page that is already open: by htmx (2
// and 4, but not when it navigates), in a Turbo Frame, by Unpoly, Datastar, or a script of your own
// that does not ask for HTML (known by Sec-Fetch-Dest, which browsers leave out over plain http,
// except for localhost). It is for addresses that serve both the page and its parts:
//
//	if session.IsPartial(c) {
//		return session.Render(c, http.StatusOK, cartTable(cart))
//	}
//	return session.Redirect(c, "/cart")
//
// It tells caches that the answer depends on who asks. Otherwise a browser would show the part
// instead of the page when somebody goes back.
func IsPartial(c echo.Context) bool {
	addVary(c.Response().Header(), headersOfHTMX+", Turbo-Frame, X-Up-Target, Datastar-Request, Accept, Sec-Fetch-Dest")
	r := c.Request()
	return isPartial(classify(r), r.Header)
}

// IsPartial is the function [IsPartial] for components, which have no echo.Context. It tells caches
// nothing. That is enough for decisions about messages, since no cache keeps a page that reads
// them; for any other decision, call the function in the handler. Outside of a request it returns
// false.
func (s *Session) IsPartial() bool {
	if s == nil {
		return false
	}
	s.lock()
	defer s.unlock()
	return isPartial(s.audience(), s.req.Header)
}

// IsHTMXPart reports whether htmx asks for a part of a page, and so accepts out-of-band swaps.
func (s *Session) IsHTMXPart() bool { return s != nil && isHTMXPart(s.req.Header) }

// Invalid answers a form that cannot be accepted. It flashes what is wrong and what was
// submitted, as [Session.FlashValidationErrors] does.
//
// A full page goes back to the form, which shows the errors and the input. A request for a part of
// a page gets the view at once, with status 422, and leaves no error or old input for the next
// page; alerts wait, unless the view shows them. A full page gets the view too, if there is one and
// the request is a GET or does not say which page of this site it came from.
//
// Without a view, if it is unknown where the form came from, the visitor goes to the address of the
// request. If that would lead here again, Echo's error handler gets a 422, which in JSON is
//
//	{"message": "Unprocessable Entity", "errors": {"title": ["Title is required"]}}
//
// It also gets this 422 for a client that takes no page, such as one that sends JSON, and for a
// page that is loaded ahead; nothing is kept for those. A client whose Accept has JSON and no HTML
// gets the 422 even if there is a view. (An error handler that answers in another format finds the
// errors in the Message of the echo.HTTPError, which has a method
// InputErrors() map[string][]string.)
//
// A form with files that has not been read yet is read for the answer. If it has more than 32 MB, or
// more parts than net/http reads, the answer is a 413; if it broke off, a 400.
func Invalid(c echo.Context, err error, view ...Component) error {
	s, r := From(c), c.Request()
	to := classify(r)
	if to == audienceNobody || !takesPage(r.Header) && (len(view) == 0 || acceptsJSON(r.Header)) {
		return s.unprocessable(err, r)
	}
	if err := readUpload(r); err != nil {
		return err
	}
	s.FlashValidationErrors(err)
	page := referer(r)
	if len(view) > 0 && (page == "" || isGet(r) || to == audiencePart) {
		return Render(c, http.StatusUnprocessableEntity, formView{view[0], s})
	}
	if isGet(r) && (page == "" || isHere(r, page)) {
		return s.unprocessable(err, r)
	}
	return Back(c, asked(r))
}

// formView is a view that is about the submitted form, whatever it reads of it.
type formView struct {
	Component
	s *Session
}

func (v formView) Render(ctx context.Context, w io.Writer) error {
	v.s.showForm()
	return v.Component.Render(ctx, w)
}

// unprocessable is an error for Echo's error handler. It wraps err once more, since Echo would
// answer with the status of an Internal that is itself an echo.HTTPError.
func (s *Session) unprocessable(err error, r *http.Request) error {
	if err := readUpload(r); err != nil {
		return err
	}
	fields := invalidFields{}
	for _, e := range s.m.inputErrorsOf(err, r) {
		fields[e.Name] = e.Messages
	}
	return echo.NewHTTPError(http.StatusUnprocessableEntity, fields).SetInternal(fmt.Errorf("session: invalid form: %w", err))
}

// invalidFields is the message of a 422: in JSON it is the errors by field, but in a log it shows
// none of them, since they may quote what was typed.
type invalidFields map[string][]string

// InputErrors is for error handlers that answer in another format than that of MarshalJSON.
func (f invalidFields) InputErrors() map[string][]string { return f }

func (invalidFields) String() string { return http.StatusText(http.StatusUnprocessableEntity) }

func (f invalidFields) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Message string              `json:"message"`
		Errors  map[string][]string `json:"errors,omitempty"`
	}{f.String(), f})
}

// FlashInvalid is middleware for handlers that return a validation error: it answers the error as
// [Invalid] does. Mount it inside of [Middleware]:
//
//	e.Use(session.Middleware(cfg), session.FlashInvalid)
//
// If a request does not come from a form in a page (JSON, a script, or a client that does not take
// HTML), a validation error becomes the 422 of [Invalid], unless it has a status of its own, as an
// [echo.HTTPError] has. Other errors pass through, and so do all errors of requests that
// Config.Skipper skips.
func FlashInvalid(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		f, body := frameOf(c.Request().Context()), c.Request().Body
		err := next(c)
		r := c.Request()
		if f == nil || !f.leadsTo(r) || err == nil || c.Response().Committed {
			return err
		}
		takeBack(r, body)
		switch {
		case !isValidation(err, r):
			return err
		case isForm(r):
			return Invalid(c, err)
		case !hasFields(err), echoErrorIn(err) != nil: // what Echo cannot read has a status, too
			return err
		}
		return From(c).unprocessable(err, r)
	}
}
