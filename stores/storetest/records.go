package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/echo-hypermedia/session"
)

// recordCases are for the rules of session.Store.
var recordCases = []storeCase{
	{1, "read returns what was written", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.holds(ctx, k, "one", 1),
			s.expiresIn(ctx, k, time.Hour),
		)
	}},
	{1, "read returns the newest of many writes", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.holds(ctx, k, "one", 1),
			s.Write(ctx, k, s.record(1, "two")),
			s.holds(ctx, k, "two", 2),
			s.Write(ctx, k, s.record(2, "three")),
			s.holds(ctx, k, "three", 3),
		)
	}},
	{1, "a key that was never written is not found", func(ctx context.Context, s subject) error {
		return s.gone(ctx, k)
	}},
	{1, "keys that differ in one digit do not mix", func(ctx context.Context, s subject) error {
		var err error
		similar := oneDigitApart()
		for i, key := range similar {
			err = errors.Join(err, s.Write(ctx, key, s.record(0, fmt.Sprint(i))))
		}
		for i, key := range similar {
			err = errors.Join(err, s.holds(ctx, key, fmt.Sprint(i), 1))
		}
		return err
	}},
	{1, "what is done to one record is not done to the others", func(ctx context.Context, s subject) error {
		var err error
		all := keys(30)
		for i, key := range all {
			err = errors.Join(err, s.Write(ctx, key, s.record(0, fmt.Sprint(i))))
		}
		for i, key := range all {
			switch i % 5 {
			case 1:
				err = errors.Join(err, s.Write(ctx, key, s.expiring(1, "new", 10*time.Minute)))
			case 2:
				err = errors.Join(err, s.Destroy(ctx, key, 0))
			case 3:
				err = errors.Join(err, s.Destroy(ctx, key, 1))
			case 4:
				err = errors.Join(err, s.Touch(ctx, key, s.in(10*time.Minute)))
			}
		}
		for i, key := range all {
			switch i % 5 {
			case 1:
				err = errors.Join(err, s.holds(ctx, key, "new", 2))
			case 2:
				err = errors.Join(err, s.gone(ctx, key))
			}
		}
		s.Advance(30 * time.Minute)
		for i := 0; i < len(all); i += 5 {
			err = errors.Join(err, s.holds(ctx, all[i], fmt.Sprint(i), 1))
		}
		return err
	}},
	{1, "empty data is a record", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, session.Record{Expires: s.in(time.Hour)}),
			s.holds(ctx, k, "", 1),
			s.Write(ctx, k, s.record(1, "")),
			s.holds(ctx, k, "", 2),
			s.Touch(ctx, k, s.in(2*time.Hour)),
			step("touched", s.holds(ctx, k, "", 2)),
		)
	}},
	{1, "any bytes may be data", func(ctx context.Context, s subject) error {
		var err error
		for i, data := range odd() {
			key := key(fmt.Sprint(i))
			err = errors.Join(err,
				s.Write(ctx, key, s.record(0, data)),
				s.holds(ctx, key, data, 1),
				s.Write(ctx, key, s.record(1, data+data)),
				s.holds(ctx, key, data+data, 2),
			)
		}
		return err
	}},
	{1, "large data comes back as it was", func(ctx context.Context, s subject) error {
		data := large(s.most())
		return errors.Join(
			s.Write(ctx, k, s.record(0, data)),
			s.holds(ctx, k, data, 1),
			s.Write(ctx, k, s.record(1, "small")),
			s.holds(ctx, k, "small", 2),
			s.Write(ctx, k, s.record(2, data)),
			s.holds(ctx, k, data, 3),
			s.Touch(ctx, k, s.in(2*time.Hour)),
			step("touched", s.holds(ctx, k, data, 3)),
		)
	}},
	{2, "a read that was cancelled or came too late is not not-found", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		for _, dead := range dead(ctx) {
			for _, key := range []string{k, other} {
				err = errors.Join(err,
					step("read", never(second(s.Read(dead, key)), session.ErrNotFound)),
					step("write", never(s.Write(dead, key, s.record(1, "two")), session.ErrNotFound)),
					step("touch", never(s.Touch(dead, key, s.in(time.Hour)), session.ErrNotFound)),
					step("destroy", never(s.Destroy(dead, key, 1), session.ErrNotFound)),
				)
			}
		}
		return err
	}},
	{3, "a create over a record is a conflict and changes nothing", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			step("write", want(s.Write(ctx, k, s.expiring(0, "two", 9*time.Hour)), session.ErrConflict)),
			s.holds(ctx, k, "one", 1),
			s.expiresIn(ctx, k, time.Hour),
			step("write of the same data", want(s.Write(ctx, k, s.record(0, "one")), session.ErrConflict)),
			s.holds(ctx, k, "one", 1),
			s.Write(ctx, k, s.record(1, "two")),
			step("write", want(s.Write(ctx, k, s.record(0, "three")), session.ErrConflict)),
			s.holds(ctx, k, "two", 2),
		)
	}},
	{4, "a write under the current version replaces data and expiry", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.expiring(1, "two", 2*time.Hour)),
			s.holds(ctx, k, "two", 2),
			s.expiresIn(ctx, k, 2*time.Hour),
			s.Write(ctx, k, s.expiring(2, "three", time.Minute)),
			s.expiresIn(ctx, k, time.Minute),
		)
	}},
	{4, "versions go on after 255", func(ctx context.Context, s subject) error {
		for version := range uint64(260) {
			if err := s.Write(ctx, k, s.record(version, "one")); err != nil {
				return fmt.Errorf("version %d: %w", version, err)
			}
		}
		return s.holds(ctx, k, "one", 260)
	}},
	{4, "a write under an old version is a conflict and changes nothing", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.record(1, "two")),
			step("write", want(s.Write(ctx, k, s.expiring(1, "three", 9*time.Hour)), session.ErrConflict)),
			s.holds(ctx, k, "two", 2),
			s.expiresIn(ctx, k, time.Hour),
			step("write of the same data", want(s.Write(ctx, k, s.record(1, "two")), session.ErrConflict)),
			s.holds(ctx, k, "two", 2),
		)
	}},
	{4, "a write under a future version is a conflict and changes nothing", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			step("write", want(s.Write(ctx, k, s.expiring(2, "two", 9*time.Hour)), session.ErrConflict)),
			s.holds(ctx, k, "one", 1),
			s.expiresIn(ctx, k, time.Hour),
		)
	}},
	{4, "a write under a version never creates", func(ctx context.Context, s subject) error {
		return errors.Join(
			step("write", want(s.Write(ctx, k, s.record(1, "one")), session.ErrNotFound)),
			s.gone(ctx, k),
		)
	}},
	{4, "a conflict that brings a record brings the current one", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.expiring(1, "two", 2*time.Hour)),
		)
		for _, conflict := range s.conflicts(ctx) {
			err = errors.Join(err,
				same(conflict.Current, "two", 2),
				s.near(conflict.Current.Expires, 2*time.Hour),
			)
		}
		return err
	}},
	{5, "destroying version 0 removes any version", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.record(1, "two")),
			s.Destroy(ctx, k, 0),
			s.gone(ctx, k),
		)
	}},
	{5, "destroying the current version removes it", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.record(1, "two")),
			s.Destroy(ctx, k, 2),
			s.gone(ctx, k),
		)
	}},
	{5, "destroying another version is a conflict and changes nothing", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.record(1, "two")),
			step("destroy", want(s.Destroy(ctx, k, 1), session.ErrConflict)),
			step("destroy", want(s.Destroy(ctx, k, 3), session.ErrConflict)),
			s.holds(ctx, k, "two", 2),
			s.expiresIn(ctx, k, time.Hour),
		)
	}},
	{5, "destroying what is missing is no error for version 0 and not found for a version", func(ctx context.Context, s subject) error {
		return errors.Join(
			step("version 0", s.Destroy(ctx, k, 0)),
			step("version 1", want(s.Destroy(ctx, k, 1), session.ErrNotFound)),
		)
	}},
	{5, "nothing brings a destroyed record back", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		err = errors.Join(err, s.Destroy(ctx, k, 0))
		for version := range uint64(3) {
			err = errors.Join(err,
				step("write", want(s.Write(ctx, k, s.record(version+1, "two")), session.ErrNotFound)),
				step("touch", want(s.Touch(ctx, k, s.in(time.Hour)), session.ErrNotFound)),
				step("destroy", want(s.Destroy(ctx, k, version+1), session.ErrNotFound)),
				step("destroy any", s.Destroy(ctx, k, 0)),
				s.gone(ctx, k),
			)
		}
		return err
	}},
	{5, "a create after a destroy is not found, or begins anew", func(ctx context.Context, s subject) error {
		var err error
		for _, version := range []uint64{0, 2} {
			key := key(fmt.Sprint(version))
			err = errors.Join(err,
				s.Write(ctx, key, s.record(0, "one")),
				s.Write(ctx, key, s.record(1, "two")),
				s.Destroy(ctx, key, version),
			)
			if again := s.Write(ctx, key, s.record(0, "new")); again != nil {
				err = errors.Join(err, want(again, session.ErrNotFound), s.gone(ctx, key))
			} else {
				err = errors.Join(err, s.holds(ctx, key, "new", 1))
			}
		}
		return err
	}},
	{6, "touch moves the expiry away and changes nothing else", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.expiresIn(ctx, k, time.Hour), // which the store must not remember
			s.Touch(ctx, k, s.in(3*time.Hour)),
			s.expiresIn(ctx, k, 3*time.Hour),
		)
		s.Advance(2 * time.Hour)
		err = errors.Join(err, s.holds(ctx, k, "one", 1))
		s.Advance(time.Hour + past)
		return errors.Join(err, s.gone(ctx, k))
	}},
	{6, "touch moves the expiry closer", func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Touch(ctx, k, s.in(10*time.Minute)),
			s.expiresIn(ctx, k, 10*time.Minute),
		)
		s.Advance(10*time.Minute + past)
		return errors.Join(err, s.gone(ctx, k))
	}},
	{6, "a touch with the expiry that the record has is no error", func(ctx context.Context, s subject) error {
		until := s.in(2 * time.Hour)
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Touch(ctx, k, until),
			step("again", s.Touch(ctx, k, until)),
			s.holds(ctx, k, "one", 1),
		)
	}},
	{6, "touch never creates", func(ctx context.Context, s subject) error {
		return errors.Join(
			step("touch", want(s.Touch(ctx, k, s.in(time.Hour)), session.ErrNotFound)),
			s.gone(ctx, k),
		)
	}},
	{6, "touch does not stand in the way of the next write", func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Touch(ctx, k, s.in(2*time.Hour)),
			s.Write(ctx, k, s.record(1, "two")),
			s.holds(ctx, k, "two", 2),
			s.expiresIn(ctx, k, time.Hour),
		)
	}},
	{7, "an instant is the same in every time zone", func(ctx context.Context, s subject) error {
		var err error
		for _, zone := range zones {
			key := key(zone.String())
			rec := s.record(0, "one")
			rec.Expires = rec.Expires.In(zone)
			err = errors.Join(err,
				s.Write(ctx, key, rec),
				step("write", s.expiresIn(ctx, key, time.Hour)),
				s.Touch(ctx, key, s.in(2*time.Hour).In(zone)),
				step("touch", s.expiresIn(ctx, key, 2*time.Hour)),
			)
		}
		return err
	}},
	{7, "a record lives until just before its expiry", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		s.Advance(time.Hour - time.Minute) // a slow store may take a while for all this
		err = errors.Join(err, step("a minute before", s.holds(ctx, k, "one", 1)))
		return errors.Join(err, promptly(func(round int) error {
			read, touched, replaced := key(fmt.Sprint(round, "a")), key(fmt.Sprint(round, "b")), key(fmt.Sprint(round, "c"))
			err := s.create(ctx, read, touched, replaced)
			s.Advance(time.Hour - 2*time.Second)
			return step("two seconds before", errors.Join(err,
				s.holds(ctx, read, "one", 1),
				s.Touch(ctx, touched, s.in(time.Hour)),
				s.Write(ctx, replaced, s.record(1, "two")),
			))
		}))
	}},
	{7, "an expiry that is years away is kept", func(ctx context.Context, s subject) error {
		const years = 10 * 365 * 24 * time.Hour
		err := errors.Join(
			s.Write(ctx, k, s.expiring(0, "one", years)),
			s.expiresIn(ctx, k, years),
		)
		s.Advance(years - time.Hour)
		return errors.Join(err, s.holds(ctx, k, "one", 1))
	}},
	{7, "an expired record is gone for read", expired(func(ctx context.Context, s subject) error {
		return s.gone(ctx, k)
	})},
	{7, "an expired record is gone for write", expired(func(ctx context.Context, s subject) error {
		return errors.Join(
			step("write", want(s.Write(ctx, k, s.record(1, "two")), session.ErrNotFound)),
			step("write", want(s.Write(ctx, k, s.record(2, "two")), session.ErrNotFound)),
			s.gone(ctx, k),
		)
	})},
	{7, "an expired record is gone for touch", expired(func(ctx context.Context, s subject) error {
		return errors.Join(
			step("touch", want(s.Touch(ctx, k, s.in(time.Hour)), session.ErrNotFound)),
			s.gone(ctx, k),
		)
	})},
	{7, "an expired record is gone for destroy", expired(func(ctx context.Context, s subject) error {
		return errors.Join(
			step("version 1", want(s.Destroy(ctx, k, 1), session.ErrNotFound)),
			step("version 2", want(s.Destroy(ctx, k, 2), session.ErrNotFound)),
			step("version 0", s.Destroy(ctx, k, 0)),
		)
	})},
	{7, "version 0 over an expired record creates anew", expired(func(ctx context.Context, s subject) error {
		return errors.Join(
			s.Write(ctx, k, s.record(0, "two")),
			s.holds(ctx, k, "two", 1),
			s.expiresIn(ctx, k, time.Hour),
		)
	})},
	{7, "a record that is written with an expiry in the past is gone at once", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, other, s.record(0, "one"))
		for name, expires := range map[string]time.Time{"just passed": s.in(-past), "zero time": {}} {
			err = errors.Join(err,
				step(name, s.Write(ctx, k, session.Record{Data: []byte("one"), Expires: expires})),
				step(name, s.gone(ctx, k)),
			)
		}
		return errors.Join(err,
			s.Write(ctx, other, s.expiring(1, "two", -past)),
			step("replaced", s.gone(ctx, other)),
			s.Write(ctx, a, s.record(0, "one")),
			s.Write(ctx, a, session.Record{Data: []byte("two"), Version: 1}),
			step("replaced with a zero time", s.gone(ctx, a)),
		)
	}},
	{7, "a record that is touched with an expiry in the past is gone at once", func(ctx context.Context, s subject) error {
		var err error
		for name, expires := range map[string]time.Time{"just passed": s.in(-past), "zero time": {}} {
			key := key(name)
			err = errors.Join(err,
				step(name, s.Write(ctx, key, s.record(0, "one"))),
				step(name, s.Touch(ctx, key, expires)),
				step(name, s.gone(ctx, key)),
				step(name, want(s.Touch(ctx, key, s.in(time.Hour)), session.ErrNotFound)),
			)
		}
		return err
	}},
	{8, "increments at the same time all count", increments},
	{8, "a touch at the same time undoes no write", touches},
	{8, "of many creates one wins", creates},
	{8, "of many writes of one version one wins", writes},
	{8, "of a write and a destroy of one version one wins", writeOrDestroy},
	{8, "who has seen a record destroyed never sees it again", destroys},
	{9, "the store does not share the slice given to write", func(ctx context.Context, s subject) error {
		rec := s.record(0, "one")
		err := s.Write(ctx, k, rec)
		err = errors.Join(err, step("write", unchanged(rec.Data, "one")))
		copy(rec.Data, "XXX")
		err = errors.Join(err, s.holds(ctx, k, "one", 1))

		rec = s.record(1, "two")
		err = errors.Join(err, s.Write(ctx, k, rec))
		copy(rec.Data, "XXX")
		err = errors.Join(err, s.holds(ctx, k, "two", 2))

		rec = s.record(2, "six"+large(100))
		all := string(rec.Data)
		whole := rec.Data
		rec.Data = whole[:3] // the slice has capacity beyond its length
		return errors.Join(err, s.Write(ctx, k, rec), step("write", unchanged(whole, all)))
	}},
	{9, "the store does not share the slice returned by read", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		rec, readErr := s.Read(ctx, k)
		copy(rec.Data, "XXX")
		return errors.Join(err, readErr, s.holds(ctx, k, "one", 1))
	}},
	{9, "the store does not share the slice of a conflict", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		for _, conflict := range s.conflicts(ctx) {
			copy(conflict.Current.Data, "XXX")
		}
		if rec, _ := s.Read(ctx, k); strings.Contains(string(rec.Data), "X") {
			err = errors.Join(err, fmt.Errorf("the data has become %q; want it as it was", rec.Data))
		}
		return err
	}},
	{10, "contexts that end leave nothing behind", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		for range manyConnections {
			for _, dead := range dead(ctx) {
				_, _ = s.Read(dead, k)
				_ = s.Store.Write(dead, k, s.record(1, "two"))
				_ = s.Store.Touch(dead, k, s.in(time.Hour))
				_ = s.Store.Destroy(dead, k, 1)
			}
		}
		return errors.Join(err, s.holds(ctx, k, "one", 1))
	}},
	{10, "a context that has ended ends every method and changes nothing", func(ctx context.Context, s subject) error {
		err := s.Write(ctx, k, s.record(0, "one"))
		for end, dead := range dead(ctx) {
			err = errors.Join(err,
				step("read", want(second(s.Read(dead, k)), end)),
				step("read of what is missing", want(second(s.Read(dead, other)), end)),
				step("create", want(s.Write(dead, other, s.record(0, "one")), end)),
				step("replace", want(s.Write(dead, k, s.record(1, "two")), end)),
				step("touch", want(s.Touch(dead, k, s.in(2*time.Hour)), end)),
				step("destroy", want(s.Destroy(dead, k, 0), end)),
				step("destroy of a version", want(s.Destroy(dead, k, 1), end)),
				step("destroy of what is missing", want(s.Destroy(dead, other, 0), end)),
			)
		}
		return errors.Join(err,
			s.holds(ctx, k, "one", 1),
			s.expiresIn(ctx, k, time.Hour),
			s.gone(ctx, other),
		)
	}},
	{11, "no error of a record gives anything away", func(ctx context.Context, s subject) error {
		const data = "a secret of the visitor"
		errs := []error{
			second(s.Read(ctx, k)),
			s.Write(ctx, k, s.record(7, data)),
			s.Touch(ctx, k, s.in(time.Hour)),
			s.Destroy(ctx, k, 7),
			s.Write(ctx, k, s.record(0, data)), // after this there is a record
			s.Write(ctx, k, s.record(0, data)),
			s.Write(ctx, k, s.record(7, data)),
			s.Destroy(ctx, k, 7),
			s.Write(ctx, other, s.record(0, data)),
		}
		for _, dead := range dead(ctx) {
			errs = append(errs,
				second(s.Read(dead, k)),
				s.Write(dead, k, s.record(1, data)),
				s.Touch(dead, k, s.in(time.Hour)),
				s.Destroy(dead, k, 1),
			)
		}
		s.Advance(time.Hour + past)
		errs = append(errs,
			second(s.Read(ctx, k)),
			second(s.Read(ctx, other)),
			s.Write(ctx, k, s.record(1, data)),
			s.Touch(ctx, k, s.in(time.Hour)),
			s.Destroy(ctx, k, 1),
		)
		var err error
		for _, e := range errs {
			err = errors.Join(err, silent(e, k, other, data))
		}
		return err
	}},
	{18, "one byte too many is refused and changes nothing", func(ctx context.Context, s subject) error {
		if s.MaxData == 0 {
			return nil
		}
		data := large(s.MaxData + 1)
		create := s.Write(ctx, k, s.record(0, data))
		err := errors.Join(
			step("create", want(create, session.ErrTooLarge)),
			s.gone(ctx, k),
			s.Write(ctx, k, s.record(0, "one")),
		)
		replace := s.Write(ctx, k, s.expiring(1, data, 9*time.Hour))
		return errors.Join(err,
			step("replace", want(replace, session.ErrTooLarge)),
			s.holds(ctx, k, "one", 1),
			s.expiresIn(ctx, k, time.Hour),
			silent(create, k, data),
			silent(replace, k, data),
		)
	}},
	{19, "a store that can be closed can be closed twice, and fails afterwards", func(ctx context.Context, s subject) error {
		closer, ok := s.Harness.Store.(io.Closer)
		if !ok {
			return nil
		}
		err := errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			step("close", closer.Close()),
			step("close again", closer.Close()),
		)
		for _, key := range []string{k, other} {
			err = errors.Join(err,
				step("read", fails(second(s.Read(ctx, key)), key)),
				step("create", fails(s.Write(ctx, key, s.record(0, "two")), key)),
				step("replace", fails(s.Write(ctx, key, s.record(1, "two")), key)),
				step("touch", fails(s.Touch(ctx, key, s.in(time.Hour)), key)),
				step("destroy", fails(s.Destroy(ctx, key, 0), key)),
				step("destroy version 1", fails(s.Destroy(ctx, key, 1), key)),
			)
		}
		return err
	}},
}

// expired runs a case after the record under k has expired, in version 2.
func expired(run func(context.Context, subject) error) func(context.Context, subject) error {
	return func(ctx context.Context, s subject) error {
		err := errors.Join(
			s.Write(ctx, k, s.record(0, "one")),
			s.Write(ctx, k, s.record(1, "one")),
		)
		s.Advance(time.Hour + past)
		return errors.Join(err, run(ctx, s))
	}
}

// conflicts are the conflicts over k that include the current record, which a store need not do.
func (s subject) conflicts(ctx context.Context) []*session.ConflictError {
	var all []*session.ConflictError
	for _, err := range []error{
		s.Write(ctx, k, s.record(0, "three")),
		s.Write(ctx, k, s.record(9, "three")),
		s.Destroy(ctx, k, 9),
	} {
		if conflict, ok := errors.AsType[*session.ConflictError](err); ok {
			all = append(all, conflict)
		}
	}
	return all
}

// fails reports an error that a closed store must not return: nil, ErrNotFound, or one that
// contains a secret.
func fails(err error, secrets ...string) error {
	if err == nil {
		return errors.New("got <nil>; want an error")
	}
	return errors.Join(never(err, session.ErrNotFound), silent(err, secrets...))
}

// zones are far from each other, and from the zone of the test.
var zones = []*time.Location{time.FixedZone("west", -11*3600), time.FixedZone("east", 14*3600)}

// promptly runs what must not take more than a second, since the store's clock may be a real one,
// which goes on meanwhile. A try that took longer does not count, and is repeated.
func promptly(try func(round int) error) error {
	for round := range 5 {
		began := time.Now()
		if err := try(round); time.Since(began) < time.Second {
			return err
		}
	}
	return nil // too slow to tell
}

func unchanged(data []byte, was string) error {
	if string(data) == was {
		return nil
	}
	return fmt.Errorf("changed the caller's %q to %q", was, data)
}

// oneDigitApart are a key and all keys that differ from it in one digit.
func oneDigitApart() []string {
	all := []string{k}
	for i := range k {
		digit := "0"
		if k[i] == '0' {
			digit = "1"
		}
		all = append(all, k[:i]+digit+k[i+1:])
	}
	return all
}

// odd is data that a store might take for something else.
func odd() []string {
	every := make([]byte, 256)
	for b := range every {
		every[b] = byte(b)
	}
	return []string{
		string(every),
		"\x00", "\x00\x00\x00\x00", " ", "\n", "\r\n", "one\n", " one ",
		"0", "1", "-1", "1e9", "null", "nil", "true", "[]", "{}",
		"grüße, 世界 😀",
		"\xff\xfe\xc3(\xed\xa0\x80", // not UTF-8
		`"quoted" \ 'and' %s %d %%`,
		`{"data":"eA==","version":7,"expires":"0001-01-01T00:00:00Z"}`,
		"7:1:one", "7|1|one", "7,1,one", "7\x001\x00one",
		"\x01\x00\x00\x00\x00\x00\x00\x00\x07one",
		"\x1f\x8b\x08\x00",                             // gzip
		"b25l", "b25l\n", "6f6e65", "--one\r\n\r\ntwo", // base64, hexadecimal, MIME
	}
}

// most is the size of the largest data that the suite gives the store to keep.
func (s subject) most() int {
	if s.MaxData == 0 {
		return 1 << 20
	}
	return s.MaxData
}

// large returns n bytes that cannot be compressed, the same in every run.
func large(n int) string {
	var seed [32]byte
	data := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(data) // never fails
	return string(data)
}
