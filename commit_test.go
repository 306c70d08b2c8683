package session_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// interleaved runs two requests of v: the second loads the session, then the first loads it,
// changes it and commits, and then the second changes it and commits. The first one is answered by
// p, the second by q.
func interleaved(p, q *process, v *visitor, first, second func(*session.Session)) (a, b int) {
	r := v.request()
	rec := q.serve(v.request(), with(func(s *session.Session) {
		s.Has("") // loads
		answer := p.serve(r, with(first))
		v.keep(answer)
		a = answer.Code
		second(s)
	}))
	v.keep(rec)
	return a, rec.Code
}

func Test_that_requests_at_the_same_time_lose_nothing_of_each_other(t *testing.T) {
	add := func(word string) func(*session.Session) {
		return func(s *session.Session) {
			session.Update(s, "list", func(l []string) []string { return append(l, word) })
		}
	}
	for _, tc := range []struct {
		desc          string
		first, second func(*session.Session)
		key           string
		want          string
	}{
		{"different keys: the first one survives", put("a", 1), put("b", 2), "a", "1"},
		{"different keys: the second one survives", put("a", 1), put("b", 2), "b", "2"},
		{"one key: the last one wins", put("a", 1), put("a", 2), "a", "2"},
		{"increments both count", increment, increment, "n", "12"},
		{"an update sees the other's result", add("x"), add("y"), "list", "[x y]"},
		{"a forgotten key stays forgotten", forget("old"), put("b", 2), "old", ""},
		{"a key put by the other survives a forget of another", put("a", 1), forget("old"), "a", "1"},
		{"a clear takes what was put before it", put("a", 1), func(s *session.Session) { s.Clear() }, "a", ""},
		{"what is put after a clear stays", func(s *session.Session) { s.Clear() }, put("a", 1), "a", "1"},
		{"a regenerate takes along what was put before it", put("a", 1), (*session.Session).Regenerate, "a", "1"},
	} {
		for store, wrap := range conflicting {
			for _, processes := range []string{"one process", "two processes"} {
				t.Run(tc.desc+", "+store+", "+processes, func(t *testing.T) {
					cfg := session.Config{Store: wrap(memorystore.New(memorystore.Options{})), Now: time.Now}
					p := start(t, cfg)
					q := p
					if processes == "two processes" {
						q = start(t, cfg)
					}
					v := newVisitor()
					v.must(t, p, func(s *session.Session) { s.Put("old", "old"); s.Put("n", 10) })

					if a, b := interleaved(p, q, v, tc.first, tc.second); a != 200 || b != 200 {
						t.Fatalf("statuses %d and %d; want 200", a, b)
					}
					var got string
					v.must(t, p, func(s *session.Session) {
						if v, ok := s.All()[tc.key]; ok {
							got = fmt.Sprint(v)
						}
					})
					if got != tc.want {
						t.Errorf("%s is %q; want %q", tc.key, got, tc.want)
					}
				})
			}
		}
	}
}

// storm makes workers send requests of one visitor, spread over processes: each increments a
// counter and appends to one of several lists. All have loaded the session before the first of them
// commits.
func storm(t *testing.T, v *visitor, processes []*process, workers, requests int) {
	t.Helper()
	var loaded, done sync.WaitGroup
	loaded.Add(workers)
	for w := range workers {
		done.Go(func() {
			p := processes[w%len(processes)]
			for n := range requests {
				rec := v.do(p, func(s *session.Session) {
					s.Increment("n")
					session.Update(s, fmt.Sprint("list", w%lists), func(l []int) []int { return append(l, w*requests+n) })
					if n == 0 {
						loaded.Done()
						loaded.Wait()
					}
				})
				if rec.Code != http.StatusOK {
					t.Errorf("status %d, %v; want 200", rec.Code, p.failure())
				}
			}
		})
	}
	done.Wait()
}

const lists = 32 // with a single list, the tests would spend their time in JSON

// counted is the result of a storm: increments, and appends.
func counted(t *testing.T, v *visitor, p *process) (n, appends int) {
	t.Helper()
	v.must(t, p, func(s *session.Session) {
		n = session.Get[int](s, "n")
		seen := map[int]bool{}
		for i := range lists {
			for _, item := range session.Get[[]int](s, fmt.Sprint("list", i)) {
				if seen[item] {
					t.Errorf("%d was appended twice", item)
				}
				seen[item] = true
			}
		}
		appends = len(seen)
	})
	return n, appends
}

func Test_that_64_workers_lose_nothing_in_one_session(t *testing.T) {
	const workers, requests = 64, 50
	for _, tc := range []struct {
		desc      string
		processes int
		wrap      func(session.Store) session.Store
	}{
		{"one process", 1, nil},
		{"four processes", 4, nil},
		{"one process, a store that does not bring the current record", 1, func(s session.Store) session.Store { return plain{s} }},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			w := newWatched()
			w.before = func(call) error { runtime.Gosched(); return nil } // as a store behind a network would
			cfg := session.Config{Store: w, Now: time.Now}
			if tc.wrap != nil {
				cfg.Store = tc.wrap(w)
			}
			var processes []*process
			for range tc.processes {
				processes = append(processes, start(t, cfg))
			}
			v := newVisitor()
			v.must(t, processes[0], put("n", 0))
			w.reset()

			storm(t, v, processes, workers, requests)

			perRequest := float64(w.count("")) / (workers * requests)
			t.Logf("%.2f store calls per request", perRequest)
			if n, appends := counted(t, v, processes[0]); n != workers*requests || appends != workers*requests {
				t.Errorf("%d increments and %d appends are left; want %d of each", n, appends, workers*requests)
			}
			if tc.processes == 1 && tc.wrap == nil && perRequest > 2.3 {
				t.Errorf("%.2f store calls per request; want 2.3 at most", perRequest)
			}
		})
	}
}

// lastWriteWins is a store that breaks rule 4.
type lastWriteWins struct{ session.Store }

func (l lastWriteWins) Write(ctx context.Context, key string, rec session.Record) error {
	for {
		err := l.Store.Write(ctx, key, rec)
		var conflict *session.ConflictError
		if !errors.As(err, &conflict) {
			return err
		}
		rec.Version = conflict.Current.Version
	}
}

func Test_that_the_storm_would_notice_a_store_where_the_last_write_wins(t *testing.T) {
	const workers = 8
	cfg := session.Config{Store: lastWriteWins{memorystore.New(memorystore.Options{})}, Now: time.Now}
	var processes []*process
	for range workers {
		processes = append(processes, start(t, cfg))
	}
	v := newVisitor()
	v.must(t, processes[0], put("n", 0))
	storm(t, v, processes, workers, 1)
	if n, appends := counted(t, v, processes[0]); n != 1 || appends != 1 {
		t.Errorf("%d increments and %d appends are left; want 1: all were made of the same record", n, appends)
	}
}

func Test_how_often_the_store_is_asked(t *testing.T) {
	w := newWatched()
	p := start(t, session.Config{Store: w, Now: time.Now})
	v := newVisitor()
	for _, tc := range []struct {
		desc string
		work func(*session.Session)
		want []string
	}{
		{"untouched", func(*session.Session) {}, nil},
		{"a read without a cookie", func(s *session.Session) { s.Has("a") }, nil},
		{"nothing stored", func(s *session.Session) { s.Put("a", 1); s.Forget("a") }, nil},
		{"a new session", put("a", 1), []string{"Write"}},
		{"untouched with a cookie", func(*session.Session) {}, nil},
		{"a read", func(s *session.Session) { s.Has("a"); s.Has("b") }, []string{"Read"}},
		{"a write", put("a", 2), []string{"Read", "Write"}},
		{"many writes", func(s *session.Session) { s.Put("a", 1); s.Put("b", 2); s.Increment("b") }, []string{"Read", "Write"}},
		{"forgetting what is not there", forget("nothing"), []string{"Read"}},
		{"a regenerate", (*session.Session).Regenerate, []string{"Read", "Write", "Destroy"}},
		{"a flash", func(s *session.Session) { s.FlashInfo("hello") }, []string{"Read", "Write"}},
		{"showing a flash", func(s *session.Session) { s.FlashMessages().Alerts() }, []string{"Read", "Write"}},
		{"a log-out", (*session.Session).Destroy, []string{"Read", "Destroy"}},
		{"after it", func(s *session.Session) { s.Has("a") }, nil},
	} {
		w.reset()
		v.must(t, p, tc.work)
		if fmt.Sprint(w.calls) != fmt.Sprint(tc.want) {
			t.Errorf("%s: store calls %v; want %v", tc.desc, w.calls, tc.want)
		}
	}
}

// The second request takes over the record that the first has written, and need not read it.
func Test_that_two_requests_of_one_process_are_no_conflict(t *testing.T) {
	for _, tc := range []struct {
		desc      string
		size      int
		calls     int
		conflicts int
	}{
		{"two reads and two writes", 100, 4, 0},
		{"one write more for a session that is too large to be kept", 100_000, 5, 1},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			w := newWatched()
			p := start(t, session.Config{Store: w, Now: time.Now})
			v := newVisitor()
			v.must(t, p, func(s *session.Session) { s.Put("n", 1); s.Put("much", strings.Repeat("x", tc.size)) })
			w.reset()
			interleaved(p, p, v, increment, increment)
			if calls, conflicts := w.count(""), len(p.hooked("Conflict")); calls != tc.calls || conflicts != tc.conflicts {
				t.Errorf("%d store calls and %d conflicts; want %d and %d", calls, conflicts, tc.calls, tc.conflicts)
			}
			if n := number(t, p, v); n != 3 {
				t.Errorf("n is %d; want 3", n)
			}
		})
	}
}

// A process remembers what it wrote last. If a failover loses that, others may write something else
// under the same version, and a request that has seen neither must not overwrite theirs.
func Test_that_nothing_is_written_onto_a_record_that_a_failover_has_lost(t *testing.T) {
	site := &failsOver{Store: memorystore.New(memorystore.Options{})}
	cfg := session.Config{Store: site, Now: time.Now}
	p, q := start(t, cfg), start(t, cfg)
	v := newVisitor()
	v.must(t, p, put("first", 1))
	site.replicate(t, v)
	v.must(t, p, put("lost", 1))
	site.Store = site.replica

	if a, b := interleaved(q, p, v, put("theirs", 1), put("mine", 1)); a != 200 || b != 200 {
		t.Fatalf("statuses %d and %d; want 200", a, b)
	}
	v.must(t, p, func(s *session.Session) {
		if all := s.All(); len(all) != 3 || !s.Has("first") || !s.Has("theirs") || !s.Has("mine") {
			t.Errorf("the session has %v; want first, theirs and mine", all)
		}
	})
}

type failsOver struct {
	session.Store
	replica *memorystore.Store
}

// replicate copies the current session of v to a replica.
func (f *failsOver) replicate(t *testing.T, v *visitor) {
	t.Helper()
	f.replica = memorystore.New(memorystore.Options{})
	key := keyOf(v.cookie())
	rec, err := f.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	rec.Version = 0
	if err := f.replica.Write(t.Context(), key, rec); err != nil {
		t.Fatal(err)
	}
}

func Test_that_the_closure_of_an_update_runs_again_on_a_newer_record(t *testing.T) {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{}), Now: time.Now}
	p := start(t, cfg)
	v := newVisitor()
	v.must(t, p, put("n", 1))
	var saw []int
	interleaved(start(t, cfg), p, v, put("n", 10), func(s *session.Session) {
		session.Update(s, "n", func(n int) int { saw = append(saw, n); return n + 1 })
	})
	if want := []int{1, 10}; !slices.Equal(saw, want) {
		t.Errorf("the closure was given %v; want %v", saw, want)
	}
	if events := p.hooked("Committed"); events[len(events)-1].Retries != 1 {
		t.Errorf("the Committed hook heard of %d retries; want 1", events[len(events)-1].Retries)
	}
}

func Test_that_an_update_which_cannot_be_replayed_saves_nothing(t *testing.T) {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{}), Now: time.Now}
	p := start(t, cfg)
	for _, faster := range []*process{p, start(t, cfg)} {
		v := newVisitor()
		v.must(t, p, put("n", 1))
		_, status := interleaved(faster, p, v, put("n", "not a number"), func(s *session.Session) {
			s.Put("other", true)
			s.Increment("n")
		})
		var decode *session.DecodeError
		if status != http.StatusInternalServerError || !errors.As(p.failure(), &decode) || decode.Key != "n" {
			t.Errorf("status %d, %v; want 500 and a DecodeError for n", status, p.failure())
		}
		v.must(t, p, func(s *session.Session) {
			if s.Has("other") || session.Get[string](s, "n") != "not a number" {
				t.Errorf("the session is %v; want only what the first request put", s.All())
			}
		})
	}
}

func Test_that_a_commit_that_always_meets_a_faster_one_becomes_a_503(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // between its tries it pauses
		inner := memorystore.New(memorystore.Options{})
		w := &watched{Store: plain{inner}}
		p := start(t, session.Config{Store: w, Now: time.Now})
		v := newVisitor()
		v.must(t, p, put("n", 1))
		for _, tc := range []struct {
			desc   string
			work   func(*session.Session)
			method string
		}{
			{"a write", put("n", 2), "Write"},
			{"a regenerate", (*session.Session).Regenerate, "Destroy"},
		} {
			w.before = func(c call) error {
				if c.method == tc.method && c.version > 0 {
					return session.ErrConflict
				}
				return nil
			}
			rec := v.do(p, tc.work)
			w.before = nil
			if rec.Code != http.StatusServiceUnavailable || !errors.Is(p.failure(), session.ErrConflict) || !errors.Is(p.failure(), session.ErrUnavailable) {
				t.Errorf("%s: status %d, %v; want 503 for a conflict", tc.desc, rec.Code, p.failure())
			}
			if len(setCookies(rec)) != 0 {
				t.Errorf("%s: sets %v; want no cookie", tc.desc, setCookies(rec))
			}
			if inner.Len() != 1 {
				t.Errorf("%s: %d records are left; want the old one", tc.desc, inner.Len())
			}
		}
		if n := number(t, p, v); n != 1 {
			t.Errorf("n is %d; want 1", n)
		}
	})
}

// lossy is a store on a bad line: some calls are carried out, but their answer is lost, and the
// driver tries again, as drivers do. meanwhile runs between the two tries.
type lossy struct {
	session.Store
	loses     func(method string) bool
	meanwhile func(method, key string)
}

func (l *lossy) retry(method, key string, do func() error) error {
	err := do()
	if !l.loses(method) {
		return err
	}
	if l.meanwhile != nil {
		l.meanwhile(method, key)
	}
	return do()
}

func (l *lossy) Write(ctx context.Context, key string, rec session.Record) error {
	return l.retry("Write", key, func() error { return l.Store.Write(ctx, key, rec) })
}

func (l *lossy) Destroy(ctx context.Context, key string, version uint64) error {
	return l.retry("Destroy", key, func() error { return l.Store.Destroy(ctx, key, version) })
}

func Test_that_a_lost_answer_neither_doubles_nor_loses_anything(t *testing.T) {
	const workers, requests = 16, 25
	for _, tc := range []struct {
		desc      string
		processes int
		percent   int
		plain     bool
	}{
		{"one process, 10 % lost", 1, 10, false},
		{"one process, 30 % lost, no current record", 1, 30, true},
		{"four processes, 30 % lost", 4, 30, false},
		{"four processes, 10 % lost, no current record", 4, 10, true},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			var inner session.Store = memorystore.New(memorystore.Options{})
			if tc.plain {
				inner = plain{inner}
			}
			var lost atomic.Int64
			cfg := session.Config{Now: time.Now, Store: &lossy{Store: inner, loses: func(method string) bool {
				if method != "Write" || rand.IntN(100) >= tc.percent {
					return false
				}
				lost.Add(1)
				return true
			}}}
			var processes []*process
			for range tc.processes {
				processes = append(processes, start(t, cfg))
			}
			v := newVisitor()
			v.must(t, processes[0], put("n", 0))
			storm(t, v, processes, workers, requests)
			t.Logf("%d answers lost", lost.Load())
			if n, appends := counted(t, v, processes[0]); n != workers*requests || appends != workers*requests {
				t.Errorf("%d increments and %d appends; want %d of each", n, appends, workers*requests)
			}
		})
	}
}

func Test_that_the_first_answer_of_all_may_be_lost(t *testing.T) {
	inner := memorystore.New(memorystore.Options{})
	l := &lossy{Store: inner, loses: func(method string) bool { return method == "Write" }}
	p := start(t, session.Config{Store: l, Now: time.Now})
	v := newVisitor()
	v.must(t, p, increment)
	v.must(t, p, func(s *session.Session) { s.Increment("n"); s.Regenerate() })
	if n := number(t, p, v); n != 2 {
		t.Errorf("n is %d; want 2", n)
	}
	if inner.Len() != 1 {
		t.Errorf("%d records; want 1", inner.Len())
	}
}

// The answer to a first commit is lost, and before the driver tries again, another process commits.
// The second commit of the same request must not undo that.
func Test_that_a_second_commit_builds_on_what_the_first_one_met(t *testing.T) {
	inner := memorystore.New(memorystore.Options{})
	l := &lossy{Store: inner, loses: func(string) bool { return false }}
	p := start(t, session.Config{Store: l, Now: time.Now})
	other := start(t, session.Config{Store: inner, Now: time.Now})
	v := newVisitor()
	v.must(t, p, put("n", 0))
	once := true
	l.loses = func(method string) bool { return once }
	l.meanwhile = func(string, string) {
		once = false
		v.must(t, other, put("other", "kept"))
	}
	v.must(t, p, func(s *session.Session) {
		s.Increment("n")
		if err := s.Save(t.Context()); err != nil {
			t.Error(err)
		}
		if got := session.Get[string](s, "other"); got != "kept" {
			t.Errorf("after Save, other is %q; want what the other process put", got)
		}
		s.Increment("n")
	})
	v.must(t, p, func(s *session.Session) {
		if n, other := session.Get[int](s, "n"), session.Get[string](s, "other"); n != 2 || other != "kept" {
			t.Errorf("n is %d and other %q; want 2 and kept", n, other)
		}
	})
}

func Test_that_a_regenerate_meets_a_faster_commit_and_takes_it_along(t *testing.T) {
	for desc, wrap := range conflicting {
		t.Run(desc, func(t *testing.T) {
			inner := memorystore.New(memorystore.Options{})
			w := &watched{Store: wrap(inner)}
			p := start(t, session.Config{Store: w, Now: time.Now})
			other := start(t, session.Config{Store: inner, Now: time.Now})
			v := newVisitor()
			v.must(t, p, put("n", 10))
			faster := v.clone()
			left := 3
			w.before = func(c call) error {
				if c.method == "Destroy" && left > 0 {
					left--
					faster.must(t, other, func(s *session.Session) { s.Increment("n", 100) })
				}
				return nil
			}
			v.must(t, p, func(s *session.Session) { s.Increment("n"); s.Regenerate() })
			if n := number(t, p, v); n != 311 {
				t.Errorf("n is %d; want 311: its own increment once, and all of the others", n)
			}
			if inner.Len() != 1 {
				t.Errorf("%d records are left; want 1", inner.Len())
			}
		})
	}
}

func Test_that_a_visitor_who_hangs_up_undoes_nothing(t *testing.T) {
	for _, tc := range []struct {
		desc string
		work func(*session.Session)
		left int
	}{
		{"a write is saved", put("a", 2), 1},
		{"a log-out takes place", (*session.Session).Destroy, 0},
	} {
		inner := memorystore.New(memorystore.Options{})
		p := start(t, session.Config{Store: inner, Now: time.Now})
		v := newVisitor()
		v.must(t, p, put("a", 1))
		ctx, hangUp := context.WithCancel(t.Context())
		p.serve(v.request().WithContext(ctx), with(func(s *session.Session) {
			tc.work(s)
			hangUp()
		}))
		if inner.Len() != tc.left {
			t.Errorf("%s: %d records; want %d", tc.desc, inner.Len(), tc.left)
		}
		if tc.left > 0 {
			v.must(t, p, func(s *session.Session) {
				if a := session.Get[int](s, "a"); a != 2 {
					t.Errorf("%s: a is %d; want 2", tc.desc, a)
				}
			})
		}
	}
}

func Test_that_save_commits_at_once(t *testing.T) {
	w := newWatched()
	p := start(t, session.Config{Store: w, Now: time.Now})
	v := newVisitor()
	rec := v.visit(p, func(c echo.Context) error {
		s := session.From(c)
		s.Put("a", 1)
		if err := s.Save(t.Context()); err != nil || w.count("Write") != 1 {
			t.Errorf("Save: %v, and %d writes; want one", err, w.count("Write"))
		}
		if len(c.Response().Header()["Set-Cookie"]) != 1 {
			t.Error("Save has set no cookie")
		}
		if err := s.Save(t.Context()); err != nil || w.count("Write") != 1 {
			t.Errorf("a Save of nothing: %v, and %d writes; want still one", err, w.count("Write"))
		}
		return c.NoContent(http.StatusOK)
	})
	if got := setCookies(rec); len(got) != 1 || w.count("Write") != 1 {
		t.Errorf("the response sets %v after %d writes; want one of each", got, w.count("Write"))
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	v.must(t, p, func(s *session.Session) {
		s.Put("a", 2)
		if load, save := s.Load(cancelled), s.Save(cancelled); !errors.Is(load, context.Canceled) || !errors.Is(save, context.Canceled) {
			t.Errorf("with a cancelled context Load says %v, and Save %v", load, save)
		}
	})
	v.must(t, p, func(s *session.Session) {
		if err := s.Load(t.Context()); err != nil || session.Get[int](s, "a") != 2 {
			t.Errorf("Load: %v; a = %d, want 2", err, session.Get[int](s, "a"))
		}
	})
}

// A record remembers the last commit of each of the last 16 processes.
func Test_that_a_record_does_not_grow_with_those_who_write_it(t *testing.T) {
	clock := new(clock)
	store := &watched{Store: memorystore.New(memorystore.Options{Now: clock.Now})}
	cfg := session.Config{Store: store, Now: clock.Now}
	v, size := newVisitor(), 0
	writes := func(p *process) int {
		t.Helper()
		v.must(t, p, put("user", 7))
		return len(store.calls[len(store.calls)-1].rec.Data)
	}
	p := start(t, cfg)
	one := writes(p)
	for range 5 {
		size = writes(p)
	}
	if size != one {
		t.Errorf("with the commits of one process it grew from %d to %d bytes", one, size)
	}
	for range 15 {
		size = writes(start(t, cfg))
	}
	for range 5 {
		if more := writes(start(t, cfg)); more != size {
			t.Errorf("with more than 16 processes it grew from %d to %d bytes", size, more)
		}
	}
}

func Test_that_an_error_says_what_was_too_large(t *testing.T) {
	errNoRoom := errors.New("no room for more than 1000 bytes")
	small := &watched{Store: memorystore.New(memorystore.Options{}), before: func(c call) error {
		if len(c.rec.Data) > 1000 {
			return fmt.Errorf("%w: %w", session.ErrTooLarge, errNoRoom)
		}
		return nil
	}}
	p := start(t, session.Config{Store: small})
	for _, tc := range []struct {
		desc, largest string
		change        func(*visitor) error
	}{
		{"a value", "mine (1502 bytes)", func(v *visitor) error {
			v.do(p, put("mine", strings.Repeat("m", 1500)))
			return p.failure()
		}},
		{"one that is new to a session with a new id", "mine (1502 bytes)", func(v *visitor) error {
			v.do(p, func(s *session.Session) { s.Put("mine", strings.Repeat("m", 1500)); s.Regenerate() })
			return p.failure()
		}},
		{"a message of a job", "alert (", func(v *visitor) error {
			return p.manager.Update(t.Context(), handleOf(p, v), func(s *session.Session) error {
				s.FlashInfo(strings.Repeat("m", 1500))
				return nil
			})
		}},
		{"a message under a key", `flash "plan" (`, func(v *visitor) error {
			v.do(p, func(s *session.Session) { s.Flash("plan", strings.Repeat("m", 1500)) })
			return p.failure()
		}},
		{"what is wrong with a form", "input errors (", func(v *visitor) error {
			v.do(p, func(s *session.Session) {
				s.FlashInputErrors(map[string][]string{"name": {strings.Repeat("m", 1500)}})
			})
			return p.failure()
		}},
		{"two requests together", "theirs (702 bytes)", func(v *visitor) error {
			v.do(p, func(s *session.Session) {
				s.Has("a")
				update(t, p, v, put("theirs", strings.Repeat("t", 700)))
				s.Put("mine", strings.Repeat("m", 400))
			})
			return p.failure()
		}},
	} {
		v := newVisitor()
		v.must(t, p, put("a", 1))
		err := tc.change(v)
		var tooLarge *session.TooLargeError
		if !errors.As(err, &tooLarge) || tooLarge.Size <= 1000 || !strings.HasPrefix(tooLarge.Largest[0], tc.largest) {
			t.Errorf("%s: %v; want what takes more than 1000 bytes, with %s first", tc.desc, err, tc.largest)
		} else if errors.As(tooLarge.Err, &tooLarge) {
			t.Errorf("%s: it is said twice, in %v", tc.desc, err)
		}
		if !errors.Is(err, session.ErrTooLarge) || errors.Is(err, session.ErrUnavailable) || !errors.Is(err, errNoRoom) || !strings.Contains(err.Error(), " bytes; largest: "+tc.largest) {
			t.Errorf("%s: %v; want the store's own error in it, and no limit that it has not told", tc.desc, err)
		}
	}
}

// As with a store of very little room, and a session that holds only a CSRF token.
func Test_that_an_error_about_size_names_keys_only_if_the_application_has_any(t *testing.T) {
	for want, err := range map[string]*session.TooLargeError{
		"session: too large, 9 bytes of 8; largest: a (5 bytes), b (1 bytes). Store less, or use a store on the server": {Size: 9, Limit: 8, Largest: []string{"a (5 bytes)", "b (1 bytes)"}},
		"session: too large, 9 bytes of 8. Store less, or use a store on the server":                                    {Size: 9, Limit: 8},
		"session: too large, 9 bytes. Store less, or use a store on the server":                                         {Size: 9},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

// A request that goes on after the error may save what it changes afterwards, but not what it was
// told is lost.
func Test_that_what_a_failed_save_dropped_is_not_saved_by_a_later_one(t *testing.T) {
	store := newWatched()
	p := start(t, session.Config{Store: store})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	v.visit(p, func(c echo.Context) error {
		s := session.From(c)
		s.Put("before", 1)
		c.Response().Flush()
		s.Put("dropped", 1)
		store.before = failing(errStoreDown)
		if err := s.Save(c.Request().Context()); !errors.Is(err, errStoreDown) {
			t.Errorf("saving: %v", err)
		}
		store.before = nil
		s.Put("after", 1)
		return nil
	})
	v.must(t, p, func(s *session.Session) {
		if !s.Has("before") || s.Has("dropped") || !s.Has("after") {
			t.Errorf("the session has %v; want all but what was dropped", s.All())
		}
	})
}
