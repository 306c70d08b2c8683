package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/echo-hypermedia/session"
)

// shareCases are for a Sharer.
var shareCases = []storeCase{
	{26, "peek answers as read does", func(ctx context.Context, s subject) error {
		err := errors.Join(
			step("missing", want(second(s.sharer.Peek(ctx, k)), session.ErrNotFound)),
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.record(1, "two")),
		)
		rec, peekErr := s.sharer.Peek(ctx, k)
		err = errors.Join(err, peekErr, same(rec, "two", 2), s.near(rec.Expires, time.Hour))
		for end, dead := range dead(ctx) {
			err = errors.Join(err, want(second(s.sharer.Peek(dead, k)), end))
		}
		s.Advance(time.Hour + past)
		return errors.Join(err, step("expired", want(second(s.sharer.Peek(ctx, k)), session.ErrNotFound)))
	}},
	{26, "what a peek has given out stays as it was", eitherWay(func(ctx context.Context, s subject, k, other string, write writer) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		before, peekErr := s.sharer.Peek(ctx, k)
		return errors.Join(err, peekErr,
			write(ctx, k, s.record(1, "two")),
			same(before, "one", 1),
			s.Destroy(ctx, k, 0),
			write(ctx, other, s.record(0, "six")),
			same(before, "one", 1),
		)
	})},
	{27, "keep creates and replaces as write does", func(ctx context.Context, s subject) error {
		err := errors.Join(
			step("create", s.sharer.Keep(ctx, k, s.record(0, "one"))),
			step("replace", s.sharer.Keep(ctx, k, s.record(1, "two"))),
			s.holds(ctx, k, "two", 2),
			step("again", want(s.sharer.Keep(ctx, k, s.record(0, "six")), session.ErrConflict)),
			step("old version", want(s.sharer.Keep(ctx, k, s.record(1, "six")), session.ErrConflict)),
			step("no record", want(s.sharer.Keep(ctx, other, s.record(1, "six")), session.ErrNotFound)),
			s.holds(ctx, k, "two", 2),
			s.gone(ctx, other),
		)
		for end, dead := range dead(ctx) {
			err = errors.Join(err, want(s.sharer.Keep(dead, k, s.record(2, "six")), end))
		}
		s.Advance(time.Hour + past)
		return errors.Join(err, s.gone(ctx, k))
	}},
	{27, "the store does not change what it keeps", eitherWay(func(ctx context.Context, s subject, k, other string, write writer) error {
		rec := s.record(0, "one")
		err := errors.Join(
			s.sharer.Keep(ctx, k, rec),
			write(ctx, k, s.record(1, "two")),
			s.Destroy(ctx, k, 0),
			write(ctx, other, s.record(0, "six")),
		)
		if got := string(rec.Data); got != "one" {
			err = errors.Join(err, fmt.Errorf("the data has become %q; want it as it was", got))
		}
		return err
	})},
}

// writer is Write or Keep.
type writer func(ctx context.Context, key string, rec session.Record) error

// eitherWay runs a case with Write and with Keep, each with two unused keys.
func eitherWay(run func(ctx context.Context, s subject, k, other string, write writer) error) func(context.Context, subject) error {
	return func(ctx context.Context, s subject) error {
		return errors.Join(
			step("by write", run(ctx, s, key("written"), key("written beside"), s.Write)),
			step("by keep", run(ctx, s, key("kept"), key("kept beside"), s.sharer.Keep)),
		)
	}
}

// byShare runs cases with Peek and Keep in place of Read and Write, as the library calls them. It
// leaves out rule 9: these two may share the data that they return and keep.
func byShare(cases []storeCase) []storeCase {
	cases = slices.DeleteFunc(slices.Clone(cases), func(c storeCase) bool { return c.rule == 9 })
	return by("peek and keep", cases, func(s subject) session.Store { return sharing{s.Store, s.sharer} })
}

// by runs cases against a variant of the store that does something in another way.
func by(way string, cases []storeCase, store func(s subject) session.Store) []storeCase {
	all := make([]storeCase, len(cases))
	for i, c := range cases {
		all[i] = storeCase{c.rule, "by " + way + ": " + c.claim, func(ctx context.Context, s subject) error {
			s.Store = store(s)
			return c.run(ctx, s)
		}}
	}
	return all
}

// sharing reads by Peek and writes by Keep.
type sharing struct {
	session.Store
	sharer session.Sharer
}

func (s sharing) Read(ctx context.Context, key string) (session.Record, error) {
	return s.sharer.Peek(ctx, key)
}

func (s sharing) Write(ctx context.Context, key string, rec session.Record) error {
	return s.sharer.Keep(ctx, key, rec)
}
