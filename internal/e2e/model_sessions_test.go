package e2e

import (
	"maps"
	"slices"
	"time"
)

// The model: everything there is to know about every session there ever was. It changes when a
// store has carried something out, whether or not the caller learns of it; see machine.wrote and
// its neighbours.

// modelSession is one record.
type modelSession struct {
	key     string
	id      string // "" = no visitor got it
	alive   bool
	begun   bool      // false during a Regenerate or a login
	stray   bool      // its user's list need not have it
	movedAt time.Time // when a Regenerate ended
	moved   bool      // Regenerate has given it a new id

	// Each Regenerate that may have left a note, and when it began.
	notes map[*request]time.Time

	had     map[string]bool // the users it ever had: after Untag it may still be ended with theirs
	endedBy *activity       // nil if it expired
	marked  map[string]bool // users whose log-out everywhere may have seen it without ending it

	content
	expires, deadline time.Time // zero = no deadline
}

func (s *modelSession) remember() { maps.Copy(s.had, s.users) }

// hasMoved says whether a process must find the note of a Regenerate at most ago old, and whether
// it can: stores may round, and a note may be left although nothing has moved.
func (s *modelSession) hasMoved(now time.Time, ago time.Duration) (must, can bool) {
	if ago == stragglers {
		must = s.moved && now.Sub(s.movedAt) <= ago
	} else {
		must = s.moved && now.Sub(s.movedAt) <= ago-margin
	}
	for _, at := range s.notes {
		can = can || now.Sub(at) <= ago+margin
	}
	return must, can
}

const (
	stragglers = 10 * time.Second
	late       = time.Minute
	margin     = 10 * time.Second
)

// content is what an application stores, and what moves with a Regenerate.
type content struct {
	values map[string]any // ints, and one list of them
	alerts []alert
	users  map[string]bool // the tags
	label  string
}

type alert struct {
	text    string
	expires time.Time
}

// change is one change by an application.
type change func(*content)

func newContent() content {
	return content{values: map[string]any{}, users: map[string]bool{}}
}

func (c content) clone() content {
	c.values, c.alerts, c.users = maps.Clone(c.values), slices.Clone(c.alerts), maps.Clone(c.users)
	return c
}

// empty says whether the content needs no record. A label alone does not need one.
func (c content) empty() bool { return len(c.values)+len(c.alerts)+len(c.users) == 0 }

func (c content) int(key string) int {
	n, _ := c.values[key].(int)
	return n
}

func (c content) list() []int {
	l, _ := c.values["list"].([]int)
	return l
}

// texts are the alerts that can still be shown.
func (c content) texts(now time.Time) []string {
	var texts []string
	for _, a := range c.alerts {
		if a.expires.After(now) {
			texts = append(texts, a.text)
		}
	}
	return texts
}

// without removes alerts by their texts, which are all different.
func (c *content) without(texts []string) {
	c.alerts = slices.DeleteFunc(slices.Clone(c.alerts), func(a alert) bool { return slices.Contains(texts, a.text) })
}
