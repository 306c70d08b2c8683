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

var screenshots = flag.String("screenshots", "", "take pictures of the pages and write them to this `directory`")

// TestScreenshots is no test: it makes the pictures for the README.
//
//	go test -run TestScreenshots -screenshots /tmp/pictures
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("it takes pictures if -screenshots says where to put them")
	}
	app := startApp(t, "memory")
	for _, width := range []int64{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			for name, lead := range scenes {
				b := openTab(t, app)
				b.looks(width, scheme)
				lead(b)
				b.takePicture(fmt.Sprintf("%s-%s-%d", name, scheme, width))
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
		b.do(chromedp.Click(`#tags-go`))
		b.fill(`[name="author.name"]`, "Ada")
		b.fill(`[name="author.email"]`, "ada@")
		b.fill(`[name="password"]`, "secret")
		b.press(`main form button`)
	},
	"login": func(b tab) { b.open("/account") },
	"newsletter": func(b tab) {
		b.open("/cart")
		b.fill(`footer [name="email"]`, "ada@")
		b.press(`footer button`)
	},
	"missing": func(b tab) { b.open("/nowhere") },
}

func (b tab) looks(width int64, scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, 800))
}

func (b tab) takePicture(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
