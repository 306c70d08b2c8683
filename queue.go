package session

import (
	"context"
	"hash/maphash"
	"sync"
)

// queue makes the commits of this process to one session happen one after the other, each on the
// result of the previous one. Without it they would still be correct, but a busy session
// would spend its time in conflicts: 64 parallel requests need 14 round trips each instead of 2.
type queue struct {
	seed   maphash.Seed
	shards [64]shard
}

type shard struct {
	mu    sync.Mutex
	lines map[string]*line
	idle  *line // the line that became empty last; no other line is empty
}

// line is the queue of commits to one session: the one at its head, and those that wait. It exists
// as long as there are any, and a while longer for the record that it holds.
type line struct {
	key     string
	waiting int
	turn    chan struct{} // made by the first that waits; holds at most one token

	// The record as the last one left it, and when, by Manager.seq. Only the head of the line
	// touches them.
	newest Record
	stored uint64
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

// enter waits until key is the caller's alone, or ctx ends. A caller that has entered must leave.
func (q *queue) enter(ctx context.Context, key string) (*line, error) {
	sh := q.shard(key)
	sh.mu.Lock()
	l := sh.lines[key]
	if l == nil || l == sh.idle {
		l = sh.begin(key)
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
			<-l.turn // our turn has just come, and nobody else waits for it
			sh.rest(l)
		}
		return nil, ctx.Err()
	}
}

// leave makes room for the next in line.
func (q *queue) leave(l *line) {
	sh := q.shard(l.key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if l.waiting > 0 {
		l.turn <- struct{}{}
		return
	}
	sh.rest(l)
}

// begin returns an empty line for key. A new line takes the place of the idle one.
func (sh *shard) begin(key string) *line {
	l := sh.idle
	sh.idle = nil
	switch {
	case l == nil:
		l = new(line)
	case l.key == key:
		return l
	default:
		delete(sh.lines, l.key)
	}
	*l = line{key: key}
	sh.lines[key] = l
	return l
}

// maxIdle is the size of the record that an idle line may keep, so that all of them keep at most 4
// MB. If a record is larger, the next commit asks the store.
const maxIdle = 64 << 10

// rest is for a line that has become empty. Each shard keeps one such line, so that they take
// little space.
func (sh *shard) rest(l *line) {
	if len(l.newest.Data) > maxIdle {
		l.newest = Record{}
	}
	if sh.idle != nil {
		delete(sh.lines, sh.idle.key)
	}
	sh.idle = l
}
