package filestore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// act is what one process does with a store.
type act struct {
	desc string
	do   func(ctx context.Context, s *filestore.Store) error
	dies int // at which wait for the disk the process dies; 0 = it lives
}

// dead is the act of a process that dies at this wait for the disk.
func (a act) dead(wait int) act {
	a.dies = wait
	return a
}

// crashes runs processes on directories, and simulates power failures.
type crashes struct {
	*testing.T
	clock *clock
	desk  harness         // a store, and where the remains of a power failure are put for it
	put   left            // what is there now
	seen  map[string]bool // remains that were checked already
}

func newCrashes(t *testing.T) *crashes {
	desk := newHarness(t, filestore.Options{NoSync: true})
	return &crashes{T: t, clock: desk.clock, desk: desk, put: left{}, seen: map[string]bool{}}
}

// run has processes act, one after the other, and makes the power fail at every moment of the last
// act and after it. It returns how often the last act has waited for the disk.
func (c *crashes) run(acts ...act) (waits int) {
	h := newHarness(c.T, filestore.Options{Now: c.clock.Now})
	defer h.Close()
	d := newDisk(c.T, h.dir)
	defer d.close()
	known := []string{c.answers(h)} // what may be answered after a power failure
	for i, a := range acts {
		var losses []left
		powerFails := func() {
			if i == len(acts)-1 {
				losses = append(losses, d.losses()...)
			}
		}
		var err error
		waits, err = c.act(h, a, d, powerFails)
		now := c.answers(h)
		known = append(known, now)
		c.check(acts, losses, known)
		if err == nil {
			known = []string{now} // a caller that was told so relies on it
		}
		losses = nil
		powerFails()
		c.check(acts, losses, known)
	}
	return waits
}

var errDied = errors.New("died")

// act has a process act, and calls powerFails whenever it waits for the disk.
func (c *crashes) act(h harness, a act, d *disk, powerFails func()) (waits int, err error) {
	h.OnSync(func(f *os.File) error {
		d.observe(c.T)
		powerFails()
		if waits++; waits == a.dies {
			panic(errDied)
		}
		d.flush(c.T, f)
		return nil
	})
	defer d.observe(c.T)
	defer func() {
		if r := recover(); r == errDied {
			err = errDied
			d.ordered = true // one disaster may happen on any file system, two only on a sound one
		} else if r != nil {
			panic(r)
		}
	}()
	err = a.do(c.Context(), h.Store)
	return waits, err
}

// check says whether a store, started on the remains of each power failure, answers one of known.
func (c *crashes) check(acts []act, losses []left, known []string) {
	for _, l := range losses {
		id := fmt.Sprint(l, known)
		if c.seen[id] {
			continue
		}
		c.seen[id] = true
		c.place(l)
		if got := c.answers(c.desk); !slices.Contains(known, got) {
			c.Errorf("%s\ngot  %s\nwant %s", story(acts), got, strings.Join(known, "\n  or "))
		}
	}
}

func story(acts []act) string {
	var b strings.Builder
	for _, a := range acts {
		fmt.Fprintf(&b, "\n%s", a.desc)
		if a.dies > 0 {
			fmt.Fprintf(&b, ", and dies at wait %d", a.dies)
		}
	}
	return b.String()
}

// place replaces what is on the desk by l.
func (c *crashes) place(l left) {
	for name, content := range c.put {
		if l[name] != content {
			must(c, os.RemoveAll(filepath.Join(c.desk.dir, name)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l)) {
		path := filepath.Join(c.desk.dir, name)
		switch content := l[name]; {
		case content == "/":
			must(c, os.MkdirAll(path, 0o700))
		case content != c.put[name]:
			must(c, os.WriteFile(path, []byte(content), 0o600))
		}
	}
	c.put = l
}

// answers is everything that a store answers and logs.
func (c *crashes) answers(h harness) string {
	var all []string
	for _, key := range []string{key, another} {
		rec, err := h.Read(c.Context(), key)
		switch {
		case err != nil:
			all = append(all, err.Error())
		case !bytes.Equal(rec.Data, dataOf(rec.Version, len(rec.Data))):
			all = append(all, "garbage")
		default:
			all = append(all, fmt.Sprintf("version %d, %d bytes, until %s", rec.Version, len(rec.Data), rec.Expires.Format(time.TimeOnly)))
		}
	}
	entries, err := h.Tagged(c.Context(), tag)
	return fmt.Sprint(strings.Join(all, "; "), "; ", entries, err, h.log.take())
}

// dataOf is the data that acts write as this version.
func dataOf(version uint64, length int) []byte {
	return bytes.Repeat([]byte{'a' + byte(version)}, length)
}

func (c *crashes) write(key string, length int) act {
	return act{desc: fmt.Sprintf("write %d bytes", length), do: func(ctx context.Context, s *filestore.Store) error {
		rec, err := s.Read(ctx, key)
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return err
		}
		rec.Data, rec.Expires = dataOf(rec.Version+1, length), c.clock.In(time.Hour)
		return s.Write(ctx, key, rec)
	}}
}

func (c *crashes) touch(key string, d time.Duration) act {
	return act{desc: "touch", do: func(ctx context.Context, s *filestore.Store) error {
		return s.Touch(ctx, key, c.clock.In(d))
	}}
}

func (c *crashes) destroy(key string) act {
	return act{desc: "destroy the version that is there", do: func(ctx context.Context, s *filestore.Store) error {
		rec, err := s.Read(ctx, key)
		if err == nil || errors.Is(err, session.ErrNotFound) {
			err = s.Destroy(ctx, key, max(rec.Version, 1))
		}
		if errors.Is(err, session.ErrNotFound) {
			return nil // for a log-out this is as good as done
		}
		return err
	}}
}

func (c *crashes) remove(key string) act {
	return act{desc: "destroy", do: func(ctx context.Context, s *filestore.Store) error {
		return s.Destroy(ctx, key, 0)
	}}
}

func (c *crashes) tag(key string) act {
	return act{desc: "tag", do: func(ctx context.Context, s *filestore.Store) error {
		return s.Tag(ctx, tag, key, c.clock.In(time.Hour))
	}}
}

func (c *crashes) untag(keys ...string) act {
	return act{desc: fmt.Sprintf("untag %d", len(keys)), do: func(ctx context.Context, s *filestore.Store) error {
		return s.Untag(ctx, tag, keys...)
	}}
}

func (c *crashes) revoke() act {
	return act{desc: "revoke", do: func(ctx context.Context, s *filestore.Store) error {
		_, err := s.Revoke(ctx, tag)
		return err
	}}
}

func Test_that_a_loss_of_power_leaves_what_was_there_or_what_was_to_come(t *testing.T) {
	c := newCrashes(t)
	for _, life := range [][]act{
		{
			c.write(another, 600), c.write(key, 600), c.write(key, 700), c.touch(key, 9*time.Hour), c.write(key, 600), c.write(key, 700),
			c.write(key, 1400), c.touch(key, 9*time.Hour), c.write(key, 600), c.destroy(key), c.write(key, 600), c.remove(key),
		},
		{c.tag(key), c.tag(another), c.untag(key), c.tag(faraway), c.revoke(), c.untag(another, faraway)},
	} {
		for i := range life {
			c.run(life[:i+1]...)
		}
	}
}

func Test_that_so_does_a_loss_of_power_after_processes_have_died(t *testing.T) {
	c := newCrashes(t)
	write, grow, touch, destroy, remove := c.write(key, 600), c.write(key, 1400), c.touch(key, 9*time.Hour), c.destroy(key), c.remove(key)
	tag, untag, untagAll, revoke := c.tag(faraway), c.untag(key), c.untag(key, another), c.revoke()
	for _, tc := range []struct {
		before, dying, then []act
	}{
		{[]act{c.write(another, 600), write, write}, []act{write, grow, touch, destroy, remove}, []act{write, grow, touch, destroy, remove}},
		{[]act{c.write(another, 600), write, write, write.dead(2)}, []act{write, touch}, []act{write, touch}},
		{[]act{c.tag(key), c.tag(another)}, []act{tag, untag, untagAll, revoke}, []act{tag, c.tag(key), untag, untagAll, revoke}},
	} {
		for _, dying := range tc.dying {
			acts := append(slices.Clip(tc.before), dying)
			for n := range c.run(acts...) {
				acts[len(tc.before)] = dying.dead(n + 1)
				for _, then := range tc.then {
					c.run(append(slices.Clip(acts), then)...)
				}
			}
		}
	}
}
