package components_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

// hostile is text that an attacker puts everywhere.
type hostile struct {
	name    string // of fields, forms, keys, kinds and codes
	value   string // what is submitted, offered as an option, and used as a label
	message string // what is flashed
	attr    string // keys and values of attributes, classes, types and methods
	address string
}

const breakOut = `"><script>alert(1)</script>'</textarea></select></title><img src=x onerror=alert(2)>&amp;`

// hostiles is hostile in several ways.
var hostiles = map[string]hostile{
	"markup":     {breakOut, breakOut, breakOut, breakOut, breakOut},
	"references": {"&lt;&#x22;&quot", "&amp;lt;&quot;&notit;", "&#0;&#34 onload=1", "&Tab;&newline;", "&#106;avascript&colon;alert(1)"},
	"scripts":    {"javascript:alert(1)", "{{constructor}}${x}", "`;alert(1)//", "onclick", "\x01java\nscript:alert(1)"},
	"white":      {" a\tb\nc ", "\n\r\n\r a \u2028\u00a0", " \n a", "x onclick\n", "\t//evil.example"},
	"other text": {"größe]]>", "\u202eesrever\u202c<!--", "\xff\xfe\x00", "\u212a\u0130", "\\\\evil.example\\a"},
	"quotes":     {`a" onclick=alert(1) x="`, `" onclick=alert(1) x="`, `b"`, `c"`, `/a"b`},
	"apostrophe": {"a' onclick=alert(1) x='", "' onclick=alert(1) x='", "b'", "c'", "/a'b"},
	"opened":     {"a<img src=x onerror=alert(1) ", "<img src=x onerror=alert(1) ", "<b", "<c", "/a<b"},
	"closed":     {"a> b", "> b", "b>", "c>", "/a>b"},
	"empty":      {"", "", "", "", ""},
	"unseen":     {"\x00", "\x00", "\x00", "\x00", "\x00"},
}

func (h hostile) attrs() templ.Attributes {
	return templ.Attributes{
		"x": h.attr, "class": h.attr, "aria-describedby": h.attr, "data-" + h.attr: h.attr, "value": h.attr, "type": h.attr,
		"name": h.attr, "id": h.id(), "CLASS": h.attr, "x onclick": "alert(1)", "y\tonclick": "1", "action": h.address, "Method": "get",
	}
}

// id has no spaces: an id with spaces would be the application's own mistake.
func (h hostile) id() string { return strings.Join(strings.Fields(h.attr+"id"), "") }

// flash flashes everything that can be flashed.
func (h hostile) flash(s *session.Session) {
	s.FlashAll()
	s.FlashInputErrors(map[string][]string{h.name: {h.message, h.message + "2"}})
	s.FlashErrors(map[string]string{h.name: h.message})
	s.Flash("own "+h.name, h.message)
	s.FlashAlert(session.Message{Kind: h.name + "kind", Title: h.message, Text: h.message, Href: h.address, Label: h.message})
	s.FlashAlert(session.Message{Kind: "error", Text: h.message, Href: "JavaScript:alert(1)"})
	s.FlashAlert(session.Message{Kind: "error", Text: h.message, Href: h.address})
}

// exhibit is a component, and what a parser must find in it; see readings.
type exhibit struct {
	component templ.Component
	reads     []string
}

func (h hostile) exhibits() map[string]exhibit {
	alerts := components.FlashProps{
		Kinds: []string{h.name + "kind", "error"}, Dismiss: true, ID: h.id(), Class: h.attr, Attrs: h.attrs()}
	summary := components.SummaryProps{Title: h.value, ID: h.id(), Class: h.attr, Attrs: h.attrs()}
	form := components.FormProps{Action: h.address, Method: "x" + h.attr, Name: h.name, ID: h.id(), Class: h.attr, Multipart: true, Attrs: h.attrs()}
	message := text(components.Message[string])
	listed := "a: "
	if h.name == "" {
		listed = "bdi: " // there is no field to link to
	}
	list := map[string]exhibit{
		"FlashAlerts":    {components.FlashAlerts(alerts), []string{"strong: " + h.message, "bdi: " + h.message, "div.id: " + h.id()}},
		"FlashAlertsOOB": {components.FlashAlertsOOB(alerts), []string{"bdi: " + h.message}},
		"Flash":          {components.Flash(h.name + "kind"), []string{"bdi: " + h.message, "div.data-flash: " + h.name + "kind"}},
		"FlashMessage":   {with(components.FlashMessage("own "+h.name), message), []string{"text: " + h.message}},
		"Error":          {with(components.Error(h.name), message), []string{"text: " + h.message}},
		"Errors":         {with(components.Errors(), message), []string{"text: " + h.message}},
		"InputError":     {components.InputError(h.name), []string{"bdi: " + h.message, "bdi: " + h.message + "2"}},
		"ErrorSummary":   {components.ErrorSummary(summary), []string{"h2: " + h.value, listed + h.message, "div.id: " + h.id()}},
		"Title": {text(func(ctx context.Context) string { return components.Title(ctx, "a "+h.value) }),
			[]string{"text: Error: a " + h.value}},
		"Old":         {text(func(ctx context.Context) string { return components.Old(ctx, h.name, h.value) }), []string{"text: " + h.value}},
		"CSRF":        {components.CSRF(), []string{"input.value: " + h.value}},
		"CSRFMeta":    {components.CSRFMeta(), []string{"meta.content: " + h.value}},
		"CSRFHeaders": {spread(components.CSRFHeaders), nil},
		"Invalid": {spread(func(ctx context.Context) templ.Attributes { return components.Invalid(ctx, h.name, h.attr) }),
			[]string{"p.aria-invalid: true"}},
		"HTMXConfig": {components.HTMXConfig(map[string]any{h.name: h.value}), nil},
		"Form": {with(components.Form(form), components.OldInput(h.name)), []string{
			"form.action: " + string(templ.URL(h.address)), "form.method: post", "form.id: " + h.id(), "input.value: " + h.name, "input.value: " + h.value}},
	}
	for _, kind := range []string{h.attr, "text", "password", "file", "hidden", "textarea", "select", "checkbox", "radio", "submit"} {
		h.controls(list, kind)
	}
	return list
}

// controls adds the controls of one type: alone and as a field, with options and without.
func (h hostile) controls(list map[string]exhibit, kind string) {
	one := components.Input{
		Label: h.value, Hint: h.message, Type: kind, Value: h.value, Values: []string{h.value}, Unchecked: h.value, Prompt: h.value,
		ID: h.id(), DescribedBy: h.attr, Class: h.attr, Attrs: h.attrs(),
	}
	several := one
	several.Options = []components.Option{{Value: h.value, Label: h.message, Group: h.attr}, {Value: h.value + "2"}, {Value: "error"}, {Value: "hint"}}
	several.ID, several.Attrs = "", h.attrs()
	several.Attrs["id"] = ""

	var value, label, options []string
	switch kind {
	case "text", "hidden", "checkbox", "radio", "submit":
		value = []string{"input.value: " + h.value, "input.name: " + h.name}
	case "textarea":
		value = []string{"textarea: " + h.value, "textarea.name: " + h.name}
	case "select":
		value = []string{"select.name: " + h.name, "option: " + h.value}
		options = []string{"option.value: " + h.value, "option: " + h.message, "option.value: " + h.value + "2", "optgroup.label: " + h.attr}
	}
	if kind != h.attr && kind != "hidden" && kind != "submit" {
		label = []string{"label: " + h.value, "p: " + h.message, "bdi: " + h.message}
	}
	list["OldInput "+kind] = exhibit{components.OldInput(h.name, one), value}
	list["Field "+kind] = exhibit{components.Field(h.name, one), slices.Concat(value, label)}
	list["OldInput of options "+kind] = exhibit{components.OldInput(h.name, several), slices.Concat(value, options)}
	list["Field of options "+kind] = exhibit{components.Field(h.name, several), slices.Concat(value, options)}
}

// check shows everything on the page after it was submitted and flashed, and parses it as a browser
// does.
func (h hostile) check(t *testing.T) {
	v := newVisitor(t)
	v.csrf = h.value
	v.parts = true // otherwise FlashAlertsOOB would render nothing
	v.post(url.Values{h.name: {h.value}, session.FormField: {h.name}}, h.flash)
	v.in(func(ctx context.Context) {
		for name, exhibit := range h.exhibits() {
			var out strings.Builder
			if err := exhibit.component.Render(components.InForm(ctx, h.name), &out); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			nodes, err := parseMarkup(out.String())
			if err != nil {
				t.Errorf("%s: %v\nin %s", name, err, out.String())
			}
			found := readings(nodes)
			for _, want := range exhibit.reads {
				if want = asRead(want); !strings.HasSuffix(want, ": ") && !found[want] {
					t.Errorf("%s: a browser does not find %q\nin %s", name, want, out.String())
				}
			}
		}
	})
}

func Test_that_nothing_gets_out_of_where_it_is_put(t *testing.T) {
	for way, h := range hostiles {
		t.Run(way, h.check)
	}
}

func FuzzComponents(f *testing.F) {
	for _, h := range hostiles {
		f.Add(h.name, h.value, h.message, h.attr, h.address)
	}
	f.Fuzz(func(t *testing.T, name, value, message, attr, address string) {
		name = string([]rune(name)) // a page is in UTF-8, and so is what comes from it
		if len(name) > 200 {
			name = "long" // the session ignores longer names
		}
		hostile{name, value, message, attr, address}.check(t)
	})
}

func Test_that_the_nonce_is_escaped(t *testing.T) {
	for _, component := range []templ.Component{components.Styles(), components.Script()} {
		ctx := templ.WithNonce(templ.InitializeContext(context.Background()), breakOut)
		var out strings.Builder
		if err := component.Render(ctx, &out); err != nil {
			t.Fatal(err)
		}
		checkMarkup(t, out.String())
	}
}
