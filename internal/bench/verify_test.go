package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func honest() floor { return blobs{&memory{sessions: map[string]*memorySession{}}} }

func Test_that_who_only_pretends_is_found_out(t *testing.T) {
	if err := verify(peer{role: leastCost}, onFloor(honest())); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		desc string
		site floor
		want string // part of the claim that fails
	}{
		{"keeps nothing", keepsNothing{honest()}, "a value can be read"},
		{"keeps what there was", putsNothing{honest()}, "can be replaced"},
		{"keeps the last value only", putsAlone{honest()}, "the others stay"},
		{"shows a message again", showsAgain{honest()}, "shown once"},
		{"has one session for all", &oneForAll{floor: honest()}, "of his own"},
		{"believes any cookie", believes{honest()}, "tampered with"},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			err := verify(peer{role: leastCost}, onFloor(tc.site))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v; want an error that says %q", err, tc.want)
			}
		})
	}
}

type keepsNothing struct{ floor }

func (keepsNothing) create(record) (string, error) { return "x", nil }

type putsNothing struct{ floor }

func (putsNothing) put(string, string, string) (string, error) { return "", nil }

type putsAlone struct{ floor }

func (f putsAlone) put(_, key, value string) (string, error) {
	return f.create(record(nil).with(key, value))
}

type showsAgain struct{ floor }

func (f showsAgain) take(cookie, key string) (value, newCookie string, err error) {
	value, err = f.get(cookie, key)
	return value, "", err
}

type oneForAll struct {
	floor
	cookie string
}

func (f *oneForAll) create(r record) (cookie string, err error) {
	f.cookie, err = f.floor.create(r)
	return f.cookie, err
}

func (f *oneForAll) get(_, key string) (string, error) { return f.floor.get(f.cookie, key) }

// believes checks only the length of a cookie, as if nobody ever changed a letter.
type believes struct{ floor }

func (f believes) get(cookie, key string) (string, error) {
	if cookie == "" {
		return "", nil
	}
	return values[key].(string), nil
}

func Test_that_a_row_is_not_timed_without_all_that_its_sessions_were_given(t *testing.T) {
	for _, s := range scenarios {
		r := &row{scenario: s, peer: peer{name: "small", role: leastCost, open: func(*backend) (transports, error) {
			return onFloor(small{honest()}), nil
		}}}
		err := r.start()
		r.close()
		if got := err != nil; got != s.large {
			t.Errorf("%s: got error %v; want one: %t", s.name, err, s.large)
		}
	}
}

// small silently drops what is too long.
type small struct{ floor }

func (f small) put(cookie, key, value string) (string, error) {
	if len(value) == len(leaf) {
		return "", nil
	}
	return f.floor.put(cookie, key, value)
}

func Test_that_a_site_that_stops_writing_while_it_is_timed_is_found_out(t *testing.T) {
	for _, s := range scenarios {
		site := &tiring{floor: honest()}
		r := &row{scenario: s, peer: peer{name: "tiring", role: leastCost, open: func(*backend) (transports, error) {
			return onFloor(site), nil
		}}}
		ok(t, r.start())
		site.tired = true
		ok(t, r.visit(&visitor{transport: r.transports()}))
		err := r.intact()
		r.close()
		if writes := slices.Contains(s.pages, write); writes != (err != nil) {
			t.Errorf("%s: got error %v; want one: %t", s.name, err, writes)
		}
	}
}

// tiring silently drops what is written after some time.
type tiring struct {
	floor
	tired bool
}

func (f *tiring) create(r record) (string, error) {
	if f.tired {
		r = nil
	}
	return f.floor.create(r)
}

func (f *tiring) put(cookie, key, value string) (string, error) {
	if f.tired {
		return "", nil
	}
	return f.floor.put(cookie, key, value)
}

func Test_that_a_run_of_nothing_is_a_mistake(t *testing.T) {
	err := bench(regexp.MustCompile("^memory$/^read$"), 1)
	if err == nil || !strings.Contains(err.Error(), "one regexp for all of a name") {
		t.Errorf("got %v; want an error that says how names are matched", err)
	}
}
