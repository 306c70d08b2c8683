package memorystore

import (
	"context"
	"fmt"
	"iter"
)

// Keys lists the live sessions, in no particular order. It keeps the keys of one shard at a time,
// and holds no lock while the caller handles a key.
func (s *Store) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
	shards:
		for i := range s.shards {
			for _, key := range s.keysOf(&s.shards[i]) {
				if ctx.Err() != nil {
					break shards
				}
				if !yield(key, nil) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil {
			yield("", fmt.Errorf("memorystore: list: %w", err))
		}
	}
}

func (s *Store) keysOf(sh *shard) []string {
	now := s.now()
	sh.mu.Lock()
	defer sh.mu.Unlock()
	keys := make([]string, 0, len(sh.entries))
	for key, e := range sh.entries {
		if !e.expired(now) {
			keys = append(keys, key)
		}
	}
	return keys
}
