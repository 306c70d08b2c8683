package session

import (
	"context"
	"fmt"
	"time"
)

// If Hooks.StoreCall is set, the library calls the store through these types, one for each
// interface. A single wrapper could not say which of the optional interfaces the store has.

// useStore makes m use store.
func (m *Manager) useStore(store Store) {
	m.store = store
	m.sealer, _ = store.(Sealer)
	m.tagger, _ = store.(Tagger)
	m.sharer, _ = store.(Sharer)
	if m.cfg.AbsoluteTimeout > 0 && m.cfg.AbsoluteTimeout <= maxCookieAge { // otherwise more than the record has to be prolonged
		m.renewer, _ = store.(Renewer)
	}
	m.lister, _ = store.(Lister) // called directly: a list lasts for as long as the caller loops
	if m.cfg.Hooks.StoreCall == nil {
		return
	}
	m.store = storeCalls{store, m}
	if m.tagger != nil {
		m.tagger = taggerCalls{m.store, m.tagger, m}
	}
	if m.sharer != nil {
		m.sharer = sharerCalls{m.store, m.sharer, m}
	}
	if m.renewer != nil {
		m.renewer = renewerCalls{m.store, m.renewer, m}
	}
}

// around is both hooks, the first one around the second.
func around(a, b func(context.Context, string) (context.Context, func(error))) func(context.Context, string) (context.Context, func(error)) {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(ctx context.Context, op string) (context.Context, func(error)) {
		ctx, outer := a(ctx, op)
		began := false
		defer func() {
			if !began {
				outer(nil) // b has panicked, and what a has begun must end
			}
		}()
		ctx, inner := b(ctx, op)
		began = true
		return ctx, func(err error) {
			defer outer(err)
			inner(err)
		}
	}
}

type storeCalls struct {
	store Store
	m     *Manager
}

func (c storeCalls) Read(ctx context.Context, key string) (rec Record, err error) {
	err = c.m.called(ctx, "read", func(ctx context.Context) (err error) { rec, err = c.store.Read(ctx, key); return err })
	return rec, err
}

func (c storeCalls) Write(ctx context.Context, key string, rec Record) error {
	return c.m.called(ctx, "write", func(ctx context.Context) error { return c.store.Write(ctx, key, rec) })
}

func (c storeCalls) Destroy(ctx context.Context, key string, version uint64) error {
	return c.m.called(ctx, "destroy", func(ctx context.Context) error { return c.store.Destroy(ctx, key, version) })
}

func (c storeCalls) Touch(ctx context.Context, key string, expires time.Time) error {
	return c.m.called(ctx, "touch", func(ctx context.Context) error { return c.store.Touch(ctx, key, expires) })
}

type taggerCalls struct {
	Store
	tagger Tagger
	m      *Manager
}

func (c taggerCalls) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	return c.m.called(ctx, "tag", func(ctx context.Context) error { return c.tagger.Tag(ctx, tag, key, expires) })
}

func (c taggerCalls) Untag(ctx context.Context, tag string, keys ...string) error {
	return c.m.called(ctx, "untag", func(ctx context.Context) error { return c.tagger.Untag(ctx, tag, keys...) })
}

func (c taggerCalls) Tagged(ctx context.Context, tag string) (entries []TagEntry, err error) {
	err = c.m.called(ctx, "tagged", func(ctx context.Context) (err error) { entries, err = c.tagger.Tagged(ctx, tag); return err })
	return entries, err
}

func (c taggerCalls) Revoke(ctx context.Context, tag string, except ...string) (keys []string, err error) {
	err = c.m.called(ctx, "revoke", func(ctx context.Context) (err error) { keys, err = c.tagger.Revoke(ctx, tag, except...); return err })
	return keys, err
}

// sharerCalls report a read and a write to the hook: how the store does them does not matter.
type sharerCalls struct {
	Store
	sharer Sharer
	m      *Manager
}

func (c sharerCalls) Peek(ctx context.Context, key string) (rec Record, err error) {
	err = c.m.called(ctx, "read", func(ctx context.Context) (err error) { rec, err = c.sharer.Peek(ctx, key); return err })
	return rec, err
}

func (c sharerCalls) Keep(ctx context.Context, key string, rec Record) error {
	return c.m.called(ctx, "write", func(ctx context.Context) error { return c.sharer.Keep(ctx, key, rec) })
}

// renewerCalls report a read, whatever else the store does.
type renewerCalls struct {
	Store
	renewer Renewer
	m       *Manager
}

func (c renewerCalls) Renew(ctx context.Context, key string, due, until time.Time) (rec Record, err error) {
	err = c.m.called(ctx, "read", func(ctx context.Context) (err error) { rec, err = c.renewer.Renew(ctx, key, due, until); return err })
	return rec, err
}

// called calls the store between the two halves of Hooks.StoreCall, whose panics are recovered. The
// second half also runs after a panic of the store: what the first has begun must end. It does not
// get the record of a conflict.
func (m *Manager) called(ctx context.Context, op string, call func(context.Context) error) (err error) {
	hook := m.cfg.Hooks.StoreCall
	if hook == nil {
		return call(ctx)
	}
	within, done := ctx, func(error) {}
	m.shield(ctx, "", func() { within, done = hook(ctx, op) })
	err = errStorePanicked // unless call returns
	defer func() { m.shield(ctx, "", func() { done(withoutRecord(err)) }) }()
	err = call(within)
	return err
}

var errStorePanicked = fmt.Errorf("%w: a panic", ErrUnavailable)

// seal and open call those of the store, which take no context; see Sealer.
func (m *Manager) seal(ctx context.Context, name string, rec Record) (value string, err error) {
	err = m.called(ctx, "seal", func(context.Context) (err error) { value, err = m.sealer.Seal(name, rec); return err })
	return value, err
}

func (m *Manager) open(ctx context.Context, name, value string) (rec Record, err error) {
	err = m.called(ctx, "open", func(context.Context) (err error) { rec, err = m.sealer.Open(name, value); return err })
	return rec, err
}
