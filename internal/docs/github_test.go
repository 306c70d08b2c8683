package docs

import (
	"os/exec"
	"path"
	"strings"
	"testing"
)

func Test_that_Dependabot_looks_after_every_module(t *testing.T) {
	dependabot := read(t, ".github/dependabot.yml")
	var looked int
	for _, file := range files(t, ".mod") {
		looked++
		if dir := path.Join("/", path.Dir(file)); !strings.Contains(dependabot, "- "+dir+"\n") {
			t.Errorf(".github/dependabot.yml does not name %s", dir)
		}
	}
	if looked < 2 {
		t.Errorf("found %d modules only; the check looked at nothing", looked)
	}
}

// On Windows git writes CRLF unless it is told not to. Then no golden file, no block of a page and
// no generated code is what it was, and no script runs.
func Test_that_a_checkout_has_the_line_endings_that_were_committed(t *testing.T) {
	git := exec.Command("git", "ls-files", "--eol")
	git.Dir = root
	var said strings.Builder
	git.Stderr = &said
	out, err := git.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &said) // such as that this is no checkout, or somebody else's
	}
	var looked int
	for line := range strings.Lines(string(out)) {
		about, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(about, "i/-text") { // a picture, say
			continue
		}
		looked++
		if !strings.Contains(about, "eol=lf") {
			t.Errorf(".gitattributes does not say that %s has eol=lf", file)
		}
		if !strings.HasPrefix(about, "i/lf") && !strings.HasPrefix(about, "i/none") {
			t.Errorf("%s was committed with other line endings", file)
		}
	}
	if looked < 100 {
		t.Errorf("found %d files only; the check looked at nothing", looked)
	}
}
