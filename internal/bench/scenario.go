package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// scenario is a visit to the site.
type scenario struct {
	name  string
	pages []page // requested one after the other; one visit is timed
	fresh bool   // by a visitor who was never here

	large bool // the session has 60 KB in addition to what is read or written

	// sessions is how many sessions two concurrent visitors share; they go on to the next one after
	// each visit. It is 0 for a single visitor.
	sessions int
}

var scenarios = []scenario{
	{name: "untouched", pages: []page{untouched}},
	{name: "read", pages: []page{read}},
	{name: "write", pages: []page{write}},
	{name: "flash", pages: []page{flash, shown}},
	{name: "new-untouched", pages: []page{untouched}, fresh: true},
	{name: "new-write", pages: []page{write}, fresh: true},

	{name: "read-60KB", pages: []page{read}, large: true},
	{name: "write-60KB", pages: []page{write}, large: true},

	{name: "read-together-1", pages: []page{read}, sessions: 1},
	{name: "write-together-1", pages: []page{write}, sessions: 1},
	{name: "read-together-10000", pages: []page{read}, sessions: 10_000},
	{name: "write-together-10000", pages: []page{write}, sessions: 10_000},
}

// of says whether the scenario is useful for a peer. A cookie has no room for a large session. Visitors
// who wait for the disk together would say more about the disk than about us.
func (s scenario) of(p peer) bool {
	switch {
	case p.store == "none":
		return !s.large && s.sessions == 0
	case p.store == "cookie":
		return !s.large
	case p.name == oursSynced:
		return s.sessions == 0
	}
	return true
}

// row is one scenario of one peer: a line in a table. Start it first, and close it at the end.
type row struct {
	peer
	scenario

	backend    backend
	transports transports
	jars       []jar // of visitors who were here before; one empty jar for a fresh visitor
}

// rows are all rows, each scenario of a store with its peers next to each other.
func rows() []*row {
	var all []*row
	for _, store := range stores {
		for _, s := range scenarios {
			for _, p := range peers {
				if p.store == store && s.of(p) {
					all = append(all, &row{peer: p, scenario: s})
				}
			}
		}
	}
	return all
}

func (r *row) name() string { return r.store + "/" + r.scenario.name + "/" + r.peer.name }

// start opens the site, verifies it, and creates the sessions.
func (r *row) start() error {
	var err error
	if r.transports, err = r.peer.open(&r.backend); err == nil {
		err = verify(r.peer, r.transports)
	}
	if err == nil {
		err = r.seed()
	}
	if err == nil {
		err = r.intact()
	}
	if err != nil {
		r.close()
		return fmt.Errorf("%s: %w", r.name(), err)
	}
	return nil
}

// close forgets everything. The row may be started again.
func (r *row) close() {
	r.backend.close()
	*r = row{peer: r.peer, scenario: r.scenario}
}

func (r *row) seed() error {
	v := visitor{transport: r.transports()}
	if r.fresh {
		r.jars = []jar{nil}
		return r.crowd(&v)
	}
	for range max(1, r.sessions) {
		v.jar = v.jar[:0]
		if err := v.ask(request{page: seed}); err != nil {
			return err
		}
		if r.large {
			if err := v.fill(); err != nil {
				return err
			}
		}
		r.jars = append(r.jars, slices.Clone(v.jar))
	}
	return nil
}

// crowd makes other visitors come before a fresh one, since an unused store may have to create
// directories.
func (r *row) crowd(v *visitor) error {
	for range 1000 {
		if err := r.visit(v); err != nil {
			return err
		}
	}
	return nil
}

// fill stores 60 values of a kilobyte each.
func (v *visitor) fill() error {
	for i := range 60 {
		if err := v.ask(request{page: write, key: leafKey(i), value: leaf}); err != nil {
			return err
		}
	}
	return nil
}

var leaf = strings.Repeat("x", 1000)

func leafKey(i int) string { return fmt.Sprintf("leaf-%02d", i) }

// intact says whether the sessions still have their values, and accept new ones if the scenario
// writes. A site that has lost them would only answer faster, with a status that does not show it.
func (r *row) intact() error {
	if r.role == framework {
		return nil
	}
	v := visitor{transport: r.transports()}
	for _, jar := range []jar{r.jars[0], r.jars[len(r.jars)-1]} {
		v.jar = slices.Clone(jar)
		var err error
		if !r.fresh {
			err = v.reads(textKey, values[textKey].(string))
		}
		if r.large {
			err = errors.Join(err, v.reads(leafKey(0), leaf), v.reads(leafKey(59), leaf))
		}
		if slices.Contains(r.pages, write) {
			err = errors.Join(err, v.writes())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// visit runs the scenario once.
func (r *row) visit(v *visitor) error {
	v.visits++
	v.jar = append(v.jar[:0], r.jars[v.visits%len(r.jars)]...)
	last := len(r.pages) - 1
	for _, page := range r.pages[:last] {
		if err := v.ask(r.request(v, page)); err != nil {
			return err
		}
	}
	return v.askLast(r.request(v, r.pages[last]))
}

// request is what a visitor sends for a page.
func (r *row) request(v *visitor, page page) request {
	q := request{page: page}
	switch page {
	case read:
		q.key = textKey
	case write:
		q.key, q.value = seenKey, moments[v.visits/len(r.jars)%len(moments)]
	}
	return q
}
