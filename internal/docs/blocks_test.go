package docs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// block is a piece of code in a Markdown file.
type block struct {
	page  string // the file
	line  int    // number of its first line of code
	kind  string // "go", "sh", …; "" if the page does not say
	lines []string
}

func (b block) String() string {
	first := "an empty block"
	if i := slices.IndexFunc(b.lines, notBlank); i >= 0 {
		first = strings.TrimSpace(b.lines[i])
	}
	return fmt.Sprintf("%s:%d: %s", b.page, b.line, first)
}

// blocks are the fenced blocks of a page. One in a list is indented as the list is.
func blocks(page, text string) []block {
	var (
		found []block
		open  *block
	)
	for i, line := range strings.Split(text, "\n") {
		kind, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &block{page: page, line: i + 2, kind: kind}
		case fence:
			open.lines = outdent(open.lines)
			found = append(found, *open)
			open = nil
		case open != nil:
			open.lines = append(open.lines, line)
		}
	}
	if open != nil {
		found = append(found, *open) // an unclosed block goes on to the end of the page, as browsers show it
	}
	return found
}

// outdent removes the indentation that all lines share. It also removes white space at the end of
// lines, and blank lines before and after the code, which nobody sees.
func outdent(lines []string) []string {
	common, first := "", true
	clean := make([]string, len(lines))
	for i, line := range lines {
		clean[i] = strings.TrimRight(line, " \t\r")
		if clean[i] == "" {
			continue
		}
		if indent := indentation(clean[i]); first || len(indent) < len(common) {
			common, first = indent, false
		}
	}
	for i := range clean {
		clean[i] = strings.TrimPrefix(clean[i], common)
	}
	from := max(slices.IndexFunc(clean, notBlank), 0)
	clean = clean[from:]
	for len(clean) > 0 && clean[len(clean)-1] == "" {
		clean = clean[:len(clean)-1]
	}
	return clean
}

// source is a file that is compiled.
type source struct {
	name  string
	lines []string
}

// shows says whether the lines are in the source, one after the other, all with the same additional
// indentation.
func (s source) shows(lines []string) bool {
	if len(lines) == 0 {
		return false
	}
	for from := range len(s.lines) - len(lines) + 1 {
		indent := indentation(s.lines[from])
		if same(s.lines[from:from+len(lines)], lines, indent) {
			return true
		}
	}
	return false
}

func same(source, lines []string, indent string) bool {
	for i, line := range lines {
		if line != "" {
			line = indent + line
		}
		if source[i] != line {
			return false
		}
	}
	return true
}

// nearest is the file and line where a source is most like the block: where the most lines follow
// in order, and the first line that differs.
func nearest(b block, sources []source) string {
	type place struct {
		name string
		line int
		good int // lines of the block that match
	}
	best := place{}
	for _, s := range sources {
		for from := range s.lines {
			indent, n := indentation(s.lines[from]), 0
			for n < len(b.lines) && from+n < len(s.lines) && same(s.lines[from+n:from+n+1], b.lines[n:n+1], indent) {
				n++
			}
			best = slices.MaxFunc([]place{best, {s.name, from + n + 1, n}}, func(a, b place) int { return cmp.Compare(a.good, b.good) })
		}
	}
	if best.good == 0 {
		return "none of its beginning stands in a file that is compiled"
	}
	return fmt.Sprintf("%s:%d differs from line %d on: %q", best.name, best.line, b.line+best.good, b.lines[best.good])
}

func notBlank(line string) bool { return line != "" }

func indentation(line string) string {
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}
