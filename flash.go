package session

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"
)

// Kinds of alerts. Any other kind works too, but FlashAlerts shows only those it is told to.
const (
	KindError   = "error"
	KindWarning = "warning"
	KindSuccess = "success"
	KindInfo    = "info"
)

// kindAliases are names from other frameworks.
var kindAliases = map[string]string{
	"danger": KindError,
	"alert":  KindError,
	"warn":   KindWarning,
	"notice": KindInfo,
}

// kindOf is our name for a kind. An alert of no kind would be shown nowhere.
func kindOf(name string) string {
	if kind, isAlias := kindAliases[name]; isAlias {
		return kind
	}
	return cmp.Or(name, KindInfo)
}

// maxAlerts is how many alerts wait at the most. Where nothing ever shows them they would
// fill the session, so the oldest go.
const maxAlerts = 256

// Message is an alert. Components escape all of it.
type Message struct {
	Kind  string `json:"kind"` // "" is "info"
	Title string `json:"title,omitempty"`
	Text  string `json:"text"`
	Href  string `json:"href,omitempty"`  // a link to go on with
	Label string `json:"label,omitempty"` // the text of that link
}

// Flash messages live until a page shows them, or for Config.FlashTTL. A message is
// consumed by the response that read it, by its own id and in that response's commit, and
// only if that response can show it: not a redirect, not a prefetch, not an error page of
// the 5xx kind. So a poll, an image or another tab cannot eat it, and it rides through any
// number of redirects by itself.

// FlashSuccess adds an alert of the kind "success". Alerts add up.
func (s *Session) FlashSuccess(text string) { s.FlashAlert(Message{Kind: KindSuccess, Text: text}) }

// FlashError adds an alert of the kind "error".
func (s *Session) FlashError(text string) { s.FlashAlert(Message{Kind: KindError, Text: text}) }

// FlashWarning adds an alert of the kind "warning".
func (s *Session) FlashWarning(text string) { s.FlashAlert(Message{Kind: KindWarning, Text: text}) }

// FlashInfo adds an alert of the kind "info".
func (s *Session) FlashInfo(text string) { s.FlashAlert(Message{Kind: KindInfo, Text: text}) }

// FlashAlert adds an alert of any kind, with a title and a link if it has them.
func (s *Session) FlashAlert(m Message) {
	m.Kind = kindOf(m.Kind)
	s.lock()
	defer s.unlock()
	s.addFlash(flashItem{kind: kindAlert, value: mustEncode(m)})
}

// FlashNow adds an alert for this very response. If nothing shows it, it is dropped.
func (s *Session) FlashNow(kind, text string) {
	s.lock()
	defer s.unlock()
	s.state()
	s.flash.now = append(s.flash.now, Message{Kind: kindOf(kind), Text: text})
}

// Flash stores value under key until a page reads it; the last value under a key stands.
// Read it with [Flashed], [FlashMessages.Get] or the FlashMessage component. A string
// under the name of an alert kind, such as "success", is shown among the alerts too.
func (s *Session) Flash(key string, value any) {
	raw, err := encodeValue(key, value)
	s.lock()
	defer s.unlock()
	if err != nil {
		s.fail(err)
		return
	}
	s.addFlash(flashItem{kind: kindKeyed, name: key, value: raw})
}

// Reflash keeps what this request received for one more page: messages that it shows, and
// old input and errors.
func (s *Session) Reflash() { s.reflash(func(string) bool { return true }) }

// ReflashOnly is Reflash for some names: keys of [Session.Flash], kinds of alerts, codes
// of errors, and names of form fields.
func (s *Session) ReflashOnly(keys ...string) {
	s.reflash(func(name string) bool { return slices.Contains(keys, name) })
}

// ReflashExcept is Reflash for all names but these.
func (s *Session) ReflashExcept(keys ...string) {
	s.reflash(func(name string) bool { return !slices.Contains(keys, name) })
}

func (s *Session) reflash(keep func(name string) bool) {
	s.lock()
	defer s.unlock()
	s.state()
	if s.changeable(updatesRecord) {
		s.flash.keep = keep
	}
}

// Flashed is the value that was flashed under key, or else the first of def, or the zero
// T. Reading it counts as showing it.
func Flashed[T any](s *Session, key string, def ...T) T {
	if s == nil {
		return first(def)
	}
	s.lock()
	defer s.unlock()
	it, ok := s.keyed(key)
	if !ok {
		return first(def)
	}
	s.flash.markRead(it)
	v, err := decodeValue[T](key, it.value)
	if err != nil {
		s.report(s.m.cfg.Hooks.Undecodable, Event{Handle: handle(s.key), Key: key, Err: err}, "")
		return first(def)
	}
	return v
}

// FlashMessages is what this request may show. To read a message with Get, All or Alerts
// counts as showing it.
//
// With a cookie store, messages that are read after the response head has left cannot be
// removed any more, so they are not given out. A handler that streams its page with such
// a store calls FlashMessages before the first byte: that claims them all for this page.
func (s *Session) FlashMessages() FlashMessages {
	if s == nil {
		return FlashMessages{}
	}
	s.lock()
	defer s.unlock()
	s.state()
	used := new(s.headSent)
	s.flash.claims = append(s.flash.claims, used)
	return FlashMessages{s, used}
}

// FlashMessages reads a session's messages. The zero value has none.
//
// Has, Get and All know a message by its name: the key given to [Session.Flash], or, if
// there is no such key, the kind of an alert, which stands for the newest of that kind.
// Kinds known by another name in other frameworks ("danger", "alert", "warn", "notice")
// come under ours, and may be asked for by either.
type FlashMessages struct {
	s    *Session
	used *bool
}

// Has says whether there is a message of that name. It does not count as showing it.
func (m FlashMessages) Has(name string) bool {
	if m.s == nil {
		return false
	}
	m.s.lock()
	defer m.s.unlock()
	_, ok := m.find(name)
	return ok
}

// Get is the message of that name, or the first of def, or nil. Numbers are json.Number.
func (m FlashMessages) Get(name string, def ...any) any {
	if m.s == nil {
		return first(def)
	}
	m.s.lock()
	defer m.s.unlock()
	it, ok := m.find(name)
	if !ok {
		return first(def)
	}
	m.s.flash.markRead(it)
	return it.any()
}

// All is every message by its name. Of several alerts of one kind the older ones have no
// name of their own, and wait for [FlashMessages.Alerts]. The map is the caller's.
func (m FlashMessages) All() map[string]any {
	all := map[string]any{}
	if m.s == nil {
		return all
	}
	m.s.lock()
	defer m.s.unlock()
	for name, it := range m.named() {
		m.s.flash.markRead(it)
		all[name] = it.any()
	}
	return all
}

// Alerts is every alert of these kinds, or of all kinds if there are none, in the order
// they were flashed, those for this response last. Alerts of other kinds are left for
// whoever shows them.
func (m FlashMessages) Alerts(kinds ...string) []Message {
	if m.s == nil {
		return nil
	}
	m.s.lock()
	defer m.s.unlock()
	var alerts []Message
	for _, it := range m.visible() {
		if alert, ok := it.alert(); ok && isOneOf(alert.Kind, kinds) {
			m.s.flash.markRead(it)
			alerts = append(alerts, alert)
		}
	}
	return alerts
}

func isOneOf(kind string, kinds []string) bool {
	return len(kinds) == 0 || slices.ContainsFunc(kinds, func(k string) bool { return kindOf(k) == kind })
}

func (m FlashMessages) visible() []flashItem {
	*m.used = true
	return m.s.visible()
}

func (m FlashMessages) find(name string) (it flashItem, ok bool) {
	named := m.named()
	if it, ok = named[name]; !ok {
		it, ok = named[kindAliases[name]]
	}
	return it, ok
}

// named is each message under its name; see FlashMessages.
func (m FlashMessages) named() map[string]flashItem {
	named := map[string]flashItem{}
	for _, it := range m.visible() {
		switch it.kind {
		case kindKeyed:
			named[it.name] = it
		case kindAlert:
			if alert, _ := it.alert(); named[alert.Kind].kind != kindKeyed {
				named[alert.Kind] = it
			}
		}
	}
	return named
}

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

// flashItem is one flashed thing. It is stored as an entry of its kind under its id, so
// that it can be removed, and only it, whatever other requests do.
type flashItem struct {
	id      string
	kind    kind
	name    string
	expires int64 // milliseconds since 1970
	value   []byte
}

func (it flashItem) entry() entry {
	val := binary.BigEndian.AppendUint64(nil, uint64(it.expires))
	val = appendBytes(val, []byte(it.name))
	val = appendBytes(val, it.value)
	return entry{it.kind, []byte(it.id), val}
}

func decodeFlash(e entry) (flashItem, bool) {
	r := reader{rest: e.val}
	it := flashItem{id: string(e.key), kind: e.kind}
	it.expires = int64(r.uint64())
	it.name = string(r.bytes())
	it.value = r.bytes()
	return it, !r.bad && e.kind.isFlash()
}

// alert is the item as an alert. A string flashed under the name of a kind is one too.
func (it flashItem) alert() (m Message, ok bool) {
	switch it.kind {
	case kindAlert:
		ok = json.Unmarshal(it.value, &m) == nil
	case kindKeyed:
		m.Kind = kindOf(it.name)
		ok = isAlertKind(m.Kind) && it.value[0] == '"' && json.Unmarshal(it.value, &m.Text) == nil
	}
	return m, ok
}

func isAlertKind(kind string) bool {
	return kind == KindError || kind == KindWarning || kind == KindSuccess || kind == KindInfo
}

// any is the item's value for somebody who does not know its type.
func (it flashItem) any() any {
	if alert, ok := it.alert(); ok {
		return alert.Text
	}
	v, _ := decodeValue[any](it.name, it.value)
	return v
}

// flashes is the flash of one request.
type flashes struct {
	received []flashItem // with what came; see Session.received
	decoded  bool        // received is filled in
	added    []flashItem // by this request, not saved yet
	own      []flashItem // by this request, saved already
	now      []Message   // for this response only

	read     map[string]bool   // ids of items that were read
	done     map[string]bool   // ids of items that are consumed
	formRead bool              // old input or errors were read
	claims   []*bool           // of each call of FlashMessages, whether its result was looked at
	keep     func(string) bool // what Reflash keeps; nil = nothing
}

func (f *flashes) markRead(it flashItem) { f.read = marked(f.read, it.id) }

// forgetReads is for a handler that read messages and then failed: nobody has seen them.
func (f *flashes) forgetReads() {
	f.read, f.formRead, f.claims = nil, false, nil
}

// claimed says whether messages were fetched that nobody has looked at: for a page that is
// going to stream.
func (f *flashes) claimed() bool {
	return slices.ContainsFunc(f.claims, func(used *bool) bool { return !*used })
}

// showForm notes that this response is about the submitted form, whatever its view reads.
func (s *Session) showForm() {
	s.lock()
	defer s.unlock()
	s.flash.formRead = true
}

// shows says whether the response has messages, old input or errors, or is going to.
func (s *Session) shows() bool {
	f := &s.flash
	return s.decision.shows && (len(f.read) > 0 || f.formRead || f.claimed() && len(s.visible()) > 0)
}

// saved notes that what was added is stored now.
func (f *flashes) saved() {
	f.own = append(f.own, f.added...)
	f.added = nil
}

func (f *flashes) forgetReceived() {
	f.received, f.decoded = nil, true
	f.keep = nil
}

// addFlash records a new item. Of one kind and name there is only one, but for alerts.
func (s *Session) addFlash(it flashItem) {
	s.state()
	if !s.changeable(updatesRecord) {
		return
	}
	it.id = rand.Text()
	it.expires = s.flashExpiry()
	s.flash.own = slices.DeleteFunc(s.flash.own, it.supersedes)
	s.flash.added = slices.DeleteFunc(s.flash.added, it.replaces)
	s.flash.added = append(s.flash.added, it)
}

func (s *Session) flashExpiry() int64 { return s.m.now().Add(s.m.cfg.FlashTTL).UnixMilli() }

func (it flashItem) replaces(old flashItem) bool {
	return it.kind != kindAlert && it.kind == old.kind && it.name == old.name
}

// supersedes says whether the item ends one of an earlier request. New input of a form
// ends its old errors as well: they were about something else.
func (it flashItem) supersedes(old flashItem) bool {
	return it.replaces(old) || it.kind == kindInput && old.kind == kindInputErrors && it.name == old.name
}

// superseded says whether this request has flashed something instead of old.
func (f *flashes) superseded(old flashItem) bool {
	by := func(it flashItem) bool { return it.supersedes(old) }
	return slices.ContainsFunc(f.own, by) || slices.ContainsFunc(f.added, by)
}

// received is the flash that the session came with, less what has expired.
func (s *Session) received() []flashItem {
	st := s.state()
	if f := &s.flash; !f.decoded {
		f.decoded = true
		f.received = st.flash(s.m.now())
	}
	return s.flash.received
}

func (st *state) flash(now time.Time) []flashItem {
	var items []flashItem
	for _, e := range st.entries {
		if !e.kind.isFlash() {
			continue
		}
		if it, ok := decodeFlash(e); ok && it.expires > now.UnixMilli() {
			items = append(items, it)
		}
	}
	return items
}

// visible is what this request may show, in the order it was flashed.
func (s *Session) visible() []flashItem {
	received := s.received()
	if classify(s.req) == audienceNobody {
		return nil
	}
	f := &s.flash
	items := slices.DeleteFunc(slices.Clone(received), f.superseded)
	items = slices.Concat(items, f.own, f.added)
	if s.headSent && s.m.sealer != nil && s.decision.shows {
		items = s.onlyRead(items)
	}
	for _, m := range f.now {
		items = append(items, flashItem{kind: kindAlert, value: mustEncode(m)})
	}
	return items
}

// onlyRead leaves what was read before the head left. The rest could be shown, but not
// removed, and so would be seen again.
func (s *Session) onlyRead(items []flashItem) []flashItem {
	kept := slices.DeleteFunc(items, func(it flashItem) bool { return !s.flash.read[it.id] && !s.flash.done[it.id] })
	if len(kept) < len(items) {
		s.late(ErrHeadSent)
	}
	return kept
}

// keyed is the item flashed under key.
func (s *Session) keyed(key string) (flashItem, bool) {
	for _, it := range s.visible() {
		if it.kind == kindKeyed && it.name == key {
			return it, true
		}
	}
	return flashItem{}, false
}

// settle decides, when the head is about to leave, which messages this response consumes.
// It is called again for what is read while the body streams.
func (s *Session) settle(v view) flashDelta {
	f := &s.flash
	if s.st == nil || !v.shows {
		return flashDelta{}
	}
	if s.m.sealer != nil && !s.headSent && f.claimed() {
		for _, it := range s.visible() {
			f.markRead(it)
			f.formRead = f.formRead || it.kind.onePage()
		}
	}
	var delta flashDelta
	for _, it := range s.received() {
		if !f.consumes(it, v.page) {
			continue
		}
		delta.drop = append(delta.drop, it.id)
		if f.keep != nil && !f.superseded(it) {
			delta.add = append(delta.add, f.kept(it, s.flashExpiry())...)
		}
	}
	for _, it := range f.own {
		if f.consumes(it, false) {
			delta.drop = append(delta.drop, it.id)
		}
	}
	// What was added and shown in one request need not be stored at all.
	for _, it := range f.added {
		if f.consumes(it, false) {
			f.own = append(f.own, it)
		}
	}
	f.added = slices.DeleteFunc(f.added, func(it flashItem) bool { return f.done[it.id] })
	return delta
}

// consumes says whether a response that can show messages ends this one, and notes it.
// Old input and errors that the session came with end with any page, read or not.
func (f *flashes) consumes(it flashItem, page bool) bool {
	if f.done[it.id] {
		return false
	}
	ends := f.read[it.id]
	if it.kind.onePage() {
		ends = page || f.formRead
	}
	if ends {
		f.done = marked(f.done, it.id)
	}
	return ends
}

func marked(set map[string]bool, id string) map[string]bool {
	if set == nil {
		set = map[string]bool{}
	}
	set[id] = true
	return set
}

// kept is what Reflash leaves of an item that would end here.
func (f *flashes) kept(it flashItem, until int64) []flashItem {
	it.expires = until
	switch it.kind {
	case kindInput, kindInputErrors:
		return it.fields(f.keep)
	case kindAlert:
		alert, _ := it.alert()
		if !f.keep(alert.Kind) {
			return nil
		}
	default:
		if !f.keep(it.name) {
			return nil
		}
	}
	return []flashItem{it}
}

// flashDelta is what a commit changes about messages: by their ids, so that it can be
// replayed on any record.
type flashDelta struct {
	drop []string
	add  []flashItem
}

func (d flashDelta) empty() bool { return len(d.drop) == 0 && len(d.add) == 0 }

// apply also drops what has expired, since it is there.
func (d flashDelta) apply(st *state, now time.Time) {
	if d.empty() {
		return
	}
	st.entries = slices.DeleteFunc(slices.Clone(st.entries), func(e entry) bool {
		if !e.kind.isFlash() {
			return false
		}
		old, ok := decodeFlash(e)
		return !ok || old.expires <= now.UnixMilli() || slices.Contains(d.drop, old.id) ||
			slices.ContainsFunc(d.add, func(it flashItem) bool { return it.supersedes(old) })
	})
	for _, it := range d.add {
		st.entries = append(st.entries, it.entry())
	}
	st.dropAlerts(maxAlerts)
}

// dropAlerts leaves the newest alerts. It says whether it dropped any.
func (st *state) dropAlerts(most int) bool {
	excess := -most
	for _, e := range st.entries {
		if e.kind == kindAlert {
			excess++
		}
	}
	if excess <= 0 {
		return false
	}
	st.entries = slices.DeleteFunc(st.entries, func(e entry) bool {
		if e.kind == kindAlert {
			excess--
		}
		return e.kind == kindAlert && excess >= 0
	})
	return true
}

// mustEncode is for the library's own types, which always can be.
func mustEncode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("session: internal error: " + err.Error())
	}
	return raw
}
