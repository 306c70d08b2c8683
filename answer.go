package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// Component is what [Render] renders; every templ.Component is one.
type Component interface {
	Render(ctx context.Context, w io.Writer) error
}

// Render answers with a component. It renders all of it before the first byte leaves:
// what the page reads from the session is then known in time, and a component that fails
// half-way becomes a clean error page instead of half a page.
//
// With a store on the server, pages that load at the very same time do not show a message
// twice either: the slower one is rendered once more, without it.
//
// The Content-Type is that of HTML, unless the handler has set that of another kind of it, such as a
// Turbo Stream.
func Render(c echo.Context, status int, component Component) error {
	page, err := render(c, component)
	if err != nil {
		return err
	}
	if s := FromContext(c.Request().Context()); s != nil {
		h := c.Response().Header()
		if !strings.Contains(mediaType(h), "html") { // on an error page it may be what the handler had set before, JSON say
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
	if ctx.Err() != nil && FromContext(ctx).outlivesContext() {
		ctx = context.WithoutCancel(ctx) // a templ component would refuse it
	}
	var page bytes.Buffer
	err := component.Render(ctx, &page)
	return page.Bytes(), err
}

// Redirect sends the visitor to url, by GET: the status is 303, since after a 302 some
// clients repeat a DELETE at the new address. An htmx request for a part of a page is
// answered with HX-Redirect, so that the whole page goes there; htmx cannot see the
// headers of a redirect. Messages wait for the page that shows them.
func Redirect(c echo.Context, url string) error {
	url = inASCII(url)
	if isGet(c.Request()) { // caches keep no other, and a browser would show nothing for an answer to htmx
		addVary(c.Response().Header(), headersOfHTMX)
	}
	if isHTMX(c.Request().Header) {
		c.Response().Header().Set("HX-Redirect", url)
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, url)
}

// headersOfHTMX are those by which htmx is known; see isHTMX.
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

// Back redirects to the page the request came from, or to fallback if that is not known,
// not a page of this site, or the page that this very request asks for.
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

// asked is what the browser asks for, or "/" if that is no page of this site. r.URL may be without a
// prefix that http.StripPrefix has cut, or what Rewrite has made of it.
func asked(r *http.Request) string {
	for _, address := range [...]string{r.RequestURI, r.URL.RequestURI()} {
		if isLocalPath(address) {
			return address
		}
	}
	return "/"
}

// isHere says whether r asks for page, with a slash at the end or without: middleware may have added it.
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

// shortHost is host without the port that goes without saying (RFC 6454, 4). Some proxies say it.
func shortHost(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// IsPartial says whether the request is for a part of a page that somebody has in front of
// them: by htmx (2 and 4, but not when it navigates), in a Turbo Frame, by Unpoly, Datastar,
// or a script of your own that does not ask for HTML (by Sec-Fetch-Dest, which browsers leave out
// over plain http, but for localhost). It is for addresses that serve the page as well as its parts:
//
//	if session.IsPartial(c) {
//		return session.Render(c, http.StatusOK, cartTable(cart))
//	}
//	return session.Redirect(c, "/cart")
//
// It tells caches that the answer depends on who asks, or a browser would show the part
// where the page belongs when somebody goes back.
func IsPartial(c echo.Context) bool {
	addVary(c.Response().Header(), headersOfHTMX+", Turbo-Frame, X-Up-Target, Datastar-Request, Accept, Sec-Fetch-Dest")
	r := c.Request()
	return isPartial(classify(r), r.Header)
}

// IsPartial is the function [IsPartial] for components, which have no echo.Context. It tells
// caches nothing. That is enough to decide about messages, since no cache keeps a page that reads
// them; to decide about anything else, call the function in the handler. Outside of a request
// nothing is partial.
func (s *Session) IsPartial() bool {
	if s == nil {
		return false
	}
	s.lock()
	defer s.unlock()
	return isPartial(s.audience(), s.req.Header)
}

// IsHTMXPart says whether htmx asks for a part of a page, and so takes what is to be swapped out of
// band.
func (s *Session) IsHTMXPart() bool { return s != nil && isHTMX(s.req.Header) }

// Invalid answers a form that cannot be accepted. It flashes what is wrong and what was
// submitted, as [Session.FlashValidationErrors] does.
//
// A full page goes back to the form, which shows them. A request for a part of a page
// gets the view at once, with status 422, and no error or old input is left for the next page;
// alerts wait, unless the view shows them. A full page gets the view as well, if there is one,
// when the request is a GET or does not say which page of this site it came from.
//
// Without a view, if it is not known where the form came from, the visitor goes to the address
// of the request. If that would lead here again, Echo's error handler gets a 422, which in JSON is
//
//	{"message": "Unprocessable Entity", "errors": {"title": ["Title is required"]}}
//
// and so it does for a client that takes no page, such as one that sends JSON, and for a page that is
// loaded ahead; for those nothing is kept. A client whose Accept has JSON and no HTML is told that even
// if there is a view. (An error handler that answers in another form finds the errors in the Message of
// the echo.HTTPError, which has a method InputErrors() map[string][]string.)
//
// A form with files that nobody has read is read for the answer. If it has more than 32 MB, it is a 413.
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
		s.showForm()
		return Render(c, http.StatusUnprocessableEntity, view[0])
	}
	if isGet(r) && (page == "" || isHere(r, page)) {
		return s.unprocessable(err, r)
	}
	return Back(c, asked(r))
}

// readUpload reads a form with files that nobody has read, since it was refused before, for what the answer
// says of its fields. It keeps no file on the disk for that.
func readUpload(r *http.Request) error {
	if r.Body == nil || mediaType(r.Header) != "multipart/form-data" {
		return nil
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxMultipartMemory)
	err := r.ParseMultipartForm(maxMultipartMemory)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok && tooLarge.Limit == maxMultipartMemory {
		return echo.ErrStatusRequestEntityTooLarge.WithInternal(err)
	}
	return nil // submitted takes a form that cannot be read for none
}

// takeBack gives a request its body again after Echo's BodyLimit, which lends a reader to one request after
// the other: the one in r may be reading for another visitor by now. A form that was read in part stays so.
func takeBack(r *http.Request, body io.ReadCloser) {
	switch _, lent := r.Body.(interface{ Reset(io.ReadCloser) }); {
	case !lent:
	case r.PostForm != nil:
		r.Body = http.NoBody
	default:
		r.Body = body
	}
}

// unprocessable is an error for Echo's error handler. It wraps err, whose status Echo would
// answer with if err itself were an echo.HTTPError.
func (s *Session) unprocessable(err error, r *http.Request) error {
	if err := readUpload(r); err != nil {
		return err
	}
	return echo.NewHTTPError(http.StatusUnprocessableEntity, s.invalidFields(err, r)).SetInternal(fmt.Errorf("session: invalid form: %w", err))
}

// invalidFields is the message of a 422: the errors by field as JSON, and nothing of them in a
// log, since they may quote what was typed.
type invalidFields map[string][]string

func (s *Session) invalidFields(err error, r *http.Request) invalidFields {
	fields := invalidFields{}
	for _, e := range s.m.inputErrorsOf(err, r) {
		fields[e.Name] = e.Messages
	}
	return fields
}

// InputErrors is for error handlers that answer in another form than MarshalJSON.
func (f invalidFields) InputErrors() map[string][]string { return f }

func (invalidFields) String() string { return http.StatusText(http.StatusUnprocessableEntity) }

func (f invalidFields) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Message string              `json:"message"`
		Errors  map[string][]string `json:"errors,omitempty"`
	}{f.String(), f})
}

// FlashInvalid is middleware that lets handlers simply return a validation error: it is
// then answered as with [Invalid]. Mount it inside of [Middleware]:
//
//	e.Use(session.Middleware(cfg), session.FlashInvalid)
//
// Where a request does not come from a form in a page (JSON, a script, or a client that does not
// take HTML), validation errors become the 422 of [Invalid], unless they have a status of their own,
// as an [echo.HTTPError] has. Other errors pass, and so do those of requests that Config.Skipper skips.
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
		case echoErrorIn(err) != nil: // which has a status
			return err
		}
		return From(c).unprocessable(err, r)
	}
}

func isForm(r *http.Request) bool {
	// After a GET, going back would lead here again.
	return !isGet(r) && sendsForm(r.Header) && takesPage(r.Header)
}

func sendsForm(h http.Header) bool {
	switch mediaType(h) {
	case "application/x-www-form-urlencoded", "multipart/form-data", "":
		return true
	}
	return false
}

// takesPage says whether it helps to send the client on to a page. htmx and Unpoly accept
// anything, whether they ask for a part or follow a form.
func takesPage(h http.Header) bool {
	return acceptsHTML(h) || isPart(h) || isWholePage(h) || header(h, "Hx-Request") != "" || takesAnything(h) && sendsForm(h)
}

// takesAnything is for curl and the like. A script in a browser accepts */* too, but it
// waits for an error and not for a page; browsers tell it apart by Sec-Fetch-Dest.
func takesAnything(h http.Header) bool {
	accept := h.Get("Accept")
	return (accept == "" || accept == "*/*") && h.Get("Sec-Fetch-Dest") == ""
}

// messageOf is the error in echo.NewHTTPError(http.StatusBadRequest, err).
func messageOf(err error) error {
	if e, ok := err.(*echo.HTTPError); ok {
		message, _ := e.Message.(error)
		return message
	}
	return nil
}
