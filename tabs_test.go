package session_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// Random requests of one visitor to two processes. Several are open at a time, some have already
// saved a part of their changes, jobs change the session as well, and several answers are sent at
// once.
func Test_that_what_is_acknowledged_has_happened_once(t *testing.T) {
	for seed := range uint64(60) {
		for _, fails := range []bool{false, true} {
			for _, moves := range []bool{false, true} {
				name := fmt.Sprintf("seed %d, the store fails: %t, the session gets new ids: %t", seed, fails, moves)
				t.Run(name, func(t *testing.T) { openTabs(t, seed, fails, moves) })
			}
		}
	}
}

func openTabs(t *testing.T, seed uint64, fails, moves bool) {
	chance := rand.New(rand.NewPCG(seed, 1))
	store := &unreliable{Tagger: memorystore.New(memorystore.Options{}), chance: rand.New(rand.NewPCG(seed, 2))}
	cfg := session.Config{Store: store, Now: new(clock).Now}
	processes := []*process{start(t, cfg), start(t, cfg)}
	v, l := newVisitor(), ledger{certain: map[string]bool{}, possible: map[string]bool{}, seen: map[string]int{}}
	v.must(t, processes[0], put("begun", true))

	store.fails = fails
	var tabs []*tab
	for n := range 60 {
		if len(tabs) < 2 || len(tabs) < 6 && chance.IntN(3) == 0 {
			tabs = append(tabs, openTab(processes[chance.IntN(2)], v, chance.IntN(4) > 0))
		}
		o, value, alert := tabs[chance.IntN(len(tabs))], fmt.Sprint("value", n), fmt.Sprint("alert", n)
		switch what := chance.IntN(10); {
		case what < 3:
			o.change(value, func(s *session.Session) {
				session.Update(s, "values", func(all []string) []string { return append(all, value) })
			})
		case what < 5:
			o.change(alert, func(s *session.Session) { s.FlashInfo(alert) })
		case what < 6:
			err := processes[0].manager.Update(t.Context(), handleOf(processes[0], v), func(s *session.Session) error {
				s.FlashInfo(alert)
				return nil
			})
			l.note([]string{alert}, err == nil)
		case what < 7:
			l.note(o.save(t))
		case what < 8 && moves:
			o.do(func(s *session.Session) {
				if !s.IsNew() { // otherwise it would be a login
					s.Regenerate()
				}
			})
		default:
			chance.Shuffle(len(tabs), func(i, j int) { tabs[i], tabs[j] = tabs[j], tabs[i] })
			some := chance.IntN(len(tabs) + 1)
			l.close(t, tabs[:some], fails || moves)
			tabs = tabs[some:]
		}
	}
	l.close(t, tabs, fails || moves)

	store.fails = false
	for range 2 {
		l.close(t, []*tab{openTab(processes[0], v, true)}, false)
	}
	v.must(t, processes[0], func(s *session.Session) {
		for _, value := range session.Get[[]string](s, "values") {
			l.seen[value]++
		}
	})
	l.check(t, fails)
}

// tab is an open request, and what it has not saved yet.
type tab struct {
	*openRequest
	*process
	unsaved []string
}

func openTab(p *process, v *visitor, loads bool) *tab {
	o := &tab{openRequest: v.open(p, func(c echo.Context) error {
		return session.Render(c, http.StatusOK, alertsComponent)
	}), process: p}
	if loads {
		o.do(read)
	}
	return o
}

func (o *tab) change(name string, step func(*session.Session)) {
	o.do(step)
	o.unsaved = append(o.unsaved, name)
}

func (o *tab) save(t *testing.T) (names []string, saved bool) {
	names, o.unsaved = o.unsaved, nil
	o.do(func(s *session.Session) { saved = s.Save(t.Context()) == nil })
	return names, saved
}

// ledger is what was acknowledged, what may have happened in addition, and what has been seen.
type ledger struct {
	certain, possible map[string]bool
	seen              map[string]int
}

func (l ledger) note(names []string, acknowledged bool) {
	for _, name := range names {
		l.certain[name], l.possible[name] = acknowledged, true
	}
}

// close makes tabs answer at the same time.
func (l ledger) close(t *testing.T, tabs []*tab, mayFail bool) {
	for _, o := range tabs {
		close(o.steps)
	}
	for _, o := range tabs {
		<-o.did
		ok := o.answer.Code == http.StatusOK
		if !ok && (o.answer.Code != http.StatusServiceUnavailable || !mayFail) {
			t.Errorf("status %d, %v", o.answer.Code, o.failure())
		}
		l.note(o.unsaved, ok)
		if ok {
			for _, alert := range strings.Fields(o.answer.Body.String()) {
				l.seen[alert]++
			}
		}
	}
}

func (l ledger) check(t *testing.T, fails bool) {
	for name, n := range l.seen {
		if n > 1 || !l.possible[name] || !l.certain[name] && !fails {
			t.Errorf("%s is there %d times; acknowledged: %t", name, n, l.certain[name])
		}
	}
	for name, acknowledged := range l.certain {
		isAlert := strings.HasPrefix(name, "alert") // a page that fails may have consumed it
		if acknowledged && l.seen[name] == 0 && !(isAlert && fails) {
			t.Errorf("%s is lost", name)
		}
	}
}

// unreliable is a store that refuses some writes, reports others as refused although it has made
// them, and makes others twice, like a driver that has lost the answer.
type unreliable struct {
	session.Tagger
	fails  bool
	mu     sync.Mutex
	chance *rand.Rand
}

func (u *unreliable) Write(ctx context.Context, key string, rec session.Record) error {
	runtime.Gosched()
	switch u.fault() {
	case 0:
		return session.ErrUnavailable
	case 1:
		_ = u.Tagger.Write(ctx, key, rec)
		return session.ErrUnavailable
	case 2:
		_ = u.Tagger.Write(ctx, key, rec)
	}
	return u.Tagger.Write(ctx, key, rec)
}

func (u *unreliable) fault() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.fails {
		return -1
	}
	return u.chance.IntN(16)
}
