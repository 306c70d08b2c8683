package main

import (
	"context"
	"errors"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
)

// logIn is a new visitor with this browser, who logs in.
func logIn(t *testing.T, app, agent, email string) visit {
	t.Helper()
	v := newVisit(t, app)
	v.agent = agent
	return v.logIn(email)
}

func (v visit) logIn(email string) visit {
	v.t.Helper()
	v.post("/login", "/login", "email", email, "password", "hypermedia").shows("Welcome, " + email)
	return v
}

// handles are the values of the buttons that log out other devices.
func (v visit) handles() []string {
	v.t.Helper()
	var found []string
	for _, m := range handleButton.FindAllStringSubmatch(v.get("/account/sessions").is("/account/sessions").body, -1) {
		found = append(found, html.UnescapeString(m[1]))
	}
	return found
}

var handleButton = regexp.MustCompile(`name="handle" value="([^"]*)"`)

func (v visit) end(handle string) page {
	v.t.Helper()
	return v.post("/account/sessions", "/account/sessions/end", "handle", handle)
}

func (v visit) isLoggedIn() { v.t.Helper(); v.get("/account").is("/account") }

func (v visit) isLoggedOut() { v.t.Helper(); v.get("/account").is("/login") }

func Test_that_members_see_where_they_are_logged_in(t *testing.T) {
	app := startApp(t, "memory")
	desk := logIn(t, app, firefox, "ada@example.com")
	logIn(t, app, safari, "ada@example.com")
	logIn(t, app, "", "bob@example.com")
	desk.get("/account").shows(`href="/account/sessions"`)
	desk.get("/account/sessions").is("/account/sessions").
		shows("Firefox on Linux", "This device", "<h2>Safari on iPhone", "Safari on iPhone, last seen just now</span>", "Log out everywhere else").
		hides("unknown browser")
}

func Test_that_an_only_device_has_nothing_to_log_out(t *testing.T) {
	desk := logIn(t, startApp(t, "memory"), firefox, "ada@example.com")
	desk.get("/account/sessions").shows("This device").hides("everywhere else", `name="handle"`)
}

func Test_that_a_member_logs_another_device_out(t *testing.T) {
	app := startApp(t, "memory")
	desk := logIn(t, app, firefox, "ada@example.com")
	phone := logIn(t, app, safari, "ada@example.com")
	desk.end(desk.handles()[0]).is("/account/sessions").shows("That device is logged out.").hides(`name="handle"`)
	phone.isLoggedOut()
	desk.isLoggedIn()
}

func Test_that_a_member_logs_all_other_devices_out(t *testing.T) {
	app := startApp(t, "memory")
	phone := logIn(t, app, safari, "ada@example.com")
	desk := logIn(t, app, firefox, "ada@example.com")
	stranger := logIn(t, app, safari, "bob@example.com")
	desk.post("/account/sessions", "/account/sessions/end-others").is("/account/sessions").
		shows("logged out everywhere else.").hides(`name="handle"`)
	phone.isLoggedOut()
	desk.isLoggedIn()
	stranger.isLoggedIn()
}

func Test_that_ending_the_own_session_logs_out(t *testing.T) {
	app := startApp(t, "memory")
	desk := logIn(t, app, firefox, "ada@example.com")
	phone := logIn(t, app, safari, "ada@example.com")
	own := phone.handles()[0]
	desk.end(own).is("/").shows("Good-bye!")
	desk.isLoggedOut()
	phone.isLoggedIn()
}

func Test_that_a_handle_of_nobody_or_of_somebody_else_ends_nothing(t *testing.T) {
	app := startApp(t, "memory")
	ada := logIn(t, app, firefox, "ada@example.com")
	bob := logIn(t, app, safari, "bob@example.com")
	bobs := logIn(t, app, firefox, "bob@example.com").handles()[0] // the handle of the session with Safari
	for _, handle := range []string{bobs, "", "nonsense", "<script>", strings.Repeat("0", 64)} {
		ada.end(handle).is("/account/sessions").shows("That session has ended already.")
		ada.isLoggedIn()
		bob.isLoggedIn()
	}
}

// A session may end, or get a new handle, after the list was read.
func Test_that_a_session_that_changes_meanwhile_is_told_of(t *testing.T) {
	for _, test := range []struct {
		desc      string
		meanwhile func(phone visit)
		want      string
	}{
		{"logged out", func(phone visit) { phone.post("/account", "/logout") }, "That session has ended already."},
		{"logged in again", func(phone visit) { phone.logIn("ada@example.com") }, "a new session this very moment. Try again."},
	} {
		t.Run(test.desc, func(t *testing.T) {
			app := startApp(t, "memory")
			desk := logIn(t, app, firefox, "ada@example.com")
			phone := logIn(t, app, safari, "ada@example.com")
			handle := desk.handles()[0]
			test.meanwhile(phone)
			desk.end(handle).is("/account/sessions").shows(test.want)
		})
	}
}

func Test_that_a_list_that_cannot_be_had_is_a_503(t *testing.T) {
	store := &deafStore{Tagger: memorystore.New(memorystore.Options{})}
	desk := logIn(t, serveApp(t, store), firefox, "ada@example.com")
	store.deaf = true
	if p := desk.get("/account/sessions").shows("<h1>Service Unavailable</h1>"); p.status != http.StatusServiceUnavailable {
		t.Errorf("got status %d; want 503", p.status)
	}
	desk.isLoggedIn()
}

// deafStore fails when it is asked for anybody's sessions.
type deafStore struct {
	session.Tagger
	deaf bool
}

func (s *deafStore) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	if s.deaf {
		return nil, errors.New("deaf")
	}
	return s.Tagger.Tagged(ctx, tag)
}

func Test_that_a_hostile_browser_cannot_write_into_the_list(t *testing.T) {
	app := startApp(t, "memory")
	desk := logIn(t, app, firefox, "ada@example.com")
	logIn(t, app, `"><script>alert(1)</script>`, "ada@example.com")
	desk.get("/account/sessions").shows("<h2>An unknown browser").hides("<script", "alert")
}

func Test_that_a_browser_is_on_the_list_of_who_logged_in_last(t *testing.T) {
	app := startApp(t, "memory")
	ada := logIn(t, app, firefox, "ada@example.com")
	shared := logIn(t, app, safari, "ada@example.com").logIn("bob@example.com")
	ada.get("/account/sessions").hides("Safari on iPhone")
	ada.post("/account/sessions", "/account/sessions/end-others")
	shared.isLoggedIn()
	shared.get("/account/sessions").shows("Safari on iPhone")
}

func Test_that_who_logs_in_after_a_button_of_the_list_gets_back_to_the_list(t *testing.T) {
	app := startApp(t, "memory")
	desk := logIn(t, app, firefox, "ada@example.com")
	phone := logIn(t, app, safari, "ada@example.com")
	handle := phone.handles()[0]
	desk.end(desk.handles()[0])
	phone.end(handle).is("/login").shows("Please log in first.")
	phone.post("/login", "/login", "email", "ada@example.com", "password", "hypermedia").is("/account/sessions")
	desk.isLoggedIn()
}

func Test_that_sessions_in_cookies_cannot_be_listed(t *testing.T) {
	app := startApp(t, "cookie")
	desk := logIn(t, app, firefox, "ada@example.com")
	desk.get("/account/sessions").is("/account/sessions").
		shows("keeps each session in a cookie", "Log out on the device itself.").hides("<button>Log out everywhere")
	if p := desk.end(""); p.status != http.StatusNotFound {
		t.Errorf("got status %d; want 404", p.status)
	}
	desk.isLoggedIn()
}

func Test_that_the_list_is_for_members(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.get("/account/sessions").is("/login").shows("Please log in first.")
		back := v.post("/login", "/login", "email", "ada@example.com", "password", "hypermedia")
		back.is("/account/sessions").shows("Where you are logged in")
	})
}

func Test_that_no_cache_keeps_a_page_for_members(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.logIn("ada@example.com")
		for _, path := range []string{"/", "/cart", "/posts/new", "/login", "/gallery", "/debug", "/account", "/account/sessions", "/nowhere"} {
			res, err := v.client.Get(v.app + path)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if got := res.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s has Cache-Control %q; want no-store", path, got)
			}
		}
	})
}

func Test_that_a_time_is_put_in_words(t *testing.T) {
	for _, test := range []struct {
		passed time.Duration
		want   string
	}{
		{-time.Second, "just now"},
		{59 * time.Second, "just now"},
		{time.Minute, "1 minute ago"},
		{59*time.Minute + 59*time.Second, "59 minutes ago"},
		{time.Hour, "1 hour ago"},
		{23*time.Hour + 59*time.Minute, "23 hours ago"},
		{24 * time.Hour, "1 day ago"},
		{90*24*time.Hour - time.Second, "89 days ago"},
	} {
		if got := ago(test.passed); got != test.want {
			t.Errorf("got %q; want %q for %v", got, test.want, test.passed)
		}
	}
}
