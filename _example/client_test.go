package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/echo-hypermedia/session"
)

// byPart is the same visitor, requesting parts of pages.
func (v visit) byPart() visit {
	v.htmx = true
	return v
}

func Test_that_each_client_loads_its_script(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.get("/cart").hides("<script", "htmx-config", "hx-boost=\"true\"")
		for _, name := range []string{"htmx2", "htmx4"} {
			v.post("/cart", "/client", "client", name).is("/cart").shows("/static/htmx/"+name+".min.js", `name="htmx-config"`, `hx-boost="true"`)
			v.get("/static/htmx/" + name + ".min.js").is("/static/htmx/" + name + ".min.js")
		}
		v.post("/cart", "/client", "client", "").is("/cart").hides("<script")
		if p := v.post("/cart", "/client", "client", "jquery"); p.status != http.StatusBadRequest {
			t.Errorf("another client: got status %d; want 400", p.status)
		}
	})
}

func Test_that_htmx_gets_parts_of_pages_and_their_alerts(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.byPart().post("/", "/", "show", "success").is("/").shows("Your changes were saved.", `hx-swap-oob="innerHTML:#flash"`).hides("<html", "<h1>")
		v.byPart().post("/", "/", "show", "now").is("/").shows("This message was never stored.").hides("<html")
		v.byPart().post("/cart", "/cart", "product", "cup").is("/cart").shows(`<div id="cart">`, "Espresso cup was added", "€ 12.50</td><td></td>").hides("<html")
		v.byPart().post("/cart", "/cart/quantity", "product", "cup", "quantity", "2").shows("€ 25.00</td><td></td>").hides("hx-swap-oob")
		v.byPart().post("/cart", "/newsletter", session.FormField, "newsletter", "email", "ada@example.com").
			shows(`<div id="newsletter">`, "The next issue goes to ada@example.com.").hides("<html")
		v.get("/").hides("data-flash", "The next issue")
	})
}

func Test_that_htmx_gets_a_bad_form_back_at_once(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		p := v.byPart().post("/posts/new", "/posts", "title", "Hello", "author.email", "ada@")
		if p.status != http.StatusUnprocessableEntity {
			t.Errorf("got status %d; want 422", p.status)
		}
		p.shows(`<div id="post">`, `value="Hello"`, `href="#author-email"`).hides("<html")
		v.byPart().post("/cart", "/newsletter", session.FormField, "newsletter", "email", "ada@").shows(`value="ada@"`, `id="newsletter-email-error"`, `id="newsletter-error-summary"`)
		v.get("/posts/new").hides("Hello", "There is a problem", "ada@")
	})
}

func Test_that_a_poll_uses_up_no_message(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		v.post("/", "/", "show", "success")
		v.byPart().get("/poll").shows("Has asked 1 times.")
		v.byPart().get("/poll").shows("Has asked 2 times.")
		v.get("/").shows("Your changes were saved.")
	})
}

// byHTMX runs test on pages that use htmx, with both major versions.
func byHTMX(t *testing.T, test func(tab)) {
	t.Helper()
	for _, name := range []string{"htmx2", "htmx4"} {
		t.Run(name, func(t *testing.T) {
			b := openTab(t, startApp(t, "memory"))
			b.open("/")
			b.press(`.switch [value="` + name + `"]`)
			b.do(chromedp.WaitReady(`[hx-boost="true"]`))
			test(b)
		})
	}
}

// htmx 2 keeps copies of pages, whatever their Cache-Control says.
func Test_that_Back_does_not_show_a_members_page_after_the_log_out(t *testing.T) {
	byHTMX(t, func(b tab) {
		b.open("/account/sessions")
		b.logIn()
		b.do(chromedp.WaitReady(`.sessions li`))
		b.do(chromedp.Click(`nav [href="/cart"]`))
		b.do(chromedp.WaitReady(`.products`))
		b.do(chromedp.Click(`[action="/logout"] button`))
		b.do(chromedp.WaitReady(`.visitor [href="/login"]`))
		b.do(chromedp.Evaluate[chromedp.Void](`history.go(-2)`))
		b.do(chromedp.WaitReady(`main [name="password"]`))
		if shown := eval[string](b, `document.body.innerText + JSON.stringify(sessionStorage)`); strings.Contains(shown, "ada@example.com") {
			b.t.Errorf("it is still there: %s", shown)
		}
	})
}

// until waits until js is true in the page.
func (b tab) until(js string) {
	b.t.Helper()
	b.do(chromedp.Poll[chromedp.Void](js))
}

func Test_that_htmx_corrects_a_form_in_its_place(t *testing.T) {
	byHTMX(t, func(b tab) {
		b.open("/posts/new")
		eval[bool](b, fillPost)
		b.fill(`[name="password"]`, "short")
		before := b.form()
		b.do(chromedp.Click(`#post form button`))
		b.do(chromedp.WaitReady(`#error-summary`))
		if after := b.form(); !slices.Equal(after, before) {
			b.t.Errorf("got the fields %q; want %q", after, before)
		}
		b.wantErrors()

		eval[bool](b, correctPost)
		b.fill(`[name="password"]`, "correct horse")
		b.press(`#post form button`)
		b.wantPath("/posts/last")
		b.wantAlerts("Your post was saved.")
	})
}

func Test_that_htmx_shows_alerts_without_a_new_page(t *testing.T) {
	byHTMX(t, func(b tab) {
		b.open("/cart")
		eval[bool](b, `window.stays = true`)
		b.do(chromedp.Click(`.products [value="cup"]`))
		b.until(`document.querySelector("[data-flash]") != null`)
		b.wantAlerts("Espresso cup was added to your cart.")
		b.do(chromedp.Click(`nav [href="/"]`)) // boosted
		b.until(`location.pathname == "/" && document.querySelector("h1").innerText.startsWith("Sessions")`)
		b.wantAlerts()
		if !eval[bool](b, `window.stays == true`) {
			b.t.Error("a whole new page was loaded")
		}
	})
}

func Test_that_htmx_leaves_no_message_of_a_part_for_whoever_goes_back(t *testing.T) {
	byHTMX(t, func(b tab) {
		b.open("/cart")
		b.fill(`#newsletter-email`, "ada@example.com")
		b.do(chromedp.Click(`#subscribe`))
		b.do(chromedp.WaitReady(`#newsletter .thanks`))
		// It takes the focus in a moment. The browser would scroll to it, and from under the mouse.
		b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("nav [href='/posts/new']").click()`)) // boosted
		b.until(`document.querySelector("#post") != null`)
		b.do(chromedp.Evaluate[chromedp.Void](`history.back()`))
		b.until(`document.querySelector(".products") != null`)
		if shown := eval[string](b, `document.body.innerText + JSON.stringify(sessionStorage)`); strings.Contains(shown, "ada@example.com") {
			b.t.Errorf("it is still there: %s", shown)
		}
	})
}

func Test_that_htmx_keeps_the_focus_where_something_was_removed(t *testing.T) {
	remove := map[string]string{
		"by its button":      `document.querySelector("[action='/cart/remove'] button").focus()`,
		"by a quantity of 0": `document.querySelector("#quantity-cup").value = 0; document.querySelector("#update-cup").focus()`,
	}
	for name, focus := range remove {
		t.Run(name, func(t *testing.T) {
			byHTMX(t, func(b tab) {
				b.open("/cart")
				b.do(chromedp.Click(`.products [value="cup"]`))
				b.do(chromedp.WaitReady(`#quantity-cup`))
				b.do(chromedp.WaitNotPresent(".htmx-added")) // htmx takes a moment to process new elements
				b.do(chromedp.Evaluate[chromedp.Void](focus), chromedp.KeyEvent("\r"))
				b.do(chromedp.WaitReady(`#cart [role=status]:focus`))
			})
		})
	}
}
