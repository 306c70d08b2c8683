package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"time"
)

// lock waits until nobody else changes anything in the folder of f. It returns f, to be opened in
// that folder, and the function that releases the lock. The goroutines of a process wait for their
// turn; the one whose turn it is waits for other processes.
func (s *Store) lock(ctx context.Context, f file) (held file, unlock func(), err error) {
	turn := f.folder.turn
	if err := s.queue(ctx, turn); err != nil {
		return file{}, nil, err
	}
	dir, err := s.lockFolder(ctx, f)
	if err != nil {
		<-turn
		return file{}, nil, err
	}
	f.root, f.at, f.lock = dir.Root, path.Base(f.path), dir.lock
	return f, func() {
		dir.close()
		<-turn
	}, nil
}

// queue waits for a turn, which the caller then has. Most callers need not wait, and so do not ask
// the context for its channel: that may be allocated on demand, together with a timer.
func (s *Store) queue(ctx context.Context, turn chan struct{}) error {
	select {
	case turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing.Done():
		return errClosed
	}
}

// The pauses between two attempts to get the lock while another process has it. A process holds it
// for a fraction of the longest pause, unless it is stopped.
const (
	shortestPause = 100 * time.Microsecond
	longestPause  = 10 * time.Millisecond
)

// lockFolder waits for the lock on the folder of f.
//
// It is tempting to let flock(2) wait. But no context could end that, and while the other process
// is stopped, each request would leave a thread behind.
func (s *Store) lockFolder(ctx context.Context, f file) (lockedFolder, error) {
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		dir, ok, err := s.tryLockFolder(f)
		if ok || err != nil {
			return dir, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return lockedFolder{}, ctx.Err()
		case <-s.closing.Done():
			return lockedFolder{}, errClosed
		}
	}
}

// lockedFolder is an open folder, and the lock on it.
//
// What is changed under the lock is opened relative to the folder, not by its path. That saves
// resolving the path. And if the folder is moved away meanwhile, the lock moves with the files:
// nobody changes files in one folder while holding the lock of another. The effect is as if the
// change had been made just before the move.
type lockedFolder struct {
	*os.Root
	lock *os.File
}

// close releases the lock, as the end of the process would.
func (d lockedFolder) close() {
	d.lock.Close()
	d.Close()
}

// tryLockFolder says whether it could lock the folder of f. If not, another process has the lock.
func (s *Store) tryLockFolder(f file) (dir lockedFolder, ok bool, err error) {
	dir, err = openFolder(f)
	if errors.Is(err, fs.ErrNotExist) {
		if err = s.makeFolder(f); err == nil {
			dir, err = openFolder(f)
		}
	}
	if err != nil {
		return lockedFolder{}, false, err
	}
	ok, err = tryFlock(dir.lock)
	if !ok {
		dir.close()
		return lockedFolder{}, false, err
	}
	return dir, true, nil
}

// openFolder opens the folder of f twice: to work in it, and to lock it. It locks the folder
// itself, since a lock file would first have to be created.
func openFolder(f file) (lockedFolder, error) {
	root, err := f.root.OpenRoot(f.folder.path + "/.") // a named pipe in its place has no "."
	if err != nil {
		return lockedFolder{}, err
	}
	lock, err := root.OpenFile(".", os.O_RDONLY|noWait, 0)
	if err != nil {
		root.Close()
		return lockedFolder{}, err
	}
	return lockedFolder{root, lock}, nil
}
