package dynamodbstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
	"github.com/echo-hypermedia/session/stores/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		h := newHarness(t)
		return storetest.Harness{
			Store:   h.Store,
			Now:     h.clock.Now,
			Advance: h.clock.Advance,
			MaxData: dynamodbstore.MaxData,
		}
	})
}

// local is DynamoDB Local, shared by all tests. The first test that needs it starts it, and it ends
// with the process.
var local = sync.OnceValues(servers.DynamoDB)

func server(t testing.TB) *servers.DynamoDBServer {
	t.Helper()
	srv, err := local()
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

// newClient returns a client that reaches DynamoDB Local through rt. It tries three times, without
// a pause.
func newClient(t testing.TB, rt http.RoundTripper) *dynamodb.Client {
	t.Helper()
	return clientOf(server(t).Endpoint(), rt)
}

func clientOf(endpoint string, rt http.RoundTripper) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "local",
		BaseEndpoint: &endpoint,
		HTTPClient:   &http.Client{Transport: rt},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
}

var tables atomic.Int64

func tableName() string { return fmt.Sprint("sessions-", tables.Add(1)) }

// harness is a store with its own table and clock.
type harness struct {
	*dynamodbstore.Store
	clock  *clock
	client *dynamodb.Client // to look at the table without the store
	table  string
}

func newHarness(t testing.TB) harness {
	t.Helper()
	client, table := newClient(t, http.DefaultTransport), tableName()
	must(t, dynamodbstore.CreateTable(t.Context(), client, table))
	h := harness{clock: newClock(), client: client, table: table}
	h.Store = h.by(t, http.DefaultTransport)
	return h
}

// by is another store for the same table, whose requests go through rt.
func (h harness) by(t testing.TB, rt http.RoundTripper) *dynamodbstore.Store {
	t.Helper()
	return newStore(t, newClient(t, rt), dynamodbstore.Options{Table: h.table, Now: h.clock.Now})
}

func newStore(t testing.TB, client *dynamodb.Client, opts dynamodbstore.Options) *dynamodbstore.Store {
	t.Helper()
	s, err := dynamodbstore.New(client, opts)
	must(t, err)
	return s
}

// answeredBy is a store whose requests rt answers, without a server.
func answeredBy(t testing.TB, rt http.RoundTripper) *dynamodbstore.Store {
	t.Helper()
	return newStore(t, clientOf("http://localhost", rt), dynamodbstore.Options{Table: "sessions"})
}

var (
	key = strings.Repeat("0123456789abcdef", 4)
	tag = strings.Repeat("fedcba9876543210", 4)
)

const secret = "what a visitor has told us"

func (h harness) record(version uint64, data string) session.Record {
	return session.Record{Data: []byte(data), Version: version, Expires: h.clock.In(time.Hour)}
}

func (h harness) holds(ctx context.Context, key, data string, version uint64) error {
	rec, err := h.Read(ctx, key)
	if err != nil {
		return err
	}
	if string(rec.Data) != data || rec.Version != version {
		return fmt.Errorf("got %q, version %d; want %q, version %d", rec.Data, rec.Version, data, version)
	}
	return nil
}

func (h harness) gone(ctx context.Context, key string) error {
	_, err := h.Read(ctx, key)
	return want(err, session.ErrNotFound)
}

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n string) types.AttributeValue { return &types.AttributeValueMemberN{Value: n} }

func sessionItem(attributes item) item {
	attributes["pk"], attributes["sk"] = str("S#"+key), str("S")
	return attributes
}

// erase removes an item without leaving a tombstone, as TTL does.
func (h harness) erase(t *testing.T, pk, sk string) error {
	_, err := h.client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &h.table, Key: item{"pk": str(pk), "sk": str(sk)}})
	return err
}

// put stores an item without the store, and get reads one.
func (h harness) put(t testing.TB, it item) error {
	t.Helper()
	_, err := h.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &h.table, Item: it})
	return err
}

func (h harness) get(t testing.TB, pk, sk string) item {
	t.Helper()
	out, err := h.client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: &h.table,
		Key:       item{"pk": str(pk), "sk": str(sk)},
	})
	must(t, err)
	return out.Item
}

// clock is a time that moves only when a test says so. It is far ahead; otherwise the server would
// find that what a test stores has long expired, and delete it.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2100, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time               { return time.Unix(0, c.nanos.Load()) }
func (c *clock) Advance(d time.Duration)      { c.nanos.Add(int64(d)) }
func (c *clock) In(d time.Duration) time.Time { return c.Now().Add(d) }

// transport is an http.RoundTripper.
type transport func(*http.Request) (*http.Response, error)

func (rt transport) RoundTrip(r *http.Request) (*http.Response, error) { return rt(r) }

// operationOf is what a request asks DynamoDB for.
func operationOf(r *http.Request) string {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return operation
}

// bodyOf is the body of a request, which keeps it.
func bodyOf(t testing.TB, r *http.Request) []byte {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	must(t, err)
	setBody(r, body)
	return body
}

func setBody(r *http.Request, body []byte) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
}

// counting counts the requests in n.
func counting(n *atomic.Int64) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		n.Add(1)
		return http.DefaultTransport.RoundTrip(r)
	})
}

// losing lets the first request be carried out, and loses its answer.
func losing() http.RoundTripper {
	var lost atomic.Bool
	return transport(func(r *http.Request) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil || lost.Swap(true) {
			return res, err
		}
		res.Body.Close()
		return nil, io.ErrUnexpectedEOF
	})
}

// after calls fn after each request for an operation, before its answer arrives.
func after(operation string, fn func()) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(r)
		if operationOf(r) == operation {
			fn()
		}
		return res, err
	})
}

// answering answers every request itself, without a server, and counts them in n.
func answering(n *atomic.Int64, status int, body string) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		n.Add(1)
		return answer(r, status, body), nil
	})
}

func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		Request:       r,
		StatusCode:    status,
		Header:        http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// failure is the body of an answer that is an error of DynamoDB's.
func failure(code string) string {
	return fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"so it is"}`, code)
}

// methods are calls of all methods of a store, in all their variants. They work without a record.
func methods(s *dynamodbstore.Store) map[string]func(ctx context.Context) error {
	rec := session.Record{Data: []byte(secret), Expires: newClock().In(time.Hour)}
	replacement := rec
	replacement.Version = 7
	return map[string]func(ctx context.Context) error{
		"read":            func(ctx context.Context) error { _, err := s.Read(ctx, key); return err },
		"create":          func(ctx context.Context) error { return s.Write(ctx, key, rec) },
		"replace":         func(ctx context.Context) error { return s.Write(ctx, key, replacement) },
		"list":            func(ctx context.Context) error { _, err := list(ctx, s); return err },
		"destroy":         func(ctx context.Context) error { return s.Destroy(ctx, key, 0) },
		"destroy version": func(ctx context.Context) error { return s.Destroy(ctx, key, 7) },
		"touch":           func(ctx context.Context) error { return s.Touch(ctx, key, rec.Expires) },
		"tag":             func(ctx context.Context) error { return s.Tag(ctx, tag, key, rec.Expires) },
		"untag":           func(ctx context.Context) error { return s.Untag(ctx, tag, key) },
		"tagged":          func(ctx context.Context) error { _, err := s.Tagged(ctx, tag); return err },
		"revoke":          func(ctx context.Context) error { _, err := s.Revoke(ctx, tag); return err },
	}
}

// discreet checks that an error does not contain the visitor's key, tag or data.
func discreet(err error) error {
	for _, private := range []string{key, tag, secret} {
		if err != nil && strings.Contains(err.Error(), private) {
			return fmt.Errorf("%q tells %q", err, private)
		}
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(got, want error) error {
	if errors.Is(got, want) {
		return nil
	}
	return fmt.Errorf("got error %v; want %v", got, want)
}

func never(got, unwanted error) error {
	if !errors.Is(got, unwanted) {
		return nil
	}
	return fmt.Errorf("got error %v, which is %v", got, unwanted)
}
