// Package cookiestore keeps sessions in the visitors' cookies, encrypted and signed.
// Nothing is kept on the server.
//
//	// SESSION_KEY is what `openssl rand -hex 32` printed. Not the one from these docs,
//	// 74686973206b6579206973207075626c69633a20646f6e277420757365206974: New refuses it.
//	key, err := cookiestore.ParseKey(os.Getenv("SESSION_KEY"))
//	…
//	store, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{key}})
//
// It promises that a visitor cannot read or change a session, use it under the name of another
// cookie, or use it after its deadline, which is inside the sealed value.
//
// It cannot do the following:
//
//   - Merge. If two requests change a session at the same time, the browser keeps the cookie
//     that arrives last, and the other's changes are lost.
//   - Revoke. Logging out removes the cookie from this browser; a copy of it still works, and use
//     renews it, until the absolute timeout. Keep that short.
//   - Tell an earlier cookie from the latest one. Anybody who puts an old one back has the session
//     as it was then, so do not count attempts in it.
//   - Hold much. Browsers drop a cookie of more than 4096 bytes, and sealing turns n bytes
//     into about 16/9 n + 110.
//
// If changes must not be lost, or sessions must be revoked, use one of the other stores. The
// examples ParallelRequests and CopyAfterLogout show what happens here.
//
// # Keys
//
// The first key seals and all keys open. To rotate, put the new key in front and remove the old one
// when the longest idle timeout has passed. If the key of a session is missing, the session is not
// found, and the visitor starts a new one. With several processes, give all of them the new key in
// second place before you move it to the first.
//
// # Format
//
// A value is made by [securecookie] with AES-256 in counter mode and then HMAC-SHA-256,
// with two keys that HKDF-SHA-256 (RFC 5869) derives from the application key. It contains
// one byte for the format (1), the deadline as 8 bytes of Unix milliseconds, and the data.
package cookiestore

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/echo-hypermedia/session"
)

var _ session.Sealer = (*Store)(nil)

// Options configures a [Store].
type Options struct {
	// Keys are secrets of at least 32 random bytes each; [GenerateKey] makes one and [ParseKey]
	// reads one from text. The first key seals, and all keys open. At least one is required.
	Keys [][]byte

	// Now tells the time, for tests. Nil means time.Now. It may be called by many
	// goroutines at once.
	Now func() time.Time
}

// Format prints cookiestore.Options(…) with the number of keys, whatever the verb. Whoever has a key can
// open and make any session, so none may get into a log.
func (o Options) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "cookiestore.Options(%d keys)", len(o.Keys))
}

// Store is a [session.Sealer], made by [New]. It is safe for concurrent use.
type Store struct {
	codecs []*securecookie.SecureCookie // one for each key, in their order
	now    func() time.Time
}

// Format prints cookiestore.Store(…) with the number of keys, whatever the verb. Otherwise %s would print
// the keys.
func (s *Store) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "cookiestore.Store(%d keys)", len(s.codecs))
}

// New returns a store that seals with the first key. It does not keep opts.Keys or the slices in
// it.
//
// Missing, weak and repeated keys are refused, all at once: the error joins a [*KeyError] for each.
func New(opts Options) (*Store, error) {
	if err := checkKeys(opts.Keys); err != nil {
		return nil, err
	}
	s := &Store{now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	for _, key := range opts.Keys {
		c, err := codec(key)
		if err != nil {
			return nil, fmt.Errorf("cookiestore: derive keys: %w", err)
		}
		s.codecs = append(s.codecs, c)
	}
	return s, nil
}

// codec corrects what does not suit us in securecookie: without a block key it does not encrypt; it
// would encode bytes as gob; it counts 4096 bytes without the cookie's name and attributes, which
// the manager counts too; and its own 30 days have nothing to do with the deadline.
func codec(key []byte) (*securecookie.SecureCookie, error) {
	hashKey, err := hkdf.Key(sha256.New, key, nil, "session cookiestore 1: HMAC-SHA-256", 64)
	if err != nil {
		return nil, err
	}
	blockKey, err := hkdf.Key(sha256.New, key, nil, "session cookiestore 1: AES-256", 32)
	if err != nil {
		return nil, err
	}
	c := securecookie.New(hashKey, blockKey)
	c.SetSerializer(securecookie.NopEncoder{})
	c.MaxLength(0)
	c.MaxAge(0)
	return c, nil
}

// The sealed payload: the format, the deadline, the data.
const (
	format     = 1
	headerSize = 1 + 8
)

// errNotFound is the only answer for a value that does not open: telling a visitor more would only
// help to forge one (OWASP ASVS 5.0, 11.2.5).
var errNotFound = fmt.Errorf("cookiestore: %w", session.ErrNotFound)

// errNewer is a different answer: the value has our signature, so no visitor has made it up, and
// treating it as not found would log people out while two versions run side by side.
var errNewer = fmt.Errorf("cookiestore: open: %w: a newer version has sealed the cookie; let all processes run that one", session.ErrUnavailable)

// Seal encrypts and signs rec.Data and rec.Expires for the cookie called name. The deadline is kept
// in whole milliseconds. The value is base64 (RFC 4648 section 5) with padding, and may be of any
// length.
func (s *Store) Seal(name string, rec session.Record) (string, error) {
	// securecookie encrypts in place, so it must not get rec.Data itself.
	payload := make([]byte, 0, headerSize+len(rec.Data))
	payload = append(payload, format)
	payload = binary.BigEndian.AppendUint64(payload, uint64(rec.Expires.UnixMilli()))
	payload = append(payload, rec.Data...)
	value, err := s.codecs[0].Encode(name, payload)
	if err != nil {
		return "", fmt.Errorf("cookiestore: seal: %w", err)
	}
	return value, nil
}

// Open returns the data and the deadline that were sealed in value, as version 1. A value is
// [session.ErrNotFound] unless [Store.Seal] made it for this name, with one of the keys, and its
// deadline has not passed. A value that a newer version of this package has sealed is
// [session.ErrUnavailable].
func (s *Store) Open(name, value string) (session.Record, error) {
	if !canonical(value) {
		return session.Record{}, errNotFound
	}
	for _, c := range s.codecs {
		var payload []byte
		if err := c.Decode(name, value, &payload); err == nil {
			return s.unpack(payload)
		}
	}
	return session.Record{}, errNotFound
}

func (s *Store) unpack(payload []byte) (session.Record, error) {
	switch {
	case len(payload) > 0 && payload[0] > format:
		return session.Record{}, errNewer
	case len(payload) < headerSize || payload[0] != format:
		return session.Record{}, errNotFound
	}
	expires := time.UnixMilli(int64(binary.BigEndian.Uint64(payload[1:])))
	if !s.now().Before(expires) {
		return session.Record{}, errNotFound
	}
	return session.Record{Data: payload[headerSize:], Version: 1, Expires: expires}, nil
}

// canonical refuses other spellings of the same value. It is tempting to leave this to
// securecookie. But that signs the bytes and not their base64, and a decoder skips line breaks and
// ignores the leftover bits at the end (RFC 4648 sections 3.3 and 3.5).
func canonical(value string) bool {
	if len(value) < 4 || strings.IndexByte(value, '\r') >= 0 || strings.IndexByte(value, '\n') >= 0 {
		return false
	}
	var last [3]byte
	_, err := strict.Decode(last[:], []byte(value[len(value)-4:]))
	return err == nil
}

var strict = base64.URLEncoding.Strict()

var errNoRecord = fmt.Errorf("cookiestore: a cookie session has no record on the server: %w", errors.ErrUnsupported)

// Read returns an error that is errors.ErrUnsupported.
func (s *Store) Read(context.Context, string) (session.Record, error) {
	return session.Record{}, errNoRecord
}

// Write returns an error that is errors.ErrUnsupported.
func (s *Store) Write(context.Context, string, session.Record) error {
	return errNoRecord
}

// Destroy returns an error that is errors.ErrUnsupported.
func (s *Store) Destroy(context.Context, string, uint64) error {
	return errNoRecord
}

// Touch returns an error that is errors.ErrUnsupported.
func (s *Store) Touch(context.Context, string, time.Time) error {
	return errNoRecord
}
