package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

// list returns what a loop yields before its error.
func list(ctx context.Context, s *redisstore.Store) (keys []string, err error) {
	for key, e := range s.Keys(ctx) {
		if e != nil {
			return keys, e
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys, nil
}

func Test_that_a_list_is_of_one_prefix_whatever_is_in_it(t *testing.T) {
	client := clientOf(t, start(t), nil)
	prefixes := []string{"", "a:", "a:b:", "a:s:", "s:", "*", "a*:", "?:", "[ab]:", `\:`, "{tag}:", "a[", "^a:"}
	for i, prefix := range prefixes {
		s := newStore(t, client, redisstore.Options{Prefix: prefix})
		ok(t, s.Write(t.Context(), key(fmt.Sprint(i)), record(0, "one")))
		ok(t, s.Tag(t.Context(), tag("t"), key("t"), inAnHour()))
		ok(t, client.Set(t.Context(), prefix+"s:c0ffee", "of somebody else", 0).Err())
	}
	for i, prefix := range prefixes {
		s := newStore(t, client, redisstore.Options{Prefix: prefix})
		got, err := list(t.Context(), s)
		if err != nil || !slices.Equal(got, []string{key(fmt.Sprint(i))}) {
			t.Errorf("%q: got %q, %v; want its own session", prefix, got, err)
		}
	}
}

func Test_that_a_list_of_many_comes_in_parts(t *testing.T) {
	hook := &trips{}
	client := clientOf(t, start(t), nil)
	s := newStore(t, client, redisstore.Options{})
	together(8, func(worker int) {
		for i := range 250 {
			if err := s.Write(t.Context(), key(fmt.Sprint(worker, " ", i)), record(0, "one")); err != nil {
				t.Error(err)
			}
		}
	})
	client.AddHook(hook)
	got, err := list(t.Context(), s)
	ok(t, err)
	if count, _ := hook.take(); count < 3 || len(slices.Compact(got)) != 2000 {
		t.Errorf("%d keys in %d round trips; want 2000 in several", len(slices.Compact(got)), count)
	}
}

func Test_that_a_list_that_fails_in_the_middle_says_so(t *testing.T) {
	client := clientOf(t, start(t), nil)
	s := newStore(t, client, redisstore.Options{})
	for i := range 1500 {
		ok(t, client.Set(t.Context(), fmt.Sprint("of somebody else ", i), "x", 0).Err())
	}
	ok(t, s.Write(t.Context(), key("k"), record(0, "one")))
	var scans atomic.Int64
	client.AddHook(before(func(cmd redis.Cmder) error {
		if cmd.Name() == "scan" && scans.Add(1) > 1 {
			return errors.New("the line is cut")
		}
		return nil
	}))
	_, err := list(t.Context(), s)
	if !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "cut") {
		t.Errorf("got %v; want ErrUnavailable", err)
	}
}

func Test_that_a_cluster_that_cannot_be_reached_has_no_list(t *testing.T) {
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true, MaxRetries: -1, MaxRedirects: -1,
	})
	t.Cleanup(func() { _ = client.Close() })
	keys, err := list(t.Context(), newStore(t, client, redisstore.Options{}))
	if len(keys) != 0 || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %q, %v; want ErrUnavailable", keys, err)
	}
}

func Test_that_a_list_through_a_type_around_a_client_is_of_all_masters(t *testing.T) {
	around := struct{ *redis.ClusterClient }{spread(t, start(t), start(t))}
	s := newStore(t, around, redisstore.Options{})
	for i := range 100 {
		ok(t, s.Write(t.Context(), key(fmt.Sprint(i)), record(0, "one")))
	}
	if got, err := list(t.Context(), s); err != nil || len(got) != 100 {
		t.Errorf("got %d, %v; want 100", len(got), err)
	}
}

func Test_which_right_a_list_takes(t *testing.T) {
	server := start(t)
	s := newStore(t, clientOf(t, server, func(opts *redis.Options) {
		opts.Username, opts.Password, opts.MaxRetries = "app", "password", -1
	}), redisstore.Options{})
	for right, want := range map[string]error{"+scan": nil, "-scan": session.ErrUnavailable} {
		_, err := server.Do(append([]string{"acl", "setuser", "app", "reset", "on", ">password", right}, rights(t)...)...)
		ok(t, err)
		if _, err := list(t.Context(), s); !errors.Is(err, want) {
			t.Errorf("%s: got %v; want %v", right, err, want)
		}
	}
}
