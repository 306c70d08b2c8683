package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_a_log_out_everywhere_else_spares_this_session(t *testing.T) {
	p := start(t, session.Config{})
	this, phone, laptop := newVisitor(), newVisitor(), newVisitor()
	for _, v := range []*visitor{this, phone, laptop} {
		v.must(t, p, logIn("7"))
	}
	if err := p.manager.DestroyTagged(t.Context(), "7", handleOf(p, this), ""); err != nil {
		t.Fatal(err)
	}
	if !isLoggedIn(p, this) || isLoggedIn(p, phone) || isLoggedIn(p, laptop) {
		t.Errorf("logged in: this %t, phone %t, laptop %t; want only this", isLoggedIn(p, this), isLoggedIn(p, phone), isLoggedIn(p, laptop))
	}
	if got := list(t, p, "7"); len(got) != 1 || got[0].Handle != handleOf(p, this) {
		t.Errorf("the list is %+v; want this session alone", got)
	}
	if n := len(p.hooked("Destroyed")); n != 2 {
		t.Errorf("the Destroyed hook heard of %d sessions; want 2", n)
	}
	// As after a change of the password: a new id and no other session, in one request.
	this.must(t, p, func(s *session.Session) {
		s.Regenerate()
		if err := p.manager.DestroyTagged(t.Context(), "7", s.Handle()); err != nil {
			t.Error(err)
		}
	})
	if !isLoggedIn(p, this) {
		t.Error("a regenerate together with a log-out everywhere else has ended this session")
	}
}

func Test_that_who_logs_out_everywhere_can_be_told_good_bye(t *testing.T) {
	for desc, before := range map[string]func(*session.Session){
		"a session that was read":     func(s *session.Session) { s.Has("user") },
		"one that was changed":        func(s *session.Session) { s.Put("seen", 1) },
		"one that was saved":          func(s *session.Session) { s.Put("seen", 1); _ = s.Save(t.Context()) },
		"one that was not looked at":  func(*session.Session) {},
		"one that has a message, too": func(s *session.Session) { s.FlashInfo("hello"); s.Has("user") },
	} {
		p := start(t, session.Config{})
		v := newVisitor()
		v.must(t, p, logIn("7"))
		v.must(t, p, func(s *session.Session) {
			before(s)
			if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
				t.Error(err)
			}
			s.Destroy()
			s.FlashInfo("good-bye")
		})
		v.must(t, p, func(s *session.Session) {
			if got := alerts(s); s.Has("user") || !strings.Contains(fmt.Sprint(got), "good-bye") {
				t.Errorf("%s: then there is %v, logged in: %t; want the good-bye", desc, got, s.Has("user"))
			}
		})
	}
}

// By its own clock there is nothing left to end. But by those of other processes, which could
// prolong the session, there is.
func Test_that_a_log_out_everywhere_holds_for_processes_whose_clocks_are_behind(t *testing.T) {
	c := new(clock)
	store := memorystore.New(memorystore.Options{Now: c.Now})
	p := start(t, session.Config{Store: store, Now: c.Now})
	ahead := start(t, session.Config{Store: store, Now: func() time.Time { return c.Now().Add(5 * time.Second) }})
	v := newVisitor()
	v.must(t, p, logIn("7"))
	c.advance(session.DefaultIdleTimeout - 2*time.Second)
	if err := ahead.manager.DestroyTagged(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	if isLoggedIn(p, v) {
		t.Error("the session lives")
	}
}

// A shorter idle timeout must not shorten the life of an entry before that of its record.
func Test_that_a_session_whose_life_could_not_be_shortened_stays_findable(t *testing.T) {
	for does, visit := range map[string]func(*session.Session){"reads": read, "writes": increment} {
		c := new(clock)
		spy := spyOn(memorystore.New(memorystore.Options{Now: c.Now}))
		cfg := session.Config{Store: spy, Now: c.Now, IdleTimeout: 30 * day, AbsoluteTimeout: -1}
		v := newVisitor()
		v.must(t, start(t, cfg), logIn("7"))
		cfg.IdleTimeout = time.Hour
		p := start(t, cfg)
		c.advance(day)
		spy.before = failing(errStoreDown, "Write", "Touch")
		v.do(p, visit)
		spy.before = nil
		c.advance(2 * time.Hour)
		if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil || isLoggedIn(p, v) {
			t.Errorf("a visitor who %s: log-out everywhere: %v; logged in: %t", does, err, isLoggedIn(p, v))
		}
	}
}

// By the clock of one process the record has expired. By that of the other it has seconds left, in
// which it can be prolonged, so it must be found until then.
func Test_that_a_log_out_everywhere_holds_for_stores_whose_clocks_are_behind(t *testing.T) {
	c, dir := new(clock), t.TempDir()
	open := func(now func() time.Time) *process {
		store, err := filestore.New(filestore.Options{Dir: dir, Now: now, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return start(t, session.Config{Store: store, Now: now, AbsoluteTimeout: -1})
	}
	p, ahead := open(c.Now), open(func() time.Time { return c.Now().Add(20 * time.Second) })
	v := newVisitor()
	v.must(t, p, logIn("7"))
	c.advance(session.DefaultIdleTimeout - 10*time.Second)
	if err := ahead.manager.DestroyTagged(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	if isLoggedIn(p, v) {
		t.Error("the session lives")
	}
}

// Whoever was logged in when a log-out everywhere begins is logged out when it ends, at whatever
// point of their request it comes.
func Test_that_no_session_slips_through_a_log_out_everywhere(t *testing.T) {
	for _, tc := range []struct {
		desc string
		work func(*session.Session)
	}{
		{"a write", increment},
		{"a regenerate", (*session.Session).Regenerate},
		{"a second tag", func(s *session.Session) { s.Tag("tenant") }},
		{"a second tag with a regenerate", func(s *session.Session) { s.Regenerate(); s.Tag("tenant") }},
		{"a log-out", (*session.Session).Destroy},
	} {
		for at := 0; ; at++ {
			spy, p, v := startSpied(t)
			v.must(t, p, logIn("7"))
			ran := duringCall(spy, at, func() {
				if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
					t.Errorf("%s, call %d: %v", tc.desc, at, err)
				}
			})
			v.do(p, tc.work)
			if !ran() {
				if at < 2 {
					t.Fatalf("%s makes %d store calls; this test sees nothing", tc.desc, at)
				}
				break
			}
			if isLoggedIn(p, v) {
				t.Errorf("%s: alive after a log-out everywhere at store call %d (%s)", tc.desc, at, spy.calls)
			}
			if n := len(list(t, p, "7")); n != 0 {
				t.Errorf("%s: %d sessions are listed after a log-out everywhere at call %d", tc.desc, n, at)
			}
		}
	}
}

// If a log-out everywhere has ended the old record, it counts as having come first, and what the
// request did is dropped. But a login is never answered as if it had been dropped, nor is a
// regenerate of a session that lives on.
func Test_that_only_a_regenerate_of_a_session_that_is_over_is_dropped(t *testing.T) {
	tag := func(s *session.Session) { s.Tag("tenant") }
	for _, tc := range []struct {
		desc   string
		work   func(*session.Session)
		spares bool // it is a log-out everywhere else
		status int
		lost   int
	}{
		{"a regenerate of a session that has ended", (*session.Session).Regenerate, false, http.StatusOK, 1},
		{"a regenerate of one that is spared", (*session.Session).Regenerate, true, http.StatusServiceUnavailable, 0},
		{"a login in a session that has ended", tag, false, http.StatusServiceUnavailable, 0},
	} {
		spy, p, v := startSpied(t)
		v.must(t, p, logIn("7"))
		var spared []string
		if tc.spares {
			spared = append(spared, handleOf(p, v))
		}
		spy.before = func(c call) error {
			if c.method == "Write" {
				spy.before = nil
				if err := p.manager.DestroyTagged(t.Context(), "7", spared...); err != nil {
					t.Errorf("%s: %v", tc.desc, err)
				}
			}
			return nil
		}
		if rec := v.do(p, tc.work); rec.Code != tc.status || len(p.hooked("Lost")) != tc.lost {
			t.Errorf("%s: status %d, Lost %d times; want %d, %d", tc.desc, rec.Code, len(p.hooked("Lost")), tc.status, tc.lost)
		}
		if err := p.failure(); tc.status != http.StatusOK && (!errors.Is(err, session.ErrRevoked) || errors.Is(err, session.ErrUnavailable)) {
			t.Errorf("%s: failed with %v; want only ErrRevoked", tc.desc, err)
		}
	}
}

// resends is a store whose driver sends a create again, since its answer was lost. meanwhile runs
// once, between the two. The store remembers what has ended, as remote stores do.
type resends struct {
	session.Tagger
	meanwhile func()
}

func (r *resends) Write(ctx context.Context, key string, rec session.Record) error {
	err := r.Tagger.Write(ctx, key, rec)
	if rec.Version != 0 || r.meanwhile == nil {
		return err
	}
	meanwhile := r.meanwhile
	r.meanwhile = nil
	meanwhile()
	if _, err := r.Tagger.Read(ctx, key); err != nil {
		return err
	}
	return r.Tagger.Write(ctx, key, rec)
}

func Test_that_a_login_whose_record_was_ended_before_it_was_sent_again_is_refused(t *testing.T) {
	for desc, before := range map[string]func(*session.Session){
		"a new visitor":                    nil,
		"a guest":                          put("cart", 1),
		"a user, whose session is spared":  logIn("7"),
		"a user of another, who is spared": logIn("8"),
	} {
		store := &resends{Tagger: memorystore.New(memorystore.Options{})}
		p := start(t, session.Config{Store: store, Now: time.Now})
		v := newVisitor()
		if before != nil {
			v.must(t, p, before)
		}
		spared := handleOf(p, v)
		store.meanwhile = func() {
			if err := p.manager.DestroyTagged(t.Context(), "7", spared); err != nil {
				t.Errorf("%s: %v", desc, err)
			}
		}
		p.forget()
		work := func(s *session.Session) { s.Tag("7"); s.Regenerate(); s.Put("user", 7) }
		if rec := v.do(p, work); rec.Code != http.StatusServiceUnavailable || !errors.Is(p.failure(), session.ErrRevoked) {
			t.Errorf("%s: status %d, %v; want 503 and ErrRevoked", desc, rec.Code, p.failure())
		}
		if len(p.hooked("Refused")) != 1 || len(p.hooked("StoreError"))+len(p.hooked("Lost")) != 0 {
			t.Errorf("%s: the hooks heard %+v; want that it was refused", desc, p.events)
		}
	}
}

// A store that fails in the middle of a login, and again when the login is undone, leaves a record
// behind. Nobody has its id, but lists show it.
func Test_that_a_login_that_cannot_be_undone_is_ended_by_a_log_out_everywhere(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	spy := spyOn(store)
	p := start(t, session.Config{Store: spy, Now: time.Now})
	v := newVisitor()
	spy.before = failing(session.ErrUnavailable, "Tagged", "Destroy")
	if rec := v.do(p, logIn("7")); rec.Code != http.StatusServiceUnavailable || v.cookie() != "" {
		t.Errorf("status %d, cookie %q; want 503 and none", rec.Code, v.cookie())
	}
	spy.before = nil
	if store.Len() != 1 || len(list(t, p, "7")) != 1 {
		t.Errorf("%d records, %d listed; want the one that was left behind", store.Len(), len(list(t, p, "7")))
	}
	if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil || store.Len() != 0 {
		t.Errorf("log-out everywhere: %v, %d records are left", err, store.Len())
	}
}

// A caller that ends a session from outside must not be told that it is over when it has just moved
// to a new handle.
func Test_that_a_session_that_moves_while_it_is_destroyed_is_not_said_to_be_over(t *testing.T) {
	for at := 0; ; at++ {
		spy := spyOn(memorystore.New(memorystore.Options{}))
		p, other := start(t, session.Config{Store: spy, Now: time.Now}), start(t, session.Config{Store: spy, Now: time.Now})
		v := newVisitor()
		v.must(t, p, logIn("7"))
		h := handleOf(p, v)
		ran := duringCall(spy, at, func() { v.must(t, other, (*session.Session).Regenerate) })
		err := p.manager.Destroy(t.Context(), h)
		if !ran() {
			break
		}
		if in := isLoggedIn(p, v); in != errors.Is(err, session.ErrMoved) || !in && err != nil || errors.Is(err, session.ErrUnavailable) {
			t.Errorf("a regenerate at store call %d: %v, and the session lives: %t", at, err, in)
		}
	}
}

// A user who logs out everywhere else keeps this session, and what its other requests change. Such
// requests may fail then, but not silently.
func Test_that_a_regenerate_during_a_log_out_everywhere_else_happens_or_fails(t *testing.T) {
	for at := 0; ; at++ {
		spy, p, v := startSpied(t)
		v.must(t, p, logIn("7"))
		old, own, other := v.cookie(), handleOf(p, v), v.clone()
		ran := duringCall(spy, at, func() {
			if err := p.manager.DestroyTagged(t.Context(), "7", own); err != nil {
				t.Error(err)
			}
		})
		rec := v.do(p, func(s *session.Session) {
			s.Has("user")
			other.must(t, p, put("a", 1)) // so that the regenerate meets a newer record
			s.Regenerate()
		})
		if !ran() {
			break
		}
		if rec.Code == http.StatusOK && v.cookie() == old && isLoggedIn(p, v) {
			t.Errorf("log-out everywhere else at store call %d (%s): the answer is 200, and the session has its old id", at, spy.calls)
		}
	}
}

// A login while a log-out everywhere runs is either refused, or can be found afterwards.
func Test_that_a_login_that_races_a_log_out_everywhere_is_refused_or_found(t *testing.T) {
	outcomes := map[string]int{}
	check := func(t *testing.T, desc string, p *process, v *visitor, status int) {
		t.Helper()
		in := isLoggedIn(p, v)
		switch listed := len(list(t, p, "7")); {
		case in && listed == 1:
			outcomes["found"]++
		case !in && listed == 0 && status == http.StatusServiceUnavailable:
			if !errors.Is(p.failure(), session.ErrRevoked) {
				t.Errorf("%s: refused for %v; want ErrRevoked", desc, p.failure())
			}
			outcomes["refused"]++
		case !in && listed == 0:
			outcomes["ended"]++
		default:
			t.Errorf("%s: logged in %t, %d sessions listed, status %d", desc, in, listed, status)
		}
		if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
		if isLoggedIn(p, v) {
			t.Errorf("%s: alive and unreachable", desc)
		}
	}
	logins := map[string]func(*session.Session){
		"a login":                      logIn("7"),
		"a login by its tag alone":     func(s *session.Session) { s.Tag("7"); s.Put("user", "7") },
		"a login of several tags":      func(s *session.Session) { s.Tag("tenant"); logIn("7")(s) },
		"a login with a log-out first": func(s *session.Session) { s.Destroy(); logIn("7")(s) },
	}
	for desc, login := range logins {
		for _, came := range []string{"as a stranger", "with a session"} {
			for at := 0; ; at++ {
				spy, p, v := startSpied(t)
				if came == "with a session" {
					v.must(t, p, put("cart", 1))
				}
				ran := duringCall(spy, at, func() {
					if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
						t.Fatal(err)
					}
				})
				rec := v.do(p, login)
				if !ran() {
					break
				}
				check(t, fmt.Sprintf("%s %s, ended at store call %d (%s)", desc, came, at, spy.calls), p, v, rec.Code)
			}
		}
		for at := 0; ; at++ { // the other way round: a login in the middle of a log-out everywhere
			spy := spyOn(memorystore.New(memorystore.Options{}))
			p := start(t, session.Config{Store: spy, Now: time.Now})
			earlier, v := newVisitor(), newVisitor()
			earlier.must(t, p, logIn("7"))
			status := 0
			ran := duringCall(spy, at, func() { status = v.do(p, login).Code })
			if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
				t.Fatal(err)
			}
			if !ran() {
				break
			}
			if isLoggedIn(p, earlier) {
				t.Errorf("%s during a log-out everywhere, at call %d, has kept another session alive", desc, at)
			}
			check(t, fmt.Sprintf("%s during a log-out everywhere, at call %d", desc, at), p, v, status)
		}
	}
	for _, want := range []string{"found", "refused", "ended"} {
		if outcomes[want] == 0 {
			t.Errorf("no login was %s; outcomes %v", want, outcomes)
		}
	}
}

// duringCall makes work run before the nth store call from now. ran says whether there was such a
// call.
func duringCall(spy *taggerSpy, n int, work func()) (ran func() bool) {
	spy.mu.Lock()
	defer spy.mu.Unlock()
	spy.calls = nil
	done := false
	spy.before = func(call) error {
		if n--; n == -1 {
			done = true
			work()
		}
		return nil
	}
	return func() bool {
		spy.mu.Lock()
		defer spy.mu.Unlock()
		spy.before = nil
		return done
	}
}

func Test_that_8000_racing_logins_are_refused_or_found(t *testing.T) {
	const trials, logins = 2000, 4
	var refused, found atomic.Int64
	spy := spyOn(memorystore.New(memorystore.Options{}))
	var tagged, revoking chan struct{} // in every other trial, the log-out begins when a login is about to write
	spy.before = func(c call) error {
		switch {
		case revoking == nil:
		case c.method == "Write":
			select {
			case tagged <- struct{}{}:
			default: // another login was first
			}
			<-revoking
		case c.method == "Revoke":
			<-tagged
			close(revoking)
		}
		runtime.Gosched() // as a store behind a network would
		return nil
	}
	p := start(t, session.Config{Store: spy, Now: time.Now})
	for trial := range trials {
		tagged, revoking = nil, nil
		if trial%2 == 0 {
			tagged, revoking = make(chan struct{}, 1), make(chan struct{})
		}
		user := fmt.Sprint("user", trial)
		visitors := make([]*visitor, logins)
		var done sync.WaitGroup
		for i := range visitors {
			visitors[i] = newVisitor()
			done.Go(func() {
				rec := visitors[i].do(p, logIn(user))
				if rec.Code == http.StatusServiceUnavailable {
					refused.Add(1)
				}
			})
		}
		done.Go(func() {
			if err := p.manager.DestroyTagged(t.Context(), user); err != nil {
				t.Error(err)
			}
		})
		done.Wait()
		listed := list(t, p, user)
		for _, v := range visitors {
			if isLoggedIn(p, v) {
				found.Add(1)
				if h := handleOf(p, v); !slices.ContainsFunc(listed, func(i session.Info) bool { return i.Handle == h }) {
					t.Errorf("trial %d: a session is alive and unreachable", trial)
				}
			}
		}
	}
	t.Logf("of %d logins %d are refused, %d found", trials*logins, refused.Load(), found.Load())
	if refused.Load() == 0 || found.Load() == 0 {
		t.Error("nothing has raced; this test sees nothing")
	}
}

// A store may have to write the whole index to remove an entry.
func Test_that_a_log_out_everywhere_removes_many_entries_at_once(t *testing.T) {
	spy, p, _ := startSpied(t)
	const logins = 60
	for range logins {
		newVisitor().must(t, p, logIn("7"))
	}
	if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	if n := spy.count("Untag"); n > 2 || spy.count("Destroy") != logins || spy.entries(t) != 0 {
		t.Errorf("%d entries are left after %d calls of Untag; want none, after 2", spy.entries(t), n)
	}
}

// Another call would no longer find the sessions that this one has ended.
func Test_that_a_log_out_everywhere_that_is_cut_short_leaves_no_entry_for_ever(t *testing.T) {
	spy, p, _ := startSpied(t)
	for range 20 {
		newVisitor().must(t, p, logIn("7"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	spy.before = func(c call) error {
		if c.method == "Destroy" && spy.count("Destroy") == 10 {
			cancel()
		}
		return c.ctx.Err()
	}
	if err := p.manager.DestroyTagged(ctx, "7"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want it cut short", err)
	}
	if n := spy.entries(t); n == 0 || n == 20 {
		t.Errorf("%d entries are left; want some", n)
	}
	if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil || spy.entries(t) != 0 {
		t.Errorf("the second call: %v, and %d entries are left", err, spy.entries(t))
	}
}

func Test_that_a_log_out_everywhere_that_failed_can_be_finished(t *testing.T) {
	for _, fails := range []string{"Revoke", "Read", "Destroy", "Untag"} {
		spy := spyOn(memorystore.New(memorystore.Options{}))
		p := start(t, session.Config{Store: spy, Now: time.Now})
		visitors := []*visitor{newVisitor(), newVisitor(), newVisitor()}
		for _, v := range visitors {
			v.must(t, p, logIn("7"))
		}
		spy.before = func(c call) error {
			if c.method != fails {
				return nil
			}
			spy.before = nil
			return errStoreDown
		}
		if err := p.manager.DestroyTagged(t.Context(), "7"); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("%s fails: %v; want ErrUnavailable", fails, err)
		}
		alive := 0
		for _, v := range visitors {
			if isLoggedIn(p, v) {
				alive++
			}
		}
		if alive != len(list(t, p, "7")) {
			t.Errorf("%s fails: %d sessions are alive, and %d listed", fails, alive, len(list(t, p, "7")))
		}
		if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
			t.Errorf("%s failed: the second try says %v", fails, err)
		}
		for _, v := range visitors {
			if isLoggedIn(p, v) {
				t.Errorf("%s failed: a session is alive after the second try", fails)
			}
		}
	}
}

// Nobody finishes the log-out, but the visitor wants to log in again.
func Test_that_a_log_out_everywhere_that_failed_locks_nobody_out(t *testing.T) {
	for _, fails := range []string{"Read", "Destroy"} {
		spy, p, v := startSpied(t)
		v.must(t, p, logIn("7"))
		spy.before = failing(errStoreDown, fails)
		if err := p.manager.DestroyTagged(t.Context(), "7"); err == nil {
			t.Fatal("nothing has failed")
		}
		spy.before = nil
		v.do(p, logIn("7")) // is dropped, as after a log-out
		if isLoggedIn(p, v) {
			t.Errorf("%s failed: the session was to end, and has a new id instead", fails)
		}
		v.must(t, p, logIn("7"))
		if !isLoggedIn(p, v) || len(list(t, p, "7")) != 1 {
			t.Errorf("%s failed: the second login is not one", fails)
		}
	}
}

func Test_that_one_session_is_ended_by_its_handle(t *testing.T) {
	p := start(t, session.Config{})
	phone, laptop := newVisitor(), newVisitor()
	phone.must(t, p, logIn("7"))
	laptop.must(t, p, logIn("7"))
	h := handleOf(p, phone)
	if err := p.manager.Destroy(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if isLoggedIn(p, phone) || !isLoggedIn(p, laptop) || len(list(t, p, "7")) != 1 {
		t.Error("want the phone logged out, and the laptop not")
	}
	if events := p.hooked("Destroyed"); len(events) != 1 || events[0].Handle != h {
		t.Errorf("the Destroyed hook heard %+v; want the handle", events)
	}
	for desc, bad := range map[string]string{
		"one that has gone": h, "no handle": "", "garbage": "../../etc/passwd", "too short": h[1:], "another spelling": strings.ToUpper(h),
		"bits to spare": h[:len(h)-1] + "v",
	} {
		if err := p.manager.Destroy(t.Context(), bad); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: %v; want ErrNotFound", desc, err)
		}
	}

	old := handleOf(p, laptop)
	laptop.must(t, p, (*session.Session).Regenerate)
	if err := p.manager.Destroy(t.Context(), old); !errors.Is(err, session.ErrMoved) || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("the handle before a regenerate: %v; want only ErrMoved", err)
	}
	if err := p.manager.DestroyTagged(t.Context(), "7", "no handle"); err == nil || errors.Is(err, session.ErrNotFound) || !isLoggedIn(p, laptop) {
		t.Errorf("an exception that is no handle: %v; want an error other than ErrNotFound, and nobody logged out", err)
	}
}

func Test_that_a_user_ends_his_own_sessions_only(t *testing.T) {
	p := start(t, session.Config{})
	mine, yours := newVisitor(), newVisitor()
	mine.must(t, p, logIn("7"))
	yours.must(t, p, logIn("8"))
	if err := p.manager.DestroyOf(t.Context(), "7", handleOf(p, yours)); !errors.Is(err, session.ErrNotFound) || !isLoggedIn(p, yours) {
		t.Errorf("the session of another user: %v; want ErrNotFound, and the session alive", err)
	}
	if err := p.manager.DestroyOf(t.Context(), "7", handleOf(p, mine)); err != nil || isLoggedIn(p, mine) {
		t.Errorf("his own: %v; want it ended", err)
	}
}
