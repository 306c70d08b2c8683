package dynamodbstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
)

// list returns what a loop yields before its error.
func list(ctx context.Context, s *dynamodbstore.Store) (keys []string, err error) {
	for key, e := range s.Keys(ctx) {
		if e != nil {
			return keys, e
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys, nil
}

func Test_that_all_pages_of_a_table_are_read_and_a_failure_in_the_middle_is_told(t *testing.T) {
	h := newHarness(t)
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprintf("%064d", i))
		must(t, h.Write(t.Context(), want[i], h.record(0, "one")))
		must(t, h.Tag(t.Context(), tag, want[i], h.clock.In(time.Hour)))
	}
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	must(t, h.Destroy(t.Context(), key, 1))
	must(t, h.Write(t.Context(), strings.Repeat("e", 64), session.Record{Expires: h.clock.Now()}))

	var requests atomic.Int64
	got, err := list(t.Context(), h.by(t, limiting(t, "Scan", 2, &requests)))
	must(t, err)
	if !slices.Equal(got, want) || requests.Load() < 4 {
		t.Errorf("got %q in %d pages; want %q", got, requests.Load(), want)
	}

	requests.Store(0)
	pages := limiting(t, "Scan", 2, &requests)
	got, err = list(t.Context(), h.by(t, transport(func(r *http.Request) (*http.Response, error) {
		if requests.Load() >= 2 {
			return answer(r, http.StatusBadRequest, failure("AccessDeniedException")), nil
		}
		return pages.RoundTrip(r)
	})))
	if len(got) == len(want) || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %q, %v; want some, and ErrUnavailable", got, err)
	}
}

func Test_that_a_list_has_nothing_of_what_others_keep_in_the_table(t *testing.T) {
	h := newHarness(t)
	must(t, h.Write(t.Context(), key, h.record(0, "one")))
	for _, where := range []struct{ pk, sk string }{{"ORDER#4711", "S"}, {"S#" + key, "LINE#1"}} {
		other := h.item("3")
		other["pk"], other["sk"] = str(where.pk), str(where.sk)
		must(t, h.put(t, other))
	}
	got, err := list(t.Context(), h.Store)
	must(t, err)
	if !slices.Equal(got, []string{key}) {
		t.Errorf("got %q; want %q alone", got, key)
	}
}

func Test_that_a_list_asks_for_keys_alone(t *testing.T) {
	h := newHarness(t)
	must(t, h.Write(t.Context(), key, h.record(0, secret)))
	var answers []string
	got, err := list(t.Context(), h.by(t, transport(func(r *http.Request) (*http.Response, error) {
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(res.Body)
		must(t, err)
		answers = append(answers, string(body))
		res.Body = io.NopCloser(strings.NewReader(string(body)))
		return res, nil
	})))
	must(t, err)
	if len(got) != 1 || len(answers) != 1 || strings.Contains(answers[0], "data") {
		t.Errorf("got %q from %q", got, answers)
	}
}
