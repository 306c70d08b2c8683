package filestore

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"github.com/echo-hypermedia/session"
)

// file is the place of one record.
type file struct {
	folder *folder
	path   string // below Options.Dir, with slashes

	// Where it is opened: Options.Dir and path, or the folder and the name in it.
	root *os.Root
	at   string

	lock *os.File // the folder, locked: nobody else changes the file. Nil if it is not
}

// file is the file called name in f, which is below root.
func (f *folder) file(root *os.Root, name string) file {
	path := f.path + "/" + name
	return file{folder: f, path: path, root: root, at: path}
}

// opened is a file that is open, and what its head says.
type opened struct {
	file
	content *os.File
	head    head

	// err is why it is not open. A missing file is session.ErrNotFound, and something else in its
	// place, such as a symbolic link, a damageError; the other errors are those of readHead, and
	// what the operating system says.
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
	// A link that leads out has an error that only the os package knows, and a directory or a
	// pipe has many.
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

// record returns the record, expired or not. Its errors are f.err, and a damageError where the
// data is not what the head says.
func (f opened) record() (session.Record, error) {
	if f.err != nil {
		return session.Record{}, f.err
	}
	return f.head.record(f.content)
}

// put makes the record that of the file: at once, or not at all. The file is locked.
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

// create makes the file, or replaces it by another one.
//
//  1. Write a file beside it. A full disk shows here, or when that file is closed.
//  2. Wait until it is on the disk. Without that, after a loss of power, the name could be
//     there and the bytes not.
//  3. Give it the name.
//  4. Wait until the name is on the disk.
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
		f.root.Remove(temp) // if that fails as well, the sweeper will do it
		return err
	}
	return s.flushNames(f.lock)
}

// overwrite puts the record into a file that has room for it.
//
//  1. Write the data into the next part. A full disk shows here.
//  2. Wait until it is on the disk. Without that, after a loss of power, the head could be
//     there and the data not. This flushes the current head, too, if whoever wrote it has
//     died; the one before is history then, and its part free for the next data.
//  3. Write the head. It is small and at the beginning, so it crosses no page of the memory
//     and no sector of the disk: whoever dies at this moment leaves the old one or the new one.
//  4. Wait until the head is on the disk.
//
// It is tempting to make a file and to rename it each time. But a file system has to find
// room for that, and some, ext4 for one, write it to the disk at once when it replaces
// another, whether somebody waits for it or not.
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

// setExpiry moves the expiry of the record in the file, which is there and locked.
func (s *Store) setExpiry(f opened, expires time.Time) error {
	h := f.head
	h.expires = expires
	return s.putHead(f, h)
}

// putHead replaces the head of the file.
func (s *Store) putHead(f opened, h head) error {
	if _, err := f.content.WriteAt(h.encode(f.path), 0); err != nil {
		return err
	}
	return s.flush(f.content)
}

// remove removes the file, if there is one. It is locked.
func (s *Store) remove(f file) error {
	err := f.root.Remove(f.at)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Without this, the loss of power brings it back; and so it does where somebody else has
	// removed it, and died.
	return s.flushNames(f.lock)
}

// settle waits until the file is on the disk as it was found, there or not: whoever has changed
// it last may have died before. It is for calls that say that all is as it should be already.
func (s *Store) settle(f opened) error {
	if f.err != nil {
		return s.flushNames(f.lock)
	}
	return s.flush(f.content)
}

// flush waits until what was written into a file is on the disk.
func (s *Store) flush(w *os.File) error {
	if s.noSync {
		return nil
	}
	return s.fsync(w)
}

// flushNames waits until the names in a directory are on the disk.
func (s *Store) flushNames(dir *os.File) error {
	err := s.flush(dir)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil // there are file systems that have no such thing
	}
	return err
}

// mkdir makes a folder, and those above it.
func (s *Store) mkdir(root *os.Root, folder string) error {
	if err := root.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return errors.Join(s.flushNamesIn(root, path.Dir(folder)), s.flushNamesIn(root, "."))
}

// flushNamesIn is flushNames for a directory that is not open.
func (s *Store) flushNamesIn(root *os.Root, dir string) error {
	if s.noSync {
		return nil
	}
	d, err := root.OpenFile(dir, os.O_RDONLY|noWait, 0)
	if err != nil {
		return err
	}
	defer d.Close()
	return s.flushNames(d)
}

const tempPrefix = ".temp-"

// tempName is one that nobody else uses. The lock would make a fixed name safe, but where a
// file system only pretends to lock, two processes would write into one file.
func tempName() string { return tempPrefix + rand.Text() }
