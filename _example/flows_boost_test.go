package main

import "testing"

// (e) Boosted links and forms get whole pages. If only a part of a page is used, the message region
// must be used as well.
func Test_that_a_boosted_page_shows_its_message_once(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string]string{
		"body":         "",
		"a part of it": `hx-select="#main" hx-target="#main" hx-swap="outerHTML" hx-select-oob="#flash"`,
	} {
		t.Run(name, func(t *testing.T) {
			onSites(t, htmx, func(t *testing.T, s *site, driver string) {
				s.boost, s.polls = true, true
				s.start = markup{`<form method="post" action="/save?hops=2&amp;after=/poll" `, attributes, `><button>Save</button></form>`}
				s.serve(t, driver)
				w := s.visit(t)
				w.opens("start")
				w.clicks("form button", "done")
				w.reads("Saved.")
				w.polls()
				w.clicks("#to-next", "next")
				w.opens("done")
				w.hasRead("Saved.")
			})
		})
	}
}
