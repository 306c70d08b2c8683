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

func newStore(opts memorystore.Options) (*memorystore.Store, *clock) {
	clock := newClock()
	opts.Now = clock.Now
	return memorystore.New(opts), clock
}

// fill creates n records that expire in d.
func fill(t *testing.T, s *memorystore.Store, c *clock, prefix string, n int, d time.Duration) {
	t.Helper()
	for i := range n {
		must(t, s.Write(t.Context(), fmt.Sprint(prefix, i), session.Record{Data: []byte("data"), Expires: c.In(d)}))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func Test_that_the_zero_options_are_ready_for_use(t *testing.T) {
	s := memorystore.New(memorystore.Options{})
	must(t, s.Write(t.Context(), "k", session.Record{Data: []byte("one"), Expires: time.Now().Add(time.Hour)}))
	rec, err := s.Read(t.Context(), "k")
	if err != nil || string(rec.Data) != "one" {
		t.Errorf("got %q, %v", rec.Data, err)
	}
}

func Test_that_a_conflict_brings_the_current_record(t *testing.T) {
	s, clock := newStore(memorystore.Options{})
	ctx, expires := t.Context(), clock.In(time.Hour)
	must(t, s.Write(ctx, "k", session.Record{Data: []byte("one"), Expires: expires}))
	must(t, s.Write(ctx, "k", session.Record{Data: []byte("two"), Version: 1, Expires: expires}))

	for name, err := range map[string]error{
		"create":  s.Write(ctx, "k", session.Record{Data: []byte("three"), Expires: expires}),
		"replace": s.Write(ctx, "k", session.Record{Data: []byte("three"), Version: 1, Expires: expires}),
		"destroy": s.Destroy(ctx, "k", 1),
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
	s, clock := newStore(memorystore.Options{})
	h := harness{s, clock}
	must(t, s.Write(t.Context(), "k", h.record(0, "one")))
	clock.Advance(time.Hour)
	must(t, h.gone(t.Context(), "k"))
	clock.Advance(-30 * time.Minute)
	must(t, h.gone(t.Context(), "k"))
}

func Test_that_no_goroutine_is_started(t *testing.T) {
	before := runtime.NumGoroutine()
	s, clock := newStore(memorystore.Options{})
	fill(t, s, clock, "k", 1000, time.Hour)
	clock.Advance(time.Hour)
	fill(t, s, clock, "l", 1000, time.Hour)
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines; want %d", after, before)
	}
}

func Test_that_new_sessions_release_expired_ones(t *testing.T) {
	const n = 10_000
	s, clock := newStore(memorystore.Options{})
	fill(t, s, clock, "old", n, time.Hour)
	peak := s.Bytes()
	clock.Advance(time.Hour)
	fill(t, s, clock, "new", n, time.Hour)
	if got := s.Bytes(); got != peak { // asked before Len, which removes expired sessions
		t.Errorf("Bytes() = %d; want %d", got, peak)
	}
	if got := s.Len(); got != n {
		t.Errorf("Len() = %d; want %d", got, n)
	}
}

func Test_that_only_live_sessions_are_listed(t *testing.T) {
	s, clock := newStore(memorystore.Options{})
	fill(t, s, clock, "goes", 10, time.Hour)
	fill(t, s, clock, "stays", 1, 2*time.Hour)
	clock.Advance(time.Hour)
	var got []string
	for key, err := range s.Keys(t.Context()) {
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
	s, clock := newStore(memorystore.Options{})
	fill(t, s, clock, "stays", n, time.Hour)
	one := s.Bytes() / n
	for round := range 10 {
		fill(t, s, clock, fmt.Sprint("goes", round, "-"), n/4, 20*time.Minute)
		clock.Advance(30 * time.Minute)
		for i := range n {
			must(t, s.Touch(t.Context(), fmt.Sprint("stays", i), clock.In(time.Hour)))
		}
		if got, most := s.Bytes(), one*(n+n/20); got > most {
			t.Fatalf("round %d: %d bytes; want at most %d", round, got, most)
		}
	}
	if got := s.Len(); got != n {
		t.Errorf("Len() = %d; want %d", got, n)
	}
}

func Test_that_every_way_out_gives_the_memory_back(t *testing.T) {
	rec := func(c *clock, version uint64, data string) session.Record {
		return session.Record{Data: []byte(data), Version: version, Expires: c.In(time.Hour)}
	}
	for name, remove := range map[string]func(s *memorystore.Store, c *clock) error{
		"destroy any version":  func(s *memorystore.Store, c *clock) error { return s.Destroy(t.Context(), "k", 0) },
		"destroy this version": func(s *memorystore.Store, c *clock) error { return s.Destroy(t.Context(), "k", 2) },
		"expire, then read": func(s *memorystore.Store, c *clock) error {
			c.Advance(time.Hour)
			_, err := s.Read(t.Context(), "k")
			return want(err, session.ErrNotFound)
		},
		"expire, then create and destroy": func(s *memorystore.Store, c *clock) error {
			c.Advance(time.Hour)
			return errors.Join(s.Write(t.Context(), "k", rec(c, 0, "three")), s.Destroy(t.Context(), "k", 1))
		},
		"touch into the past, then Len": func(s *memorystore.Store, c *clock) error {
			defer s.Len()
			return s.Touch(t.Context(), "k", c.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := newStore(memorystore.Options{})
			must(t, s.Write(t.Context(), "k", rec(clock, 0, "one")))
			must(t, s.Write(t.Context(), "k", rec(clock, 1, "more than one")))
			if got, want := s.Bytes(), int64(len("k")+len("more than one")+memorystore.Overhead); got != want {
				t.Errorf("Bytes() = %d; want %d", got, want)
			}
			must(t, remove(s, clock))
			if got := s.Bytes(); got != 0 {
				t.Errorf("Bytes() = %d; want 0", got)
			}
			if got := s.Len(); got != 0 {
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
			s, clock := newStore(tc.opts)
			h := harness{s, clock}
			ctx := t.Context()
			for i := range 100 {
				must(t, s.Write(ctx, fmt.Sprintf("k%02d", i), h.record(0, "data")))
			}
			full := s.Bytes()

			err := s.Write(ctx, "new", h.record(0, "data"))
			if !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), tc.names) {
				t.Errorf("got %v; want ErrUnavailable that names %s", err, tc.names)
			}
			must(t, h.gone(ctx, "new"))
			for i := range 100 {
				must(t, h.holds(ctx, fmt.Sprintf("k%02d", i), "data", 1))
			}
			if s.Len() != 100 || s.Bytes() != full {
				t.Errorf("Len() = %d, Bytes() = %d; want 100, %d", s.Len(), s.Bytes(), full)
			}

			// An existing session goes on.
			must(t, s.Write(ctx, "k00", h.record(1, "DATA")))
			must(t, s.Touch(ctx, "k01", clock.In(2*time.Hour)))

			// A session that is destroyed makes room for another.
			must(t, s.Destroy(ctx, "k02", 0))
			must(t, s.Write(ctx, "new", h.record(0, "data")))
			must(t, want(s.Write(ctx, "one", h.record(0, "data")), session.ErrUnavailable))

			// So do all sessions that expire, in whichever shard they are.
			clock.Advance(time.Hour)
			for i := range 99 {
				must(t, s.Write(ctx, fmt.Sprintf("n%02d", i), h.record(0, "data")))
			}
			must(t, want(s.Write(ctx, "one", h.record(0, "data")), session.ErrUnavailable))
			must(t, h.holds(ctx, "k01", "data", 1))
		})
	}
}

func Test_that_a_write_that_does_not_fit_changes_nothing(t *testing.T) {
	const limit = 2*memorystore.Overhead + 100
	s, clock := newStore(memorystore.Options{MaxBytes: limit})
	h := harness{s, clock}
	ctx := t.Context()
	must(t, s.Write(ctx, "a", h.record(0, "one")))
	must(t, s.Write(ctx, "b", h.record(0, "two")))
	before := s.Bytes()

	big := session.Record{Data: bytes.Repeat([]byte("x"), 98), Version: 1, Expires: clock.In(9 * time.Hour)}
	must(t, want(s.Write(ctx, "a", big), session.ErrUnavailable))
	must(t, h.holds(ctx, "a", "one", 1))
	must(t, h.expiresIn(ctx, "a", time.Hour))
	if got := s.Bytes(); got != before {
		t.Errorf("Bytes() = %d; want %d", got, before)
	}

	must(t, s.Destroy(ctx, "b", 0))
	must(t, s.Write(ctx, "a", big))

	huge := session.Record{Data: make([]byte, limit-memorystore.Overhead-len("a")+1), Version: 2, Expires: clock.In(time.Hour)}
	err := s.Write(ctx, "a", huge)
	must(t, want(err, session.ErrTooLarge))
	must(t, never(err, session.ErrUnavailable)) // trying again would not help
	must(t, h.holds(ctx, "a", string(big.Data), 2))

	huge.Data = huge.Data[1:] // exactly as much as the store holds
	must(t, s.Write(ctx, "a", huge))
}

func Test_that_a_flood_fills_the_store_to_the_cap_and_not_beyond(t *testing.T) {
	const most = 500
	s, clock := newStore(memorystore.Options{MaxSessions: most})
	h := harness{s, clock}
	var created atomic.Int64
	must(t, together(16, func(worker int) error {
		for i := range 100 {
			err := s.Write(t.Context(), fmt.Sprint(worker, "-", i), h.record(0, "data"))
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
	if created.Load() != most || s.Len() != most {
		t.Errorf("%d created, Len() = %d; want %d", created.Load(), s.Len(), most)
	}
}

func Test_that_the_counters_are_right_after_a_storm(t *testing.T) {
	s, clock := newStore(memorystore.Options{MaxSessions: 50})
	ctx := t.Context()
	must(t, together(8, func(worker int) error {
		for i := range 500 {
			key := fmt.Sprint("k", (worker*31+i*17)%80)
			switch i % 5 {
			case 0, 1:
				_ = s.Write(ctx, key, session.Record{Data: make([]byte, i), Expires: clock.In(time.Duration(i) * time.Second)})
			case 2:
				if rec, err := s.Read(ctx, key); err == nil {
					rec.Data = make([]byte, i/2)
					_ = s.Write(ctx, key, rec)
				}
			case 3:
				_ = s.Touch(ctx, key, clock.In(time.Duration(500-i)*time.Second))
			case 4:
				clock.Advance(time.Second)
				if i%3 == 0 {
					_ = s.Destroy(ctx, key, 0)
				}
			}
		}
		return nil
	}))
	var count, size int64
	for i := range 80 {
		key := fmt.Sprint("k", i)
		if rec, err := s.Read(ctx, key); err == nil {
			count++
			size += int64(len(key) + len(rec.Data) + memorystore.Overhead)
		}
	}
	if int64(s.Len()) != count || s.Bytes() != size {
		t.Errorf("Len() = %d, Bytes() = %d; want %d, %d", s.Len(), s.Bytes(), count, size)
	}
	clock.Advance(24 * time.Hour)
	if s.Len() != 0 || s.Bytes() != 0 {
		t.Errorf("Len() = %d, Bytes() = %d; want 0, 0", s.Len(), s.Bytes())
	}
}
