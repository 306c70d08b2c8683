package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"time"
)

// state is what a record says: when the session began and must end, who wrote it last,
// and its entries. A Session works on one state; a commit replays onto another.
//
// The encoding is flat, so that reading one key costs a walk over lengths and the
// decoding of that key alone. Nothing else is unpacked before something is changed:
//
//	format byte · created · deadline · writers · entries
//	writer = producer (8 bytes) · sequence number
//	entry  = kind byte · key · value, each with its length in front
//
// All numbers without a size are unsigned varints; times are milliseconds since 1970.
type state struct {
	created  int64
	deadline int64 // 0 = none; see state.life

	// As they were read, and out of date once they are unpacked; see state.unpack.
	writers, entries []byte
	count            int32 // of entries
	flashed          bool  // some of them are flash, or were before a change
	ownLife          bool  // one of them says how long the session lives, or did; see state.life
	unpacked         *parts
}

// parts is what a state consists of.
type parts struct {
	writers []writer
	entries []entry
}

// entry is one key and its value. Values are never changed in place: states share them.
type entry struct {
	kind kind
	key  []byte
	val  []byte
}

// kind separates what the application stores from what the library stores, so that an application's
// key never collides with one of ours.
type kind byte

const (
	kindValue kind = 'v' // a value of the application; JSON
	kindOwn   kind = 'o' // the library's own values, such as the intended URL
)

// writer is a process that wrote the record, and the number of its last commit in it. A commit that
// is tried again because its answer was lost meets its own number.
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
	st := &state{created: now.UnixMilli()}
	if lifetime > 0 {
		st.deadline = now.Add(lifetime).UnixMilli()
	}
	return st
}

// unpack returns the parts of st, to be changed.
func (st *state) unpack() *parts {
	if st.unpacked == nil {
		st.unpacked = newParts(st)
	}
	return st.unpacked
}

// all is every entry.
func (st *state) all() iter.Seq[entry] {
	return func(yield func(entry) bool) {
		if st.unpacked != nil {
			for _, e := range st.unpacked.entries {
				if !yield(e) {
					return
				}
			}
			return
		}
		for i := 0; i < len(st.entries); {
			e, end := entryAt(st.entries, i)
			if !yield(e) {
				return
			}
			i = end
		}
	}
}

// get returns the value of that entry. It unpacks no other entry, since most requests read only a
// key or two.
func (st *state) get(k kind, key string) (val []byte, ok bool) {
	if p := st.unpacked; p != nil {
		i := p.find(k, key)
		if i < 0 {
			return nil, false
		}
		return p.entries[i].val, true
	}
	for i := 0; i < len(st.entries); {
		p := placeAt(st.entries, i)
		if e := st.entries; kind(e[i]) == k && string(e[p.key:p.keyEnd]) == key {
			return e[p.val:p.end:p.end], true
		}
		i = p.end
	}
	return nil, false
}

func (st *state) has(k kind, key string) bool {
	_, ok := st.get(k, key)
	return ok
}

// contains says whether there is such an entry.
func (st *state) contains(is func(entry) bool) bool {
	for e := range st.all() {
		if is(e) {
			return true
		}
	}
	return false
}

func (st *state) put(k kind, key string, val []byte) {
	p := st.unpack()
	if i := p.find(k, key); i >= 0 {
		p.entries[i].val = val
		return
	}
	st.add(entry{k, []byte(key), val})
}

// add is put for an entry that is not there yet.
func (st *state) add(e entry) {
	p := st.unpack()
	p.entries = append(p.entries, e)
	st.note(e.kind)
}

// note records that there is an entry of that kind.
func (st *state) note(k kind) {
	st.flashed = st.flashed || k.isFlash()
	st.ownLife = st.ownLife || k == kindLife
}

func (st *state) forget(k kind, key string) {
	p := st.unpack()
	if i := p.find(k, key); i >= 0 {
		p.entries = slices.Delete(p.entries, i, i+1)
	}
}

func (p *parts) find(k kind, key string) int {
	return slices.IndexFunc(p.entries, func(e entry) bool { return e.kind == k && string(e.key) == key })
}

// join appends the entries of another state to those of st. Neither may have been unpacked.
func (st *state) join(other *state) {
	st.entries = slices.Concat(st.entries, other.entries)
	st.count += other.count
	st.flashed = st.flashed || other.flashed
	st.ownLife = st.ownLife || other.ownLife
}

// empty says whether there is nothing worth a record. What only a list of sessions shows is not
// worth one.
func (st *state) empty() bool {
	return !st.contains(func(e entry) bool { return e.kind != kindDevice && e.kind != kindLife })
}

// drop removes the entries that match.
func (st *state) drop(match func(entry) bool) {
	p := st.unpack()
	p.entries = slices.DeleteFunc(p.entries, match)
}

// without is st less the entries that match; st stays as it is.
func (st *state) without(match func(entry) bool) *state {
	rest, p := *st, *st.unpack()
	p.entries = slices.Clone(p.entries)
	rest.unpacked = &p
	rest.drop(match)
	return &rest
}

// expires is when a session used at now ends, if it is not used again.
func (st *state) expires(now time.Time, idle time.Duration) time.Time {
	until := now.Add(idle)
	if end := st.end(); end != 0 && until.UnixMilli() > end {
		return time.UnixMilli(end)
	}
	return until
}

// largest names the entries that take the most space, largest first. It names only what the
// application has stored: the key of a tag, for example, is a user's id.
func (st *state) largest() []string {
	byRoom := slices.SortedFunc(st.all(), func(a, b entry) int { return len(b.val) - len(a.val) })
	byRoom = slices.DeleteFunc(byRoom, func(e entry) bool { return e.kind != kindValue && !e.isFlash() })
	var names []string
	for _, e := range byRoom[:min(3, len(byRoom))] {
		names = append(names, fmt.Sprintf("%s (%d bytes)", e.name(), len(e.val)))
	}
	return names
}

// name is what an error calls an entry. Flash items are called by their names, not by their ids.
func (e entry) name() string {
	switch it, ok := decodeFlash(e); {
	case e.kind == kindInput:
		return "old input"
	case e.kind == kindInputErrors:
		return "input errors"
	case e.kind == kindAlert:
		return "alert"
	case ok:
		return fmt.Sprintf("flash %q", it.name)
	}
	return string(e.key)
}

// revert undoes what was changed since st was read, or begun.
func (st *state) revert() { st.unpacked = nil }

// stamp notes that producer made commit seq. The newest writer stands first.
func (st *state) stamp(producer, seq uint64) {
	p := st.unpack()
	i := slices.IndexFunc(p.writers, func(w writer) bool { return w.producer == producer })
	if i < 0 && len(p.writers) < maxWriters {
		p.writers = append(p.writers, writer{})
	}
	if i < 0 {
		i = len(p.writers) - 1 // the oldest makes room
	}
	copy(p.writers[1:], p.writers[:i])
	p.writers[0] = writer{producer, seq}
}

// wrote says whether commit seq of producer is in this record.
func (st *state) wrote(producer, seq uint64) bool {
	return slices.Contains(st.unpack().writers, writer{producer, seq})
}

func (st *state) encode() []byte {
	p := st.unpack()
	b := append(make([]byte, 0, st.size()), stateFormat) // exactly as large, since a store in memory keeps the whole allocation
	b = binary.AppendUvarint(b, uint64(st.created))
	b = binary.AppendUvarint(b, uint64(st.deadline))
	b = binary.AppendUvarint(b, uint64(len(p.writers)))
	for _, w := range p.writers {
		b = binary.BigEndian.AppendUint64(b, w.producer)
		b = binary.AppendUvarint(b, w.seq)
	}
	for _, e := range p.entries {
		b = append(b, byte(e.kind))
		b = appendBytes(b, e.key)
		b = appendBytes(b, e.val)
	}
	return b
}

// size is the length of the encoding.
func (st *state) size() int {
	p := st.unpack()
	n := 1 + uvarintSize(uint64(st.created)) + uvarintSize(uint64(st.deadline)) + uvarintSize(uint64(len(p.writers)))
	for _, w := range p.writers {
		n += 8 + uvarintSize(w.seq)
	}
	for _, e := range p.entries {
		n += 1 + uvarintSize(uint64(len(e.key))) + len(e.key) + uvarintSize(uint64(len(e.val))) + len(e.val)
	}
	return n
}

func uvarintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decodeState reads what encode wrote. The entries are slices of data, which must not
// change afterwards.
func decodeState(data []byte) (*state, error) {
	r := reader{rest: data}
	switch format := r.byte(); { // 0 if there is none
	case format > stateFormat:
		return nil, errNewerFormat
	case format != stateFormat:
		return nil, errCorrupt
	}

	st := &state{created: int64(r.uvarint()), deadline: int64(r.uvarint())}
	st.writers = r.rest
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		r.writer()
	}
	st.entries = r.rest
	i := 0
	for ; i < len(st.entries); st.count++ {
		st.note(kind(st.entries[i]))
		i = placeAt(st.entries, i).end
	}
	if r.bad || i > len(st.entries) {
		return nil, errCorrupt
	}
	return st, nil
}

// newParts unpacks a state. One allocation has room for what most sessions have.
func newParts(st *state) *parts {
	room := new(struct {
		parts
		writers [2]writer
		entries [7]entry
	})
	p := &room.parts
	p.writers, p.entries = room.writers[:0], room.entries[:0]
	r := reader{rest: st.writers}
	for n := r.uvarint(); n > 0; n-- {
		p.writers = append(p.writers, r.writer())
	}
	p.entries = slices.Grow(p.entries, int(st.count))
	for e := range st.all() {
		p.entries = append(p.entries, e)
	}
	return p
}

// reader takes values off the front of rest. Once there is too little left, bad is set,
// nothing is left, and everything reads as zero.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
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
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bytes() []byte { return r.take(r.uvarint()) }

func (r *reader) writer() writer { return writer{r.uint64(), r.uvarint()} }

// place is where an entry is in the entries of a state: four numbers, since Go keeps no larger
// struct in registers. A walk over a record does little else.
type place struct{ key, keyEnd, val, end int }

// placeAt is the place of the entry that begins at i. If entries does not hold all of the entry,
// place.end is beyond the end of entries.
func placeAt(entries []byte, i int) place {
	key, keyEnd := span(entries, i+1)
	val, end := span(entries, keyEnd)
	return place{key, keyEnd, val, end}
}

// entryAt is the entry that begins at i, and where it ends. The capacities of its key and value end
// with them: appending to a value must not reach its neighbour.
func entryAt(entries []byte, i int) (e entry, end int) {
	p := placeAt(entries, i)
	return entry{kind(entries[i]), entries[p.key:p.keyEnd:p.keyEnd], entries[p.val:p.end:p.end]}, p.end
}

// span is where the bytes are whose length is at i.
func span(b []byte, i int) (from, end int) {
	if i >= len(b) {
		return i, len(b) + 1
	}
	n, size := uint64(b[i]), 1 // most are short
	if n >= 0x80 {
		n, size = binary.Uvarint(b[i:])
	}
	from = i + size
	if size <= 0 || n > uint64(len(b)-from) {
		return i, len(b) + 1
	}
	return from, from + int(n)
}
