//go:build screenshots

package main

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPictures is not a test: it takes the pictures of the README. Run it with make pictures.
func TestPictures(t *testing.T) {
	app := startApp(t, "memory")
	for _, scheme := range []string{"light", "dark"} {
		for _, name := range []string{"form", "cart", "sessions"} {
			b := openTab(t, app)
			b.looks(860, 800, scheme)
			scenes[name](b)
			b.takePicture(name+"-"+scheme, chromedp.CaptureScreenshot())
		}
		b := openTab(t, app)
		for _, look := range looks {
			if !slices.Contains([]string{"bootstrap", "daisyui", "pico"}, look.name) {
				continue
			}
			b.looks(860, 700, scheme)
			b.open(galleryView{look, scheme, "ltr"}.address())
			eval[bool](b, `(document.querySelector("#toasts").remove(), document.querySelector("#empty").scrollIntoView(), true)`)
			b.takePicture(look.name+"-"+scheme, chromedp.CaptureScreenshot())
		}
	}
}
