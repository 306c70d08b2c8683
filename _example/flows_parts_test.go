package main

import "testing"

// (b) Without a library, or with Turbo, the form comes back with its page.
func Test_that_a_form_that_is_wrong_comes_back_with_its_errors_once(t *testing.T) {
	t.Parallel()
	onSites(t, allLibraries, func(t *testing.T, s *site, driver string) {
		s.start = titleForm
		s.serve(t, driver)
		w := s.visit(t)
		w.opens("start")
		w.fill("#title", "Hi")
		w.clicks("#form button", "form")
		w.reads("Not saved.", "Enter a longer title.")
		if title := eval[string](w.tab, `document.querySelector("#title").value`); title != "Hi" {
			t.Errorf("the title is %q; want what was typed", title)
		}
		w.opens("next")
		w.opens("start")
		w.hasRead("Not saved.", "Enter a longer title.")
		if title := eval[string](w.tab, `document.querySelector("#title").value`); title != "" {
			t.Errorf("the title is still there: %q", title)
		}
	})
}

// (c) A request for a part cannot be redirected to a page: htmx follows, and puts the page into the
// part.
func Test_that_a_part_that_leads_to_another_page_leaves_the_message_to_that(t *testing.T) {
	t.Parallel()
	for how, action := range map[string]string{"HX-Redirect": "/save", "HX-Location": "/locate"} {
		t.Run(how, func(t *testing.T) {
			onSites(t, htmx, func(t *testing.T, s *site, driver string) {
				s.polls = true
				s.start = markup{`<button id="save" hx-post="`, action, `" hx-target="#part">Save</button><div id="part"></div>`}
				s.serve(t, driver)
				w := s.visit(t)
				w.opens("start")
				w.clicks("#save", "done")
				w.wantPath("/done")
				w.reads("Saved.")
				w.polls()
				w.opens("next")
				w.hasRead("Saved.")
			})
		})
	}
}

// (c, i) Half of the cases use DELETE, which must not be repeated.
func Test_that_a_redirect_from_part_to_part_shows_the_message_in_the_page_around_it(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"post", "delete"} {
		t.Run(method, func(t *testing.T) {
			onSites(t, htmx, func(t *testing.T, s *site, driver string) {
				s.polls = true
				s.start = markup{`<button id="save" hx-`, method, `="/part" hx-target="#part">Save</button><div id="part"></div>`}
				s.serve(t, driver)
				w := s.visit(t)
				w.opens("start")
				w.clicks("#save", "part")
				w.reads("Saved.")
				w.polls()
				w.opens("next")
				w.hasRead("Saved.")
				if n := s.timesAnswered("/part"); n != 2 {
					t.Errorf("/part was asked for %d times; want two", n)
				}
			})
		})
	}
}

// (d) Whichever part brings a message along fills the page's message region.
func Test_that_a_part_shows_its_own_message_in_the_page_around_it(t *testing.T) {
	t.Parallel()
	onSites(t, htmx, func(t *testing.T, s *site, driver string) {
		s.polls = true
		s.start = markup{
			`<button id="one" hx-post="/row?say=One." hx-target="#part">One</button>`,
			`<button id="two" hx-post="/row?say=Two." hx-target="#part">Two</button><div id="part"></div>`,
		}
		s.serve(t, driver)
		w := s.visit(t)
		w.opens("start")
		w.clicks("#one", "part")
		w.reads("One.")
		w.wantAlerts("One.")
		w.polls()
		w.clicks("#two", "part")
		w.reads("Two.")
		w.wantAlerts("Two.")
		w.polls()
		w.opens("next")
		w.hasRead("One.", "Two.")
	})
}
