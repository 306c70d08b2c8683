package storetest

import (
	"context"
	"slices"
)

// CutShort is cutShort.
var CutShort = cutShort

// Rules are the numbers of all rules that have a text.
func Rules() []int {
	var all []int
	for n, text := range rules {
		if text != "" {
			all = append(all, n)
		}
	}
	return all
}

// Claims are the claims of all cases, and the rule of each. Cases that run in several ways count
// once.
func Claims() map[string]int {
	all := map[string]int{}
	for _, c := range slices.Concat(recordCases, tagCases, listCases, shareCases, renewCases, sealCases) {
		all[c.claim] = c.rule
	}
	return all
}

// Cases is the number of cases.
func Cases() int {
	return len(recordCases) + len(tagCases) + len(listCases) + len(shareCases) + len(renewCases) + len(sealCases)
}

// Failures are the claims that a store fails, with what Run reports about each.
func Failures(ctx context.Context, newHarness func() Harness) (map[string]error, error) {
	first := newHarness()
	cases, err := casesFor(first)
	if err != nil {
		return nil, err
	}
	if err := fresh(ctx, first, newHarness()); err != nil {
		return nil, err
	}
	failures := map[string]error{}
	for _, c := range cases {
		if err := c.check(ctx, newHarness()); err != nil {
			failures[c.claim] = err
		}
	}
	return failures, nil
}
