package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"
)

// listing is everything that one loop over the keys of a store yields.
type listing struct {
	keys []string
	errs []error
	last string // the key that came with the last error
}

// list loops to the end, or until stop returns true. Stop may be nil.
func (s subject) list(ctx context.Context, stop func(key string) bool) listing {
	return loop(s.lister.Keys(ctx), stop)
}

func loop(seq iter.Seq2[string, error], stop func(key string) bool) listing {
	var l listing
	for key, err := range seq {
		if err != nil {
			l.errs, l.last = append(l.errs, err), key
			continue
		}
		l.keys = append(l.keys, key)
		if stop != nil && stop(key) {
			break
		}
	}
	return l
}

// keeps reports what is wrong unless the loop has yielded each of these keys once, no other keys
// except those in others, and no error.
func (l listing) keeps(keys []string, others ...string) error {
	if err := errors.Join(l.errs...); err != nil {
		return fmt.Errorf("got error %w; want keys", err)
	}
	known := slices.DeleteFunc(slices.Clone(l.keys), func(key string) bool { return slices.Contains(others, key) })
	return step("keys", sameKeys(known, keys))
}

// ended reports what is wrong unless the loop has ended with this error, without a key before it.
func (l listing) ended(end error) error {
	switch {
	case len(l.keys) > 0:
		return fmt.Errorf("got %d keys more; want none", len(l.keys))
	case len(l.errs) != 1:
		return fmt.Errorf("got %d errors; want one at the end", len(l.errs))
	case l.last != "":
		return errors.New("got an error with a key; want it with none")
	}
	return want(l.errs[0], end)
}

// beside does something while keys are being listed, or just afterwards, and returns a function
// that waits for it. If the store holds a lock, that could take forever, so after a minute it is an
// error. A loop that gets the error ends, which as a rule releases the lock.
func beside(do func() error) (wait func() error) {
	return patiently(time.Minute, "is a lock, or a connection, held while keys are listed?", do)
}

// listCases are for the rules of session.Lister.
var listCases = []storeCase{
	{23, "a store without records lists none", func(ctx context.Context, s subject) error {
		return s.list(ctx, nil).keeps(nil)
	}},
	{23, "every record is listed once", func(ctx context.Context, s subject) error {
		// More than storage returns in one piece: a thousand, or a megabyte.
		all, data := keys(1100), large(min(s.most(), 2000))
		return errors.Join(
			spread(all, func(key string) error { return s.Write(ctx, key, s.record(0, data)) }),
			s.Touch(ctx, all[0], s.in(2*time.Hour)),
			s.Write(ctx, all[1], s.record(1, "two")),
			s.Write(ctx, all[2], s.record(1, "")),
			s.list(ctx, nil).keeps(all),
		)
	}},
	{23, "a record that was touched is listed until its new end", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.create(ctx, a, b),
			s.Touch(ctx, a, s.in(3*time.Hour)),
		)
		s.Advance(2 * time.Hour)
		return errors.Join(err, s.list(ctx, nil).keeps([]string{a}, b))
	}},
	{23, "a record is listed by whatever way it came", func(ctx context.Context, s subject) error {
		err := errors.Join(s.create(ctx, a, b, c), s.Destroy(ctx, b, 0))
		all := []string{a, c}
		if s.sharer != nil {
			err = errors.Join(err, step("keep", s.sharer.Keep(ctx, k, s.expiring(0, "one", 3*time.Hour))))
			all = append(all, k)
		}
		if s.renewer != nil {
			err = errors.Join(err, step("renew", second(s.renew(ctx, c, 2*time.Hour, 3*time.Hour))))
		} else {
			err = errors.Join(err, s.Touch(ctx, c, s.in(3*time.Hour)))
		}
		s.Advance(time.Hour + past)
		err = errors.Join(err, s.Write(ctx, a, s.record(0, "expired before")))
		if s.Write(ctx, b, s.record(0, "destroyed before")) != nil {
			return errors.Join(err, s.list(ctx, nil).keeps(all, b)) // a store may refuse to create b again
		}
		return errors.Join(err, s.list(ctx, nil).keeps(append(all, b)))
	}},
	{23, "a loop sees what came before it, whenever Keys was called", func(ctx context.Context, s subject) error {
		seq := s.lister.Keys(ctx)
		return errors.Join(
			s.create(ctx, a),
			step("first loop", loop(seq, nil).keeps([]string{a})),
			s.create(ctx, b),
			step("second loop", loop(seq, nil).keeps([]string{a, b})),
			step("another list", s.list(ctx, nil).keeps([]string{a, b})),
		)
	}},
	{23, "only records are listed", func(ctx context.Context, s subject) error {
		err := s.create(ctx, a, b)
		if s.tags != nil {
			err = errors.Join(err,
				s.add(ctx, user, a, c),
				s.add(ctx, other, other),
				step("revoke", second(s.tags.Revoke(ctx, user))),
			)
		}
		return errors.Join(err, s.list(ctx, nil).keeps([]string{a, b}))
	}},
	{23, "what others do meanwhile hides no record", func(ctx context.Context, s subject) error {
		all := keys(1300) // as in the case before: more than storage returns in one piece
		stay, leave, come := all[:1200], all[1200:1250], all[1250:]
		err := s.create(ctx, all[:1250]...)
		others := func() error { return nil } // starts at the first key
		n := 0
		l := s.list(ctx, func(string) bool {
			switch n++; n {
			case 1:
				others = beside(func() error {
					var err error
					for i := range 50 {
						err = errors.Join(err,
							s.Destroy(ctx, leave[i], 0),
							s.Write(ctx, come[i], s.record(0, "one")),
							s.Write(ctx, stay[i], s.record(1, "two")),
							s.Touch(ctx, stay[1199-i], s.in(2*time.Hour)),
						)
					}
					return err
				})
			case 20:
				return others() != nil // finishes in the middle of the loop
			}
			return false
		})
		return errors.Join(err, others(), l.keeps(stay, all[1200:]...))
	}},
	{24, "whoever loops may call any method", func(ctx context.Context, s subject) error {
		all := keys(100)
		err := s.create(ctx, all...)
		l := s.list(ctx, func(key string) bool {
			called := beside(func() error {
				return errors.Join(
					step("read", second(s.Read(ctx, key))),
					s.Write(ctx, key, s.record(1, "two")),
					s.Touch(ctx, key, s.in(2*time.Hour)),
					s.Destroy(ctx, key, 2),
					step("destroy another", s.Destroy(ctx, other, 0)),
				)
			})
			err = errors.Join(err, called())
			return err != nil
		})
		return errors.Join(err, l.keeps(all))
	}},
	{24, "loops may be in each other", func(ctx context.Context, s subject) error {
		err := s.create(ctx, a, b)
		l := s.list(ctx, func(string) bool {
			inner := beside(func() error { return s.list(ctx, nil).keeps([]string{a, b}) })
			err = errors.Join(err, step("inner", inner()))
			return err != nil
		})
		return errors.Join(err, l.keeps([]string{a, b}))
	}},
	{24, "many loops may stand still at once", func(ctx context.Context, s subject) error {
		err := s.create(ctx, a, b)
		var within func(loops int) error
		within = func(loops int) error {
			if loops == 0 {
				return second(s.Read(ctx, a))
			}
			for _, err := range s.lister.Keys(ctx) {
				if err != nil {
					return err
				}
				return within(loops - 1)
			}
			return errors.New("a loop ends at once")
		}
		return errors.Join(err, beside(func() error { return within(manyConnections) })())
	}},
	{25, "a context that ends somewhere in a long list leaves out no key in silence", func(ctx context.Context, s subject) error {
		all := keys(1100)
		err := s.create(ctx, all...)
		return errors.Join(err, cutShort(ctx, func(ctx context.Context) (int, error) {
			l := s.list(ctx, nil)
			return len(l.keys), errors.Join(l.errs...)
		}))
	}},
	{25, "a loop that is left leaves nothing behind", func(ctx context.Context, s subject) error {
		err := s.create(ctx, a, b, c)
		left := beside(func() error {
			seq := s.lister.Keys(ctx)
			for range manyConnections {
				for range seq {
					break
				}
			}
			return errors.Join(loop(seq, nil).keeps([]string{a, b, c}), s.Destroy(ctx, a, 1))
		})
		return errors.Join(err, left())
	}},
	{25, "a context that has ended is the only thing to come", func(ctx context.Context, s subject) error {
		var err error
		for end, dead := range dead(ctx) {
			err = errors.Join(err, step("without records", s.list(dead, nil).ended(end)))
		}
		err = errors.Join(err, s.create(ctx, a, b))
		for end, dead := range dead(ctx) {
			err = errors.Join(err, step("with records", s.list(dead, nil).ended(end)))
		}
		return err
	}},
	{25, "a context that ends in the loop is the last thing to come", func(ctx context.Context, s subject) error {
		err := s.create(ctx, a, b, c)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		l := s.list(ctx, func(string) bool { cancel(); return false })
		if len(l.keys) != 1 {
			return errors.Join(err, fmt.Errorf("got %d keys; want one, and then the error", len(l.keys)))
		}
		l.keys = nil
		return errors.Join(err, l.ended(context.Canceled))
	}},
	{11, "no error of a list gives anything away", func(ctx context.Context, s subject) error {
		err := s.create(ctx, a, b, c)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		l := s.list(ctx, func(string) bool { cancel(); return false })
		return errors.Join(err, silent(errors.Join(l.errs...), a, b, c))
	}},
	{19, "a lister that was closed fails", func(ctx context.Context, s subject) error {
		closer, ok := s.Harness.Store.(io.Closer)
		if !ok {
			return nil
		}
		err := errors.Join(s.create(ctx, a), step("close", closer.Close()))
		l := s.list(ctx, nil)
		if len(l.keys) != 0 || len(l.errs) != 1 {
			return errors.Join(err, fmt.Errorf("got %d keys and %d errors; want one error", len(l.keys), len(l.errs)))
		}
		return errors.Join(err, fails(l.errs[0]))
	}},
}
