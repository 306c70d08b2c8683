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
