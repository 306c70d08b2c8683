package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/echo-hypermedia/session"
)

// The storms are large enough that a store without atomic methods does not get through them by
// luck, and small enough for a store that manages some hundred writes a second.
const (
	workers = 8
	each    = 25
)

func increments(ctx context.Context, s subject) error {
	if err := s.Write(ctx, k, s.record(0, "0")); err != nil {
		return err
	}
	err := together(workers, func(int) error {
		for range each {
			if _, err := s.increment(ctx, k); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, s.holds(ctx, k, fmt.Sprint(workers*each), 1+workers*each))
}

// increment reads, adds one and writes, until no other write comes in between. It returns the last
// version that it has seen.
func (s subject) increment(ctx context.Context, key string) (version uint64, err error) {
	// Each conflict is a write of another worker, and there are fewer of these than tries here.
	for range workers * each {
		rec, err := s.Read(ctx, key)
		if err != nil {
			return version, err
		}
		version = rec.Version
		var n int
		if _, err := fmt.Sscan(string(rec.Data), &n); err != nil {
			return version, fmt.Errorf("got data %s; want a number", clip(string(rec.Data)))
		}
		err = s.Write(ctx, key, s.record(version, fmt.Sprint(n+1)))
		if !errors.Is(err, session.ErrConflict) {
			return version, err
		}
	}
	return version, errors.New("got more conflicts than there were writes")
}

func touches(ctx context.Context, s subject) error {
	if err := s.Write(ctx, k, s.record(0, "0")); err != nil {
		return err
	}
	var done atomic.Bool
	err := together(4, func(worker int) error {
		if worker == 0 {
			defer done.Store(true)
			for range each {
				if _, err := s.increment(ctx, k); err != nil {
					return err
				}
			}
			return nil
		}
		for !done.Load() {
			if err := s.Touch(ctx, k, s.in(time.Hour)); err != nil {
				return err
			}
			runtime.Gosched() // in case all share one processor
		}
		return nil
	})
	return errors.Join(err, s.holds(ctx, k, fmt.Sprint(each), 1+each))
}

func creates(ctx context.Context, s subject) error {
	var err error
	for _, key := range keys(5) {
		err = errors.Join(err, s.oneWins(ctx, key, 0))
	}
	return err
}

func writes(ctx context.Context, s subject) error {
	err := s.Write(ctx, k, s.record(0, "one"))
	for version := range uint64(5) {
		err = errors.Join(err, s.oneWins(ctx, k, version+1))
	}
	return err
}

// oneWins makes all workers write the same version, each with its own data.
func (s subject) oneWins(ctx context.Context, key string, version uint64) error {
	var winners atomic.Int64
	var winner atomic.Int64
	err := together(workers, func(worker int) error {
		err := s.Write(ctx, key, s.record(version, fmt.Sprint(worker)))
		if err == nil {
			winners.Add(1)
			winner.Store(int64(worker))
			return nil
		}
		return want(err, session.ErrConflict)
	})
	if n := winners.Load(); n != 1 {
		return errors.Join(err, fmt.Errorf("%d of %d writes of version %d succeeded; want 1", n, workers, version))
	}
	return errors.Join(err, s.holds(ctx, key, fmt.Sprint(winner.Load()), version+1))
}

func writeOrDestroy(ctx context.Context, s subject) error {
	for _, key := range keys(20) {
		if err := s.Write(ctx, key, s.record(0, "one")); err != nil {
			return err
		}
		var written, destroyed error
		_ = together(2, func(worker int) error {
			if worker == 0 {
				written = s.Write(ctx, key, s.record(1, "two"))
			} else {
				destroyed = s.Destroy(ctx, key, 1)
			}
			return nil
		})
		var err error
		switch {
		case written == nil:
			err = errors.Join(step("destroy after write", want(destroyed, session.ErrConflict)), s.holds(ctx, key, "two", 2))
		case destroyed == nil:
			err = errors.Join(step("write after destroy", want(written, session.ErrNotFound)), s.gone(ctx, key))
		default:
			err = fmt.Errorf("got %v and %v; want one to succeed", written, destroyed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// destroys writes and touches records while each of them is being destroyed.
func destroys(ctx context.Context, s subject) error {
	for _, key := range keys(20) {
		if err := s.Write(ctx, key, s.record(0, "0")); err != nil {
			return err
		}
		err := together(5, func(worker int) error {
			switch worker {
			case 0:
				runtime.Gosched() // let the others start
				return errors.Join(s.Destroy(ctx, key, 0), s.staysGone(ctx, key, 1))
			case 1:
				return s.untilGone(ctx, key, workers*each, func() (uint64, error) {
					return 1, s.Touch(ctx, key, s.in(time.Hour))
				})
			}
			return s.untilGone(ctx, key, each, func() (uint64, error) { return s.increment(ctx, key) })
		})
		if err := errors.Join(err, s.gone(ctx, key)); err != nil {
			return err
		}
	}
	return nil
}

// untilGone does something to a record until the record is not found, and then checks that it stays
// gone. A broken store may never say that it is gone, hence the limit.
func (s subject) untilGone(ctx context.Context, key string, times int, do func() (version uint64, err error)) error {
	for range times {
		version, err := do()
		if errors.Is(err, session.ErrNotFound) {
			return s.staysGone(ctx, key, version)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// staysGone checks that nothing brings a record back that is gone. Version is one that it had, or 0
// if unknown.
func (s subject) staysGone(ctx context.Context, key string, version uint64) error {
	return errors.Join(
		step("touch", want(s.Touch(ctx, key, s.in(time.Hour)), session.ErrNotFound)),
		step("write", want(s.Write(ctx, key, s.record(max(version, 1), "1")), session.ErrNotFound)),
		s.gone(ctx, key),
	)
}
