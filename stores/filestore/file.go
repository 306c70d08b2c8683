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

	locked bool // nobody else changes it: it is what lock has returned
}

// file is the file called name in f, which is below root.
func (f *folder) file(root *os.Root, name string) file {
	path := f.path + "/" + name
	return file{folder: f, path: path, root: root, at: path}
}

// open opens the file and reads its head. A missing one is session.ErrNotFound, and something
// else in its place, such as a symbolic link, a damageError; the other errors are those of
// readHead, and what the operating system says.
func (f file) open(flag int) (*os.File, head, error) {
	opened, err := f.root.OpenFile(f.at, flag|noWait, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, head{}, session.ErrNotFound
	}
	if err == nil {
		var h head
		if h, err = readHead(f.path, opened); err == nil {
			return opened, h, nil
		}
		opened.Close()
	}
	// A link that leads out has an error that only the os package knows, and a directory or a
	// pipe has many.
	if info, lstatErr := f.root.Lstat(f.at); lstatErr == nil && !info.Mode().IsRegular() {
		err = &damageError{"not a file"}
	}
	return nil, head{}, err
}

// read returns the record, expired or not. Its errors are those of open, and a damageError
// where the data is not what the head says.
func (f file) read() (session.Record, error) {
	r, h, err := f.open(os.O_RDONLY)
	if err != nil {
		return session.Record{}, err
	}
	defer r.Close()
	return h.record(r)
}

// put makes the record that of the file: at once, or not at all. f is what lock has returned.
func (s *Store) put(f file, rec session.Record) error {
	if len(rec.Data) > MaxData {
		return errTooLarge
	}
	w, h, err := f.open(os.O_RDWR)
	if errors.Is(err, session.ErrNotFound) || isDamage(err) {
		return s.create(f, rec)
	}
	if err != nil {
		return err
	}
	defer w.Close()
	if !h.fits(len(rec.Data)) {
		return s.create(f, rec)
	}
	return s.overwrite(w, f.path, h, rec)
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
	return s.sync(f.root, ".")
}

// overwrite puts the record into the file that is open as w, the one at path whose head is h.
//
//  1. Write the data into the half that is not in use. A full disk shows here.
//  2. Wait until it is on the disk. Without that, after a loss of power, the head could be
//     there and the data not.
//  3. Write the head. It is small and at the beginning, so it crosses no page of the memory
//     and no sector of the disk: whoever dies at this moment leaves the old one or the new one.
//  4. Wait until the head is on the disk. The next change overwrites what the old one names;
//     so if we die before this step is done, and the power fails during that change, the
//     record may be lost. Two disasters within one breath we do not guard against.
//
// It is tempting to make a file and to rename it each time. But a file system has to find
// room for that, and some, ext4 for one, write it to the disk at once when it replaces
// another, whether somebody waits for it or not.
func (s *Store) overwrite(w *os.File, path string, h head, rec session.Record) error {
	next := newHead(rec, h.room, 1-h.half)
	if _, err := w.WriteAt(rec.Data, next.offset()); err != nil {
		return err
	}
	if err := s.flush(w); err != nil {
		return err
	}
	return s.putHead(w, path, next)
}

// putHead replaces the head of the file that is open as w.
func (s *Store) putHead(w *os.File, path string, h head) error {
	if _, err := w.WriteAt(h.encode(path), 0); err != nil {
		return err
	}
	return s.flush(w)
}

// setExpiry moves the expiry of the record in the file. f is what lock has returned.
func (s *Store) setExpiry(f file, expires time.Time) error {
	w, h, err := f.open(os.O_RDWR)
	if err != nil {
		return err
	}
	defer w.Close()
	h.expires = expires
	return s.putHead(w, f.path, h)
}

// flush waits until what was written into a file is on the disk.
func (s *Store) flush(w *os.File) error {
	if s.noSync {
		return nil
	}
	return s.fsync(w)
}

// remove removes the file, if there is one. f is what lock has returned.
func (s *Store) remove(f file) error {
	err := f.root.Remove(f.at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.sync(f.root, ".") // or the loss of power brings it back
}

// sync waits until the names in a directory are on the disk.
func (s *Store) sync(root *os.Root, dir string) error {
	if s.noSync {
		return nil
	}
	d, err := root.OpenFile(dir, os.O_RDONLY|noWait, 0)
	if err != nil {
		return err
	}
	defer d.Close()
	err = s.fsync(d)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil // there are file systems that have no such thing
	}
	return err
}

// mkdir makes a folder, and those above it.
func (s *Store) mkdir(root *os.Root, dir string) error {
	if err := root.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return errors.Join(s.sync(root, path.Dir(dir)), s.sync(root, "."))
}

const tempPrefix = ".temp-"

// tempName is one that nobody else uses. The lock would make a fixed name safe, but where a
// file system only pretends to lock, two processes would write into one file.
func tempName() string { return tempPrefix + rand.Text() }
