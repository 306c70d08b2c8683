package sessiontest_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/echo-hypermedia/session/sessiontest"
)

func Test_that_a_clock_moves_only_when_it_is_told(t *testing.T) {
	var clock sessiontest.Clock
	start := clock.Now()
	if got := clock.Now(); !got.Equal(start) {
		t.Errorf("the clock went from %v to %v by itself", start, got)
	}
	clock.Advance(time.Hour)
	if got := clock.Now().Sub(start); got != time.Hour {
		t.Errorf("the clock has advanced by %v; want an hour", got)
	}
}

func Test_that_a_clock_may_be_advanced_first(t *testing.T) {
	var clock sessiontest.Clock
	clock.Advance(time.Hour)
	if got := time.Until(clock.Now()); got < 30*time.Minute {
		t.Errorf("the clock is %v ahead; want an hour", got)
	}
}

func Test_that_a_clock_is_safe_for_concurrent_use(t *testing.T) {
	var clock sessiontest.Clock
	start := clock.Now()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { clock.Advance(time.Second); clock.Now() })
	}
	all.Wait()
	if got := clock.Now().Sub(start); got != 100*time.Second {
		t.Errorf("the clock has advanced by %v; want 100 s", got)
	}
}

func ExampleClock() {
	var clock sessiontest.Clock
	start := clock.Now()
	clock.Advance(2 * time.Hour)
	fmt.Println(clock.Now().Sub(start))
	// Output: 2h0m0s
}
