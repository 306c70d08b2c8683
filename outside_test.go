package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// update calls Update for the visitor's session, which must succeed.
func update(t *testing.T, p *process, v *visitor, work func(*session.Session)) {
	t.Helper()
	err := p.manager.Update(t.Context(), handleOf(p, v), func(s *session.Session) error { work(s); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

// look calls View for the visitor's session, which must succeed.
func look(t *testing.T, p *process, v *visitor, work func(*session.Session)) {
	t.Helper()
	err := p.manager.View(t.Context(), handleOf(p, v), func(s *session.Session) error { work(s); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

// stays is what must not change in a session.
func stays(p *process, v *visitor) (was string) {
	v.clone().do(p, func(s *session.Session) {
		was = fmt.Sprint(s.Handle(), s.All(), s.FlashMessages().Has("kept"))
	})
	return was
}

var errJob = errors.New("the job has failed")

func Test_that_a_clear_that_is_refused_clears_nothing(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.Put("n", 1); s.FlashInfo("hello") })
	_ = p.manager.View(t.Context(), handleOf(p, v), func(s *session.Session) error {
		if s.Clear(); s.Err() == nil || !s.Has("n") || !s.FlashMessages().Has("info") {
			t.Errorf("%v, and there are %v and %v; want an error and both", s.Err(), s.All(), s.FlashMessages().All())
		}
		return nil
	})
}

func Test_that_a_session_is_read_outside_of_a_request(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) {
		logIn("7")(s)
		s.SetLabel("phone")
		s.FlashSuccess("Saved.")
		s.Flash("coupon", "TEA")
	})
	var kept *session.Session
	look(t, p, v, func(s *session.Session) {
		kept = s
		got := fmt.Sprintln(session.Get[string](s, "user"), s.IsNew(), s.Handle() == handleOf(p, v), s.All(), s.Err(), s.Load(t.Context()),
			session.Flashed[string](s, "coupon"), s.FlashMessages().Alerts(), s.Old("name", "none"), s.CSRFToken())
		if want := "7 false true map[user:7] <nil> <nil> TEA [{success  Saved.  }] none \n"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
	if got := session.Get[string](kept, "user"); got != "7" {
		t.Errorf("afterwards it reads %q; want what it was", got)
	}
	v.must(t, p, func(s *session.Session) {
		if alerts := s.FlashMessages().Alerts(); len(alerts) != 1 || session.Flashed[string](s, "coupon") != "TEA" {
			t.Errorf("the visitor sees %v; want his messages, once", alerts)
		}
	})
}

func Test_that_what_a_job_changes_is_there_for_the_visitor(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) {
		logIn("7")(s)
		s.Put("gone", 1)
		s.Put("n", 1)
		s.SetIntendedURL("/in")
	})
	update(t, p, v, func(s *session.Session) {
		s.Put("new", "value")
		s.Forget("gone")
		s.Increment("n")
		session.Update(s, "n", func(n int) int { return n * 10 })
		s.SetLabel("by a job")
		s.Untag("7")
		if n := session.Get[int](s, "n"); n != 20 {
			t.Errorf("the job reads %d; want 20", n)
		}
		if to := s.PullIntendedURL(); to != "/in" {
			t.Errorf("wanted to go to %q", to)
		}
	})
	v.must(t, p, func(s *session.Session) {
		if got := fmt.Sprint(s.All()); got != "map[n:20 new:value user:7]" {
			t.Errorf("got %s", got)
		}
		if to := s.PullIntendedURL("/none"); to != "/none" {
			t.Errorf("still wants to go to %q", to)
		}
	})
	if found := list(t, p, "7"); len(found) != 0 {
		t.Errorf("%d sessions of user 7; want none", len(found))
	}
	if events := p.hooked("Committed"); len(events) == 0 || events[len(events)-1].Handle != handleOf(p, v) {
		t.Errorf("committed: %v", events)
	}
}

func Test_that_a_message_of_a_job_is_seen_once_by_the_next_page(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("a", 1))
	update(t, p, v, func(s *session.Session) {
		s.FlashInfo("Your export is ready")
		p.clock.advance(time.Hour) // of work
		s.FlashNow(session.KindError, "for no page")
		s.FlashAll() // there is no form
		s.Reflash()  // and nothing was shown
		s.FlashErrors(map[string]string{"E_QUOTA": "No room"})
	})
	for page, want := range []string{"Your export is ready[{E_QUOTA No room}]", "[]"} {
		v.must(t, p, func(s *session.Session) {
			wantText(t, fmt.Sprint("page ", page), fmt.Sprint(texts(s), s.PageErrors()), want)
		})
	}
}

func Test_that_a_job_does_not_consume_what_it_reads(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, func(s *session.Session) { s.FlashSuccess("Saved.") })
	for range 2 {
		update(t, p, v, func(s *session.Session) {
			wantText(t, "the job sees", texts(s), "Saved.")
			s.Increment("n")
		})
	}
	v.must(t, p, func(s *session.Session) { wantText(t, "the visitor sees", texts(s), "Saved.") })
}

// Neither reading nor changing may keep a visitor logged in who is not there.
func Test_that_a_job_is_no_use_of_a_session(t *testing.T) {
	for _, absolute := range []time.Duration{24 * time.Hour, -1} {
		p, v := start(t, session.Config{AbsoluteTimeout: absolute}), newVisitor()
		v.must(t, p, logIn("7"))
		h := handleOf(p, v)
		before := list(t, p, "7")[0]
		p.clock.advance(time.Hour)
		noop := func(*session.Session) error { return nil }
		if err := errors.Join(
			p.manager.View(t.Context(), h, noop),
			p.manager.Update(t.Context(), h, noop),
			p.manager.Update(t.Context(), h, func(s *session.Session) error { s.Increment("n"); s.FlashInfo("Hello"); return nil }),
			p.manager.UpdateTagged(t.Context(), "7", func(s *session.Session) error { s.Increment("n"); return nil }),
		); err != nil {
			t.Fatal(err)
		}
		if after := list(t, p, "7")[0]; !after.Expires.Equal(before.Expires) || !after.LastSeen.Equal(before.LastSeen) {
			t.Errorf("got %+v; want the times of %+v", after, before)
		}
		p.clock.advance(time.Hour - 1)
		if !isLoggedIn(p, v) {
			t.Error("the session has ended early")
		}
		p.clock.advance(3 * time.Hour)
		if isLoggedIn(p, v) {
			t.Error("the session lives")
		}
	}
}

// A slow job must not put back the expiry that it read in the beginning.
func Test_that_a_job_does_not_undo_the_use_of_a_session(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("n", 1))
	p.clock.advance(time.Hour)
	update(t, p, v.clone(), func(s *session.Session) {
		v.must(t, p, func(s *session.Session) { s.Has("n") }) // touches
		s.Increment("n")
	})
	p.clock.advance(2*time.Hour - 1)
	if n := number(t, p, v); n != 2 {
		t.Errorf("n is %d; want 2: the session ends 2 hours after its last use", n)
	}
}

func Test_that_a_job_and_a_request_lose_nothing_of_each_other(t *testing.T) {
	both := func(s *session.Session, by string) {
		s.Increment("n")
		s.Put(by, true)
		s.FlashSuccess("by " + by)
		session.Update(s, "all", func(all []string) []string { return append(all, by) })
	}
	for _, tc := range []struct {
		desc  string
		plain bool
		run   func(t *testing.T, p *process, v *visitor)
	}{
		{"a request while a job runs", false, func(t *testing.T, p *process, v *visitor) {
			update(t, p, v.clone(), func(s *session.Session) {
				both(s, "job")
				v.must(t, p, func(s *session.Session) { both(s, "request") })
			})
		}},
		{"a job while a request runs", false, func(t *testing.T, p *process, v *visitor) {
			h := handleOf(p, v)
			v.must(t, p, func(s *session.Session) {
				both(s, "request")
				err := p.manager.Update(t.Context(), h, func(s *session.Session) error { both(s, "job"); return nil })
				if err != nil {
					t.Error(err)
				}
			})
		}},
		{"a job while a job runs", false, func(t *testing.T, p *process, v *visitor) {
			update(t, p, v, func(s *session.Session) {
				both(s, "job")
				update(t, p, v, func(s *session.Session) { both(s, "request") })
			})
		}},
		{"conflicts that bring no record", true, func(t *testing.T, p *process, v *visitor) {
			update(t, p, v.clone(), func(s *session.Session) {
				both(s, "job")
				v.must(t, p, func(s *session.Session) { both(s, "request") })
			})
		}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			var store session.Store = memorystore.New(memorystore.Options{})
			if tc.plain {
				store = plain{store}
			}
			p, v := start(t, session.Config{Store: store, Now: time.Now}), newVisitor()
			v.must(t, p, put("n", 0))
			tc.run(t, p, v)
			look(t, p, v, func(s *session.Session) {
				all := session.Get[[]string](s, "all")
				if !s.Has("job") || !s.Has("request") || session.Get[int](s, "n") != 2 || len(all) != 2 || len(s.FlashMessages().Alerts()) != 2 {
					t.Errorf("got %v and %v", s.All(), s.FlashMessages().Alerts())
				}
			})
		})
	}
}

func Test_that_jobs_and_requests_in_a_storm_lose_nothing(t *testing.T) {
	for _, loses := range []bool{false, true} {
		var n atomic.Int64
		store := &lossy{Store: memorystore.New(memorystore.Options{}), loses: func(string) bool { return loses && n.Add(1)%3 == 0 }}
		cfg := session.Config{Store: store, Now: time.Now}
		processes := []*process{start(t, cfg), start(t, cfg)}
		v := newVisitor()
		v.must(t, processes[0], put("n", 0))
		h := handleOf(processes[0], v)
		const workers, each = 64, 5
		together(t, workers, func(i int) error {
			p := processes[i/2%2]
			for range each {
				var err error
				if i%2 == 0 {
					err = p.manager.Update(t.Context(), h, func(s *session.Session) error { s.Increment("n"); return nil })
				} else if rec := v.clone().do(p, increment); rec.Code != http.StatusOK {
					err = fmt.Errorf("status %d", rec.Code)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if got := number(t, processes[0], v); got != workers*each {
			t.Errorf("lost answers: %v: n is %d; want %d", loses, got, workers*each)
		}
		for _, p := range processes {
			if w := p.manager.Waiting(); w != 0 {
				t.Errorf("%d sessions are still being committed", w)
			}
		}
	}
}

// together runs fn n times at once.
func together(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func Test_what_a_job_is_told_of_a_session_that_is_not_there(t *testing.T) {
	p, other := start(t, session.Config{}), newVisitor()
	other.must(t, p, put("a", 1))
	ended, moved, old := newVisitor(), newVisitor(), ""
	ended.must(t, p, put("a", 1))
	endedHandle := handleOf(p, ended)
	ended.must(t, p, (*session.Session).Destroy)
	moved.must(t, p, put("a", 1))
	old = handleOf(p, moved)
	moved.must(t, p, (*session.Session).Regenerate)
	for _, tc := range []struct {
		desc, handle string
		want         error
	}{
		{"one that was destroyed", endedHandle, session.ErrNotFound},
		{"one that has moved", old, session.ErrMoved},
		{"none", "", session.ErrNotFound},
		{"an id", other.cookie(), session.ErrNotFound},
		{"a handle in capital letters", strings.ToUpper(handleOf(p, other)), session.ErrNotFound},
		{"nobody's", strings.Repeat("0", 52), session.ErrNotFound},
	} {
		fn := func(*session.Session) error { t.Error(tc.desc + ": the function runs"); return nil }
		for name, err := range map[string]error{
			"view":   p.manager.View(t.Context(), tc.handle, fn),
			"update": p.manager.Update(t.Context(), tc.handle, fn),
		} {
			if !errors.Is(err, tc.want) {
				t.Errorf("%s, %s: got %v; want %v", tc.desc, name, err, tc.want)
			}
		}
	}
}

func Test_what_a_job_is_told_of_a_session_that_ends_meanwhile(t *testing.T) {
	for _, tc := range []struct {
		desc    string
		request func(*session.Session)
		want    error
		alive   bool
	}{
		{"it is destroyed", (*session.Session).Destroy, session.ErrNotFound, false},
		{"it is given a new id", (*session.Session).Regenerate, session.ErrMoved, true},
	} {
		store := memorystore.New(memorystore.Options{})
		p, v := start(t, session.Config{Store: store, Now: time.Now}), newVisitor()
		v.must(t, p, put("n", 1))
		err := p.manager.Update(t.Context(), handleOf(p, v), func(s *session.Session) error {
			v.must(t, p, tc.request)
			s.Increment("n")
			s.FlashInfo("Hello")
			return nil
		})
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v; want %v", tc.desc, err, tc.want)
		}
		want := 0
		if tc.alive {
			want = 1
		}
		if got := store.Len(); got != want {
			t.Errorf("%s: %d records; want %d", tc.desc, got, want)
		}
		if got := number(t, p, v); got != want {
			t.Errorf("%s: n is %d; want %d, as it was", tc.desc, got, want)
		}
	}
}

// A new record can be found before the old one is gone, in a list or by its tag.
func Test_that_a_job_which_meets_a_session_in_both_its_ids_costs_the_visitor_nothing(t *testing.T) {
	count := func(s *session.Session) error { s.Increment("job"); return nil }
	for _, tc := range []struct {
		desc      string
		meanwhile func(t *testing.T, other *process, v *visitor, old string)
		want      string
	}{
		{"a job changes both", func(t *testing.T, other *process, _ *visitor, _ string) {
			if err := other.manager.UpdateTagged(t.Context(), "7", count); err != nil {
				t.Error(err)
			}
		}, "map[job:1 n:1 user:7]"},
		{"a request changes the old one, and a job the new one", func(t *testing.T, other *process, v *visitor, old string) {
			v.clone().must(t, other, increment)
			for _, info := range list(t, other, "7") {
				if info.Handle == old {
					continue
				}
				if err := other.manager.Update(t.Context(), info.Handle, count); err != nil {
					t.Error(err)
				}
			}
		}, "map[n:2 user:7]"},
	} {
		var meanwhile func()
		inner := memorystore.New(memorystore.Options{})
		store := spyOn(inner)
		store.before = func(c call) error {
			if do := meanwhile; do != nil && c.method == "Destroy" {
				meanwhile = nil
				do()
			}
			return nil
		}
		p, other := start(t, session.Config{Store: store, Now: time.Now}), start(t, session.Config{Store: inner, Now: time.Now})
		v := newVisitor()
		v.must(t, p, logIn("7"))
		old := handleOf(p, v)
		meanwhile = func() { tc.meanwhile(t, other, v, old) }
		v.must(t, p, func(s *session.Session) { s.Increment("n"); s.Regenerate() })
		v.must(t, other, func(s *session.Session) {
			if got := fmt.Sprint(s.All()); got != tc.want {
				t.Errorf("%s: the visitor has %s; want %s", tc.desc, got, tc.want)
			}
		})
		if got := inner.Len(); got != 1 {
			t.Errorf("%s: %d records; want one", tc.desc, got)
		}
	}
}

// While Regenerate gives a session a new id, both the old and the new one have an entry and then a
// record, and a change to the old one may come along to the new one.
func Test_that_a_job_for_a_user_is_done_once_in_a_session_that_moves(t *testing.T) {
	for _, stopped := range []string{"Write", "Destroy"} { // before the new record exists, and before the old one is gone
		for beside, data := range map[string]string{"": "", "a corrupt record": "\x01", "a record of a newer version": "\xff", "the first read fails": "", "the second read fails": ""} {
			t.Run(strings.TrimSpace(stopped+" "+beside), func(t *testing.T) {
				reads, fails := 0, map[string]int{"the first read fails": 1, "the second read fails": 2}[beside]
				var ahead, behind clock // which processes may well have
				ahead.advance(time.Second)
				inner := memorystore.New(memorystore.Options{Now: behind.Now})
				store, ofWorker := spyOn(inner), spyOn(inner)
				p, worker := start(t, session.Config{Store: store, Now: behind.Now}), start(t, session.Config{Store: ofWorker, Now: ahead.Now})
				if data != "" {
					other := newVisitor()
					other.must(t, worker, logIn("7"))
					spoil(t, inner, keyOf(other.cookie()), data)
				}
				v := newVisitor()
				v.must(t, worker, logIn("7"))

				reached, goOn, moved := make(chan struct{}), make(chan struct{}), make(chan struct{})
				var once sync.Once
				store.before = func(c call) error {
					if c.method == stopped {
						once.Do(func() { close(reached); <-goOn })
					}
					return nil
				}
				go func() {
					defer close(moved)
					v.must(t, p, (*session.Session).Regenerate)
				}()
				<-reached
				move := sync.OnceFunc(func() { close(goOn); <-moved })
				changed := false
				ofWorker.before = func(c call) error {
					if c.method == "Read" {
						if reads++; reads == fails {
							return errOops
						}
					}
					if changed {
						move()
					}
					changed = changed || c.method == "Write"
					return nil
				}
				err := worker.manager.UpdateTagged(t.Context(), "7", func(s *session.Session) error {
					s.Increment("job")
					s.FlashInfo("done")
					return nil
				})
				move()
				if err != nil && !errors.Is(err, session.ErrMoved) && !errors.Is(err, session.ErrUnavailable) {
					t.Errorf("the job fails: %v", err)
				}
				v.must(t, p, func(s *session.Session) {
					n, alerts := session.Get[int](s, "job"), s.FlashMessages().Alerts()
					if n != 1 && (n > 1 || err == nil) || n != len(alerts) {
						t.Errorf("the job has counted %d, and left %d messages, with the error %v; want one each, or an error", n, len(alerts), err)
					}
				})
				if n := len(worker.hooked("Undecodable")); n > 1 {
					t.Errorf("the corrupt record is reported %d times", n)
				}
			})
		}
	}
}

func Test_that_a_job_ends_a_session(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	p, v := start(t, session.Config{Store: store, Now: time.Now}), newVisitor()
	v.must(t, p, logIn("7"))
	committed := len(p.hooked("Committed"))
	update(t, p, v, func(s *session.Session) {
		s.Put("a", 1)
		s.FlashInfo("dropped with it")
		s.Destroy()
		s.Destroy()
		if !s.IsNew() || s.Has("user") {
			t.Error("there is still something in it")
		}
	})
	if isLoggedIn(p, v) || store.Len() != 0 || len(list(t, p, "7")) != 0 {
		t.Errorf("logged in: %v, %d records, %d sessions of the user", isLoggedIn(p, v), store.Len(), len(list(t, p, "7")))
	}
	if n, begun := len(p.hooked("Destroyed")), len(p.hooked("Committed"))-committed; n != 1 || begun != 0 {
		t.Errorf("%d destroyed, and %d begun; want 1 and none", n, begun)
	}
}

func Test_that_a_job_that_fails_changes_nothing(t *testing.T) {
	for _, tc := range []struct {
		desc string
		fn   func(*session.Session) error
		want error
	}{
		{"an error", func(*session.Session) error { return errJob }, errJob},
		{"a new id", func(s *session.Session) error { s.Regenerate(); return nil }, errors.ErrUnsupported},
		{"a tag", func(s *session.Session) error { s.Tag("8"); return nil }, errors.ErrUnsupported},
		{"a change after a log-out", func(s *session.Session) error { s.Destroy(); s.Put("b", 1); return nil }, errors.ErrUnsupported},
		{"a message after a log-out", func(s *session.Session) error { s.Destroy(); s.FlashInfo("Bye"); return nil }, errors.ErrUnsupported},
		{"a save of its own", func(s *session.Session) error { return s.Save(t.Context()) }, errors.ErrUnsupported},
	} {
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, func(s *session.Session) { logIn("7")(s); s.Put("n", 1); s.Flash("kept", true) })
		before := stays(p, v)
		err := p.manager.Update(t.Context(), handleOf(p, v), func(s *session.Session) error {
			s.Increment("n")
			s.FlashInfo("Hello")
			return tc.fn(s)
		})
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v; want %v", tc.desc, err, tc.want)
		}
		if after := stays(p, v); after != before {
			t.Errorf("%s: got %s; want %s", tc.desc, after, before)
		}
		if log := p.log.String(); log != "" {
			t.Errorf("%s: the error is returned, and logged as well: %s", tc.desc, log)
		}
	}
}

func Test_that_a_value_that_cannot_be_stored_fails_a_job(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("n", 1))
	err := p.manager.Update(t.Context(), handleOf(p, v), func(s *session.Session) error {
		s.Increment("n")
		s.Put("channel", make(chan int))
		return nil
	})
	if _, ok := errors.AsType[*session.EncodeError](err); !ok {
		t.Errorf("got %v; want an EncodeError", err)
	}
	if n := number(t, p, v); n != 1 {
		t.Errorf("n is %d; want 1", n)
	}
}

func Test_that_a_job_that_panics_changes_nothing_and_holds_nobody(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("n", 1))
	h := handleOf(p, v)
	var kept *session.Session
	func() {
		defer func() {
			if recover() != errJob {
				t.Error("the panic got lost")
			}
		}()
		_ = p.manager.Update(t.Context(), h, func(s *session.Session) error {
			kept = s
			s.Increment("n")
			panic(errJob)
		})
	}()
	if n := number(t, p, v); n != 1 {
		t.Errorf("n is %d; want 1", n)
	}
	kept.Put("n", 7)
	update(t, p, v, increment)
	if n := number(t, p, v); n != 2 || p.manager.Waiting() != 0 {
		t.Errorf("n is %d, %d wait; want 2 and nobody", n, p.manager.Waiting())
	}
}

func Test_that_a_view_that_changes_something_fails(t *testing.T) {
	for desc, change := range map[string]func(*session.Session){
		"put":        func(s *session.Session) { s.Put("n", 2) },
		"pull":       func(s *session.Session) { session.Pull[int](s, "n") },
		"increment":  increment,
		"update":     func(s *session.Session) { session.Update(s, "n", func(n int) int { return n + 1 }) },
		"flash":      func(s *session.Session) { s.FlashInfo("Hello") },
		"clear":      (*session.Session).Clear,
		"destroy":    (*session.Session).Destroy,
		"regenerate": (*session.Session).Regenerate,
		"tag":        func(s *session.Session) { s.Tag("8") },
		"untag":      func(s *session.Session) { s.Untag("7") },
		"label":      func(s *session.Session) { s.SetLabel("x") },
		"intended":   func(s *session.Session) { s.SetIntendedURL("/x") },
	} {
		p, v := start(t, session.Config{}), newVisitor()
		v.must(t, p, func(s *session.Session) { logIn("7")(s); s.Put("n", 1); s.Flash("kept", true) })
		before := stays(p, v)
		err := p.manager.View(t.Context(), handleOf(p, v), func(s *session.Session) error {
			change(s)
			if s.Err() == nil {
				t.Errorf("%s: Err is nil", desc)
			}
			return nil
		})
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "Update") {
			t.Errorf("%s: got %v; want an error that names Update", desc, err)
		}
		if after := stays(p, v); after != before {
			t.Errorf("%s: got %s; want %s", desc, after, before)
		}
	}
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("n", 1))
	err := p.manager.View(t.Context(), handleOf(p, v), func(*session.Session) error { return errJob })
	if !errors.Is(err, errJob) {
		t.Errorf("got %v; want the function's error", err)
	}
}

func Test_that_a_session_kept_from_a_job_refuses_changes(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("n", 1))
	var kept []*session.Session
	update(t, p, v, func(s *session.Session) { s.Increment("n"); kept = append(kept, s) })
	look(t, p, v, func(s *session.Session) { kept = append(kept, s) })
	for _, s := range kept {
		s.Put("n", 9)
		s.FlashInfo("Hello")
		s.Destroy()
		if !errors.Is(s.Err(), session.ErrClosed) || !errors.Is(s.Save(t.Context()), session.ErrClosed) {
			t.Errorf("got %v; want ErrClosed", s.Err())
		}
		if n, token := session.Get[int](s, "n"), s.CSRFToken(); n != 2 || token != "" {
			t.Errorf("it reads %d, and the token %q; want 2, and none", n, token)
		}
	}
	if n := len(p.hooked("LateWrite")); n != 2 {
		t.Errorf("%d late writes are reported; want 2", n)
	}
	if n := number(t, p, v); n != 2 {
		t.Errorf("n is %d; want 2", n)
	}
}

func Test_that_a_job_whose_answer_was_lost_counts_once(t *testing.T) {
	inner := memorystore.New(memorystore.Options{})
	store := &lossy{Store: inner, loses: func(method string) bool { return method == "Write" }}
	p, v := start(t, session.Config{Store: store, Now: time.Now}), newVisitor()
	v.must(t, p, put("n", 0))
	h := handleOf(p, v)
	other := start(t, session.Config{Store: inner, Now: time.Now})
	store.meanwhile = func(string, string) { // between the first and the second try
		for range 2 {
			v.clone().must(t, other, increment)
		}
	}
	if err := p.manager.Update(t.Context(), h, func(s *session.Session) error { s.Increment("n"); s.FlashInfo("once"); return nil }); err != nil {
		t.Fatal(err)
	}
	v.must(t, other, func(s *session.Session) {
		if n, alerts := session.Get[int](s, "n"), s.FlashMessages().Alerts(); n != 3 || len(alerts) != 1 {
			t.Errorf("n is %d, messages %v; want 3 and one", n, alerts)
		}
	})
}

func Test_that_a_job_is_told_when_the_store_is_down(t *testing.T) {
	for _, method := range []string{"Read", "Write"} {
		store := newWatched()
		p, v := start(t, session.Config{Store: store, Now: time.Now}), newVisitor()
		v.must(t, p, put("n", 1))
		h := handleOf(p, v)
		store.before = failing(errStoreDown, method)
		err := p.manager.Update(t.Context(), h, func(s *session.Session) error { s.Increment("n"); return nil })
		if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errStoreDown) || errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: got %v; want ErrUnavailable, and why", method, err)
		}
		if n := len(p.hooked("StoreError")); n != 1 {
			t.Errorf("%s: reported %d times; want once", method, n)
		}
		store.before = nil
		if n := number(t, p, v); n != 1 {
			t.Errorf("%s: n is %d; want 1", method, n)
		}
	}
}

func Test_that_a_job_ends_with_its_context(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, put("n", 1))
	h := handleOf(p, v)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := p.manager.Update(ctx, h, func(s *session.Session) error { s.Increment("n"); cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
	fn := func(*session.Session) error { t.Error("the function runs"); return nil }
	for name, err := range map[string]error{"view": p.manager.View(ctx, h, fn), "update": p.manager.Update(ctx, h, fn)} {
		if !errors.Is(err, context.Canceled) || errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: got %v; want context.Canceled", name, err)
		}
	}
	if n := number(t, p, v); n != 1 {
		t.Errorf("n is %d; want 1", n)
	}
}

func Test_that_all_sessions_of_a_user_are_changed_and_no_other(t *testing.T) {
	p := start(t, session.Config{})
	phone, laptop, tablet, other := newVisitor(), newVisitor(), newVisitor(), newVisitor()
	for _, v := range []*visitor{phone, laptop, tablet} {
		v.must(t, p, logIn("7"))
	}
	other.must(t, p, logIn("8"))
	visitors := map[string]*visitor{}
	for _, v := range []*visitor{phone, laptop, tablet} {
		visitors[handleOf(p, v)] = v
	}
	ended, runs := "", 0
	err := p.manager.UpdateTagged(t.Context(), "7", func(s *session.Session) error {
		if runs++; runs == 1 {
			for h := range visitors { // one of the others ends meanwhile
				if h != s.Handle() {
					ended = h
				}
			}
			if err := p.manager.Destroy(t.Context(), ended); err != nil {
				t.Error(err)
			}
		}
		s.FlashInfo("We have new terms")
		return nil
	})
	if err != nil || runs != 2 {
		t.Fatalf("%d runs, %v; want 2, and that one which has ended is no error", runs, err)
	}
	delete(visitors, ended)
	for _, v := range visitors {
		v.must(t, p, func(s *session.Session) { wantText(t, "the user sees", texts(s), "We have new terms") })
	}
	other.must(t, p, func(s *session.Session) { wantText(t, "another user sees", texts(s), "") })
	if err := p.manager.UpdateTagged(t.Context(), "nobody", func(*session.Session) error { return errJob }); err != nil {
		t.Errorf("nobody: %v", err)
	}
}

func Test_that_a_session_that_is_no_longer_the_users_is_left_alone(t *testing.T) {
	spy, p, v := startSpied(t)
	v.must(t, p, logIn("7"))
	spy.before = failing(errJob, "Untag") // so the index keeps the entry
	v.must(t, p, func(s *session.Session) { s.Untag("7") })
	err := p.manager.UpdateTagged(t.Context(), "7", func(*session.Session) error { t.Error("the function runs"); return nil })
	if err != nil {
		t.Error(err)
	}
}

func Test_that_an_error_for_one_session_leaves_no_other_out(t *testing.T) {
	p := start(t, session.Config{})
	for range 3 {
		newVisitor().must(t, p, logIn("7"))
	}
	runs := 0
	own := fmt.Errorf("about something else: %w", session.ErrNotFound)
	err := p.manager.UpdateTagged(t.Context(), "7", func(*session.Session) error {
		if runs++; runs == 2 {
			return own
		}
		return nil
	})
	if runs != 3 || !errors.Is(err, own) {
		t.Errorf("%d runs, %v; want 3 and the function's error", runs, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	runs = 0
	err = p.manager.UpdateTagged(ctx, "7", func(*session.Session) error { runs++; cancel(); return nil })
	if runs != 1 || !errors.Is(err, context.Canceled) || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%d runs, %v; want 1 and context.Canceled", runs, err)
	}
}

func Test_that_a_session_of_a_user_that_could_not_be_saved_is_told(t *testing.T) {
	spy := spyOn(memorystore.New(memorystore.Options{}))
	p := start(t, session.Config{Store: spy, Now: time.Now})
	for range 3 {
		newVisitor().must(t, p, logIn("7"))
	}
	writes := 0
	spy.before = func(c call) error {
		if c.method == "Write" {
			if writes++; writes == 2 {
				return errJob
			}
		}
		return nil
	}
	err := p.manager.UpdateTagged(t.Context(), "7", func(s *session.Session) error { s.Increment("n"); return nil })
	if writes != 3 || !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errJob) {
		t.Errorf("%d writes, %v; want 3 and the store's error", writes, err)
	}
}

func Test_that_it_is_reported_which_sessions_of_a_user_cannot_be_read(t *testing.T) {
	spy := spyOn(memorystore.New(memorystore.Options{}))
	p := start(t, session.Config{Store: spy, Now: time.Now})
	var want, got []string
	for range 2 {
		v := newVisitor()
		v.must(t, p, logIn("7"))
		want = append(want, handleOf(p, v))
	}
	spy.before = failing(errStoreDown, "Read", "Peek")
	err := p.manager.UpdateTagged(t.Context(), "7", func(*session.Session) error { t.Error("the function runs"); return nil })
	for _, e := range p.hooked("StoreError") {
		got = append(got, e.Handle)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !errors.Is(err, session.ErrUnavailable) || !slices.Equal(got, want) {
		t.Errorf("%v, and reports about %q; want ErrUnavailable, and reports about %q", err, got, want)
	}
}

func Test_that_stores_which_cannot_say_so(t *testing.T) {
	clock := new(clock)
	fn := func(*session.Session) error { t.Error("the function runs"); return nil }
	sealed := start(t, session.Config{Store: cookieStore(t, clock.Now)})
	handle := strings.Repeat("0", 52)
	errs := map[string]error{
		"view":          sealed.manager.View(t.Context(), handle, fn),
		"update":        sealed.manager.Update(t.Context(), handle, fn),
		"update tagged": sealed.manager.UpdateTagged(t.Context(), "7", fn),
	}
	unlisted := start(t, session.Config{Store: plain{memorystore.New(memorystore.Options{})}})
	for name, p := range map[string]*process{"a cookie": sealed, "no lister": unlisted} {
		for info, err := range p.manager.All(t.Context()) {
			errs["all of "+name] = err
			if info.Handle != "" {
				t.Errorf("all of %s: got %v", name, info)
			}
		}
	}
	if len(errs) != 5 {
		t.Errorf("%d errors; want 5", len(errs))
	}
	for name, err := range errs {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: got %v; want errors.ErrUnsupported", name, err)
		}
	}
}

// A handler may change sessions by the manager while it holds the session of its own request.
func Test_that_a_handler_may_change_another_session(t *testing.T) {
	p, admin, v := start(t, session.Config{}), newVisitor(), newVisitor()
	admin.must(t, p, put("admin", true))
	v.must(t, p, put("n", 1))
	h := handleOf(p, v)
	rec := admin.visit(p, func(c echo.Context) error {
		s := session.From(c)
		s.Put("last", h)
		err := p.manager.Update(c.Request().Context(), h, func(other *session.Session) error {
			other.Put("warned by", session.Get[bool](s, "admin"))
			return nil
		})
		if err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	})
	if rec.Code != http.StatusNoContent {
		t.Errorf("status %d, %v", rec.Code, p.failure())
	}
	v.must(t, p, func(s *session.Session) {
		if !session.Get[bool](s, "warned by") || s.Has("last") {
			t.Errorf("got %v", s.All())
		}
	})
}
