package redisstore_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/redisstore"
	"github.com/echo-hypermedia/session/stores/storetest"
)

// shared is the server for all tests that do not harm it. Each uses a prefix of its own.
var shared *servers.RedisServer

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if shared, err = servers.Redis(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer shared.Close()
	return m.Run()
}

func TestContract(t *testing.T) {
	client := clientOf(t, shared, nil)
	storetest.Run(t, func(t *testing.T) storetest.Harness { return contractHarness(t, client) })
}

func TestContractInACluster(t *testing.T) {
	client := clusterClient(t, startCluster(t))
	storetest.Run(t, func(t *testing.T) storetest.Harness { return contractHarness(t, client) })
}

func contractHarness(t *testing.T, client redis.UniversalClient) storetest.Harness {
	prefix := prefix(t)
	return storetest.Harness{
		Store:   newStore(t, client, redisstore.Options{Prefix: prefix}),
		Now:     time.Now,
		Advance: func(d time.Duration) { age(t, client, prefix, d) },
	}
}

// older makes what is under a key d milliseconds older.
var older = redis.NewScript(`
local d = tonumber(ARGV[1])
if redis.call('TYPE', KEYS[1]).ok == 'zset' then
  local entries = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
  for i = 1, #entries, 2 do
    redis.call('ZADD', KEYS[1], string.format('%.0f', entries[i + 1] - d), entries[i])
  end
end
return redis.call('PEXPIRE', KEYS[1], redis.call('PTTL', KEYS[1]) - d)
`)

// age makes everything under a prefix d older.
func age(t *testing.T, client redis.UniversalClient, prefix string, d time.Duration) {
	t.Helper()
	for _, key := range keysOf(t, client, prefix) {
		ok(t, older.Run(t.Context(), client, []string{key}, d.Milliseconds()).Err())
	}
}

// keysOf lists the keys in Redis under a prefix.
func keysOf(t *testing.T, client redis.UniversalClient, prefix string) []string {
	t.Helper()
	var (
		mu   sync.Mutex
		keys []string
	)
	scan := func(ctx context.Context, server *redis.Client) error {
		for found := server.Scan(ctx, 0, prefix+"*", 1000).Iterator(); ; {
			if !found.Next(ctx) {
				return found.Err()
			}
			mu.Lock()
			keys = append(keys, found.Val())
			mu.Unlock()
		}
	}
	if cluster, isCluster := client.(*redis.ClusterClient); isCluster {
		ok(t, cluster.ForEachMaster(t.Context(), scan))
	} else {
		ok(t, scan(t.Context(), client.(*redis.Client)))
	}
	return keys
}

var prefixes atomic.Int64

// prefix is unique to each run of each test.
func prefix(t *testing.T) string {
	return fmt.Sprintf("%s-%d:", strings.NewReplacer("*", "", "?", "", "[", "", "{", "").Replace(t.Name()), prefixes.Add(1))
}

func start(t testing.TB, args ...string) *servers.RedisServer {
	t.Helper()
	server, err := servers.Redis(args...)
	ok(t, err)
	t.Cleanup(server.Close)
	return server
}

func startReplica(t *testing.T, of *servers.RedisServer) *servers.RedisServer {
	t.Helper()
	replica, err := of.Replica()
	ok(t, err)
	t.Cleanup(replica.Close)
	return replica
}

func startCluster(t *testing.T) *servers.Cluster {
	t.Helper()
	cluster, err := servers.RedisCluster()
	ok(t, err)
	t.Cleanup(cluster.Close)
	return cluster
}

// clientOf is a client of the server; change may alter its options.
func clientOf(t testing.TB, server *servers.RedisServer, change func(*redis.Options)) *redis.Client {
	t.Helper()
	opts := &redis.Options{Addr: server.Addr, ContextTimeoutEnabled: true, PoolSize: 64}
	if change != nil {
		change(opts)
	}
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func clusterClient(t *testing.T, cluster *servers.Cluster) *redis.ClusterClient {
	t.Helper()
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: cluster.Addrs(), ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// spread is a client that treats these independent servers as the masters of a cluster.
func spread(t *testing.T, over ...*servers.RedisServer) *redis.ClusterClient {
	t.Helper()
	var slots []redis.ClusterSlot
	for i, server := range over {
		slots = append(slots, redis.ClusterSlot{
			Start: i * 16384 / len(over), End: (i+1)*16384/len(over) - 1,
			Nodes: []redis.ClusterNode{{Addr: server.Addr}},
		})
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{
		ClusterSlots:          func(context.Context) ([]redis.ClusterSlot, error) { return slots, nil },
		ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// before is a hook of a client, called before each command. The command fails with its error.
type before func(cmd redis.Cmder) error

func (do before) DialHook(next redis.DialHook) redis.DialHook { return next }

func (do before) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := do(cmd); err != nil {
			cmd.SetErr(err)
			return err
		}
		return next(ctx, cmd)
	}
}

func (do before) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func newStore(t testing.TB, client redis.UniversalClient, opts redisstore.Options) *redisstore.Store {
	t.Helper()
	store, err := redisstore.New(client, opts)
	ok(t, err)
	return store
}

// sharedStore is a store on the shared server, and where it keeps what it has.
func sharedStore(t *testing.T) (store *redisstore.Store, client *redis.Client, under string) {
	t.Helper()
	client, under = clientOf(t, shared, nil), prefix(t)
	return newStore(t, client, redisstore.Options{Prefix: under}), client, under
}

// record is a record that expires in an hour.
func record(version uint64, data string) session.Record {
	return session.Record{Data: []byte(data), Version: version, Expires: inAnHour()}
}

func inAnHour() time.Time { return time.Now().Add(time.Hour) }

// key and tag have the form of real ones.
func key(name string) string { return fmt.Sprintf("%064x", name) }
func tag(name string) string { return fmt.Sprintf("%064x", "tag "+name) }

// method is a call of one method of a store.
type method struct {
	name string
	call func(ctx context.Context, s *redisstore.Store) error
}

// reading and changing are all methods, in an order in which they succeed on a store that has
// version 1 under the key k.
var (
	reading = []method{
		{"Read", func(ctx context.Context, s *redisstore.Store) error { _, err := s.Read(ctx, key("k")); return err }},
		{"Renew", func(ctx context.Context, s *redisstore.Store) error {
			_, err := s.Renew(ctx, key("k"), inAnHour().Add(time.Minute), inAnHour())
			return err
		}},
		{"Tagged", func(ctx context.Context, s *redisstore.Store) error { _, err := s.Tagged(ctx, tag("t")); return err }},
	}
	changing = []method{
		{"Write", func(ctx context.Context, s *redisstore.Store) error {
			return s.Write(ctx, key("k"), record(1, "the data"))
		}},
		{"Touch", func(ctx context.Context, s *redisstore.Store) error { return s.Touch(ctx, key("k"), inAnHour()) }},
		{"Destroy", func(ctx context.Context, s *redisstore.Store) error { return s.Destroy(ctx, key("k"), 2) }},
		{"Tag", func(ctx context.Context, s *redisstore.Store) error {
			return s.Tag(ctx, tag("t"), key("k"), inAnHour())
		}},
		{"Revoke", func(ctx context.Context, s *redisstore.Store) error { _, err := s.Revoke(ctx, tag("t")); return err }},
		{"Untag", func(ctx context.Context, s *redisstore.Store) error { return s.Untag(ctx, tag("t"), key("k")) }},
	}
	methods = slices.Concat(reading, changing)

	// creating is a Write that runs no script.
	creating = method{"Write what is new", func(ctx context.Context, s *redisstore.Store) error {
		return s.Write(ctx, key("n"), record(0, "the data"))
	}}
)

// named are the methods of these names.
func named(names ...string) []method {
	return slices.DeleteFunc(slices.Clone(methods), func(m method) bool { return !slices.Contains(names, m.name) })
}

// holds fails the test if the record under key is not this one.
func holds(t *testing.T, s *redisstore.Store, key, data string, version uint64) {
	t.Helper()
	rec, err := s.Read(t.Context(), key)
	if err != nil || string(rec.Data) != data || rec.Version != version {
		t.Errorf("got %q, version %d, %v; want %q, version %d", rec.Data, rec.Version, err, data, version)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// together runs fn in n goroutines at the same time.
func together(n int, fn func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fn(i) })
	}
	wg.Wait()
}
