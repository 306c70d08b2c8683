package filestore

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/echo-hypermedia/session"
)

// The index of a tag is a file like that of a session. Its data are the entries, one after the
// other, and it expires with the last of them.

// entry is what the index knows of one key.
type entry struct {
	key     [32]byte
	expires time.Time
	mark    byte
}

// The marks of an entry.
const (
	live    = 0
	revoked = 1

	// lost marks an entry without a key. It says that damage has destroyed other entries, and that
	// they have all expired when this one expires.
	lost = 2
)

const entrySize = 32 + 8 + 1

// keepLost is how long entries that were lost from an index are assumed to last. A damaged index
// cannot tell, and new entries cannot either: the entry of a session that regenerates may expire
// before one that was lost.
const keepLost = 30 * 24 * time.Hour

var errLost = fmt.Errorf("%w: the index of the tag was damaged, so it does not know all sessions. It does again after 30 days; until then, Manager.All finds them, by Info.Users", session.ErrUnavailable)

// Tag adds an entry for key to the index of tag, or moves the expiry of the existing one.
//
// If the index is damaged, Tag begins a new one, since a user must be able to log in. The new index
// notes for 30 days that entries are missing.
func (s *Store) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	err := s.changeIndex(ctx, tag, []string{key}, func(f opened, keys [][32]byte) error {
		entries, err := s.entries(ctx, f)
		if isDamage(err) {
			entries, err = []entry{{mark: lost, expires: s.now().Add(keepLost)}}, nil
		}
		if err != nil {
			return err
		}
		i := slices.IndexFunc(entries, func(e entry) bool { return e.mark != lost && e.key == keys[0] })
		switch {
		case i < 0:
			entries = append(entries, entry{key: keys[0], expires: expires})
		case entries[i].mark == revoked:
			return s.settle(f)
		default:
			entries[i].expires = expires
		}
		return s.putEntries(f, entries)
	})
	return s.answer("tag", err)
}

// Untag removes the entries for keys from the index of tag. A damaged index counts as empty.
func (s *Store) Untag(ctx context.Context, tag string, keys ...string) error {
	err := s.changeIndex(ctx, tag, keys, func(f opened, keys [][32]byte) error {
		entries, err := s.entries(ctx, f)
		if isDamage(err) {
			return nil
		}
		if err != nil {
			return err
		}
		before := len(entries)
		entries = slices.DeleteFunc(entries, func(e entry) bool {
			return e.mark != lost && slices.Contains(keys, e.key)
		})
		if len(entries) == before {
			return s.settle(f)
		}
		return s.putEntries(f, entries)
	})
	return s.answer("untag", err)
}

// Tagged lists the entries in the index of tag. A damaged index is
// [session.ErrUnavailable] until [Store.Tag] has begun a new one.
func (s *Store) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	var list []session.TagEntry
	err := s.look(ctx, s.tags, tag, func(f opened) error {
		entries, err := s.entries(ctx, f)
		if isDamage(err) {
			return errLost
		}
		for _, e := range entries {
			if e.mark != lost {
				list = append(list, session.TagEntry{Key: hex.EncodeToString(e.key[:]), Revoked: e.mark == revoked})
			}
		}
		return err
	})
	return list, s.answer("list tagged", err)
}

// Revoke marks all entries in the index of tag as revoked, except those for the keys in except, and
// returns the keys of all marked entries. If the index was damaged, and lost entries may still
// belong to live sessions, it changes nothing and returns [session.ErrUnavailable]: nobody must be
// told that all of their sessions have ended if some may not have.
func (s *Store) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	var marked []string
	err := s.changeIndex(ctx, tag, except, func(f opened, except [][32]byte) error {
		entries, err := s.entries(ctx, f)
		if isDamage(err) || slices.ContainsFunc(entries, func(e entry) bool { return e.mark == lost }) {
			return errLost
		}
		if err != nil {
			return err
		}
		changed := false
		for i := range entries {
			e := &entries[i]
			if e.mark == live && !slices.Contains(except, e.key) {
				e.mark, changed = revoked, true
			}
			if e.mark == revoked {
				marked = append(marked, hex.EncodeToString(e.key[:]))
			}
		}
		if !changed {
			return s.settle(f)
		}
		return s.putEntries(f, entries)
	})
	if err != nil {
		return nil, s.answer("revoke", err)
	}
	return marked, nil
}

// changeIndex is change for the index of a tag. It passes fn the decoded keys.
func (s *Store) changeIndex(ctx context.Context, tag string, keys []string, fn func(f opened, keys [][32]byte) error) error {
	parsed := make([][32]byte, len(keys))
	for i, key := range keys {
		if !isName(key) {
			return errName
		}
		_, _ = hex.Decode(parsed[i][:], []byte(key)) // isName has looked
	}
	return s.change(ctx, s.tags, tag, func(f opened) error { return fn(f, parsed) })
}

// entries returns the entries of an index that have not expired. A missing index has none; a
// damaged one is logged.
func (s *Store) entries(ctx context.Context, f opened) ([]entry, error) {
	rec, err := s.read(ctx, f)
	if errors.Is(err, session.ErrNotFound) {
		return nil, nil
	}
	if err == nil && len(rec.Data)%entrySize != 0 {
		err = &damageError{"not an index"}
	}
	if err != nil {
		s.reportDamage(ctx, f.folder, err)
		return nil, err
	}
	var entries []entry
	for b := range slices.Chunk(rec.Data, entrySize) {
		entries = append(entries, entry{
			key:     [32]byte(b),
			expires: time.UnixMilli(int64(binary.BigEndian.Uint64(b[32:]))),
			mark:    b[40],
		})
	}
	now := s.now()
	return slices.DeleteFunc(entries, func(e entry) bool { return !now.Before(e.expires) }), nil
}

// putEntries replaces an index. It removes an index that would be empty.
func (s *Store) putEntries(f opened, entries []entry) error {
	if len(entries) == 0 {
		return s.remove(f.file)
	}
	var data []byte
	var expires time.Time
	for _, e := range entries {
		data = append(data, e.key[:]...)
		data = binary.BigEndian.AppendUint64(data, uint64(e.expires.UnixMilli()))
		data = append(data, e.mark)
		if e.expires.After(expires) {
			expires = e.expires
		}
	}
	return s.put(f, session.Record{Data: data, Expires: expires})
}
