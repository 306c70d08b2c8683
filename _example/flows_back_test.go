package main

import "testing"

// Without this the tests of this file could not fail: Chromium does keep pages, and shows
// them as they were.
func Test_that_a_page_without_messages_is_kept_for_Back(t *testing.T) {
	t.Parallel()
	onSites(t, []library{plain, scriptless}, func(t *testing.T, s *site, driver string) {
		s.serve(t, driver)
		w := s.visit(t)
		w.opens("done")
		w.clicks("#load-next", "next")
		if !w.goesBack("done") {
			t.Error("the page was loaded again")
		}
		w.hasRead()
	})
}

// (h) The first message of a visitor begins his session; later ones find it there.
func Test_that_Back_does_not_show_a_message_again(t *testing.T) {
	t.Parallel()
	onSites(t, allLibraries, func(t *testing.T, s *site, driver string) {
		s.start = markup{`<form method="post" action="/save"><button>Save</button></form>`,
			`<form id="far" method="post" action="/save?say=Sent.&amp;hops=1"><button>Send</button></form>`,
			`<form id="login" method="post" action="/login?say=Welcome."><button>Log in</button></form>`}
		s.serve(t, driver)
		w := s.visit(t)
		var read []string
		for _, step := range []struct{ button, message string }{
			{"form button", "Saved."}, {"#far button", "Sent."}, {"#login button", "Welcome."}, {"#far button", "Sent."},
		} {
			w.opens("start")
			w.clicks(step.button, "done")
			w.reads(step.message)
			read = append(read, step.message)
			w.clicks("#load-next", "next")
			w.goesBack("done")
			w.hasRead(read...)
		}
	})
}

func Test_that_Back_does_not_show_the_errors_of_a_form_again(t *testing.T) {
	t.Parallel()
	onSites(t, []library{plain, scriptless, turbo}, func(t *testing.T, s *site, driver string) {
		s.start = titleForm
		s.serve(t, driver)
		w := s.visit(t)
		for range 2 { // the second time there is a session already
			w.opens("start")
			w.clicks("#form button", "start")
			w.clicks("#load-next", "next")
			w.goesBack("start")
		}
		w.hasRead("Not saved.", "Enter a longer title.", "Not saved.", "Enter a longer title.")
	})
}

// A library swaps pages, and brings them back from a cache of its own.
func Test_that_a_library_does_not_bring_a_message_back(t *testing.T) {
	t.Parallel()
	onSites(t, []library{htmx2, htmx4, turbo}, func(t *testing.T, s *site, driver string) {
		s.boost = true
		s.start = markup{`<form method="post" action="/save"><button>Save</button></form>`}
		s.serve(t, driver)
		w := s.visit(t)
		w.opens("start")
		w.clicks("form button", "done")
		w.reads("Saved.")
		w.clicks("#to-next", "next")
		w.goesBack("done")
		w.goesBack("start")
		w.hasRead("Saved.")
	})
}
