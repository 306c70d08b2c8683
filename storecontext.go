package session

import (
	"context"
	"sync"
	"time"
)

// storeTimeout bounds the store calls of one load or commit.
const storeTimeout = 5 * time.Second

// storeContext is for the store calls of one load or commit. It has the values of the
// request's context, but does not end with the request: a visitor who hangs up must not undo
// a logout.
//
// It is context.WithTimeout, but that it starts no timer unless somebody waits for it. A store
// in memory does not, and a timer would take longer than all that such a store does.
type storeContext struct {
	context.Context // the request's
	deadline        time.Time

	mu    sync.Mutex
	timed context.Context // once somebody waits
	stop  context.CancelFunc
	ended bool
}

func newStoreContext(request context.Context) *storeContext {
	return &storeContext{Context: request, deadline: time.Now().Add(storeTimeout)}
}

func (c *storeContext) Deadline() (time.Time, bool) { return c.deadline, true }

func (c *storeContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timed == nil {
		c.timed, c.stop = context.WithDeadline(context.WithoutCancel(c.Context), c.deadline)
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
