package cookiestore

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// DocKey is the key printed in the documentation, in hexadecimal. Everybody knows it, so [New]
// refuses it.
const DocKey = "74686973206b6579206973207075626c69633a20646f6e277420757365206974"

const minKeySize = 32

// wayOut ends every error about a key.
const wayOut = "make a key with `openssl rand -hex 32` or cookiestore.GenerateKey()"

// GenerateKey returns a new random key of 32 bytes. Store it where the program finds it when it
// starts again: a program that generates a key at each start logs everybody out each time.
func GenerateKey() []byte {
	key := make([]byte, minKeySize)
	rand.Read(key) // never fails: see crypto/rand
	return key
}

// ParseKey reads a key from text, for example from an environment variable or a file:
//
//   - "base64:" and at least 32 bytes in base64, in either alphabet, padded or not;
//   - or at least 64 hexadecimal digits;
//   - or any other text of at least 32 bytes, which is used as it is.
//
// White space around the text is ignored. The error says what is wrong, but never contains the key.
// [New], not ParseKey, refuses weak keys.
func ParseKey(s string) ([]byte, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, badKey("the key is empty")
	}
	if text, ok := strings.CutPrefix(s, "base64:"); ok {
		return parseBase64(text)
	}
	if isHex(s) {
		return parseHex(s)
	}
	if len(s) < minKeySize {
		return nil, badKey("the key has %d bytes, and at least %d are needed", len(s), minKeySize)
	}
	return []byte(s), nil
}

func parseBase64(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	key, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, badKey("what follows base64: in the key is not base64")
	}
	if len(key) < minKeySize {
		return nil, badKey("the key has %d bytes in base64, and at least %d are needed", len(key), minKeySize)
	}
	return key, nil
}

// parseHex does not accept too few digits as text: they look like a key, but are only half of one.
func parseHex(s string) ([]byte, error) {
	if len(s) < 2*minKeySize {
		return nil, badKey("the key has %d hexadecimal digits, and at least %d are needed", len(s), 2*minKeySize)
	}
	key, err := hex.DecodeString(s)
	if err != nil {
		return nil, badKey("the key has an odd number of hexadecimal digits (%d)", len(s))
	}
	return key, nil
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

func badKey(format string, args ...any) error {
	return fmt.Errorf("cookiestore: %s; %s", fmt.Sprintf(format, args...), wayOut)
}

// KeyError says which key [New] refuses, and why. It never contains the key itself.
type KeyError struct {
	Index  int    // index in Options.Keys; -1 if there is no key at all
	Reason string // for humans
}

func (e *KeyError) Error() string {
	if e.Index < 0 {
		return fmt.Sprintf("cookiestore: Options.Keys %s; %s", e.Reason, wayOut)
	}
	return fmt.Sprintf("cookiestore: Options.Keys[%d] %s; %s", e.Index, e.Reason, wayOut)
}

func checkKeys(keys [][]byte) error {
	if len(keys) == 0 {
		return &KeyError{Index: -1, Reason: "is empty"}
	}
	var errs []error
	for i, key := range keys {
		if reason := weakness(key); reason != "" {
			errs = append(errs, &KeyError{Index: i, Reason: reason})
			continue
		}
		if first := slices.IndexFunc(keys, func(k []byte) bool { return bytes.Equal(k, key) }); first < i {
			errs = append(errs, &KeyError{Index: i, Reason: fmt.Sprintf("is the same as Options.Keys[%d]", first)})
		}
	}
	return errors.Join(errs...)
}

// weakness says what is wrong with a key, or "". It cannot tell that a key is good; it finds those
// that people make up or copy.
func weakness(key []byte) string {
	switch {
	case len(key) < minKeySize:
		return fmt.Sprintf("has %d bytes, and at least %d are needed", len(key), minKeySize)
	case isDocKey(key):
		return "is the key from the documentation, which everybody knows"
	case distinct(key) < 8:
		return fmt.Sprintf("has only %d different bytes", distinct(key))
	case repeats(key):
		return "is a short pattern that is repeated"
	case counts(key):
		return "counts up or down"
	case isExample(key):
		return "is an example that was to be replaced"
	}
	return ""
}

// isDocKey also recognises the key in hexadecimal, which is what New gets without ParseKey.
func isDocKey(key []byte) bool {
	text, _ := hex.DecodeString(DocKey)
	return bytes.Equal(key, text) || strings.EqualFold(string(key), DocKey)
}

// isExample reports whether the key asks to be replaced, like those in sample configurations.
func isExample(key []byte) bool {
	text := notAlphanumeric.ReplaceAllString(strings.ToLower(string(key)), "")
	return slices.ContainsFunc(exampleWords, func(words string) bool { return strings.Contains(text, words) })
}

var exampleWords = []string{"changeme", "changethis", "replaceme", "replacethis", "placeholder", "yoursecret", "yourkey", "your32"}

var notAlphanumeric = regexp.MustCompile(`[^a-z0-9]+`)

func distinct(key []byte) int {
	return len(slices.Compact(slices.Sorted(slices.Values(key))))
}

// repeats reports whether key is one part repeated; the last repetition may be cut off.
func repeats(key []byte) bool {
	for n := 1; n <= len(key)/2; n++ {
		if bytes.Equal(key[n:], key[:len(key)-n]) {
			return true
		}
	}
	return false
}

// counts reports whether more than half of the bytes differ by one from the byte before.
func counts(key []byte) bool {
	n := 0
	for i := 1; i < len(key); i++ {
		if step := int(key[i]) - int(key[i-1]); step == 1 || step == -1 {
			n++
		}
	}
	return n > len(key)/2
}
