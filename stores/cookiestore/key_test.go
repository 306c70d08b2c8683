package cookiestore_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session/stores/cookiestore"
)

func docKey(t *testing.T) []byte {
	t.Helper()
	key, err := cookiestore.ParseKey(cookiestore.DocKey)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func counting(from, step, n int) []byte {
	key := make([]byte, n)
	for i := range key {
		key[i] = byte(from + i*step)
	}
	return key
}

func Test_that_weak_keys_are_refused(t *testing.T) {
	for _, tc := range []struct {
		desc   string
		keys   [][]byte
		index  int
		reason string
	}{
		{"no keys at all", nil, -1, "is empty"},
		{"a nil key", [][]byte{nil}, 0, "has 0 bytes"},
		{"an empty key", [][]byte{{}}, 0, "has 0 bytes"},
		{"a short key", [][]byte{key(1)[:31]}, 0, "has 31 bytes"},
		{"a short second key", [][]byte{key(1), key(2)[:16]}, 1, "has 16 bytes"},
		{"zeros", [][]byte{make([]byte, 32)}, 0, "only 1 different"},
		{"a long key of one byte", [][]byte{bytes.Repeat([]byte("a"), 500)}, 0, "only 1 different"},
		{"seven different bytes", [][]byte{append(bytes.Repeat([]byte("abcdef"), 5), "fedcbag"...)}, 0, "only 7 different"},
		{"a repeated pattern", [][]byte{bytes.Repeat([]byte("changeme!"), 4)}, 0, "repeated"},
		{"a repeated pattern, cut off", [][]byte{bytes.Repeat([]byte("0123456789abcdef"), 3)[:40]}, 0, "repeated"},
		{"a half, twice", [][]byte{append(key(1)[:16:16], key(1)[:16]...)}, 0, "repeated"},
		{"a whole key, twice", [][]byte{append(key(1), key(1)...)}, 0, "repeated"},
		{"counting up", [][]byte{counting(0, 1, 32)}, 0, "counts"},
		{"counting up in a good half", [][]byte{append(key(1)[:15:15], counting(0, 1, 18)...)}, 0, "counts"},
		{"counting down", [][]byte{counting(200, -1, 32)}, 0, "counts"},
		{"the alphabet", [][]byte{[]byte("abcdefghijklmnopqrstuvwxyz0123456789")}, 0, "counts"},
		{"the same key again", [][]byte{key(1), key(2), key(1)}, 2, "same as Options.Keys[0]"},
		{"the key of the documentation", [][]byte{docKey(t)}, 0, "documentation"},
		{"the key of the documentation, as text", [][]byte{[]byte(cookiestore.DocKey)}, 0, "documentation"},
		{"the key of the documentation, as upper-case text", [][]byte{[]byte(strings.ToUpper(cookiestore.DocKey))}, 0, "documentation"},
		{"an example", [][]byte{[]byte("your-32-byte-long-secret-key-here")}, 0, "example"},
		{"another example", [][]byte{[]byte("please CHANGE_ME before you go to production")}, 0, "example"},
		{"an old key that is weak", [][]byte{key(1), docKey(t)}, 1, "documentation"},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			s, err := cookiestore.New(cookiestore.Options{Keys: tc.keys})
			var bad *cookiestore.KeyError
			if !errors.As(err, &bad) || s != nil {
				t.Fatalf("got %v, %v; want a KeyError and no store", s, err)
			}
			if bad.Index != tc.index || !strings.Contains(bad.Reason, tc.reason) {
				t.Errorf("got Keys[%d] %s; want Keys[%d] … %s …", bad.Index, bad.Reason, tc.index, tc.reason)
			}
			where := "cookiestore: Options.Keys "
			if tc.index >= 0 {
				where = fmt.Sprintf("cookiestore: Options.Keys[%d] ", tc.index)
			}
			for _, part := range []string{where, "openssl rand -hex 32", "cookiestore.GenerateKey()"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			mustNotTell(t, err, tc.keys...)
		})
	}
}

// mustNotTell fails if the error contains eight consecutive bytes of a key, in any usual spelling.
func mustNotTell(t *testing.T, err error, keys ...[]byte) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, key := range keys {
		for i := 0; i+8 <= len(key); i++ {
			part := key[i : i+8]
			for _, spelled := range []string{string(part), hex.EncodeToString(part), fmt.Sprint(part), base64.StdEncoding.EncodeToString(part[:6])} {
				if strings.Contains(text, spelled) {
					t.Fatalf("%q has a part of the key", text)
				}
			}
		}
	}
}

func Test_that_all_mistakes_are_reported_at_once_and_one_for_each_key(t *testing.T) {
	_, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{
		key(1), key(2)[:8], make([]byte, 32), key(1), key(3), docKey(t), docKey(t),
	}})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %v; want joined errors", err)
	}
	var got []int
	for _, err := range joined.Unwrap() {
		var bad *cookiestore.KeyError
		if !errors.As(err, &bad) {
			t.Fatalf("got %v; want a KeyError", err)
		}
		got = append(got, bad.Index)
	}
	if want := []int{1, 2, 3, 5, 6}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got keys %v; want %v", got, want)
	}
}

func Test_that_good_keys_are_taken(t *testing.T) {
	keys := [][]byte{
		[]byte("correct horse battery staple, and a cow"),
		[]byte(hex.EncodeToString(key(1))),
		bytes.Join([][]byte{key(2), key(3), key(4)}, nil),
		append(key(1)[:15:15], counting(0, 1, 17)...), // half of it counts up
	}
	for n := range byte(100) {
		keys = append(keys, key(n), cookiestore.GenerateKey())
	}
	if _, err := cookiestore.New(cookiestore.Options{Keys: keys}); err != nil {
		t.Error(err)
	}
}

func Test_that_the_keys_are_copied(t *testing.T) {
	mine, yours := key(1), key(1)
	keys := [][]byte{mine}
	s, clock := newStore(t, keys...)
	clear(mine)
	keys[0] = key(9)
	other, _ := newStore(t, yours)
	mustOpen(t, other, name, seal(t, s, name, []byte("data"), clock.now.Add(time.Hour)), "data")
}

func Test_that_generated_keys_are_new_and_long_enough(t *testing.T) {
	one, two := cookiestore.GenerateKey(), cookiestore.GenerateKey()
	if len(one) != 32 || bytes.Equal(one, two) {
		t.Errorf("got keys of %d bytes, equal: %t", len(one), bytes.Equal(one, two))
	}
}

func Test_that_keys_are_read_from_text(t *testing.T) {
	k := key(1)                          // 32 bytes: base64 has one =
	odd := append(key(1), key(2)[:1]...) // 33 bytes: base64 has none
	raw := "a passphrase of more than 32 bytes"
	for _, tc := range []struct {
		desc, text string
		want       []byte
	}{
		{"base64", "base64:" + base64.StdEncoding.EncodeToString(k), k},
		{"base64 without padding", "base64:" + base64.RawStdEncoding.EncodeToString(k), k},
		{"base64 in the alphabet for URLs", "base64:" + base64.URLEncoding.EncodeToString(k), k},
		{"base64 for URLs without padding", "base64:" + base64.RawURLEncoding.EncodeToString(k), k},
		{"base64 of a longer key", "base64:" + base64.StdEncoding.EncodeToString(odd), odd},
		{"hexadecimal", hex.EncodeToString(k), k},
		{"hexadecimal in upper case", strings.ToUpper(hex.EncodeToString(k)), k},
		{"more than 64 hexadecimal digits", hex.EncodeToString(odd), odd},
		{"text", raw, []byte(raw)},
		{"32 bytes of text", raw[:32], []byte(raw[:32])},
		{"a line of a file", raw + "\r\n", []byte(raw)},
		{"a line of a file in hexadecimal", " " + hex.EncodeToString(k) + "\n", k},
		{"text of 64 characters, nearly hexadecimal", strings.Repeat("g", 64), bytes.Repeat([]byte("g"), 64)},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			got, err := cookiestore.ParseKey(tc.text)
			if err != nil || !bytes.Equal(got, tc.want) {
				t.Errorf("got %x, %v; want %x", got, err, tc.want)
			}
		})
	}
}

func Test_that_what_is_no_key_is_refused(t *testing.T) {
	hexed := hex.EncodeToString(key(1))
	for _, tc := range []struct{ desc, text, says string }{
		{"nothing", "", "is empty"},
		{"white space", " \n", "is empty"},
		{"base64 of nothing", "base64:", "0 bytes in base64"},
		{"base64 of 31 bytes", "base64:" + base64.StdEncoding.EncodeToString(key(1)[:31]), "31 bytes in base64"},
		{"no base64 after base64:", "base64:" + strings.Repeat("!secret!", 8), "not base64"},
		{"base64 with a hole", "base64:" + base64.StdEncoding.EncodeToString(key(1))[:20] + " " + base64.StdEncoding.EncodeToString(key(1))[20:], "not base64"},
		{"62 hexadecimal digits", hexed[:62], "62 hexadecimal digits"},
		{"32 hexadecimal digits, half a key", hexed[:32], "32 hexadecimal digits"},
		{"65 hexadecimal digits", hexed + "a", "odd number"},
		{"31 bytes of text", "text that is one byte too short"[:31], "31 bytes"},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			key, err := cookiestore.ParseKey(tc.text)
			if err == nil || key != nil {
				t.Fatalf("got %d bytes, %v; want an error", len(key), err)
			}
			for _, part := range []string{"cookiestore: ", tc.says, "openssl rand -hex 32"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			mustNotTell(t, err, []byte(strings.TrimPrefix(tc.text, "base64:")))
		})
	}
}
