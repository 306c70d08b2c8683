package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

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

func Test_that_each_method_but_a_revoke_is_one_round_trip_with_one_key(t *testing.T) {
	primary := start(t)
	startReplica(t, primary)

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
			if m.name == "Revoke" { // it looks, and marks what it has seen
				hook.expect(t, desc, store, m, "evalsha", "evalsha")
				m.name = "Revoke when all is revoked"
			}
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
	startReplica(t, primary)
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
