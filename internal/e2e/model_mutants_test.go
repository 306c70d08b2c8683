package e2e

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// Stores that are wrong on purpose. The model test is worth what it finds in them. (A Revoke that
// marks nothing, and a Tag that removes a mark, are not among them: they do harm only in one
// particular order of ten calls, which chance does not find. They are cases of the conformance
// suite.)
var mutants = []struct {
	name  string
	wrong func(session.Tagger) session.Tagger
}{
	{"the last write wins", func(s session.Tagger) session.Tagger { return lastWriteWins{s} }},
	{"a write brings a missing record back", func(s session.Tagger) session.Tagger { return upsert{s} }},
	{"a conflict brings an old record", func(s session.Tagger) session.Tagger { return &stale{Tagger: s, before: map[string]session.Record{}} }},
	{"destroy ignores the version", func(s session.Tagger) session.Tagger { return ignoresVersion{s} }},
	{"destroy does nothing", func(s session.Tagger) session.Tagger { return destroysNothing{s} }},
	{"destroy finds what is missing", func(s session.Tagger) session.Tagger { return findsMissing{s} }},
	{"touch creates", func(s session.Tagger) session.Tagger {
		return &touchCreates{Tagger: s, last: map[string]session.Record{}}
	}},
	{"touch does nothing", func(s session.Tagger) session.Tagger { return touchesNothing{s} }},
	{"expiry is ignored", func(session.Tagger) session.Tagger {
		return memorystore.New(memorystore.Options{Now: newClock().Now})
	}},
	{"tag does nothing", func(s session.Tagger) session.Tagger { return tagsNothing{s} }},
	{"revoke forgets an entry", func(s session.Tagger) session.Tagger { return revokeForgets{s} }},
	{"revoke spares nobody", func(s session.Tagger) session.Tagger { return sparesNobody{s} }},
	{"untag removes all entries", func(s session.Tagger) session.Tagger { return untagsAll{s} }},
	{"tagged is late", func(s session.Tagger) session.Tagger {
		return &taggedLate{Tagger: s, before: map[string][]session.TagEntry{}}
	}},
}

func Test_that_the_model_finds_what_is_wrong_with_a_store(t *testing.T) {
	const most = 3000
	for _, mutant := range mutants {
		t.Run(mutant.name, func(t *testing.T) {
			t.Parallel()
			for seed := range most {
				if disagrees(seed, mutant.wrong) {
					t.Logf("found in case %d", seed+1)
					return
				}
			}
			t.Errorf("not found in %d cases", most)
		})
	}
}

// disagrees runs one case of the model test.
func disagrees(seed int, wrong func(session.Tagger) session.Tagger) bool {
	return rapid.Custom(func(t *rapid.T) (found bool) {
		defer func() {
			if t.Failed() {
				_ = recover()
				found = true
			}
		}()
		s := newTestStore(t, "memory")
		store := wrong(s.open())
		s.open = func() session.Tagger { return store }
		agrees(t, s)
		return false
	}).Example(seed)
}

type lastWriteWins struct{ session.Tagger }

func (s lastWriteWins) Write(ctx context.Context, key string, rec session.Record) error {
	err := s.Tagger.Write(ctx, key, rec)
	var met *session.ConflictError
	if errors.As(err, &met) && rec.Version > 0 {
		rec.Version = met.Current.Version
		err = s.Tagger.Write(ctx, key, rec)
	}
	return err
}

type upsert struct{ session.Tagger }

func (s upsert) Write(ctx context.Context, key string, rec session.Record) error {
	err := s.Tagger.Write(ctx, key, rec)
	if errors.Is(err, session.ErrNotFound) {
		rec.Version = 0
		err = s.Tagger.Write(ctx, key, rec)
	}
	return err
}

// stale keeps the previous version of each record, and returns it in conflicts.
type stale struct {
	session.Tagger
	mu     sync.Mutex
	before map[string]session.Record
}

func (s *stale) Write(ctx context.Context, key string, rec session.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, _ := s.Tagger.Read(ctx, key)
	err := s.Tagger.Write(ctx, key, rec)
	var met *session.ConflictError
	switch {
	case err == nil:
		s.before[key] = now
	case errors.As(err, &met) && s.before[key].Version > 0:
		old := s.before[key]
		old.Version = met.Current.Version
		return &session.ConflictError{Current: old}
	}
	return err
}

type ignoresVersion struct{ session.Tagger }

func (s ignoresVersion) Destroy(ctx context.Context, key string, version uint64) error {
	if _, err := s.Tagger.Read(ctx, key); err != nil && version > 0 {
		return err
	}
	return s.Tagger.Destroy(ctx, key, 0)
}

type destroysNothing struct{ session.Tagger }

func (destroysNothing) Destroy(context.Context, string, uint64) error { return nil }

type findsMissing struct{ session.Tagger }

func (s findsMissing) Destroy(ctx context.Context, key string, version uint64) error {
	err := s.Tagger.Destroy(ctx, key, version)
	if errors.Is(err, session.ErrNotFound) {
		return nil
	}
	return err
}

// touchCreates keeps the last record of each key.
type touchCreates struct {
	session.Tagger
	mu   sync.Mutex
	last map[string]session.Record
}

func (s *touchCreates) Write(ctx context.Context, key string, rec session.Record) error {
	err := s.Tagger.Write(ctx, key, rec)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.last[key] = rec
	}
	return err
}

func (s *touchCreates) Touch(ctx context.Context, key string, expires time.Time) error {
	err := s.Tagger.Touch(ctx, key, expires)
	if errors.Is(err, session.ErrNotFound) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.Tagger.Write(ctx, key, session.Record{Data: s.last[key].Data, Expires: expires})
	}
	return err
}

type touchesNothing struct{ session.Tagger }

func (s touchesNothing) Touch(ctx context.Context, key string, _ time.Time) error {
	_, err := s.Tagger.Read(ctx, key)
	return err
}

type tagsNothing struct{ session.Tagger }

func (tagsNothing) Tag(context.Context, string, string, time.Time) error { return nil }

type revokeForgets struct{ session.Tagger }

func (s revokeForgets) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	keys, err := s.Tagger.Revoke(ctx, tag, except...)
	return keys[:max(0, len(keys)-1)], err
}

type sparesNobody struct{ session.Tagger }

func (s sparesNobody) Revoke(ctx context.Context, tag string, _ ...string) ([]string, error) {
	return s.Tagger.Revoke(ctx, tag)
}

type untagsAll struct{ session.Tagger }

func (s untagsAll) Untag(ctx context.Context, tag string, _ ...string) error {
	entries, err := s.Tagger.Tagged(ctx, tag)
	for _, e := range entries {
		err = errors.Join(err, s.Tagger.Untag(ctx, tag, e.Key))
	}
	return err
}

// taggedLate answers as before the last change of a tag.
type taggedLate struct {
	session.Tagger
	mu     sync.Mutex
	before map[string][]session.TagEntry
}

func (s *taggedLate) note(ctx context.Context, tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before[tag], _ = s.Tagger.Tagged(ctx, tag)
}

func (s *taggedLate) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	s.note(ctx, tag)
	return s.Tagger.Tag(ctx, tag, key, expires)
}

func (s *taggedLate) Tagged(_ context.Context, tag string) ([]session.TagEntry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.before[tag], nil
}
