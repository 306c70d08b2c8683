package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// lock waits until nobody else changes anything in a folder, and returns the function that
// lets the next one in. The goroutines of a process queue up for their turn; the one whose
// turn it is waits for those of other processes.
func (s *Store) lock(ctx context.Context, root *os.Root, f *folder) (unlock func(), err error) {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closing.Done():
		return nil, errClosed
	}
	held, err := s.lockFile(ctx, root, f)
	if err != nil {
		<-f.turn
		return nil, err
	}
	return func() {
		held.Close() // which lets go of the lock, as the end of the process does
		<-f.turn
	}, nil
}

// The pauses between two tries to get the lock of another process. Holding it takes a
// fraction of the longest, unless that process is stopped.
const (
	shortestPause = 100 * time.Microsecond
	longestPause  = 10 * time.Millisecond
)

// lockFile waits for the lock on a folder's lock file and returns that file.
//
// It is tempting to let flock(2) do the waiting. No context would end it, and if the other
// process is stopped, each request would leave a thread behind.
func (s *Store) lockFile(ctx context.Context, root *os.Root, f *folder) (*os.File, error) {
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		held, err := s.tryLockFile(root, f)
		if held != nil || err != nil {
			return held, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.closing.Done():
			return nil, errClosed
		}
	}
}

// tryLockFile returns the folder's lock file if it could be locked, and nil if another
// process has it.
func (s *Store) tryLockFile(root *os.Root, f *folder) (*os.File, error) {
	file, err := s.openLockFile(root, f)
	if err != nil {
		return nil, err
	}
	ok, err := tryFlock(file)
	if ok {
		ok, err = isAt(root, lockPath(f), file)
	}
	if !ok {
		file.Close()
		return nil, err
	}
	return file, nil
}

func lockPath(f *folder) string { return f.path + "/.lock" }

// openLockFile makes the lock file, and the folder, if need be. Nobody ever removes it.
func (s *Store) openLockFile(root *os.Root, f *folder) (*os.File, error) {
	open := func() (*os.File, error) {
		return root.OpenFile(lockPath(f), os.O_RDWR|os.O_CREATE, 0o600)
	}
	file, err := open()
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := s.mkdir(root, f.path); err != nil {
		return nil, err
	}
	return open()
}

// isAt says whether file is the one that has this path now. If somebody removed the folder
// meanwhile, others may be holding the lock on a new file of the same name.
func isAt(root *os.Root, path string, file *os.File) (bool, error) {
	locked, err := file.Stat()
	if err != nil {
		return false, err
	}
	now, err := root.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(locked, now), nil
}
