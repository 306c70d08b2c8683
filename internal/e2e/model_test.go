package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"pgregory.net/rapid"

	"github.com/echo-hypermedia/session"
)

// Random requests of many visitors to several processes, several of them open at the same time,
// against a model of what sessions promise. The requests stop between any two steps of their
// handlers and before each call of the store, and chance decides which one goes on. So every order
// of events is a case that can be repeated, and shrunk to a small one:
//
//	go test -run Test_that_every_store -rapid.checks 1000 -rapid.seed 7
//
// Without a seed the cases are the same each time, so that a change is not blamed for what another
// one did. To look for more, try other seeds.

const (
	idle     = time.Hour
	flashTTL = 10 * time.Minute
)

func Test_that_every_store_agrees_with_the_model(t *testing.T) {
	forEachStore(t, func(t *testing.T, s testStore) {
		sameCases(t)
		scaleChecks(t, map[string]float64{"memory": 3, "file": 1, "redis": 1, "dynamodb": 0.1}[s.name])
		rapid.Check(t, func(t *rapid.T) { agrees(t, newTestStore(t, s.name)) })
	})
}

// sameCases sets the seed, unless the command line does.
func sameCases(t *testing.T) {
	t.Helper()
	seed := flag.Lookup("rapid.seed").Value
	if before := seed.String(); before == "0" {
		ok(t, seed.Set("1"))
		t.Cleanup(func() { ok(t, seed.Set(before)) })
	}
}

// scaleChecks adapts the number of cases to the speed of a store. -rapid.checks changes it for all
// stores.
func scaleChecks(t *testing.T, by float64) {
	t.Helper()
	checks := flag.Lookup("rapid.checks").Value
	before := checks.String()
	n, err := strconv.Atoi(before)
	ok(t, err)
	ok(t, checks.Set(strconv.Itoa(max(1, int(by*float64(n))))))
	t.Cleanup(func() { ok(t, checks.Set(before)) })
}

// agrees fails t if what happens on s differs from the model.
func agrees(t *rapid.T, s testStore) {
	m := newMachine(t, s)
	t.Cleanup(m.close)
	m.arrive(m.visitors[0], true)
	m.arrive(m.visitors[1], false)
	t.Repeat(map[string]func(*rapid.T){
		"request":         m.begin,
		"work":            m.work,
		"work more":       m.work,
		"work still more": m.work,
		"answer":          m.answer,
		"step":            m.step,
		"step again":      m.step,
		"event":           m.event,
		"":                m.check,
	})
	m.settle(t)
	m.check(t)
}

// machine is the processes on one storage, and the model of its content.
type machine struct {
	testStore
	cfg       session.Config
	observer  *process // never commits
	processes []*process
	visitors  []*visitor
	open      []*request

	sessions  []*modelSession
	revisions int // of what the model knows
	checked   int // the last revision that was compared
	texts     int
	wrong     error // the first mistake
}

// visitor is a browser.
type visitor struct{ cookie string }

var users = []string{"ada", "bob"}

func newMachine(t *rapid.T, s testStore) *machine {
	m := &machine{testStore: s, visitors: []*visitor{{}, {}}, revisions: 1}
	m.cfg = session.Config{
		IdleTimeout:     idle,
		AbsoluteTimeout: rapid.SampledFrom([]time.Duration{4 * time.Hour, -1}).Draw(t, "absolute timeout"),
		FlashTTL:        flashTTL,
		Now:             m.Now,
	}
	m.observer = m.process(t, struct{ session.Tagger }{s.open()}) // no Renewer, so it does not renew what it reads
	for range 2 {
		m.processes = append(m.processes, m.process(t, m.gated(s.open())))
	}
	return m
}

func (m *machine) process(t tb, store session.Store) *process {
	cfg := m.cfg
	cfg.Store = store
	return newProcess(t, cfg)
}

func (m *machine) failf(format string, args ...any) {
	if m.wrong == nil {
		m.wrong = fmt.Errorf(format, args...)
	}
}

func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// handle names a session for the Manager.
func (m *machine) handle(s *modelSession) string {
	raw, _ := hex.DecodeString(s.key)
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
}

func (m *machine) find(key string) *modelSession {
	for _, s := range m.sessions {
		if s.key == key {
			return s
		}
	}
	return nil
}

func pick[T any](t *rapid.T, from []T, label string) T {
	if len(from) == 0 {
		t.Skip("there is none")
	}
	return from[rapid.IntRange(0, len(from)-1).Draw(t, label)]
}

// working are the open requests whose handlers have not returned.
func (m *machine) working() (working []*request) {
	for _, r := range m.open {
		if !r.gated {
			working = append(working, r)
		}
	}
	return working
}

// Actions.

// event is something that happens less often.
func (m *machine) event(t *rapid.T) {
	rapid.SampledFrom([]func(*rapid.T){
		m.logOutUser, m.wait, m.destroy, m.logOutUser, m.wait, m.crash,
	}).Draw(t, "event")(t)
}

// arrive begins a session, since cases are more interesting if there are some at the start.
func (m *machine) arrive(v *visitor, logsIn bool) {
	r := &request{activity: newActivity(m.processes[0]), visitor: v}
	m.admit(r, nil)
	r.do(func(s *session.Session) { s.Put("a", 1) })
	r.change(func(c *content) { c.values["a"] = 1 })
	if logsIn {
		r.do(func(s *session.Session) { s.Tag(users[0]) })
		r.change(func(c *content) { c.users[users[0]] = true })
	}
	m.finish(r, aRedirect)
	m.runOut(r.activity)
}

// begin opens a request of a visitor, or of a thief with old cookies.
func (m *machine) begin(t *rapid.T) {
	if len(m.open) == 4 {
		t.Skip("there are enough")
	}
	r := &request{activity: newActivity(pick(t, m.processes, "process"))}
	var cookies []string
	var old []string
	for _, s := range m.sessions {
		if s.id != "" {
			old = append(old, s.id)
		}
	}
	if len(old) > 0 && rapid.IntRange(0, 3).Draw(t, "thief") == 3 {
		cookies = append(cookies, pick(t, old, "stolen"))
	}
	if cookies == nil || rapid.Bool().Draw(t, "and his own") {
		r.visitor = pick(t, m.visitors, "visitor")
		if r.visitor.cookie != "" {
			cookies = append(cookies, r.visitor.cookie)
		}
	}
	m.admit(r, cookies)
}

// admit opens a request with these cookies.
func (m *machine) admit(r *request, cookies []string) {
	m.load(r, cookies)
	r.serve(cookies)
	r.do(func(s *session.Session) {
		if got, want := fmt.Sprint(s.All()), fmt.Sprint(r.view.values); got != want || s.IsNew() != (r.target == nil) {
			m.failf("a request begins with %s, new: %t; want %s", got, s.IsNew(), want)
		}
	})
	m.open = append(m.open, r)
}

func (m *machine) load(r *request, cookies []string) {
	r.steps, r.done = make(chan func(echo.Context) error), make(chan struct{})
	r.activity.request = r
	r.verdict = func() error { return m.judge(r) }
	r.view, r.added = newContent(), map[string]bool{}
	for _, id := range cookies {
		s := m.find(keyOf(id))
		if s.alive {
			r.target, r.view, r.came, r.expires = s, s.content.clone(), slices.Clone(s.alerts), s.expires
			break
		}
		r.unknown = append(r.unknown, s)
	}
	r.deadline = m.deadline()
}

func (m *machine) deadline() time.Time {
	if m.cfg.AbsoluteTimeout < 0 {
		return time.Time{}
	}
	return m.Now().Add(m.cfg.AbsoluteTimeout)
}

// work makes a handler do something.
func (m *machine) work(t *rapid.T) {
	r := pick(t, m.working(), "request")
	key := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
	user := rapid.SampledFrom(users).Draw(t, "user")
	n := len(r.view.values) + len(r.changes) + 1
	switch rapid.SampledFrom([]string{
		"put", "increment", "append", "tag", "regenerate", "flash", "show", "tag", "regenerate",
		"untag", "label", "forget", "pull", "clear", "destroy",
	}).Draw(t, "what") {
	case "put":
		r.do(func(s *session.Session) { s.Put(key, n) })
		r.change(func(c *content) { c.values[key] = n })
	case "forget":
		r.do(func(s *session.Session) { s.Forget(key) })
		m.forget(r, key)
	case "pull":
		want := r.view.int(key)
		r.do(func(s *session.Session) {
			if got := session.Pull[int](s, key); got != want {
				m.failf("pulled %d; want %d", got, want)
			}
		})
		m.forget(r, key)
	case "increment":
		want := r.view.int(key) + 1000
		r.do(func(s *session.Session) {
			if got := s.Increment(key, 1000); got != int64(want) {
				m.failf("incremented to %d; want %d", got, want)
			}
		})
		r.change(func(c *content) { c.values[key] = c.int(key) + 1000 })
	case "append":
		r.do(func(s *session.Session) {
			session.Update(s, "list", func(l []int) []int { return append(l, n) })
		})
		r.change(func(c *content) { c.values["list"] = append(slices.Clone(c.list()), n) })
	case "clear":
		r.do((*session.Session).Clear)
		came := content{alerts: r.view.alerts}.texts(time.Time{})
		r.change(func(c *content) { clear(c.values); c.without(came) })
		r.came, r.decoded = nil, true
	case "flash":
		m.texts++
		text := fmt.Sprint("message ", m.texts)
		r.do(func(s *session.Session) { s.FlashInfo(text) })
		r.decode(m.Now())
		r.flashed = append(r.flashed, alert{text, m.Now().Add(flashTTL)})
	case "show":
		want := r.visible(m.Now())
		r.do(func(s *session.Session) {
			if got := textsOf(s); !slices.Equal(got, want) {
				m.failf("a request shows %q; want %q", got, want)
			}
		})
		r.read = append(r.read, want...)
	case "regenerate":
		r.do((*session.Session).Regenerate)
		r.renews = true
	case "destroy":
		if r.refused {
			return
		}
		r.do(func(s *session.Session) {
			s.Destroy()
			r.refused = s.Err() != nil
		})
		m.logOut(r)
	case "tag":
		r.do(func(s *session.Session) { s.Tag(user) })
		if !r.view.users[user] {
			r.change(func(c *content) { c.users[user] = true })
			r.added[user] = true
			r.renews = true
		}
	case "untag":
		r.do(func(s *session.Session) { s.Untag(user) })
		if r.view.users[user] {
			r.change(func(c *content) { delete(c.users, user) })
			delete(r.added, user)
		}
	case "label":
		label := fmt.Sprint("label ", n)
		r.do(func(s *session.Session) { s.SetLabel(label) })
		if r.view.label != label {
			r.change(func(c *content) { c.label = label })
		}
	}
}

// forget removes a key that the handler has seen. It cannot mean one that it has not seen.
func (m *machine) forget(r *request, key string) {
	if _, seen := r.view.values[key]; seen {
		r.change(func(c *content) { delete(c.values, key) })
	}
}

func (m *machine) logOut(r *request) {
	if must, can := r.straggles(m.Now()); r.target == nil && (r.refused && !can || !r.refused && must) {
		m.failf("a log-out by an old id is refused: %t", r.refused)
	}
	if r.refused {
		return
	}
	if r.target != nil {
		r.ends = r.target
	}
	r.target, r.view, r.came, r.decoded = nil, newContent(), nil, true
	r.changes, r.renews, r.added = nil, false, map[string]bool{}
	r.deadline = m.deadline()
}

// answer lets a handler return.
func (m *machine) answer(t *rapid.T) {
	var able []*request
	for _, r := range m.working() {
		if r.p.busy == nil {
			able = append(able, r)
		}
	}
	r := pick(t, able, "request")
	e := rapid.SampledFrom([]ending{aPage, aRender, aRedirect, anError}).Draw(t, "ending")
	m.finish(r, e)
	m.perhapsAtOnce(t, r.activity)
}

func (m *machine) finish(r *request, e ending) {
	r.owns = func(s *modelSession) bool {
		return s == r.fresh || s == r.ends || s == r.target && r.renews
	}
	if r.renews && r.target != nil {
		if r.target.notes == nil {
			r.target.notes = map[*request]time.Time{}
		}
		r.target.notes[r] = m.Now()
	}
	r.p.busy = r.activity
	r.finish(e)
	m.await(r.activity)
}

// perhapsAtOnce sometimes finishes a commit at once, so that there are cases in which commits do
// not meet.
func (m *machine) perhapsAtOnce(t *rapid.T, a *activity) {
	if rapid.Bool().Draw(t, "at once") {
		m.runOut(a)
	}
}

func (m *machine) runOut(a *activity) {
	for a.p.busy == a {
		m.grant(a, noFault)
	}
}

func (m *machine) grant(a *activity, f fault) {
	a.grant <- f
	m.await(a)
}

// await waits for the next call, or for the end, which it judges.
func (m *machine) await(a *activity) {
	if !a.await() {
		return
	}
	m.revisions++
	a.p.busy = nil
	if a.panics != nil {
		m.failf("panic: %v", a.panics)
		return
	}
	if a.request != nil {
		m.open = slices.DeleteFunc(m.open, func(r *request) bool { return r == a.request })
	}
	if err := a.verdict(); err != nil {
		m.failf("%w", err)
	}
}

// step lets something go on until its next call of the store.
func (m *machine) step(t *rapid.T) {
	var busy []*activity
	for _, p := range m.processes {
		if p.busy != nil {
			busy = append(busy, p.busy)
		}
	}
	a := pick(t, busy, "activity")
	f := rapid.SampledFrom(faults).Draw(t, "fault")
	if f != crashBefore && f != crashAfter {
		m.grant(a, f)
		return
	}
	m.kill(a, f)
	m.replace(t, a.p)
}

// newest are the sessions, live ones first, since chance prefers what comes first.
func (m *machine) newest() []*modelSession {
	sessions := slices.Clone(m.sessions)
	slices.Reverse(sessions)
	slices.SortStableFunc(sessions, func(a, b *modelSession) int {
		switch {
		case a.alive == b.alive:
			return 0
		case a.alive:
			return -1
		}
		return 1
	})
	return sessions
}

// logOutUser ends all sessions of a user, or all others.
func (m *machine) logOutUser(t *rapid.T) {
	user := rapid.SampledFrom(users).Draw(t, "user")
	var except []string
	var spared *modelSession
	if len(m.sessions) > 0 && rapid.Bool().Draw(t, "except") {
		spared = pick(t, m.newest(), "session")
		except = []string{m.handle(spared)}
	}
	var victims []*modelSession
	for _, s := range m.sessions {
		if s.alive && m.settled(s) && s.users[user] && s != spared {
			victims = append(victims, s)
		}
	}
	var err error
	m.manage(t, activity{
		user:   user,
		spared: spared,
		owns: func(s *modelSession) bool {
			// The entry of a login that could not be undone stays marked, and nobody has its id.
			return !s.begun || s.had[user] && (s != spared || s.marked[user] || s.id == "")
		},
	}, func(ctx context.Context, p *process) {
		err = p.manager.DestroyTagged(ctx, user, except...)
	}, func(a *activity) error {
		alive := slices.ContainsFunc(victims, func(s *modelSession) bool { return s.alive && s.users[user] })
		if err != nil && !a.hurt || err == nil && alive {
			return fmt.Errorf("log-out everywhere: %v; one is alive: %t", err, alive)
		}
		if err == nil && !slices.ContainsFunc(m.processes, func(p *process) bool { return p.busy != nil }) {
			for _, s := range m.sessions {
				delete(s.marked, user)
			}
		}
		return nil
	})
}

// destroy ends a session by its handle.
func (m *machine) destroy(t *rapid.T) {
	victim := pick(t, m.newest(), "session")
	var err error
	before := victim.moved
	m.manage(t, activity{
		owns: func(s *modelSession) bool { return s == victim },
	}, func(ctx context.Context, p *process) {
		err = p.manager.Destroy(ctx, m.handle(victim))
	}, func(a *activity) error {
		must, can := victim.hasMoved(m.Now(), late)
		switch {
		case err == nil && !victim.alive && victim.moved == before && !must,
			errors.Is(err, session.ErrMoved) && can && !victim.alive,
			errors.Is(err, session.ErrNotFound) && !victim.alive && !must,
			errors.Is(err, session.ErrUnavailable) && a.hurt:
			return nil
		}
		return fmt.Errorf("destroy a handle: %v; alive: %t, moved: %t, before: %t", err, victim.alive, victim.moved, before)
	})
}

// manage makes a process call a method of its Manager.
func (m *machine) manage(t *rapid.T, what activity, work func(context.Context, *process), verdict func(*activity) error) {
	var able []*process
	for _, p := range m.processes {
		if p.busy == nil {
			able = append(able, p)
		}
	}
	a := newActivity(pick(t, able, "process"))
	a.gated, a.p.busy, a.owns, a.user, a.spared = true, a, what.owns, what.user, what.spared
	a.verdict = func() error { return verdict(a) }
	a.start(func() { work(a.context(), a.p) })
	m.await(a)
	m.perhapsAtOnce(t, a)
}

// wait moves the clock, but not during a call of the store.
func (m *machine) wait(t *rapid.T) {
	m.settle(t)
	m.Advance(rapid.SampledFrom([]time.Duration{
		time.Second, 11 * time.Second, 70 * time.Second, idle / 8, flashTTL + time.Second, idle + time.Minute, 5 * time.Hour,
	}).Draw(t, "time"))
	for m.near() {
		m.Advance(20 * time.Second)
	}
	for _, s := range m.sessions {
		m.expire(s)
	}
	m.revisions++
}

// settle lets everything in progress finish.
func (m *machine) settle(*rapid.T) {
	for _, p := range m.processes {
		if p.busy != nil {
			m.runOut(p.busy)
		}
	}
}

// near says whether something ends about now. Stores may round.
func (m *machine) near() bool {
	about := func(at time.Time) bool { return at.Sub(m.Now()).Abs() < 10*time.Second }
	return slices.ContainsFunc(m.sessions, func(s *modelSession) bool { return about(s.expires) || about(s.deadline) }) ||
		slices.ContainsFunc(m.open, func(r *request) bool { return about(r.deadline) })
}

func (m *machine) expire(s *modelSession) {
	if !s.expires.After(m.Now()) {
		s.alive = false
	}
}

// crash ends a process in the middle of everything it does. Another one takes its place.
func (m *machine) crash(t *rapid.T) {
	p := pick(t, m.processes, "process")
	if p.busy != nil {
		m.kill(p.busy, crashBefore)
	}
	m.replace(t, p)
}

// kill ends an activity in the middle of its work.
func (m *machine) kill(a *activity, f fault) {
	a.verdict = func() error { return nil }
	m.grant(a, f)
	m.mayStray(a)
}

// mayStray is for a login that dies, or does not learn that it was written, before it could see
// that a log-out everywhere has just missed it. Its session stays, but in no list.
func (m *machine) mayStray(a *activity) {
	if a.revoked && a.fresh != nil {
		a.fresh.stray = true
	}
}

func (m *machine) replace(t *rapid.T, p *process) {
	for _, r := range slices.Clone(m.open) {
		if r.p == p {
			m.abort(r)
		}
	}
	m.processes[slices.Index(m.processes, p)] = m.process(t, m.gated(m.testStore.open()))
}

// abort ends the handler of a request whose process dies.
func (m *machine) abort(r *request) {
	select {
	case r.steps <- func(echo.Context) error { panic(crash{}) }:
		r.await()
	case <-r.ended: // by a panic
	}
	m.open = slices.DeleteFunc(m.open, func(other *request) bool { return other == r })
}

func (m *machine) close() {
	for _, p := range m.processes {
		if p.busy != nil {
			m.kill(p.busy, crashBefore)
		}
	}
	for _, r := range slices.Clone(m.open) {
		m.abort(r)
	}
}

// What the model learns from the store.

func (m *machine) wrote(a *activity, key string, rec session.Record) {
	m.revisions++
	r, s := a.request, m.find(key)
	now := m.Now()
	switch {
	case s == nil && rec.Version == 0 && r != nil && a.fresh == nil:
		// A Regenerate ends when the old record is destroyed; see destroyed.
		s = &modelSession{key: key, alive: true, marked: map[string]bool{}, had: map[string]bool{}, begun: r.target == nil, deadline: r.deadline, content: r.applyTo(newContent(), now)}
		if r.target != nil {
			s.deadline, s.content = r.target.deadline, r.applyTo(r.target.content, now)
		}
		a.fresh = s
		m.sessions = append(m.sessions, s)
	case s == nil:
		m.failf("a record is created that nobody asked for")
		return
	case !s.alive:
		m.failf("a write brings a session back")
		return
	case r != nil && s == a.fresh && !s.begun:
	case r != nil && s == r.target && !a.applied && !r.renews:
		a.applied = true
		r.learn(s.content, now)
		s.content = r.applyTo(s.content, now)
	default:
		m.failf("a write that should not be")
		return
	}
	s.remember()
	m.use(s)
}

// use moves the expiry of s.
func (m *machine) use(s *modelSession) {
	s.expires = m.Now().Add(idle)
	if !s.deadline.IsZero() && s.expires.After(s.deadline) {
		s.expires = s.deadline
	}
	m.expire(s)
}

func (m *machine) destroyed(a *activity, key string, version uint64) {
	s := m.find(key)
	if s == nil || !s.alive {
		return
	}
	m.revisions++
	s.alive, s.endedBy = false, a
	if !a.owns(s) {
		m.failf("a session is destroyed that should not be")
	}
	if r := a.request; r != nil && s == r.target && r.renews && a.fresh != nil && version > 0 {
		a.applied = true
		fresh := a.fresh
		r.learn(s.content, m.Now())
		fresh.begun, fresh.content = true, r.applyTo(s.content, m.Now())
		fresh.remember()
		s.moved, s.movedAt = true, m.Now()
	}
}

// takenBack is for a Regenerate that does not learn that it has succeeded. It undoes the rest, so
// no session remains, and nobody is told that it has moved.
func (m *machine) takenBack(a *activity) {
	if r := a.request; r != nil && r.renews && r.target != nil && a.applied {
		r.target.moved = false
	}
}

func (m *machine) touched(a *activity, key string) {
	m.revisions++
	s := m.find(key)
	if a.request == nil || s != a.request.target || !s.alive {
		m.failf("a touch that should not be")
		return
	}
	a.touched = true
	m.use(s)
}

// renewed is called for a record that was read, and perhaps touched in the same call.
func (m *machine) renewed(a *activity, key string, expires time.Time) {
	s := m.find(key)
	if s.alive && expires.Sub(m.Now()) > idle-5*time.Second {
		m.revisions++
		m.use(s)
		a.request.expires = s.expires
	}
}

// revoked says that a log-out everywhere has reached the point from which on it wins.
func (m *machine) revoked(a *activity) {
	for _, s := range m.sessions {
		if s != a.spared {
			s.marked[a.user] = true
		}
	}
	for _, p := range m.processes {
		if p.busy != nil {
			p.busy.revoked = true
		}
	}
}

// judge compares the end of a request with what has become of its session.
func (m *machine) judge(r *request) error {
	now := m.Now()
	if r.hurt {
		m.mayStray(r.activity)
	}
	id, removed := "", false
	for _, c := range r.answer.Result().Cookies() {
		switch {
		case strings.HasSuffix(c.Name, "-seen"): // it comes and goes with pages that show messages
		case c.MaxAge < 0:
			removed = true
		default:
			id = c.Value
		}
	}
	if r.visitor != nil && (removed || id != "") {
		r.visitor.cookie = id
	}
	complaint := m.complaint(r, now, id, removed)
	if complaint == "" {
		return nil
	}
	return fmt.Errorf("%s: status %d, %v; cookie %q, removed: %t", complaint, r.answer.Code, r.err, id, removed)
}

func (m *machine) complaint(r *request, now time.Time, id string, removed bool) string {
	begins := r.begins(now)
	mustFail, mayFail := r.refused, r.hurt
	if begins && !r.renews {
		must, can := r.straggles(now)
		mustFail, mayFail = mustFail || must, mayFail || can
	}
	if r.target != nil && !r.applied && r.pending(now) {
		must, can := r.target.hasMoved(now, late)
		mustFail, mayFail = mustFail || must, mayFail || can
	}
	if r.ends != nil {
		must, can := r.ends.hasMoved(now, late)
		mustFail, mayFail = mustFail || must, mayFail || can
	}
	if r.renews && r.target != nil && !r.hurt && !r.target.moved {
		delete(r.target.notes, r)
	}
	if r.answer.Code == http.StatusServiceUnavailable {
		tooLate := r.target == nil && !r.deadline.IsZero() && !r.deadline.After(now) // the deadline passed during the login
		meanwhile := func(s *modelSession) bool { return s != nil && s.endedBy != nil && s.endedBy != r.activity }
		mayFail = mayFail || mustFail || tooLate || len(r.added) > 0 && (meanwhile(r.fresh) || meanwhile(r.target)) ||
			(r.revoked || r.target != nil && len(r.target.marked) > 0) && r.renews
		switch {
		case !mayFail:
			return "a request fails without a reason"
		case id != "" || removed:
			return "a failure sets a cookie"
		case r.applied && !r.hurt && r.target.alive:
			return "a failure has been saved"
		case r.fresh != nil && !r.hurt && r.fresh.alive:
			return "a failure leaves a session behind"
		}
		return ""
	}
	if id != "" && r.touched && id == r.target.id && r.target.deadline.IsZero() {
		id = "" // the same cookie was only sent again
	}
	if id != "" && (r.fresh == nil || r.fresh.key != keyOf(id)) {
		return "a cookie names no session"
	}
	if r.fresh != nil && id != "" {
		r.fresh.id = id
	}
	gone := r.target != nil && !r.target.alive
	switch {
	case r.answer.Code != statuses[r.ending]:
		return "another status"
	case mustFail:
		return "a request must fail, and does not"
	case r.ends != nil && r.ends.alive:
		return "a log-out has not happened"
	case removed != (r.ends != nil && !begins):
		return "the cookie should go, or should not"
	case r.target == nil && begins != (id != ""):
		return "a session should begin, or should not"
	case r.updates(now) && !r.applied && !gone:
		return "changes are lost"
	case r.target != nil && r.renews && (!gone || r.applied != (id != "")):
		return "a session should have a new id"
	case r.target != nil && !r.renews && id != "":
		return "a cookie that nobody needs"
	case !gone && !r.hurt && m.overdue(r, now):
		return "a session was used, and the store was not told, or the other way round"
	case r.ending == aRender && !slices.Equal(r.shown, r.rendered(now, gone && !r.applied)):
		return fmt.Sprintf("the page shows %q; want %q", r.shown, r.rendered(now, gone && !r.applied))
	}
	return ""
}

// overdue says whether the session should have been touched and was not, or the other way round.
// Around the time at which a touch becomes due, either is right.
func (m *machine) overdue(r *request, now time.Time) bool {
	if r.target == nil || r.renews || r.updates(now) {
		return r.touched
	}
	until := now.Add(idle)
	if d := r.target.deadline; !d.IsZero() && until.After(d) {
		until = d
	}
	early := until.Sub(r.expires) - idle/10
	return early.Abs() > 10*time.Second && r.touched != (early > 0)
}

// check compares everything, if there is anything new.
func (m *machine) check(t *rapid.T) {
	if m.checked < m.revisions && m.wrong == nil {
		m.checked = m.revisions
		for _, s := range m.sessions {
			m.compare(s)
		}
		for _, user := range users {
			m.compareList(user)
		}
	}
	if m.wrong != nil {
		t.Fatal(m.wrong)
	}
}

func (m *machine) compare(want *modelSession) {
	if !want.begun {
		return
	}
	if want.id != "" {
		if err := m.see(want); err != nil {
			m.failf("%w", err)
		}
	}
}

func (m *machine) see(want *modelSession) (err error) {
	in := httptest.NewRequest(http.MethodGet, "/", nil)
	in.AddCookie(&http.Cookie{Name: cookieName, Value: want.id})
	defer func() {
		if cause := recover(); cause != nil && cause != any(crash{}) {
			panic(cause)
		}
	}()
	m.observer.serve(httptest.NewRecorder(), in, func(c echo.Context) error {
		s := session.From(c)
		got := fmt.Sprint(!s.IsNew(), s.All(), textsOf(s))
		expected := fmt.Sprint(false, newContent().values, []string(nil))
		if want.alive {
			expected = fmt.Sprint(true, want.values, want.texts(m.Now()))
		}
		if got != expected {
			err = fmt.Errorf("a session is %s; want %s", got, expected)
		}
		panic(crash{}) // so that nothing is committed
	})
	return err
}

// settled says whether the list of a user must have s, if s is that user's: a login checks the list
// once more before it ends.
func (m *machine) settled(s *modelSession) bool {
	return s.begun && !s.stray && !slices.ContainsFunc(m.processes, func(p *process) bool {
		return p.busy != nil && p.busy.request != nil && (p.busy.fresh == s || p.busy.request.target == s)
	})
}

func (m *machine) compareList(user string) {
	infos, err := m.observer.manager.Tagged(context.Background(), user)
	if err != nil {
		m.failf("list: %w", err)
		return
	}
	listed := map[string]session.Info{}
	for _, info := range infos {
		listed[info.Handle] = info
	}
	for _, s := range m.sessions {
		info, isListed := listed[m.handle(s)]
		delete(listed, m.handle(s))
		if !m.settled(s) {
			continue
		}
		if isListed != (s.alive && s.users[user]) {
			m.failf("a session of %s: alive %t, users %v, listed %t", user, s.alive, s.users, isListed)
		} else if isListed && (info.Label != s.label || info.Expires.Sub(s.expires).Abs() > 5*time.Second) {
			m.failf("a session is listed as %q until %v; want %q until %v", info.Label, info.Expires, s.label, s.expires)
		}
	}
	if len(listed) > 0 {
		m.failf("the list has sessions that nobody began")
	}
}
