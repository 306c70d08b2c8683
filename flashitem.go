package session

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"
)

// The entries of a state that hold flash items. Alerts and keyed values wait for a page
// that reads them; the other kinds end with the first page.
const (
	kindAlert       kind = 'a' // a Message
	kindKeyed       kind = 'k' // a value, by the application's key
	kindPageError   kind = 'p' // a text, by its code
	kindInputErrors kind = 'e' // []InputError, by the name of the form
	kindInput       kind = 'i' // an oldInput, by the name of the form
)

func (k kind) isFlash() bool { return k == kindAlert || k == kindKeyed || k.onePage() }

func (k kind) onePage() bool {
	return k == kindPageError || k == kindInputErrors || k == kindInput
}

func (e entry) isFlash() bool   { return e.kind.isFlash() }
func (e entry) isNoFlash() bool { return !e.isFlash() }

// flashItem is one flashed thing. It is stored as an entry of its kind under an id of its own, so
// that exactly this item can be removed, whatever other requests do.
type flashItem struct {
	id      string
	kind    kind
	name    string
	expires int64 // milliseconds since 1970
	value   []byte

	stage stage // if this request has flashed it
}

// stage is what has become of an item that this request has flashed.
type stage byte

const (
	unsaved stage = iota // the next commit saves it
	shown                // by this response, so the next commit need not save it
	saved                // a commit has saved it, or need not have
)

func (it flashItem) isUnsaved() bool { return it.stage == unsaved }

func (it flashItem) entry() entry {
	val := make([]byte, 0, 8+2*binary.MaxVarintLen32+len(it.name)+len(it.value))
	val = binary.BigEndian.AppendUint64(val, uint64(it.expires))
	val = appendBytes(val, []byte(it.name))
	val = appendBytes(val, it.value)
	return entry{it.kind, []byte(it.id), val}
}

func decodeFlash(e entry) (flashItem, bool) {
	if !e.isFlash() {
		return flashItem{}, false
	}
	r := reader{rest: e.val}
	it := flashItem{id: string(e.key), kind: e.kind}
	it.expires = int64(r.uint64())
	it.name = string(r.bytes())
	it.value = r.bytes()
	return it, !r.bad
}

// alert is the item as an alert. A string flashed under the name of an alert kind is one too.
func (it flashItem) alert() (m Message, ok bool) {
	switch it.kind {
	case kindAlert:
		ok = json.Unmarshal(it.value, &m) == nil
	case kindKeyed:
		m.Kind = KindOf(it.name)
		ok = isAlertKind(m.Kind) && bytes.HasPrefix(it.value, []byte(`"`)) && json.Unmarshal(it.value, &m.Text) == nil
	}
	return m, ok
}

func isAlertKind(kind string) bool {
	return kind == KindError || kind == KindWarning || kind == KindSuccess || kind == KindInfo
}

// any is the item's value for a caller that does not know its type.
func (it flashItem) any() any {
	if alert, ok := it.alert(); ok {
		return alert.Text
	}
	v, _ := decodeValue[any](it.name, it.value)
	return v
}

func (it flashItem) replaces(old flashItem) bool {
	return it.kind != kindAlert && it.kind == old.kind && it.name == old.name
}

// supersedes says whether the item takes the place of one from an earlier request. New input of a
// form also removes the form's old errors: they were about other input.
func (it flashItem) supersedes(old flashItem) bool {
	return it.replaces(old) || it.kind == kindInput && old.kind == kindInputErrors && it.name == old.name
}

// supersededBy lists the ids of the items that it takes the place of.
func (st *state) supersededBy(it flashItem) (ids []string) {
	for e := range st.all() {
		if old, ok := decodeFlash(e); ok && it.supersedes(old) {
			ids = append(ids, old.id)
		}
	}
	return ids
}

// flash is the flash in st, less what has expired.
func (st *state) flash(now time.Time) []flashItem {
	var items []flashItem
	for e := range st.all() {
		if it, ok := decodeFlash(e); ok && it.expires > now.UnixMilli() {
			items = append(items, it)
		}
	}
	return items
}

// flashDelta is what a commit changes about messages: by their ids, so that it can be
// replayed on any record.
type flashDelta struct {
	drop   []string
	add    []flashItem
	yields bool // what another page has shown first is left to it: this page can be rendered again without it
}

func (d flashDelta) empty() bool { return len(d.drop) == 0 && len(d.add) == 0 }

// apply makes the change in st, and also drops what has expired: what visitors have typed must not
// stay for as long as the session does.
func (d flashDelta) apply(st *state, now time.Time) {
	if d.empty() && !st.flashed {
		return
	}
	if len(d.drop) > 0 {
		d.add = slices.DeleteFunc(slices.Clone(d.add), func(it flashItem) bool { return d.isOutdated(it, st, now) })
	}
	st.drop(func(e entry) bool {
		if !e.isFlash() {
			return false
		}
		old, ok := decodeFlash(e)
		return !ok || old.expires <= now.UnixMilli() || d.drops(old) ||
			slices.ContainsFunc(d.add, func(it flashItem) bool { return it.supersedes(old) && !d.drops(it) })
	})
	for _, it := range d.add {
		st.add(it.entry())
	}
	st.dropOldest(kindAlert, maxAlerts)
	st.dropOldest(kindInput, maxForms)
	st.dropOldest(kindInputErrors, maxForms)
}

// drops says whether the change drops the item. What Reflash keeps is dropped, and added again.
func (d flashDelta) drops(it flashItem) bool { return slices.Contains(d.drop, it.id) }

// isOutdated says whether an item that Reflash keeps must not be added again, because meanwhile another
// page has shown it in place of this one, or something has been flashed that replaces it.
func (d flashDelta) isOutdated(it flashItem, st *state, now time.Time) bool {
	switch {
	case !d.drops(it):
		return false
	case d.yields && !it.kind.onePage() && !st.has(it.kind, it.id):
		return true
	}
	return it.kind != kindAlert && st.contains(func(e entry) bool {
		newer, ok := decodeFlash(e)
		return ok && newer.supersedes(it) && newer.expires > now.UnixMilli() && !d.drops(newer)
	})
}

// dropOldest leaves the newest items of a kind. It says whether it dropped any.
func (st *state) dropOldest(k kind, most int) bool {
	excess := -most
	for e := range st.all() {
		if e.kind == k {
			excess++
		}
	}
	if excess <= 0 {
		return false
	}
	st.drop(func(e entry) bool {
		if e.kind != k || excess == 0 {
			return false
		}
		excess--
		return true
	})
	return true
}
