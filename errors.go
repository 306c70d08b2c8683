package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Errors of a [Session], found with errors.Is on [Session.Err], and on what [Session.Load]
// and [Session.Save] return.
var (
	// ErrHeadSent means that a change came after the response head had left, and needs a cookie
	// that can no longer be set. Make the change, or call Save, before the first byte of the
	// response.
	ErrHeadSent = errors.New("session: too late, the response head has left; make the change, or call Save, before the first byte of the response")

	// ErrMoved means that the session could not be changed, because another request gave it a new
	// id meanwhile. The visitor may try again: by then the browser has the new id.
	ErrMoved = errors.New("session: another request gave the session a new id meanwhile")

	// ErrRevoked means that all sessions of this user were ended during the login, or while one was
	// given a new id. The user may log in again.
	ErrRevoked = errors.New("session: all sessions of this user were ended meanwhile")

	// ErrClosed means that a change came after the request had ended or, outside of a request,
	// after [Manager.View] or [Manager.Update] had returned.
	ErrClosed = errors.New("session: the request has ended")
)

// errHijackCookie is for a handler that upgrades a connection.
var errHijackCookie = errors.New("session: this change needs a cookie, which cannot be set once the connection is taken over. Call Save before the upgrade, and pass the response's Set-Cookie header on with it")

// EncodeError means that a value cannot be stored.
type EncodeError struct {
	Key  string // the application's key
	Type string // the Go type of the value
	Err  error
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("session: the value for %q, a %s, cannot be stored as JSON: %s", e.Key, e.Type, e.why())
}

// why describes Err without quoting anything of the value.
func (e *EncodeError) why() plainError {
	var ours plainError
	var badType *json.UnsupportedTypeError
	var badValue *json.UnsupportedValueError
	var method *json.MarshalerError
	switch {
	case errors.As(e.Err, &ours):
		return ours
	case errors.As(e.Err, &badType) && badType.Type.String() != e.Type:
		return plainError(fmt.Sprintf("a %s is in it; put a type that can, or leave it out by the tag `json:\"-\"`", badType.Type))
	case errors.As(e.Err, &badValue) && strings.Contains(badValue.Str, "cycle"):
		return errCycle
	case errors.As(e.Err, &badValue):
		return errNotFinite
	case errors.As(e.Err, &method):
		t := method.Type
		if t != nil && t.Kind() == reflect.Pointer { // from Go 1.27 on also if the method is not the pointer's
			t = t.Elem()
		}
		return plainError(fmt.Sprintf("the method that encodes a %s returns an error; errors.Unwrap of Session.Err has it", t))
	}
	return "put a type that can"
}

// plainError is our own explanation of why a value cannot be stored or read. It quotes nothing of the value.
type plainError string

func (e plainError) Error() string { return string(e) }

const (
	errNoText    plainError = "the text of an error is not part of its JSON; put err.Error()"
	errOverflow  plainError = "the sum does not fit into an int64"
	errNotFinite plainError = "JSON knows neither NaN nor infinities; put another number, or a text"
	errTooDeep   plainError = "it is nested more deeply than encoding/json reads; put it as a flat list"
	errCycle     plainError = "it leads back to itself; put something without a cycle"
)

func (e *EncodeError) Unwrap() error { return e.Err }

// DecodeError means that a stored value is not of the requested type.
type DecodeError struct {
	Key  string // the application's key
	Type string // the Go type requested
	Err  error
}

func (e *DecodeError) Error() string {
	text := fmt.Sprintf("session: the value under %q is not of the type %s", e.Key, e.Type)
	if why := e.why(); why != nil {
		text += ": " + why.Error()
	}
	return text
}

// why describes Err by types alone, or is nil. What else encoding/json says may quote the value, such as
// the keys of a map.
func (e *DecodeError) why() error {
	var ours plainError
	var badType *json.UnmarshalTypeError
	switch {
	case errors.As(e.Err, &ours):
		return ours
	case !errors.As(e.Err, &badType) || badType.Type == nil:
		return nil
	case badType.Type.Kind() == reflect.Interface:
		return plainError(fmt.Sprintf("JSON does not say which type was in a %s; ask for that type", badType.Type))
	}
	switch found, _, _ := strings.Cut(badType.Value, " "); found { // it may be "number 7"
	case "array", "bool", "number", "object", "string":
		return plainError(fmt.Sprintf("a JSON %s does not fit into the type %s", found, badType.Type))
	}
	return nil
}

func (e *DecodeError) Unwrap() error { return e.Err }

// isAboutValue says whether err is about a value of the application.
func isAboutValue(err error) bool {
	_, encode := errors.AsType[*EncodeError](err)
	_, decode := errors.AsType[*DecodeError](err)
	return encode || decode
}

// TooLargeError is an [ErrTooLarge] that says what takes up the space.
type TooLargeError struct {
	Size    int      // bytes needed
	Limit   int      // bytes available; 0 = the store did not say
	Largest []string // the application's keys with their sizes, largest first
	Err     error    // the store's own error, if it has one
}

func (e *TooLargeError) Error() string {
	limit, largest := "", ""
	if e.Limit > 0 {
		limit = fmt.Sprintf(" of %d", e.Limit)
	}
	if len(e.Largest) > 0 {
		largest = "; largest: " + strings.Join(e.Largest, ", ")
	}
	return fmt.Sprintf("session: too large, %d bytes%s%s. Store less, or use a store on the server", e.Size, limit, largest)
}

func (e *TooLargeError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrTooLarge}
	}
	return []error{ErrTooLarge, e.Err}
}

// unavailable wraps what a store answered when it could not do its work.
func unavailable(doing string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, withoutRecord(err))
}

// explain is unavailable for what may be an error of ours already.
func explain(doing string, err error) error {
	switch {
	case isAboutValue(err), errors.Is(err, ErrTooLarge), errors.Is(err, ErrUnavailable), errors.Is(err, ErrMoved), errors.Is(err, ErrRevoked):
		return err
	}
	return unavailable(doing, err)
}

// withoutRecord is err without the record that a conflict met, which is not for callers to see.
func withoutRecord(err error) error {
	if errors.Is(err, ErrConflict) {
		return ErrConflict
	}
	return err
}
