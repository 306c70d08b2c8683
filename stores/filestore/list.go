package filestore

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"slices"
)

// Keys lists the sessions by the names of their files. It includes expired sessions until they are
// swept. It reads one directory at a time, and nobody waits for it.
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
func (s *Store) names(ctx context.Context, folder *folder) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	root, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer s.running.Done()
	all, err := list(root, folder.path)
	return slices.DeleteFunc(all, func(name string) bool { return !isName(name) }), err
}

// list returns the names in a directory. A missing directory has none.
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
