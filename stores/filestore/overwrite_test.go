package filestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// fileID tells two files of the same name apart.
func fileID(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info
}

func Test_that_a_record_stays_in_its_file_while_it_has_room_there(t *testing.T) {
	small := int(filestore.RoomFor(0))
	large := 100_000
	largeRoom := int(filestore.RoomFor(large))
	for _, tc := range []struct {
		desc     string
		from, to int
		stays    bool
	}{
		{"empty again", 500, 0, true},
		{"half as much again", large, large * 3 / 2, true},
		{"as much as there is room for", 0, small, true},
		{"one byte more", 0, small + 1, false},
		{"as much as there is room for in a large file", large, largeRoom, true},
		{"one byte more in a large file", large, largeRoom + 1, false},
		{"a quarter of a large room", large, (largeRoom + 3) / 4, true},
		{"less than a quarter of a large room", large, largeRoom/4 - 1, false},
		{"nothing in a room that is not large", filestore.SpareRoom / 2, 0, true},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			h := newHarness(t, filestore.Options{NoSync: true})
			ctx := t.Context()
			must(t, h.Write(ctx, key, h.record(0, strings.Repeat("a", tc.from))))
			before := fileID(t, h.sessionFile(key))
			for i, data := range []string{strings.Repeat("b", tc.to), strings.Repeat("c", tc.to)} {
				must(t, h.Write(ctx, key, h.record(uint64(i+1), data)))
				h.holds(t, key, data, uint64(i+2))
				if stays := os.SameFile(before, fileID(t, h.sessionFile(key))); stays != tc.stays {
					t.Errorf("the same file: %t; want %t", stays, tc.stays)
				}
			}
			must(t, h.Touch(ctx, key, h.clock.In(2*time.Hour)))
			h.holds(t, key, strings.Repeat("c", tc.to), 3)
			if left := files(t, h.dir); len(left) != 1 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

func Test_that_a_touch_writes_the_head_only(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx := t.Context()
	must(t, h.Write(ctx, key, h.record(0, "one")))
	must(t, h.Write(ctx, key, h.record(1, "two")))
	before, id := read(t, h.sessionFile(key)), fileID(t, h.sessionFile(key))
	must(t, h.Touch(ctx, key, h.clock.In(9*time.Hour)))
	after := read(t, h.sessionFile(key))
	if !bytes.Equal(before[filestore.HeadSize:], after[filestore.HeadSize:]) || !os.SameFile(id, fileID(t, h.sessionFile(key))) {
		t.Error("it has written more")
	}
	rec, err := h.Read(ctx, key)
	if want := h.clock.In(9 * time.Hour).Truncate(time.Millisecond); err != nil || !rec.Expires.Equal(want) {
		t.Errorf("expires at %v, %v; want %v", rec.Expires, err, want)
	}
}

// After a power failure the disk has what was flushed, and perhaps some of what was written later.
func Test_that_nothing_leads_to_what_is_not_on_the_disk(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx, path := t.Context(), h.sessionFile(key)
	must(t, h.Write(ctx, another, h.record(0, "makes the folder")))
	large := strings.Repeat("3", int(filestore.RoomFor(0))+1)
	for _, step := range []struct {
		desc   string
		change func() error
		leads  []string // whose data the file leads to at each wait for the disk
	}{
		{"a new file", func() error { return h.Write(ctx, key, h.record(0, "1")) }, []string{"", "1"}},
		{"in place", func() error { return h.Write(ctx, key, h.record(1, "2")) }, []string{"1", "2"}},
		{"a larger file", func() error { return h.Write(ctx, key, h.record(2, large)) }, []string{"2", large}},
		{"a touch", func() error { return h.Touch(ctx, key, h.clock.In(time.Hour)) }, []string{large}},
		{"the end", func() error { return h.Destroy(ctx, key, 0) }, []string{""}},
	} {
		var leads []string
		h.OnSync(func(*os.File) error {
			content, _ := os.ReadFile(path)
			rec, _ := filestore.Decode("sessions/ab/"+key, content)
			leads = append(leads, string(rec.Data))
			return nil
		})
		must(t, step.change())
		if !slices.Equal(leads, step.leads) {
			t.Errorf("%s: leads to %.20q; want %.20q", step.desc, leads, step.leads)
		}
	}
}

func Test_that_the_directory_is_on_the_disk_before_what_is_in_it(t *testing.T) {
	h := newHarness(t, filestore.Options{Dir: filepath.Join(t.TempDir(), "a", "b")})
	a := filepath.Dir(h.dir)
	must(t, os.RemoveAll(a))
	var flushed []os.FileInfo
	h.OnSync(func(f *os.File) error {
		info, err := f.Stat()
		flushed = append(flushed, info)
		return err
	})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	for i, dir := range []string{filepath.Dir(a), a} {
		if !os.SameFile(flushed[i], fileID(t, dir)) {
			t.Errorf("flushed %s; want what %q is in", flushed[i].Name(), []string{"a", "b"}[i])
		}
	}
}

func Test_that_nothing_is_written_to_a_folder_that_may_not_be_on_the_disk(t *testing.T) {
	for _, in := range []string{"..", "", "sessions"} {
		h := newHarness(t, filestore.Options{})
		must(t, os.RemoveAll(h.dir)) // so that it is made again
		h.OnSync(func(f *os.File) error {
			fails, _ := os.Stat(filepath.Join(h.dir, in)) // or it is not there yet
			if info, err := f.Stat(); err != nil || os.SameFile(info, fails) {
				return errors.Join(err, syscall.EIO)
			}
			return f.Sync()
		})
		is(t, h.Write(t.Context(), key, h.record(0, "one")), session.ErrUnavailable)
		h.gone(t, key)
	}
}

func Test_that_a_disk_that_fails_before_the_head_leaves_the_old_record(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx := t.Context()
	must(t, h.Write(ctx, key, h.record(0, "one")))
	for _, data := range []string{"in place", strings.Repeat("larger", 1000)} {
		h.OnSync(func(*os.File) error { return syscall.EIO })
		err := h.Write(ctx, key, h.record(1, data))
		is(t, err, session.ErrUnavailable)
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("got %v; want the cause", err)
		}
		h.holds(t, key, "one", 1)
	}
	h.OnSync((*os.File).Sync)
	must(t, h.Write(ctx, key, h.record(1, "two")))
	h.holds(t, key, "two", 2)
	if left := files(t, h.dir); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}

func Test_that_a_change_is_done_when_the_head_is_on_the_disk(t *testing.T) {
	for name, change := range map[string]func(context.Context, harness) error{
		"write": func(ctx context.Context, h harness) error { return h.Write(ctx, key, h.record(1, "two")) },
		"touch": func(ctx context.Context, h harness) error { return h.Touch(ctx, key, h.clock.In(2*time.Hour)) },
	} {
		h := newHarness(t, filestore.Options{})
		must(t, h.Write(t.Context(), key, h.record(0, "one")))
		path := filepath.Join(h.dir, "sessions", key[:2], key)
		before := read(t, path)[:filestore.HeadSize]
		h.OnSync(func(f *os.File) error {
			if !bytes.HasPrefix(read(t, path), before) {
				return syscall.EIO
			}
			return f.Sync()
		})
		if err := change(t.Context(), h); !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: got error %v; want ErrUnavailable and the cause", name, err)
		}
	}
}

func Test_that_a_change_is_done_when_the_name_is_on_the_disk(t *testing.T) {
	for _, tc := range []struct {
		claim string
		fails error // the error of flushing a directory
		want  error
	}{
		{"a disk fails", syscall.EIO, session.ErrUnavailable},
		{"a file system waits for no directory", syscall.EINVAL, nil},
		{"nor does another", errors.ErrUnsupported, nil},
	} {
		h := newHarness(t, filestore.Options{})
		must(t, h.Write(t.Context(), another, h.record(0, "makes the folder")))
		h.OnSync(func(f *os.File) error {
			if info, err := f.Stat(); err != nil || info.IsDir() {
				return errors.Join(err, tc.fails)
			}
			return f.Sync()
		})
		for name, err := range map[string]error{
			"write":   h.Write(t.Context(), key, h.record(0, "one")),
			"destroy": h.Destroy(t.Context(), another, 1),
		} {
			if !errors.Is(err, tc.want) {
				t.Errorf("%s: %s answers %v; want %v", tc.claim, name, err, tc.want)
			}
		}
	}
}

func Test_that_a_store_without_sync_waits_for_no_disk(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	h.OnSync(func(*os.File) error {
		t.Error("the disk was waited for")
		return nil
	})
	ctx := t.Context()
	must(t, h.Write(ctx, key, h.record(0, "one")))
	must(t, h.Write(ctx, key, h.record(1, "two")))
	must(t, h.Touch(ctx, key, h.clock.In(2*time.Hour)))
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	must(t, h.Untag(ctx, tag, key))
	must(t, h.Destroy(ctx, key, 2))
}

// A process dies between writing the data and writing the head.
func Test_that_data_without_its_head_leaves_the_old_record(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx := t.Context()
	in := h.clock.In(time.Hour)
	tagged := []func() error{
		func() error { return h.Tag(ctx, tag, key, in) },
		func() error { return h.Tag(ctx, tag, another, in) },
		func() error { return h.Untag(ctx, tag, key) },
		func() error { return h.Tag(ctx, tag, faraway, in) },
	}
	for _, tc := range []struct {
		desc, file string
		change     func(n int) error
		state      func(t *testing.T) string
	}{
		{
			"a session", h.sessionFile(key),
			func(n int) error { return h.Write(ctx, key, h.record(uint64(n), fmt.Sprint("data ", n))) },
			func(t *testing.T) string {
				rec, err := h.Read(ctx, key)
				must(t, err)
				return string(rec.Data)
			},
		},
		{
			"the index of a tag", h.tagFile(tag),
			func(n int) error { return tagged[n]() },
			func(t *testing.T) string {
				entries, err := h.Tagged(ctx, tag)
				must(t, err)
				var keys []string
				for _, e := range entries {
					keys = append(keys, e.Key)
				}
				return strings.Join(keys, " ")
			},
		},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			must(t, tc.change(0))
			id := fileID(t, tc.file)
			for n := range 3 { // the next data goes to the second part, the third one, and the first one again
				old, oldState := read(t, tc.file), tc.state(t)
				must(t, tc.change(n+1))
				done, doneState := read(t, tc.file), tc.state(t)

				write(t, tc.file, slices.Concat(old[:filestore.HeadSize], done[filestore.HeadSize:]))
				if got := tc.state(t); got != oldState {
					t.Errorf("change %d: got %q; want %q", n, got, oldState)
				}
				must(t, tc.change(n+1))
				if got := tc.state(t); got != doneState {
					t.Errorf("change %d, once more: got %q; want %q", n, got, doneState)
				}
			}
			if !os.SameFile(id, fileID(t, tc.file)) {
				t.Error("it was not the same file; this test is about nothing")
			}
			if got := h.log.take(); got != "" {
				t.Errorf("logged %q", got)
			}
		})
	}
}

// A disk that does not even write a sector as a whole loses the record, but never yields a false
// one.
func Test_that_a_torn_head_is_no_head(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	ctx, path := t.Context(), h.sessionFile(key)
	must(t, h.Write(ctx, key, h.record(0, "one")))
	for desc, change := range map[string]func() error{
		"a write": func() error { return h.Write(ctx, key, h.record(1, "two")) },
		"a touch": func() error { return h.Touch(ctx, key, h.clock.In(2*time.Hour)) },
	} {
		old := read(t, path)
		must(t, change())
		done := read(t, path)
		for i := range filestore.HeadSize {
			for _, torn := range [][]byte{
				slices.Concat(old[:i], done[i:]),
				slices.Concat(done[:i], old[i:filestore.HeadSize], done[filestore.HeadSize:]),
			} {
				if head := torn[:filestore.HeadSize]; bytes.Equal(head, old[:filestore.HeadSize]) || bytes.Equal(head, done[:filestore.HeadSize]) {
					continue
				}
				if rec, err := filestore.Decode("sessions/ab/"+key, torn); err == nil {
					t.Errorf("%s, torn at %d: got %v", desc, i, rec)
				}
			}
		}
	}
}

// competeUntil is the version at which the competing writers stop.
const competeUntil = 150

// competingRecord is what they write. Its length goes up and down, so that files are replaced and
// reused.
func competingRecord(version uint64) session.Record {
	return session.Record{
		Data:    bytes.Repeat([]byte{byte(version)}, int(1000+version%7*10_000)),
		Version: version,
		Expires: time.Now().Add(time.Hour),
	}
}

// compete writes the next version again and again, unless another writer was faster.
func compete(ctx context.Context, s session.Store) error {
	for {
		rec, err := s.Read(ctx, key)
		if err != nil || rec.Version >= competeUntil {
			return err
		}
		next := competingRecord(rec.Version + 1)
		next.Version--
		if err := s.Write(ctx, key, next); err != nil && !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
}

// watch reads until the last version, and fails if a record is torn or older than the one before.
func watch(ctx context.Context, s session.Store) error {
	var last uint64
	for last < competeUntil {
		rec, err := s.Read(ctx, key)
		if err != nil {
			return err
		}
		if rec.Version < last || !bytes.Equal(rec.Data, competingRecord(rec.Version).Data) {
			return errors.New("a record that was never there")
		}
		last = rec.Version
	}
	return nil
}

func Test_that_readers_see_whole_records_in_their_order(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	other := newHarness(t, filestore.Options{Dir: h.dir, NoSync: true})
	first := competingRecord(1)
	first.Version = 0
	must(t, h.Write(t.Context(), key, first))

	var writers sync.WaitGroup
	for _, s := range []session.Store{h.Store, other.Store} {
		writers.Go(func() {
			if err := compete(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
	}
	err := together(2, func(i int) error {
		return watch(t.Context(), []session.Store{h.Store, other.Store}[i])
	})
	if err != nil {
		t.Error(err)
	}
	writers.Wait()
	if got := h.log.take() + other.log.take(); got != "" {
		t.Errorf("logged %q", got)
	}
}
