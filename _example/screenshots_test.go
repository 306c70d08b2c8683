//go:build screenshots

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", ".", "the `directory` for the pictures")

// TestScreenshots is not a test: it takes pictures of pages to look at. Run it with make
// screenshots.
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
	b := openTab(t, app)
	for _, look := range looks {
		for _, scheme := range []string{"light", "dark"} {
			for _, dir := range []string{"ltr", "rtl"} {
				b.looks(1280, 800, scheme)
				b.open(galleryView{look, scheme, dir}.address())
				b.takePicture(fmt.Sprintf("gallery-%s-%s-%s", look.name, scheme, dir), chromedp.FullScreenshot(100))
			}
		}
	}
}

func (b tab) looks(width, height int64, scheme string) {
	b.t.Helper()
	b.prefers("no-preference", scheme)
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
