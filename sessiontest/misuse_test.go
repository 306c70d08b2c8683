package sessiontest_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

const changingWhatIsSeen = "a change of a session that is looked at"

// misuses are tests that are set up wrongly. They must end, or at least get a hint: an assertion
// about another session would hold by accident.
var misuses = []struct {
	claim   string
	test    func(sessiontest.TB)
	message string
}{
	{"a Config without a store", func(fake sessiontest.TB) {
		sessiontest.New(fake, session.Config{}, newApp(inMemory()))
	}, "sessiontest: the Config of the application is needed, as the application has it: session: Config.Store is nil; pick one from stores/, for example memorystore.New(memorystore.Options{})"},
	{"a Config without a store, for a server", func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, session.Config{}, "https://127.0.0.1:8080", nil)
	}, "sessiontest: the Config of the application is needed, as the application has it: session: Config.Store is nil; pick one from stores/, for example memorystore.New(memorystore.Options{})"},
	{"a request that cannot be read", func(fake sessiontest.TB) {
		r := httptest.NewRequest(http.MethodPut, "/posts", iotest.ErrReader(errors.New("no paper")))
		newVisitor(fake).Do(r)
	}, "sessiontest: PUT /posts: no paper"},
	{"an answer that breaks off", func(fake sessiontest.TB) {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "half")
		}))
		defer server.Close()
		sessiontest.NewAt(fake, inMemory(), server.URL, server.Client()).Get("/posts")
	}, "sessiontest: GET /posts: the answer broke off: unexpected EOF"},
	{"an application with another store", func(fake sessiontest.TB) {
		sessiontest.New(fake, inMemory(), newApp(inMemory())).Post("/login", url.Values{"user": {"ada"}})
	}, "sessiontest: POST /login has begun a session that is not in the Store of the Config given to sessiontest; the application must have the same Store (or the same keys), Cookie and Now"},
	{"an application with another cookie", func(fake sessiontest.TB) {
		cfg := inMemory()
		sessiontest.New(fake, cfg, newApp(session.Config{Store: cfg.Store, CookieName: "id"})).Post("/login", url.Values{"user": {"ada"}})
	}, "sessiontest: POST /login has begun a session with the cookie id, and not __Host-session, which is the name by the Config given to sessiontest; it must have the same CookieName and Cookie as that of the application, and sessions of another Manager a Store of their own"},
	{"an application with another sealed cookie", func(fake sessiontest.TB) {
		sealed := inCookies(fake)
		visitor := sessiontest.New(fake, session.Config{Store: sealed}, newApp(session.Config{Store: sealed, CookieName: "id"}))
		visitor.Post("/posts", url.Values{"title": {"Hello"}})
		visitor.AssertValue("titles", []string{"Hello"})
	}, "the value under \"titles\": there is nothing\n\tthere is no session; the application has set the cookie \"id\", \"id-flash\", and not __Host-session, which is the name by the Config given to sessiontest"},
	{"a header that says which host", func(fake sessiontest.TB) {
		newVisitor(fake).With("Host", "de.example.com").Get("/posts?page=2")
	}, "sessiontest: GET /posts?page=2: a header Host says nothing; ask for https://de.example.com/posts?page=2"},
	{"a header that says which host, by plain http", func(fake sessiontest.TB) {
		cfg := inMemory()
		cfg.Cookie.Insecure, cfg.Logger = true, quiet
		sessiontest.New(fake, cfg, newApp(cfg)).With("Host", "de.example.com").Get("/posts")
	}, "sessiontest: GET /posts: a header Host says nothing; ask for http://de.example.com/posts"},
	{"an application with another store, and a cookie that ends with the browser", func(fake sessiontest.TB) {
		cfg := inMemory()
		cfg.ClearWithBrowser = true
		sessiontest.New(fake, inMemory(), newApp(cfg)).Post("/login", url.Values{"user": {"ada"}})
	}, "sessiontest: POST /login has begun a session that is not in the Store of the Config given to sessiontest; the application must have the same Store (or the same keys), Cookie and Now"},
	{"an application with another clock", func(fake sessiontest.TB) {
		cfg := inMemory()
		late := cfg
		late.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
		sessiontest.New(fake, late, newApp(cfg)).Post("/login", url.Values{"user": {"ada"}})
	}, "sessiontest: POST /login has begun a session that is not in the Store of the Config given to sessiontest; the application must have the same Store (or the same keys), Cookie and Now"},
	{"a secure cookie by plain http", func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, inMemory(), "http://127.0.0.1:8080", nil)
	}, "sessiontest: the cookie __Host-session is Secure, and http://127.0.0.1:8080 is plain http, where browsers neither take nor send it; use httptest.NewTLSServer, or set Cookie.Insecure"},
	{"a secure cookie of the application by plain http", func(fake sessiontest.TB) {
		visitDressed(fake, session.CookieOptions{Insecure: true}, session.CookieOptions{}, "id")
	}, "sessiontest: POST /login has set the cookie id, which browsers do not take: it is Secure, and comes by plain http; the Config given to sessiontest must have the same CookieName and Cookie as that of the application"},
	{"a secure cookie of the application by plain http, whose name says so", func(fake sessiontest.TB) {
		visitDressed(fake, session.CookieOptions{Insecure: true}, session.CookieOptions{}, "")
	}, "sessiontest: POST /login has set the cookie __Host-session, which browsers do not take: it is Secure, and comes by plain http; the Config given to sessiontest must have the same CookieName and Cookie as that of the application"},
	{"a cookie of the application for another domain", func(fake sessiontest.TB) {
		visitDressed(fake, session.CookieOptions{}, session.CookieOptions{Domain: "example.org"}, "")
	}, "sessiontest: POST /login has set the cookie session, which browsers do not take: it is for example.org, and comes from example.com; the Config given to sessiontest must have the same CookieName and Cookie as that of the application"},
	{"a secure flash cookie of the application by plain http", func(fake sessiontest.TB) {
		app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "__Host-session-flash", Value: "x", Path: "/", Secure: true})
		})
		insecure := inMemory()
		insecure.Cookie.Insecure = true
		sessiontest.New(fake, insecure, app).Get("/")
	}, "sessiontest: GET / has set the cookie __Host-session-flash, which browsers do not take: it is Secure, and comes by plain http; the Config given to sessiontest must have the same CookieName and Cookie as that of the application"},
	{"an application with another store, whose first page begins no session", func(fake sessiontest.TB) {
		v := sessiontest.New(fake, inMemory(), newApp(inMemory()))
		v.Get("/ping")
		v.Post("/login", url.Values{"user": {"ada"}})
	}, "sessiontest: POST /login has begun a session that is not in the Store of the Config given to sessiontest; the application must have the same Store (or the same keys), Cookie and Now"},
	{"a cookie for another domain", func(fake sessiontest.TB) {
		cfg := inMemory()
		cfg.Cookie.Domain = "example.org"
		sessiontest.NewAt(fake, cfg, "https://127.0.0.1:8080", nil)
	}, "sessiontest: the cookie session is for example.org, and so never gets to https://127.0.0.1:8080; leave Cookie.Domain out in tests"},
	{"something that is no address", func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, inMemory(), "localhost:8080", nil)
	}, `sessiontest: "localhost:8080" is not the address of a server; it is one such as http://127.0.0.1:8080`},
	{"an address that cannot be read", func(fake sessiontest.TB) {
		sessiontest.NewAt(fake, inMemory(), "https://%zz", nil)
	}, `sessiontest: "https://%zz" is not the address of a server; it is one such as http://127.0.0.1:8080`},
	{changingWhatIsSeen, func(fake sessiontest.TB) {
		newVisitor(fake).Session().Put("user", "ada")
	}, "sessiontest: the session that a Visitor shows cannot be changed; change it with Seed"},
	{"a seed that cannot be stored", func(fake sessiontest.TB) {
		newVisitor(fake).Seed(func(s *session.Session) { s.Put("ch", make(chan int)) })
	}, `sessiontest: the session could not be seeded: session: the value for "ch", a chan int, cannot be stored as JSON: put a type that can`},
	{"a seed of a form that cannot be stored", func(fake sessiontest.TB) {
		newVisitor(fake).SeedForm(nil, func(s *session.Session) { s.Put("ch", make(chan int)) })
	}, `sessiontest: the session could not be seeded: session: the value for "ch", a chan int, cannot be stored as JSON: put a type that can`},
	{"a token from a store that is down", func(fake sessiontest.TB) {
		v := sessiontest.New(fake, session.Config{Store: down{memorystore.New(memorystore.Options{})}}, newApp(inMemory()))
		someValues(v)
		v.CSRFToken()
	}, "sessiontest: the session could not be seeded: session: store unavailable: read: out of order"},
	{"a value that no session has", func(fake sessiontest.TB) {
		v := newVisitor(fake)
		someValues(v)
		v.AssertValue("user", make(chan int))
	}, `sessiontest: the value under "user": what is wanted cannot be in a session: json: unsupported type: chan int`},
	{"two values", func(fake sessiontest.TB) {
		v := newVisitor(fake)
		someValues(v)
		v.AssertValue("user", "ada", "bob")
	}, `sessiontest: the value under "user": one value may be wanted, not 2`},
	{"two texts of a page error", func(fake sessiontest.TB) {
		v := newVisitor(fake)
		someForm(v)
		v.AssertPageError(session.ValidationErrorCode, "The form was not saved. Please correct the fields that are marked.", "No.")
	}, `sessiontest: the page error "E_VALIDATION_ERROR": one text may be wanted, not 2`},
	{"half a header", func(fake sessiontest.TB) {
		newVisitor(fake).With("HX-Request")
	}, `sessiontest: With takes pairs of a name and a value; got ["HX-Request"]`},
	{"cookies of another site only", func(fake sessiontest.TB) {
		newVisitor(fake).SetCookies([]*http.Cookie{{Name: "a", Value: "1", Domain: "example.org"}})
	}, "sessiontest: none of these 1 cookies is for example.com, where the visitor goes; the first is for example.org"},
	{"a request to another site", func(fake sessiontest.TB) {
		newVisitor(fake).Get("https://example.org/")
	}, "sessiontest: GET https://example.org/: the visitor goes to example.com, and elsewhere only within Cookie.Domain"},
	{"a request to another site, beside the domain of the cookie", func(fake sessiontest.TB) {
		cfg := inMemory()
		cfg.Cookie.Domain = "example.com"
		sessiontest.New(fake, cfg, newApp(cfg)).Get("https://example.org/")
	}, "sessiontest: GET https://example.org/: the visitor goes to example.com, and elsewhere only within Cookie.Domain"},
	{"an address that is none", func(fake sessiontest.TB) {
		newVisitor(fake).Get("/%zz")
	}, `sessiontest: parse "/%zz": invalid URL escape "%zz"`},
	{"JSON that is none", func(fake sessiontest.TB) {
		newVisitor(fake).PostJSON("/", make(chan int))
	}, "sessiontest: POST /: json: unsupported type: chan int"},
	{"following where nothing leads", func(fake sessiontest.TB) {
		newVisitor(fake).Get("/ping").Follow()
	}, "sessiontest: GET /ping: 204 No Content: there is nowhere to follow to"},
	{"following to an address that is none", func(fake sessiontest.TB) {
		newVisitor(fake).Post("/lost", nil).Follow()
	}, `sessiontest: POST /lost: 303 See Other, to /%zz: parse "/%zz": invalid URL escape "%zz"`},
	{"following in a circle", func(fake sessiontest.TB) {
		app := http.RedirectHandler("/round", http.StatusSeeOther)
		sessiontest.New(fake, inMemory(), app).Get("/").Follow()
	}, "sessiontest: GET /round: 303 See Other, to /round: this is the redirect number 11, and it goes on"},
	{"following to another site", func(fake sessiontest.TB) {
		app := http.RedirectHandler("https://example.org/", http.StatusSeeOther)
		sessiontest.New(fake, inMemory(), app).Get("/").Follow()
	}, "sessiontest: GET https://example.org/: the visitor goes to example.com, and elsewhere only within Cookie.Domain"},
	{"asking a store for users that finds none", func(fake sessiontest.TB) {
		sealed := inCookies(fake)
		sessiontest.New(fake, session.Config{Store: sealed}, newApp(inMemory())).AssertTagged("ada")
	}, `the sessions of "ada" could not be listed: session: this store cannot find the sessions of a user, so they cannot be tagged: unsupported operation; use a store on the server` + noneText},
	{"a store that is down, looked at", func(fake sessiontest.TB) {
		v := sessiontest.New(fake, session.Config{Store: down{memorystore.New(memorystore.Options{})}}, newApp(inMemory()))
		someValues(v)
		v.AssertSession()
	}, "sessiontest: the session could not be looked at: session: store unavailable: read: out of order"},
	{"a store that is down, looked at before a request", func(fake sessiontest.TB) {
		v := sessiontest.New(fake, session.Config{Store: down{memorystore.New(memorystore.Options{})}}, newApp(inMemory()))
		someValues(v)
		v.Get("/ping").AssertSessionBegun()
	}, "sessiontest: GET /ping: 204 No Content: whether there was a session before could not be found out: session: store unavailable: read: out of order"},
}

func Test_that_misuse_is_a_clear_failure(t *testing.T) {
	for _, tc := range misuses {
		t.Run(tc.claim, func(t *testing.T) { wantFailure(t, tc.message, tc.test) })
	}
}

// A TB need not end the test on Fatalf.
func Test_that_misuse_is_the_first_failure_of_a_test_that_goes_on(t *testing.T) {
	for _, tc := range misuses {
		t.Run(tc.claim, func(t *testing.T) {
			got := failuresOf(func(fake sessiontest.TB) { tc.test(goingOn{fake.(*fakeTB)}) })
			if len(got) == 0 || got[0].text != tc.message {
				t.Errorf("failed with %v; want first\n%s", got, tc.message)
			}
		})
	}
}

func Test_that_there_is_no_visitor_and_no_answer_after_a_failure(t *testing.T) {
	gone := httptest.NewTLSServer(nil)
	gone.Close()
	elsewhere := http.RedirectHandler("https://example.org/", http.StatusSeeOther)
	failed := failuresOf(func(fake sessiontest.TB) {
		goesOn := goingOn{fake.(*fakeTB)}
		if v := sessiontest.New(goesOn, session.Config{}, nil); v != nil {
			t.Errorf("New without a store is %v; want nil", v)
		}
		if v := sessiontest.NewAt(goesOn, session.Config{}, "https://127.0.0.1:8080", nil); v != nil {
			t.Errorf("NewAt without a store is %v; want nil", v)
		}
		visitor := sessiontest.New(goesOn, inMemory(), elsewhere)
		if answer := visitor.Get("/").Follow(); answer != nil {
			t.Errorf("following to another site is %v; want nil", answer)
		}
		if answer := visitor.PostJSON("/", make(chan int)); answer != nil {
			t.Errorf("posting what is no JSON is %v; want nil", answer)
		}
		if answer := sessiontest.NewAt(goesOn, inMemory(), gone.URL, gone.Client()).Get("/"); answer != nil {
			t.Errorf("visiting a server that is gone is %v; want nil", answer)
		}
	})
	if len(failed) != 5 {
		t.Errorf("failed %d times: %v; want 5", len(failed), failed)
	}
}

// goingOn is a test that goes on after Fatalf.
type goingOn struct{ *fakeTB }

func (g goingOn) Fatalf(format string, args ...any) { g.note(true, format, args...) }

func Test_that_only_what_may_be_the_cookie_of_another_session_is_hinted_at(t *testing.T) {
	for _, tc := range []struct {
		line string
		want bool
	}{
		{"id=1; HttpOnly", true},
		{"id=1; HttpOnly; Max-Age=60", true},
		{"id=1; Max-Age=60", false},
		{"id=; HttpOnly; Max-Age=0", false},
	} {
		app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", tc.line) })
		got := failuresOf(func(fake sessiontest.TB) {
			v := sessiontest.New(fake, inMemory(), app)
			v.Get("/")
			v.AssertSession()
		})
		if len(got) != 1 || strings.Contains(got[0].text, `has set the cookie "id"`) != tc.want {
			t.Errorf("after Set-Cookie: %s, failed with %v; want a hint: %t", tc.line, got, tc.want)
		}
	}
}

func Test_that_cookies_of_ours_and_those_of_others_beside_ours_are_not_hinted_at(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		wantFailure(t, "want a session"+noneText, func(fake sessiontest.TB) {
			v := sessiontest.New(fake, cfg, newApp(cfg))
			v.Post("/login", url.Values{"user": {"ada"}})
			v.Post("/logout", nil).Follow() // shows a message, so there is a cookie with what was seen
			v.Seed((*session.Session).Destroy)
			v.AssertSession()
		})
	})
	cfg := inMemory()
	app := newApp(cfg)
	app.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.SetCookie(&http.Cookie{Name: "theme", Value: "dark", HttpOnly: true})
			return next(c)
		}
	})
	manager, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	wantFailure(t, "want a session"+noneText, func(fake sessiontest.TB) {
		v := sessiontest.New(fake, cfg, app)
		tagged(v)
		v.Get("/ping")
		if err := manager.DestroyTagged(t.Context(), "ada"); err != nil {
			fake.Fatalf("%v", err)
		}
		v.AssertSession() // the cookie of ours is there
	})
}

// visitDressed asserts that a value is missing, in an application whose cookie has other attributes
// than the test's.
func visitDressed(t sessiontest.TB, test, app session.CookieOptions, name string) {
	cfg := inMemory()
	cfg.Logger, cfg.CookieName, cfg.Cookie = quiet, name, test
	other := cfg
	other.Cookie = app
	visitor := sessiontest.New(t, cfg, newApp(other))
	visitor.Post("/login", url.Values{"user": {"ada"}})
	visitor.AssertNoValue() // holds by accident
}
