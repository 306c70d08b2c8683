package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// An activity is something a process does that calls the store: a request, or a call of a method of
// the Manager. It runs in its own goroutine, and only while the machine waits for it: it stops
// before each call of the store that a commit makes.
type activity struct {
	p *process

	gated   bool // stops before each call
	arrived chan struct{}
	grant   chan fault
	ended   chan struct{}
	panics  any
	err     error // that the middleware returned

	// What has become of its calls.
	hurt    bool          // it got an error from a call
	applied bool          // its changes are in the record
	touched bool          //
	fresh   *modelSession // the session that it has created
	revoked bool          // a log-out everywhere began meanwhile

	request *request
	verdict func() error             // checks how it ended
	owns    func(*modelSession) bool // what it may destroy
	user    string                   // whose sessions it ends
	spared  *modelSession            // except this one
}

type activityKey struct{}

// crash ends an activity whose process dies.
type crash struct{}

func newActivity(p *process) *activity {
	return &activity{
		p:       p,
		arrived: make(chan struct{}),
		grant:   make(chan fault),
		ended:   make(chan struct{}),
	}
}

func (a *activity) context() context.Context {
	return context.WithValue(context.Background(), activityKey{}, a)
}

// start runs work in a goroutine until it ends, which the machine waits for with await.
func (a *activity) start(work func()) {
	go func() {
		defer close(a.ended)
		defer func() {
			if cause := recover(); cause != nil && cause != any(crash{}) {
				a.panics = cause
			}
		}()
		work()
	}()
}

// await waits until a is about to call the store, or has ended.
func (a *activity) await() (ended bool) {
	select {
	case <-a.arrived:
		return false
	case <-a.ended:
		return true
	}
}

// request is a visitor's request, whose handler does what it is told, step by step, and what the
// model knows about it.
type request struct {
	*activity
	visitor *visitor // nil = a thief, whose cookies need not be tracked

	steps  chan func(echo.Context) error // errGoOn means that the handler goes on
	done   chan struct{}
	answer *httptest.ResponseRecorder

	target   *modelSession // whose session it is; nil = none yet
	expires  time.Time     // of the target, when it was loaded
	deadline time.Time     // of a session that the request begins

	view    content
	changes []change
	came    []alert  // alerts of the record that can still be shown
	read    []string // texts of alerts that the handler has read
	decoded bool     // it has looked at them
	flashed []alert
	added   map[string]bool // users added by Tag
	renews  bool
	ends    *modelSession

	unknown []*modelSession // sessions whose ids it sent in vain
	refused bool            // it tried a log-out by the old id of a session that moved

	ending ending
	shown  []string // texts on the page
	taken  []string // texts consumed by faster pages
}

var errGoOn = fmt.Errorf("go on")

// do makes the handler do something.
func (r *request) do(work func(*session.Session)) {
	r.steps <- func(c echo.Context) error {
		work(session.From(c))
		return errGoOn
	}
	select {
	case <-r.done:
	case <-r.ended:
		panic(r.panics)
	}
}

func (r *request) change(c change) {
	c(&r.view)
	r.changes = append(r.changes, c)
}

// serve opens the request.
func (r *request) serve(cookies []string) {
	in := httptest.NewRequestWithContext(r.context(), http.MethodGet, "/", nil)
	in.Header.Set("Accept", "text/html")
	for _, id := range cookies {
		in.AddCookie(&http.Cookie{Name: cookieName, Value: id})
	}
	r.answer = httptest.NewRecorder()
	r.start(func() {
		r.p.serve(r.answer, in, func(c echo.Context) error {
			for step := range r.steps {
				if err := step(c); err != errGoOn {
					return err
				}
				r.done <- struct{}{}
			}
			panic(crash{})
		})
	})
}

const cookieName = "__Host-session"

// ending is how a handler answers.
type ending int

const (
	aPage     ending = iota // written by hand: shows what was read before
	aRender                 // a component that shows all messages
	aRedirect               // shows nothing
	anError                 // shows nothing either
)

var statuses = map[ending]int{aPage: 200, aRender: 200, aRedirect: 303, anError: 404}

// finish lets the handler return. What the request does after that stops before each call of the
// store.
func (r *request) finish(e ending) {
	r.gated, r.ending = true, e
	r.steps <- func(c echo.Context) error {
		switch e {
		case aPage:
			return c.HTML(http.StatusOK, "page")
		case aRender:
			return session.Render(c, http.StatusOK, list{r})
		case aRedirect:
			return session.Redirect(c, "/")
		}
		return echo.ErrNotFound
	}
}

// list is a component that shows all messages.
type list struct{ r *request }

func (l list) Render(ctx context.Context, _ io.Writer) error {
	l.r.shown = textsOf(session.FromContext(ctx))
	return nil
}

func textsOf(s *session.Session) []string {
	var texts []string
	for _, m := range s.FlashMessages().Alerts() {
		texts = append(texts, m.Text)
	}
	return texts
}

// visible is what the request may show now.
func (r *request) visible(now time.Time) []string {
	r.decode(now)
	return append(content{alerts: r.came}.texts(time.Time{}), content{alerts: r.flashed}.texts(time.Time{})...)
}

// decode happens once: what has not expired by then stays visible.
func (r *request) decode(now time.Time) {
	if !r.decoded {
		r.decoded = true
		r.came = slices.DeleteFunc(slices.Clone(r.came), func(a alert) bool { return !a.expires.After(now) })
	}
}

// delta is what the answer does to messages: which ones of the record it consumes, and which ones
// it adds.
func (r *request) delta(now time.Time) (drop []string, add []alert) {
	read := r.read
	switch r.ending {
	case aRender:
		read = r.visible(now)
	case aRedirect, anError:
		return nil, r.flashed
	}
	for _, a := range r.came {
		if slices.Contains(read, a.text) {
			drop = append(drop, a.text)
		}
	}
	for _, a := range r.flashed {
		if !slices.Contains(read, a.text) {
			add = append(add, a)
		}
	}
	return drop, add
}

// applyTo returns what the request makes of a record.
func (r *request) applyTo(c content, now time.Time) content {
	c = c.clone()
	for _, change := range r.changes {
		change(&c)
	}
	drop, add := r.delta(now)
	c.without(drop)
	for _, a := range add {
		c.alerts = append(c.alerts, alert{a.text, now.Add(flashTTL)}) // from when it is saved
	}
	return c
}

// learn notes which messages have disappeared from the record to which the request's changes go.
func (r *request) learn(c content, now time.Time) {
	there := c.texts(time.Time{})
	for _, text := range (content{alerts: r.came}).texts(time.Time{}) {
		if !slices.Contains(there, text) {
			r.taken = append(r.taken, text)
		}
	}
}

// rendered is what a page by Render shows in the end. If its session was gone by then, it shows
// only what the request itself has flashed.
func (r *request) rendered(now time.Time, gone bool) []string {
	if gone {
		return content{alerts: r.flashed}.texts(time.Time{})
	}
	return slices.DeleteFunc(r.visible(now), func(text string) bool { return slices.Contains(r.taken, text) })
}

// straggles says whether a process must, and whether it can, find that the request came with an id
// that was given up a moment ago.
func (r *request) straggles(now time.Time) (must, can bool) {
	for _, s := range r.unknown {
		itMust, itCan := s.hasMoved(now, stragglers)
		must, can = must || itMust, can || itCan
	}
	return must, can
}

// begins says whether the request, which has no session, needs one.
func (r *request) begins(now time.Time) bool {
	return r.target == nil && !r.applyTo(newContent(), now).empty()
}

// pending says whether the application has changed anything.
func (r *request) pending(now time.Time) bool {
	_, add := r.delta(now)
	return len(r.changes)+len(add) > 0 || r.renews
}

// updates says whether the record must be written.
func (r *request) updates(now time.Time) bool {
	drop, _ := r.delta(now)
	return r.target != nil && !r.renews && (r.pending(now) || len(drop) > 0)
}
