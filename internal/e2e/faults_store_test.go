package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// brittle is a store whose methods fail while there is a reason.
type brittle struct {
	session.Tagger
	blocked atomic.Pointer[func(ctx context.Context, method string) error]
}

// blocks is an outage of these methods, or of all: they return what block returns.
func (b *brittle) blocks(block func(ctx context.Context) error, methods ...string) outage {
	return outage{
		begin: func() error {
			do := func(ctx context.Context, method string) error {
				if methods != nil && !slices.Contains(methods, method) {
					return nil
				}
				return block(ctx)
			}
			b.blocked.Store(&do)
			return nil
		},
		end: func() error { b.blocked.Store(nil); return nil },
	}
}

func (b *brittle) reach(ctx context.Context, method string) error {
	if blocked := b.blocked.Load(); blocked != nil {
		return (*blocked)(ctx, method)
	}
	return nil
}

func (b *brittle) Read(ctx context.Context, key string) (session.Record, error) {
	if err := b.reach(ctx, "Read"); err != nil {
		return session.Record{}, err
	}
	return b.Tagger.Read(ctx, key)
}

func (b *brittle) Write(ctx context.Context, key string, rec session.Record) error {
	if err := b.reach(ctx, "Write"); err != nil {
		return err
	}
	return b.Tagger.Write(ctx, key, rec)
}

func (b *brittle) Destroy(ctx context.Context, key string, version uint64) error {
	if err := b.reach(ctx, "Destroy"); err != nil {
		return err
	}
	return b.Tagger.Destroy(ctx, key, version)
}

func (b *brittle) Touch(ctx context.Context, key string, expires time.Time) error {
	if err := b.reach(ctx, "Touch"); err != nil {
		return err
	}
	return b.Tagger.Touch(ctx, key, expires)
}

// renew is a Read and a Touch at once. If only the Touch is blocked, it returns the record
// unchanged.
func (b *brittle) renew(ctx context.Context, store session.Renewer, key string, due, until time.Time) (session.Record, error) {
	if err := b.reach(ctx, "Read"); err != nil {
		return session.Record{}, err
	}
	if b.reach(ctx, "Touch") != nil {
		return b.Tagger.Read(ctx, key)
	}
	return store.Renew(ctx, key, due, until)
}

// down is a failing store that says so.
func down(context.Context) error { return errors.New("the store is down") }

// hangs is a failing store that does not answer.
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// newBrittleSite is a site whose store breaks on request.
func newBrittleSite(t *testing.T, s testStore) (*site, *brittle) {
	t.Helper()
	store := &brittle{Tagger: s.open()}
	return newSite(t, session.Config{Store: around(store.Tagger, store), Now: s.Now}), store
}

func Test_that_a_store_that_is_down_is_an_honest_refusal(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, s testStore) {
		site, store := newBrittleSite(t, s)
		site.endures(t, store.blocks(down))

		changes := store.blocks(down, "Write", "Destroy", "Touch")
		changes.works = []click{look}
		site.endures(t, changes)

		s.Advance(session.DefaultIdleTimeout / 2) // after this, pages that only read touch their session
		site.enduresBefore(t, changes)
		site.enduresBefore(t, store.blocks(down, "Read"))
	})
}

// A login is two steps for the store: create the new record, then destroy the old one.
func Test_that_half_a_login_is_none(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, s testStore) {
		site, store := newBrittleSite(t, s)
		for _, method := range []string{"Write", "Destroy"} {
			site.enduresBetween(t, store.blocks(down, method), logIn)
		}
	})
}

// These tests wait for the five seconds that a load or a commit may take.
func Test_that_nobody_waits_for_a_store_that_hangs(t *testing.T) {
	t.Parallel()
	hanging := func(t *testing.T) (*site, outage) {
		t.Parallel()
		site, store := newBrittleSite(t, newTestStore(t, "memory"))
		return site, store.blocks(hangs)
	}
	t.Run("before", func(t *testing.T) {
		site, outage := hanging(t)
		site.enduresBefore(t, outage)
	})
	for _, what := range clicks {
		t.Run(fmt.Sprint("in the middle of ", what), func(t *testing.T) {
			site, outage := hanging(t)
			site.enduresBetween(t, outage, what)
		})
	}
}

func Test_that_a_request_takes_effect_although_its_visitor_has_hung_up(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, s testStore) {
		site := newSite(t, session.Config{Store: s.open(), Now: s.Now})
		hangsUp := func(v *customer, what click) {
			t.Helper()
			ctx, hangUp := context.WithCancel(t.Context())
			site.meanwhile(func(c echo.Context) {
				hangUp()
				<-c.Request().Context().Done()
			})
			if r, err := site.answer(ctx, v.cookie, what); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v, %v; want nothing", r, err)
			}
		}

		counting := site.newCustomer(t)
		hangsUp(counting, count)
		counting.asked, counting.told = counting.asked+1, counting.told+1
		soon(t, func() error { return counting.does(look) })

		leaving := site.newCustomer(t)
		hangsUp(leaving, logOut)
		soon(t, func() error {
			if err := leaving.does(look); !errors.Is(err, errStranger) {
				return fmt.Errorf("after the log-out: %v; want %w", err, errStranger)
			}
			return nil
		})
	})
}

// soon waits until wrong returns nil.
func soon(t *testing.T, wrong func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		err := wrong()
		if err == nil {
			return
		}
		if !rest(ctx) {
			t.Fatal(err)
		}
	}
}

func Test_that_a_handler_that_panics_does_not_hide_a_fault(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, s testStore) {
		site, store := newBrittleSite(t, s)
		panics := func(o outage, with any) func(echo.Context) {
			return func(c echo.Context) {
				session.From(c).Increment("n", 100)
				if err := o.begin(); err != nil {
					t.Error(err)
				}
				panic(with)
			}
		}
		v, outage := site.newCustomer(t), store.blocks(down)

		site.meanwhile(panics(outage, "oops")) // Recover turns it into an answer, before which the session commits
		outage.meets(t, "a panic", v.does(count), count)
		ok(t, outage.end())
		outage.leaves(t, count, v)

		site.meanwhile(panics(outage, http.ErrAbortHandler)) // there is no answer, and nothing is saved
		if _, err := site.answer(t.Context(), v.cookie, count); err == nil {
			t.Error("an answer after a panic that was to abort it")
		}
		ok(t, outage.end())
		outage.leaves(t, count, v)
	})
}
