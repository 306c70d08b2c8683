package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/echo-hypermedia/session"
)

// broken is a store with a flaw: a function that is set replaces the method.
type broken struct {
	session.Tagger
	read    func(ctx context.Context, key string) (session.Record, error)
	write   func(ctx context.Context, key string, rec session.Record) error
	destroy func(ctx context.Context, key string, version uint64) error
	touch   func(ctx context.Context, key string, expires time.Time) error
	tag     func(ctx context.Context, tag, key string, expires time.Time) error
	untag   func(ctx context.Context, tag string, keys ...string) error
	tagged  func(ctx context.Context, tag string) ([]session.TagEntry, error)
	revoke  func(ctx context.Context, tag string, except ...string) ([]string, error)
}

func (b broken) Read(ctx context.Context, key string) (session.Record, error) {
	if b.read != nil {
		return b.read(ctx, key)
	}
	return b.Tagger.Read(ctx, key)
}

func (b broken) Write(ctx context.Context, key string, rec session.Record) error {
	if b.write != nil {
		return b.write(ctx, key, rec)
	}
	return b.Tagger.Write(ctx, key, rec)
}

func (b broken) Destroy(ctx context.Context, key string, version uint64) error {
	if b.destroy != nil {
		return b.destroy(ctx, key, version)
	}
	return b.Tagger.Destroy(ctx, key, version)
}

func (b broken) Touch(ctx context.Context, key string, expires time.Time) error {
	if b.touch != nil {
		return b.touch(ctx, key, expires)
	}
	return b.Tagger.Touch(ctx, key, expires)
}

func (b broken) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	if b.tag != nil {
		return b.tag(ctx, tag, key, expires)
	}
	return b.Tagger.Tag(ctx, tag, key, expires)
}

func (b broken) Untag(ctx context.Context, tag string, keys ...string) error {
	if b.untag != nil {
		return b.untag(ctx, tag, keys...)
	}
	return b.Tagger.Untag(ctx, tag, keys...)
}

func (b broken) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	if b.tagged != nil {
		return b.tagged(ctx, tag)
	}
	return b.Tagger.Tagged(ctx, tag)
}

func (b broken) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	if b.revoke != nil {
		return b.revoke(ctx, tag, except...)
	}
	return b.Tagger.Revoke(ctx, tag, except...)
}

// breaking makes a broken store from a correct one and its flaw.
func breaking(flaw func(s session.Tagger, c *clock) broken) func(*clock) session.Store {
	return func(c *clock) session.Store {
		s := memory(c)
		b := flaw(s, c)
		b.Tagger = s
		return b
	}
}

func ignoresVersionOfDestroy(s session.Tagger) broken {
	return broken{Tagger: s, destroy: func(ctx context.Context, key string, _ uint64) error {
		return s.Destroy(ctx, key, 0)
	}}
}

// reviving is a store whose touch writes back what it has read, even if that is gone by then.
func reviving(s session.Tagger) broken {
	return broken{Tagger: s, touch: func(ctx context.Context, key string, expires time.Time) error {
		rec, err := s.Read(ctx, key)
		if err != nil {
			return err
		}
		yield("touch")
		if err := s.Touch(ctx, key, expires); !errors.Is(err, session.ErrNotFound) {
			return err
		}
		return s.Write(ctx, key, session.Record{Data: rec.Data, Expires: expires})
	}}
}

// rounding is a store that keeps whole seconds. That is allowed.
func rounding(s session.Tagger) broken {
	ceil := func(t time.Time) time.Time { return t.Add(time.Second - 1).Truncate(time.Second) }
	return broken{
		Tagger: s,
		write: func(ctx context.Context, key string, rec session.Record) error {
			rec.Expires = ceil(rec.Expires)
			return s.Write(ctx, key, rec)
		},
		touch: func(ctx context.Context, key string, expires time.Time) error {
			return s.Touch(ctx, key, ceil(expires))
		},
		tag: func(ctx context.Context, tag, key string, expires time.Time) error {
			return s.Tag(ctx, tag, key, ceil(expires))
		},
	}
}

// force writes a record whatever the current version.
func force(ctx context.Context, s session.Store, key string, rec session.Record) error {
	for {
		current, err := s.Read(ctx, key)
		if err != nil {
			return err
		}
		rec.Version = current.Version
		if err := s.Write(ctx, key, rec); !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
}

func naming(err error, name string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// hidden conceals the error that it wraps.
type hidden struct{ error }

func (hidden) Error() string     { return "hidden" }
func (h hidden) Unwrap() []error { return []error{h.error} }

// covered conceals the error that it wraps, and wraps one only.
type covered struct{ error }

func (covered) Error() string   { return "covered" }
func (c covered) Unwrap() error { return c.error }

func hiding(err error) error {
	if err == nil {
		return nil
	}
	return hidden{err}
}

// naive is a store that checks first and then acts, under a lock, except in one method.
type naive struct {
	session.Tagger // for the tags
	now            func() time.Time
	loose          string
	lock, step     sync.Mutex
	records        map[string]session.Record
}

func newNaive(c *clock, loose string) *naive {
	n := &naive{now: time.Now, loose: loose, records: map[string]session.Record{}}
	if c == nil {
		c = newClock()
	} else {
		n.now = c.Now
	}
	n.Tagger = memory(c)
	return n
}

func (n *naive) exclusive(method string) (unlock func()) {
	if method == n.loose {
		return func() {}
	}
	n.lock.Lock()
	return n.lock.Unlock
}

func (n *naive) get(ctx context.Context, key string) (session.Record, error) {
	if err := ctx.Err(); err != nil {
		return session.Record{}, err
	}
	n.step.Lock()
	defer n.step.Unlock()
	rec, ok := n.records[key]
	if !ok || !n.now().Before(rec.Expires) {
		return session.Record{}, session.ErrNotFound
	}
	rec.Data = bytes.Clone(rec.Data)
	return rec, nil
}

func (n *naive) set(key string, rec session.Record) {
	yield(n.loose)
	n.step.Lock()
	defer n.step.Unlock()
	rec.Data = bytes.Clone(rec.Data)
	n.records[key] = rec
}

// yield gives others time to do something, if there is a flaw to show.
func yield(loose string) {
	for i := 0; loose != "" && i < 50; i++ {
		runtime.Gosched()
	}
}

func (n *naive) Read(ctx context.Context, key string) (session.Record, error) {
	return n.get(ctx, key)
}

func (n *naive) Write(ctx context.Context, key string, rec session.Record) error {
	defer n.exclusive("write")()
	old, err := n.get(ctx, key)
	switch {
	case errors.Is(err, session.ErrNotFound) && rec.Version == 0:
	case err != nil:
		return err
	case old.Version != rec.Version:
		return session.ErrConflict
	}
	rec.Version++
	n.set(key, rec)
	return nil
}

func (n *naive) Touch(ctx context.Context, key string, expires time.Time) error {
	defer n.exclusive("touch")()
	rec, err := n.get(ctx, key)
	if err != nil {
		return err
	}
	rec.Expires = expires
	n.set(key, rec)
	return nil
}

func (n *naive) Destroy(ctx context.Context, key string, version uint64) error {
	defer n.exclusive("destroy")()
	rec, err := n.get(ctx, key)
	switch {
	case errors.Is(err, session.ErrNotFound) && version == 0:
		return nil
	case err != nil:
		return err
	case version != 0 && version != rec.Version:
		return session.ErrConflict
	}
	n.set(key, session.Record{})
	return nil
}

// age makes all records d older, like the harness of a server with its own clock.
func (n *naive) age(d time.Duration) {
	n.step.Lock()
	defer n.step.Unlock()
	for key, rec := range n.records {
		rec.Expires = rec.Expires.Add(-d)
		n.records[key] = rec
	}
}

// lazy is a store that does not remove what expires, so each method must check. All do but one.
type lazy struct {
	session.Tagger
	clock     *clock
	unchecked string
	lock      sync.Mutex
	expires   map[string]time.Time // by key; for an entry, by tag and key
}

func newLazy(c *clock, unchecked string) *lazy {
	return &lazy{Tagger: memory(newClock()), clock: c, unchecked: unchecked, expires: map[string]time.Time{}}
}

// never is when things expire in the inner store.
func (l *lazy) never() time.Time { return l.clock.Now().Add(1000 * time.Hour) }

func (l *lazy) expired(method, name string) bool {
	return method != l.unchecked && !l.clock.Now().Before(l.expires[name])
}

// check returns ErrNotFound for what has expired.
func (l *lazy) check(ctx context.Context, method, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.expired(method, name) {
		return session.ErrNotFound
	}
	return nil
}

func (l *lazy) Read(ctx context.Context, key string) (session.Record, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if err := l.check(ctx, "read", key); err != nil {
		return session.Record{}, err
	}
	rec, err := l.Tagger.Read(ctx, key)
	rec.Expires = l.expires[key]
	return rec, err
}

func (l *lazy) Write(ctx context.Context, key string, rec session.Record) error {
	l.lock.Lock()
	defer l.lock.Unlock()
	expires := rec.Expires
	rec.Expires = l.never()
	switch {
	case rec.Version == 0 && l.check(ctx, "create", key) == session.ErrNotFound:
		_ = l.Tagger.Destroy(ctx, key, 0)
	case rec.Version != 0:
		if err := l.check(ctx, "replace", key); err != nil {
			return err
		}
	}
	err := l.Tagger.Write(ctx, key, rec)
	var conflict *session.ConflictError
	switch {
	case err == nil:
		l.expires[key] = expires
	case errors.As(err, &conflict):
		conflict.Current.Expires = l.expires[key]
	}
	return err
}

func (l *lazy) Touch(ctx context.Context, key string, expires time.Time) error {
	l.lock.Lock()
	defer l.lock.Unlock()
	if err := l.check(ctx, "touch", key); err != nil {
		return err
	}
	err := l.Tagger.Touch(ctx, key, l.never())
	if err == nil {
		l.expires[key] = expires
	}
	return err
}

func (l *lazy) Destroy(ctx context.Context, key string, version uint64) error {
	l.lock.Lock()
	defer l.lock.Unlock()
	err := l.check(ctx, "destroy", key)
	if err != nil && version == 0 {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	err = l.Tagger.Destroy(ctx, key, version)
	var conflict *session.ConflictError
	if errors.As(err, &conflict) {
		conflict.Current.Expires = l.expires[key]
	}
	return err
}

// prune removes the entries of a tag that have expired, as the method would.
func (l *lazy) prune(method, tag string) {
	entries, _ := l.Tagger.Tagged(context.Background(), tag)
	for _, e := range entries {
		if l.expired(method, tag+e.Key) {
			_ = l.Tagger.Untag(context.Background(), tag, e.Key)
		}
	}
}

func (l *lazy) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.prune("tag", tag)
	entries, _ := l.Tagger.Tagged(ctx, tag)
	for _, e := range entries {
		if e.Key == key && e.Revoked {
			expires = l.expires[tag+key]
		}
	}
	err := l.Tagger.Tag(ctx, tag, key, l.never())
	if err == nil {
		l.expires[tag+key] = expires
	}
	return err
}

func (l *lazy) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	entries, err := l.Tagger.Tagged(ctx, tag)
	var live []session.TagEntry
	for _, e := range entries {
		if !l.expired("tagged", tag+e.Key) {
			live = append(live, e)
		}
	}
	return live, err
}

func (l *lazy) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.prune("revoke", tag)
	return l.Tagger.Revoke(ctx, tag, except...)
}
