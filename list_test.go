package session_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// listAll collects what a loop over all sessions yields.
func listAll(t *testing.T, p *process) map[string]session.Info {
	t.Helper()
	found := map[string]session.Info{}
	for info, err := range p.manager.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := found[info.Handle]; twice {
			t.Errorf("a session is listed twice")
		}
		found[info.Handle] = info
	}
	return found
}

func Test_that_all_sessions_are_listed_with_whose_they_are(t *testing.T) {
	p := start(t, session.Config{})
	if got := listAll(t, p); len(got) != 0 {
		t.Errorf("got %v; want none", got)
	}
	began := p.clock.Now()
	guest, user, both, ended, expired := newVisitor(), newVisitor(), newVisitor(), newVisitor(), newVisitor()
	expired.must(t, p, put("a", 1))
	p.clock.advance(time.Hour)
	guest.must(t, p, put("a", 1))
	user.must(t, p, func(s *session.Session) { logIn("7")(s); s.SetLabel("phone") })
	both.must(t, p, logIn("7"))
	p.clock.advance(time.Minute)
	both.must(t, p, logIn("8"))
	ended.must(t, p, put("a", 1))
	ended.must(t, p, (*session.Session).Destroy)
	at := began.Add(time.Hour)
	want := map[string]session.Info{
		handleOf(p, guest): {Created: at, LastSeen: at, Expires: at.Add(2 * time.Hour)},
		handleOf(p, user):  {Created: at, Users: []string{"7"}, Tagged: at, LastSeen: at, Expires: at.Add(2 * time.Hour), Label: "phone"},
		handleOf(p, both):  {Created: at, Users: []string{"7", "8"}, Tagged: at, LastSeen: at.Add(time.Minute), Expires: at.Add(2*time.Hour + time.Minute)},
	}
	p.clock.advance(time.Hour) // so that the first one expires

	got := listAll(t, p)
	if len(got) != len(want) {
		t.Errorf("%d sessions; want %d", len(got), len(want))
	}
	for h, w := range want {
		g := got[h]
		if g.Handle != h || !slices.Equal(g.Users, w.Users) || g.Label != w.Label || !g.Created.Equal(w.Created) ||
			!g.Tagged.Equal(w.Tagged) || !g.LastSeen.Equal(w.LastSeen) || !g.Expires.Equal(w.Expires) {
			t.Errorf("got  %+v\nwant %+v", g, w)
		}
	}
}

func Test_that_thousands_of_sessions_are_listed_while_they_change(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	p := start(t, session.Config{Store: store, Now: time.Now})
	const sessions = 3000
	visitors := make([]*visitor, sessions)
	for i := range visitors {
		visitors[i] = newVisitor()
		visitors[i].must(t, p, put("n", i))
	}
	staying := map[string]bool{}
	for _, v := range visitors[:2000] {
		staying[handleOf(p, v)] = true
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < 1000; i += 4 {
				visitors[2000+i].do(p, (*session.Session).Destroy)
				visitors[i].do(p, increment)
				newVisitor().do(p, put("n", 1))
			}
		})
	}
	for info, err := range p.manager.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if staying[info.Handle] {
			delete(staying, info.Handle)
			if err := p.manager.Update(t.Context(), info.Handle, func(s *session.Session) error { s.Put("seen", true); return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	wg.Wait()
	if len(staying) > 0 {
		t.Errorf("%d sessions were not listed", len(staying))
	}
	for _, v := range visitors[:2000] {
		v.must(t, p, func(s *session.Session) {
			if !s.Has("seen") {
				t.Error("a change was lost")
			}
		})
	}
	n := 0
	for range p.manager.All(t.Context()) {
		if n++; n == 10 {
			break
		}
	}
	if got := len(listAll(t, p)); n != 10 || got != store.Len() {
		t.Errorf("%d after a loop that was left, of %d", got, store.Len())
	}
}

func Test_that_a_failure_ends_the_list_and_what_nobody_can_decode_does_not(t *testing.T) {
	for _, tc := range []struct {
		desc     string
		prepare  func(t *testing.T, l *watchedList)
		listed   int
		want     error
		reported int
	}{
		{"nothing is wrong", func(*testing.T, *watchedList) {}, 3, nil, 0},
		{"the list fails in the middle", func(_ *testing.T, l *watchedList) { l.failAfter = 2 }, 2, session.ErrUnavailable, 0},
		{"a read fails in the middle", func(_ *testing.T, l *watchedList) { l.failRead = 2 }, 1, session.ErrUnavailable, 0},
		{"a record has gone since", func(t *testing.T, l *watchedList) { l.extra = strings.Repeat("0", 64) }, 3, nil, 0},
		{"a record is corrupt", func(t *testing.T, l *watchedList) { l.store(t, "\x01") }, 3, nil, 1},
		{"a record is of a newer version", func(t *testing.T, l *watchedList) { l.store(t, "\xff") }, 3, session.ErrUnavailable, 0},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			l := &watchedList{Store: memorystore.New(memorystore.Options{})}
			p := start(t, session.Config{Store: l, Now: time.Now})
			for range 3 {
				newVisitor().must(t, p, put("a", 1))
			}
			tc.prepare(t, l)
			l.armed = true
			got, errs := 0, []error{}
			for info, err := range p.manager.All(t.Context()) {
				switch {
				case err != nil:
					errs = append(errs, err)
				case len(errs) > 0 || info.Handle == "":
					t.Error("something comes after the error, or without a handle")
				default:
					got++
				}
			}
			if got != tc.listed || (tc.want == nil) != (len(errs) == 0) || tc.want != nil && (len(errs) != 1 || !errors.Is(errs[0], tc.want)) {
				t.Errorf("%d sessions, %v; want %d, %v", got, errs, tc.listed, tc.want)
			}
			if n := len(p.hooked("StoreError")); n != len(errs) {
				t.Errorf("%d store errors are reported; want %d", n, len(errs))
			}
			if n := len(p.hooked("Undecodable")); n != tc.reported || strings.Contains(p.log.String(), "left out") != (n > 0) {
				t.Errorf("%d reported, log %q; want %d", n, p.log.String(), tc.reported)
			}
		})
	}
}

// watchedList is a store whose list or reads can fail.
type watchedList struct {
	*memorystore.Store
	armed               bool
	failAfter, failRead int
	extra               string
	reads               int
}

func (l *watchedList) store(t *testing.T, data string) {
	t.Helper()
	err := l.Write(t.Context(), strings.Repeat("f", 64), session.Record{Data: []byte(data), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
}

func (l *watchedList) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if l.extra != "" && !yield(l.extra, nil) {
			return
		}
		n := 0
		for key, err := range l.Store.Keys(ctx) {
			if n++; l.failAfter > 0 && n > l.failAfter {
				yield("", errJob)
				return
			}
			if !yield(key, err) {
				return
			}
		}
	}
}

func (l *watchedList) read(read func(context.Context, string) (session.Record, error), ctx context.Context, key string) (session.Record, error) {
	if l.armed {
		if l.reads++; l.reads == l.failRead {
			return session.Record{}, errJob
		}
	}
	return read(ctx, key)
}

func (l *watchedList) Read(ctx context.Context, key string) (session.Record, error) {
	return l.read(l.Store.Read, ctx, key)
}

func (l *watchedList) Peek(ctx context.Context, key string) (session.Record, error) {
	return l.read(l.Store.Peek, ctx, key)
}

func Test_that_a_list_ends_with_its_context(t *testing.T) {
	p := start(t, session.Config{})
	for range 3 {
		newVisitor().must(t, p, put("a", 1))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var errs []error
	n := 0
	for _, err := range p.manager.All(ctx) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		n++
		cancel()
	}
	if n != 1 || len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("%d sessions, %v; want one, and context.Canceled", n, errs)
	}
}
