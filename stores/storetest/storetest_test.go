package storetest_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
	"github.com/echo-hypermedia/session/stores/storetest"
)

// clock is a time that moves only when a test says so.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *clock) Advance(d time.Duration) { c.nanos.Add(int64(d)) }

// memory is a correct store, for others to break.
func memory(c *clock) *memorystore.Store {
	return memorystore.New(memorystore.Options{Now: c.Now})
}

func harness(store func(*clock) session.Store) storetest.Harness {
	c := newClock()
	return storetest.Harness{Store: store(c), Now: c.Now, Advance: c.Advance}
}

// flaw is one thing that a store does wrong, and which claims fail because of it.
type flaw struct {
	name   string
	store  func(c *clock) session.Store
	claims claims // these fail, and no others
}

type claims []string

// Any of the cases that run by Peek and Keep, or by Renew, may fail, and at least one does. Most of
// them notice what such a method does wrong.
const (
	anyByShare = "by peek and keep: "
	anyByRenew = "by renew: "
)

// perhaps begins a claim that fails only sometimes: in a storm, it takes luck to see the flaw.
const perhaps = "perhaps: "

func allFlaws() []flaw {
	return slices.Concat(recordFlaws, limitFlaws, closeFlaws, tagFlaws, listFlaws, shareFlaws, renewFlaws, sealFlaws)
}

func Test_that_the_suite_finds_what_is_broken_and_nothing_else(t *testing.T) {
	for _, f := range allFlaws() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			unseen := f.claims
			for range tries {
				unseen = f.check(t, unseen)
				if len(unseen) == 0 {
					break
				}
			}
			for _, claim := range unseen {
				t.Errorf("passes: %s", claim)
			}
		})
	}
}

// tries is how often the suite may examine a store. If the flaw is a race, now and then nobody
// loses it.
const tries = 10

// check runs the suite, and returns the claims that should have failed and did not. If any other
// claim fails, so does the test.
func (f flaw) check(t *testing.T, claims claims) (unseen claims) {
	t.Helper()
	failures := failuresOf(t, func() storetest.Harness {
		h := harness(f.store)
		if _, ok := h.Store.(limited); ok {
			h.MaxData = limit
		}
		return h
	})
	for _, claim := range claims {
		if !strings.HasPrefix(claim, perhaps) && !slices.ContainsFunc(slices.Collect(maps.Keys(failures)), meant(claim)) {
			unseen = append(unseen, claim)
		}
	}
	for _, claim := range f.claims {
		is := meant(strings.TrimPrefix(claim, perhaps))
		maps.DeleteFunc(failures, func(failed string, _ error) bool { return is(failed) })
	}
	for _, failure := range failures {
		t.Errorf("fails: %v", failure)
	}
	return unseen
}

// failuresOf are the claims that a store fails, with what Run reports about each.
func failuresOf(t *testing.T, newHarness func() storetest.Harness) map[string]error {
	t.Helper()
	failures, err := storetest.Failures(t.Context(), newHarness)
	if err != nil {
		t.Fatal(err)
	}
	return failures
}

// fails checks that a claim is among the failures, with this text.
func fails(t *testing.T, failures map[string]error, claim, text string) {
	t.Helper()
	if got := failures[claim]; got == nil || !strings.Contains(got.Error(), text) {
		t.Errorf("%s: got %v; want it to have %q", claim, got, text)
	}
}

// meant says whether a failed claim is this one, or begins with this prefix.
func meant(claim string) func(failed string) bool {
	return func(failed string) bool {
		return failed == claim || strings.HasSuffix(claim, ": ") && strings.HasPrefix(failed, claim)
	}
}

func Test_that_every_case_fails_for_some_broken_store(t *testing.T) {
	unproven := storetest.Claims()
	for _, f := range allFlaws() {
		for _, claim := range f.claims {
			delete(unproven, claim)
		}
	}
	for _, claim := range slices.Sorted(maps.Keys(unproven)) {
		t.Errorf("no broken store for: %s", claim)
	}
}

func Test_that_every_rule_has_a_case_and_every_case_a_rule(t *testing.T) {
	claims := storetest.Claims()
	if len(claims) != storetest.Cases() {
		t.Errorf("%d claims of %d cases: some are the same", len(claims), storetest.Cases())
	}
	rules := storetest.Rules()
	for n := range 17 {
		if !slices.Contains(rules, n+1) {
			t.Errorf("rule %d has no text", n+1)
		}
	}
	cases := map[int]bool{}
	for claim, rule := range claims {
		cases[rule] = true
		if !slices.Contains(rules, rule) {
			t.Errorf("there is no rule %d: %s", rule, claim)
		}
	}
	for _, rule := range rules {
		if !cases[rule] {
			t.Errorf("rule %d has no case", rule)
		}
	}
}

// TestRun checks that Run agrees with Failures, which the other tests use.
func TestRun(t *testing.T) {
	for name, store := range map[string]func(*clock) session.Store{
		"a store":                           func(c *clock) session.Store { return memory(c) },
		"one that can be closed":            func(c *clock) session.Store { return &closing{Tagger: memory(c)} },
		"one that removes nothing":          func(c *clock) session.Store { return newLazy(c, "") },
		"one with a lock":                   func(c *clock) session.Store { return newNaive(c, "") },
		"one that rounds to second":         func(c *clock) session.Store { return rounding(memory(c)) },
		"one that can be closed and listed": func(c *clock) session.Store { return closedLister(c, "") },
		"one that lets no key come back":    neverAgain,
		"a sealer":                          func(c *clock) session.Store { return sealer(c) },
		"a sealer with every sign":          beginning(cookieSigns),
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(*testing.T) storetest.Harness { return harness(store) })
		})
	}
	t.Run("one without tags", func(t *testing.T) {
		storetest.Run(t, func(*testing.T) storetest.Harness {
			h := harness(func(c *clock) session.Store { return struct{ session.Store }{memory(c)} })
			h.NoTags = true
			return h
		})
	})
	t.Run("one that lists, and has no tags", func(t *testing.T) {
		storetest.Run(t, func(*testing.T) storetest.Harness {
			h := harness(func(c *clock) session.Store { s := memory(c); return listsOnly{s, s} })
			h.NoTags = true
			return h
		})
	})
	t.Run("one with a limit", func(t *testing.T) {
		storetest.Run(t, func(*testing.T) storetest.Harness {
			h := harness(func(c *clock) session.Store { return limiting(memory(c)) })
			h.MaxData = limit
			return h
		})
	})
	t.Run("one with a clock of its own", func(t *testing.T) {
		storetest.Run(t, newServer)
	})
}

// listsOnly is a store with Keys and no other optional method.
type listsOnly struct {
	session.Store
	lists interface {
		Keys(ctx context.Context) iter.Seq2[string, error]
	}
}

func (l listsOnly) Keys(ctx context.Context) iter.Seq2[string, error] { return l.lists.Keys(ctx) }

// neverAgain is a store in which a destroyed record leaves something in its place for good. That is
// allowed.
func neverAgain(c *clock) session.Store {
	s := memory(c)
	var destroyed sync.Map
	return broken{
		Tagger: s,
		write: func(ctx context.Context, key string, rec session.Record) error {
			if _, gone := destroyed.Load(key); gone && ctx.Err() == nil {
				return session.ErrNotFound
			}
			return s.Write(ctx, key, rec)
		},
		destroy: func(ctx context.Context, key string, version uint64) error {
			_, err := s.Read(ctx, key)
			if destroyErr := s.Destroy(ctx, key, version); err != nil || destroyErr != nil {
				return destroyErr
			}
			destroyed.Store(key, true)
			return nil
		},
	}
}

func ignoringVersionOfDestroy(c *clock) session.Store {
	return struct{ session.Tagger }{ignoresVersionOfDestroy(memory(c))}
}

// failing are cases in which Run must fail, in a process of its own, since a failure cannot be
// taken back.
var failing = map[string]struct {
	newHarness func(t *testing.T) storetest.Harness
	says, not  string
}{
	"a store that is broken": {
		func(*testing.T) storetest.Harness {
			return harness(ignoringVersionOfDestroy)
		},
		"rule 5: Destroy removes any version for 0", "rule 1:",
	},
	"a harness that does not fit": {
		func(*testing.T) storetest.Harness { return storetest.Harness{} },
		"storetest: Harness needs a Store, Now and Advance", "rule",
	},
	"harnesses with the same storage": {
		func() func(*testing.T) storetest.Harness {
			shared := harness(ignoringVersionOfDestroy)
			return func(*testing.T) storetest.Harness { return shared }
		}(),
		"storetest: a Harness is not fresh", "rule",
	},
}

const failingEnv = "STORETEST_FAILING"

func Test_that_run_fails_the_test(t *testing.T) {
	if name := os.Getenv(failingEnv); name != "" {
		storetest.Run(t, failing[name].newHarness)
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range failing {
		cmd := exec.CommandContext(t.Context(), exe, "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), failingEnv+"="+name)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), tc.says) || strings.Contains(string(out), tc.not) {
			t.Errorf("%s: got %v and %s; want a failure that says %q, and not %q", name, err, out, tc.says, tc.not)
		}
	}
}

// newServer is a harness like that of a server: it has the real clock, and Advance makes what is
// stored older.
func newServer(*testing.T) storetest.Harness {
	n := newNaive(nil, "")
	return storetest.Harness{Store: struct{ session.Store }{n}, Now: time.Now, Advance: n.age, NoTags: true}
}

func Test_that_a_store_that_keeps_a_connection_is_not_waited_for_for_ever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := failuresOf(t, func() storetest.Harness {
			return harness(breaking(func(s session.Tagger, _ *clock) broken {
				connections := make(chan struct{}, 5)
				return broken{write: func(ctx context.Context, key string, rec session.Record) error {
					select {
					case connections <- struct{}{}:
					case <-ctx.Done():
						return ctx.Err()
					}
					err := s.Write(ctx, key, rec)
					if !errors.Is(err, session.ErrConflict) {
						<-connections
					}
					return err
				}}
			}))
		})
		fails(t, failures, "of many creates one wins", "still waiting after 4m0s: does a method return without giving back")
	})
}

// As t.Fatal does in the Advance of a harness.
func Test_that_a_harness_that_ends_the_test_is_not_waited_for(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := failuresOf(t, func() storetest.Harness {
			h := harness(func(c *clock) session.Store { return memory(c) })
			h.Advance = func(time.Duration) { runtime.Goexit() }
			return h
		})
		fails(t, failures, "touch moves the expiry away and changes nothing else", "the Harness has ended the test")
	})
}

func Test_that_a_harness_that_does_not_fit_is_refused(t *testing.T) {
	clock := newClock()
	good := storetest.Harness{Store: memory(clock), Now: clock.Now, Advance: clock.Advance}
	for _, tc := range []struct {
		desc, says string
		change     func(h *storetest.Harness)
	}{
		{"no store", "needs a Store", func(h *storetest.Harness) { h.Store = nil }},
		{"no clock", "needs a Store, Now", func(h *storetest.Harness) { h.Now = nil }},
		{"no way to move the clock", "and Advance", func(h *storetest.Harness) { h.Advance = nil }},
		{"a tagger that is said to be none", "NoTags is true", func(h *storetest.Harness) { h.NoTags = true }},
		{"no tagger and not said so", "set Harness.NoTags", func(h *storetest.Harness) {
			h.Store = struct{ session.Store }{h.Store}
		}},
		{"a limit that is too low for the suite", "MaxData is 511, and must be at least 512", func(h *storetest.Harness) { h.MaxData = 511 }},
		{"a limit below zero", "MaxData is -1", func(h *storetest.Harness) { h.MaxData = -1 }},
	} {
		h := good
		tc.change(&h)
		_, err := storetest.Failures(t.Context(), func() storetest.Harness { return h })
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got error %v; want one that says %q", tc.desc, err, tc.says)
		}
	}
}

func Test_that_harnesses_with_the_same_storage_are_refused(t *testing.T) {
	shared := harness(func(c *clock) session.Store { return memory(c) })
	_, err := storetest.Failures(t.Context(), func() storetest.Harness { return shared })
	if err == nil || !strings.Contains(err.Error(), "not fresh") {
		t.Errorf("got error %v; want one that says that they are not fresh", err)
	}
}

func Test_that_a_failure_says_how_many_keys_are_too_many(t *testing.T) {
	failures := failuresOf(t, func() storetest.Harness {
		return harness(breaking(func(s session.Tagger, _ *clock) broken {
			return broken{tagged: func(ctx context.Context, tag string) ([]session.TagEntry, error) {
				entries, err := s.Tagged(ctx, tag)
				if len(entries) == 1 {
					entries = append(entries, entries[0], session.TagEntry{Key: "another"})
				}
				return entries, err
			}}
		}))
	})
	fails(t, failures, "an entry that was added is found", "tagged: got 3 keys, 1 of them again and 1 not expected; want 1")
}

func Test_that_a_failure_names_the_rule_the_claim_and_what_is_wrong(t *testing.T) {
	failures := failuresOf(t, func() storetest.Harness { return harness(ignoringVersionOfDestroy) })
	const claim = "destroying another version is a conflict and changes nothing"
	fails(t, failures, claim, "rule 5: Destroy removes any version for 0, and none is no error")
	fails(t, failures, claim, claim+": destroy: got <nil>; want session: changed by another request")
}

// Rounds that all end before a list begins, or after it has ended, find nothing.
func Test_that_a_list_is_cut_short_in_its_middle(t *testing.T) {
	for _, tc := range []struct {
		claim           string
		measured, lasts time.Duration
	}{
		{"a quick one", 10 * time.Microsecond, 10 * time.Microsecond},
		{"a slow one", 10 * time.Second, 10 * time.Second},
		{"one during which the clock stands still", 0, 500 * time.Microsecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := storetest.CutShort(t.Context(), func(ctx context.Context) (int, error) {
				if ctx.Err() != nil {
					return 0, ctx.Err()
				}
				took := tc.measured
				if _, timed := ctx.Deadline(); timed {
					took = tc.lasts
				}
				select {
				case <-ctx.Done():
					return 1, nil
				case <-time.After(took):
					return 2, nil
				}
			})
			if err == nil {
				t.Errorf("%s: got no error; want one, since the end of the list is missing", tc.claim)
			}
		})
	}
}
