package main

import (
	"slices"
	"strings"
	"testing"
)

func Test_that_what_is_written_by_hand_is_what_the_components_render(t *testing.T) {
	for pair := range slices.Chunk(renderings, 2) {
		t.Run(pair[0].subject, func(t *testing.T) {
			if got, want := html(t, pair[0]), html(t, pair[1]); got != want {
				t.Errorf("by the components:\n%s\nby hand:\n%s", got, want)
			}
		})
	}
}

func Test_that_there_is_something_to_render(t *testing.T) {
	for subject, want := range map[string][]string{
		"a form of 20 fields":                       {`name="field0"`, `name="field19"`},
		"the same form with old input and an error": {`value="some text"`, "is not a date"},
		"four alerts":                               {"declined", "10 minutes", "saved", "&amp; biscuits"},
	} {
		for _, r := range renderings {
			for _, part := range want {
				if got := html(t, r); r.subject == subject && !strings.Contains(got, part) {
					t.Errorf("%s: there is no %q in\n%s", r.name(), part, got)
				}
			}
		}
	}
}

// html is the rendered HTML, without the spaces that templ puts between elements for line breaks in
// its source.
func html(t *testing.T, r *rendering) string {
	t.Helper()
	html, err := r.html()
	ok(t, err)
	return strings.ReplaceAll(html, "> <", "><")
}

func BenchmarkComponents(b *testing.B) {
	for _, r := range renderings {
		b.Run(r.name(), r.time)
	}
}
