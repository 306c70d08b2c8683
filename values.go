package session

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Values are stored as JSON, each on its own: one that cannot be decoded, for example after a type
// has changed, does no harm to the others. Everything that encoding/json carries comes back as it
// was, including integers of any size.

// Get returns the value under key. If there is none, or it is not a T, Get returns the first of
// def, or else the zero T. A value that is not a T is logged, each time. [Lookup] tells these cases
// apart, and logs nothing. A nil that was put reads as the zero value of any T; to remove a value,
// use [Session.Forget]. If T is any, or has one in it, numbers are json.Number.
func Get[T any](s *Session, key string, def ...T) T {
	if s == nil {
		return first(def)
	}
	s.lock()
	defer s.unlock()
	v, ok, err := lookup[T](s, key, mistyped)
	if ok && err == nil {
		return v
	}
	return first(def)
}

// Lookup returns the value under key, and whether there is one. The error is a *[DecodeError] if
// the value is of another type, or says why the session could not be loaded.
func Lookup[T any](s *Session, key string) (v T, ok bool, err error) {
	if s == nil {
		return v, false, nil
	}
	s.lock()
	defer s.unlock()
	return lookup[T](s, key, silent)
}

// lookup is Lookup for a session that is locked. It logs n if the value is of another type.
func lookup[T any](s *Session, key string, n notice) (v T, ok bool, err error) {
	raw, ok := s.state().get(kindValue, key)
	if !ok {
		return v, false, s.loadErr
	}
	if v, err = decodeValue[T](key, raw); err != nil {
		s.reportMistyped(key, err, n)
	}
	return v, true, err
}

// Pull returns what [Get] returns, and removes the value. Parallel requests may all get the value. If
// only one may get it, such as the state of an OAuth login, see the example Once of [Update]. (With a
// [Sealer] all of them get it in any case.)
func Pull[T any](s *Session, key string, def ...T) T {
	if s == nil {
		return first(def)
	}
	s.lock()
	defer s.unlock()
	v, ok, err := lookup[T](s, key, mistyped)
	if !ok && err == nil {
		return first(def)
	}
	s.change(func(st *state) error { st.forget(kindValue, key); return nil })
	if err != nil {
		return first(def)
	}
	return v
}

// Update replaces the value under key by what fn returns for it. For a missing value fn gets the
// zero T, so it must make a map before it writes to one.
//
// If another request was faster, fn runs again on that request's result, so nothing is lost, as it
// would be with Get and Put. So fn must do nothing but compute, and must not use s. What its last run
// saw is known after [Session.Save].
//
// A value that is not a T fails the session, and is left as it is.
func Update[T any](s *Session, key string, fn func(T) T) {
	s.lock()
	defer s.unlock()
	s.change(func(st *state) error {
		var old T
		if raw, ok := st.get(kindValue, key); ok {
			var err error
			if old, err = decodeValue[T](key, raw); err != nil {
				return err
			}
		}
		raw, err := encodeValue(key, fn(old))
		if err != nil {
			return err
		}
		st.put(kindValue, key, raw)
		return nil
	})
}

// Put stores value under key. The value is encoded now, so changing it afterwards changes nothing
// in the session. A value that JSON cannot carry fails the session with an *[EncodeError], and so
// does a struct that has fields but exports none, even inside a list or a map. In a string, bytes
// that are not valid UTF-8 become U+FFFD; put a []byte to keep them. In a map or an interface,
// encoding/json calls a MarshalJSON that belongs to the pointer only for a pointer.
func (s *Session) Put(key string, value any) {
	raw, err := encodeValue(key, value) // not under the lock: value may have methods of its own
	s.lock()
	defer s.unlock()
	if err != nil {
		s.fail(err)
		return
	}
	s.change(func(st *state) error { st.put(kindValue, key, raw); return nil })
}

// Has reports whether there is a value under key; 0, "" and false are values too.
func (s *Session) Has(key string) bool {
	if s == nil {
		return false
	}
	s.lock()
	defer s.unlock()
	return s.state().has(kindValue, key)
}

// Forget removes the value under key, if there is one.
func (s *Session) Forget(key string) {
	s.lock()
	defer s.unlock()
	if !s.state().has(kindValue, key) && s.loadErr == nil {
		return
	}
	s.change(func(st *state) error { st.forget(kindValue, key); return nil })
}

// Increment adds the first of by, or 1, to the integer under key, and returns the sum. A missing value
// counts as 0. Parallel increments all count. A value that is not an integer, or a sum that int64
// cannot hold, fails the session and changes nothing.
//
// Parallel requests may all get the same sum. To limit attempts, call [Session.Save] and then [Get].
// With a [Sealer] attempts cannot be limited: a copy of the cookie has the old count.
func (s *Session) Increment(key string, by ...int64) int64 {
	return s.add(key, firstOr(by, 1), plus)
}

// Decrement subtracts the first of by, or 1, from the integer under key, and is otherwise like
// [Session.Increment].
func (s *Session) Decrement(key string, by ...int64) int64 {
	return s.add(key, firstOr(by, 1), minus)
}

func plus(a, b int64) (sum int64, fits bool)   { sum = a + b; return sum, (sum > a) == (b > 0) }
func minus(a, b int64) (diff int64, fits bool) { diff = a - b; return diff, (diff < a) == (b > 0) }

func (s *Session) add(key string, step int64, calc func(a, b int64) (int64, bool)) int64 {
	s.lock()
	defer s.unlock()
	s.change(func(st *state) error {
		old, err := st.integer(key)
		if err != nil {
			return err
		}
		sum, fits := calc(old, step)
		if !fits {
			return &EncodeError{Key: key, Type: "int64", Err: errOverflow}
		}
		st.put(kindValue, key, strconv.AppendInt(nil, sum, 10))
		return nil
	})
	sum, _ := s.state().integer(key)
	return sum
}

func (st *state) integer(key string) (int64, error) {
	raw, ok := st.get(kindValue, key)
	if !ok {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, &DecodeError{Key: key, Type: "int64", Err: errors.Unwrap(err)} // err quotes the value
	}
	return n, nil
}

// All returns every value by its key, decoded as encoding/json decodes into an any, except that
// numbers are json.Number. A value that cannot be decoded is left out. The caller may change the
// map.
func (s *Session) All() map[string]any {
	all := map[string]any{}
	if s == nil {
		return all
	}
	s.lock()
	defer s.unlock()
	for e := range s.state().all() {
		if e.kind != kindValue {
			continue
		}
		if v, err := decodeValue[any](string(e.key), e.val); err == nil {
			all[string(e.key)] = v
		}
	}
	return all
}

// Clear removes every value, the messages and old input that came with the request, and the address
// of [Session.SetIntendedURL]. The session itself stays, with its id, users, label, timeouts and CSRF
// token, and so do the messages that this request flashes.
func (s *Session) Clear() {
	s.lock()
	defer s.unlock()
	if !s.state().contains(entry.isCleared) && s.key == "" && s.loadErr == nil {
		return
	}
	var came []string
	for _, it := range s.received() {
		came = append(came, it.id)
	}
	cleared := s.change(func(st *state) error {
		// Not what another request flashes meanwhile: it did not come with this one.
		st.drop(func(e entry) bool {
			return e.isCleared() && (!e.isFlash() || slices.Contains(came, string(e.key)))
		})
		return nil
	})
	if cleared {
		s.sealed.cleared = s.sealed.cleared || len(came) > 0
		s.flashes().forgetReceived()
	}
}

// isCleared says whether Clear removes such an entry. It keeps whose session it is, and entries of a
// later version.
func (e entry) isCleared() bool {
	if e.kind == kindOwn {
		return string(e.key) != csrfKey // open pages have tokens made from it
	}
	return e.kind == kindValue || e.isFlash()
}

func encodeValue(key string, v any) ([]byte, error) {
	at := addressable(v)
	raw, err := json.Marshal(at)
	if bytes.Contains(raw, []byte("{}")) {
		err = whyEmpty(reflect.ValueOf(at))
	}
	// Unmarshal stops at 10,000 levels, of at least two bytes each. Marshal does so from Go 1.27 on only.
	if isTooDeep(err) || len(raw) > 2*10_000 && !json.Valid(raw) {
		err = errTooDeep
	}
	if err != nil {
		return nil, &EncodeError{Key: key, Type: fmt.Sprintf("%T", v), Err: err}
	}
	return raw, nil
}

// isTooDeep says whether err is that of encoding/json for what is nested too deeply. It has no type of its
// own.
func isTooDeep(err error) bool {
	e, ok := errors.AsType[*json.SyntaxError](err)
	return ok && strings.HasSuffix(e.Error(), "exceeded max depth")
}

// addressable is v, or the address of a copy if v, or something in it, may have a MarshalJSON that
// belongs to the pointer: encoding/json calls that only for what has an address, but always calls the
// UnmarshalJSON beside it.
func addressable(v any) any {
	t := reflect.TypeOf(v)
	if t == nil || t.PkgPath() == "" && t.Kind() != reflect.Struct && t.Kind() != reflect.Array {
		return v
	}
	at := reflect.New(t)
	at.Elem().Set(reflect.ValueOf(v))
	return at.Interface()
}

// whyEmpty returns an error if v, or an element of it, is "{}" in JSON although it is not empty.
// The fields of a struct are not examined: their author may mean them to be empty.
func whyEmpty(v reflect.Value) error {
	if marshalsItself(v) {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return whyEmpty(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() < reflect.Array { // numbers, such as the bytes of a picture
			return nil
		}
		for i := range v.Len() {
			if err := whyEmpty(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for _, element := range v.Seq2() {
			if err := whyEmpty(element); err != nil {
				return err
			}
		}
	case reflect.Struct:
		return whyEmptyStruct(v.Type())
	}
	return nil
}

// marshalsItself says whether encoding/json calls a method of v to encode it.
func marshalsItself(v reflect.Value) bool {
	t := v.Type()
	if v.CanAddr() {
		t = reflect.PointerTo(t) // has the methods of t as well
	}
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

func whyEmptyStruct(t reflect.Type) error {
	switch {
	case slices.ContainsFunc(reflect.VisibleFields(t), reflect.StructField.IsExported):
		return nil
	case reflect.PointerTo(t).Implements(reflect.TypeFor[error]()):
		return errNoText
	case marshalsItself(reflect.Zero(reflect.PointerTo(t))):
		return plainError(fmt.Sprintf("encoding/json calls the method of a *%s only for a pointer here; put pointers", t))
	case t.NumField() > 0:
		return plainError(fmt.Sprintf("encoding/json leaves out fields that begin with a small letter, and a %s has no others; put a struct whose fields begin with a capital", t))
	}
	return nil
}

func decodeValue[T any](key string, raw []byte) (T, error) {
	if v, ok := decodePlain[T](raw); ok {
		return v, nil
	}
	v := new(T)
	if err := decodeJSON(raw, v); err != nil {
		return *new(T), &DecodeError{Key: key, Type: reflect.TypeFor[T]().String(), Err: err}
	}
	return *v, nil
}

// decodePlain decodes what is read most often: a number, a bool, or a text without escapes. It
// leaves everything else to encoding/json, errors included.
func decodePlain[T any](raw []byte) (v T, ok bool) {
	switch any(v).(type) {
	case int:
		n, ok := plainInt(raw)
		return any(int(n)).(T), ok && int64(int(n)) == n
	case int64:
		n, ok := plainInt(raw)
		return any(n).(T), ok
	case bool:
		yes := string(raw) == "true"
		return any(yes).(T), yes || string(raw) == "false"
	case string:
		text, ok := plainText(raw)
		return any(text).(T), ok
	}
	return v, false
}

func plainInt(raw []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}

func plainText(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return "", false
	}
	raw = raw[1 : len(raw)-1]
	if bytes.IndexByte(raw, '\\') >= 0 || !utf8.Valid(raw) {
		return "", false
	}
	return string(raw), true
}

// decodeJSON is json.Unmarshal, but keeps numbers exact if the type does not say what they are: as
// a float64, a large id would come back as another one. A single value that goes into a known type
// does not need this.
func decodeJSON(raw []byte, v any) error {
	t := reflect.TypeOf(v)
	if isScalar(raw) && t.Elem().Kind() != reflect.Interface {
		if t.NumMethod() > 0 || t.Elem().Kind() == reflect.Pointer {
			raw = bytes.Clone(raw) // an UnmarshalJSON gets these bytes themselves, and may write to them
		}
		return json.Unmarshal(raw, v)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func isScalar(raw []byte) bool { return len(raw) > 0 && raw[0] != '{' && raw[0] != '[' }

func first[T any](list []T) T {
	var zero T
	return firstOr(list, zero)
}

func firstOr[T any](list []T, otherwise T) T {
	if len(list) > 0 {
		return list[0]
	}
	return otherwise
}

// mustEncode encodes the library's own types, which never fail to encode.
func mustEncode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("session: internal error: " + err.Error())
	}
	return raw
}
