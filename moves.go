package session

import (
	"sync"
	"time"
)

// moves remembers, for a minute, which records this process has given a new id. A commit
// that was on its way to such a record meets nothing there. Had the session been
// destroyed, dropping the commit would be right: it is as if it had come just before. But
// here the data lives on elsewhere, so the commit must fail aloud. It must not follow the
// session to its new id either: that would hand a planted old id a way into it.
type moves struct {
	now func() time.Time

	mu            sync.Mutex
	recent, older map[string]struct{}
	since         time.Time // when recent was begun
}

const rememberMoves = time.Minute

func newMoves(now func() time.Time) *moves {
	return &moves{now: now, recent: map[string]struct{}{}}
}

func (m *moves) add(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.now(); now.Sub(m.since) > rememberMoves {
		m.recent, m.older, m.since = map[string]struct{}{}, m.recent, now
	}
	m.recent[key] = struct{}{}
}

func (m *moves) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, recent := m.recent[key]
	_, older := m.older[key]
	return recent || older
}
