package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// (a) While the redirects are on their way, the previous page goes on polling.
func Test_that_a_poll_does_not_take_the_message_of_the_next_page(t *testing.T) {
	t.Parallel()
	onSites(t, allLibraries, func(t *testing.T, s *site, driver string) {
		s.polls = true
		s.start = markup{`<form method="post" action="/save?hops=2&amp;after=/poll"><button>Save</button></form>`}
		s.serve(t, driver)
		v := s.visit(t)
		if s.off {
			v.another().opens("start") // polls, since this tab has scripts
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
	if err := w.site.more(w.patient(), "/poll", 2); err != nil {
		w.t.Fatal(err)
	}
}

// (i) A form can say DELETE, and a library can send it; the page must then be requested by GET.
func Test_that_a_deletion_leads_to_a_page_with_its_message(t *testing.T) {
	t.Parallel()
	withMethod := markup{`<form method="post" action="/save?hops=1"><input type="hidden" name="_method" value="DELETE"><button id="delete">Delete</button></form>`}
	for _, test := range []struct {
		library
		start markup
	}{
		{plain, withMethod},
		{scriptless, withMethod},
		{htmx2, markup{`<button id="delete" hx-delete="/save?hops=1">Delete</button>`}},
		{htmx4, markup{`<button id="delete" hx-delete="/save?hops=1">Delete</button>`}},
		{turbo, markup{`<a id="delete" href="/save?hops=1" data-turbo-method="delete">Delete</a>`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &site{library: test.library, start: test.start}
			s.serve(t, "memory")
			w := s.visit(t)
			w.opens("start")
			w.clicks("#delete", "done")
			w.reads("Saved.")
			w.clicks("#to-next", "next")
			w.hasRead("Saved.")
			if n := s.timesAnswered("/save"); n != 1 {
				t.Errorf("it was deleted %d times", n)
			}
		})
	}
}

// (i) The other tab comes while the redirect of the first one is on its way.
func Test_that_of_two_tabs_one_shows_the_message(t *testing.T) {
	t.Parallel()
	onSites(t, allLibraries, func(t *testing.T, s *site, driver string) {
		s.boost = true
		s.start = markup{`<form method="post" action="/save?to=/held"><button>Save</button></form>`}
		s.serve(t, driver)
		one := s.visit(t)
		one.opens("start")
		one.do(chromedp.Click("form button"))
		if err := s.traffic.wait(one.patient(), func(now traffic) bool { return now.asked["/held"] > 0 }); err != nil {
			t.Fatal(err)
		}
		two := one.another()
		two.opens("next")
		two.reads("Saved.")
		close(s.gate)
		one.waits("the page done", func(now sight) bool { return now.isAt("done", 1) })
		two.opens("done")
		one.hasRead()
		two.hasRead("Saved.")
	})
}
