package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
	"testing"
	"time"
)

func main() {
	log.SetFlags(0)
	run := flag.String("run", ".", "a regexp for what to measure, such as memory/write or /session$")
	passes := flag.Int("passes", 8, "how many samples to take of each row")
	duration := flag.Duration("time", 200*time.Millisecond, "how long a sample takes")
	flag.Parse()

	wanted, err := regexp.Compile(*run)
	if err != nil {
		log.Fatal("bench: -run: ", err)
	}
	testing.Init() // only now: its flags are not ours
	if err := flag.Set("test.benchtime", duration.String()); err != nil {
		log.Fatal("bench: -time: ", err)
	}
	err = bench(wanted, *passes)
	stopRedis()
	if err != nil {
		log.Fatal(err)
	}
}

// bench measures the rows that are wanted, and prints all about them.
func bench(wanted *regexp.Regexp, passes int) error {
	all := matching(rows(), wanted)
	counted := map[string]traffic{}
	for _, r := range all {
		if r.sessions > 0 {
			continue
		}
		if err := r.start(); err != nil {
			return err
		}
		t, err := r.count()
		r.close()
		if err != nil {
			return err
		}
		counted[r.name()] = t
	}
	timed, err := measure(all, passes, os.Stderr)
	if err != nil {
		return err
	}

	report := report{Writer: os.Stdout}
	for _, r := range all {
		report.lines = append(report.lines, line{r, timed.of(r.name()), counted[r.name()]})
	}
	writeMachine(os.Stdout)
	fmt.Printf("- %d passes in changing order; times are medians, ± is half of the interquartile range\n", passes)
	report.write()
	return nil
}

func matching[M measured](all []M, wanted *regexp.Regexp) []M {
	var found []M
	for _, m := range all {
		if wanted.MatchString(m.name()) {
			found = append(found, m)
		}
	}
	return found
}
