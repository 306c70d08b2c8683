package session

import (
	"context"
	"reflect"
	"slices"
)

// What the tests must see of the internals.

// Waiting is how many sessions are being committed now.
func (m *Manager) Waiting() int { return m.queue.Len() }

var NewQueue = newQueue

func (q *queue) Enter(ctx context.Context, key string) (leave func(), err error) {
	l, err := q.enter(ctx, key)
	return func() { q.leave(l) }, err
}

// Len is the number of lines that somebody is in.
func (q *queue) Len() (n int) {
	for i := range q.shards {
		q.shards[i].mu.Lock()
		n += len(q.shards[i].lines)
		if q.shards[i].idle != nil {
			n--
		}
		q.shards[i].mu.Unlock()
	}
	return n
}

// Lines is the number of lines, including those that everybody has left.
func (q *queue) Lines() (n int) {
	for i := range q.shards {
		q.shards[i].mu.Lock()
		n += len(q.shards[i].lines)
		q.shards[i].mu.Unlock()
	}
	return n
}

// DecodeAgain decodes data, and says whether it is the same after another round.
func DecodeAgain(data []byte) (same bool, err error) {
	st, err := decodeState(data)
	if err != nil {
		return false, err
	}
	again, err := decodeState(st.encode())
	return err == nil && st.created == again.created && st.deadline == again.deadline &&
		reflect.DeepEqual(st.unpack(), again.unpack()), nil
}

// HasRoom says whether appending to what was read from data would overwrite what follows it.
func HasRoom(data []byte) (bool, error) {
	st, err := decodeState(data)
	if err != nil {
		return false, err
	}
	return st.contains(func(e entry) bool {
		val, _ := st.get(e.kind, string(e.key))
		return cap(e.key) > len(e.key) || cap(e.val) > len(e.val) || cap(val) > len(val)
	}), nil
}

// EncodeDecode says whether a state with these parts survives encoding and decoding, and the
// encoding has no spare capacity.
func EncodeDecode(created, deadline int64, producer, seq uint64, kinds string, key, val []byte) bool {
	p := &parts{writers: []writer{{producer, seq}, {seq, producer}}, entries: []entry{}}
	for _, k := range []byte(kinds) {
		p.entries = append(p.entries, entry{kind(k), append([]byte{}, key...), append([]byte{}, val...)})
	}
	data := (&state{created: created, deadline: deadline, unpacked: p}).encode()
	st, err := decodeState(data)
	return err == nil && cap(data) == len(data) && st.created == created && st.deadline == deadline &&
		reflect.DeepEqual(slices.AppendSeq([]entry{}, st.all()), p.entries) && reflect.DeepEqual(st.unpack(), p)
}

// ReportToNobody calls everything that reports events, in the session and outside, with no hook
// set.
func (m *Manager) ReportToNobody() (report func()) {
	s := &Session{m: m}
	return func() {
		s.report(m.cfg.Hooks.Committed, "", Event{Retries: 1, Err: ErrConflict}, silent)
		m.report(s.ctx, m.cfg.Hooks.Destroyed, "", Event{Err: ErrNotFound}, silent)
		_ = m.called(s.ctx, "read", func(context.Context) error { return nil })
	}
}

// Store is the store of this manager.
func (m *Manager) Store() Store { return m.cfg.Store }
