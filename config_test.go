package session_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_every_mistake_is_reported_at_once(t *testing.T) {
	cfg := session.Config{
		CookieName:  "a b",
		Cookie:      session.CookieOptions{Path: "here", Domain: "exa mple", Insecure: true, SameSite: 9, Partitioned: true},
		IdleTimeout: -time.Second,
		NeverFlash:  []string{"kennwort", "[]"},
		FlashTTL:    -time.Second,
	}
	_, err := cfg.ToMiddleware()
	want := []string{"Store", "CookieName", "Cookie.Path", "Cookie.Domain", "Cookie.SameSite", "Cookie.Partitioned", "IdleTimeout", "NeverFlash", "FlashTTL"}
	var fields []string
	for _, e := range session.ConfigErrors(err) {
		fields = append(fields, e.Field)
	}
	if fmt.Sprint(fields) != fmt.Sprint(want) {
		t.Errorf("mistakes in %v; want %v", fields, want)
	}
	if _, newErr := session.New(cfg); fmt.Sprint(newErr) != fmt.Sprint(err) {
		t.Errorf("New says %v; ToMiddleware says %v", newErr, err)
	}
	if msg := panicOf(func() { session.Middleware(cfg) }); msg != fmt.Sprint(err) {
		t.Errorf("Middleware panics with %q; want all of %q", msg, err)
	}
	for desc, err := range map[string]error{"wrapped": fmt.Errorf("start: %w", err), "joined": errors.Join(errOops, err)} {
		if got := session.ConfigErrors(err); len(got) != len(want) {
			t.Errorf("of an error that is %s, ConfigErrors finds %d mistakes; want %d", desc, len(got), len(want))
		}
	}
	if got := session.ConfigErrors(nil); got != nil {
		t.Errorf("ConfigErrors(nil) is %v", got)
	}
}

func Test_that_a_mistake_names_field_value_and_way_out(t *testing.T) {
	for _, tc := range []struct {
		desc string
		cfg  session.Config
		want []string // "" = no mistake
	}{
		{"a good one", session.Config{}, nil},
		{"a cookie name with a space", session.Config{CookieName: "a b"}, []string{`Config.CookieName = "a b"`, "use letters"}},
		{"a cookie name with a semicolon", session.Config{CookieName: "a;b"}, []string{`"a;b"`, "use letters"}},
		{"a host name with a domain", session.Config{CookieName: "__Host-a", Cookie: session.CookieOptions{Domain: "example.com"}}, []string{`"__Host-a"`, "no Domain"}},
		{"a host name on a path", session.Config{CookieName: "__host-a", Cookie: session.CookieOptions{Path: "/a"}}, []string{`"__host-a"`, `Path "/"`}},
		{"a host name, insecure", session.Config{CookieName: "__HOST-a", Cookie: session.CookieOptions{Insecure: true}}, []string{`"__HOST-a"`, "secure"}},
		{"a secure name, insecure", session.Config{CookieName: "__Secure-a", Cookie: session.CookieOptions{Insecure: true}}, []string{`"__Secure-a"`, "Cookie.Insecure"}},
		{"a name for http only, insecure", session.Config{CookieName: "__Http-a", Cookie: session.CookieOptions{Insecure: true}}, []string{`"__Http-a"`, "Cookie.Insecure"}},
		{"a secure name with a domain", session.Config{CookieName: "__Secure-a", Cookie: session.CookieOptions{Domain: "example.com"}}, nil},
		{"a path without a slash", session.Config{Cookie: session.CookieOptions{Path: "a"}}, []string{`Config.Cookie.Path = "a"`, `begin with "/"`}},
		{"a path with a semicolon", session.Config{Cookie: session.CookieOptions{Path: "/;Domain=evil"}}, []string{"Cookie.Path", `";"`}},
		{"a path with a line break", session.Config{Cookie: session.CookieOptions{Path: "/\n"}}, []string{"Cookie.Path", "control"}},
		{"a path with all that it may have", session.Config{Cookie: session.CookieOptions{Path: "/~a b"}}, nil},
		{"a path that is not ASCII", session.Config{Cookie: session.CookieOptions{Path: "/café"}}, []string{`Config.Cookie.Path = "/café"`, `"/caf%C3%A9"`}},
		{"a domain with a port", session.Config{Cookie: session.CookieOptions{Domain: "example.com:80"}}, []string{`Config.Cookie.Domain = "example.com:80"`, "bare host name"}},
		{"an unknown SameSite", session.Config{Cookie: session.CookieOptions{SameSite: 17}}, []string{"Config.Cookie.SameSite = 17", "http.SameSiteLaxMode"}},
		{"a negative SameSite", session.Config{Cookie: session.CookieOptions{SameSite: -1}}, []string{"Config.Cookie.SameSite = -1", "http.SameSiteLaxMode"}},
		{"SameSite None, insecure", session.Config{Cookie: session.CookieOptions{SameSite: http.SameSiteNoneMode, Insecure: true}}, []string{"Cookie.SameSite", "None", "Lax"}},
		{"SameSite None", session.Config{Cookie: session.CookieOptions{SameSite: http.SameSiteNoneMode}}, nil},
		{"partitioned, insecure", session.Config{Cookie: session.CookieOptions{Partitioned: true, Insecure: true}}, []string{"Cookie.Partitioned", "Cookie.Insecure to false"}},
		{"an idle timeout without a unit", session.Config{IdleTimeout: 1800}, []string{"Config.IdleTimeout = 1.8µs", "nanoseconds"}},
		{"a month in seconds", session.Config{IdleTimeout: time.Hour, AbsoluteTimeout: 30 * 86400}, []string{"Config.AbsoluteTimeout = 2.592ms", "nanoseconds"}},
		{"flash without a unit", session.Config{FlashTTL: 600}, []string{"Config.FlashTTL = 600ns", "nanoseconds"}},
		{"ten milliseconds", session.Config{IdleTimeout: 10 * time.Millisecond, AbsoluteTimeout: -1, FlashTTL: 10 * time.Millisecond}, nil},
		{"a negative idle timeout", session.Config{IdleTimeout: -1}, []string{"Config.IdleTimeout = -1ns", "2 hours"}},
		{"a negative absolute timeout means never", session.Config{AbsoluteTimeout: -1}, nil},
		{"a negative flash TTL", session.Config{FlashTTL: -time.Minute}, []string{"Config.FlashTTL = -1m0s", "10 minutes"}},
	} {
		tc.cfg.Store = memorystore.New(memorystore.Options{})
		tc.cfg.Logger = slog.New(slog.DiscardHandler)
		_, err := session.New(tc.cfg)
		found := session.ConfigErrors(err)
		if len(found) != min(1, len(tc.want)) {
			t.Errorf("%s: %d mistakes: %v", tc.desc, len(found), err)
		}
		for _, part := range tc.want {
			if !strings.HasPrefix(err.Error(), "session: Config.") || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q; want it to say %q", tc.desc, err, part)
			}
		}
	}
	var failed *memorystore.Store // from a constructor whose error was ignored
	for _, store := range []session.Store{nil, failed} {
		_, err := session.New(session.Config{Store: store, Tags: true})
		if want := "session: Config.Store is nil; pick one from stores/"; err == nil || !strings.HasPrefix(err.Error(), want) || len(session.ConfigErrors(err)) != 1 {
			t.Errorf("no store, a %T: %v; want %q, and no more", store, err, want)
		}
	}
}

func Test_that_the_host_prefix_is_used_where_browsers_accept_it(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		for _, path := range []string{"", "/", "/app"} {
			for _, domain := range []string{"", "example.com"} {
				want := "session"
				if !insecure && path != "/app" && domain == "" {
					want = "__Host-session"
				}
				o := session.CookieOptions{Insecure: insecure, Path: path, Domain: domain}
				line := newCookieLine(t, session.Config{Cookie: o})
				if got, _, _ := strings.Cut(line, "="); got != want {
					t.Errorf("%+v: the cookie is called %q; want %q", o, got, want)
				}
			}
		}
	}
}

// newCookieLine is the Set-Cookie line of a new session.
func newCookieLine(t *testing.T, cfg session.Config) string {
	t.Helper()
	rec := newVisitor().must(t, start(t, cfg), put("a", 1))
	lines := rec.Header()["Set-Cookie"]
	if len(lines) != 1 {
		t.Fatalf("%d Set-Cookie lines; want 1", len(lines))
	}
	return lines[0]
}

func Test_what_the_cookie_says(t *testing.T) {
	type options = session.CookieOptions
	for _, tc := range []struct {
		desc string
		cfg  session.Config
		want string
	}{
		{"the default", session.Config{}, "__Host-session=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"insecure", session.Config{Cookie: options{Insecure: true}}, "session=ID; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"},
		{"a domain", session.Config{Cookie: options{Domain: "example.com"}}, "session=ID; Path=/; Domain=example.com; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"a path", session.Config{Cookie: options{Path: "/app"}}, "session=ID; Path=/app; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"a name", session.Config{CookieName: "sid"}, "sid=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"strict", session.Config{Cookie: options{SameSite: http.SameSiteStrictMode}}, "__Host-session=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Strict"},
		{"Go's default SameSite", session.Config{Cookie: options{SameSite: http.SameSiteDefaultMode}}, "__Host-session=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"},
		{"embedded", session.Config{Cookie: options{SameSite: http.SameSiteNoneMode, Partitioned: true}}, "__Host-session=ID; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=None; Partitioned"},
		{"with the browser", session.Config{ClearWithBrowser: true}, "__Host-session=ID; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"an hour", session.Config{AbsoluteTimeout: time.Hour}, "__Host-session=ID; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"},
		{"less than a second", session.Config{AbsoluteTimeout: 10 * time.Millisecond}, "__Host-session=ID; Path=/; Max-Age=1; HttpOnly; Secure; SameSite=Lax"},
		{"hardly any idle time", session.Config{IdleTimeout: 10 * time.Millisecond, AbsoluteTimeout: -1}, "__Host-session=ID; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
		{"no end", session.Config{AbsoluteTimeout: -1}, "__Host-session=ID; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
		{"longer than browsers grant", session.Config{AbsoluteTimeout: 10000 * time.Hour}, "__Host-session=ID; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
	} {
		line := newCookieLine(t, tc.cfg)
		name, rest, _ := strings.Cut(line, "=")
		_, attributes, _ := strings.Cut(rest, ";")
		if got := name + "=ID;" + attributes; got != tc.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tc.desc, got, tc.want)
		}
	}
}

func Test_that_the_cookie_is_removed_with_the_attributes_it_was_set_with(t *testing.T) {
	p := start(t, session.Config{CookieName: "sid", Cookie: session.CookieOptions{Domain: "example.com", Path: "/app"}, ClearWithBrowser: true})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	rec := v.must(t, p, (*session.Session).Destroy)
	if got, want := rec.Header().Get("Set-Cookie"), "sid=; Path=/app; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func Test_that_an_insecure_cookie_is_logged(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		p := start(t, session.Config{Cookie: session.CookieOptions{Insecure: insecure}})
		if logged := strings.Contains(p.log.String(), "Cookie.Insecure"); logged != insecure {
			t.Errorf("Insecure %t: logged is %t: %s", insecure, logged, p.log)
		}
	}
}

func Test_that_an_idle_timeout_which_never_comes_is_logged(t *testing.T) {
	for _, tc := range []struct {
		idle, absolute time.Duration
		want           bool
	}{
		{0, 0, false},
		{30 * 24 * time.Hour, 0, true}, // somebody may think that this is all it takes to stay for a month
		{time.Hour, time.Hour, false},
		{time.Hour, time.Minute, true},
		{30 * 24 * time.Hour, -1, false},
	} {
		p := start(t, session.Config{IdleTimeout: tc.idle, AbsoluteTimeout: tc.absolute})
		if logged := strings.Contains(p.log.String(), "IdleTimeout is longer"); logged != tc.want {
			t.Errorf("idle %v, absolute %v: logged is %t; want %t: %s", tc.idle, tc.absolute, logged, tc.want, p.log)
		}
	}
}
