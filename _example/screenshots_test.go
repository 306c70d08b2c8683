//go:build screenshots

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", ".", "the `directory` for the pictures")

// TestScreenshots is no test: it takes pictures of whole pages to look at, and those of
// the README. Run it with make screenshots.
func TestScreenshots(t *testing.T) {
	app := startApp(t, "memory")
	for name, lead := range scenes {
		for _, scheme := range []string{"light", "dark"} {
			b := openTab(t, app)
			b.looks(860, 800, scheme)
			lead(b)
			b.takePicture(name+"-"+scheme, chromedp.CaptureScreenshot())
			for _, width := range []int64{1280, 390} {
				b.looks(width, 800, scheme)
				b.takePicture(fmt.Sprintf("%s-%s-%d", name, scheme, width), chromedp.FullScreenshot(100))
			}
		}
	}
}

// scenes lead to the pages worth a picture.
var scenes = map[string]func(tab){
	"home": func(b tab) {
		b.open("/")
		b.press(`[value="several"]`)
	},
	"link": func(b tab) {
		b.open("/")
		b.press(`[value="link"]`)
	},
	"warning": func(b tab) {
		b.open("/")
		b.press(`[value="warning"]`)
	},
	"notice": func(b tab) {
		b.open("/")
		b.press(`[action="/moved"] button`)
	},
	"cart": func(b tab) {
		b.open("/cart")
		b.press(`.products [value="plant"]`)
		b.press(`.products [value="cup"]`)
	},
	"emptied": func(b tab) {
		b.open("/cart")
		b.press(`.products [value="plant"]`)
		b.press(`[action="/cart/empty"] button`)
	},
	"new": func(b tab) { b.open("/posts/new") },
	"form": func(b tab) {
		b.open("/posts/new")
		b.fill(`[name="title"]`, "Forms without tears")
		b.fill(`[name="body"]`, "Too short")
		b.do(
			chromedp.SetValue(`[name="category"]`, "story"),
			chromedp.SetValue(`[name="date"]`, "2026-11-23"),
			chromedp.Click(`#tags-go`),
		)
		b.fill(`[name="author.name"]`, "Ada")
		b.fill(`[name="author.email"]`, "ada@")
		b.fill(`[name="password"]`, "secret")
		b.press(`main form button`)
	},
	"login": func(b tab) { b.open("/account") },
	"sessions": func(b tab) {
		b.app = startApp(b.t, "memory")
		logIn(b.t, b.app, safari, "ada@example.com")
		logIn(b.t, b.app, firefox, "ada@example.com")
		logIn(b.t, b.app, "", "ada@example.com")
		b.open("/account/sessions")
		b.logIn()
	},
	"account": func(b tab) {
		b.open("/account")
		b.logIn()
	},
	"nosessions": func(b tab) {
		b.app = startApp(b.t, "cookie")
		b.open("/account/sessions")
		b.logIn()
	},
	"newsletter": func(b tab) {
		b.open("/cart")
		b.fill(`footer [name="email"]`, "ada@")
		b.press(`footer button`)
	},
	"missing": func(b tab) { b.open("/nowhere") },
}

func (b tab) looks(width, height int64, scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, height))
}

func (b tab) takePicture(name string, take chromedp.Action[[]byte]) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, take)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
