package filestore_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// What an early version of this store has written: the heads of a session and of an index, and the
// data of their current parts.
const (
	writtenHead = "73657373696f6e01" + "0000000000000002" + "000001a2226329b4" +
		"0000000000000530" + "0000000000000001" + "0000000000000003" +
		"3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3" +
		"4ea311643c660f8086a98db81b549e8bebd7a8425f3ef7f00877a4b7c7ecc7ca"
	writtenData = "74776f"

	writtenTagHead = "73657373696f6e01" + "0000000000000000" + "000001a2226329b4" +
		"0000000000000530" + "0000000000000002" + "0000000000000052" +
		"0a7bece1e34693b8e51a5032cf382b8bd52ad5b21bc68cdffccc27e493a59ee5" +
		"b44982ea3ae94a6d76e04305510d9b1f5d6c8fa01b2e1b25b5dc0e0e53b847ce"
	writtenTagData = key + "000001a2226329b4" + "00" + another + "000001a2226329b4" + "01"

	writtenExpiry = 0x1a2226329b4
	writtenRoom   = 0x530
)

// A store reads what it has written itself even if reading and writing have changed together. Then
// a new release takes all files of the old one for damaged, and logs everybody out.
func Test_that_files_that_were_written_once_are_read_for_good(t *testing.T) {
	now := func() time.Time { return time.UnixMilli(writtenExpiry).Add(-time.Hour) }
	h := newHarness(t, filestore.Options{Now: now})
	file := func(name, head, data string, part int) {
		write(t, name, bytes.Join([][]byte{unhex(t, head), make([]byte, part*writtenRoom), unhex(t, data)}, nil))
	}
	file(h.sessionFile(key), writtenHead, writtenData, 1)
	file(h.tagFile(tag), writtenTagHead, writtenTagData, 2)

	rec, err := h.Read(t.Context(), key)
	if err != nil || string(rec.Data) != "two" || rec.Version != 2 || rec.Expires.UnixMilli() != writtenExpiry {
		t.Errorf("got %+v, %v", rec, err)
	}
	entries, err := h.Tagged(t.Context(), tag)
	want := []session.TagEntry{{Key: key}, {Key: another, Revoked: true}}
	if err != nil || !slices.Equal(entries, want) {
		t.Errorf("got %v, %v; want %v", entries, err, want)
	}

	must(t, h.Write(t.Context(), key, session.Record{Data: []byte("three"), Version: 2, Expires: rec.Expires}))
	h.holds(t, key, "three", 3)
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	must(t, err)
	return b
}
