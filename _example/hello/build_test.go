package main

import (
	"debug/buildinfo"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An application with sessions in memory must be built without the drivers of the other stores.
func Test_that_the_program_has_no_driver_in_it_that_it_does_not_use(t *testing.T) {
	program := filepath.Join(t.TempDir(), "hello")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var found bool
	for _, module := range info.Deps {
		found = found || module.Path == "github.com/echo-hypermedia/session"
		for _, driver := range []string{"redis", "aws", "securecookie"} {
			if strings.Contains(module.Path, driver) {
				t.Errorf("%s is in the program", module.Path)
			}
		}
	}
	if !found {
		t.Error("the session library is not in the program; the check looked at nothing")
	}
}
