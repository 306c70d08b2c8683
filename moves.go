package session

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// A record that was given a new id leaves a note for a while, before it goes.
//
// A commit that was on its way to such a record finds nothing there. If the session had been
// destroyed, dropping the commit would be right: it is as if it had come just before. But here the
// data lives on elsewhere, so the commit must fail aloud. Nor may it follow the session to its new
// id: that would give a planted old id a way into the session.
//
// The notes are entries of the index, if there is one, so that all processes see them.

const (
	// A request that loaded the session before it moved may take this long.
	rememberMoves = time.Minute

	// A request with the old id may come this much later: it was sent before the browser
	// had the answer with the new one.
	expectStragglers = 10 * time.Second
)

// noteMove notes that the record under the key old is about to go, because its session has a new
// id. The returned function takes the note back; call it after an error too, since the note may be
// there.
func (m *Manager) noteMove(ctx context.Context, old string, seq uint64) (takeBack func(context.Context), err error) {
	now := m.now()
	if m.tagger == nil {
		m.moved.add(old, now)
		return func(context.Context) { m.moved.forget(old) }, nil
	}
	tag, note := moveTag(old), moveNote(now, m.producer, seq)
	if err = m.tagger.Tag(ctx, tag, note, now.Add(rememberMoves)); err != nil {
		err = unavailable("note the move", err)
	}
	return func(ctx context.Context) { _ = m.tagger.Untag(ctx, tag, note) }, err
}

// whetherMoved returns ErrMoved if the record that was under key was given a new id, no longer ago
// than ago.
func (m *Manager) whetherMoved(ctx context.Context, key string, ago time.Duration) error {
	since := m.now().Add(-ago)
	if m.tagger == nil {
		if m.moved.since(key, since) {
			return ErrMoved
		}
		return nil
	}
	notes, err := m.tagger.Tagged(ctx, moveTag(key))
	if err != nil {
		return unavailable("ask whether the session has moved", err)
	}
	for _, n := range notes {
		if !movedAt(n.Key).Before(since) {
			return ErrMoved
		}
	}
	return nil
}

func moveTag(key string) string { return hexSum("session moved " + key) }

// moveNote has the form of a key, and contains the time when it was written. The rest tells it from
// the note of another request that moves the same session at the same moment: one of the two will
// fail, and take its own note back.
func moveNote(now time.Time, producer, seq uint64) string {
	return fmt.Sprintf("%016x%016x%032x", now.UnixMilli(), producer, seq)
}

func movedAt(note string) time.Time {
	ms, err := strconv.ParseInt(note[:min(len(note), 16)], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// moves keeps the notes of this process, for a store that has no index.
type moves struct {
	mu            sync.Mutex
	recent, older map[string]time.Time
	began         time.Time // when recent was begun
}

func (m *moves) add(key string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.recent == nil || now.Sub(m.began) > rememberMoves {
		m.recent, m.older, m.began = map[string]time.Time{}, m.recent, now
	}
	m.recent[key] = now
}

func (m *moves) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.recent, key)
	delete(m.older, key)
}

func (m *moves) since(key string, t time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	moved, ok := m.recent[key]
	if !ok {
		moved, ok = m.older[key]
	}
	return ok && !moved.Before(t)
}
