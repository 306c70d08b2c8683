package filestore

import (
	"bytes"
	"io"
	"os"

	"github.com/echo-hypermedia/session"
)

// What tests need to know of the format.
var (
	Encode  = encode
	RoomFor = roomFor

	TryFlock = tryFlock
)

const (
	HeadSize  = headSize
	SpareRoom = spareRoom
)

func Decode(path string, b []byte) (session.Record, error) {
	return DecodeFrom(path, bytes.NewReader(b))
}

func DecodeFrom(path string, r io.ReaderAt) (session.Record, error) {
	h, err := readHead(path, r)
	if err != nil {
		return session.Record{}, err
	}
	return h.record(r)
}

// OnSync makes f wait for the disk.
func (s *Store) OnSync(f func(*os.File) error) { s.fsync = f }

// WaitForSweeps returns when no folder is being swept, and no call is under way.
func (s *Store) WaitForSweeps() { s.running.Wait() }

const TempPrefix = tempPrefix
