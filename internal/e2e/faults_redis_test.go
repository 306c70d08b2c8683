package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

// durable is a Redis that has on disk what it acknowledges.
var durable = []string{"--appendonly", "yes", "--appendfsync", "always"}

// startRedis starts a server that the test may harm.
func startRedis(t *testing.T, args ...string) *servers.RedisServer {
	t.Helper()
	server, err := servers.Redis(args...)
	ok(t, err)
	t.Cleanup(server.Close)
	return server
}

// redisClient gives up on a server that hangs before the session manager does.
func redisClient(t *testing.T, server *servers.RedisServer) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{
		Addr: server.Addr, ContextTimeoutEnabled: true,
		DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: 1,
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// newRedisSite is a site with its sessions in Redis.
func newRedisSite(t *testing.T, client redis.UniversalClient, opts redisstore.Options) *site {
	t.Helper()
	store, err := redisstore.New(client, opts)
	ok(t, err)
	return newSite(t, session.Config{Store: store})
}

func Test_that_a_site_endures_what_happens_to_its_Redis(t *testing.T) {
	t.Parallel()
	type server = servers.RedisServer
	for name, tc := range map[string]struct {
		args       []string
		begin, end func(*server) error
		works      []click
		late       bool
	}{
		"it crashes, and is started again": {
			args:  durable,
			begin: func(r *server) error { r.Kill(); return nil },
			end:   (*server).Restart,
		},
		"it hangs": {
			begin: (*server).Freeze,
			end:   (*server).Thaw,
			late:  true,
		},
		"its memory is full": {
			begin: does("config", "set", "maxmemory", "1"),
			end:   does("config", "set", "maxmemory", "0"),
			works: []click{look, logOut},
		},
		"its disk is full": {
			args:  []string{"--dbfilename", "taken"},
			begin: cannotSave,
			end:   canSave,
			works: []click{look},
		},
		"it has become a replica, and is promoted": {
			begin: func(r *server) error { return becomesReplica(t, r) },
			end:   does("replicaof", "no", "one"),
		},
		"it misses its replicas": {
			begin: does("config", "set", "min-replicas-to-write", "1"),
			end:   does("config", "set", "min-replicas-to-write", "0"),
			works: []click{look},
		},
		"it takes the rights away": {
			begin: does("acl", "setuser", "default", "-evalsha", "-set"),
			end:   does("acl", "setuser", "default", "+evalsha", "+set"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRedis(t, tc.args...)
			newRedisSite(t, redisClient(t, r), redisstore.Options{}).endures(t, outage{
				begin: func() error { return tc.begin(r) },
				end:   func() error { return tc.end(r) },
				works: tc.works,
				late:  tc.late,
			})
		})
	}
}

func does(command ...string) func(*servers.RedisServer) error {
	return func(r *servers.RedisServer) error {
		_, err := r.Do(command...)
		return err
	}
}

// cannotSave puts a directory where the server wants to save its data. The server refuses changes
// once it notices.
func cannotSave(r *servers.RedisServer) error {
	path, err := pathOfDump(r)
	return errors.Join(err, os.RemoveAll(path), os.Mkdir(path, 0o700), does("config", "set", "save", "3600 1")(r), saves(r, "err"))
}

func canSave(r *servers.RedisServer) error {
	path, err := pathOfDump(r)
	return errors.Join(err, os.Remove(path), saves(r, "ok"))
}

func pathOfDump(r *servers.RedisServer) (string, error) {
	answer, err := r.Do("config", "get", "dir")
	return filepath.Join(strings.TrimPrefix(answer, "dir\n"), "taken"), err
}

// saves makes the server save its data, and waits for this outcome.
func saves(r *servers.RedisServer, outcome string) error {
	return errors.Join(does("bgsave")(r), info(r, "persistence", "rdb_last_bgsave_status:"+outcome))
}

// becomesReplica makes a server the replica of another one that has all of its data.
func becomesReplica(t *testing.T, r *servers.RedisServer) error {
	primary, err := r.Replica()
	if err != nil {
		return err
	}
	t.Cleanup(primary.Close)
	host, port, _ := strings.Cut(primary.Addr, ":")
	return errors.Join(
		does("replicaof", "no", "one")(primary),
		does("replicaof", host, port)(r),
		info(r, "replication", "master_link_status:up"),
	)
}

// info waits until the server's INFO contains this.
func info(r *servers.RedisServer, section, want string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		text, err := r.Do("info", section)
		if err != nil || strings.Contains(text, want) {
			return err
		}
		if !rest(ctx) {
			return fmt.Errorf("no %s in\n%s", want, text)
		}
	}
}

func Test_that_nothing_acknowledged_is_lost_with_a_Redis_that_keeps_its_data(t *testing.T) {
	t.Parallel()
	r := startRedis(t, durable...)
	site := newRedisSite(t, redisClient(t, r), redisstore.Options{})
	refusals := underLoad(t, site.newCustomers(t, 4), func(l *load) {
		l.isRefusedAfter(t, r.Kill)
		ok(t, r.Restart())
	})
	t.Logf("%d refusals", refusals)
}

func Test_that_scripts_are_forgotten_unnoticed(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	client := redisClient(t, r)
	site := newRedisSite(t, client, redisstore.Options{})
	customers := site.newCustomers(t, 4)
	refusals := underLoad(t, customers, func(l *load) {
		for range 30 {
			ok(t, client.ScriptFlush(t.Context()).Err())
			l.goesOn(t, customers[:1])
		}
	})
	if refusals > 0 {
		t.Errorf("%d refusals; want none", refusals)
	}
}

// Redis has lost its data, so the sessions have ended. A request that had already read one of them
// counts as having come just before, but must not bring the session back.
func Test_that_sessions_that_Redis_lost_stay_lost(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	site := newRedisSite(t, redisClient(t, r), redisstore.Options{})
	for _, what := range clicks {
		v, bystander := site.newCustomer(t), site.newCustomer(t)
		site.meanwhile(func(echo.Context) {
			if err := r.Restart(); err != nil {
				t.Error(err)
			}
		})
		answer, err := site.answer(t.Context(), v.cookie, what)
		if err != nil || answer.header["Set-Cookie"] != nil && what != logOut {
			t.Errorf("%v: %v, %v", what, answer.unexpected(), err)
		}
		if n := sessionsIn(t, r); n != 0 {
			t.Errorf("after %v: %d sessions in Redis; want none", what, n)
		}
		for _, v := range []*customer{v, bystander} {
			if err := v.insists(look); !errors.Is(err, errStranger) {
				t.Errorf("after %v: %v; want %v", what, err, errStranger)
			}
			ok(t, v.insists(logIn))
		}
	}
	if n := site.dropped.Load(); n == 0 {
		t.Error("nobody was told of changes that were dropped")
	}
}

// sessionsIn counts the records in a Redis. A tombstone does not begin with a version.
func sessionsIn(t *testing.T, r *servers.RedisServer) (n int) {
	t.Helper()
	keys, err := r.Do("keys", "*:s:*")
	ok(t, err)
	for key := range strings.FieldsSeq(keys) {
		first, err := r.Do("getrange", key, "0", "0")
		ok(t, err)
		if first != "!" {
			n++
		}
	}
	return n
}
