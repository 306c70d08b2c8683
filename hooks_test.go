package session_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// scene is a visitor of a process whose store can be made to fail, and is no Tagger.
type scene struct {
	*testing.T
	*visitor
	p, other *process // other is a second process, on the same store
	store    *watched
}

// newScene has a visitor with a session in which n is 1.
func newScene(t *testing.T) *scene {
	c := new(clock)
	store := &watched{Store: memorystore.New(memorystore.Options{Now: c.Now})}
	sc := &scene{T: t, visitor: newVisitor(), store: store}
	sc.p = start(t, session.Config{Store: store, Now: c.Now})
	sc.p.clock = c
	sc.other = start(t, session.Config{Store: store, Now: c.Now})
	sc.must(t, sc.p, put("n", 1))
	sc.p.forget()
	return sc
}

func (sc *scene) does(work func(*session.Session)) { sc.do(sc.p, work) }

// fails makes the store fail in these methods.
func (sc *scene) fails(methods ...string) {
	sc.store.before = failing(errStoreDown, methods...)
}

// withCookie is a request with that cookie.
func (sc *scene) withCookie(value string, work func(*session.Session)) {
	sc.cookies[cookieName] = value
	sc.does(work)
}

func Test_that_each_turn_of_a_sessions_life_is_told_once(t *testing.T) {
	streamed := func(work func(*session.Session)) func(*scene) {
		return func(sc *scene) { sc.visit(sc.p, stream(work)) }
	}
	interrupted := func(first, second func(*session.Session)) func(*scene) {
		return func(sc *scene) { interleaved(sc.other, sc.p, sc.visitor, first, second) }
	}
	cases := []struct {
		desc string
		play func(*scene)
		want string
	}{
		{"a request that does not use its session", func(sc *scene) { sc.does(func(*session.Session) {}) }, ""},
		{"a visitor without a session", func(sc *scene) { newVisitor().do(sc.p, read) }, ""},
		{"a new session", func(sc *scene) { newVisitor().do(sc.p, put("a", 1)) }, "Committed"},
		{"nothing to store", func(sc *scene) {
			newVisitor().do(sc.p, func(s *session.Session) { s.Put("a", 1); s.Forget("a") })
		}, ""},
		{"a read", func(sc *scene) { sc.does(func(s *session.Session) { read(s); read(s) }) }, "Initiated"},
		{"a change", func(sc *scene) { sc.does(put("a", 1)) }, "Initiated, Committed"},
		{"a change that is saved half-way", func(sc *scene) {
			sc.does(func(s *session.Session) { s.Put("a", 1); _ = s.Save(context.Background()); read(s) })
		}, "Initiated, Committed"},
		{"a message that is shown", func(sc *scene) {
			sc.does(func(s *session.Session) { s.FlashInfo("hello") })
			sc.does(func(s *session.Session) { s.FlashMessages().Alerts() })
		}, "Initiated, Committed, Initiated, Committed"},
		{"a new id", func(sc *scene) { sc.does((*session.Session).Regenerate) }, "Initiated, Migrated, Committed"},
		{"a new id for a new session", func(sc *scene) {
			newVisitor().do(sc.p, func(s *session.Session) { s.Regenerate(); s.Put("a", 1) })
		}, "Committed"},
		{"a log-out", func(sc *scene) { sc.does((*session.Session).Destroy) }, "Initiated, Destroyed"},
		{"a log-out with a good-bye", func(sc *scene) {
			sc.does(func(s *session.Session) { s.Destroy(); s.FlashInfo("bye") })
		}, "Initiated, Destroyed, Committed"},
		{"a use that is worth telling the store", func(sc *scene) {
			sc.p.clock.advance(time.Hour)
			sc.does(read)
		}, "Initiated"},

		{"a cookie that is no id", func(sc *scene) { sc.withCookie("bad", read) }, "Rejected malformed"},
		{"an empty cookie", func(sc *scene) { sc.withCookie("", read) }, "Rejected malformed"},
		{"an id that nobody has drawn", func(sc *scene) { sc.withCookie(newID(1), read) }, "Rejected unknown"},
		{"an id that nobody has drawn, used for a new session", func(sc *scene) {
			sc.withCookie(newID(1), put("a", 1))
		}, "Rejected unknown, Committed"},
		{"an expired session", func(sc *scene) {
			sc.p.clock.advance(3 * time.Hour)
			sc.does(read)
		}, "Rejected unknown"},
		{"a session that was destroyed", func(sc *scene) {
			old := sc.clone()
			sc.does((*session.Session).Destroy)
			old.do(sc.p, read)
		}, "Initiated, Destroyed, Rejected unknown"},
		{"an id from before the login", func(sc *scene) {
			old := sc.clone()
			sc.does((*session.Session).Regenerate)
			old.do(sc.p, read)
		}, "Initiated, Migrated, Committed, Rejected moved"},
		{"an id from long before the login", func(sc *scene) {
			old := sc.clone()
			sc.does((*session.Session).Regenerate)
			sc.p.clock.advance(2 * time.Minute)
			old.do(sc.p, read)
		}, "Initiated, Migrated, Committed, Rejected unknown"},
		{"an id from before the login that begins a session", func(sc *scene) {
			old := sc.clone()
			sc.does((*session.Session).Regenerate)
			old.do(sc.p, put("a", 1))
		}, "Initiated, Migrated, Committed, Rejected moved, Refused"},
		{"a log-out by the id from before the login", func(sc *scene) {
			old := sc.clone()
			sc.does((*session.Session).Regenerate)
			old.do(sc.p, (*session.Session).Destroy)
		}, "Initiated, Migrated, Committed, Rejected moved, Refused"},
		{"a corrupt record", func(sc *scene) {
			sc.spoil("\x01")
			sc.does(read)
		}, "Undecodable, Rejected unreadable"},
		{"a good cookie beside bad ones", func(sc *scene) {
			r := sc.request()
			r.Header.Set("Cookie", cookieName+"=bad; "+cookieName+"="+newID(1)+"; "+cookieName+"="+sc.cookie())
			sc.p.serve(r, with(read))
		}, "Initiated"},

		{"a value of another type", func(sc *scene) {
			sc.does(func(s *session.Session) { session.Get[string](s, "n") })
		}, "Initiated, Undecodable n"},
		{"a message of another type", func(sc *scene) {
			sc.does(func(s *session.Session) { s.Flash("k", 1) })
			sc.does(func(s *session.Session) { session.Flashed[[]int](s, "k") })
		}, "Initiated, Committed, Initiated, Undecodable k, Committed"},

		{"a change beside another process", interrupted(increment, increment), "Initiated, Conflict 1, Committed 1"},
		{"a new id beside another process", interrupted(increment, (*session.Session).Regenerate), "Initiated, Conflict 1, Migrated, Committed 1"},
		{"a log-out beside another process", interrupted(increment, (*session.Session).Destroy), "Initiated, Conflict 1, Destroyed"},
		{"two conflicts in a row", func(sc *scene) {
			faster := sc.clone()
			left := 2
			sc.store.before = func(c call) error {
				if c.method == "Write" && left > 0 {
					left--
					before := sc.store.before
					sc.store.before = nil
					faster.do(sc.other, increment)
					sc.store.before = before
				}
				return nil
			}
			sc.does(increment)
		}, "Initiated, Conflict 1, Conflict 2, Committed 2"},
		{"a change that cannot be repeated", interrupted(put("n", "no number"), increment), "Initiated, Conflict 1, Undecodable n"},
		{"a change after a log-out", interrupted((*session.Session).Destroy, increment), "Initiated, Lost"},

		{"a change after the head that needs a cookie", func(sc *scene) {
			newVisitor().visit(sc.p, stream(func(s *session.Session) { s.Put("a", 1); s.Put("b", 2) }))
		}, "LateWrite"},
		{"a change after the head", streamed(put("a", 1)), "Initiated, Committed"},
		{"a change after the request", func(sc *scene) {
			var kept *session.Session
			sc.does(func(s *session.Session) { kept = s })
			kept.Put("a", 1)
		}, "Initiated, LateWrite"},

		{"a store that cannot be read", func(sc *scene) { sc.fails("Read"); sc.does(increment) }, "StoreError"},
		{"a store that cannot be read, on a page that does without", func(sc *scene) {
			sc.fails("Read")
			sc.visit(sc.p, session.Optional(with(read)))
		}, "StoreError"},
		{"a store that cannot be written", func(sc *scene) { sc.fails("Write"); sc.does(increment) }, "Initiated, StoreError"},
		{"a store that cannot be written after the head", func(sc *scene) {
			sc.fails("Write")
			streamed(increment)(sc)
		}, "Initiated, StoreError"},
		{"a store that cannot end a session", func(sc *scene) {
			sc.fails("Destroy")
			sc.does((*session.Session).Destroy)
		}, "Initiated, StoreError"},
		{"a store that cannot prolong a session", func(sc *scene) {
			sc.fails("Touch")
			sc.p.clock.advance(time.Hour)
			sc.does(read)
		}, "Initiated, StoreError"},
		{"a value that is no JSON", func(sc *scene) { sc.does(put("c", math.NaN())) }, ""},

		{"a session that is ended from outside", func(sc *scene) {
			_ = sc.p.manager.Destroy(sc.Context(), sc.handle())
		}, "Destroyed"},
		{"a session that is ended from outside beside another process", func(sc *scene) {
			h, once := sc.handle(), true
			sc.store.before = func(c call) error {
				if c.method == "Destroy" && once {
					once = false
					sc.do(sc.other, increment)
				}
				return nil
			}
			_ = sc.p.manager.Destroy(sc.Context(), h)
		}, "Conflict 1, Destroyed"},
		{"a session that is not there to be ended", func(sc *scene) {
			h := sc.handle()
			sc.do(sc.other, (*session.Session).Destroy)
			_ = sc.p.manager.Destroy(sc.Context(), h)
		}, ""},
		{"a store that cannot end a session from outside", func(sc *scene) {
			h := sc.handle()
			sc.fails("Destroy")
			_ = sc.p.manager.Destroy(sc.Context(), h)
		}, "StoreError"},
		{"a corrupt record that is to be ended from outside", func(sc *scene) {
			h := sc.handle()
			sc.spoil("\x01")
			_ = sc.p.manager.Destroy(sc.Context(), h)
		}, "Undecodable"},
	}
	for _, tc := range cases {
		t.Run(tc.desc, func(t *testing.T) {
			sc := newScene(t)
			tc.play(sc)
			if got := strings.Join(sc.p.heard(), ", "); got != tc.want {
				t.Errorf("the hooks heard %s; want %s", got, tc.want)
			}
		})
	}
}

// handle is the handle of the visitor's session, found in another process.
func (sc *scene) handle() (h string) {
	sc.do(sc.other, func(s *session.Session) { h = s.Handle() })
	return h
}

// spoil replaces the visitor's record by data.
func (sc *scene) spoil(data string) { spoil(sc.T, sc.store, keyOf(sc.cookie()), data) }

// spoil replaces the record under key by data.
func spoil(t *testing.T, store session.Store, key, data string) {
	t.Helper()
	rec, err := store.Read(t.Context(), key)
	if err == nil {
		rec.Data = []byte(data)
		err = store.Write(t.Context(), key, rec)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func Test_that_hooks_hear_of_the_sessions_of_a_user(t *testing.T) {
	p := start(t, session.Config{})
	login := func(s *session.Session) { s.Tag("ada") }
	for range 2 {
		newVisitor().must(t, p, login)
	}
	v := newVisitor()
	v.must(t, p, put("n", 1))
	v.must(t, p, login)
	if err := p.manager.DestroyTagged(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	got, want := strings.Join(p.heard(), " "), "Committed Committed Committed Initiated Migrated Committed Destroyed Destroyed Destroyed"
	if got != want {
		t.Errorf("the hooks heard %s; want %s", got, want)
	}
}

func Test_that_a_failure_to_find_sessions_is_told_once(t *testing.T) {
	p := start(t, session.Config{})
	late, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	left, leave := context.WithCancel(t.Context())
	leave()
	for name, call := range map[string]func(context.Context) error{
		"Tagged":        func(ctx context.Context) error { _, err := p.manager.Tagged(ctx, "ada"); return err },
		"DestroyTagged": func(ctx context.Context) error { return p.manager.DestroyTagged(ctx, "ada") },
		"UpdateTagged": func(ctx context.Context) error {
			return p.manager.UpdateTagged(ctx, "ada", func(*session.Session) error { return nil })
		},
		"All": func(ctx context.Context) error {
			for _, err := range p.manager.All(ctx) {
				return err
			}
			return nil
		},
	} {
		for _, tc := range []struct {
			claim string
			ctx   context.Context
			heard []string
		}{
			{"a store that does not answer in time", late, []string{"StoreError"}},
			{"a visitor who has hung up", left, nil},
		} {
			if err := call(tc.ctx); !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s, %s: %v; want ErrUnavailable", name, tc.claim, err)
			}
			if got := p.heard(); !slices.Equal(got, tc.heard) {
				t.Errorf("%s, %s: the hooks heard %v; want %v", name, tc.claim, got, tc.heard)
			}
		}
	}
}

func Test_that_an_event_has_the_handle_of_its_session(t *testing.T) {
	for _, tc := range []struct {
		desc string
		play func(*scene)
		none bool
	}{
		{"a read", func(sc *scene) { sc.does(read) }, false},
		{"a change", func(sc *scene) { sc.does(increment) }, false},
		{"a log-out", func(sc *scene) { sc.does((*session.Session).Destroy) }, false},
		{"a conflict", func(sc *scene) { interleaved(sc.other, sc.p, sc.visitor, increment, increment) }, false},
		{"an expired session", func(sc *scene) { sc.p.clock.advance(3 * time.Hour); sc.does(read) }, false},
		{"a corrupt record", func(sc *scene) { sc.spoil("\x01"); sc.does(read) }, false},
		{"one who asks too late to be remembered", func(sc *scene) {
			sc.visit(sc.p, stream(func(s *session.Session) { s.RememberMe(14*day, 90*day) }))
		}, false},
		{"a session that has moved", func(sc *scene) {
			old := sc.clone()
			sc.does((*session.Session).Regenerate)
			sc.p.forget()
			sc.cookies = old.cookies
			sc.does((*session.Session).Destroy)
		}, false},
		{"a store that cannot be read", func(sc *scene) { sc.fails("Read"); sc.does(increment) }, false},
		{"a store that cannot be written", func(sc *scene) { sc.fails("Write"); sc.does(increment) }, false},
		{"a log-out that fails", func(sc *scene) { sc.fails("Destroy"); sc.does((*session.Session).Destroy) }, false},
		{"a log-out whose good-bye cannot be stored", func(sc *scene) {
			sc.fails("Write")
			sc.does(func(s *session.Session) { s.Destroy(); s.FlashInfo("bye") })
		}, false},
		{"a cookie that is no id", func(sc *scene) { sc.withCookie("bad", read) }, true},
		{"a new session that cannot be stored", func(sc *scene) {
			sc.fails("Write")
			newVisitor().do(sc.p, put("a", 1))
		}, true},
	} {
		sc := newScene(t)
		want := sc.handle()
		if tc.none {
			want = ""
		}
		tc.play(sc)
		if len(sc.p.events) == 0 {
			t.Errorf("%s: no event", tc.desc)
		}
		for _, e := range sc.p.events {
			if e.Handle != want {
				t.Errorf("%s: %s has the handle %q; want %q", tc.desc, e.name, e.Handle, want)
			}
		}
		for line := range strings.Lines(sc.p.log.String()) {
			if attr := fmt.Sprintf(" session=%s ", cmp.Or(want, `""`)); !strings.Contains(line, attr) {
				t.Errorf("%s: logged %q; want it to have %s", tc.desc, line, attr)
			}
		}
	}
}

func Test_that_the_log_says_what_nobody_else_is_told(t *testing.T) {
	for _, tc := range []struct {
		desc string
		play func(*scene)
		want string
	}{
		{"a store that cannot be read", func(sc *scene) { sc.fails("Read"); sc.does(read) },
			`level=ERROR msg="session: a session could not be loaded" session=HANDLE error="session: store unavailable: read: the store is down"`},
		{"a store that cannot be written", func(sc *scene) { sc.fails("Write"); sc.does(increment) },
			`level=ERROR msg="session: a session could not be saved" session=HANDLE error="session: store unavailable: write: the store is down"`},
		{"a store that cannot prolong", func(sc *scene) { sc.fails("Touch"); sc.p.clock.advance(time.Hour); sc.does(read) },
			`level=WARN msg="session: a session could not be prolonged" session=HANDLE error="session: store unavailable: touch: the store is down"`},
		{"a corrupt record", func(sc *scene) { sc.spoil("\x01"); sc.does(read) },
			`level=WARN msg="session: a record is corrupt and was left out" session=HANDLE error=`},
		{"pages that show messages late", func(sc *scene) {
			for range 2 {
				sc.does(func(s *session.Session) { s.FlashInfo("x") })
				sc.visit(sc.p, stream(showAlerts))
			}
		}, `level=WARN msg="session: a page showed messages after its head had left, so no header keeps caches from giving them to somebody else. Render it by session.Render, or call Load before the first byte" session=HANDLE caller=`},
		{"a late change", func(sc *scene) { newVisitor().visit(sc.p, stream(put("a", 1))) },
			`level=WARN msg="session: a change came too late and was not saved" session="" error="session: too late, the response head has left; make the change, or call Save, before the first byte of the response" caller=`},
		{"a page that shows no messages, with cookies", func(sc *scene) {
			cfg := session.Config{}
			inCookies(sc.T)(&cfg)
			sc.p = start(sc.T, cfg)
			v := newVisitor()
			v.do(sc.p, func(s *session.Session) { s.FlashInfo("x") })
			v.visit(sc.p, stream(showAlerts))
		}, `level=WARN msg="session: a page kept messages back, because its head had left, and they could no longer be removed from the cookie. Render it by session.Render, or call FlashMessages before the first byte" session="" error=`},
		{"a change that fails", func(sc *scene) { sc.does(put("a", math.NaN())) },
			`level=ERROR msg="session: a change could not be made, and the visitor gets an error page" session=HANDLE error=`},
		{"changes that fail, one after another", func(sc *scene) {
			sc.does(func(s *session.Session) { s.Put("a", math.NaN()); s.Tag("") })
		}, `level=ERROR msg="session: a change could not be made, and the visitor gets an error page" session=HANDLE error=`},
		{"a value of another type", func(sc *scene) { sc.does(func(s *session.Session) { session.Get[string](s, "n") }) },
			`level=WARN msg="session: a value is not of the type that was asked for, and reads as if there were none" session=HANDLE key=n retries=0`},
		{"a message of another type", func(sc *scene) {
			sc.does(func(s *session.Session) { s.Flash("k", 1); session.Flashed[bool](s, "k") })
		}, `level=WARN msg="session: a value is not of the type that was asked for, and reads as if there were none" session=HANDLE key=k retries=0`},
		{"a late change that fails", func(sc *scene) { sc.visit(sc.p, stream(put("a", math.NaN()))) },
			`level=WARN msg="session: a change failed after the response head had left" session=HANDLE error=`},
		{"a change that cannot be repeated", func(sc *scene) {
			interleaved(sc.other, sc.p, sc.visitor, put("n", "no number"), increment)
		}, `level=WARN msg="session: a change could not be repeated on what another request has saved" session=HANDLE key=n retries=0`},
		{"a sum that no longer fits", func(sc *scene) {
			interleaved(sc.other, sc.p, sc.visitor, func(s *session.Session) { s.Put("n", int64(math.MaxInt64)) }, increment)
		}, `level=WARN msg="session: a change could not be repeated on what another request has saved" session=HANDLE key=n retries=0`},
		{"a lost change", func(sc *scene) { interleaved(sc.other, sc.p, sc.visitor, (*session.Session).Destroy, increment) },
			`level=INFO msg="session: changes were dropped, because the session had ended meanwhile" session=HANDLE error="session: not found"`},
		{"a change to a session that has moved", func(sc *scene) {
			interleaved(sc.p, sc.p, sc.visitor, (*session.Session).Regenerate, increment)
		}, `level=INFO msg="session: changes were refused, because the session has another id or was revoked meanwhile" session=HANDLE error="session: another request gave the session a new id meanwhile"`},
		{"one whose visitor has a second cookie", func(sc *scene) {
			r := sc.request()
			r.Header.Set("Cookie", cookieName+"="+newID(1)+"; "+r.Header.Get("Cookie"))
			sc.p.serve(r, with(func(s *session.Session) {
				increment(s)
				sc.does((*session.Session).Regenerate)
			}))
		}, `level=INFO msg="session: changes were refused, because the session has another id or was revoked meanwhile" session=HANDLE error="session: another request gave the session a new id meanwhile"`},
		{"what is normal", func(sc *scene) {
			sc.does(increment)
			newVisitor().visit(sc.p, stream(showAlerts))
			sc.visit(sc.p, stream(showAlerts)) // there are none
			sc.visit(sc.p, func(c echo.Context) error {
				session.From(c).FlashNow(session.KindInfo, "x")
				return stream(showAlerts)(c)
			})
			sc.does(func(s *session.Session) { s.FlashInfo("x") })
			sc.visit(sc.p, stream(read))
			sc.visit(sc.p, func(c echo.Context) error {
				c.Response().WriteHeader(http.StatusInternalServerError)
				return with(showAlerts)(c)
			})
			sc.visit(sc.p, func(c echo.Context) error {
				session.From(c).Has("n")
				return stream(showAlerts)(c)
			})
			sc.withCookie("bad", read)
		}, ""},
		{"a value of another type that is looked up", func(sc *scene) { // the caller gets the error
			sc.does(func(s *session.Session) {
				if _, _, err := session.Lookup[string](s, "n"); err == nil {
					sc.Error("n is a text")
				}
			})
			if len(sc.p.hooked("Undecodable")) != 1 {
				sc.Error("the hook has not heard of it")
			}
		}, ""},
		{"a change outside of a request that fails", func(sc *scene) { // the caller gets the error, too
			_ = sc.p.manager.Update(sc.Context(), sc.handle(), func(s *session.Session) error { s.Put("a", math.NaN()); return nil })
		}, ""},
	} {
		sc := newScene(t)
		want := strings.ReplaceAll(tc.want, "HANDLE", sc.handle())
		want = strings.ReplaceAll(want, " retries=0", " error=")
		tc.play(sc)
		got := strings.TrimSuffix(sc.p.log.String(), "\n")
		if strings.Count(got, "\n") > 0 || want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: logged\n%s\nwant\n%s", tc.desc, got, want)
		}
	}
}

func Test_that_a_value_of_another_type_is_logged_where_there_are_no_hooks(t *testing.T) {
	log := new(syncBuffer)
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:  memorystore.New(memorystore.Options{}),
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	}))
	e.GET("/", func(c echo.Context) error {
		s := session.From(c)
		s.Put("n", 1)
		session.Get[bool](s, "n")
		return c.NoContent(http.StatusNoContent)
	})
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	if !strings.Contains(log.String(), "is not of the type that was asked for") {
		t.Errorf("logged %q; want a line about it", log)
	}
}

func showAlerts(s *session.Session) { s.FlashMessages().Alerts() }

// Otherwise, the application's log may say no more than which address was requested.
func Test_that_what_a_handler_does_wrong_is_said_with_its_place(t *testing.T) {
	for desc, wrong := range map[string]func(*session.Session){
		"a change that fails":     func(s *session.Session) { s.Put("a", math.NaN()) },
		"a value of another type": func(s *session.Session) { session.Get[string](s, "n") },
		"a message of another type": func(s *session.Session) {
			s.Flash("k", 1)
			session.Flashed[bool](s, "k")
		},
	} {
		sc := newScene(t)
		sc.does(wrong)
		if place := regexp.MustCompile(` caller="?[^/"]+/hooks_test\.go:\d+"?\n`); !place.MatchString(sc.p.log.String()) {
			t.Errorf("%s: logged %s; want the caller", desc, sc.p.log)
		}
	}
	for _, tc := range []struct {
		desc  string
		place string // part of the log; "" = no place
		late  func(*session.Session)
	}{
		{"a goroutine", "/hooks_test.go:", func(s *session.Session) { go func() { s.Regenerate() }() }},
		{"reflection, as a template does it", "/hooks_test.go:", func(s *session.Session) { reflect.ValueOf(s).MethodByName("Regenerate").Call(nil) }},
		{"a goroutine that is nothing else", "", func(s *session.Session) { go s.Regenerate() }},
	} {
		told := make(chan string, 1)
		p := start(t, session.Config{Hooks: session.Hooks{LateWrite: func(_ context.Context, e session.Event) { told <- e.Caller }}})
		newVisitor().visit(p, stream(func(s *session.Session) {
			tc.late(s)
			if got := <-told; !strings.Contains(got, tc.place) || tc.place == "" && got != "" {
				t.Errorf("a late change by %s: said to be at %q; want %q", tc.desc, got, tc.place)
			}
		}))
	}

	sc := newScene(t)
	line := 0
	newVisitor().visit(sc.p, stream(func(s *session.Session) {
		_, _, line, _ = runtime.Caller(0)
		s.Increment("n")
	}))
	events := sc.p.hooked("LateWrite")
	if want := fmt.Sprintf("/hooks_test.go:%d", line+1); len(events) != 1 || !strings.HasSuffix(events[0].Caller, want) {
		t.Errorf("a late change: %v; want one event, whose caller is %s", events, want)
	}
}

func Test_that_two_sets_of_hooks_are_both_called(t *testing.T) {
	type whoKey string
	var heard []string
	saying := func(who string) session.Hooks {
		hooks := everyHook(func(name string) func(context.Context, session.Event) {
			return func(context.Context, session.Event) { heard = append(heard, who+" "+name) }
		})
		hooks.StoreCall = func(ctx context.Context, op string) (context.Context, func(error)) {
			heard = append(heard, who+" "+op)
			return context.WithValue(ctx, whoKey(who), op), func(error) { heard = append(heard, who+" ends") }
		}
		return hooks
	}
	a, b := saying("a"), saying("b")
	for name, tc := range map[string]struct {
		hooks session.Hooks
		want  []string
	}{
		"both":             {a.And(b), []string{"a", "b"}},
		"the first only":   {a.And(session.Hooks{}), []string{"a"}},
		"the second only":  {session.Hooks{}.And(b), []string{"b"}},
		"three":            {a.And(b).And(saying("c")), []string{"a", "b", "c"}},
		"three, the right": {a.And(b.And(saying("c"))), []string{"a", "b", "c"}},
	} {
		v := reflect.ValueOf(tc.hooks)
		for i := range v.NumField() {
			hook, field := v.Field(i), v.Type().Field(i).Name
			var want []string
			heard = nil
			if field == "StoreCall" {
				ctx, done := tc.hooks.StoreCall(t.Context(), "read")
				done(nil)
				for _, who := range tc.want {
					want = append(want, who+" read")
					if ctx.Value(whoKey(who)) != "read" {
						t.Errorf("%s: the context of %s did not come through", name, who)
					}
				}
				for _, who := range slices.Backward(tc.want) {
					want = append(want, who+" ends")
				}
			} else {
				hook.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(session.Event{})})
				for _, who := range tc.want {
					want = append(want, who+" "+field)
				}
			}
			if !slices.Equal(heard, want) {
				t.Errorf("%s, %s: called %v; want %v", name, field, heard, want)
			}
		}
	}
	if !reflect.ValueOf(session.Hooks{}.And(session.Hooks{})).IsZero() {
		t.Error("two empty sets make one that is not: it would cost something")
	}
}

func Test_that_what_one_set_of_hooks_begins_ends_though_another_panics(t *testing.T) {
	ends := 0
	good := session.Hooks{StoreCall: func(ctx context.Context, _ string) (context.Context, func(error)) {
		return ctx, func(error) { ends++ }
	}}
	bad := session.Hooks{StoreCall: func(context.Context, string) (context.Context, func(error)) { panic("broken") }}
	p := start(t, session.Config{Logger: slog.New(slog.DiscardHandler), Hooks: good.And(bad)})
	newVisitor().must(t, p, put("n", 1)) // one write
	if ends != 1 {
		t.Errorf("%d calls have ended; want 1", ends)
	}
}

func Test_that_a_hook_which_panics_does_no_harm(t *testing.T) {
	panics := everyHook(func(name string) func(context.Context, session.Event) {
		return func(context.Context, session.Event) { panic(name + " is broken") }
	})
	for _, where := range []string{"before", "after"} {
		p := start(t, session.Config{Hooks: panics})
		if where == "after" {
			panics.StoreCall = func(ctx context.Context, _ string) (context.Context, func(error)) {
				return ctx, func(error) { panic("StoreCall is broken") }
			}
		} else {
			panics.StoreCall = func(context.Context, string) (context.Context, func(error)) { panic("StoreCall is broken") }
		}
		p = start(t, session.Config{Hooks: panics, Store: p.manager.Store()})
		v, w := newVisitor(), newVisitor()
		v.must(t, p, func(s *session.Session) { s.Tag("ada"); s.Put("n", 1) })
		w.must(t, p, func(s *session.Session) { s.Tag("ada") })
		v.must(t, p, func(s *session.Session) {
			increment(s)
			s.Regenerate()
		})
		if n := number(t, p, v); n != 2 {
			t.Errorf("n is %d; want what was saved", n)
		}
		if err := p.manager.DestroyTagged(t.Context(), "ada"); err != nil {
			t.Error(err)
		}
		if alive(p, v) || alive(p, w) {
			t.Error("a session is alive after a log-out everywhere")
		}
		for _, name := range []string{"Initiated", "Committed", "Migrated", "Destroyed", "Rejected", "StoreCall"} {
			if line := `level=ERROR msg="session: a hook panicked" session=`; !strings.Contains(p.log.String(), line) ||
				!strings.Contains(p.log.String(), `panic="`+name+` is broken" stack=`) {
				t.Errorf("the log does not say that %s has panicked", name)
			}
		}
	}
}

// brokenLog panics for each line.
type brokenLog struct{ slog.Handler }

func (brokenLog) Handle(context.Context, slog.Record) error { panic("the log is broken") }

func Test_that_a_log_which_panics_costs_nobody_the_session(t *testing.T) {
	p := start(t, session.Config{Logger: slog.New(brokenLog{slog.NewTextHandler(io.Discard, nil)})})
	p.Pre(recovering)
	v := newVisitor()
	r := v.request()
	r.Header.Set("Referer", "http://example.com/") // a secure cookie will be refused, which is logged
	rec := p.serve(r, with(put("n", 1)))
	v.keep(rec)
	if rec.Code != http.StatusInternalServerError || !alive(p, v) {
		t.Errorf("status %d, and alive is %v; want the session on an error page", rec.Code, alive(p, v))
	}
}

func Test_that_hooks_are_called_outside_of_the_lock(t *testing.T) {
	var called int
	looks := everyHook(func(string) func(context.Context, session.Event) {
		return func(ctx context.Context, _ session.Event) {
			if s := session.FromContext(ctx); s != nil {
				s.Handle() // would wait forever for the lock
			}
			called++
		}
	})
	cfg := session.Config{Store: memorystore.New(memorystore.Options{}), Now: time.Now}
	other := start(t, cfg)
	cfg.Hooks = looks
	p := start(t, cfg)
	v := newVisitor()
	old := v.clone()
	v.must(t, p, put("n", 1))
	old.cookies = v.clone().cookies
	interleaved(other, p, v, increment, increment)
	v.must(t, p, (*session.Session).Regenerate)
	old.do(p, increment)
	v.visit(p, stream((*session.Session).Regenerate))
	v.must(t, p, func(s *session.Session) { session.Get[string](s, "n") })
	v.must(t, p, (*session.Session).Destroy)
	if called < 12 {
		t.Errorf("%d calls; too little happened", called)
	}
}

func Test_that_hooks_and_log_are_given_the_context_of_the_request(t *testing.T) {
	type traceKey struct{}
	var logged, hooked []any
	logger := slog.New(contextHandler(func(ctx context.Context) { logged = append(logged, ctx.Value(traceKey{})) }))
	store := newWatched()
	p := start(t, session.Config{Store: store, Logger: logger, Hooks: session.Hooks{
		StoreError: func(ctx context.Context, _ session.Event) { hooked = append(hooked, ctx.Value(traceKey{})) },
		StoreCall: func(ctx context.Context, op string) (context.Context, func(error)) {
			hooked = append(hooked, ctx.Value(traceKey{}))
			return ctx, func(error) {}
		},
	}})
	store.before = failing(errStoreDown)
	v := newVisitor()
	v.cookies[cookieName] = newID(1)
	r := v.request()
	p.serve(r.WithContext(context.WithValue(r.Context(), traceKey{}, "trace 7")), with(read))
	if want := []any{"trace 7"}; !slices.Equal(logged, want) {
		t.Errorf("the log was given %v; want %v", logged, want)
	}
	if want := []any{"trace 7", "trace 7"}; !slices.Equal(hooked, want) {
		t.Errorf("the hooks were given %v; want %v", hooked, want)
	}
}

type contextHandler func(context.Context)

func (h contextHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h contextHandler) Handle(ctx context.Context, _ slog.Record) error {
	h(ctx)
	return nil
}
func (h contextHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h contextHandler) WithGroup(string) slog.Handler      { return h }

func Test_that_an_event_is_logged_without_what_it_does_not_say(t *testing.T) {
	var out strings.Builder
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == "time" || a.Key == "level") {
			return slog.Attr{}
		}
		return a
	}}))
	logger.Info("a", "event", session.Event{Handle: "h"})
	logger.Info("b", "event", session.Event{Handle: "h", Previous: "p", Key: "k", Reason: session.ReasonMoved, Retries: 2, Err: errStoreDown})
	logger.Info("c", "", session.Event{Handle: "h", Retries: 1})
	want := `msg=a event.session=h
msg=b event.session=h event.previous=p event.key=k event.reason=moved event.retries=2 event.error="the store is down"
msg=c session=h retries=1
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func Test_that_the_store_is_asked_why_a_cookie_is_rejected_if_a_hook_wants_to_know(t *testing.T) {
	for _, tc := range []struct {
		hooks session.Hooks
		want  string
	}{
		{session.Hooks{}, "[Read]"},
		{session.Hooks{Rejected: func(context.Context, session.Event) {}}, "[Read Tagged]"},
	} {
		spy := spyOn(memorystore.New(memorystore.Options{}))
		e := echo.New()
		e.Use(session.Middleware(session.Config{Store: spy, Hooks: tc.hooks}))
		e.GET("/", with(read))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", cookieName+"="+newID(1))
		e.ServeHTTP(httptest.NewRecorder(), r)
		wantText(t, "the store's calls", fmt.Sprint(spy.calls), tc.want)
	}
}

func Test_that_hooks_which_are_not_set_cost_nothing(t *testing.T) {
	m, err := session.New(session.Config{Store: memorystore.New(memorystore.Options{})})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, m.ReportToNobody()); n != 0 {
		t.Errorf("%v allocations; want none", n)
	}
}
