package session_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// A model of what sessions promise, and random requests that must agree with it. Several requests
// are open at once, and chance decides which of them takes its next step.

// model is every session there ever was.
type model map[string]*modelSession // by id

type modelSession struct {
	values map[string]int
	alerts []string
	fate   fate
}

type fate int

const (
	lives fate = iota
	loggedOut
	moved
)

func (m *modelSession) clone() *modelSession {
	return &modelSession{maps.Clone(m.values), slices.Clone(m.alerts), m.fate}
}

// modelRequest is an open request: what it has seen and what it will change.
type modelRequest struct {
	*openRequest

	id     string // of its session; "" = none
	view   *modelSession
	came   []string // the alerts that it came with
	ops    []func(*modelSession)
	alerts []string
	renews bool
	ends   string // id of the session it logs out from

	straggles bool // its id was given up a moment ago
	refused   bool // it wants to log out nevertheless
}

func (r *modelRequest) change(op func(*modelSession)) {
	op(r.view)
	r.ops = append(r.ops, op)
}

// commit is what closing r must do: the expected status, and the session that begins, if any. The
// caller must fill in its id.
func (m model) commit(r *modelRequest) (status int, begins *modelSession) {
	if r.ends != "" {
		old := m[r.ends]
		if old.fate == moved {
			return http.StatusServiceUnavailable, nil
		}
		old.fate = loggedOut
	}
	if r.id == "" {
		fresh := &modelSession{values: map[string]int{}}
		for _, op := range r.ops {
			op(fresh)
		}
		fresh.alerts = append(fresh.alerts, r.alerts...)
		if len(fresh.values)+len(fresh.alerts) > 0 {
			begins = fresh
		}
		if r.refused || r.straggles && begins != nil && !r.renews {
			return http.StatusServiceUnavailable, nil
		}
		return http.StatusOK, begins
	}
	if len(r.ops)+len(r.alerts) == 0 && !r.renews {
		return http.StatusOK, nil
	}
	current := m[r.id]
	switch current.fate {
	case moved:
		return http.StatusServiceUnavailable, nil
	case loggedOut:
		return http.StatusOK, nil
	}
	for _, op := range r.ops {
		op(current)
	}
	current.alerts = append(current.alerts, r.alerts...)
	if r.renews {
		begins = current.clone()
		current.fate = moved
	}
	return http.StatusOK, begins
}

func Test_that_random_requests_agree_with_the_model(t *testing.T) {
	for range 300 {
		seed := rand.Uint64()
		if !agrees(t, seed) {
			t.Fatalf("seed %d", seed)
		}
	}
}

func agrees(t *testing.T, seed uint64) bool {
	var (
		random = rand.New(rand.NewPCG(seed, 0))
		store  = memorystore.New(memorystore.Options{})
		p      = start(t, session.Config{Store: store})
		m      = model{}
		ids    = []string{""}
		open   []*modelRequest
		failed = t.Failed()
	)
	for step := range 60 {
		switch n := random.IntN(10); {
		case len(open) == 0 || n < 2 && len(open) < 4:
			open = append(open, m.open(p, ids[random.IntN(len(ids))]))
		case n < 8:
			open[random.IntN(len(open))].randomStep(random, step)
		default:
			i := random.IntN(len(open))
			if id := m.close(t, open[i]); id != "" {
				ids = append(ids, id)
			}
			open = slices.Delete(open, i, i+1)
			m.check(t, p, store)
		}
	}
	for _, r := range open {
		m.close(t, r)
		m.check(t, p, store)
	}
	return t.Failed() == failed
}

func (m model) open(p *process, id string) *modelRequest {
	v := newVisitor()
	if id != "" {
		v.cookies[cookieName] = id
	}
	r := &modelRequest{view: &modelSession{values: map[string]int{}}}
	r.openRequest = v.open(p, func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	if known := m[id]; known != nil && known.fate == lives {
		r.id, r.view, r.came = id, known.clone(), slices.Clone(known.alerts)
	} else if known != nil {
		r.straggles = known.fate == moved
	}
	r.do(read) // loads
	return r
}

func (r *modelRequest) randomStep(random *rand.Rand, step int) {
	key := string(rune('a' + random.IntN(3)))
	switch random.IntN(10) {
	case 0, 1:
		r.do(put(key, step))
		r.change(func(m *modelSession) { m.values[key] = step })
	case 2, 3:
		r.do(func(s *session.Session) { s.Increment(key, 1000) })
		r.change(func(m *modelSession) { m.values[key] += 1000 })
	case 4, 5:
		r.do(func(s *session.Session) { session.Update(s, key, func(n int) int { return 2*n + 1 }) })
		r.change(func(m *modelSession) { m.values[key] = 2*m.values[key] + 1 })
	case 6:
		r.do(forget(key))
		if _, seen := r.view.values[key]; seen { // what the handler has not seen it cannot mean
			r.change(func(m *modelSession) { delete(m.values, key) })
		}
	case 7:
		text := fmt.Sprint("step ", step)
		r.do(func(s *session.Session) { s.FlashInfo(text) })
		r.alerts = append(r.alerts, text)
	case 8:
		r.do((*session.Session).Regenerate)
		r.renews = true
	default:
		if random.IntN(2) == 0 {
			r.do((*session.Session).Clear)
			came := r.came
			r.change(func(m *modelSession) {
				clear(m.values)
				m.alerts = slices.DeleteFunc(m.alerts, func(text string) bool { return slices.Contains(came, text) })
			})
			return
		}
		r.do((*session.Session).Destroy)
		r.refused = r.refused || r.straggles
		if r.id != "" {
			r.ends = r.id
		}
		r.id, r.view, r.came, r.ops, r.renews = "", &modelSession{values: map[string]int{}}, nil, nil, false
	}
}

// close ends r, and compares the result with the model. It returns the id that was given out, if
// any.
func (m model) close(t *testing.T, r *modelRequest) (id string) {
	close(r.steps)
	<-r.did
	status, begins := m.commit(r)
	if r.answer.Code != status {
		t.Errorf("status %d; want %d", r.answer.Code, status)
	}
	for _, c := range r.answer.Result().Cookies() {
		if c.MaxAge >= 0 {
			id = c.Value
		}
	}
	if (begins != nil) != (id != "") {
		t.Errorf("a session begins: %t; the answer sets the cookie %q", begins != nil, id)
	}
	if begins != nil {
		m[id] = begins
	}
	return id
}

// check looks at every session there ever was.
func (m model) check(t *testing.T, p *process, store *memorystore.Store) {
	live := 0
	for id, want := range m {
		v := newVisitor()
		v.cookies[cookieName] = id
		v.visit(p, func(c echo.Context) error {
			s := session.From(c)
			if want.fate != lives {
				if !s.IsNew() || len(s.All()) != 0 {
					t.Errorf("a dead session has %v", s.All())
				}
				return nil
			}
			live++
			if got, want := fmt.Sprint(s.All(), texts(s)), fmt.Sprint(want.values, strings.Join(want.alerts, " ")); got != want {
				t.Errorf("a session has %s; want %s", got, want)
			}
			return c.NoContent(http.StatusInternalServerError) // so that no message counts as shown
		})
	}
	if n := store.Len(); n != live {
		t.Errorf("%d records for %d sessions", n, live)
	}
}
