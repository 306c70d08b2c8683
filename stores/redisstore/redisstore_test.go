package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// trips is a hook that counts the client's round trips and notes the commands.
type trips struct {
	mu    sync.Mutex
	count int
	sent  [][]any
}

func (h *trips) add(cmds ...redis.Cmder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	for _, cmd := range cmds {
		h.sent = append(h.sent, cmd.Args())
	}
}

func (h *trips) take() (count int, sent [][]any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	count, sent = h.count, h.sent
	h.count, h.sent = 0, nil
	return count, sent
}

func (h *trips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.add(cmd)
		return next(ctx, cmd)
	}
}

func (h *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		h.add(cmds...)
		return next(ctx, cmds)
	}
}

func Test_that_each_method_is_one_round_trip_with_one_key(t *testing.T) {
	primary := start(t)
	replica, err := primary.Replica()
	ok(t, err)
	t.Cleanup(replica.Close)

	for desc, opts := range map[string]redisstore.Options{
		"alone":         {Prefix: "alone:"},
		"with replicas": {Prefix: "with:", MinReplicas: 1},
	} {
		hook := &trips{}
		client := clientOf(t, primary, nil)
		store := newStore(t, client, opts)
		ctx := t.Context()
		ok(t, store.Check(ctx)) // the server learns the scripts
		ok(t, store.Write(ctx, key("k"), record(0, "one")))
		ok(t, store.Write(ctx, key("c"), record(0, "one")))
		ok(t, store.Write(ctx, key("d"), record(0, "one")))
		client.AddHook(hook)

		for _, m := range slices.Concat(methods, []method{
			{"Read what is missing", func(ctx context.Context, s *redisstore.Store) error { _, err := s.Read(ctx, key("m")); return err }},
			{"Write with a conflict", func(ctx context.Context, s *redisstore.Store) error { return s.Write(ctx, key("c"), record(7, "two")) }},
			{"Write what is missing", func(ctx context.Context, s *redisstore.Store) error { return s.Write(ctx, key("m"), record(7, "two")) }},
			{"Write what has expired", func(ctx context.Context, s *redisstore.Store) error {
				return s.Write(ctx, key("m"), session.Record{Expires: time.Now().Add(-time.Hour)})
			}},
			{"Destroy with a conflict", func(ctx context.Context, s *redisstore.Store) error { return s.Destroy(ctx, key("c"), 7) }},
			{"Destroy any version", func(ctx context.Context, s *redisstore.Store) error { return s.Destroy(ctx, key("d"), 0) }},
			{"Touch what is missing", func(ctx context.Context, s *redisstore.Store) error { return s.Touch(ctx, key("m"), inAnHour()) }},
		}) {
			hook.expect(t, desc, store, m, "evalsha")
		}
		hook.expect(t, desc, store, creating, "set")
		hook.expect(t, desc+", again", store, creating, "set", "evalsha")
	}
}

// expect calls a method, and wants one trip for each of these commands, not counting WAIT. A script
// must be loaded already, and must have one key.
func (h *trips) expect(t *testing.T, desc string, store *redisstore.Store, m method, want ...string) {
	t.Helper()
	if err := m.call(t.Context(), store); errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%s, %s: %v", desc, m.name, err)
	}
	count, sent := h.take()
	var got []string
	for _, args := range sent {
		if args[0] == "evalsha" && fmt.Sprint(args[2]) != "1" {
			t.Errorf("%s, %s: a script has %v keys; want 1", desc, m.name, args[2])
		}
		if args[0] != "WAIT" {
			got = append(got, fmt.Sprint(args[0]))
		}
	}
	if count != len(want) || !slices.Equal(got, want) {
		t.Errorf("%s, %s: %d round trips, with %v; want %v", desc, m.name, count, got, want)
	}
}

func Test_that_a_cluster_is_not_asked_for_its_commands(t *testing.T) {
	primary := start(t)
	replica, err := primary.Replica()
	ok(t, err)
	t.Cleanup(replica.Close)
	for _, replicas := range []int{0, 1} {
		hook := &trips{}
		client := spread(t, primary)
		client.OnNewNode(func(node *redis.Client) { node.AddHook(hook) })
		store := newStore(t, client, redisstore.Options{MinReplicas: replicas})
		ok(t, store.Check(t.Context())) // calls all methods but one
		_, err := list(t.Context(), store)
		ok(t, err)
		_, sent := hook.take()
		if len(sent) == 0 {
			t.Fatal("the hook sees nothing")
		}
		for _, args := range sent {
			if args[0] == "command" {
				t.Errorf("with %d replicas, it is", replicas)
			}
		}
	}
}

func Test_that_nothing_is_asked_for_somebody_who_has_given_up(t *testing.T) {
	client := clientOf(t, shared, nil)
	hook := &trips{}
	client.AddHook(hook)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, opts := range []redisstore.Options{{}, {MinReplicas: 1}} {
		store := newStore(t, client, opts)
		for _, m := range methods {
			if err := m.call(ctx, store); !errors.Is(err, context.Canceled) || errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s: got %v; want context.Canceled alone", m.name, err)
			}
			if count, _ := hook.take(); count != 0 {
				t.Errorf("%s: %d round trips; want 0", m.name, count)
			}
		}
	}
}

func Test_that_a_conflict_brings_the_current_record(t *testing.T) {
	store, _, _ := sharedStore(t)
	ctx := t.Context()
	ok(t, store.Write(ctx, key("k"), record(0, "one")))
	ok(t, store.Write(ctx, key("k"), record(1, "two")))
	for name, err := range map[string]error{
		"create":  store.Write(ctx, key("k"), record(0, "three")),
		"replace": store.Write(ctx, key("k"), record(1, "three")),
		"destroy": store.Destroy(ctx, key("k"), 1),
	} {
		var conflict *session.ConflictError
		if !errors.As(err, &conflict) {
			t.Errorf("%s: got %v; want a ConflictError", name, err)
			continue
		}
		got, life := conflict.Current, time.Until(conflict.Current.Expires)
		if string(got.Data) != "two" || got.Version != 2 || life > time.Hour || life < 30*time.Minute {
			t.Errorf("%s: got %q, version %d, for %v", name, got.Data, got.Version, life)
		}
	}
}

func Test_that_a_clock_that_is_wrong_neither_lengthens_nor_shortens_a_session(t *testing.T) {
	client, prefix := clientOf(t, shared, nil), prefix(t)
	for _, wrong := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		now := func() time.Time { return time.Now().Add(wrong) }
		store := newStore(t, client, redisstore.Options{Prefix: prefix, Now: now})
		name := key(wrong.String())
		ok(t, store.Write(t.Context(), name, session.Record{Expires: now().Add(time.Hour)}))
		ok(t, store.Tag(t.Context(), name, name, now().Add(time.Hour)))
		for kind, key := range map[string]string{"session": prefix + "s:" + name, "tag": prefix + "t:" + name} {
			if life, err := client.PTTL(t.Context(), key).Result(); err != nil || life > time.Hour || life < 30*time.Minute {
				t.Errorf("%v off: the %s lives for %v, %v; want an hour", wrong, kind, life, err)
			}
		}
		rec, err := store.Read(t.Context(), name)
		if life := rec.Expires.Sub(now()); err != nil || life > time.Hour || life < 30*time.Minute {
			t.Errorf("%v off: read says %v, %v; want an hour", wrong, life, err)
		}
	}
}

func Test_that_versions_are_exact(t *testing.T) {
	store, client, prefix := sharedStore(t)
	for _, version := range []uint64{10, 1 << 53, 1<<53 + 1, math.MaxInt64, math.MaxUint64 - 1} {
		name := key(strconv.FormatUint(version, 10))
		ok(t, store.Write(t.Context(), name, record(0, "one")))
		ok(t, client.Set(t.Context(), prefix+"s:"+name, fmt.Sprintf("%d\none", version), time.Hour).Err())
		for _, other := range []uint64{version - 1, version / 10} {
			if err := store.Write(t.Context(), name, record(other, "two")); !errors.Is(err, session.ErrConflict) {
				t.Errorf("%d passes for %d: %v", other, version, err)
			}
			if err := store.Destroy(t.Context(), name, other); !errors.Is(err, session.ErrConflict) {
				t.Errorf("a destroy of %d passes for %d: %v", other, version, err)
			}
		}
		ok(t, store.Write(t.Context(), name, record(version, "two")))
		holds(t, store, name, "two", version+1)
	}
}

// The next release reads what this one has written.
func Test_that_a_session_is_its_version_and_its_data(t *testing.T) {
	store, client, prefix := sharedStore(t)
	ctx, at := t.Context(), prefix+"s:"+key("k")
	stored := func(want string) {
		t.Helper()
		if got := client.Get(ctx, at).Val(); got != want {
			t.Errorf("%q is stored; want %q", got, want)
		}
	}
	for version, data := range []string{"", "one\ntwo", "!", "\x00\r\n\xff", "5\n"} {
		ok(t, store.Write(ctx, key("k"), record(uint64(version), data)))
		stored(fmt.Sprintf("%d\n%s", version+1, data))
		holds(t, store, key("k"), data, uint64(version+1))
	}
	ok(t, store.Destroy(ctx, key("k"), 5))
	if got := client.Get(ctx, at).Val(); len(got) < 20 || got[0] != '!' {
		t.Errorf("a destroy leaves %q; want an exclamation mark and a name", got)
	}
}

func Test_what_a_write_does_whose_record_has_expired_already(t *testing.T) {
	store, client, prefix := sharedStore(t)
	ctx := t.Context()
	write := func(name string, version uint64) error {
		return store.Write(ctx, key(name), session.Record{Version: version, Expires: time.Now().Add(-time.Hour)})
	}
	ok(t, write("k", 0))
	if n := client.Exists(ctx, prefix+"s:"+key("k")).Val(); n != 0 {
		t.Error("a record has been created")
	}
	ok(t, store.Write(ctx, key("k"), record(0, "one")))
	if err := write("k", 0); !errors.Is(err, session.ErrConflict) {
		t.Errorf("create over a record: got %v; want ErrConflict", err)
	}
	holds(t, store, key("k"), "one", 1)
	ok(t, write("k", 1))
	if n := client.Exists(ctx, prefix+"s:"+key("k")).Val(); n != 0 {
		t.Error("the record is still there")
	}
	ok(t, store.Write(ctx, key("k"), record(0, "two")))
	ok(t, store.Destroy(ctx, key("k"), 1))
	if err := write("k", 0); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("create after a destroy: got %v; want ErrNotFound", err)
	}
}

func Test_that_nothing_stays_for_ever(t *testing.T) {
	store, client, prefix := sharedStore(t)
	ctx := t.Context()
	together(8, func(worker int) {
		for i := range 200 {
			name := key(fmt.Sprint("k", (worker*31+i*17)%23))
			switch i % 7 {
			case 0, 1:
				_ = store.Write(ctx, name, record(0, "data"))
			case 2:
				if rec, err := store.Read(ctx, name); err == nil {
					_ = store.Write(ctx, name, record(rec.Version, "more"))
				}
			case 3:
				_ = store.Touch(ctx, name, inAnHour())
			case 4:
				_ = store.Tag(ctx, tag(fmt.Sprint(i%3)), name, time.Now().Add(time.Duration(i%5)*time.Minute))
			case 5:
				if rec, err := store.Read(ctx, name); err == nil {
					_ = store.Destroy(ctx, name, rec.Version)
				}
			case 6:
				_, _ = store.Revoke(ctx, tag(fmt.Sprint(i%3)))
			}
		}
	})
	ok(t, store.Write(ctx, key("last"), record(0, "one")))
	ok(t, store.Destroy(ctx, key("last"), 1)) // leaves a tombstone
	keys := keysOf(t, client, prefix)
	if !slices.Contains(keys, prefix+"s:"+key("last")) {
		t.Error("a destroyed session has left no mark; this test does not see all there is")
	}
	for _, key := range keys {
		if life, err := client.PTTL(ctx, key).Result(); err != nil || life < 0 && life != -2 { // gone meanwhile
			t.Errorf("a key lives for %v, %v", life, err)
		}
	}
}

func Test_that_a_tag_lives_as_long_as_its_last_entry(t *testing.T) {
	store, client, prefix := sharedStore(t)
	for _, minutes := range []time.Duration{10, 60, 20} {
		ok(t, store.Tag(t.Context(), tag("t"), key(minutes.String()), time.Now().Add(minutes*time.Minute)))
	}
	life, err := client.PTTL(t.Context(), prefix+"t:"+tag("t")).Result()
	if err != nil || life > time.Hour || life < 30*time.Minute {
		t.Errorf("got %v, %v; want an hour", life, err)
	}
}

func Test_that_an_expired_entry_is_removed_and_not_just_hidden(t *testing.T) {
	store, client, prefix := sharedStore(t)
	ctx := t.Context()
	for i := range 100 {
		ok(t, store.Tag(ctx, tag("t"), key(fmt.Sprint(i)), inAnHour()))
	}
	ok(t, store.Tag(ctx, tag("t"), key("stays"), time.Now().Add(3*time.Hour)))
	age(t, client, prefix, 2*time.Hour)
	ok(t, store.Tag(ctx, tag("t"), key("new"), inAnHour()))
	if n, err := client.ZCard(ctx, prefix+"t:"+tag("t")).Result(); err != nil || n != 2 {
		t.Errorf("%d entries are stored, %v; want 2", n, err)
	}
}

func Test_that_stores_with_different_prefixes_do_not_meet(t *testing.T) {
	client := clientOf(t, start(t), nil)
	one, two := newStore(t, client, redisstore.Options{}), newStore(t, client, redisstore.Options{Prefix: "two:"})
	ok(t, one.Write(t.Context(), key("k"), record(0, "one")))
	if _, err := two.Read(t.Context(), key("k")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("got %v; want ErrNotFound", err)
	}
	if got := keysOf(t, client, "session:"); len(got) != 1 {
		t.Errorf("%v begin with the default prefix; want one", got)
	}
}

func Test_that_what_is_not_a_session_is_an_error_and_not_not_found(t *testing.T) {
	store, client, prefix := sharedStore(t)
	ctx, at := t.Context(), prefix+"s:"+key("k")
	text := func(value string) func() error {
		return func() error { return client.Set(ctx, at, value, time.Hour).Err() }
	}
	for desc, plant := range map[string]func() error{
		"a string":                text("x"),
		"a version of words":      text("one\nx"),
		"no version":              text("\nx"),
		"version 0":               text("0\nx"),
		"a version that is large": text("18446744073709551616\nx"),
		"a version without data":  text("1"),
		"a record for ever after": func() error { return client.Set(ctx, at, "1\nx", 0).Err() },
		"a hash":                  func() error { return client.HSet(ctx, at, "v", "1", "d", "x").Err() },
		"a list":                  func() error { return client.LPush(ctx, at, "1\nx").Err() },
	} {
		ok(t, client.Del(ctx, at).Err())
		ok(t, plant())
		_, renew := store.Renew(ctx, key("k"), inAnHour(), inAnHour())
		_, read := store.Read(ctx, key("k"))
		for method, err := range map[string]error{
			"read":    read,
			"renew":   renew,
			"write":   store.Write(ctx, key("k"), record(5, "data")),
			"create":  store.Write(ctx, key("k"), record(0, "data")),
			"destroy": store.Destroy(ctx, key("k"), 5),
		} {
			if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrConflict) {
				t.Errorf("%s: %s: got %v; want ErrUnavailable alone", desc, method, err)
			}
			if err != nil && strings.Contains(err.Error(), key("k")) {
				t.Errorf("%s: %s: the key is in %q", desc, method, err)
			}
		}
	}
}

// FuzzRead reads anything that may be stored: the result must be a record, no record, or an honest
// error.
func FuzzRead(f *testing.F) {
	client := clientOf(f, shared, nil)
	store := newStore(f, client, redisstore.Options{Prefix: "fuzz:"})
	f.Add("1\ndata")
	f.Add("18446744073709551616\n")
	f.Add("-1\ndata")
	f.Add(" 1")
	f.Add("!CALL")
	f.Fuzz(func(t *testing.T, value string) {
		ctx, at := t.Context(), "fuzz:s:"+key("k")
		ok(t, client.Set(ctx, at, value, time.Hour).Err())
		rec, err := store.Read(ctx, key("k"))
		switch {
		case err == nil && strings.TrimLeft(value, "0") != fmt.Sprintf("%d\n%s", rec.Version, rec.Data):
			t.Errorf("got version %d, %q", rec.Version, rec.Data)
		case errors.Is(err, session.ErrNotFound) != strings.HasPrefix(value, "!"):
			t.Errorf("got %v", err)
		case err != nil && !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrUnavailable):
			t.Errorf("got %v", err)
		}
	})
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

func Test_that_a_tag_whose_only_entry_is_revoked_still_has_a_time_to_live(t *testing.T) {
	store, client, prefix := sharedStore(t)
	ok(t, store.Tag(t.Context(), tag("t"), key("k"), inAnHour()))
	_, err := store.Revoke(t.Context(), tag("t"))
	ok(t, err)
	for _, name := range keysOf(t, client, prefix) {
		if life := client.PTTL(t.Context(), name).Val(); life <= 0 {
			t.Errorf("its time to live is %v", life)
		}
	}
}
