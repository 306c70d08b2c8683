package cookiestore_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/storetest"
)

const name = "__Host-session"

// key returns a key that differs with n and is the same in every run.
func key(n byte) []byte {
	sum := sha256.Sum256([]byte{n})
	return sum[:]
}

// clock is a time that moves only when a test says so.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) Advance(d time.Duration) { c.now = c.now.Add(d) }

func newStore(t testing.TB, keys ...[]byte) (*cookiestore.Store, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s, err := cookiestore.New(cookiestore.Options{Keys: keys, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func seal(t testing.TB, s *cookiestore.Store, name string, data []byte, expires time.Time) string {
	t.Helper()
	value, err := s.Seal(name, session.Record{Data: data, Expires: expires})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func mustOpen(t testing.TB, s *cookiestore.Store, name, value, data string) {
	t.Helper()
	rec, err := s.Open(name, value)
	if err != nil || string(rec.Data) != data {
		t.Errorf("got %q, %v; want %q", rec.Data, err, data)
	}
}

// refusal is the only answer for a value that does not open.
const refusal = "cookiestore: session: not found"

func mustRefuse(t testing.TB, s *cookiestore.Store, name, value, desc string) {
	t.Helper()
	rec, err := s.Open(name, value)
	if !errors.Is(err, session.ErrNotFound) || err.Error() != refusal {
		t.Errorf("%s: got error %v; want %q", desc, err, refusal)
	}
	if rec.Data != nil || rec.Version != 0 || !rec.Expires.IsZero() {
		t.Errorf("%s: got record %v; want none", desc, rec)
	}
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		s, clock := newStore(t, key(1))
		return storetest.Harness{Store: s, Now: clock.Now, Advance: clock.Advance}
	})
}

func Test_that_a_sealed_record_opens_again(t *testing.T) {
	s, clock := newStore(t, key(1))
	for _, data := range []string{"", "x", `{"a":1}`, "\x00\xff|=\r\n", strings.Repeat("long ", 100_000)} {
		expires := clock.now.Add(time.Hour + 1234567*time.Nanosecond)
		rec, err := s.Open(name, seal(t, s, name, []byte(data), expires))
		if err != nil {
			t.Errorf("%d bytes: %v", len(data), err)
			continue
		}
		if string(rec.Data) != data {
			t.Errorf("%d bytes: got %d others", len(data), len(rec.Data))
		}
		if rec.Version != 1 {
			t.Errorf("%d bytes: got version %d; want 1", len(data), rec.Version)
		}
		if want := expires.Truncate(time.Millisecond); !rec.Expires.Equal(want) {
			t.Errorf("%d bytes: expires %v; want %v", len(data), rec.Expires, want)
		}
	}
}

func Test_that_a_value_is_not_much_longer_than_its_data(t *testing.T) {
	s, clock := newStore(t, key(1))
	for n := range 300 {
		value := seal(t, s, name, make([]byte, n), clock.now.Add(time.Hour))
		if most := n*16/9 + 116; len(value) > most { // base64 of base64
			t.Errorf("%d bytes: a value of %d; want at most %d", n, len(value), most)
		}
	}
}

// eachEnding runs with three lengths, for the three ways that base64 ends.
func eachEnding(t *testing.T, run func(t *testing.T, s *cookiestore.Store, value string)) {
	endings := map[string]bool{}
	for _, data := range []string{"some data", "some data 12", "some data, 15 B"} {
		s, clock := newStore(t, key(1), key(2))
		value := seal(t, s, name, []byte(data), clock.now.Add(time.Hour))
		endings[value[len(strings.TrimRight(value, "=")):]] = true
		t.Run(data, func(t *testing.T) { run(t, s, value) })
	}
	if len(endings) != 3 {
		t.Errorf("only %d of 3 endings were seen", len(endings))
	}
}

func Test_that_every_changed_character_is_refused(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
	eachEnding(t, func(t *testing.T, s *cookiestore.Store, value string) {
		for i := range value {
			for _, c := range []byte(alphabet) {
				if c != value[i] {
					mustRefuse(t, s, name, value[:i]+string(c)+value[i+1:], fmt.Sprintf("%q at %d of %d", c, i, len(value)))
				}
			}
		}
	})
}

func Test_that_every_part_of_a_value_is_refused(t *testing.T) {
	eachEnding(t, func(t *testing.T, s *cookiestore.Store, value string) {
		for i := range value {
			mustRefuse(t, s, name, value[:i], fmt.Sprintf("the first %d of %d", i, len(value)))
			mustRefuse(t, s, name, value[i+1:], fmt.Sprintf("all but the first %d", i+1))
			mustRefuse(t, s, name, value[:i]+value[i+1:], fmt.Sprintf("all but character %d", i))
		}
	})
}

func Test_that_every_other_spelling_is_refused(t *testing.T) {
	eachEnding(t, func(t *testing.T, s *cookiestore.Store, value string) {
		for _, more := range []string{"\n", "\r", "\r\n", " ", "=", "A", "\x00", "A===", value} {
			for i := range len(value) + 1 {
				mustRefuse(t, s, name, value[:i]+more+value[i:], fmt.Sprintf("%q at %d", more, i))
			}
		}
	})
}

func Test_that_a_value_is_bound_to_the_name_of_its_cookie(t *testing.T) {
	s, clock := newStore(t, key(1))
	names := []string{"session", "__Host-session", "session|1", "session|", "|session", "sessio", "Session", "session ", "n", "", "|"}
	for _, sealed := range names {
		value := seal(t, s, sealed, []byte("data"), clock.now.Add(time.Hour))
		for _, opened := range names {
			if opened == sealed {
				mustOpen(t, s, opened, value, "data")
				continue
			}
			mustRefuse(t, s, opened, value, fmt.Sprintf("sealed for %q, opened as %q", sealed, opened))
		}
	}
}

func Test_that_keys_rotate(t *testing.T) {
	before, clock := newStore(t, key(1))
	during, _ := newStore(t, key(2), key(1))
	after, _ := newStore(t, key(2))
	expires := clock.now.Add(time.Hour)

	old := seal(t, before, name, []byte("old"), expires)
	mustOpen(t, during, name, old, "old")
	mustRefuse(t, after, name, old, "a value of a dropped key")

	young := seal(t, during, name, []byte("young"), expires)
	mustOpen(t, during, name, young, "young")
	mustOpen(t, after, name, young, "young")
	mustRefuse(t, before, name, young, "a value of a key that is not listed")
}

func Test_that_the_deadline_is_inside(t *testing.T) {
	s, clock := newStore(t, key(2), key(1))
	value := seal(t, s, name, []byte("data"), clock.now.Add(time.Hour))
	clock.Advance(time.Hour - time.Millisecond)
	mustOpen(t, s, name, value, "data")
	clock.Advance(time.Millisecond)
	mustRefuse(t, s, name, value, "at the deadline")
	clock.Advance(1000 * time.Hour)
	mustRefuse(t, s, name, value, "long after the deadline")

	mustRefuse(t, s, name, seal(t, s, name, []byte("data"), time.Time{}), "without a deadline")
}

// forge seals any payload in the documented format, at any time, without the package.
func forge(t *testing.T, key []byte, name string, at time.Time, payload []byte) string {
	t.Helper()
	block, err := aes.NewCipher(derive(t, key, toEncrypt, 32))
	if err != nil {
		t.Fatal(err)
	}
	sealed := make([]byte, aes.BlockSize+len(payload)) // a nonce of zeros will do for a test
	cipher.NewCTR(block, sealed[:aes.BlockSize]).XORKeyStream(sealed[aes.BlockSize:], payload)
	text := fmt.Sprintf("%d|%s|", at.Unix(), base64.URLEncoding.EncodeToString(sealed))
	mac := hmac.New(sha256.New, derive(t, key, toSign, 64))
	io.WriteString(mac, name+"|"+strings.TrimSuffix(text, "|"))
	return base64.URLEncoding.EncodeToString(mac.Sum([]byte(text)))
}

// What the two keys that are derived from one of the application's are for.
const (
	toEncrypt = "session cookiestore 1: AES-256"
	toSign    = "session cookiestore 1: HMAC-SHA-256"
)

func derive(t *testing.T, key []byte, use string, n int) []byte {
	t.Helper()
	k, err := hkdf.Key(sha256.New, key, nil, use, n)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// payload is what gets sealed.
func payload(format byte, expires time.Time, data string) []byte {
	p := binary.BigEndian.AppendUint64([]byte{format}, uint64(expires.UnixMilli()))
	return append(p, data...)
}

// securecookie itself would end a value 30 days after it was made, whatever the deadline.
func Test_that_only_the_deadline_ends_a_session(t *testing.T) {
	s, clock := newStore(t, key(1))
	made := time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)
	mustOpen(t, s, name, forge(t, key(1), name, made, payload(1, clock.now.Add(time.Hour), "data")), "data")
}

func Test_that_only_the_one_format_opens(t *testing.T) {
	s, clock := newStore(t, key(1))
	expires := clock.now.Add(time.Hour)
	for b := range 256 {
		value := forge(t, key(1), name, clock.now, payload(byte(b), expires, "data"))
		switch {
		case b == 0:
			mustRefuse(t, s, name, value, "format 0")
		case b == 1:
			mustOpen(t, s, name, value, "data")
		default: // sealed by a newer version, which must not look like being logged out
			if rec, err := s.Open(name, value); !errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrNotFound) || rec.Data != nil {
				t.Errorf("format %d: got %q, %v; want ErrUnavailable", b, rec.Data, err)
			}
		}
	}
	for n := range 9 {
		value := forge(t, key(1), name, clock.now, payload(1, expires, "")[:n])
		mustRefuse(t, s, name, value, fmt.Sprintf("a payload of %d bytes", n))
	}
}

// A deployment must not log everybody out, so values that were sealed once must open for good.
const (
	golden     = "MTc5NTQ1Nzg4MXxLem92OTFOa3ZzS3dzdEFuZE5DTmZkenJMQmkzQk0tbDZvN0N5MEhuc1lpX1F3S25UZzZsMWc9PXzp28ddzzqD0-VRlvg_V5OaATRQzdRYThNiQ3pdDzfORQ=="
	goldenData = `{"golden":true}`
)

func Test_that_an_old_value_still_opens(t *testing.T) {
	s, _ := newStore(t, key(1))
	mustOpen(t, s, name, golden, goldenData)
}

func Test_that_there_is_no_record_on_the_server(t *testing.T) {
	s, clock := newStore(t, key(1))
	_, read := s.Read(t.Context(), "the-key")
	for method, err := range map[string]error{
		"Read":    read,
		"Write":   s.Write(t.Context(), "the-key", session.Record{Data: []byte("the-data")}),
		"Destroy": s.Destroy(t.Context(), "the-key", 0),
		"Touch":   s.Touch(t.Context(), "the-key", clock.now),
	} {
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "no record on the server") {
			t.Errorf("%s: got %v; want ErrUnsupported and why", method, err)
		}
		if errors.Is(err, session.ErrNotFound) || strings.Contains(err.Error(), "the-") {
			t.Errorf("%s: got %v", method, err)
		}
	}
}

// An application may log what it is set up with. With %s, fmt looks behind pointers, too.
func Test_that_no_key_is_printed(t *testing.T) {
	opts := cookiestore.Options{Keys: [][]byte{key(1), key(2)}}
	s, err := cookiestore.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range [][]byte{key(1), derive(t, key(1), toSign, 64), derive(t, key(1), toEncrypt, 32)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			asPrinted := strings.Trim(fmt.Sprintf(verb, k), "[]")
			for _, printed := range []any{opts, &opts, s, session.Config{Store: s}} {
				said := fmt.Sprintf(verb, printed)
				if strings.Contains(said, asPrinted) || strings.Contains(said, strings.Trim(fmt.Sprint(k), "[]")) {
					t.Errorf("a %T printed with %s tells a key: %s", printed, verb, said)
				}
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	s, clock := newStore(f, key(1), key(2))
	expires := clock.now.Add(time.Hour)
	for _, seed := range []string{"", "=", "====", "\n", "x", "MXx8", golden, golden[:len(golden)-1], golden + "\n", "fHx8fA==", "MTc3MjM2NjQwMHw=", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if value != golden {
			mustRefuse(t, s, name, value, "any string")
		}
		sealed := seal(t, s, name, []byte(value), expires)
		mustOpen(t, s, name, sealed, value)
		mustRefuse(t, s, name, sealed+value[:min(1, len(value))]+"A", "a longer value")
		mustRefuse(t, s, "other", sealed, "another name")
	})
}

func BenchmarkSeal(b *testing.B) {
	s, clock := newStore(b, key(1))
	rec := session.Record{Data: make([]byte, 500), Expires: clock.now.Add(time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Seal(name, rec); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s, clock := newStore(b, key(1))
	value := seal(b, s, name, make([]byte, 500), clock.now.Add(time.Hour))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(name, value); err != nil {
			b.Fatal(err)
		}
	}
}
