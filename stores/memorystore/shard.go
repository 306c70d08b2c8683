package memorystore

import (
	"container/heap"
	"sync"
	"time"

	"github.com/echo-hypermedia/session"
)

// shard is one part of a store. Calls for different shards do not wait for each other. The caller
// of a method holds mu.
type shard struct {
	mu      sync.Mutex
	entries map[string]*entry // sessions by key
	groups  map[string]*group // tags by name
	queue   queue             // of both
	_       [64]byte          // keeps neighbours off our cache line
}

// entry is a session in a shard, or an entry of a tag. Each is once in a map, and once in the
// queue.
type entry struct {
	session.Record // of an entry of a tag, only Expires is used
	key            string
	group          *group    // of an entry of a tag; nil for a session
	revoked        bool      // only an entry of a tag can be
	due            time.Time // when the queue looks at the entry: never after Record.Expires
	index          int       // its index in the queue
}

// size is what e counts against Options.MaxBytes.
func (e *entry) size() int64 {
	if e.group != nil {
		return tagSize(e.group.tag, e.key)
	}
	return size(e.key, e.Data)
}

func (e *entry) expired(now time.Time) bool {
	return !now.Before(e.Expires)
}

func (sh *shard) add(e *entry) {
	e.due = e.Expires
	if e.group != nil {
		e.group.entries[e.key] = e
	} else {
		sh.entries[e.key] = e
	}
	heap.Push(&sh.queue, e)
}

func (sh *shard) remove(e *entry) {
	if e.group != nil {
		sh.leave(e.group, e.key)
	} else {
		delete(sh.entries, e.key)
	}
	heap.Remove(&sh.queue, e.index)
}

// expire sets the expiry of e. If that moves to a later time, as with nearly every request, the
// queue stays as it is: when the entry comes due, sweep sees the new expiry.
func (sh *shard) expire(e *entry, at time.Time) {
	e.Expires = at
	if at.Before(e.due) {
		sh.requeue(e)
	}
}

func (sh *shard) requeue(e *entry) {
	e.due = e.Expires
	heap.Fix(&sh.queue, e.index)
}

// due returns the next entry to look at, or nil if none is due yet.
func (sh *shard) due(now time.Time) *entry {
	if len(sh.queue) == 0 || now.Before(sh.queue[0].due) {
		return nil
	}
	return sh.queue[0]
}

// queue is a heap of entries, with the one that is due first at the top. See container/heap.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *queue) Push(x any) {
	e := x.(*entry)
	e.index = len(*q)
	*q = append(*q, e)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return e
}
