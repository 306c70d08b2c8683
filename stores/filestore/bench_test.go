package filestore_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// The data of an ordinary session.
var benchData = bytes.Repeat([]byte("x"), 500)

// bench runs a benchmark with and without waiting for the disk, on a store that has
// version 1 of the record under key.
func bench(b *testing.B, run func(b *testing.B, s *filestore.Store)) {
	for _, noSync := range []bool{false, true} {
		b.Run(fmt.Sprintf("NoSync=%t", noSync), func(b *testing.B) {
			s, err := filestore.New(filestore.Options{Dir: b.TempDir(), NoSync: noSync})
			must(b, err)
			defer s.Close()
			must(b, s.Write(b.Context(), key, benchRecord(0)))
			b.ReportAllocs()
			run(b, s)
		})
	}
}

func benchRecord(version uint64) session.Record {
	return session.Record{Data: benchData, Version: version, Expires: time.Now().Add(time.Hour)}
}

func BenchmarkRead(b *testing.B) {
	bench(b, func(b *testing.B, s *filestore.Store) {
		for b.Loop() {
			if _, err := s.Read(b.Context(), key); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkReadMissing(b *testing.B) {
	bench(b, func(b *testing.B, s *filestore.Store) {
		for b.Loop() {
			if _, err := s.Read(b.Context(), another); err == nil {
				b.Fatal("found")
			}
		}
	})
}

func BenchmarkReplace(b *testing.B) {
	bench(b, func(b *testing.B, s *filestore.Store) {
		rec := benchRecord(1)
		for b.Loop() {
			if err := s.Write(b.Context(), key, rec); err != nil {
				b.Fatal(err)
			}
			rec.Version++
		}
	})
}

func BenchmarkCreateAndDestroy(b *testing.B) {
	bench(b, func(b *testing.B, s *filestore.Store) {
		for b.Loop() {
			if err := s.Write(b.Context(), another, benchRecord(0)); err != nil {
				b.Fatal(err)
			}
			if err := s.Destroy(b.Context(), another, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkTouch(b *testing.B) {
	bench(b, func(b *testing.B, s *filestore.Store) {
		expires := time.Now().Add(2 * time.Hour)
		for b.Loop() {
			if err := s.Touch(b.Context(), key, expires); err != nil {
				b.Fatal(err)
			}
		}
	})
}
