package docs

import (
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
