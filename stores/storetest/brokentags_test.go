package storetest_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/echo-hypermedia/session"
)

// tagging breaks Tag.
func tagging(flaw func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error) func(*clock) session.Store {
	return breaking(func(s session.Tagger, _ *clock) broken {
		return broken{tag: func(ctx context.Context, tag, key string, expires time.Time) error {
			return flaw(ctx, s, tag, key, expires)
		}}
	})
}

// untagging breaks Untag.
func untagging(flaw func(ctx context.Context, s session.Tagger, tag string, keys []string) error) func(*clock) session.Store {
	return breaking(func(s session.Tagger, _ *clock) broken {
		return broken{untag: func(ctx context.Context, tag string, keys ...string) error {
			return flaw(ctx, s, tag, keys)
		}}
	})
}

// listing changes what Tagged returns.
func listing(change func(entries []session.TagEntry) []session.TagEntry) func(*clock) session.Store {
	return breaking(func(s session.Tagger, _ *clock) broken {
		return broken{tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
			entries, err := s.Tagged(ctx, tag)
			return change(entries), err
		}}
	})
}

// revoking breaks Revoke.
func revoking(flaw func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error)) func(*clock) session.Store {
	return breaking(func(s session.Tagger, _ *clock) broken {
		return broken{revoke: func(ctx context.Context, tag string, except ...string) ([]string, error) {
			return flaw(ctx, s, tag, except)
		}}
	})
}

// entry is what the tag knows of a key.
func entry(s session.Tagger, tag, key string) (e session.TagEntry, ok bool) {
	entries, _ := s.Tagged(context.Background(), tag)
	i := slices.IndexFunc(entries, func(e session.TagEntry) bool { return e.Key == key })
	if i < 0 {
		return e, false
	}
	return entries[i], true
}

// marks are the keys of revoked entries.
func marks(s session.Tagger, tag string) []string {
	var keys []string
	entries, _ := s.Tagged(context.Background(), tag)
	for _, e := range entries {
		if e.Revoked {
			keys = append(keys, e.Key)
		}
	}
	return keys
}

// userTag is the tag of most cases.
var userTag = fmt.Sprintf("%x", sha256.Sum256([]byte("tag user")))

var tagFlaws = []flaw{
	{"tag takes the mark off", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		if e, _ := entry(s, tag, key); e.Revoked && ctx.Err() == nil {
			_ = s.Untag(ctx, tag, key)
		}
		return s.Tag(ctx, tag, key, expires)
	}), claims{
		perhaps + "a tag at the time of a revoke takes no mark off",
		"a tag for a marked entry changes nothing",
	}},
	{"a list without entries is an error", breaking(func(s session.Tagger, _ *clock) broken {
		return broken{tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
			return orNotFound(s.Tagged(ctx, tag))
		}}
	}), claims{
		"many entries are found",
		"tag moves the expiry away",
		"tag moves the expiry closer",
		"a tag that nobody has used has no entries",
		"tags do not mix",
		"untag removes these entries and no others",
		"untagging what is missing is no error",
		"what is untagged at the time of a revoke stays away",
		"a tag for a marked entry changes nothing",
		"an entry that is added with an expiry in the past is gone at once",
		"a record and its entry have each an expiry of their own",
	}},
	{"a revoke without entries is an error", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		return orNotFound(s.Revoke(ctx, tag, except...))
	}), claims{
		"a tag that nobody has used has no entries",
		"untag removes these entries and no others",
		"the keys that are given to untag and revoke stay as they were",
		perhaps + "what is untagged at the time of a revoke stays away",
		"revoke leaves the excepted entries alone",
		"an entry that was untagged comes back without a mark",
		"an entry that is added with an expiry in the past is gone at once",
	}},
	{"tag moves the expiry of a marked entry", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		e, _ := entry(s, tag, key)
		if !e.Revoked || ctx.Err() != nil {
			return s.Tag(ctx, tag, key, expires)
		}
		before := marks(s, tag)
		_ = s.Untag(ctx, tag, key)
		_ = s.Tag(ctx, tag, key, expires)
		var others []string
		entries, _ := s.Tagged(ctx, tag)
		for _, e := range entries {
			if !slices.Contains(before, e.Key) {
				others = append(others, e.Key)
			}
		}
		_, err := s.Revoke(ctx, tag, others...)
		return err
	}), claims{
		"a tag for a marked entry changes nothing",
	}},
	{"tag for a marked entry adds one without a mark", breaking(func(s session.Tagger, _ *clock) broken {
		var added sync.Map
		return broken{
			tag: func(ctx context.Context, tag, key string, expires time.Time) error {
				if e, _ := entry(s, tag, key); e.Revoked {
					added.Store(tag+key, true)
				}
				return s.Tag(ctx, tag, key, expires)
			},
			tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
				entries, err := s.Tagged(ctx, tag)
				for _, e := range slices.Clone(entries) {
					if _, twice := added.Load(tag + e.Key); twice {
						entries = append(entries, session.TagEntry{Key: e.Key})
					}
				}
				return entries, err
			},
		}
	}), claims{
		"a tag for a marked entry changes nothing",
	}},
	{"tag for a marked entry is an error", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		if e, _ := entry(s, tag, key); e.Revoked {
			return session.ErrConflict
		}
		return s.Tag(ctx, tag, key, expires)
	}), claims{
		perhaps + "a tag at the time of a revoke takes no mark off",
		"a tag for a marked entry changes nothing",
	}},
	{"tag never moves an expiry", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		if _, ok := entry(s, tag, key); ok {
			return ctx.Err()
		}
		return s.Tag(ctx, tag, key, expires)
	}), claims{
		"tag moves the expiry away",
		"tag moves the expiry closer",
		"an entry that is added with an expiry in the past is gone at once",
	}},
	{"tag never shortens", breaking(func(s session.Tagger, _ *clock) broken {
		var until sync.Map
		return broken{tag: func(ctx context.Context, tag, key string, expires time.Time) error {
			old, _ := until.Load(tag + key)
			if _, ok := entry(s, tag, key); ok && old != nil && expires.Before(old.(time.Time)) {
				return ctx.Err()
			}
			until.Store(tag+key, expires)
			return s.Tag(ctx, tag, key, expires)
		}}
	}), claims{
		"tag moves the expiry closer",
		"an entry that is added with an expiry in the past is gone at once",
	}},
	{"tag reads an entry, and writes back what it read", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		e, ok := entry(s, tag, key)
		if ok && !e.Revoked && ctx.Err() == nil {
			yield("tag")
			_ = s.Untag(ctx, tag, key)
		}
		return s.Tag(ctx, tag, key, expires)
	}), claims{
		"a tag at the time of a revoke takes no mark off",
		perhaps + "no entry slips through a revoke unmarked",
	}},
	{"all entries go with the one that was tagged last", breaking(func(s session.Tagger, c *clock) broken {
		var ends sync.Map
		return broken{
			tag: func(ctx context.Context, tag, key string, expires time.Time) error {
				if e, _ := entry(s, tag, key); !e.Revoked {
					ends.Store(tag, expires)
				}
				return s.Tag(ctx, tag, key, expires)
			},
			tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
				entries, err := s.Tagged(ctx, tag)
				if end, ok := ends.Load(tag); ok && !c.Now().Before(end.(time.Time)) {
					entries = nil
				}
				return entries, err
			},
		}
	}), claims{
		"no entry ends with another one of the tag",
	}},
	{"a tag that has expired removes all entries", breaking(func(s session.Tagger, c *clock) broken {
		return broken{tag: func(ctx context.Context, tag, key string, expires time.Time) error {
			e, _ := entry(s, tag, key)
			err := s.Tag(ctx, tag, key, expires)
			if entries, _ := s.Tagged(ctx, tag); !e.Revoked && !c.Now().Before(expires) {
				for _, e := range entries {
					_ = s.Untag(ctx, tag, e.Key)
				}
			}
			return err
		}}
	}), claims{
		"no entry ends with another one of the tag",
	}},
	{"a tag that has expired removes the entry", breaking(func(s session.Tagger, c *clock) broken {
		return broken{tag: func(ctx context.Context, tag, key string, expires time.Time) error {
			if !c.Now().Before(expires) {
				return s.Untag(ctx, tag, key)
			}
			return s.Tag(ctx, tag, key, expires)
		}}
	}), claims{
		"a tag for a marked entry changes nothing",
	}},
	{"touch moves the entry, too", touching(func(ctx context.Context, s session.Tagger, key string, expires time.Time) error {
		if _, ok := entry(s, userTag, key); ok {
			_ = s.Untag(ctx, userTag, key)
			_ = s.Tag(ctx, userTag, key, expires)
		}
		return s.Touch(ctx, key, expires)
	}), claims{
		"a record and its entry have each an expiry of their own",
	}},
	{"entries expire half a minute early", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		return s.Tag(ctx, tag, key, expires.Add(-30*time.Second))
	}), claims{
		"an entry lives until just before its expiry",
	}},
	{"entries lose the zone of their expiry", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		expires, _ = time.Parse(time.DateTime, expires.Format(time.DateTime))
		return s.Tag(ctx, tag, key, expires)
	}), claims{
		"an entry lives until just before its expiry",
	}},
	{"a record that is created removes its entry", breaking(func(s session.Tagger, _ *clock) broken {
		var tags sync.Map
		return broken{
			tag: func(ctx context.Context, tag, key string, expires time.Time) error {
				tags.Store(key, tag)
				return s.Tag(ctx, tag, key, expires)
			},
			write: func(ctx context.Context, key string, rec session.Record) error {
				if tag, ok := tags.Load(key); ok && rec.Version == 0 {
					_ = s.Untag(ctx, tag.(string), key)
				}
				return s.Write(ctx, key, rec)
			},
		}
	}), claims{
		"an entry may be added before the record that it names",
		"an entry outlives its record",
	}},
	{"an entry with a zero time is for good", breaking(func(s session.Tagger, c *clock) broken {
		return broken{tag: func(ctx context.Context, tag, key string, expires time.Time) error {
			if expires.IsZero() {
				expires = c.Now().Add(1000 * time.Hour)
			}
			return s.Tag(ctx, tag, key, expires)
		}}
	}), claims{
		"an entry that is added with an expiry in the past is gone at once",
	}},
	{"an entry is added for as long as there are less than two", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		if entries, _ := s.Tagged(ctx, tag); len(entries) == 2 {
			return nil
		}
		return s.Tag(ctx, tag, key, expires)
	}), claims{
		"a tag at the time of a revoke takes no mark off",
		"an entry that was added is found",
		"many entries are found",
		"revoke marks all entries and returns their keys",
		"revoke leaves the excepted entries alone",
		"a tag for a marked entry changes nothing",
		"entries that are added and removed at the same time do not get lost",
		"an expired entry is not listed",
		"an expired entry is not revoked",
		"untagging an expired entry is no error",
		"tag over an expired entry adds one without a mark",
		perhaps + "no entry slips through a revoke unmarked",
	}},
	{"tags are cut", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		if tag[0] == '0' {
			return s.Tag(ctx, "1"+tag[1:], key, expires)
		}
		return s.Tag(ctx, tag, key, expires)
	}), claims{
		"tags do not mix",
	}},
	{"a tag has the place of a record", destroying(func(ctx context.Context, s session.Tagger, key string, version uint64) error {
		entries, _ := s.Tagged(ctx, key)
		for _, e := range entries {
			_ = s.Untag(ctx, key, e.Key)
		}
		return s.Destroy(ctx, key, version)
	}), claims{
		"a tag and a key that are the same do not mix",
	}},

	{"entries are listed for each tag that was put", breaking(func(s session.Tagger, _ *clock) broken {
		var lock sync.Mutex
		puts := map[string]int{}
		return broken{
			tag: func(ctx context.Context, tag, key string, expires time.Time) error {
				lock.Lock()
				defer lock.Unlock()
				if _, ok := entry(s, tag, key); !ok {
					puts[tag+key] = 0
				}
				puts[tag+key]++
				return s.Tag(ctx, tag, key, expires)
			},
			tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
				lock.Lock()
				defer lock.Unlock()
				entries, err := s.Tagged(ctx, tag)
				var listed []session.TagEntry
				for _, e := range entries {
					listed = append(listed, slices.Repeat([]session.TagEntry{e}, puts[tag+e.Key])...)
				}
				return listed, err
			},
		}
	}), claims{
		"a tag at the time of a revoke takes no mark off",
		"tag moves the expiry away",
		"an entry that was added twice is listed once",
		"a tag for a marked entry changes nothing",
	}},
	{"a list of entries is cut short by its context", breaking(func(s session.Tagger, _ *clock) broken {
		return broken{tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
			entries, err := s.Tagged(ctx, tag)
			if err == nil && len(entries) > 500 && endsSoon(ctx) {
				entries = entries[:500]
			}
			return entries, err
		}}
	}), claims{
		"a context that ends somewhere in a long list of entries leaves out none in silence",
	}},
	{"only the first page is listed", listing(func(entries []session.TagEntry) []session.TagEntry {
		return entries[:min(len(entries), 100)]
	}), claims{
		"no entry slips through a revoke unmarked",
		"many entries are found",
	}},
	{"marks are not shown", listing(func(entries []session.TagEntry) []session.TagEntry {
		for i := range entries {
			entries[i].Revoked = false
		}
		return entries
	}), claims{
		"a tag at the time of a revoke takes no mark off",
		"many entries are found",
		"tags do not mix",
		"revoke marks all entries and returns their keys",
		"revoke leaves the excepted entries alone",
		"to be excepted helps no entry that was marked before",
		"an entry that is added after a revoke is not marked",
		"a tag for a marked entry changes nothing",
		"no entry slips through a revoke unmarked",
	}},

	{"untag removes the first key", untagging(func(ctx context.Context, s session.Tagger, tag string, keys []string) error {
		return s.Untag(ctx, tag, keys[:min(len(keys), 1)]...)
	}), claims{
		"many entries are found",
		"untag removes these entries and no others",
		"untagging what is missing is no error",
		"what is untagged at the time of a revoke stays away",
	}},
	{"untag removes all entries", untagging(func(ctx context.Context, s session.Tagger, tag string, keys []string) error {
		entries, err := s.Tagged(ctx, tag)
		for _, e := range entries {
			err = errors.Join(err, s.Untag(ctx, tag, e.Key))
		}
		return err
	}), claims{
		"untag removes these entries and no others",
		"untagging what is missing is no error",
		"entries that are added and removed at the same time do not get lost",
		"untagging an expired entry is no error",
	}},
	{"untag destroys the records", untagging(func(ctx context.Context, s session.Tagger, tag string, keys []string) error {
		for _, key := range keys {
			if err := s.Destroy(ctx, key, 0); err != nil {
				return err
			}
		}
		return s.Untag(ctx, tag, keys...)
	}), claims{
		"untag does nothing to a record",
	}},
	{"untagging what is missing is an error", untagging(func(ctx context.Context, s session.Tagger, tag string, keys []string) error {
		for _, key := range keys {
			if _, ok := entry(s, tag, key); !ok {
				return session.ErrNotFound
			}
		}
		return s.Untag(ctx, tag, keys...)
	}), claims{
		"untagging what is missing is no error",
		"untagging an expired entry is no error",
	}},
	{"a mark outlives its entry", breaking(func(s session.Tagger, _ *clock) broken {
		var marked sync.Map
		return broken{
			untag: func(ctx context.Context, tag string, keys ...string) error {
				for _, key := range keys {
					if e, _ := entry(s, tag, key); e.Revoked {
						marked.Store(tag+key, true)
					}
				}
				return s.Untag(ctx, tag, keys...)
			},
			tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
				entries, err := s.Tagged(ctx, tag)
				for i, e := range entries {
					if _, ok := marked.Load(tag + e.Key); ok {
						entries[i].Revoked = true
					}
				}
				return entries, err
			},
		}
	}), claims{
		"an entry that was untagged comes back without a mark",
	}},

	{"revoke ignores what is excepted", revoking(func(ctx context.Context, s session.Tagger, tag string, _ []string) ([]string, error) {
		return s.Revoke(ctx, tag)
	}), claims{
		"revoke leaves the excepted entries alone",
		"to be excepted helps no entry that was marked before",
	}},
	{"revoke excepts ten at most", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		return s.Revoke(ctx, tag, except[:min(len(except), 10)]...)
	}), claims{
		"revoke leaves the excepted entries alone",
	}},
	{"revoke returns a page", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		keys, err := s.Revoke(ctx, tag, except...)
		return keys[:min(len(keys), 500)], err
	}), claims{
		"many entries are found",
	}},
	{"revoke sorts what is excepted", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		slices.Sort(except)
		return s.Revoke(ctx, tag, except...)
	}), claims{
		"the keys that are given to untag and revoke stay as they were",
	}},
	{"revoke excepts the first only", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		slices.Reverse(except)
		return s.Revoke(ctx, tag, except[:min(len(except), 1)]...)
	}), claims{
		"the keys that are given to untag and revoke stay as they were",
		"revoke leaves the excepted entries alone",
	}},
	{"revoke forgets those that were marked before", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		before := marks(s, tag)
		keys, err := s.Revoke(ctx, tag, except...)
		return without(keys, before), err
	}), claims{
		perhaps + "a context that ends somewhere in a long list of entries leaves out none in silence",
		"revoke leaves the excepted entries alone",
		"revoke returns those again that were marked before",
		"to be excepted helps no entry that was marked before",
	}},
	{"revoke returns nothing that is excepted", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		keys, err := s.Revoke(ctx, tag, except...)
		return without(keys, except), err
	}), claims{
		"to be excepted helps no entry that was marked before",
	}},
	{"revoke removes the entries", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		keys, err := s.Revoke(ctx, tag, except...)
		if err != nil {
			return nil, err
		}
		return keys, s.Untag(ctx, tag, keys...)
	}), claims{
		perhaps + "a context that ends somewhere in a long list of entries leaves out none in silence",
		"a tag at the time of a revoke takes no mark off",
		"many entries are found",
		"tags do not mix",
		"revoke marks all entries and returns their keys",
		"revoke leaves the excepted entries alone",
		"revoke returns those again that were marked before",
		"to be excepted helps no entry that was marked before",
		"an entry that is added after a revoke is not marked",
		"a tag for a marked entry changes nothing",
		"no entry slips through a revoke unmarked",
		"an expired entry is not revoked",
	}},
	{"revoke destroys the records", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		keys, err := s.Revoke(ctx, tag, except...)
		for _, key := range keys {
			err = errors.Join(err, s.Destroy(ctx, key, 0))
		}
		return keys, err
	}), claims{
		"a record and its entry have each an expiry of their own",
		"revoke marks all entries and returns their keys",
	}},
	{"what comes after a revoke is marked, too", breaking(func(s session.Tagger, _ *clock) broken {
		var revoked sync.Map
		return broken{
			revoke: func(ctx context.Context, tag string, except ...string) ([]string, error) {
				keys, err := s.Revoke(ctx, tag, except...)
				if len(keys) > 0 {
					revoked.Store(tag, except)
				}
				return keys, err
			},
			tag: func(ctx context.Context, tag, key string, expires time.Time) error {
				err := s.Tag(ctx, tag, key, expires)
				if except, ok := revoked.Load(tag); ok && err == nil {
					_, err = s.Revoke(ctx, tag, except.([]string)...)
				}
				return err
			},
		}
	}), claims{
		"an entry that is added after a revoke is not marked",
		"an entry that was untagged comes back without a mark",
		"tag over an expired entry adds one without a mark",
		perhaps + "no entry slips through a revoke unmarked",
	}},
	{"revoke is not atomic", breaking(func(s session.Tagger, _ *clock) broken {
		// It marks the entries that exist when it begins, half of them late.
		var unmarked sync.Map
		return broken{
			tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
				entries, err := s.Tagged(ctx, tag)
				for i, e := range entries {
					if _, ok := unmarked.Load(tag + e.Key); ok {
						entries[i].Revoked = false
					}
				}
				return entries, err
			},
			revoke: func(ctx context.Context, tag string, except ...string) ([]string, error) {
				keys, err := s.Revoke(ctx, tag, except...)
				for _, key := range keys[len(keys)/2:] {
					unmarked.Store(tag+key, true)
				}
				for range 3_000 { // until others have added some entries
					entries, _ := s.Tagged(ctx, tag)
					if len(keys) <= 10 || len(keys) > 500 || len(entries) >= len(keys)+len(except)+6 {
						break
					}
					runtime.Gosched()
				}
				for _, key := range keys[len(keys)/2:] {
					unmarked.Delete(tag + key)
				}
				return keys, err
			},
		}
	}), claims{
		"no entry slips through a revoke unmarked",
	}},

	{"a revoke brings back what is untagged meanwhile", breaking(func(s session.Tagger, c *clock) broken {
		return broken{revoke: func(ctx context.Context, tag string, except ...string) ([]string, error) {
			entries, _ := s.Tagged(ctx, tag)
			yield("revoke")
			for _, e := range entries {
				if _, ok := entry(s, tag, e.Key); !ok {
					_ = s.Tag(ctx, tag, e.Key, c.Now().Add(time.Hour))
				}
			}
			return s.Revoke(ctx, tag, except...)
		}}
	}), claims{
		"what is untagged at the time of a revoke stays away",
	}},

	{"tag is not atomic", breaking(func(s session.Tagger, c *clock) broken {
		// Each tag is written as a whole, by a caller that has read it before.
		return broken{tag: func(ctx context.Context, tag, key string, expires time.Time) error {
			before, err := s.Tagged(ctx, tag)
			if err != nil {
				return err
			}
			yield("tag")
			after, _ := s.Tagged(ctx, tag)
			for _, e := range after {
				if !slices.Contains(before, e) && !e.Revoked {
					_ = s.Untag(ctx, tag, e.Key)
				}
			}
			return s.Tag(ctx, tag, key, expires)
		}}
	}), claims{
		"many entries are found",
		"entries that are added and removed at the same time do not get lost",
		perhaps + "no entry slips through a revoke unmarked",
	}},

	{"expired entries are listed", func(c *clock) session.Store { return newLazy(c, "tagged") }, claims{
		"no entry ends with another one of the tag",
		"a record and its entry have each an expiry of their own",
		"tag moves the expiry away",
		"tag moves the expiry closer",
		"a tag for a marked entry changes nothing",
		"an expired entry is not listed",
		"an entry that is added with an expiry in the past is gone at once",
	}},
	{"expired entries are revoked", func(c *clock) session.Store { return newLazy(c, "revoke") }, claims{
		"an expired entry is not revoked",
		"an entry that is added with an expiry in the past is gone at once",
	}},
	{"expired entries are found by tag", func(c *clock) session.Store { return newLazy(c, "tag") }, claims{
		"tag over an expired entry adds one without a mark",
	}},
	{"untagging what has expired is an error", breaking(func(s session.Tagger, _ *clock) broken {
		var known sync.Map
		return broken{
			tag: func(ctx context.Context, tag, key string, expires time.Time) error {
				known.Store(tag+key, true)
				return s.Tag(ctx, tag, key, expires)
			},
			untag: func(ctx context.Context, tag string, keys ...string) error {
				for _, key := range keys {
					_, was := known.LoadAndDelete(tag + key)
					if _, is := entry(s, tag, key); was && !is {
						return session.ErrNotFound
					}
				}
				return s.Untag(ctx, tag, keys...)
			},
		}
	}), claims{
		"untagging an expired entry is no error",
	}},
	{"an entry goes with its record", breaking(func(s session.Tagger, _ *clock) broken {
		var known sync.Map
		return broken{
			write: func(ctx context.Context, key string, rec session.Record) error {
				err := s.Write(ctx, key, rec)
				if err == nil {
					known.Store(key, true)
				}
				return err
			},
			tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
				entries, err := s.Tagged(ctx, tag)
				return slices.DeleteFunc(entries, func(e session.TagEntry) bool {
					_, was := known.Load(e.Key)
					_, err := s.Read(ctx, e.Key)
					return was && errors.Is(err, session.ErrNotFound)
				}), err
			},
		}
	}), claims{
		"a record and its entry have each an expiry of their own",
		"a tag and a key that are the same do not mix",
		"an entry outlives its record",
	}},

	{"contexts are ignored by tag", tagging(func(ctx context.Context, s session.Tagger, tag, key string, expires time.Time) error {
		return s.Tag(context.WithoutCancel(ctx), tag, key, expires)
	}), claims{
		"a context that has ended ends every method of a tagger and changes nothing",
	}},
	{"contexts are ignored by untag", untagging(func(ctx context.Context, s session.Tagger, tag string, keys []string) error {
		return s.Untag(context.WithoutCancel(ctx), tag, keys...)
	}), claims{
		"a context that has ended ends every method of a tagger and changes nothing",
	}},
	{"contexts are ignored by revoke", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		return s.Revoke(context.WithoutCancel(ctx), tag, except...)
	}), claims{
		"a context that has ended ends every method of a tagger and changes nothing",
	}},
	{"errors have tags", revoking(func(ctx context.Context, s session.Tagger, tag string, except []string) ([]string, error) {
		keys, err := s.Revoke(ctx, tag, except...)
		return keys, naming(err, tag)
	}), claims{
		"no error of a tagger gives anything away",
	}},
	{"errors of tags have keys", untagging(func(ctx context.Context, s session.Tagger, tag string, keys []string) error {
		err := s.Untag(ctx, tag, keys...)
		for _, key := range keys {
			err = naming(err, key)
		}
		return err
	}), claims{
		"no error of a tagger gives anything away",
	}},
}

func without(keys, others []string) []string {
	return slices.DeleteFunc(keys, func(key string) bool { return slices.Contains(others, key) })
}

// orNotFound turns an empty list into a missing one.
func orNotFound[T any](list []T, err error) ([]T, error) {
	if err == nil && len(list) == 0 {
		err = session.ErrNotFound
	}
	return list, err
}
