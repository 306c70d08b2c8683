package components_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

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
