package redisstore

import (
	"context"
	"iter"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// scanCount is how many keys one SCAN looks at, which takes the server a fraction of a millisecond.
const scanCount = 500

// Keys lists the sessions. It scans every key of the server, including those of other applications,
// a few hundred at a time; in a Cluster it scans all masters, one after the other.
//
// Sessions whose slot moves to another master meanwhile may be missing. Sessions that ended in the
// last five minutes may be listed, and while the server rearranges its keys, some sessions may be
// listed twice.
func (s *Store) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		masters, err := s.masters(ctx)
		if err != nil {
			yield("", err)
			return
		}
		for _, master := range masters {
			if !s.keysOn(ctx, master, yield) {
				return
			}
		}
	}
}

// masters are the servers that together hold all keys.
func (s *Store) masters(ctx context.Context) ([]redis.Cmdable, error) {
	cluster, ok := s.client.(interface { // not just *redis.ClusterClient: a type that wraps one has many masters, too
		ForEachMaster(context.Context, func(context.Context, *redis.Client) error) error
	})
	if !ok {
		return []redis.Cmdable{s.client}, nil
	}
	var mu sync.Mutex
	var masters []redis.Cmdable
	_, err := s.ask(ctx, "list", func() (any, error) {
		return nil, cluster.ForEachMaster(ctx, func(_ context.Context, master *redis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			masters = append(masters, master)
			return nil
		})
	})
	return masters, err
}

// keysOn lists the sessions on one server, and says whether to go on with the next server.
func (s *Store) keysOn(ctx context.Context, master redis.Cmdable, yield func(string, error) bool) bool {
	prefix := s.sessionKey("")
	var cursor uint64
	for {
		var keys []string
		_, err := s.ask(ctx, "list", func() (_ any, err error) {
			keys, cursor, err = master.Scan(ctx, cursor, globs.Replace(prefix)+"*", scanCount).Result()
			return nil, err
		})
		if err != nil {
			yield("", err)
			return false
		}
		for _, key := range keys {
			if err := ctx.Err(); err != nil {
				yield("", s.explain(ctx, "list", err))
				return false
			}
			key = strings.TrimPrefix(key, prefix)
			if isKey(key) && !yield(key, nil) {
				return false
			}
		}
		if cursor == 0 {
			return true
		}
	}
}

// isKey says whether name, which comes after our prefix, is the key of a session. Keys of another
// application with the prefix "a:s:" begin like ours with the prefix "a:".
func isKey(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

// globs escapes a prefix for use in a pattern.
var globs = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
