package components_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// An alert waits for the page that shows it, and is gone on the next one.
func ExampleFlashAlerts() {
	e := newApp()
	e.POST("/posts", func(c echo.Context) error {
		session.From(c).FlashSuccess("Your post is online.")
		return session.Redirect(c, "/posts")
	})
	e.GET("/posts", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, components.FlashAlerts) // in a layout: @components.FlashAlerts
	})

	browser := &browser{app: e}
	browser.post("/posts", "")
	fmt.Println(browser.get("/posts"))
	fmt.Println(browser.get("/posts"))
	// Output:
	// <div id="flash" class="flash-region" aria-live="polite" hx-history="false"><div class="flash flash-success" data-flash="success" data-turbo-temporary hx-history="false"><div class="flash-body"><span class="visually-hidden">Success: </span><bdi>Your post is online.</bdi> </div></div></div>
	// <div id="flash" class="flash-region" aria-live="polite"></div>
}

// A control shows what was typed, and says whether it is wrong. Passwords don't come back.
func ExampleOldInput() {
	email := components.OldInput("email", components.Input{Type: "email", Attrs: templ.Attributes{"required": true}})
	password := components.OldInput("password", components.Input{Type: "password"})

	e := newApp()
	e.POST("/login", func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"email": {"We do not know this address"}})
	})
	e.GET("/login", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, templ.Join(email, password))
	})

	browser := &browser{app: e}
	fmt.Println(browser.get("/login"))
	browser.post("/login", "email=ada%40example.org&password=hunter2")
	fmt.Println(browser.get("/login"))
	// Output:
	// <input type="email" id="email" name="email" required><input type="password" id="password" name="password">
	// <input type="email" id="email" name="email" value="ada@example.org" aria-invalid="true" aria-describedby="email-error" required><input type="password" id="password" name="password">
}

// A field is a control with its label, its hint and what is wrong with it.
func ExampleField() {
	title := components.Field("title", components.Input{Label: "Title", Hint: "Up to 80 characters"})

	e := newApp()
	e.POST("/posts", func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"title": {"Enter a title"}})
	})
	e.GET("/posts", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, title)
	})

	browser := &browser{app: e}
	browser.post("/posts", "title=")
	fmt.Println(strings.ReplaceAll(browser.get("/posts"), "><", ">\n<"))
	// Output:
	// <div class="field">
	// <label class="field-label" for="title">Title</label>
	// <p id="title-hint" class="field-hint">Up to 80 characters</p>
	// <input type="text" id="title" name="title" aria-invalid="true" aria-describedby="title-hint title-error">
	// <p id="title-error" class="field-error">
	// <span class="visually-hidden">Error:</span> <bdi>Enter a title</bdi>
	// </p>
	// </div>
}

// Several checkboxes of one name are a group.
func ExampleField_group() {
	tags := components.Field("tags[]", components.Input{
		Label:   "Tags",
		Type:    "checkbox",
		Options: components.Options("go", "Go", "templ", "templ"),
		Values:  []string{"go"},
	})

	e := newApp()
	e.GET("/posts", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, tags)
	})

	browser := &browser{app: e}
	fmt.Println(strings.ReplaceAll(browser.get("/posts"), "><", ">\n<"))
	// Output:
	// <fieldset id="tags" class="field">
	// <legend class="field-label">Tags</legend>
	// <div class="field-choice">
	// <input type="checkbox" id="tags-go" name="tags[]" value="go" checked>
	// <label class="field-caption" for="tags-go">Go</label>
	// </div>
	// <div class="field-choice">
	// <input type="checkbox" id="tags-templ" name="tags[]" value="templ">
	// <label class="field-caption" for="tags-templ">templ</label>
	// </div>
	// </fieldset>
}

// A form brings the token that protects it, the method that browsers do not know, and the
// name that tells it from other forms of the page.
func ExampleForm() {
	// In a .templ file: @components.Form(...) { @components.OldInput(...) }
	form := with(
		components.Form(components.FormProps{Action: "/login", Name: "login"}),
		components.OldInput("email", components.Input{Type: "email"}),
	)

	e := newApp()
	e.POST("/login", func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"email": {"We do not know this address"}})
	})
	e.GET("/login", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, form)
	})

	browser := &browser{app: e}
	browser.post("/login", "_form=login&email=ada%40example.org")
	fmt.Println(strings.ReplaceAll(browser.get("/login"), "><", ">\n<"))
	// Output:
	// <form action="/login" method="post" hx-history="false">
	// <input type="hidden" name="_form" value="login" autocomplete="off">
	// <input type="email" id="login-email" name="email" value="ada@example.org" aria-invalid="true" aria-describedby="login-email-error">
	// </form>
}

// A form that is written by hand has the token by a component of its own.
func ExampleCSRF() {
	e := newApp()
	e.Use(session.CSRF())
	e.GET("/", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, components.CSRF()) // in a form: @components.CSRF()
	})

	browser := &browser{app: e}
	field := browser.get("/")
	fmt.Println(regexp.MustCompile(`value="[^"]{86}"`).ReplaceAllString(field, `value="…"`))
	// Output:
	// <input type="hidden" name="_csrf" value="…" autocomplete="off">
}

// An answer to htmx brings the alerts along. They appear in the region that the page has.
func ExampleFlashAlertsOOB() {
	e := newApp()
	e.POST("/cart", func(c echo.Context) error {
		session.From(c).FlashSuccess("In your cart.")
		return session.Render(c, http.StatusOK, templ.Join(templ.Raw("<b>1</b>"), components.FlashAlertsOOB()))
	})

	browser := &browser{app: e}
	fmt.Println(browser.post("/cart", "item=tea"))
	// Output:
	// <b>1</b><div hx-swap-oob="innerHTML:#flash"><div class="flash flash-success" data-flash="success" data-turbo-temporary hx-history="false"><div class="flash-body"><span class="visually-hidden">Success: </span><bdi>In your cart.</bdi> </div></div></div>
}

// One element in the head of the page sets htmx up. The application's own settings go
// with it, since htmx reads one element only.
func ExampleHTMXConfig() {
	config := components.HTMXConfig(map[string]any{"globalViewTransitions": true})

	var out strings.Builder
	if err := config.Render(context.Background(), &out); err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.ReplaceAll(out.String(), "&#34;", "'")) // to be read
	// Output:
	// <meta name="htmx-config" content="{'globalViewTransitions':true,'historyRestoreAsHxRequest':false,'includeIndicatorStyles':false,'responseHandling':[{'code':'204','swap':false},{'code':'[23]..','swap':true},{'code':'422','swap':true},{'code':'[45]..','swap':false,'error':true}]}">
}

// The stylesheet is best served as a file, which browsers keep.
func Example_stylesheet() {
	e := newApp()
	e.GET("/components.css", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "text/css; charset=utf-8", []byte(components.CSS))
	})

	browser := &browser{app: e}
	fmt.Println(strings.Contains(browser.get("/components.css"), ".flash-success"))
	// Output:
	// true
}

func newApp() *echo.Echo {
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))
	return e
}

// browser keeps cookies.
type browser struct {
	app     http.Handler
	cookies []*http.Cookie
}

func (b *browser) get(path string) string {
	return b.do(httptest.NewRequest(http.MethodGet, path, nil))
}

func (b *browser) post(path, form string) string {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Referer", "https://example.com"+path)
	return b.do(r)
}

func (b *browser) do(r *http.Request) string {
	r.Header.Set("Accept", "text/html")
	for _, cookie := range b.cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	b.app.ServeHTTP(w, r)
	b.cookies = append(b.cookies, w.Result().Cookies()...)
	return w.Body.String()
}
