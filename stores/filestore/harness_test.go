package filestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
	"github.com/echo-hypermedia/session/stores/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		h := newHarness(t, filestore.Options{})
		return storetest.Harness{Store: h.Store, Now: h.clock.Now, Advance: h.clock.Advance, MaxData: filestore.MaxData}
	})
}

// The keys of most tests, and a tag. The first two share a folder.
const (
	key     = "ab00000000000000000000000000000000000000000000000000000000000001"
	another = "ab00000000000000000000000000000000000000000000000000000000000002"
	faraway = "cd00000000000000000000000000000000000000000000000000000000000003"
	tag     = "ef00000000000000000000000000000000000000000000000000000000000004"
)

// harness is a store in a directory of its own, with its clock and its log.
type harness struct {
	*filestore.Store
	dir   string
	clock *clock
	log   *logs
}

// newHarness makes a store that is closed when the test ends. It sets what opts leaves open.
func newHarness(t testing.TB, opts filestore.Options) harness {
	t.Helper()
	h := harness{clock: newClock(), log: new(logs)}
	if opts.Dir == "" {
		opts.Dir = filepath.Join(t.TempDir(), "store")
	}
	if opts.Now == nil {
		opts.Now = h.clock.Now
	}
	opts.Logger = slog.New(tracing{slog.NewTextHandler(h.log, nil)})
	s, err := filestore.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, s.Close()) })
	h.Store, h.dir = s, opts.Dir
	return h
}

// record is a record that expires in an hour.
func (h harness) record(version uint64, data string) session.Record {
	return session.Record{Data: []byte(data), Version: version, Expires: h.clock.In(time.Hour)}
}

// sessionFile and tagFile are where the files are, as the package documentation says.
func (h harness) sessionFile(key string) string {
	return filepath.Join(h.dir, "sessions", key[:2], key)
}

func (h harness) tagFile(tag string) string {
	return filepath.Join(h.dir, "tags", tag[:2], tag)
}

func (h harness) holds(t *testing.T, key, data string, version uint64) {
	t.Helper()
	rec, err := h.Read(t.Context(), key)
	if err != nil || string(rec.Data) != data || rec.Version != version {
		t.Errorf("read: got %.20q, version %d, %v; want %.20q, version %d", rec.Data, rec.Version, err, data, version)
	}
}

func (h harness) gone(t *testing.T, key string) {
	t.Helper()
	_, err := h.Read(t.Context(), key)
	is(t, err, session.ErrNotFound)
}

// is checks that err is want and no other error that callers look for, and does not contain a key.
func is(t *testing.T, err, want error) {
	t.Helper()
	if problem := mismatch(err, want); problem != nil {
		t.Error(problem)
	}
}

func mismatch(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got error %v; want %v", err, want)
	}
	for _, other := range []error{session.ErrNotFound, session.ErrConflict, session.ErrUnavailable} {
		if other != want && errors.Is(err, other) {
			return fmt.Errorf("%v is %v, too", err, other)
		}
	}
	for _, name := range []string{key, another, faraway, tag} {
		if strings.Contains(err.Error(), name) {
			return fmt.Errorf("%v has a key in it", err)
		}
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// files lists the files below dir, without directories.
func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := tree(dir)
	must(t, err)
	return list
}

func tree(dir string) ([]string, error) {
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	return list, err
}

// temps lists the temporary files, begun and not finished.
func temps(list []string) []string {
	return slices.DeleteFunc(list, func(path string) bool {
		return !strings.HasPrefix(filepath.Base(path), filestore.TempPrefix)
	})
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, b, 0o600))
}

// together runs fn in n goroutines that start at the same time.
func together(n int, fn func(i int) error) error {
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}

// increment reads, adds one and writes, until no other write comes in between.
func increment(ctx context.Context, s session.Store, key string) error {
	for {
		rec, err := s.Read(ctx, key)
		if err != nil {
			return err
		}
		var n int
		if _, err := fmt.Sscan(string(rec.Data), &n); err != nil {
			return err
		}
		rec.Data = fmt.Append(nil, n+1)
		if err := s.Write(ctx, key, rec); !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
}

// clock is a time that moves only when a test says so.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanos.Store(time.Now().UnixNano()) // files have the system time
	return c
}

func (c *clock) Now() time.Time               { return time.Unix(0, c.nanos.Load()) }
func (c *clock) Advance(d time.Duration)      { c.nanos.Add(int64(d)) }
func (c *clock) In(d time.Duration) time.Time { return c.Now().Add(d) }

// tracing adds the trace of the context to each line, as handlers of tracing libraries do.
type tracing struct{ slog.Handler }

type traceKey struct{}

func (h tracing) Handle(ctx context.Context, r slog.Record) error {
	if trace := ctx.Value(traceKey{}); trace != nil {
		r.AddAttrs(slog.Any("trace", trace))
	}
	return h.Handler.Handle(ctx, r)
}

// logs keeps what is logged.
type logs struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

// take returns what was logged since the last call.
func (l *logs) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.buf.Reset()
	return l.buf.String()
}
