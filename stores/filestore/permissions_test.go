//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

func Test_that_only_the_owner_has_access_whatever_the_umask(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	run(t, "umask", dir)
	var seen int
	must(t, filepath.WalkDir(filepath.Dir(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o; want %o", path, got, want)
		}
		seen++
		return nil
	}))
	if seen != 8 { // a, b; sessions, ab, the record; the same for tags
		t.Errorf("saw %d files and directories; want 8", seen)
	}
}

func childWithoutUmask(dir string) error {
	syscall.Umask(0)
	s, err := filestore.New(filestore.Options{Dir: dir})
	if err != nil {
		return err
	}
	return errors.Join(
		s.Write(context.Background(), key, session.Record{Expires: time.Now().Add(time.Hour)}),
		s.Touch(context.Background(), key, time.Now().Add(2*time.Hour)),
		s.Tag(context.Background(), tag, key, time.Now().Add(time.Hour)),
		s.Close(),
	)
}

// Somebody has thought of the modes of files only.
func Test_that_an_umask_that_closes_new_directories_shows_when_the_application_starts(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o711))
	run(t, "closing umask", filepath.Join(dir, "store"))
}

func childWithClosingUmask(dir string) error {
	before, err := storeWithRecord(dir)
	if err := errors.Join(err, before.Close()); err != nil {
		return err
	}
	restore, err := restrict(dir, nil)
	defer restore()
	if err != nil {
		return err
	}
	syscall.Umask(0o177)
	_, err = filestore.New(filestore.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "permission denied in a new directory, as with an umask that") {
		return fmt.Errorf("a store whose folders could not be used: got error %w", err)
	}
	syscall.Umask(0)
	names, err := os.ReadDir(dir)
	if err == nil && len(names) != 2 {
		err = fmt.Errorf("got %v; want sessions and tags alone", names)
	}
	return err
}

func Test_that_what_may_not_be_changed_is_not_said_to_be(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o711)) // the user nobody has to get there
	run(t, "read only", filepath.Join(dir, "store"))
}

func childThatMayOnlyRead(dir string) error {
	s, err := storeWithRecord(dir)
	if err != nil {
		return err
	}
	hidden := filepath.Join(dir, "hidden")
	if err := os.Mkdir(hidden, 0o700); err != nil {
		return err
	}
	restore, err := restrict(dir, map[string]fs.FileMode{"sessions": 0o555, "sessions/ab": 0o555, "sessions/ab/" + key: 0o444, "hidden": 0o333, "": 0o333})
	defer restore()
	if err != nil {
		return err
	}
	ctx, in := context.Background(), time.Now().Add(time.Hour)
	destroy := s.Destroy(ctx, key, 0)
	touch := s.Touch(ctx, key, in)
	if said := fmt.Sprint(touch); !errors.Is(touch, fs.ErrPermission) || !strings.Contains(said, dir+": ") || strings.Contains(said, key) {
		return fmt.Errorf("got error %v; want the cause and the directory, and no key", touch)
	}
	for _, name := range []string{another, faraway} { // in this folder, and in one that has to be made
		create := s.Write(ctx, name, session.Record{Expires: in})
		if !errors.Is(create, fs.ErrPermission) || !errors.Is(create, session.ErrUnavailable) {
			return fmt.Errorf("create: got error %w; want ErrUnavailable and the cause", create)
		}
	}
	if err := errors.Join(
		mismatch(destroy, session.ErrUnavailable),
		mismatch(touch, session.ErrUnavailable),
		mismatch(s.Tag(ctx, faraway, key, in), session.ErrUnavailable), // its folder can be made, and not be flushed
		holds(s, key, "one", 1),
	); err != nil {
		return err
	}

	// This shows when the application starts.
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("%w, so this test says nothing; set TMPDIR to a directory that everybody can get to", err)
	}
	_, err = filestore.New(filestore.Options{Dir: filepath.Join(dir, "sessions", "ab")})
	if err == nil || !strings.Contains(err.Error(), "no file can be written and locked there: permission denied") {
		return fmt.Errorf("a store where nothing can be written: got error %w", err)
	}

	for _, under := range []string{"new", "new/deeper"} {
		_, err = filestore.New(filestore.Options{Dir: filepath.Join(dir, "sessions", under)})
		if err == nil || !strings.Contains(err.Error(), "permission denied. Name a directory, or one that") {
			return fmt.Errorf("a store where no directory can be made: got error %w", err)
		}
	}

	// A directory in which names can be created need not be readable.
	below, err := filestore.New(filestore.Options{Dir: filepath.Join(hidden, "store")})
	if err != nil {
		return err
	}
	return errors.Join(below.Write(ctx, key, session.Record{Expires: in}), below.Close())
}

// Somebody has started the application as root once, for example.
func Test_that_folders_of_another_user_show_when_the_application_starts(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o711))
	run(t, "closed sessions", filepath.Join(dir, "sessions"))
	run(t, "closed tags", filepath.Join(dir, "tags"))
}

func childWithClosed(folder string) func(dir string) error {
	return func(dir string) error {
		before, err := storeWithRecord(dir)
		if err := errors.Join(err, before.Close()); err != nil {
			return err
		}
		restore, err := restrict(dir, map[string]fs.FileMode{folder: 0})
		defer restore()
		if err != nil {
			return err
		}
		_, err = filestore.New(filestore.Options{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), "permission denied in "+folder+". Let the user that runs the application own it, with all that is in it") {
			return fmt.Errorf("a store where one folder cannot be opened: got error %w", err)
		}
		return nil
	}
}

func Test_that_it_is_told_what_could_not_be_swept(t *testing.T) {
	run(t, "sweep", filepath.Join(t.TempDir(), "store"))
}

func childThatMayNotSweep(dir string) error {
	before, err := storeWithRecord(dir)
	if err != nil {
		return err
	}
	log := new(logs)
	s, err := filestore.New(filestore.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err := errors.Join(err, before.Close(), os.Mkdir(filepath.Join(dir, "sessions", "cd"), 0o700)); err != nil {
		return err
	}
	for _, path := range []string{"sessions/ab/" + another, "sessions/cd/" + faraway} {
		expired := filestore.Encode(path, session.Record{Version: 1})
		if err := os.WriteFile(filepath.Join(dir, path), expired, 0o600); err != nil {
			return err
		}
	}
	begun := filepath.Join(dir, "tags", "cd", filestore.TempPrefix+"old")
	if err := errors.Join(os.Mkdir(filepath.Dir(begun), 0o700), os.WriteFile(begun, nil, 0o600)); err != nil {
		return err
	}
	// One cannot be removed, one cannot be read, and one is only known by its name.
	restore, err := restrict(dir, map[string]fs.FileMode{
		"tags/cd":     0o444,
		"sessions/ab": 0o555, "sessions/ab/" + key: 0o666, "sessions/ab/" + another: 0o666,
		"sessions/cd": 0o777, "sessions/cd/" + faraway: 0, "tags/ef/" + tag: 0o666,
	})
	defer restore()
	if err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	removed, err := s.Sweep(ctx)
	if all, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); removed != 0 || !ok || len(all.Unwrap()) != 3 {
		return fmt.Errorf("removed %d, with error %w; want nothing and three errors", removed, err)
	}
	if err := mismatch(err, session.ErrUnavailable); err != nil {
		return err
	}

	if err := s.Touch(ctx, key, time.Now().Add(time.Hour)); err != nil {
		return err
	}
	var logged string
	for ctx.Err() == nil && logged == "" {
		logged = log.take()
	}
	if !strings.Contains(logged, "sweeping failed") || !strings.Contains(logged, "permission denied") || strings.Contains(logged, another) {
		return fmt.Errorf("logged %q; want that sweeping failed, and no key", logged)
	}
	return s.Close()
}

func Test_that_what_may_not_be_read_is_not_missing(t *testing.T) {
	run(t, "no access", filepath.Join(t.TempDir(), "store"))
	run(t, "no access to folders", filepath.Join(t.TempDir(), "store"))
	run(t, "no access to files", filepath.Join(t.TempDir(), "store"))
}

func childWithoutAccess(dir string) error {
	return withoutAccess(dir, "", "")
}

func childWithoutAccessToFolders(dir string) error {
	return withoutAccess(dir, "", "sessions/ab", "tags/ef")
}

// childWithoutAccessToFiles: only the folder's permissions decide who may remove a file.
func childWithoutAccessToFiles(dir string) error {
	return withoutAccess(dir, "remove", "sessions/ab/"+key, "tags/ef/"+tag)
}

// withoutAccess removes the permissions of some files. works names the call that still works.
func withoutAccess(dir, works string, names ...string) error {
	s, err := storeWithRecord(dir)
	if err != nil {
		return err
	}
	modes := map[string]fs.FileMode{}
	for _, name := range names {
		modes[name] = 0
	}
	restore, err := restrict(dir, modes)
	defer restore()
	if err := errors.Join(err, unavailable(s, works)); err != nil || works != "" {
		return err
	}
	_, err = list(context.Background(), s)
	return mismatch(err, session.ErrUnavailable)
}

// restrict sets the permissions of files. Root ignores permissions, so it becomes another user.
func restrict(dir string, modes map[string]fs.FileMode) (restore func(), err error) {
	var restores []func() error
	restore = func() {
		for _, one := range restores {
			_ = one()
		}
	}
	if os.Getuid() == 0 {
		for _, open := range []string{"", "sessions", "sessions/ab", "tags", "tags/ef"} {
			if err := os.Chmod(filepath.Join(dir, open), 0o777); err != nil {
				return restore, err
			}
		}
	}
	for name, mode := range modes {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			return restore, err
		}
		restores = append(restores, func() error { return os.Chmod(path, info.Mode().Perm()) })
		if err := os.Chmod(path, mode); err != nil {
			return restore, err
		}
	}
	if os.Getuid() == 0 {
		const nobody = 65534
		return restore, errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody))
	}
	return restore, nil
}
