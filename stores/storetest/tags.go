package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// add gives the tag to these keys for an hour.
func (s subject) add(ctx context.Context, tag string, keys ...string) error {
	var err error
	for _, key := range keys {
		err = errors.Join(err, step("tag", s.tags.Tag(ctx, tag, key, s.in(time.Hour))))
	}
	return err
}

// tagCases are for the rules of session.Tagger.
var tagCases = []storeCase{
	{12, "an entry that was added is found", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, a),
			s.lists(ctx, user, a),
			s.marked(ctx, user),
			s.add(ctx, user, b, c),
			s.lists(ctx, user, a, b, c),
			s.marked(ctx, user),
		)
	}},
	{12, "many entries are found", func(ctx context.Context, s subject) error {
		all := keys(600) // more than some storage returns in one piece; other storage returns a megabyte
		return errors.Join(
			spread(all, func(key string) error { return s.add(ctx, user, key) }),
			s.lists(ctx, user, all...),
			s.revokes(ctx, user, nil, all...),
			s.marked(ctx, user, all...),
			s.tags.Untag(ctx, user, all...),
			s.lists(ctx, user),
		)
	}},
	{10, "a context that ends somewhere in a long list of entries leaves out none in silence", func(ctx context.Context, s subject) error {
		all := keys(600)
		return errors.Join(
			spread(all, func(key string) error { return s.add(ctx, user, key) }),
			step("tagged", cutShort(ctx, func(ctx context.Context) (int, error) {
				entries, err := s.tags.Tagged(ctx, user)
				return len(entries), err
			})),
			step("revoke", cutShort(ctx, func(ctx context.Context) (int, error) {
				marked, err := s.tags.Revoke(ctx, user)
				return len(marked), err
			})),
		)
	}},
	{12, "an entry may be added before the record that it names", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, k),
			s.gone(ctx, k),
			s.lists(ctx, user, k),
			s.Write(ctx, k, s.record(0, "one")),
			s.holds(ctx, k, "one", 1),
			s.lists(ctx, user, k),
		)
	}},
	{12, "tag moves the expiry away", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.add(ctx, user, a),
			s.tags.Tag(ctx, user, a, s.in(3*time.Hour)),
		)
		s.Advance(2 * time.Hour)
		err = errors.Join(err, s.lists(ctx, user, a))
		s.Advance(time.Hour + past)
		return errors.Join(err, s.lists(ctx, user))
	}},
	{12, "tag moves the expiry closer", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.add(ctx, user, a),
			s.tags.Tag(ctx, user, a, s.in(10*time.Minute)),
		)
		s.Advance(10*time.Minute + past)
		return errors.Join(err, s.lists(ctx, user))
	}},
	{13, "an entry that was added twice is listed once", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, a, b, a),
			s.tags.Tag(ctx, user, a, s.in(2*time.Hour)),
			s.lists(ctx, user, a, b),
		)
	}},
	{13, "a tag that nobody has used has no entries", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.lists(ctx, user),
			s.revokes(ctx, user, nil),
			s.lists(ctx, user),
		)
	}},
	{13, "tags do not mix", func(ctx context.Context, s subject) error {
		similar := oneDigitApart()
		one, two, three := similar[0], similar[1], similar[len(similar)-1]
		return errors.Join(
			s.add(ctx, one, a, b),
			s.add(ctx, two, b, c),
			s.add(ctx, three, a),
			s.revokes(ctx, one, nil, a, b),
			s.tags.Untag(ctx, three, a),
			s.lists(ctx, one, a, b),
			s.marked(ctx, one, a, b),
			s.lists(ctx, two, b, c),
			s.marked(ctx, two),
			s.lists(ctx, three),
		)
	}},
	{13, "a tag and a key that are the same do not mix", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.add(ctx, k, k),
			s.holds(ctx, k, "one", 1),
			s.lists(ctx, k, k),
			s.Destroy(ctx, k, 0),
			s.lists(ctx, k, k),
		)
	}},
	{14, "untag removes these entries and no others", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, a, b, c),
			s.tags.Untag(ctx, user, a, c),
			s.lists(ctx, user, b),
			s.revokes(ctx, user, nil, b),
			s.tags.Untag(ctx, user, b),
			s.lists(ctx, user),
			s.revokes(ctx, user, nil),
		)
	}},
	{14, "untagging what is missing is no error", func(ctx context.Context, s subject) error {
		return errors.Join(
			step("no such tag", s.tags.Untag(ctx, user, a)),
			s.add(ctx, user, a),
			step("no such entry", s.tags.Untag(ctx, user, b, c)),
			step("no key", s.tags.Untag(ctx, user)),
			s.lists(ctx, user, a),
			step("one of two", s.tags.Untag(ctx, user, b, a)),
			s.lists(ctx, user),
		)
	}},
	{14, "the keys that are given to untag and revoke stay as they were", func(ctx context.Context, s subject) error {
		sorted := slices.Sorted(slices.Values(keys(3)))
		given := []string{sorted[2], sorted[0], sorted[1]}
		before := slices.Clone(given)
		err := errors.Join(
			s.add(ctx, user, given...),
			step("revoke", second(s.tags.Revoke(ctx, user, given...))),
			step("untag", s.tags.Untag(ctx, user, given...)),
		)
		if !slices.Equal(given, before) {
			err = errors.Join(err, errors.New("the caller's keys have changed"))
		}
		return err
	}},
	{14, "untag does nothing to a record", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.add(ctx, user, k),
			s.tags.Untag(ctx, user, k),
			s.holds(ctx, k, "one", 1),
		)
	}},
	{14, "what is untagged at the time of a revoke stays away", untagsMeanwhile},
	{15, "revoke marks all entries and returns their keys", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, a, s.record(0, "one")),
			s.add(ctx, user, a, b, c),
			s.revokes(ctx, user, nil, a, b, c),
			s.lists(ctx, user, a, b, c),
			s.marked(ctx, user, a, b, c),
			s.holds(ctx, a, "one", 1), // destroying it is up to the caller
		)
	}},
	{15, "revoke leaves the excepted entries alone", func(ctx context.Context, s subject) error {
		many := keys(25)
		return errors.Join(
			s.add(ctx, user, a, b, c),
			s.revokes(ctx, user, []string{b, other}, a, c),
			s.lists(ctx, user, a, b, c),
			s.marked(ctx, user, a, c),
			s.revokes(ctx, user, []string{b}, a, c),
			s.revokes(ctx, user, nil, a, b, c),
			s.add(ctx, other, many...),
			step("all but 20", s.revokes(ctx, other, many[:20], many[20:]...)),
			s.add(ctx, k, a, b),
			step("none", s.revokes(ctx, k, []string{a, b})),
		)
	}},
	{15, "revoke returns those again that were marked before", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, a),
			s.revokes(ctx, user, nil, a),
			s.revokes(ctx, user, nil, a),
			s.add(ctx, user, b),
			s.revokes(ctx, user, nil, a, b),
		)
	}},
	{15, "to be excepted helps no entry that was marked before", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, a, b),
			s.revokes(ctx, user, []string{b}, a),
			s.revokes(ctx, user, []string{a, b}, a),
			s.marked(ctx, user, a),
		)
	}},
	{15, "an entry that is added after a revoke is not marked", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, a),
			s.revokes(ctx, user, nil, a),
			s.add(ctx, user, b),
			s.lists(ctx, user, a, b),
			s.marked(ctx, user, a),
		)
	}},
	{15, "a tag for a marked entry changes nothing", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.add(ctx, user, a, b, c),
			s.revokes(ctx, user, nil, a, b, c),
			step("the same expiry", s.add(ctx, user, a)),
			step("a later expiry", s.tags.Tag(ctx, user, b, s.in(3*time.Hour))),
			step("an earlier expiry", s.tags.Tag(ctx, user, c, s.in(10*time.Minute))),
			step("a past expiry", s.tags.Tag(ctx, user, a, s.in(-past))),
			step("a zero time", s.tags.Tag(ctx, user, b, time.Time{})),
			s.marked(ctx, user, a, b, c),
			s.lists(ctx, user, a, b, c),
		)
		s.Advance(30 * time.Minute)
		err = errors.Join(err, step("half an hour later", s.marked(ctx, user, a, b, c)))
		s.Advance(30*time.Minute + past)
		return errors.Join(err, step("at their expiry", s.lists(ctx, user)))
	}},
	{15, "an entry that was untagged comes back without a mark", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, a),
			s.revokes(ctx, user, nil, a),
			s.tags.Untag(ctx, user, a),
			s.revokes(ctx, user, nil),
			s.add(ctx, user, a),
			s.lists(ctx, user, a),
			s.marked(ctx, user),
		)
	}},
	{15, "a tag at the time of a revoke takes no mark off", tagsAgain},
	{16, "no entry slips through a revoke unmarked", slipsThrough},
	{8, "entries that are added and removed at the same time do not get lost", tagStorm},
	{17, "an entry lives until just before its expiry", func(ctx context.Context, s subject) error {
		err := s.add(ctx, user, a)
		s.Advance(time.Hour - time.Minute) // a slow store may take a while for all this
		err = errors.Join(err, s.lists(ctx, user, a), s.revokes(ctx, user, nil, a))
		return errors.Join(err, promptly(func(round int) error {
			tag, zone := tag(fmt.Sprint(round)), zones[round%len(zones)]
			err := s.tags.Tag(ctx, tag, a, s.in(time.Hour).In(zone))
			s.Advance(time.Hour - 2*time.Second)
			return step("two seconds before", errors.Join(err, s.lists(ctx, tag, a)))
		}))
	}},
	{17, "an expired entry is not listed", expiredEntries(func(ctx context.Context, s subject) error {
		return s.lists(ctx, user, c)
	})},
	{17, "an expired entry is not revoked", expiredEntries(func(ctx context.Context, s subject) error {
		return errors.Join(
			s.revokes(ctx, user, nil, c),
			s.lists(ctx, user, c),
		)
	})},
	{17, "untagging an expired entry is no error", expiredEntries(func(ctx context.Context, s subject) error {
		return errors.Join(
			s.tags.Untag(ctx, user, a, b),
			s.lists(ctx, user, c),
		)
	})},
	{17, "tag over an expired entry adds one without a mark", expiredEntries(func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, a, b),
			s.lists(ctx, user, a, b, c),
			s.marked(ctx, user),
		)
	})},
	{17, "an entry that is added with an expiry in the past is gone at once", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.add(ctx, user, c),
			s.tags.Tag(ctx, user, a, s.in(-past)),
			s.tags.Tag(ctx, user, b, time.Time{}),
			s.tags.Tag(ctx, user, c, time.Time{}),
			s.lists(ctx, user),
			s.revokes(ctx, user, nil),
		)
	}},
	{17, "no entry ends with another one of the tag", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.tags.Tag(ctx, user, a, s.in(3*time.Hour)),
			s.add(ctx, user, b),
			s.tags.Tag(ctx, other, a, s.in(3*time.Hour)),
			s.tags.Tag(ctx, other, b, s.in(-past)),
			step("one in the past", s.lists(ctx, other, a)),
		)
		s.Advance(time.Hour + past)
		return errors.Join(err, s.lists(ctx, user, a))
	}},
	{17, "a record and its entry have each an expiry of their own", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.Write(ctx, a, s.record(0, "one")),
			s.add(ctx, user, a, b),
			s.revokes(ctx, user, nil, a, b),
			s.Write(ctx, a, s.record(1, "a mark is not for records")),
			s.Touch(ctx, a, s.in(3*time.Hour)),
			s.Write(ctx, b, s.record(0, "one")),
			s.add(ctx, other, a),
			s.Touch(ctx, a, s.in(3*time.Hour)),
			s.tags.Tag(ctx, other, b, s.in(3*time.Hour)),
			s.Touch(ctx, b, s.in(time.Hour)),
		)
		s.Advance(time.Hour + past)
		return errors.Join(err, s.lists(ctx, user), s.lists(ctx, other, b), step("read", second(s.Read(ctx, a))))
	}},
	{17, "an entry outlives its record", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.add(ctx, user, a, b),
			s.Write(ctx, a, s.record(0, "one")),
			s.Write(ctx, b, s.expiring(0, "one", time.Minute)),
			s.Destroy(ctx, a, 0),
			step("destroyed", s.lists(ctx, user, a, b)),
		)
		s.Advance(time.Minute + past)
		return errors.Join(err,
			s.gone(ctx, b),
			step("expired", s.lists(ctx, user, a, b)),
			s.revokes(ctx, user, nil, a, b),
		)
	}},
	{10, "a context that has ended ends every method of a tagger and changes nothing", func(ctx context.Context, s subject) error {
		err := s.add(ctx, user, a)
		for end, dead := range dead(ctx) {
			err = errors.Join(err,
				step("tag", want(s.tags.Tag(dead, user, b, s.in(time.Hour)), end)),
				step("untag", want(s.tags.Untag(dead, user, a), end)),
				step("tagged", want(second(s.tags.Tagged(dead, user)), end)),
				step("revoke", want(second(s.tags.Revoke(dead, user)), end)),
			)
		}
		return errors.Join(err, s.lists(ctx, user, a), s.marked(ctx, user))
	}},
	{11, "no error of a tagger gives anything away", func(ctx context.Context, s subject) error {
		err := s.add(ctx, user, a)
		for _, dead := range dead(ctx) {
			err = errors.Join(err,
				silent(s.tags.Tag(dead, user, a, s.in(time.Hour)), user, a),
				silent(s.tags.Untag(dead, user, a), user, a),
				silent(second(s.tags.Tagged(dead, user)), user),
				silent(second(s.tags.Revoke(dead, user, a)), user, a),
			)
		}
		return err
	}},
	{19, "a tagger that was closed fails", func(ctx context.Context, s subject) error {
		closer, ok := s.Harness.Store.(io.Closer)
		if !ok {
			return nil
		}
		err := errors.Join(s.add(ctx, user, a), closer.Close())
		return errors.Join(err,
			step("tag", fails(s.tags.Tag(ctx, user, b, s.in(time.Hour)), user, b)),
			step("untag", fails(s.tags.Untag(ctx, user, a), user, a)),
			step("tagged", fails(second(s.tags.Tagged(ctx, user)), user)),
			step("revoke", fails(second(s.tags.Revoke(ctx, user)), user)),
		)
	}},
}

// expiredEntries runs a case after the entries of a and b have expired, that of a with a mark. The
// entry of c lives on.
func expiredEntries(run func(context.Context, subject) error) func(context.Context, subject) error {
	return func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.add(ctx, user, a),
			s.revokes(ctx, user, nil, a),
			s.add(ctx, user, b),
			s.tags.Tag(ctx, user, c, s.in(3*time.Hour)),
		)
		s.Advance(time.Hour + past)
		return errors.Join(err, run(ctx, s))
	}
}

// slipsThrough adds entries while others are revoked, some of them certainly after the revoke
// began. If an entry has no mark at the end, it was added after the last mark, so a list that was
// read after it had been added must show all marks.
func slipsThrough(ctx context.Context, s subject) error {
	for round := range 4 {
		if err := step(fmt.Sprintf("round %d", round), s.slipsThrough(ctx, tag(fmt.Sprint(round)))); err != nil {
			return err
		}
	}
	return nil
}

func (s subject) slipsThrough(ctx context.Context, tag string) error {
	type addition struct {
		key  string
		seen []string // the marked entries in a list read after it was added
	}
	const adders, most = 3, 16
	if err := spread(keys(300), func(key string) error { return s.add(ctx, tag, key) }); err != nil { // enough to take a while
		return err
	}
	var (
		added [adders][]addition
		marks []string
		begun = make(chan struct{})
		done  atomic.Bool
	)
	err := together(1+adders, func(worker int) error {
		if worker == adders {
			var err error
			close(begun)
			marks, err = s.tags.Revoke(ctx, tag)
			done.Store(true)
			return err
		}
		for i := 0; i < most && !done.Load(); i++ {
			if i == most/2 {
				<-begun
			}
			key := key(fmt.Sprint("adder ", worker, i))
			if err := s.add(ctx, tag, key); err != nil {
				return err
			}
			entries, err := s.tags.Tagged(ctx, tag)
			if err != nil {
				return err
			}
			added[worker] = append(added[worker], addition{key, revoked(entries)})
		}
		return nil
	})
	if err := errors.Join(err, s.marked(ctx, tag, marks...)); err != nil {
		return err
	}
	for _, addition := range slices.Concat(added[:]...) {
		if slices.Contains(marks, addition.key) {
			continue
		}
		if err := sameKeys(addition.seen, marks); err != nil {
			return step("marked after an entry without a mark", err)
		}
	}
	return nil
}

// tagsAgain tags what has the tag already while it is being revoked: in the end, each entry exists
// and is marked.
func tagsAgain(ctx context.Context, s subject) error {
	for round := range 5 {
		tag, all := tag(fmt.Sprint(round)), keys(20)
		if err := s.add(ctx, tag, all...); err != nil {
			return err
		}
		var done atomic.Bool
		err := together(4, func(worker int) error {
			if worker == 0 {
				defer done.Store(true)
				return s.revokes(ctx, tag, nil, all...)
			}
			for i := 0; !done.Load(); i++ {
				if err := s.add(ctx, tag, all[i%len(all)]); err != nil {
					return err
				}
				runtime.Gosched() // in case all share one processor
			}
			return nil
		})
		if err := errors.Join(err, s.marked(ctx, tag, all...)); err != nil {
			return err
		}
	}
	return nil
}

// untagsMeanwhile removes all entries of a tag while it is being revoked. Whichever comes first,
// none is left in the end.
func untagsMeanwhile(ctx context.Context, s subject) error {
	for round := range 5 {
		tag, all := tag(fmt.Sprint(round)), keys(20)
		if err := s.add(ctx, tag, all...); err != nil {
			return err
		}
		err := together(2, func(worker int) error {
			if worker == 0 {
				return step("revoke", second(s.tags.Revoke(ctx, tag)))
			}
			runtime.Gosched() // let the revoke begin
			return step("untag", s.tags.Untag(ctx, tag, all...))
		})
		if err := errors.Join(err, s.lists(ctx, tag)); err != nil {
			return err
		}
	}
	return nil
}

func tagStorm(ctx context.Context, s subject) error {
	const each = 10
	var stay []string
	for worker := range workers {
		for i := 1; i < each; i += 2 {
			stay = append(stay, key(fmt.Sprint(worker, i)))
		}
	}
	err := together(workers, func(worker int) error {
		for i := range each {
			key := key(fmt.Sprint(worker, i))
			if err := s.add(ctx, user, key); err != nil {
				return err
			}
			if i%2 == 1 {
				continue
			}
			if err := s.tags.Untag(ctx, user, key); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, s.lists(ctx, user, stay...))
}
