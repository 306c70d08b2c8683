package docs

import (
	"go/build"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Code in a page goes wrong after a while if nobody compiles it. So the Go and templ code of every
// page must be in a compiled file, letter for letter, with nothing left out in the middle, and with
// the same relative indentation.
func Test_that_the_code_of_every_page_is_compiled(t *testing.T) {
	go_, templ := sources(t, ".go"), sources(t, ".templ")
	var looked int
	for _, page := range pages(t) {
		for _, b := range blocks(page, read(t, page)) {
			where := go_
			switch b.kind {
			case "go":
			case "templ":
				where = templ
			default:
				continue
			}
			looked++
			if !slices.ContainsFunc(where, func(s source) bool { return s.shows(b.lines) }) {
				t.Errorf("%s\n\t%s", b, nearest(b, where))
			}
		}
	}
	if looked < 5 {
		t.Errorf("found %d blocks only; the check looked at nothing", looked)
	}
}

func Test_that_every_block_says_what_it_is(t *testing.T) {
	known := []string{"go", "templ", "sh", "text", "html", "css", "json", "yaml", "sql", "http"}
	for _, page := range pages(t) {
		for _, b := range blocks(page, read(t, page)) {
			if !slices.Contains(known, b.kind) {
				t.Errorf("%s\n\tis %q; want one of %s after the ```", b, b.kind, strings.Join(known, ", "))
			}
		}
	}
}

var (
	madeInText  = regexp.MustCompile("`make ([a-z-]+)")
	madeInBlock = regexp.MustCompile(`(?m)^ *make ([a-z-]+)`)
	target      = regexp.MustCompile(`(?m)^([a-z-]+):`)
	script      = regexp.MustCompile("(?m)(?:`|^ *)(scripts/[a-z]+)")
)

func Test_that_the_commands_of_every_page_are_there(t *testing.T) {
	var targets []string
	for _, m := range target.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets = append(targets, m[1])
	}
	var looked int
	for _, page := range pages(t) {
		text := read(t, page)
		named := madeInText.FindAllStringSubmatch(text, -1)
		for _, b := range commands(page, text) {
			named = append(named, madeInBlock.FindAllStringSubmatch(strings.Join(b.lines, "\n"), -1)...)
		}
		for _, m := range named {
			looked++
			if !slices.Contains(targets, m[1]) {
				t.Errorf("%s: make %s: the Makefile has no such target", page, m[1])
			}
		}
		for _, m := range script.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if looked < 5 {
		t.Errorf("found %d commands only; the check looked at nothing", looked)
	}
}

// commands are the blocks of a page that somebody could type, including indented ones.
func commands(page, text string) []block {
	var found []block
	for _, b := range blocks(page, text) {
		if b.kind == "sh" {
			found = append(found, b)
		}
	}
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "    ") {
			found = append(found, block{page: page, line: i + 1, lines: []string{line}})
		}
	}
	return found
}

var namedTest = regexp.MustCompile("(?:\\[)?`((?:Test|Fuzz)[A-Za-z0-9_]+)`(?:\\]\\(([^)#]+)\\))?")

// If a page says that a test proves something, it must link to the file of the test.
func Test_that_every_test_that_a_page_names_is_there(t *testing.T) {
	for _, page := range pages(t) {
		if path.Dir(page) != "docs" {
			continue
		}
		for _, m := range namedTest.FindAllStringSubmatch(read(t, page), -1) {
			name, file := m[1], m[2]
			switch {
			case file == "":
				t.Errorf("%s: %s has no link to its file", page, name)
			case !strings.Contains(read(t, path.Join(path.Dir(page), file)), "func "+name+"("):
				t.Errorf("%s: there is no %s in %s", page, name, file)
			}
		}
	}
}

// root is the directory of the repository.
const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pages are the Markdown files of the repository.
func pages(t *testing.T) []string { return files(t, ".md") }

// sources are the files of the repository that are compiled here.
func sources(t *testing.T, ext string) []source {
	var found []source
	for _, name := range files(t, ext) {
		if ext == ".go" {
			dir, file := filepath.Split(filepath.Join(root, name))
			if compiled, err := build.Default.MatchFile(dir, file); err != nil || !compiled {
				continue
			}
		}
		found = append(found, source{name, clean(read(t, name))})
	}
	return found
}

// clean returns the lines of a file, without invisible white space.
func clean(text string) []string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return lines
}

func files(t *testing.T, ext string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata" || entry.Name() == "tmp" || entry.Name() == ".git"):
			return fs.SkipDir
		case path.Ext(name) == ext:
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
