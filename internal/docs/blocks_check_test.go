package docs

import (
	"slices"
	"strings"
	"testing"
)

const program = `package main

func main() {
	if ready {
		go work()

		wait()
	}
	done()
}
`

func Test_that_a_block_is_found_only_where_it_stands_as_it_is(t *testing.T) {
	cases := []struct {
		claim string
		block string
		found bool
	}{
		{"the whole file", program, true},
		{"a part of it", "\tif ready {\n\t\tgo work()", true},
		{"a part without its indentation", "if ready {\n\tgo work()\n\n\twait()\n}\ndone()", true},
		{"a part with more indentation", "\t\t\tgo work()\n\n\t\t\twait()", true},
		{"a part with blank lines around it", "\n\ndone()\n\n", true},
		{"white space at the end of a line", "done()  ", true},
		{"another indentation within", "if ready {\ngo work()", false},
		{"something left out in the middle", "if ready {\n\twait()\n}", false},
		{"a blank line left out", "go work()\nwait()", false},
		{"another letter", "dine()", false},
		{"half a line", "func main", false},
		{"more than the file has", "done()\n}\n// end", false},
		{"nothing", "", false},
	}
	s := source{"main.go", clean(program)}
	for _, tc := range cases {
		b := blocks("page.md", "```go\n"+tc.block+"\n```")[0]
		if found := s.shows(b.lines); found != tc.found {
			t.Errorf("%s: found %t; want %t", tc.claim, found, tc.found)
		}
	}
}

func Test_that_blocks_are_found_where_a_page_has_them(t *testing.T) {
	page := strings.Join([]string{
		"Text.", "",
		"```go", "one()", "```", "",
		"- In a list:", "",
		"  ```templ", "  @two()", "    three", "  ```", "",
		"```", "four", "```",
		"```sh", "five",
	}, "\n")
	want := []block{
		{"page.md", 4, "go", []string{"one()"}},
		{"page.md", 10, "templ", []string{"@two()", "  three"}},
		{"page.md", 15, "", []string{"four"}},
		{"page.md", 18, "sh", []string{"five"}},
	}
	got := blocks("page.md", page)
	if !slices.EqualFunc(got, want, func(a, b block) bool {
		return a.page == b.page && a.line == b.line && a.kind == b.kind && slices.Equal(a.lines, b.lines)
	}) {
		t.Errorf("got %q; want %q", got, want)
	}
}

func Test_that_a_failure_says_where_the_block_stops_being_that_of_a_file(t *testing.T) {
	b := blocks("page.md", "```go\ngo work()\n\nsleep()\n```")[0]
	got := nearest(b, []source{{"other.go", clean("package other\n")}, {"main.go", clean(program)}})
	if want := `main.go:7 differs from line 4 on: "sleep()"`; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}
