package filestore

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/echo-hypermedia/session"
)

const (
	sweepEvery = time.Hour      // for each folder
	keepTemp   = time.Hour      // writing a file takes a moment, so its process must be dead
	keepDamage = 24 * time.Hour // time to inspect it
)

// Sweep removes the files of expired sessions and tags, and what crashes and damage have left
// behind, in all directories. It returns how many files it has removed. A file that cannot be
// removed does not stop it; the errors are joined.
//
// There is no need to call it while visitors come and go; see the package documentation.
func (s *Store) Sweep(ctx context.Context) (removed int, err error) {
	root, err := s.enter(ctx)
	if err != nil {
		return 0, s.answer("sweep", err)
	}
	defer s.running.Done()
	var errs []error
	for _, a := range []*area{s.sessions, s.tags} {
		for i := range a {
			n, err := s.sweepFolder(ctx, root, &a[i])
			removed += n
			ended := ctx.Err()
			errs = append(errs, s.answer("sweep", cmp.Or(err, ended)))
			if ended != nil {
				return removed, errors.Join(errs...)
			}
		}
	}
	return removed, errors.Join(errs...)
}

// sweepIfDue starts to sweep a folder if it is time, unless another one is being swept.
func (s *Store) sweepIfDue(root *os.Root, f *folder) {
	now := s.now().UnixNano()
	passed := now - f.swept.Load() // negative if the clock was ahead then
	if passed >= 0 && passed < int64(sweepEvery) || !s.sweeping.CompareAndSwap(false, true) {
		return
	}
	f.swept.Store(now)
	s.running.Go(func() {
		defer s.sweeping.Store(false)
		_, err := s.sweepFolder(s.closing, root, f)
		if err != nil && s.closing.Err() == nil {
			s.currentLogger().Warn("filestore: sweeping failed", "folder", f.path, "error", bare(err))
		}
	})
}

// sweepFolder removes what is no longer needed, and returns how many files it has removed and the
// first error. It takes the lock for one file at a time, so visitors hardly wait.
func (s *Store) sweepFolder(ctx context.Context, root *os.Root, f *folder) (removed int, first error) {
	names, err := list(root, f.path)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return removed, ctx.Err()
		}
		ok, err := s.sweepFile(ctx, f.file(root, name))
		if ok {
			removed++
		}
		first = cmp.Or(first, err)
	}
	return removed, first
}

// list returns the names in a directory. A missing directory has none. It takes no lock, and so may leave out
// a file that is being replaced; but such a file is in use, and must not be swept anyway.
func list(root *os.Root, dir string) ([]string, error) {
	d, err := root.OpenFile(dir, os.O_RDONLY|noWait, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// sweepFile removes the file if it is no longer needed. A visitor may renew the session between the
// first check and the removal, so the second check, with the lock, decides.
func (s *Store) sweepFile(ctx context.Context, f file) (removed bool, err error) {
	done := s.isDone
	switch name := path.Base(f.path); {
	case strings.HasPrefix(name, tempPrefix):
		done = s.isAbandoned
	case !isName(name):
		return false, nil // not ours
	}
	if ok, err := done(f); !ok {
		return false, err
	}
	f, unlock, err := s.lock(ctx, f)
	if err != nil {
		return false, err
	}
	defer unlock()
	if ok, err := done(f); !ok {
		return false, err
	}
	err = f.root.Remove(f.at)
	return err == nil, err
}

// isDone says whether the record has expired, or the file was damaged long ago. It reads only the
// head: a file with damaged data is removed when the record would have expired.
func (s *Store) isDone(f file) (bool, error) {
	r := f.open(os.O_RDONLY)
	defer r.close()
	switch {
	case r.err == nil:
		return !s.now().Before(r.head.expires), nil
	case isDamage(r.err):
		keep := keepDamage
		if f.folder.area != sessionsDir {
			keep = keepLost // the mere presence of a damaged index says that something is lost
		}
		return s.isOlder(f, keep)
	case errors.Is(r.err, session.ErrNotFound) || errors.Is(r.err, errNewer):
		return false, nil // it was removed meanwhile, or belongs to a newer release
	}
	return false, r.err
}

// isAbandoned says whether a temporary file is so old that its writer must have died.
func (s *Store) isAbandoned(f file) (bool, error) { return s.isOlder(f, keepTemp) }

// isOlder says whether the file has not been changed for so long. Anything but a regular file is
// not ours.
func (s *Store) isOlder(f file, age time.Duration) (bool, error) {
	info, err := f.root.Lstat(f.at)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return info.Mode().IsRegular() && s.now().Sub(info.ModTime()) >= age, nil
}
