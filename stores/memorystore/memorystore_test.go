package memorystore_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_a_conflict_brings_the_current_record(t *testing.T) {
	h := newHarness(memorystore.Options{})
	ctx, expires := t.Context(), h.clock.In(time.Hour)
	must(t, h.Write(ctx, "k", h.record(0, "one")))
	must(t, h.Write(ctx, "k", h.record(1, "two")))

	for name, err := range map[string]error{
		"create":  h.Write(ctx, "k", h.record(0, "three")),
		"replace": h.Write(ctx, "k", h.record(1, "three")),
		"destroy": h.Destroy(ctx, "k", 1),
	} {
		var conflict *session.ConflictError
		if !errors.As(err, &conflict) {
			t.Errorf("%s: got %v; want a ConflictError", name, err)
			continue
		}
		if got := conflict.Current; string(got.Data) != "two" || got.Version != 2 || !got.Expires.Equal(expires) {
			t.Errorf("%s: got %q, version %d, expires %v", name, got.Data, got.Version, got.Expires)
		}
	}
}

func Test_that_the_deadline_is_one_of_the_wall_clock(t *testing.T) {
	s := memorystore.New(memorystore.Options{})
	at := time.Now().Add(time.Hour)
	must(t, s.Write(t.Context(), "k", session.Record{Expires: at}))
	rec, err := s.Read(t.Context(), "k")
	must(t, err)
	if rec.Expires != at.Round(0) {
		t.Errorf("got %v; want it without the monotonic reading", rec.Expires)
	}
}

func Test_that_a_clock_set_back_revives_nothing(t *testing.T) {
	h := newHarness(memorystore.Options{})
	must(t, h.Write(t.Context(), "k", h.record(0, "one")))
	h.clock.Advance(time.Hour)
	must(t, h.gone(t.Context(), "k"))
	h.clock.Advance(-30 * time.Minute)
	must(t, h.gone(t.Context(), "k"))
}

func Test_that_no_goroutine_is_started(t *testing.T) {
	before := runtime.NumGoroutine()
	h := newHarness(memorystore.Options{})
	h.fill(t, "k", 1000, time.Hour)
	h.clock.Advance(time.Hour)
	h.fill(t, "l", 1000, time.Hour)
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines; want %d", after, before)
	}
}

func Test_that_new_sessions_release_expired_ones(t *testing.T) {
	const n = 10_000
	h := newHarness(memorystore.Options{})
	h.fill(t, "old", n, time.Hour)
	peak := h.Bytes()
	h.clock.Advance(time.Hour)
	h.fill(t, "new", n, time.Hour)
	if got := h.Bytes(); got != peak { // asked before Len, which removes expired sessions
		t.Errorf("Bytes() = %d; want %d", got, peak)
	}
	if got := h.Len(); got != n {
		t.Errorf("Len() = %d; want %d", got, n)
	}
}

func Test_that_only_live_sessions_are_listed(t *testing.T) {
	h := newHarness(memorystore.Options{})
	h.fill(t, "goes", 10, time.Hour)
	h.fill(t, "stays", 1, 2*time.Hour)
	h.clock.Advance(time.Hour)
	var got []string
	for key, err := range h.Keys(t.Context()) {
		must(t, err)
		got = append(got, key)
	}
	if len(got) != 1 || got[0] != "stays0" {
		t.Errorf("got the keys %q; want stays0", got)
	}
}

// A store with long-lived sessions must not keep dead ones behind the live ones.
func Test_that_touched_sessions_do_not_hide_expired_ones(t *testing.T) {
	const n = 2000
	h := newHarness(memorystore.Options{})
	h.fill(t, "stays", n, time.Hour)
	one := h.Bytes() / n
	for round := range 10 {
		h.fill(t, fmt.Sprint("goes", round, "-"), n/4, 20*time.Minute)
		h.clock.Advance(30 * time.Minute)
		for i := range n {
			must(t, h.Touch(t.Context(), fmt.Sprint("stays", i), h.clock.In(time.Hour)))
		}
		if got, most := h.Bytes(), one*(n+n/20); got > most {
			t.Fatalf("round %d: %d bytes; want at most %d", round, got, most)
		}
	}
	if got := h.Len(); got != n {
		t.Errorf("Len() = %d; want %d", got, n)
	}
}

func Test_that_every_way_out_gives_the_memory_back(t *testing.T) {
	for name, remove := range map[string]func(h harness) error{
		"destroy any version":  func(h harness) error { return h.Destroy(t.Context(), "k", 0) },
		"destroy this version": func(h harness) error { return h.Destroy(t.Context(), "k", 2) },
		"expire, then read": func(h harness) error {
			h.clock.Advance(time.Hour)
			_, err := h.Read(t.Context(), "k")
			return want(err, session.ErrNotFound)
		},
		"expire, then create and destroy": func(h harness) error {
			h.clock.Advance(time.Hour)
			return errors.Join(h.Write(t.Context(), "k", h.record(0, "three")), h.Destroy(t.Context(), "k", 1))
		},
		"touch into the past, then Len": func(h harness) error {
			defer h.Len()
			return h.Touch(t.Context(), "k", h.clock.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(memorystore.Options{})
			must(t, h.Write(t.Context(), "k", h.record(0, "one")))
			must(t, h.Write(t.Context(), "k", h.record(1, "more than one")))
			if got, want := h.Bytes(), int64(len("k")+len("more than one")+memorystore.Overhead); got != want {
				t.Errorf("Bytes() = %d; want %d", got, want)
			}
			must(t, remove(h))
			if got := h.Bytes(); got != 0 {
				t.Errorf("Bytes() = %d; want 0", got)
			}
			if got := h.Len(); got != 0 {
				t.Errorf("Len() = %d; want 0", got)
			}
		})
	}
}

func Test_that_a_full_store_refuses_new_sessions_and_keeps_the_old(t *testing.T) {
	for _, tc := range []struct {
		desc  string
		opts  memorystore.Options
		names string
	}{
		{"by count", memorystore.Options{MaxSessions: 100}, "Options.MaxSessions"},
		{"by bytes", memorystore.Options{MaxBytes: 100 * (memorystore.Overhead + int64(len("k00data")))}, "Options.MaxBytes"},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			h := newHarness(tc.opts)
			ctx := t.Context()
			for i := range 100 {
				must(t, h.Write(ctx, fmt.Sprintf("k%02d", i), h.record(0, "data")))
			}
			full := h.Bytes()

			err := h.Write(ctx, "new", h.record(0, "data"))
			if !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), tc.names) {
				t.Errorf("got %v; want ErrUnavailable that names %s", err, tc.names)
			}
			must(t, h.gone(ctx, "new"))
			for i := range 100 {
				must(t, h.holds(ctx, fmt.Sprintf("k%02d", i), "data", 1))
			}
			if h.Len() != 100 || h.Bytes() != full {
				t.Errorf("Len() = %d, Bytes() = %d; want 100, %d", h.Len(), h.Bytes(), full)
			}

			// An existing session goes on.
			must(t, h.Write(ctx, "k00", h.record(1, "DATA")))
			must(t, h.Touch(ctx, "k01", h.clock.In(2*time.Hour)))

			// A session that is destroyed makes room for another.
			must(t, h.Destroy(ctx, "k02", 0))
			must(t, h.Write(ctx, "new", h.record(0, "data")))
			must(t, want(h.Write(ctx, "one", h.record(0, "data")), session.ErrUnavailable))

			// So do all sessions that expire, in whichever shard they are.
			h.clock.Advance(time.Hour)
			for i := range 99 {
				must(t, h.Write(ctx, fmt.Sprintf("n%02d", i), h.record(0, "data")))
			}
			must(t, want(h.Write(ctx, "one", h.record(0, "data")), session.ErrUnavailable))
			must(t, h.holds(ctx, "k01", "data", 1))
		})
	}
}

func Test_that_a_write_that_does_not_fit_changes_nothing(t *testing.T) {
	const limit = 2*memorystore.Overhead + 100
	h := newHarness(memorystore.Options{MaxBytes: limit})
	ctx := t.Context()
	must(t, h.Write(ctx, "a", h.record(0, "one")))
	must(t, h.Write(ctx, "b", h.record(0, "two")))
	before := h.Bytes()

	big := session.Record{Data: bytes.Repeat([]byte("x"), 98), Version: 1, Expires: h.clock.In(9 * time.Hour)}
	must(t, want(h.Write(ctx, "a", big), session.ErrUnavailable))
	must(t, h.holds(ctx, "a", "one", 1))
	must(t, h.expiresIn(ctx, "a", time.Hour))
	if got := h.Bytes(); got != before {
		t.Errorf("Bytes() = %d; want %d", got, before)
	}

	must(t, h.Destroy(ctx, "b", 0))
	must(t, h.Write(ctx, "a", big))

	huge := session.Record{Data: make([]byte, limit-memorystore.Overhead-len("a")+1), Version: 2, Expires: h.clock.In(time.Hour)}
	err := h.Write(ctx, "a", huge)
	must(t, want(err, session.ErrTooLarge))
	must(t, never(err, session.ErrUnavailable)) // trying again would not help
	must(t, h.holds(ctx, "a", string(big.Data), 2))

	huge.Data = huge.Data[1:] // exactly as much as the store holds
	must(t, h.Write(ctx, "a", huge))
}

func Test_that_a_flood_fills_the_store_to_the_cap_and_not_beyond(t *testing.T) {
	const most = 500
	h := newHarness(memorystore.Options{MaxSessions: most})
	var created atomic.Int64
	must(t, together(16, func(worker int) error {
		for i := range 100 {
			err := h.Write(t.Context(), fmt.Sprint(worker, "-", i), h.record(0, "data"))
			if err == nil {
				created.Add(1)
				continue
			}
			if err := want(err, session.ErrUnavailable); err != nil {
				return err
			}
		}
		return nil
	}))
	if created.Load() != most || h.Len() != most {
		t.Errorf("%d created, Len() = %d; want %d", created.Load(), h.Len(), most)
	}
}

func Test_that_the_counters_are_right_after_a_storm(t *testing.T) {
	h := newHarness(memorystore.Options{MaxSessions: 50})
	ctx := t.Context()
	must(t, together(8, func(worker int) error {
		for i := range 500 {
			key := fmt.Sprint("k", (worker*31+i*17)%80)
			switch i % 5 {
			case 0, 1:
				_ = h.Write(ctx, key, session.Record{Data: make([]byte, i), Expires: h.clock.In(time.Duration(i) * time.Second)})
			case 2:
				if rec, err := h.Read(ctx, key); err == nil {
					rec.Data = make([]byte, i/2)
					_ = h.Write(ctx, key, rec)
				}
			case 3:
				_ = h.Touch(ctx, key, h.clock.In(time.Duration(500-i)*time.Second))
			case 4:
				h.clock.Advance(time.Second)
				if i%3 == 0 {
					_ = h.Destroy(ctx, key, 0)
				}
			}
		}
		return nil
	}))
	var count, size int64
	for i := range 80 {
		key := fmt.Sprint("k", i)
		if rec, err := h.Read(ctx, key); err == nil {
			count++
			size += int64(len(key) + len(rec.Data) + memorystore.Overhead)
		}
	}
	if int64(h.Len()) != count || h.Bytes() != size {
		t.Errorf("Len() = %d, Bytes() = %d; want %d, %d", h.Len(), h.Bytes(), count, size)
	}
	h.clock.Advance(24 * time.Hour)
	if h.Len() != 0 || h.Bytes() != 0 {
		t.Errorf("Len() = %d, Bytes() = %d; want 0, 0", h.Len(), h.Bytes())
	}
}
