package redisstore_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/echo-hypermedia/session/stores/redisstore"
)

// The data of an ordinary session.
var benchData = strings.Repeat("x", 500)

func benchStore(b *testing.B) *redisstore.Store {
	b.Helper()
	store := newStore(b, clientOf(b, shared, nil), redisstore.Options{Prefix: rand.Text() + ":"}) // new at each run of the benchmark
	ok(b, store.Check(b.Context()))
	ok(b, store.Write(b.Context(), key("k"), record(0, benchData)))
	for i := range 5 {
		ok(b, store.Tag(b.Context(), tag("t"), key(fmt.Sprint(i)), inAnHour()))
	}
	b.ReportAllocs()
	return store
}

// BenchmarkPing measures a round trip without a store.
func BenchmarkPing(b *testing.B) {
	client := clientOf(b, shared, nil)
	b.ReportAllocs()
	for b.Loop() {
		ok(b, client.Ping(b.Context()).Err())
	}
}

func BenchmarkRead(b *testing.B) {
	store := benchStore(b)
	for b.Loop() {
		_, err := store.Read(b.Context(), key("k"))
		ok(b, err)
	}
}

func BenchmarkReadParallel(b *testing.B) {
	store := benchStore(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := store.Read(b.Context(), key("k")); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkReplace(b *testing.B) {
	store := benchStore(b)
	rec := record(1, benchData)
	for b.Loop() {
		ok(b, store.Write(b.Context(), key("k"), rec))
		rec.Version++
	}
}

func BenchmarkConflict(b *testing.B) {
	store := benchStore(b)
	rec := record(7, benchData)
	for b.Loop() {
		if store.Write(b.Context(), key("k"), rec) == nil {
			b.Fatal("no conflict")
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	store := benchStore(b)
	for b.Loop() {
		ok(b, store.Write(b.Context(), key(rand.Text()), record(0, benchData)))
	}
}

// A destroyed session leaves a tombstone under its key, so each session has a new key.
func BenchmarkCreateAndDestroy(b *testing.B) {
	store := benchStore(b)
	for b.Loop() {
		key := key(rand.Text())
		ok(b, store.Write(b.Context(), key, record(0, benchData)))
		ok(b, store.Destroy(b.Context(), key, 1))
	}
}

func BenchmarkTouch(b *testing.B) {
	store := benchStore(b)
	for b.Loop() {
		ok(b, store.Touch(b.Context(), key("k"), inAnHour()))
	}
}

func BenchmarkTag(b *testing.B) {
	store := benchStore(b)
	for b.Loop() {
		ok(b, store.Tag(b.Context(), tag("t"), key("0"), inAnHour()))
	}
}

func BenchmarkTagged(b *testing.B) {
	store := benchStore(b)
	for b.Loop() {
		_, err := store.Tagged(b.Context(), tag("t"))
		ok(b, err)
	}
}

func BenchmarkRevokeAndUntag(b *testing.B) {
	store := benchStore(b)
	for b.Loop() {
		_, err := store.Revoke(b.Context(), tag("t"))
		ok(b, err)
		ok(b, store.Untag(b.Context(), tag("t"), key("0")))
	}
}
