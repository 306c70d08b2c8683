package sessiontest

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until a test moves it. Pass its Now to the [session.Config]
// and to the store, and sessions end when the test says so:
//
//	var clock sessiontest.Clock
//	cfg := session.Config{
//		Store: memorystore.New(memorystore.Options{Now: clock.Now}),
//		Now:   clock.Now,
//	}
//
// The zero value shows the time of its first use. A Clock is safe for concurrent use, and must not
// be copied.
//
// Redis ends unused sessions by its own clock. There, a Clock moves the absolute timeout and the
// life of flash messages, but not the idle timeout.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time()
}

// Advance moves the clock forward by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.time().Add(d)
}

func (c *Clock) time() time.Time {
	if c.now.IsZero() {
		c.now = time.Now().Round(0) // without the monotonic clock, which nobody can move
	}
	return c.now
}
