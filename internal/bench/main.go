package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"
)

func main() {
	run := flag.String("run", ".", "a regexp for the names of what to measure, such as memory/write/ or /session$")
	passes := flag.Int("passes", 8, "how many samples to take of each row")
	duration := flag.Duration("time", 200*time.Millisecond, "how long a sample takes")
	flag.Parse()
	slog.SetDefault(silent) // some peers log what verify does to them; this silences package log, too

	err := start(*run, *passes, *duration)
	stopRedis()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func start(run string, passes int, duration time.Duration) error {
	wanted, err := regexp.Compile(run)
	if err != nil {
		return fmt.Errorf("bench: -run: %w", err)
	}
	if passes < 1 {
		return errors.New("bench: -passes: there must be one at least")
	}
	testing.Init() // only now, since its flags are not ours
	if err := flag.Set("test.benchtime", duration.String()); err != nil {
		return fmt.Errorf("bench: -time: %w", err)
	}
	return bench(wanted, passes)
}

// bench measures the rows that are wanted, and prints everything about them.
func bench(wanted *regexp.Regexp, passes int) error {
	var all []measured
	report := report{Writer: os.Stdout}
	for _, r := range rows() {
		if !wanted.MatchString(r.name()) {
			continue
		}
		sent, err := r.traffic()
		if err != nil {
			return err
		}
		all = append(all, r)
		report.lines = append(report.lines, line{row: r, traffic: sent})
	}
	var pairs []*rendering
	for pair := range slices.Chunk(renderings, 2) {
		if wanted.MatchString(pair[0].name()) {
			pairs = append(pairs, pair...)
			all = append(all, pair[0], pair[1])
		}
	}

	crowds := wanted.MatchString("crowds")
	if len(all) == 0 && !crowds {
		return fmt.Errorf("bench: -run %s: there is nothing of that name. It is one regexp for all of a name such as %s, components/four-alerts/%s or crowds",
			wanted, rows()[0].name(), ours)
	}

	timed, err := measure(all, passes, os.Stderr)
	if err != nil {
		return err
	}
	for i := range report.lines {
		report.lines[i].figures = timed.of(report.lines[i].name())
	}
	writeMachine(os.Stdout)
	fmt.Printf("- %d passes, each in another order. Times are medians; ± is half of the interquartile range.\n", passes)
	report.write()
	writeComponents(os.Stdout, pairs, timed)
	if crowds {
		return writeCrowds(os.Stdout, 10, 1000, 1_000_000)
	}
	return nil
}
