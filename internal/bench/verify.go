package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// verify makes a peer prove that it does what is timed, and nothing else.
func verify(p peer, site transports) error {
	if p.role == framework {
		return nil // it has no session; visit checks the status
	}
	var errs []error
	for _, check := range checks {
		if err := check.run(site); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", check.claim, err))
		}
	}
	return errors.Join(errs...)
}

var checks = []struct {
	claim string
	run   func(transports) error
}{
	{"a value can be read that was stored", func(site transports) error {
		v, err := newcomer(site, seed)
		return errors.Join(err, v.reads(textKey, values[textKey].(string)), v.reads(seenKey, values[seenKey].(string)))
	}},
	{"a value can be replaced, and the others stay", func(site transports) error {
		v, err := newcomer(site, seed)
		return errors.Join(err, v.writes(), v.reads(textKey, values[textKey].(string)))
	}},
	{"a message is shown once", func(site transports) error {
		v, err := newcomer(site, seed, flash)
		return errors.Join(err, v.sees(message), v.sees(""), v.reads(textKey, values[textKey].(string)))
	}},
	{"a page that does not look at the session changes nothing", func(site transports) error {
		v, err := newcomer(site, seed, flash, untouched)
		return errors.Join(err, v.reads(textKey, values[textKey].(string)), v.sees(message))
	}},
	{"a visitor who was never here can store a value, of his own", func(site transports) error {
		one, err1 := newcomer(site)
		other, err2 := newcomer(site)
		return errors.Join(err1, err2,
			one.ask(request{page: write, key: seenKey, value: moments[0]}),
			other.ask(request{page: write, key: seenKey, value: moments[1]}),
			one.reads(seenKey, moments[0]), other.reads(seenKey, moments[1]))
	}},
	{"without a cookie there is nothing", func(site transports) error {
		_, err1 := newcomer(site, seed, flash)
		v, err2 := newcomer(site)
		return errors.Join(err1, err2, v.reads(textKey, ""), v.sees(""))
	}},
	{"with a cookie that was tampered with there is nothing", func(site transports) error {
		v, err := newcomer(site, seed, flash)
		for i, cookie := range v.jar {
			v.jar[i] = tampered(cookie)
		}
		forged := slices.Clone(v.jar)
		err = errors.Join(err, v.reads(textKey, ""))
		v.jar = forged
		return errors.Join(err, v.sees(""))
	}},
}

// newcomer has no cookies, and requests these pages.
func newcomer(site transports, pages ...page) (*visitor, error) {
	v := &visitor{transport: site()}
	for _, page := range pages {
		if err := v.ask(request{page: page}); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (v *visitor) reads(key, want string) error { return v.gets(request{page: read, key: key}, want) }

// writes writes all moments, and says whether each can be read.
func (v *visitor) writes() (err error) {
	for _, moment := range moments {
		err = errors.Join(err, v.ask(request{page: write, key: seenKey, value: moment}), v.reads(seenKey, moment))
	}
	return err
}

func (v *visitor) sees(want string) error { return v.gets(request{page: shown}, want) }

func (v *visitor) gets(q request, want string) error {
	if err := v.ask(q); err != nil {
		return err
	}
	if got := v.body(); got != want {
		return fmt.Errorf("%s %s answers %q; want %q", pageOf[q.page].path, q.key, got, want)
	}
	return nil
}

// tampered is a cookie with one changed letter in the middle of its value.
func tampered(cookie string) string {
	at := strings.IndexByte(cookie, '=') + (len(cookie)-strings.IndexByte(cookie, '='))/2
	letter := "A"
	if cookie[at] == 'A' {
		letter = "B"
	}
	return cookie[:at] + letter + cookie[at+1:]
}
