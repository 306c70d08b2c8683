// Package storetest checks whether a session store keeps its contract. That is the one of
// [session.Store], and those of [session.Tagger], [session.Lister], [session.Sharer],
// [session.Renewer] or [session.Sealer] if it is one. Run it in a test of your store:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Harness {
//			now := time.Now()
//			return storetest.Harness{
//				Store:   mystore.New(mystore.Options{Now: func() time.Time { return now }}),
//				Now:     func() time.Time { return now },
//				Advance: func(d time.Duration) { now = now.Add(d) },
//			}
//		})
//	}
//
// Each case has its own harness, and cases run in parallel: on a shared server, give each case a
// prefix or a table, and remove it with t.Cleanup. (Within a case, the clock never moves while a
// method runs.) A failure names the rule that is broken.
//
// # Clocks
//
// Nothing here waits for something to expire. If a store takes its time from a function, give it
// one, and let Advance change what the function returns.
//
// The clock of a server cannot be moved, but age is relative: Now is the server's clock, or
// time.Now on the same machine. Advance subtracts d from the expiry of everything that is stored,
// and removes what is then due if the server would. In Redis that is a PEXPIREAT for each key. So
// the suite compares what it reads with what Now returns at that time, and allows for a second of
// rounding and for the time that the case has taken so far.
//
// # Rules
//
// All numbered rules of [session.Store] and the optional interfaces beside it are checked. For a
// Sealer these are 8, 11 and 20 to 22, and no others. For every other store they are 1 to 11, 18
// and 19, and in addition 12 to 17 for a Tagger, 23 to 25 for a Lister, 26 and 27 for a Sharer, and
// 28 for a Renewer. If a store has Peek and Keep, or Renew, the cases of 1 to 11, 18 and 19 run
// through these as well, except those of 9 through Peek and Keep. A later release may add cases; a
// store that fails one of those was already broken.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
)

// Harness holds a new, empty store, and what the suite must know about it.
type Harness struct {
	Store   session.Store
	Now     func() time.Time      // the clock the store looks at
	Advance func(d time.Duration) // moves that clock forward; if the server has a clock of its own, makes everything stored d older

	// What the store cannot do. The zero values mean that it can do everything.
	NoTags  bool // it is not a session.Tagger
	MaxData int  // the most bytes of data that the store keeps, at least 512; one more is ErrTooLarge. 0 = no limit within the suite's reach
}

// leastMaxData is the least that MaxData may be: cases write this much without asking for it.
const leastMaxData = 512

// Run checks a store against the contract, each case in a parallel subtest with its own harness. It
// makes two more harnesses, to see what kind of store it is, and to check that no store has what
// another one stored. No case may take more than four minutes, so a server whose calls take a
// second each is too far away.
func Run(t *testing.T, newHarness func(t *testing.T) Harness) {
	t.Helper()
	first := newHarness(t)
	cases, err := casesFor(first)
	if err != nil {
		t.Fatal(err)
	}
	if !t.Run("each harness is fresh", func(t *testing.T) {
		if err := fresh(t.Context(), first, newHarness(t)); err != nil {
			t.Fatal(err)
		}
	}) {
		return // other failures would not be the store's fault
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("rule %d: %s", c.rule, c.claim), func(t *testing.T) {
			t.Parallel()
			if err := c.check(t.Context(), newHarness(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// storeCase is one claim about every store. It returns what is wrong instead of failing a test, so
// that the suite can be run against broken stores.
type storeCase struct {
	rule  int
	claim string
	run   func(ctx context.Context, s subject) error
}

// check runs the case against an unused store, and says which rule is broken. A store that keeps a
// lock or a connection makes others wait forever, so that is an error after some minutes.
func (c storeCase) check(ctx context.Context, h Harness) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	err := patiently(4*time.Minute, "does a method return without giving back a lock, a transaction or a connection?", func() error {
		return c.run(ctx, newSubject(h))
	})()
	if err == nil {
		return nil
	}
	wrong := strings.ReplaceAll(err.Error(), "\n", "\n\t") // errors.Join has a line for each error
	return fmt.Errorf("rule %d: %s: %s: %s", c.rule, rules[c.rule], c.claim, wrong)
}

// fresh leaves a mark in each store, and fails if it finds the mark of another store. The cases
// find anything else that goes wrong here.
func fresh(ctx context.Context, harnesses ...Harness) error {
	place := key("a mark")
	for _, h := range harnesses {
		s := newSubject(h)
		if s.holds(ctx, place, "mark", 1) == nil {
			return errors.New("storetest: a Harness is not fresh: its store has what was written to that of another one; each needs a file, prefix or table of its own")
		}
		_ = s.Write(ctx, place, s.record(0, "mark"))
	}
	return nil
}

// casesFor returns the cases for this kind of store.
func casesFor(h Harness) ([]storeCase, error) {
	switch {
	case h.Store == nil || h.Now == nil || h.Advance == nil:
		return nil, errors.New("storetest: Harness needs a Store, Now and Advance")
	case h.MaxData != 0 && h.MaxData < leastMaxData:
		return nil, fmt.Errorf("storetest: Harness.MaxData is %d, and must be at least %d, which the suite writes; 0 is no limit", h.MaxData, leastMaxData)
	}
	if _, ok := h.Store.(session.Sealer); ok {
		return sealCases, nil
	}
	_, tags := h.Store.(session.Tagger)
	switch {
	case tags && h.NoTags:
		return nil, errors.New("storetest: Harness.NoTags is true, but the store is a session.Tagger")
	case !tags && !h.NoTags:
		return nil, errors.New("storetest: the store is not a session.Tagger; set Harness.NoTags if it is not meant to be one")
	}
	cases := slices.Clone(recordCases)
	if tags {
		cases = append(cases, tagCases...)
	}
	if _, lists := h.Store.(session.Lister); lists {
		cases = append(cases, listCases...)
	}
	if _, shares := h.Store.(session.Sharer); shares {
		cases = slices.Concat(cases, shareCases, byShare(recordCases))
	}
	if _, renews := h.Store.(session.Renewer); renews {
		cases = slices.Concat(cases, renewCases, byRenew(recordCases))
	}
	return cases, nil
}

// patiently does something that may never end, and returns a function that waits for it: no longer
// than most, and then with an error that asks why.
func patiently(most time.Duration, why string, do func() error) (wait func() error) {
	done := make(chan error, 1)
	go func() {
		defer close(done) // also if a Harness ends the test, and with it this goroutine
		done <- do()
	}()
	return sync.OnceValue(func() error {
		select {
		case err, returned := <-done:
			if !returned {
				return errors.New("the Harness has ended the test")
			}
			return err
		case <-time.After(most):
			return fmt.Errorf("still waiting after %v: %s", most, why)
		}
	})
}
