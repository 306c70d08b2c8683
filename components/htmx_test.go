package components_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	dom "golang.org/x/net/html"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

func htmxStates() []state {
	own := components.FlashProps{ID: "toasts", Kinds: []string{"success"}, Dismiss: true, Class: "wide"}
	return []state{
		{"oob", nil, everyKind, components.FlashAlertsOOB()},
		{"oob-empty", nil, nil, components.FlashAlertsOOB()},
		{"oob-of-your-own", nil, everyKind, components.FlashAlertsOOB(own)},
		{"oob-no-kinds", nil, everyKind, components.FlashAlertsOOB(components.FlashProps{Kinds: []string{}})},
		{"htmx-config", nil, nil, components.HTMXConfig()},
		{"htmx-config-of-your-own", nil, nil, components.HTMXConfig(map[string]any{
			"globalViewTransitions": true, "includeIndicatorStyles": true, "inlineStyleNonce": `"><script>`})},
	}
}

func Test_that_alerts_of_a_part_are_shown_once(t *testing.T) {
	part := func(v *visitor) string {
		v.parts = true
		defer func() { v.parts = false }()
		return v.get(components.FlashAlertsOOB())
	}
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) {
		s.FlashSuccess("Saved.")
		s.FlashAlert(session.Message{Kind: "promo", Text: "Half price."})
	})
	if got := part(v); strings.Count(got, "Saved.") != 1 || strings.Contains(got, "Half price.") {
		t.Errorf("the part has %s; want the alert once, and no other", got)
	}
	if got := part(v); got != "" {
		t.Errorf("the next part has %s", got)
	}
	if got := v.get(components.FlashAlerts); strings.Contains(got, "Saved.") {
		t.Errorf("the page after it has %s", got)
	}
	if got := v.get(components.Flash("promo")); !strings.Contains(got, "Half price.") {
		t.Errorf("the alert of another kind is gone: %s", got)
	}
}

// A component with alerts for use as a part comes first on the page, where it would show them a
// second time.
func Test_that_a_page_shows_its_alerts_in_one_place(t *testing.T) {
	item := templ.Join(templ.Raw("<p>Tea</p>"), components.FlashAlertsOOB())
	got := after(t, nil, everyKind, templ.Join(item, components.FlashAlerts, item))
	if strings.Count(got, "Saved.") != 1 || strings.Contains(got, "hx-swap-oob") {
		t.Errorf("got %s", got)
	}
	v := newVisitor(t)
	v.post(nil, everyKind)
	if got := v.get(item); got != "<p>Tea</p>" {
		t.Errorf("got %s", got)
	}
	unpoly := v.request()
	unpoly.Header.Set("X-Up-Target", "main")
	got = v.do(unpoly, func(c echo.Context) error { return session.Render(c, http.StatusOK, item) })
	if got != "<p>Tea</p>" {
		t.Errorf("Unpoly would not know what to do with it: %s", got)
	}
	if got := v.get(components.FlashAlerts); !strings.Contains(got, "Saved.") {
		t.Errorf("a page without a place for alerts has eaten them: %s", got)
	}
	if got := html(t, item); got != "<p>Tea</p>" {
		t.Errorf("without a session: got %s", got)
	}
}

// htmx 2 splits the target at the first colon and the selector at commas, htmx 4 splits at the last
// colon before a space; what remains must be the region's id to a CSS parser.
func Test_that_htmx_finds_the_region(t *testing.T) {
	htmx4 := regexp.MustCompile(`^(\S+):(.+)`)
	for _, id := range []string{"flash", "a:b", "a,b", "a b:c", "7up", "-", "--x", "-7", "größe", "a.b#c", `a"b`, "a</>b", "a[b]{c}", "^`|~", "ID_1-2", "\x01:é"} {
		alerts := components.FlashAlertsOOB(components.FlashProps{ID: id})
		nodes, err := parseMarkup(afterInPart(t, nil, everyKind, alerts))
		if err != nil {
			t.Fatal(err)
		}
		target := attribute(nodes[0], "hx-swap-oob")
		style, selector, _ := strings.Cut(target, ":")
		if strings.Contains(selector, ",") || style != "innerHTML" || idSelected(selector) != id {
			t.Errorf("htmx 2 looks for %q by %s", selector, style)
		}
		if m := htmx4.FindStringSubmatch(target); m[1] != "innerHTML" || m[2] != selector {
			t.Errorf("htmx 4 looks for %q by %s", m[2], m[1])
		}
	}
}

func attribute(node *dom.Node, key string) string {
	for _, attr := range node.Attr {
		if attr.Key == key {
			return attr.Val
		}
	}
	return ""
}

// idSelected is the id that an id selector selects, by CSS Syntax 4.3.7 and 4.3.11; "" if it is no
// id selector.
func idSelected(selector string) string {
	const name = `(?:[-\w]|[^\x00-\x7f]|\\[0-9a-f]{1,6} )`
	if !regexp.MustCompile(`^#`+name+`+$`).MatchString(selector) || regexp.MustCompile(`^#-?([0-9]|-?$)`).MatchString(selector) {
		return ""
	}
	return regexp.MustCompile(`\\[0-9a-f]{1,6} `).ReplaceAllStringFunc(selector[1:], func(escape string) string {
		var r rune
		fmt.Sscanf(escape, `\%x `, &r)
		return string(r)
	})
}

func Test_that_the_config_of_htmx_is_the_applications_to_change(t *testing.T) {
	more := map[string]any{"includeIndicatorStyles": true, "timeout": 5000}
	for range 2 { // the first call does not change the second
		plain, own := htmxConfig(t, components.HTMXConfig()), htmxConfig(t, components.HTMXConfig(more))
		check(t, "the default", plain["includeIndicatorStyles"], any(false))
		check(t, "a default", plain["historyRestoreAsHxRequest"], any(false))
		check(t, "what is changed", own["includeIndicatorStyles"], any(true))
		check(t, "what is added", own["timeout"], any(5000.0))
		check(t, "what is left", own["historyRestoreAsHxRequest"], any(false))
	}
	both := htmxConfig(t, components.HTMXConfig(more, map[string]any{"timeout": 1000, "historyCacheSize": 0}))
	check(t, "only in the first of two maps", both["includeIndicatorStyles"], any(true))
	check(t, "only in the second", both["historyCacheSize"], any(0.0))
	check(t, "in both", both["timeout"], any(1000.0))
	err := components.HTMXConfig(map[string]any{"x": func() {}}).Render(context.Background(), io.Discard)
	if err != nil {
		t.Errorf("where nobody sees it, the error is %v", err)
	}
	err = components.HTMXConfig(map[string]any{"x": func() {}}).Render(context.Background(), new(strings.Builder))
	if err == nil || !strings.HasPrefix(err.Error(), "components: HTMXConfig: ") {
		t.Errorf("what is no JSON gives the error %v", err)
	}
}

// htmx 2 uses the first pattern that matches the status.
func Test_that_htmx_shows_a_form_that_is_wrong(t *testing.T) {
	handling := htmxConfig(t, components.HTMXConfig())["responseHandling"].([]any)
	for status, want := range map[string]bool{"200": true, "204": false, "303": true, "404": false, "403": false, "422": true, "500": false} {
		for _, entry := range handling {
			entry := entry.(map[string]any)
			if regexp.MustCompile(entry["code"].(string)).MatchString(status) {
				check(t, "swap "+status, entry["swap"], any(want))
				break
			}
		}
	}
}

func htmxConfig(t *testing.T, component templ.Component) (config map[string]any) {
	t.Helper()
	nodes, err := parseMarkup(html(t, component))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(attribute(nodes[0], "content")), &config); err != nil {
		t.Fatal(err)
	}
	return config
}
