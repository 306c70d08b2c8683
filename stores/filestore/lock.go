package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"time"
)

// lock waits until nobody else changes anything in the folder of f, and returns f as it is
// there, and the function that lets the next one in. The goroutines of a process queue up
// for their turn; the one whose turn it is waits for those of other processes.
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

// queue waits for a turn, which the caller then has. Most need not wait, and do not ask the
// context for a channel: it may be made for whoever asks, and a timer with it.
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

// The pauses between two tries to get the lock of another process. Holding it takes a
// fraction of the longest, unless that process is stopped.
const (
	shortestPause = 100 * time.Microsecond
	longestPause  = 10 * time.Millisecond
)

// lockFolder waits for the lock on the folder of f.
//
// It is tempting to let flock(2) do the waiting. No context would end it, and if the other
// process is stopped, each request would leave a thread behind.
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

// lockedFolder is a folder that is open, and the lock on it.
//
// What is changed under the lock is opened relative to the folder and not by its path. That
// saves the walk there, and whoever moves the folder away meanwhile takes the lock along
// with the files: nobody changes in one folder what is locked in another. It is as if the
// change had come just before.
type lockedFolder struct {
	*os.Root
	lock *os.File
}

// close lets go of the lock, as the end of the process does.
func (d lockedFolder) close() {
	d.lock.Close()
	d.Close()
}

// tryLockFolder says whether it could lock the folder of f; otherwise another process has.
func (s *Store) tryLockFolder(f file) (dir lockedFolder, ok bool, err error) {
	dir, err = openFolder(f)
	if errors.Is(err, fs.ErrNotExist) {
		if err = s.mkdir(f.root, f.folder.path); err == nil {
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

// openFolder opens the folder of f twice: to work in it, and to lock it. It is the folder
// itself that is locked, since a file for that would have to be made.
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
