package filestore

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
}

// file is the file called name in f, which is below root.
func (f *folder) file(root *os.Root, name string) file {
	path := f.path + "/" + name
	return file{folder: f, path: path, root: root, at: path}
}

// A file holds, with numbers in big-endian order:
//
//	 7 bytes  "session"
//	 1 byte   the format, 1
//	 8 bytes  version
//	 8 bytes  expiry in Unix milliseconds
//	 8 bytes  length of the data
//	 n bytes  data
//	32 bytes  SHA-256 of the file's path below Options.Dir and of all of the above
//
// A CRC would find a flipped bit just as well. But with the path in it, the checksum is
// also what says that this is the session of this visitor and not, after some repair of
// the file system, that of another one; there, "most likely" is not good enough.
//
// Formats to come may change everything between the format and the checksum: a flipped bit
// must not make a damaged file look like one of a newer release.
const (
	magic      = "session"
	format     = 1
	headerSize = len(magic) + 1 + 8 + 8 + 8
	maxSize    = headerSize + MaxData + sha256.Size
)

// damageError says that a file is not what was written.
type damageError struct{ why string }

func (e *damageError) Error() string { return e.why }

func isDamage(err error) bool {
	_, ok := errors.AsType[*damageError](err)
	return ok
}

var (
	errTooLarge = fmt.Errorf("%w: more than filestore.MaxData bytes; keep less", session.ErrTooLarge)
	errNewer    = fmt.Errorf("%w: a newer release has written the file. Let all processes run that one", session.ErrUnavailable)
)

// encode returns the content of the file at path.
func encode(path string, rec session.Record) []byte {
	b := make([]byte, 0, headerSize+len(rec.Data)+sha256.Size)
	b = append(b, magic...)
	b = append(b, format)
	b = binary.BigEndian.AppendUint64(b, rec.Version)
	b = binary.BigEndian.AppendUint64(b, uint64(rec.Expires.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(len(rec.Data)))
	b = append(b, rec.Data...)
	return append(b, checksum(path, b)...)
}

// decode returns the record in b, the content of the file at path. Its data is a part of b.
func decode(path string, b []byte) (session.Record, error) {
	if len(b) < headerSize+sha256.Size {
		return session.Record{}, &damageError{"too short"}
	}
	b, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !bytes.Equal(sum, checksum(path, b)) {
		return session.Record{}, &damageError{"wrong checksum"}
	}
	if string(b[:len(magic)]) == magic && b[len(magic)] > format {
		return session.Record{}, errNewer
	}
	h, ok := parseHeader(b)
	data := b[headerSize:len(b):len(b)]
	if !ok || h.length != uint64(len(data)) {
		return session.Record{}, &damageError{"not a session"}
	}
	return session.Record{Data: data, Version: h.version, Expires: h.expires}, nil
}

func checksum(path string, b []byte) []byte {
	h := sha256.New()
	io.WriteString(h, path)
	h.Write(b)
	return h.Sum(nil)
}

// header is what a file begins with.
type header struct {
	version uint64
	expires time.Time
	length  uint64
}

// parseHeader reads the header at the beginning of b, if it is one of this format.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < headerSize || string(b[:len(magic)]) != magic || b[len(magic)] != format {
		return header{}, false
	}
	b = b[len(magic)+1:]
	return header{
		version: binary.BigEndian.Uint64(b),
		expires: time.UnixMilli(int64(binary.BigEndian.Uint64(b[8:]))),
		length:  binary.BigEndian.Uint64(b[16:]),
	}, true
}

// open opens the file to read it. A missing one is session.ErrNotFound, and something else
// in its place, such as a symbolic link, a damageError.
func (f file) open() (*os.File, os.FileInfo, error) {
	r, err := f.root.OpenFile(f.at, os.O_RDONLY|noWait, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, session.ErrNotFound
	}
	if err != nil {
		// A link that leads out has an error that only the os package knows.
		if info, lstatErr := f.root.Lstat(f.at); lstatErr == nil && !info.Mode().IsRegular() {
			return nil, nil, &damageError{"not a file"}
		}
		return nil, nil, err
	}
	info, err := r.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &damageError{"not a file"}
	}
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return r, info, nil
}

// read returns the record, expired or not. Its errors are those of decode and open, and
// what the operating system says.
func (f file) read() (session.Record, error) {
	r, info, err := f.open()
	if err != nil {
		return session.Record{}, err
	}
	defer r.Close()
	if info.Size() > int64(maxSize) {
		return session.Record{}, &damageError{"too long"}
	}
	b := make([]byte, info.Size())
	n, err := io.ReadFull(r, b)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return session.Record{}, err
	}
	return decode(f.path, b[:n])
}

// put replaces the file, or makes it: at once, or not at all. f is what lock has returned.
//
//  1. Write a file beside it. A full disk shows here, or when that file is closed.
//  2. Wait until it is on the disk. Without that, after a loss of power, the name could be
//     there and the bytes not.
//  3. Give it the name.
//  4. Wait until the name is on the disk.
func (s *Store) put(f file, rec session.Record) (err error) {
	if len(rec.Data) > MaxData {
		return errTooLarge
	}
	temp := tempName()
	w, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL|noWait, 0o600)
	if err != nil {
		return err
	}
	_, err = w.Write(encode(f.path, rec))
	if err == nil && !s.noSync {
		err = w.Sync()
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
	err = d.Sync()
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
