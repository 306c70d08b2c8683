package main

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// saveForm flashes a message for the page after it.
const saveForm = `<form method="post" action="/save"><button>Save</button></form>`

// Without this, the tests of this file could never fail: it shows that Chromium does keep pages,
// and shows them unchanged.
func Test_that_a_page_without_messages_is_kept_for_Back(t *testing.T) {
	t.Parallel()
	onSites(t, []library{plain, scriptless}, func(t *testing.T, s *site, driver string) {
		s.start = markup{`<form method="post" action="/login?say=Welcome.&amp;to=/next"><button>Log in</button></form>`}
		s.serve(t, driver)
		w := s.visit(t)
		w.staysKept()
		w.opens("start")
		w.clicks("form button", "next") // logs in
		w.staysKept()
		w.hasRead("Welcome.")
	})
}

func (w witness) staysKept() {
	w.t.Helper()
	w.opens("done")
	w.clicks("#load-next", "next")
	if !w.goesBack("done") {
		w.t.Error("the page was loaded again")
	}
}

// (h) The first message of a visitor begins a session; later ones find it there.
func Test_that_Back_does_not_show_a_message_again(t *testing.T) {
	t.Parallel()
	onSites(t, allLibraries, func(t *testing.T, s *site, driver string) {
		s.start = markup{saveForm,
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

// Chromium keeps a page by its own headers, whatever those of its frames say.
func Test_that_the_script_removes_the_message_of_a_frame(t *testing.T) {
	t.Parallel()
	onSites(t, []library{plain}, func(t *testing.T, s *site, driver string) {
		s.serve(t, driver)
		w := s.visit(t)
		w.opens("flash")
		w.comes("framed", chromedp.Navigate(w.app+"/around"))
		w.reads("Saved.")
		w.clicks("#load-next", "next")
		if !w.goesBack("framed") {
			t.Error("the page was loaded again, which shows nothing of the script")
		}
		w.hasRead("Saved.")
	})
}

func Test_that_Back_does_not_show_the_errors_of_a_form_again(t *testing.T) {
	t.Parallel()
	onSites(t, []library{plain, scriptless}, func(t *testing.T, s *site, driver string) {
		s.start = titleForm
		s.serve(t, driver)
		w := s.visit(t)
		for range 2 { // the second time, there is already a session
			w.opens("start")
			w.clicks("#form button", "start")
			w.clicks("#load-next", "next")
			w.goesBack("start")
		}
		w.hasRead("Not saved.", "Enter a longer title.", "Not saved.", "Enter a longer title.")
	})
}

// A library swaps pages, and brings them back from its own cache. The attributes of the components
// are enough to tell it what not to keep.
func Test_that_a_library_does_not_bring_a_message_back(t *testing.T) {
	t.Parallel()
	onSites(t, []library{htmx2, htmx4, turbo}, func(t *testing.T, s *site, driver string) {
		s.boost, s.alone = true, true
		s.start = markup{saveForm}
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

// Unpoly also has its own cache, which it uses even when a link is followed.
func Test_that_Unpoly_does_not_bring_back_what_was_shown(t *testing.T) {
	t.Parallel()
	for what, shown := range map[string]struct {
		start      markup
		page, text string
	}{
		"a message":            {markup{saveForm}, "done", "Saved."},
		"the errors of a form": {markup{formTo("/refused")}, "start", "Enter a longer title."},
	} {
		t.Run(what, func(t *testing.T) {
			onSites(t, []library{unpoly}, func(t *testing.T, s *site, driver string) {
				s.boost, s.start = true, shown.start
				s.serve(t, driver)
				w := s.visit(t)
				w.opens("start")
				w.clicks("form button", shown.page)
				w.reads(shown.text)
				w.clicks("#to-next", "next")
				w.goesBack(shown.page)
				w.clicks("#to-next", "next")
				w.clicks("#to-"+shown.page, shown.page)
				w.hasRead(shown.text)
			})
		})
	}
}

// It also keeps a page under the address of the link that was redirected to it.
func Test_that_Unpoly_does_not_bring_back_what_a_redirect_led_to(t *testing.T) {
	t.Parallel()
	onSites(t, []library{unpoly}, func(t *testing.T, s *site, driver string) {
		s.boost, s.start = true, markup{`<a id="guarded" href="/guarded">On</a>`}
		s.serve(t, driver)
		w := s.visit(t)
		w.opens("start")
		w.clicks("#guarded", "done")
		w.reads("Saved.")
		w.clicks("#to-start", "start")
		w.clicks("#guarded", "done")
		w.hasRead("Saved.")
	})
}

// A message that came with a part is in the page that htmx keeps, and in the document that the
// browser keeps; the server can affect neither.
func Test_that_a_message_of_a_part_does_not_come_back_with_its_page(t *testing.T) {
	t.Parallel()
	for how, link := range map[string]string{"swapped": "#to-next", "loaded": "#load-next"} {
		t.Run(how, func(t *testing.T) {
			onSites(t, htmx, func(t *testing.T, s *site, driver string) {
				s.boost = true
				s.start = markup{`<button id="save" hx-post="/row?say=Saved." hx-target="#part">Save</button><div id="part"></div>`}
				s.serve(t, driver)
				w := s.visit(t)
				w.opens("next")
				w.clicks("#to-start", "start")
				w.clicks("#save", "part")
				w.reads("Saved.")
				w.clicks(link, "next")
				w.goesBack("start")
				w.hasRead("Saved.")
			})
		})
	}
}

// The document is older than the page that was swapped into it, and so are the server's
// instructions about keeping it.
func Test_that_a_message_of_a_swapped_page_does_not_come_back_with_its_document(t *testing.T) {
	t.Parallel()
	onSites(t, []library{htmx2, htmx4, turbo}, func(t *testing.T, s *site, driver string) {
		s.boost = true
		s.start = markup{saveForm}
		s.serve(t, driver)
		w := s.visit(t)
		w.opens("start")
		w.clicks("form button", "done")
		w.reads("Saved.")
		w.clicks("#load-next", "next")
		if !w.goesBack("done") {
			t.Error("the document was loaded again, so that this test cannot fail")
		}
		w.hasRead("Saved.")
	})
}

func Test_that_Turbo_does_not_bring_the_errors_of_a_form_back(t *testing.T) {
	t.Parallel()
	onSites(t, []library{turbo}, func(t *testing.T, s *site, driver string) {
		s.start = titleForm
		s.serve(t, driver)
		w := s.visit(t)
		w.opens("start")
		w.clicks("#form button", "start")
		w.clicks("#to-next", "next")
		w.goesBack("start")
		w.hasRead("Not saved.", "Enter a longer title.")
	})
}

// Turbo puts a frame, or an answer that is no redirect, into the page without loading a page.
func Test_that_Turbo_does_not_bring_back_a_form_that_was_answered_at_once(t *testing.T) {
	t.Parallel()
	for claim, start := range map[string]markup{
		"in a frame":                   {`<turbo-frame id="frame">`, formTo("/again"), `</turbo-frame>`},
		"as nobody knows where it was": {`<meta name="referrer" content="no-referrer">`, formTo("/again")},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			s := &site{library: turbo, boost: true, start: start}
			s.serve(t, "memory")
			w := s.visit(t)
			w.opens("start")
			w.do(chromedp.Click("form button"))
			w.reads("Enter a longer title.")
			w.clicks("#to-next", "next")
			w.goesBack("start")
			w.hasRead("Enter a longer title.")
		})
	}
}
