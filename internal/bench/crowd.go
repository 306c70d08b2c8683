package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// crowd is a store in memory with many live sessions. Half of them live for an hour and half for
// two, by a clock that we set.
type crowd struct {
	*memorystore.Store
	keys []string
	now  atomic.Int64 // seconds
}

const (
	crowdData = 502    // bytes in each session
	crowdAsks = 50_000 // by each of two concurrent visitors
)

// writeCrowds measures a store in memory with more and more sessions.
func writeCrowds(w io.Writer, sizes ...int) error {
	fmt.Fprintf(w, "\n## Live sessions in memory\n\n"+
		"| sessions | bytes each | meanwhile | a read | 99 of 100 | the longest | a write | 99 of 100 | the longest |\n"+
		"|---:|---:|---|---:|---:|---:|---:|---:|---:|\n")
	for _, size := range sizes {
		c := newCrowd(size)
		before := heap()
		if err := c.begin(); err != nil {
			return err
		}
		each := ""
		if size >= 1000 { // with fewer, other changes of the heap would matter
			each = fmt.Sprint((heap() - before) / int64(size))
		}
		line := func(meanwhile string, a asked) {
			fmt.Fprintf(w, "| %d | %s | %s | %s | %s |\n", size, each, meanwhile, a.reads, a.writes)
		}

		calm, err1 := c.ask(nil)
		line("nothing", calm)
		c.now.Store(3600) // half of them have expired
		oneByOne, err2 := c.ask(nil)
		line("half of them expire, two with each write", oneByOne)
		err3 := c.begin()
		c.now.Store(3600)
		var swept time.Duration
		atOnce, err4 := c.ask(func() { swept = timed(func() { c.Len() }) })
		line(fmt.Sprintf("half of them are removed at once, in %s", brief(swept)), atOnce)
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return err
		}
	}
	return nil
}

// newCrowd has the keys, but no sessions yet.
func newCrowd(size int) *crowd {
	c := &crowd{keys: make([]string, size)}
	c.Store = memorystore.New(memorystore.Options{
		MaxSessions: 1 << 30,
		MaxBytes:    1 << 40,
		Now:         func() time.Time { return time.Unix(c.now.Load(), 0) },
	})
	for i := range c.keys {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		c.keys[i] = hex.EncodeToString(sum[:])
	}
	return c
}

// begin creates the sessions that do not exist.
func (c *crowd) begin() error {
	c.now.Store(0)
	for i, key := range c.keys {
		expires := time.Unix(int64(1+i%2)*3600, 0)
		err := c.Write(context.Background(), key, session.Record{Data: make([]byte, crowdData), Expires: expires})
		if err != nil && !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
	return nil
}

// latencies are how long each of some calls took.
type latencies []time.Duration

// String is the median, the 99th percentile and the maximum.
func (l latencies) String() string {
	slices.Sort(l)
	return fmt.Sprintf("%s | %s | %s", brief(l[len(l)/2]), brief(l[len(l)*99/100]), brief(l[len(l)-1]))
}

func brief(d time.Duration) string { return duration(float64(d)) }

type asked struct{ reads, writes latencies }

// ask makes two concurrent visitors read and write the sessions that live for two hours, nine reads
// for each write. meanwhile, if not nil, runs at the same time.
func (c *crowd) ask(meanwhile func()) (asked, error) {
	visits := [2]asked{}
	errs := [2]error{}
	var all sync.WaitGroup
	if meanwhile != nil {
		all.Go(meanwhile)
	}
	for i := range visits {
		all.Go(func() { visits[i], errs[i] = c.visit(rand.New(rand.NewPCG(uint64(i), 0))) })
	}
	all.Wait()
	return asked{
		slices.Concat(visits[0].reads, visits[1].reads),
		slices.Concat(visits[0].writes, visits[1].writes),
	}, errors.Join(errs[:]...)
}

// visit is one visitor. Now and then the other one is faster with a write.
func (c *crowd) visit(chance *rand.Rand) (asked, error) {
	var took asked
	ctx := context.Background()
	for range crowdAsks {
		i := chance.IntN(len(c.keys)/2)*2 + 1
		var rec session.Record
		var err error
		took.reads = append(took.reads, timed(func() { rec, err = c.Read(ctx, c.keys[i]) }))
		if err != nil {
			return asked{}, err
		}
		if chance.IntN(9) > 0 {
			continue
		}
		took.writes = append(took.writes, timed(func() { err = c.Write(ctx, c.keys[i], rec) }))
		if err != nil && !errors.Is(err, session.ErrConflict) {
			return asked{}, err
		}
	}
	return took, nil
}

func timed(work func()) time.Duration {
	start := time.Now()
	work()
	return time.Since(start)
}

// heap is how many bytes are live.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
