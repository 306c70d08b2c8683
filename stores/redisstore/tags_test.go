package redisstore_test

import (
	"fmt"
	"testing"
	"time"
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
