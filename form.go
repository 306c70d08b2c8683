package session

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
)

// FormField is the hidden field that names a form, for pages with several forms: old input and
// errors of one form are then not shown in another. The name of an unnamed form is "".
const FormField = "_form"

// maxMultipartMemory is what net/http itself uses for forms with files.
const maxMultipartMemory = 32 << 20

// parseForm reads the form of r, unless that was done before. If the form is multipart, the error is
// about its body only, and not about the address.
func parseForm(r *http.Request) error {
	err := r.ParseForm()
	if mediaType(r.Header) == "multipart/form-data" {
		err = r.ParseMultipartForm(maxMultipartMemory) // which for any other form would hide the error of ParseForm
	}
	return err
}

// submitted is the form that came with r, and whether one did: an empty form, whose only checkbox
// was cleared, is not the same as no form. A form that cannot be parsed counts as not sent; the
// handler, which reads the same form, can complain.
func submitted(r *http.Request) (form url.Values, ok bool) {
	err := parseForm(r)
	inAddress := isGet(r) || r.Method == http.MethodDelete && len(r.PostForm) == 0 // htmx sends the form there
	switch contentType := mediaType(r.Header); {
	case contentType == "multipart/form-data":
		if err != nil {
			return nil, false
		}
		return r.MultipartForm.Value, true
	case inAddress:
		return r.Form, len(r.Form) > 0
	default:
		return r.PostForm, contentType == "application/x-www-form-urlencoded"
	}
}

// submittedNames is submitted, and also has the fields for files, without values.
func submittedNames(r *http.Request) (form url.Values, ok bool) {
	form, ok = submitted(r)
	if ok && r.MultipartForm != nil && len(r.MultipartForm.File) > 0 {
		form = maps.Clone(form)
		for name := range r.MultipartForm.File {
			if !form.Has(name) {
				form[name] = nil
			}
		}
	}
	return form, ok
}

// formName is the name of the form that this request submitted.
func (s *Session) formName() string {
	if s.exchange == nil {
		return ""
	}
	form, _ := submitted(s.exchange.Request())
	return formNameIn(form)
}

func formNameIn(form url.Values) string {
	if name := form.Get(FormField); len(name) <= maxName {
		return name
	}
	return ""
}

// isForm says whether r is a form of a page, which its page can show again.
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

// readUpload reads a form with files that was refused before anybody read it, since the answer
// shows its fields. It keeps no file on disk for that.
func readUpload(r *http.Request) error {
	if r.Body == nil || mediaType(r.Header) != "multipart/form-data" {
		return nil
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxMultipartMemory)
	err := parseForm(r)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok && tooLarge.Limit != maxMultipartMemory || errors.Is(err, echo.ErrStatusRequestEntityTooLarge) {
		return nil // the application says itself what is beyond a limit of its own
	}
	return formError(r, err)
}

// formError is the answer to a form that err has kept from being read: there is no room on disk, the form
// is too large, or it broke off. For any other err it is nil, and submitted treats the form as not sent.
func formError(r *http.Request, err error) error {
	_, onDisk := errors.AsType[*fs.PathError](err)
	_, limited := errors.AsType[*http.MaxBytesError](err)
	tooLarge := limited || errors.Is(err, echo.ErrStatusRequestEntityTooLarge) || errors.Is(err, multipart.ErrMessageTooLarge)
	switch {
	case onDisk: // there is no room for a file, say, which is not the visitor's fault
		return err
	case tooLarge:
		return echo.NewHTTPError(http.StatusRequestEntityTooLarge).SetInternal(err)
	case brokeOff(r, err):
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	return nil
}

// brokeOff says whether err, from reading a form, means that the rest of the form never came, as when
// a visitor stops an upload. What is missing is then not what they did wrong. Any other error is the
// application's: it may have read or closed the body, or have put a reader of its own in its place.
func brokeOff(r *http.Request, err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.ErrUnexpectedEOF) || err != nil && hasHungUp(r) // over HTTP/2 the error has no type
}

// takeBack gives a request its body back after BodyLimit, which in Echo 4.16.0 lends a pooled reader to
// one request after another: the reader in r may by now be reading for another visitor. A form that was
// read in part stays that way.
func takeBack(r *http.Request, body io.ReadCloser) {
	switch _, lent := r.Body.(interface{ Reset(io.ReadCloser) }); {
	case !lent:
	case r.PostForm != nil:
		r.Body = http.NoBody
	default:
		r.Body = body
	}
}
