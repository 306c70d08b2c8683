//go:build !race

// The race detector allocates, and makes pools forget what they hold.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// allocations is the most that a row of this library allocates. Lower a number when the row has
// become better; raise one only if you know why it is worth it.
var allocations = map[string]float64{
	"cookie/untouched":     2,
	"cookie/read":          21,
	"cookie/write":         47,
	"cookie/flash":         124,
	"cookie/new-untouched": 2,
	"cookie/new-write":     36,

	"memory/untouched":     2,
	"memory/read":          9,
	"memory/write":         12,
	"memory/flash":         51,
	"memory/new-untouched": 2,
	"memory/new-write":     21,
	"memory/read-60KB":     9,
	"memory/write-60KB":    13,

	// 23, 53 and 133 in most runs; in a few, one more for each file that is opened.
	"file/untouched":     2,
	"file/read":          24,
	"file/write":         57,
	"file/flash":         141,
	"file/new-untouched": 2,
	"file/new-write":     72, // some of them happen to need a new directory
	"file/read-60KB":     24,
	"file/write-60KB":    59,

	"redis/untouched":     2,
	"redis/read":          34,
	"redis/write":         61,
	"redis/flash":         149,
	"redis/new-untouched": 2,
	"redis/new-write":     38,
	"redis/read-60KB":     34,
	"redis/write-60KB":    62,
}

func Test_that_no_row_allocates_more_than_it_did(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection would empty the pools
	for _, r := range rows() {
		if r.peer.name != ours || r.sessions > 0 {
			continue
		}
		ok(t, r.start())
		v := &visitor{transport: r.transports()}
		got := testing.AllocsPerRun(100, func() { ok(t, r.visit(v)) })
		r.close()
		row := r.store + "/" + r.scenario.name
		most, known := allocations[row]
		if strings.Contains(row, "write") {
			most += moreForJSON
		}
		if !known || got > most {
			t.Errorf("%s: got %v allocations; want %v at the most", row, got, most)
		}
	}
}

// moreForJSON is how many allocations encoding/json needs for a value, beyond one: one more since
// Go 1.27.
var moreForJSON = testing.AllocsPerRun(100, func() { _, _ = json.Marshal(7) }) - 1

// room is the most bytes that a row takes: a frame of up to 416 bytes, a session of up to 480. One
// more field may be too many, as Go has no sizes between 416 and 448, nor between 480 and 512.
// Whatever else runs here may take a few bytes.
var room = map[string]uint64{
	"memory/untouched": 440 + 16,
	"memory/read":      1192 + 16,
	"memory/write":     2312 + 16,
}

func Test_that_no_row_takes_more_room_than_it_did(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for _, r := range rows() {
		most, known := room[r.store+"/"+r.scenario.name]
		if r.peer.name != ours || r.sessions > 0 || !known {
			continue
		}
		ok(t, r.start())
		v := &visitor{transport: r.transports()}
		ok(t, r.visit(v))
		const visits = 1000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range visits {
			ok(t, r.visit(v))
		}
		runtime.ReadMemStats(&after)
		r.close()
		if got := (after.TotalAlloc - before.TotalAlloc) / visits; got > most {
			t.Errorf("%s/%s: got %d bytes; want %d at the most", r.store, r.scenario.name, got, most)
		}
	}
}

// They also take about as long, but a test on a busy machine cannot prove that; see
// BenchmarkComponents.
func Test_that_components_allocate_no_more_than_what_is_written_by_hand(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for pair := range slices.Chunk(renderings, 2) {
		got, most := pair[0].allocations(t), pair[1].allocations(t)
		if got > most {
			t.Errorf("%s: got %v allocations; want %v at the most", pair[0].subject, got, most)
		}
	}
}

func (r *rendering) allocations(t *testing.T) (count float64) {
	t.Helper()
	ok(t, r.onPage(func(ctx context.Context) error {
		var page bytes.Buffer
		count = testing.AllocsPerRun(100, func() {
			page.Reset()
			ok(t, r.Render(ctx, &page))
		})
		return nil
	}))
	return count
}
