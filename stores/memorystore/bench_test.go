package memorystore_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// The keys are as long as those of the manager, and the data is that of an ordinary session.
var (
	benchKey  = strings.Repeat("0123456789abcdef", 4)
	benchData = bytes.Repeat([]byte("x"), 500)
)

func benchStore(b *testing.B) *memorystore.Store {
	b.Helper()
	s := memorystore.New(memorystore.Options{})
	rec := session.Record{Data: benchData, Expires: time.Now().Add(time.Hour)}
	for i := range 10_000 {
		if err := s.Write(b.Context(), fmt.Sprintf("%064d", i), rec); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Write(b.Context(), benchKey, rec); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return s
}

func BenchmarkRead(b *testing.B) {
	s := benchStore(b)
	for b.Loop() {
		if _, err := s.Read(b.Context(), benchKey); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadParallel(b *testing.B) {
	s := benchStore(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Read(b.Context(), benchKey); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkReadMissing(b *testing.B) {
	s := benchStore(b)
	for b.Loop() {
		if _, err := s.Read(b.Context(), "missing"); err == nil {
			b.Fatal("found")
		}
	}
}

func BenchmarkReplace(b *testing.B) {
	s := benchStore(b)
	rec := session.Record{Data: benchData, Version: 1, Expires: time.Now().Add(time.Hour)}
	for b.Loop() {
		if err := s.Write(b.Context(), benchKey, rec); err != nil {
			b.Fatal(err)
		}
		rec.Version++
	}
}

func BenchmarkCreateAndDestroy(b *testing.B) {
	s := benchStore(b)
	rec := session.Record{Data: benchData, Expires: time.Now().Add(time.Hour)}
	for b.Loop() {
		if err := s.Write(b.Context(), "new", rec); err != nil {
			b.Fatal(err)
		}
		if err := s.Destroy(b.Context(), "new", 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTouch(b *testing.B) {
	s := benchStore(b)
	expires := time.Now().Add(2 * time.Hour)
	for b.Loop() {
		if err := s.Touch(b.Context(), benchKey, expires); err != nil {
			b.Fatal(err)
		}
	}
}
