package filestore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

func Test_that_nobody_is_told_that_all_sessions_ended_when_an_index_was_damaged(t *testing.T) {
	h := newHarness(t, filestore.Options{NoSync: true})
	ctx := t.Context()
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	content := read(t, h.tagFile(tag))
	for i, damaged := range damages(content, len(content)-filestore.HeadSize) {
		write(t, h.tagFile(tag), damaged)
		_, revoke := h.Revoke(ctx, tag)
		_, tagged := h.Tagged(ctx, tag)
		for _, err := range []error{revoke, tagged} {
			is(t, err, session.ErrUnavailable)
			if !strings.Contains(err.Error(), "It does again after 30 days") {
				t.Errorf("damage %d: got error %v; want one that says for how long", i, err)
			}
		}
		if got := h.log.take(); !strings.Contains(got, "damaged") || strings.Contains(got, tag) {
			t.Errorf("damage %d: logged %q", i, got)
		}
	}
	must(t, h.Untag(ctx, tag, key)) // logging out works

	// So does logging in. The new entry is found, and Revoke still knows that entries are missing.
	must(t, h.Tag(ctx, tag, another, h.clock.In(2*time.Hour)))
	for range 2 {
		entries, err := h.Tagged(ctx, tag)
		if err != nil || len(entries) != 1 || entries[0] != (session.TagEntry{Key: another}) {
			t.Errorf("got %v, %v", entries, err)
		}
		_, err = h.Revoke(ctx, tag)
		is(t, err, session.ErrUnavailable)
		must(t, h.Tag(ctx, tag, another, h.clock.In(3*time.Hour)))
	}
	zero := strings.Repeat("0", 64)
	must(t, h.Tag(ctx, tag, zero, h.clock.In(time.Hour)))
	must(t, h.Untag(ctx, tag, another, zero))
	_, err := h.Revoke(ctx, tag)
	is(t, err, session.ErrUnavailable)

	// The lost entries have expired. They do not expire with the next entry: that may be one of a
	// session that began long ago.
	must(t, h.Tag(ctx, tag, another, h.clock.In(40*24*time.Hour)))
	h.clock.Advance(29 * 24 * time.Hour)
	_, err = h.Revoke(ctx, tag)
	is(t, err, session.ErrUnavailable)
	h.clock.Advance(24 * time.Hour)
	keys, err := h.Revoke(ctx, tag)
	if err != nil || len(keys) != 1 || keys[0] != another {
		t.Errorf("got %v, %v", keys, err)
	}
}

func Test_that_a_session_in_place_of_an_index_is_none(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	write(t, h.tagFile(tag), filestore.Encode("tags/ef/"+tag, h.record(0, "not entries")))
	_, err := h.Revoke(t.Context(), tag)
	is(t, err, session.ErrUnavailable)
}

func Test_that_an_index_without_entries_has_no_file(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	ctx := t.Context()
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	must(t, h.Tag(ctx, tag, another, h.clock.In(2*time.Hour)))
	size := func() int {
		rec, err := filestore.Decode("tags/ef/"+tag, read(t, h.tagFile(tag)))
		must(t, err)
		return len(rec.Data)
	}
	before := size()
	h.clock.Advance(time.Hour)
	must(t, h.Tag(ctx, tag, faraway, h.clock.In(time.Hour)))
	if got := size(); got != before {
		t.Errorf("%d bytes; want %d, without the entry that has expired", got, before)
	}
	must(t, h.Untag(ctx, tag, another, faraway))
	if _, err := os.Stat(h.tagFile(tag)); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
	if left := temps(files(t, filepath.Dir(h.dir))); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func Test_that_no_index_is_said_to_be_on_a_disk_that_fails(t *testing.T) {
	for _, tc := range []struct {
		claim  string
		before func(ctx context.Context, h harness) error
		call   func(ctx context.Context, h harness) error
	}{
		{"an entry is added", tagged(another), tagged(key)},
		{"an entry is tagged again", tagged(key), tagged(key)},
		{"one entry of two is removed", tagged(key, another), untagAll(key)},
		{"the last entry is removed", tagged(key), untagAll(key)},
		{"an entry is removed that is not there", tagged(another), untagAll(key)},
		{"an entry is removed from no index", tagged(), untagAll(key)},
		{"an entry is tagged again that is marked", revoked(key), tagged(key)},
		{"entries are revoked", tagged(key), revoked()},
		{"entries are revoked again", revoked(key), revoked()},
		{"no entries are revoked", tagged(), revoked()},
	} {
		h := newHarness(t, filestore.Options{})
		must(t, tagged(faraway)(t.Context(), h)) // makes the folder
		must(t, untagAll(faraway)(t.Context(), h))
		must(t, tc.before(t.Context(), h))
		h.OnSync(func(*os.File) error { return syscall.EIO })
		if problem := mismatch(tc.call(t.Context(), h), session.ErrUnavailable); problem != nil {
			t.Errorf("%s: %v", tc.claim, problem)
		}
	}
}

// tagged, untagAll and revoked change the index of the tag.

func tagged(keys ...string) func(ctx context.Context, h harness) error {
	return func(ctx context.Context, h harness) error {
		var err error
		for _, key := range keys {
			err = errors.Join(err, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
		}
		return err
	}
}

func untagAll(keys ...string) func(ctx context.Context, h harness) error {
	return func(ctx context.Context, h harness) error { return h.Untag(ctx, tag, keys...) }
}

func revoked(keys ...string) func(ctx context.Context, h harness) error {
	return func(ctx context.Context, h harness) error {
		err := tagged(keys...)(ctx, h)
		_, revokeErr := h.Revoke(ctx, tag)
		return errors.Join(err, revokeErr)
	}
}

func Test_that_a_revoke_that_failed_has_no_keys(t *testing.T) {
	h := newHarness(t, filestore.Options{})
	must(t, h.Tag(t.Context(), tag, key, h.clock.In(time.Hour)))
	h.OnSync(func(*os.File) error { return syscall.EIO })
	keys, err := h.Revoke(t.Context(), tag)
	is(t, err, session.ErrUnavailable)
	if len(keys) > 0 {
		t.Errorf("got %q; want no keys", keys)
	}
}
