package memorystore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// harness is a fresh store and the clock it looks at.
type harness struct {
	session.Store
	clock *clock
}

// clock is a time that only moves when a test says so.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time               { return time.Unix(0, c.nanos.Load()) }
func (c *clock) Advance(d time.Duration)      { c.nanos.Add(int64(d)) }
func (c *clock) In(d time.Duration) time.Time { return c.Now().Add(d) }

// record is one that expires in an hour.
func (h harness) record(version uint64, data string) session.Record {
	return session.Record{Data: []byte(data), Version: version, Expires: h.clock.In(time.Hour)}
}

// contract has the cases for the numbered rules of session.Store. A case returns what is
// wrong, so that it can be run against any store.
var contract = []struct {
	rule  int
	claim string
	run   func(ctx context.Context, h harness) error
}{
	{1, "read returns what was written", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.holds(ctx, "k", "one", 1),
		)
	}},
	{1, "read returns the newest of many writes", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Write(ctx, "k", h.record(1, "two")),
			h.Write(ctx, "k", h.record(2, "three")),
			h.holds(ctx, "k", "three", 3),
		)
	}},
	{1, "read returns the expiry that was written", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.expiresIn(ctx, "k", time.Hour),
		)
	}},
	{1, "records do not mix", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "a", h.record(0, "one")),
			h.Write(ctx, "b", h.record(0, "two")),
			h.holds(ctx, "a", "one", 1),
			h.holds(ctx, "b", "two", 1),
		)
	}},
	{1, "empty data is a record", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "")),
			h.holds(ctx, "k", "", 1),
		)
	}},
	{1, "any byte may be in data", func(ctx context.Context, h harness) error {
		var all strings.Builder
		for b := range 256 {
			all.WriteByte(byte(b))
		}
		return errors.Join(
			h.Write(ctx, "k", h.record(0, all.String())),
			h.holds(ctx, "k", all.String(), 1),
		)
	}},
	{1, "a key that was never written is not found", func(ctx context.Context, h harness) error {
		return h.gone(ctx, "k")
	}},
	{3, "a create is version 1", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.holds(ctx, "k", "one", 1),
		)
	}},
	{3, "a create over a record is a conflict and changes nothing", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			want(h.Write(ctx, "k", session.Record{Data: []byte("two"), Expires: h.clock.In(9 * time.Hour)}), session.ErrConflict),
			h.holds(ctx, "k", "one", 1),
			h.expiresIn(ctx, "k", time.Hour),
		)
	}},
	{4, "a write under the current version replaces data and expiry", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Write(ctx, "k", session.Record{Data: []byte("two"), Version: 1, Expires: h.clock.In(2 * time.Hour)}),
			h.holds(ctx, "k", "two", 2),
			h.expiresIn(ctx, "k", 2*time.Hour),
		)
	}},
	{4, "a write under an old version is a conflict and changes nothing", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Write(ctx, "k", h.record(1, "two")),
			want(h.Write(ctx, "k", session.Record{Data: []byte("three"), Version: 1, Expires: h.clock.In(9 * time.Hour)}), session.ErrConflict),
			h.holds(ctx, "k", "two", 2),
			h.expiresIn(ctx, "k", time.Hour),
		)
	}},
	{4, "a write under a future version is a conflict and changes nothing", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			want(h.Write(ctx, "k", h.record(2, "two")), session.ErrConflict),
			h.holds(ctx, "k", "one", 1),
		)
	}},
	{4, "a write under a version never creates", func(ctx context.Context, h harness) error {
		return errors.Join(
			want(h.Write(ctx, "k", h.record(1, "one")), session.ErrNotFound),
			h.gone(ctx, "k"),
		)
	}},
	{5, "destroying version 0 removes any version", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Write(ctx, "k", h.record(1, "two")),
			h.Destroy(ctx, "k", 0),
			h.gone(ctx, "k"),
		)
	}},
	{5, "destroying the current version removes it", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Write(ctx, "k", h.record(1, "two")),
			h.Destroy(ctx, "k", 2),
			h.gone(ctx, "k"),
		)
	}},
	{5, "destroying another version is a conflict and changes nothing", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Write(ctx, "k", h.record(1, "two")),
			want(h.Destroy(ctx, "k", 1), session.ErrConflict),
			want(h.Destroy(ctx, "k", 3), session.ErrConflict),
			h.holds(ctx, "k", "two", 2),
		)
	}},
	{5, "destroying what is missing is no error for version 0 and not found for a version", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Destroy(ctx, "k", 0),
			want(h.Destroy(ctx, "k", 1), session.ErrNotFound),
		)
	}},
	{5, "nothing brings a destroyed record back", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Destroy(ctx, "k", 0),
			want(h.Write(ctx, "k", h.record(1, "two")), session.ErrNotFound),
			want(h.Touch(ctx, "k", h.clock.In(time.Hour)), session.ErrNotFound),
			h.gone(ctx, "k"),
		)
	}},
	{6, "touch moves the expiry away and changes nothing else", func(ctx context.Context, h harness) error {
		err := errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Touch(ctx, "k", h.clock.In(3*time.Hour)),
			h.expiresIn(ctx, "k", 3*time.Hour),
		)
		h.clock.Advance(2 * time.Hour)
		err = errors.Join(err, h.holds(ctx, "k", "one", 1))
		h.clock.Advance(time.Hour)
		return errors.Join(err, h.gone(ctx, "k"))
	}},
	{6, "touch moves the expiry closer", func(ctx context.Context, h harness) error {
		err := errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Touch(ctx, "k", h.clock.In(time.Minute)),
		)
		h.clock.Advance(time.Minute)
		return errors.Join(err, h.gone(ctx, "k"))
	}},
	{6, "touch never creates", func(ctx context.Context, h harness) error {
		return errors.Join(
			want(h.Touch(ctx, "k", h.clock.In(time.Hour)), session.ErrNotFound),
			h.gone(ctx, "k"),
		)
	}},
	{6, "touch does not stand in the way of the next write", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			h.Touch(ctx, "k", h.clock.In(2*time.Hour)),
			h.Write(ctx, "k", h.record(1, "two")),
			h.holds(ctx, "k", "two", 2),
		)
	}},
	{7, "a record lives until just before its expiry", func(ctx context.Context, h harness) error {
		err := h.Write(ctx, "k", h.record(0, "one"))
		h.clock.Advance(time.Hour - time.Millisecond)
		return errors.Join(err, h.holds(ctx, "k", "one", 1))
	}},
	{7, "an expired record is gone for read", expired(func(ctx context.Context, h harness) error {
		return h.gone(ctx, "k")
	})},
	{7, "an expired record is gone for write", expired(func(ctx context.Context, h harness) error {
		return errors.Join(
			want(h.Write(ctx, "k", h.record(1, "two")), session.ErrNotFound),
			h.gone(ctx, "k"),
		)
	})},
	{7, "an expired record is gone for touch", expired(func(ctx context.Context, h harness) error {
		return errors.Join(
			want(h.Touch(ctx, "k", h.clock.In(time.Hour)), session.ErrNotFound),
			h.gone(ctx, "k"),
		)
	})},
	{7, "an expired record is gone for destroy", expired(func(ctx context.Context, h harness) error {
		return errors.Join(
			want(h.Destroy(ctx, "k", 1), session.ErrNotFound),
			h.Destroy(ctx, "k", 0),
		)
	})},
	{7, "version 0 over an expired record creates anew", expired(func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "k", h.record(0, "two")),
			h.holds(ctx, "k", "two", 1),
		)
	})},
	{7, "a record with an expiry in the past is gone at once", func(ctx context.Context, h harness) error {
		return errors.Join(
			h.Write(ctx, "new", session.Record{Data: []byte("one"), Expires: h.clock.In(-time.Second)}),
			h.gone(ctx, "new"),
			h.Write(ctx, "touched", h.record(0, "one")),
			h.Touch(ctx, "touched", h.clock.Now()),
			h.gone(ctx, "touched"),
			want(h.Touch(ctx, "touched", h.clock.In(time.Hour)), session.ErrNotFound),
		)
	}},
	{8, "64 × 50 increments are 3200", increments},
	{8, "of many creates one wins", creates},
	{8, "destroyed stays destroyed in a storm", destroyedInAStorm},
	{9, "the store does not share the slice given to write", func(ctx context.Context, h harness) error {
		rec := h.record(0, "one")
		err := h.Write(ctx, "k", rec)
		copy(rec.Data, "XXX")
		err = errors.Join(err, h.holds(ctx, "k", "one", 1))
		rec = h.record(1, "two")
		err = errors.Join(err, h.Write(ctx, "k", rec))
		copy(rec.Data, "XXX")
		return errors.Join(err, h.holds(ctx, "k", "two", 2))
	}},
	{9, "the store does not share the slice returned by read", func(ctx context.Context, h harness) error {
		err := h.Write(ctx, "k", h.record(0, "one"))
		rec, readErr := h.Read(ctx, "k")
		copy(rec.Data, "XXX")
		return errors.Join(err, readErr, h.holds(ctx, "k", "one", 1))
	}},
	{9, "the store does not share the slice of a conflict", func(ctx context.Context, h harness) error {
		err := h.Write(ctx, "k", h.record(0, "one"))
		var conflict *session.ConflictError
		if !errors.As(h.Write(ctx, "k", h.record(0, "two")), &conflict) {
			return err // a store need not bring the record along
		}
		copy(conflict.Current.Data, "XXX")
		return errors.Join(err, h.holds(ctx, "k", "one", 1))
	}},
	{10, "a cancelled context ends every method, changes nothing and is not not-found", func(ctx context.Context, h harness) error {
		dead, cancel := context.WithCancel(ctx)
		cancel()
		err := errors.Join(
			h.Write(ctx, "k", h.record(0, "one")),
			want(h.Write(dead, "other", h.record(0, "one")), context.Canceled),
			want(h.Write(dead, "k", h.record(1, "two")), context.Canceled),
			want(h.Destroy(dead, "k", 0), context.Canceled),
			want(h.Touch(dead, "k", h.clock.In(2*time.Hour)), context.Canceled),
			h.holds(ctx, "k", "one", 1),
			h.expiresIn(ctx, "k", time.Hour),
			h.gone(ctx, "other"),
		)
		for _, key := range []string{"k", "missing"} {
			_, readErr := h.Read(dead, key)
			err = errors.Join(err, want(readErr, context.Canceled), never(readErr, session.ErrNotFound)) // rule 2
		}
		return err
	}},
	{11, "errors carry neither key nor data", func(ctx context.Context, h harness) error {
		const key, data = "the-key", "the-data"
		dead, cancel := context.WithCancel(ctx)
		cancel()
		_, missing := h.Read(ctx, key)
		_, cancelled := h.Read(dead, key)
		errs := []error{
			missing, cancelled,
			h.Write(ctx, key, h.record(7, data)),
			h.Touch(ctx, key, h.clock.In(time.Hour)),
			h.Destroy(ctx, key, 7),
		}
		if err := h.Write(ctx, key, h.record(0, data)); err != nil {
			return err
		}
		errs = append(errs,
			h.Write(ctx, key, h.record(0, data)),
			h.Write(ctx, key, h.record(7, data)),
			h.Destroy(ctx, key, 7),
		)
		for i, err := range errs {
			if err == nil {
				return fmt.Errorf("call %d: no error", i)
			}
			if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, key) || strings.Contains(text, data) {
				return fmt.Errorf("call %d: %q gives something away", i, text)
			}
		}
		return nil
	}},
}

func TestContract(t *testing.T) {
	for _, c := range contract {
		t.Run(fmt.Sprintf("rule %d: %s", c.rule, c.claim), func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			h := harness{memorystore.New(memorystore.Options{Now: clock.Now}), clock}
			if err := c.run(t.Context(), h); err != nil {
				t.Errorf("rule %d: %v", c.rule, err)
			}
		})
	}
}

// expired runs a case after the record under "k" has expired.
func expired(run func(context.Context, harness) error) func(context.Context, harness) error {
	return func(ctx context.Context, h harness) error {
		err := h.Write(ctx, "k", h.record(0, "one"))
		h.clock.Advance(time.Hour)
		return errors.Join(err, run(ctx, h))
	}
}

func increments(ctx context.Context, h harness) error {
	if err := h.Write(ctx, "k", h.record(0, "0")); err != nil {
		return err
	}
	err := together(64, func(int) error {
		for range 50 {
			if err := h.increment(ctx, "k"); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, h.holds(ctx, "k", "3200", 3201))
}

// increment reads, adds one and writes, until the write meets the version it read.
func (h harness) increment(ctx context.Context, key string) error {
	for {
		rec, err := h.Read(ctx, key)
		if err != nil {
			return err
		}
		var n int
		if _, err := fmt.Sscan(string(rec.Data), &n); err != nil {
			return err
		}
		rec.Data = fmt.Append(nil, n+1)
		err = h.Write(ctx, key, rec)
		if !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
}

func creates(ctx context.Context, h harness) error {
	var won atomic.Int64
	err := together(64, func(i int) error {
		err := h.Write(ctx, "k", h.record(0, fmt.Sprint(i)))
		if err == nil {
			won.Add(1)
			return nil
		}
		return want(err, session.ErrConflict)
	})
	if n := won.Load(); n != 1 {
		err = errors.Join(err, fmt.Errorf("%d creates succeeded; want 1", n))
	}
	return err
}

// destroyedInAStorm writes, touches and reads 200 records while each of them is destroyed.
// Whoever has seen a record gone must never see it again.
func destroyedInAStorm(ctx context.Context, h harness) error {
	for i := range 200 {
		key := fmt.Sprint("k", i)
		if err := h.Write(ctx, key, h.record(0, "0")); err != nil {
			return err
		}
		var destroyed atomic.Bool
		err := together(8, func(worker int) error {
			if worker == 0 {
				err := h.Destroy(ctx, key, 0)
				destroyed.Store(true)
				return err
			}
			for range 20 {
				dead := destroyed.Load()
				err := h.increment(ctx, key)
				touched := h.Touch(ctx, key, h.clock.In(time.Hour))
				if dead && (err == nil || touched == nil) {
					return errors.New("a destroyed record answered")
				}
				if err != nil {
					return want(err, session.ErrNotFound)
				}
			}
			return nil
		})
		if err := errors.Join(err, h.gone(ctx, key)); err != nil {
			return err
		}
	}
	return nil
}

// together runs fn in n goroutines that start at the same time.
func together(n int, fn func(i int) error) error {
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}

func (h harness) holds(ctx context.Context, key, data string, version uint64) error {
	rec, err := h.Read(ctx, key)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if string(rec.Data) != data || rec.Version != version {
		return fmt.Errorf("got %q, version %d; want %q, version %d", rec.Data, rec.Version, data, version)
	}
	return nil
}

func (h harness) expiresIn(ctx context.Context, key string, d time.Duration) error {
	rec, err := h.Read(ctx, key)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if at := h.clock.In(d); !rec.Expires.Equal(at) {
		return fmt.Errorf("expires at %v; want %v", rec.Expires, at)
	}
	return nil
}

func (h harness) gone(ctx context.Context, key string) error {
	_, err := h.Read(ctx, key)
	return want(err, session.ErrNotFound)
}

func want(got, want error) error {
	if errors.Is(got, want) {
		return nil
	}
	return fmt.Errorf("got error %v; want %v", got, want)
}

func never(got, unwanted error) error {
	if !errors.Is(got, unwanted) {
		return nil
	}
	return fmt.Errorf("got error %v, which is %v", got, unwanted)
}
