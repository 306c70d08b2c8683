package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

func Test_that_the_gallery_leaves_nothing_behind(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		for range 2 {
			v.get("/gallery").is("/gallery").shows("The photo was not uploaded", `href="#invalid-email"`)
		}
		v.get("/").is("/").hides("data-flash=")
		if cookies := v.cookies(); len(cookies) > 0 {
			t.Errorf("the visitor has the cookies %v; want none", cookies)
		}
	})
}

func Test_that_the_gallery_shows_what_was_typed(t *testing.T) {
	v := newVisit(t, startApp(t, "memory"))
	v.get("/gallery?send=Send&empty.text=Tea&filled.radio=cherry&filled.text=").
		shows(`name="empty.text" value="Tea"`, `name="filled.radio" value="cherry" checked`).
		shows(`name="disabled.text" value="Forms without tears"`). // browsers do not send it
		hides(`name="filled.text" value="Forms`)
}

// hooks are class names for the application's own style sheets.
var hooks = []string{"flash-region", "field-caption"}

func Test_that_each_theme_has_names_that_its_style_sheets_know(t *testing.T) {
	for _, look := range looks {
		sheets := components.CSS
		for _, sheet := range append(look.sheets, look.rtl) {
			name, ours := strings.CutPrefix(sheet, "/static/")
			if !ours {
				continue
			}
			css, err := fs.ReadFile(static, "static/"+name)
			if err != nil {
				t.Fatal(err)
			}
			sheets += string(css)
		}
		for _, class := range classes(look.theme) {
			if !strings.Contains(sheets, "."+escaped(class)) && !slices.Contains(hooks, class) {
				t.Errorf("%s: there are no rules for %s (scripts/themes makes its style sheet)", look.title, class)
			}
		}
	}
}

// classes is every class name of a theme.
func classes(theme components.Theme) []string {
	var list []string
	for _, field := range reflect.ValueOf(theme).Fields() {
		list = append(list, strings.Fields(field.String())...)
	}
	return list
}

// escaped is a class name as written in a selector.
func escaped(class string) string {
	return regexp.MustCompile(`[^\w-]`).ReplaceAllString(class, `\$0`)
}

func (v galleryView) address() string { return v.with("theme", v.look.name) }

// inEveryLook runs test on the gallery in each theme, with the pages' scripts switched off.
func inEveryLook(t *testing.T, motion string, test func(tab)) {
	b := openTab(t, startApp(t, "memory"))
	b.switchScriptsOff()
	b.prefers(motion, "light")
	for _, look := range looks {
		if look.name == "none" {
			continue
		}
		t.Run(look.name, func(t *testing.T) {
			b.t = t
			b.open(galleryView{look, "light", "ltr"}.address())
			test(b)
		})
	}
}

func Test_that_alerts_are_dismissed_by_mouse_and_keyboard_in_every_theme(t *testing.T) {
	inEveryLook(t, still, func(b tab) {
		all := b.alerts()
		b.do(chromedp.Click(`#flash [aria-label="Dismiss"]`))
		b.wantAlerts(all[1:]...)
		b.do(
			chromedp.Focus(`#flash [data-flash="warning"] a`),
			chromedp.KeyEvent(kb.Tab),
			chromedp.KeyEvent(" "),
		)
		b.wantAlerts(slices.Delete(slices.Clone(all[1:]), 1, 2)...)
	})
}

func Test_that_all_alerts_in_a_corner_can_be_reached(t *testing.T) {
	inEveryLook(t, still, func(b tab) {
		b.do(chromedp.EmulateViewport(640, 360))
		if hidden := eval[bool](b, `(() => {
			const region = document.querySelector("#toasts")
			while (region.children.length < 20) region.append(region.firstElementChild.cloneNode(true))
			region.lastElementChild.scrollIntoView()
			const last = region.lastElementChild.getBoundingClientRect()
			return last.bottom > innerHeight || region.getBoundingClientRect().top < 0
		})()`); hidden {
			b.t.Error("the last alert cannot be scrolled to")
		}
		b.do(chromedp.EmulateReset())
	})
}

func Test_that_alerts_in_a_corner_are_printed_once(t *testing.T) {
	b := openTab(t, startApp(t, "memory"))
	b.open("/gallery")
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if position := eval[string](b, `getComputedStyle(document.querySelector("#toasts")).position`); position == "fixed" {
		t.Error("what is fixed is printed on each sheet")
	}
}

func Test_that_addresses_and_numbers_begin_on_the_left(t *testing.T) {
	inEveryLook(t, still, func(b tab) {
		if theme := eval[string](b, `new URLSearchParams(location.search).get("theme")`); theme != "default" && theme != "pico" {
			return // their classes determine what they look like
		}
		b.do(chromedp.Navigate(eval[string](b, `location.href.replace("ltr", "rtl")`)))
		if directions := eval[string](b, `[...document.querySelectorAll("[type=email], [type=url], [type=number], [type=tel], [type=text]")].
			map(input => [input.type, getComputedStyle(input).direction, getComputedStyle(input).textAlign].join(" ")).filter((d, i, all) => all.indexOf(d) == i).sort().join()`); directions != "email ltr right,number ltr right,tel ltr right,text rtl start,url ltr right" {
			b.t.Errorf("got %s", directions)
		}
	})
}

func Test_that_alerts_go_by_themselves_in_every_theme(t *testing.T) {
	inEveryLook(t, "no-preference", func(b tab) {
		if gone := eval[bool](b, `(() => {
			const note = document.querySelector("#toasts > *")
			if (!note.checkVisibility({visibilityProperty: true})) return false
			note.getAnimations().forEach(animation => animation.finish())
			return !note.checkVisibility({visibilityProperty: true}) && note.offsetHeight == 0
		})()`); !gone {
			b.t.Error("the note is there after its time")
		}
	})
}

func Test_that_alerts_stay_for_whoever_prefers_reduced_motion(t *testing.T) {
	inEveryLook(t, still, func(b tab) {
		if moves := eval[int](b, `[...document.querySelectorAll("[data-flash]")].flatMap(alert => alert.getAnimations()).length`); moves != 0 {
			b.t.Errorf("%d alerts move", moves)
		}
	})
}

// Bootstrap shows it by a shadow alone at a range and a wrong colour. Only its own class names could
// say more there.
func Test_that_the_focus_is_seen_in_the_colours_of_the_visitor(t *testing.T) {
	inEveryLook(t, still, func(b tab) {
		b.decidesOnColours()
		unseen := eval[[]string](b, `[...document.querySelectorAll("main a, main :is(input, select, textarea):enabled, #toasts input")].filter(e => {
			const looks = [e, e.parentElement].map(e => getComputedStyle(e))
			const look = () => {
				document.getAnimations().forEach(animation => animation.finish())
				return looks.map(l => [l.borderTopWidth != "0px" && l.borderTopColor, l.outlineStyle != "none" && l.outline].join()).join()
			}
			document.activeElement.blur()
			const before = look()
			e.focus({focusVisible: true})
			if (!e.checkVisibility({visibilityProperty: true})) return false // an alert that has gone meanwhile
			return e != document.activeElement || look() == before && !e.matches(".form-range, .form-control-color.is-invalid")
		}).map(e => e.outerHTML)`)
		if len(unseen) > 0 {
			b.t.Errorf("nothing shows the focus of %q", unseen)
		}
	})
}

func Test_that_text_for_screen_readers_is_not_seen_in_any_theme(t *testing.T) {
	inEveryLook(t, still, func(b tab) {
		texts := eval[[]string](b, `[...document.querySelectorAll("span")].
			filter(span => span.innerText.trim().endsWith(":") && span.offsetWidth > 1).map(span => span.innerText)`)
		if len(texts) > 0 {
			b.t.Errorf("%q is seen", texts)
		}
	})
}

func Test_that_an_alert_does_not_leave_a_page_that_nobody_looks_at(t *testing.T) {
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: open(t, "memory"), Cookie: session.CookieOptions{Insecure: true}}))
	e.GET("/", func(c echo.Context) error {
		session.From(c).FlashNow("success", "Sent.")
		return session.Render(c, http.StatusOK, markup{`<!DOCTYPE html><html lang="en"><head><title>A page</title>`, components.Styles(), components.Script(), `</head><body>`,
			components.FlashAlerts(components.FlashProps{AutoDismiss: time.Minute}), `</body></html>`})
	})
	b := openTab(t, listen(t, e))
	b.prefers("no-preference", "light")
	b.open("/")
	for _, hidden := range []bool{true, false} {
		state := eval[string](b, fmt.Sprintf(`(() => {
			Object.defineProperty(document, "hidden", {value: %t, configurable: true})
			document.dispatchEvent(new Event("visibilitychange", {bubbles: true}))
			return getComputedStyle(document.querySelector("[data-flash]")).animationPlayState
		})()`, hidden))
		if waits := state == "paused"; waits != hidden {
			t.Errorf("hidden %t: the animation is %s", hidden, state)
		}
	}
}
