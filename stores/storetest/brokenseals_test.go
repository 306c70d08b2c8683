package storetest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
)

// sealer is a correct store, for others to break.
func sealer(c *clock) session.Sealer {
	s, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{cookiestore.GenerateKey()}, Now: c.Now})
	if err != nil {
		panic(err)
	}
	return s
}

// brokenSealer has a flaw: a function that is set replaces the method.
type brokenSealer struct {
	session.Sealer
	seal func(name string, rec session.Record) (string, error)
	open func(name, value string) (session.Record, error)
}

func (b brokenSealer) Seal(name string, rec session.Record) (string, error) {
	if b.seal != nil {
		return b.seal(name, rec)
	}
	return b.Sealer.Seal(name, rec)
}

func (b brokenSealer) Open(name, value string) (session.Record, error) {
	if b.open != nil {
		return b.open(name, value)
	}
	return b.Sealer.Open(name, value)
}

func breakingSealer(flaw func(s session.Sealer, c *clock) brokenSealer) func(*clock) session.Store {
	return func(c *clock) session.Store {
		s := sealer(c)
		b := flaw(s, c)
		b.Sealer = s
		return b
	}
}

// sealing changes what is sealed.
func sealing(change func(rec session.Record) session.Record) func(*clock) session.Store {
	return breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{seal: func(name string, rec session.Record) (string, error) {
			return s.Seal(name, change(rec))
		}}
	})
}

// opening changes the values that are opened.
func opening(change func(value string) string) func(*clock) session.Store {
	return breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{open: func(name, value string) (session.Record, error) {
			return s.Open(name, change(value))
		}}
	})
}

// beginning puts a prefix before each value.
func beginning(with string) func(*clock) session.Store {
	return breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{
			seal: func(name string, rec session.Record) (string, error) {
				value, err := s.Seal(name, rec)
				return with + value, err
			},
			open: func(name, value string) (session.Record, error) {
				value, ok := strings.CutPrefix(value, with)
				if !ok {
					return session.Record{}, session.ErrNotFound
				}
				return s.Open(name, value)
			},
		}
	})
}

// cookieSigns are all characters that a cookie may contain besides letters and digits.
const cookieSigns = "!#$%&'()*+-./:<=>?@[]^_`{|}~"

var sealFlaws = slices.Concat(signFlaws(), otherSealFlaws)

// signFlaws are for the characters that a cookie must not contain.
func signFlaws() (flaws []flaw) {
	for _, sign := range []string{"\x1f", " ", `"`, ",", ";", `\`, "\x7f", "é"} {
		flaws = append(flaws, flaw{fmt.Sprintf("values begin with %q", sign), beginning(sign), claims{
			"a value has only characters that a cookie may carry",
		}})
	}
	return flaws
}

var otherSealFlaws = []flaw{
	{"a name with a sign is an error", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{seal: func(name string, rec session.Record) (string, error) {
			if strings.ContainsAny(name, "|=") {
				return "", errors.New("this is no name")
			}
			return s.Seal(name, rec)
		}}
	}), claims{
		"a value for another cookie is not found",
	}},
	{"nothing seals to an empty value", breakingSealer(func(s session.Sealer, c *clock) brokenSealer {
		return brokenSealer{
			seal: func(name string, rec session.Record) (string, error) {
				if len(rec.Data) == 0 {
					return "", nil
				}
				return s.Seal(name, rec)
			},
			open: func(name, value string) (session.Record, error) {
				if value == "" {
					return session.Record{Expires: c.Now().Add(time.Hour)}, nil
				}
				return s.Open(name, value)
			},
		}
	}), claims{
		"a value has only characters that a cookie may carry",
		"a part of a value is not found",
		"garbage is not found",
	}},
	{"values come again", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		var sealed sync.Map
		return brokenSealer{seal: func(name string, rec session.Record) (string, error) {
			value, err := s.Seal(name, rec)
			again, _ := sealed.LoadOrStore(name+string(rec.Data)+rec.Expires.String(), value)
			return again.(string), err
		}}
	}), claims{
		"equal records do not seal to equal values",
	}},
	{"values are numbered by a byte", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		var sealed sync.Map
		return brokenSealer{seal: func(name string, rec session.Record) (string, error) {
			var nonce [1]byte
			_, _ = rand.Read(nonce[:])
			value, err := s.Seal(name, rec)
			again, _ := sealed.LoadOrStore(fmt.Sprint(name, rec, nonce), value)
			return again.(string), err
		}}
	}), claims{
		"equal records do not seal to equal values",
	}},
	{"values show the data", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{
			seal: func(name string, rec session.Record) (string, error) {
				value, err := s.Seal(name, rec)
				return base64.URLEncoding.EncodeToString([]byte(value + "." + string(rec.Data))), err
			},
			open: func(name, value string) (session.Record, error) {
				text, err := base64.URLEncoding.Strict().DecodeString(value)
				sealed, data, _ := strings.Cut(string(text), ".")
				rec, openErr := s.Open(name, sealed)
				if err != nil || openErr != nil || data != string(rec.Data) || strings.ContainsAny(value, "\r\n") {
					return session.Record{}, session.ErrNotFound
				}
				return rec, nil
			},
		}
	}), claims{
		"a value does not show the data",
	}},
	{"values show the data in hexadecimal", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{
			seal: func(name string, rec session.Record) (string, error) {
				data := hex.EncodeToString(rec.Data)
				value, err := s.Seal(name, rec)
				return data + "." + value, err
			},
			open: func(name, value string) (session.Record, error) {
				data, sealed, _ := strings.Cut(value, ".")
				rec, err := s.Open(name, sealed)
				if err != nil || data != hex.EncodeToString(rec.Data) {
					return session.Record{}, session.ErrNotFound
				}
				return rec, nil
			},
		}
	}), claims{
		"a value does not show the data",
	}},
	{"values are signed, and not encrypted", func(c *clock) session.Store {
		return signing{sealer(c), c}
	}, claims{
		"a value does not show the data",
	}},
	{"seal keeps the slice", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		var kept sync.Map
		return brokenSealer{
			seal: func(name string, rec session.Record) (string, error) {
				value, err := s.Seal(name, rec)
				kept.Store(value, rec.Data)
				return value, err
			},
			open: func(name, value string) (session.Record, error) {
				rec, err := s.Open(name, value)
				if data, ok := kept.Load(value); ok && err == nil {
					rec.Data = data.([]byte)
				}
				return rec, err
			},
		}
	}), claims{
		"that a value was opened changes nothing for the next time",
		"seal neither keeps nor changes data",
	}},
	{"seal writes behind the slice", sealing(func(rec session.Record) session.Record {
		clear(rec.Data[len(rec.Data):cap(rec.Data)])
		return rec
	}), claims{
		"seal neither keeps nor changes data",
	}},
	{"data is sealed trimmed", sealing(func(rec session.Record) session.Record {
		rec.Data = bytes.TrimSpace(rec.Data)
		return rec
	}), claims{
		"what was sealed opens",
	}},
	{"no data does not open", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{open: func(name, value string) (session.Record, error) {
			rec, err := s.Open(name, value)
			if len(rec.Data) == 0 {
				return session.Record{}, session.ErrNotFound
			}
			return rec, err
		}}
	}), claims{
		"what was sealed opens",
	}},
	{"data is sealed cut", sealing(func(rec session.Record) session.Record {
		rec.Data = rec.Data[:min(len(rec.Data), 4096)]
		return rec
	}), claims{
		"large data opens",
	}},
	{"open returns no expiry", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{open: func(name, value string) (session.Record, error) {
			rec, err := s.Open(name, value)
			rec.Expires = time.Time{}
			return rec, err
		}}
	}), claims{
		"open returns the expiry that was sealed",
	}},
	{"values never expire", func(*clock) session.Store { return sealer(newClock()) }, claims{
		"that a value was opened changes nothing for the next time",
		"an expired value is not found",
	}},
	{"values with a zero time never expire", breakingSealer(func(s session.Sealer, c *clock) brokenSealer {
		return brokenSealer{seal: func(name string, rec session.Record) (string, error) {
			if rec.Expires.IsZero() {
				rec.Expires = c.Now().Add(1000 * time.Hour)
			}
			return s.Seal(name, rec)
		}}
	}), claims{
		"an expired value is not found",
	}},
	{"what was opened opens again", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		var opened sync.Map
		return brokenSealer{open: func(name, value string) (session.Record, error) {
			if rec, ok := opened.Load(value); ok {
				return rec.(session.Record), nil
			}
			rec, err := s.Open(name, value)
			if err == nil {
				opened.Store(value, rec)
			}
			return rec, err
		}}
	}), claims{
		"that a value was opened changes nothing for the next time",
	}},
	{"values expire half a minute early", breakingSealer(func(s session.Sealer, c *clock) brokenSealer {
		return brokenSealer{open: func(name, value string) (session.Record, error) {
			rec, err := s.Open(name, value)
			if err == nil && rec.Expires.Sub(c.Now()) < 30*time.Second {
				return session.Record{}, session.ErrNotFound
			}
			return rec, err
		}}
	}), claims{
		"a value opens until just before its expiry",
	}},
	{"expiries are sealed without their zone", sealing(func(rec session.Record) session.Record {
		rec.Expires, _ = time.Parse(time.DateTime, rec.Expires.Format(time.DateTime))
		return rec
	}), claims{
		"open returns the expiry that was sealed",
	}},
	{"errors have the value", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{open: func(name, value string) (session.Record, error) {
			rec, err := s.Open(name, value)
			return rec, naming(err, value)
		}}
	}), claims{
		"no error of a sealer gives anything away",
	}},
	{"the name is ignored", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{
			seal: func(_ string, rec session.Record) (string, error) { return s.Seal("", rec) },
			open: func(_, value string) (session.Record, error) { return s.Open("", value) },
		}
	}), claims{
		"that a value was opened changes nothing for the next time",
		"a value for another cookie is not found",
	}},
	{"the name is cut", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		cut := func(name string) string { return strings.TrimRight(name, "|=") }
		return brokenSealer{
			seal: func(name string, rec session.Record) (string, error) { return s.Seal(cut(name), rec) },
			open: func(name, value string) (session.Record, error) { return s.Open(cut(name), value) },
		}
	}), claims{
		"a value for another cookie is not found",
	}},
	{"line breaks are skipped", opening(func(value string) string {
		return strings.Trim(value, "\r\n")
	}), claims{
		"more than a value is not found",
	}},
	{"the padding is optional", opening(func(value string) string {
		value = strings.TrimRight(value, "=")
		return value + strings.Repeat("=", (4-len(value)%4)%4)
	}), claims{
		"a part of a value is not found",
		"more than a value is not found",
	}},
	{"the last bits are ignored", opening(func(value string) string {
		data, err := base64.URLEncoding.DecodeString(value)
		if err != nil || strings.ContainsAny(value, "\r\n") {
			return value
		}
		return base64.URLEncoding.EncodeToString(data)
	}), claims{
		"a value with a flipped bit is not found",
	}},
	{"garbage is another error", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		return brokenSealer{open: func(name, value string) (session.Record, error) {
			if value == "" {
				return session.Record{}, errors.New("nothing to open")
			}
			return s.Open(name, value)
		}}
	}), claims{
		"a part of a value is not found",
		"garbage is not found",
	}},
	{"sealing at the same time mixes records", breakingSealer(func(s session.Sealer, _ *clock) brokenSealer {
		var lock sync.Mutex
		var buffer session.Record
		return brokenSealer{seal: func(name string, rec session.Record) (string, error) {
			lock.Lock()
			buffer = rec
			lock.Unlock()
			yield("seal")
			lock.Lock()
			defer lock.Unlock()
			return s.Seal(name, buffer)
		}}
	}), claims{
		"values are sealed and opened by many at once",
	}},
	{"a record is not found", func(c *clock) session.Store { return missing{sealer(c)} }, claims{
		"the methods of a store are unsupported",
	}},
	{"errors of a sealer have keys", func(c *clock) session.Store { return talking{sealer(c)} }, claims{
		"the methods of a store are unsupported",
	}},
	{"a sealer is a tagger", func(c *clock) session.Store {
		return struct {
			session.Sealer
			tags
		}{sealer(c), memory(c)}
	}, claims{
		"a sealer is not a tagger",
	}},
}

type missing struct{ session.Sealer }

func (missing) Read(context.Context, string) (session.Record, error) {
	return session.Record{}, session.ErrNotFound
}

type talking struct{ session.Sealer }

func (s talking) Read(ctx context.Context, key string) (session.Record, error) {
	rec, err := s.Sealer.Read(ctx, key)
	return rec, naming(err, key)
}

// tags are the methods that a Tagger has and a Store does not have.
type tags interface {
	Tag(ctx context.Context, tag, key string, expires time.Time) error
	Untag(ctx context.Context, tag string, keys ...string) error
	Tagged(ctx context.Context, tag string) ([]session.TagEntry, error)
	Revoke(ctx context.Context, tag string, except ...string) ([]string, error)
}

// signing makes values like a JWT: the data, which anybody can read, and its signature.
type signing struct {
	session.Sealer
	clock *clock
}

func sign(name, body string) string {
	mac := hmac.New(sha256.New, []byte("the key"))
	_, _ = fmt.Fprintf(mac, "%d %s %s", len(name), name, body)
	return hex.EncodeToString(mac.Sum(nil))
}

func (signing) Seal(name string, rec session.Record) (string, error) {
	body := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %s", rand.Text(), rec.Expires.UnixMilli(), rec.Data))
	return body + "." + sign(name, body), nil
}

func (s signing) Open(name, value string) (session.Record, error) {
	body, mac, _ := strings.Cut(value, ".")
	if mac != sign(name, body) {
		return session.Record{}, session.ErrNotFound
	}
	plain, _ := base64.RawURLEncoding.DecodeString(body)
	parts := bytes.SplitN(plain, []byte(" "), 3)
	millis, err := strconv.ParseInt(string(parts[1]), 10, 64)
	if expires := time.UnixMilli(millis); err == nil && s.clock.Now().Before(expires) {
		return session.Record{Data: parts[2], Version: 1, Expires: expires}, nil
	}
	return session.Record{}, session.ErrNotFound
}
