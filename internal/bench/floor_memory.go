package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// memory holds records that never change: a write replaces the whole record, so a reader needs no
// lock while it reads.
type memory struct {
	mu       sync.RWMutex
	sessions map[string]*memorySession
}

type memorySession struct {
	record  atomic.Pointer[record]
	expires int64
}

func floorMemory(*backend) (transports, error) {
	return onFloor(blobs{&memory{sessions: map[string]*memorySession{}}}), nil
}

func (m *memory) session(cookie string) *memorySession {
	m.mu.RLock()
	s := m.sessions[cookie]
	m.mu.RUnlock()
	if s == nil || s.expires < time.Now().Unix() {
		return nil
	}
	return s
}

func (m *memory) load(cookie string, _ []byte) (record, error) {
	s := m.session(cookie)
	if s == nil {
		return nil, nil
	}
	return *s.record.Load(), nil
}

func (m *memory) save(cookie string, r record) (string, error) {
	if s := m.session(cookie); s != nil {
		s.record.Store(&r)
		return "", nil
	}
	id := newID()
	m.insert(id, r)
	return id, nil
}

func (m *memory) insert(key string, r record) {
	s := &memorySession{expires: time.Now().Unix() + maxAge}
	s.record.Store(&r)
	m.mu.Lock()
	m.sessions[key] = s
	m.mu.Unlock()
}
