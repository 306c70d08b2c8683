package storetest_test

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/storetest"
)

// lister is a store that lists its records, more or less correctly.
type lister struct {
	broken
	keys func(ctx context.Context) iter.Seq2[string, error]
}

func (l lister) Keys(ctx context.Context) iter.Seq2[string, error] { return l.keys(ctx) }

// keysOf breaks Keys.
func keysOf(flaw func(s session.Lister, c *clock) lister) func(*clock) session.Store {
	return func(c *clock) session.Store {
		s := memory(c)
		l := flaw(s, c)
		l.Tagger = s
		return l
	}
}

// yielding changes what Keys yields.
func yielding(change func(ctx context.Context, keys iter.Seq2[string, error], yield func(string, error) bool)) func(*clock) session.Store {
	return keysOf(func(s session.Lister, _ *clock) lister {
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) { change(ctx, s.Keys(ctx), yield) }
		}}
	})
}

// collect is everything that a loop yields.
func collect(seq iter.Seq2[string, error]) (keys []string, err error) {
	for key, e := range seq {
		if e != nil {
			return keys, e
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// only is Keys of a store, limited to keys for which listed returns true.
func only(s session.Lister, listed func(key string) bool) func(ctx context.Context) iter.Seq2[string, error] {
	return func(ctx context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for key, err := range s.Keys(ctx) {
				if (err != nil || listed(key)) && !yield(key, err) {
					return
				}
			}
		}
	}
}

// shares are the methods that a Sharer has and a Store does not have.
type shares interface {
	Peek(ctx context.Context, key string) (session.Record, error)
	Keep(ctx context.Context, key string, rec session.Record) error
}

var errList = errors.New("list")

// endsSoon says whether a context has a deadline, and waits until it has passed.
func endsSoon(ctx context.Context) bool {
	_, timed := ctx.Deadline()
	if timed {
		<-ctx.Done()
	}
	return timed
}

var listFlaws = []flaw{
	{"an empty store is an error", yielding(func(_ context.Context, seq iter.Seq2[string, error], yield func(string, error) bool) {
		n := 0
		for key, err := range seq {
			n++
			if !yield(key, err) {
				return
			}
		}
		if n == 0 {
			yield("", errList)
		}
	}), claims{
		"a store without records lists none",
	}},
	{"a record is listed twice", yielding(func(_ context.Context, seq iter.Seq2[string, error], yield func(string, error) bool) {
		var first string
		n := 0
		for key, err := range seq {
			if n++; n == 1 {
				first = key
			}
			if n == 550 {
				yield(first, nil)
			}
			if !yield(key, err) {
				return
			}
		}
	}), claims{
		"what others do meanwhile hides no record",
		"every record is listed once",
	}},
	{"a record is listed until it would have ended without a touch", keysOf(func(s session.Lister, c *clock) lister {
		var until sync.Map
		return lister{
			broken: broken{write: func(ctx context.Context, key string, rec session.Record) error {
				until.Store(key, rec.Expires)
				return s.Write(ctx, key, rec)
			}},
			keys: func(ctx context.Context) iter.Seq2[string, error] {
				return func(yield func(string, error) bool) {
					for key, err := range s.Keys(ctx) {
						if at, ok := until.Load(key); ok && !c.Now().Before(at.(time.Time)) {
							continue
						}
						if !yield(key, err) {
							return
						}
					}
				}
			},
		}
	}), claims{
		"a record is listed by whatever way it came",
		"a record that was touched is listed until its new end",
	}},
	{"a thousand are all there are", yielding(func(_ context.Context, seq iter.Seq2[string, error], yield func(string, error) bool) {
		n := 0
		for key, err := range seq {
			if n++; n > 1000 || !yield(key, err) {
				return
			}
		}
	}), claims{
		"what others do meanwhile hides no record",
		"every record is listed once",
	}},
	{"a megabyte is all there is", keysOf(func(s session.Lister, _ *clock) lister {
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
			size := 0
			return only(s, func(key string) bool {
				rec, _ := s.Read(ctx, key)
				size += len(rec.Data)
				return size <= 1<<20
			})(ctx)
		}}
	}), claims{
		"every record is listed once",
	}},
	{"a record without data is passed over", keysOf(func(s session.Lister, _ *clock) lister {
		return lister{keys: only(s, func(key string) bool {
			rec, err := s.Read(context.Background(), key)
			return err != nil || len(rec.Data) > 0
		})}
	}), claims{
		"every record is listed once",
	}},
	{"what was destroyed once is never listed", keysOf(func(s session.Lister, _ *clock) lister {
		var destroyed sync.Map
		l := lister{keys: only(s, func(key string) bool { _, ok := destroyed.Load(key); return !ok })}
		l.destroy = func(ctx context.Context, key string, version uint64) error {
			destroyed.Store(key, true)
			return s.Destroy(ctx, key, version)
		}
		return l
	}), claims{
		"a record is listed by whatever way it came",
		perhaps + "whoever loops may call any method",
	}},
	{"what was kept is not listed", func(c *clock) session.Store {
		s := memory(c)
		var written sync.Map
		l := lister{keys: only(s, func(key string) bool { _, ok := written.Load(key); return ok })}
		l.Tagger = s
		l.write = func(ctx context.Context, key string, rec session.Record) error {
			written.Store(key, true)
			return s.Write(ctx, key, rec)
		}
		return struct {
			lister
			shares
		}{l, s}
	}, claims{
		"a record is listed by whatever way it came",
	}},
	{"the list is that of when it was asked for", keysOf(func(s session.Lister, _ *clock) lister {
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
			then, _ := collect(s.Keys(ctx))
			return only(s, func(key string) bool { return slices.Contains(then, key) })(ctx)
		}}
	}), claims{
		"a loop sees what came before it, whenever Keys was called",
	}},
	{"entries of tags are listed", keysOf(func(s session.Lister, _ *clock) lister {
		var entries sync.Map
		return lister{
			broken: broken{tag: func(ctx context.Context, tag, key string, expires time.Time) error {
				if ctx.Err() == nil {
					entries.Store(key, true)
				}
				return s.(session.Tagger).Tag(ctx, tag, key, expires)
			}},
			keys: func(ctx context.Context) iter.Seq2[string, error] {
				return func(yield func(string, error) bool) {
					for key, err := range s.Keys(ctx) {
						entries.Delete(key)
						if !yield(key, err) {
							return
						}
					}
					entries.Range(func(key, _ any) bool { return yield(key.(string), nil) })
				}
			},
		}
	}), claims{
		"only records are listed",
	}},
	{"a record that is changed while others are listed is passed over", keysOf(func(s session.Lister, _ *clock) lister {
		var mu sync.Mutex
		changed := map[string]bool{}
		return lister{
			broken: broken{write: func(ctx context.Context, key string, rec session.Record) error {
				if rec.Version > 0 {
					mu.Lock()
					changed[key] = true
					mu.Unlock()
				}
				return s.Write(ctx, key, rec)
			}},
			keys: func(ctx context.Context) iter.Seq2[string, error] {
				return func(yield func(string, error) bool) {
					mu.Lock()
					before := maps.Clone(changed)
					mu.Unlock()
					keys, err := collect(s.Keys(ctx))
					slices.Sort(keys)
					for _, key := range keys {
						mu.Lock()
						skip := changed[key] && !before[key]
						mu.Unlock()
						if !skip && !yield(key, ctx.Err()) {
							return
						}
					}
					if err != nil {
						yield("", err)
					}
				}
			},
		}
	}), claims{
		"what others do meanwhile hides no record",
		"a context that ends in the loop is the last thing to come",
	}},
	{"what is destroyed during the loop ends it", keysOf(func(s session.Lister, _ *clock) lister {
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for key, err := range s.Keys(ctx) {
					if !yield(key, err) {
						return
					}
					if _, gone := s.Read(ctx, key); errors.Is(gone, session.ErrNotFound) {
						yield("", errList)
						return
					}
				}
			}
		}}
	}), claims{
		"whoever loops may call any method",
		perhaps + "what others do meanwhile hides no record",
	}},
	{"a loop in a loop takes over", keysOf(func(s session.Lister, _ *clock) lister {
		var latest *int
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				mine := new(int)
				latest = mine
				for key, err := range s.Keys(ctx) {
					if latest != mine || !yield(key, err) {
						return
					}
				}
			}
		}}
	}), claims{
		"loops may be in each other",
	}},
	{"a loop takes one of a hundred connections", keysOf(func(s session.Lister, _ *clock) lister {
		var taken atomic.Int32
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				defer taken.Add(-1)
				if taken.Add(1) > 100 {
					yield("", errList)
					return
				}
				for key, err := range s.Keys(ctx) {
					if !yield(key, err) {
						return
					}
				}
			}
		}}
	}), claims{
		"many loops may stand still at once",
	}},
	{"a list of keys is cut short by its context", keysOf(func(s session.Lister, _ *clock) lister {
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				n := 0
				for key, err := range s.Keys(ctx) {
					if n++; n > 500 && endsSoon(ctx) || !yield(key, err) {
						return
					}
				}
			}
		}}
	}), claims{
		"a context that ends somewhere in a long list leaves out no key in silence",
	}},
	{"another loop goes on where the last was left", keysOf(func(s session.Lister, _ *clock) lister {
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
			keys, err := collect(s.Keys(ctx))
			return func(yield func(string, error) bool) {
				for len(keys) > 0 && ctx.Err() == nil {
					key := keys[0]
					keys = keys[1:]
					if !yield(key, nil) {
						return
					}
				}
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					yield("", err)
				}
			}
		}}
	}), claims{
		"a loop sees what came before it, whenever Keys was called",
		"a loop that is left leaves nothing behind",
	}},
	{"contexts are ignored", keysOf(func(s session.Lister, _ *clock) lister {
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] { return s.Keys(context.WithoutCancel(ctx)) }}
	}), claims{
		"a context that has ended is the only thing to come",
		"a context that ends in the loop is the last thing to come",
	}},
	{"contexts are looked at in the beginning", keysOf(func(s session.Lister, _ *clock) lister {
		return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
			if ctx.Err() != nil {
				return s.Keys(ctx)
			}
			return s.Keys(context.WithoutCancel(ctx))
		}}
	}), claims{
		"a context that ends in the loop is the last thing to come",
	}},
	{"errors of a list have the last key", yielding(func(_ context.Context, seq iter.Seq2[string, error], yield func(string, error) bool) {
		last := ""
		for key, err := range seq {
			if last = cmp.Or(key, last); !yield(key, naming(err, "after "+last)) {
				return
			}
		}
	}), claims{
		"no error of a list gives anything away",
	}},
	{"an error comes with a key", yielding(func(_ context.Context, seq iter.Seq2[string, error], yield func(string, error) bool) {
		last := "none"
		for key, err := range seq {
			if err != nil {
				key = last
			}
			if last = key; !yield(key, err) {
				return
			}
		}
	}), claims{
		"a context that has ended is the only thing to come",
		"a context that ends in the loop is the last thing to come",
	}},
	{"a context that ends is no error", yielding(func(_ context.Context, seq iter.Seq2[string, error], yield func(string, error) bool) {
		for key, err := range seq {
			if err != nil || !yield(key, nil) {
				return
			}
		}
	}), claims{
		perhaps + "a context that ends somewhere in a long list leaves out no key in silence",
		"a context that has ended is the only thing to come",
		"a context that ends in the loop is the last thing to come",
	}},
	{"what was renewed is not listed", func(c *clock) session.Store {
		s := memory(c)
		var renewed sync.Map
		return listingRenewer{
			renewer{s, func(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
				renewed.Store(key, true)
				return renewing(s)(ctx, key, due, until)
			}},
			lister{keys: only(s, func(key string) bool {
				_, gone := renewed.Load(key)
				return !gone
			})},
		}
	}, claims{
		"a record is listed by whatever way it came",
	}},
	{"keys come before the end of a context that has ended", yielding(func(ctx context.Context, seq iter.Seq2[string, error], yield func(string, error) bool) {
		if ctx.Err() != nil && !yield("left over", nil) {
			return
		}
		seq(yield)
	}), claims{
		"a context that has ended is the only thing to come",
	}},
	{"another key comes before the end of a context", yielding(func(ctx context.Context, seq iter.Seq2[string, error], yield func(string, error) bool) {
		alive := ctx.Err() == nil
		for key, err := range seq {
			if err != nil && alive && !yield("left over", nil) || !yield(key, err) {
				return
			}
		}
	}), claims{
		"a context that ends in the loop is the last thing to come",
	}},
	{"keys are listed before the error after close", func(c *clock) session.Store { return closedLister(c, "lists more") }, claims{
		"a lister that was closed fails",
	}},
	{"two errors come after close", func(c *clock) session.Store { return closedLister(c, "lists two errors") }, claims{
		"a lister that was closed fails",
	}},
	{"keys can be listed after close", func(c *clock) session.Store { return closedLister(c, "lists") }, claims{
		"a lister that was closed fails",
	}},
	{"keys are not found after close", func(c *clock) session.Store { return closedLister(c, "not found") }, claims{
		"a lister that was closed fails",
		"a store that can be closed can be closed twice, and fails afterwards",
		"a tagger that was closed fails",
	}},
}

// listingRenewer is a store that renews and lists.
type listingRenewer struct {
	renewer
	lists lister
}

func (l listingRenewer) Keys(ctx context.Context) iter.Seq2[string, error] { return l.lists.keys(ctx) }

// closableLister is a store that can be closed and listed.
type closableLister struct {
	*closing
	lists lister
}

func (c closableLister) Keys(ctx context.Context) iter.Seq2[string, error] { return c.lists.keys(ctx) }

func closedLister(c *clock, flaw string) session.Store {
	s := memory(c)
	closing := &closing{Tagger: s, flaw: flaw}
	return closableLister{closing, lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
		err := closing.err("lists")
		if err == nil || flaw == "lists" {
			return s.Keys(ctx)
		}
		return func(yield func(string, error) bool) {
			if flaw == "lists more" && !yield("left over", nil) || flaw == "lists two errors" && !yield("", err) {
				return
			}
			yield("", err)
		}
	}}}
}

// locking is a store whose loops over keys hold its lock: until they end, or for good if the caller
// leaves them early. Waiting for the lock happens on a channel, so that the fake clock of a test
// notices it.
func locking(c *clock, forGood bool) session.Store {
	s := memory(c)
	lock := make(chan struct{}, 1)
	alone := func(ctx context.Context, do func() (unlock bool)) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case lock <- struct{}{}:
		}
		if do() {
			<-lock
		}
		return nil
	}
	b := broken{Tagger: s}
	b.read = func(ctx context.Context, key string) (rec session.Record, err error) {
		locked := alone(ctx, func() bool { rec, err = s.Read(ctx, key); return true })
		return rec, errors.Join(locked, err)
	}
	b.write = func(ctx context.Context, key string, rec session.Record) (err error) {
		locked := alone(ctx, func() bool { err = s.Write(ctx, key, rec); return true })
		return errors.Join(locked, err)
	}
	b.destroy = func(ctx context.Context, key string, version uint64) (err error) {
		locked := alone(ctx, func() bool { err = s.Destroy(ctx, key, version); return true })
		return errors.Join(locked, err)
	}
	return lister{b, func(ctx context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			if err := alone(ctx, func() bool {
				for key, err := range s.Keys(ctx) {
					if !yield(key, err) {
						return !forGood
					}
				}
				return true
			}); err != nil {
				yield("", err)
			}
		}
	}}
}

func Test_that_nobody_waits_for_long_for_a_lock_that_is_held_while_keys_are_listed(t *testing.T) {
	for _, tc := range []struct {
		desc    string
		forGood bool
		claims  claims
	}{
		{"to the end of the loop", false, claims{
			"many loops may stand still at once",
			"what others do meanwhile hides no record",
			"whoever loops may call any method",
			"loops may be in each other",
		}},
		{"for good where the loop is left", true, claims{
			"many loops may stand still at once",
			"what others do meanwhile hides no record",
			"whoever loops may call any method",
			"loops may be in each other",
			"a loop that is left leaves nothing behind",
		}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failures := failuresOf(t, func() storetest.Harness {
					return harness(func(c *clock) session.Store { return locking(c, tc.forGood) })
				})
				for _, claim := range tc.claims {
					fails(t, failures, claim, "still waiting after 1m0s: is a lock, or a connection, held while keys are listed?")
					delete(failures, claim)
				}
				for _, failure := range failures {
					t.Errorf("fails: %v", failure)
				}
			})
		})
	}
}

func Test_that_a_store_which_lists_too_little_is_not_waited_for(t *testing.T) {
	for _, n := range []int{0, 10} {
		synctest.Test(t, func(t *testing.T) {
			failures := failuresOf(t, func() storetest.Harness {
				return harness(keysOf(func(s session.Lister, _ *clock) lister {
					return lister{keys: func(ctx context.Context) iter.Seq2[string, error] {
						return func(yield func(string, error) bool) {
							keys, _ := collect(s.Keys(ctx))
							for _, key := range keys[:min(len(keys), n)] {
								if !yield(key, nil) {
									return
								}
							}
						}
					}}
				}))
			})
			const claim = "what others do meanwhile hides no record"
			if failures[claim] == nil {
				t.Errorf("%d keys: passes: %s", n, claim)
			}
		})
	}
}
