package storetest_test

import (
	"bytes"
	"context"
	"sync"

	"github.com/echo-hypermedia/session"
)

// peeker is a store that shows its records, more or less.
type peeker struct {
	broken
	peek func(ctx context.Context, key string) (session.Record, error)
}

func (p peeker) Peek(ctx context.Context, key string) (session.Record, error) {
	return p.peek(ctx, key)
}

// peeking breaks Peek.
func peeking(flaw func(s session.Peeker) peeker) func(*clock) session.Store {
	return func(c *clock) session.Store {
		s := memory(c)
		p := flaw(s)
		p.Tagger = s
		return p
	}
}

var peekFlaws = []flaw{
	{"a peek does not look at the version", peeking(func(s session.Peeker) peeker {
		return peeker{peek: func(ctx context.Context, key string) (session.Record, error) {
			rec, err := s.Peek(ctx, key)
			rec.Version = min(rec.Version, 1)
			return rec, err
		}}
	}), claims{
		"peek answers as read does",
	}},
	{"a peek asks nobody whether to go on", peeking(func(s session.Peeker) peeker {
		return peeker{peek: func(_ context.Context, key string) (session.Record, error) {
			return s.Peek(context.Background(), key)
		}}
	}), claims{
		"peek answers as read does",
	}},
	{"a write changes data in place", peeking(inPlace), claims{
		"what a peek has given out stays as it was",
	}},
}

// inPlace shows what it has of a key, and writes over that.
func inPlace(s session.Peeker) peeker {
	var mu sync.Mutex
	shown := map[string]*bytes.Buffer{}
	return peeker{
		broken: broken{write: func(ctx context.Context, key string, rec session.Record) error {
			mu.Lock()
			defer mu.Unlock()
			err := s.Write(ctx, key, rec)
			if b := shown[key]; b != nil && err == nil {
				b.Reset()
				b.Write(rec.Data)
			}
			return err
		}},
		peek: func(ctx context.Context, key string) (session.Record, error) {
			mu.Lock()
			defer mu.Unlock()
			rec, err := s.Peek(ctx, key)
			if err != nil {
				return rec, err
			}
			if shown[key] == nil {
				shown[key] = bytes.NewBuffer(bytes.Clone(rec.Data))
			}
			rec.Data = shown[key].Bytes()
			return rec, nil
		},
	}
}
