package filestore_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// list returns what a loop yields before its error.
func list(ctx context.Context, s *filestore.Store) (keys []string, err error) {
	for key, e := range s.Keys(ctx) {
		if e != nil {
			return keys, e
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func Test_that_what_is_no_session_is_not_listed(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	for _, k := range []string{key, another, faraway} {
		must(t, h.Write(t.Context(), k, h.record(0, "one")))
	}
	must(t, h.Tag(t.Context(), tag, key, h.clock.In(time.Hour)))
	for _, name := range []string{".temp-left", "notes.txt", key[1:]} {
		must(t, os.WriteFile(filepath.Join(h.dir, "sessions", "ab", name), nil, 0o600))
	}
	got, err := list(t.Context(), h.Store)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{key, another, faraway}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func Test_that_a_list_makes_no_folders(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	got, err := list(t.Context(), h.Store)
	if err != nil || len(got) > 0 {
		t.Errorf("got %q, %v; want no keys, and no error", got, err)
	}
	made, err := os.ReadDir(h.dir)
	if err != nil || len(made) > 0 {
		t.Errorf("made %v, %v; want nothing made", made, err)
	}
}

func Test_that_a_store_may_be_closed_while_it_is_listed(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	must(t, h.Write(t.Context(), faraway, h.record(0, "one")))
	var err error
	for _, e := range h.Keys(t.Context()) {
		if err = e; err == nil {
			must(t, h.Close())
		}
	}
	is(t, err, session.ErrUnavailable)
}

func Test_that_a_context_ends_the_list_within_a_folder(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	must(t, h.Write(t.Context(), another, h.record(0, "one")))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var keys int
	var err error
	for _, err = range h.Keys(ctx) {
		if err == nil {
			keys++
		}
		cancel()
	}
	is(t, err, context.Canceled)
	if keys != 1 {
		t.Errorf("got %d keys; want one", keys)
	}
}

func Test_that_a_folder_that_cannot_be_read_ends_the_list(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	must(t, os.WriteFile(filepath.Join(h.dir, "sessions", "ee"), nil, 0o600)) // a file in its place
	got, err := list(t.Context(), h.Store)
	is(t, err, session.ErrUnavailable)
	if len(got) != 1 {
		t.Errorf("got %q before; want one", got)
	}
}
