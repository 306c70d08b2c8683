package filestore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// damages yields content cut off at every byte that counts, and with each of these bytes changed:
// those of the head and of the data, which is at the end of content.
func damages(content []byte, length int) (all [][]byte) {
	for i := range content {
		if i >= filestore.HeadSize && i < len(content)-length {
			continue
		}
		all = append(all, content[:i])
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			changed := bytes.Clone(content)
			changed[i] ^= flip
			all = append(all, changed)
		}
	}
	return all
}

// newer is what a later release might write as name: another format, with the checksum that all
// formats have.
func newer(name string) []byte {
	return append(sealed(name, []byte("session\x02 and something that nobody knows yet")), "and what follows"...)
}

// sealed is a head that begins like b and has the right checksum.
func sealed(name string, b []byte) []byte {
	head := make([]byte, filestore.HeadSize-sha256.Size)
	copy(head, b)
	sum := sha256.Sum256(append([]byte(name), head...))
	return append(head, sum[:]...)
}

func Test_that_a_damaged_record_is_gone_and_logged(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	ctx := t.Context()
	for version := range uint64(3) { // the data is in the first part, in the second and in the third
		must(t, h.Write(ctx, key, h.record(version, "data")))
		whole := read(t, h.sessionFile(key))
		for i, damaged := range damages(whole, len("data")) {
			write(t, h.sessionFile(key), damaged)
			h.log.take()
			h.gone(t, key)
			got := h.log.take()
			if strings.Count(got, "damaged") != 1 || strings.Contains(got, key) {
				t.Errorf("damage %d: logged %q", i, got)
			}
		}
		is(t, h.Write(ctx, key, h.record(version+1, "two")), session.ErrNotFound)
		is(t, h.Touch(ctx, key, h.clock.In(time.Hour)), session.ErrNotFound)
		is(t, h.Destroy(ctx, key, version+1), session.ErrNotFound)
		if len(files(t, h.dir)) != 1 {
			t.Error("nobody can look at the damage any more")
		}
		write(t, h.sessionFile(key), whole)
	}
}

func Test_that_what_stands_beside_the_current_data_means_nothing(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	for version := range uint64(3) {
		must(t, h.Write(t.Context(), key, h.record(version, "data")))
		content := read(t, h.sessionFile(key))
		at := filestore.HeadSize + int(version)*int(filestore.RoomFor(len("data")))
		for i := range content {
			if i >= filestore.HeadSize && (i < at || i >= at+len("data")) {
				content[i] ^= 0xff
			}
		}
		write(t, h.sessionFile(key), append(content, content...))
		h.holds(t, key, "data", version+1)
	}
	if got := h.log.take(); got != "" {
		t.Errorf("logged %q", got)
	}
}

func Test_that_a_damaged_record_stands_in_nobodys_way(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	write(t, h.sessionFile(key), []byte("garbage"))
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	h.holds(t, key, "one", 1)

	write(t, h.sessionFile(key), []byte("garbage"))
	must(t, h.Destroy(t.Context(), key, 0))
	if left := files(t, h.dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func Test_that_a_record_is_that_of_its_name(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "of somebody else")))
	must(t, os.Rename(h.sessionFile(key), h.sessionFile(another)))
	h.gone(t, another)
}

func Test_that_a_planted_head_is_not_trusted(t *testing.T) {
	for _, tc := range []struct {
		desc       string
		begins     string
		room, part uint64
		length     int
		at         int // where the data is, behind the head
	}{
		{"more room than any file has", "session\x01", 1 << 63, 1, 1, 0},
		{"a fourth part", "session\x01", 10, 3, 10, 30},
		{"data that reaches into the next part", "session\x01", 10, 0, 11, 0},
		{"more data than there may be", "session\x01", filestore.MaxData + 1, 0, filestore.MaxData + 1, 0},
		{"another kind of file", "another\x01", 10, 0, 10, 0},
		{"another kind of file, of a later format", "another\x02", 10, 0, 10, 0},
		{"a format that there never was", "session\x00", 10, 0, 10, 0},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			h := newHarness(t, filestore.Options{NoSync: true})
			data := make([]byte, tc.length)
			sum := sha256.Sum256(data)
			b := []byte(tc.begins)
			for _, n := range []uint64{1, uint64(h.clock.In(time.Hour).UnixMilli()), tc.room, tc.part, uint64(tc.length)} {
				b = binary.BigEndian.AppendUint64(b, n)
			}
			b = sealed("sessions/ab/"+key, append(b, sum[:]...))
			write(t, h.sessionFile(key), slices.Concat(b, make([]byte, tc.at), data))
			h.gone(t, key)
			must(t, h.Write(t.Context(), key, h.record(0, "one")))
			h.holds(t, key, "one", 1)
		})
	}
}

func Test_that_a_file_that_is_too_long_is_not_read(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	write(t, h.sessionFile(key), nil)
	must(t, os.Truncate(h.sessionFile(key), 1<<30)) // takes no space
	h.gone(t, key)
}

func Test_that_a_directory_in_place_of_a_record_is_no_record(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, os.MkdirAll(h.sessionFile(key), 0o700))
	h.gone(t, key)
	is(t, h.Write(t.Context(), key, h.record(0, "one")), session.ErrUnavailable)
	if left := files(t, h.dir); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// badDisk is a file with a part that cannot be read.
type badDisk struct {
	io.ReaderAt
	from, to int
}

func (d badDisk) ReadAt(b []byte, at int64) (int, error) {
	if int(at) < d.to && int(at)+len(b) > d.from {
		return 0, syscall.EIO
	}
	return d.ReaderAt.ReadAt(b, at)
}

func Test_that_what_a_disk_does_not_give_back_is_not_taken_for_damaged(t *testing.T) {
	const path = "sessions/ab/" + key
	file := bytes.NewReader(filestore.Encode(path, session.Record{Data: []byte("data")}))
	for name, disk := range map[string]io.ReaderAt{
		"the head": badDisk{file, 0, 1},
		"the data": badDisk{file, filestore.HeadSize, filestore.HeadSize + 1},
	} {
		if _, err := filestore.DecodeFrom(path, disk); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: got error %v; want %v", name, err, syscall.EIO)
		}
	}
}

func Test_that_what_a_newer_release_wrote_is_not_gone(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	write(t, h.sessionFile(key), newer("sessions/ab/"+key))
	write(t, h.tagFile(tag), newer("tags/ef/"+tag))
	for name, err := range calls(t.Context(), h.Store, key, tag) {
		if name == "remove" { // logging out works
			must(t, err)
			continue
		}
		if problem := mismatch(err, session.ErrUnavailable); problem != nil {
			t.Errorf("%s: %v", name, problem)
		}
	}
}

func Test_that_nobody_is_told_that_all_sessions_ended_when_an_index_was_damaged(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	ctx := t.Context()
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	content := read(t, h.tagFile(tag))
	for i, damaged := range damages(content, len(content)-filestore.HeadSize) {
		write(t, h.tagFile(tag), damaged)
		_, revoke := h.Revoke(ctx, tag)
		_, tagged := h.Tagged(ctx, tag)
		for _, err := range []error{revoke, tagged} {
			is(t, err, session.ErrUnavailable)
			if !strings.Contains(err.Error(), "It does again after 30 days") {
				t.Errorf("damage %d: got error %v; want one that says for how long", i, err)
			}
		}
		if got := h.log.take(); !strings.Contains(got, "damaged") || strings.Contains(got, tag) {
			t.Errorf("damage %d: logged %q", i, got)
		}
	}
	must(t, h.Untag(ctx, tag, key)) // logging out works

	// So does logging in. The new entry is found, and Revoke still knows that entries are missing.
	must(t, h.Tag(ctx, tag, another, h.clock.In(2*time.Hour)))
	for range 2 {
		entries, err := h.Tagged(ctx, tag)
		if err != nil || len(entries) != 1 || entries[0] != (session.TagEntry{Key: another}) {
			t.Errorf("got %v, %v", entries, err)
		}
		_, err = h.Revoke(ctx, tag)
		is(t, err, session.ErrUnavailable)
		must(t, h.Tag(ctx, tag, another, h.clock.In(3*time.Hour)))
	}
	zero := strings.Repeat("0", 64)
	must(t, h.Tag(ctx, tag, zero, h.clock.In(time.Hour)))
	must(t, h.Untag(ctx, tag, another, zero))
	_, err := h.Revoke(ctx, tag)
	is(t, err, session.ErrUnavailable)

	// The lost entries have expired. They do not expire with the next entry: that may be one of a
	// session that began long ago.
	must(t, h.Tag(ctx, tag, another, h.clock.In(40*24*time.Hour)))
	h.clock.Advance(29 * 24 * time.Hour)
	_, err = h.Revoke(ctx, tag)
	is(t, err, session.ErrUnavailable)
	h.clock.Advance(24 * time.Hour)
	keys, err := h.Revoke(ctx, tag)
	if err != nil || len(keys) != 1 || keys[0] != another {
		t.Errorf("got %v, %v", keys, err)
	}
}

func Test_that_a_session_in_place_of_an_index_is_none(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	write(t, h.tagFile(tag), filestore.Encode("tags/ef/"+tag, h.record(0, "not entries")))
	_, err := h.Revoke(t.Context(), tag)
	is(t, err, session.ErrUnavailable)
}

func Test_that_an_index_without_entries_has_no_file(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx := t.Context()
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	must(t, h.Tag(ctx, tag, another, h.clock.In(2*time.Hour)))
	size := func() int {
		rec, err := filestore.Decode("tags/ef/"+tag, read(t, h.tagFile(tag)))
		must(t, err)
		return len(rec.Data)
	}
	before := size()
	h.clock.Advance(time.Hour)
	must(t, h.Tag(ctx, tag, faraway, h.clock.In(time.Hour)))
	if got := size(); got != before {
		t.Errorf("%d bytes; want %d, without the entry that has expired", got, before)
	}
	must(t, h.Untag(ctx, tag, another, faraway))
	if _, err := os.Stat(h.tagFile(tag)); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
	if left := temps(files(t, filepath.Dir(h.dir))); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
