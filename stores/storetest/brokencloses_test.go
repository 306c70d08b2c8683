package storetest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/echo-hypermedia/session"
)

// closing is a store that can be closed.
type closing struct {
	session.Tagger
	flaw   string
	lock   sync.Mutex
	closed bool
}

var errClosed = errors.New("closed")

func (c *closing) Close() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.closed && c.flaw == "twice" {
		return errClosed
	}
	c.closed = true
	return nil
}

// err is for a method that belongs to records or to tags.
func (c *closing) err(of string) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	switch {
	case !c.closed || c.flaw == "opens "+of:
		return nil
	case c.flaw == "not found":
		return session.ErrNotFound
	}
	return errClosed
}

func (c *closing) Read(ctx context.Context, key string) (session.Record, error) {
	if err := c.err("records"); err != nil {
		return session.Record{}, err
	}
	return c.Tagger.Read(ctx, key)
}

func (c *closing) Write(ctx context.Context, key string, rec session.Record) error {
	if err := c.err("records"); c.flaw == "names" && err != nil {
		return naming(err, key)
	}
	return unless(c.err("records"), func() error { return c.Tagger.Write(ctx, key, rec) })
}

func (c *closing) Destroy(ctx context.Context, key string, version uint64) error {
	if c.flaw == "version not found" && c.err("records") != nil && version > 0 {
		return session.ErrNotFound
	}
	return unless(c.err("records"), func() error { return c.Tagger.Destroy(ctx, key, version) })
}

func (c *closing) Touch(ctx context.Context, key string, expires time.Time) error {
	return unless(c.err("records"), func() error { return c.Tagger.Touch(ctx, key, expires) })
}

func (c *closing) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	return unless(c.err("tags"), func() error { return c.Tagger.Tag(ctx, tag, key, expires) })
}

func (c *closing) Untag(ctx context.Context, tag string, keys ...string) error {
	return unless(c.err("tags"), func() error { return c.Tagger.Untag(ctx, tag, keys...) })
}

func (c *closing) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	if err := c.err("tags"); err != nil {
		return nil, err
	}
	return c.Tagger.Tagged(ctx, tag)
}

func (c *closing) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	if err := c.err("tags"); err != nil {
		return nil, err
	}
	return c.Tagger.Revoke(ctx, tag, except...)
}

// unless calls next if there is no error yet.
func unless(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

func closed(flaw string) func(*clock) session.Store {
	return func(c *clock) session.Store { return &closing{Tagger: memory(c), flaw: flaw} }
}

var closeFlaws = []flaw{
	{"closing twice is an error", closed("twice"), claims{
		"a store that can be closed can be closed twice, and fails afterwards",
	}},
	{"records can be used after close", closed("opens records"), claims{
		"a store that can be closed can be closed twice, and fails afterwards",
	}},
	{"tags can be used after close", closed("opens tags"), claims{
		"a tagger that was closed fails",
	}},
	{"a version to destroy is not found after close", closed("version not found"), claims{
		"a store that can be closed can be closed twice, and fails afterwards",
	}},
	{"errors of writes have keys after close", closed("names"), claims{
		"a store that can be closed can be closed twice, and fails afterwards",
	}},
	{"nothing is found after close", closed("not found"), claims{
		"a store that can be closed can be closed twice, and fails afterwards",
		"a tagger that was closed fails",
	}},
}
