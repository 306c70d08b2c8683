package filestore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// again is another store in the same directory, without a sweeper at work. The first store's
// changes start one, which would sometimes be faster than Sweep.
func (h harness) again(t *testing.T) harness {
	t.Helper()
	must(t, h.Close())
	other := newHarness(t, filestore.Options{Dir: h.dir, Now: h.clock.Now})
	other.clock = h.clock
	return other
}

func Test_that_sweep_removes_what_it_should_and_nothing_else(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx := t.Context()
	name := func(i byte) string { return "ab" + strings.Repeat(string(i), 62) }
	folder := filepath.Dir(h.sessionFile(name('0')))
	aged := func(path string, content string, age time.Duration) string {
		write(t, path, []byte(content))
		must(t, os.Chtimes(path, time.Time{}, h.clock.In(time.Hour-age)))
		return path
	}

	must(t, h.Write(ctx, name('0'), session.Record{Expires: h.clock.In(time.Hour + time.Second)}))
	must(t, h.Write(ctx, name('1'), session.Record{Expires: h.clock.In(time.Hour)}))
	must(t, h.Tag(ctx, name('0'), key, h.clock.In(2*time.Hour)))
	must(t, h.Tag(ctx, name('0'), another, h.clock.In(time.Hour)))
	must(t, h.Tag(ctx, name('1'), key, h.clock.In(time.Hour)))
	h = h.again(t)
	head := strings.Repeat("?", filestore.HeadSize) // its checksum is wrong
	stays := []string{
		h.sessionFile(name('0')),
		h.tagFile(name('0')),
		aged(filepath.Join(folder, filestore.TempPrefix+"young"), "", time.Hour-time.Second),
		aged(filepath.Join(folder, "README"), "", 1000*time.Hour),
		aged(h.sessionFile(name('2')), "damaged", 24*time.Hour-time.Second),
		aged(h.sessionFile(name('3')), string(newer("sessions/ab/"+name('3'))), 1000*time.Hour),
		aged(h.tagFile(name('4')), "damaged", 30*24*time.Hour-time.Second),
		aged(h.sessionFile(name('8')), head, 24*time.Hour-time.Second),
		aged(h.tagFile(name('8')), head, 30*24*time.Hour-time.Second),
		aged(h.sessionFile(name('7')), string(sealed("sessions/ab/"+name('7'), []byte("another\x01"))), 24*time.Hour-time.Second),
	}
	goes := []string{
		h.sessionFile(name('1')),
		h.tagFile(name('1')),
		aged(filepath.Join(folder, filestore.TempPrefix+"old"), "", time.Hour),
		aged(h.sessionFile(name('5')), "damaged", 24*time.Hour),
		aged(h.tagFile(name('6')), "damaged", 30*24*time.Hour),
	}
	directory := filepath.Join(folder, filestore.TempPrefix+"directory") // not ours
	must(t, os.Mkdir(directory, 0o700))
	must(t, os.Chtimes(directory, time.Time{}, h.clock.In(-1000*time.Hour)))
	h.clock.Advance(time.Hour)

	removed, err := h.Sweep(ctx)
	if err != nil || removed != len(goes) {
		t.Errorf("got %d, %v; want %d", removed, err, len(goes))
	}
	slices.Sort(stays)
	if got := files(t, h.dir); !slices.Equal(got, stays) {
		t.Errorf("left:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(stays, "\n"))
	}
	h.holds(t, name('0'), "", 1)
}

// The visitor comes back between the sweeper's check of the session and its removal: the clock,
// which is read in between, puts the renewed file there.
func Test_that_sweep_never_removes_a_session_that_was_just_renewed(t *testing.T) {
	old := newHarness(t, filestore.Options{})
	must(t, old.Write(t.Context(), key, old.record(0, "one")))
	must(t, old.Touch(t.Context(), key, old.clock.In(9*time.Hour)))
	renewed := read(t, old.sessionFile(key))

	var due atomic.Bool // the sweeper that Write starts reads the clock, too
	var h harness
	clock := newClock()
	h = newHarness(t, filestore.Options{Now: func() time.Time {
		if due.CompareAndSwap(true, false) {
			write(t, h.sessionFile(key), renewed)
		}
		return clock.Now()
	}})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	clock.Advance(2 * time.Hour)
	due.Store(true)
	removed, err := h.Sweep(t.Context())
	if removed != 0 || err != nil || due.Load() {
		t.Errorf("removed %d, %v", removed, err)
	}
	h.holds(t, key, "one", 1)
}

// plant puts an expired record there that this store has not written.
func (h harness) plant(t *testing.T, key string) {
	t.Helper()
	write(t, h.sessionFile(key), filestore.Encode("sessions/"+key[:2]+"/"+key, session.Record{Version: 1}))
}

// isSwept waits until the sweeper has removed the file of a record.
func (h harness) isSwept(t *testing.T, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil && slices.Contains(files(t, h.dir), h.sessionFile(key)) {
		runtime.Gosched()
	}
	must(t, ctx.Err())
}

func Test_that_visitors_set_the_sweeper_going(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	h.plant(t, key)
	h.plant(t, faraway)
	must(t, h.Write(t.Context(), another, h.record(0, "two")))
	h.isSwept(t, key)
	must(t, h.Close()) // the sweeper has ended
	if got, want := files(t, h.dir), []string{h.sessionFile(another), h.sessionFile(faraway)}; !slices.Equal(got, want) {
		t.Errorf("left %q; want %q: one folder was due", got, want)
	}
	if got := h.log.take(); got != "" {
		t.Errorf("logged %q", got)
	}
}

func Test_that_a_folder_is_swept_once_an_hour(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	h.plant(t, key)
	must(t, h.Write(t.Context(), another, session.Record{Expires: h.clock.In(9 * time.Hour)}))
	h.isSwept(t, key)
	h.plant(t, key)
	for _, later := range []time.Duration{0, time.Hour - 1} {
		h.clock.Advance(later)
		for range 100 {
			must(t, h.Touch(t.Context(), another, h.clock.In(9*time.Hour)))
			runtime.Gosched() // so that a sweeper, if there is one, can run
		}
	}
	if !slices.Contains(files(t, h.dir), h.sessionFile(key)) {
		t.Error("it was swept again within an hour")
	}
	h.clock.Advance(1)
	must(t, h.Touch(t.Context(), another, h.clock.In(9*time.Hour)))
	h.isSwept(t, key)
}

func Test_that_sweeping_goes_on_when_a_clock_that_was_ahead_is_put_right(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	const years = 10 * 365 * 24 * time.Hour
	h.clock.Advance(years)
	h.plant(t, key)
	must(t, h.Write(t.Context(), another, h.record(0, "one")))
	h.isSwept(t, key) // otherwise that sweeper might be the one that goes on
	must(t, h.Destroy(t.Context(), another, 1))
	h.clock.Advance(-years)
	must(t, h.Write(t.Context(), key, h.record(0, "two")))
	h.clock.Advance(1000 * time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for version := uint64(0); slices.Contains(files(t, h.dir), h.sessionFile(key)); version++ {
		must(t, h.Write(ctx, another, h.record(version, "three")))
	}
}

func Test_that_sweep_ends_with_its_context(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Sweep(ctx)
	is(t, err, context.Canceled)
	for asked := range 5 {
		_, err = h.Sweep(&endsMeanwhile{t.Context(), asked})
		is(t, err, context.Canceled)
	}

	h.plant(t, key) // in one folder
	h.plant(t, another)
	removed, err := h.Sweep(endsWhen{t.Context(), func() bool { return len(files(t, h.dir)) < 2 }})
	is(t, err, context.Canceled)
	if removed != 1 {
		t.Errorf("removed %d; want the one before it ended", removed)
	}
}

// endsWhen is a context that ends by what has happened.
type endsWhen struct {
	context.Context
	ended func() bool
}

func (c endsWhen) Err() error {
	if c.ended() {
		return context.Canceled
	}
	return nil
}

// endsMeanwhile is a context that ends once it was asked so many times.
type endsMeanwhile struct {
	context.Context
	left int
}

func (c *endsMeanwhile) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// A temporary file is finished meanwhile, and has got its name. A session has ended.
func Test_that_a_file_that_goes_while_it_is_swept_is_no_failure(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	path := "sessions/00/00" + key[2:]
	for name, content := range map[string][]byte{
		"sessions/00/" + filestore.TempPrefix + "young": nil,
		path: filestore.Encode(path, h.record(1, "one")),
	} {
		for moment := range 5 {
			write(t, filepath.Join(h.dir, name), content)
			asked := 0
			removed, err := h.Sweep(endsWhen{t.Context(), func() bool {
				if asked == moment {
					must(t, os.Remove(filepath.Join(h.dir, name)))
				}
				asked++
				return false
			}})
			if removed != 0 || err != nil {
				t.Errorf("got %d, %v; want nothing removed, and no error", removed, err)
			}
		}
	}
}

func Test_that_sweep_goes_on_after_a_failure(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), faraway, h.record(0, "one")))
	h = h.again(t)
	write(t, filepath.Join(h.dir, "sessions", "00"), []byte("not a directory"))
	h.clock.Advance(time.Hour)
	removed, err := h.Sweep(t.Context())
	is(t, err, session.ErrUnavailable)
	if removed != 1 || errors.Is(err, session.ErrNotFound) {
		t.Errorf("removed %d, %v", removed, err)
	}
}
