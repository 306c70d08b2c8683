package memorystore_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Example() {
	store := memorystore.New(memorystore.Options{})

	ctx := context.Background()
	rec := session.Record{Data: []byte("hello"), Expires: time.Now().Add(2 * time.Hour)}
	fmt.Println(store.Write(ctx, "key", rec)) // creates version 1

	rec, err := store.Read(ctx, "key")
	fmt.Printf("%s %d %v\n", rec.Data, rec.Version, err)
	// Output:
	// <nil>
	// hello 1 <nil>
}

// A full store refuses new sessions. The ones it has are not affected.
func ExampleOptions() {
	store := memorystore.New(memorystore.Options{MaxSessions: 1})

	ctx := context.Background()
	rec := session.Record{Data: []byte("hello"), Expires: time.Now().Add(2 * time.Hour)}
	fmt.Println(store.Write(ctx, "one", rec))

	err := store.Write(ctx, "two", rec)
	fmt.Println(errors.Is(err, session.ErrUnavailable))
	fmt.Println(err)
	// Output:
	// <nil>
	// true
	// memorystore: session: store unavailable: the memory store is full; raise Options.MaxSessions
}
