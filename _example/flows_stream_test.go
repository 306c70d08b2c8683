package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// (g) The head of such a page is sent before the end of the page is known.
func Test_that_a_page_that_streams_shows_its_message_once(t *testing.T) {
	t.Parallel()
	onSites(t, []library{plain, scriptless, turbo}, func(t *testing.T, s *site, driver string) {
		s.polls = true
		s.start = markup{`<form method="post" action="/save?to=/streamed"><button>Save</button></form>`}
		s.serve(t, driver)
		w := s.visit(t)
		w.opens("start")
		other := w.another() // with scripts
		other.opens("start")
		w.do(chromedp.Click("form button"))
		if s.name != turbo.name { // Turbo waits for the end
			w.reads("Saved.")
		}
		other.polls()
		close(s.gate)
		w.waits("the end", func(now sight) bool { return now.isAt("end of stream", 0) })
		w.reads("Saved.")
		w.clicks("#to-next", "next")
		w.hasRead("Saved.")
		other.hasRead()
	})
}
