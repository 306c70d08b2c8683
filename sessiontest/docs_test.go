package sessiontest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// The code of docs/testing.md is here, so that it is compiled and tested.

func TestSavingAPost(t *testing.T) {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })

	answer := visitor.Post("/posts", url.Values{"title": {"Hello"}})

	answer.AssertRedirect("/posts")
	visitor.AssertAlert(session.KindSuccess, "Your post was saved.")
	visitor.AssertValue("titles", []string{"Hello"})
}

func Test_that_a_guide_seeds(t *testing.T) {
	visitor := newVisitor(t)

	visitor.Seed(func(s *session.Session) {
		s.Tag("ada")
		s.Put("user", "ada")
		s.FlashSuccess("Welcome back.")
		s.Flash("draft", 7)
	})

	visitor.SeedForm(url.Values{"title": {""}, "body": {"Text"}}, func(s *session.Session) {
		s.FlashValidationErrors(session.ValidationErrors{"title": {"Write a title."}})
	})

	if page := visitor.Get("/posts"); !strings.Contains(page.Text, "Posts of ada") {
		t.Errorf("the page is %s", page.Text)
	}
	visitor.AssertTagged("ada")
}

func Test_that_a_guide_makes_requests(t *testing.T) {
	visitor := newVisitor(t)
	form := url.Values{"title": {"Hello"}}

	page := visitor.Post("/posts", form).Follow()
	if !strings.Contains(page.Text, "Your post was saved.") {
		t.Errorf("the page does not say that the post was saved:\n%s", page.Text)
	}

	part := visitor.With("HX-Request", "true").Post("/posts", form)
	part.AssertStatus(http.StatusNoContent)
	part.AssertRedirect("/posts") // by HX-Redirect

	visitor.Do(httptest.NewRequest(http.MethodDelete, "/posts/7", nil)).AssertStatus(http.StatusNotFound)
}

func Test_that_a_guide_looks_at_a_refused_form(t *testing.T) {
	visitor := newVisitor(t)

	visitor.Get("/posts")
	visitor.Post("/posts", url.Values{"title": {""}, "body": {"Text"}}).AssertRedirect("/posts")

	visitor.AssertInputErrors("title", "Write a title.")
	visitor.AssertNoInputError("body")
	visitor.AssertOld("body", "Text")
	visitor.AssertPageError(session.ValidationErrorCode)
	visitor.AssertNoAlert()

	s := visitor.Session()
	if got := s.Submission("").AllErrors(); len(got) != 1 {
		t.Errorf("%d fields have errors: %v; want 1", len(got), got)
	}
}

func Test_that_a_guide_reads(t *testing.T) {
	visitor := newVisitor(t)
	visitor.Post("/posts", url.Values{"title": {"Hello"}})

	titles := session.Get[[]string](visitor.Session(), "titles")
	if !slices.Contains(titles, "Hello") {
		t.Errorf("got the titles %q; want Hello among them", titles)
	}
}

func TestLoggingInAndOut(t *testing.T) {
	visitor := newVisitor(t)
	visitor.Seed(func(s *session.Session) { s.Put("cart", 7) })

	visitor.Post("/login", url.Values{"user": {"ada"}}).AssertSessionRegenerated()
	visitor.AssertValue("cart", 7)

	visitor.Post("/logout", nil).AssertSessionDestroyed()
	visitor.AssertNoValue()
}

func TestThatASessionEnds(t *testing.T) {
	var clock sessiontest.Clock
	cfg := session.Config{
		Store: memorystore.New(memorystore.Options{Now: clock.Now}),
		Now:   clock.Now,
	}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Post("/login", url.Values{"user": {"ada"}})

	clock.Advance(session.DefaultIdleTimeout - time.Second)
	visitor.AssertSession()
	clock.Advance(time.Second)
	visitor.AssertNoSession()
}

func TestTwoDevices(t *testing.T) {
	laptop := newVisitor(t)
	phone := laptop.Another()
	for _, device := range []*sessiontest.Visitor{laptop, phone} {
		device.Post("/login", url.Values{"user": {"ada"}})
	}

	laptop.Post("/logout", nil)

	phone.AssertValue("user", "ada")
}

func TestInSteps(t *testing.T) {
	visitor := newVisitor(t)
	t.Run("log in", func(t *testing.T) {
		visitor.In(t).Post("/login", url.Values{"user": {"ada"}}).AssertSessionBegun()
	})
	t.Run("post", func(t *testing.T) {
		visitor.In(t).Post("/posts", url.Values{"title": {"Hello"}}).AssertRedirect("/posts")
	})
}

func TestManyTabs(t *testing.T) {
	visitor := newVisitor(t)
	visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })

	var tabs sync.WaitGroup
	for range 20 {
		tabs.Go(func() { visitor.Post("/posts", url.Values{"title": {"Hello"}}) })
	}
	tabs.Wait()

	if got := session.Get[[]string](visitor.Session(), "titles"); len(got) != 20 {
		t.Errorf("%d posts were kept; want 20", len(got))
	}
}

func TestWithTokens(t *testing.T) {
	visitor := newVisitor(t)
	form := url.Values{"title": {"Hello"}}

	visitor.With(session.CSRFHeader, visitor.CSRFToken()).Post("/posts", form).AssertStatus(http.StatusSeeOther)
}

func TestWithEachStore(t *testing.T) {
	sealed, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{cookiestore.GenerateKey()}})
	if err != nil {
		t.Fatal(err)
	}
	stores := map[string]session.Store{
		"memory": memorystore.New(memorystore.Options{}),
		"cookie": sealed,
	}
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			cfg := session.Config{Store: store}
			visitor := sessiontest.New(t, cfg, newApp(cfg))
			visitor.Post("/posts", url.Values{"title": {"Hello"}})
			visitor.AssertValue("titles", []string{"Hello"})
		})
	}
}

func TestOverTheNetwork(t *testing.T) {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	server := httptest.NewTLSServer(newApp(cfg))
	defer server.Close()
	visitor := sessiontest.NewAt(t, cfg, server.URL, server.Client())
	visitor.Get("/posts").AssertStatus(http.StatusOK)
}
