package session

import "slices"

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
