package filestore

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
)

// Keys lists the sessions by the names of their files. It includes expired sessions until they are
// swept. It reads one directory at a time, and nobody waits for the loop.
func (s *Store) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for i := range s.sessions {
			names, err := s.names(ctx, &s.sessions[i])
			if err != nil {
				yield("", s.answer("list", err))
				return
			}
			for _, name := range names {
				if err := ctx.Err(); err != nil {
					yield("", s.answer("list", err))
					return
				}
				if !yield(name, nil) {
					return
				}
			}
		}
	}
}

// names returns the names of the sessions in a folder. It counts as a call of its own, since Close
// waits for calls under way, and may itself be called in the loop.
//
// It is tempting to do without the lock, as Read does. But on some file systems, such as tmpfs, a
// file that is replaced meanwhile changes its place among the names: the session would be left out,
// or come twice.
func (s *Store) names(ctx context.Context, folder *folder) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	root, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer s.running.Done()
	if _, err := root.Lstat(folder.path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the lock would make it
	}
	f, unlock, err := s.lock(ctx, folder.file(root, ""))
	if err != nil {
		return nil, err
	}
	defer unlock()
	all, err := f.lock.Readdirnames(-1)
	return slices.DeleteFunc(all, func(name string) bool { return !isName(name) }), err
}
