package redisstore_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

func Test_that_a_tag_lives_as_long_as_its_last_entry(t *testing.T) {
	store, client, prefix := sharedStore(t)
	for _, minutes := range []time.Duration{10, 60, 20} {
		ok(t, store.Tag(t.Context(), tag("t"), key(minutes.String()), time.Now().Add(minutes*time.Minute)))
	}
	lives := func(desc string) {
		life, err := client.PTTL(t.Context(), prefix+"t:"+tag("t")).Result()
		if err != nil || life > time.Hour || life < 30*time.Minute {
			t.Errorf("%s: got %v, %v; want an hour", desc, life, err)
		}
	}
	lives("tagged")
	_, err := store.Revoke(t.Context(), tag("t"))
	ok(t, err)
	lives("revoked")
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

func Test_that_a_revoke_also_marks_what_was_added_while_it_looked(t *testing.T) {
	store, _, prefix := sharedStore(t)
	ctx := t.Context()
	ok(t, store.Tag(ctx, tag("t"), key("k"), inAnHour()))

	calls := 0
	looking := clientOf(t, shared, nil)
	looking.AddHook(before(func(redis.Cmder) error {
		calls++
		if calls > 4 {
			return nil
		}
		return store.Tag(ctx, tag("t"), key(fmt.Sprint("added ", calls)), inAnHour())
	}))
	keys, err := newStore(t, looking, redisstore.Options{Prefix: prefix}).Revoke(ctx, tag("t"))
	if err != nil || len(keys) != 5 {
		t.Errorf("got %d keys, %v; want 5", len(keys), err)
	}
	entries, err := store.Tagged(ctx, tag("t"))
	if err != nil || len(entries) != 5 || slices.ContainsFunc(entries, func(e session.TagEntry) bool { return !e.Revoked }) {
		t.Errorf("got %v, %v; want 5 entries, all revoked", entries, err)
	}
}
