package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_an_id_that_leads_nowhere_is_never_adopted(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	w := &watched{Store: store}
	p := start(t, session.Config{Store: w})
	elsewhere := start(t, session.Config{})
	visitorOf := func(p *process) *visitor {
		v := newVisitor()
		v.must(t, p, put("user", 7))
		return v
	}
	destroyed := visitorOf(p)
	gone := destroyed.clone()
	destroyed.must(t, p, (*session.Session).Destroy)
	moved := visitorOf(p)
	old := moved.clone()
	moved.must(t, p, (*session.Session).Regenerate)
	p.clock.advance(11 * time.Second) // see Test_that_a_straggler_…
	good := visitorOf(p).cookie()

	for _, tc := range []struct {
		desc, cookie string
		reads        int
	}{
		{"unknown", newID(1), 1},
		{"destroyed", gone.cookie(), 1},
		{"given up by Regenerate", old.cookie(), 1},
		{"of another store", visitorOf(elsewhere).cookie(), 1},
		{"all zero", strings.Repeat("A", 43), 1},
		{"empty", "", 0},
		{"too short", good[:42], 0},
		{"too long", good + "A", 0},
		{"oversized", strings.Repeat("A", 100_000), 0},
		{"with a character that base64url has not", "+" + good[1:], 0},
		{"with bits left over", good[:42] + "B", 0},
		{"with padding", good[:42] + "=", 0},
		{"of hex digits, as a key of the store", strings.Repeat("a", 42) + "A", 1},
		{"a path", "../../etc/passwd", 0},
		{"percent-encoded", "%41" + good[1:], 0},
	} {
		w.reset()
		v := newVisitor()
		v.cookies[cookieName] = tc.cookie
		v.must(t, p, func(s *session.Session) {
			if !s.IsNew() || len(s.All()) != 0 || s.Load(t.Context()) != nil {
				t.Errorf("%s: the session is %v", tc.desc, s.All())
			}
		})
		if n := w.count(""); n != tc.reads {
			t.Errorf("%s: %d store calls; want %d", tc.desc, n, tc.reads)
		}
		before := store.Len()
		v.must(t, p, put("a", 1))
		if v.cookie() == tc.cookie || len(v.cookie()) != 43 {
			t.Errorf("%s: the new session's id is %q", tc.desc, v.cookie())
		}
		if store.Len() != before+1 {
			t.Errorf("%s: %d records more; want 1", tc.desc, store.Len()-before)
		}
	}
	if n := len(p.hooked("Rejected")); n == 0 {
		t.Error("the Rejected hook was never called")
	}
}

func Test_that_the_good_one_among_many_cookies_is_found(t *testing.T) {
	w := newWatched()
	p := start(t, session.Config{Store: w})
	v := newVisitor()
	v.must(t, p, put("user", 7))
	for _, tc := range []struct {
		desc           string
		before, after  int
		found          bool
		reads, cookies int
	}{
		{desc: "alone", found: true, reads: 1},
		{desc: "first", after: 5, found: true, reads: 1},
		{desc: "last", before: 7, found: true, reads: 8},
		{desc: "in the middle", before: 3, after: 3, found: true, reads: 4},
		{desc: "behind more than eight, it is not looked for", before: 8, reads: 8},
		{desc: "a thousand cookies cost no more", before: 1000, reads: 8},
	} {
		w.reset()
		var parts []string
		for i := range tc.before {
			parts = append(parts, cookieName+"="+newID(i))
		}
		parts = append(parts, "other="+v.cookie(), cookieName+"="+v.cookie())
		for i := range tc.after {
			parts = append(parts, cookieName+"="+newID(i))
		}
		r := newVisitor().request()
		r.Header.Set("Cookie", strings.Join(parts, "; "))
		p.serve(r, with(func(s *session.Session) {
			if found := session.Get[int](s, "user") == 7; found != tc.found {
				t.Errorf("%s: found is %t", tc.desc, found)
			}
		}))
		if n := w.count("Read"); n != tc.reads {
			t.Errorf("%s: %d reads; want %d", tc.desc, n, tc.reads)
		}
	}
}

func Test_that_an_id_comes_from_the_cookie_only(t *testing.T) {
	w := newWatched()
	p := start(t, session.Config{Store: w})
	v := newVisitor()
	v.must(t, p, put("user", 7))
	w.reset()
	r := newVisitor().request()
	r.URL.RawQuery = cookieName + "=" + v.cookie()
	r.Header.Set(cookieName, v.cookie())
	r.Header.Set("Authorization", "Bearer "+v.cookie())
	r.Header.Set("Cookie", "session="+v.cookie()+"; __host-session="+v.cookie()+"; \u2000__Host-session="+v.cookie())
	p.serve(r, with(func(s *session.Session) { s.Has("user") }))
	if w.count("") != 0 {
		t.Errorf("%d store calls; want none", w.count(""))
	}
}

func Test_that_reading_creates_nothing(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	p := start(t, session.Config{Store: store})
	for i := range 3000 {
		v := newVisitor()
		if i%2 == 0 {
			v.cookies[cookieName] = newID(i)
		}
		rec := v.must(t, p, func(s *session.Session) {
			session.Get[int](s, "a")
			session.Pull[int](s, "a")
			s.FlashMessages().Alerts()
			s.Old("name")
			s.FlashNow("info", "now")
			s.Forget("a")
			s.Clear()
			if i%3 == 0 {
				s.Destroy()
			}
			if i%5 == 0 {
				s.Regenerate()
			}
		})
		if len(setCookies(rec)) != 0 {
			t.Fatalf("request %d sets %v", i, setCookies(rec))
		}
	}
	if n := store.Len(); n != 0 {
		t.Errorf("%d records; want 0", n)
	}
}

func Test_that_an_id_is_nowhere_but_in_the_cookie(t *testing.T) {
	store := memorystore.New(memorystore.Options{})
	w := &watched{Store: store}
	p := start(t, session.Config{Store: w})
	v := newVisitor()
	var ids []string
	var bodies []string
	do := func(work func(*session.Session)) {
		rec := v.do(p, work)
		ids = append(ids, v.cookie())
		bodies = append(bodies, rec.Body.String())
		rec.Header().Del("Set-Cookie")
		bodies = append(bodies, fmt.Sprint(rec.Header()))
	}
	do(put("a", 1))
	do(func(s *session.Session) { session.Get[[]int](s, "a") })
	do((*session.Session).Regenerate)
	do(put("c", make(chan int)))
	w.before = failing(errStoreDown)
	do(put("a", 2))
	w.before = failing(errStoreDown, "Write", "Destroy")
	do((*session.Session).Regenerate)
	do((*session.Session).Destroy)
	w.before = nil
	interleaved(p, p, v, (*session.Session).Destroy, put("late", 1))
	v.cookies[cookieName] = ids[0]
	do(put("a", 1))

	said := p.log.String() + strings.Join(bodies, "\n")
	for _, e := range p.events {
		said += fmt.Sprintf("%+v\n", e)
	}
	for _, err := range p.errs {
		for ; err != nil; err = errors.Unwrap(err) {
			said += fmt.Sprintf("%+v\n", err)
		}
	}
	var stored string
	for _, c := range w.calls {
		stored += c.key + string(c.rec.Data) + "\n"
	}
	for _, id := range ids {
		if strings.Contains(said, id) || strings.Contains(said, keyOf(id)) {
			t.Errorf("the id or key of %s was told:\n%s", id, said)
		}
		if strings.Contains(stored, id) {
			t.Errorf("the store has seen %s", id)
		}
	}
	if len(p.hooked("StoreError")) == 0 || len(p.hooked("Lost")) == 0 || len(p.hooked("Undecodable")) == 0 {
		t.Errorf("too little happened: %+v", p.events)
	}
}

func Test_that_ids_are_43_characters_of_base64url_and_distinct(t *testing.T) {
	p := start(t, session.Config{})
	alphabet := regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	seen := map[string]bool{}
	for range 2000 {
		v := newVisitor()
		v.must(t, p, put("a", 1))
		if !alphabet.MatchString(v.cookie()) || seen[v.cookie()] {
			t.Fatalf("%q is no id, or was there before", v.cookie())
		}
		seen[v.cookie()] = true
	}
}

func Test_that_a_store_that_cannot_be_asked_does_not_look_like_being_logged_out(t *testing.T) {
	w := newWatched()
	p := start(t, session.Config{Store: w})
	v := newVisitor()
	v.must(t, p, put("user", 7))
	w.before = failing(errStoreDown)
	optional := session.Optional(with(func(s *session.Session) { s.Has("user") }))
	for _, tc := range []struct {
		desc string
		h    echo.HandlerFunc
		want int
	}{
		{"untouched", with(func(*session.Session) {}), 200},
		{"read", with(func(s *session.Session) { s.Has("user") }), 503},
		{"written", with(put("a", 1)), 503},
		{"loaded", with(func(s *session.Session) {
			if err := s.Load(t.Context()); !errors.Is(err, session.ErrUnavailable) || s.Err() == nil {
				t.Errorf("Load says %v", err)
			}
			if _, _, err := session.Lookup[int](s, "user"); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("Lookup says %v", err)
			}
		}), 503},
		{"a page that is optional", optional, 200},
		{"one behind middleware that has asked for the session", func(c echo.Context) error {
			session.From(c).IsPartial()
			return optional(c)
		}, 200},
		{"a change on a page that is optional", session.Optional(with(put("a", 1))), 503},
	} {
		rec := v.visit(p, tc.h)
		if rec.Code != tc.want || len(setCookies(rec)) != 0 {
			t.Errorf("%s: status %d, sets %v; want %d and no cookie", tc.desc, rec.Code, setCookies(rec), tc.want)
		}
	}
	w.before = nil
	v.must(t, p, func(s *session.Session) {
		if session.Get[int](s, "user") != 7 || s.Has("a") {
			t.Errorf("afterwards the session is %v", s.All())
		}
	})
}

func Test_that_a_failed_load_is_a_503_whatever_the_store_says(t *testing.T) {
	for _, says := range []error{session.ErrConflict, session.ErrTooLarge, syscall.EOPNOTSUPP} { // the last is an errors.ErrUnsupported
		w := newWatched()
		p := start(t, session.Config{Store: w})
		v := newVisitor()
		v.must(t, p, put("user", 7))
		w.before = failing(says)
		if rec := v.do(p, func(s *session.Session) { s.Has("user") }); rec.Code != http.StatusServiceUnavailable {
			t.Errorf("%v: status %d, %v; want 503", says, rec.Code, p.failure())
		}
	}
}

func Test_what_becomes_of_a_record_that_cannot_be_understood(t *testing.T) {
	for _, tc := range []struct {
		desc string
		data string
		want int
	}{
		{"a corrupt one is as good as none", "\x01\xff", 200},
		{"so is an empty one", "", 200},
		{"so is one of another format", "\x00{}", 200},
		{"one of a newer version must not look like being logged out", "\x02{}", 503},
	} {
		store := memorystore.New(memorystore.Options{})
		p := start(t, session.Config{Store: store, Now: time.Now})
		v := newVisitor()
		v.must(t, p, put("a", 1))
		old := v.cookie()
		rec := session.Record{Data: []byte(tc.data), Version: 1, Expires: time.Now().Add(time.Hour)}
		if err := store.Write(context.Background(), keyOf(old), rec); err != nil {
			t.Fatal(err)
		}
		answer := v.do(p, func(s *session.Session) { s.Put("b", s.IsNew()) })
		if answer.Code != tc.want {
			t.Errorf("%s: status %d, %v; want %d", tc.desc, answer.Code, p.failure(), tc.want)
		}
		if adopted := v.cookie() == old; adopted != (tc.want == http.StatusServiceUnavailable) {
			t.Errorf("%s: the cookie is %q after %q", tc.desc, v.cookie(), old)
		}
	}
}

// A later release may add kinds of entries, and runs beside this one during a deployment.
func Test_that_an_entry_of_a_kind_that_nobody_knows_stays(t *testing.T) {
	const entry = "z\x06factor\x05known"
	for desc, work := range map[string]func(*session.Session){
		"a put":       put("b", 2),
		"a clear":     (*session.Session).Clear,
		"a flash":     func(s *session.Session) { s.FlashInfo("x") },
		"a new id":    (*session.Session).Regenerate,
		"a tag":       func(s *session.Session) { s.Tag("ada") },
		"remember me": func(s *session.Session) { s.RememberMe(0, 0) },
	} {
		store := memorystore.New(memorystore.Options{})
		p := start(t, session.Config{Store: store, Now: time.Now})
		v := newVisitor()
		v.must(t, p, put("a", 1))
		rec, err := store.Read(t.Context(), keyOf(v.cookie()))
		if err != nil {
			t.Fatal(err)
		}
		rec.Data = append(rec.Data, entry...)
		if err := store.Write(t.Context(), keyOf(v.cookie()), rec); err != nil {
			t.Fatal(err)
		}
		v.must(t, p, work)
		if rec, err = store.Read(t.Context(), keyOf(v.cookie())); err != nil || !strings.Contains(string(rec.Data), entry) {
			t.Errorf("after %s it is gone (%v)", desc, err)
		}
	}
}

func Test_that_a_page_that_is_optional_may_be_skipped(t *testing.T) {
	skip := func(cfg *session.Config) { cfg.Skipper = func(echo.Context) bool { return true } }
	got := newSite(t, skip).browser().visit(session.Optional(with200))
	if got.status != http.StatusOK {
		t.Errorf("status %d; want 200", got.status)
	}
}

func FuzzCookieHeader(f *testing.F) {
	good := newID(1)
	f.Add(cookieName + "=" + good)
	f.Add("a=b; " + cookieName + "=\"" + good + "\"; " + cookieName + "=")
	f.Add(cookieName + "=" + good[:42] + "B")
	f.Add(cookieName + "=" + strings.Repeat("A", 20) + "\n" + strings.Repeat("A", 22)) // base64 skips line breaks
	f.Add("=;;\x00 ,=\"")
	f.Fuzz(func(t *testing.T, header string) {
		w := newWatched()
		p := start(t, session.Config{Store: w})
		r := newVisitor().request()
		r.Header.Set("Cookie", header)
		wellFormed := 0
		for _, c := range r.CookiesNamed(cookieName) {
			if len(c.Value) == 43 && regexp.MustCompile(`^[\w-]{42}[AEIMQUYcgkosw048]$`).MatchString(c.Value) {
				wellFormed++
			}
		}
		rec := p.serve(r, with(func(s *session.Session) {
			if !s.IsNew() {
				t.Errorf("there is a session: %v", s.All())
			}
		}))
		if rec.Code != http.StatusOK || w.count("") > min(wellFormed, 8) {
			t.Errorf("status %d and %d store calls; want 200 and %d at most", rec.Code, w.count(""), min(wellFormed, 8))
		}
	})
}

func Test_that_quotes_around_a_cookie_do_not_matter(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("user", 7))
	r := v.request()
	r.Header.Set("Cookie", cookieName+`="`+v.cookie()+`"`)
	p.serve(r, with(func(s *session.Session) {
		if got := session.Get(s, "user", 0); got != 7 {
			t.Errorf("got the user %d; want 7", got)
		}
	}))
}
