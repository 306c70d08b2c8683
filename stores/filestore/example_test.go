package filestore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

func Example() {
	dir, err := os.MkdirTemp("", "") // yours stays where it is: /var/lib/myapp, say
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	store, err := filestore.New(filestore.Options{Dir: filepath.Join(dir, "sessions")})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	ctx := context.Background()
	key := strings.Repeat("0123456789abcdef", 4)
	rec := session.Record{Data: []byte("hello"), Expires: time.Now().Add(2 * time.Hour)}
	fmt.Println(store.Write(ctx, key, rec)) // creates version 1

	rec, err = store.Read(ctx, key)
	fmt.Printf("%s %d %v\n", rec.Data, rec.Version, err)
	// Output:
	// <nil>
	// hello 1 <nil>
}

// Where visitors are few, a cron job keeps the directory small.
func ExampleStore_Sweep() {
	store, err := filestore.New(filestore.Options{Dir: "/var/lib/myapp/sessions"})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	removed, err := store.Sweep(context.Background())
	log.Printf("%d files removed: %v", removed, err)
}
