package redisstore_test

import (
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

func Test_that_a_client_that_would_hang_or_forget_is_refused(t *testing.T) {
	single := func(obeys bool) *redis.Client {
		return redis.NewClient(&redis.Options{ContextTimeoutEnabled: obeys})
	}
	cluster := func(obeys bool) *redis.ClusterClient {
		return redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: obeys})
	}
	custom := struct{ redis.UniversalClient }{single(false)}
	hasty := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, ReadTimeout: time.Second})
	hastyCluster := redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, ReadTimeout: 50 * time.Millisecond})
	endless := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, ReadTimeout: -1})
	for _, tc := range []struct {
		desc   string
		client redis.UniversalClient
		opts   redisstore.Options
		want   string // part of the error; "" = none
	}{
		{"no client", nil, redisstore.Options{}, "nil"},
		{"a nil pointer", (*redis.Client)(nil), redisstore.Options{}, "nil"},
		{"a nil pointer for a cluster", (*redis.ClusterClient)(nil), redisstore.Options{}, "nil"},
		{"one that ignores deadlines", single(false), redisstore.Options{}, "ContextTimeoutEnabled: true"},
		{"one that obeys them", single(true), redisstore.Options{}, ""},
		{"one of a cluster that ignores deadlines", cluster(false), redisstore.Options{}, "ContextTimeoutEnabled: true"},
		{"one of a cluster that obeys them", cluster(true), redisstore.Options{}, ""},
		{"one of a cluster that reads from replicas", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, ReadOnly: true}), redisstore.Options{}, "leave ReadOnly"},
		{"one that reads from whoever is near", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, RouteByLatency: true}), redisstore.Options{}, "leave ReadOnly"},
		{"one of another type", custom, redisstore.Options{}, ""},
		{"a ring", redis.NewRing(&redis.RingOptions{ContextTimeoutEnabled: true}), redisstore.Options{}, "Ring"},
		{"fewer than no replicas", single(true), redisstore.Options{MinReplicas: -1}, "MinReplicas is -1"},
		{"all that is wrong, at once", single(false), redisstore.Options{MinReplicas: -1}, "ContextTimeoutEnabled: true in its options\nredisstore: Options.MinReplicas is -1"},
		{"no client, and fewer than no replicas", (*redis.Client)(nil), redisstore.Options{MinReplicas: -1}, "make one, by redis.NewClient say\nredisstore: Options.MinReplicas is -1"},
		{"a ring, and fewer than no replicas", redis.NewRing(&redis.RingOptions{ContextTimeoutEnabled: true}), redisstore.Options{MinReplicas: -1}, "Options.MinReplicas is -1"},
		{"one that sends nothing", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, MaxRetries: -2}), redisstore.Options{}, "write -1"},
		{"one that sends each command once", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, MaxRetries: -1}), redisstore.Options{}, ""},
		{"one of a cluster that asks no node", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, MaxRedirects: -2}), redisstore.Options{}, "write -1"},
		{"one of a cluster whose nodes are sent nothing", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, MaxRetries: -2}), redisstore.Options{}, "write -1"},
		{"one of a cluster that asks once", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, MaxRedirects: -1, MaxRetries: -1}), redisstore.Options{}, ""},
		{"one whose reads no deadline ends", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, ReadTimeout: -2, WriteTimeout: time.Second}), redisstore.Options{}, "write -1"},
		{"one whose writes no deadline ends", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, WriteTimeout: -2}), redisstore.Options{}, "write -1"},
		{"one without limits of its own", redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, ReadTimeout: -1, WriteTimeout: -1}), redisstore.Options{}, ""},
		{"one of a cluster whose reads no deadline ends", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, ReadTimeout: -2, WriteTimeout: time.Second}), redisstore.Options{}, "write -1"},
		{"one of a cluster whose writes no deadline ends", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, WriteTimeout: -2}), redisstore.Options{}, "write -1"},
		{"one of a cluster without limits of its own", redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, ReadTimeout: -1, WriteTimeout: -1}), redisstore.Options{}, ""},
		{"replicas of one of another type", custom, redisstore.Options{MinReplicas: 1}, "MinReplicas"},
		{"replicas", single(true), redisstore.Options{MinReplicas: 1}, ""},
		{"replicas in a cluster", cluster(true), redisstore.Options{MinReplicas: 1}, ""},
		{"replicas of one that waits no longer than for them", hasty, redisstore.Options{MinReplicas: 1}, "ReadTimeout is 1s"},
		{"replicas of one of a cluster that waits less", hastyCluster, redisstore.Options{MinReplicas: 1}, "ReadTimeout is 50ms"},
		{"replicas of one that waits for ever", endless, redisstore.Options{MinReplicas: 1}, ""},
		{"no replicas of one that waits a second", hasty, redisstore.Options{}, ""},
	} {
		store, err := redisstore.New(tc.client, tc.opts)
		switch {
		case tc.want == "" && (err != nil || store == nil):
			t.Errorf("%s: got %v; want none", tc.desc, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: got %v; want an error that says %s", tc.desc, err, tc.want)
		}
	}
}

// rights are the rights that a user needs, according to the documentation.
func rights(t *testing.T) []string {
	t.Helper()
	doc, err := os.ReadFile("redisstore.go")
	ok(t, err)
	_, text, _ := strings.Cut(string(doc), "ACL SETUSER app ON >password ")
	text, _, found := strings.Cut(text, "//\n")
	if !found {
		t.Fatal("the documentation says nothing of rights")
	}
	return strings.Fields(strings.ReplaceAll(text, "//", ""))
}

func Test_that_the_documented_rights_are_enough_and_none_is_too_many(t *testing.T) {
	server := start(t)
	store := newStore(t, clientOf(t, server, func(opts *redis.Options) {
		opts.Username, opts.Password, opts.MaxRetries = "app", "password", -1
	}), redisstore.Options{})
	all := rights(t)
	check := func(rights []string) error {
		_, err := server.Do(append([]string{"acl", "setuser", "app", "reset", "on", ">password"}, rights...)...)
		ok(t, err)
		_, err = server.Do("script", "flush")
		ok(t, err)
		return store.Check(t.Context())
	}
	if err := check(all); err != nil {
		t.Errorf("they are not enough: %v", err)
	}
	// Check meets no conflict, and the scripts use more commands if there is one.
	ok(t, store.Write(t.Context(), key("k"), record(0, "one")))
	ok(t, store.Write(t.Context(), key("k"), record(1, "two")))
	for method, err := range map[string]error{
		"create":  store.Write(t.Context(), key("k"), record(0, "three")),
		"write":   store.Write(t.Context(), key("k"), record(1, "three")),
		"destroy": store.Destroy(t.Context(), key("k"), 1),
	} {
		var conflict *session.ConflictError
		if !errors.As(err, &conflict) || string(conflict.Current.Data) != "two" {
			t.Errorf("%s of an old version: got %v; want a ConflictError with the record", method, err)
		}
	}
	for i, right := range all {
		err := check(slices.Delete(slices.Clone(all), i, i+1))
		if !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("without %s: got %v; want ErrUnavailable", right, err)
		}
	}
}

func Test_that_check_leaves_nothing_that_stays(t *testing.T) {
	client := clientOf(t, start(t), nil)
	store := newStore(t, client, redisstore.Options{})
	ok(t, store.Check(t.Context()))
	for _, key := range keysOf(t, client, "") {
		if life, err := client.PTTL(t.Context(), key).Result(); err != nil || life < 0 || life > 5*time.Minute {
			t.Errorf("a key is left, for %v, %v", life, err)
		}
	}
}

func Test_that_check_warns_of_a_server_that_evicts(t *testing.T) {
	server := start(t)
	for policy, warns := range map[string]bool{"noeviction": false, "allkeys-lru": true, "volatile-ttl": true} {
		_, err := server.Do("config", "set", "maxmemory-policy", policy)
		ok(t, err)
		var log strings.Builder
		store := newStore(t, clientOf(t, server, nil), redisstore.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		ok(t, store.Check(t.Context()))
		if got := strings.Contains(log.String(), policy); got != warns {
			t.Errorf("%s: the log says %q", policy, log.String())
		}
	}
}

func Test_that_check_warns_of_each_master_of_a_cluster_that_evicts(t *testing.T) {
	policies := []string{"allkeys-lru", "noeviction", "volatile-ttl"}
	var masters []*servers.RedisServer
	for _, policy := range policies {
		masters = append(masters, start(t, "--maxmemory-policy", policy))
	}
	var log strings.Builder
	store := newStore(t, spread(t, masters...), redisstore.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	ok(t, store.Check(t.Context()))
	for _, policy := range policies {
		want := 1
		if policy == "noeviction" {
			want = 0
		}
		if got := strings.Count(log.String(), "policy="+policy); got != want {
			t.Errorf("%d warnings of %s; want %d", got, policy, want)
		}
	}
}
