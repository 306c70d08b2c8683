package filestore

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/echo-hypermedia/session"
)

// file is the place of one record.
type file struct {
	folder *folder
	path   string // below Options.Dir, with slashes

	// How to open it: by path below Options.Dir, or by name in the folder.
	root *os.Root
	at   string

	lock *os.File // the folder, locked, so that nobody else changes the file; nil if not locked
}

// file is the file called name in f, which is below root.
func (f *folder) file(root *os.Root, name string) file {
	path := f.path + "/" + name
	return file{folder: f, path: path, root: root, at: path}
}

// opened is an open file, and what its head says.
type opened struct {
	file
	content *os.File
	head    head

	// err is why it is not open: session.ErrNotFound if the file is missing, a damageError if
	// something else is in its place, such as a symbolic link, an error of readHead, or one of the
	// operating system.
	err error
}

// open opens the file and reads its head. The caller closes it.
func (f file) open(flag int) opened {
	content, err := f.root.OpenFile(f.at, flag|noWait, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return opened{file: f, err: session.ErrNotFound}
	}
	if err == nil {
		var h head
		if h, err = readHead(f.path, content); err == nil {
			return opened{file: f, content: content, head: h}
		}
		content.Close()
	}
	// The error for a link that leads out is known only to the os package, and there are many
	// errors for a directory or a pipe.
	if info, lstatErr := f.root.Lstat(f.at); lstatErr == nil && !info.Mode().IsRegular() {
		err = &damageError{"not a file"}
	}
	return opened{file: f, err: err}
}

func (f opened) close() {
	if f.err == nil {
		f.content.Close()
	}
}

// record returns the record, expired or not. Its errors are f.err, and a damageError if the data is
// not what the head says.
func (f opened) record() (session.Record, error) {
	if f.err != nil {
		return session.Record{}, f.err
	}
	return f.head.record(f.content)
}

// put stores rec in the file, completely or not at all. The file is locked.
func (s *Store) put(f opened, rec session.Record) error {
	switch {
	case len(rec.Data) > MaxData:
		return errTooLarge
	case f.err == nil && f.head.fits(len(rec.Data)):
		return s.overwrite(f, rec)
	case f.err == nil || errors.Is(f.err, session.ErrNotFound) || isDamage(f.err):
		return s.create(f.file, rec)
	}
	return f.err
}

// create creates the file, or replaces it by a new one.
//
//  1. Write a file beside it. A full disk shows here, or when that file is closed.
//  2. Wait until that file is on disk. Otherwise, after a power failure, the name could be there
//     without the bytes.
//  3. Rename it.
//  4. Wait until the name is on disk.
func (s *Store) create(f file, rec session.Record) (err error) {
	temp := tempName()
	w, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|noWait, 0o600)
	if err != nil {
		return err
	}
	_, err = w.Write(encode(f.path, rec))
	if err == nil {
		err = s.flush(w)
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = f.root.Rename(temp, f.at)
	}
	if err != nil {
		f.root.Remove(temp) // if that fails too, the sweeper removes it
		return err
	}
	return s.flushNames(f.lock)
}

// overwrite puts the record into a file that has room for it.
//
//  1. Write the data into the next part. A full disk shows here.
//  2. Wait until the data is on disk. Otherwise, after a power failure, the head could be there
//     without the data. This also flushes the current head, in case its writer died before it
//     could. The head before that is then history, and its part is free for the next data.
//  3. Write the head. It is small and at the beginning, so it crosses no memory page and no disk
//     sector: a process that dies at this moment leaves either the old head or the new one.
//  4. Wait until the head is on disk.
//
// It is tempting to create a file and rename it each time. But a file system must find space for
// it, and some, such as ext4, write it to disk immediately when it replaces another file, whether
// anybody waits for that or not.
func (s *Store) overwrite(f opened, rec session.Record) error {
	next := newHead(rec, f.head.room, (f.head.part+1)%parts)
	if _, err := f.content.WriteAt(rec.Data, next.offset()); err != nil {
		return err
	}
	if err := s.flush(f.content); err != nil {
		return err
	}
	return s.putHead(f, next)
}

// putHead replaces the head of the file.
func (s *Store) putHead(f opened, h head) error {
	if _, err := f.content.WriteAt(h.encode(f.path), 0); err != nil {
		return err
	}
	return s.flush(f.content)
}

// remove removes the file, if it exists. It is locked.
func (s *Store) remove(f file) error {
	err := f.root.Remove(f.at)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Without this, a power failure could bring the file back. The same is true if another process
	// has removed it and died before flushing.
	return s.flushNames(f.lock)
}

// settle waits until the file is on disk as it was found, or its absence is: the process that
// changed it last may have died before flushing. It is for calls that change nothing because all is
// as it should be already.
func (s *Store) settle(f opened) error {
	if f.err != nil {
		return s.flushNames(f.lock)
	}
	return s.flush(f.content)
}

// flush waits until what was written to w is on disk.
func (s *Store) flush(w *os.File) error {
	if s.noSync {
		return nil
	}
	return s.fsync(w)
}

// flushNames waits until the names in a directory are on disk.
func (s *Store) flushNames(dir *os.File) error {
	err := s.flush(dir)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil // some file systems cannot flush a directory
	}
	return err
}

// makeFolder makes the folder of f, and its area.
func (s *Store) makeFolder(f file) error {
	if err := f.root.MkdirAll(f.folder.path, 0o700); err != nil {
		return err
	}
	return errors.Join(s.flushNamesIn(f.root, f.folder.area), s.flushNamesIn(f.root, "."))
}

// flushNamesIn is flushNames for a directory that is not open.
func (s *Store) flushNamesIn(root *os.Root, dir string) error {
	d, err := root.OpenFile(dir, os.O_RDONLY|noWait, 0)
	if err != nil {
		return err
	}
	defer d.Close()
	return s.flushNames(d)
}

const tempPrefix = ".temp-"

// tempName returns a unique name. The lock would make a fixed name safe, but on a file system that only
// pretends to lock, two processes would write to one file.
func tempName() string { return tempPrefix + rand.Text() }
