package main

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// time runs a benchmark of the row, which has been started.
func (r *row) time(b *testing.B) {
	b.ReportAllocs()
	cpu := cpuTime()
	if r.sessions == 0 {
		r.alone(b)
	} else {
		r.together(b)
	}
	b.StopTimer()
	b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N), "cpu-ns/op")
	if err := r.intact(); err != nil {
		b.Fatal(err)
	}
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
		v.visits = int(visitors.Add(1)) * len(r.jars) / 2 // so that visitors do not follow each other all the time
		for pb.Next() {
			if err := r.visit(v); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// cpuTime is the CPU time of all threads.
func cpuTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// traffic is what one visit sends.
type traffic struct {
	setCookie float64 // bytes of the values of Set-Cookie
	trips     float64 // to Redis
	commands  string  // of Redis, including those in scripts
}

// traffic is counted without the clock, for a single visitor. It is exact, except for peers whose
// encoding depends on the order of a map.
func (r *row) traffic() (sent traffic, err error) {
	if r.sessions > 0 {
		return traffic{}, nil
	}
	if err := r.start(); err != nil {
		return traffic{}, err
	}
	defer r.close()
	counter := &byteCounter{transport: r.transports()}
	v := &visitor{transport: counter}
	visits := func(n int) error {
		for range n {
			if err := r.visit(v); err != nil {
				return err
			}
		}
		return nil
	}

	if err := visits(1); err != nil { // the first visit may connect, and load a script
		return traffic{}, err
	}
	const n = 12 // a multiple of the number of moments, so that all come equally often
	counter.bytes = 0
	redis, err := r.redisTraffic(func() error { return visits(n) })
	var commands []string
	for _, command := range slices.Sorted(maps.Keys(redis.commands)) {
		commands = append(commands, command+" "+short(float64(redis.commands[command])/n))
	}
	return traffic{
		setCookie: float64(counter.bytes) / n,
		trips:     float64(redis.trips) / n,
		commands:  strings.Join(commands, ", "),
	}, err
}

// redisTraffic is what work sends to Redis.
func (r *row) redisTraffic(work func() error) (redisTraffic, error) {
	if r.store != "redis" {
		return redisTraffic{}, work()
	}
	server, err := redisServer()
	if err != nil {
		return redisTraffic{}, err
	}
	before, err := server.traffic()
	if err != nil {
		return redisTraffic{}, err
	}
	if err := work(); err != nil {
		return redisTraffic{}, err
	}
	after, err := server.traffic()
	return after.since(before), err
}

// byteCounter counts the bytes that are set in cookies.
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
