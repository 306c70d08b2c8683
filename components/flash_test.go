package components_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func everyKind(s *session.Session) {
	s.FlashInfo("Tea is ready.")
	s.FlashSuccess("Saved.")
	s.FlashError("Not sent.")
	s.FlashWarning("Nearly full.")
	s.FlashSuccess("Sent & seen.")
}

func flashStates() []state {
	link := session.Message{Kind: session.KindSuccess, Title: "Order 7", Text: "is on its way.", Href: "/orders/7", Label: "Follow it"}
	custom := func(m session.Message) templ.Component {
		return text(func(context.Context) string { return m.Kind + ": " + m.Text + "\n" })
	}
	list := []state{
		{"flash-empty", nil, nil, components.FlashAlerts},
		{"flash-every-kind", nil, everyKind, components.FlashAlerts},
		{"flash-title-and-link", nil, func(s *session.Session) { s.FlashAlert(link) }, components.FlashAlerts},
		{"flash-link-without-label", nil, func(s *session.Session) {
			s.FlashAlert(session.Message{Kind: "info", Text: "See", Href: "https://example.org/a?b=c&d"})
		}, components.FlashAlerts},
		{"flash-aliases", nil, func(s *session.Session) {
			s.Flash("notice", "A notice.")
			s.Flash("danger", "A danger.")
		}, components.FlashAlerts},
		{"flash-unnamed-kind", nil, func(s *session.Session) {
			s.FlashAlert(session.Message{Kind: "promo", Text: "Half price."})
		}, components.FlashAlerts},
		{"flash-named-kinds", nil, func(s *session.Session) {
			everyKind(s)
			s.FlashAlert(session.Message{Kind: "promo", Text: "Half price."})
		}, components.FlashAlerts(components.FlashProps{Kinds: []string{"promo", "success"}})},
		{"flash-dismiss", nil, everyKind, components.FlashAlerts(components.FlashProps{Dismiss: true})},
		{"flash-auto-dismiss", nil, everyKind, components.FlashAlerts(components.FlashProps{AutoDismiss: 5 * time.Second})},
		{"flash-sticky", nil, everyKind, components.FlashAlerts(components.FlashProps{AutoDismiss: time.Hour, Sticky: []string{"notice"}})},
		{"flash-region-of-your-own", nil, everyKind, components.FlashAlerts(components.FlashProps{
			ID: "toasts", Class: "wide", Attrs: templ.Attributes{"up-flashes": true, "class": "tall", "aria-live": "assertive"}})},
		{"flash-item-of-your-own", nil, everyKind, components.FlashAlerts(components.FlashProps{Item: custom})},
		{"flash-of-one-kind", nil, everyKind, components.Flash("success", components.FlashProps{Dismiss: true})},
		{"flash-of-one-kind-empty", nil, nil, components.Flash("success")},
		{"flash-message", nil, func(s *session.Session) { s.Flash("newsletter", "Welcome!") },
			with(components.FlashMessage("newsletter"), text(components.Message[string]))},
		{"flash-message-empty", nil, nil, with(components.FlashMessage("newsletter"), text(components.Message[string]))},
	}
	positions := []components.Position{components.Inline, components.TopStart, components.TopCenter, components.TopEnd,
		components.BottomStart, components.BottomCenter, components.BottomEnd}
	for i, position := range positions {
		list = append(list, state{fmt.Sprint("flash-position-", i), nil, nil,
			components.FlashAlerts(components.FlashProps{Position: position})})
	}
	return list
}

func Test_that_an_alert_is_shown_once(t *testing.T) {
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) { s.FlashSuccess("Saved.") })
	if got := v.get(components.FlashAlerts); strings.Count(got, "Saved.") != 1 {
		t.Errorf("the next page has %q; want the alert once", got)
	}
	if got := v.get(components.FlashAlerts); strings.Contains(got, "Saved.") {
		t.Errorf("the page after that has %q", got)
	}
}

func Test_that_alerts_wait_until_their_kind_is_shown(t *testing.T) {
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) {
		s.FlashSuccess("Saved.")
		s.FlashAlert(session.Message{Kind: "promo", Text: "Half price."})
	})
	v.get(components.Flash("error"))
	if got := v.get(components.FlashAlerts); !strings.Contains(got, "Saved.") || strings.Contains(got, "Half price.") {
		t.Errorf("FlashAlerts shows %q; want the success only", got)
	}
	promo := components.FlashAlerts(components.FlashProps{Kinds: []string{"promo"}})
	if got := v.get(promo); !strings.Contains(got, "Half price.") {
		t.Errorf("the kind that is named shows %q", got)
	}
}

func Test_that_no_kinds_are_no_alerts(t *testing.T) {
	got := after(t, nil, everyKind, components.FlashAlerts(components.FlashProps{Kinds: []string{}}))
	if strings.Contains(got, "data-flash") {
		t.Errorf("got %q", got)
	}
}

func Test_that_a_kind_named_twice_is_shown_once(t *testing.T) {
	got := after(t, nil, everyKind, components.FlashAlerts(components.FlashProps{Kinds: []string{"danger", "error", "info"}}))
	if n := strings.Count(got, "Not sent."); n != 1 {
		t.Errorf("the error is there %d times", n)
	}
}

func Test_that_an_item_may_be_left_out(t *testing.T) {
	none := func(session.Message) templ.Component { return nil }
	got := after(t, nil, everyKind, components.FlashAlerts(components.FlashProps{Item: none}))
	if want := `<div id="flash" class="flash-region" aria-live="polite" hx-history="false"></div>`; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

// page has the alerts, a form, and a fragment with neither.
func page(message *string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		note := text(func(ctx context.Context) string {
			*message = components.Message[string](ctx)
			return *message
		})
		parts := []templ.Component{
			components.Styles(),
			components.FlashAlerts,
			components.Flash("promo"),
			components.ErrorSummary(),
			components.Field("title", components.Input{Label: "Title"}),
			components.OldInput("body"),
			components.InputError("title"),
			with(components.FlashMessage("note"), note),
			with(components.Errors(), note),
			with(templ.Fragment("part"), templ.Raw("<p>part</p>")),
		}
		for _, part := range parts {
			if err := part.Render(ctx, w); err != nil {
				return err
			}
		}
		return nil
	})
}

func flashSome(s *session.Session) {
	s.FlashAll()
	s.FlashInputErrors(map[string][]string{"title": {"Enter a title"}})
	s.FlashErrors(map[string]string{"E_LIMIT": "Too many tries."})
	s.FlashSuccess("Saved.")
	s.FlashAlert(session.Message{Kind: "promo", Text: "Half price."})
	s.Flash("note", "Noted.")
}

func Test_that_what_a_fragment_leaves_out_is_not_consumed(t *testing.T) {
	var message string
	byHand := page(&message)
	for name, component := range map[string]templ.Component{"by hand": byHand, "by templ": generated(byHand)} {
		v := newVisitor(t)
		v.post(nil, flashSome)

		message = ""
		part := pageRequest()
		part.Header.Set("HX-Request", "true")
		got := v.do(part, func(c echo.Context) error {
			var buf bytes.Buffer
			if err := templ.RenderFragments(c.Request().Context(), &buf, component, "part"); err != nil {
				return err
			}
			return c.HTMLBlob(http.StatusOK, buf.Bytes())
		})
		if got != "<p>part</p>" || message != "" {
			t.Errorf("%s: the fragment is %q, and a message was read: %q", name, got, message)
		}

		whole := v.get(component)
		for _, want := range []string{"Saved.", "Half price.", "Noted.", "Enter a title", "Too many tries.", "<style>", "part"} {
			if !strings.Contains(whole, want) {
				t.Errorf("%s: the page after it lacks %q", name, want)
			}
		}
	}
}

func Test_that_a_fragment_shows_what_is_in_it(t *testing.T) {
	v := newVisitor(t)
	v.post(nil, flashSome)
	fragment := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return with(templ.Fragment("part"), components.FlashAlerts).Render(ctx, w)
	})
	v.do(pageRequest(), func(c echo.Context) error {
		var buf bytes.Buffer
		err := templ.RenderFragments(c.Request().Context(), &buf, fragment, "part")
		if strings.Count(buf.String(), "Saved.") != 1 {
			t.Errorf("the fragment is %q, %v; want the alert once", buf.String(), err)
		}
		return c.HTMLBlob(http.StatusOK, buf.Bytes())
	})
}

func Test_that_without_a_session_there_is_nothing_to_show(t *testing.T) {
	var message string
	got := html(t, page(&message))
	for _, want := range []string{`<div id="flash" class="flash-region" aria-live="polite"></div>`, `<label class="field-label" for="title">Title</label>`} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q; want %q in it", got, want)
		}
	}
	for _, unwanted := range []string{"data-flash", "aria-invalid", "field-error", `role="alert"`} {
		if strings.Contains(got[strings.Index(got, "</style>"):], unwanted) {
			t.Errorf("got %q; want no %q in it", got, unwanted)
		}
	}
	if got := components.Message[string](context.Background()); got != "" {
		t.Errorf("the message is %q", got)
	}
}

// The log must name the code that has called them. (That is Echo here: this package is ours, too.)
func Test_that_a_log_blames_no_component_for_messages_that_are_shown_late(t *testing.T) {
	var log bytes.Buffer
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:  memorystore.New(memorystore.Options{}),
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}))
	e.POST("/", func(c echo.Context) error {
		session.From(c).FlashSuccess("Saved.")
		return c.NoContent(http.StatusNoContent)
	})
	e.GET("/", func(c echo.Context) error {
		c.Response().Flush()
		return components.FlashAlerts().Render(c.Request().Context(), c.Response())
	})
	browser := &browser{app: e}
	browser.post("/", "")
	log.Reset()
	browser.get("/")
	if !regexp.MustCompile(`caller=\S+/echo\.go:`).MatchString(log.String()) {
		t.Errorf("logged %q; want the line that has called the page", log.String())
	}
}
