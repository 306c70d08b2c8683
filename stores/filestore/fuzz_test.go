package filestore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// ours are the only paths that a store may create below its own directory.
var ours = regexp.MustCompile(`^(sessions|tags)(/[0-9a-f]{2}(/[0-9a-f]{64})?)?$`)

func FuzzKey(f *testing.F) {
	f.Add(key)
	for _, bad := range notKeys {
		f.Add(bad)
	}
	h := newHarness(f, filestore.Options{NoSync: true})
	outside := filepath.Dir(h.dir)
	f.Fuzz(func(t *testing.T, name string) {
		ctx := t.Context()
		err := h.Write(ctx, name, h.record(0, "one"))
		tagErr := h.Tag(ctx, name, key, h.clock.In(time.Hour))
		if (err == nil) != (tagErr == nil) {
			t.Errorf("a key: %v, a tag: %v", err, tagErr)
		}
		if err == nil {
			h.holds(t, name, "one", 1)
		}
		must(t, filepath.WalkDir(outside, func(path string, _ os.DirEntry, err error) error {
			if err != nil || path == outside || path == h.dir {
				return err
			}
			below, err := filepath.Rel(h.dir, path)
			if err == nil && !ours.MatchString(filepath.ToSlash(below)) {
				t.Errorf("%q made %q", name, path)
			}
			return err
		}))
		if err == nil {
			must(t, errors.Join(h.Destroy(ctx, name, 1), h.Untag(ctx, name, key)))
			h.gone(t, name)
		}
	})
}

func FuzzDecode(f *testing.F) {
	const path = "sessions/ab/" + key
	f.Add([]byte(nil))
	f.Add([]byte("session\x01"))
	f.Add(newer(path))
	f.Add(append([]byte("session\x01"), bytes.Repeat([]byte{0x7f}, filestore.HeadSize)...))
	f.Add(filestore.Encode(path, session.Record{Data: []byte("data"), Version: 7, Expires: time.UnixMilli(1e12)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		// Somebody who plants a file can compute its checksum.
		planted := sealed(path, b)
		planted = append(planted, b[min(len(b), len(planted)):]...)
		for _, b := range [][]byte{b, planted} {
			before := bytes.Clone(b)
			rec, err := filestore.Decode(path, b)
			if err != nil && (rec.Data != nil || rec.Version != 0) {
				t.Errorf("got %v and %v", rec, err)
			}
			if !bytes.Equal(before, b) {
				t.Error("Decode has changed its input")
			}
			if err != nil {
				continue
			}
			again, err := filestore.Decode(path, filestore.Encode(path, rec))
			if err != nil || !bytes.Equal(again.Data, rec.Data) || again.Version != rec.Version || !again.Expires.Equal(rec.Expires) {
				t.Errorf("got %v, then %v, %v", rec, again, err)
			}
		}
	})
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte("data"), uint64(1), int64(1e12), uint(3))
	f.Add([]byte{}, uint64(1<<64-1), int64(-62135596800000), uint(0))
	f.Fuzz(func(t *testing.T, data []byte, version uint64, millis int64, at uint) {
		const path = "sessions/ab/" + key
		want := session.Record{Data: data, Version: version, Expires: time.UnixMilli(millis)}
		b := filestore.Encode(path, want)
		got, err := filestore.Decode(path, b)
		if err != nil || !bytes.Equal(got.Data, data) || got.Version != version || !got.Expires.Equal(want.Expires) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
		b[at%uint(len(b))] ^= byte(1 + at%255)
		if _, err := filestore.Decode(path, b); err == nil {
			t.Errorf("a change at %d was not noticed", at%uint(len(b)))
		}
	})
}
