package session_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// startSealed starts a process whose sessions live in cookies.
func startSealed(t *testing.T, keys ...[]byte) *process {
	c := new(clock)
	p := start(t, session.Config{Store: cookieStore(t, c.Now, keys...), Now: c.Now})
	p.clock = c
	return p
}

func Test_that_a_session_lives_in_a_cookie(t *testing.T) {
	const seen = cookieName + "-seen" // comes and goes, so that Back does not show a message again
	p := startSealed(t)
	v := newVisitor()
	for _, tc := range []struct {
		desc string
		work func(*session.Session)
		sets []string
		want string
	}{
		{"nothing", func(*session.Session) {}, nil, "map[]"},
		{"a read", read, nil, "map[]"},
		{"a put that is taken back", func(s *session.Session) { s.Put("a", 1); s.Forget("a") }, nil, "map[]"},
		{"a put", put("a", 1), []string{cookieName}, "map[a:1]"},
		{"a read of it", read, nil, "map[a:1]"},
		{"an increment", increment, []string{cookieName}, "map[a:1 n:1]"},
		{"a flash", func(s *session.Session) { s.FlashInfo("x") }, []string{flashCookieName}, "map[a:1 n:1]"},
		{"a put beside a flash", put("b", 2), []string{cookieName}, "map[a:1 b:2 n:1]"},
		{"showing the flash", func(s *session.Session) { s.FlashMessages().Alerts() }, []string{flashCookieName, seen, seen, seen, seen}, "map[a:1 b:2 n:1]"},
		{"a new id", (*session.Session).Regenerate, []string{cookieName}, "map[a:1 b:2 n:1]"},
		{"a clear", (*session.Session).Clear, []string{cookieName}, "map[]"},
		{"both", func(s *session.Session) { s.Put("c", 3); s.FlashInfo("x") }, []string{cookieName, flashCookieName}, "map[c:3]"},
		{"a log-out", (*session.Session).Destroy, []string{cookieName, flashCookieName}, "map[]"},
		{"a flash alone", func(s *session.Session) { s.FlashInfo("x") }, []string{flashCookieName}, "map[]"},
		{"a log-out with nothing but a flash", (*session.Session).Destroy, []string{flashCookieName}, "map[]"},
	} {
		rec := v.must(t, p, tc.work)
		if got := setCookies(rec); !slices.Equal(got, tc.sets) && len(got)+len(tc.sets) > 0 {
			t.Errorf("%s: sets %v; want %v", tc.desc, got, tc.sets)
		}
		p.serve(v.request(), with(func(s *session.Session) {
			if got := fmt.Sprint(s.All()); got != tc.want {
				t.Errorf("%s: the session is %s; want %s", tc.desc, got, tc.want)
			}
		}))
	}
	if len(v.cookies) != 0 {
		t.Errorf("cookies are left: %v", v.cookies)
	}
}

func Test_that_whatever_a_visitor_sends_is_never_an_error(t *testing.T) {
	p := startSealed(t)
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.Put("user", 7); s.FlashInfo("x") })
	good, flash := v.cookies[cookieName], v.cookies[flashCookieName]
	stranger := newVisitor()
	stranger.must(t, startSealed(t, testKey(2)), put("user", 1))

	for _, tc := range []struct{ desc, value string }{
		{"empty", ""},
		{"foreign", stranger.cookie()},
		{"an id", newID(1)},
		{"truncated", good[:len(good)-4]},
		{"cut to one character", good[:1]},
		{"longer", good + "AAAA"},
		{"a flash in the place of a session", flash},
		{"oversized", strings.Repeat("A", 60_000)},
		{"no base64", "%%%"},
	} {
		visitor := newVisitor()
		visitor.cookies[cookieName] = tc.value
		visitor.cookies[flashCookieName] = tc.value
		if tc.value == flash {
			delete(visitor.cookies, flashCookieName)
		}
		visitor.must(t, p, func(s *session.Session) {
			if !s.IsNew() || len(s.All()) != 0 || len(s.FlashMessages().Alerts()) != 0 {
				t.Errorf("%s: opens as %v", tc.desc, s.All())
			}
			s.Put("a", 1)
		})
		visitor.must(t, p, func(s *session.Session) {
			if fmt.Sprint(s.All()) != "map[a:1]" {
				t.Errorf("%s: the new session is %v", tc.desc, s.All())
			}
		})
	}
	for i := range good {
		bad := []byte(good)
		bad[i] ^= 1
		visitor := newVisitor()
		visitor.cookies[cookieName] = string(bad)
		visitor.must(t, p, func(s *session.Session) {
			if len(s.All()) != 0 {
				t.Errorf("with character %d changed, the session opens", i)
			}
		})
	}
}

// After such a change, a browser sends both the old and the new cookie, and the old one cannot be
// removed.
func Test_which_cookies_open_when_their_attributes_change(t *testing.T) {
	plain := session.CookieOptions{}
	for _, tc := range []struct {
		desc     string
		old, new session.CookieOptions
		opens    bool
	}{
		{"nothing", plain, plain, true},
		{"SameSite", plain, session.CookieOptions{SameSite: http.SameSiteStrictMode}, true},
		{"a path that is the default", plain, session.CookieOptions{Path: "/"}, true},
		{"a dot before the domain", session.CookieOptions{Domain: ".example.com"}, session.CookieOptions{Domain: "example.com"}, true},
		{"a path", plain, session.CookieOptions{Path: "/app"}, false},
		{"no path any more", session.CookieOptions{Path: "/app"}, plain, false},
		{"another path", session.CookieOptions{Path: "/app"}, session.CookieOptions{Path: "/app/"}, false},
		{"a domain", plain, session.CookieOptions{Domain: "example.com"}, false},
		{"another domain", session.CookieOptions{Domain: "app.example.com"}, session.CookieOptions{Domain: "example.com"}, false},
		{"a partition", plain, session.CookieOptions{Partitioned: true}, false},
		{"no partition any more", session.CookieOptions{Partitioned: true}, plain, false},
	} {
		c := new(clock)
		store := cookieStore(t, c.Now)
		deployed := func(options session.CookieOptions) *process {
			return start(t, session.Config{Store: store, Now: c.Now, CookieName: "sid", Cookie: options})
		}
		v := newVisitor()
		v.must(t, deployed(tc.old), func(s *session.Session) { s.Put("user", 1); s.FlashInfo("hello") })
		v.must(t, deployed(tc.new), func(s *session.Session) {
			if got := s.Has("user"); got != tc.opens {
				t.Errorf("%s: the session opens: %t; want %t", tc.desc, got, tc.opens)
			}
			if got := len(s.FlashMessages().Alerts()) == 1; got != tc.opens {
				t.Errorf("%s: the message opens: %t; want %t", tc.desc, got, tc.opens)
			}
		})
	}
}

func Test_that_keys_rotate(t *testing.T) {
	before, during, after := startSealed(t, testKey(1)), startSealed(t, testKey(2), testKey(1)), startSealed(t, testKey(2))
	v := newVisitor()
	v.must(t, before, put("a", 1))
	old := v.clone()
	v.must(t, during, increment)
	v.must(t, after, func(s *session.Session) {
		if fmt.Sprint(s.All()) != "map[a:1 n:1]" {
			t.Errorf("after the rotation: %v", s.All())
		}
	})
	old.must(t, after, func(s *session.Session) {
		if !s.IsNew() {
			t.Errorf("a key that was removed still opens %v", s.All())
		}
	})
}

func Test_that_a_read_renews_the_cookie_after_a_tenth_of_the_idle_time(t *testing.T) {
	p := startSealed(t)
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.Put("a", 1); s.FlashInfo("waits") })
	for _, tc := range []struct {
		after time.Duration
		sets  []string
	}{
		{time.Minute, []string{}},
		{10 * time.Minute, []string{}},
		{time.Minute, []string{cookieName}},
		{time.Minute, []string{}},
	} {
		p.clock.advance(tc.after)
		if rec := v.must(t, p, read); !slices.Equal(setCookies(rec), tc.sets) {
			t.Errorf("after %v more: sets %v; want %v", tc.after, setCookies(rec), tc.sets)
		}
	}
}

func Test_that_a_copy_of_the_cookie_ends_at_its_deadline(t *testing.T) {
	p := startSealed(t)
	v := newVisitor()
	v.must(t, p, put("a", 1))
	replayed := v.clone()
	v.must(t, p, (*session.Session).Destroy)
	if !alive(p, replayed) {
		t.Error("a cookie store cannot revoke, and yet it did: the documentation is wrong")
	}
	p.clock.advance(2 * time.Hour)
	if alive(p, replayed) {
		t.Error("a replayed cookie is good for ever")
	}
}

func Test_that_a_cookie_of_4096_bytes_fits_and_one_of_4097_does_not(t *testing.T) {
	for _, size := range []int{4095, 4096, 4097} {
		p, name, length := sealedOfSize(t, size)
		v := newVisitor()
		v.must(t, p, put("a", 1))
		old := v.cookies[name]
		rec := v.do(p, putLarge(length))
		if size <= 4096 {
			if got := len(rec.Header().Get("Set-Cookie")); rec.Code != http.StatusOK || got != size {
				t.Errorf("%d bytes: status %d, %v, and %d bytes sent", size, rec.Code, p.failure(), got)
			}
			continue
		}
		var tooLarge *session.TooLargeError
		if rec.Code != http.StatusInternalServerError || !errors.As(p.failure(), &tooLarge) || !errors.Is(p.failure(), session.ErrTooLarge) {
			t.Fatalf("%d bytes: status %d, %v; want 500 and a TooLargeError", size, rec.Code, p.failure())
		}
		if tooLarge.Size != size || tooLarge.Limit != 4096 || !strings.HasPrefix(tooLarge.Largest[0], "large (") {
			t.Errorf("%d bytes: %+v", size, tooLarge)
		}
		if said := p.failure().Error(); !strings.Contains(said, "too large, 4097 bytes of 4096; largest: large (") {
			t.Errorf("%d bytes: it says %s", size, said)
		}
		if len(setCookies(rec)) != 0 || v.cookies[name] != old {
			t.Errorf("%d bytes: sets %v; want the old cookie to stay", size, setCookies(rec))
		}
		v.must(t, p, func(s *session.Session) {
			if fmt.Sprint(s.All()) != "map[a:1]" {
				t.Errorf("%d bytes: the session is %v afterwards", size, s.All())
			}
		})
	}
}

func putLarge(length int) func(*session.Session) {
	return func(s *session.Session) { s.Put("a", 2); s.Put("large", strings.Repeat("x", length)) }
}

// sealedOfSize is a process where a text of this length makes a Set-Cookie line of this size.
// Sealed values grow in steps, so the cookie's name makes up the rest.
func sealedOfSize(t *testing.T, size int) (p *process, name string, length int) {
	t.Helper()
	for pad := range 8 {
		c := new(clock)
		name = "c" + strings.Repeat("c", pad)
		p = start(t, session.Config{Store: cookieStore(t, c.Now), Now: c.Now, CookieName: name})
		for length = 2000; length < 2300; length++ {
			rec := newVisitor().do(p, putLarge(length))
			line := len(rec.Header().Get("Set-Cookie"))
			var tooLarge *session.TooLargeError
			if line == 0 && errors.As(p.failure(), &tooLarge) {
				line = tooLarge.Size
			}
			if line == size {
				return p, name, length
			}
		}
	}
	t.Fatalf("no session makes a cookie of %d bytes", size)
	return nil, "", 0
}

func Test_that_flash_travels_on_its_own(t *testing.T) {
	p := startSealed(t)
	v := newVisitor()
	v.must(t, p, put("a", 1))

	// While a slow response changes the values, another request flashes a message. The slow
	// response arrives last.
	slow := v.request()
	v.must(t, p, func(s *session.Session) { s.FlashSuccess("saved") })
	rec := p.serve(slow, with(put("a", 2)))
	if got := setCookies(rec); !slices.Equal(got, []string{cookieName}) {
		t.Errorf("a response that changes values sets %v", got)
	}
	v.keep(rec)
	v.must(t, p, func(s *session.Session) {
		if said := texts(s); session.Get[int](s, "a") != 2 || said != "saved" {
			t.Errorf("values %v, alerts %q; want both changes", s.All(), said)
		}
	})
	v.must(t, p, func(s *session.Session) {
		if s.FlashMessages().Has(session.KindSuccess) {
			t.Error("the message is shown again")
		}
	})
}

func Test_that_a_visitor_with_nothing_but_a_message_is_not_new(t *testing.T) {
	p := startSealed(t)
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.FlashInfo("x") })
	v.must(t, p, func(s *session.Session) {
		if s.IsNew() {
			t.Error("whoever comes with a message has been here before")
		}
	})
}

func Test_that_the_largest_fields_are_left_out_of_a_cookie(t *testing.T) {
	for desc, text := range map[string]string{
		"a long text":                strings.Repeat("x", 20_000),
		"HTML, which JSON escapes":   strings.Repeat("<li>x</li>", 700),
		"a mail that quotes another": strings.Repeat("> > x\r\n", 1000),
	} {
		t.Run(desc, func(t *testing.T) {
			p := startSealed(t)
			v := newVisitor()
			form := url.Values{"name": {"Ada"}, "note": {strings.Repeat("y", 500)}, "text": {text}}
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", echo.MIMEApplicationForm)
			rec := p.serve(r, func(c echo.Context) error {
				s := session.From(c)
				s.FlashAll()
				s.FlashInputErrors(map[string][]string{"text": {"is too long"}})
				s.FlashError("please correct the form")
				return c.Redirect(http.StatusSeeOther, "/")
			})
			if rec.Code != http.StatusSeeOther || !slices.Equal(setCookies(rec), []string{flashCookieName}) {
				t.Fatalf("status %d, %v, sets %v", rec.Code, p.failure(), setCookies(rec))
			}
			if !strings.Contains(p.log.String(), "old input") {
				t.Errorf("nothing is logged: %s", p.log)
			}
			v.keep(rec)
			v.must(t, p, func(s *session.Session) {
				if name, note, text := s.Old("name"), s.Old("note"), s.Old("text", "default"); name != "Ada" || note != form.Get("note") || text != "default" {
					t.Errorf("old input: name %q, note of %d bytes, text of %d bytes; want name and note as they were, and the default", name, len(note), len(text))
				}
				if len(s.InputErrors("text")) != 1 || len(s.FlashMessages().Alerts()) != 1 {
					t.Error("the error or the alert was trimmed too")
				}
			})
		})
	}
}

func Test_that_there_is_no_cookie_for_what_was_all_left_out(t *testing.T) {
	rec := newVisitor().must(t, startSealed(t), func(s *session.Session) {
		s.FlashInputErrors(map[string][]string{"title": {strings.Repeat("x", 5000)}})
	})
	if got := setCookies(rec); len(got) > 0 {
		t.Errorf("the answer sets %v; want no cookie", got)
	}
}

func Test_that_a_message_that_does_not_fit_fails_aloud(t *testing.T) {
	p := startSealed(t)
	v := newVisitor()
	v.must(t, p, put("a", 1))
	rec := v.do(p, func(s *session.Session) { s.Put("a", 2); s.FlashInfo(strings.Repeat("x", 5000)) })
	var tooLarge *session.TooLargeError
	if rec.Code != http.StatusInternalServerError || !errors.As(p.failure(), &tooLarge) || !strings.HasPrefix(tooLarge.Largest[0], "alert (") {
		t.Errorf("status %d, %v; want 500 and the alert named", rec.Code, p.failure())
	}
	if len(setCookies(rec)) != 0 {
		t.Errorf("sets %v; want no cookie", setCookies(rec))
	}
}

func Test_that_the_newest_message_stays_where_there_is_no_room_for_more(t *testing.T) {
	p := startSealed(t)
	v := newVisitor()
	for _, text := range []string{"first", "second", "third"} {
		v.must(t, p, func(s *session.Session) { s.FlashInfo(text + strings.Repeat(" and more", 200)) })
	}
	v.must(t, p, func(s *session.Session) {
		if got := s.FlashMessages().Alerts(); len(got) != 1 || !strings.HasPrefix(got[0].Text, "third") {
			t.Errorf("there are %d messages; want the third one", len(got))
		}
	})
}

func Test_that_as_much_stays_as_a_cookie_has_room_for(t *testing.T) {
	long := strings.Repeat("保存しました。", 20)
	for claim, tc := range map[string]struct {
		flash func(s *session.Session, n int)
		count func(*session.Session) int
	}{
		"alerts": {
			func(s *session.Session, n int) { s.FlashInfo(fmt.Sprint(n, long)) },
			func(s *session.Session) int { return len(s.FlashMessages().Alerts()) },
		},
		"short alerts": {
			func(s *session.Session, n int) { s.FlashInfo(fmt.Sprint(n, long[:60])) },
			func(s *session.Session) int { return len(s.FlashMessages().Alerts()) },
		},
		"errors of fields": {
			func(s *session.Session, n int) { s.FlashInputErrors(map[string][]string{fmt.Sprint(n): {long}}) },
			func(s *session.Session) int { return len(s.Submission("").AllErrors()) },
		},
		"errors of one field": {
			func(s *session.Session, n int) {
				s.FlashInputErrors(map[string][]string{"file": {fmt.Sprint(n, long)}})
			},
			func(s *session.Session) int { return len(s.InputErrors("file")) },
		},
	} {
		t.Run(claim, func(t *testing.T) {
			stayOf := func(flashed int) (stay int) {
				p, v := startSealed(t), newVisitor()
				v.must(t, p, func(s *session.Session) {
					for n := range flashed {
						tc.flash(s, n)
					}
				})
				v.must(t, p, func(s *session.Session) { stay = tc.count(s) })
				return stay
			}
			room := 1
			for stayOf(room+1) == room+1 {
				room++
			}
			for _, flashed := range []int{room + 1, room + 4} {
				if stay := stayOf(flashed); stay < room-1 || stay > room {
					t.Errorf("%d of %d stay; there is room for %d", stay, flashed, room)
				}
			}
		})
	}
}

func Test_that_eight_alerts_stay_besides_a_large_form(t *testing.T) {
	v := newCookieSite(t).browser()
	v.post(url.Values{"text": {strings.Repeat("é<", 1500)}}, flashing(func(s *session.Session) {
		for n := range 12 {
			s.FlashInfo(fmt.Sprint(n))
		}
		s.FlashAll()
	}))
	reads(t, v, "the page", func(s *session.Session) any { return len(s.FlashMessages().Alerts()) }, 8)
}

// opened is a store in cookies that shows by open what they contain.
type opened struct {
	session.Sealer
	open func(name string, rec session.Record) (session.Record, error)
}

func (o *opened) Open(name, value string) (session.Record, error) {
	rec, err := o.Sealer.Open(name, value)
	if err == nil && o.open != nil {
		return o.open(name, rec)
	}
	return rec, err
}

func Test_that_a_cookie_which_cannot_be_opened_or_read_is_no_log_out(t *testing.T) {
	as := func(data string) func(session.Record) (session.Record, error) {
		return func(rec session.Record) (session.Record, error) { rec.Data = []byte(data); return rec, nil }
	}
	for _, tc := range []struct {
		desc   string
		open   func(session.Record) (session.Record, error)
		status int
	}{
		{"a store that fails", func(session.Record) (session.Record, error) { return session.Record{}, errStoreDown }, http.StatusServiceUnavailable},
		{"a record of a newer version", as("\x02"), http.StatusServiceUnavailable},
		{"a record that is corrupt", as(""), http.StatusOK},
	} {
		for _, name := range []string{cookieName, flashCookieName} {
			c := new(clock)
			store := &opened{Sealer: cookieStore(t, c.Now)}
			p := start(t, session.Config{Store: store, Now: c.Now})
			v := newVisitor()
			v.must(t, p, func(s *session.Session) { s.Put("a", 1); s.FlashInfo("hello") })
			store.open = func(of string, rec session.Record) (session.Record, error) {
				if of == name {
					return tc.open(rec)
				}
				return rec, nil
			}
			rec := v.do(p, read)
			if failed := rec.Code == http.StatusServiceUnavailable; rec.Code != tc.status || failed != errors.Is(p.failure(), session.ErrUnavailable) {
				t.Errorf("%s, %s: status %d, %v; want %d", tc.desc, name, rec.Code, p.failure(), tc.status)
			}
			if len(setCookies(rec)) != 0 {
				t.Errorf("%s, %s: sets %v", tc.desc, name, setCookies(rec))
			}
			store.open = nil
			v.must(t, p, func(s *session.Session) {
				if !s.Has("a") || texts(s) != "hello" {
					t.Errorf("%s, %s: what was in the cookies has gone", tc.desc, name)
				}
			})
		}
	}
}

func Test_that_the_good_one_among_sealed_cookies_is_found(t *testing.T) {
	p := startSealed(t)
	v := newVisitor()
	v.must(t, p, put("a", 1))
	r := newVisitor().request()
	r.Header.Set("Cookie", cookieName+"=bad; "+cookieName+"="+v.cookie()+"; "+cookieName+"=worse")
	p.serve(r, with(func(s *session.Session) {
		if !s.Has("a") {
			t.Error("it is not found")
		}
	}))
}

func Test_what_the_hooks_hear_of_sessions_in_cookies(t *testing.T) {
	p := startSealed(t)
	message := func(s *session.Session) { s.FlashInfo("hello") }
	afterLogOut := func(work func(*session.Session)) func(*session.Session) {
		return func(s *session.Session) {
			s.Destroy()
			if err := s.Save(t.Context()); err != nil {
				t.Error(err)
			}
			work(s)
		}
	}
	logInAnew := func(s *session.Session) { s.Regenerate(); s.Put("a", 1) }
	putAndForget := func(s *session.Session) { s.Put("a", 1); s.Forget("a") }
	begun, told := []func(*session.Session){put("a", 1)}, []func(*session.Session){message}
	for _, tc := range []struct {
		desc   string
		before []func(*session.Session)
		cookie string // instead of that of the session
		work   func(*session.Session)
		want   string
	}{
		{"a new session", nil, "", put("a", 1), "Committed"},
		{"a read", begun, "", read, "Initiated"},
		{"a new id", begun, "", (*session.Session).Regenerate, "Initiated, Migrated, Committed"},
		{"a change", begun, "", increment, "Initiated, Committed"},
		{"a change that leaves nothing", begun, "", (*session.Session).Clear, "Initiated, Committed"},
		{"a session that begins anew", append(begun, (*session.Session).Clear), "", put("a", 1), "Committed"},
		{"a log-out", begun, "", (*session.Session).Destroy, "Initiated, Destroyed"},
		{"a log-out of nobody", nil, "", (*session.Session).Destroy, ""},
		{"a log-in after a log-out that was saved", begun, "", afterLogOut(logInAnew), "Initiated, Destroyed, Committed"},
		{"nothing to store after one", told, "", afterLogOut(putAndForget), "Initiated, Destroyed"},
		{"a message", nil, "", message, "Committed"},
		{"a visitor with a message only", told, "", read, "Initiated"},
		{"a message that is shown", told, "", showAlerts, "Initiated, Committed"},
		{"a new id for nobody", nil, "", (*session.Session).Regenerate, ""},
		{"nothing to store", nil, "", putAndForget, ""},
		{"a bad cookie", begun, "bad", read, "Rejected unreadable"},
		{"a bad cookie beside a message", told, "bad", read, "Rejected unreadable"},
	} {
		v := newVisitor()
		for _, work := range tc.before {
			v.must(t, p, work)
		}
		if tc.cookie != "" {
			v.cookies[cookieName] = tc.cookie
		}
		p.forget()
		v.must(t, p, tc.work)
		for _, e := range p.events {
			if e.Handle != "" || e.Previous != "" {
				t.Errorf("%s: %s %+v; there is no record to have a handle", tc.desc, e.name, e.Event)
			}
		}
		if got := strings.Join(p.heard(), ", "); got != tc.want {
			t.Errorf("%s: the hooks heard %s; want %s", tc.desc, got, tc.want)
		}
	}
}

func Test_that_a_log_out_removes_a_cookie_that_cannot_be_opened(t *testing.T) {
	v := newVisitor()
	v.cookies[cookieName] = "bad"
	if v.must(t, startSealed(t), (*session.Session).Destroy); len(v.cookies) != 0 {
		t.Errorf("it leaves %v", v.cookies)
	}
}

func Test_that_messages_in_a_cookie_stay_cleared(t *testing.T) {
	c := new(clock)
	p := start(t, session.Config{Store: cookieStore(t, c.Now), Now: c.Now})
	v := newVisitor()
	v.must(t, p, func(s *session.Session) { s.FlashSuccess("first") })
	c.advance(6 * time.Minute)
	v.must(t, p, func(s *session.Session) { s.FlashSuccess("second") })
	c.advance(5 * time.Minute) // the first one in the cookie has expired
	v.must(t, p, func(s *session.Session) { s.Clear(); s.Clear() })
	v.must(t, p, func(s *session.Session) { wantText(t, "after Clear", texts(s), "") })
}
