package session

import (
	"fmt"
	"slices"
)

// Flashed returns the value that was flashed under key, or else the first of def, or the zero T.
// Reading the value counts as showing it; but a response that shows nothing, such as a redirect, does
// not use it up. A value that is not a T is logged, each time. Alerts are not found by their kind:
// for those, see [FlashMessages].
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
	s.markRead(it)
	v, err := decodeValue[T](key, it.value)
	if err != nil {
		s.reportMistyped(key, err, mistyped)
		return first(def)
	}
	return v
}

// FlashMessages returns the messages that this request may show: none for a HEAD, an image, or a page
// that is loaded ahead. Reading a message with Get, All or Alerts counts as showing it.
//
// With a cookie store, messages can no longer be removed after the response head has left, so they
// are not returned then. A handler that streams its page with such a store must call FlashMessages
// before the first byte: that claims all messages for this page.
func (s *Session) FlashMessages() FlashMessages {
	if s == nil {
		return FlashMessages{}
	}
	s.lock()
	defer s.unlock()
	s.state()
	used := new(s.headSent) // too late to claim anything
	f := s.flashes()
	f.claims = append(f.claims, used)
	return FlashMessages{s, used}
}

// FlashMessages gives access to a session's messages. The zero value has none.
//
// Has, Get and All find a message by its name: the key given to [Session.Flash], or, if there is no
// such key, the kind of an alert, which stands for the newest of that kind. Names that other
// frameworks use for a kind of alert ("danger", "alert", "warn", "notice") stand for ours, so an
// alert can be asked for by either name. A value that [Session.Flash] has put under such a name is
// found under that name only; as an alert, it is listed under our kind.
//
// To Get and All, an alert is its text, as a string.
type FlashMessages struct {
	s    *Session
	used *bool
}

// Format prints session.FlashMessages(…) with the handle of the session, whatever the verb. It prints no
// message, and so counts as showing none.
func (m FlashMessages) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "session.FlashMessages(%s)", m.s.printed())
}

// Has reports whether there is a message of that name. Asking does not count as showing it.
func (m FlashMessages) Has(name string) bool {
	if m.s == nil {
		return false
	}
	m.s.lock()
	defer m.s.unlock()
	_, ok := m.find(name)
	return ok
}

// Get returns the message of that name, or else the first of def, or nil. Numbers are json.Number.
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
	m.s.markRead(it)
	return it.any()
}

// All returns every message by its name. If there are several alerts of one kind, only the newest
// has the name; the older ones wait for [FlashMessages.Alerts]. The caller may change the map.
func (m FlashMessages) All() map[string]any {
	all := map[string]any{}
	if m.s == nil {
		return all
	}
	m.s.lock()
	defer m.s.unlock()
	for name, it := range m.named() {
		m.s.markRead(it)
		all[name] = it.any()
	}
	return all
}

// Alerts returns every alert of these kinds, or of all kinds if none are given, in the order in
// which they were flashed, with those of [Session.FlashNow] last. Alerts of other kinds wait until
// they are read.
func (m FlashMessages) Alerts(kinds ...string) []Message {
	if m.s == nil {
		return nil
	}
	m.s.lock()
	defer m.s.unlock()
	var alerts []Message
	for _, it := range m.visible() {
		if alert, ok := it.alert(); ok && isOneOf(alert.Kind, kinds) {
			m.s.markRead(it)
			alerts = append(alerts, alert)
		}
	}
	return alerts
}

func isOneOf(kind string, kinds []string) bool {
	return len(kinds) == 0 || slices.ContainsFunc(kinds, func(k string) bool { return KindOf(k) == kind })
}

func (m FlashMessages) visible() []flashItem {
	*m.used = true
	return m.s.visible()
}

func (m FlashMessages) find(name string) (it flashItem, ok bool) {
	named := m.named()
	if it, ok = named[name]; !ok {
		it, ok = named[KindOf(name)]
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

// received is the flash that the session came with, less what has expired.
func (s *Session) received() []flashItem {
	st := s.state()
	f := s.flashes()
	if !f.decoded {
		f.decoded = true
		f.received = st.flash(s.m.now())
	}
	return f.received
}

// visible is what this request may show, in the order it was flashed.
func (s *Session) visible() []flashItem {
	received := s.received()
	if s.audience() == audienceNobody {
		return nil
	}
	f := s.flashes()
	items := slices.DeleteFunc(slices.Clone(received), f.superseded)
	items = append(items, f.own...)
	if len(items)+len(f.now) == 0 {
		return nil // as on most pages; view would read the header, which is no longer ours after the head
	}
	// view is asked first: its answer then stands, even if the visitor leaves after having been shown this.
	if s.headSent && s.view().shows && s.m.sealer != nil {
		items = s.onlyConsumed(items)
	}
	s.warnOfCaches()
	return append(items, f.now...)
}

// warnOfCaches logs once that a page is about to show messages although its head said nothing about
// them. A component that is rendered into the response is sent as soon as there are some kilobytes
// of it.
func (s *Session) warnOfCaches() {
	if s.lateLoad && s.m.sealer == nil && s.view().shows && s.m.warnedOfCaches.CompareAndSwap(false, true) {
		s.report(nil, s.key, Event{Caller: caller()}, shownLate)
	}
}

// onlyConsumed returns the items that the head has removed. The others could be shown, but would be
// seen again.
func (s *Session) onlyConsumed(items []flashItem) []flashItem {
	done := s.flashes().done
	kept := slices.DeleteFunc(items, func(it flashItem) bool { return !slices.Contains(done, it.id) })
	if len(kept) < len(items) {
		s.lateAs(keptBack, ErrHeadSent, caller)
	}
	return kept
}

// keyed is the item flashed under key, or under our name for the kind that key stands for.
func (s *Session) keyed(key string) (flashItem, bool) {
	visible := s.visible()
	for _, name := range [...]string{key, KindOf(key)} {
		for _, it := range visible {
			if it.kind == kindKeyed && it.name == name {
				return it, true
			}
		}
	}
	return flashItem{}, false
}
