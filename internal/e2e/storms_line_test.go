package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

// line is between the processes and a server. It counts the requests, and loses some of the
// answers: the server has done what it was asked, and then the connection ends, after which drivers
// ask again.
type line struct {
	percent        int // of the answers are lost
	requests, lost atomic.Int64

	mu     sync.Mutex
	random *rand.Rand
}

// newLine loses this percentage of the answers; the same ones for the same seed, as far as
// goroutines are repeatable.
func newLine(percent int, seed uint64) *line {
	return &line{percent: percent, random: rand.New(rand.NewPCG(seed, seed))}
}

// loses is called for each answer that has arrived.
func (l *line) loses() bool {
	l.requests.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.random.IntN(100) >= l.percent {
		return false
	}
	l.lost.Add(1)
	return true
}

// RoundTrip makes the line a transport for DynamoDB's client.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := stormTransport.RoundTrip(r)
	if err != nil || !l.loses() {
		return resp, err
	}
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be reused
	_ = resp.Body.Close()
	return nil, io.ErrUnexpectedEOF
}

var stormTransport = &http.Transport{MaxIdleConnsPerHost: 128}

// Dial makes the line a dialer for Redis' client.
func (l *line) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &lineConn{Conn: conn, line: l}, err
}

// lineConn loses answers to the scripts of the store, and to the SET of a new session. Answers to
// the commands that set up a connection change nothing; losing them would only test the driver.
type lineConn struct {
	net.Conn
	line  *line
	asked atomic.Bool
}

func (c *lineConn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("\r\neval")) || bytes.Contains(p, []byte("\r\nset\r\n")) {
		c.asked.Store(true)
	}
	return c.Conn.Write(p)
}

func (c *lineConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil || !c.asked.Swap(false) || !c.line.loses() {
		return n, err
	}
	_ = c.Conn.Close()
	return 0, io.EOF
}

// remote is a storage on a server, and a way to open it over a line.
type remote struct {
	testStore
	over func(*line) session.Tagger
}

// newRemote makes a storage where each process has its own client, which tries four times. The
// pauses between tries are as random as those of the drivers, but short: the drivers wait up to
// half a second for Redis and up to 20 for DynamoDB, which would only make the test longer.
func newRemote(t *testing.T, name string) remote {
	t.Helper()
	r := remote{testStore: testStore{name: name, clock: newClock()}}
	switch name {
	case "redis":
		r.over = remoteRedis(t, r.clock)
	case "dynamodb":
		r.over = remoteDynamoDB(t, r.clock)
	default:
		t.Fatal("there is no line to a store called ", name)
	}
	r.open = func() session.Tagger { return r.over(newLine(0, 0)) }
	return r
}

func remoteRedis(t *testing.T, clock *clock) func(*line) session.Tagger {
	t.Helper()
	server, err := redisServer()
	ok(t, err)
	prefix := fmt.Sprint("remote-", storages.Add(1), ":")
	return func(l *line) session.Tagger {
		client := redis.NewClient(&redis.Options{
			Addr: server.Addr, ContextTimeoutEnabled: true, Dialer: l.Dial,
			MaxRetries: tries - 1, MinRetryBackoff: time.Millisecond, MaxRetryBackoff: longestPause,
		})
		t.Cleanup(func() { _ = client.Close() })
		store, err := redisstore.New(client, redisstore.Options{Prefix: prefix, Now: clock.Now})
		ok(t, err)
		return store
	}
}

func remoteDynamoDB(t *testing.T, clock *clock) func(*line) session.Tagger {
	t.Helper()
	server, err := dynamoDB()
	ok(t, err)
	table := fmt.Sprint("remote-", storages.Add(1))
	ok(t, dynamodbstore.CreateTable(t.Context(), dynamoDBClient(server), table))
	return func(l *line) session.Tagger {
		opts := dynamoDBClient(server).Options()
		opts.HTTPClient = &http.Client{Transport: l}
		opts.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = tries
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) {
				return rand.N(longestPause), nil
			})
		})
		store, err := dynamodbstore.New(dynamodb.New(opts), dynamodbstore.Options{Table: table, Now: clock.Now})
		ok(t, err)
		return store
	}
}

const (
	tries        = 4 // as many as the driver of Redis makes
	longestPause = 8 * time.Millisecond
)
