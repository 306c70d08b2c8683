package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// measured is what one line of a table is about.
type measured interface {
	name() string // with slashes, like those of benchmarks
	start() error
	time(*testing.B)
	close()
}

// results are the samples of each row, by its name.
type results map[string][]testing.BenchmarkResult

// measure takes a sample of each row in every pass, each time in another order. So a drift of the
// machine shows as spread, instead of affecting one row.
func measure(all []measured, passes int, progress io.Writer) (results, error) {
	got := results{}
	for pass := range passes {
		fmt.Fprintf(progress, "pass %d of %d, %d samples\n", pass+1, passes, len(all))
		for _, at := range rand.New(rand.NewPCG(uint64(pass), 0)).Perm(len(all)) {
			m := all[at]
			if err := m.start(); err != nil {
				return nil, err
			}
			result := testing.Benchmark(m.time)
			m.close()
			if result.N == 0 {
				return nil, fmt.Errorf("bench: %s failed; go test -bench says why", m.name())
			}
			got[m.name()] = append(got[m.name()], result)
		}
	}
	return got, nil
}

// figures summarise the samples of a row.
type figures struct {
	ns     float64 // median
	spread float64 // half the distance between the quartiles, relative to ns
	cpu    float64 // median of the CPU nanoseconds of all threads
	bytes  int64   // allocated; both are the minimum of all passes
	allocs int64
}

func (r results) of(name string) figures {
	samples := r[name]
	var ns, cpu []float64
	var bytes, allocs []int64
	for _, s := range samples {
		ns = append(ns, float64(s.T.Nanoseconds())/float64(s.N))
		cpu = append(cpu, s.Extra["cpu-ns/op"])
		bytes = append(bytes, s.AllocedBytesPerOp())
		allocs = append(allocs, s.AllocsPerOp())
	}
	slices.Sort(ns)
	slices.Sort(cpu)
	f := figures{ns: quantile(ns, 0.5), cpu: quantile(cpu, 0.5), bytes: slices.Min(bytes), allocs: slices.Min(allocs)}
	f.spread = (quantile(ns, 0.75) - quantile(ns, 0.25)) / 2 / f.ns
	return f
}

// quantile returns a quantile of sorted, interpolated between the two nearest samples.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// report writes tables in Markdown: first this library beside the best of each kind, then
// everything.
type report struct {
	io.Writer
	lines []line
}

// line is what is known about a row.
type line struct {
	*row
	figures
	traffic
}

func (r report) write() {
	if len(r.lines) == 0 {
		return
	}
	r.writeSummary()
	for _, store := range stores {
		lines := where(r.lines, func(l line) bool { return l.store == store })
		if len(lines) == 0 {
			continue
		}
		alone := where(lines, func(l line) bool { return l.sessions == 0 })
		fmt.Fprintf(r, "\n## %s\n", headings[store])
		r.writeGrid("Time", lines, func(l line) string {
			return fmt.Sprintf("%s ±%.0f %%", duration(l.ns), 100*l.spread)
		})
		r.writeGrid("Processor time of all threads", lines, func(l line) string { return duration(l.cpu) })
		r.writeGrid("Bytes allocated, allocations", lines, func(l line) string {
			return fmt.Sprintf("%d, %d", l.bytes, l.allocs)
		})
		if store != "none" {
			r.writeGrid("Bytes of Set-Cookie", alone, func(l line) string { return short(l.setCookie) })
		}
		if store == "redis" {
			r.writeGrid("Round trips, and the commands, those in scripts too", alone, func(l line) string {
				return strings.TrimSpace(fmt.Sprintf("**%s** %s", short(l.trips), l.commands))
			})
		}
	}
}

var headings = map[string]string{
	"none": "Frameworks without a session", "cookie": "Cookie", "memory": "Memory", "file": "File", "redis": "Redis",
}

// writeGrid writes a line for each peer, and a column for each scenario.
func (r report) writeGrid(title string, lines []line, cell func(line) string) {
	var peers, scenarios []string
	cells := map[string]string{}
	for _, l := range lines {
		peers = appendNew(peers, l.peer.name)
		scenarios = appendNew(scenarios, l.scenario.name)
		cells[l.peer.name+l.scenario.name] = cell(l)
	}
	fmt.Fprintf(r, "\n| %s | %s |\n|---|%s\n", title, strings.Join(scenarios, " | "), strings.Repeat("---:|", len(scenarios)))
	for _, peer := range peers {
		fmt.Fprintf(r, "| %s |", peer)
		for _, scenario := range scenarios {
			fmt.Fprintf(r, " %s |", cells[peer+scenario])
		}
		fmt.Fprintln(r)
	}
}

// writeSummary writes a line for each scenario of each store.
func (r report) writeSummary() {
	fmt.Fprint(r, `
## This library, the best of its peers, and the floor

The best peer is chosen for each column by itself. The floor is the least that has to be
done, written by hand for this site alone.

| | session | best peer | ratio | floor | ratio | bytes, allocations | best peer | Set-Cookie | best peer | trips | best peer |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
`)
	for _, l := range r.lines {
		if l.peer.name != ours {
			continue
		}
		beside := func(role role) []line {
			return where(r.lines, func(o line) bool {
				return o.store == l.store && o.scenario.name == l.scenario.name && o.peer.role == role
			})
		}
		peers, floors := beside(rival), beside(leastCost)
		if len(peers) == 0 || len(floors) == 0 {
			continue // they were not wanted
		}
		quickest := func(a, b line) int { return cmp.Compare(a.ns, b.ns) }
		peer, floor := slices.MinFunc(peers, quickest), slices.MinFunc(floors, quickest)
		sparing := slices.MinFunc(peers, func(a, b line) int { return cmp.Compare(a.bytes, b.bytes) })
		fmt.Fprintf(r, "| %s %s | %s | %s | %s | %s | %s | %d, %d | %d, %d |", l.store, l.scenario.name,
			duration(l.ns), duration(peer.ns), ratio(l.ns, peer.ns), duration(floor.ns), ratio(l.ns, floor.ns),
			l.bytes, l.allocs, sparing.bytes, sparing.allocs)
		if l.sessions > 0 {
			fmt.Fprintln(r, " | | | |")
			continue
		}
		lightest := slices.MinFunc(peers, func(a, b line) int { return cmp.Compare(a.setCookie, b.setCookie) })
		rarest := slices.MinFunc(peers, func(a, b line) int { return cmp.Compare(a.trips, b.trips) })
		fmt.Fprintf(r, " %s | %s |", short(l.setCookie), short(lightest.setCookie))
		if l.store == "redis" {
			fmt.Fprintf(r, " %s | %s |\n", short(l.trips), short(rarest.trips))
		} else {
			fmt.Fprintln(r, " | |")
		}
	}
}

// writeComponents writes a line for each pair of renderings.
func writeComponents(w io.Writer, pairs []*rendering, timed results) {
	if len(pairs) == 0 {
		return
	}
	fmt.Fprint(w, "\n## Components\n\n| | components | by hand in templ | ratio | bytes, allocations | by hand |\n|---|---:|---:|---:|---:|---:|\n")
	for pair := range slices.Chunk(pairs, 2) {
		components, byHand := timed.of(pair[0].name()), timed.of(pair[1].name())
		fmt.Fprintf(w, "| %s | %s ±%.0f %% | %s ±%.0f %% | %s | %d, %d | %d, %d |\n", pair[0].subject,
			duration(components.ns), 100*components.spread, duration(byHand.ns), 100*byHand.spread,
			ratio(components.ns, byHand.ns), components.bytes, components.allocs, byHand.bytes, byHand.allocs)
	}
}

func where(lines []line, want func(line) bool) []line {
	var found []line
	for _, l := range lines {
		if want(l) {
			found = append(found, l)
		}
	}
	return found
}

func appendNew(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

func ratio(a, b float64) string { return fmt.Sprintf("%.2g×", a/b) }

// duration is nanoseconds in a form for people.
func duration(ns float64) string {
	switch {
	case ns < 1000:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.3g µs", ns/1e3)
	case ns < 1e9:
		return fmt.Sprintf("%.3g ms", ns/1e6)
	}
	return fmt.Sprintf("%.3g s", ns/1e9)
}

// short is a number without needless digits.
func short(n float64) string { return strconv.FormatFloat(math.Round(n*10)/10, 'f', -1, 64) }
