package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

func Test_that_a_mistake_in_the_options_names_the_option_and_the_way_out(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	for _, tc := range []struct {
		desc, dir string
		says      []string
	}{
		{"no directory", "", []string{"Options.Dir is empty", "Name a directory"}},
		{"a file", file, []string{"Options.Dir", file, "Name a directory"}},
		{"below a file", filepath.Join(file, "x"), []string{"Options.Dir", file, "Name a directory"}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			s, err := filestore.New(filestore.Options{Dir: tc.dir})
			if err == nil || s != nil {
				t.Fatalf("got %v, %v", s, err)
			}
			for _, want := range tc.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func Test_that_a_directory_that_is_open_to_everybody_is_logged(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o777))
	h := newHarness(t, filestore.Options{Dir: dir})
	if got := h.log.take(); !strings.Contains(got, "Options.Dir") || !strings.Contains(got, "0700") {
		t.Errorf("logged %q", got)
	}
	below := filepath.Join(dir, "below", "store")
	if got := newHarness(t, filestore.Options{Dir: below}).log.take(); !strings.Contains(got, "nobody else can write to") {
		t.Errorf("of one that anybody can move away: %q", got)
	}
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(below, link))
	if got := newHarness(t, filestore.Options{Dir: link}).log.take(); !strings.Contains(got, "nobody else can write to") {
		t.Errorf("of a link to it: %q", got)
	}
	must(t, os.Chmod(dir, 0o777|os.ModeSticky))
	if info, err := os.Stat(os.TempDir()); err == nil && info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
		t.Fatalf("anybody can move what is in %s, so this test says nothing; set TMPDIR to a directory of yours", os.TempDir())
	}
	for _, dir := range []string{"", below} {
		if got := newHarness(t, filestore.Options{Dir: dir}).log.take(); got != "" {
			t.Errorf("of a directory that is not: %q", got)
		}
	}
}

func Test_that_the_default_logger_may_be_set_later(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := filestore.New(filestore.Options{Dir: dir})
	must(t, err)
	defer s.Close()

	logged := new(logs)
	was, writer, flags := slog.Default(), log.Writer(), log.Flags() // SetDefault changes them, too
	defer func() { slog.SetDefault(was); log.SetOutput(writer); log.SetFlags(flags) }()
	slog.SetDefault(slog.New(slog.NewTextHandler(logged, nil)))

	must(t, os.RemoveAll(dir))
	_, _ = s.Read(t.Context(), key)
	if got := logged.take(); !strings.Contains(got, `level=WARN msg="filestore: Options.Dir was removed`) {
		t.Errorf("logged %q; want it as a warning", got)
	}
}

func Test_that_a_relative_directory_stays_where_it_was(t *testing.T) {
	t.Chdir(t.TempDir())
	h := newHarness(t, filestore.Options{Dir: "store"})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	t.Chdir(t.TempDir())
	h.holds(t, key, "one", 1)
}

func Test_that_a_relative_directory_below_one_that_is_gone_is_a_mistake(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	must(t, os.Mkdir(gone, 0o700))
	t.Chdir(gone)
	must(t, os.Remove(gone))
	s, err := filestore.New(filestore.Options{Dir: "store"})
	if err == nil || s != nil || !strings.Contains(err.Error(), "Give an absolute path") {
		t.Errorf("got %v, %v; want an error that says to give an absolute path", s, err)
	}
}

// Several processes of a new deployment, for example.
func Test_that_stores_that_are_made_at_the_same_time_share_a_new_directory(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "a", "b", "c")
		must(t, together(8, func(int) error {
			s, err := filestore.New(filestore.Options{Dir: dir, NoSync: true})
			if err != nil {
				return err
			}
			return s.Close()
		}))
	}
}

func Test_that_a_new_store_finds_what_an_old_one_has_written(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	must(t, h.Tag(t.Context(), tag, key, h.clock.In(time.Hour)))
	must(t, h.Close())

	h = newHarness(t, filestore.Options{Dir: h.dir})
	h.holds(t, key, "one", 1)
	entries, err := h.Tagged(t.Context(), tag)
	if err != nil || len(entries) != 1 || entries[0].Key != key {
		t.Errorf("got %v, %v", entries, err)
	}
}

func Test_that_a_conflict_brings_the_current_record(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx := t.Context()
	must(t, h.Write(ctx, key, h.record(0, "one")))
	must(t, h.Write(ctx, key, h.record(1, "two")))
	for name, err := range map[string]error{
		"create":  h.Write(ctx, key, h.record(0, "three")),
		"replace": h.Write(ctx, key, h.record(1, "three")),
		"destroy": h.Destroy(ctx, key, 1),
	} {
		is(t, err, session.ErrConflict)
		conflict, ok := errors.AsType[*session.ConflictError](err)
		if !ok || string(conflict.Current.Data) != "two" || conflict.Current.Version != 2 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// notKeys are strings that must never become a path.
var notKeys = []string{
	"", ".", "..", "ab", "../" + key, key + "/..", key + "0", key[1:],
	"../../../../../../../../../../../../../../../../../../etc/passwd",
	strings.Repeat("../", 21) + "x", strings.Repeat("\x00", 64), key[:62] + "é", "g" + key[1:],
	strings.ToUpper(key), // on some file systems the same file as another key
}

func Test_that_what_is_not_64_digits_is_refused_by_every_method(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	before := files(t, filepath.Dir(h.dir))
	for _, bad := range notKeys {
		for name, err := range calls(t.Context(), h.Store, bad, bad) {
			if err == nil || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s %q: got %v", name, bad, err)
			}
			if len(bad) > 2 && strings.Contains(err.Error(), bad) {
				t.Errorf("%s: %q contains the key", name, err)
			}
		}
		_, err := h.Revoke(t.Context(), tag, bad)
		if errs := errors.Join(h.Tag(t.Context(), tag, bad, h.clock.In(time.Hour)), h.Untag(t.Context(), tag, key, bad), err); errs == nil {
			t.Errorf("%q is a key in an index", bad)
		}
	}
	if after := files(t, filepath.Dir(h.dir)); len(after) != len(before) {
		t.Errorf("files: %q", after)
	}
}

// calls calls every method and returns what they answer.
func calls(ctx context.Context, s *filestore.Store, key, tag string) map[string]error {
	in := time.Now().Add(time.Hour)
	_, read := s.Read(ctx, key)
	_, tagged := s.Tagged(ctx, tag)
	_, revoke := s.Revoke(ctx, tag)
	return map[string]error{
		"read":    read,
		"create":  s.Write(ctx, key, session.Record{Expires: in}),
		"replace": s.Write(ctx, key, session.Record{Expires: in, Version: 1}),
		"touch":   s.Touch(ctx, key, in),
		"destroy": s.Destroy(ctx, key, 1),
		"remove":  s.Destroy(ctx, key, 0),
		"tag":     s.Tag(ctx, tag, another, in),
		"untag":   s.Untag(ctx, tag, another),
		"tagged":  tagged,
		"revoke":  revoke,
	}
}

func Test_that_a_closed_store_says_so(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	must(t, h.Close())
	must(t, h.Close())
	for name, err := range calls(t.Context(), h.Store, key, tag) {
		is(t, err, session.ErrUnavailable)
		if err != nil && !strings.Contains(err.Error(), "closed") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := h.Sweep(t.Context())
	is(t, err, session.ErrUnavailable)
	_, err = list(t.Context(), h.Store)
	is(t, err, session.ErrUnavailable)
}

func Test_that_close_waits_for_a_call_under_way(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	closed := make(chan error, 1)
	waits := sync.OnceFunc(func() {
		go func() { closed <- h.Close() }()
		for {
			if _, err := h.Read(t.Context(), faraway); errors.Is(err, session.ErrUnavailable) {
				break // the store refuses calls, so it is being closed
			}
		}
		for range 100 {
			runtime.Gosched() // so that Close can end, if it does not wait
		}
		if len(closed) > 0 {
			t.Error("it has not waited")
		}
	})
	h.OnSync(func(*os.File) error { waits(); return nil })
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	must(t, <-closed)
}

func Test_that_close_lets_calls_end_and_leaves_nothing_half_done(t *testing.T) {
	for range 20 {
		h := newHarness(t, filestore.Options{NoSync: true})
		begun := make(chan struct{}, 8)
		closed := make(chan error, 1)
		go func() {
			<-begun
			closed <- h.Close()
		}()
		must(t, together(8, func(i int) error {
			for n := 0; ; n++ {
				k := fmt.Sprintf("%02x%062d", i, n)
				if err := h.Write(t.Context(), k, h.record(0, "data")); err != nil {
					return mismatch(err, session.ErrUnavailable)
				}
				if n == 2 {
					begun <- struct{}{}
				}
			}
		}))
		must(t, <-closed)
		if left := temps(files(t, h.dir)); len(left) > 0 {
			t.Fatalf("left behind: %q", left)
		}
	}
}

func Test_that_a_directory_that_is_removed_is_made_again(t *testing.T) {
	for _, part := range []string{"", "sessions", "sessions/ab"} {
		t.Run("/"+part, func(t *testing.T) {
			h := newHarness(t, filestore.Options{})
			must(t, h.Write(t.Context(), key, h.record(0, "one")))
			must(t, os.RemoveAll(filepath.Join(h.dir, part)))

			h.gone(t, key)
			is(t, h.Write(t.Context(), key, h.record(1, "two")), session.ErrNotFound)
			must(t, h.Write(t.Context(), key, h.record(0, "new")))
			h.holds(t, key, "new", 1)
			for _, dir := range []string{h.dir, filepath.Dir(h.sessionFile(key))} {
				info, err := os.Stat(dir)
				must(t, err)
				if got := info.Mode().Perm(); got != 0o700 {
					t.Errorf("mode %o; want 700", got)
				}
			}
		})
	}
}

func Test_that_a_directory_that_is_replaced_is_used(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "old")))
	must(t, os.Rename(h.dir, h.dir+".old"))
	other := newHarness(t, filestore.Options{Dir: h.dir})
	must(t, other.Write(t.Context(), key, h.record(0, "new")))

	h.holds(t, key, "new", 1)
	must(t, h.Write(t.Context(), key, h.record(1, "newer")))
	other.holds(t, key, "newer", 2)
	if got := h.log.take(); !strings.Contains(got, "replaced") {
		t.Errorf("logged %q", got)
	}
}

func Test_that_a_directory_that_cannot_be_made_again_is_not_an_empty_one(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, os.RemoveAll(h.dir))
	write(t, h.dir, []byte("a file in its place"))
	for name, err := range calls(t.Context(), h.Store, key, tag) {
		if problem := mismatch(err, session.ErrUnavailable); problem != nil {
			t.Errorf("%s: %v", name, problem)
		}
	}
}

func Test_that_a_planted_link_does_not_lead_out(t *testing.T) {
	const secret = "root:x:0:0"
	outside := t.TempDir()
	passwd := filepath.Join(outside, "passwd")
	write(t, passwd, []byte(secret))
	untouched := func(t *testing.T) {
		t.Helper()
		if got := files(t, outside); len(got) != 1 || string(read(t, passwd)) != secret {
			t.Errorf("outside: %q, %q", got, read(t, passwd))
		}
	}

	t.Run("in place of a record", func(t *testing.T) {
		h := newHarness(t, filestore.Options{})
		must(t, os.MkdirAll(filepath.Dir(h.sessionFile(key)), 0o700))
		must(t, os.Symlink(passwd, h.sessionFile(key)))
		h.gone(t, key)
		is(t, h.Touch(t.Context(), key, h.clock.In(time.Hour)), session.ErrNotFound)
		must(t, h.Write(t.Context(), key, h.record(0, "one")))
		h.holds(t, key, "one", 1)
		untouched(t)
	})
	for _, link := range []string{"sessions", "sessions/ab"} {
		t.Run("in place of "+link, func(t *testing.T) {
			h := newHarness(t, filestore.Options{})
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(h.dir, link)), 0o700))
			must(t, os.Symlink(outside, filepath.Join(h.dir, link)))
			is(t, h.Write(t.Context(), key, h.record(0, "one")), session.ErrUnavailable)
			is(t, h.Destroy(t.Context(), key, 0), session.ErrUnavailable)
			untouched(t)
		})
	}
}
