package filestore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"os"
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

func Test_that_a_line_about_damage_or_loss_leads_to_the_request_that_met_it(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	ctx := context.WithValue(t.Context(), traceKey{}, "4bf92f")
	must(t, h.Write(ctx, key, h.record(0, "data")))
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	for _, tc := range []struct {
		claim string
		harm  func()
		ask   func() error
	}{
		{"a damaged session", func() { write(t, h.sessionFile(key), []byte("damaged")) },
			func() error { _, err := h.Read(ctx, key); return err }},
		{"a damaged list of a user's sessions", func() { write(t, h.tagFile(tag), []byte("damaged")) },
			func() error { _, err := h.Tagged(ctx, tag); return err }},
		{"a directory that was removed", func() { h.WaitForSweeps(); must(t, os.RemoveAll(h.dir)) }, // a sweep would say so, too
			func() error { _, err := h.Read(ctx, key); return err }},
	} {
		tc.harm()
		if err := tc.ask(); err == nil {
			t.Errorf("%s: no error", tc.claim)
		}
		if got := h.log.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, " trace=4bf92f") {
			t.Errorf("%s: logged %q; want one line with the trace of the request", tc.claim, got)
		}
	}
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
	err := h.Write(t.Context(), key, h.record(0, "one"))
	is(t, err, session.ErrUnavailable)
	if _, says := errors.AsType[syscall.Errno](err); !says {
		t.Errorf("got %v; want the cause", err)
	}
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
