package session

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// state is what a record says: when the session began and must end, who wrote it last,
// and its entries. A Session works on one state; a commit replays onto another.
//
// The encoding is flat, so that reading one key costs a walk over lengths and the
// decoding of that key alone:
//
//	format byte · created · deadline · writers · entries
//	writer = producer (8 bytes) · sequence number
//	entry  = kind byte · key · value, each with its length in front
//
// All numbers without a size are unsigned varints; times are milliseconds since 1970.
type state struct {
	created  int64
	deadline int64 // 0 = none
	writers  []writer
	entries  []entry
}

// entry is one key and its value. Values are never changed in place: states share them.
type entry struct {
	kind kind
	key  []byte
	val  []byte
}

// kind separates what the application stores from what the library does, so that no
// key of an application can ever meet one of ours.
type kind byte

const (
	kindValue kind = 'v' // a value of the application; JSON
	kindOwn   kind = 'o' // the library's own values, such as the intended URL
)

// writer is a process that wrote the record, and the number of its last commit in it.
// A commit whose answer was lost and that is tried again meets its own number.
type writer struct {
	producer uint64
	seq      uint64
}

// maxWriters bounds the table of writers. A commit is recognised unless so many other
// processes have written between it and its retry.
const maxWriters = 16

const stateFormat = 1

var (
	errCorrupt     = errors.New("session: the record is corrupt")
	errNewerFormat = errors.New("session: the record was written by a newer version of this library")
)

func newState(now time.Time, lifetime time.Duration) *state {
	st := roomyState()
	st.created = now.UnixMilli()
	if lifetime > 0 {
		st.deadline = now.Add(lifetime).UnixMilli()
	}
	return st
}

func (st *state) find(k kind, key string) int {
	for i := range st.entries {
		if st.entries[i].kind == k && string(st.entries[i].key) == key {
			return i
		}
	}
	return -1
}

func (st *state) get(k kind, key string) ([]byte, bool) {
	if i := st.find(k, key); i >= 0 {
		return st.entries[i].val, true
	}
	return nil, false
}

func (st *state) has(k kind, key string) bool { return st.find(k, key) >= 0 }

func (st *state) put(k kind, key string, val []byte) {
	if i := st.find(k, key); i >= 0 {
		st.entries[i].val = val
		return
	}
	st.entries = append(st.entries, entry{k, []byte(key), val})
}

func (st *state) forget(k kind, key string) {
	if i := st.find(k, key); i >= 0 {
		st.entries = slices.Delete(st.entries, i, i+1)
	}
}

// empty says whether there is nothing worth a record. What a list would show of a session
// is not.
func (st *state) empty() bool {
	return !slices.ContainsFunc(st.entries, func(e entry) bool { return e.kind != kindDevice })
}

// without is st less the entries that drop names; st stays as it is.
func (st *state) without(drop func(entry) bool) *state {
	rest := *st
	rest.entries = slices.DeleteFunc(slices.Clone(st.entries), drop)
	return &rest
}

// expires is when a session used at now ends, if it is not used again.
func (st *state) expires(now time.Time, idle time.Duration) time.Time {
	end := now.Add(idle)
	if st.deadline != 0 && end.UnixMilli() > st.deadline {
		return time.UnixMilli(st.deadline)
	}
	return end
}

// stamp notes that producer made commit seq. The newest writer stands first.
func (st *state) stamp(producer, seq uint64) {
	i := slices.IndexFunc(st.writers, func(w writer) bool { return w.producer == producer })
	if i < 0 && len(st.writers) < maxWriters {
		st.writers = append(st.writers, writer{})
	}
	if i < 0 {
		i = len(st.writers) - 1 // the oldest makes room
	}
	copy(st.writers[1:], st.writers[:i])
	st.writers[0] = writer{producer, seq}
}

// wrote says whether commit seq of producer is in this record.
func (st *state) wrote(producer, seq uint64) bool {
	return slices.Contains(st.writers, writer{producer, seq})
}

func (st *state) encode() []byte {
	size := 1 + 3*binary.MaxVarintLen64 + len(st.writers)*(8+binary.MaxVarintLen64)
	for _, e := range st.entries {
		size += 1 + 2*binary.MaxVarintLen32 + len(e.key) + len(e.val)
	}
	b := append(make([]byte, 0, size), stateFormat)
	b = binary.AppendUvarint(b, uint64(st.created))
	b = binary.AppendUvarint(b, uint64(st.deadline))
	b = binary.AppendUvarint(b, uint64(len(st.writers)))
	for _, w := range st.writers {
		b = binary.BigEndian.AppendUint64(b, w.producer)
		b = binary.AppendUvarint(b, w.seq)
	}
	for _, e := range st.entries {
		b = append(b, byte(e.kind))
		b = appendBytes(b, e.key)
		b = appendBytes(b, e.val)
	}
	return b
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decodeState reads what encode wrote. The entries are slices of data, which must not
// change afterwards.
func decodeState(data []byte) (*state, error) {
	r := reader{rest: data}
	switch format := r.byte(); {
	case r.bad:
		return nil, errCorrupt
	case format > stateFormat:
		return nil, errNewerFormat
	case format != stateFormat:
		return nil, errCorrupt
	}

	st := roomyState()
	st.created, st.deadline = int64(r.uvarint()), int64(r.uvarint())
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		st.writers = append(st.writers, writer{r.uint64(), r.uvarint()})
	}
	for len(r.rest) > 0 && !r.bad {
		if len(st.entries) == cap(st.entries) {
			st.entries = slices.Grow(st.entries, r.entries())
		}
		st.entries = append(st.entries, r.entry())
	}
	if r.bad {
		return nil, errCorrupt
	}
	return st, nil
}

// roomyState is an empty state with room for what most sessions have, in one allocation.
func roomyState() *state {
	room := new(struct {
		state
		writers [2]writer
		entries [7]entry
	})
	room.state.writers = room.writers[:0]
	room.state.entries = room.entries[:0]
	return &room.state
}

// reader takes values off the front of rest. Once there is too little left, bad is set
// and everything reads as zero.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	// The capacity ends with the value: appending to it must not reach its neighbour.
	head := r.rest[:n:n]
	r.rest = r.rest[n:]
	return head
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.take(uint64(n))
	return v
}

func (r *reader) bytes() []byte { return r.take(r.uvarint()) }

func (r *reader) entry() entry { return entry{kind(r.byte()), r.bytes(), r.bytes()} }

// entries is how many are left, without taking them off.
func (r reader) entries() (n int) {
	for len(r.rest) > 0 && !r.bad {
		r.entry()
		n++
	}
	return n
}
