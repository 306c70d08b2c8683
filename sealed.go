package session

import (
	"errors"
	"time"
)

// Sessions that live in cookies. There are two cookies: one with the values, and one with the
// flash, so that a response that was on its way when a message was flashed does not overwrite it
// with a session without the message.

// sealed is what the visitor's cookies hold, and what this request has done to them.
type sealed struct {
	flashGiven bool // there was a flash cookie, whatever was in it
	values     bool // there was a good session cookie
	flash      bool // there was a good flash cookie
	ended      bool // Destroy was called
	cleared    bool // Clear was called, and there was flash
}

func (s *Session) open() (found bool, err error) {
	values, until, err := s.unseal(s.m.cookie.name(), &s.given)
	if err != nil {
		return false, err
	}
	flash, _, err := s.unseal(s.m.cookie.flashName, &s.sealed.flashGiven)
	if err != nil {
		return false, err
	}
	if values == nil {
		s.begin(s.at)
	} else {
		s.sealed.values, s.expires = true, until
		s.st = values
	}
	if flash != nil {
		s.sealed.flash = true
		s.st.join(flash)
	}
	messagesOnly := s.sealed.flash && !s.given // as opposed to a session that cannot be opened
	return s.sealed.values || messagesOnly, nil
}

// unseal returns the first cookie of that name that can be opened, and until when it is good. It
// sets given if the visitor sent one, whatever was in it.
func (s *Session) unseal(name string, given *bool) (*state, time.Time, error) {
	for value := range candidates(s.req, name) {
		*given = true
		rec, err := s.m.open(s.ctx, s.m.cookie.sealedAs(name), value)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, time.Time{}, unavailable("open the cookie", err)
		}
		st, err := s.understand(rec, "")
		if st != nil || err != nil {
			return st, rec.Expires, err
		}
	}
	return nil, time.Time{}, nil
}

// seal sets the cookies that have changed, and no other.
func (s *Session) seal(delta flashDelta) error {
	changed, had := len(s.ops) > 0 || s.renew, s.sealed
	delta.apply(s.st, s.at)
	until, due := s.nextExpiry(s.at)
	if changed || had.ended || due && had.values && !s.headSent {
		if err := s.sealValues(until); err != nil {
			return err
		}
	}
	if !delta.empty() || had.ended || had.cleared {
		if err := s.sealFlash(); err != nil {
			return err
		}
	}
	switch {
	case had.ended:
		s.report(s.m.cfg.Hooks.Destroyed, "", Event{}, silent)
	case s.renew && had.values:
		s.report(s.m.cfg.Hooks.Migrated, "", Event{}, silent)
	}
	kept := had.values || had.flash || s.sealed.values || s.sealed.flash
	if kept && (changed || !delta.empty()) {
		s.saved = true
		s.report(s.m.cfg.Hooks.Committed, "", Event{}, silent)
	}
	return nil
}

func (s *Session) sealValues(until time.Time) error {
	name, values := s.m.cookie.name(), s.st
	if values.flashed {
		values = values.without(entry.isFlash)
	}
	if values.empty() {
		s.sealed.values = false
		if s.given {
			s.removeCookie(name)
		}
		return nil
	}
	if err := s.sealCookie(name, values, until, s.cookieAge()); err != nil {
		return err
	}
	s.sealed.values, s.given, s.expires = true, true, until
	return nil
}

// sealFlash seals as much of the flash as fits. Typed input may be long, and messages that are
// never shown add up: some of it is then left out.
func (s *Session) sealFlash() error {
	name, flash := s.m.cookie.flashName, s.st.without(entry.isNoFlash)
	flash.deadline = s.st.end() // RememberMe's own deadline is in the other cookie
	for !flash.empty() {
		var last int64
		for _, it := range flash.flash(s.at) {
			last = max(last, it.expires)
		}
		until := time.UnixMilli(last)
		err := s.sealCookie(name, flash, until, s.ageUntil(until))
		tooLarge, ok := errors.AsType[*TooLargeError](err)
		if !ok || !flash.shrink(tooLarge.Size-tooLarge.Limit) {
			s.sealed.flash, s.sealed.flashGiven = true, true
			return err
		}
		s.report(nil, "", Event{Err: err}, flashTooLarge)
	}
	s.sealed.flash = false
	if s.sealed.flashGiven {
		s.removeCookie(name)
	}
	return nil
}

// shrink leaves out what will be missed least. It says whether there was anything to leave out.
func (st *state) shrink(excess int) bool {
	return st.trimAlerts(excess, 8) || st.trimInput(excess) || st.trimAlerts(excess, 1) || st.trimErrors(excess)
}

func (s *Session) sealCookie(name string, st *state, until time.Time, age time.Duration) error {
	value, err := s.m.seal(s.ctx, s.m.cookie.sealedAs(name), Record{Data: st.encode(), Version: 1, Expires: until})
	if err != nil {
		return unavailable("seal the cookie", err)
	}
	line := s.m.cookie.with(name, value, age)
	if len(line) > maxCookie {
		return &TooLargeError{Size: len(line), Limit: maxCookie, Largest: st.largest()}
	}
	s.keepCookie(name, line)
	return nil
}

// trimInput removes old input that takes about excess bytes of the cookie, or all of it.
func (st *state) trimInput(excess int) bool {
	it, ok := st.flashOf(kindInput)
	if !ok {
		return false
	}
	in := it.input()
	size, _ := in.size()
	// Sealing turns 9 bytes into about 16; at least one field must go.
	if !in.trim(size - 1 - excess/2) {
		st.forget(it.kind, it.id)
		return true
	}
	it.value = mustEncode(in)
	st.put(it.kind, it.id, it.entry().val)
	return true
}

// trimAlerts leaves out the oldest alerts, about excess bytes of a cookie, but at least so many stay.
func (st *state) trimAlerts(excess, least int) bool {
	var sizes []int
	for e := range st.all() {
		if e.kind == kindAlert {
			sizes = append(sizes, len(e.val))
		}
	}
	gone := 0
	for freed := 0; gone < len(sizes)-least && freed <= excess/2; gone++ {
		freed += sizes[gone]
	}
	return st.dropOldest(kindAlert, len(sizes)-gone)
}

// trimErrors leaves out the last errors of a form, message by message, about excess bytes of a
// cookie. The only one left may go too: it may quote what was typed, and so be too long by itself.
func (st *state) trimErrors(excess int) bool {
	it, ok := st.flashOf(kindInputErrors)
	if !ok {
		return false
	}
	errs := it.inputErrors()
	for freed := 0; len(errs) > 0 && freed <= excess/2; {
		e := &errs[len(errs)-1]
		last := len(e.Messages) - 1
		if last > 0 {
			freed += len(mustEncode(e.Messages[last]))
			e.Messages = e.Messages[:last]
			continue
		}
		freed += len(mustEncode(e))
		errs = errs[:len(errs)-1]
	}
	if len(errs) == 0 {
		st.forget(it.kind, it.id)
		return true
	}
	it.value = mustEncode(errs)
	st.put(it.kind, it.id, it.entry().val)
	return true
}

func (st *state) flashOf(k kind) (flashItem, bool) {
	for e := range st.all() {
		if it, ok := decodeFlash(e); ok && it.kind == k {
			return it, true
		}
	}
	return flashItem{}, false
}
