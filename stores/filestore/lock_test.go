//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filestore_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// A file system may have no locks. To wait for the lock there would be to wait for ever.
func Test_that_a_lock_that_cannot_be_had_is_not_one_that_another_process_has(t *testing.T) {
	f, err := os.Open(t.TempDir())
	must(t, err)
	must(t, f.Close()) // cannot be locked
	if ok, err := filestore.TryFlock(f); ok || err == nil {
		t.Errorf("got %t, %v; want an error", ok, err)
	}
}

// Another process is stopped, or hangs, while it holds the lock.
func Test_that_a_lock_of_another_process_is_not_waited_for_beyond_the_context(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	release := lockFolder(t, filepath.Dir(h.sessionFile(key)))

	write(t, h.sessionFile(another), []byte("damaged")) // which may mean that a writer is at work
	for method, call := range map[string]func(ctx context.Context) error{
		"write":           func(ctx context.Context) error { return h.Write(ctx, key, h.record(1, "two")) },
		"touch":           func(ctx context.Context) error { return h.Touch(ctx, key, h.clock.In(2*time.Hour)) },
		"destroy":         func(ctx context.Context) error { return h.Destroy(ctx, key, 0) },
		"read of another": func(ctx context.Context) error { _, err := h.Read(ctx, another); return err },
	} {
		short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		left, hangUp := context.WithCancel(t.Context())
		for want, ctx := range map[error]context.Context{context.DeadlineExceeded: short, context.Canceled: busy{left, hangUp}} {
			if problem := mismatch(call(ctx), want); problem != nil {
				t.Errorf("%s: %v", method, problem)
			}
		}
	}
	h.holds(t, key, "one", 1) // reading takes no lock
	must(t, h.Write(t.Context(), faraway, h.record(0, "one")))

	begun := make(chan struct{}, 9)
	other := newHarness(t, filestore.Options{Dir: h.dir, Now: func() time.Time {
		begun <- struct{}{} // a change asks for the time before it waits for the lock
		return h.clock.Now()
	}})
	failed := make(chan error)
	go func() { failed <- other.Write(t.Context(), key, h.record(1, "two")) }()
	<-begun
	must(t, other.Close())
	is(t, <-failed, session.ErrUnavailable)

	release()
	must(t, h.Write(t.Context(), key, h.record(1, "two")))
}

func Test_that_a_sweep_waits_for_a_lock_no_longer_than_its_context(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	h.plant(t, key)
	lockFolder(t, filepath.Dir(h.sessionFile(key)))
	ctx, hangUp := context.WithCancel(t.Context())
	removed, err := h.Sweep(busy{ctx, hangUp})
	is(t, err, context.Canceled)
	if removed != 0 {
		t.Errorf("removed %d files that were locked", removed)
	}
}

func Test_that_a_sweep_waits_for_no_lock_where_nothing_has_expired(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	h = h.again(t)
	lockFolder(t, filepath.Dir(h.sessionFile(key)))
	ctx, hangUp := context.WithCancel(t.Context())
	if removed, err := h.Sweep(busy{ctx, hangUp}); removed != 0 || err != nil {
		t.Errorf("got %d, %v; want nothing removed, and no error", removed, err)
	}
}

// On tmpfs, for example, a file that another process replaces may be left out, or come twice.
func Test_that_names_are_listed_while_nobody_changes_them(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	release := lockFolder(t, filepath.Dir(h.sessionFile(key)))
	ctx, hangUp := context.WithCancel(t.Context())
	got, err := list(busy{ctx, hangUp}, h.Store)
	is(t, err, context.Canceled)
	if len(got) > 0 {
		t.Errorf("got %q; want no keys", got)
	}

	release()
	for range h.Keys(t.Context()) {
		must(t, h.Destroy(t.Context(), key, 1)) // nobody waits for the loop
	}
}

func Test_that_close_in_the_middle_of_a_sweep_is_no_failure(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	h.plant(t, key)
	lockFolder(t, filepath.Dir(h.sessionFile(key))) // so that the sweeper cannot end before
	waits, failed := make(chan struct{}), make(chan error)
	go func() {
		ctx := busy{t.Context(), sync.OnceFunc(func() { close(waits) })}
		failed <- h.Write(ctx, another, h.record(0, "one"))
	}()
	<-waits
	must(t, h.Close())
	is(t, <-failed, session.ErrUnavailable)
	if got := h.log.take(); got != "" {
		t.Errorf("logged %q", got)
	}
}

// A goroutine of the same process, which itself waits for another process.
func Test_that_a_turn_is_not_waited_for_beyond_the_context(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	lockFolder(t, filepath.Dir(h.sessionFile(key)))

	failed := make(chan error)
	waits := func(ctx context.Context, then func()) {
		go func() {
			failed <- h.Write(busy{ctx, sync.OnceFunc(then)}, key, h.record(1, "two"))
		}()
	}
	hasTurn, waitsForIt := make(chan struct{}), make(chan struct{})
	waits(t.Context(), func() { close(hasTurn) })
	<-hasTurn

	ctx, hangUp := context.WithCancel(t.Context())
	waits(ctx, hangUp)
	is(t, <-failed, context.Canceled)
	waits(t.Context(), func() { close(waitsForIt) })
	<-waitsForIt
	must(t, h.Close())
	is(t, <-failed, session.ErrUnavailable)
	is(t, <-failed, session.ErrUnavailable)
}

// lockFolder holds the lock on a folder until it is released, or the test ends. To the kernel, this
// is another process: the store has not opened the folder itself.
func lockFolder(t *testing.T, folder string) (release func()) {
	t.Helper()
	f, err := os.Open(folder)
	must(t, err)
	release = func() { f.Close() }
	t.Cleanup(release)
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	return release
}

// The lock on a folder that was removed keeps nobody out of the new folder.
func Test_that_a_locked_folder_that_was_removed_is_replaced(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	lockFolder(t, filepath.Dir(h.sessionFile(key)))
	must(t, os.RemoveAll(filepath.Dir(h.sessionFile(key))))
	must(t, h.Write(t.Context(), key, h.record(0, "two")))
	h.holds(t, key, "two", 1)
}

// busy is a context that notices when somebody begins to wait.
type busy struct {
	context.Context
	wait func()
}

func (b busy) Done() <-chan struct{} {
	b.wait()
	return b.Context.Done()
}

func Test_that_a_reader_who_meets_a_writer_looks_again_when_he_is_done(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx := t.Context()
	must(t, h.Write(ctx, key, h.record(0, "one")))
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	for path, meet := range map[string]func(context.Context) error{
		h.sessionFile(key): func(ctx context.Context) error {
			rec, err := h.Read(ctx, key)
			if err == nil && string(rec.Data) != "one" {
				err = errors.New("other data")
			}
			return err
		},
		h.tagFile(tag): func(ctx context.Context) error {
			entries, err := h.Tagged(ctx, tag)
			if err == nil && len(entries) != 1 {
				err = errors.New("other entries")
			}
			return err
		},
	} {
		whole := read(t, path)
		torn := bytes.Clone(whole)
		torn[15]++ // a byte of the version
		write(t, path, torn)
		release := lockFolder(t, filepath.Dir(path)) // as the writer has it
		waited := false
		err := meet(busy{ctx, func() {
			waited = true
			write(t, path, whole)
			release()
		}})
		if err != nil || !waited {
			t.Errorf("%s: waited %t, got %v", path, waited, err)
		}
	}
	if got := h.log.take(); got != "" {
		t.Errorf("logged %q", got)
	}
}
