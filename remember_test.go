package session_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

const day = 24 * time.Hour

func rememberFor(idle, absolute time.Duration) func(*session.Session) {
	return func(s *session.Session) { s.RememberMe(idle, absolute) }
}

func Test_how_long_a_remembered_session_lives(t *testing.T) {
	fortnight := rememberFor(14*day, 90*day)
	for _, tc := range []struct {
		desc     string
		absolute time.Duration // of the Config; the idle timeout is 2 hours
		remember func(*session.Session)
		uses     []use
		wait     time.Duration
		alive    bool
	}{
		{"just before its own idle timeout", 0, fortnight, nil, 14*day - time.Millisecond, true},
		{"at its own idle timeout", 0, fortnight, nil, 14 * day, false},
		{"reading starts the idle time anew", 0, fortnight, []use{{13 * day, 3, read}}, 13 * day, true},
		{"even if the store is about to forget it", 0, fortnight, []use{{14*day - time.Minute, 3, read}}, 14*day - time.Minute, true},
		{"so does writing", 0, fortnight, []use{{13 * day, 3, increment}}, 13 * day, true},
		{"so does a new id", 0, fortnight, []use{{13 * day, 3, (*session.Session).Regenerate}}, 13 * day, true},
		{"so does Clear, which it outlives", 0, fortnight, []use{{13 * day, 3, func(s *session.Session) { s.Clear(); s.Put("a", 1) }}}, 13 * day, true},
		{"just before its own absolute timeout, read all the time", 0, fortnight, []use{{9 * day, 9, read}}, 9*day - time.Millisecond, true},
		{"at its own absolute timeout, read all the time", 0, fortnight, []use{{9 * day, 9, read}}, 9 * day, false},
		{"at its own absolute timeout, written all the time", 0, fortnight, []use{{9 * day, 9, increment}}, 9 * day, false},
		{"remembered again, from then on", 0, fortnight, []use{{9 * day, 9, fortnight}}, 9 * day, true},
		{"for thirty days, however much it is used", 0, rememberFor(30*day, 30*day), []use{{7 * day, 4, increment}}, 2 * day, false},
		{"for thirty days, though nobody uses it", 0, rememberFor(30*day, 30*day), nil, 30*day - time.Millisecond, true},
		{"for ever, if it is used", 0, rememberFor(14*day, -1), []use{{13 * day, 60, read}}, 13 * day, true},
		{"but not without use", 0, rememberFor(14*day, -1), []use{{13 * day, 3, read}}, 14 * day, false},
		{"for ever, as the others", -1, rememberFor(14*day, 0), []use{{13 * day, 60, read}}, 13 * day, true},
		{"not for ever, as the others do", -1, rememberFor(14*day, 90*day), []use{{9 * day, 9, read}}, 9 * day, false},
		{"an idle timeout alone, until that of Config", 0, rememberFor(14*day, 0), nil, day - time.Millisecond, true},
		{"an idle timeout alone, at that of Config", 0, rememberFor(14*day, 0), nil, day, false},
		{"an absolute timeout alone", 0, rememberFor(0, 90*day), []use{{119 * time.Minute, 30, read}}, 119 * time.Minute, true},
		{"an absolute timeout alone, without use", 0, rememberFor(0, 90*day), nil, 2 * time.Hour, false},
		{"for hardly any time, as long as all others", 0, rememberFor(10*time.Millisecond, 90*day), []use{{119 * time.Minute, 30, read}}, 119 * time.Minute, true},
		{"no absolute timeout alone", 0, rememberFor(0, -1), []use{{119 * time.Minute, 30, read}}, 119 * time.Minute, true},
		{"no shorter than all others", 0, rememberFor(time.Minute, 90*day), nil, 2*time.Hour - time.Millisecond, true},
		{"no longer remembered", 0, fortnight, []use{{9 * day, 2, read}, {time.Hour, 1, rememberFor(0, 0)}}, 2 * time.Hour, false},
		{"no longer remembered, and used", 0, fortnight, []use{{9 * day, 2, read}, {time.Hour, 1, rememberFor(0, 0)}, {time.Hour, 22, read}}, time.Hour, true},
		{"no longer remembered, and used for too long", 0, fortnight, []use{{9 * day, 2, read}, {time.Hour, 1, rememberFor(0, 0)}, {time.Hour, 23, read}}, time.Hour, false},
		{"never remembered, at the absolute timeout", 0, read, []use{{time.Hour, 1, rememberFor(0, 0)}, {time.Hour, 22, read}}, time.Hour, true},
		{"never remembered, at the absolute timeout from its login on", 0, read, []use{{time.Hour, 1, rememberFor(0, 0)}, {time.Hour, 23, read}}, time.Hour, false},
		{"after a log-out a new one has no part in it", 0, fortnight, []use{{time.Hour, 1, func(s *session.Session) { s.Destroy(); s.Put("a", 1) }}}, 2 * time.Hour, false},
	} {
		for _, kind := range []string{"memory", "renewing", "cookie"} {
			cfg := session.Config{AbsoluteTimeout: tc.absolute}
			begin := func(s *session.Session) { s.Put("a", 1); tc.remember(s) }
			if got := outlives(t, kind, cfg, begin, tc.uses, tc.wait); got != tc.alive {
				t.Errorf("%s store, %s: alive is %t; want %t", kind, tc.desc, got, tc.alive)
			}
		}
	}
}

func Test_the_cookie_of_a_remembered_session(t *testing.T) {
	for _, tc := range []struct {
		claim   string
		browser bool // Config.ClearWithBrowser
		work    func(*session.Session)
		want    string
	}{
		{"all others until the absolute timeout", false, put("a", 2), "; Max-Age=86400"},
		{"until its own absolute timeout", false, rememberFor(14*day, 90*day), "; Max-Age=7776000"},
		{"as long as browsers grant, without one", false, rememberFor(14*day, -1), "; Max-Age=34560000"},
		{"all others end with the browser", true, put("a", 2), ""},
		{"it does not", true, rememberFor(14*day, 90*day), "; Max-Age=7776000"},
		{"it does not, for hardly any time", true, rememberFor(10*time.Millisecond, 90*day), "; Max-Age=7776000"},
		{"it does not, with an absolute timeout alone", true, rememberFor(0, 90*day), "; Max-Age=7776000"},
		{"and it does", true, func(s *session.Session) { s.RememberMe(14*day, 90*day); s.RememberMe(0, 0) }, ""},
	} {
		for _, kind := range []string{"memory", "cookie"} {
			c := new(clock)
			p := start(t, session.Config{Store: storeOf(t, kind, c.Now), Now: c.Now, ClearWithBrowser: tc.browser})
			rec := newVisitor().must(t, p, func(s *session.Session) { s.Put("a", 1); tc.work(s) })
			line := rec.Header().Get("Set-Cookie")
			age := ""
			if _, rest, ok := strings.Cut(line, "; Max-Age="); ok {
				age, _, _ = strings.Cut(rest, ";")
				age = "; Max-Age=" + age
			}
			if age != tc.want || !strings.Contains(line, "; HttpOnly; Secure; SameSite=Lax") {
				t.Errorf("%s store, %s: %q; want %q", kind, tc.claim, line, tc.want)
			}
		}
	}
}

// What was flashed before a login must not outlive the browser, but what is flashed after it may.
func Test_that_the_flash_of_a_remembered_session_stays_as_the_session_does(t *testing.T) {
	c := new(clock)
	p := start(t, session.Config{Store: cookieStore(t, c.Now), Now: c.Now, ClearWithBrowser: true})
	v := newVisitor()
	for _, step := range []struct {
		work func(*session.Session)
		want bool
	}{
		{func(s *session.Session) { s.FlashInfo("hello") }, false},
		{func(s *session.Session) { s.Put("a", 1); s.RememberMe(14*day, 90*day); s.FlashInfo("hello") }, true},
	} {
		rec := v.visit(p, func(c echo.Context) error {
			step.work(session.From(c))
			return session.Redirect(c, "/")
		})
		i := slices.IndexFunc(rec.Result().Cookies(), func(c *http.Cookie) bool { return c.Name == flashCookieName })
		if i < 0 || (rec.Result().Cookies()[i].MaxAge > 0) != step.want {
			t.Errorf("sets %v; want an age: %t", rec.Header()["Set-Cookie"], step.want)
		}
	}
}

func Test_that_a_remembered_session_gets_a_new_id(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	before := v.clone()
	v.must(t, p, rememberFor(14*day, 90*day))
	if v.cookie() == before.cookie() || alive(p, before) || !alive(p, v) {
		t.Error("want another id, and the first one dead")
	}
}

// A session that its user cannot find cannot be ended from elsewhere.
func Test_that_the_user_finds_a_remembered_session(t *testing.T) {
	for claim, tc := range map[string]struct {
		idle, absolute time.Duration
		use            func(*session.Session)
		every          time.Duration
	}{
		"read":                  {14 * day, 90 * day, read, 13 * day},
		"written":               {14 * day, 90 * day, increment, 13 * day},
		"read, for ever":        {14 * day, -1, read, 13 * day},
		"written, for ever":     {14 * day, -1, increment, 13 * day},
		"for ever, if in use":   {0, -1, read, 50 * time.Minute},
		"as long as all others": {0, 0, read, 50 * time.Minute},
	} {
		p, _ := startRenewing(t, day)
		v := newVisitor()
		v.must(t, p, func(s *session.Session) { s.Tag("ann") })
		v.must(t, p, rememberFor(tc.idle, tc.absolute))
		for range 5 {
			p.clock.advance(tc.every)
			v.must(t, p, tc.use)
		}
		found, err := p.manager.Tagged(t.Context(), "ann")
		if err != nil || len(found) != 1 || !found[0].LastSeen.Equal(p.clock.Now()) {
			t.Errorf("%s: found %+v, %v; want the session, seen now", claim, found, err)
		}
		if err := p.manager.DestroyTagged(t.Context(), "ann"); err != nil || alive(p, v) {
			t.Errorf("%s: it lives on after the log-out everywhere, %v", claim, err)
		}
	}
}

func Test_that_a_remembered_session_has_the_idle_timeout_of_a_new_config(t *testing.T) {
	for _, tc := range []struct {
		claim        string
		idle         time.Duration
		before, then time.Duration // the idle timeouts of the Config
		ends         time.Duration
	}{
		{"lowered, and it has none of its own", 0, 2 * time.Hour, time.Hour, time.Hour},
		{"lowered, and its own was shorter", time.Minute, 2 * time.Hour, time.Hour, time.Hour},
		{"lowered, and its own is longer", 3 * time.Hour, 2 * time.Hour, time.Hour, 3 * time.Hour},
		{"raised, and it has none of its own", 0, 2 * time.Hour, 4 * time.Hour, 4 * time.Hour},
		{"raised, and its own is shorter now", 3 * time.Hour, 2 * time.Hour, 4 * time.Hour, 4 * time.Hour},
	} {
		c := new(clock)
		cfg := session.Config{Store: memorystore.New(memorystore.Options{Now: c.Now}), Now: c.Now, IdleTimeout: tc.before}
		v := newVisitor()
		v.must(t, start(t, cfg), func(s *session.Session) { s.Put("a", 1); s.RememberMe(tc.idle, 90*day) })
		cfg.IdleTimeout = tc.then
		p := start(t, cfg)
		v.must(t, p, increment)
		found := 0
		for info, err := range p.manager.All(t.Context()) {
			if found++; err != nil || info.Expires.Sub(c.Now()) != tc.ends {
				t.Errorf("%s: ends after %v, %v; want %v", tc.claim, info.Expires.Sub(c.Now()), err, tc.ends)
			}
		}
		if found != 1 {
			t.Errorf("%s: found %d sessions; want one", tc.claim, found)
		}
	}
}

func Test_that_the_store_hears_of_a_remembered_session_as_of_all_others(t *testing.T) {
	for claim, absolute := range map[string]time.Duration{"with an end": 90 * day, "without an end": -1} {
		p, r := startRenewing(t, day)
		v := newVisitor()
		v.must(t, p, func(s *session.Session) { s.Tag("ann"); s.RememberMe(14*day, absolute) })
		for _, step := range []struct {
			after time.Duration
			want  []string
		}{
			{5 * time.Minute, []string{"renew"}},
			{time.Minute, []string{"renew", "touch"}},
			{14*day - time.Minute, []string{"renew", "move", "touch"}},
			{5 * time.Minute, []string{"renew"}},
		} {
			p.clock.advance(step.after)
			seen := p.clock.Now()
			r.take()
			rec := v.must(t, p, read)
			if got := r.take(); !slices.Equal(got, step.want) {
				t.Errorf("%s, %v later: the store was asked to %q; want %q", claim, step.after, got, step.want)
			}
			moved := len(step.want) > 1
			if sets := len(setCookies(rec)) == 1; sets != (moved && absolute < 0) {
				t.Errorf("%s, %v later: sets %v; want a cookie if it has no end and was moved", claim, step.after, setCookies(rec))
			}
			if !moved {
				seen = seen.Add(-step.after)
			}
			if found, err := p.manager.Tagged(t.Context(), "ann"); err != nil || len(found) != 1 || !found[0].LastSeen.Equal(seen) {
				t.Errorf("%s, %v later: found %+v, %v; want one session, seen at %v", claim, step.after, found, err, seen)
			}
		}
	}
}

func Test_that_the_store_hears_of_one_remembered_for_little_longer_as_of_all_others(t *testing.T) {
	p, r := startRenewing(t, day) // for an hour
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.Tag("ann"); s.RememberMe(90*time.Minute, -1) })
	for range 3 {
		for _, want := range [][]string{{"renew"}, {"renew", "touch"}} {
			p.clock.advance(4 * time.Minute) // a tenth is 6
			r.take()
			v.must(t, p, read)
			if got := r.take(); !slices.Equal(got, want) {
				t.Errorf("the store was asked to %q; want %q", got, want)
			}
		}
	}
}

func Test_that_to_be_remembered_is_not_worth_a_session(t *testing.T) {
	for _, kind := range []string{"memory", "cookie"} {
		c := new(clock)
		p := start(t, session.Config{Store: storeOf(t, kind, c.Now), Now: c.Now})
		if rec := newVisitor().must(t, p, rememberFor(14*day, 90*day)); len(setCookies(rec)) != 0 {
			t.Errorf("%s store: it sets %v", kind, setCookies(rec))
		}
	}
}

func Test_when_a_session_cannot_be_remembered(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("a", 1))

	var err error
	rec := v.do(p, func(s *session.Session) { s.RememberMe(-time.Minute, 0); err = s.Err() })
	if rec.Code != http.StatusInternalServerError || err == nil || !strings.Contains(err.Error(), "-1m0s") {
		t.Errorf("a negative idle timeout: status %d, %v; want 500, and the value", rec.Code, err)
	}
	for _, timeouts := range [][2]time.Duration{{14, 90 * day}, {14 * day, 90}} {
		v.do(p, func(s *session.Session) { s.RememberMe(timeouts[0], timeouts[1]); err = s.Err() })
		if err == nil || !strings.Contains(err.Error(), "nanoseconds") {
			t.Errorf("%v, one of them without a unit: %v; want an error that says so", timeouts, err)
		}
	}
	v.visit(p, func(c echo.Context) error {
		s := session.From(c)
		s.Has("a")
		defer func() { s.RememberMe(14*day, 90*day); err = s.Err() }()
		return c.String(http.StatusOK, "ok")
	})
	if !errors.Is(err, session.ErrHeadSent) {
		t.Errorf("after the head: %v; want ErrHeadSent", err)
	}
	for info := range p.manager.All(t.Context()) {
		err := p.manager.Update(t.Context(), info.Handle, func(s *session.Session) error { s.RememberMe(14*day, 90*day); return nil })
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("in a job: %v; want ErrUnsupported", err)
		}
	}
	p.clock.advance(2 * time.Hour)
	if alive(p, v) {
		t.Error("it is remembered all the same")
	}
}

func Test_that_a_login_that_could_not_be_saved_is_not_remembered(t *testing.T) {
	c := new(clock)
	w := &watched{Store: plain{memorystore.New(memorystore.Options{Now: c.Now})}}
	p := start(t, session.Config{Store: w, Now: c.Now})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	w.before = failing(errStoreDown, "Write")
	c.advance(time.Hour)
	if rec := v.do(p, rememberFor(14*day, 90*day)); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d; want 503", rec.Code)
	}
	w.before = nil
	v.must(t, p, read)
	c.advance(2 * time.Hour)
	if alive(p, v) {
		t.Error("it lives on")
	}
}

func Test_that_a_remembered_visitor_is_told_things_in_a_cookie_too(t *testing.T) {
	c := new(clock)
	p, v := start(t, session.Config{Store: cookieStore(t, c.Now), Now: c.Now}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.Put("user", "7"); s.RememberMe(14*day, 90*day) })
	for _, days := range []int{0, 2, 12} { // the others end after one
		c.advance(time.Duration(days) * day)
		v.must(t, p, func(s *session.Session) { s.Flash("said", "saved") })
		v.must(t, p, func(s *session.Session) {
			if got := session.Flashed[string](s, "said"); got != "saved" || !s.Has("user") {
				t.Errorf("%d days later: told %q, and logged in is %v", days, got, s.Has("user"))
			}
			s.Put("seen", days)
		})
	}
}
