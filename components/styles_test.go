package components_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

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

// With a nonce, templ's state is in the context of the request, and with it what a page has already.
func Test_that_a_page_has_its_styles_also_if_another_was_rendered_before_in_vain(t *testing.T) {
	document := templ.Join(components.Styles(), components.FlashAlerts, components.Script())
	for claim, before := range map[string]func(v *visitor, c echo.Context) error{
		"none was": func(*visitor, echo.Context) error { return nil },
		"it failed half-way": func(_ *visitor, c echo.Context) error {
			fails := templ.ComponentFunc(func(context.Context, io.Writer) error { return errBroken })
			if err := session.Render(c, http.StatusOK, templ.Join(document, fails)); !errors.Is(err, errBroken) {
				return fmt.Errorf("got error %w; want %w", err, errBroken)
			}
			return nil
		},
		"its message was shown by another": func(v *visitor, c echo.Context) error {
			session.From(c).FlashMessages().Alerts() // before the other page shows it
			v.get(components.FlashAlerts)
			return nil
		},
	} {
		v := newVisitor(t)
		v.post(nil, func(s *session.Session) { s.FlashSuccess("Saved.") })
		got := v.do(v.request(), func(c echo.Context) error {
			c.SetRequest(c.Request().WithContext(templ.WithNonce(c.Request().Context(), "abc")))
			if err := before(v, c); err != nil {
				return err
			}
			return session.Render(c, http.StatusOK, document)
		})
		for _, element := range []string{`<style nonce="abc">`, `<script nonce="abc">`} {
			if n := strings.Count(got, element); n != 1 {
				t.Errorf("%s: the page has %d times %s; want it once", claim, n, element)
			}
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
