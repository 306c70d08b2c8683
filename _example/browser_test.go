package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError) // every server logs at start that its cookie is insecure
	flag.Parse()
	if err := flag.Set("test.parallel", tabs); err != nil {
		panic(err)
	}
	code := m.Run()
	stopBrowser()
	os.Exit(code)
}

// tabs is how many tests run at a time. Most of the time they wait.
const tabs = "4"

// patience is how long a test waits for one page.
const patience = time.Minute

// browser is one Chromium for all tests.
var (
	browser     = sync.OnceValues(startBrowser)
	stopBrowser = func() {}
)

func startBrowser() (context.Context, error) {
	path, err := findBrowser()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's sandbox does not run as root
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	stopBrowser = func() {
		_ = chromedp.Cancel(ctx)
		stop()
	}
	return ctx, chromedp.Do(ctx)
}

func findBrowser() (string, error) {
	for _, name := range []string{
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
		"/Applications/Chromium.app/Contents/MacOS/Chromium",
	} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium and no Chrome: run scripts/setup, which installs one")
}

// tab is a tab of the browser.
type tab struct {
	t   *testing.T
	ctx context.Context
	app string
}

// openTab opens a tab with its own cookies.
func openTab(t *testing.T, app string) tab {
	t.Helper()
	parent, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	return newTab(t, parent, app, chromedp.WithNewBrowserContext())
}

// another opens one more tab with the same cookies.
func (b tab) another() tab {
	b.t.Helper()
	return newTab(b.t, b.ctx, b.app)
}

func newTab(t *testing.T, parent context.Context, app string, options ...chromedp.ContextOption) tab {
	t.Helper()
	ctx, _ := chromedp.NewContext(parent, options...)
	var violations violations
	inTime(t, func() error { return chromedp.Do(ctx) })
	inTime(t, func() error { return chromedp.Listen(ctx, violations.note) })
	t.Cleanup(func() {
		inTime(t, func() error { return closed(chromedp.Cancel(ctx)) })
		violations.report(t)
	})
	return tab{t, ctx, app}
}

// closed is what went wrong as a tab was closed. chromedp gives that five seconds, which a busy machine may
// exceed; the tab then goes with the browser.
func closed(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// inTime waits for something that cannot get a deadline: a context with a deadline would close the
// tab when it ends.
func inTime(t *testing.T, do func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("the browser does not answer")
	}
}

// violations of the Content-Security-Policy, as the console logs them.
type violations struct {
	mu   sync.Mutex
	seen []string
}

func (v *violations) note(event any) {
	if e, ok := event.(*log.EventEntryAdded); ok && e.Entry.Source == log.EntrySourceSecurity {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.seen = append(v.seen, e.Entry.Text)
	}
}

func (v *violations) report(t *testing.T) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, text := range v.seen {
		t.Errorf("the console says: %s", text)
	}
}

func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// leads runs steps that lead to a page, and waits for the page.
func (b tab) leads(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, steps...)
	return err
}

func (b tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.app + path))
}

// press clicks a button or link that leads to a page.
func (b tab) press(selector string) {
	b.t.Helper()
	if err := b.leads(chromedp.Click(selector)); err != nil {
		b.t.Fatalf("clicking on %s: %v", selector, err)
	}
}

func (b tab) fill(selector, text string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(selector, text))
}

// eval evaluates an expression in the page, even if the page's scripts are switched off.
func eval[T any](b tab, js string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return v
}

// alerts is the text of each visible alert.
func (b tab) alerts() []string {
	b.t.Helper()
	return eval[[]string](b, `[...document.querySelectorAll("[data-flash]:has(bdi)")].
		filter(e => e.checkVisibility()).map(e => e.querySelector("bdi").innerText)`)
}

func (b tab) wantAlerts(want ...string) {
	b.t.Helper()
	if got := b.alerts(); !slices.Equal(got, want) {
		b.t.Errorf("got the alerts %q; want %q", got, want)
	}
}

func (b tab) wantPath(want string) {
	b.t.Helper()
	if got := eval[string](b, `location.pathname`); got != want {
		b.t.Errorf("got the page %s; want %s", got, want)
	}
}

// inBrowser runs test with JavaScript and without, and with each store.
func inBrowser(t *testing.T, test func(tab)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(openTab(t, startApp(t, "memory"))) })
	for _, driver := range []string{"memory", "cookie"} {
		t.Run(driver+" without JavaScript", func(t *testing.T) {
			b := openTab(t, startApp(t, driver))
			b.switchScriptsOff()
			test(b)
		})
	}
}

// call sends a command for which chromedp has no action.
func call[P, R any](b tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		b.t.Fatal(err)
	}
}

func (b tab) switchScriptsOff() {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

func Test_that_the_cart_says_once_what_was_added(t *testing.T) {
	inBrowser(t, func(b tab) {
		b.open("/cart")
		b.wantAlerts()
		b.press(`.products [value="cup"]`)
		b.wantAlerts("Espresso cup was added to your cart.")
		b.do(chromedp.Reload())
		b.wantAlerts()
	})
}

func Test_that_an_alert_can_be_dismissed(t *testing.T) {
	inBrowser(t, func(b tab) {
		b.open("/")
		b.press(`[value="several"]`)
		b.wantAlerts("The third photo is too large.", "The first photo was uploaded.", "The second photo was uploaded.")
		b.do(chromedp.Click(`[data-flash="error"] [aria-label="Dismiss"]`))
		b.wantAlerts("The first photo was uploaded.", "The second photo was uploaded.")
	})
}

// When somebody comes back to a page, Chromium checks boxes again by their position in it.
func Test_that_Back_does_not_dismiss_an_alert_that_is_new(t *testing.T) {
	b := openTab(t, startApp(t, "memory"))
	b.open("/")
	b.press(`[value="info"]`)
	b.do(chromedp.Click(`[data-flash="info"] [aria-label="Dismiss"]`))
	b.wantAlerts()
	b.press(`nav [href="/posts/new"]`)
	elsewhere := b.another()
	elsewhere.open("/")
	eval[bool](elsewhere, `fetch("/", {method: "POST", body: new URLSearchParams({show: "info"}), redirect: "manual"}).then(() => window.sent = true), true`)
	elsewhere.until(`window.sent`)
	b.do(chromedp.NavigateBack())
	b.wantAlerts("A new version is out.")
}

func Test_that_the_summary_leads_to_a_group(t *testing.T) {
	b := openTab(t, startPage(t, looks[0], func(s *session.Session) {
		s.FlashInputErrors(map[string][]string{"title": {"Choose one."}})
	}, components.Field("title", components.Input{Type: "radio", Options: components.Options("a", "A", "b", "B")})))
	b.open("/")
	b.do(chromedp.Click(`#error-summary a`))
	if focus := eval[string](b, `document.activeElement.id`); focus != "title" {
		t.Errorf("the focus is at %q; want it at the group", focus)
	}
}

func Test_that_a_bad_form_comes_back_as_it_was(t *testing.T) {
	picture := somePicture(t)
	inBrowser(t, func(b tab) {
		b.open("/posts/new")
		b.fill(`[name="password"]`, "short")
		b.do(chromedp.SetUploadFiles(`[name="picture"]`, []string{picture}), chromedp.Click(`[name="comments"]`))
		eval[bool](b, fillPost)
		before := b.form()
		b.press(`main form button`)

		if after := b.form(); !slices.Equal(after, before) {
			b.t.Errorf("got the fields\n%s\nwant\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
		}
		if eval[bool](b, `document.querySelector("[name=comments]").checked`) {
			b.t.Error("the box that was unchecked is checked")
		}
		if secret := eval[string](b, `document.querySelector("[name=password]").value`); secret != "" {
			b.t.Errorf("the password came back: %q", secret)
		}
		b.wantErrors()
	})
}

// somePicture is the path of a file to upload.
func somePicture(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(path, []byte("not a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fillPost fills in every field, some of them wrongly, except title, password, picture and
// comments, which the tests type and click.
const fillPost = `(() => {
	const values = {
		"title": "Grüße & <b>Küsse</b>", "body": "\n too short", "category": "story", "author.name": "  Ada  ", "author.email": "ada@",
		"author.phone": "12", "author.website": "example", "date": "2026-11-01", "time": "23:59", "reminder": "2026-12-24T18:30",
		"month": "2026-12", "week": "2026-W49", "minutes": "99", "level": "8", "color": "#336699", "related_post": "\"quoted\"",
	}
	const form = document.querySelector("main form")
	for (const name in values) form.elements[name].value = values[name]
	for (const selector of ["#tags-go", "#tags-templ", "#tags-html", "#status-live"]) document.querySelector(selector).checked = true
	for (const option of form.elements["readers"].options) option.selected = option.value != "users"
	return true
})()`

// correctPost corrects what fillPost got wrong, except the password.
const correctPost = `(() => {
	const fields = document.querySelector("main form").elements
	fields["body"].value = "A text that is long enough to be read."
	fields["author.email"].value = "ada@example.com"
	fields["author.phone"].value = fields["author.website"].value = ""
	fields["minutes"].value = "5"
	document.querySelector("#tags-html").checked = false
	return true
})()`

// form is what submitting the form of the page would send, without secrets and files.
func (b tab) form() []string {
	b.t.Helper()
	return eval[[]string](b, `[...new FormData(document.querySelector("main form"))].
		filter(([name, value]) => name != "password" && typeof value == "string").map(field => field.join("="))`)
}

// wantErrors checks that each wrong field is described by its error, and that the error summary has
// the focus.
func (b tab) wantErrors() {
	b.t.Helper()
	got := eval[[]string](b, `[...new Set([...document.querySelectorAll("main [aria-invalid=true]")].filter(field =>
		field.closest("[aria-describedby]").getAttribute("aria-describedby").split(" ").
			some(id => document.getElementById(id).innerText.startsWith("Error:"))
	).map(field => field.name))]`)
	want := []string{"body", "tags[]", "author.email", "author.phone", "author.website", "password", "minutes"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.t.Errorf("errors are beside %q; want %q", got, want)
	}
	links := eval[int](b, `document.querySelectorAll("#error-summary a").length`)
	if links != len(want) {
		b.t.Errorf("the summary has %d links; want %d", links, len(want))
	}
	b.do(chromedp.WaitReady(`#error-summary:focus`)) // browsers take a moment for this after the page has loaded
}

func Test_that_the_summary_leads_to_the_field(t *testing.T) {
	inBrowser(t, func(b tab) {
		b.open("/login")
		b.press(`main form button`)
		b.do(chromedp.Click(`#error-summary a[href="#password"]`))
		if focus := eval[string](b, `document.querySelector(":target").name`); focus != "password" {
			b.t.Errorf("the link leads to %q; want the password", focus)
		}
	})
}

func Test_that_a_good_post_is_saved_in_a_browser(t *testing.T) {
	picture := somePicture(t)
	inBrowser(t, func(b tab) {
		b.open("/posts/new")
		eval[bool](b, fillPost)
		eval[bool](b, correctPost)
		b.fill(`[name="password"]`, "correct horse")
		b.do(chromedp.SetUploadFiles(`[name="picture"]`, []string{picture}))
		b.press(`main form button`)
		b.wantPath("/posts/last")
		b.wantAlerts("Your post was saved.")
		if title := eval[string](b, `document.querySelector("h1").innerText`); title != "Grüße & <b>Küsse</b>" {
			b.t.Errorf("got the title %q", title)
		}
		if article := eval[string](b, `document.querySelector("article").innerText`); !strings.Contains(article, "Picture: picture.png") {
			b.t.Errorf("the post has no picture: %q", article)
		}
	})
}

func Test_that_members_log_in_and_out(t *testing.T) {
	inBrowser(t, func(b tab) {
		b.open("/account")
		b.wantPath("/login")
		b.wantAlerts("Please log in first.")
		b.logIn()
		b.wantPath("/account")
		b.wantAlerts("Welcome, ada@example.com.")
		b.press(`main form button`)
		b.wantAlerts("You are logged out. Good-bye!")
		b.open("/account")
		b.wantPath("/login")
	})
}

func Test_that_a_member_stays_logged_in_who_asks_for_it(t *testing.T) {
	inBrowser(t, func(b tab) {
		for _, asks := range []bool{true, false} { // in the same browser
			b.open("/login")
			if asks {
				b.do(chromedp.Click(`[name="remember"]`))
			}
			b.logIn()
			want := session.DefaultAbsoluteTimeout
			if asks {
				want = 90 * 24 * time.Hour
			}
			if left := time.Until(b.cookieEnds()); (want - left).Abs() > time.Hour {
				b.t.Errorf("asks: %t; the cookie ends in %v; want %v", asks, left, want)
			}
		}
	})
}

// cookieEnds is when the browser will forget the session.
func (b tab) cookieEnds() (end time.Time) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
		got, err := cdp.Call(ctx, page, network.GetCookies, network.GetCookiesParams{})
		if err != nil {
			return err
		}
		for _, c := range got.Cookies {
			if c.Name == "session" {
				end = time.Unix(int64(c.Expires), 0)
			}
		}
		return nil
	}))
	return end
}

// logIn fills in the login page.
func (b tab) logIn() {
	b.t.Helper()
	b.fill(`main [name="email"]`, "ada@example.com")
	b.fill(`[name="password"]`, "hypermedia")
	b.press(`main form button`)
}

func Test_that_one_device_logs_out_another_and_all_others(t *testing.T) {
	for _, button := range []string{`[name="handle"]`, `[action="/account/sessions/end-others"] button`} {
		app := startApp(t, "memory")
		one, two := openTab(t, app), openTab(t, app)
		two.switchScriptsOff()
		for _, b := range []tab{one, two} {
			b.open("/account/sessions")
			b.logIn()
			b.wantPath("/account/sessions")
		}
		one.open("/account/sessions")
		one.press(button)
		one.wantPath("/account/sessions")
		if left := eval[int](one, `document.querySelectorAll(".sessions li").length`); left != 1 {
			t.Errorf("after %s there are %d sessions; want one", button, left)
		}
		two.press(`[href="/account"]`)
		two.wantPath("/login")
		one.press(`[href="/account"]`)
		one.wantPath("/account")
	}
}

func Test_that_the_newsletter_answers_in_the_footer(t *testing.T) {
	inBrowser(t, func(b tab) {
		b.open("/posts/new")
		b.fill(`footer [name="email"]`, "ada@example.com")
		b.press(`footer button`)
		b.wantPath("/posts/new")
		b.wantAlerts()
		if thanks := eval[string](b, `document.querySelector("footer [role=status]").innerText`); !strings.Contains(thanks, "ada@example.com") {
			b.t.Errorf("the footer says %q", thanks)
		}
		b.do(chromedp.WaitReady(`#newsletter [role=status]:focus`)) // so the browser has scrolled to it
	})
}

func Test_that_a_bad_address_in_the_footer_is_where_the_focus_is(t *testing.T) {
	inBrowser(t, func(b tab) {
		b.open("/cart")
		b.fill(`footer [name="email"]`, "ada@")
		b.press(`footer button`)
		b.do(chromedp.WaitReady(`#newsletter-error-summary:focus`))
	})
}

func Test_that_one_tab_does_not_show_the_message_of_another_again(t *testing.T) {
	for _, driver := range []string{"memory", "cookie"} {
		t.Run(driver, func(t *testing.T) {
			one := openTab(t, startApp(t, driver))
			two := one.another()
			one.open("/")
			two.open("/")
			one.press(`[value="info"]`)
			one.wantAlerts("A new version is out.")
			two.do(chromedp.Reload())
			two.wantAlerts()
		})
	}
}

func Test_that_two_tabs_at_once_lose_nothing(t *testing.T) {
	const presses = 10
	one := openTab(t, startApp(t, "memory"))
	one.open("/cart") // begins the session
	two := one.another()
	failed := make(chan error, 2)
	for _, b := range []tab{one, two} {
		go func() { failed <- b.pressOften(`.products [value="plant"]`, presses) }()
	}
	if err := errors.Join(<-failed, <-failed); err != nil {
		t.Fatal(err)
	}
	one.open("/cart")
	if got := eval[string](one, `document.querySelector("[name=quantity]").value`); got != fmt.Sprint(2*presses) {
		t.Errorf("the cart has %s plants; want %d", got, 2*presses)
	}
}

// pressOften may run in its own goroutine.
func (b tab) pressOften(selector string, times int) error {
	if err := b.leads(chromedp.Navigate(b.app + "/cart")); err != nil {
		return err
	}
	for range times {
		if err := b.leads(chromedp.Click(selector)); err != nil {
			return err
		}
	}
	return nil
}
