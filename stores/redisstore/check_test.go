package redisstore_test

import (
	"errors"
	"log"
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
	single := func(o redis.Options) *redis.Client {
		o.ContextTimeoutEnabled = true
		return redis.NewClient(&o)
	}
	cluster := func(o redis.ClusterOptions) *redis.ClusterClient {
		o.ContextTimeoutEnabled = true
		return redis.NewClusterClient(&o)
	}
	custom := struct{ redis.UniversalClient }{redis.NewClient(&redis.Options{})}
	for _, tc := range []struct {
		desc     string
		client   redis.UniversalClient
		replicas int    // MinReplicas
		want     string // part of the error; "" = none
	}{
		{"no client", nil, 0, "nil"},
		{"a nil pointer", (*redis.Client)(nil), 0, "nil"},
		{"a nil pointer for a cluster", (*redis.ClusterClient)(nil), 0, "nil"},
		{"one that ignores deadlines", redis.NewClient(&redis.Options{}), 0, "ContextTimeoutEnabled: true"},
		{"one that obeys them", single(redis.Options{}), 0, ""},
		{"one of a cluster that ignores deadlines", redis.NewClusterClient(&redis.ClusterOptions{}), 0, "ContextTimeoutEnabled: true"},
		{"one of a cluster that obeys them", cluster(redis.ClusterOptions{}), 0, ""},
		{"one of a cluster that reads from replicas", cluster(redis.ClusterOptions{ReadOnly: true}), 0, "leave ReadOnly"},
		{"one that reads from whoever is near", cluster(redis.ClusterOptions{RouteByLatency: true}), 0, "leave ReadOnly"},
		{"one of another type", custom, 0, ""},
		{"a ring", redis.NewRing(&redis.RingOptions{ContextTimeoutEnabled: true}), 0, "Ring"},
		{"fewer than no replicas", single(redis.Options{}), -1, "MinReplicas is -1"},
		{"all that is wrong, at once", redis.NewClient(&redis.Options{}), -1, "ContextTimeoutEnabled: true in its options\nredisstore: Options.MinReplicas is -1"},
		{"no client, and fewer than no replicas", (*redis.Client)(nil), -1, "make one, by redis.NewClient say\nredisstore: Options.MinReplicas is -1"},
		{"a ring, and fewer than no replicas", redis.NewRing(&redis.RingOptions{ContextTimeoutEnabled: true}), -1, "Options.MinReplicas is -1"},
		{"one that sends nothing", single(redis.Options{MaxRetries: -2}), 0, "write -1"},
		{"one that sends each command once", single(redis.Options{MaxRetries: -1}), 0, ""},
		{"one of a cluster that asks no node", cluster(redis.ClusterOptions{MaxRedirects: -2}), 0, "write -1"},
		{"one of a cluster whose nodes are sent nothing", cluster(redis.ClusterOptions{MaxRetries: -2}), 0, "write -1"},
		{"one of a cluster that asks once", cluster(redis.ClusterOptions{MaxRedirects: -1, MaxRetries: -1}), 0, ""},
		{"one whose reads no deadline ends", single(redis.Options{ReadTimeout: -2, WriteTimeout: time.Second}), 0, "write -1"},
		{"one whose writes no deadline ends", single(redis.Options{WriteTimeout: -2}), 0, "write -1"},
		{"one without limits of its own", single(redis.Options{ReadTimeout: -1, WriteTimeout: -1}), 0, ""},
		{"one of a cluster whose reads no deadline ends", cluster(redis.ClusterOptions{ReadTimeout: -2, WriteTimeout: time.Second}), 0, "write -1"},
		{"one of a cluster whose writes no deadline ends", cluster(redis.ClusterOptions{WriteTimeout: -2}), 0, "write -1"},
		{"one of a cluster without limits of its own", cluster(redis.ClusterOptions{ReadTimeout: -1, WriteTimeout: -1}), 0, ""},
		{"replicas of one of another type", custom, 1, "MinReplicas"},
		{"replicas", single(redis.Options{}), 1, ""},
		{"replicas in a cluster", cluster(redis.ClusterOptions{}), 1, ""},
		{"replicas of one that waits no longer than for them", single(redis.Options{ReadTimeout: time.Second}), 1, "ReadTimeout is 1s"},
		{"replicas of one of a cluster that waits less", cluster(redis.ClusterOptions{ReadTimeout: 50 * time.Millisecond}), 1, "ReadTimeout is 50ms"},
		{"replicas of one that waits for ever", single(redis.Options{ReadTimeout: -1}), 1, ""},
		{"no replicas of one that waits a second", single(redis.Options{ReadTimeout: time.Second}), 0, ""},
	} {
		store, err := redisstore.New(tc.client, redisstore.Options{MinReplicas: tc.replicas})
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
	ended := record(1, "two")
	ended.Expires = time.Now().Add(-time.Second)
	ok(t, store.Write(t.Context(), key("ended"), record(0, "one")))
	ok(t, store.Write(t.Context(), key("ended"), ended))
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

func Test_that_the_default_logger_may_be_set_later(t *testing.T) {
	store := newStore(t, clientOf(t, start(t, "--maxmemory-policy", "allkeys-lru"), nil), redisstore.Options{})

	var logged strings.Builder
	was, writer, flags := slog.Default(), log.Writer(), log.Flags() // SetDefault changes them, too
	defer func() { slog.SetDefault(was); log.SetOutput(writer); log.SetFlags(flags) }()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))

	ok(t, store.Check(t.Context()))
	if got := logged.String(); !strings.Contains(got, "level=WARN") {
		t.Errorf("logged %q; want a warning", got)
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
