package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

// floor is a session that can do no more than the pages require: it skips every check that can be
// skipped, and encodes nothing that did not change. What a library costs beyond it is what the
// library can do in addition, and what it wastes.
type floor interface {
	// create stores a new record, and returns the value of its cookie.
	create(record) (cookie string, err error)

	// get returns one value, or "" if there is none.
	get(cookie, key string) (value string, err error)

	// put sets one value. newCookie is "" if the cookie stays the same.
	put(cookie, key, value string) (newCookie string, err error)

	// take is get, and removes the value.
	take(cookie, key string) (value, newCookie string, err error)
}

func onFloor(f floor) transports {
	return onEcho(pages[echo.Context]{
		seed: func(c echo.Context) error {
			cookie, err := f.create(seeded())
			setCookie(c, cookie)
			return err
		},
		read: func(c echo.Context, key string) (string, error) { return f.get(cookieOf(c.Request()), key) },
		write: func(c echo.Context, key, value string) error {
			cookie, err := cookieOf(c.Request()), error(nil)
			if cookie == "" {
				cookie, err = f.create(record(nil).with(key, value))
			} else {
				cookie, err = f.put(cookie, key, value)
			}
			setCookie(c, cookie)
			return err
		},
		flash: func(c echo.Context, text string) error {
			cookie, err := f.put(cookieOf(c.Request()), "flash", text)
			setCookie(c, cookie)
			return err
		},
		shown: func(c echo.Context) (string, error) {
			text, cookie, err := f.take(cookieOf(c.Request()), "flash")
			setCookie(c, cookie)
			return text, err
		},
	}, idle)
}

// cookieOf is the value of the session's cookie, the only cookie there is.
func cookieOf(r *http.Request) string {
	lines := r.Header["Cookie"]
	if len(lines) == 0 {
		return ""
	}
	value, _ := strings.CutPrefix(lines[0], cookieName+"=")
	return value
}

var attributes = "; Path=/; Max-Age=" + strconv.Itoa(maxAge) + "; HttpOnly; SameSite=Lax"

func setCookie(c echo.Context, value string) {
	if value != "" {
		c.Response().Header()["Set-Cookie"] = []string{cookieName + "=" + value + attributes}
	}
}

// newID returns 128 random bits.
func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:])
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// record is the values of a session one after the other, each as the length of its key in one byte,
// the length of its value in two, and both of them. So a value can be found and replaced without
// looking at the others.
type record []byte

// find returns the value of a key, and where its entry starts; zero values if there is none.
func (r record) find(key string) (value []byte, start int) {
	for at := 0; at < len(r); {
		from := at + 3 + int(r[at])
		to := from + int(r[at+1]) + int(r[at+2])<<8
		if string(r[at+3:from]) == key {
			return r[from:to], at
		}
		at = to
	}
	return nil, 0
}

// without returns the record without a key, in newly allocated bytes with room for more.
func (r record) without(key string, more int) record {
	made := make(record, 0, len(r)+more)
	value, start := r.find(key)
	if value == nil {
		return append(made, r...)
	}
	end := start + 3 + len(key) + len(value)
	return append(append(made, r[:start]...), r[end:]...)
}

// with returns the record with another value, in newly allocated bytes.
func (r record) with(key, value string) record {
	made := r.without(key, 3+len(key)+len(value))
	made = append(made, byte(len(key)), byte(len(value)), byte(len(value)>>8))
	return append(append(made, key...), value...)
}

// seeded is the realistic session. Text is stored as it is, everything else as JSON.
func seeded() record {
	var r record
	for key, value := range values {
		text, ok := value.(string)
		if !ok {
			encoded, err := json.Marshal(value)
			if err != nil {
				panic(err) // values is constant
			}
			text = string(encoded)
		}
		r = r.with(key, text)
	}
	return r
}

// blobs is a floor that stores whole records.
type blobs struct {
	store interface {
		// load returns the record of a cookie, nil if there is none. It may use scratch for it.
		load(cookie string, scratch []byte) (record, error)

		// save replaces the record of a cookie, or creates one if cookie is "".
		save(cookie string, r record) (newCookie string, err error)
	}
}

// scratch has room for the largest record.
type scratch [128 << 10]byte

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (b blobs) create(r record) (string, error) { return b.store.save("", r) }

func (b blobs) get(cookie, key string) (string, error) {
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	r, err := b.store.load(cookie, room[:0])
	value, _ := r.find(key)
	return string(value), err
}

func (b blobs) put(cookie, key, value string) (string, error) {
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	r, err := b.store.load(cookie, room[:0])
	if err != nil {
		return "", err
	}
	return b.store.save(cookie, r.with(key, value))
}

func (b blobs) take(cookie, key string) (value, newCookie string, err error) {
	room := scratches.Get().(*scratch)
	defer scratches.Put(room)
	r, err := b.store.load(cookie, room[:0])
	found, _ := r.find(key)
	if err != nil || found == nil {
		return "", "", err
	}
	newCookie, err = b.store.save(cookie, r.without(key, 0))
	return string(found), newCookie, err
}
