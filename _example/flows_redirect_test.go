package main

import (
	"testing"
)

// onSites runs test with each of these libraries, and each kind of store.
func onSites(t *testing.T, libraries []library, test func(*testing.T, *site, string)) {
	t.Helper()
	for _, l := range libraries {
		for _, driver := range []string{"memory", "cookie"} {
			t.Run(l.name+" "+driver, func(t *testing.T) {
				t.Parallel()
				test(t, &site{library: l}, driver)
			})
		}
	}
}

var (
	allLibraries = []library{plain, scriptless, htmx2, htmx4, turbo}
	htmx         = []library{htmx2, htmx4}
)

// (a) While the redirects are on their way, the page that was there before goes on polling.
func Test_that_a_poll_does_not_take_the_message_of_the_next_page(t *testing.T) {
	t.Parallel()
	onSites(t, allLibraries, func(t *testing.T, s *site, driver string) {
		s.polls = true
		s.start = markup{`<form method="post" action="/save?hops=2&amp;after=/poll"><button>Save</button></form>`}
		s.serve(t, driver)
		v := s.visit(t)
		if s.off {
			v.another().opens("start") // for the poll: that tab has scripts
		}
		v.opens("start")
		v.clicks("form button", "done")
		v.reads("Saved.")
		v.polls()
		v.clicks("#to-next", "next")
		v.opens("done")
		v.hasRead("Saved.")
	})
}

// polls waits for a poll or two.
func (w witness) polls() {
	w.t.Helper()
	if err := w.site.more(w.ctx, "/poll", 2); err != nil {
		w.t.Fatal(err)
	}
}
