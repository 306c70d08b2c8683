package e2e

import (
	"context"
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
)

// storm makes workers send requests of one browser, spread over apps, until this many requests of
// each worker have been acknowledged; on a busy machine some are a 503. Each request increments a
// counter and appends its number to one of several lists, and no request commits before each worker
// has loaded the session once. The result is the status for each number, 0 if there was no such
// request.
func storm(apps []*app, b browser, workers, requests int) []int {
	var loaded sync.WaitGroup
	loaded.Add(workers)
	most := 2 * requests
	status := make([]int, workers*most)
	together(workers, func(w int) {
		acknowledged := 0
		for n := 0; acknowledged < requests && n < most; n++ {
			number := w*most + n
			status[number] = apps[w%len(apps)].post(b, func(s *session.Session) {
				s.Increment("n")
				session.Update(s, fmt.Sprint("list", w%lists), func(l []int) []int { return append(l, number) })
				if n == 0 {
					loaded.Done()
					loaded.Wait()
				}
			}).status
			if status[number] == http.StatusOK {
				acknowledged++
			}
		}
	})
	return status
}

const lists = 32 // with a single list, the tests would spend their time in JSON

// tally is what has become of the requests of a storm.
type tally struct {
	acknowledged, unknown int // with a 200, or with another answer
	increments            int // the value of the counter
	appended              int // how many different numbers the lists have
	applied               int // how many unknown ones are in the lists
	lost                  int // acknowledged, but not in the lists
	doubled               int // in the lists more than once
}

func (c tally) String() string {
	return fmt.Sprintf("%d acknowledged, %d unknown (%d of them applied), %d increments, %d lost, %d doubled",
		c.acknowledged, c.unknown, c.applied, c.increments, c.lost, c.doubled)
}

// exact says whether each acknowledged request is there once, and none is there twice.
func (c tally) exact() bool {
	return c.lost == 0 && c.doubled == 0 && c.increments == c.appended && c.appended == c.acknowledged+c.applied
}

// tallyOf compares the result of a storm with the status of each of its requests.
func tallyOf(a *app, b browser, status []int) (c tally) {
	a.t.Helper()
	times := make([]int, len(status))
	a.must(b, func(s *session.Session) {
		c.increments = session.Get[int](s, "n")
		for i := range lists {
			for _, number := range session.Get[[]int](s, fmt.Sprint("list", i)) {
				times[number]++
			}
		}
	})
	for number, n := range times {
		if n > 1 {
			c.doubled++
		}
		c.appended += min(n, 1)
		switch {
		case status[number] == http.StatusOK:
			c.acknowledged++
			c.lost += 1 - min(n, 1)
		case status[number] != 0:
			c.unknown++
			c.applied += min(n, 1)
		}
	}
	return c
}

func Test_that_64_workers_lose_nothing_in_one_session(t *testing.T) {
	const workers = 64
	for _, processes := range []int{1, 4} {
		t.Run(fmt.Sprint(processes, " processes"), func(t *testing.T) {
			forEachStore(t, func(t *testing.T, s testStore) {
				requests := 50
				if s.name == "dynamodb" && processes > 1 {
					requests = 10 // conflicts, with pauses in between; 50 take more than half a minute
				}
				s, roundTrips := countingRoundTrips(t, s)
				apps := newApps(t, s, processes)
				b := newBrowser()
				apps[0].must(b, func(s *session.Session) { s.Put("n", 0) })
				before := roundTrips()

				status := storm(apps, b, workers, requests)

				asked := roundTrips() - before
				got := tallyOf(apps[0], b, status)
				perRequest := float64(asked) / float64(got.acknowledged+got.unknown)
				t.Logf("%s; %.2f round trips per request", got, perRequest)
				if !got.exact() || got.acknowledged != workers*requests {
					t.Errorf("%s; want %d acknowledged, none lost and none doubled", got, workers*requests)
				}
				if processes == 1 && perRequest > 2.3 {
					t.Errorf("%.2f round trips per request; want 2.3 at most", perRequest)
				}
			})
		})
	}
}

// countingRoundTrips is a storage like s, and the number of round trips to it: as counted by the
// server or the transport if there is one, otherwise the number of calls.
func countingRoundTrips(t *testing.T, s testStore) (testStore, func() int64) {
	t.Helper()
	switch s.name {
	case "redis":
		return s, func() int64 { return scriptCalls(t) }
	case "dynamodb":
		r, l := newRemote(t, s.name), newLine(0, 0)
		r.open = func() session.Tagger { return r.over(l) }
		return r.testStore, l.requests.Load
	}
	var calls atomic.Int64
	counted := s.with(func(s session.Tagger) session.Tagger {
		return watch(s, func(string, string) { calls.Add(1) })
	})
	return counted, calls.Load
}

// scriptCalls is how many scripts Redis says it was told to run. (It also counts the commands of
// scripts, but these are no round trips.)
func scriptCalls(t *testing.T) (calls int64) {
	t.Helper()
	server, err := redisServer()
	ok(t, err)
	stats, err := server.Do("info", "commandstats")
	ok(t, err)
	for line := range strings.Lines(stats) {
		var n int64
		name, numbers, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "cmdstat_eval" || name == "cmdstat_evalsha" {
			_, err := fmt.Sscanf(numbers, "calls=%d,", &n)
			ok(t, err)
			calls += n
		}
	}
	return calls
}

// watched is a store that reports its calls to called, by method and key. A tag counts as a key.
type watched struct {
	session.Tagger
	called func(method, key string)
}

func watch(s session.Tagger, called func(method, key string)) session.Tagger {
	return around(s, watched{s, called})
}

func (w watched) Read(ctx context.Context, key string) (session.Record, error) {
	w.called("Read", key)
	return w.Tagger.Read(ctx, key)
}

func (w watched) Write(ctx context.Context, key string, rec session.Record) error {
	w.called("Write", key)
	return w.Tagger.Write(ctx, key, rec)
}

func (w watched) Destroy(ctx context.Context, key string, version uint64) error {
	w.called("Destroy", key)
	return w.Tagger.Destroy(ctx, key, version)
}

func (w watched) Touch(ctx context.Context, key string, expires time.Time) error {
	w.called("Touch", key)
	return w.Tagger.Touch(ctx, key, expires)
}

func (w watched) renew(ctx context.Context, store session.Renewer, key string, due, until time.Time) (session.Record, error) {
	w.called("Renew", key)
	return store.Renew(ctx, key, due, until)
}

func (w watched) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	w.called("Tag", tag)
	return w.Tagger.Tag(ctx, tag, key, expires)
}

func (w watched) Untag(ctx context.Context, tag string, keys ...string) error {
	w.called("Untag", tag)
	return w.Tagger.Untag(ctx, tag, keys...)
}

func (w watched) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	w.called("Tagged", tag)
	return w.Tagger.Tagged(ctx, tag)
}

func (w watched) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	w.called("Revoke", tag)
	return w.Tagger.Revoke(ctx, tag, except...)
}

// with is the same storage, where the store of every process is wrapped by wrap.
func (s testStore) with(wrap func(session.Tagger) session.Tagger) testStore {
	open := s.open
	s.open = func() session.Tagger { return wrap(open()) }
	return s
}

// likeMany is a store in which a write replaces any version, and brings back what is gone.
func likeMany(s session.Tagger) session.Tagger { return upsert{lastWriteWins{s}} }

func Test_that_the_storm_would_notice_a_store_where_the_last_write_wins(t *testing.T) {
	s := newTestStore(t, "memory").with(likeMany)
	apps := newApps(t, s, 4)
	b := newBrowser()
	apps[0].must(b, func(s *session.Session) { s.Put("n", 0) })
	got := tallyOf(apps[0], b, storm(apps, b, 64, 5))
	t.Log(got)
	if got.exact() || got.lost == 0 {
		t.Errorf("%s; want some lost", got)
	}
}

// logOuts are the outcomes of races between a log-out and other requests of the visitor.
type logOuts struct {
	done, refused int // 200, or 503 because the session had got a new id
	touches       int64

	// What must not happen.
	revenants int // ids that open a session after the log-out was done
	cookies   int // cookies that answers have set for a dead session
	twins     int // sessions that live on under ids other than the new one, or under none
	orphans   int // records whose id nobody has
	lost      int // acknowledged increments of sessions that live on
}

func (o logOuts) String() string {
	return fmt.Sprintf("%d log-outs, %d refused, %d touches; %d back from the dead, %d cookies for the dead, %d twins, %d orphans, %d increments lost",
		o.done, o.refused, o.touches, o.revenants, o.cookies, o.twins, o.orphans, o.lost)
}

// raceLogOuts makes a log-out, four commits, a read that is due to touch the store, and a
// regenerate race, in as many sessions as there are trials. All seven have loaded the session
// before any of them goes on. In every other trial some of them are in another process.
func raceLogOuts(t *testing.T, s testStore, trials int) (o logOuts) {
	t.Helper()
	var touches atomic.Int64
	apps := newApps(t, s.with(func(s session.Tagger) session.Tagger {
		return watch(s, func(method, _ string) {
			if method == "Touch" || method == "Renew" {
				touches.Add(1)
			}
		})
	}), 2)
	browsers := make([]browser, trials)
	for trial := range browsers {
		browsers[trial] = newBrowser()
		apps[0].must(browsers[trial], func(s *session.Session) { s.Put("n", 0); s.Tag(fmt.Sprint("user", trial)) })
	}
	s.Advance(session.DefaultIdleTimeout / 8) // touches are due after a tenth
	for trial, b := range browsers {
		o.judge(apps[0], fmt.Sprint("user", trial), b.id(), raceLogOut(apps[0], apps[trial%2], b))
	}
	o.touches = touches.Load()
	return o
}

// race is the answers of one race.
type race struct {
	logOut, regenerate, read answer
	commits                  [4]answer
}

func raceLogOut(here, there *app, b browser) (r race) {
	increment := func(s *session.Session) { s.Increment("n") }
	requests := []struct {
		app  *app
		work func(*session.Session)
		got  *answer
	}{
		{there, increment, &r.commits[0]},
		{there, increment, &r.commits[1]},
		{here, (*session.Session).Destroy, &r.logOut},
		{there, (*session.Session).Regenerate, &r.regenerate},
		{here, increment, &r.commits[2]},
		{here, increment, &r.commits[3]},
		{there, func(*session.Session) {}, &r.read},
	}
	var loaded sync.WaitGroup
	loaded.Add(len(requests))
	together(len(requests), func(i int) {
		*requests[i].got = requests[i].app.post(b, func(s *session.Session) {
			s.Has("n")
			loaded.Done()
			loaded.Wait()
			requests[i].work(s)
		})
	})
	return r
}

// judge looks at what a race has left of the user's session, which had that id before.
func (o *logOuts) judge(a *app, user, id string, r race) {
	a.t.Helper()
	n, alive := a.opens(id)
	opens := map[string]int{}
	if alive {
		opens[id] = n
	}
	for _, got := range append(r.commits[:], r.logOut, r.regenerate, r.read) {
		if got.id == "" {
			continue
		}
		if n, alive := a.opens(got.id); alive {
			opens[got.id] = n
		} else {
			o.cookies++
		}
	}
	listed, err := a.manager.Tagged(a.t.Context(), user)
	ok(a.t, err)
	o.orphans += max(0, len(listed)-len(opens))
	if r.logOut.status == http.StatusOK {
		o.done++
		o.revenants += len(opens)
		return
	}
	o.refused++
	n, moved := opens[r.regenerate.id]
	if !moved || len(opens) != 1 || r.logOut.status != http.StatusServiceUnavailable {
		o.twins++
	}
	for _, got := range r.commits {
		if got.status == http.StatusOK {
			n--
		}
	}
	o.lost += max(0, -n)
}

func Test_that_a_destroyed_session_stays_destroyed(t *testing.T) {
	forEachStore(t, func(t *testing.T, s testStore) {
		trials := 1000
		switch s.name {
		case "file":
			trials = 500 // 20 ms for each, most of it in the file system
		case "dynamodb":
			trials = 200 // some 25 requests for each, and DynamoDB Local answers 700 in a second
		}
		got := raceLogOuts(t, s, trials)
		t.Log(got)
		if got.revenants+got.cookies+got.twins+got.orphans+got.lost != 0 {
			t.Errorf("%s; want none of the last five", got)
		}
		if got.done == 0 || got.touches == 0 {
			t.Errorf("%s; this test sees nothing", got)
		}
	})
}

func Test_that_the_races_would_notice_a_store_where_the_last_write_wins(t *testing.T) {
	got := raceLogOuts(t, newTestStore(t, "memory").with(likeMany), 50)
	t.Log(got)
	if got.revenants == 0 {
		t.Errorf("%s; want some back from the dead", got)
	}
}

func Test_that_a_regenerate_under_fire_loses_nothing(t *testing.T) {
	const workers = 8
	forEachStore(t, func(t *testing.T, s testStore) {
		regenerations := 100
		if s.name == "dynamodb" {
			regenerations = 30 // each waits for three increments, and a request takes 10 ms
		}
		apps := newApps(t, s, 2)
		a, b := apps[0], newBrowser()
		a.must(b, func(s *session.Session) { s.Put("n", 0) })

		var acknowledged, refused atomic.Int64
		more := make(chan struct{})
		var firing sync.WaitGroup
		defer firing.Wait()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		for w := range workers {
			firing.Go(func() {
				for ctx.Err() == nil {
					if apps[w%2].serve(b, http.MethodPost, incrementUnlessNew).status != http.StatusOK {
						refused.Add(1)
						continue
					}
					acknowledged.Add(1)
					select {
					case more <- struct{}{}:
					case <-ctx.Done():
					}
				}
			})
		}
		for range regenerations {
			old := b.id()
			if a.must(b, (*session.Session).Regenerate).status != http.StatusOK {
				return
			}
			if _, found := a.opens(old); found || b.id() == old {
				t.Error("the old id leads to a session")
			}
			for range workers + 3 { // the others have been waiting to be counted
				<-more
			}
		}
		stop()
		firing.Wait()
		t.Logf("%d increments acknowledged, %d refused", acknowledged.Load(), refused.Load())
		if n, found := a.opens(b.id()); !found || n != int(acknowledged.Load()) {
			t.Errorf("%d increments after %d that were acknowledged", n, acknowledged.Load())
		}
	})
}

// incrementUnlessNew is a handler that refuses to begin a session: the cookie was replaced while
// this request was on its way.
func incrementUnlessNew(c echo.Context) error {
	s := session.From(c)
	if s.IsNew() {
		return echo.ErrConflict
	}
	s.Increment("n")
	return c.NoContent(http.StatusOK)
}

// logins are the outcomes of logins that race a log-out everywhere.
type logins struct{ refused, ended, found, unreachable int }

func (l logins) String() string {
	return fmt.Sprintf("%d refused, %d ended, %d found; %d alive and unreachable", l.refused, l.ended, l.found, l.unreachable)
}

// raceManyLogins makes four logins of each of this many users race a log-out everywhere.
func raceManyLogins(t *testing.T, s testStore, users int) (l logins) {
	t.Helper()
	apps := newApps(t, s, 2)
	for i := range users {
		user := fmt.Sprint("user", i)
		browsers, answers, logOut := raceLogins(apps, user, 4)
		if logOut.status != http.StatusOK {
			t.Errorf("the log-out everywhere is status %d: %s", logOut.status, logOut.body)
		}
		listed, err := apps[0].manager.Tagged(t.Context(), user)
		ok(t, err)
		for i, b := range browsers {
			handle := handleOf(apps[0], b)
			switch {
			case handle == "" && answers[i].status == http.StatusServiceUnavailable:
				l.refused++
			case handle == "":
				l.ended++
			case slices.ContainsFunc(listed, func(i session.Info) bool { return i.Handle == handle }):
				l.found++
			default:
				l.unreachable++
			}
		}
	}
	return l
}

func Test_that_racing_logins_are_refused_or_found(t *testing.T) {
	forEachStore(t, func(t *testing.T, s testStore) {
		users := 2000
		switch s.name {
		case "file":
			users = 300 // 40 ms for each
		case "dynamodb":
			users = 100 // some 50 requests for each
		}
		got := raceManyLogins(t, s, users)
		t.Logf("of %d logins: %s", 4*users, got)
		if got.unreachable > 0 {
			t.Errorf("%s; want none of the last", got)
		}
		if got.refused+got.ended == 0 || got.found == 0 {
			t.Errorf("%s; nothing has raced, so this test sees nothing", got)
		}
	})
}

func Test_that_the_logins_would_notice_an_index_that_removes_too_much(t *testing.T) {
	for races := 100; races <= 4000; races += 100 {
		s := newTestStore(t, "redis").with(func(s session.Tagger) session.Tagger { return untagsAll{s} })
		if got := raceManyLogins(t, s, 100); got.unreachable > 0 {
			t.Logf("after %d races at most: %s", races, got)
			return
		}
	}
	t.Error("4000 races with such an index have left no session alive and unreachable")
}

// raceLogins makes visitors log in as user in one process or another, while one of the processes
// ends all sessions of the user.
func raceLogins(apps []*app, user string, logins int) (browsers []browser, answers []answer, logOut answer) {
	browsers, answers = make([]browser, logins), make([]answer, logins)
	var arrived sync.WaitGroup
	arrived.Add(logins + 1)
	together(logins+1, func(i int) {
		a := apps[i%len(apps)]
		if i == logins {
			logOut = a.serve(newBrowser(), http.MethodPost, func(c echo.Context) error {
				arrived.Done()
				arrived.Wait()
				if err := a.manager.DestroyTagged(c.Request().Context(), user); err != nil {
					return c.String(http.StatusServiceUnavailable, err.Error())
				}
				return c.NoContent(http.StatusOK)
			})
			return
		}
		browsers[i] = newBrowser()
		answers[i] = a.post(browsers[i], func(s *session.Session) {
			arrived.Done()
			arrived.Wait()
			loginOf(user)(s)
		})
	})
	return browsers, answers, logOut
}

func loginOf(user string) func(*session.Session) {
	return func(s *session.Session) {
		s.Regenerate()
		s.Tag(user)
		s.Put("n", 0)
	}
}

// handleOf is the handle of a visitor's session, or "" if there is none.
func handleOf(a *app, b browser) (handle string) {
	a.t.Helper()
	a.must(b, func(s *session.Session) { handle = s.Handle() })
	return handle
}
