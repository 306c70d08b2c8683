package main

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// (f) A page that is loaded ahead of time may be shown later without another request.
func Test_that_a_page_that_is_loaded_ahead_of_time_neither_takes_a_message_nor_repeats_it(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		site  site
		hover bool
	}{
		{"link prefetch", site{library: plain, start: linkToDone("", `<link rel="prefetch" href="/done">`)}, false},
		{"link prefetch without JavaScript", site{library: scriptless, start: linkToDone("", `<link rel="prefetch" href="/done">`)}, false},
		{"prefetch by rule", site{library: plain, start: linkToDone(""), rules: "prefetch"}, false},
		{"prerender by rule", site{library: plain, start: linkToDone(""), rules: "prerender"}, false},
		{"htmx 2 preload", site{library: htmx2, boost: true, start: linkToDone(`preload="mouseover"`)}, true},
		{"Turbo hover", site{library: turbo, start: linkToDone("")}, true},
		{"Unpoly preload", site{library: unpoly, boost: true, start: linkToDone("up-preload")}, true},
	} {
		for _, driver := range []string{"memory", "cookie"} {
			for how, use := range map[string]func(witness){
				"used":   func(w witness) { w.clicks("#go", "done"); w.opens("next") },
				"unused": func(w witness) { w.clicks("#load-next", "next") },
			} {
				t.Run(test.name+" "+driver+" "+how, func(t *testing.T) {
					t.Parallel()
					s := test.site
					s.serve(t, driver)
					s.visit(t).looksAhead(test.hover, use)
				})
			}
		}
	}
}

func Test_that_a_form_leads_to_its_message_if_its_answer_clears_what_was_loaded_ahead(t *testing.T) {
	t.Parallel()
	for _, rules := range []string{"prefetch", "prerender"} {
		t.Run(rules, func(t *testing.T) {
			t.Parallel()
			onSites(t, []library{plain}, func(t *testing.T, s *site, driver string) {
				s.rules = rules
				s.start = markup{`<form method="post" action="/save?clear=1"><button>Save</button></form>`}
				s.serve(t, driver)
				w := s.visit(t)
				w.triggers("/done", chromedp.Navigate(w.app+"/quiet"))
				w.clicks("form button", "done")
				w.reads("Saved.")
				w.opens("next")
				w.hasRead("Saved.")
			})
		})
	}
}

// The server cannot tell the preload extension of htmx 4 from a click. The page that it loads is
// shown if there is a click, and lost with its message if there is none.
func Test_that_a_page_that_htmx_4_preloads_shows_its_message_when_it_is_used(t *testing.T) {
	t.Parallel()
	onSites(t, []library{htmx4}, func(t *testing.T, s *site, driver string) {
		s.boost, s.start = true, linkToDone(`hx-preload="mouseenter"`)
		s.serve(t, driver)
		s.visit(t).looksAhead(true, func(w witness) {
			w.clicks("#go", "done")
			w.hasRead("Saved.")
		})
	})
}

func linkToDone(attributes string, more ...any) markup {
	return append(markup{`<a id="go" href="/done" `, attributes, `>Go</a>`}, more...)
}

// looksAhead makes the browser load /done ahead of time, while a message waits to be shown.
func (w witness) looksAhead(hover bool, use func(witness)) {
	w.t.Helper()
	w.opens("flash")
	if hover {
		w.opens("quiet")
		w.triggers("/done", w.over("#go"))
	} else {
		w.triggers("/done", chromedp.Navigate(w.app+"/quiet"))
	}
	w.hasRead()
	use(w)
	w.reads("Saved.")
	w.opens("done")
	w.hasRead("Saved.")
}

// triggers runs steps that make the browser request a path, and waits for the answer.
func (w witness) triggers(path string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	before := w.site.timesAnswered(path)
	w.do(steps...)
	if err := w.site.traffic.wait(w.patient(), func(t traffic) bool { return t.answered[path] > before }); err != nil {
		w.t.Fatalf("waiting for %s: %v", path, err)
	}
}

// over moves the mouse over an element.
func (w witness) over(selector string) chromedp.Action[chromedp.Void] {
	w.t.Helper()
	at := eval[[]float64](w.tab, `(({x, y, width, height}) => [x + width / 2, y + height / 2])(document.querySelector("`+selector+`").getBoundingClientRect())`)
	return chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1])
}
