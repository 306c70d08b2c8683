//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filestore_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// children are what the test binary does instead of testing, when a test starts it again.
var children = map[string]func(dir string) error{
	"increment":            childIncrements,
	"write":                childWrites,
	"compete":              childCompetes,
	"umask":                childWithoutUmask,
	"closing umask":        childWithClosingUmask,
	"full disk":            childOnFullDisk,
	"no files":             childWithoutFiles,
	"few files":            childWithFewFiles,
	"read only":            childThatMayOnlyRead,
	"closed sessions":      childWithClosed("sessions/ab"),
	"closed tags":          childWithClosed("tags/ef"),
	"sweep":                childThatMayNotSweep,
	"no access":            childWithoutAccess,
	"no access to folders": childWithoutAccessToFolders,
	"no access to files":   childWithoutAccessToFiles,
}

func TestMain(m *testing.M) {
	name := os.Getenv("FILESTORE_TEST_CHILD")
	if name == "" {
		os.Exit(m.Run())
	}
	if err := children[name](os.Getenv("FILESTORE_TEST_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child starts a process that does what children says, in dir, until it ends or the test does.
func child(t *testing.T, name, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), "FILESTORE_TEST_CHILD="+name, "FILESTORE_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// run runs a child to its end.
func run(t *testing.T, name, dir string) {
	t.Helper()
	cmd := child(t, name, dir)
	cmd.Stderr = nil
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

const (
	childWorkers    = 8
	childIncrement  = 25
	childProcesses  = 4
	childDataLength = 200_000
)

func Test_that_several_processes_lose_nothing(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	must(t, h.Write(t.Context(), key, session.Record{Data: []byte("0"), Expires: time.Now().Add(time.Hour)}))
	must(t, together(childProcesses, func(int) error {
		out, err := child(t, "increment", h.dir).Output()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}))
	const n = childProcesses * childWorkers * childIncrement
	h.holds(t, key, fmt.Sprint(n), n+1)
	keys, err := h.Revoke(t.Context(), tag)
	if err != nil || len(keys) != childProcesses*childWorkers {
		t.Errorf("%d entries, %v; want %d", len(keys), err, childProcesses*childWorkers)
	}
}

func childIncrements(dir string) error {
	s, err := filestore.New(filestore.Options{Dir: dir, NoSync: true})
	if err != nil {
		return err
	}
	return together(childWorkers, func(worker int) error {
		entry := fmt.Sprintf("%032x%032x", os.Getpid(), worker)
		if err := s.Tag(context.Background(), tag, entry, time.Now().Add(time.Hour)); err != nil {
			return err
		}
		for range childIncrement {
			if err := increment(context.Background(), s, key); err != nil {
				return err
			}
		}
		return nil
	})
}

func Test_that_a_process_that_is_killed_leaves_the_old_record_or_the_new_one(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	ctx := t.Context()
	expires := time.Now().Add(time.Hour)
	must(t, h.Write(ctx, key, session.Record{Data: bytes.Repeat([]byte{1}, childDataLength), Expires: expires}))
	var version uint64
	for round := range 30 {
		cmd := child(t, "write", h.dir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		// It writes as fast as it can. We read of some writes, and kill it during a later one.
		lines := bufio.NewReader(out)
		for range 1 + round%5 {
			var written uint64
			if _, err := fmt.Fscanln(lines, &written); err != nil {
				t.Fatalf("the child says nothing: %v", err)
			}
			version = max(version, written)
		}
		must(t, cmd.Process.Kill())
		_ = cmd.Wait() // was killed

		rec, err := h.Read(ctx, key)
		must(t, err)
		if rec.Version < version {
			t.Fatalf("version %d after %d", rec.Version, version)
		}
		if want := bytes.Repeat([]byte{byte(rec.Version)}, childDataLength); !bytes.Equal(rec.Data, want) {
			t.Fatalf("version %d has other data", rec.Version)
		}
		rec.Data = bytes.Repeat([]byte{byte(rec.Version + 1)}, childDataLength)
		must(t, h.Write(ctx, key, rec)) // no lock is left
		version = rec.Version + 1
	}
	t.Logf("version %d, %d temporary files left for the sweeper", version, len(temps(files(t, h.dir))))
}

func childWrites(dir string) error {
	s, err := filestore.New(filestore.Options{Dir: dir, NoSync: true})
	if err != nil {
		return err
	}
	for {
		rec, err := s.Read(context.Background(), key)
		if err != nil {
			return err
		}
		rec.Data = bytes.Repeat([]byte{byte(rec.Version + 1)}, childDataLength)
		if err := s.Write(context.Background(), key, rec); err != nil {
			return err
		}
		fmt.Println(rec.Version + 1)
	}
}

func Test_that_readers_see_whole_records_of_other_processes(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	first := competingRecord(1)
	first.Version = 0
	must(t, h.Write(t.Context(), key, first))
	must(t, together(3, func(i int) error {
		if i == 0 {
			return watch(t.Context(), h.Store)
		}
		return child(t, "compete", h.dir).Run()
	}))
	if got := h.log.take(); got != "" {
		t.Errorf("logged %q", got)
	}
}

func childCompetes(dir string) error {
	s, err := filestore.New(filestore.Options{Dir: dir, NoSync: true})
	if err != nil {
		return err
	}
	return compete(context.Background(), s)
}

func Test_that_a_full_disk_leaves_the_old_record(t *testing.T) {
	run(t, "full disk", filepath.Join(t.TempDir(), "store"))
}

// childOnFullDisk makes the kernel refuse files longer than 2000 bytes. Writing beyond that is
// EFBIG, after some bytes have been written, as with ENOSPC.
func childOnFullDisk(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	ctx, in := context.Background(), time.Now().Add(time.Hour)
	s, err := filestore.New(filestore.Options{Dir: dir})
	if err != nil {
		return err
	}
	if err := s.Write(ctx, key, session.Record{Data: []byte("one"), Expires: in}); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 2000, Max: 2000}); err != nil {
		return err
	}
	big := make([]byte, 5000)
	err = s.Write(ctx, key, session.Record{Data: big, Version: 1, Expires: in})
	if !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("got %v; want the cause", err)
	}
	if err := errors.Join(
		mismatch(err, session.ErrUnavailable),
		mismatch(s.Write(ctx, another, session.Record{Data: big, Expires: in}), session.ErrUnavailable),
		holds(s, key, "one", 1),
	); err != nil {
		return err
	}
	left, err := tree(dir)
	if err != nil || len(left) != 1 {
		return fmt.Errorf("left behind: %q, %w", left, err)
	}

	// The file has room for this in its next part, but the disk does not.
	err = s.Write(ctx, key, session.Record{Data: big[:filestore.RoomFor(3)], Version: 1, Expires: in})
	if err := errors.Join(
		mismatch(err, session.ErrUnavailable),
		holds(s, key, "one", 1),
		s.Write(ctx, key, session.Record{Data: []byte("two"), Version: 1, Expires: in}),
		holds(s, key, "two", 2),
	); err != nil {
		return err
	}

	// Not even for the head, as on file systems that write each block to a new place.
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{}); err != nil {
		return err
	}
	return errors.Join(
		mismatch(s.Touch(ctx, key, in.Add(time.Hour)), session.ErrUnavailable),
		holds(s, key, "two", 2),
		s.Destroy(ctx, key, 2),
	)
}

func holds(s session.Store, key, data string, version uint64) error {
	rec, err := s.Read(context.Background(), key)
	if err != nil || string(rec.Data) != data || rec.Version != version {
		return fmt.Errorf("got %q, version %d, %w", rec.Data, rec.Version, err)
	}
	return nil
}

func Test_that_a_process_that_may_open_no_more_files_finds_nothing_missing(t *testing.T) {
	run(t, "no files", filepath.Join(t.TempDir(), "store"))
}

func childWithoutFiles(dir string) error {
	s, err := storeWithRecord(dir)
	if err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 1, Max: 1}); err != nil {
		return err
	}
	return unavailable(s, "")
}

func Test_that_no_call_leaves_a_file_open(t *testing.T) {
	run(t, "few files", filepath.Join(t.TempDir(), "store"))
}

// childWithFewFiles runs without the garbage collector, which would close files that were left
// open.
func childWithFewFiles(dir string) error {
	s, err := storeWithRecord(dir)
	if err != nil {
		return err
	}
	for name, at := range map[string]int{faraway: filestore.HeadSize, another: 0} {
		path := "sessions/" + name[:2] + "/" + name
		damaged := filestore.Encode(path, session.Record{Data: []byte("one"), Expires: time.Now().Add(time.Hour)})
		damaged[at]++
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o700), os.WriteFile(filepath.Join(dir, path), damaged, 0o600)); err != nil {
			return err
		}
	}
	debug.SetGCPercent(-1)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 30, Max: 30}); err != nil {
		return err
	}
	ctx := context.Background()
	for round := range 30 {
		for name, err := range calls(ctx, s, key, tag) {
			if errors.Is(err, session.ErrUnavailable) {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		made := s.Write(ctx, fmt.Sprintf("%02x%062d", round, 0), session.Record{}) // in a new folder
		_, read := s.Read(ctx, faraway)
		_, noHead := s.Read(ctx, another)
		_, listed := list(ctx, s)
		_, swept := s.Sweep(ctx)
		if err := errors.Join(made, mismatch(read, session.ErrNotFound), mismatch(noHead, session.ErrNotFound), listed, swept); err != nil {
			return err
		}
	}

	// It looks for the lock of another process again and again.
	locked, err := os.Open(filepath.Join(dir, "sessions", key[:2]))
	if err != nil {
		return err
	}
	defer locked.Close()
	if ok, err := filestore.TryFlock(locked); err != nil || !ok {
		return fmt.Errorf("locked: %t, %w", ok, err)
	}
	waiting, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	touched := s.Touch(waiting, key, time.Now().Add(time.Hour))
	return errors.Join(mismatch(touched, context.DeadlineExceeded), s.Close())
}

func storeWithRecord(dir string) (*filestore.Store, error) {
	s, err := filestore.New(filestore.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	in := time.Now().Add(time.Hour)
	return s, errors.Join(
		s.Write(context.Background(), key, session.Record{Data: []byte("one"), Expires: in}),
		s.Tag(context.Background(), tag, key, in),
	)
}

// unavailable checks that all calls return ErrUnavailable, except the one that works.
func unavailable(s *filestore.Store, works string) error {
	var errs []error
	for name, err := range calls(context.Background(), s, key, tag) {
		if name == works {
			errs = append(errs, err)
		} else if problem := mismatch(err, session.ErrUnavailable); problem != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, problem))
		}
	}
	return errors.Join(errs...)
}

func Test_that_a_named_pipe_in_place_of_a_record_keeps_nobody_waiting(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	plantPipe(t, h.sessionFile(key))
	h.gone(t, key)
}

func Test_that_a_named_pipe_in_place_of_a_folder_keeps_nobody_waiting(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	plantPipe(t, filepath.Dir(h.sessionFile(key)))
	is(t, h.Write(t.Context(), key, h.record(0, "one")), session.ErrUnavailable)
	is(t, h.Destroy(t.Context(), key, 0), session.ErrUnavailable)
	_, err := h.Read(t.Context(), key)
	is(t, err, session.ErrUnavailable)
}

func plantPipe(t *testing.T, path string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, syscall.Mkfifo(path, 0o600))
}
