package components_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

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
		if !strings.Contains(buf.String(), "Saved.") || strings.Count(buf.String(), "Saved.") != 1 {
			t.Errorf("the fragment is %q, %v", buf.String(), err)
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

func Test_that_a_message_has_the_type_it_was_flashed_with(t *testing.T) {
	type order struct {
		ID   int
		Open bool
	}
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) {
		s.Flash("order", order{7, true})
		s.Flash("count", 3)
		s.FlashErrors(map[string]string{"E_LIMIT": "Too many tries."})
	})
	var (
		got   order
		count int
		wrong bool
		limit session.PageError
	)
	read := func(fn func(ctx context.Context)) templ.Component {
		return text(func(ctx context.Context) string { fn(ctx); return "" })
	}
	v.get(templ.Join(
		with(components.FlashMessage("order"), read(func(ctx context.Context) { got = components.Message[order](ctx) })),
		with(components.FlashMessage("count"), read(func(ctx context.Context) {
			count = components.Message[int](ctx)
			wrong = components.Message[bool](ctx)
		})),
		with(components.Error("E_LIMIT"), read(func(ctx context.Context) { limit = components.Message[session.PageError](ctx) })),
	))
	if want := (order{7, true}); got != want {
		t.Errorf("the order is %v; want %v", got, want)
	}
	if count != 3 || wrong {
		t.Errorf("the count is %d, and %t as a bool", count, wrong)
	}
	if want := (session.PageError{Code: "E_LIMIT", Text: "Too many tries."}); limit != want {
		t.Errorf("the error is %v; want %v", limit, want)
	}
}

func Test_that_a_message_is_consumed_whether_its_block_reads_it_or_not(t *testing.T) {
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) { s.Flash("note", true) })
	block := with(components.FlashMessage("note"), templ.Raw("noted"))
	if got := v.get(block); got != "noted" {
		t.Errorf("got %q", got)
	}
	if got := v.get(block); got != "" {
		t.Errorf("got %q again", got)
	}
}

func Test_that_what_a_block_could_not_show_is_an_error(t *testing.T) {
	v := newVisitor(t)
	v.post(nil, flashSome)
	broken := templ.ComponentFunc(func(context.Context, io.Writer) error { return errBroken })
	v.in(func(ctx context.Context) {
		for name, block := range map[string]templ.Component{
			"FlashMessage": components.FlashMessage("note"), "Error": components.Error("E_LIMIT"), "Errors": components.Errors(),
			"Form": components.Form(components.FormProps{}),
		} {
			if err := with(block, broken).Render(ctx, new(bytes.Buffer)); !errors.Is(err, errBroken) {
				t.Errorf("%s: got error %v; want %v", name, err, errBroken)
			}
		}
	})
}

func Test_that_an_inner_block_has_its_own_message(t *testing.T) {
	message := text(components.Message[string])
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) {
		s.Flash("outer", "o")
		s.Flash("inner", "i")
	})
	got := v.get(with(components.FlashMessage("outer"), templ.Join(message, with(components.FlashMessage("inner"), message), message)))
	if got != "oio" {
		t.Errorf("got %q; want %q", got, "oio")
	}
}

func Test_that_styles_and_script_come_once_and_with_the_nonce(t *testing.T) {
	for _, tc := range []struct {
		element, text string
		component     func() templ.Component
	}{
		{"style", components.CSS, components.Styles},
		{"script", components.JS, components.Script},
	} {
		ctx := templ.WithNonce(templ.InitializeContext(context.Background()), "abc")
		var out bytes.Buffer
		for range 2 {
			if err := tc.component().Render(ctx, &out); err != nil {
				t.Fatal(err)
			}
		}
		if want := fmt.Sprintf(`<%s nonce="abc">%s</%[1]s>`, tc.element, tc.text); out.String() != want {
			t.Errorf("got %q", out.String())
		}
		if strings.Contains(tc.text, "</") {
			t.Errorf("the text ends its %s element", tc.element)
		}
	}
}

// Our rules for what frameworks do not have must win over their rules for all elements. Nobody else
// uses class names like these.
var ownRules = regexp.MustCompile(`^(:is\()?(\.flash-|\.pico-|\[data-flash\])`)

func Test_that_looks_yield_to_every_rule(t *testing.T) {
	for _, forbidden := range []string{"!important", "url(", "@import", "-left:", "-right:", "\tleft:", "\tright:"} {
		if strings.Contains(components.CSS, forbidden) {
			t.Errorf("the stylesheet has %s", forbidden)
		}
	}
	for line := range strings.Lines(components.CSS) {
		selector := strings.TrimSpace(line)
		if !strings.Contains(selector, "{") || strings.HasPrefix(selector, "@") || strings.HasPrefix(selector, "to") ||
			strings.HasPrefix(selector, "from") || strings.Contains(selector, "% {") {
			continue
		}
		if !strings.HasPrefix(selector, ":where(") && !strings.HasPrefix(selector, ":root[data-theme=") && !ownRules.MatchString(selector) {
			t.Errorf("%s is more specific than an application's rule may be", selector)
		}
	}
}

func Test_that_a_message_is_shown_with_its_value_under_another_name_of_its_kind(t *testing.T) {
	value := text(func(ctx context.Context) string { return fmt.Sprint(components.Message[int](ctx)) })
	got := after(t, nil, func(s *session.Session) { s.Flash("error", 7) }, with(components.FlashMessage("danger"), value))
	if got != "7" {
		t.Errorf("got %q; want 7", got)
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
	posted := httptest.NewRecorder()
	e.ServeHTTP(posted, httptest.NewRequest(http.MethodPost, "/", nil))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(posted.Result().Cookies()[0])
	log.Reset()
	e.ServeHTTP(httptest.NewRecorder(), r)
	if !regexp.MustCompile(`caller=\S+/echo\.go:`).MatchString(log.String()) {
		t.Errorf("logged %q; want the line that has called the page", log.String())
	}
}
