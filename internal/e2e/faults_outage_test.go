package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/labstack/echo/v4"
)

// outage is something that happens to a store, and how it ends.
type outage struct {
	begin, end func() error

	works []click // what customers get nevertheless

	// Refused requests may be carried out, even after the end: for example, a frozen server has
	// them in its queue.
	late bool
}

// endures makes an outage happen to a site.
func (s *site) endures(t *testing.T, o outage) {
	t.Helper()
	s.enduresBefore(t, o)
	for _, what := range clicks {
		s.enduresBetween(t, o, what)
	}
}

// enduresBefore makes the outage happen before customers send a request.
func (s *site) enduresBefore(t *testing.T, o outage) {
	t.Helper()
	customers, returning := s.newCustomers(t, len(clicks)), s.newCustomer(t)
	ok(t, returning.does(logOut))
	ok(t, o.begin())
	var all sync.WaitGroup
	for i, what := range clicks {
		all.Go(func() { o.meets(t, fmt.Sprint("during the fault, ", what), customers[i].does(what), what) })
	}
	all.Go(func() { o.meets(t, "during the fault, another login", returning.does(logIn), logIn) })
	all.Wait()
	ok(t, o.end())
	for i, what := range clicks {
		o.leaves(t, what, customers[i])
	}
	if err := returning.insists(logIn); err != nil {
		t.Errorf("after the fault, another login: %v", err)
	}
}

// enduresBetween makes the outage happen between the read of a request and its commit. Requests
// that only read do not notice.
func (s *site) enduresBetween(t *testing.T, o outage, what click) {
	t.Helper()
	o.works = append([]click{look}, o.works...)
	v := s.newCustomer(t)
	s.meanwhile(func(echo.Context) {
		if err := o.begin(); err != nil {
			t.Error(err)
		}
	})
	o.meets(t, fmt.Sprint("a fault in the middle of ", what), v.does(what), what)
	ok(t, o.end())
	o.leaves(t, what, v)
}

// meets checks what a customer got during the outage.
func (o outage) meets(t *testing.T, when string, err error, what click) {
	t.Helper()
	switch works := slices.Contains(o.works, what); {
	case works && err != nil:
		t.Errorf("%s: %v; want that it works", when, err)
	case !works && !errors.Is(err, errRefused):
		t.Errorf("%s: %v; want %v", when, err, errRefused)
	}
}

// leaves checks the state after the outage, during which v has requested what.
func (o outage) leaves(t *testing.T, what click, v *customer) {
	t.Helper()
	if !o.late {
		v.asked = v.told // nothing that was refused has been carried out
	}
	acknowledged := what == logOut && slices.Contains(o.works, logOut)
	possible := what == logOut && o.late
	switch err := v.recovers(); {
	case (acknowledged || possible) && errors.Is(err, errStranger):
		// The visitor is logged out.
	case acknowledged:
		t.Errorf("after the fault, a log-out that was acknowledged has not happened: %v", err)
	case err != nil:
		t.Errorf("after the fault in %v: %v", what, err)
	}
}

// load is customers who count all the time.
type load struct {
	customers []*customer
	refusals  atomic.Int64
	ctx       context.Context // ends with the load; its cause is the failure
}

// underLoad makes something happen while all customers count. Afterwards all are served again, and
// have what was acknowledged.
func underLoad(t *testing.T, customers []*customer, event func(*load)) (refusals int64) {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	l := &load{customers: customers, ctx: ctx}
	var all sync.WaitGroup
	defer all.Wait()
	defer stop(nil)
	for _, v := range customers {
		all.Go(func() {
			if err := l.run(v); err != nil {
				stop(err)
			}
		})
	}
	l.goesOn(t, customers)
	event(l)
	l.goesOn(t, customers)
	stop(nil)
	all.Wait()
	for _, v := range customers {
		if err := v.recovers(); err != nil {
			t.Error(err)
		}
	}
	return l.refusals.Load()
}

func (l *load) run(v *customer) error {
	for i := 0; l.ctx.Err() == nil; i++ {
		what := count
		if i%4 == 3 {
			what = look
		}
		err := v.does(what)
		if errors.Is(err, errRefused) {
			l.refusals.Add(1)
			rest(l.ctx)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// goesOn waits until each of the customers has counted five more times.
func (l *load) goesOn(t *testing.T, customers []*customer) {
	t.Helper()
	for _, v := range customers {
		enough := v.counts.Load() + 5
		l.await(t, "a customer to be served", func() bool { return v.counts.Load() >= enough })
	}
}

// isRefusedAfter waits until somebody is refused because of the event.
func (l *load) isRefusedAfter(t *testing.T, event func()) {
	t.Helper()
	before := l.refusals.Load()
	event()
	l.await(t, "a refusal", func() bool { return l.refusals.Load() > before })
}

func (l *load) await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, patience)
	defer cancel()
	for !happened() {
		if !rest(ctx) {
			t.Fatalf("waiting for %s: %v; %d refusals so far", what, context.Cause(ctx), l.refusals.Load())
		}
	}
}
