package session_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// watched is a store that remembers its calls. before, if set, may do something first, or fail the
// call.
type watched struct {
	session.Store
	before func(call) error

	mu    sync.Mutex
	calls []call
}

// newWatched is a watched store in memory.
func newWatched() *watched { return &watched{Store: memorystore.New(memorystore.Options{})} }

// call has what its method was given.
type call struct {
	ctx     context.Context
	method  string
	tag     string
	key     string
	version uint64
	rec     session.Record
	expires time.Time
}

func (c call) String() string { return c.method }

// hang waits for the end of the context.
func (c call) hang() error {
	<-c.ctx.Done()
	return c.ctx.Err()
}

var errStoreDown = errors.New("the store is down")

// failing makes each call of these methods fail, or each call of all.
func failing(err error, methods ...string) (before func(call) error) {
	return func(c call) error {
		if len(methods) == 0 || slices.Contains(methods, c.method) {
			return err
		}
		return nil
	}
}

// count counts the calls of the method, or those of all methods if it is "".
func (w *watched) count(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if c.method == method || method == "" {
			n++
		}
	}
	return n
}

// written is the data of all records that were written.
func (w *watched) written() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []byte
	for _, c := range w.calls {
		all = append(all, c.rec.Data...)
	}
	return string(all)
}

func (w *watched) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = nil
}

func (w *watched) call(c call) error {
	w.mu.Lock()
	w.calls = append(w.calls, c)
	before := w.before
	w.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(c)
}

func (w *watched) Read(ctx context.Context, key string) (session.Record, error) {
	if err := w.call(call{ctx: ctx, method: "Read", key: key}); err != nil {
		return session.Record{}, err
	}
	return w.Store.Read(ctx, key)
}

func (w *watched) Write(ctx context.Context, key string, rec session.Record) error {
	if err := w.call(call{ctx: ctx, method: "Write", key: key, version: rec.Version, rec: rec, expires: rec.Expires}); err != nil {
		return err
	}
	return w.Store.Write(ctx, key, rec)
}

func (w *watched) Destroy(ctx context.Context, key string, version uint64) error {
	if err := w.call(call{ctx: ctx, method: "Destroy", key: key, version: version}); err != nil {
		return err
	}
	return w.Store.Destroy(ctx, key, version)
}

func (w *watched) Touch(ctx context.Context, key string, expires time.Time) error {
	if err := w.call(call{ctx: ctx, method: "Touch", key: key, expires: expires}); err != nil {
		return err
	}
	return w.Store.Touch(ctx, key, expires)
}

// taggerSpy is a Tagger that is watched.
type taggerSpy struct {
	watched
	tagger session.Tagger
}

func spyOn(store session.Tagger) *taggerSpy {
	return &taggerSpy{watched: watched{Store: store}, tagger: store}
}

// startSpied starts a process on such a store, and has a visitor for it.
func startSpied(t *testing.T) (*taggerSpy, *process, *visitor) {
	t.Helper()
	spy := spyOn(memorystore.New(memorystore.Options{}))
	return spy, start(t, session.Config{Store: spy, Now: time.Now}), newVisitor()
}

// entries counts what is in the index.
func (s *taggerSpy) entries(t *testing.T) (n int) {
	t.Helper()
	seen := map[string]bool{"": true}
	for _, c := range s.calls {
		if seen[c.tag] {
			continue
		}
		seen[c.tag] = true
		entries, err := s.tagger.Tagged(t.Context(), c.tag)
		if err != nil {
			t.Fatal(err)
		}
		n += len(entries)
	}
	return n
}

func (s *taggerSpy) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	if err := s.call(call{ctx: ctx, method: "Tag", tag: tag, key: key, expires: expires}); err != nil {
		return err
	}
	return s.tagger.Tag(ctx, tag, key, expires)
}

func (s *taggerSpy) Untag(ctx context.Context, tag string, keys ...string) error {
	if err := s.call(call{ctx: ctx, method: "Untag", tag: tag}); err != nil {
		return err
	}
	return s.tagger.Untag(ctx, tag, keys...)
}

func (s *taggerSpy) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	if err := s.call(call{ctx: ctx, method: "Tagged", tag: tag}); err != nil {
		return nil, err
	}
	return s.tagger.Tagged(ctx, tag)
}

func (s *taggerSpy) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	if err := s.call(call{ctx: ctx, method: "Revoke", tag: tag}); err != nil {
		return nil, err
	}
	return s.tagger.Revoke(ctx, tag, except...)
}

// plain is a store whose conflicts do not include the current record.
type plain struct{ session.Store }

func (p plain) Write(ctx context.Context, key string, rec session.Record) error {
	return p.bare(p.Store.Write(ctx, key, rec))
}

func (p plain) Destroy(ctx context.Context, key string, version uint64) error {
	return p.bare(p.Store.Destroy(ctx, key, version))
}

func (p plain) bare(err error) error {
	if errors.Is(err, session.ErrConflict) {
		return session.ErrConflict
	}
	return err
}

// conflicting are the stores of both sorts.
var conflicting = map[string]func(session.Store) session.Store{
	"a store that brings the current record": func(s session.Store) session.Store { return s },
	"a store that does not":                  func(s session.Store) session.Store { return plain{s} },
}

// cookieStore seals with its own key.
func cookieStore(t *testing.T, now func() time.Time, keys ...[]byte) *cookiestore.Store {
	t.Helper()
	if keys == nil {
		keys = [][]byte{testKey(1)}
	}
	store, err := cookiestore.New(cookiestore.Options{Keys: keys, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// testKey is the nth key of the tests.
func testKey(n byte) []byte {
	key := make([]byte, 32)
	for i := range key {
		key[i] = n + byte(i)*37
	}
	return key
}
