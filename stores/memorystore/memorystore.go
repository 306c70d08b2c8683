// Package memorystore keeps sessions in the memory of the process.
//
//	e.Use(session.Middleware(session.Config{
//		Store: memorystore.New(memorystore.Options{}),
//	}))
//
// It is the fastest store and needs no set-up. It suits development, tests, and an
// application that runs as one process and may forget its visitors.
//
// It keeps all of the [session.Tagger] contract within one process, so it can find and end all
// sessions of a user, and it limits what it holds. A full store refuses new sessions, and never
// removes a live one to make room, so a flood of visitors logs nobody out.
//
// Sessions are gone when the process ends, whether by a deployment or a crash, and other processes
// do not share them. If that matters, use another store.
//
// There is no goroutine and nothing to close. Every write removes a few expired sessions and
// entries of tags, and a full store removes all expired ones.
package memorystore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"

	"github.com/echo-hypermedia/session"
)

var (
	_ session.Tagger = (*Store)(nil)
	_ session.Lister = (*Store)(nil)
	_ session.Sharer = (*Store)(nil)
)

// Overhead is the number of bytes that a session counts against [Options.MaxBytes] in addition to
// its key and its data: what the map, the queue and the allocator need to keep it, rounded up.
const Overhead = 256

// Options configures a [Store]. The zero value is ready for use.
type Options struct {
	// MaxSessions is how many sessions the store holds. Zero or less means 100,000.
	MaxSessions int

	// MaxBytes is how many bytes the store may take up: for each session the lengths of its key and
	// its data, and [Overhead]; for each entry of a tag the lengths of the tag and the key, and
	// [TagOverhead]. Zero or less means 256 MiB.
	MaxBytes int64

	// Now tells the time, for tests. Nil means time.Now. It may be called by many
	// goroutines at once.
	Now func() time.Time
}

// Store is a [session.Tagger], [session.Lister] and [session.Sharer] in memory, made by [New]. It is
// safe for concurrent use.
type Store struct {
	seed        maphash.Seed
	now         func() time.Time
	maxSessions int64
	maxBytes    int64

	// The counters change with every new session. They have their own cache line, away from the
	// fields that every call reads.
	_        [64]byte
	sessions atomic.Int64
	bytes    atomic.Int64
	_        [64]byte

	shards [64]shard
}

// New returns an empty store.
func New(opts Options) *Store {
	s := &Store{
		seed:        maphash.MakeSeed(),
		now:         opts.Now,
		maxSessions: int64(opts.MaxSessions),
		maxBytes:    opts.MaxBytes,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.maxSessions <= 0 {
		s.maxSessions = 100_000
	}
	if s.maxBytes <= 0 {
		s.maxBytes = 256 << 20
	}
	for i := range s.shards {
		s.shards[i].entries = make(map[string]*entry)
		s.shards[i].groups = make(map[string]*group)
	}
	return s
}

// Format prints memorystore.Store(…) with the number of sessions, expired ones included, whatever the
// verb. Otherwise fmt would print keys and data, and read them while others change them.
func (s *Store) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "memorystore.Store(%d sessions)", s.sessions.Load())
}

var (
	errNotFound = fmt.Errorf("memorystore: %w", session.ErrNotFound)
	errTooLarge = fmt.Errorf("memorystore: %w: the session alone is over Options.MaxBytes; raise it or keep less", session.ErrTooLarge)

	errFull         = fmt.Errorf("%w: the memory store is full", session.ErrUnavailable)
	errFullSessions = fmt.Errorf("memorystore: %w; raise Options.MaxSessions", errFull)
	errFullBytes    = fmt.Errorf("memorystore: %w; raise Options.MaxBytes", errFull)
)

// Read returns the record under key, or [session.ErrNotFound].
func (s *Store) Read(ctx context.Context, key string) (session.Record, error) {
	rec, err := s.Peek(ctx, key)
	rec.Data = bytes.Clone(rec.Data)
	return rec, err
}

// Peek is [Store.Read] without the copy: the caller must not change the data.
func (s *Store) Peek(ctx context.Context, key string) (session.Record, error) {
	if err := ctx.Err(); err != nil {
		return session.Record{}, fmt.Errorf("memorystore: read: %w", err)
	}
	now, sh := s.now(), s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e := s.find(sh, key, now)
	if e == nil {
		return session.Record{}, errNotFound
	}
	return e.Record, nil
}

// Write creates the record under key or replaces version rec.Version.
//
// A conflict is a [*session.ConflictError] with the current record. If the store is full even after
// removing everything that has expired, the error is [session.ErrUnavailable] and names the option
// to raise; a session that is larger than the whole store is [session.ErrTooLarge]. Either way
// nothing changes.
func (s *Store) Write(ctx context.Context, key string, rec session.Record) error {
	rec.Data = bytes.Clone(rec.Data)
	return s.Keep(ctx, key, rec)
}

// Keep is [Store.Write] without a copy: the caller must not change the data afterwards.
func (s *Store) Keep(ctx context.Context, key string, rec session.Record) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memorystore: write: %w", err)
	}
	if size(key, rec.Data) > s.maxBytes {
		return errTooLarge
	}
	rec.Expires = wall(rec.Expires)
	return s.orSweep(func() error { return s.write(key, rec) })
}

func (s *Store) write(key string, rec session.Record) error {
	now, sh := s.now(), s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.sweep(sh, now, sweepSome)
	e := s.find(sh, key, now)
	if e == nil && rec.Version != 0 {
		return errNotFound
	}
	if e == nil {
		return s.create(sh, key, rec)
	}
	if e.Version != rec.Version {
		return conflict(e)
	}
	return s.replace(sh, e, rec)
}

func (s *Store) create(sh *shard, key string, rec session.Record) error {
	// If key is part of a longer string, keeping it would keep all of that string in memory.
	e := &entry{key: strings.Clone(key), Record: rec}
	if err := s.admit(1, size(key, rec.Data)); err != nil {
		return err
	}
	e.Version = 1
	sh.add(e)
	return nil
}

func (s *Store) replace(sh *shard, e *entry, rec session.Record) error {
	if err := s.admit(0, int64(len(rec.Data)-len(e.Data))); err != nil {
		return err
	}
	e.Data = rec.Data
	e.Version++
	sh.expire(e, rec.Expires)
	return nil
}

// Destroy removes the record under key: any version of it if version is 0, and only
// that version otherwise. A conflict is a [*session.ConflictError] with the current
// record.
func (s *Store) Destroy(ctx context.Context, key string, version uint64) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memorystore: destroy: %w", err)
	}
	now, sh := s.now(), s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e := s.find(sh, key, now)
	if e == nil && version == 0 {
		return nil
	}
	if e == nil {
		return errNotFound
	}
	if version != 0 && version != e.Version {
		return conflict(e)
	}
	s.remove(sh, e)
	return nil
}

// Touch moves the expiry of the record under key, or returns [session.ErrNotFound].
func (s *Store) Touch(ctx context.Context, key string, expires time.Time) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memorystore: touch: %w", err)
	}
	now, sh := s.now(), s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.sweep(sh, now, sweepSome)
	e := s.find(sh, key, now)
	if e == nil {
		return errNotFound
	}
	sh.expire(e, wall(expires))
	return nil
}

// Len returns the number of live sessions. It also removes the expired ones.
func (s *Store) Len() int {
	s.sweepAll()
	return int(s.sessions.Load())
}

// Bytes returns how many bytes count against [Options.MaxBytes] at this moment. Expired sessions
// and entries of tags count until they are removed.
func (s *Store) Bytes() int64 {
	return s.bytes.Load()
}

// find returns the live session under key, or nil.
func (s *Store) find(sh *shard, key string, now time.Time) *entry {
	return s.unexpired(sh, sh.entries[key], now)
}

// unexpired returns e if it exists and is live, else nil. It removes an expired entry: once a
// caller has seen a session gone, setting the clock back must not bring it to life again.
func (s *Store) unexpired(sh *shard, e *entry, now time.Time) *entry {
	if e == nil {
		return nil
	}
	if e.expired(now) {
		s.remove(sh, e)
		return nil
	}
	return e
}

func (s *Store) remove(sh *shard, e *entry) {
	sh.remove(e)
	s.bytes.Add(-e.size())
	if e.group == nil {
		s.sessions.Add(-1)
	}
}

// orSweep runs add. If the store is full, it removes what has expired and runs add once more.
func (s *Store) orSweep(add func() error) error {
	err := add()
	if !errors.Is(err, errFull) {
		return err
	}
	s.sweepAll()
	return add()
}

// sweepSome is how many entries a Write, Touch or Tag looks at. An entry that is removed takes one
// look, and was added by one Write or Tag. An entry whose expiry was moved takes one more look, and
// was moved by one of these calls. So with two looks a call the shard keeps up, whatever visitors
// do.
const sweepSome = 2

// sweep looks at up to most entries that are due, and removes those that have expired. An entry
// whose expiry was moved becomes due again at the new expiry.
func (s *Store) sweep(sh *shard, now time.Time, most int) {
	for ; most > 0; most-- {
		e := sh.due(now)
		if e == nil {
			return
		}
		if e.expired(now) {
			s.remove(sh, e)
			continue
		}
		sh.requeue(e)
	}
}

// sweepAtOnce is how many entries sweepAll looks at before it lets others in: about a millisecond.
const sweepAtOnce = 500

func (s *Store) sweepAll() {
	now := s.now()
	for i := range s.shards {
		for s.sweepMore(&s.shards[i], now) {
		}
	}
}

// sweepMore sweeps a part of the shard, and says whether anything is left to sweep.
func (s *Store) sweepMore(sh *shard, now time.Time) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.sweep(sh, now, sweepAtOnce)
	return sh.due(now) != nil
}

// admit counts sessions and bytes in, or returns an error that says why there is no room for them.
func (s *Store) admit(sessions, bytes int64) error {
	if !reserve(&s.sessions, sessions, s.maxSessions) {
		return errFullSessions
	}
	if !reserve(&s.bytes, bytes, s.maxBytes) {
		s.sessions.Add(-sessions)
		return errFullBytes
	}
	return nil
}

// reserve adds n to the counter, unless the sum would exceed limit.
//
// It is tempting to add first and subtract again if it was too much. But in between, a caller for
// whom there is room would be refused.
func reserve(counter *atomic.Int64, n, limit int64) bool {
	for {
		have := counter.Load()
		if have+n > limit {
			return false
		}
		if counter.CompareAndSwap(have, have+n) {
			return true
		}
	}
}

// conflict includes the current record, which saves the caller a Read.
func conflict(e *entry) error {
	current := e.Record
	current.Data = bytes.Clone(current.Data)
	return fmt.Errorf("memorystore: %w", &session.ConflictError{Current: current})
}

// size is what a session counts against Options.MaxBytes.
func size(key string, data []byte) int64 {
	return int64(len(key) + len(data) + Overhead)
}

func (s *Store) shard(key string) *shard {
	return &s.shards[maphash.String(s.seed, key)%uint64(len(s.shards))]
}

// wall drops the monotonic reading of t. That clock stands still while the machine sleeps, so the
// session would live too long (golang.org/issue/24595).
func wall(t time.Time) time.Time {
	return t.Round(0)
}
