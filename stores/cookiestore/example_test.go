package cookiestore_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
)

func Example() {
	// What `openssl rand -hex 32` prints, from where the secrets are.
	secret := hex.EncodeToString(cookiestore.GenerateKey())

	key, err := cookiestore.ParseKey(secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{key}})
	if err != nil {
		fmt.Println(err)
		return
	}

	value, err := store.Seal("session", session.Record{
		Data:    []byte("hello"),
		Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	rec, err := store.Open("session", value)
	fmt.Printf("%s %v\n", rec.Data, err)

	_, err = store.Open("another", value)
	fmt.Println(errors.Is(err, session.ErrNotFound))
	// Output:
	// hello <nil>
	// true
}

// To rotate keys, put the new one in front. Sessions of the old one go on.
func ExampleOptions_rotation() {
	old, young := cookiestore.GenerateKey(), cookiestore.GenerateKey()

	before, _ := cookiestore.New(cookiestore.Options{Keys: [][]byte{old}})
	value, _ := before.Seal("session", session.Record{
		Data:    []byte("hello"),
		Expires: time.Now().Add(time.Hour),
	})

	after, _ := cookiestore.New(cookiestore.Options{Keys: [][]byte{young, old}})
	rec, err := after.Open("session", value)
	fmt.Printf("%s %v\n", rec.Data, err)
	// Output: hello <nil>
}

// Keys that people make up are refused, and all of them at once.
func ExampleNew_incorrect() {
	_, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{
		[]byte("secret"),
		[]byte("changeme changeme changeme changeme"),
	}})
	fmt.Println(err)
	// Output:
	// cookiestore: Options.Keys[0] has 6 bytes, and at least 32 are needed; make a key with `openssl rand -hex 32` or cookiestore.GenerateKey()
	// cookiestore: Options.Keys[1] is a short pattern that is repeated; make a key with `openssl rand -hex 32` or cookiestore.GenerateKey()
}
