package components_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

// An alert waits for the page that shows it, and is gone on the next one.
func ExampleFlashAlertsFunc() {
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
	show(browser.get("/posts"))
	show(browser.get("/posts"))
	// Output:
	// <div id="flash" class="flash-region" aria-live="polite" hx-history="false">
	// <div class="flash flash-success" data-flash="success" data-turbo-temporary hx-history="false">
	// <div class="flash-body">
	// <span class="visually-hidden">Success: </span>
	// <bdi>Your post is online.</bdi> </div>
	// </div>
	// </div>
	// <div id="flash" class="flash-region" aria-live="polite">
	// </div>
}

// A control shows what was typed, and says whether it is wrong. Passwords do not come back.
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
	show(browser.get("/login"))
	browser.post("/login", "email=ada%40example.org&password=hunter2")
	show(browser.get("/login"))
	// Output:
	// <input type="email" id="email" name="email" required>
	// <input type="password" id="password" name="password">
	// <input type="email" id="email" name="email" value="ada@example.org" aria-invalid="true" aria-describedby="email-error" required>
	// <input type="password" id="password" name="password">
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
	show(browser.get("/posts"))
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

// Several checkboxes of one name are a group. Values is what is checked in a new form.
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
	show(browser.get("/posts"))
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

// A form contains the token that protects it, the method if browsers do not support it, and the
// name that distinguishes it from other forms on the page.
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
	show(browser.get("/login"))
	// Output:
	// <form action="/login" method="post" hx-history="false">
	// <input type="hidden" name="_form" value="login" autocomplete="off">
	// <input type="email" id="login-email" name="email" value="ada@example.org" aria-invalid="true" aria-describedby="login-email-error">
	// </form>
}

// A form written by hand gets the token from a separate component.
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

// An answer to htmx brings the alerts along. They appear in the page's region for alerts.
func ExampleFlashAlertsOOB() {
	e := newApp()
	e.POST("/cart", func(c echo.Context) error {
		session.From(c).FlashSuccess("In your cart.")
		return session.Render(c, http.StatusOK, templ.Join(templ.Raw("<b>1</b>"), components.FlashAlertsOOB()))
	})

	browser := &browser{app: e}
	fmt.Println(browser.postPart("/cart", "item=tea"))
	// Output:
	// <b>1</b><div hx-swap-oob="innerHTML:#flash"><div class="flash flash-success" data-flash="success" data-turbo-temporary hx-history="false"><div class="flash-body"><span class="visually-hidden">Success: </span><bdi>In your cart.</bdi> </div></div></div>
}

// One element in the head of the page configures htmx. It includes the application's own settings,
// since htmx reads only one such element.
func ExampleHTMXConfig() {
	config := components.HTMXConfig(map[string]any{"globalViewTransitions": true})

	var out strings.Builder
	if err := config.Render(context.Background(), &out); err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.ReplaceAll(out.String(), "&#34;", "'")) // for readability
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

// Components find the session in the context of the request. In another context there is none, and
// so nothing to show; the message waits for a page that is rendered in the right context.
func ExampleFlashAlertsFunc_incorrect() {
	e := newApp()
	e.POST("/", func(c echo.Context) error {
		session.From(c).FlashSuccess("Your post is online.")
		return session.Redirect(c, "/")
	})
	e.GET("/background", func(c echo.Context) error {
		return components.FlashAlerts.Render(context.Background(), c.Response())
	})
	e.GET("/render", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, components.FlashAlerts)
	})

	browser := &browser{app: e}
	browser.post("/", "")
	fmt.Println(strings.Contains(browser.get("/background"), "Your post is online."))
	fmt.Println(strings.Contains(browser.get("/render"), "Your post is online."))
	// Output:
	// false
	// true
}

// What was flashed under your own key is shown where you want it, with its type.
func ExampleFlashMessage() {
	type receipt struct{ Order, Items int }

	// In a .templ file:
	//
	//	@components.FlashMessage("receipt") {
	//		<p>Order { components.Message[receipt](ctx).Order } is on its way.</p>
	//	}
	thanks := with(components.FlashMessage("receipt"), templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, "<p>Order %d is on its way.</p>", components.Message[receipt](ctx).Order)
		return err
	}))

	e := newApp()
	e.POST("/order", func(c echo.Context) error {
		session.From(c).Flash("receipt", receipt{Order: 4711, Items: 3})
		return session.Redirect(c, "/")
	})
	e.GET("/", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, thanks)
	})

	browser := &browser{app: e}
	browser.post("/order", "")
	fmt.Printf("%q\n", browser.get("/"))
	fmt.Printf("%q\n", browser.get("/"))
	// Output:
	// "<p>Order 4711 is on its way.</p>"
	// ""
}

// Alerts of one kind have their own place; other kinds wait for theirs.
func ExampleFlash() {
	e := newApp()
	e.POST("/", func(c echo.Context) error {
		s := session.From(c)
		s.FlashWarning("Your password is from 2015.")
		s.FlashSuccess("Welcome back.")
		return session.Redirect(c, "/")
	})
	e.GET("/", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, components.Flash(session.KindWarning))
	})

	browser := &browser{app: e}
	browser.post("/", "")
	show(browser.get("/"))
	// Output:
	// <div class="flash flash-warning" data-flash="warning" data-turbo-temporary hx-history="false" role="alert">
	// <div class="flash-body">
	// <span class="visually-hidden">Warning: </span>
	// <bdi>Your password is from 2015.</bdi> </div>
	// </div>
}

// Alerts in a corner, which can be dismissed, and disappear by themselves. None of it needs
// JavaScript.
func ExampleFlashProps() {
	e := newApp()
	e.GET("/", func(c echo.Context) error {
		session.From(c).FlashNow(session.KindInfo, "Nothing was found.")
		return session.Render(c, http.StatusOK, components.FlashAlerts(components.FlashProps{
			Position:    components.BottomEnd,
			Dismiss:     true,
			AutoDismiss: 6 * time.Second,
		}))
	})

	browser := &browser{app: e}
	show(browser.get("/"))
	// Output:
	// <div id="flash" class="flash-region flash-region-bottom flash-region-end" aria-live="polite" hx-history="false">
	// <div class="flash flash-info flash-auto flash-auto-6" data-flash="info" data-turbo-temporary hx-history="false">
	// <div class="flash-body">
	// <span class="visually-hidden">Note: </span>
	// <bdi>Nothing was found.</bdi> </div>
	// <label class="flash-dismiss">
	// <input type="checkbox" autocomplete="off" class="flash-toggle" aria-label="Dismiss">
	// <span aria-hidden="true">×</span>
	// </label>
	// </div>
	// </div>
}

// Each error leads to its field.
func ExampleErrorSummary() {
	e := newApp()
	e.POST("/posts", func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"title": {"Enter a title"}})
	})
	e.GET("/posts", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, components.ErrorSummary())
	})

	browser := &browser{app: e}
	browser.post("/posts", "title=")
	show(browser.get("/posts"))
	// Output:
	// <div id="error-summary" class="error-summary" role="group" aria-labelledby="error-summary-title" tabindex="-1" autofocus data-turbo-temporary hx-history="false">
	// <div role="alert">
	// <h2 id="error-summary-title" class="error-summary-title">There is a problem</h2>
	// <ul class="error-summary-list">
	// <li>
	// <a class="error-summary-link" href="#title">
	// <bdi>Enter a title</bdi>
	// </a>
	// </li>
	// </ul>
	// </div>
	// </div>
}

// Errors of the page belong to no field.
func ExampleErrors() {
	// In a .templ file:
	//
	//	@components.Errors() {
	//		<p>{ components.Message[string](ctx) }</p>
	//	}
	wrong := with(components.Errors(), templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, "<p>%s</p>", templ.EscapeString(components.Message[string](ctx)))
		return err
	}))

	e := newApp()
	e.POST("/pay", func(c echo.Context) error {
		session.From(c).FlashErrors(map[string]string{"E_CARD_DECLINED": "Your bank has refused."})
		return session.Back(c, "/pay")
	})
	e.GET("/pay", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, wrong)
	})

	browser := &browser{app: e}
	browser.post("/pay", "")
	show(browser.get("/pay"))
	// Output: <p>Your bank has refused.</p>
}

// Your own markup can ask what a field should show, and what is wrong with it.
func ExampleOld() {
	// In a .templ file:
	//
	//	<input name="email" value={ components.Old(ctx, "email", user.Email) }
	//		{ components.Invalid(ctx, "email")... }/>
	//	@components.InputError("email")
	field := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s, %v, %q", components.Old(ctx, "email", "ada@example.org"),
			components.Invalid(ctx, "email"), components.ErrorFor(ctx, "email"))
		return err
	})

	e := newApp()
	e.POST("/account", func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"email": {"We do not know this address"}})
	})
	e.GET("/account", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, field)
	})

	browser := &browser{app: e}
	fmt.Println(browser.get("/account"))
	browser.post("/account", "email=ada")
	fmt.Println(browser.get("/account"))
	// Output:
	// ada@example.org, map[], ""
	// ada, map[aria-describedby:email-error aria-invalid:true], "We do not know this address"
}

// A box that the visitor has cleared stays cleared. The default is for a form that was not sent
// yet: pass it to IsChecked instead of combining the two yourself.
func ExampleIsChecked() {
	// In a .templ file:
	//
	//	<input type="checkbox" name="news" checked?={ components.IsChecked(ctx, "news", "on", true) }/>
	news := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, "checked: %t", components.IsChecked(ctx, "news", "on", true))
		return err
	})

	e := newApp()
	e.POST("/register", func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"email": {"Enter an address"}})
	})
	e.GET("/register", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, news)
	})

	browser := &browser{app: e}
	fmt.Println(browser.get("/register"))
	browser.post("/register", "email=") // browsers leave out a box that is not checked
	fmt.Println(browser.get("/register"))
	// Output:
	// checked: true
	// checked: false
}

// Screen readers begin with the title of a page, so an error is mentioned there first.
func ExampleTitle() {
	e := newApp()
	e.POST("/posts", func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"title": {"Enter a title"}})
	})
	e.GET("/posts", func(c echo.Context) error {
		return c.String(http.StatusOK, components.Title(c.Request().Context(), "New post"))
	})

	browser := &browser{app: e}
	fmt.Println(browser.get("/posts"))
	browser.post("/posts", "title=")
	fmt.Println(browser.get("/posts"))
	// Output:
	// New post
	// Error: New post
}

// Another theme for one request. To change it for all requests, call Configure when the program
// starts.
func ExampleWith() {
	e := newApp()
	e.GET("/", func(c echo.Context) error {
		ctx := components.With(c.Request().Context(), func(d *components.Defaults) {
			d.Theme = components.Bootstrap
		})
		c.SetRequest(c.Request().WithContext(ctx))
		return session.Render(c, http.StatusOK, components.Field("name", components.Input{Label: "Name"}))
	})

	browser := &browser{app: e}
	show(browser.get("/"))
	// Output:
	// <div class="mb-3">
	// <label class="form-label" for="name">Name</label>
	// <input type="text" id="name" name="name" class="form-control">
	// </div>
}

// Handlers flash keys, and the page that shows them decides on the language.
func ExampleDefaults() {
	german := map[string]string{"post.saved": "Der Beitrag ist online."}

	e := newApp()
	e.POST("/posts", func(c echo.Context) error {
		session.From(c).FlashSuccess("post.saved")
		return session.Redirect(c, "/posts")
	})
	e.GET("/posts", func(c echo.Context) error {
		ctx := components.With(c.Request().Context(), func(d *components.Defaults) {
			d.Translate = func(_ context.Context, text string) string { return cmp.Or(german[text], text) }
			d.Labels = func(context.Context) components.Labels {
				labels := components.English()
				labels.Kinds[session.KindSuccess] = "Erfolg:"
				return labels
			}
		})
		c.SetRequest(c.Request().WithContext(ctx))
		return session.Render(c, http.StatusOK, components.Flash(session.KindSuccess))
	})

	browser := &browser{app: e}
	browser.post("/posts", "")
	show(browser.get("/posts"))
	// Output:
	// <div class="flash flash-success" data-flash="success" data-turbo-temporary hx-history="false">
	// <div class="flash-body">
	// <span class="visually-hidden">Erfolg: </span>
	// <bdi>Der Beitrag ist online.</bdi> </div>
	// </div>
}

// A field of a form that stands outside of it, as in the cell of a table, shows what was submitted
// with the form.
func ExampleFormPart() {
	// In a .templ file: @components.FormPart("row-7") { @components.OldInput(...) }
	cell := with(
		components.FormPart("row-7"),
		components.OldInput("price", components.Input{Value: "10", Attrs: templ.Attributes{"form": "row-7"}}),
	)
	form := components.Form(components.FormProps{Action: "/prices", Name: "row-7", ID: "row-7"})

	e := newApp()
	e.POST("/prices", func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"price": {"Enter a number"}})
	})
	e.GET("/prices", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, templ.Join(form, cell))
	})

	browser := &browser{app: e}
	browser.post("/prices", "_form=row-7&price=ten")
	show(browser.get("/prices"))
	// Output:
	// <form action="/prices" method="post" id="row-7" hx-history="false">
	// <input type="hidden" name="_form" value="row-7" autocomplete="off">
	// </form>
	// <input type="text" id="row-7-price" name="price" value="ten" aria-invalid="true" aria-describedby="row-7-price-error" form="row-7">
}

// Every id is made from the name of its field, so labels and tests know it beforehand.
func ExampleFieldID() {
	ctx := context.Background()
	fmt.Println(components.FieldID(ctx, "email"))
	fmt.Println(components.FieldID(ctx, "items[0].name"))
	fmt.Println(components.HintID(ctx, "email"), components.ErrorID(ctx, "email"))
	// Output:
	// email
	// items-0-name
	// email-hint email-error
}
