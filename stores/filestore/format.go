package filestore

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/echo-hypermedia/session"
)

// head is the beginning of a file. It says where the data is.
//
// A file holds, with numbers in big-endian order:
//
//	 7 bytes  "session"
//	 1 byte   the format, 1
//	 8 bytes  version
//	 8 bytes  expiry in Unix milliseconds
//	 8 bytes  room, the length of a part
//	 8 bytes  the part with the data: 0, 1 or 2
//	 8 bytes  length of the data
//	32 bytes  SHA-256 of the data
//	32 bytes  SHA-256 of the file's path below Options.Dir and of all of the above
//	room bytes  part 0
//	room bytes  part 1
//	room bytes  part 2
//
// It ends where data has reached so far: space is allocated only when needed. The bytes in the
// other parts, and behind the data, mean nothing.
//
// Data goes to the next part each time. Two parts would do if it were always known which head is on
// disk. But the writer of the current head may have died before flushing it. Then the disk may have
// the head before it, and until that is ruled out, the parts of both must stay.
//
// A CRC would find a flipped bit just as well. But since the path is in it, the checksum also
// proves that this is the session of this visitor and not, after some repair of the file system,
// that of another one; for that, "most likely" is not good enough.
//
// The head has its own checksum, and every future format will have it at this very place: what is
// between the format and this checksum, and what follows it, may change. A flipped bit must not
// make a damaged file look like one of a newer release, nor a file of a newer release look damaged.
type head struct {
	version uint64
	expires time.Time
	room    int64
	part    int64
	length  int
	sum     [sha256.Size]byte // of the data
}

const (
	magic    = "session"
	format   = 1
	parts    = 3
	sumAt    = len(magic) + 1 + 5*8 + sha256.Size // where the checksum of the head is
	headSize = sumAt + sha256.Size
)

// blockSize is the unit in which most file systems allocate space to a file.
const blockSize = 4 << 10

// roomFor is how much room a part gets for n bytes: half as much again, so that most sessions grow
// in place, plus its share of the rest of the last block, which costs nothing.
func roomFor(n int) int64 {
	blocks := (headSize + parts*(n+n/2) + blockSize - 1) / blockSize
	return int64(blocks*blockSize-headSize) / parts
}

// spareRoom is how much room a part may have and be nearly empty. A session that grows for a
// moment, for example by a form with mistakes in it, needs no new file when it shrinks again.
const spareRoom = 16 << 10

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

// encode returns the content of a new file at path.
func encode(path string, rec session.Record) []byte {
	h := newHead(rec, roomFor(len(rec.Data)), 0)
	return append(h.encode(path), rec.Data...)
}

// newHead is the head of a file whose current record is in this part.
func newHead(rec session.Record, room, part int64) head {
	return head{
		version: rec.Version,
		expires: rec.Expires,
		room:    room,
		part:    part,
		length:  len(rec.Data),
		sum:     sha256.Sum256(rec.Data),
	}
}

// fits says whether n bytes of data fit, and do not leave too much room empty.
func (h head) fits(n int) bool {
	size := int64(n)
	return size <= h.room && (h.room <= spareRoom || size >= h.room/4)
}

// offset is where the data begins.
func (h head) offset() int64 { return int64(headSize) + h.part*h.room }

// encode returns the bytes of the head of the file at path.
func (h head) encode(path string) []byte {
	b := make([]byte, 0, headSize)
	b = append(b, magic...)
	b = append(b, format)
	b = binary.BigEndian.AppendUint64(b, h.version)
	b = binary.BigEndian.AppendUint64(b, uint64(h.expires.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(h.room))
	b = binary.BigEndian.AppendUint64(b, uint64(h.part))
	b = binary.BigEndian.AppendUint64(b, uint64(h.length))
	b = append(b, h.sum[:]...)
	sum := checksum(path, b)
	return append(b, sum[:]...)
}

func checksum(path string, b []byte) [sha256.Size]byte {
	var room [256]byte
	return sha256.Sum256(append(append(room[:0], path...), b...))
}

// readHead reads the head from r, the file at path. Its errors are a damageError, errNewer, and
// those of r.
func readHead(path string, r io.ReaderAt) (head, error) {
	b := make([]byte, headSize)
	if err := readAt(r, b, 0); err != nil {
		return head{}, err
	}
	if checksum(path, b[:sumAt]) != [sha256.Size]byte(b[sumAt:]) {
		return head{}, &damageError{"wrong checksum of the head"}
	}
	if string(b[:len(magic)]) == magic && b[len(magic)] > format {
		return head{}, errNewer
	}
	h, ok := parseHead(b)
	if !ok {
		return head{}, &damageError{"not a session"}
	}
	return h, nil
}

// parseHead says whether b is a head of this format. It trusts no number in it: anybody can compute
// the checksum, which needs no secret.
func parseHead(b []byte) (h head, ok bool) {
	if string(b[:len(magic)]) != magic || b[len(magic)] != format {
		return head{}, false
	}
	b = b[len(magic)+1:]
	room, part, length := binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[32:])
	if room > uint64(roomFor(MaxData)) || part >= parts || length > min(room, MaxData) {
		return head{}, false
	}
	return head{
		version: binary.BigEndian.Uint64(b),
		expires: time.UnixMilli(int64(binary.BigEndian.Uint64(b[8:]))),
		room:    int64(room),
		part:    int64(part),
		length:  int(length),
		sum:     [sha256.Size]byte(b[40:]),
	}, true
}

// record returns the record in r, the file that has this head.
func (h head) record(r io.ReaderAt) (session.Record, error) {
	data := make([]byte, h.length)
	if err := readAt(r, data, h.offset()); err != nil {
		return session.Record{}, err
	}
	if sha256.Sum256(data) != h.sum {
		return session.Record{}, &damageError{"wrong checksum of the data"}
	}
	return session.Record{Data: data, Version: h.version, Expires: h.expires}, nil
}

// readAt fills b with what is at offset. A file that ends too early is damaged.
func readAt(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	switch {
	case n == len(b):
		return nil
	case err == io.EOF:
		return &damageError{"too short"}
	}
	return err
}
