package session

import (
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// unreadable is the error of a field of which Echo's Bind could make nothing, such as "abc" for a number.
// It is said as a validator says the same.
type unreadable struct {
	error
	field string
	value string
	rule  string
	kind  reflect.Kind
}

func (u unreadable) Namespace() string  { return "form." + u.field }
func (u unreadable) Tag() string        { return u.rule }
func (u unreadable) Param() string      { return "" }
func (u unreadable) Kind() reflect.Kind { return u.kind }

// unreadableOf is err as an error of Bind, or of one of Echo's binders, about a value. (What strconv and
// time say by themselves may be about anything, such as a file.) Only the binders say which field it is.
func unreadableOf(err error) (u unreadable, ok bool) {
	switch e := err.(type) {
	case *echo.BindingError:
		u.field, u.error = e.Field, e.Unwrap()
	case *echo.HTTPError:
		if e.Code == http.StatusBadRequest {
			u.error = e.Unwrap()
		}
	}
	var number *strconv.NumError
	var date *time.ParseError
	switch {
	case errors.As(u.error, &number):
		u.value = number.Num
		u.rule, u.kind = ruleOf(number)
		return u, true
	case errors.As(u.error, &date):
		u.value, u.rule, u.kind = date.Value, "datetime", reflect.Struct
		return u, true
	}
	return u, false
}

func ruleOf(e *strconv.NumError) (rule string, kind reflect.Kind) {
	switch {
	case errors.Is(e, strconv.ErrRange):
		return "range", reflect.Int
	case e.Func == "ParseBool":
		return "boolean", reflect.Bool
	case e.Func == "ParseFloat":
		return "numeric", reflect.Float64
	}
	return "number", reflect.Int
}

// unreadable is unreadableOf with its field. Where Echo does not say, it is the one that was submitted with
// that value; of several, nobody knows.
func (n formNames) unreadable(err error) (u unreadable, ok bool) {
	if u, ok = unreadableOf(err); !ok || u.field != "" {
		return u, ok
	}
	found := 0
	for _, name := range n.folded {
		if slices.Contains(n.submitted[name], u.value) {
			u.field = name
			found++
		}
	}
	return u, found == 1
}

// isUnreadable is unreadable for an error that is likely to be another one.
func isUnreadable(err error, r *http.Request) bool {
	if _, ok := unreadableOf(err); !ok {
		return false
	}
	_, ok := newFormNames(submitted(r)).unreadable(err)
	return ok
}
