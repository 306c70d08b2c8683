package session

import (
	"cmp"
	"crypto/rand"
	"slices"
)

// The kinds of alerts. Any other kind works too, but the component FlashAlerts must be told to show
// it.
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

// KindOf returns the kind that a name stands for: "danger" and "alert" are [KindError], "warn" is
// [KindWarning], "notice" and "" are [KindInfo], and every other name is a kind of its own.
func KindOf(name string) string {
	if kind, isAlias := kindAliases[name]; isAlias {
		return kind
	}
	return cmp.Or(name, KindInfo)
}

// maxAlerts is how many alerts can wait. If nothing ever shows them they would fill the session, so
// the oldest are dropped.
const maxAlerts = 256

// Message is an alert. The components escape all of its fields.
type Message struct {
	Kind  string `json:"kind"` // "" means "info"
	Title string `json:"title,omitempty"`
	Text  string `json:"text"`
	Href  string `json:"href,omitempty"`  // the address of a link; "" means no link
	Label string `json:"label,omitempty"` // the text of that link; "" means its address
}

// Flash messages live until a page shows them, or for Config.FlashTTL. A message is
// consumed by the response that read it, by its own id and in that response's commit, and
// only if that response can show it: not a redirect, not a prefetch, not a download, not an error
// page of the 5xx kind. So a poll, an image or another tab cannot eat it, and it rides through any
// number of redirects by itself.

// FlashSuccess adds an alert of the kind "success". Alerts add up; the newest 256 wait, or in a cookie
// as many as have room.
func (s *Session) FlashSuccess(text string) { s.FlashAlert(Message{Kind: KindSuccess, Text: text}) }

// FlashError adds an alert of the kind "error".
func (s *Session) FlashError(text string) { s.FlashAlert(Message{Kind: KindError, Text: text}) }

// FlashWarning adds an alert of the kind "warning".
func (s *Session) FlashWarning(text string) { s.FlashAlert(Message{Kind: KindWarning, Text: text}) }

// FlashInfo adds an alert of the kind "info".
func (s *Session) FlashInfo(text string) { s.FlashAlert(Message{Kind: KindInfo, Text: text}) }

// FlashAlert adds an alert of any kind, which may have a title and a link.
func (s *Session) FlashAlert(m Message) {
	m.Kind = KindOf(m.Kind)
	s.lock()
	defer s.unlock()
	s.addFlash(flashItem{kind: kindAlert, value: mustEncode(m)})
}

// FlashNow adds an alert for this response only. If this response does not show it, it is dropped;
// so is one that is added outside of a request, as in [Manager.Update].
func (s *Session) FlashNow(kind, text string) {
	s.lock()
	defer s.unlock()
	s.state()
	f, m := s.flashes(), Message{Kind: KindOf(kind), Text: text}
	f.now = append(f.now, flashItem{id: rand.Text(), kind: kindAlert, value: mustEncode(m)})
}

// Flash stores value under key until a page reads it; a later value under the same key replaces it.
// Read it with [Flashed], [FlashMessages.Get] or the FlashMessage component. A string under the
// name of an alert kind, such as "success", is also shown among the alerts.
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

// Reflash keeps for one more page what this request received: messages that it shows, old input,
// and errors.
func (s *Session) Reflash() { s.reflash(reflashed{}) }

// ReflashOnly is Reflash for some names: keys of [Session.Flash], kinds of alerts, codes of errors,
// and names of form fields. A kind may be given by any of its names (see [KindOf]), and a field by
// any spelling of its name or of a group that contains it (see [Session.FlashOnly]). Of several calls
// of Reflash, ReflashOnly and [Session.ReflashExcept] the last one counts.
func (s *Session) ReflashOnly(keys ...string) {
	s.reflash(reflashed{only: append([]string{}, keys...)}) // never nil, which would be all
}

// ReflashExcept is Reflash for all names except these.
func (s *Session) ReflashExcept(keys ...string) {
	s.reflash(reflashed{except: slices.Clone(keys)})
}

// reflashed is the names of what Reflash keeps.
type reflashed struct{ only, except []string } // only: nil is all

func (r reflashed) isAll() bool { return r.only == nil && r.except == nil }

// has says whether Reflash keeps name, which may be listed by another name of the same kind.
func (r reflashed) has(name string) bool { return r.keeps(name, isNamed) }

// hasField is has for a field of a form. To a field, "notice" is not another name for "info".
func (r reflashed) hasField(name string) bool { return r.keeps(name, isFieldOf) }

func (r reflashed) keeps(name string, isIn func(names []string, name string) bool) bool {
	return (r.only == nil || isIn(r.only, name)) && !isIn(r.except, name)
}

func isNamed(keys []string, name string) bool {
	return isFieldOf(keys, name) || slices.ContainsFunc(keys, func(key string) bool { return KindOf(key) == KindOf(name) })
}

func (s *Session) reflash(keep reflashed) {
	s.lock()
	defer s.unlock()
	s.state()
	if s.changeable(updatesRecord) {
		s.flashes().keep = &keep
	}
}

// addFlash records a new item. Except for alerts, there is only one item of a kind and name.
func (s *Session) addFlash(it flashItem) {
	s.received() // decoded now: after a commit the item would seem to have come with the request
	if !s.changeable(updatesRecord) {
		return
	}
	it.id = rand.Text()
	f := s.flashes()
	f.forms = nil
	if it.kind != kindAlert { // an alert replaces nothing, and there may be thousands to look through
		f.own = slices.DeleteFunc(f.own, it.replaces)
		// New input removes the errors of its form from the record, since they are about other input. Those
		// that this request has saved already are about this very input, so they are saved again.
		f.saveAgain(it.supersedes)
	}
	f.own = append(f.own, it)
}
