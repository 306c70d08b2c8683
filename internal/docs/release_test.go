package docs

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"
)

const repository = "https://github.com/echo-hypermedia/session"

var (
	release  = regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`)
	requires = regexp.MustCompile(`(?m)^\t` + strings.TrimPrefix(repository, "https://") + ` (\S+)$`)
)

func Test_that_the_changelog_links_to_every_release(t *testing.T) {
	for _, missing := range linksMissing(read(t, "CHANGELOG.md")) {
		t.Errorf("CHANGELOG.md does not end with the link %s", missing)
	}
}

// What a module requires is what its users get, whatever we replace it with here. If it requires a
// version that was never tagged, nobody can get it; if an old one, it is built without what is new.
func Test_that_every_published_module_requires_the_newest_release(t *testing.T) {
	newest := "v0.0.0"
	if m := release.FindStringSubmatch(read(t, "CHANGELOG.md")); m != nil {
		newest = "v" + m[1]
	}
	var looked int
	for _, file := range files(t, ".mod") {
		if dir := path.Dir(file); dir == "." || strings.HasPrefix(dir, "internal/") || strings.HasPrefix(dir, "_example") {
			continue
		}
		looked++
		if m := requires.FindStringSubmatch(read(t, file)); m == nil || m[1] != newest {
			t.Errorf("%s does not require %s, the newest release in CHANGELOG.md", file, newest)
		}
	}
	if looked == 0 {
		t.Error("found no published module; the check looked at nothing")
	}
}

func Test_that_a_link_that_a_release_forgot_is_noticed(t *testing.T) {
	const (
		first    = "## [Unreleased]\n\n## [0.1.0] - 2030-01-02\n\n[0.1.0]: " + repository + "/releases/tag/v0.1.0\n"
		upToDate = "[Unreleased]: " + repository + "/compare/v0.1.0...HEAD\n"
	)
	for _, tc := range []struct{ claim, changelog, missing string }{
		{"all is there", first + upToDate, "[]"},
		{"Unreleased is what it was before the first release", first + "[Unreleased]: " + repository + "/commits/main\n",
			"[[Unreleased]: " + repository + "/compare/v0.1.0...HEAD]"},
		{"the second release has no link", "## [0.2.0] - 2030-03-04\n" + first + "[Unreleased]: " + repository + "/compare/v0.2.0...HEAD\n",
			"[[0.2.0]: " + repository + "/compare/v0.1.0...v0.2.0]"},
	} {
		if got := fmt.Sprint(linksMissing(tc.changelog)); got != tc.missing {
			t.Errorf("%s: missing %s; want %s", tc.claim, got, tc.missing)
		}
	}
}

// linksMissing are the links at the end that a changelog with these releases should have, and has
// not.
func linksMissing(changelog string) (missing []string) {
	name, until := "Unreleased", "HEAD"
	want := func(to string) {
		if link := fmt.Sprintf("[%s]: %s/%s", name, repository, to); !strings.Contains(changelog, link+"\n") {
			missing = append(missing, link)
		}
	}
	for _, m := range release.FindAllStringSubmatch(changelog, -1) {
		want("compare/v" + m[1] + "..." + until)
		name, until = m[1], "v"+m[1]
	}
	if until == "HEAD" {
		want("commits/main") // nothing is released yet
	} else {
		want("releases/tag/" + until)
	}
	return missing
}
