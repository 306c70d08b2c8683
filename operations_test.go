package session_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/echo-hypermedia/session"
)

// logLine is a text that our code logs: a notice, or an argument of a logger.
var logLine = regexp.MustCompile(`(?m)^[^/\n]*(?:notice\{slog\.Level(\w+), |ogger(?:\(\))?\.(Debug|Info|Warn|Error)(?:Context)?\((?:ctx, )?)"([^"]+)"`)

func Test_that_operations_says_what_each_line_of_the_log_means(t *testing.T) {
	doc := operations(t)
	var found int
	for _, pattern := range []string{"*.go", "stores/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if isTest(filepath.ToSlash(file)) {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range logLine.FindAllStringSubmatch(string(source), -1) {
				found++
				if row := "\n| " + strings.ToUpper(m[1]+m[2]) + " | `" + m[3] + "` |"; !strings.Contains(doc, row) {
					t.Errorf("%s logs what docs/operations.md does not explain: %q; it has no row%s", file, m[3], row)
				}
			}
		}
	}
	rows := regexp.MustCompile("(?m)^\\| [A-Z]+ \\| `").FindAllString(doc, -1)
	if found == 0 || found != len(rows) {
		t.Errorf("the code logs %d lines, docs/operations.md explains %d", found, len(rows))
	}
}

func Test_that_operations_says_when_each_hook_is_called(t *testing.T) {
	doc := operations(t)
	hooks := reflect.TypeFor[session.Hooks]()
	for i := range hooks.NumField() {
		if row := "\n| `" + hooks.Field(i).Name + "` |"; !strings.Contains(doc, row) {
			t.Errorf("docs/operations.md has no row%s", row)
		}
	}
	for _, reason := range []session.Reason{session.ReasonMalformed, session.ReasonUnknown, session.ReasonMoved, session.ReasonUnreadable} {
		if row := "\n| `" + string(reason) + "` |"; !strings.Contains(doc, row) {
			t.Errorf("docs/operations.md has no row%s", row)
		}
	}
}

func operations(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}
