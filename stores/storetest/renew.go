package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/echo-hypermedia/session"
)

// renew calls Renew, with due and until relative to now.
func (s subject) renew(ctx context.Context, key string, due, until time.Duration) (session.Record, error) {
	return s.renewer.Renew(ctx, key, s.in(due), s.in(until))
}

// renewCases are for a Renewer. All their records expire in an hour.
var renewCases = []storeCase{
	{28, "renew answers as read does", func(ctx context.Context, s subject) error {
		err := errors.Join(
			step("missing", want(second(s.renew(ctx, k, time.Hour, 2*time.Hour)), session.ErrNotFound)),
			s.gone(ctx, k),
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.record(1, "two")),
		)
		rec, renewErr := s.renew(ctx, k, time.Minute, 2*time.Hour)
		err = errors.Join(err, renewErr, same(rec, "two", 2), s.near(rec.Expires, time.Hour))
		for end, dead := range dead(ctx) {
			err = errors.Join(err, want(second(s.renew(dead, k, time.Hour, 2*time.Hour)), end))
		}
		s.Advance(time.Hour + past)
		return errors.Join(err,
			step("expired", want(second(s.renew(ctx, k, time.Hour, 2*time.Hour)), session.ErrNotFound)),
			s.gone(ctx, k),
		)
	}},
	{28, "renew leaves a record alone that is not due", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			second(s.renew(ctx, k, time.Hour-past, 2*time.Hour)),
			s.expiresIn(ctx, k, time.Hour),
		)
		s.Advance(time.Hour + past)
		return errors.Join(err, s.gone(ctx, k))
	}},
	{28, "renew moves the expiry of a record that is due, and changes nothing else", func(ctx context.Context, s subject) error {
		err := errors.Join(s.Write(ctx, k, s.record(0, "one")), s.Write(ctx, other, s.record(0, "six")))
		rec, renewErr := s.renew(ctx, k, time.Hour+past, 2*time.Hour)
		err = errors.Join(err, renewErr,
			same(rec, "one", 1),
			s.near(rec.Expires, 2*time.Hour),
			s.expiresIn(ctx, k, 2*time.Hour),
			s.expiresIn(ctx, other, time.Hour),
		)
		copy(rec.Data, "XXX") // the store has its own copy
		s.Advance(time.Hour + past)
		err = errors.Join(err, s.holds(ctx, k, "one", 1), s.gone(ctx, other))
		s.Advance(time.Hour)
		return errors.Join(err, s.gone(ctx, k))
	}},
	{28, "renew moves the expiry again and again, and closer, too", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		for _, until := range []time.Duration{2 * time.Hour, 3 * time.Hour, 10 * time.Minute, time.Hour} {
			rec, renewErr := s.renew(ctx, k, 4*time.Hour, until)
			err = errors.Join(err, renewErr, same(rec, "one", 1), s.near(rec.Expires, until), s.expiresIn(ctx, k, until))
		}
		return err
	}},
}

// byRenew runs cases with Renew in place of Read, such that nothing is due, and in place of Touch,
// such that everything is.
func byRenew(cases []storeCase) []storeCase {
	return by("renew", cases, func(s subject) session.Store { return renewing{s.Store, s} })
}

// renewing reads and touches by Renew.
type renewing struct {
	session.Store
	subject subject
}

func (r renewing) Read(ctx context.Context, key string) (session.Record, error) {
	return r.subject.renew(ctx, key, -past, -past)
}

func (r renewing) Touch(ctx context.Context, key string, expires time.Time) error {
	const longest = 100 * 365 * 24 * time.Hour // no record of the suite lives that long
	_, err := r.subject.renewer.Renew(ctx, key, r.subject.in(longest), expires)
	return err
}
