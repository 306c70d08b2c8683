package sessiontest_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_the_application_finds_what_was_seeded(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		visitor.Seed(func(s *session.Session) {
			s.Put("user", "ada")
			s.FlashSuccess("Welcome back.")
		})
		visitor.SeedForm(url.Values{"title": {"Hello"}}, nil)

		page := visitor.Get("/posts").Text
		for _, part := range []string{"Posts of ada", "success: Welcome back.", `value="Hello"`} {
			if !strings.Contains(page, part) {
				t.Errorf("the page has no %q: %s", part, page)
			}
		}
	})
}

func Test_that_what_the_application_leaves_is_seen(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))

		visitor.Get("/posts")
		visitor.Post("/posts", url.Values{"title": {""}, "body": {"Text"}}).AssertRedirect("/posts")
		visitor.AssertInputErrors("title", "Write a title.")
		visitor.AssertOld("body", "Text")
		visitor.AssertPageError(session.ValidationErrorCode)

		visitor.Post("/posts", url.Values{"title": {"Hello"}}).AssertStatus(http.StatusSeeOther)
		visitor.AssertAlert(session.KindSuccess, "Your post was saved.")
		visitor.AssertValue("titles", []string{"Hello"})
		if got := session.Get[[]string](visitor.Session(), "titles"); !slices.Equal(got, []string{"Hello"}) {
			t.Errorf("read %q; want Hello", got)
		}
	})
}

func Test_that_looking_consumes_nothing_and_a_page_does(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		answer := visitor.Post("/posts", url.Values{"title": {"Hello"}})
		for range 3 {
			visitor.AssertAlert("success", "Your post was saved.")
			visitor.Seed(func(s *session.Session) { s.FlashMessages().All() })
		}

		if page := answer.Follow(); !strings.Contains(page.Text, "Your post was saved.") {
			t.Errorf("the page does not show the message: %s", page.Text)
		}
		visitor.AssertNoFlash()
	})
}

func Test_that_looking_does_not_prolong_a_session(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, clock *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
		for range 3 {
			clock.Advance(session.DefaultIdleTimeout / 3)
			visitor.Session()
		}
		visitor.AssertNoSession()
	})
}

func Test_that_seeding_counts_as_using_the_session(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, clock *sessiontest.Clock) {
		visitor := sessiontest.New(t, cfg, newApp(cfg))
		visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
		for range 3 {
			clock.Advance(session.DefaultIdleTimeout / 2)
			visitor.Seed(func(s *session.Session) { s.Has("user") })
		}
		visitor.AssertValue("user", "ada")
	})
}

func Test_that_a_test_calls_nothing_that_is_the_application_s_own(t *testing.T) {
	cfg := inMemory()
	app := newApp(cfg)
	called := func(context.Context, session.Event) {
		t.Error("a hook was called; want that only for what the application does")
	}
	cfg.Hooks = session.Hooks{Initiated: called, Committed: called, Destroyed: called, Conflict: called, StoreError: called}
	cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	cfg.Skipper = func(echo.Context) bool { t.Error("the Skipper was asked"); return true }
	visitor := sessiontest.New(t, cfg, app)
	visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
	visitor.AssertValue("user", "ada")
	visitor.Seed((*session.Session).Destroy)
	visitor.AssertNoSession()
}

func Test_that_two_visitors_have_nothing_in_common(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		ada := sessiontest.New(t, cfg, newApp(cfg))
		bob := ada.Another()
		ada.Seed(func(s *session.Session) { s.Put("user", "ada") })
		bob.AssertNoSession()
		bob.Post("/login", url.Values{"user": {"bob"}})
		ada.AssertValue("user", "ada")
		bob.AssertValue("user", "bob")
	})
}

func Test_that_old_input_of_forms_is_kept_apart_by_their_names(t *testing.T) {
	visitor := newVisitor(t)
	newsletter := visitor.Form("newsletter")
	form := url.Values{"email": {"ada"}}
	newsletter.SeedForm(form, func(s *session.Session) {
		s.FlashValidationErrors(session.ValidationErrors{"email": {"This is no address."}})
	})
	if len(form) != 1 {
		t.Errorf("the test's own form has become %v", form)
	}
	visitor.Form("reply").SeedForm(nil, nil)
	visitor.SeedForm(url.Values{session.FormField: {"search"}, "q": {"tea"}}, nil) // says its name itself
	visitor.Form("search").AssertOld("q", "tea")
	newsletter.AssertOld("email", "ada")
	newsletter.AssertInputError("email", "This is no address.")
	visitor.AssertNoOld("email")
	visitor.AssertNoInputError()
}

func Test_that_users_can_be_logged_in(t *testing.T) {
	cfg := inMemory()
	ada := sessiontest.New(t, cfg, newApp(cfg))
	phone := ada.Another()
	for _, device := range []*sessiontest.Visitor{ada, phone} {
		device.Seed(func(s *session.Session) { s.Tag("ada") })
		device.AssertTagged("ada")
	}
	manager, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := manager.DestroyTagged(t.Context(), "ada", ada.Session().Handle()); err != nil {
		t.Fatal(err)
	}
	ada.AssertSession()
	phone.AssertNoSession()
}

func Test_that_a_CSRF_token_is_accepted(t *testing.T) {
	withEachStore(t, func(t *testing.T, cfg session.Config, _ *sessiontest.Clock) {
		app := echo.New()
		app.Use(session.Middleware(cfg), session.CSRF())
		app.POST("/pay", func(c echo.Context) error { return c.String(http.StatusOK, "paid") })

		visitor := sessiontest.New(t, cfg, app)
		visitor.Post("/pay", nil).AssertStatus(http.StatusForbidden)
		visitor.With(session.CSRFHeader, visitor.CSRFToken()).Post("/pay", nil).AssertStatus(http.StatusOK)
		visitor.Post("/pay", url.Values{session.CSRFField: {visitor.CSRFToken()}}).AssertStatus(http.StatusOK)
	})
}

func Test_that_a_visitor_may_be_in_another_test(t *testing.T) {
	visitor := newVisitor(t)
	t.Run("step", func(t *testing.T) { visitor.In(t).Post("/login", url.Values{"user": {"ada"}}) })
	visitor.AssertValue("user", "ada")
	wantFailureThatSays(t, "there is a session", func(fake sessiontest.TB) { visitor.In(fake).AssertNoSession() })
	wantFailureThatSays(t, "cannot be changed", func(fake sessiontest.TB) { visitor.In(fake).Session().Put("n", 1) })
}

// Nothing could ever find it again.
func Test_that_a_visitor_who_has_done_nothing_leaves_nothing_in_the_store(t *testing.T) {
	cfg := session.Config{Store: full{memorystore.New(memorystore.Options{})}}
	visitor := sessiontest.New(t, cfg, newApp(cfg))
	visitor.Get("/posts").AssertStatus(http.StatusOK)
	visitor.AssertNoSession()
}

// full is a store that takes no more sessions.
type full struct{ session.Store }

func (full) Write(context.Context, string, session.Record) error { return session.ErrTooLarge }

func Test_that_a_visitor_may_do_many_things_at_once(t *testing.T) {
	visitor := newVisitor(t)
	visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			visitor.Post("/posts", url.Values{"title": {"Hello"}})
			visitor.AssertAlert("success")
			visitor.Another().Post("/login", url.Values{"user": {"bob"}}).AssertSessionBegun()
		})
	}
	all.Wait()
	if got := session.Get[[]string](visitor.Session(), "titles"); len(got) != 20 {
		t.Errorf("%d posts were kept; want 20", len(got))
	}
}
