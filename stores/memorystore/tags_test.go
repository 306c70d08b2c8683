package memorystore_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// tag gives a tag to n keys for d.
func tag(t *testing.T, s *memorystore.Store, c *clock, tag string, n int, d time.Duration) {
	t.Helper()
	for i := range n {
		must(t, s.Tag(t.Context(), tag, fmt.Sprint("k", i), c.In(d)))
	}
}

// tagged counts the entries of a tag.
func tagged(t *testing.T, s *memorystore.Store, tag string) int {
	t.Helper()
	entries, err := s.Tagged(t.Context(), tag)
	must(t, err)
	return len(entries)
}

func Test_that_every_way_out_gives_the_memory_of_a_tag_back(t *testing.T) {
	for name, remove := range map[string]func(s *memorystore.Store, c *clock) error{
		"untag": func(s *memorystore.Store, c *clock) error { return s.Untag(t.Context(), "user", "k0") },
		"revoke, then untag": func(s *memorystore.Store, c *clock) error {
			_, err := s.Revoke(t.Context(), "user")
			must(t, err)
			return s.Untag(t.Context(), "user", "k0")
		},
		"expire, then list": func(s *memorystore.Store, c *clock) error {
			c.Advance(time.Hour)
			_, err := s.Tagged(t.Context(), "user")
			return err
		},
		"expire, then revoke": func(s *memorystore.Store, c *clock) error {
			c.Advance(time.Hour)
			_, err := s.Revoke(t.Context(), "user")
			return err
		},
		"expire, then add and untag": func(s *memorystore.Store, c *clock) error {
			c.Advance(time.Hour)
			tag(t, s, c, "user", 1, time.Hour)
			return s.Untag(t.Context(), "user", "k0")
		},
		"move into the past, then Len": func(s *memorystore.Store, c *clock) error {
			defer s.Len()
			return s.Tag(t.Context(), "user", "k0", c.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := newStore(memorystore.Options{})
			for range 2 {
				tag(t, s, clock, "user", 1, time.Hour)
				if got, want := s.Bytes(), int64(len("user")+len("k0")+memorystore.TagOverhead); got != want {
					t.Errorf("Bytes() = %d; want %d", got, want)
				}
			}
			must(t, remove(s, clock))
			if got := s.Bytes(); got != 0 {
				t.Errorf("Bytes() = %d; want 0", got)
			}
		})
	}
}

func Test_that_an_entry_of_a_tag_is_no_session(t *testing.T) {
	s, clock := newStore(memorystore.Options{MaxSessions: 1})
	tag(t, s, clock, "user", 100, time.Hour)
	if got := s.Len(); got != 0 {
		t.Errorf("Len() = %d; want 0", got)
	}
	fill(t, s, clock, "k", 1, time.Hour)
	must(t, s.Untag(t.Context(), "user", "k0"))
	if got := s.Len(); got != 1 {
		t.Errorf("Len() = %d; want 1", got)
	}
}

func Test_that_a_clock_set_back_revives_no_entry(t *testing.T) {
	s, clock := newStore(memorystore.Options{})
	tag(t, s, clock, "user", 3, time.Hour)
	clock.Advance(time.Hour)
	if got := tagged(t, s, "user"); got != 0 {
		t.Errorf("%d entries; want 0", got)
	}
	clock.Advance(-30 * time.Minute)
	if got := tagged(t, s, "user"); got != 0 {
		t.Errorf("%d entries after the clock was set back; want 0", got)
	}
}

func Test_that_a_flood_of_tags_fills_the_store_and_not_more(t *testing.T) {
	const most = 100
	s, clock := newStore(memorystore.Options{MaxBytes: most * int64(memorystore.TagOverhead+len("user")+len("k00"))})
	ctx := t.Context()
	add := func(key string) error { return s.Tag(ctx, "user", key, clock.In(time.Hour)) }
	for i := range most {
		must(t, add(fmt.Sprintf("k%02d", i)))
	}
	full := s.Bytes()

	err := add("new")
	must(t, want(err, session.ErrUnavailable))
	if !strings.Contains(err.Error(), "Options.MaxBytes") {
		t.Errorf("got %v; want an error that names Options.MaxBytes", err)
	}
	if got := tagged(t, s, "user"); got != most || s.Bytes() != full {
		t.Errorf("%d entries, Bytes() = %d; want %d, %d", got, s.Bytes(), most, full)
	}
	must(t, want(s.Write(ctx, "new", session.Record{Expires: clock.In(time.Hour)}), session.ErrUnavailable))

	// An existing entry can still be moved and revoked.
	must(t, s.Tag(ctx, "user", "k00", clock.In(2*time.Hour)))
	if keys, err := s.Revoke(ctx, "user"); len(keys) != most || err != nil {
		t.Errorf("got %d keys, error %v; want %d", len(keys), err, most)
	}

	// All entries that expire make room, in whichever shard they are.
	clock.Advance(time.Hour)
	for i := range most - 1 {
		must(t, s.Tag(ctx, fmt.Sprintf("us%02d", i), "new", clock.In(time.Hour)))
	}
	must(t, want(add("new"), session.ErrUnavailable))
}

func Test_that_new_entries_release_expired_ones(t *testing.T) {
	const n = 10_000
	s, clock := newStore(memorystore.Options{})
	each := func(prefix string) {
		for i := range n {
			must(t, s.Tag(t.Context(), fmt.Sprint(prefix, i), "k", clock.In(time.Hour)))
		}
	}
	each("old")
	peak := s.Bytes()
	clock.Advance(time.Hour)
	each("new")
	if got := s.Bytes(); got != peak {
		t.Errorf("Bytes() = %d; want %d", got, peak)
	}
}

// All entries of a tag are in one shard.
func Test_that_a_full_store_releases_all_entries_of_a_tag_that_have_expired(t *testing.T) {
	const n = 5000
	most := n * int64(memorystore.TagOverhead+len("user")+len("k0000"))
	s, clock := newStore(memorystore.Options{MaxBytes: most})
	tag(t, s, clock, "user", n, time.Hour)
	clock.Advance(time.Hour)
	rest := int(most) - memorystore.Overhead - len("k")
	must(t, s.Write(t.Context(), "k", session.Record{Data: make([]byte, rest), Expires: clock.In(time.Hour)}))
	if got := s.Bytes(); got != most {
		t.Errorf("Bytes() = %d; want %d, those of the session", got, most)
	}
}

func Test_that_a_tag_without_entries_takes_no_memory(t *testing.T) {
	s, clock := newStore(memorystore.Options{})
	long := strings.Repeat("x", 10_000)
	before := heap()
	for i := range 1000 {
		user := fmt.Sprint(long, i)
		tag(t, s, clock, user, 1, time.Hour)
		must(t, s.Untag(t.Context(), user, "k0"))
	}
	if got := heap() - before; got > 1<<20 {
		t.Errorf("%d bytes more than before", got)
	}
	runtime.KeepAlive(s)
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func Test_that_the_counters_are_right_after_a_storm_of_tags(t *testing.T) {
	s, clock := newStore(memorystore.Options{})
	ctx := t.Context()
	must(t, together(8, func(worker int) error {
		for i := range 500 {
			tag, key := fmt.Sprint("t", i%7), fmt.Sprint("k", (worker*31+i*17)%80)
			switch i % 4 {
			case 0, 1:
				_ = s.Tag(ctx, tag, key, clock.In(time.Duration(i)*time.Second))
			case 2:
				_ = s.Untag(ctx, tag, key, "k1", "k2")
			case 3:
				clock.Advance(time.Second)
				_, _ = s.Revoke(ctx, tag, "k3")
			}
		}
		return nil
	}))
	var size int64
	for i := range 7 {
		tag := fmt.Sprint("t", i)
		entries, err := s.Tagged(ctx, tag)
		must(t, err)
		for _, e := range entries {
			size += int64(len(tag) + len(e.Key) + memorystore.TagOverhead)
		}
	}
	if got := s.Bytes(); got != size {
		t.Errorf("Bytes() = %d; want %d", got, size)
	}
	clock.Advance(24 * time.Hour)
	if s.Len() != 0 || s.Bytes() != 0 {
		t.Errorf("Len() = %d, Bytes() = %d; want 0, 0", s.Len(), s.Bytes())
	}
}
