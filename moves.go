package session

import (
	"sync"
	"time"
)

// moves remembers for a while which records this process has given a new id, and when.
//
// A commit that was on its way to such a record meets nothing there. Had the session been
// destroyed, dropping the commit would be right: it is as if it had come just before. But
// here the data lives on elsewhere, so the commit must fail aloud. It must not follow the
// session to its new id either: that would hand a planted old id a way into it.
type moves struct {
	now func() time.Time

	mu            sync.Mutex
	recent, older map[string]time.Time
	since         time.Time // when recent was begun
}

const (
	// A request that loaded the session before it moved may take this long.
	rememberMoves = time.Minute

	// A request with the old id may come this much later: it was sent before the browser
	// had the answer with the new one.
	expectStragglers = 10 * time.Second
)

func newMoves(now func() time.Time) *moves {
	return &moves{now: now, recent: map[string]time.Time{}}
}

func (m *moves) add(key string) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.since) > rememberMoves {
		m.recent, m.older, m.since = map[string]time.Time{}, m.recent, now
	}
	m.recent[key] = now
}

// has says whether the record was moved, and no longer ago than that.
func (m *moves) has(key string, ago time.Duration) bool {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	moved, ok := m.recent[key]
	if !ok {
		moved, ok = m.older[key]
	}
	return ok && now.Sub(moved) <= ago
}
