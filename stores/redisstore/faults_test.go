package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

// fault happens to the next answer of a server, once. The command it answers has been executed.
type fault struct {
	next atomic.Pointer[func(answer []byte) ([]byte, error)]
}

func (f *fault) arm(do func(answer []byte) ([]byte, error)) { f.next.Store(&do) }

// happened says whether the fault has happened.
func (f *fault) happened() bool { return f.next.Load() == nil }

func (f *fault) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &faultyConn{Conn: conn, fault: f}, err
}

type faultyConn struct {
	net.Conn
	fault  *fault
	broken error // then it stays broken
}

func (c *faultyConn) Read(p []byte) (int, error) {
	if c.broken != nil {
		return 0, c.broken
	}
	n, err := c.Conn.Read(p)
	do := c.fault.next.Swap(nil)
	if err != nil || do == nil {
		return n, err
	}
	var answer []byte
	answer, c.broken = (*do)(p[:n])
	return copy(p, answer), c.broken
}

func lost([]byte) ([]byte, error) { return nil, io.EOF }

// faulty returns a store that has reached its server already, and a fault that is not armed yet.
func faulty(t *testing.T) (*redisstore.Store, *fault) {
	t.Helper()
	f := &fault{}
	store := newStore(t, clientOf(t, shared, func(opts *redis.Options) { opts.Dialer = f.dial }),
		redisstore.Options{Prefix: prefix(t)})
	ok(t, store.Check(t.Context()))
	return store, f
}

func Test_that_a_destroy_whose_answer_was_lost_is_a_success_for_its_caller_alone(t *testing.T) {
	store, fault := faulty(t)
	ctx := t.Context()
	ok(t, store.Write(ctx, key("k"), record(0, "one")))

	fault.arm(lost)
	if err := store.Destroy(ctx, key("k"), 1); err != nil {
		t.Errorf("got %v; want none", err)
	}
	if !fault.happened() {
		t.Fatal("no answer was lost")
	}
	if err := store.Destroy(ctx, key("k"), 1); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("another call: got %v; want ErrNotFound", err)
	}
	if err := store.Destroy(ctx, key("k"), 0); err != nil {
		t.Errorf("another call for any version: got %v; want none", err)
	}
}

// A driver retries for seconds, and a network may deliver a command minutes late.
func Test_that_a_destroyed_session_keeps_its_place_for_five_minutes(t *testing.T) {
	store, client, prefix := sharedStore(t)
	ok(t, store.Write(t.Context(), key("k"), record(0, "one")))
	for _, version := range []uint64{1, 0} {
		ok(t, store.Destroy(t.Context(), key("k"), version))
		life, err := client.PTTL(t.Context(), prefix+"s:"+key("k")).Result()
		if err != nil || life > 5*time.Minute || life < 4*time.Minute {
			t.Errorf("version %d: it has %v to live, %v; want 5 minutes", version, life, err)
		}
	}
}

// A caller that finds its own record in the conflict knows that it has created it.
func Test_that_a_create_whose_answer_was_lost_meets_its_own_record(t *testing.T) {
	store, fault := faulty(t)
	ctx := t.Context()
	fault.arm(lost)
	err := store.Write(ctx, key("k"), record(0, "mine"))
	if !fault.happened() {
		t.Fatal("no answer was lost")
	}
	var conflict *session.ConflictError
	if !errors.As(err, &conflict) || string(conflict.Current.Data) != "mine" || conflict.Current.Version != 1 {
		t.Errorf("got %v; want a ConflictError with the record", err)
	}
	holds(t, store, key("k"), "mine", 1)
}

func Test_that_what_a_destroy_leaves_is_not_a_session(t *testing.T) {
	store, client, prefix := sharedStore(t)
	ctx := t.Context()
	ok(t, store.Write(ctx, key("k"), record(0, "one")))
	ok(t, store.Destroy(ctx, key("k"), 1))
	if n := client.Exists(ctx, prefix+"s:"+key("k")).Val(); n != 1 {
		t.Fatal("it has left nothing")
	}
	_, read := store.Read(ctx, key("k"))
	for method, err := range map[string]error{
		"read":  read,
		"write": store.Write(ctx, key("k"), record(1, "two")),
		"touch": store.Touch(ctx, key("k"), inAnHour()),
	} {
		if !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: got %v; want ErrNotFound", method, err)
		}
	}
}

// The network may deliver the command that created a session again, after the log-out.
func Test_that_a_create_that_comes_late_brings_nothing_back(t *testing.T) {
	store, _, _ := sharedStore(t)
	ctx := t.Context()
	for version := range uint64(2) {
		name := key(fmt.Sprint("k", version))
		ok(t, store.Write(ctx, name, record(0, "one")))
		ok(t, store.Destroy(ctx, name, version))
		if err := store.Write(ctx, name, record(0, "one")); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("after a destroy of version %d: %v; want ErrNotFound", version, err)
		}
		if _, err := store.Read(ctx, name); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("after a destroy of version %d it is back: %v", version, err)
		}
	}
}

// The network may deliver a log-out everywhere again, after the user has logged in again.
func Test_that_a_revoke_that_comes_late_marks_nothing_that_was_added_since(t *testing.T) {
	hook := &trips{}
	client := clientOf(t, shared, nil)
	store := newStore(t, client, redisstore.Options{Prefix: prefix(t)})
	ctx := t.Context()
	ok(t, store.Check(ctx)) // the server learns the scripts
	client.AddHook(hook)

	ok(t, store.Tag(ctx, tag("t"), key("old"), inAnHour()))
	hook.take()
	revoked, err := store.Revoke(ctx, tag("t"))
	_, commands := hook.take()
	if err != nil || !slices.Equal(revoked, []string{key("old")}) {
		t.Fatalf("got %d keys, %v; want that of the old entry", len(revoked), err)
	}
	ok(t, store.Untag(ctx, tag("t"), key("old")))
	ok(t, store.Tag(ctx, tag("t"), key("new"), inAnHour()))

	for _, command := range commands {
		ok(t, client.Do(ctx, command...).Err())
	}
	entries, err := store.Tagged(ctx, tag("t"))
	if err != nil || !slices.Equal(entries, []session.TagEntry{{Key: key("new")}}) {
		t.Errorf("got %d entries, %v; want the new one, not revoked", len(entries), err)
	}
}

// Otherwise a user would be told that all their sessions have ended.
func Test_that_an_answer_that_is_no_list_is_not_an_empty_one(t *testing.T) {
	store, fault := faulty(t)
	for desc, answer := range map[string]string{
		"a word": "+OK", "a number": ":1", "a list of numbers": "*1\r\n:1", "a list of lists": "*1\r\n*0", "a map": "%0",
	} {
		for _, m := range named("Tagged", "Revoke") {
			fault.arm(func([]byte) ([]byte, error) { return []byte(answer + "\r\n"), nil })
			if err := m.call(t.Context(), store); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s, %s: got %v; want ErrUnavailable", desc, m.name, err)
			}
			if !fault.happened() {
				t.Error("nothing else was answered")
			}
		}
	}
}

func Test_that_a_server_may_forget_the_scripts_at_any_time(t *testing.T) {
	server := start(t)
	client := clientOf(t, server, nil)
	store := newStore(t, client, redisstore.Options{})
	ctx := t.Context()
	var working atomic.Int32
	working.Store(4)
	together(5, func(worker int) {
		if worker == 4 {
			for working.Load() > 0 {
				_ = client.ScriptFlush(ctx)
			}
			return
		}
		defer working.Add(-1)
		for n := range 100 {
			name := key(fmt.Sprint(worker, "-", n))
			_, err := store.Revoke(ctx, tag("t"), name)
			if err = errors.Join(err,
				store.Write(ctx, name, record(0, "one")),
				store.Write(ctx, name, record(1, "two")),
				store.Touch(ctx, name, inAnHour()),
				store.Destroy(ctx, name, 2),
				store.Tag(ctx, tag("t"), name, inAnHour()),
				store.Untag(ctx, tag("t"), name),
			); err != nil {
				t.Errorf("worker %d: %v", worker, err)
				return
			}
		}
	})
}

func Test_that_a_frozen_server_holds_nobody_longer_than_the_context(t *testing.T) {
	server := start(t)
	patient := func(opts *redis.Options) { opts.ReadTimeout, opts.WriteTimeout, opts.MaxRetries = -1, -1, -1 }
	warm := newStore(t, clientOf(t, server, patient), redisstore.Options{})
	cold := newStore(t, clientOf(t, server, patient), redisstore.Options{})
	waiting := newStore(t, clientOf(t, server, patient), redisstore.Options{MinReplicas: 1})
	ok(t, warm.Check(t.Context()))
	ok(t, server.Freeze())
	for desc, store := range map[string]*redisstore.Store{"connected": warm, "not connected": cold, "for replicas": waiting} {
		together(len(methods), func(i int) {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			err := methods[i].call(ctx, store)
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s, %s: got %v; want DeadlineExceeded and ErrUnavailable", desc, methods[i].name, err)
			}
		})
	}
}

func Test_that_a_server_whose_memory_is_full_keeps_what_it_has_and_logs_out(t *testing.T) {
	server := start(t, "--maxmemory", "3mb")
	store := newStore(t, clientOf(t, server, nil), redisstore.Options{})
	ctx := t.Context()
	for _, name := range []string{"k", "destroyed"} {
		ok(t, store.Write(ctx, key(name), record(0, "one")))
		ok(t, store.Tag(ctx, tag("t"), key(name), inAnHour()))
	}

	filling := strings.Repeat("x", 20_000)
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		full = store.Write(ctx, key(fmt.Sprint(i)), record(0, filling))
	}
	for desc, err := range map[string]error{
		"create":  full,
		"replace": store.Write(ctx, key("k"), record(1, filling)),
	} {
		if !errors.Is(err, session.ErrUnavailable) || !redis.IsOOMError(err) {
			t.Errorf("%s: got %v; want ErrUnavailable for lack of memory", desc, err)
		}
	}
	holds(t, store, key("k"), "one", 1)
	ok(t, store.Touch(ctx, key("k"), inAnHour()))
	revoked, err := store.Revoke(ctx, tag("t"))
	if err != nil || len(revoked) != 2 {
		t.Errorf("revoked %d, %v; want 2", len(revoked), err)
	}
	ok(t, store.Destroy(ctx, key("destroyed"), 1))
	if _, err := store.Read(ctx, key("destroyed")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("got %v; want ErrNotFound", err)
	}
}

// What a replica has may be old: a session that has ended, or no session yet.
func Test_that_a_replica_answers_nothing(t *testing.T) {
	primary := start(t)
	ok(t, newStore(t, clientOf(t, primary, nil), redisstore.Options{}).Write(t.Context(), key("k"), record(0, "one")))
	replica := startReplica(t, primary)
	store := newStore(t, clientOf(t, replica, func(opts *redis.Options) { opts.MaxRetries = -1 }), redisstore.Options{})
	ctx := t.Context()
	for desc, err := range map[string]error{
		"read what is not there":    second(store.Read(ctx, key("other"))),
		"renew what is not there":   second(store.Renew(ctx, key("other"), inAnHour(), inAnHour())),
		"write what is not there":   store.Write(ctx, key("other"), record(1, "two")),
		"touch what is not there":   store.Touch(ctx, key("other"), inAnHour()),
		"destroy what is not there": store.Destroy(ctx, key("other"), 1),
		"destroy it whatever it is": store.Destroy(ctx, key("other"), 0),
	} {
		if !errors.Is(err, session.ErrUnavailable) || !redis.IsReadOnlyError(err) {
			t.Errorf("%s: got %v; want ErrUnavailable for a replica", desc, err)
		}
	}
	for _, m := range slices.Concat(methods, []method{creating}) {
		if err := m.call(ctx, store); !errors.Is(err, session.ErrUnavailable) || !redis.IsReadOnlyError(err) {
			t.Errorf("%s: got %v; want ErrUnavailable for a replica", m.name, err)
		}
	}
	holds(t, newStore(t, clientOf(t, primary, nil), redisstore.Options{}), key("k"), "one", 1)
}

// An address may lead to another server from now on, while connections to the old one stay.
func Test_that_a_master_that_was_replaced_is_left_by_those_who_are_connected(t *testing.T) {
	old := start(t)
	promoted := startReplica(t, old)
	var leads atomic.Pointer[string]
	leads.Store(&old.Addr)
	store := newStore(t, clientOf(t, old, func(opts *redis.Options) {
		opts.Dialer = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, *leads.Load())
		}
	}), redisstore.Options{MinReplicas: 1})
	elsewhere := newStore(t, clientOf(t, promoted, nil), redisstore.Options{})
	ctx := t.Context()
	for _, name := range []string{"ended", "k"} {
		ok(t, store.Write(ctx, key(name), record(0, "one")))
	}
	for server, role := range map[*servers.RedisServer][]string{promoted: {"no", "one"}, old: {"127.0.0.1", "1"}} {
		_, err := server.Do(append([]string{"replicaof"}, role...)...)
		ok(t, err)
	}
	leads.Store(&promoted.Addr)
	ok(t, elsewhere.Destroy(ctx, key("ended"), 0))
	ok(t, elsewhere.Write(ctx, key("k"), record(1, "two")))

	if _, err := store.Read(ctx, key("ended")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("got %v; want ErrNotFound", err)
	}
	holds(t, store, key("k"), "two", 2)
}

func second[T any](_ T, err error) error { return err }

func Test_that_a_server_that_lets_nobody_in_is_unavailable(t *testing.T) {
	locked := start(t, "--requirepass", "right")
	gone := start(t)
	gone.Kill()
	for desc, client := range map[string]*redis.Client{
		"a wrong password": clientOf(t, locked, func(opts *redis.Options) { opts.Password = "wrong" }),
		"no password":      clientOf(t, locked, nil),
		"nobody there": clientOf(t, gone, func(opts *redis.Options) {
			opts.MaxRetries, opts.DialerRetries = -1, 1
		}),
	} {
		store := newStore(t, client, redisstore.Options{})
		check := method{"Check", func(ctx context.Context, s *redisstore.Store) error { return s.Check(ctx) }}
		for _, m := range slices.Concat(methods, []method{check}) {
			err := m.call(t.Context(), store)
			if !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s, %s: got %v; want ErrUnavailable", desc, m.name, err)
			}
			if err != nil && strings.Contains(err.Error(), "wrong") {
				t.Errorf("%s, %s: %q has the password in it", desc, m.name, err)
			}
		}
	}
}

func Test_that_a_server_that_came_back_empty_has_no_sessions(t *testing.T) {
	server := start(t)
	store := newStore(t, clientOf(t, server, nil), redisstore.Options{})
	ok(t, store.Write(t.Context(), key("k"), record(0, "one")))
	ok(t, server.Restart())
	for _, m := range named("Read", "Renew", "Write", "Touch", "Destroy") { // the others do not need the record
		if err := m.call(t.Context(), store); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: got %v; want ErrNotFound", m.name, err)
		}
	}
}

func Test_that_errors_of_server_and_driver_give_nothing_away(t *testing.T) {
	refusing := start(t, "--rename-command", "EVALSHA", "", "--rename-command", "SET", "")
	strict := start(t)
	_, err := strict.Do("acl", "setuser", "default", "resetkeys", "~other:*")
	ok(t, err)
	for desc, server := range map[string]*servers.RedisServer{"no commands": refusing, "no rights": strict} {
		store := newStore(t, clientOf(t, server, nil), redisstore.Options{})
		for _, m := range slices.Concat(methods, []method{creating}) {
			silent(t, desc+", "+m.name, m.call(t.Context(), store))
		}
	}

	said := key("k") + tag("t") + "the data"
	for _, garbled := range []string{"?" + said + "\r\n", ":" + said + "\r\n", "$" + said + "\n"} { // no type, a number, no end
		store, fault := faulty(t)
		for _, m := range slices.Concat(methods, []method{creating}) {
			fault.arm(func([]byte) ([]byte, error) { return []byte(garbled), nil })
			silent(t, "garbled "+garbled[:1]+", "+m.name, m.call(t.Context(), store))
			if !fault.happened() {
				t.Error("nothing was garbled")
			}
		}
	}
}

// silent fails the test unless err is ErrUnavailable, and has no key, no tag and no data in it.
func silent(t *testing.T, desc string, err error) {
	t.Helper()
	if !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%s: got %v; want ErrUnavailable", desc, err)
		return
	}
	text := fmt.Sprintf("%v %+v", err, err)
	for _, secret := range []string{key("k")[:8], tag("t")[:8], key("k")[56:], "the data"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s: %q gives something away", desc, text)
		}
	}
}

func Test_that_a_change_that_replicas_do_not_have_is_not_acknowledged(t *testing.T) {
	primary := start(t)
	replica := startReplica(t, primary)
	client := clientOf(t, primary, nil)
	store := newStore(t, client, redisstore.Options{MinReplicas: 1})
	greedy := newStore(t, client, redisstore.Options{MinReplicas: 2})
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		t.Cleanup(cancel)
		return ctx
	}
	ok(t, store.Check(t.Context()))
	ok(t, store.Write(t.Context(), key("k"), record(0, "one")))
	refused := func(desc string, err error) {
		t.Helper()
		if !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "MinReplicas") {
			t.Errorf("%s: got %v; want ErrUnavailable that names MinReplicas", desc, err)
		}
	}
	refused("two of one", greedy.Write(soon(), key("other"), record(0, "one")))

	ok(t, replica.Freeze())
	refused("create", store.Write(soon(), key("n"), record(0, "one")))
	refused("write", store.Write(soon(), key("k"), record(1, "two")))
	refused("tag", store.Tag(soon(), tag("t"), key("k"), inAnHour()))
	_, err := store.Revoke(soon(), tag("t"))
	refused("revoke", err)
	holds(t, store, key("k"), "two", 2)
	ok(t, store.Touch(t.Context(), key("k"), inAnHour()))
	refused("destroy", store.Destroy(soon(), key("k"), 2))
	if err := store.Write(soon(), key("k"), record(2, "three")); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("got %v; want ErrNotFound, which no replica needs to know", err)
	}

	ok(t, replica.Thaw())
	ok(t, store.Write(t.Context(), key("new"), record(0, "new")))
}

// For a connection that has written nothing, WAIT does not wait (from Redis 7.2 on).
func Test_that_a_change_that_is_made_already_is_written_again(t *testing.T) {
	server := start(t)
	store := newStore(t, clientOf(t, server, nil), redisstore.Options{})
	ctx := t.Context()
	for _, name := range []string{"kept", "ended"} {
		ok(t, store.Write(ctx, key(name), record(0, "one")))
		ok(t, store.Tag(ctx, tag("t"), key(name), inAnHour()))
	}
	isConflict := func(err error) error {
		if !errors.Is(err, session.ErrConflict) {
			return fmt.Errorf("got %w; want a conflict", err)
		}
		return nil
	}
	changes := map[string]func() error{
		"create":  func() error { return isConflict(store.Write(ctx, key("kept"), record(0, "one"))) },
		"write":   func() error { return isConflict(store.Write(ctx, key("kept"), record(7, "one"))) },
		"destroy": func() error { return store.Destroy(ctx, key("ended"), 0) },
		"tag":     func() error { return store.Tag(ctx, tag("other"), key("kept"), inAnHour()) },
		"revoke":  func() error { _, err := store.Revoke(ctx, tag("t")); return err },
	}
	for desc, change := range changes {
		ok(t, change())
		before := written(t, server)
		ok(t, change())
		if written(t, server) == before {
			t.Errorf("%s: the second call writes nothing", desc)
		}
	}
}

// written is how many changes the server has made.
func written(t *testing.T, server *servers.RedisServer) string {
	t.Helper()
	info, err := server.Do("info", "persistence")
	ok(t, err)
	_, info, found := strings.Cut(info, "rdb_changes_since_last_save:")
	if !found {
		t.Fatal("the server does not say how many changes it has made")
	}
	count, _, _ := strings.Cut(info, "\n")
	return strings.TrimSpace(count)
}

func Test_that_a_server_that_is_gone_is_named_while_replicas_are_waited_for(t *testing.T) {
	gone := start(t)
	gone.Kill()
	client := clientOf(t, gone, func(opts *redis.Options) { opts.MaxRetries, opts.DialerRetries = 1, 1 })
	err := newStore(t, client, redisstore.Options{MinReplicas: 1}).Destroy(t.Context(), key("k"), 1)
	if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v; want ErrUnavailable, of a refused connection", err)
	}
}

func Test_that_what_a_replica_acknowledged_survives_the_primary(t *testing.T) {
	sentinel, err := servers.RedisSentinel()
	ok(t, err)
	t.Cleanup(sentinel.Close)
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: servers.SentinelMaster, SentinelAddrs: sentinel.Addrs(), ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = client.Close() })
	store := newStore(t, client, redisstore.Options{MinReplicas: 1})
	ok(t, store.Check(t.Context()))
	for i := range 100 {
		ok(t, store.Write(t.Context(), key(fmt.Sprint(i)), record(0, "one")))
	}
	old, err := sentinel.Primary()
	ok(t, err)
	old.Kill()
	eventuallyRead(t, store, key("0"))
	for i := range 100 {
		holds(t, store, key(fmt.Sprint(i)), "one", 1)
	}
}

// eventuallyRead reads until it succeeds. Until then the error must be ErrUnavailable.
func eventuallyRead(t *testing.T, store *redisstore.Store, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		_, err := store.Read(ctx, key)
		if err == nil {
			return
		}
		if !errors.Is(err, session.ErrUnavailable) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

func Test_that_a_cluster_client_is_told_to_look_for_the_new_master(t *testing.T) {
	cluster := startCluster(t)
	client := clusterClient(t, cluster)
	maps := make(chan struct{}, 1000)
	client.OnNewNode(func(node *redis.Client) {
		node.AddHook(before(func(cmd redis.Cmder) error {
			if cmd.FullName() == "cluster slots" {
				maps <- struct{}{}
			}
			return nil
		}))
	})
	store := newStore(t, client, redisstore.Options{MinReplicas: 1})
	ctx := t.Context()
	ok(t, store.Check(ctx))
	for i := range 20 {
		ok(t, store.Write(ctx, key(fmt.Sprint(i)), record(0, "one")))
	}
	owner, err := cluster.Owner("session:s:" + key("0"))
	ok(t, err)
	owner.Kill()
	for len(maps) > 0 {
		<-maps
	}
	if _, err := store.Read(ctx, key("0")); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v; want ErrUnavailable", err)
	}
	select {
	case <-maps: // the driver alone would look again only for another command
	case <-time.After(time.Minute):
		t.Error("nobody looks for another master")
	}
	ok(t, cluster.Await())
	eventuallyRead(t, store, key("0"))
	for i := range 20 {
		holds(t, store, key(fmt.Sprint(i)), "one", 1)
	}
}

// A map that comes from Sentinels is renewed by them, and reading it may take any length of time.
func Test_that_a_map_of_slots_from_elsewhere_is_not_read_again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		client := redis.NewClusterClient(&redis.ClusterOptions{
			ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
				asked.Add(1)
				nodes := []redis.ClusterNode{{Addr: "192.0.2.1:1"}} // a name would be looked up, which keeps channels of this bubble
				return []redis.ClusterSlot{{End: 16383, Nodes: nodes}}, nil
			},
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				return nil, errors.New("nobody is there")
			},
			ContextTimeoutEnabled: true,
		})
		t.Cleanup(func() { _ = client.Close() })
		if _, err := newStore(t, client, redisstore.Options{}).Read(t.Context(), key("k")); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("got %v; want ErrUnavailable", err)
		}
		synctest.Wait()
		if n := asked.Load(); n != 1 {
			t.Errorf("it was read %d times; want once", n)
		}
	})
}
