//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package e2e

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// newFileSite is a site with its sessions in a directory, and the log of its store.
func newFileSite(t *testing.T) (s *site, dir string, log *lockedBuffer) {
	t.Helper()
	dir, log = filepath.Join(t.TempDir(), "sessions"), &lockedBuffer{}
	store, err := filestore.New(filestore.Options{Dir: dir, NoSync: true, Logger: slog.New(slog.NewTextHandler(log, nil))})
	ok(t, err)
	t.Cleanup(func() { ok(t, store.Close()) })
	return newSite(t, session.Config{Store: store}), dir, log
}

// lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// alone runs a test in its own process, for what would harm other tests, and as a user who has no
// rights beyond the permissions of files, unlike root.
func alone(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	const asked = "SESSION_FAULTS_ALONE"
	if os.Getenv(asked) == "" {
		exe, err := os.Executable()
		ok(t, err)
		cmd := exec.CommandContext(t.Context(), exe, "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), asked+"=yes")
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if os.Getuid() == 0 {
		const nobody = 65534
		ok(t, errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)))
	}
	test(t)
}

// The kernel refuses files longer than one byte. Writing beyond that is EFBIG, after some bytes
// have been written, as with ENOSPC.
func Test_that_a_site_endures_a_disk_that_is_full(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T) {
		signal.Ignore(syscall.SIGXFSZ)
		var unlimited syscall.Rlimit
		ok(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &unlimited))
		limited := unlimited
		limited.Cur = 1
		site, _, _ := newFileSite(t)
		site.endures(t, outage{
			begin: func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited) },
			end:   func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &unlimited) },
			works: []click{look, logOut},
		})
	})
}

func Test_that_a_site_endures_that_its_files_are_closed_to_it(t *testing.T) {
	t.Parallel()
	alone(t, func(t *testing.T) {
		site, dir, _ := newFileSite(t)
		const (
			all      = 0o700
			readOnly = 0o500
			none     = 0
		)
		site.endures(t, outage{
			begin: func() error { return os.Chmod(filepath.Join(dir, "sessions"), none) },
			end:   func() error { return os.Chmod(filepath.Join(dir, "sessions"), all) },
		})
		site.endures(t, outage{
			begin: func() error { return chmodFolders(dir, readOnly) },
			end:   func() error { return chmodFolders(dir, all) },
			works: []click{look, count}, // a session is overwritten in place
		})
	})
}

// chmodFolders changes the permissions of a directory, and of all directories in it.
func chmodFolders(dir string, mode fs.FileMode) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(path, mode)
	})
}

// The sessions have ended with their directory. A request that had already read one of them counts
// as having come just before.
func Test_that_a_site_goes_on_without_the_directory_that_was_removed(t *testing.T) {
	t.Parallel()
	site, dir, _ := newFileSite(t)
	for _, what := range clicks {
		v, bystander := site.newCustomer(t), site.newCustomer(t)
		site.meanwhile(func(echo.Context) {
			if err := os.RemoveAll(dir); err != nil {
				t.Error(err)
			}
		})
		answer, err := site.answer(t.Context(), v.cookie, what)
		if err != nil || answer.status >= 500 {
			t.Errorf("%v: %v, %v", what, answer.unexpected(), err)
		}
		for _, v := range []*customer{v, bystander} {
			if err := v.does(look); !errors.Is(err, errStranger) {
				t.Errorf("after %v: %v; want %v", what, err, errStranger)
			}
			ok(t, v.does(logIn))
		}
	}
}

func Test_that_a_damaged_file_is_no_session_and_no_error(t *testing.T) {
	t.Parallel()
	site, dir, log := newFileSite(t)
	bystander := site.newCustomer(t)
	for name, damage := range map[string]func(content []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"cut off":   func(b []byte) []byte { return b[:100] },
		"one bit":   func(b []byte) []byte { b[20] ^= 1; return b },
		"other's":   func([]byte) []byte { return contentOf(t, dir, bystander) },
		"something": func([]byte) []byte { return []byte("not a session") },
	} {
		for _, what := range clicks[:3] {
			v, said := site.newCustomer(t), len(log.String())
			ok(t, os.WriteFile(fileOf(dir, v), damage(contentOf(t, dir, v)), 0o600))
			want := errStranger
			if what == logIn {
				want = nil // strangers may log in
			}
			if err := v.does(what); !errors.Is(err, want) {
				t.Errorf("%s, %v: %v; want %v", name, what, err, want)
			}
			if !strings.Contains(log.String()[said:], "damaged") {
				t.Errorf("%s, %v: nobody was told", name, what)
			}
			ok(t, v.does(logIn))
		}
	}
	ok(t, bystander.recovers())
}

// During a deployment, an older process may meet a record written by a newer one. Its visitor is
// logged in, and must not be sent to log in again.
func Test_that_a_file_of_a_newer_release_is_not_taken_for_none(t *testing.T) {
	t.Parallel()
	site, dir, _ := newFileSite(t)
	v := site.newCustomer(t)
	path, old := fileOf(dir, v), contentOf(t, dir, v)
	newer := make([]byte, 80)
	copy(newer, "session\x02 and something that nobody knows yet")
	sum := sha256.Sum256(append([]byte("sessions/"+filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path)), newer...))
	ok(t, os.WriteFile(path, append(newer, sum[:]...), 0o600))
	for _, what := range clicks {
		if err := v.does(what); !errors.Is(err, errRefused) {
			t.Errorf("%v: %v; want %v", what, err, errRefused)
		}
	}
	ok(t, os.WriteFile(path, old, 0o600))
	v.asked = v.told
	ok(t, v.recovers())
}

func fileOf(dir string, v *customer) string {
	key := recordKey(v)
	return filepath.Join(dir, "sessions", key[:2], key)
}

func contentOf(t *testing.T, dir string, v *customer) []byte {
	t.Helper()
	b, err := os.ReadFile(fileOf(dir, v))
	ok(t, err)
	return b
}
