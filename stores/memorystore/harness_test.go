package memorystore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
	"github.com/echo-hypermedia/session/stores/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Harness {
		h := newHarness(memorystore.Options{})
		return storetest.Harness{Store: h.Store, Now: h.clock.Now, Advance: h.clock.Advance}
	})
}

// harness is a store and its clock.
type harness struct {
	*memorystore.Store
	clock *clock
}

func newHarness(opts memorystore.Options) harness {
	h := harness{clock: newClock()}
	opts.Now = h.clock.Now
	h.Store = memorystore.New(opts)
	return h
}

// clock is a time that moves only when a test says so.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time               { return time.Unix(0, c.nanos.Load()) }
func (c *clock) Advance(d time.Duration)      { c.nanos.Add(int64(d)) }
func (c *clock) In(d time.Duration) time.Time { return c.Now().Add(d) }

// record is a record that expires in an hour.
func (h harness) record(version uint64, data string) session.Record {
	return session.Record{Data: []byte(data), Version: version, Expires: h.clock.In(time.Hour)}
}

// fill creates n records that expire in d.
func (h harness) fill(t *testing.T, prefix string, n int, d time.Duration) {
	t.Helper()
	for i := range n {
		must(t, h.Write(t.Context(), fmt.Sprint(prefix, i), session.Record{Data: []byte("data"), Expires: h.clock.In(d)}))
	}
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

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
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
