package redisstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/echo-hypermedia/session"
)

// Tag adds an entry for key to the tag or moves the expiry of the existing one. A revoked entry
// stays as it is.
func (s *Store) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	_, err := s.change(ctx, "tag", tagScript, s.tagKey(tag), key, s.life(expires))
	return err
}

// Untag removes the entries for these keys from the tag.
func (s *Store) Untag(ctx context.Context, tag string, keys ...string) error {
	_, err := s.run(ctx, "untag", untagScript, s.tagKey(tag), args(keys)...)
	return err
}

// Tagged lists the entries of the tag, ordered by expiry.
func (s *Store) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	reply, err := s.run(ctx, "tagged", taggedScript, s.tagKey(tag))
	if err != nil {
		return nil, err
	}
	members, err := texts("tagged", reply)
	if err != nil {
		return nil, err
	}
	var entries []session.TagEntry
	for _, member := range members {
		key, revoked := strings.CutPrefix(member, "!")
		entries = append(entries, session.TagEntry{Key: key, Revoked: revoked})
	}
	return entries, nil
}

// Revoke marks the entries of the tag, except those for the keys in except, and returns the keys of
// all entries that are then marked.
func (s *Store) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	reply, err := s.change(ctx, "revoke", revokeScript, s.tagKey(tag), args(except)...)
	if err != nil {
		return nil, err
	}
	return texts("revoke", reply)
}

func (s *Store) tagKey(tag string) string { return s.prefix + "t:" + tag }

func args(keys []string) []any {
	list := make([]any, len(keys))
	for i, key := range keys {
		list[i] = key
	}
	return list
}

// texts is an answer that must be a list. Any other answer must not count as an empty list: that
// would be a log-out everywhere that finds nobody.
func texts(verb string, reply any) ([]string, error) {
	items, ok := reply.([]any)
	list := make([]string, len(items))
	for i, item := range items {
		var isText bool
		list[i], isText = item.(string)
		ok = ok && isText
	}
	if !ok {
		return nil, fmt.Errorf("redisstore: %s: %w", verb, errUnreadable)
	}
	return list, nil
}
