package components

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
)

// FlashAlertsOOB renders the alerts in an answer that is a part of a page: htmx 2 and 4 put them
// into the region of [FlashAlerts], wherever that is in the page, in place of what it showed
// before. Put it anywhere into the answer, beside the part that htmx asked for:
//
//	templ Row(item Item) {
//		<p id="row">{ item.Name }</p>
//		@components.FlashAlertsOOB()
//	}
//
// It renders nothing without alerts, in a whole page (where [FlashAlerts] shows them), and for
// clients other than htmx, so you can use the same component for the page and for the part.
//
// The property ID names the region. Of the others, only Kinds, Dismiss, AutoDismiss, Sticky and
// Item matter: the region itself stays as it is.
//
// Turbo and Unpoly need nothing like it. In a Turbo Stream, put [FlashAlerts] into the
// template; for Unpoly, give the region the attribute up-flashes. With Datastar:
//
//	sse.PatchElementTempl(components.Flash("success"), datastar.WithSelectorID("flash"), datastar.WithModeAppend())
func FlashAlertsOOB(props ...FlashProps) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		if !session.FromContext(ctx).IsHTMXPart() {
			return nil
		}
		p, d := first(props), defaultsOf(ctx)
		alerts := p.alerts(ctx)
		if len(alerts) == 0 {
			return nil
		}
		return outOfBand("innerHTML:#"+cssIdentifier(p.id()), d, p, alerts).Render(ctx, w)
	})
}

// cssIdentifier is an id as written in a selector. Special characters are written as numbers, since
// htmx 4 would take the selector to begin after the last colon, and htmx 2 splits at commas.
func cssIdentifier(id string) string {
	var b strings.Builder
	for i, r := range id {
		onlyLater := r >= '0' && r <= '9' || r == '-' // an identifier cannot begin like this
		if r >= 0x80 || r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && onlyLater {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\%x `, r)
		}
	}
	return b.String()
}

// HTMXConfig renders the meta element with the settings that htmx 2 needs for this package; htmx 4
// does the same by default, and ignores them:
//
//   - Answers with status 422 are shown, which session.Invalid sends for an invalid form.
//   - Back asks for the whole page, not a part, if htmx has not kept it.
//   - No style element is added, since a strict Content-Security-Policy forbids it. Put the style
//     that hides .htmx-indicator into your own style sheet.
//
// htmx reads only one such element, so pass your own settings here too; they may also replace ours.
// Of two maps with the same setting, the last one counts.
//
//	@components.HTMXConfig(map[string]any{"globalViewTransitions": true})
func HTMXConfig(more ...map[string]any) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		config := maps.Clone(htmxDefaults)
		for _, settings := range more {
			maps.Copy(config, settings)
		}
		content, err := json.Marshal(config)
		if err != nil {
			return fmt.Errorf("components: HTMXConfig: %w", err)
		}
		return meta("htmx-config", string(content)).Render(ctx, w)
	})
}

var htmxDefaults = map[string]any{
	"historyRestoreAsHxRequest": false,
	"includeIndicatorStyles":    false,
	"responseHandling": []htmxHandling{ // the first that matches counts
		{Code: "204"},
		{Code: "[23]..", Swap: true},
		{Code: "422", Swap: true},
		{Code: "[45]..", Error: true},
	},
}

// htmxHandling says what htmx 2 does with answers whose status matches a pattern.
type htmxHandling struct {
	Code  string `json:"code"`
	Swap  bool   `json:"swap"`
	Error bool   `json:"error,omitempty"`
}
