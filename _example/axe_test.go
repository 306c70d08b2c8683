package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func Test_that_the_gallery_is_accessible_in_every_theme(t *testing.T) {
	t.Parallel()
	b := openTab(t, startApp(t, "memory"))
	b.prefers(still, "light")
	for _, look := range looks {
		for _, scheme := range []string{"light", "dark"} {
			if look.name == "none" && scheme == "dark" {
				continue // without style sheets, the colours are those of the browser
			}
			for _, dir := range []string{"ltr", "rtl"} {
				address := galleryView{look, scheme, dir}.address()
				b.open(address)
				b.wantAccessible(address)
			}
		}
	}
}

func Test_that_every_page_is_accessible(t *testing.T) {
	t.Parallel()
	app := startApp(t, "memory")
	for name, lead := range scenes {
		b := openTab(t, app) // as a new visitor
		b.prefers(still, "light")
		lead(b)
		b.wantAccessible(name + ", light")
		b.prefers(still, "dark")
		b.wantAccessible(name + ", dark")
	}
}

// axe-core cannot tell: these colours are right, and all the same.
func Test_that_the_switch_says_what_is_on_in_the_colours_of_the_visitor(t *testing.T) {
	t.Parallel()
	b := openTab(t, startApp(t, "memory"))
	b.decidesOnColours()
	b.open("/")
	if same := eval[bool](b, `(() => {
		const [on, off] = ["true", "false"].map(pressed => getComputedStyle(document.querySelector("[aria-pressed=" + pressed + "]")))
		return ["color", "borderColor", "borderStyle", "borderWidth", "backgroundColor"].every(key => on[key] == off[key])
	})()`); same {
		t.Error("the button that is pressed looks like the others")
	}
}

func Test_that_what_is_not_accessible_is_found(t *testing.T) {
	b := openTab(t, startApp(t, "memory"))
	b.prefers(still, "light")
	b.open("/gallery")
	eval[bool](b, `(() => {
		document.querySelector("label[for]").remove()
		document.querySelector("h1").className = "pale"
		document.styleSheets[0].insertRule(".pale { color: #ccc }")
		return true
	})()`)
	found := b.axe()
	for _, rule := range []string{"label", "color-contrast"} {
		if !slices.ContainsFunc(found, func(v string) bool { return strings.HasPrefix(v, rule+": ") }) {
			t.Errorf("%s was not found in %q", rule, found)
		}
	}
}

// still is for a visitor who prefers reduced motion, so that nothing is seen half-way.
const still = "reduce"

// prefers sets which motion ("reduce", "no-preference") and which colour scheme the visitor
// prefers.
func (b tab) prefers(motion, scheme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-reduced-motion", Value: motion},
			{Name: "prefers-color-scheme", Value: scheme},
		},
	})
}

// decidesOnColours is for a visitor whose system replaces the colours of pages, as Windows does for
// high contrast.
func (b tab) decidesOnColours() {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}},
	})
}

func (b tab) wantAccessible(what string) {
	b.t.Helper()
	for _, violation := range b.axe() {
		b.t.Errorf("%s: %s", what, violation)
	}
}

// axe is what axe-core finds wrong with the page.
func (b tab) axe() []string {
	b.t.Helper()
	script, err := axeScript()
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](script+`;
		axe.run({resultTypes: ["violations"]}).then(result => result.violations.flatMap(
			v => v.nodes.map(node => v.id + ": " + node.failureSummary + " " + node.html)
		))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

var axeScript = sync.OnceValues(func() (string, error) {
	path, err := npmFile("axe-core-4.14.1/axe.min.js")
	if err != nil {
		return "", err
	}
	script, err := os.ReadFile(path)
	return string(script), err
})
