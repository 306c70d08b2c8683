package session

import (
	"context"
	"time"
)

// Where Hooks.StoreCall is set, the library calls the store through these types, one for each
// interface. One wrapper for all could not tell which of the optional interfaces the store has.

// useStore has m use store from now on.
func (m *Manager) useStore(store Store) {
	m.store = store
	m.sealer, _ = store.(Sealer)
	m.tagger, _ = store.(Tagger)
	m.sharer, _ = store.(Sharer)
	if m.cfg.AbsoluteTimeout > 0 && m.cfg.AbsoluteTimeout <= maxCookieAge { // otherwise there is more to prolong than the record
		m.renewer, _ = store.(Renewer)
	}
	m.lister, _ = store.(Lister) // called as it is: a list lasts for as long as somebody loops
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

// storeCall is Hooks.StoreCall, except that it is never nil and never panics, and that the hook
// is not given the record of a conflict.
func (m *Manager) storeCall(ctx context.Context, op string) (context.Context, func(error)) {
	hook := m.cfg.Hooks.StoreCall
	if hook == nil {
		return ctx, func(error) {}
	}
	within, done := ctx, func(error) {}
	m.shield(ctx, "", func() { within, done = hook(ctx, op) })
	return within, func(err error) {
		m.shield(ctx, "", func() { done(withoutRecord(err)) })
	}
}

// around is both hooks, the first one outside.
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
				outer(nil) // b has panicked, and nobody else will end what a has begun
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

func (c storeCalls) Read(ctx context.Context, key string) (Record, error) {
	ctx, done := c.m.storeCall(ctx, "read")
	rec, err := c.store.Read(ctx, key)
	done(err)
	return rec, err
}

func (c storeCalls) Write(ctx context.Context, key string, rec Record) error {
	ctx, done := c.m.storeCall(ctx, "write")
	err := c.store.Write(ctx, key, rec)
	done(err)
	return err
}

func (c storeCalls) Destroy(ctx context.Context, key string, version uint64) error {
	ctx, done := c.m.storeCall(ctx, "destroy")
	err := c.store.Destroy(ctx, key, version)
	done(err)
	return err
}

func (c storeCalls) Touch(ctx context.Context, key string, expires time.Time) error {
	ctx, done := c.m.storeCall(ctx, "touch")
	err := c.store.Touch(ctx, key, expires)
	done(err)
	return err
}

type taggerCalls struct {
	Store
	tagger Tagger
	m      *Manager
}

func (c taggerCalls) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	ctx, done := c.m.storeCall(ctx, "tag")
	err := c.tagger.Tag(ctx, tag, key, expires)
	done(err)
	return err
}

func (c taggerCalls) Untag(ctx context.Context, tag string, keys ...string) error {
	ctx, done := c.m.storeCall(ctx, "untag")
	err := c.tagger.Untag(ctx, tag, keys...)
	done(err)
	return err
}

func (c taggerCalls) Tagged(ctx context.Context, tag string) ([]TagEntry, error) {
	ctx, done := c.m.storeCall(ctx, "tagged")
	entries, err := c.tagger.Tagged(ctx, tag)
	done(err)
	return entries, err
}

func (c taggerCalls) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	ctx, done := c.m.storeCall(ctx, "revoke")
	keys, err := c.tagger.Revoke(ctx, tag, except...)
	done(err)
	return keys, err
}

// sharerCalls are a read and a write to a hook: how the store does it is its own affair.
type sharerCalls struct {
	Store
	sharer Sharer
	m      *Manager
}

func (c sharerCalls) Peek(ctx context.Context, key string) (Record, error) {
	ctx, done := c.m.storeCall(ctx, "read")
	rec, err := c.sharer.Peek(ctx, key)
	done(err)
	return rec, err
}

func (c sharerCalls) Keep(ctx context.Context, key string, rec Record) error {
	ctx, done := c.m.storeCall(ctx, "write")
	err := c.sharer.Keep(ctx, key, rec)
	done(err)
	return err
}

// renewerCalls are a read, whatever the store does besides.
type renewerCalls struct {
	Store
	renewer Renewer
	m       *Manager
}

func (c renewerCalls) Renew(ctx context.Context, key string, due, until time.Time) (Record, error) {
	ctx, done := c.m.storeCall(ctx, "read")
	rec, err := c.renewer.Renew(ctx, key, due, until)
	done(err)
	return rec, err
}

// seal and open are those of the store. Neither takes a context: all they do is compute.
func (m *Manager) seal(ctx context.Context, name string, rec Record) (string, error) {
	_, done := m.storeCall(ctx, "seal")
	value, err := m.sealer.Seal(name, rec)
	done(err)
	return value, err
}

func (m *Manager) open(ctx context.Context, name, value string) (Record, error) {
	_, done := m.storeCall(ctx, "open")
	rec, err := m.sealer.Open(name, value)
	done(err)
	return rec, err
}
