package session_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// use is what a visitor does with a session now and then.
type use struct {
	every time.Duration
	times int
	work  func(*session.Session)
}

// storeOf is a store of that kind, for a Config that will get the store's clock.
func storeOf(t *testing.T, kind string, now func() time.Time) session.Store {
	t.Helper()
	memory := memorystore.New(memorystore.Options{Now: now})
	switch kind {
	case "memory":
		return memory
	case "renewing":
		return &renewer{Store: memory}
	case "cookie":
		return cookieStore(t, now)
	}
	t.Fatalf("there is no kind of store called %q", kind)
	return nil
}

// outlives says whether a session that begins like this is alive after these uses, followed by a
// time without use.
func outlives(t *testing.T, kind string, cfg session.Config, begin func(*session.Session), uses []use, wait time.Duration) bool {
	t.Helper()
	c := new(clock)
	cfg.Now, cfg.Store = c.Now, storeOf(t, kind, c.Now)
	p, v := start(t, cfg), newVisitor()
	v.must(t, p, begin)
	for _, u := range uses {
		for range u.times {
			c.advance(u.every)
			v.must(t, p, u.work)
		}
	}
	c.advance(wait)
	return alive(p, v)
}

func Test_when_a_session_ends(t *testing.T) {
	const minute, hour = time.Minute, time.Hour
	for _, tc := range []struct {
		desc  string
		cfg   session.Config
		uses  []use
		wait  time.Duration
		alive bool
	}{
		{"just before the idle timeout", session.Config{}, nil, 2*hour - time.Millisecond, true},
		{"at the idle timeout", session.Config{}, nil, 2 * hour, false},
		{"reading starts the idle time anew", session.Config{}, []use{{119 * minute, 3, read}}, 119 * minute, true},
		{"so does writing", session.Config{}, []use{{119 * minute, 3, increment}}, 119 * minute, true},
		{"so does a new id", session.Config{}, []use{{119 * minute, 3, (*session.Session).Regenerate}}, 119 * minute, true},
		{"not touching the session does not", session.Config{}, []use{{30 * minute, 3, func(*session.Session) {}}}, 30 * minute, false},
		{"just before the absolute timeout, read all the time", session.Config{}, []use{{hour, 23, read}}, hour - time.Millisecond, true},
		{"at the absolute timeout, read all the time", session.Config{}, []use{{hour, 23, read}}, hour, false},
		{"at the absolute timeout, written all the time", session.Config{}, []use{{hour, 23, increment}}, hour, false},
		{"at the absolute timeout, with a new id all the time", session.Config{}, []use{{hour, 23, (*session.Session).Regenerate}}, hour, false},
		{"never, if it is used", session.Config{AbsoluteTimeout: -1}, []use{{hour, 24 * 30, read}}, hour, true},
		{"idle, though there is no absolute timeout", session.Config{AbsoluteTimeout: -1}, nil, 2 * hour, false},
		{"idle for longer than the absolute timeout allows", session.Config{IdleTimeout: 48 * hour}, nil, 24 * hour, false},
	} {
		for _, kind := range []string{"memory", "cookie"} {
			if got := outlives(t, kind, tc.cfg, put("a", 1), tc.uses, tc.wait); got != tc.alive {
				t.Errorf("%s store, %s: alive is %t; want %t", kind, tc.desc, got, tc.alive)
			}
		}
	}
}

func Test_that_the_idle_time_begins_when_a_slow_handler_is_done(t *testing.T) {
	for claim, work := range map[string]func(*session.Session){"it reads": read, "it writes": increment} {
		for _, kind := range []string{"memory", "cookie"} {
			c := new(clock)
			p := start(t, session.Config{Store: storeOf(t, kind, c.Now), Now: c.Now, IdleTimeout: 2 * time.Hour})
			v := newVisitor()
			v.must(t, p, put("a", 1))
			v.must(t, p, func(s *session.Session) {
				read(s)
				c.advance(119 * time.Minute)
				work(s)
			})
			c.advance(119 * time.Minute)
			if !alive(p, v) {
				t.Errorf("%s store, %s: it has ended", kind, claim)
			}
		}
	}
}

// hijackable is a response to a connection that can be taken over.
type hijackable struct{ *httptest.ResponseRecorder }

func (hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, _ := net.Pipe()
	return conn, nil, nil
}

func Test_that_a_session_is_in_use_until_its_stream_ends(t *testing.T) {
	for claim, begin := range map[string]func(c echo.Context) error{
		"loaded before it, which flushes": func(c echo.Context) error {
			read(session.From(c))
			c.Response().Flush()
			return nil
		},
		"loaded before it, and the connection was taken over": func(c echo.Context) error {
			read(session.From(c))
			_, _, err := c.Response().Hijack()
			return err
		},
		"loaded in it": func(c echo.Context) error {
			_, err := c.Response().Write([]byte("one"))
			return err
		},
	} {
		p := start(t, session.Config{IdleTimeout: 2 * time.Hour})
		v := newVisitor()
		v.must(t, p, put("a", 1))
		r := v.request()
		p.ServeHTTP(hijackable{httptest.NewRecorder()}, r.WithContext(context.WithValue(r.Context(), handlerKey{}, echo.HandlerFunc(func(c echo.Context) error {
			if err := begin(c); err != nil {
				t.Errorf("%s: %v", claim, err)
			}
			p.clock.advance(119 * time.Minute)
			read(session.From(c))
			return nil
		}))))
		p.clock.advance(119 * time.Minute)
		if !alive(p, v) {
			t.Errorf("%s: it has ended", claim)
		}
	}
}

func Test_that_a_stream_which_saves_now_and_then_keeps_its_session_alive(t *testing.T) {
	for _, kind := range []string{"memory", "renewing"} {
		for _, saves := range []bool{false, true} {
			c := new(clock)
			p := start(t, session.Config{Store: storeOf(t, kind, c.Now), Now: c.Now, IdleTimeout: 2 * time.Hour})
			v := newVisitor()
			v.must(t, p, put("a", 1))
			wait := c.advance
			v.visit(p, func(c echo.Context) error {
				s := session.From(c)
				s.Has("a")
				c.Response().Header().Set("Content-Type", "text/event-stream")
				for range 5 {
					c.Response().Flush()
					wait(time.Hour)
					if saves {
						if err := s.Save(t.Context()); err != nil {
							t.Errorf("%s store: saving: %v", kind, err)
						}
					}
				}
				return nil
			})
			if got := alive(p, v); got != saves {
				t.Errorf("%s store, saves: %t: alive is %t", kind, saves, got)
			}
		}
	}
}

func Test_that_what_only_polls_keeps_no_session_alive(t *testing.T) {
	stream := func(c echo.Context) error {
		read(session.From(c))
		c.Response().Flush()
		return nil
	}
	for _, tc := range []struct {
		claim string
		polls bool
		page  echo.HandlerFunc
		alive bool
	}{
		{"a page", false, with(read), true},
		{"a poll", true, with(read), false},
		{"a stream", false, stream, true},
		{"one that the page opens again and again", true, stream, false},
		{"a poll that changes something", true, with(increment), true},
	} {
		for _, kind := range []string{"memory", "renewing", "cookie"} {
			c, polls := new(clock), tc.polls
			p := start(t, session.Config{
				Store: storeOf(t, kind, c.Now), Now: c.Now, IdleTimeout: time.Hour,
				Passive: func(echo.Context) bool { return polls },
			})
			v := newVisitor()
			v.must(t, p, put("a", 1))
			for range 7 {
				c.advance(10 * time.Minute)
				v.visit(p, tc.page)
			}
			polls = false
			if got := alive(p, v); got != tc.alive {
				t.Errorf("%s, %s store: alive is %t; want %t", tc.claim, kind, got, tc.alive)
			}
		}
	}
}

func Test_that_the_store_hears_of_a_read_once_in_a_tenth_of_the_idle_time(t *testing.T) {
	w := &watched{}
	c := new(clock)
	w.Store = memorystore.New(memorystore.Options{Now: c.Now})
	p := start(t, session.Config{Store: w, Now: c.Now, IdleTimeout: time.Hour})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	for range 120 {
		c.advance(time.Minute)
		if rec := v.must(t, p, read); len(setCookies(rec)) != 0 {
			t.Errorf("a read sets %v", setCookies(rec))
		}
	}
	if touches, writes := w.count("Touch"), w.count("Write"); touches != 20 || writes != 1 {
		t.Errorf("%d touches and %d writes in 120 minutes; want 20 and 1", touches, writes)
	}
}

func Test_that_the_cookie_of_a_session_without_an_end_is_renewed(t *testing.T) {
	p := start(t, session.Config{AbsoluteTimeout: -1})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	p.clock.advance(time.Minute)
	if rec := v.must(t, p, read); len(setCookies(rec)) != 0 {
		t.Errorf("after a minute: sets %v", setCookies(rec))
	}
	p.clock.advance(time.Hour)
	if rec := v.must(t, p, read); len(setCookies(rec)) != 1 {
		t.Errorf("after an hour: sets %v; want the cookie", setCookies(rec))
	}
}

// Browsers keep no cookie for longer than 400 days (RFC 6265bis, 5.5).
func Test_that_the_cookie_of_a_session_in_daily_use_never_ends_before_it(t *testing.T) {
	cases := []struct {
		claim string
		cfg   session.Config
		begin func(s *session.Session)
	}{
		{"without an end", session.Config{AbsoluteTimeout: -1, IdleTimeout: 30 * day}, put("n", 1)},
		{"without an end, used or not", session.Config{AbsoluteTimeout: -1, IdleTimeout: 3000 * day}, put("n", 1)},
		{"of two years, used or not", session.Config{AbsoluteTimeout: 730 * day, IdleTimeout: 730 * day}, put("n", 1)},
		{"of two years", session.Config{AbsoluteTimeout: 730 * day, IdleTimeout: 30 * day}, put("n", 1)},
		{"remembered for ever", session.Config{}, rememberFor(30*day, -1)},
		{"remembered for two years", session.Config{}, rememberFor(30*day, 730*day)},
		{"remembered for two years, with the idle timeout of all", session.Config{IdleTimeout: 30 * day, AbsoluteTimeout: 300 * day}, rememberFor(0, 730*day)},
		{"remembered for two years, used or not", session.Config{}, rememberFor(730*day, 730*day)},
	}
	visits := map[string]func(s *session.Session){"reads": read, "writes": increment}
	for _, tc := range cases {
		for does, visit := range visits {
			for _, kind := range []string{"memory", "renewing", "cookie"} {
				t.Run(tc.claim+", "+does+", "+kind, func(t *testing.T) {
					c, cfg := new(clock), tc.cfg
					cfg.Now, cfg.Store = c.Now, storeOf(t, kind, c.Now)
					p, v := start(t, cfg), newVisitor()
					var ends time.Time
					sent := 0
					visits := func(do func(s *session.Session)) {
						for _, cookie := range v.must(t, p, do).Result().Cookies() {
							ends = c.Now().Add(time.Duration(cookie.MaxAge) * time.Second)
							sent++
						}
					}
					visits(func(s *session.Session) { s.Put("n", 1); tc.begin(s) })
					for n := range 700 {
						c.advance(day)
						if !c.Now().Before(ends) {
							t.Fatalf("the browser has dropped the cookie by day %d", n+1)
						}
						visits(visit)
					}
					if !alive(p, v) {
						t.Error("the session has ended")
					}
					if does == "writes" && kind != "cookie" && sent > 700/30+2 {
						t.Errorf("the cookie was sent %d times; want it once a month", sent)
					}
				})
			}
		}
	}
}

func Test_that_a_store_that_renews_does_not_have_the_cookie_sent_with_every_answer(t *testing.T) {
	for does, visit := range map[string]func(s *session.Session){"reads": read, "writes": increment} {
		for _, absolute := range []time.Duration{-1, 500 * 24 * time.Hour} {
			c := new(clock)
			r := storeOf(t, "renewing", c.Now).(*renewer)
			p, v := start(t, session.Config{Now: c.Now, Store: r}), newVisitor()
			v.must(t, p, func(s *session.Session) { s.Put("n", 1); s.RememberMe(0, absolute) })
			sent := 0
			r.take()
			for range 50 {
				c.advance(2 * time.Second)
				sent += len(setCookies(v.must(t, p, visit)))
			}
			if touches := strings.Count(fmt.Sprint(r.take()), "touch"); sent > 1 || touches > 1 {
				t.Errorf("%s, absolute timeout %v: %d Set-Cookie and %d touches in 50 visits; want one at most", does, absolute, sent, touches)
			}
		}
	}
}

func Test_that_a_shorter_idle_timeout_counts_from_the_next_use(t *testing.T) {
	for does, visit := range map[string]func(*session.Session){"reads": read, "writes": increment} {
		for _, absolute := range []time.Duration{90 * day, -1} {
			for _, kind := range []string{"memory", "renewing", "cookie"} {
				for wait, want := range map[time.Duration]bool{time.Hour - time.Millisecond: true, time.Hour: false} {
					c := new(clock)
					cfg := session.Config{Store: storeOf(t, kind, c.Now), Now: c.Now, IdleTimeout: 30 * day, AbsoluteTimeout: absolute}
					v := newVisitor()
					v.must(t, start(t, cfg), put("n", 1))
					cfg.IdleTimeout = time.Hour
					p := start(t, cfg)
					c.advance(day)
					v.must(t, p, visit)
					c.advance(wait)
					if got := alive(p, v); got != want {
						t.Errorf("%s store, absolute timeout %v, %v after a visitor who %s: alive is %t", kind, absolute, wait, does, got)
					}
				}
			}
		}
	}
}

// A clock that was wrong for a while must not leave sessions that live for as long.
func Test_that_a_session_from_a_clock_that_was_ahead_ends_in_time_once_it_is_used(t *testing.T) {
	for _, kind := range []string{"memory", "renewing", "cookie"} {
		c := new(clock)
		p := start(t, session.Config{Store: storeOf(t, kind, c.Now), Now: c.Now, AbsoluteTimeout: 90 * day})
		v := newVisitor()
		c.advance(day)
		v.must(t, p, put("n", 1))
		c.advance(-day)
		v.must(t, p, read)
		c.advance(2 * time.Hour)
		if alive(p, v) {
			t.Errorf("%s store: it lives on", kind)
		}
	}
}

func Test_that_clocks_which_differ_a_little_cause_no_store_calls(t *testing.T) {
	for idle, behind := range map[time.Duration]time.Duration{time.Minute: 30 * time.Second, 2 * time.Hour: 10 * time.Minute} {
		c := new(clock)
		w := &watched{Store: memorystore.New(memorystore.Options{Now: c.Now})}
		cfg := session.Config{Store: w, IdleTimeout: idle}
		cfg.Now = c.Now
		p := start(t, cfg)
		cfg.Now = func() time.Time { return c.Now().Add(-behind) }
		late := start(t, cfg)
		v := newVisitor()
		v.must(t, p, put("n", 1))
		for range 10 {
			v.must(t, late, read)
			v.must(t, p, read)
		}
		if n := w.count("Touch"); n != 0 {
			t.Errorf("idle timeout %v: %d touches; want none", idle, n)
		}
	}
}

func Test_that_a_poll_does_not_make_a_shorter_idle_timeout_count(t *testing.T) {
	for _, kind := range []string{"memory", "renewing", "cookie"} {
		c := new(clock)
		cfg := session.Config{Store: storeOf(t, kind, c.Now), Now: c.Now, IdleTimeout: 30 * day, AbsoluteTimeout: 90 * day}
		v := newVisitor()
		v.must(t, start(t, cfg), put("n", 1))
		cfg.IdleTimeout, cfg.Passive = time.Hour, func(echo.Context) bool { return true }
		p := start(t, cfg)
		c.advance(day)
		v.must(t, p, read)
		c.advance(2 * time.Hour)
		if !alive(p, v) {
			t.Errorf("%s store: the session has ended", kind)
		}
	}
}

func Test_that_a_touch_that_fails_does_not_fail_the_request(t *testing.T) {
	for _, tc := range []struct {
		err      error
		reported int
	}{
		{errStoreDown, 1},
		{session.ErrNotFound, 0},
	} {
		w := &watched{}
		c := new(clock)
		w.Store = memorystore.New(memorystore.Options{Now: c.Now})
		p := start(t, session.Config{Store: w, Now: c.Now, AbsoluteTimeout: -1})
		v := newVisitor()
		v.must(t, p, put("a", 1))
		c.advance(time.Hour)
		w.before = failing(tc.err, "Touch")
		rec := v.must(t, p, func(s *session.Session) {
			read(s)
			if err := s.Save(t.Context()); err != nil {
				t.Errorf("%v: saving: %v", tc.err, err)
			}
		})
		if w.count("Touch") != 1 || len(setCookies(rec)) != 0 || len(p.hooked("StoreError")) != tc.reported {
			t.Errorf("%v: %d touches, sets %v, %d reports; want 1, no cookie and %d", tc.err, w.count("Touch"), setCookies(rec), len(p.hooked("StoreError")), tc.reported)
		}
	}
}

// forgetful is a store that breaks rule 7: it ignores expiry.
type forgetful struct {
	session.Store
	returns bool // the expiry it was given
}

func (f forgetful) Read(ctx context.Context, key string) (session.Record, error) {
	rec, err := f.Store.Read(ctx, key)
	if !f.returns {
		rec.Expires = time.Time{}
	}
	return rec, err
}

func Test_that_a_store_that_forgets_expiry_keeps_nobody_logged_in(t *testing.T) {
	for _, tc := range []struct {
		desc    string
		returns bool
		wait    time.Duration
		alive   bool
	}{
		{"it returns expired records, before the idle timeout", true, 119 * time.Minute, true},
		{"it returns expired records, at the idle timeout", true, 120 * time.Minute, false},
		{"it does not know the expiry, before the absolute timeout", false, 23 * time.Hour, true},
		{"it does not know the expiry, at the absolute timeout", false, 24 * time.Hour, false},
	} {
		frozen := new(clock).Now()
		store := forgetful{memorystore.New(memorystore.Options{Now: func() time.Time { return frozen }}), tc.returns}
		p := start(t, session.Config{Store: store})
		v := newVisitor()
		v.must(t, p, put("a", 1))
		p.clock.advance(tc.wait)
		if got := alive(p, v); got != tc.alive {
			t.Errorf("%s: alive is %t", tc.desc, got)
		}
	}
}

func Test_that_changes_of_a_request_that_outlives_its_session_are_dropped(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	rec := v.must(t, p, func(s *session.Session) {
		s.Put("a", 2)
		p.clock.advance(3 * time.Hour)
	})
	if len(setCookies(rec)) != 0 || len(p.hooked("Lost")) != 1 || alive(p, v) {
		t.Errorf("sets %v, %d reports; want no cookie and one", setCookies(rec), len(p.hooked("Lost")))
	}
}

func Test_that_no_record_is_kept_longer_than_its_session_may_live(t *testing.T) {
	c := new(clock)
	w := &watched{Store: memorystore.New(memorystore.Options{Now: c.Now})}
	p := start(t, session.Config{Store: w, Now: c.Now})
	deadline := c.Now().Add(24 * time.Hour)
	v := newVisitor()
	v.must(t, p, put("a", 1))
	for _, work := range []func(*session.Session){read, increment, (*session.Session).Regenerate} {
		for range 7 {
			c.advance(time.Hour)
			v.must(t, p, work)
		}
	}
	c.advance(119 * time.Minute)
	v.must(t, p, increment)
	c.advance(30 * time.Minute)
	v.must(t, p, read)
	for _, call := range w.calls {
		if call.expires.After(deadline) {
			t.Errorf("%s until %v; the session ends at %v", call.method, call.expires, deadline)
		}
	}
}

// diary is a store that notes when its records end.
type diary struct {
	session.Store
	ends *[]time.Time
}

func (d diary) Write(ctx context.Context, key string, rec session.Record) error {
	*d.ends = append(*d.ends, rec.Expires)
	return d.Store.Write(ctx, key, rec)
}

func (d diary) Touch(ctx context.Context, key string, expires time.Time) error {
	*d.ends = append(*d.ends, expires)
	return d.Store.Touch(ctx, key, expires)
}

// prolonging is a diary that is also asked to prolong records, and leaves that to Touch.
type prolonging struct{ diary }

func (p prolonging) Renew(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
	*p.ends = append(*p.ends, due, until)
	return p.Read(ctx, key)
}

// In a laptop that sleeps, or a virtual machine that is suspended until somebody comes, Go's monotonic
// clock stands still. A store in memory that compares by it would not see that hours have passed.
func Test_that_the_hours_in_which_a_machine_sleeps_count(t *testing.T) {
	var later time.Duration
	now := func() time.Time { return time.Now().Add(later) } // the clock of the system, monotonic reading included
	for _, tc := range []struct {
		store func(diary) session.Store
		ends  int
	}{
		{func(d diary) session.Store { return d }, 2},             // of the write, and of the touch
		{func(d diary) session.Store { return prolonging{d} }, 4}, // and both of the renewal
	} {
		var ends []time.Time
		store := tc.store(diary{memorystore.New(memorystore.Options{Now: now}), &ends})
		p, v := start(t, session.Config{Now: now, Store: store}), newVisitor()
		for _, work := range []func(*session.Session){putSeven, read} {
			v.must(t, p, work)
			later += time.Hour
		}
		if len(ends) != tc.ends {
			t.Fatalf("the store heard of %d ends; want %d", len(ends), tc.ends)
		}
		for _, end := range ends {
			if end != end.Round(0) { // without the monotonic reading
				t.Errorf("a session ends at %v, by the monotonic clock", end)
			}
		}
	}
}
