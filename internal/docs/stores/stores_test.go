package stores

import (
	"encoding/hex"
	"testing"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
)

// These are only compiled: they need a system directory, and servers. The stores themselves are
// tested with real ones.
var _ = []any{inFiles, inRedis, inDynamoDB}

func Test_that_the_stores_are_made_as_the_guide_makes_them(t *testing.T) {
	if _, ok := inMemory().(session.Tagger); !ok {
		t.Error("the store in memory cannot find a user's sessions")
	}
	t.Setenv("SESSION_KEY", "")
	if _, err := inCookies(); err == nil {
		t.Error("a store in cookies was made without a key")
	}
	t.Setenv("SESSION_KEY", hex.EncodeToString(cookiestore.GenerateKey()))
	store, err := inCookies()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := store.(session.Tagger); ok {
		t.Error("the store in cookies can find a user's sessions")
	}
}
