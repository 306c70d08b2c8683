package dynamodbstore_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// tagged checks that the index has exactly these keys. In want, a ! before a key means that it is
// revoked.
func (h harness) tagged(ctx context.Context, want ...string) error {
	entries, err := h.Tagged(ctx, tag)
	if err != nil {
		return err
	}
	var got []string
	for _, e := range entries {
		if e.Revoked {
			e.Key = "!" + e.Key
		}
		got = append(got, e.Key)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("got entries %q; want %q", got, want)
	}
	return nil
}

func Test_that_a_revoked_entry_is_not_moved_by_a_tag(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	_, err := h.Revoke(ctx, tag)
	must(t, err)
	must(t, h.Tag(ctx, tag, key, h.clock.In(9*time.Hour)))
	must(t, h.tagged(ctx, "!"+key))
	h.clock.Advance(time.Hour)
	must(t, h.tagged(ctx))
}

func Test_that_a_tag_over_an_expired_entry_starts_anew(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	_, err := h.Revoke(ctx, tag)
	must(t, err)
	h.clock.Advance(time.Hour)
	if h.get(t, "T#"+tag, key) == nil {
		t.Fatal("the entry is not there any more: this tests nothing")
	}
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	must(t, h.tagged(ctx, key))
}

func Test_that_all_pages_of_a_tag_are_read(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	var keys []string
	for i := range 7 {
		keys = append(keys, fmt.Sprint("k", i))
		must(t, h.Tag(ctx, tag, keys[i], h.clock.In(time.Hour)))
	}
	must(t, h.Tag(ctx, tag, "expired", h.clock.Now()))

	paged := h
	var requests atomic.Int64
	paged.Store = h.by(t, limiting(t, "Query", 2, &requests))
	must(t, paged.tagged(ctx, keys...))
	if n := requests.Load(); n < 4 {
		t.Errorf("%d pages; this tests nothing", n)
	}
	revoked, err := paged.Revoke(ctx, tag)
	must(t, err)
	if !slices.Equal(revoked, keys) {
		t.Errorf("revoked %q; want %q", revoked, keys)
	}
}

// limiting makes the answers to an operation come in pages of n items, as large answers do.
func limiting(t *testing.T, operation string, n int, requests *atomic.Int64) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		if operationOf(r) == operation {
			requests.Add(1)
			setBody(r, bytes.Replace(bodyOf(t, r), []byte("{"), fmt.Appendf(nil, `{"Limit":%d,`, n), 1))
		}
		return http.DefaultTransport.RoundTrip(r)
	})
}

func Test_that_a_revoke_also_marks_what_was_added_while_it_looked(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	must(t, h.Tag(ctx, tag, "old", h.clock.In(time.Hour)))
	must(t, h.Tag(ctx, tag, "mine", h.clock.In(time.Hour)))

	late := []string{"first", "second"}
	s := h.by(t, after("Query", func() {
		if len(late) > 0 {
			must(t, h.Tag(ctx, tag, late[0], h.clock.In(time.Hour)))
			late = late[1:]
		}
	}))
	revoked, err := s.Revoke(ctx, tag, "mine")
	must(t, err)
	if want := []string{"first", "old", "second"}; !slices.Equal(revoked, want) {
		t.Errorf("revoked %q; want %q", revoked, want)
	}
	must(t, h.tagged(ctx, "!old", "!first", "!second", "mine"))
}

func Test_that_a_revoke_ends_with_its_context(t *testing.T) {
	h := newHarness(t)
	ctx, cancel := context.WithCancel(t.Context())
	must(t, h.Tag(ctx, tag, "k0", h.clock.In(time.Hour)))
	looks := 0
	s := h.by(t, after("Query", func() { // somebody logs in all the time
		if looks++; looks == 5 {
			cancel()
		}
		must(t, h.Tag(t.Context(), tag, fmt.Sprint("k", looks), h.clock.In(time.Hour)))
	}))
	_, err := s.Revoke(ctx, tag)
	must(t, want(err, context.Canceled))
}

func Test_that_a_revoke_brings_no_entry_back(t *testing.T) {
	for desc, remove := range map[string]func(h harness) error{
		"untagged": func(h harness) error { return h.Untag(t.Context(), tag, key) },
		"expired":  func(h harness) error { h.clock.Advance(time.Hour); return nil },
	} {
		t.Run(desc, func(t *testing.T) {
			h := newHarness(t)
			must(t, h.Tag(t.Context(), tag, key, h.clock.In(time.Hour)))
			s := h.by(t, after("Query", func() { must(t, remove(h)) }))
			revoked, err := s.Revoke(t.Context(), tag)
			must(t, err)
			if len(revoked) != 0 {
				t.Errorf("revoked %q; want nothing", revoked)
			}
			if it := h.get(t, "T#"+tag, key); it["revoked"] != nil {
				t.Errorf("got %v; want it as it was", it)
			}
		})
	}
}

func Test_that_changes_of_the_index_whose_answers_were_lost_have_succeeded(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	must(t, h.by(t, losing()).Tag(ctx, tag, key, h.clock.In(time.Hour)))
	must(t, h.tagged(ctx, key))
	_, err := h.by(t, losing()).Revoke(ctx, tag)
	must(t, err)
	must(t, h.tagged(ctx, "!"+key))
	must(t, h.by(t, losing()).Untag(ctx, tag, key))
	must(t, h.tagged(ctx))
}

func Test_that_a_key_is_untagged_however_often_it_is_named(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	must(t, h.Tag(ctx, tag, key, h.clock.In(time.Hour)))
	must(t, h.Untag(ctx, tag, key, "missing", key))
	must(t, h.tagged(ctx))
	must(t, h.Untag(ctx, tag))
}

// A tag and a session may have the same 64 digits.
func Test_that_tags_and_sessions_do_not_mix(t *testing.T) {
	h := newHarness(t)
	ctx := t.Context()
	must(t, h.Write(ctx, tag, h.record(0, "one")))
	must(t, h.tagged(ctx))
	must(t, h.Tag(ctx, tag, "S", h.clock.In(time.Hour)))
	must(t, h.holds(ctx, tag, "one", 1))
	must(t, h.Destroy(ctx, tag, 0))
	must(t, h.tagged(ctx, "S"))
}
