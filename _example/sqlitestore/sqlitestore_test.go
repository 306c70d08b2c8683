package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sqlitestore"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/storetest"
)

func TestContract(t *testing.T) { storetest.Run(t, newHarness) }

// newHarness is a store with its own database and clock.
func newHarness(t *testing.T) storetest.Harness {
	clock := newClock()
	return storetest.Harness{
		Store:   open(t, filepath.Join(t.TempDir(), "sessions.db"), clock),
		Now:     clock.Now,
		Advance: clock.Advance,
		MaxData: sqlitestore.MaxData,
	}
}

func open(t *testing.T, path string, clock *clock) *sqlitestore.Store {
	t.Helper()
	store, err := sqlitestore.New(sqlitestore.Options{Path: path, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// clock is a time that moves only when a test says so.
type clock struct{ millis atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.millis.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) Now() time.Time          { return time.UnixMilli(c.millis.Load()) }
func (c *clock) Advance(d time.Duration) { c.millis.Add(d.Milliseconds()) }

var (
	key   = strings.Repeat("0123456789abcdef", 4)
	other = strings.Repeat("fedcba9876543210", 4)
)

func Test_that_sessions_are_there_after_a_restart(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "a b?c%20.db"), newClock()
	before := open(t, path, clock)
	if err := before.Write(t.Context(), key, session.Record{Data: []byte("one"), Expires: clock.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	before.Close()

	rec, err := open(t, path, clock).Read(t.Context(), key)
	if err != nil || string(rec.Data) != "one" {
		t.Errorf("got %q, %v", rec.Data, err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("%s is not the database: %v", path, err)
	}
}

func Test_that_two_processes_see_the_same_sessions(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "sessions.db"), newClock()
	one, two := open(t, path, clock), open(t, path, clock)
	rec := session.Record{Data: []byte("one"), Expires: clock.Now().Add(time.Hour)}
	if err := one.Write(t.Context(), key, rec); err != nil {
		t.Fatal(err)
	}
	rec.Version = 1
	if err := two.Write(t.Context(), key, rec); err != nil {
		t.Fatal(err)
	}
	if err := one.Write(t.Context(), key, rec); !errors.Is(err, session.ErrConflict) {
		t.Errorf("got %v; want a conflict", err)
	}
}

func Test_that_a_cancelled_context_ends_the_wait_for_another_process(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "sessions.db"), newClock()
	store := open(t, path, clock)
	another, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer another.Close()
	tx, err := another.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = store.Write(ctx, key, session.Record{Expires: clock.Now().Add(time.Hour)})
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v; want the error of the context", err)
	}
}

func Test_that_nobody_else_can_read_the_files(t *testing.T) {
	dir, clock := t.TempDir(), newClock()
	store := open(t, filepath.Join(dir, "sessions.db"), clock)
	if err := store.Write(t.Context(), key, session.Record{Expires: clock.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 { // the log is the second file
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o; want 600", file.Name(), mode)
		}
	}
}

func Test_that_what_has_expired_is_removed(t *testing.T) {
	clock := newClock()
	store := open(t, filepath.Join(t.TempDir(), "sessions.db"), clock)
	ctx, soon := t.Context(), clock.Now().Add(time.Hour)
	for _, err := range []error{
		store.Write(ctx, key, session.Record{Expires: soon}),
		store.Tag(ctx, other, key, soon),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(2 * time.Hour)
	if err := store.Write(ctx, other, session.Record{Expires: clock.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	// If expired rows were still there, setting the clock back would bring them back to life.
	clock.Advance(-90 * time.Minute)
	if _, err := store.Read(ctx, key); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("the session: got %v; want it gone", err)
	}
	if entries, err := store.Tagged(ctx, other); err != nil || len(entries) != 0 {
		t.Errorf("its tag: got %v, %v; want it gone", entries, err)
	}
}

func Test_that_a_database_that_cannot_be_opened_is_an_error(t *testing.T) {
	for name, path := range map[string]string{
		"no path":      "",
		"no directory": filepath.Join(t.TempDir(), "missing", "sessions.db"),
		"a directory":  t.TempDir(),
		"no database":  noDatabase(t),
	} {
		if _, err := sqlitestore.New(sqlitestore.Options{Path: path}); err == nil || !strings.HasPrefix(err.Error(), "sqlitestore: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func noDatabase(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("Dear Ada, ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
