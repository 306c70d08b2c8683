package storetest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/echo-hypermedia/session"
)

// renewer is a store that renews what it reads, in its own way.
type renewer struct {
	session.Tagger
	renew func(ctx context.Context, key string, due, until time.Time) (session.Record, error)
}

func (r renewer) Renew(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
	return r.renew(ctx, key, due, until)
}

// renewing is how a correct store renews.
func renewing(s session.Store) func(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
	return func(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
		rec, err := s.Read(ctx, key)
		if err == nil && !rec.Expires.After(due) && s.Touch(ctx, key, until) == nil {
			rec.Expires = until
		}
		return rec, err
	}
}

// renewed breaks a Renewer.
func renewed(flaw func(s session.Store) renewer) func(*clock) session.Store {
	return func(c *clock) session.Store {
		s := memory(c)
		broken := flaw(s)
		broken.Tagger = s
		return broken
	}
}

// renewedBy breaks Renew.
func renewedBy(flaw func(ctx context.Context, s session.Store, key string, due, until time.Time) (session.Record, error)) func(*clock) session.Store {
	return renewed(func(s session.Store) renewer {
		return renewer{renew: func(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
			return flaw(ctx, s, key, due, until)
		}}
	})
}

var renewFlaws = []flaw{
	{"none", renewed(func(s session.Store) renewer { return renewer{renew: renewing(s)} }), nil},
	{"a renew only reads", renewedBy(func(ctx context.Context, s session.Store, key string, _, _ time.Time) (session.Record, error) {
		return s.Read(ctx, key)
	}), claims{
		"renew moves the expiry of a record that is due, and changes nothing else",
		"renew moves the expiry again and again, and closer, too",
		anyByRenew,
	}},
	{"a renew returns the old expiry", renewedBy(func(ctx context.Context, s session.Store, key string, due, until time.Time) (session.Record, error) {
		old, _ := s.Read(ctx, key)
		rec, err := renewing(s)(ctx, key, due, until)
		rec.Expires = old.Expires
		return rec, err
	}), claims{
		"renew moves the expiry of a record that is due, and changes nothing else",
		"renew moves the expiry again and again, and closer, too",
	}},
	{"a renew does not ask what is due", renewedBy(func(ctx context.Context, s session.Store, key string, _, until time.Time) (session.Record, error) {
		return renewing(s)(ctx, key, until.Add(time.Hour), until)
	}), claims{
		"renew answers as read does",
		"renew leaves a record alone that is not due",
		"renew moves the expiry again and again, and closer, too",
		anyByRenew,
	}},
	{"a renew makes a record where there is none", renewedBy(func(ctx context.Context, s session.Store, key string, due, until time.Time) (session.Record, error) {
		rec, err := renewing(s)(ctx, key, due, until)
		if errors.Is(err, session.ErrNotFound) {
			_ = s.Write(ctx, key, session.Record{Expires: until})
		}
		return rec, err
	}), claims{
		"renew answers as read does",
		anyByRenew,
	}},
	{"a renew counts as a write", renewedBy(func(ctx context.Context, s session.Store, key string, due, until time.Time) (session.Record, error) {
		rec, err := renewing(s)(ctx, key, due, until)
		if err == nil && rec.Expires.Equal(until) {
			err = s.Write(ctx, key, rec)
		}
		return rec, err
	}), claims{
		"renew moves the expiry of a record that is due, and changes nothing else",
		"renew moves the expiry again and again, and closer, too",
		anyByRenew,
	}},
	{"a renew happens once", renewed(func(s session.Store) renewer {
		var done sync.Map
		return renewer{renew: func(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
			rec, err := s.Read(ctx, key)
			if err != nil || rec.Expires.After(due) {
				return rec, err
			}
			if _, again := done.LoadOrStore(key, true); again {
				return rec, nil
			}
			return renewing(s)(ctx, key, due, until)
		}}
	}), claims{
		"renew moves the expiry again and again, and closer, too",
		perhaps + anyByRenew,
	}},
	{"errors of renew have keys", renewedBy(func(ctx context.Context, s session.Store, key string, due, until time.Time) (session.Record, error) {
		rec, err := renewing(s)(ctx, key, due, until)
		return rec, naming(err, key)
	}), claims{
		"by renew: no error of a record gives anything away",
	}},
	{"a renew never shortens", renewedBy(func(ctx context.Context, s session.Store, key string, due, until time.Time) (session.Record, error) {
		rec, err := s.Read(ctx, key)
		if err == nil && until.Before(rec.Expires) {
			return rec, nil
		}
		return renewing(s)(ctx, key, due, until)
	}), claims{
		"renew moves the expiry again and again, and closer, too",
		"by renew: touch moves the expiry closer",
		anyByRenew,
	}},
	{"a renew returns the slice that is stored", renewedBy(func(ctx context.Context, s session.Store, key string, due, until time.Time) (session.Record, error) {
		rec, err := renewing(s)(ctx, key, due, until)
		if err == nil {
			stored, _ := s.(session.Sharer).Peek(ctx, key)
			rec.Data = stored.Data
		}
		return rec, err
	}), claims{
		"renew moves the expiry of a record that is due, and changes nothing else",
		"by renew: the store does not share the slice returned by read",
		perhaps + anyByRenew,
	}},
	{"a renew that moves the expiry returns the slice that is stored", renewedBy(func(ctx context.Context, s session.Store, key string, due, until time.Time) (session.Record, error) {
		rec, err := renewing(s)(ctx, key, due, until)
		if err == nil && rec.Expires.Equal(until) {
			stored, _ := s.(session.Sharer).Peek(ctx, key)
			rec.Data = stored.Data
		}
		return rec, err
	}), claims{
		"renew moves the expiry of a record that is due, and changes nothing else",
	}},
	{"a renew reads, and writes back what it read", func(c *clock) session.Store {
		n := newNaive(c, "touch")
		return renewer{Tagger: n, renew: renewing(n)}
	}, claims{
		"a touch at the same time undoes no write",
		"by renew: a touch at the same time undoes no write",
		"who has seen a record destroyed never sees it again",
		"by renew: who has seen a record destroyed never sees it again",
	}},
	{"a renew brings back what is destroyed meanwhile", renewed(func(s session.Store) renewer {
		return renewer{renew: renewing(reviving(s.(session.Tagger)))}
	}), claims{
		"by renew: who has seen a record destroyed never sees it again",
	}},
	{"a renew asks nobody whether to go on", renewedBy(func(_ context.Context, s session.Store, key string, due, until time.Time) (session.Record, error) {
		return renewing(s)(context.Background(), key, due, until)
	}), claims{
		"renew answers as read does",
		anyByRenew,
	}},
}
