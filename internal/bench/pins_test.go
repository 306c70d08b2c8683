package main

import (
	"encoding/json"
	"testing"
)

func Test_that_the_realistic_session_is_as_long_as_it_says(t *testing.T) {
	text, err := json.Marshal(values)
	ok(t, err)
	if len(values) != 5 || len(text) != 502 {
		t.Errorf("got %d keys and %d bytes of JSON; want 5 and 502", len(values), len(text))
	}
}

// A round trip costs far more than everything else, so there must never be one more. (A command
// with 60 KB arrives in several pieces, which are counted as several trips.)
func Test_that_redis_is_asked_no_more_than_it_must(t *testing.T) {
	want := map[string]float64{
		"untouched": 0, "read": 1, "write": 2, "flash": 4, "new-untouched": 0, "new-write": 1,
	}
	for _, r := range rows() {
		if r.store != "redis" || r.peer.name != ours || r.sessions > 0 || r.large {
			continue
		}
		sent, err := r.traffic()
		ok(t, err)
		if sent.trips != want[r.scenario.name] {
			t.Errorf("%s: got %v round trips (%s); want %v", r.name(), sent.trips, sent.commands, want[r.scenario.name])
		}
	}
}

// (The page of the flash row is plain text. An HTML page also sets session-seen, and removes it. In
// files and in Redis, our cookies are those of sessions in memory.)
func Test_that_no_row_sets_more_cookies_than_the_best_peer(t *testing.T) {
	sets := map[string]float64{} // bytes, by row
	least := map[string]float64{}
	for _, r := range rows() {
		if r.store != "cookie" && r.store != "memory" || r.peer.role == leastCost || r.sessions > 0 || r.large {
			continue
		}
		sent, err := r.traffic()
		ok(t, err)
		row := r.store + "/" + r.scenario.name
		if r.peer.role == thisLibrary {
			sets[row] = sent.setCookie
		} else if best, known := least[row]; !known || sent.setCookie < best {
			least[row] = sent.setCookie
		}
	}
	for row, got := range sets {
		if best, known := least[row]; !known || got > best {
			t.Errorf("%s: got %v bytes of Set-Cookie; the best peer has %v", row, got, best)
		}
	}
}
