package components_test

import (
	"regexp"
	"strings"
	"testing"
)

// What components write is stricter than what HTML allows: each value is quoted and
// escaped. So whatever is not exactly that has got in from outside.
var (
	tagSyntax       = regexp.MustCompile(`^</?([a-z][a-z0-9]*)((?: [^\s"'<>/=]+(?:="[^"<>]*")?)*)/?>`)
	attributeSyntax = regexp.MustCompile(` ([^\s"'<>/=]+)(?:="([^"<>]*)")?`)
)

// ours are the elements that components write.
const ours = " a bdi br div fieldset h2 input label legend li optgroup option p script select span strong style textarea ul "

// checkMarkup fails the test if html is not what components write, has an attribute twice
// or an id twice, or runs something.
func checkMarkup(t testing.TB, html string) {
	t.Helper()
	ids := map[string]bool{}
	for rest := html; ; {
		at := strings.IndexByte(rest, '<')
		if at < 0 {
			if strings.Contains(rest, ">") {
				t.Errorf("raw > in %q", rest)
			}
			break
		}
		if strings.ContainsAny(rest[:at], `>"'`) {
			t.Errorf("raw text %q", rest[:at])
		}
		tag := tagSyntax.FindStringSubmatch(rest[at:])
		if tag == nil {
			t.Fatalf("not a tag of ours: %.200s", rest[at:])
		}
		if !strings.Contains(ours, " "+tag[1]+" ") {
			t.Errorf("element %s", tag[1])
		}
		checkAttributes(t, tag[0], tag[2], ids)
		rest = rest[at+len(tag[0]):]
	}
}

func checkAttributes(t testing.TB, tag, attributes string, ids map[string]bool) {
	t.Helper()
	seen := map[string]bool{}
	for _, attr := range attributeSyntax.FindAllStringSubmatch(attributes, -1) {
		key, value := strings.ToLower(attr[1]), attr[2]
		switch {
		case seen[key]:
			t.Errorf("%s twice in %s", key, tag)
		case strings.HasPrefix(key, "on"), key == "style":
			t.Errorf("%s in %s", key, tag)
		case key == "id" && (value == "" || strings.ContainsAny(value, " \t\n")):
			t.Errorf("no id: %s", tag)
		case key == "id" && ids[value]:
			t.Errorf("id %s twice", value)
		case key == "href" && strings.HasPrefix(strings.ToLower(value), "javascript:"):
			t.Errorf("script in %s", tag)
		}
		seen[key] = true
		if key == "id" {
			ids[value] = true
		}
	}
}
