package storetest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/echo-hypermedia/session"
)

// subject is the store that a case examines.
type subject struct {
	session.Store
	Harness
	tags    session.Tagger  // nil if it is none
	lister  session.Lister  // nil if it is none
	sharer  session.Sharer  // nil if it is none
	renewer session.Renewer // nil if it is none
	seals   session.Sealer  // nil if it is none
	began   time.Time       // by the clock of this process
}

func newSubject(h Harness) subject {
	s := subject{Store: h.Store, Harness: h, began: time.Now()}
	s.tags, _ = h.Store.(session.Tagger)
	s.lister, _ = h.Store.(session.Lister)
	s.sharer, _ = h.Store.(session.Sharer)
	s.renewer, _ = h.Store.(session.Renewer)
	s.seals, _ = h.Store.(session.Sealer)
	return s
}

// The methods that change records say which one has failed. (The callers of Read say more.)

func (s subject) Write(ctx context.Context, key string, rec session.Record) error {
	return step("write", s.Store.Write(ctx, key, rec))
}

func (s subject) Touch(ctx context.Context, key string, expires time.Time) error {
	return step("touch", s.Store.Touch(ctx, key, expires))
}

func (s subject) Destroy(ctx context.Context, key string, version uint64) error {
	return step("destroy", s.Store.Destroy(ctx, key, version))
}

// The names of most cases. All keys and tags are as long as those of the library.
var (
	k       = key("k")
	other   = key("other")
	a, b, c = key("a"), key("b"), key("c")
	user    = tag("user")
)

func key(name string) string { return digits("key " + name) }
func tag(name string) string { return digits("tag " + name) }

func digits(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// keys are n different keys.
func keys(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = key(fmt.Sprint(i))
	}
	return all
}

// in is the time that the store's clock shows d from now.
func (s subject) in(d time.Duration) time.Time { return s.Now().Add(d) }

// past is how long ago things expired, enough even for a store that rounds.
const past = 2 * time.Second

// record is a record that expires in an hour.
func (s subject) record(version uint64, data string) session.Record {
	return s.expiring(version, data, time.Hour)
}

func (s subject) expiring(version uint64, data string, d time.Duration) session.Record {
	return session.Record{Data: []byte(data), Version: version, Expires: s.in(d)}
}

// create writes a record under each of the keys.
func (s subject) create(ctx context.Context, keys ...string) error {
	return spread(keys, func(key string) error { return s.Write(ctx, key, s.record(0, "one")) })
}

func (s subject) holds(ctx context.Context, key, data string, version uint64) error {
	rec, err := s.Read(ctx, key)
	if err != nil {
		return fmt.Errorf("read: got error %w; want a record", err)
	}
	return same(rec, data, version)
}

func same(rec session.Record, data string, version uint64) error {
	if string(rec.Data) == data && rec.Version == version {
		return nil
	}
	return fmt.Errorf("got %s, version %d; want %s, version %d", clip(string(rec.Data)), rec.Version, clip(data), version)
}

// clip quotes data, and only the beginning if it is long.
func clip(data string) string {
	const most = 60
	if len(data) <= most {
		return fmt.Sprintf("%q", data)
	}
	return fmt.Sprintf("%q… (%d bytes)", data[:most], len(data))
}

func (s subject) expiresIn(ctx context.Context, key string, d time.Duration) error {
	rec, err := s.Read(ctx, key)
	if err != nil {
		return fmt.Errorf("read: got error %w; want a record", err)
	}
	return s.near(rec.Expires, d)
}

// near checks expires. It allows for the second by which a store may round, and for the time the
// case has taken so far: the store's clock may be a real one.
func (s subject) near(expires time.Time, d time.Duration) error {
	left := expires.Sub(s.Now())
	if (left - d).Abs() <= time.Second+time.Since(s.began) {
		return nil
	}
	return fmt.Errorf("got a record that expires in %v; want one that does in %v", left, d)
}

func (s subject) gone(ctx context.Context, key string) error {
	return step("read", want(second(s.Read(ctx, key)), session.ErrNotFound))
}

// lists reports what is wrong unless exactly these keys have the tag, each once.
func (s subject) lists(ctx context.Context, tag string, keys ...string) error {
	entries, err := s.tags.Tagged(ctx, tag)
	if err != nil {
		return fmt.Errorf("tagged: got error %w; want a list", err)
	}
	listed := make([]string, len(entries))
	for i, e := range entries {
		listed[i] = e.Key
	}
	return step("tagged", sameKeys(listed, keys))
}

// marked reports what is wrong unless exactly these entries of the tag are revoked.
func (s subject) marked(ctx context.Context, tag string, keys ...string) error {
	entries, err := s.tags.Tagged(ctx, tag)
	if err != nil {
		return fmt.Errorf("tagged: got error %w; want a list", err)
	}
	return step("marked", sameKeys(revoked(entries), keys))
}

// revoked are the keys of the revoked entries.
func revoked(entries []session.TagEntry) []string {
	var keys []string
	for _, e := range entries {
		if e.Revoked {
			keys = append(keys, e.Key)
		}
	}
	return keys
}

// revokes reports what is wrong unless Revoke returns exactly these keys, each once.
func (s subject) revokes(ctx context.Context, tag string, except []string, keys ...string) error {
	returned, err := s.tags.Revoke(ctx, tag, except...)
	if err != nil {
		return fmt.Errorf("revoke: got error %w; want keys", err)
	}
	return step("revoke", sameKeys(returned, keys))
}

func sameKeys(got, want []string) error {
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if slices.Equal(got, want) {
		return nil
	}
	for _, key := range want {
		if !slices.Contains(got, key) {
			return fmt.Errorf("got %d keys without %s…; want %d", len(got), key[:8], len(want))
		}
	}
	once := slices.Compact(slices.Clone(got))
	return fmt.Errorf("got %d keys, %d of them again and %d not expected; want %d",
		len(got), len(got)-len(once), len(once)-len(want), len(want))
}

// second is the error of a call whose result does not matter.
func second[T any](_ T, err error) error { return err }

// step says where in a case something is wrong.
func step(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

func want(got, want error) error {
	if errors.Is(got, want) {
		return nil
	}
	return fmt.Errorf("got %v; want %v", got, want)
}

func never(got, unwanted error) error {
	if !errors.Is(got, unwanted) {
		return nil
	}
	return fmt.Errorf("got %v, which is %v", got, unwanted)
}

// together runs fn in n goroutines that start at the same time.
func together(n int, fn func(i int) error) error {
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}

// spread does something for each key, for several of them at the same time.
func spread(keys []string, do func(key string) error) error {
	return together(min(len(keys), workers), func(worker int) error {
		var err error
		for i := worker; i < len(keys); i += workers {
			err = errors.Join(err, do(keys[i]))
		}
		return err
	})
}

// dead are contexts that have ended, by their errors.
func dead(ctx context.Context) map[error]context.Context {
	cancelled, cancel := context.WithCancelCause(ctx)
	cancel(errors.New("a cause, which is not what it ends with"))
	late, end := context.WithDeadline(ctx, time.Unix(0, 0))
	end()
	return map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: late}
}

// silent reports a secret that err, or an error in it, contains. Half a secret counts too: a file's
// path, for example, may be cut in two.
func silent(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err)} {
		for _, secret := range secrets {
			for _, spelled := range spellings(secret) {
				if part := spelled[len(spelled)/4:][:len(spelled)/2]; strings.Contains(text, part) {
					return fmt.Errorf("%q gives something away", text)
				}
			}
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return silent(e.Unwrap(), secrets...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if err := silent(inner, secrets...); err != nil {
				return err
			}
		}
	}
	return nil
}

// spellings are the ways in which a text, or its bytes, may be printed. For a long one, its
// beginning is enough.
func spellings(secret string) []string {
	secret = secret[:min(len(secret), 300)]
	return []string{
		secret,
		fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("% x", secret), fmt.Sprintf("%#v", []byte(secret)),
		strings.Trim(fmt.Sprint([]byte(secret)), "[]"), // %v and %d
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret)),
	}
}

// manyConnections is more than any pool has.
const manyConnections = 200

// cutShort lists something with contexts that end somewhere in between. A list without an error
// must be as long as the list of a context that does not end.
func cutShort(ctx context.Context, list func(ctx context.Context) (int, error)) error {
	began := time.Now()
	all, err := list(ctx)
	if err != nil {
		return err
	}
	took := cmp.Or(time.Since(began), time.Millisecond) // the clock of Windows may stand still meanwhile
	const rounds = 60
	for i := range rounds {
		short, end := context.WithTimeout(ctx, took*time.Duration(i)/(rounds*3/4))
		got, err := list(short)
		end()
		if err == nil && got != all {
			return fmt.Errorf("got %d of %d, and no error, when the context ended meanwhile", got, all)
		}
	}
	return nil
}
