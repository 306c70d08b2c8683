package memorystore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/echo-hypermedia/session"
)

// TagOverhead is the number of bytes that an entry of a tag counts against [Options.MaxBytes] in
// addition to the tag and the key: what it takes to keep an entry that is the only one of its tag,
// rounded up.
const TagOverhead = 512

// group holds the entries of one tag. All are in the shard of the tag, so that its lock makes every
// method atomic.
type group struct {
	tag     string
	entries map[string]*entry // by key
}

// Tag adds an entry for key to the tag or moves the expiry of the existing one. A revoked entry
// stays as it is. A full store returns the error that it does for [Store.Write].
func (s *Store) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memorystore: tag: %w", err)
	}
	return s.orSweep(func() error { return s.tag(tag, key, wall(expires)) })
}

func (s *Store) tag(tag, key string, expires time.Time) error {
	now, sh := s.now(), s.shard(tag)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.sweep(sh, now, sweepSome)
	e := s.findTagged(sh, tag, key, now)
	if e == nil {
		return s.enter(sh, tag, key, expires)
	}
	if !e.revoked {
		sh.expire(e, expires)
	}
	return nil
}

func (s *Store) enter(sh *shard, tag, key string, expires time.Time) error {
	if err := s.admit(0, tagSize(tag, key)); err != nil {
		return err
	}
	sh.add(&entry{
		key:    strings.Clone(key),
		group:  sh.group(tag),
		Record: session.Record{Expires: expires},
	})
	return nil
}

// Untag removes the entries for these keys from the tag.
func (s *Store) Untag(ctx context.Context, tag string, keys ...string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memorystore: untag: %w", err)
	}
	now, sh := s.now(), s.shard(tag)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, key := range keys {
		if e := s.findTagged(sh, tag, key, now); e != nil {
			s.remove(sh, e)
		}
	}
	return nil
}

// Tagged lists the entries of the tag, in no particular order.
func (s *Store) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("memorystore: tagged: %w", err)
	}
	now, sh := s.now(), s.shard(tag)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	var entries []session.TagEntry
	for _, e := range s.live(sh, tag, now) {
		entries = append(entries, session.TagEntry{Key: e.key, Revoked: e.revoked})
	}
	return entries, nil
}

// Revoke marks the entries of the tag, except those for the keys in except, and returns the keys of
// all marked entries, in no particular order.
func (s *Store) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("memorystore: revoke: %w", err)
	}
	now, sh := s.now(), s.shard(tag)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	var keys []string
	for _, e := range s.live(sh, tag, now) {
		e.revoked = e.revoked || !slices.Contains(except, e.key)
		if e.revoked {
			keys = append(keys, e.key)
		}
	}
	return keys, nil
}

// live returns the entries of the tag that have not expired, and removes the others.
func (s *Store) live(sh *shard, tag string, now time.Time) []*entry {
	g := sh.groups[tag]
	if g == nil {
		return nil
	}
	live := make([]*entry, 0, len(g.entries))
	for _, e := range g.entries {
		if e = s.unexpired(sh, e, now); e != nil {
			live = append(live, e)
		}
	}
	return live
}

// findTagged returns the tag's live entry for key, or nil.
func (s *Store) findTagged(sh *shard, tag, key string, now time.Time) *entry {
	g := sh.groups[tag]
	if g == nil {
		return nil
	}
	return s.unexpired(sh, g.entries[key], now)
}

// group returns the group of a tag, and creates it if necessary.
func (sh *shard) group(tag string) *group {
	g := sh.groups[tag]
	if g == nil {
		g = &group{tag: strings.Clone(tag), entries: make(map[string]*entry)}
		sh.groups[g.tag] = g
	}
	return g
}

// leave removes the entry for key from the group, and removes an empty group.
func (sh *shard) leave(g *group, key string) {
	delete(g.entries, key)
	if len(g.entries) == 0 {
		delete(sh.groups, g.tag)
	}
}

// tagSize is what an entry of a tag counts against Options.MaxBytes.
func tagSize(tag, key string) int64 {
	return int64(len(tag) + len(key) + TagOverhead)
}
