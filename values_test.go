package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"net/http"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// twice runs put in one request, and runs check in the same request and in the next one.
func twice(t *testing.T, put, check func(*session.Session)) {
	t.Helper()
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { put(s); check(s) })
	v.must(t, p, check)
}

func Test_that_values_come_back_as_they_were(t *testing.T) {
	type address struct {
		City string
		Tags []string
		Map  map[string]int
	}
	type user struct {
		ID      int64
		Address *address
		Since   time.Time
	}
	zone := time.FixedZone("", -(7*60+30)*60)
	t.Run("an int64 beyond 2^53", comesBack(int64(1)<<53+1))
	t.Run("the smallest int64", comesBack(int64(math.MinInt64)))
	t.Run("the largest uint64", comesBack(uint64(math.MaxUint64)))
	t.Run("a float64", comesBack(0.1))
	t.Run("the smallest float64", comesBack(math.SmallestNonzeroFloat64))
	t.Run("a string with all there is", comesBack("<b>&\x00\u2028é😀\n"))
	t.Run("an empty string", comesBack(""))
	t.Run("false", comesBack(false))
	t.Run("bytes", comesBack([]byte{0, 255, '"', '\n'}))
	t.Run("a slice", comesBack([]int{1, 2, 3}))
	t.Run("an empty slice", comesBack([]int{}))
	t.Run("a nil slice", comesBack([]int(nil)))
	t.Run("a map", comesBack(map[string][]bool{"a": {true}, "": nil}))
	t.Run("a map by numbers", comesBack(map[int]string{-1: "a"}))
	t.Run("a struct with a pointer and a time in it", comesBack(user{1 << 60, &address{"Köln", []string{"x"}, map[string]int{"a": 1}}, time.Date(2030, 1, 2, 3, 4, 5, 6, zone)}))
	t.Run("a pointer", comesBack(&user{ID: 1}))
	t.Run("a nil pointer", comesBack((*user)(nil)))
	t.Run("a duration", comesBack(time.Hour))
	t.Run("raw JSON", comesBack(json.RawMessage(`{"a":1}`)))
	t.Run("nil", comesBack[any](nil))
	t.Run("a large number in an any", func(t *testing.T) {
		twice(t, put("k", map[string]any{"id": uint64(math.MaxUint64)}), func(s *session.Session) {
			got := session.Get[map[string]any](s, "k")["id"]
			if got != json.Number("18446744073709551615") {
				t.Errorf("got %v", got)
			}
		})
	})
	t.Run("a large number in a list", func(t *testing.T) {
		twice(t, put("k", []any{uint64(math.MaxUint64)}), func(s *session.Session) {
			if got := session.Get[[]any](s, "k")[0]; got != json.Number("18446744073709551615") {
				t.Errorf("got %v", got)
			}
		})
	})
	t.Run("bytes that are no text", func(t *testing.T) {
		twice(t, put("k", json.RawMessage("\"caf\xe9\"")), func(s *session.Session) {
			wantText(t, "the text", session.Get[string](s, "k"), "caf\ufffd")
		})
	})
	t.Run("a time keeps its zone", func(t *testing.T) {
		want := time.Date(2030, 1, 2, 3, 4, 5, 6, zone)
		twice(t, put("k", want), func(s *session.Session) {
			got := session.Get[time.Time](s, "k")
			_, offset := got.Zone()
			if !got.Equal(want) || offset != -27000 {
				t.Errorf("got %v; want %v", got, want)
			}
		})
	})
}

// cents is money as most types write themselves to JSON: by methods of the pointer.
type cents struct{ n int64 }

func (c *cents) MarshalJSON() ([]byte, error) {
	if c.n == 0 {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]int64{"cents": c.n})
}
func (c *cents) UnmarshalJSON(raw []byte) error {
	var m map[string]int64
	err := json.Unmarshal(raw, &m)
	c.n = m["cents"]
	return err
}

type level int

func (l *level) MarshalText() ([]byte, error) { return []byte(strings.Repeat("+", int(*l))), nil }
func (l *level) UnmarshalText(text []byte) error {
	*l = level(len(text))
	return nil
}

// Put is given a copy of a value, whose address encoding/json cannot take. But it decodes into a
// variable, and so calls the other one of the two methods.
func Test_that_values_come_back_that_encode_themselves_by_a_pointer(t *testing.T) {
	type order struct {
		Name  string
		Price cents
	}
	t.Run("a struct", isTheSame(cents{7}))
	t.Run("one that is empty", isTheSame(cents{}))
	t.Run("a pointer to one", isTheSame(&cents{7}))
	t.Run("a field", isTheSame(order{"a", cents{7}}))
	t.Run("fields in a list", isTheSame([]order{{"a", cents{7}}}))
	t.Run("an array", isTheSame([1]cents{{7}}))
	t.Run("an int", isTheSame(level(3)))
	t.Run("a struct without a name", isTheSame(struct{ L level }{3}))
	t.Run("an integer of any size", isTheSame(*new(big.Int).Lsh(big.NewInt(1), 100)))
}

func isTheSame[T any](want T) func(*testing.T) {
	return func(t *testing.T) {
		check := func(s *session.Session) {
			for name, got := range map[string]T{"put": session.Get[T](s, "put"), "updated": session.Get[T](s, "updated"), "flashed": session.Flashed[T](s, "flashed")} {
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %+v; want %+v", name, got, want)
				}
			}
		}
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, func(s *session.Session) {
			s.Put("put", want)
			session.Update(s, "updated", func(T) T { return want })
			s.Flash("flashed", want)
		})
		v.must(t, p, check)
	}
}

func comesBack[T any](want T) func(*testing.T) {
	return func(t *testing.T) {
		twice(t, put("k", want), func(s *session.Session) {
			got, ok, err := session.Lookup[T](s, "k")
			if !ok || err != nil || jsonOf(got) != jsonOf(want) {
				t.Errorf("got %#v, %t, %v; want %#v", got, ok, err, want)
			}
			if !s.Has("k") {
				t.Error("Has denies it")
			}
		})
	}
}

func jsonOf(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

func Test_what_get_lookup_and_pull_answer(t *testing.T) {
	twice(t, func(s *session.Session) { s.Put("n", 0); s.Put("text", "x") }, func(s *session.Session) {
		if got := session.Get(s, "none", "default"); got != "default" {
			t.Errorf("Get of nothing: %q; want the default", got)
		}
		if got := session.Get[string](s, "none"); got != "" {
			t.Errorf("Get of nothing: %q; want the zero value", got)
		}
		if got := session.Get(s, "n", 5); got != 0 {
			t.Errorf("Get of 0: %d; want it, and not the default", got)
		}
		if got := session.Get(s, "text", 5); got != 5 {
			t.Errorf("Get of another type: %d; want the default", got)
		}

		if v, ok, err := session.Lookup[int](s, "n"); v != 0 || !ok || err != nil {
			t.Errorf("Lookup of 0: %v, %t, %v", v, ok, err)
		}
		if v, ok, err := session.Lookup[int](s, "none"); v != 0 || ok || err != nil {
			t.Errorf("Lookup of nothing: %v, %t, %v", v, ok, err)
		}
		v, ok, err := session.Lookup[int](s, "text")
		var decode *session.DecodeError
		if v != 0 || !ok || !errors.As(err, &decode) || decode.Key != "text" || decode.Type != "int" {
			t.Errorf("Lookup of another type: %v, %t, %v", v, ok, err)
		}
		if s.Err() != nil {
			t.Errorf("reading another type fails the session: %v", s.Err())
		}
	})

	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.Put("a", 1); s.Put("text", "x") })
	v.must(t, p, func(s *session.Session) {
		if got := session.Pull(s, "a", 5); got != 1 || s.Has("a") {
			t.Errorf("Pull: %d; want 1, and it gone", got)
		}
		if got := session.Pull(s, "a", 5); got != 5 {
			t.Errorf("a second Pull: %d; want the default", got)
		}
		if got := session.Pull(s, "text", 5); got != 5 || s.Has("text") {
			t.Errorf("Pull of another type: %d; want the default, and it gone", got)
		}
	})
	v.must(t, p, func(s *session.Session) {
		if s.Has("a") || s.Has("text") {
			t.Error("what was pulled is back")
		}
	})
	if n := len(p.hooked("Undecodable")); n != 1 || p.hooked("Undecodable")[0].Key != "text" {
		t.Errorf("the Undecodable hook was called %d times; want once, for text", n)
	}
}

func Test_that_values_can_be_changed_after_put_without_effect(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	list := []int{1, 2}
	v.must(t, p, func(s *session.Session) {
		s.Put("list", list)
		list[0] = 99
		session.Get[[]int](s, "list")[1] = 99
		session.Get[json.RawMessage](s, "list")[1] = '9'
		s.All()["list"] = nil
		if got := session.Get[[]int](s, "list"); got[0] != 1 || got[1] != 2 {
			t.Errorf("the session has %v; want [1 2]", got)
		}
	})
}

// scribble is a text whose UnmarshalJSON modifies its input.
type scribble string

func (s *scribble) UnmarshalJSON(raw []byte) error {
	*s = scribble(raw)
	clear(raw)
	return nil
}

func Test_that_decoding_a_value_changes_nothing(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.Put("k", "text") })
	v.must(t, p, func(s *session.Session) {
		session.Get[scribble](s, "k")
		session.Get[*scribble](s, "k")
	})
	v.must(t, p, func(s *session.Session) {
		if got := session.Get[string](s, "k"); got != "text" {
			t.Errorf("got %q after it was decoded; want it as it was", got)
		}
	})
}

func Test_that_has_knows_zero_values(t *testing.T) {
	twice(t, func(s *session.Session) {
		s.Put("zero", 0)
		s.Put("empty", "")
		s.Put("false", false)
		s.Put("nil", nil)
		s.Put("gone", 1)
		s.Forget("gone")
		s.Put("", "the empty key")
	}, func(s *session.Session) {
		for key, want := range map[string]bool{"zero": true, "empty": true, "false": true, "nil": true, "": true, "gone": false, "never": false} {
			if s.Has(key) != want {
				t.Errorf("Has(%q) is %t", key, !want)
			}
		}
	})
}

func Test_that_increments_count_whole_numbers(t *testing.T) {
	type step struct {
		desc string
		work func(*session.Session) int64
		want int64
	}
	p := start(t, session.Config{})
	v := newVisitor()
	for _, tc := range []step{
		{"a missing key counts from 0", func(s *session.Session) int64 { return s.Increment("n") }, 1},
		{"by more", func(s *session.Session) int64 { return s.Increment("n", 10) }, 11},
		{"by less than nothing", func(s *session.Session) int64 { return s.Increment("n", -20) }, -9},
		{"down", func(s *session.Session) int64 { return s.Decrement("n") }, -10},
		{"down by more", func(s *session.Session) int64 { return s.Decrement("n", 5) }, -15},
		{"down by less than nothing", func(s *session.Session) int64 { return s.Decrement("n", -5) }, -10},
		{"by nothing", func(s *session.Session) int64 { return s.Increment("n", 0) }, -10},
		{"down by nothing", func(s *session.Session) int64 { return s.Decrement("n", 0) }, -10},
		{"up to the largest", func(s *session.Session) int64 { s.Put("n", int64(math.MaxInt64-1)); return s.Increment("n") }, math.MaxInt64},
		{"down to the smallest", func(s *session.Session) int64 { s.Put("n", int64(math.MinInt64+1)); return s.Decrement("n") }, math.MinInt64},
		{"minus the smallest of -1", func(s *session.Session) int64 { s.Put("n", -1); return s.Decrement("n", math.MinInt64) }, math.MaxInt64},
	} {
		v.must(t, p, func(s *session.Session) {
			if got := tc.work(s); got != tc.want {
				t.Errorf("%s: %d; want %d", tc.desc, got, tc.want)
			}
		})
		v.must(t, p, func(s *session.Session) {
			if got := session.Get[int64](s, "n"); got != tc.want {
				t.Errorf("%s: %d in the next request; want %d", tc.desc, got, tc.want)
			}
		})
	}
}

type hidden struct{ text string }

// marked is hidden, and means to be "{}".
type marked hidden

func (marked) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }

// markedByPointer has a method that encoding/json finds only if it can take the value's address.
type markedByPointer hidden

func (*markedByPointer) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }

type markedList []hidden

func (markedList) MarshalJSON() ([]byte, error) { return []byte("[{}]"), nil }

// loop contains itself.
type loop struct{ Next *loop }

func newLoop() *loop {
	var l loop
	l.Next = &l
	return &l
}

func Test_that_what_is_empty_on_purpose_is_stored(t *testing.T) {
	for desc, value := range map[string]any{
		"a struct without fields": struct{}{},
		"a map":                   map[string]hidden{},
		"a map of empty maps":     map[string]map[string]hidden{"a": {}},
		"a set":                   map[string]struct{}{"a": {}},
		"a list that says so":     markedList{{"text"}},
		"elements that say so":    []any{marked{"text"}, []markedByPointer{{"text"}}},
		"a text":                  []string{"{}"},
		"beside something else":   []any{[]byte("text"), netip.Addr{}, map[string]int{}, nil},
		"a field's own business":  struct{ Lock sync.Mutex }{},
		"a struct that says so":   marked{},
		"fields that are left out": struct {
			A int `json:",omitempty"`
		}{},
		"one that is embedded": struct{ outer }{},
		"a pointer to a field left out": &struct {
			A int `json:"-"`
		}{1},
		"a nil pointer to a hidden type": (*hidden)(nil),
		"as deep a list as can be read":  nested(10_000),
	} {
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, put("key", value))
		v.must(t, p, func(s *session.Session) {
			if !s.Has("key") {
				t.Errorf("%s is not stored", desc)
			}
		})
	}
}

func nested(depth int) []any {
	var list []any
	for range depth {
		list = []any{list}
	}
	return list
}

type outer struct {
	A int `json:",omitempty"`
}

func Test_that_an_error_about_a_value_says_what_to_do(t *testing.T) {
	for _, tc := range []struct {
		desc string
		put  func(*session.Session)
		want string
	}{
		{"a channel", put("key", make(chan int)), `session: the value for "key", a chan int, cannot be stored as JSON: put a type that can`},
		{"an error", put("key", errors.New("secret")), `session: the value for "key", a *errors.errorString, cannot be stored as JSON: the text of an error is not part of its JSON; put err.Error()`},
		{"a struct nothing of which would be stored", put("key", hidden{"secret"}), `session: the value for "key", a session_test.hidden, cannot be stored as JSON: encoding/json leaves out fields that begin with a small letter, and a session_test.hidden has no others; put a struct whose fields begin with a capital`},
		{"a pointer to one", put("key", &hidden{"secret"}), `session: the value for "key", a *session_test.hidden, cannot be stored as JSON: encoding/json leaves out fields that begin with a small letter, and a session_test.hidden has no others; put a struct whose fields begin with a capital`},
		{"a list of them", put("key", []hidden{{"secret"}}), `session: the value for "key", a []session_test.hidden, cannot be stored as JSON: encoding/json leaves out fields that begin with a small letter, and a session_test.hidden has no others; put a struct whose fields begin with a capital`},
		{"a list of pairs of them", put("key", [][2]hidden{{{"secret"}}}), `session: the value for "key", a [][2]session_test.hidden, cannot be stored as JSON: encoding/json leaves out fields that begin with a small letter, and a session_test.hidden has no others; put a struct whose fields begin with a capital`},
		{"one deep inside", put("key", map[string]any{"a": []*hidden{nil, {"secret"}}}), `session: the value for "key", a map[string]interface {}, cannot be stored as JSON: encoding/json leaves out fields that begin with a small letter, and a session_test.hidden has no others; put a struct whose fields begin with a capital`},
		{"a list of errors", put("key", [1]error{errors.New("secret")}), `session: the value for "key", a [1]error, cannot be stored as JSON: the text of an error is not part of its JSON; put err.Error()`},
		{"no number", put("key", []float64{math.NaN()}), `session: the value for "key", a []float64, cannot be stored as JSON: JSON knows neither NaN nor infinities; put another number, or a text`},
		{"a list in a list, and so on", put("key", nested(10_001)), `session: the value for "key", a []interface {}, cannot be stored as JSON: it is nested more deeply than encoding/json reads; put it as a flat list`},
		{"a circle", put("key", newLoop()), `session: the value for "key", a *session_test.loop, cannot be stored as JSON: it leads back to itself; put something without a cycle`},
		{"a function in a struct", put("key", struct{ F func() }{}), `session: the value for "key", a struct { F func() }, cannot be stored as JSON: a func() is in it; put a type that can, or leave it out by the tag ` + "`json:\"-\"`"},
		{"one that refuses", put("key", []time.Time{time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}), `session: the value for "key", a []time.Time, cannot be stored as JSON: the method that encodes a time.Time returns an error; errors.Unwrap of Session.Err has it`},
		{"one that encodes itself by a pointer, in a map", put("key", map[string]cents{"a": {7}}), `session: the value for "key", a map[string]session_test.cents, cannot be stored as JSON: encoding/json calls the method of a *session_test.cents only for a pointer here; put pointers`},
		{"one in an any", put("key", []any{cents{7}}), `session: the value for "key", a []interface {}, cannot be stored as JSON: encoding/json calls the method of a *session_test.cents only for a pointer here; put pointers`},
		{"a sum that is too large", func(s *session.Session) { s.Put("key", int64(math.MaxInt64)); s.Increment("key") },
			`session: the value for "key", a int64, cannot be stored as JSON: the sum does not fit into an int64`},
	} {
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, put("old", 1))
		v.visit(p, stream(func(s *session.Session) {
			tc.put(s)
			wantText(t, tc.desc, fmt.Sprint(s.Err()), tc.want)
		}))
		if logged := strings.ReplaceAll(p.log.String(), `\"`, `"`); !strings.Contains(logged, tc.want) {
			t.Errorf("%s: the log says %s; want %s", tc.desc, logged, tc.want)
		}
	}
}

func Test_that_an_increment_that_cannot_be_changes_nothing(t *testing.T) {
	for _, tc := range []struct {
		desc  string
		value any
		work  func(*session.Session)
	}{
		{"one more than the largest", int64(math.MaxInt64), increment},
		{"one less than the smallest", int64(math.MinInt64), func(s *session.Session) { s.Decrement("n") }},
		{"minus the smallest", 0, func(s *session.Session) { s.Decrement("n", math.MinInt64) }},
		{"plus the smallest", -1, func(s *session.Session) { s.Increment("n", math.MinInt64) }},
		{"of a text", "secret", increment},
		{"of a text with a number in it", "1", increment},
		{"of a fraction", 1.5, increment},
		{"of a number that int64 cannot hold", uint64(math.MaxUint64), increment},
		{"of nil", nil, func(s *session.Session) { s.Decrement("n") }},
	} {
		p := start(t, session.Config{})
		v := newVisitor()
		v.must(t, p, put("n", tc.value))
		rec := v.do(p, func(s *session.Session) { s.Put("other", 1); tc.work(s) })
		if rec.Code != http.StatusInternalServerError || !strings.Contains(fmt.Sprint(p.failure()), `"n"`) {
			t.Errorf("%s: status %d, %v; want 500 and an error that names n", tc.desc, rec.Code, p.failure())
		}
		for err := p.failure(); err != nil; err = errors.Unwrap(err) {
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: the error tells the value: %v", tc.desc, err)
			}
		}
		v.must(t, p, func(s *session.Session) {
			if s.Has("other") || jsonOf(s.All()["n"]) != jsonOf(tc.value) {
				t.Errorf("%s: the session is %v; want it unchanged", tc.desc, s.All())
			}
		})
	}
}

func Test_that_update_is_given_the_zero_value_or_the_old_one(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	add := func(s *session.Session) {
		session.Update(s, "list", func(l []string) []string { return append(l, fmt.Sprint(len(l))) })
	}
	v.must(t, p, func(s *session.Session) { add(s); add(s) })
	v.must(t, p, add)
	v.must(t, p, func(s *session.Session) {
		if got := fmt.Sprint(session.Get[[]string](s, "list")); got != "[0 1 2]" {
			t.Errorf("got %s; want [0 1 2]", got)
		}
	})
	rec := v.do(p, func(s *session.Session) {
		session.Update(s, "list", func(n int) int { t.Error("an update of another type is called"); return n })
	})
	var decode *session.DecodeError
	if rec.Code != http.StatusInternalServerError || !errors.As(p.failure(), &decode) {
		t.Errorf("an update of another type: status %d, %v; want 500 and a DecodeError", rec.Code, p.failure())
	}
}

// misleading says of its own JSON what no value should be quoted in.
type misleading struct{}

func (*misleading) UnmarshalJSON(raw []byte) error {
	return &json.UnmarshalTypeError{Value: string(raw), Type: reflect.TypeFor[int]()}
}

func Test_that_the_error_of_a_value_of_another_type_says_what_does_not_fit_and_quotes_nothing(t *testing.T) {
	type person struct{ Age int }
	age := func(v any) map[string]any { return map[string]any{"Age": v} }
	const isNot = `session: the value under "key" is not of the type `
	cases := []struct {
		desc string
		put  any
		read func(s *session.Session)
		want string
	}{
		{"a text as a number", "secret", getting[int], "int: a JSON string does not fit into the type int"},
		{"a number that is too large", 314, getting[int8], "int8: a JSON number does not fit into the type int8"},
		{"a list as a text", []string{"secret"}, getting[string], "string: a JSON array does not fit into the type string"},
		{"a text in a struct", age("secret"), getting[person], "session_test.person: a JSON string does not fit into the type int"},
		{"a text in a map", map[string]any{"secret": age("secret")}, getting[map[string]person], "map[string]session_test.person: a JSON string does not fit into the type int"},
		{"an interface", age(1), getting[fmt.Stringer], "fmt.Stringer: JSON does not say which type was in a fmt.Stringer; ask for that type"},
		{"a text as a time", "secret", getting[time.Time], "time.Time"},
		{"a type that quotes it", "secret", getting[misleading], "session_test.misleading"},
	}
	for _, tc := range cases {
		var log strings.Builder
		p, v := start(t, session.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}), newVisitor()
		v.must(t, p, put("key", tc.put))
		v.must(t, p, tc.read)
		if want := strconv.Quote(isNot + tc.want); !strings.Contains(log.String(), "error="+want+" ") || strings.Contains(log.String(), "secret") {
			t.Errorf("%s: the log has %s; want the error %s", tc.desc, log.String(), want)
		}
	}
}

func getting[T any](s *session.Session) { session.Get[T](s, "key") }

func Test_that_a_panic_in_an_update_changes_nothing(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("n", 1))
	v.must(t, p, func(s *session.Session) {
		defer func() { _ = recover() }()
		session.Update(s, "n", func(int) int { panic("oh") })
	})
	v.must(t, p, func(s *session.Session) {
		if got := s.Increment("n"); got != 2 {
			t.Errorf("n is %d; want 2", got)
		}
	})
}

func Test_that_all_has_every_value_and_is_the_callers(t *testing.T) {
	twice(t, func(s *session.Session) {
		s.Put("n", int64(1<<60))
		s.Put("list", []any{"x", 1.5, nil})
		s.FlashInfo("no value")
		s.SetLabel("7")
	}, func(s *session.Session) {
		all := s.All()
		if got := fmt.Sprint(all); got != "map[list:[x 1.5 <nil>] n:1152921504606846976]" {
			t.Errorf("All is %s", got)
		}
		if _, ok := all["n"].(json.Number); !ok {
			t.Errorf("a number is a %T; want a json.Number", all["n"])
		}
		clear(all)
	})
}

func Test_that_clear_removes_values_and_received_messages(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.Put("a", 1); s.FlashInfo("old") })
	cookie := v.cookie()
	v.must(t, p, func(s *session.Session) {
		s.FlashInfo("new")
		s.Clear()
		if len(s.All()) != 0 || s.IsNew() {
			t.Error("the values are still there, or the session is not")
		}
		s.Put("b", 2)
	})
	v.must(t, p, func(s *session.Session) {
		if said := texts(s); fmt.Sprint(s.All()) != "map[b:2]" || said != "new" {
			t.Errorf("values %v, alerts %q; want what came after, and this request's message", s.All(), said)
		}
	})
	if v.cookie() != cookie {
		t.Error("Clear has changed the id")
	}
}

func Test_when_a_session_is_new(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	for _, tc := range []struct {
		desc string
		work func(*session.Session)
		want bool
	}{
		{"without a cookie", func(*session.Session) {}, true},
		{"in the request that begins it", put("a", 1), true},
		{"afterwards", func(*session.Session) {}, false},
		{"after Clear", (*session.Session).Clear, false},
		{"after Destroy", (*session.Session).Destroy, true},
	} {
		v.must(t, p, func(s *session.Session) {
			if tc.work(s); s.IsNew() != tc.want {
				t.Errorf("%s: IsNew is %t", tc.desc, !tc.want)
			}
		})
	}
}

type silent struct{ msg string }

func (e silent) Error() string { return e.msg }

func Test_that_what_cannot_be_stored_is_a_500_and_saves_nothing(t *testing.T) {
	for _, tc := range []struct {
		desc, wantType string
		put            func(*session.Session)
	}{
		{"a channel", "chan int", put("key", make(chan int))},
		{"a func", "func()", put("key", func() {})},
		{"NaN", "float64", put("key", math.NaN())},
		{"an infinity in a map", "map[string]float64", put("key", map[string]float64{"secret": math.Inf(1)})},
		{"a bare error", "*errors.errorString", put("key", errors.New("secret"))},
		{"an error without fields", "session_test.silent", put("key", silent{"secret"})},
		{"a flashed channel", "chan int", func(s *session.Session) { s.Flash("key", make(chan int)) }},
		{"an update", "float64", func(s *session.Session) {
			session.Update(s, "key", func(float64) float64 { return math.NaN() })
		}},
	} {
		p := start(t, session.Config{})
		v := newVisitor()
		v.must(t, p, put("old", 1))
		rec := v.do(p, func(s *session.Session) {
			s.Put("before", 1)
			tc.put(s)
			s.Put("after", 1)
			if s.Err() == nil {
				t.Errorf("%s: Err is nil", tc.desc)
			}
		})
		var encode *session.EncodeError
		if rec.Code != http.StatusInternalServerError || !errors.As(p.failure(), &encode) || encode.Key != "key" || encode.Type != tc.wantType {
			t.Errorf("%s: status %d, %v; want 500, and the key and type %s named", tc.desc, rec.Code, p.failure(), tc.wantType)
			continue
		}
		if msg := encode.Error(); !strings.Contains(msg, `"key"`) || !strings.Contains(msg, tc.wantType) || strings.Contains(msg, "secret") {
			t.Errorf("%s: %s", tc.desc, msg)
		}
		v.must(t, p, func(s *session.Session) {
			if got := fmt.Sprint(s.All()); got != "map[old:1]" {
				t.Errorf("%s: the session is %s afterwards; want it unchanged", tc.desc, got)
			}
		})
	}
}

// A type that was changed after its values were stored.
func Test_that_one_value_that_cannot_be_read_leaves_the_others(t *testing.T) {
	twice(t, func(s *session.Session) { s.Put("cart", []string{"a"}); s.Put("user", 7) }, func(s *session.Session) {
		if cart := session.Get(s, "cart", map[string]int{"default": 1}); cart["default"] != 1 {
			t.Errorf("cart is %v; want the default", cart)
		}
		if user := session.Get[int](s, "user"); user != 7 {
			t.Errorf("user is %d; want 7", user)
		}
	})
}

func Test_that_a_nil_session_reads_empty_and_refuses_changes(t *testing.T) {
	s := session.FromContext(t.Context())
	if s != nil {
		t.Fatal("there is a session in an empty context")
	}
	v, ok, err := session.Lookup[int](s, "a")
	got := fmt.Sprint(session.Get(s, "a", 5), session.Pull(s, "a", 6), v, ok, err, s.Has("a"), len(s.All()), s.IsNew(), s.Err(), s.Load(t.Context()))
	if got != "5 6 0 false <nil> false 0 true <nil> <nil>" {
		t.Errorf("reads of a nil session: %s", got)
	}
	for name, change := range map[string]func(){
		"Put":        func() { s.Put("a", 1) },
		"Forget":     func() { s.Forget("a") },
		"Increment":  func() { s.Increment("a") },
		"Decrement":  func() { s.Decrement("a") },
		"Update":     func() { session.Update(s, "a", func(n int) int { return n }) },
		"Clear":      func() { s.Clear() },
		"Regenerate": func() { s.Regenerate() },
		"Destroy":    func() { s.Destroy() },
		"Save":       func() { _ = s.Save(t.Context()) },
		"Flash":      func() { s.Flash("a", 1) },
		"FlashNow":   func() { s.FlashNow("info", "x") },
		"Reflash":    func() { s.Reflash() },
	} {
		if msg := panicOf(change); !strings.Contains(msg, "session.Middleware") {
			t.Errorf("%s panics with %q; want a hint at the middleware", name, msg)
		}
	}
}

func Test_that_from_without_the_middleware_says_what_to_do(t *testing.T) {
	c := echo.New().NewContext(newVisitor().request(), nil)
	if msg := panicOf(func() { session.From(c) }); !strings.Contains(msg, "e.Use(session.Middleware(cfg))") {
		t.Errorf("From panics with %q; want what to do", msg)
	}
}

func panicOf(f func()) (msg string) {
	defer func() { msg = fmt.Sprint(recover()) }()
	f()
	return ""
}

// asking is a value that uses the session while it is encoded.
type asking struct{ s *session.Session }

func (a asking) MarshalJSON() ([]byte, error) {
	return json.Marshal(a.s.Has("user"))
}

func Test_that_a_value_may_use_the_session_while_it_is_encoded(t *testing.T) {
	newVisitor().must(t, start(t, session.Config{}), func(s *session.Session) {
		s.Put("known", asking{s})
		if session.Get(s, "known", true) {
			t.Error("got true; want false")
		}
	})
}

// As if it had come after the other request: a session in a store is cleared whatever is in it by then.
func Test_that_clear_also_removes_what_another_request_puts_meanwhile(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.Tag("7") })
	v.must(t, p, func(s *session.Session) {
		s.Has("n")
		v.clone().must(t, p, put("n", 7))
		s.Clear()
	})
	if n := number(t, p, v); n != 0 {
		t.Errorf("n is %d; want it cleared", n)
	}
}
