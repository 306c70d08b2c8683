package session_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// Echo's Timeout answers while the handler goes on, with an echo.Context that may then serve
// another visitor. overtaken makes Alice's handler end in the middle of Bob's request, and returns
// Bob's answer. Echo need not give both the same context, so it takes several tries.
func overtaken(t *testing.T, alice func(*session.Session) error) (sameContext bool, bob *httptest.ResponseRecorder) {
	t.Helper()
	started, release, ended := make(chan echo.Context), make(chan bool), make(chan bool)
	var first echo.Context
	abandon := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Path() != "/alice" {
				return next(c)
			}
			writer := c.Response().Writer
			c.Response().Writer = httptest.NewRecorder()
			go func() { _ = next(c); close(ended) }()
			first = <-started
			c.Response().Writer = writer
			return c.NoContent(http.StatusServiceUnavailable)
		}
	}
	e := echo.New()
	e.Use(abandon, session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))
	e.GET("/alice", func(c echo.Context) error {
		s := session.From(c)
		s.Put("user", "alice")
		started <- c
		<-release
		return alice(s)
	})
	e.POST("/bob", func(c echo.Context) error {
		sameContext = c == first
		c.FormValue("card")
		close(release)
		<-ended
		return c.String(http.StatusOK, "bob")
	})

	ctx, hangUp := context.WithCancel(t.Context())
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/alice", nil))
	hangUp() // as net/http does when a request has been answered

	form := strings.NewReader(url.Values{"card": {"of Bob"}}.Encode())
	post := httptest.NewRequest(http.MethodPost, "/bob", form)
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	bob = httptest.NewRecorder()
	e.ServeHTTP(bob, post)
	return sameContext, bob
}

// inOneContext repeats overtaken until Bob gets Alice's context.
func inOneContext(t *testing.T, alice func(*session.Session) error) *httptest.ResponseRecorder {
	t.Helper()
	for range 200 {
		if same, bob := overtaken(t, alice); same {
			return bob
		}
	}
	t.Fatal("Echo never used a context again")
	return nil
}

func Test_that_a_handler_that_outlives_its_context_sets_no_cookie_for_somebody_else(t *testing.T) {
	for name, err := range map[string]error{"with an error": context.DeadlineExceeded, "without": nil} {
		bob := inOneContext(t, func(*session.Session) error { return err })
		if got := bob.Header().Values("Set-Cookie"); got != nil || bob.Body.String() != "bob" {
			t.Errorf("it ends %s: Bob gets %q with %q", name, bob.Body, got)
		}
	}
}

func Test_that_a_session_that_outlives_its_context_does_not_keep_the_form_of_somebody_else(t *testing.T) {
	var old string
	inOneContext(t, func(s *session.Session) error {
		s.FlashAll()
		old = s.Old("card")
		return nil
	})
	if old != "" {
		t.Errorf("Alice's session has %q, which Bob has submitted", old)
	}
}
