package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
)

// A session id is 256 random bits in base64url, 43 characters. (OWASP ASVS 5.0, 7.2.3
// asks for 128 bits; section 11.5.1 says that a UUID has too few.)
const (
	idBytes = 32
	idLen   = 43
)

func newID() string {
	var b [idBytes]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	var id [idLen]byte
	base64.RawURLEncoding.Encode(id[:], b[:])
	return string(id[:])
}

// wellFormed says whether id could be one of ours. Nothing else gets as far as a store.
func wellFormed(id string) bool {
	if len(id) != idLen {
		return false
	}
	var b [idBytes]byte
	n, err := strictBase64.Decode(b[:], []byte(id))
	return err == nil && n == idBytes // Decode skips line breaks
}

// strictBase64 accepts only one spelling of each id: the last character has two bits to spare.
var strictBase64 = base64.RawURLEncoding.Strict()

// storeKey is the key of a session in the store. Somebody who can read the store cannot make
// cookies from it, and the time that a look-up takes says nothing about an id (CVE-2019-16782).
func storeKey(id string) string { return hexSum(id) }

func hexSum(text string) string {
	var room [2 * sha256.Size]byte
	sum := sha256.Sum256(append(room[:0], text...))
	hex.Encode(room[:], sum[:])
	return string(room[:])
}

// handle names a session in logs, hooks and lists. It is the key in another spelling, so that an
// administrator can end a session that the log names. It is tempting to make it shorter, or another
// hash; but then no store could find its record.
func handle(key string) string {
	raw, err := hex.DecodeString(key)
	if err != nil {
		return ""
	}
	return handles.EncodeToString(raw)
}

// handles is base32 in small letters: it cannot be mistaken for an id, nor for a key.
var handles = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// keyOf is the key that a handle names.
func keyOf(h string) (key string, ok bool) {
	raw, err := handles.DecodeString(h)
	if err != nil || len(raw) != sha256.Size {
		return "", false
	}
	key = hex.EncodeToString(raw)
	return key, handle(key) == h // one spelling only: the last letter has bits to spare
}
