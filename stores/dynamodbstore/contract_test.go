package dynamodbstore_test

import (
	"testing"

	"github.com/echo-hypermedia/session/stores/dynamodbstore"
	"github.com/echo-hypermedia/session/stores/storetest"
)

func Test_that_the_store_keeps_the_contract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		h := newHarness(t)
		return storetest.Harness{
			Store:   h.Store,
			Now:     h.clock.Now,
			Advance: h.clock.Advance,
			MaxData: dynamodbstore.MaxData,
		}
	})
}
