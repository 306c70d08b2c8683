package redisstore_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

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

// Replicas are sent what the file gets. Before Redis 7, scripts write to both if they call a command that
// could change something, whether it does or not.
func Test_that_only_changes_are_written_to_disk(t *testing.T) {
	server := start(t, "--appendonly", "yes", "--appendfsync", "no") // or it may write later
	store := newStore(t, clientOf(t, server, nil), redisstore.Options{})
	ctx := t.Context()
	ok(t, store.Write(ctx, key("k"), record(0, "one")))
	ok(t, store.Tag(ctx, tag("t"), key("k"), inAnHour()))
	size := func() string {
		info, err := server.Do("info", "persistence")
		ok(t, err)
		_, rest, _ := strings.Cut(info, "aof_current_size:")
		bytes, _, _ := strings.Cut(rest, "\r\n")
		return bytes
	}
	renew := func(name string, due time.Duration) func() error {
		return func() error {
			return second(store.Renew(ctx, key(name), time.Now().Add(due), time.Now().Add(2*time.Hour)))
		}
	}
	for _, tc := range []struct {
		claim   string
		call    func() error
		want    error
		changes bool
	}{
		{"read", func() error { return second(store.Read(ctx, key("k"))) }, nil, false},
		{"read what is not there", func() error { return second(store.Read(ctx, key("other"))) }, session.ErrNotFound, false},
		{"renew what is not due", renew("k", time.Minute), nil, false},
		{"renew what is not there", renew("other", time.Hour), session.ErrNotFound, false},
		{"list the sessions of a user", func() error { return second(store.Tagged(ctx, tag("t"))) }, nil, false},
		{"list those of a user who has none", func() error { return second(store.Tagged(ctx, tag("other"))) }, nil, false},
		{"renew what is due", renew("k", 90*time.Minute), nil, true},
	} {
		before := size()
		if err := tc.call(); !errors.Is(err, tc.want) {
			t.Errorf("%s: got error %v; want %v", tc.claim, err, tc.want)
		}
		if after := size(); (after != before) != tc.changes {
			t.Errorf("%s: the file had %s bytes, and has %s; want a change: %v", tc.claim, before, after, tc.changes)
		}
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
