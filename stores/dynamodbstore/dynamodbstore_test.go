package dynamodbstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
)

func Test_that_all_mistakes_in_the_options_are_reported_at_once(t *testing.T) {
	client := clientOf("http://localhost", nil)
	for _, tc := range []struct {
		desc   string
		client *dynamodb.Client
		table  string
		want   []string // empty = no mistake
	}{
		{"neither client nor table", nil, "", []string{"client is nil", "Options.Table is empty"}},
		{"no client and an impossible table", nil, "my sessions", []string{"client is nil", `"my sessions"`}},
		{"a table with a line break", client, "sessions\n", []string{`"sessions\n"`}},
		{"a table with a short name", client, "s", []string{"3 to 255"}},
		{"a table by its name", client, "prod.sessions-2_a", nil},
		{"a table by its ARN", client, "arn:aws:dynamodb:eu-central-1:123456789012:table/sessions", nil},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			_, err := dynamodbstore.New(tc.client, dynamodbstore.Options{Table: tc.table})
			if tc.want == nil && err != nil || tc.want != nil && err == nil {
				t.Fatalf("got %v; want %q", err, tc.want)
			}
			for _, part := range tc.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func Test_that_a_store_tells_the_time_by_itself(t *testing.T) {
	h := newHarness(t)
	s := newStore(t, h.client, dynamodbstore.Options{Table: h.table})
	must(t, s.Write(t.Context(), key, session.Record{Expires: time.Now().Add(time.Hour)}))
	_, err := s.Read(t.Context(), key)
	must(t, err)
	must(t, s.Touch(t.Context(), key, time.Now()))
	_, err = s.Read(t.Context(), key)
	must(t, want(err, session.ErrNotFound))
}

func Test_that_each_method_is_one_request_unless_a_version_is_not_there(t *testing.T) {
	for state, prepare := range map[string]func(h harness) error{
		"nothing":     func(h harness) error { return nil },
		"a record":    func(h harness) error { return h.Write(t.Context(), key, h.record(0, "one")) },
		"version 7":   func(h harness) error { return h.put(t, sessionItem(h.item("7"))) },
		"a tombstone": func(h harness) error { return h.put(t, sessionItem(item{"ended": str("x"), "exp": num("1")})) },
	} {
		h := newHarness(t)
		var requests atomic.Int64
		for method, call := range methods(h.by(t, counting(&requests))) {
			must(t, prepare(h))
			before := requests.Load()
			_ = call(t.Context())
			want := int64(1)
			if state == "nothing" && (method == "replace" || method == "destroy version") {
				want = 2 // it checks that there is really nothing
			}
			if n := requests.Load() - before; n != want {
				t.Errorf("%s, where there is %s: %d requests; want %d", method, state, n, want)
			}
			must(t, h.erase(t, "S#"+key, "S"))
			must(t, h.erase(t, "T#"+tag, key))
		}
	}
}

// item is what a live session of this version looks like in the table.
func (h harness) item(version string) item {
	return item{
		"version": num(version),
		"exp":     num(fmt.Sprint(h.clock.In(time.Hour).Unix())),
		"data":    &types.AttributeValueMemberB{Value: []byte("one")},
	}
}

func Test_that_a_conflict_brings_the_current_record(t *testing.T) {
	for desc, server := range map[string]http.RoundTripper{
		"a server that sends what a condition met": http.DefaultTransport,
		"a server that does not":                   silent(t),
	} {
		t.Run(desc, func(t *testing.T) {
			h := newHarness(t)
			s := h.by(t, server)
			ctx, expires := t.Context(), h.clock.In(time.Hour)
			must(t, s.Write(ctx, key, h.record(0, "one")))
			must(t, s.Write(ctx, key, h.record(1, "two")))

			for method, err := range map[string]error{
				"create":  s.Write(ctx, key, h.record(0, "three")),
				"replace": s.Write(ctx, key, h.record(1, "three")),
				"destroy": s.Destroy(ctx, key, 1),
			} {
				var conflict *session.ConflictError
				if !errors.As(err, &conflict) {
					t.Errorf("%s: got %v; want a ConflictError", method, err)
					continue
				}
				if got := conflict.Current; string(got.Data) != "two" || got.Version != 2 || !got.Expires.Equal(expires) {
					t.Errorf("%s: got %q, version %d, expires %v", method, got.Data, got.Version, got.Expires)
				}
			}
		})
	}
}

// silent is a server that ignores ReturnValuesOnConditionCheckFailure, as DynamoDB Local before
// version 2.2.0 does.
func silent(t *testing.T) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		setBody(r, bytes.ReplaceAll(bodyOf(t, r), []byte(`"ALL_OLD"`), []byte(`"NONE"`)))
		return http.DefaultTransport.RoundTrip(r)
	})
}

func Test_that_a_record_that_comes_while_a_change_finds_nothing_is_a_conflict_but_not_for_a_touch(t *testing.T) {
	for method, wanted := range map[string]error{
		"replace":         session.ErrConflict,
		"destroy version": session.ErrConflict,
		"touch":           session.ErrNotFound,
	} {
		h := newHarness(t)
		create := sync.OnceFunc(func() { must(t, h.put(t, sessionItem(h.item("1")))) })
		s := h.by(t, transport(func(r *http.Request) (*http.Response, error) {
			res, err := http.DefaultTransport.RoundTrip(r)
			create()
			return res, err
		}))
		if err := want(methods(s)[method](t.Context()), wanted); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func Test_that_a_change_that_cannot_find_out_what_it_met_is_unavailable(t *testing.T) {
	h := newHarness(t)
	s := h.by(t, transport(func(r *http.Request) (*http.Response, error) {
		if operationOf(r) == "GetItem" {
			return answer(r, 400, failure("AccessDeniedException")), nil
		}
		return http.DefaultTransport.RoundTrip(r)
	}))
	for _, method := range []string{"replace", "destroy version"} {
		if err := unavailable(methods(s)[method](t.Context())); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func Test_that_reads_are_consistent(t *testing.T) {
	h := newHarness(t)
	s := h.by(t, transport(func(r *http.Request) (*http.Response, error) {
		if body := bodyOf(t, r); !bytes.Contains(body, []byte(`"ConsistentRead":true`)) {
			t.Errorf("%s is not consistent: %s", operationOf(r), body)
		}
		return http.DefaultTransport.RoundTrip(r)
	}))
	_, err := s.Read(t.Context(), key)
	must(t, want(err, session.ErrNotFound))
	_, err = s.Tagged(t.Context(), tag)
	must(t, err)
	_, err = s.Revoke(t.Context(), tag)
	must(t, err)
	_, err = list(t.Context(), s)
	must(t, err)
}

func Test_that_empty_data_is_a_record(t *testing.T) {
	for desc, data := range map[string][]byte{"nil": nil, "empty": {}} {
		t.Run(desc, func(t *testing.T) {
			h := newHarness(t)
			must(t, h.Write(t.Context(), key, session.Record{Data: data, Expires: h.clock.In(time.Hour)}))
			must(t, h.holds(t.Context(), key, "", 1))
			must(t, h.Write(t.Context(), key, session.Record{Data: data, Version: 1, Expires: h.clock.In(time.Hour)}))
			must(t, h.holds(t.Context(), key, "", 2))
		})
	}
}

func Test_that_what_TTL_has_not_deleted_yet_is_gone_for_every_method(t *testing.T) {
	for _, tc := range []struct {
		desc string
		call func(h harness) error
		want error
	}{
		{"read", func(h harness) error { return h.gone(t.Context(), key) }, nil},
		{"replace", func(h harness) error { return h.Write(t.Context(), key, h.record(1, "two")) }, session.ErrNotFound},
		{"create", func(h harness) error { return h.Write(t.Context(), key, h.record(0, "two")) }, nil},
		{"destroy version", func(h harness) error { return h.Destroy(t.Context(), key, 1) }, session.ErrNotFound},
		{"destroy another version", func(h harness) error { return h.Destroy(t.Context(), key, 2) }, session.ErrNotFound},
		{"destroy", func(h harness) error { return h.Destroy(t.Context(), key, 0) }, nil},
		{"touch", func(h harness) error { return h.Touch(t.Context(), key, h.clock.In(time.Hour)) }, session.ErrNotFound},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			h := newHarness(t)
			must(t, h.Write(t.Context(), key, h.record(0, "one")))
			h.clock.Advance(time.Hour)
			if h.get(t, "S#"+key, "S") == nil {
				t.Fatal("the item is not there any more: this tests nothing")
			}
			must(t, want(tc.call(h), tc.want))
			if tc.desc == "create" {
				must(t, h.holds(t.Context(), key, "two", 1))
			} else {
				must(t, h.gone(t.Context(), key))
			}
		})
	}
}

func Test_that_expiries_are_stored_in_seconds_and_never_early(t *testing.T) {
	h := newHarness(t)
	ctx, now := t.Context(), h.clock.Now().Unix()
	for _, tc := range []struct {
		desc    string
		expires time.Time
		want    int64
	}{
		{"a whole second", time.Unix(now+60, 0), now + 60},
		{"just after a second", time.Unix(now+60, 1), now + 61},
		{"just before a second", time.Unix(now+60, 999_999_999), now + 61},
		{"now", time.Unix(now, 0), now},
		{"a year ago", time.Unix(now-365*24*60*60, 0), now},
		{"the zero time, which TTL would leave alone", time.Time{}, now},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			for method, call := range map[string]func() (item, error){
				"create": func() (item, error) {
					err := h.Write(ctx, key, session.Record{Expires: tc.expires})
					return h.get(t, "S#"+key, "S"), err
				},
				"replace": func() (item, error) {
					err := errors.Join(h.Write(ctx, key, h.record(0, "")),
						h.Write(ctx, key, session.Record{Version: 1, Expires: tc.expires}))
					return h.get(t, "S#"+key, "S"), err
				},
				"touch": func() (item, error) {
					err := errors.Join(h.Write(ctx, key, h.record(0, "")), h.Touch(ctx, key, tc.expires))
					return h.get(t, "S#"+key, "S"), err
				},
				"tag": func() (item, error) {
					err := h.Tag(ctx, tag, key, tc.expires)
					return h.get(t, "T#"+tag, key), err
				},
			} {
				must(t, h.erase(t, "S#"+key, "S"))
				got, err := call()
				must(t, err)
				if exp, ok := got["exp"].(*types.AttributeValueMemberN); !ok || exp.Value != fmt.Sprint(tc.want) {
					t.Errorf("%s: exp is %#v; want the number %d", method, got["exp"], tc.want)
				}
			}
		})
	}
}

// The current time is rounded down, as the expiry was rounded up.
func Test_that_a_record_lives_until_the_last_moment(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	must(t, h.Write(ctx, key, h.record(0, "one")))
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	h.clock.Advance(time.Hour - 1)
	must(t, h.holds(ctx, key, "one", 1))
	must(t, want(h.Write(ctx, key, h.record(0, "two")), session.ErrConflict))
	must(t, h.Touch(ctx, key, h.clock.In(1)))
	must(t, h.Write(ctx, key, session.Record{Version: 1, Expires: h.clock.In(1)}))
	must(t, h.tagged(ctx, key))
	h.clock.Advance(1)
	must(t, h.gone(ctx, key))
	must(t, h.tagged(ctx))
	must(t, want(h.Touch(ctx, key, h.clock.In(time.Hour)), session.ErrNotFound))
}

func Test_that_MaxData_is_what_fits_in_an_item(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	rec := session.Record{Data: make([]byte, dynamodbstore.MaxData), Expires: h.clock.In(time.Hour)}
	must(t, h.Write(ctx, key, rec))

	// MaxData allows 21 bytes for each of the two numbers. These have one digit and ten: one byte
	// for each two digits, plus one.
	const most = dynamodbstore.MaxData + (21 - 2) + (21 - 6)
	longest := sessionItem(item{"version": num("1"), "exp": num("4107589201")})
	longest["data"] = &types.AttributeValueMemberB{Value: make([]byte, most)}
	must(t, h.put(t, longest))
	longest["data"] = &types.AttributeValueMemberB{Value: make([]byte, most+1)}
	if h.put(t, longest) == nil {
		t.Error("the server takes more than we think")
	}

	// The longest possible version fits, too.
	must(t, h.put(t, sessionItem(h.item("18446744073709551614"))))
	rec.Version = 18446744073709551614
	must(t, h.Write(ctx, key, rec))
	must(t, h.Touch(ctx, key, time.Unix(1<<40-1, 0)))
}

func Test_that_MaxData_is_what_its_comment_says(t *testing.T) {
	if dynamodbstore.MaxData != 409_473 {
		t.Errorf("MaxData is %d", dynamodbstore.MaxData)
	}
}

func Test_that_more_than_MaxData_is_too_large_before_any_request(t *testing.T) {
	h := newHarness(t)
	var requests atomic.Int64
	s := h.by(t, counting(&requests))
	for version := range uint64(2) {
		err := s.Write(t.Context(), key, h.record(version, strings.Repeat("x", dynamodbstore.MaxData+1)))
		must(t, want(err, session.ErrTooLarge))
		must(t, never(err, session.ErrUnavailable)) // trying again would not help
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests; want none", n)
	}
}

func Test_that_an_item_that_DynamoDB_finds_too_large_is_too_large(t *testing.T) {
	h := newHarness(t)
	long := strings.Repeat("k", 1000) // longer than any key
	err := h.Write(t.Context(), long, h.record(0, strings.Repeat("x", dynamodbstore.MaxData)))
	must(t, want(err, session.ErrTooLarge))
	must(t, never(err, session.ErrUnavailable))
}

func Test_that_a_destroy_whose_answer_was_lost_has_succeeded(t *testing.T) {
	for version := range uint64(2) {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			h := newHarness(t)
			ctx := t.Context()
			must(t, h.Write(ctx, key, h.record(0, "one")))
			must(t, h.by(t, losing()).Destroy(ctx, key, version))
			must(t, h.gone(ctx, key))
			must(t, want(h.Destroy(ctx, key, 1), session.ErrNotFound))
		})
	}
}

func Test_that_of_two_destroys_one_finds_nothing_even_if_answers_are_lost(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	must(t, h.Write(ctx, key, h.record(0, "one")))
	must(t, h.by(t, losing()).Destroy(ctx, key, 1))
	must(t, want(h.by(t, losing()).Destroy(ctx, key, 1), session.ErrNotFound))
}

func Test_that_a_tombstone_is_no_record(t *testing.T) {
	for desc, advance := range map[string]time.Duration{"fresh": 0, "expired": time.Hour} {
		t.Run(desc, func(t *testing.T) {
			h := newHarness(t)
			ctx := t.Context()
			must(t, h.Write(ctx, key, h.record(0, secret)))
			must(t, h.Destroy(ctx, key, 1))
			stone := h.get(t, "S#"+key, "S")
			if stone["exp"] == nil || stone["ended"] == nil || len(stone) != 4 {
				t.Fatalf("got %v; want a tombstone that expires and has nothing of the session", stone)
			}
			h.clock.Advance(advance)
			must(t, h.gone(ctx, key))
			must(t, want(h.Write(ctx, key, h.record(1, "two")), session.ErrNotFound))
			must(t, want(h.Write(ctx, key, h.record(2, "two")), session.ErrNotFound))
			must(t, want(h.Touch(ctx, key, h.clock.In(time.Hour)), session.ErrNotFound))
			must(t, want(h.Destroy(ctx, key, 1), session.ErrNotFound))
			must(t, h.gone(ctx, key))
			if desc == "fresh" { // a create that the network delivers late
				must(t, want(h.Write(ctx, key, h.record(0, "new")), session.ErrNotFound))
			} else {
				must(t, h.Write(ctx, key, h.record(0, "new")))
				must(t, h.holds(ctx, key, "new", 1))
			}
			must(t, h.Destroy(ctx, key, 0))
			must(t, h.gone(ctx, key))
			must(t, want(h.Write(ctx, key, h.record(0, "new")), session.ErrNotFound))
		})
	}
}

func Test_that_a_tombstone_outlives_the_tries_of_a_client(t *testing.T) {
	h := newHarness(t)
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	must(t, h.Destroy(t.Context(), key, 1))
	exp := h.get(t, "S#"+key, "S")["exp"].(*types.AttributeValueMemberN).Value
	if want := fmt.Sprint(h.clock.In(5 * time.Minute).Unix()); exp != want {
		t.Errorf("the tombstone expires at %s; want %s", exp, want)
	}
}

// A log-out everywhere destroys sessions that may be long gone.
func Test_that_destroying_what_is_not_there_writes_nothing(t *testing.T) {
	h := newHarness(t)
	must(t, h.Destroy(t.Context(), key, 0))
	if it := h.get(t, "S#"+key, "S"); len(it) > 0 {
		t.Errorf("it has left %v", it)
	}
}

// The manager recognises its own write by what is in the data.
func Test_that_a_write_whose_answer_was_lost_meets_its_own_record(t *testing.T) {
	for version := range uint64(2) {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			h := newHarness(t)
			ctx := t.Context()
			if version > 0 {
				must(t, h.Write(ctx, key, h.record(0, "one")))
			}
			err := h.by(t, losing()).Write(ctx, key, h.record(version, "mine"))
			var conflict *session.ConflictError
			if !errors.As(err, &conflict) {
				t.Fatalf("got %v; want a ConflictError", err)
			}
			if got := conflict.Current; string(got.Data) != "mine" || got.Version != version+1 {
				t.Errorf("got %q, version %d", got.Data, got.Version)
			}
		})
	}
}

func Test_that_a_touch_whose_answer_was_lost_has_succeeded(t *testing.T) {
	h := newHarness(t)
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	must(t, h.by(t, losing()).Touch(t.Context(), key, h.clock.In(2*time.Hour)))
	must(t, h.holds(t.Context(), key, "one", 1))
}
