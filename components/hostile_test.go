package components_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

const hostile = `"><script>alert(1)</script>'</textarea></select><img src=x onerror=alert(2)>&amp;`

func Test_that_nothing_gets_out_of_where_it_is_put(t *testing.T) {
	cases := map[string]templ.Component{
		"FlashAlerts": components.FlashAlerts(components.FlashProps{
			Kinds: []string{hostile, "error"}, Dismiss: true, ID: hostileID, Class: hostile, Attrs: hostileAttrs()}),
		"Flash":        components.Flash(hostile),
		"FlashMessage": with(components.FlashMessage(hostile), text(components.Message[string])),
		"Error":        with(components.Error(hostile), text(components.Message[string])),
		"Errors":       with(components.Errors(), text(components.Message[string])),
		"InputError":   components.InputError(hostile),
		"ErrorSummary": components.ErrorSummary(components.SummaryProps{
			Title: hostile, ID: hostileID, Class: hostile, Attrs: hostileAttrs()}),
		"Styles": components.Styles(),
		"Title":  text(func(ctx context.Context) string { return components.Title(ctx, hostile) }),
		"Old":    text(func(ctx context.Context) string { return components.Old(ctx, hostile) }),
	}
	for _, kind := range []string{hostile, "text", "password", "file", "hidden", "textarea", "select", "checkbox", "radio", "submit"} {
		in := components.Input{
			Label: hostile, Hint: hostile, Type: kind, Value: hostile, Values: []string{hostile}, Unchecked: hostile, Prompt: hostile,
			ID: hostileID, DescribedBy: hostile, Class: hostile, Attrs: hostileAttrs(),
		}
		cases["OldInput "+kind] = components.OldInput(hostile, in)
		cases["Field "+kind] = components.Field(hostile, in)
		in.Options = []components.Option{{Value: hostile, Label: hostile, Group: hostile}, {Value: hostile + "2"}}
		in.ID = ""
		in.Attrs["id"] = ""
		cases["OldInput of options "+kind] = components.OldInput(hostile, in)
		cases["Field of options "+kind] = components.Field(hostile, in)
	}
	form := url.Values{hostile: {hostile}, session.FormField: {hostile}}
	for name, component := range cases {
		t.Run(name, func(t *testing.T) {
			got := after(t, form, flashHostile, inForm(hostile, component))
			if name == "Styles" {
				got = got[:strings.Index(got, ">")+1] // the rest is a constant
			}
			if got == "" {
				t.Fatal("rendered nothing")
			}
			if name == "FlashAlerts" && strings.Count(got, "data-flash=") != 3 {
				t.Errorf("not all shown: %s", got)
			}
			checkMarkup(t, got)
		})
	}
}

// hostileID has no spaces: an id with spaces is the application's own mistake.
var hostileID = strings.ReplaceAll(hostile, " ", "")

func hostileAttrs() templ.Attributes {
	return templ.Attributes{
		hostile: hostile, "x": hostile, "class": hostile, "aria-describedby": hostile, "data-" + hostile: true,
		"value": hostile, "type": hostile, "name": hostile, "id": hostileID, "CLASS": hostile, "x onclick": "alert(1)", "y\tonclick": "1",
	}
}

func flashHostile(s *session.Session) {
	s.FlashAll()
	s.FlashInputErrors(map[string][]string{hostile: {hostile, hostile}})
	s.FlashErrors(map[string]string{hostile: hostile})
	s.Flash(hostile, hostile)
	s.FlashAlert(session.Message{Kind: hostile, Title: hostile, Text: hostile, Href: hostile, Label: hostile})
	s.FlashAlert(session.Message{Kind: "error", Text: hostile, Href: "JavaScript:alert(1)"})
	s.FlashAlert(session.Message{Kind: "error", Text: hostile, Href: hostile})
}

func Test_that_the_nonce_is_escaped(t *testing.T) {
	for _, component := range []templ.Component{components.Styles(), components.Script()} {
		ctx := templ.WithNonce(templ.InitializeContext(context.Background()), hostile)
		var out strings.Builder
		if err := component.Render(ctx, &out); err != nil {
			t.Fatal(err)
		}
		checkMarkup(t, out.String()[:strings.Index(out.String(), ">")+1])
	}
}
