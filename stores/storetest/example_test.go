package storetest_test

import (
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
	"github.com/echo-hypermedia/session/stores/storetest"
)

// ownStore stands for your own store: here, one that neither finds the sessions of a user nor lists
// all sessions.
type ownStore struct{ session.Store }

func newOwnStore(now func() time.Time) ownStore {
	return ownStore{memorystore.New(memorystore.Options{Now: now})}
}

// This is all that the test of a store needs. In your test, the function is called TestContract and
// t is its parameter.
func Example() {
	TestContract := func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Harness {
			clock := newClock()
			return storetest.Harness{
				Store:   newOwnStore(clock.Now),
				Now:     clock.Now,
				Advance: clock.Advance,
				NoTags:  true,
			}
		})
	}
	_ = TestContract // go test calls it
}
