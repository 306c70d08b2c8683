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
func (h harness) tag(t *testing.T, tag string, n int, d time.Duration) {
	t.Helper()
	for i := range n {
		must(t, h.Tag(t.Context(), tag, fmt.Sprint("k", i), h.clock.In(d)))
	}
}

// tagged counts the entries of a tag.
func (h harness) tagged(t *testing.T, tag string) int {
	t.Helper()
	entries, err := h.Tagged(t.Context(), tag)
	must(t, err)
	return len(entries)
}

func Test_that_every_way_out_gives_the_memory_of_a_tag_back(t *testing.T) {
	for name, remove := range map[string]func(h harness) error{
		"untag": func(h harness) error { return h.Untag(t.Context(), "user", "k0") },
		"revoke, then untag": func(h harness) error {
			_, err := h.Revoke(t.Context(), "user")
			must(t, err)
			return h.Untag(t.Context(), "user", "k0")
		},
		"expire, then list": func(h harness) error {
			h.clock.Advance(time.Hour)
			_, err := h.Tagged(t.Context(), "user")
			return err
		},
		"expire, then revoke": func(h harness) error {
			h.clock.Advance(time.Hour)
			_, err := h.Revoke(t.Context(), "user")
			return err
		},
		"expire, then add and untag": func(h harness) error {
			h.clock.Advance(time.Hour)
			h.tag(t, "user", 1, time.Hour)
			return h.Untag(t.Context(), "user", "k0")
		},
		"move into the past, then Len": func(h harness) error {
			defer h.Len()
			return h.Tag(t.Context(), "user", "k0", h.clock.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(memorystore.Options{})
			for range 2 {
				h.tag(t, "user", 1, time.Hour)
				if got, want := h.Bytes(), int64(len("user")+len("k0")+memorystore.TagOverhead); got != want {
					t.Errorf("Bytes() = %d; want %d", got, want)
				}
			}
			must(t, remove(h))
			if got := h.Bytes(); got != 0 {
				t.Errorf("Bytes() = %d; want 0", got)
			}
		})
	}
}

func Test_that_an_entry_of_a_tag_is_no_session(t *testing.T) {
	h := newHarness(memorystore.Options{MaxSessions: 1})
	h.tag(t, "user", 100, time.Hour)
	if got := h.Len(); got != 0 {
		t.Errorf("Len() = %d; want 0", got)
	}
	h.fill(t, "k", 1, time.Hour)
	must(t, h.Untag(t.Context(), "user", "k0"))
	if got := h.Len(); got != 1 {
		t.Errorf("Len() = %d; want 1", got)
	}
}

func Test_that_a_clock_set_back_revives_no_entry(t *testing.T) {
	h := newHarness(memorystore.Options{})
	h.tag(t, "user", 3, time.Hour)
	h.clock.Advance(time.Hour)
	if got := h.tagged(t, "user"); got != 0 {
		t.Errorf("%d entries; want 0", got)
	}
	h.clock.Advance(-30 * time.Minute)
	if got := h.tagged(t, "user"); got != 0 {
		t.Errorf("%d entries after the clock was set back; want 0", got)
	}
}

func Test_that_a_flood_of_tags_fills_the_store_and_not_more(t *testing.T) {
	const most = 100
	h := newHarness(memorystore.Options{MaxBytes: most * int64(memorystore.TagOverhead+len("user")+len("k00"))})
	ctx := t.Context()
	add := func(key string) error { return h.Tag(ctx, "user", key, h.clock.In(time.Hour)) }
	for i := range most {
		must(t, add(fmt.Sprintf("k%02d", i)))
	}
	full := h.Bytes()

	err := add("new")
	must(t, want(err, session.ErrUnavailable))
	if !strings.Contains(err.Error(), "Options.MaxBytes") {
		t.Errorf("got %v; want an error that names Options.MaxBytes", err)
	}
	if got := h.tagged(t, "user"); got != most || h.Bytes() != full {
		t.Errorf("%d entries, Bytes() = %d; want %d, %d", got, h.Bytes(), most, full)
	}
	must(t, want(h.Write(ctx, "new", session.Record{Expires: h.clock.In(time.Hour)}), session.ErrUnavailable))

	// An existing entry can still be moved and revoked.
	must(t, h.Tag(ctx, "user", "k00", h.clock.In(2*time.Hour)))
	if keys, err := h.Revoke(ctx, "user"); len(keys) != most || err != nil {
		t.Errorf("got %d keys, error %v; want %d", len(keys), err, most)
	}

	// All entries that expire make room, in whichever shard they are.
	h.clock.Advance(time.Hour)
	for i := range most - 1 {
		must(t, h.Tag(ctx, fmt.Sprintf("us%02d", i), "new", h.clock.In(time.Hour)))
	}
	must(t, want(add("new"), session.ErrUnavailable))
}

func Test_that_new_entries_release_expired_ones(t *testing.T) {
	const n = 10_000
	h := newHarness(memorystore.Options{})
	each := func(prefix string) {
		for i := range n {
			must(t, h.Tag(t.Context(), fmt.Sprint(prefix, i), "k", h.clock.In(time.Hour)))
		}
	}
	each("old")
	peak := h.Bytes()
	h.clock.Advance(time.Hour)
	each("new")
	if got := h.Bytes(); got != peak {
		t.Errorf("Bytes() = %d; want %d", got, peak)
	}
}

// All entries of a tag are in one shard.
func Test_that_a_full_store_releases_all_entries_of_a_tag_that_have_expired(t *testing.T) {
	const n = 5000
	most := n * int64(memorystore.TagOverhead+len("user")+len("k0000"))
	h := newHarness(memorystore.Options{MaxBytes: most})
	h.tag(t, "user", n, time.Hour)
	h.clock.Advance(time.Hour)
	rest := int(most) - memorystore.Overhead - len("k")
	must(t, h.Write(t.Context(), "k", session.Record{Data: make([]byte, rest), Expires: h.clock.In(time.Hour)}))
	if got := h.Bytes(); got != most {
		t.Errorf("Bytes() = %d; want %d, those of the session", got, most)
	}
}

func Test_that_a_tag_without_entries_takes_no_memory(t *testing.T) {
	h := newHarness(memorystore.Options{})
	long := strings.Repeat("x", 10_000)
	before := heap()
	for i := range 1000 {
		user := fmt.Sprint(long, i)
		h.tag(t, user, 1, time.Hour)
		must(t, h.Untag(t.Context(), user, "k0"))
	}
	if got := heap() - before; got > 1<<20 {
		t.Errorf("%d bytes more than before", got)
	}
	runtime.KeepAlive(h)
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func Test_that_the_counters_are_right_after_a_storm_of_tags(t *testing.T) {
	h := newHarness(memorystore.Options{})
	ctx := t.Context()
	must(t, together(8, func(worker int) error {
		for i := range 500 {
			tag, key := fmt.Sprint("t", i%7), fmt.Sprint("k", (worker*31+i*17)%80)
			switch i % 4 {
			case 0, 1:
				_ = h.Tag(ctx, tag, key, h.clock.In(time.Duration(i)*time.Second))
			case 2:
				_ = h.Untag(ctx, tag, key, "k1", "k2")
			case 3:
				h.clock.Advance(time.Second)
				_, _ = h.Revoke(ctx, tag, "k3")
			}
		}
		return nil
	}))
	var size int64
	for i := range 7 {
		tag := fmt.Sprint("t", i)
		entries, err := h.Tagged(ctx, tag)
		must(t, err)
		for _, e := range entries {
			size += int64(len(tag) + len(e.Key) + memorystore.TagOverhead)
		}
	}
	if got := h.Bytes(); got != size {
		t.Errorf("Bytes() = %d; want %d", got, size)
	}
	h.clock.Advance(24 * time.Hour)
	if h.Len() != 0 || h.Bytes() != 0 {
		t.Errorf("Len() = %d, Bytes() = %d; want 0, 0", h.Len(), h.Bytes())
	}
}
