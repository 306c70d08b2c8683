package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_one_who_gives_up_waiting_leaves_no_trace(t *testing.T) {
	q := session.NewQueue()
	leave, err := q.Enter(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Enter(cancelled, "key"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a cancelled context: %v", err)
	}
	other, err := q.Enter(cancelled, "other")
	if err != nil {
		t.Errorf("another session has to wait: %v", err)
	}
	other()
	leave()
	if n := q.Len(); n != 0 {
		t.Errorf("%d lines are left", n)
	}
}

// The turn comes at the same moment as the context ends.
func Test_that_no_turn_is_lost_when_a_waiter_gives_up(t *testing.T) {
	q := session.NewQueue()
	for range 2000 {
		first, _ := q.Enter(t.Context(), "key")
		var done sync.WaitGroup
		cancels := make([]context.CancelFunc, 3)
		for i := range cancels {
			ctx, cancel := context.WithCancel(t.Context())
			cancels[i] = cancel
			done.Go(func() {
				if leave, err := q.Enter(ctx, "key"); err == nil {
					leave()
				}
			})
		}
		done.Go(first)
		for _, cancel := range cancels[1:] {
			done.Go(cancel)
		}
		done.Wait() // the only one that does not give up gets its turn
		cancels[0]()
		if n := q.Len(); n != 0 {
			t.Fatalf("%d lines are left", n)
		}
	}
}

func Test_that_the_turn_of_one_who_has_given_up_is_nobody_s(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			q := session.NewQueue()
			leave, _ := q.Enter(t.Context(), "key")
			ctx, giveUp := context.WithCancel(t.Context())
			go func() {
				if leave, err := q.Enter(ctx, "key"); err == nil {
					leave()
				}
			}()
			synctest.Wait()
			giveUp()
			leave() // arrives while the waiter is giving up
			synctest.Wait()
			if n := q.Len(); n != 0 {
				t.Errorf("%d lines are left", n)
			}

			leave, _ = q.Enter(t.Context(), "key")
			var entered atomic.Bool
			go func() {
				leave, _ := q.Enter(t.Context(), "key")
				entered.Store(true)
				leave()
			}()
			synctest.Wait()
			if entered.Load() {
				t.Error("two have their turn at once")
			}
			leave()
		})
	}
}

func Test_that_the_next_in_line_gets_the_turn_of_one_who_gives_up(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			q := session.NewQueue()
			leave, _ := q.Enter(t.Context(), "key")
			gaveUp := make(chan struct{})
			var entered atomic.Bool
			go func() {
				if leave, err := q.Enter(beforeWaiting{t.Context(), func() { <-gaveUp }}, "key"); err == nil {
					entered.Store(true)
					leave()
				}
			}()
			ctx, giveUp := context.WithCancel(t.Context())
			both := func() { synctest.Wait(); giveUp(); leave() } // with both of them waiting in line
			if leave, err := q.Enter(beforeWaiting{ctx, both}, "key"); err == nil {
				leave()
			}
			close(gaveUp)
			synctest.Wait()
			if !entered.Load() {
				t.Error("the other one waits for ever")
			}
		})
	}
}

// beforeWaiting is a context that calls do when somebody is about to wait for it.
type beforeWaiting struct {
	context.Context
	do func()
}

func (c beforeWaiting) Done() <-chan struct{} { c.do(); return c.Context.Done() }

func Test_that_there_is_one_at_a_time(t *testing.T) {
	q := session.NewQueue()
	counts := map[string]*int{"a": new(int), "b": new(int)}
	var done sync.WaitGroup
	for range 16 {
		for key, n := range counts {
			done.Go(func() {
				for range 200 {
					leave, err := q.Enter(t.Context(), key)
					if err != nil {
						t.Error(err)
						return
					}
					*n++ // the race detector checks this
					leave()
				}
			})
		}
	}
	done.Wait()
	if *counts["a"] != 3200 || *counts["b"] != 3200 || q.Len() != 0 {
		t.Errorf("counted %d and %d, %d lines are left; want 3200 each, and none", *counts["a"], *counts["b"], q.Len())
	}
}

// A line that is no longer needed is reused for another session, by one session at a time.
func Test_that_sessions_do_not_share_a_line(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sessions = 200 // more than the queue has shards
		q := session.NewQueue()
		enter := func(i int) func() {
			leave, err := q.Enter(t.Context(), fmt.Sprint("key ", i))
			if err != nil {
				t.Error(err)
			}
			return leave
		}
		for i := range sessions {
			enter(i)()
		}
		var leave [sessions]func()
		for i := range sessions {
			leave[i] = enter(i)
		}
		var entered atomic.Int32
		for i := range sessions / 2 {
			go func() {
				defer enter(i)()
				entered.Add(1)
			}()
		}
		synctest.Wait()
		for _, leave := range leave[sessions/2:] {
			leave()
			synctest.Wait()
			if n := entered.Load(); n != 0 {
				t.Fatalf("%d have their turn when another one leaves; want none", n)
			}
		}
		for _, leave := range leave[:sessions/2] {
			leave()
		}
		synctest.Wait()
		if n := entered.Load(); n != sessions/2 || q.Len() != 0 {
			t.Errorf("%d had their turn, and %d lines are left; want %d and none", n, q.Len(), sessions/2)
		}
		if n := q.Lines(); n > 64 {
			t.Errorf("%d lines remain after %d sessions; want one in each of 64 shards", n, sessions)
		}
	})
}

// A line keeps the record of a session, and may later serve another session, whose record may have
// the same version.
func Test_that_what_one_session_has_left_is_not_taken_for_the_record_of_another(t *testing.T) {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{}), Now: time.Now}
	p, other := start(t, cfg), start(t, cfg)
	visitors := make([]*visitor, 200) // more than the queue has shards
	for i := range visitors {
		visitors[i] = newVisitor()
		visitors[i].must(t, p, put("visitor", i))
	}
	// All visitors have loaded their session before the other process writes to every one, and this
	// process then writes to every second one again.
	var visit func(i int)
	visit = func(i int) {
		if i == len(visitors) {
			for i, v := range visitors {
				for range 1 + i%2 {
					v.must(t, other, increment)
				}
			}
			return
		}
		visitors[i].must(t, p, func(s *session.Session) {
			s.Has("")
			visit(i + 1)
			s.Put("late", true)
		})
	}
	visit(0)
	for i, v := range visitors {
		v.must(t, p, func(s *session.Session) {
			if got, n := session.Get(s, "visitor", -1), session.Get[int](s, "n"); got != i || n != 1+i%2 || !s.Has("late") {
				t.Errorf("visitor %d has the session of visitor %d, written to %d times by the other process", i, got, n)
			}
		})
	}
}

func Test_that_a_store_that_hangs_holds_requests_for_five_seconds_at_most(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newWatched()
		p := start(t, session.Config{Store: store, Now: time.Now})
		v := newVisitor()
		v.must(t, p, put("a", 1))
		store.before = func(c call) error {
			if c.method == "Write" {
				return c.hang()
			}
			return nil
		}
		began := time.Now()
		var done sync.WaitGroup
		for range 5 {
			done.Go(func() {
				if rec := v.do(p, increment); rec.Code != http.StatusServiceUnavailable {
					t.Errorf("status %d; want 503", rec.Code)
				}
			})
		}
		done.Wait()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("they took %v; want 5s", took)
		}
		if n := p.manager.Waiting(); n != 0 {
			t.Errorf("%d lines are left", n)
		}
		store.before = nil
		v.must(t, p, increment)
	})
}
