package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/echo-hypermedia/session"
)

// sharer is a store that shows and keeps data without a copy, more or less correctly. A nil method
// is correct.
type sharer struct {
	broken
	right session.Sharer
	peek  func(ctx context.Context, key string) (session.Record, error)
	keep  func(ctx context.Context, key string, rec session.Record) error
}

func (s sharer) Peek(ctx context.Context, key string) (session.Record, error) {
	if s.peek != nil {
		return s.peek(ctx, key)
	}
	return s.right.Peek(ctx, key)
}

func (s sharer) Keep(ctx context.Context, key string, rec session.Record) error {
	if s.keep != nil {
		return s.keep(ctx, key, rec)
	}
	return s.right.Keep(ctx, key, rec)
}

// uncopied breaks a Sharer.
func uncopied(flaw func(s session.Sharer) sharer) func(*clock) session.Store {
	return func(c *clock) session.Store {
		s := memory(c)
		broken := flaw(s)
		broken.Tagger, broken.right = s, s
		return broken
	}
}

// peeking breaks Peek.
func peeking(flaw func(ctx context.Context, s session.Sharer, key string) (session.Record, error)) func(*clock) session.Store {
	return uncopied(func(s session.Sharer) sharer {
		return sharer{peek: func(ctx context.Context, key string) (session.Record, error) { return flaw(ctx, s, key) }}
	})
}

// keeping breaks Keep.
func keeping(flaw func(ctx context.Context, s session.Sharer, key string, rec session.Record) error) func(*clock) session.Store {
	return uncopied(func(s session.Sharer) sharer {
		return sharer{keep: func(ctx context.Context, key string, rec session.Record) error { return flaw(ctx, s, key, rec) }}
	})
}

var shareFlaws = []flaw{
	{"a peek does not look at the version", peeking(func(ctx context.Context, s session.Sharer, key string) (session.Record, error) {
		rec, err := s.Peek(ctx, key)
		rec.Version = min(rec.Version, 1)
		return rec, err
	}), claims{
		"peek answers as read does",
		anyByShare,
	}},
	{"a peek asks nobody whether to go on", peeking(func(_ context.Context, s session.Sharer, key string) (session.Record, error) {
		return s.Peek(context.Background(), key)
	}), claims{
		"peek answers as read does",
		anyByShare,
	}},
	{"a peek remembers", uncopied(func(s session.Sharer) sharer {
		var seen sync.Map
		return sharer{peek: func(ctx context.Context, key string) (session.Record, error) {
			rec, err := s.Peek(ctx, key)
			if err != nil {
				return rec, err
			}
			first, _ := seen.LoadOrStore(fmt.Sprint(key, rec.Version), rec)
			return first.(session.Record), nil
		}}
	}), claims{
		"by peek and keep: touch moves the expiry away and changes nothing else",
		anyByShare,
	}},
	{"to keep is to look first and to act then", keeping(func(ctx context.Context, s session.Sharer, key string, rec session.Record) error {
		if old, err := s.Read(ctx, key); err == nil && rec.Version > 0 && old.Version == rec.Version {
			yield("keep")
			return force(ctx, s, key, rec)
		}
		return s.Keep(ctx, key, rec)
	}), claims{
		"by peek and keep: increments at the same time all count",
		perhaps + anyByShare,
	}},
	{"what is kept goes over what has expired", uncopied(func(s session.Sharer) sharer {
		var known sync.Map
		return sharer{keep: func(ctx context.Context, key string, rec session.Record) error {
			err := s.Keep(ctx, key, rec)
			if _, ok := known.LoadOrStore(key, err == nil); ok && rec.Version > 0 && errors.Is(err, session.ErrNotFound) {
				rec.Version = 0
				return s.Keep(ctx, key, rec)
			}
			return err
		}}
	}), claims{
		"by peek and keep: an expired record is gone for write",
		perhaps + anyByShare,
	}},
	{"a conflict of keep moves the expiry", keeping(func(ctx context.Context, s session.Sharer, key string, rec session.Record) error {
		err := s.Keep(ctx, key, rec)
		if errors.Is(err, session.ErrConflict) {
			_ = s.Touch(ctx, key, rec.Expires)
		}
		return err
	}), claims{
		"by peek and keep: a write under an old version is a conflict and changes nothing",
		perhaps + anyByShare,
	}},
	{"errors of keep have keys", keeping(func(ctx context.Context, s session.Sharer, key string, rec session.Record) error {
		return naming(s.Keep(ctx, key, rec), key)
	}), claims{
		"by peek and keep: no error of a record gives anything away",
	}},
	{"a write changes data in place", uncopied(inPlace("write")), claims{
		"what a peek has given out stays as it was",
		"the store does not change what it keeps",
	}},
	{"a keep changes data in place", uncopied(inPlace("keep")), claims{
		"what a peek has given out stays as it was",
		"the store does not change what it keeps",
	}},
	{"what is kept replaces any version", keeping(func(ctx context.Context, s session.Sharer, key string, rec session.Record) error {
		if old, err := s.Read(ctx, key); err == nil {
			rec.Version = old.Version
		}
		return s.Keep(ctx, key, rec)
	}), claims{
		"keep creates and replaces as write does",
		anyByShare,
	}},
}

// inPlace has one slice for each key, which peek returns, and which one of the methods overwrites.
// It does not overwrite numbers: the storms use them, and the race detector would fail the test.
func inPlace(by string) func(s session.Sharer) sharer {
	return func(s session.Sharer) sharer {
		var mu sync.Mutex
		room := map[string][]byte{}
		put := func(ctx context.Context, way, key string, rec session.Record, fresh []byte) error {
			mu.Lock()
			defer mu.Unlock()
			err := s.Write(ctx, key, rec)
			switch {
			case err != nil:
			case way == by && len(room[key]) == len(rec.Data) && !isNumber(rec.Data):
				copy(room[key], rec.Data)
			default:
				room[key] = fresh
			}
			return err
		}
		return sharer{
			broken: broken{write: func(ctx context.Context, key string, rec session.Record) error {
				return put(ctx, "write", key, rec, bytes.Clone(rec.Data))
			}},
			keep: func(ctx context.Context, key string, rec session.Record) error {
				return put(ctx, "keep", key, rec, rec.Data)
			},
			peek: func(ctx context.Context, key string) (session.Record, error) {
				mu.Lock()
				defer mu.Unlock()
				rec, err := s.Peek(ctx, key)
				rec.Data = room[key]
				return rec, err
			},
		}
	}
}

func isNumber(data []byte) bool {
	_, err := strconv.Atoi(string(data))
	return err == nil
}
