package storetest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/echo-hypermedia/session"
)

// reading breaks Read.
func reading(flaw func(ctx context.Context, s session.Tagger, key string) (session.Record, error)) func(*clock) session.Store {
	return breaking(func(s session.Tagger, _ *clock) broken {
		return broken{read: func(ctx context.Context, key string) (session.Record, error) { return flaw(ctx, s, key) }}
	})
}

// writing breaks Write.
func writing(flaw func(ctx context.Context, s session.Tagger, key string, rec session.Record) error) func(*clock) session.Store {
	return breaking(func(s session.Tagger, _ *clock) broken {
		return broken{write: func(ctx context.Context, key string, rec session.Record) error { return flaw(ctx, s, key, rec) }}
	})
}

// destroying breaks Destroy.
func destroying(flaw func(ctx context.Context, s session.Tagger, key string, version uint64) error) func(*clock) session.Store {
	return breaking(func(s session.Tagger, _ *clock) broken {
		return broken{destroy: func(ctx context.Context, key string, version uint64) error { return flaw(ctx, s, key, version) }}
	})
}

// touching breaks Touch.
func touching(flaw func(ctx context.Context, s session.Tagger, key string, expires time.Time) error) func(*clock) session.Store {
	return breaking(func(s session.Tagger, _ *clock) broken {
		return broken{touch: func(ctx context.Context, key string, expires time.Time) error { return flaw(ctx, s, key, expires) }}
	})
}

// expiring changes the expiries that records are written with.
func expiring(change func(c *clock, at time.Time) time.Time) func(*clock) session.Store {
	return breaking(func(s session.Tagger, c *clock) broken {
		return broken{write: func(ctx context.Context, key string, rec session.Record) error {
			rec.Expires = change(c, rec.Expires)
			return s.Write(ctx, key, rec)
		}}
	})
}

// storing changes the data that records are written with.
func storing(change func(data []byte) []byte) func(*clock) session.Store {
	return writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		rec.Data = change(rec.Data)
		return s.Write(ctx, key, rec)
	})
}

// meeting changes the record in a conflict.
func meeting(change func(rec *session.Record)) func(*clock) session.Store {
	return writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		err := s.Write(ctx, key, rec)
		var conflict *session.ConflictError
		if errors.As(err, &conflict) {
			change(&conflict.Current)
		}
		return err
	})
}

// others does something for each record.
func others(s session.Tagger, do func(key string)) {
	for key, err := range s.(session.Lister).Keys(context.Background()) {
		if err == nil {
			do(key)
		}
	}
}

var recordFlaws = []flaw{
	{"a write under a version creates", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		err := s.Write(ctx, key, rec)
		if errors.Is(err, session.ErrNotFound) {
			rec.Version = 0
			return s.Write(ctx, key, rec)
		}
		return err
	}), claims{
		"a write under a version never creates",
		"nothing brings a destroyed record back",
		"an expired record is gone for write",
		perhaps + "of a write and a destroy of one version one wins",
		"who has seen a record destroyed never sees it again",
	}},
	{"the last write wins", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		if rec.Version == 0 {
			return s.Write(ctx, key, rec)
		}
		yield("write")
		return force(ctx, s, key, rec)
	}), claims{
		"a write under an old version is a conflict and changes nothing",
		"a write under a future version is a conflict and changes nothing",
		"a conflict that brings a record brings the current one",
		"increments at the same time all count",
		"of many writes of one version one wins",
	}},
	{"a write under a future version is accepted", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		var conflict *session.ConflictError
		err := s.Write(ctx, key, rec)
		if errors.As(err, &conflict) && rec.Version > conflict.Current.Version {
			return force(ctx, s, key, rec)
		}
		return err
	}), claims{
		"a write under a future version is a conflict and changes nothing",
		"a conflict that brings a record brings the current one",
	}},
	{"a create replaces", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		err := s.Write(ctx, key, rec)
		if rec.Version == 0 && errors.Is(err, session.ErrConflict) {
			return force(ctx, s, key, rec)
		}
		return err
	}), claims{
		"a create over a record is a conflict and changes nothing",
		"a conflict that brings a record brings the current one",
		"of many creates one wins",
	}},
	{"a replacement keeps the old expiry", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		if old, err := s.Read(ctx, key); err == nil && rec.Version > 0 {
			rec.Expires = old.Expires
		}
		return s.Write(ctx, key, rec)
	}), claims{
		"a write under the current version replaces data and expiry",
		"a conflict that brings a record brings the current one",
		"touch does not stand in the way of the next write",
		"a record that is written with an expiry in the past is gone at once",
	}},
	{"a conflict moves the expiry", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		err := s.Write(ctx, key, rec)
		if errors.Is(err, session.ErrConflict) {
			_ = s.Touch(ctx, key, rec.Expires)
		}
		return err
	}), claims{
		"a create over a record is a conflict and changes nothing",
		"a write under an old version is a conflict and changes nothing",
		"a write under a future version is a conflict and changes nothing",
		"a conflict that brings a record brings the current one",
	}},
	{"a conflict brings an old version", meeting(func(rec *session.Record) { rec.Version-- }), claims{
		"a conflict that brings a record brings the current one",
	}},
	{"a conflict brings no data", meeting(func(rec *session.Record) { rec.Data = nil }), claims{
		"a conflict that brings a record brings the current one",
	}},
	{"a conflict brings no expiry", meeting(func(rec *session.Record) { rec.Expires = time.Time{} }), claims{
		"a conflict that brings a record brings the current one",
	}},

	{"a create with the data that is there is no conflict", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		err := s.Write(ctx, key, rec)
		var conflict *session.ConflictError
		if rec.Version == 0 && errors.As(err, &conflict) && bytes.Equal(conflict.Current.Data, rec.Data) {
			return nil
		}
		return err
	}), claims{
		"a create over a record is a conflict and changes nothing",
	}},
	{"an old version with the data that is there is no conflict", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		err := s.Write(ctx, key, rec)
		var conflict *session.ConflictError
		if rec.Version > 0 && errors.As(err, &conflict) && bytes.Equal(conflict.Current.Data, rec.Data) {
			return nil
		}
		return err
	}), claims{
		"a write under an old version is a conflict and changes nothing",
		perhaps + "increments at the same time all count",
	}},
	{"a version has one byte", reading(func(ctx context.Context, s session.Tagger, key string) (session.Record, error) {
		rec, err := s.Read(ctx, key)
		rec.Version %= 256
		return rec, err
	}), claims{
		"versions go on after 255",
	}},
	{"read makes up a record", breaking(func(s session.Tagger, c *clock) broken {
		var known sync.Map
		return broken{
			write: func(ctx context.Context, key string, rec session.Record) error {
				known.Store(key, true)
				return s.Write(ctx, key, rec)
			},
			read: func(ctx context.Context, key string) (session.Record, error) {
				if _, ok := known.Load(key); !ok {
					return session.Record{Expires: c.Now().Add(time.Hour)}, ctx.Err()
				}
				return s.Read(ctx, key)
			},
		}
	}), claims{
		"a key that was never written is not found",
		"touch never creates",
		"an entry may be added before the record that it names",
	}},
	{"read returns what it returned before", breaking(func(s session.Tagger, _ *clock) broken {
		var seen sync.Map
		return broken{read: func(ctx context.Context, key string) (session.Record, error) {
			rec, err := s.Read(ctx, key)
			if err != nil {
				return rec, err
			}
			old, _ := seen.LoadOrStore(key, rec)
			rec.Data = bytes.Clone(old.(session.Record).Data)
			return rec, nil
		}}
	}), claims{
		"read returns the newest of many writes",
		"any bytes may be data",
		"large data comes back as it was",
		"a create over a record is a conflict and changes nothing",
		"increments at the same time all count",
		"a touch at the same time undoes no write",
		"the store does not share the slice given to write",
		perhaps + "of many writes of one version one wins",
	}},
	{"keys are cut", breaking(func(s session.Tagger, _ *clock) broken {
		return broken{
			read:  func(ctx context.Context, key string) (session.Record, error) { return s.Read(ctx, key[:63]) },
			write: func(ctx context.Context, key string, rec session.Record) error { return s.Write(ctx, key[:63], rec) },
			destroy: func(ctx context.Context, key string, version uint64) error {
				return s.Destroy(ctx, key[:63], version)
			},
			touch: func(ctx context.Context, key string, at time.Time) error { return s.Touch(ctx, key[:63], at) },
		}
	}), claims{
		"keys that differ in one digit do not mix",
	}},
	{"destroy takes a neighbour along", breaking(func(s session.Tagger, _ *clock) broken {
		var last sync.Map
		return broken{
			write: func(ctx context.Context, key string, rec session.Record) error {
				if rec.Version == 0 {
					before, _ := last.Swap("key", key)
					last.Store(key, before)
				}
				return s.Write(ctx, key, rec)
			},
			destroy: func(ctx context.Context, key string, version uint64) error {
				if before, _ := last.Load(key); before != nil && before != key {
					_ = s.Destroy(ctx, before.(string), 0)
				}
				return s.Destroy(ctx, key, version)
			},
		}
	}), claims{
		"what is done to one record is not done to the others",
	}},
	{"a version is destroyed wherever it is", breaking(func(s session.Tagger, _ *clock) broken {
		return broken{destroy: func(ctx context.Context, key string, version uint64) error {
			err := s.Destroy(ctx, key, version)
			if err == nil && version > 0 {
				others(s, func(other string) { _ = s.Destroy(ctx, other, version) })
			}
			return err
		}}
	}), claims{
		"what is done to one record is not done to the others",
	}},
	{"touch moves the expiry of every record", breaking(func(s session.Tagger, _ *clock) broken {
		return broken{touch: func(ctx context.Context, key string, expires time.Time) error {
			err := s.Touch(ctx, key, expires)
			if err == nil {
				others(s, func(other string) { _ = s.Touch(ctx, other, expires) })
			}
			return err
		}}
	}), claims{
		"what is done to one record is not done to the others",
		"a record and its entry have each an expiry of their own",
	}},
	{"a write moves the expiry of every record", breaking(func(s session.Tagger, _ *clock) broken {
		return broken{write: func(ctx context.Context, key string, rec session.Record) error {
			err := s.Write(ctx, key, rec)
			if err == nil && rec.Version > 0 {
				others(s, func(other string) { _ = s.Touch(ctx, other, rec.Expires) })
			}
			return err
		}}
	}), claims{
		"what is done to one record is not done to the others",
	}},
	{"empty data is no record", reading(func(ctx context.Context, s session.Tagger, key string) (session.Record, error) {
		rec, err := s.Read(ctx, key)
		if err == nil && len(rec.Data) == 0 {
			return session.Record{}, session.ErrNotFound
		}
		return rec, err
	}), claims{
		"empty data is a record",
	}},
	{"data is trimmed", storing(bytes.TrimSpace), claims{
		"any bytes may be data",
	}},
	{"data is made UTF-8", storing(func(data []byte) []byte { return bytes.ToValidUTF8(data, []byte("?")) }), claims{
		"any bytes may be data",
		"large data comes back as it was",
	}},
	{"data ends at the first zero", storing(func(data []byte) []byte { data, _, _ = bytes.Cut(data, []byte{0}); return data }), claims{
		"any bytes may be data",
		"large data comes back as it was",
	}},
	{"data is cut", storing(func(data []byte) []byte { return data[:min(len(data), 64<<10)] }), claims{
		"large data comes back as it was",
	}},

	{"destroy ignores the version", func(c *clock) session.Store { return ignoresVersionOfDestroy(memory(c)) }, claims{
		"destroying another version is a conflict and changes nothing",
		"destroying what is missing is no error for version 0 and not found for a version",
		"nothing brings a destroyed record back",
		"an expired record is gone for destroy",
		perhaps + "of a write and a destroy of one version one wins",
	}},
	{"destroy does nothing for version 0", destroying(func(ctx context.Context, s session.Tagger, key string, version uint64) error {
		if version == 0 {
			return ctx.Err()
		}
		return s.Destroy(ctx, key, version)
	}), claims{
		"a create after a destroy is not found, or begins anew",
		"what is done to one record is not done to the others",
		"destroying version 0 removes any version",
		"nothing brings a destroyed record back",
		"who has seen a record destroyed never sees it again",
	}},
	{"destroy does nothing for a version", destroying(func(ctx context.Context, s session.Tagger, key string, version uint64) error {
		rec, err := s.Read(ctx, key)
		if err == nil && rec.Version == version {
			return nil
		}
		return s.Destroy(ctx, key, version)
	}), claims{
		"a create after a destroy is not found, or begins anew",
		"destroying the current version removes it",
		perhaps + "of a write and a destroy of one version one wins",
	}},
	{"destroying what is missing is an error", destroying(func(ctx context.Context, s session.Tagger, key string, version uint64) error {
		if _, err := s.Read(ctx, key); err != nil {
			return err
		}
		return s.Destroy(ctx, key, version)
	}), claims{
		"destroying what is missing is no error for version 0 and not found for a version",
		"nothing brings a destroyed record back",
		"an expired record is gone for destroy",
	}},
	{"destroying what is missing is never an error", destroying(func(ctx context.Context, s session.Tagger, key string, version uint64) error {
		err := s.Destroy(ctx, key, version)
		if errors.Is(err, session.ErrNotFound) {
			return nil
		}
		return err
	}), claims{
		"destroying what is missing is no error for version 0 and not found for a version",
		"nothing brings a destroyed record back",
		"an expired record is gone for destroy",
	}},

	{"what was destroyed is in the way", breaking(func(s session.Tagger, _ *clock) broken {
		var destroyed sync.Map
		return broken{
			destroy: func(ctx context.Context, key string, version uint64) error {
				err := s.Destroy(ctx, key, version)
				destroyed.Store(key, err == nil)
				return err
			},
			write: func(ctx context.Context, key string, rec session.Record) error {
				if gone, _ := destroyed.Load(key); gone == true && rec.Version == 0 && ctx.Err() == nil {
					return session.ErrConflict
				}
				return s.Write(ctx, key, rec)
			},
		}
	}), claims{
		"a create after a destroy is not found, or begins anew",
	}},
	{"touch creates", touching(func(ctx context.Context, s session.Tagger, key string, expires time.Time) error {
		err := s.Touch(ctx, key, expires)
		if errors.Is(err, session.ErrNotFound) {
			return s.Write(ctx, key, session.Record{Expires: expires})
		}
		return err
	}), claims{
		"nothing brings a destroyed record back",
		"touch never creates",
		"an expired record is gone for touch",
		"a record that is touched with an expiry in the past is gone at once",
		"who has seen a record destroyed never sees it again",
	}},
	{"touch looks for data", touching(func(ctx context.Context, s session.Tagger, key string, expires time.Time) error {
		if rec, err := s.Read(ctx, key); err == nil && len(rec.Data) == 0 {
			return session.ErrNotFound
		}
		return s.Touch(ctx, key, expires)
	}), claims{
		"empty data is a record",
	}},
	{"touch is a write", touching(func(ctx context.Context, s session.Tagger, key string, expires time.Time) error {
		rec, err := s.Read(ctx, key)
		if err != nil {
			return err
		}
		rec.Expires = expires
		return force(ctx, s, key, rec)
	}), claims{
		"a touch with the expiry that the record has is no error",
		"empty data is a record",
		"large data comes back as it was",
		"touch moves the expiry away and changes nothing else",
		"touch does not stand in the way of the next write",
		"a touch at the same time undoes no write",
	}},
	{"touch never shortens", touching(func(ctx context.Context, s session.Tagger, key string, expires time.Time) error {
		rec, err := s.Read(ctx, key)
		if err == nil && expires.Before(rec.Expires) {
			return nil
		}
		return s.Touch(ctx, key, expires)
	}), claims{
		"touch moves the expiry closer",
		"a record that is touched with an expiry in the past is gone at once",
	}},
	{"touch does nothing", touching(func(ctx context.Context, s session.Tagger, key string, _ time.Time) error {
		_, err := s.Read(ctx, key)
		return err
	}), claims{
		"a record and its entry have each an expiry of their own",
		"an instant is the same in every time zone",
		"touch moves the expiry away and changes nothing else",
		"touch moves the expiry closer",
		"a record that is touched with an expiry in the past is gone at once",
	}},

	{"expiries are earlier than they should be", expiring(func(_ *clock, at time.Time) time.Time {
		return at.Add(-20 * time.Second)
	}), claims{
		"touch moves the expiry away and changes nothing else",
		"a record lives until just before its expiry",
		"an instant is the same in every time zone",
		"read returns what was written",
		"a create over a record is a conflict and changes nothing",
		"a write under the current version replaces data and expiry",
		"a write under an old version is a conflict and changes nothing",
		"a write under a future version is a conflict and changes nothing",
		"a conflict that brings a record brings the current one",
		"destroying another version is a conflict and changes nothing",
		"touch does not stand in the way of the next write",
		"an expiry that is years away is kept",
		"version 0 over an expired record creates anew",
		"a context that has ended ends every method and changes nothing",
	}},
	{"records expire half a minute early", breaking(func(s session.Tagger, c *clock) broken {
		return broken{read: func(ctx context.Context, key string) (session.Record, error) {
			rec, err := s.Read(ctx, key)
			if err == nil && rec.Expires.Sub(c.Now()) < 30*time.Second {
				return session.Record{}, session.ErrNotFound
			}
			return rec, err
		}}
	}), claims{
		"a record lives until just before its expiry",
	}},
	{"expiries lose their zone", expiring(func(_ *clock, at time.Time) time.Time {
		at, _ = time.Parse(time.DateTime, at.Format(time.DateTime))
		return at
	}), claims{
		"an instant is the same in every time zone",
	}},
	{"a zero time is none for what is replaced", breaking(func(s session.Tagger, c *clock) broken {
		return broken{write: func(ctx context.Context, key string, rec session.Record) error {
			if rec.Version > 0 && rec.Expires.IsZero() {
				rec.Expires = c.Now().Add(1000 * time.Hour)
			}
			return s.Write(ctx, key, rec)
		}}
	}), claims{
		"a record that is written with an expiry in the past is gone at once",
	}},
	{"no record lives longer than a year", expiring(func(c *clock, at time.Time) time.Time {
		if year := c.Now().Add(365 * 24 * time.Hour); at.After(year) {
			return year
		}
		return at
	}), claims{
		"an expiry that is years away is kept",
	}},
	{"a zero time is none for what is created", breaking(func(s session.Tagger, c *clock) broken {
		return broken{write: func(ctx context.Context, key string, rec session.Record) error {
			if rec.Version == 0 && rec.Expires.IsZero() {
				rec.Expires = c.Now().Add(1000 * time.Hour)
			}
			return s.Write(ctx, key, rec)
		}}
	}), claims{
		"a record that is written with an expiry in the past is gone at once",
	}},
	{"a touch with a zero time is for good", breaking(func(s session.Tagger, c *clock) broken {
		return broken{touch: func(ctx context.Context, key string, expires time.Time) error {
			if expires.IsZero() {
				expires = c.Now().Add(1000 * time.Hour)
			}
			return s.Touch(ctx, key, expires)
		}}
	}), claims{
		"a record that is touched with an expiry in the past is gone at once",
	}},
	{"expired records can be read", func(c *clock) session.Store { return newLazy(c, "read") }, claims{
		"touch moves the expiry away and changes nothing else",
		"touch moves the expiry closer",
		"an expired record is gone for read",
		"an expired record is gone for write",
		"an expired record is gone for touch",
		"a record that is written with an expiry in the past is gone at once",
		"a record that is touched with an expiry in the past is gone at once",
		"an entry outlives its record",
	}},
	{"expired records can be replaced", func(c *clock) session.Store { return newLazy(c, "replace") }, claims{
		"an expired record is gone for write",
	}},
	{"expired records are in the way", func(c *clock) session.Store { return newLazy(c, "create") }, claims{
		"version 0 over an expired record creates anew",
		"a record that is written with an expiry in the past is gone at once",
	}},
	{"expired records can be touched", func(c *clock) session.Store { return newLazy(c, "touch") }, claims{
		"an expired record is gone for touch",
		"a record that is touched with an expiry in the past is gone at once",
	}},
	{"expired records can be destroyed", func(c *clock) session.Store { return newLazy(c, "destroy") }, claims{
		"an expired record is gone for destroy",
	}},

	{"write is not atomic", func(c *clock) session.Store { return newNaive(c, "write") }, claims{
		"increments at the same time all count",
		perhaps + "a touch at the same time undoes no write",
		"of many creates one wins",
		"of many writes of one version one wins",
		perhaps + "of a write and a destroy of one version one wins",
		perhaps + "who has seen a record destroyed never sees it again",
	}},
	{"touch is not atomic", func(c *clock) session.Store { return newNaive(c, "touch") }, claims{
		"a touch at the same time undoes no write",
		"who has seen a record destroyed never sees it again",
	}},
	{"a touch brings back what is destroyed meanwhile", func(c *clock) session.Store { return reviving(memory(c)) }, claims{
		"who has seen a record destroyed never sees it again",
	}},
	{"destroy is not atomic", func(c *clock) session.Store { return newNaive(c, "destroy") }, claims{
		"of a write and a destroy of one version one wins",
		perhaps + "who has seen a record destroyed never sees it again",
	}},
	{"the slice given to write is kept", func(c *clock) session.Store { return sharing(c, "write") }, claims{
		"the store does not share the slice given to write",
	}},
	{"the slice that is stored is returned", func(c *clock) session.Store { return sharing(c, "read") }, claims{
		"the store does not share the slice returned by read",
	}},
	{"the slice that is stored is in conflicts", func(c *clock) session.Store { return sharing(c, "conflict") }, claims{
		"the store does not share the slice of a conflict",
	}},
	{"the slice that is stored is in conflicts of destroy", destroying(func(ctx context.Context, s session.Tagger, key string, version uint64) error {
		err := s.Destroy(ctx, key, version)
		var conflict *session.ConflictError
		if errors.As(err, &conflict) {
			conflict.Current, _ = s.(session.Sharer).Peek(ctx, key)
		}
		return err
	}), claims{
		"the store does not share the slice of a conflict",
	}},
	{"write has its checksum behind the slice it is given", storing(func(data []byte) []byte {
		sum := sha256.Sum256(data)
		return append(data, sum[:]...)[:len(data)]
	}), claims{
		"the store does not share the slice given to write",
	}},
	{"write changes the slice it is given", storing(func(data []byte) []byte {
		stored := bytes.Clone(data)
		clear(data)
		return stored
	}), claims{
		"the store does not share the slice given to write",
	}},

	{"a cancelled read is not-found", reading(func(ctx context.Context, s session.Tagger, key string) (session.Record, error) {
		if ctx.Err() != nil {
			return session.Record{}, fmt.Errorf("%w: %w", session.ErrNotFound, ctx.Err())
		}
		return s.Read(ctx, key)
	}), claims{
		"a read that was cancelled or came too late is not not-found",
	}},
	{"contexts are ignored by write", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		return s.Write(context.WithoutCancel(ctx), key, rec)
	}), claims{
		"contexts that end leave nothing behind",
		"a read that was cancelled or came too late is not not-found",
		"a context that has ended ends every method and changes nothing",
	}},
	{"a write whose context has ended keeps one of a hundred connections", breaking(func(s session.Tagger, _ *clock) broken {
		kept := 0
		return broken{write: func(ctx context.Context, key string, rec session.Record) error {
			if ctx.Err() != nil {
				kept++
			}
			return s.Write(ctx, key, rec)
		}, read: func(ctx context.Context, key string) (session.Record, error) {
			if kept > 100 {
				return session.Record{}, session.ErrUnavailable
			}
			return s.Read(ctx, key)
		}}
	}), claims{
		"contexts that end leave nothing behind",
	}},
	{"a touch that changes nothing finds nothing", touching(func(ctx context.Context, s session.Tagger, key string, expires time.Time) error {
		if rec, err := s.Read(ctx, key); err == nil && rec.Expires.Equal(expires) {
			return session.ErrNotFound
		}
		return s.Touch(ctx, key, expires)
	}), claims{
		"a touch with the expiry that the record has is no error",
		"a record and its entry have each an expiry of their own",
		"a touch at the same time undoes no write",
		perhaps + "who has seen a record destroyed never sees it again",
	}},
	{"contexts are ignored by touch", touching(func(ctx context.Context, s session.Tagger, key string, expires time.Time) error {
		return s.Touch(context.WithoutCancel(ctx), key, expires)
	}), claims{
		"a read that was cancelled or came too late is not not-found",
		"a context that has ended ends every method and changes nothing",
	}},
	{"deadlines are ignored by read", reading(func(ctx context.Context, s session.Tagger, key string) (session.Record, error) {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			ctx = context.WithoutCancel(ctx)
		}
		return s.Read(ctx, key)
	}), claims{
		"a read that was cancelled or came too late is not not-found",
		"a context that has ended ends every method and changes nothing",
	}},
	{"contexts are ignored where nothing is to be destroyed", destroying(func(ctx context.Context, s session.Tagger, key string, version uint64) error {
		if _, err := s.Read(context.WithoutCancel(ctx), key); err != nil && version == 0 {
			return nil
		}
		return s.Destroy(ctx, key, version)
	}), claims{
		"a context that has ended ends every method and changes nothing",
	}},
	{"contexts are ignored where a version is to be destroyed", destroying(func(ctx context.Context, s session.Tagger, key string, version uint64) error {
		if version > 0 && ctx.Err() != nil {
			return nil
		}
		return s.Destroy(ctx, key, version)
	}), claims{
		"a context that has ended ends every method and changes nothing",
	}},
	{"contexts end with their cause", reading(func(ctx context.Context, s session.Tagger, key string) (session.Record, error) {
		if ctx.Err() != nil {
			return session.Record{}, context.Cause(ctx)
		}
		return s.Read(ctx, key)
	}), claims{
		"a context that has ended ends every method and changes nothing",
	}},
	{"errors of what has expired have keys", breaking(func(s session.Tagger, c *clock) broken {
		began := c.Now()
		return broken{read: func(ctx context.Context, key string) (session.Record, error) {
			rec, err := s.Read(ctx, key)
			if c.Now().Equal(began) {
				return rec, err
			}
			return rec, naming(err, key)
		}}
	}), claims{
		"no error of a record gives anything away",
	}},
	{"errors have data in numbers", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		return naming(s.Write(ctx, key, rec), fmt.Sprint(rec))
	}), claims{
		"no error of a record gives anything away",
	}},
	{"errors have data in hexadecimal", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		return naming(s.Write(ctx, key, rec), fmt.Sprintf("%X", rec.Data))
	}), claims{
		"no error of a record gives anything away",
	}},
	{"errors have keys", touching(func(ctx context.Context, s session.Tagger, key string, expires time.Time) error {
		return naming(s.Touch(ctx, key, expires), key)
	}), claims{
		"no error of a record gives anything away",
	}},
	{"errors have keys in what they wrap", touching(func(ctx context.Context, s session.Tagger, key string, expires time.Time) error {
		if err := s.Touch(ctx, key, expires); err != nil {
			return covered{naming(err, key)}
		}
		return nil
	}), claims{
		"no error of a record gives anything away",
	}},
	{"errors have parts of keys further inside", reading(func(ctx context.Context, s session.Tagger, key string) (session.Record, error) {
		rec, err := s.Read(ctx, key)
		return rec, hiding(naming(err, key[:2]+"/"+key[2:]))
	}), claims{
		"no error of a record gives anything away",
	}},
	{"errors have data", writing(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		return naming(s.Write(ctx, key, rec), string(rec.Data))
	}), claims{
		"no error of a record gives anything away",
	}},
}

// sharing is a store that shares one slice for each key with its callers, in one of the methods.
func sharing(c *clock, by string) broken {
	s := memory(c)
	var lock sync.Mutex
	stored := map[string][]byte{}
	return broken{
		Tagger: s,
		write: func(ctx context.Context, key string, rec session.Record) error {
			lock.Lock()
			defer lock.Unlock()
			err := s.Write(ctx, key, rec)
			var conflict *session.ConflictError
			switch {
			case err == nil && by == "write":
				stored[key] = rec.Data
			case err == nil:
				stored[key] = bytes.Clone(rec.Data)
			case errors.As(err, &conflict) && by == "conflict":
				conflict.Current.Data = stored[key]
			}
			return err
		},
		read: func(ctx context.Context, key string) (session.Record, error) {
			lock.Lock()
			defer lock.Unlock()
			rec, err := s.Read(ctx, key)
			if err != nil {
				return rec, err
			}
			rec.Data = stored[key]
			if by != "read" {
				rec.Data = bytes.Clone(rec.Data)
			}
			return rec, nil
		},
	}
}

const limit = 512 // the least that the suite accepts

// limited is a store that keeps at most limit bytes of data.
type limited struct{ broken }

func limiting(s session.Tagger) limited {
	return limited{broken{Tagger: s, write: func(ctx context.Context, key string, rec session.Record) error {
		if len(rec.Data) > limit {
			return session.ErrTooLarge
		}
		return s.Write(ctx, key, rec)
	}}}
}

// overLimit does something with data that is too large.
func overLimit(flaw func(ctx context.Context, s session.Tagger, key string, rec session.Record) error) func(*clock) session.Store {
	return func(c *clock) session.Store {
		s := memory(c)
		return limited{broken{Tagger: s, write: func(ctx context.Context, key string, rec session.Record) error {
			if len(rec.Data) > limit {
				return flaw(ctx, s, key, rec)
			}
			return s.Write(ctx, key, rec)
		}}}
	}
}

var limitFlaws = []flaw{
	{"too large data is cut", overLimit(func(ctx context.Context, s session.Tagger, key string, rec session.Record) error {
		rec.Data = rec.Data[:limit]
		return s.Write(ctx, key, rec)
	}), claims{
		"one byte too many is refused and changes nothing",
	}},
	{"too large data is another error", overLimit(func(context.Context, session.Tagger, string, session.Record) error {
		return session.ErrUnavailable
	}), claims{
		"one byte too many is refused and changes nothing",
	}},
	{"too large data destroys the record", overLimit(func(ctx context.Context, s session.Tagger, key string, _ session.Record) error {
		_ = s.Destroy(ctx, key, 0)
		return session.ErrTooLarge
	}), claims{
		"one byte too many is refused and changes nothing",
	}},
	{"the limit is a byte too low", func(c *clock) session.Store {
		s := memory(c)
		return limited{broken{Tagger: s, write: func(ctx context.Context, key string, rec session.Record) error {
			if len(rec.Data) >= limit {
				return session.ErrTooLarge
			}
			return s.Write(ctx, key, rec)
		}}}
	}, claims{
		"any bytes may be data",
		"large data comes back as it was",
	}},
}
