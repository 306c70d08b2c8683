package main

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// time is a benchmark of the row, which is open.
func (r *row) time(b *testing.B) {
	b.ReportAllocs()
	cpu := cpuTime()
	if r.sessions == 0 {
		r.alone(b)
	} else {
		r.together(b)
	}
	b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N), "cpu-ns/op")
}

func (r *row) alone(b *testing.B) {
	v := &visitor{transport: r.transports()}
	for b.Loop() {
		if err := r.visit(v); err != nil {
			b.Fatal(err)
		}
	}
}

func (r *row) together(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	var visitors atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		v := &visitor{transport: r.transports()}
		v.visits = int(visitors.Add(1)) * len(r.jars) / 2 // not after each other all the time
		for pb.Next() {
			if err := r.visit(v); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// cpuTime is how long all threads have worked.
func cpuTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// traffic is what a visit sends.
type traffic struct {
	setCookie float64 // bytes of the values of Set-Cookie
	trips     float64 // to Redis
	commands  string  // of Redis, those of scripts too
}

// count is the traffic of a visit, without the clock. It is exact, except for peers whose
// encoding depends on the order of a map.
func (r *row) count() (traffic, error) {
	const visits = 12 // so that the moments come equally often
	v := &visitor{transport: r.transports()}
	if err := r.visit(v); err != nil { // connects, and loads scripts
		return traffic{}, err
	}
	counter := &byteCounter{transport: v.transport}
	v.transport = counter

	var before, after redisTraffic
	var err error
	if r.store == "redis" {
		if before, err = redisTrafficNow(); err != nil {
			return traffic{}, err
		}
	}
	for range visits {
		if err := r.visit(v); err != nil {
			return traffic{}, err
		}
	}
	if r.store == "redis" {
		if after, err = redisTrafficNow(); err != nil {
			return traffic{}, err
		}
		after = after.since(before)
	}

	var commands []string
	for _, command := range slices.Sorted(maps.Keys(after.commands)) {
		commands = append(commands, fmt.Sprintf("%s %s", command, short(float64(after.commands[command])/visits)))
	}
	return traffic{
		setCookie: float64(counter.bytes) / visits,
		trips:     float64(after.trips) / visits,
		commands:  strings.Join(commands, ", "),
	}, nil
}

func redisTrafficNow() (redisTraffic, error) {
	r, err := redisServer()
	if err != nil {
		return redisTraffic{}, err
	}
	return r.traffic()
}

// byteCounter counts what is set in cookies.
type byteCounter struct {
	transport
	bytes int
}

func (c *byteCounter) send(q request) {
	c.transport.send(q)
	for _, line := range c.transport.setCookies() {
		c.bytes += len(line)
	}
}
