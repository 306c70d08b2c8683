package session

import (
	"context"
	"hash/maphash"
	"sync"
)

// queue lets the commits of this process at one session happen one after the other.
// Without it they would still be correct, but a busy session would spend its time in
// conflicts: 64 parallel requests need 14 round trips each instead of 2.
type queue struct {
	seed   maphash.Seed
	shards [64]shard
}

type shard struct {
	mu    sync.Mutex
	lines map[string]*line
	spare *line // one that ended, for the next
}

// line is who commits at one session: the one at its head, and those who wait.
// It exists only as long as there is somebody.
type line struct {
	waiting int
	turn    chan struct{} // made by the first who waits; holds at most one token

	// newest is the record as the one before left it, so that the next need not ask the
	// store. Only the head of the line touches it.
	newest Record
}

func newQueue() *queue {
	q := &queue{seed: maphash.MakeSeed()}
	for i := range q.shards {
		q.shards[i].lines = make(map[string]*line)
	}
	return q
}

func (q *queue) shard(key string) *shard {
	return &q.shards[maphash.String(q.seed, key)%uint64(len(q.shards))]
}

// enter waits until key is the caller's alone, or ctx ends. Whoever entered must leave.
func (q *queue) enter(ctx context.Context, key string) (*line, error) {
	sh := q.shard(key)
	sh.mu.Lock()
	l, busy := sh.lines[key]
	if !busy {
		if l = sh.spare; l == nil {
			l = new(line)
		}
		sh.lines[key], sh.spare = l, nil
		sh.mu.Unlock()
		return l, nil
	}
	if l.turn == nil {
		l.turn = make(chan struct{}, 1)
	}
	l.waiting++
	sh.mu.Unlock()

	select {
	case <-l.turn:
		sh.mu.Lock()
		l.waiting--
		sh.mu.Unlock()
		return l, nil
	case <-ctx.Done():
		sh.mu.Lock()
		defer sh.mu.Unlock()
		l.waiting--
		if l.waiting == 0 && len(l.turn) > 0 {
			delete(sh.lines, key) // it was our turn just now, and nobody else's
		}
		return nil, ctx.Err()
	}
}

// leave makes room for the next in line.
func (q *queue) leave(key string, l *line) {
	sh := q.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if l.waiting > 0 {
		l.turn <- struct{}{}
		return
	}
	delete(sh.lines, key)
	*l = line{}
	sh.spare = l
}
