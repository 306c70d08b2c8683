package session

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// unreadable is the error of a field that Echo could not parse, such as "abc" for a number.
// It has the form of a validator's error.
type unreadable struct {
	field string
	rule  string
	kind  reflect.Kind
}

func (u unreadable) Error() string      { return "session: a field does not fit the rule " + u.rule } // but not the field's value
func (u unreadable) Namespace() string  { return "form." + u.field }
func (u unreadable) Tag() string        { return u.rule }
func (u unreadable) Param() string      { return "" }
func (u unreadable) Kind() reflect.Kind { return u.kind }

// unreadableIn is what err says about the fields of the form that came with r, as the error of Bind or of
// Echo's binders, such as echo.FormFieldBinder.
func unreadableIn(err error, r *http.Request) (all []unreadable) {
	if u, ok := unreadableByBind(err, r); ok {
		all = append(all, u)
	}
	walkErrors(err, func(err error) (deeper bool) {
		if e, ok := err.(*echo.BindingError); ok {
			if u, ok := unreadableByBinder(e, r); ok {
				all = append(all, u)
			}
		}
		return true
	})
	return all
}

// unreadableByBind is err as an error of Bind about a field of the form that came with r. Bind does not
// name the field, so it is the only one that was sent with that value. (An error with another text,
// or one that wraps that of Bind, is the application's.)
func unreadableByBind(err error, r *http.Request) (u unreadable, ok bool) {
	bound := echoErrorIn(err)
	if bound == nil || bound.Code != http.StatusBadRequest || isNil(bound.Internal) || bound.Message != bound.Internal.Error() {
		return u, false
	}
	u, value, ok := unreadableAs(bound.Internal)
	if ok {
		u.field, ok = fieldWith(value, r)
	}
	return u, ok
}

// unreadableByBinder is err as an error about a field of the form that came with r. A binder names what it
// reads, but not whether that is a field: it may be of the path or the query. A field that must be there is
// one even if it was not sent, as with radio buttons of which none was chosen. (An error with another text is
// the application's.)
func unreadableByBinder(err *echo.BindingError, r *http.Request) (u unreadable, ok bool) {
	form, isForm := submitted(r)
	if !isForm || !sendsForm(r.Header) {
		return u, false
	}
	sent := form[err.Field]
	switch text, _ := err.Message.(string); {
	case text == "required field value is empty":
		u.rule, ok = "required", strings.Join(sent, "") == ""
	case strings.HasPrefix(text, "failed to bind field value to "):
		u, _, ok = unreadableAs(err.Internal)
		isSent := func(value string) bool { return slices.Contains(sent, value) }
		ok = ok && slices.ContainsFunc(err.Values, isSent)
	}
	u.field = err.Field
	return u, ok
}

// unreadableAs is the rule that a value breaks about which the standard library returns cause.
func unreadableAs(cause error) (u unreadable, value string, ok bool) {
	switch e := cause.(type) {
	case *strconv.NumError:
		u.rule, u.kind = ruleOf(e)
		return u, e.Num, true
	case *time.ParseError:
		u.rule, u.kind = "datetime", reflect.Struct
		return u, e.Value, true
	}
	return u, "", false
}

// echoErrorIn is the first echo.HTTPError in err, or nil. It is tempting to use errors.As, but that
// calls Unwrap on a nil pointer, which panics.
func echoErrorIn(err error) (found *echo.HTTPError) {
	walkErrors(err, func(err error) (deeper bool) {
		if found == nil {
			found, _ = err.(*echo.HTTPError)
		}
		return found == nil
	})
	return found
}

// messageOf is the error in echo.NewHTTPError(http.StatusBadRequest, err).
func messageOf(err error) error {
	if e, ok := err.(*echo.HTTPError); ok {
		message, _ := e.Message.(error)
		return message
	}
	return nil
}

// ruleOf is the rule that a value breaks. "-1" is a number, but out of range for an unsigned field.
func ruleOf(e *strconv.NumError) (rule string, kind reflect.Kind) {
	_, notInt := strconv.ParseInt(e.Num, 10, 64)
	switch {
	case e.Err == strconv.ErrRange, e.Func == "ParseUint" && notInt == nil:
		return "range", reflect.Int
	case e.Func == "ParseBool":
		return "boolean", reflect.Bool
	case e.Func == "ParseFloat":
		return "numeric", reflect.Float64
	}
	return "number", reflect.Int
}

// fieldWith is the only field that was sent with that value. It finds none if the value may have
// come from another field, or from the address.
func fieldWith(value string, r *http.Request) (name string, ok bool) {
	inPath := strings.Contains(r.URL.Path, value) || strings.Contains(r.URL.EscapedPath(), value)
	if value != "" && inPath || !sendsForm(r.Header) {
		return "", false
	}
	form, _ := submitted(r)
	names := map[string]bool{}
	for _, sent := range [...]url.Values{form, r.URL.Query()} {
		for sentName, values := range sent {
			if slices.Contains(values, value) {
				name, names[sentName] = sentName, true
			}
		}
	}
	return name, len(names) == 1 && form.Has(name) && len(name) <= maxName
}
