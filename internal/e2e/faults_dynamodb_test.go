package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
)

// barrier is between a client and DynamoDB. While closed, it answers in DynamoDB's place.
type barrier struct {
	closed atomic.Pointer[func() (*http.Response, error)]
}

func (b *barrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if answer := b.closed.Load(); answer != nil {
		return (*answer)()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// says returns an error as DynamoDB reports it.
func says(status int, code string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		body := fmt.Sprintf(`{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"so it is"}`, code)
		return &http.Response{
			StatusCode: status,
			Header:     http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
			Body:       io.NopCloser(strings.NewReader(body)),
		}, nil
	}
}

func breaksOff() (*http.Response, error) { return nil, errors.New("connection reset by peer") }

// newDynamoDBSite is a site with its sessions in its own table. Its client gives up on DynamoDB
// before the session manager does.
func newDynamoDBSite(t *testing.T, server *servers.DynamoDBServer, way http.RoundTripper) (s *site, createTable func() error) {
	t.Helper()
	options := dynamoDBClient(server).Options()
	options.HTTPClient = &http.Client{Transport: way, Timeout: time.Second}
	options.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 2
		o.MaxBackoff = 50 * time.Millisecond
	})
	table := fmt.Sprint("faults-", storages.Add(1))
	createTable = func() error {
		return dynamodbstore.CreateTable(t.Context(), dynamoDBClient(server), table)
	}
	ok(t, createTable())
	clock := newClock()
	store, err := dynamodbstore.New(dynamodb.New(options), dynamodbstore.Options{Table: table, Now: clock.Now})
	ok(t, err)
	return newSite(t, session.Config{Store: store, Now: clock.Now}), createTable
}

func Test_that_a_site_endures_what_DynamoDB_answers(t *testing.T) {
	t.Parallel()
	server, err := dynamoDB()
	ok(t, err)
	for name, answer := range map[string]func() (*http.Response, error){
		"too many requests":        says(400, "ProvisionedThroughputExceededException"),
		"throttled":                says(400, "ThrottlingException"),
		"an error of its own":      says(500, "InternalServerError"),
		"unavailable":              says(503, "ServiceUnavailable"),
		"credentials that expired": says(400, "ExpiredTokenException"),
		"nothing":                  breaksOff,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			way := &barrier{}
			site, _ := newDynamoDBSite(t, server, way)
			site.endures(t, outage{
				begin: func() error { way.closed.Store(&answer); return nil },
				end:   func() error { way.closed.Store(nil); return nil },
			})
		})
	}
}

func Test_that_a_site_endures_the_end_of_DynamoDB(t *testing.T) {
	t.Parallel()
	server, err := servers.DynamoDB()
	ok(t, err)
	t.Cleanup(func() { server.Close() })
	site, createTable := newDynamoDBSite(t, server, &http.Transport{})
	site.endures(t, outage{begin: server.Freeze, end: server.Thaw, late: true})

	// The server keeps its data in memory. While it has no table, nobody can tell whether a session
	// exists; afterwards all sessions are gone.
	v := site.newCustomer(t)
	server.Kill()
	refused := func(when string) {
		t.Helper()
		for _, what := range clicks {
			if err := v.does(what); !errors.Is(err, errRefused) {
				t.Errorf("%s, %v: %v; want %v", when, what, err, errRefused)
			}
		}
	}
	refused("killed")
	ok(t, server.Restart())
	refused("without a table")
	ok(t, createTable())
	if err := v.insists(look); !errors.Is(err, errStranger) {
		t.Errorf("with an empty table: %v; want %v", err, errStranger)
	}
	ok(t, v.insists(logIn))
}
