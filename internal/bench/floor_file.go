package main

import (
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// files keeps a record in a file, and overwrites it. Nobody else may read or write it at the same
// time, and it does not wait for the disk.
type files struct{ dir string }

func floorFile(b *backend) (transports, error) {
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	return onFloor(blobs{files{dir}}), nil
}

func (f files) path(cookie string) string { return filepath.Join(f.dir, cookie) }

func (f files) load(cookie string, scratch []byte) (record, error) {
	if _, err := base64.RawURLEncoding.DecodeString(cookie); err != nil || cookie == "" {
		return nil, nil // not a name that we gave to a file
	}
	file, err := os.Open(f.path(cookie))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	n, err := io.ReadFull(file, scratch[:cap(scratch)])
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return scratch[:n], err
}

func (f files) save(cookie string, r record) (newCookie string, err error) {
	if cookie == "" {
		newCookie = newID()
		cookie = newCookie
	}
	file, err := os.OpenFile(f.path(cookie), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if _, err := file.Write(r); err != nil {
		return "", err
	}
	return newCookie, file.Truncate(int64(len(r)))
}
