package components_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	dom "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/echo-hypermedia/session/components"
)

// checkMarkup fails the test unless a parser finds in markup only what components write: their
// elements and attributes, each attribute and id once, and nothing that runs.
func checkMarkup(t testing.TB, markup string) {
	t.Helper()
	if _, err := parseMarkup(markup); err != nil {
		t.Errorf("%v\nin %s", err, markup)
	}
}

// The elements that components write, and their attributes besides data-* and aria-*.
var (
	ourElements = strings.Fields("a bdi br div fieldset form h2 input label legend li meta optgroup option p script select span strong style textarea ul")

	ourAttributes = strings.Fields("action autocomplete autofocus checked class content disabled enctype for href hx-headers " +
		"hx-headers:inherited hx-history hx-swap-oob id label method multiple name nonce role selected tabindex type value " +
		passedOn)
)

// passedOn are attributes that tests pass to components.
const passedOn = "hx-get hx-post novalidate required up-flashes x"

// parseMarkup parses markup as a browser does. It fails if the result, written again, is not
// exactly the same: then something is not quoted, not closed, or not where a browser puts it.
func parseMarkup(markup string) ([]*dom.Node, error) {
	markup = asRead(markup)
	nodes, err := dom.ParseFragment(strings.NewReader(markup), &dom.Node{Type: dom.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	var (
		again strings.Builder
		errs  []error
	)
	for _, node := range nodes {
		writeMarkup(&again, node)
		for n := range withDescendants(node) {
			errs = append(errs, checkNode(n, ids))
		}
	}
	for reading := range readings(nodes) {
		for _, key := range []string{"label.for: ", "div.aria-labelledby: "} {
			if id, ok := strings.CutPrefix(reading, key); ok && !ids[id] {
				errs = append(errs, fmt.Errorf("%snothing has the id %q", key, id))
			}
		}
	}
	if got, want := again.String(), strings.ReplaceAll(markup, `=""`, ""); got != want {
		errs = append(errs, fmt.Errorf("a browser reads it as %s", got))
	}
	return nodes, errors.Join(errs...)
}

// asRead is text as a parser returns it, whatever it contains.
func asRead(text string) string {
	text = string([]rune(text)) // what is not UTF-8 becomes U+FFFD
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(text)
}

func withDescendants(node *dom.Node) func(yield func(*dom.Node) bool) {
	return func(yield func(*dom.Node) bool) {
		if !yield(node) {
			return
		}
		node.Descendants()(yield)
	}
}

// writeMarkup writes node as templ does, except for attributes without a value: a parser does not
// distinguish them from empty ones.
func writeMarkup(out *strings.Builder, node *dom.Node) {
	switch {
	case node.Type == dom.TextNode && node.Parent != nil && inline(node.Parent.Data) != "":
		out.WriteString(node.Data)
		return
	case node.Type == dom.TextNode:
		out.WriteString(templ.EscapeString(node.Data))
		return
	}
	out.WriteString("<" + node.Data)
	for _, attr := range node.Attr {
		out.WriteString(" " + attr.Key)
		if attr.Val != "" {
			out.WriteString(`="` + templ.EscapeString(attr.Val) + `"`)
		}
	}
	out.WriteString(">")
	if slices.Contains([]string{"br", "input", "meta"}, node.Data) {
		return
	}
	if node.Data == "textarea" {
		out.WriteString("\n") // which the parser has dropped
	}
	for child := range node.ChildNodes() {
		writeMarkup(out, child)
	}
	out.WriteString("</" + node.Data + ">")
}

func checkNode(node *dom.Node, ids map[string]bool) error {
	switch {
	case node.Type == dom.TextNode:
		return nil
	case node.Type != dom.ElementNode, !slices.Contains(ourElements, node.Data):
		return fmt.Errorf("%s is no element of ours", node.Data)
	case inline(node.Data) != "" && textIn(node) != inline(node.Data):
		return fmt.Errorf("%s is not ours", textIn(node))
	}
	var errs []error
	seen := map[string]bool{}
	for _, attr := range node.Attr {
		if seen[attr.Key] {
			errs = append(errs, fmt.Errorf("%s has %s twice", node.Data, attr.Key))
		}
		seen[attr.Key] = true
		errs = append(errs, checkAttribute(attr, ids))
	}
	return errors.Join(errs...)
}

func checkAttribute(attr dom.Attribute, ids map[string]bool) error {
	if !isOurAttribute(attr.Key) {
		return fmt.Errorf("%s is no attribute of ours", attr.Key)
	}
	switch attr.Key {
	case "id":
		if attr.Val == "" || strings.ContainsAny(attr.Val, " \t\n\f") {
			return fmt.Errorf("%q is no id", attr.Val)
		}
		if ids[attr.Val] {
			return fmt.Errorf("the id %s is there twice", attr.Val)
		}
		ids[attr.Val] = true
	case "href", "action":
		if scheme, _, ok := strings.Cut(addressAsRead(attr.Val), ":"); ok && strings.HasSuffix(scheme, "script") {
			return fmt.Errorf("%s runs %s", attr.Key, attr.Val)
		}
	}
	return nil
}

// inline is the full content of an element that a browser does not show but obeys.
func inline(element string) string {
	switch element {
	case "style":
		return components.CSS
	case "script":
		return components.JS
	}
	return ""
}

func isOurAttribute(key string) bool {
	return slices.Contains(ourAttributes, key) || strings.HasPrefix(key, "data-") || strings.HasPrefix(key, "aria-")
}

// addressAsRead is an address as a browser interprets it.
func addressAsRead(address string) string {
	address = strings.TrimLeftFunc(address, func(r rune) bool { return r <= ' ' })
	return strings.ToLower(strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(address))
}

// readings is what a parser finds: "label: Title" is the text of a label, and
// "input.value: Tea" the value of an input.
func readings(nodes []*dom.Node) map[string]bool {
	found := map[string]bool{}
	for _, node := range nodes {
		for n := range withDescendants(node) {
			if n.Type == dom.TextNode {
				found["text: "+n.Data] = true
				continue
			}
			for _, attr := range n.Attr {
				found[n.Data+"."+attr.Key+": "+attr.Val] = true
			}
			found[n.Data+": "+textIn(n)] = true
		}
	}
	return found
}

func textIn(node *dom.Node) string {
	var text strings.Builder
	for n := range node.Descendants() {
		if n.Type == dom.TextNode {
			text.WriteString(n.Data)
		}
	}
	return text.String()
}

func Test_that_the_check_of_markup_finds_what_is_wrong(t *testing.T) {
	for claim, markup := range map[string]string{
		"text that opens an element":            `<p>a<b</p>`,
		"text that closes one":                  `<p>a</p></p>`,
		"a sign that is not escaped":            `<p>a > b</p>`,
		"a quote that is not escaped":           `<p>"a"</p>`,
		"an ampersand that is not escaped":      `<p>a & b</p>`,
		"escaped twice by another hand":         `<p>&quot;</p>`,
		"an attribute twice":                    `<p class="a" class="b"></p>`,
		"an attribute twice, in capitals":       `<p class="a" CLASS="b"></p>`,
		"a value without quotes":                `<p class=a></p>`,
		"a value in other quotes":               `<p class='a'></p>`,
		"two attributes from one key":           `<p x y></p>`,
		"an element that is not ours":           `<b>a</b>`,
		"a script":                              `<script>alert(1)</script>`,
		"a style sheet":                         `<style>p{color:red}</style>`,
		"an element that runs something":        `<p onclick="alert(1)"></p>`,
		"a style":                               `<p style="color:red"></p>`,
		"a comment":                             `<!-- a -->`,
		"an element that is not closed":         `<div>`,
		"an element that a browser moves":       `<p><div></div></p>`,
		"a form in a form":                      `<form><form></form></form>`,
		"an id twice":                           `<p id="a"></p><p id="a"></p>`,
		"an id with a space":                    `<p id="a b"></p>`,
		"an empty id":                           `<p id=""></p>`,
		"a label of nothing":                    `<label for="a">a</label>`,
		"a group whose title is missing":        `<div aria-labelledby="a"></div>`,
		"a link that runs something":            `<a href="javascript:alert(1)"></a>`,
		"a form that runs something":            `<form action=" JAVA` + "\t" + `SCRIPT:alert(1)"></form>`,
		"a textarea that loses its first line":  "<textarea>a</textarea>",
		"text after the end of a textarea":      "<textarea>\n</textarea>a</textarea>",
		"text that ends a select":               `<select><option></select></option></select>`,
		"a sign that looks like an attribute's": `<p>=""</p>`,
	} {
		if _, err := parseMarkup(markup); err == nil {
			t.Errorf("%s passes: %s", claim, markup)
		}
	}
	good := `<p id="a" class="&lt;&#34;" x><bdi>a &amp; &#39;b&#39;</bdi><br></p><textarea>` + "\n\na</textarea>" + `<option value="">&lt;</option>`
	if _, err := parseMarkup(good); err != nil {
		t.Error(err)
	}
}
