package session_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_the_sessions_of_a_user_are_listed(t *testing.T) {
	p := start(t, session.Config{})
	began := p.clock.Now()
	phone, laptop, other := newVisitor(), newVisitor(), newVisitor()
	phone.must(t, p, func(s *session.Session) { logIn("7")(s); s.SetLabel("phone") })
	p.clock.advance(time.Minute)
	laptop.must(t, p, func(s *session.Session) { logIn("7")(s); s.SetLabel("laptop") })
	other.must(t, p, logIn("8"))
	p.clock.advance(time.Hour)
	phone.must(t, p, func(s *session.Session) { s.Has("user") }) // late enough to touch

	got := list(t, p, "7")
	want := []session.Info{
		{handleOf(p, phone), began, []string{"7"}, began, began.Add(61 * time.Minute), began.Add(61*time.Minute + 2*time.Hour), "phone"},
		{handleOf(p, laptop), began.Add(time.Minute), []string{"7"}, began.Add(time.Minute), began.Add(time.Minute), began.Add(time.Minute + 2*time.Hour), "laptop"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d sessions; want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Handle != want[i].Handle || got[i].Label != want[i].Label || !slices.Equal(got[i].Users, want[i].Users) || !got[i].Tagged.Equal(want[i].Tagged) ||
			!got[i].Created.Equal(want[i].Created) || !got[i].LastSeen.Equal(want[i].LastSeen) || !got[i].Expires.Equal(want[i].Expires) {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
	if n := len(list(t, p, "nobody")); n != 0 {
		t.Errorf("nobody has %d sessions", n)
	}
}

func Test_that_the_last_write_tells_when_a_session_was_seen_near_its_end(t *testing.T) {
	p := start(t, session.Config{IdleTimeout: 20 * time.Hour, AbsoluteTimeout: 24 * time.Hour})
	v := newVisitor()
	v.must(t, p, logIn("7"))
	for range 5 {
		p.clock.advance(4 * time.Hour)
		v.must(t, p, increment)
	}
	if got := list(t, p, "7"); len(got) != 1 || !got[0].LastSeen.Equal(p.clock.Now()) {
		t.Errorf("got %+v; want one session seen at %v", got, p.clock.Now())
	}
}

func Test_that_nobody_was_seen_later_than_that_after_the_idle_timeout_was_shortened(t *testing.T) {
	c := new(clock)
	cfg := session.Config{Store: memorystore.New(memorystore.Options{Now: c.Now}), Now: c.Now, IdleTimeout: 2 * time.Hour}
	old := start(t, cfg)
	cfg.IdleTimeout = time.Hour
	shorter := start(t, cfg)
	v := newVisitor()
	v.must(t, old, logIn("7"))
	seen := c.Now()
	c.advance(30 * time.Minute)
	if got := list(t, shorter, "7")[0].LastSeen; got.After(seen) {
		t.Errorf("seen %v after the login; want not at all", got.Sub(seen))
	}
}

func Test_that_nobody_was_seen_later_than_now(t *testing.T) {
	p, v := start(t, session.Config{}), newVisitor()
	v.must(t, p, logIn("7"))
	p.clock.advance(time.Hour)
	v.must(t, p, read)
	p.clock.advance(-30 * time.Second) // now it is another process, whose clock is behind
	if got := list(t, p, "7")[0].LastSeen; !got.Equal(p.clock.Now()) {
		t.Errorf("seen in %v; want now", got.Sub(p.clock.Now()))
	}
}

func Test_that_a_handle_opens_nothing(t *testing.T) {
	store := newWatched()
	p := start(t, session.Config{Store: store, Now: time.Now})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	h, id := handleOf(p, v), v.cookie()
	key := store.calls[0].key
	if h == "" || strings.Contains(h, id) || strings.Contains(h, key) || strings.Contains(id, h) {
		t.Errorf("the handle %q has something of the id or the key", h)
	}
	sum := sha256.Sum256([]byte(id))
	if key != hex.EncodeToString(sum[:]) {
		t.Errorf("the store is given %q; want the SHA-256 of the id", key)
	}
	for _, cookie := range []string{h, h[:43], key, key[:43]} {
		thief := newVisitor()
		thief.cookies[cookieName] = cookie
		thief.must(t, p, func(s *session.Session) {
			if !s.IsNew() || s.Has("a") {
				t.Errorf("%q as a cookie opens the session", cookie)
			}
		})
	}
}

func Test_that_a_tag_survives_regenerate(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, logIn("7"))
	before := list(t, p, "7")[0]
	for range 3 {
		v.must(t, p, (*session.Session).Regenerate)
	}
	after := list(t, p, "7")
	if len(after) != 1 || after[0].Handle == before.Handle || !after[0].Created.Equal(before.Created) {
		t.Fatalf("got %+v; want the one session, under another handle than %+v", after, before)
	}
	if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
		t.Fatal(err)
	}
	if isLoggedIn(p, v) {
		t.Error("the session is alive after a log-out everywhere")
	}
}

func Test_that_the_index_keeps_no_entry_of_a_session_that_has_gone(t *testing.T) {
	c := new(clock)
	index := spyOn(memorystore.New(memorystore.Options{Now: c.Now}))
	for _, tc := range []struct {
		desc string
		ends func(*session.Session)
		want int
	}{
		{"stays", increment, 1},
		{"regenerates", (*session.Session).Regenerate, 1},
		{"logs out", (*session.Session).Destroy, 0},
		{"is untagged", func(s *session.Session) { s.Untag("7") }, 0},
		{"is untagged and regenerates", func(s *session.Session) { s.Untag("7"); s.Regenerate() }, 0},
		{"is untagged and tagged again", func(s *session.Session) { s.Untag("7"); s.Tag("7") }, 1},
		{"is tagged anew and untagged", func(s *session.Session) { s.Tag("7"); s.Untag("7") }, 0},
		{"logs out and in again", func(s *session.Session) { s.Destroy(); logIn("7")(s) }, 1},
		{"is cleared", (*session.Session).Clear, 1},
	} {
		p := start(t, session.Config{Store: index, Now: c.Now})
		v := newVisitor()
		v.must(t, p, logIn("7"))
		v.must(t, p, tc.ends)
		c.advance(2 * time.Minute) // a session that moved leaves a note for a minute
		if got := index.entries(t); got != tc.want {
			t.Errorf("%s: %d entries; want %d", tc.desc, got, tc.want)
		}
		if got := len(list(t, p, "7")); got != tc.want {
			t.Errorf("%s: %d sessions; want %d", tc.desc, got, tc.want)
		}
		if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
		if got := index.entries(t); got != 0 {
			t.Errorf("%s: %d entries after a log-out everywhere; want 0", tc.desc, got)
		}
	}
}

func Test_that_the_index_keeps_no_entry_of_a_session_that_was_ended_by_its_manager(t *testing.T) {
	c := new(clock)
	index := spyOn(memorystore.New(memorystore.Options{Now: c.Now}))
	p := start(t, session.Config{Store: index, Now: c.Now})
	for desc, end := range map[string]func(handle string) error{
		"Destroy":       func(handle string) error { return p.manager.Destroy(t.Context(), handle) },
		"DestroyOf":     func(handle string) error { return p.manager.DestroyOf(t.Context(), "7", handle) },
		"DestroyTagged": func(string) error { return p.manager.DestroyTagged(t.Context(), "7") },
	} {
		v := newVisitor()
		v.must(t, p, func(s *session.Session) { s.Tag("7"); s.Tag("8") })
		if err := end(handleOf(p, v)); err != nil || index.entries(t) != 0 {
			t.Errorf("%s: %v, and %d entries are left; want none", desc, err, index.entries(t))
		}
	}
}

func Test_that_the_index_that_fails_fails_the_login(t *testing.T) {
	for _, tc := range []struct {
		fails string
		want  int
	}{
		{"Tag", http.StatusServiceUnavailable},
		{"Write", http.StatusServiceUnavailable},
		{"Tagged", http.StatusServiceUnavailable},
		{"Destroy", http.StatusServiceUnavailable},
		{"Untag", http.StatusOK}, // the entry that is left behind leads nowhere
	} {
		for _, came := range []string{"as a stranger", "with a session"} {
			store := memorystore.New(memorystore.Options{})
			spy := spyOn(store)
			p := start(t, session.Config{Store: spy, Now: time.Now})
			v := newVisitor()
			if came == "with a session" {
				v.must(t, p, put("cart", 1))
			}
			before := v.cookie()
			spy.before = failing(errStoreDown, tc.fails)
			rec := v.do(p, func(s *session.Session) { s.Tag("7"); s.Put("user", "7") })
			spy.before = nil
			if tc.fails == "Destroy" && came == "as a stranger" {
				continue // there was nothing to destroy
			}
			if rec.Code != tc.want {
				t.Errorf("%s fails, %s: status %d; want %d", tc.fails, came, rec.Code, tc.want)
			}
			if tc.want == http.StatusOK {
				continue
			}
			if !errors.Is(p.failure(), session.ErrUnavailable) || !errors.Is(p.failure(), errStoreDown) {
				t.Errorf("%s fails, %s: %v; want ErrUnavailable and the cause", tc.fails, came, p.failure())
			}
			if v.cookie() != before || isLoggedIn(p, v) {
				t.Errorf("%s fails, %s: the visitor has got a session", tc.fails, came)
			}
			if came == "with a session" {
				v.must(t, p, func(s *session.Session) {
					if !s.Has("cart") {
						t.Errorf("%s fails: the session from before the login is lost", tc.fails)
					}
				})
			}
			if n := len(list(t, p, "7")); n != 0 && tc.fails != "Destroy" { // undoing the login fails then, too
				t.Errorf("%s fails, %s: %d sessions are listed", tc.fails, came, n)
			}
		}
	}
}

func Test_that_a_login_is_told_from_the_beginning_of_the_session(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	began := p.clock.Now()
	v.must(t, p, put("cart", 1))
	p.clock.advance(time.Hour)
	v.must(t, p, logIn("7"))
	login := p.clock.Now()
	p.clock.advance(time.Hour)
	v.must(t, p, func(s *session.Session) { s.Tag("7"); s.Regenerate() })
	if got := list(t, p, "7")[0]; !got.Created.Equal(began) || !got.Tagged.Equal(login) {
		t.Errorf("created %v, tagged %v; want %v and %v", got.Created, got.Tagged, began, login)
	}
}

func Test_that_an_untagged_session_is_none_of_the_users(t *testing.T) {
	for _, tc := range []struct {
		desc   string
		work   func(*session.Session)
		others int // sessions of user 8
	}{
		{"it is another user's, and has another id", func(s *session.Session) { s.Untag("7"); s.Tag("8") }, 1},
		{"it is nobody's, and has the id that the entry leads to", func(s *session.Session) { s.Untag("7") }, 0},
	} {
		spy, p, v := startSpied(t)
		v.must(t, p, logIn("7"))
		spy.before = failing(errStoreDown, "Untag") // so the entry is left behind
		v.must(t, p, tc.work)
		spy.before = nil
		if len(list(t, p, "7")) != 0 || len(list(t, p, "8")) != tc.others {
			t.Errorf("%s: want it not among those of 7, and %d of 8", tc.desc, tc.others)
		}
		if err := p.manager.DestroyTagged(t.Context(), "7"); err != nil {
			t.Fatal(err)
		}
		if !isLoggedIn(p, v) {
			t.Errorf("%s: it was ended with those of 7", tc.desc)
		}
	}
}

// Without an absolute timeout, entries have no fixed end either, nor do they last for ten years.
func Test_that_an_endless_session_stays_findable_as_long_as_it_is_used(t *testing.T) {
	for desc, use := range map[string]func(*session.Session){
		"read":              func(s *session.Session) { s.Has("user") },
		"written":           increment,
		"regenerated":       (*session.Session).Regenerate,
		"read, and written": func(s *session.Session) { s.Put("n", session.Get[int](s, "n")+1) },
	} {
		for _, absolute := range []time.Duration{-1, 3650 * day} {
			p := start(t, session.Config{AbsoluteTimeout: absolute})
			v := newVisitor()
			v.must(t, p, logIn("7"))
			for step := range 30 {
				// Some steps are too short to touch the session, and some are just long enough.
				p.clock.advance(time.Duration(1+step%2*110) * time.Minute)
				v.must(t, p, use)
				if !isLoggedIn(p, v) {
					t.Fatalf("%s, absolute timeout %v: the session has expired in use", desc, absolute)
				}
				if len(list(t, p, "7")) != 1 {
					t.Fatalf("%s, absolute timeout %v: alive and unreachable after %d steps", desc, absolute, step+1)
				}
			}
			p.clock.advance(2 * time.Hour)
			if isLoggedIn(p, v) || len(list(t, p, "7")) != 0 {
				t.Errorf("%s, absolute timeout %v: the session is still there after its idle timeout", desc, absolute)
			}
		}
	}
}

func Test_that_an_entry_which_lasts_as_long_as_its_session_is_left_alone(t *testing.T) {
	c := new(clock)
	spy := spyOn(memorystore.New(memorystore.Options{Now: c.Now}))
	p := start(t, session.Config{Store: spy, Now: c.Now, AbsoluteTimeout: 90 * day})
	v := newVisitor()
	v.must(t, p, logIn("7"))
	c.advance(time.Hour)
	spy.reset()
	v.must(t, p, read)
	v.must(t, p, increment)
	if touches, tags := spy.count("Touch"), spy.count("Tag"); touches != 1 || tags != 0 {
		t.Errorf("%d calls of Touch and %d of Tag; want one, and none", touches, tags)
	}
}

// Nobody logs out, and each login reads the list.
func Test_that_the_list_of_a_user_does_not_grow_for_years(t *testing.T) {
	for _, tc := range []struct {
		absolute time.Duration // of the Config
		remember func(*session.Session)
		most     int
	}{
		{0, func(*session.Session) {}, 2},
		{-1, func(*session.Session) {}, 1},
		{3650 * day, func(*session.Session) {}, 1},
		{0, rememberFor(30*day, -1), 31},
		{0, rememberFor(30*day, 3650*day), 31},
		{0, rememberFor(30*day, 90*day), 91},
	} {
		c := new(clock)
		spy := spyOn(memorystore.New(memorystore.Options{Now: c.Now}))
		p := start(t, session.Config{Store: spy, Now: c.Now, AbsoluteTimeout: tc.absolute})
		for range 730 {
			c.advance(day)
			newVisitor().must(t, p, func(s *session.Session) { logIn("7")(s); tc.remember(s) })
		}
		if n := spy.entries(t); n > tc.most {
			t.Errorf("absolute timeout %v: %d entries after two years of daily logins; want %d at most", tc.absolute, n, tc.most)
		}
	}
}

func Test_that_a_store_that_cannot_find_sessions_says_so(t *testing.T) {
	for desc, store := range map[string]session.Store{
		"a cookie store":            cookieStore(t, nil),
		"a store without the index": plain{memorystore.New(memorystore.Options{})},
	} {
		_, err := session.New(session.Config{Store: store, Tags: true})
		if mistakes := session.ConfigErrors(err); len(mistakes) != 1 || mistakes[0].Field != "Tags" {
			t.Errorf("%s with Config.Tags: %v; want it refused", desc, err)
		}
		p := start(t, session.Config{Store: store, Now: time.Now})
		rec := newVisitor().do(p, logIn("7"))
		if rec.Code != http.StatusInternalServerError || !errors.Is(p.failure(), errors.ErrUnsupported) {
			t.Errorf("%s: status %d, %v; want 500 and ErrUnsupported", desc, rec.Code, p.failure())
		}
		if len(setCookies(rec)) != 0 {
			t.Errorf("%s: the refused login has set a cookie", desc)
		}
		_, err = p.manager.Tagged(t.Context(), "7")
		for _, err := range []error{err, p.manager.DestroyTagged(t.Context(), "7")} {
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: %v; want ErrUnsupported", desc, err)
			}
		}
	}
	p := start(t, session.Config{Store: cookieStore(t, nil), Now: time.Now})
	if err := p.manager.Destroy(t.Context(), strings.Repeat("0", 52)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Destroy with a cookie store: %v; want ErrUnsupported", err)
	}
	if _, err := session.New(session.Config{Store: memorystore.New(memorystore.Options{}), Tags: true}); err != nil {
		t.Errorf("a memory store with Config.Tags: %v", err)
	}
}

func Test_that_an_empty_user_id_is_refused(t *testing.T) {
	p := start(t, session.Config{})
	rec := newVisitor().do(p, logIn(""))
	if rec.Code != http.StatusInternalServerError || p.failure() == nil || !strings.Contains(p.failure().Error(), "empty") {
		t.Errorf("status %d, %v; want 500 that says what is empty", rec.Code, p.failure())
	}
	// If the user's id has got lost on the way, nobody must believe that all sessions of the user
	// were ended.
	_, tagged := p.manager.Tagged(t.Context(), "")
	for name, err := range map[string]error{
		"Tagged":        tagged,
		"DestroyTagged": p.manager.DestroyTagged(t.Context(), ""),
		"UpdateTagged":  p.manager.UpdateTagged(t.Context(), "", func(*session.Session) error { return nil }),
	} {
		if err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("%s: %v; want an error that says what is empty", name, err)
		}
	}
}

// The entry that is removed is that of the old id, and the session is found by the new one.
func Test_that_an_untag_on_its_way_does_not_hide_a_login(t *testing.T) {
	spy := spyOn(memorystore.New(memorystore.Options{}))
	p, q := start(t, session.Config{Store: spy, Now: time.Now}), start(t, session.Config{Store: spy, Now: time.Now})
	v := newVisitor()
	v.must(t, p, logIn("7"))
	other := v.clone()
	spy.before = func(c call) error {
		if c.method == "Untag" {
			spy.before = nil
			other.must(t, q, logIn("7"))
		}
		return nil
	}
	v.must(t, p, func(s *session.Session) { s.Untag("7") })
	if got := list(t, p, "7"); len(got) != 1 || got[0].Handle != handleOf(p, other) {
		t.Errorf("the list is %+v; want the session that was tagged again", got)
	}
}

func Test_that_an_untag_during_a_regenerate_ends_no_session(t *testing.T) {
	for name, renew := range map[string]func(*session.Session){
		"Regenerate":  (*session.Session).Regenerate,
		"another tag": func(s *session.Session) { s.Tag("8") },
	} {
		t.Run(name, func(t *testing.T) {
			spy := spyOn(memorystore.New(memorystore.Options{}))
			p, q := start(t, session.Config{Store: spy, Now: time.Now}), start(t, session.Config{Store: spy, Now: time.Now})
			v := newVisitor()
			v.must(t, p, logIn("7"))
			other := v.clone()
			v.must(t, p, func(s *session.Session) {
				s.Put("n", 7)
				other.must(t, q, func(s *session.Session) { s.Untag("7") })
				renew(s)
			})
			if got := number(t, p, v); got != 7 {
				t.Errorf("got %d; want 7", got)
			}
			if got := list(t, p, "7"); len(got) != 0 {
				t.Errorf("the list is %+v; want none", got)
			}
		})
	}
}

// The log-out has marked the old entry, has not seen the new one, and has not ended the old record yet.
func Test_that_a_log_out_wins_over_a_regenerate_that_cannot_read_whether_a_tag_was_removed(t *testing.T) {
	spy, p, v := startSpied(t)
	v.must(t, p, logIn("7"))
	marked := false
	spy.before = func(c call) error {
		switch {
		case c.method == "Tag" && !marked:
			marked = true
			_, err := spy.tagger.Revoke(c.ctx, c.tag)
			return err
		case c.method == "Read" && marked:
			return errStoreDown
		}
		return nil
	}
	if got := v.do(p, (*session.Session).Regenerate); got.Code != http.StatusServiceUnavailable || !marked {
		t.Errorf("status %d; want 503", got.Code)
	}
	spy.before = nil
	if got := list(t, p, "7"); len(got) != 0 {
		t.Errorf("the list is %+v; want none", got)
	}
}

func Test_that_a_tag_is_a_new_id(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("cart", 1))
	planted := v.clone()
	v.must(t, p, func(s *session.Session) { s.Tag("7"); s.Put("user", "7") })
	if isLoggedIn(p, planted) || !isLoggedIn(p, v) || v.cookie() == planted.cookie() {
		t.Error("the id from before the login is worth something")
	}
	before := v.cookie()
	v.must(t, p, func(s *session.Session) { s.Tag("7") })
	v.must(t, p, func(s *session.Session) { s.Untag("7") })
	if v.cookie() != before {
		t.Error("a tag that is there, or one that goes, has changed the id")
	}
}

func Test_that_a_tag_that_is_there_writes_nothing(t *testing.T) {
	spy, p, v := startSpied(t)
	v.must(t, p, func(s *session.Session) { logIn("7")(s); s.SetLabel("phone") })
	spy.calls = nil
	v.must(t, p, func(s *session.Session) { s.Tag("7"); s.SetLabel("phone"); s.Untag("8") })
	if fmt.Sprint(spy.calls) != "[Read]" {
		t.Errorf("store calls %v; want a Read", spy.calls)
	}
}

func Test_that_a_label_is_bounded_and_not_worth_a_session(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	rec := v.must(t, p, func(s *session.Session) { s.SetLabel("a robot") })
	if len(setCookies(rec)) != 0 {
		t.Error("a label has begun a session")
	}
	v.must(t, p, func(s *session.Session) { logIn("7")(s); s.SetLabel(strings.Repeat("x", 199) + "é and more") })
	if got := list(t, p, "7")[0].Label; got != strings.Repeat("x", 199) {
		t.Errorf("the label is %q; want the first 200 bytes, less half a letter", got)
	}
	v.must(t, p, func(s *session.Session) { s.Clear() })
	if got := list(t, p, "7"); len(got) != 1 || got[0].Label == "" {
		t.Error("Clear has taken tag or label away")
	}
	v.must(t, p, func(s *session.Session) { s.SetLabel("Safari") })
	wantText(t, "another label", list(t, p, "7")[0].Label, "Safari")
}

func Test_that_handles_name_the_same_session_everywhere(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	var before string
	v.must(t, p, func(s *session.Session) { before = s.Handle(); logIn("7")(s) })
	h := handleOf(p, v)
	committed := p.hooked("Committed")
	if before != "" || committed[0].Handle != h || list(t, p, "7")[0].Handle != h {
		t.Errorf("before %q, hook %q, list %q, session %q", before, committed[0].Handle, list(t, p, "7")[0].Handle, h)
	}
	if (*session.Session)(nil).Handle() != "" {
		t.Error("the nil session has a handle")
	}
	if got := handleOf(start(t, session.Config{Store: cookieStore(t, nil), Now: time.Now}), v); got != "" {
		t.Errorf("a session in a cookie has the handle %q", got)
	}
}

// doubtful does what it is asked, and reports that it cannot tell.
type doubtful struct{ *memorystore.Store }

func (s doubtful) Keep(ctx context.Context, key string, rec session.Record) error {
	return cmp.Or(s.Store.Keep(ctx, key, rec), session.ErrUnavailable)
}

func Test_that_a_login_which_fails_leaves_nothing_in_the_users_list(t *testing.T) {
	p, v := start(t, session.Config{Store: doubtful{memorystore.New(memorystore.Options{})}}), newVisitor()
	if rec := v.do(p, logIn("7")); rec.Code != http.StatusServiceUnavailable || len(v.cookies) > 0 {
		t.Errorf("status %d, cookies %v; want 503 and none", rec.Code, v.cookies)
	}
	if list, err := p.manager.Tagged(t.Context(), "7"); err != nil || len(list) > 0 {
		t.Errorf("%d sessions that nobody has, %v", len(list), err)
	}
}
