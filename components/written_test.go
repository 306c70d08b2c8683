package components_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/a-h/templ/runtime"

	"github.com/echo-hypermedia/session/components"
)

// childless are components that take no children and are rendered in one go.
var childless = map[string]templ.Component{
	"Field":       components.Field("x"),
	"OldInput":    components.OldInput("x"),
	"FlashAlerts": components.FlashAlerts,
}

type brokenPipe struct{}

var errBroken = errors.New("the visitor has left")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

func Test_that_a_component_says_that_it_could_not_be_written(t *testing.T) {
	for name, component := range childless {
		if err := component.Render(context.Background(), brokenPipe{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: got error %v; want %v", name, err, errBroken)
		}
	}
}

func Test_that_nothing_is_rendered_for_a_request_that_is_over(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, component := range childless {
		var out strings.Builder
		err := component.Render(ctx, &out)
		if !errors.Is(err, context.Canceled) || out.Len() > 0 {
			t.Errorf("%s: got %q and error %v; want nothing and %v", name, out.String(), err, context.Canceled)
		}
	}
}

func Test_that_attributes_are_written_as_templ_does(t *testing.T) {
	text, yes, no, number := `<"a&b'>`, true, false, 7
	for claim, value := range map[string]any{
		"a text":                       text,
		"an empty text":                "",
		"where a text is":              &text,
		"where no text is":             (*string)(nil),
		"yes":                          yes,
		"no":                           no,
		"where yes is":                 &yes,
		"where no is":                  &no,
		"where neither is":             (*bool)(nil),
		"a number":                     number,
		"where a number is":            &number,
		"a fraction":                   1.5,
		"a text if":                    templ.KV(text, true),
		"a text unless":                templ.KV(text, false),
		"a name if":                    templ.KV(true, true),
		"a name unless":                templ.KV(true, false),
		"a question":                   func() bool { return true },
		"nothing":                      nil,
		"something templ doesn't know": []string{text},
	} {
		writesAsTempl(t, claim, templ.Attributes{"data-x": value})
	}
	for claim, attrs := range map[string]templ.Attributes{
		"an address":            {"formaction": "/save"},
		"an address that runs":  {"formaction": "javascript:alert(1)"},
		"a text that runs":      {"onclick": "alert(1)"},
		"a call":                {"onclick": templ.JSFuncCall("alert", 1)},
		"a text that htmx runs": {"hx-on:click": "alert(1)"},
		"a style":               {"style": "color:red;background:url(javascript:alert(1))"},
	} {
		writesAsTempl(t, claim, attrs)
	}
}

// writesAsTempl checks that a control gets these attributes as any other element would.
func writesAsTempl(t *testing.T, claim string, attrs templ.Attributes) {
	t.Helper()
	var want strings.Builder
	want.WriteString(`<input type="text" id="x" name="x"`)
	if err := runtime.RenderAttributes(context.Background(), &want, io.Discard, "input", attrs); err != nil {
		t.Fatal(err)
	}
	want.WriteString(">")
	if got := html(t, components.OldInput("x", components.Input{Attrs: attrs})); got != want.String() {
		t.Errorf("%s: got %s; want %s", claim, got, want.String())
	}
}
