package dynamodbstore_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
)

func Test_that_an_error_of_DynamoDB_is_never_taken_for_a_missing_session(t *testing.T) {
	const again, once = 3, 1
	for _, tc := range []struct {
		code   string
		status int
		tries  int64
	}{
		{"ProvisionedThroughputExceededException", 400, again},
		{"ThrottlingException", 400, again},
		{"RequestLimitExceeded", 400, again},
		{"InternalServerError", 500, again},
		{"ServiceUnavailable", 503, again},
		{"ExpiredTokenException", 400, once},
		{"UnrecognizedClientException", 400, once},
		{"AccessDeniedException", 400, once},
		{"ResourceNotFoundException", 400, once},
		{"ValidationException", 400, once},
	} {
		t.Run(tc.code, func(t *testing.T) {
			var requests atomic.Int64
			s := answeredBy(t, answering(&requests, tc.status, failure(tc.code)))
			for method, call := range methods(s) {
				requests.Store(0)
				err := call(t.Context())
				must(t, unavailable(err))
				var cause smithy.APIError
				if !errors.As(err, &cause) || cause.ErrorCode() != tc.code {
					t.Errorf("%s: got %v; want the cause, %s", method, err, tc.code)
				}
				if n := requests.Load(); n != tc.tries {
					t.Errorf("%s: tried %d times; want %d", method, n, tc.tries)
				}
			}
		})
	}
}

// unavailable checks that err is what a method returns if it could not find out.
func unavailable(err error) error {
	return errors.Join(
		want(err, session.ErrUnavailable),
		never(err, session.ErrNotFound),
		never(err, session.ErrConflict),
		never(err, session.ErrTooLarge),
		discreet(err),
	)
}

func Test_that_an_answer_with_nothing_in_it_is_no_answer(t *testing.T) {
	for _, tc := range []struct {
		desc         string
		status       int
		header, body string
	}{
		{"an empty page", 200, "text/html", ""},
		{"no content", 204, "", ""},
		{"an answer of DynamoDB that has lost its body", 200, "application/x-amz-json-1.0", ""},
		{"an object of somebody else", 200, "application/json", `{"status":"ok"}`},
		{"an empty object of somebody else", 200, "application/json", "{}"},
		{"an empty object without any header", 200, "", "{}"},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			var requests atomic.Int64
			s := answeredBy(t, transport(func(r *http.Request) (*http.Response, error) {
				requests.Add(1)
				res := answer(r, tc.status, tc.body)
				res.Header.Set("Content-Type", tc.header)
				return res, nil
			}))
			for method, call := range methods(s) {
				requests.Store(0)
				if err := unavailable(call(t.Context())); err != nil {
					t.Errorf("%s: %v", method, err)
				}
				if n := requests.Load(); n != 3 {
					t.Errorf("%s: tried %d times; want 3", method, n)
				}
			}
		})
	}
}

func Test_that_an_answer_that_breaks_off_before_its_first_byte_says_why(t *testing.T) {
	s := answeredBy(t, transport(func(r *http.Request) (*http.Response, error) {
		res := answer(r, 200, "")
		res.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
		return res, nil
	}))
	for method, call := range methods(s) {
		err := call(t.Context())
		if err := errors.Join(unavailable(err), want(err, io.ErrUnexpectedEOF)); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func Test_that_either_header_of_DynamoDB_is_enough(t *testing.T) {
	for header, value := range map[string]string{
		"Content-Type":     "application/x-amz-json-1.0",
		"X-Amzn-Requestid": "4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG",
	} {
		s := answeredBy(t, transport(func(r *http.Request) (*http.Response, error) {
			res := answer(r, 200, "{}")
			res.Header = http.Header{header: {value}}
			return res, nil
		}))
		must(t, s.Touch(t.Context(), key, time.Now()))
	}
}

func Test_that_the_settings_of_a_client_are_kept(t *testing.T) {
	h := newHarness(t)
	var requests, answers, changes atomic.Int64
	client := dynamodb.New(h.client.Options(), func(o *dynamodb.Options) {
		o.HTTPClient = &http.Client{Transport: counting(&requests)}
		o.Protocol = protocol{o.Protocol, &answers}
		o.APIOptions = append(o.APIOptions, func(*middleware.Stack) error { changes.Add(1); return nil })
	})
	s := newStore(t, client, dynamodbstore.Options{Table: h.table, Now: h.clock.Now})
	must(t, s.Write(t.Context(), key, h.record(0, "one")))
	for what, n := range map[string]int64{
		"HTTPClient": requests.Load(), "Protocol": answers.Load(), "APIOptions": changes.Load(),
	} {
		if n != 1 {
			t.Errorf("%s was used %d times; want 1", what, n)
		}
	}
}

// protocol counts the answers that it reads in n.
type protocol struct {
	smithyhttp.ClientProtocol
	n *atomic.Int64
}

func (p protocol) DeserializeResponse(ctx context.Context, schema *smithy.OperationSchema, types *smithy.TypeRegistry, res *smithyhttp.Response, out smithy.Deserializable) error {
	p.n.Add(1)
	return p.ClientProtocol.DeserializeResponse(ctx, schema, types, res, out)
}

func Test_that_tries_end_with_the_context(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int64
		throttling := answering(&requests, 400, failure("ThrottlingException"))
		options := clientOf("http://localhost", throttling).Options()
		options.Retryer = stubborn{}
		s := newStore(t, dynamodb.New(options), dynamodbstore.Options{Table: "sessions"})
		for method, call := range methods(s) {
			requests.Store(0)
			ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
			err := call(ctx)
			cancel()
			if err := errors.Join(unavailable(err), want(err, context.DeadlineExceeded)); err != nil {
				t.Errorf("%s: %v", method, err)
			}
			if n := requests.Load(); n != 4 {
				t.Errorf("%s: tried %d times; want 4", method, n)
			}
		}
	})
}

// stubborn is a retryer that tries again each second, forever.
type stubborn struct{ aws.NopRetryer }

func (stubborn) IsErrorRetryable(error) bool                  { return true }
func (stubborn) MaxAttempts() int                             { return 0 }
func (stubborn) RetryDelay(int, error) (time.Duration, error) { return time.Second, nil }

func Test_that_a_cancelled_context_ends_every_method_without_a_request(t *testing.T) {
	h := newHarness(t)
	var requests atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for method, call := range methods(h.by(t, counting(&requests))) {
		if err := want(call(ctx), context.Canceled); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests; want none", n)
	}
}

func Test_that_a_frozen_server_is_waited_for_as_long_as_the_context_says(t *testing.T) {
	h := newHarness(t)
	must(t, server(t).Freeze())
	defer func() { must(t, server(t).Thaw()) }()
	for method, call := range methods(h.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		err := call(ctx)
		cancel()
		if err := errors.Join(unavailable(err), want(err, context.DeadlineExceeded)); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func Test_that_a_server_that_is_not_there_is_unavailable(t *testing.T) {
	s := newStore(t, clientOf("http://127.0.0.1:1", http.DefaultTransport), dynamodbstore.Options{Table: "sessions"})
	for method, call := range methods(s) {
		if err := unavailable(call(t.Context())); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func Test_that_a_table_that_is_missing_is_no_missing_session(t *testing.T) {
	h := newHarness(t)
	s := newStore(t, h.client, dynamodbstore.Options{Table: tableName()})
	for method, call := range methods(s) {
		if err := unavailable(call(t.Context())); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func Test_that_a_table_with_another_key_is_no_missing_session(t *testing.T) {
	client := newClient(t, http.DefaultTransport)
	s := newStore(t, client, dynamodbstore.Options{Table: handmade(t, client, "", "id S")})
	all := methods(s)
	delete(all, "list") // a scan names no key, so it finds that there are no sessions
	for method, call := range all {
		if err := unavailable(call(t.Context())); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func Test_that_an_item_of_somebody_else_is_no_missing_session(t *testing.T) {
	bin := &types.AttributeValueMemberB{Value: []byte(secret)}
	for desc, foreign := range map[string]item{
		"no version":              {"exp": num("9999999999"), "data": bin},
		"a version that is text":  {"version": str("7"), "exp": num("9999999999"), "data": bin},
		"a version that is 0":     {"version": num("0"), "exp": num("9999999999"), "data": bin},
		"a version below 0":       {"version": num("-7"), "exp": num("9999999999"), "data": bin},
		"a version in fractions":  {"version": num("7.5"), "exp": num("9999999999"), "data": bin},
		"no expiry":               {"version": num("7"), "data": bin},
		"an expiry that is text":  {"version": num("7"), "exp": str("9999999999"), "data": bin},
		"an expiry too far ahead": {"version": num("7"), "exp": num("99999999999999999999"), "data": bin},
		"no data":                 {"version": num("7"), "exp": num("9999999999")},
		"data that is text":       {"version": num("7"), "exp": num("9999999999"), "data": str(secret)},
	} {
		t.Run(desc, func(t *testing.T) {
			h := newHarness(t)
			must(t, h.put(t, sessionItem(foreign)))
			_, err := h.Read(t.Context(), key)
			must(t, unavailable(err))
			for method, err := range map[string]error{
				"replace":         h.Write(t.Context(), key, h.record(3, secret)),
				"destroy version": h.Destroy(t.Context(), key, 3),
			} {
				if err := unavailable(err); err != nil {
					t.Errorf("%s: %v", method, err)
				}
			}
			must(t, h.Destroy(t.Context(), key, 0)) // this gets rid of it
			must(t, h.gone(t.Context(), key))
		})
	}
}

func Test_that_errors_keep_keys_and_data_to_themselves(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	must(t, h.Write(ctx, key, h.record(0, secret)))
	for _, err := range []error{
		h.Write(ctx, key, h.record(0, secret)),
		h.Write(ctx, key, h.record(9, secret)),
		h.Destroy(ctx, key, 9),
		h.gone(ctx, "missing"),
		h.Touch(ctx, tag, h.clock.In(time.Hour)),
		h.Write(ctx, key, h.record(1, secret+string(make([]byte, dynamodbstore.MaxData)))),
		h.Write(ctx, key+string(make([]byte, 3000)), h.record(0, secret)),
		h.Tag(ctx, tag, key+string(make([]byte, 3000)), h.clock.Now()),
	} {
		must(t, discreet(err))
	}
}

// FuzzRead makes Read meet items with arbitrary numbers in them.
func FuzzRead(f *testing.F) {
	for _, seed := range []struct{ version, exp string }{
		{"1", "4107589200"}, {"0", "1"}, {"-1", "-1"}, {"1E3", "1.5"}, {"18446744073709551615", "9223372036854775807"},
		{"18446744073709551616", "9223372036854775808"}, {"", ""}, {"+1", "0x10"}, {"1_0", "NaN"},
	} {
		f.Add(seed.version, seed.exp, []byte("data"))
	}
	now := newClock().Now()
	f.Fuzz(func(t *testing.T, version, exp string, data []byte) {
		body, err := json.Marshal(map[string]any{"Item": map[string]any{
			"version": map[string]string{"N": version},
			"exp":     map[string]string{"N": exp},
			"data":    map[string]string{"B": base64.StdEncoding.EncodeToString(data)},
		}})
		must(t, err)
		var requests atomic.Int64
		client := clientOf("http://localhost", answering(&requests, 200, string(body)))
		s := newStore(t, client, dynamodbstore.Options{Table: "sessions", Now: func() time.Time { return now }})
		rec, err := s.Read(t.Context(), key)

		v, versionErr := strconv.ParseUint(version, 10, 64)
		e, expErr := strconv.ParseInt(exp, 10, 64)
		switch {
		case versionErr != nil || v == 0 || expErr != nil:
			must(t, unavailable(err))
		case e <= now.Unix():
			must(t, want(err, session.ErrNotFound))
		default:
			must(t, err)
			if rec.Version != v || rec.Expires.Unix() != e || string(rec.Data) != string(data) {
				t.Errorf("got %q, version %d, expires %v", rec.Data, rec.Version, rec.Expires)
			}
		}
	})
}
