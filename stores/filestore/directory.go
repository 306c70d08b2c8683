package filestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// prepare opens the directory and tries it out, so that a mistake shows when the application starts
// and not when its first visitor logs in.
func (s *Store) prepare(dir string) error {
	if dir == "" {
		return errors.New("filestore: Options.Dir is empty. Name a directory for the sessions only, such as /var/lib/myapp/sessions")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("filestore: Options.Dir = %q: %w. Give an absolute path", dir, err)
	}
	s.dir = abs
	if err := s.open(); err != nil {
		return fmt.Errorf("filestore: Options.Dir = %q: %w. Name a directory, or one that can be made", dir, bare(err))
	}
	if err := s.probe(); err != nil {
		return fmt.Errorf("filestore: Options.Dir = %q: no file can be written and locked there: %w. Let the user that runs the application own it, with all that is in it, on a local disk", dir, bare(err))
	}
	if canAnybodyPlant(s.dir) {
		s.currentLogger().Warn("filestore: everybody on this machine can write to Options.Dir, or put another directory in its place, and so plant sessions. Make it mode 0700, in a directory that nobody else can write to", "dir", s.dir)
	}
	return nil
}

// canAnybodyPlant says whether anybody may write to dir, or move dir or a directory above it. (In a
// directory with the sticky bit, such as /tmp, only owners may move things.)
func canAnybodyPlant(dir string) bool {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	open := isOpenToAll(dir, 0)
	for above := filepath.Dir(dir); above != dir; dir, above = above, filepath.Dir(above) {
		open = open || isOpenToAll(above, fs.ModeSticky)
	}
	return open
}

func isOpenToAll(dir string, unless fs.FileMode) bool {
	info, err := os.Stat(dir)
	return err == nil && info.Mode().Perm()&0o002 != 0 && info.Mode()&unless == 0
}

// probe makes a directory with a file in it, removes both, and locks the directory.
func (s *Store) probe() error {
	name := tempName()
	if err := s.root.Mkdir(name, 0o700); err != nil {
		return err
	}
	if err := cmp.Or(s.probeNew(name), s.root.Remove(name)); err != nil {
		return err
	}
	dir, err := s.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	if _, err = tryFlock(dir); err != nil {
		return err
	}
	return s.probeFolders()
}

// probeNew creates a file and removes it, in a directory that was just made. With some umasks, that works
// in no directory but those that exist already. (Default ACLs and security modules can do the same.)
func (s *Store) probeNew(dir string) error {
	name := dir + "/" + dir
	err := s.root.WriteFile(name, nil, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w in a new directory, as with an umask that takes rights from the owner, too", bare(err))
	}
	if err != nil {
		return err
	}
	return s.root.Remove(name)
}

// probeFolders opens each folder that exists. Somebody may have run the application as another user,
// whose folders are closed to us.
func (s *Store) probeFolders() error {
	for _, a := range []*area{s.sessions, s.tags} {
		for i := range a {
			dir, err := openFolder(a[i].file(s.root, ""))
			if err == nil {
				dir.close()
			}
			if errors.Is(err, fs.ErrPermission) {
				return fmt.Errorf("%w in %s", bare(err), a[i].path)
			}
		}
	}
	return nil
}

// enter begins a call, and returns the directory it works in. The caller ends it with
// s.running.Done.
func (s *Store) enter(ctx context.Context) (*os.Root, error) {
	info, err := os.Stat(s.dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	// An open directory stays usable after it was removed or renamed, and what is written there is
	// hidden from everybody else. (Any other error of Stat says nothing about the directory: a
	// process that has dropped its privileges may no longer reach it.)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(info, s.info) {
		if err := s.open(); err != nil {
			return nil, err
		}
		s.currentLogger().WarnContext(ctx, "filestore: Options.Dir was removed or replaced; the sessions in it are lost", "dir", s.dir)
	}
	s.running.Add(1)
	return s.root, nil
}

// open opens the directory, and makes it if necessary. It does not close the directory that was
// open before, which calls under way still use; the os package does that once they have ended.
func (s *Store) open() error {
	if err := s.makeDir(s.dir); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return err
	}
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	s.root, s.info = root, info
	return nil
}

// makeDir makes a directory, and those above it, if it does not exist.
func (s *Store) makeDir(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(dir)
	if err := s.makeDir(above); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(above)
	if errors.Is(err, fs.ErrPermission) {
		return nil // we may make directories here, but not open this one to flush it
	}
	if err != nil {
		return err
	}
	defer d.Close()
	return s.flushNames(d)
}
