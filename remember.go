package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// RememberMe gives this session its own timeouts, in place of those in [Config], and a cookie that
// stays when the browser is closed, whatever Config.ClearWithBrowser says. It is for a login where
// the visitor may ask to stay logged in:
//
//	var idle, absolute time.Duration
//	if c.FormValue("remember") != "" {
//		idle, absolute = 14*24*time.Hour, 90*24*time.Hour
//	}
//	s.RememberMe(idle, absolute)
//
// The session ends after idle without use, and in any case after absolute from now. 0 means the
// timeout in Config. A negative absolute means never. A negative idle fails the session, and so
// does a timeout below 10 milliseconds, such as 86400 without a unit. An idle shorter than
// Config.IdleTimeout counts as Config.IdleTimeout, and more than 360 days as 360 days. An idle
// longer than absolute has no effect, so give both.
//
// With 0 and 0 nobody is remembered: the session becomes like all others, even if it was remembered
// before, and the absolute timeout of Config starts anew.
//
// The session gets a new id, as with [Session.Regenerate]. It keeps its timeouts through Regenerate
// and [Session.Clear], and ends with [Session.Destroy]. (With a [Sealer], a copy of the cookie
// survives Destroy, and is good for as long as RememberMe has said.)
func (s *Session) RememberMe(idle, absolute time.Duration) {
	s.lock()
	defer s.unlock()
	if err := checkTimeouts(idle, absolute); err != nil {
		s.fail(err)
		return
	}
	s.state()
	if !s.changeable(needsCookie) {
		return
	}
	raw := s.m.newLife(idle, absolute).encode()
	s.change(func(st *state) error { st.put(kindLife, lifeTimeouts, raw); return nil })
	s.renewID()
}

var errTimeouts = errors.New("session: RememberMe with a timeout that nobody can mean")

func checkTimeouts(idle, absolute time.Duration) error {
	for _, d := range [...]time.Duration{idle, absolute} {
		if lacksUnit(d) {
			return fmt.Errorf("%w: %v %s", errTimeouts, d, withoutUnit)
		}
	}
	if idle < 0 {
		return fmt.Errorf("%w: idle = %v is negative; 0 is that of Config", errTimeouts, idle)
	}
	return nil
}

// life is how long a session lives.
type life struct {
	idle time.Duration // 0 = as long as Config says, as for every session that is not remembered
	end  int64         // in milliseconds since 1970; 0 = never
}

const (
	kindLife     kind = 'l' // how long the session lives, if it has timeouts of its own
	lifeTimeouts      = "timeouts"
)

func (m *Manager) newLife(idle, absolute time.Duration) life {
	var l life
	if idle > 0 || absolute != 0 {
		l.idle = max(idle, time.Millisecond) // if that of Config is longer, it counts; 0 would mean "not remembered"
	}
	if absolute == 0 {
		absolute = m.cfg.AbsoluteTimeout
	}
	if absolute > 0 {
		l.end = m.now().Add(absolute).UnixMilli()
	}
	return l
}

func (l life) encode() []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(l.idle.Milliseconds())), uint64(l.end))
}

// life is what the record itself says about how long the session lives. Few records say anything,
// so ownLife spares the others a walk over their entries.
func (st *state) life() life {
	if st.ownLife {
		if raw, ok := st.get(kindLife, lifeTimeouts); ok {
			r := reader{rest: raw}
			return life{time.Duration(r.uvarint()) * time.Millisecond, int64(r.uvarint())}
		}
	}
	return life{end: st.deadline}
}

// end is when the session ends, used or not, in milliseconds since 1970; 0 = never.
func (st *state) end() int64 { return st.life().end }

// remembered says whether the visitor has asked for it.
func (st *state) remembered() bool { return st.life().idle > 0 }

// idle is how long a session lives without use. RememberMe cannot make that shorter: a store that
// prolongs sessions as it reads them knows only the timeout in Config.
func (m *Manager) idle(st *state) time.Duration {
	return max(m.cfg.IdleTimeout, min(st.life().idle, maxIdleTimeout))
}
