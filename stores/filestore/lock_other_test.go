//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package filestore_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/echo-hypermedia/session/stores/filestore"
)

// Whatever New finds out about the directory would be advice that does not help: with another directory,
// it would refuse as well.
func Test_that_a_platform_without_locks_is_refused_and_nothing_else_said_or_done(t *testing.T) {
	log := new(logs)
	dir := filepath.Join(t.TempDir(), "store")
	for _, dir := range []string{dir, "", "a\x00b"} {
		_, err := filestore.New(filestore.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(log, nil))})
		if err == nil || !strings.Contains(err.Error(), runtime.GOOS+" has no flock(2)") || strings.Contains(err.Error(), "Dir") {
			t.Errorf("Dir %q: got error %v; want that about flock(2) alone", dir, err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v; want the directory not to be made", err)
	}
	if s := log.take(); s != "" {
		t.Errorf("logged %s; want nothing", s)
	}
}
