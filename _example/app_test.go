package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/echo-hypermedia/session"
)

// onEachStore runs test with each store that the example can use, each time as a new visitor of a
// new server.
func onEachStore(t *testing.T, test func(*testing.T, visit)) {
	t.Helper()
	for _, driver := range []string{"memory", "cookie"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			test(t, newVisit(t, startApp(t, driver)))
		})
	}
}

// startApp serves the example with that store, and returns its address.
func startApp(t *testing.T, driver string) string {
	t.Helper()
	return serveApp(t, open(t, driver))
}

// open is a store by the name of its driver.
func open(t *testing.T, driver string) session.Store {
	t.Helper()
	store, err := openStore(driver)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func serveApp(t *testing.T, store session.Store) string {
	t.Helper()
	app, err := New(store)
	if err != nil {
		t.Fatal(err)
	}
	return listen(t, app)
}

// listen serves an application until the end of the test, and returns its address.
func listen(t *testing.T, app http.Handler) string {
	t.Helper()
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	return server.URL
}

// visit is a visitor with a cookie jar, who follows redirects.
type visit struct {
	t      *testing.T
	client *http.Client
	app    string
	agent  string // the User-Agent
	htmx   bool   // requests parts of pages
}

func newVisit(t *testing.T, app string) visit {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return visit{t: t, client: &http.Client{Jar: jar}, app: app}
}

// page is what the visitor sees in the end.
type page struct {
	t      *testing.T
	status int
	path   string
	body   string
}

func (v visit) get(path string) page {
	v.t.Helper()
	return v.send(http.MethodGet, "", path, nil)
}

// post sends a form from the page at the path from. form alternates names and values.
func (v visit) post(from, to string, form ...string) page {
	v.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return v.send(http.MethodPost, from, to, values)
}

func (v visit) send(method, from, to string, form url.Values) page {
	v.t.Helper()
	req, err := http.NewRequest(method, v.app+to, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html,*/*")
	req.Header.Set("User-Agent", v.agent)
	if v.htmx {
		req.Header.Set("HX-Request", "true")
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Referer", v.app+from)
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return page{v.t, res.StatusCode, res.Request.URL.Path, string(body)}
}

// is checks at which path the visitor ended up.
func (p page) is(path string) page {
	p.t.Helper()
	if p.path != path || p.status != http.StatusOK {
		p.t.Errorf("got status %d at %s; want %s\n%s", p.status, p.path, path, p.body)
	}
	return p
}

// shows checks that each text appears exactly once.
func (p page) shows(texts ...string) page {
	p.t.Helper()
	for _, text := range texts {
		if n := strings.Count(p.body, text); n != 1 {
			p.t.Errorf("%s shows %q %d times; want once\n%s", p.path, text, n, p.body)
		}
	}
	return p
}

func (p page) hides(texts ...string) page {
	p.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.body, text) {
			p.t.Errorf("%s shows %q; want it gone\n%s", p.path, text, p.body)
		}
	}
	return p
}

func Test_that_each_button_shows_its_messages_once(t *testing.T) {
	buttons := map[string][]string{
		"success": {"Your changes were saved."},
		"error":   {"the disk is full"},
		"warning": {"Your trial ends tomorrow."},
		"info":    {"A new version is out."},
		"several": {"The first photo", "The second photo", "The third photo"},
		"link":    {"It is on its way", "Your order was placed.", "Show the cart"},
	}
	onEachStore(t, func(t *testing.T, v visit) {
		for button, messages := range buttons {
			v.post("/", "/", "show", button).is("/").shows(messages...)
			v.get("/").hides(messages...)
		}
	})
}

func Test_that_a_message_for_this_response_needs_no_session(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/", "/", "show", "now").is("/").shows("This message was never stored.")
		v.get("/").hides("never stored")
		if cookies := v.cookies(); len(cookies) > 0 {
			t.Errorf("got the cookies %v; want none", cookies)
		}
	})
}

func (v visit) cookies() []*http.Cookie {
	app, _ := url.Parse(v.app)
	return v.client.Jar.Cookies(app)
}

func Test_that_the_cart_holds_what_was_added(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.get("/cart").is("/cart").shows("There is nothing in it yet.", "for the first time", `>Add <span class="visually-hidden">Espresso cup`)
		v.post("/cart", "/cart", "product", "cup").is("/cart").shows("Espresso cup was added", "2 times")
		v.post("/cart", "/cart", "product", "cup").shows("€ 25.00</td><td></td>")
		v.post("/cart", "/cart/quantity", "product", "cup", "quantity", "4").shows("€ 50.00</td><td></td>")
		v.post("/cart", "/cart/remove", "product", "cup").shows("Espresso cup was removed.", "There is nothing in it yet.")
	})
}

func Test_that_emptying_the_cart_can_be_undone_once(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/cart", "/cart", "product", "plant")
		v.post("/cart", "/cart/empty").shows("You have emptied it.", "Bring it back")
		v.post("/cart", "/cart/undo").shows("Your cart is back.", "€ 18.90</td><td></td>").hides("Bring it back")
	})
}

func Test_that_a_double_click_loses_no_cart(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/cart", "/cart", "product", "plant")
		for range 2 {
			v.post("/cart", "/cart/empty").shows("You have emptied it.", "Bring it back")
		}
		v.post("/cart", "/cart/undo").shows("Your cart is back.")
		v.post("/cart", "/cart/undo").shows("€ 18.90</td><td></td>")
	})
}

func Test_that_an_undo_keeps_what_is_in_the_cart_by_now(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/cart", "/cart", "product", "plant")
		v.post("/cart", "/cart/empty")
		v.post("/cart", "/cart/quantity", "product", "cup", "quantity", "2") // in another tab
		v.post("/cart", "/cart/undo").shows("€ 43.90")
	})
}

func Test_that_the_cart_takes_no_more_than_there_are(t *testing.T) {
	v := newVisit(t, startApp(t, "memory"))
	v.post("/cart", "/cart", "product", "cup")
	v.post("/cart", "/cart/quantity", "product", "cup", "quantity", "99")
	v.post("/cart", "/cart", "product", "cup").shows(`name="quantity" value="99" min="0" max="99"`)
	if p := v.post("/cart", "/cart/quantity", "product", "cup", "quantity", "100"); p.status != http.StatusBadRequest {
		t.Errorf("got status %d; want 400", p.status)
	}
}

func Test_that_an_unknown_product_is_a_404(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		if p := v.post("/cart", "/cart", "product", "yacht"); p.status != http.StatusNotFound {
			t.Errorf("got status %d; want 404", p.status)
		}
	})
}

func Test_that_nothing_is_lost_when_many_add_at_once(t *testing.T) {
	v := newVisit(t, startApp(t, "memory"))
	v.get("/cart")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { v.post("/cart", "/cart", "product", "notebook") })
	}
	all.Wait()
	v.get("/cart").shows(`name="quantity" value="50"`, "52 times")
}

func Test_that_login_leads_back_and_logout_forgets(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/cart", "/cart", "product", "cup")
		v.get("/account?tab=2").is("/login").shows("Please log in first.")
		v.post("/login", "/login", "email", "ada@example.com", "password", "wrong").is("/login").
			shows(`value="ada@example.com"`).hides("wrong")
		back := v.post("/login", "/login", "email", "ada@example.com", "password", "hypermedia")
		back.is("/account").shows("Welcome, ada@example.com.", "still holds 1 of our products")
		v.post("/account", "/logout").is("/").shows("Good-bye!")
		v.get("/account").is("/login")
		v.get("/cart").shows("There is nothing in it yet.")
	})
}

func Test_that_nobody_logs_in_to_the_cart_of_another_member(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.logIn("ada@example.com")
		v.post("/cart", "/cart", "product", "cup")
		v.logIn("ada@example.com").get("/cart").shows("€ 12.50</td><td></td>")
		v.logIn("eve@example.com").get("/cart").shows("There is nothing in it yet.")
	})
}

func Test_that_login_changes_the_session_id(t *testing.T) {
	v := newVisit(t, startApp(t, "memory"))
	v.post("/cart", "/cart", "product", "cup")
	before := v.cookies()[0].Value
	v.post("/login", "/login", "email", "ada@example.com", "password", "hypermedia")
	if v.cookies()[0].Value == before {
		t.Error("the id is the one from before the login")
	}
}

var goodPost = []string{
	"title", "Hello", "body", "A text of more than twenty characters.", "category", "story", "tags[]", "go", "tags[]", "templ",
	"author.name", "Ada", "author.email", "ada@example.com", "password", "correct horse", "status", "live", "comments", "1",
	"date", "2026-11-01", "minutes", "7", "level", "3", "color", "#336699", "language", "en",
}

func Test_that_a_good_post_is_shown(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/posts/new", "/posts", goodPost...).is("/posts/last").
			shows("Your post was saved.", "<h1>Hello</h1>", "go, templ", "ada@example.com").hides("correct horse", "Comments are closed")
		v.get("/posts/last").hides("Your post was saved.")
		v.get("/debug").hides("correct horse")
	})
}

func Test_that_without_a_post_there_is_the_form(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) { v.get("/posts/last").is("/posts/new") })
}

func Test_that_a_bad_post_comes_back_with_its_errors(t *testing.T) {
	bad := []string{"title", "Hello", "author.email", "ada@", "password", "short", "tags[]", "go", "minutes", "99", "status", "live", "language", "en"}
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/posts/new", "/posts", bad...).is("/posts/new").shows(
			`value="Hello"`, `value="ada@"`, `value="99"`, `value="live" checked`, `value="go" checked`,
			`href="#body"`, `href="#author-email"><bdi>Author email must be an email address`, `href="#minutes"`, `href="#password"`, "Error: New post",
		).hides("short", `value="1" checked`)
		v.get("/posts/new").shows(`value="1" checked`).hides("Hello", "There is a problem")
	})
}

func Test_that_a_number_that_is_none_keeps_the_form(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/posts/new", "/posts", "title", "Hello", "minutes", "many").is("/posts/new").
			shows("something else in it", `value="Hello"`, `value="many"`)
	})
}

func Test_that_the_newsletter_has_a_form_and_a_message_of_its_own(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/login", "/newsletter", session.FormField, "newsletter", "email", "ada@").is("/login").
			shows(`value="ada@"`, `id="newsletter-email-error"`).hides(`id="email-error"`)
		v.post("/cart", "/newsletter", session.FormField, "newsletter", "email", "ada@example.com").is("/cart").
			shows("The next issue goes to ada@example.com.").hides(`data-flash=`)
		v.get("/cart").hides("The next issue")
	})
}

func Test_that_a_message_survives_two_redirects(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.post("/", "/moved").is("/").shows("came along over two redirects")
		v.get("/").hides("came along")
	})
}

func Test_that_reflash_keeps_a_message_for_one_more_page(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		const message = "once more on the next page"
		v.post("/", "/notice").is("/notice").shows(message)
		v.get("/notice").shows(message)
		v.get("/").shows(message)
		v.get("/").hides(message)
	})
}

func Test_that_debug_changes_nothing(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		v.post("/posts/new", "/posts", "title", "Hello")
		v.post("/", "/", "show", "warning")
		for range 2 {
			v.get("/debug").is("/debug").shows(`"warning": true`, `"success": false`)
		}
		v.get("/posts/new").is("/posts/new").shows("Your trial ends tomorrow.", `value="Hello"`)
	})
}

func Test_that_an_error_page_shows_messages_too(t *testing.T) {
	onEachStore(t, func(t *testing.T, v visit) {
		v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		v.post("/", "/", "show", "info")
		if p := v.get("/nowhere").shows("A new version is out.", "<h1>Not Found</h1>"); p.status != http.StatusNotFound {
			t.Errorf("got status %d; want 404", p.status)
		}
		v.get("/").hides("A new version is out.")
	})
}

// htmx 4 shows error pages, too, and such a page must not end up inside a part of another.
func Test_that_an_error_page_takes_the_place_of_the_page(t *testing.T) {
	v := newVisit(t, startApp(t, "memory"))
	for header, want := range map[string]string{"HX-Request": "body", "Accept": ""} {
		req, err := http.NewRequest(http.MethodGet, v.app+"/nowhere", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header, "true")
		res, err := v.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("HX-Retarget"); got != want {
			t.Errorf("with %s it goes to %q; want %q", header, got, want)
		}
	}
}

func Test_that_a_form_of_another_site_is_refused(t *testing.T) {
	app := startApp(t, "memory")
	req, _ := http.NewRequest(http.MethodPost, app+"/", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("got status %d; want 403", res.StatusCode)
	}
}

func Test_that_the_style_sheets_are_served(t *testing.T) {
	v := newVisit(t, startApp(t, "memory"))
	v.get("/components.css").is("/components.css")
	v.get("/app.css").is("/app.css")
}

func Test_that_the_server_stops_when_asked(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := serve(ctx, "127.0.0.1:0", http.NotFoundHandler()); err != nil {
		t.Errorf("got %v; want no error", err)
	}
}

func Test_that_an_unknown_store_is_refused(t *testing.T) {
	if _, err := openStore("paper"); err == nil || !strings.Contains(err.Error(), "memory, file or cookie") {
		t.Errorf("got %v; want an error that names the choices", err)
	}
}
