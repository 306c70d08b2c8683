package session_test

import (
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

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

// Variables, and with them many an application, are initialised before main sets the logger.
func Test_that_the_default_logger_may_be_set_later(t *testing.T) {
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))
	e.GET("/", with(put("key", make(chan int))))

	var logged syncBuffer
	was, writer, flags := slog.Default(), log.Writer(), log.Flags() // SetDefault changes them, too
	defer func() { slog.SetDefault(was); log.SetOutput(writer); log.SetFlags(flags) }()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))

	e.ServeHTTP(httptest.NewRecorder(), newVisitor().request())
	if got := logged.String(); !strings.Contains(got, `level=ERROR msg="session: a change could not be made`) {
		t.Errorf("logged %q; want it as an error", got)
	}
}
