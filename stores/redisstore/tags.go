package redisstore

import (
	"context"
	"fmt"
	"slices"
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
	return entries("tagged", reply)
}

// Revoke marks the entries of the tag, except those for the keys in except, and returns the keys of
// all entries that are then marked.
//
// It looks first, and then marks what it has seen, until there is nothing left to mark. It is
// tempting to mark all entries by one command. But a network may deliver that command again, after
// the user has logged in again: the new session would be marked, and ended before long.
func (s *Store) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	var unmarked []string
	for {
		reply, err := s.change(ctx, "revoke", revokeScript, s.tagKey(tag), args(unmarked)...)
		if err != nil {
			return nil, err
		}
		found, err := entries("revoke", reply)
		if err != nil {
			return nil, err
		}
		var marked []string
		unmarked = nil
		for _, e := range found {
			switch {
			case e.Revoked:
				marked = append(marked, e.Key)
			case !slices.Contains(except, e.Key):
				unmarked = append(unmarked, e.Key)
			}
		}
		if len(unmarked) == 0 {
			return marked, nil
		}
	}
}

func (s *Store) tagKey(tag string) string { return s.prefix + "t:" + tag }

func args(keys []string) []any {
	list := make([]any, len(keys))
	for i, key := range keys {
		list[i] = key
	}
	return list
}

// entries are those in an answer that must be a list of members. Any other answer must not count as
// an empty list: that would be a log-out everywhere that finds nobody.
func entries(verb string, reply any) ([]session.TagEntry, error) {
	members, ok := reply.([]any)
	var list []session.TagEntry
	for _, member := range members {
		text, isText := member.(string)
		ok = ok && isText
		key, revoked := strings.CutPrefix(text, "!")
		list = append(list, session.TagEntry{Key: key, Revoked: revoked})
	}
	if !ok {
		return nil, fmt.Errorf("redisstore: %s: %w", verb, errUnreadable)
	}
	return list, nil
}
