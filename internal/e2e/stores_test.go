package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
	"github.com/echo-hypermedia/session/stores/filestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

// forEachStore runs test with every store on the server, each in a subtest of its name and with its
// own empty storage.
func forEachStore(t *testing.T, test func(t *testing.T, s testStore)) {
	t.Helper()
	for _, name := range []string{"memory", "file", "redis", "dynamodb"} {
		t.Run(name, func(t *testing.T) { test(t, newTestStore(t, name)) })
	}
}

func Test_that_a_storage_is_shared_by_those_who_open_it_and_has_a_clock(t *testing.T) {
	forEachStore(t, func(t *testing.T, s testStore) {
		ctx, one, other, key := t.Context(), s.open(), s.open(), keyOf("an id")
		ok(t, one.Write(ctx, key, session.Record{Data: []byte("data"), Expires: s.Now().Add(time.Hour)}))

		rec, err := other.Read(ctx, key)
		if err != nil || string(rec.Data) != "data" || rec.Version != 1 {
			t.Errorf("another process reads %q, version %d, %v", rec.Data, rec.Version, err)
		}
		if _, err := newTestStore(t, s.name).open().Read(ctx, key); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("in another storage: %v; want ErrNotFound", err)
		}
		s.Advance(2 * time.Hour)
		if _, err := other.Read(ctx, key); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("after the end of its time: %v; want ErrNotFound", err)
		}
	})
}

// testStore is a storage, its clock, and ways to open it.
type testStore struct {
	name string
	*clock

	// open returns the store as one more process has it, with its own client if there are clients.
	// (A memory store exists in one process only, so it is always the same.)
	open func() session.Tagger
}

// wrapper is a store around another one, which may be a Renewer.
type wrapper interface {
	session.Tagger
	renew(ctx context.Context, store session.Renewer, key string, due, until time.Time) (session.Record, error)
}

// around is what w makes of s: a Renewer only if s is one. The library checks what a store can do,
// and would miss it in a wrapper that embeds a Tagger.
func around(s session.Tagger, w wrapper) session.Tagger {
	if store, renews := s.(session.Renewer); renews {
		return renewing{w, store}
	}
	return w
}

type renewing struct {
	wrapper
	store session.Renewer
}

func (r renewing) Renew(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
	return r.renew(ctx, r.store, key, due, until)
}

// tb is what a storage needs of a test. *rapid.T has it, too.
type tb interface {
	Helper()
	Cleanup(func())
	Fatal(...any)
}

// newTestStore is for tests that need several storages of one kind.
func newTestStore(t tb, name string) testStore {
	t.Helper()
	s := testStore{name: name, clock: newClock()}
	switch name {
	case "memory":
		s.open = inMemory(s.clock)
	case "file":
		s.open = inFiles(t, s.clock)
	case "redis":
		s.open = inRedis(t, s.clock)
	case "dynamodb":
		s.open = inDynamoDB(t, s.clock)
	default:
		t.Fatal("there is no store called ", name)
	}
	return s
}

func inMemory(clock *clock) func() session.Tagger {
	store := memorystore.New(memorystore.Options{Now: clock.Now})
	return func() session.Tagger { return store }
}

func inFiles(t tb, clock *clock) func() session.Tagger {
	t.Helper()
	dir, err := os.MkdirTemp("", "session-e2e-")
	ok(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return func() session.Tagger {
		store, err := filestore.New(filestore.Options{Dir: dir, NoSync: true, Now: clock.Now})
		ok(t, err)
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
}

func inRedis(t tb, clock *clock) func() session.Tagger {
	t.Helper()
	server, err := redisServer()
	ok(t, err)
	client := func() *redis.Client {
		c := redis.NewClient(&redis.Options{Addr: server.Addr, ContextTimeoutEnabled: true})
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	prefix := fmt.Sprint(storages.Add(1), ":")
	ager := client()
	clock.age = func(d time.Duration) { ok(t, age(ager, prefix, d)) }
	return func() session.Tagger {
		store, err := redisstore.New(client(), redisstore.Options{Prefix: prefix, Now: clock.Now})
		ok(t, err)
		return store
	}
}

// age makes everything under a prefix older, since Redis uses its own clock.
func age(client *redis.Client, prefix string, d time.Duration) error {
	ctx := context.Background()
	found := map[string]bool{} // SCAN may return a key twice
	keys := client.Scan(ctx, 0, prefix+"*", 1000).Iterator()
	for keys.Next(ctx) {
		found[keys.Val()] = true
	}
	if err := keys.Err(); err != nil {
		return err
	}
	for key := range found {
		if err := older.Run(ctx, client, []string{key}, d.Milliseconds()).Err(); err != nil {
			return err
		}
	}
	return nil
}

// older knows the format of sessions and tags; see the documentation of redisstore.
var older = redis.NewScript(`
local life = redis.call('PTTL', KEYS[1])
if redis.call('TYPE', KEYS[1]).ok == 'zset' then
  local entries = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
  for i = 1, #entries, 2 do
    redis.call('ZADD', KEYS[1], string.format('%.0f', entries[i + 1] - ARGV[1]), entries[i])
  end
end
return redis.call('PEXPIRE', KEYS[1], string.format('%.0f', life - ARGV[1]))
`)

func inDynamoDB(t tb, clock *clock) func() session.Tagger {
	t.Helper()
	server, err := dynamoDB()
	ok(t, err)
	table := fmt.Sprint("sessions-", storages.Add(1))
	ok(t, dynamodbstore.CreateTable(context.Background(), dynamoDBClient(server), table))
	return func() session.Tagger {
		store, err := dynamodbstore.New(dynamoDBClient(server), dynamodbstore.Options{Table: table, Now: clock.Now})
		ok(t, err)
		return store
	}
}

func dynamoDBClient(server *servers.DynamoDBServer) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       "local",
		BaseEndpoint: aws.String(server.Endpoint()),
		HTTPClient:   http.DefaultClient,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}

// storages numbers what must have a unique name on a server.
var storages atomic.Int64

// The servers are shared by all tests. The first test that needs one starts it, and it ends with
// the process. A test that harms a server starts its own.
var (
	redisServer = shared(func() (*servers.RedisServer, error) { return servers.Redis() })
	dynamoDB    = shared(servers.DynamoDB)
)

func TestMain(m *testing.M) {
	// Settings for the model test, unless the command line has others. A failure names its seed,
	// and leaves no file behind.
	for name, value := range map[string]string{"rapid.steps": "50", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	status := m.Run()
	for _, stop := range running {
		stop()
	}
	os.Exit(status)
}

var (
	running  []func()
	starting sync.Mutex // tests run in parallel
)

func shared[S interface{ Close() }](start func() (S, error)) func() (S, error) {
	return sync.OnceValues(func() (S, error) {
		server, err := start()
		if err == nil {
			starting.Lock()
			defer starting.Unlock()
			running = append(running, server.Close)
		}
		return server, err
	})
}

// clock is a time that moves only when a test says so. It is far ahead; otherwise DynamoDB would
// find that what a test stores has long expired, and delete it.
type clock struct {
	nanos atomic.Int64
	age   func(time.Duration) // if the storage has its own clock: makes everything stored older
}

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2100, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time { return time.Unix(0, c.nanos.Load()) }

// Advance moves the clock forward. Nothing may use the storage meanwhile.
func (c *clock) Advance(d time.Duration) {
	c.nanos.Add(int64(d))
	if c.age != nil {
		c.age(d)
	}
}

func ok(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
