package session

import (
	"context"
	"sync"
	"time"
)

// storeTimeout bounds the store calls of one load or commit.
const storeTimeout = 5 * time.Second

// withStoreTimeout is for store calls outside of a load or commit, about one session or the list of
// a user's sessions. They end with ctx, and after storeTimeout at the latest: the context of a
// request may last for as long as its visitor waits.
func withStoreTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, storeTimeout)
}

// storeContext is for the store calls of one load or commit. It has the values of the
// request's context, but does not end with the request: a visitor who hangs up must not undo
// a logout.
//
// It is context.WithTimeout, except that it starts no timer unless somebody waits for its end. A
// store in memory does not wait, and starting a timer would take longer than the store's own work.
type storeContext struct {
	context.Context // the request's

	mu       sync.Mutex
	deadline time.Time       // once somebody asks, or from the start
	timed    context.Context // once somebody waits
	stop     context.CancelFunc
	ended    bool
	asked    bool // Err was called before
}

// storeContext returns the context for the store calls of a load or commit that begins now; it sets
// s.at. The first context of a request is part of the session, to save an allocation.
func (s *Session) storeContext() *storeContext {
	c := &s.firstContext
	if c.Context != nil {
		c = new(storeContext)
	}
	c.Context = s.ctx
	now := s.m.cfg.Now()
	s.at = wall(now)
	if s.m.realTime {
		c.deadline = now.Add(storeTimeout)
	}
	return c
}

// Value hides from the store that the request has ended. Otherwise context.Cause would tell, and a
// store that hangs would be mistaken for a visitor who has left.
func (c *storeContext) Value(key any) any { return context.WithoutCancel(c.Context).Value(key) }

func (c *storeContext) Deadline() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.until(), true
}

// until is the deadline, which is fixed when it is first asked for.
func (c *storeContext) until() time.Time {
	if c.deadline.IsZero() {
		c.deadline = time.Now().Add(storeTimeout)
	}
	return c.deadline
}

func (c *storeContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		c.timed, c.stop = context.WithDeadline(context.WithoutCancel(c.Context), c.until())
		if c.ended {
			c.stop()
		}
	}
	return c.timed.Done()
}

func (c *storeContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.timed != nil:
		return c.timed.Err()
	case c.ended:
		return context.Canceled
	case !c.asked: // a store asks before it begins, when no time has passed yet
		c.asked = true
		c.until()
	case !time.Now().Before(c.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// end is called when the store calls are over.
func (c *storeContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.stop != nil {
		c.stop()
	}
}
