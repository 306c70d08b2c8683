package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/echo-hypermedia/session"
)

// peekCases are for a Peeker.
var peekCases = []storeCase{
	{26, "peek answers as read does", func(ctx context.Context, s subject) error {
		_, missing := s.peeker.Peek(ctx, k)
		err := errors.Join(
			step("missing", want(missing, session.ErrNotFound)),
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.record(1, "two")),
		)
		rec, peekErr := s.peeker.Peek(ctx, k)
		err = errors.Join(err, peekErr, same(rec, "two", 2), s.near(rec.Expires, time.Hour))
		s.Advance(time.Hour + past)
		_, expired := s.peeker.Peek(ctx, k)
		ended, end := context.WithCancel(ctx)
		end()
		_, cancelled := s.peeker.Peek(ended, k)
		return errors.Join(err,
			step("expired", want(expired, session.ErrNotFound)),
			step("cancelled", want(cancelled, context.Canceled)),
		)
	}},
	{26, "what a peek has given out stays as it was", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		before, peekErr := s.peeker.Peek(ctx, k)
		return errors.Join(err, peekErr,
			s.Write(ctx, k, s.record(1, "two")),
			same(before, "one", 1),
			s.Destroy(ctx, k, 0),
			s.Write(ctx, other, s.record(0, "six")),
			same(before, "one", 1),
		)
	}},
}
