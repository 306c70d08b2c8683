package stores_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/echo-hypermedia/session/stores"
)

func Test_that_a_store_that_was_opened_beside_a_mistake_is_closed(t *testing.T) {
	dir := t.TempDir()
	setenv(t, map[string]string{"SESSION_DRIVER": "file", "SESSION_FILE_DIR": dir, "SESSION_IDLE_TIMEOUT": "x"})
	if _, err := stores.FromEnv(); err == nil {
		t.Fatal("there is no mistake; this test sees nothing")
	}
	open, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(open) == 0 {
		t.Fatalf("open files: %q, %v", open, err)
	}
	for _, fd := range open {
		if name, _ := os.Readlink(fd); name == dir {
			t.Errorf("%s is open", dir)
		}
	}
}
