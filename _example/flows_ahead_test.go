package main

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// (f) Whoever loads a page ahead of time may show it later without asking again, or never.
func Test_that_a_page_that_is_loaded_ahead_of_time_neither_loses_a_message_nor_repeats_it(t *testing.T) {
	t.Parallel()
	link := func(attributes string) markup { return markup{`<a id="go" href="/done" ` + attributes + `>Go</a>`} }
	for _, test := range []struct {
		name  string
		site  site
		hover bool
	}{
		{"link prefetch", site{library: plain, start: append(link(""), `<link rel="prefetch" href="/done">`)}, false},
		{"link prefetch without JavaScript", site{library: scriptless, start: append(link(""), `<link rel="prefetch" href="/done">`)}, false},
		{"prefetch by rule", site{library: plain, start: link(""), rules: "prefetch"}, false},
		{"prerender by rule", site{library: plain, start: link(""), rules: "prerender"}, false},
		{"htmx 2 preload", site{library: htmx2, boost: true, start: link(`preload="mouseover"`)}, true},
		{"htmx 4 preload", site{library: htmx4, boost: true, start: link(`hx-preload="mouseenter"`)}, true},
		{"Turbo hover", site{library: turbo, start: link("")}, true},
	} {
		for _, driver := range []string{"memory", "cookie"} {
			t.Run(test.name+" "+driver, func(t *testing.T) {
				t.Parallel()
				s := test.site
				s.serve(t, driver)
				w := s.visit(t)
				w.opens("next")
				w.triggers("/flash", chromedp.Click("#to-flash"))
				if test.hover {
					w.opens("quiet")
					w.triggers("/done", w.over("#go"))
				} else {
					w.triggers("/done", chromedp.Navigate(s.url+"/quiet"))
				}
				w.hasRead()
				w.clicks("#go", "done")
				w.clicks("#to-next", "next")
				w.reads("Saved.")
				w.opens("done")
				w.hasRead("Saved.")
			})
		}
	}
}

// triggers does what makes the browser ask for a path, and waits until that is answered.
func (w witness) triggers(path string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	before := w.site.timesAnswered(path)
	w.do(steps...)
	if err := w.site.traffic.wait(w.patient(), func(t traffic) bool { return t.answered[path] > before }); err != nil {
		w.t.Fatalf("waiting for %s: %v", path, err)
	}
}

// over moves the mouse onto something.
func (w witness) over(selector string) chromedp.Action[chromedp.Void] {
	w.t.Helper()
	at := eval[[]float64](w.tab, `(({x, y, width, height}) => [x + width / 2, y + height / 2])(document.querySelector("`+selector+`").getBoundingClientRect())`)
	return chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1])
}
