package session_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// A guestbook: a form that says what is wrong and keeps what was typed, a message that is
// shown once, and a value that stays.
func Example() {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store: memorystore.New(memorystore.Options{}),
	}))
	e.GET("/", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, guestbook)
	})
	e.POST("/", func(c echo.Context) error {
		s, name := session.From(c), c.FormValue("name")
		if len(name) < 3 {
			return session.Invalid(c, session.ValidationErrors{"name": {"That is too short."}})
		}
		s.Put("name", name)
		s.FlashSuccess("Nice to meet you.")
		return session.Redirect(c, "/")
	})

	browse(e, "", "name=Al", "name=Alma", "")
	// Output:
	// GET
	// Hello, stranger.
	// <input type="text" id="name" name="name">
	// POST name=Al
	// Hello, stranger.
	// <input type="text" id="name" name="name" value="Al" aria-invalid="true" aria-describedby="name-error"><p id="name-error" class="field-error"><span class="visually-hidden">Error:</span> <bdi>That is too short.</bdi></p>
	// POST name=Alma
	// Hello, Alma. Nice to meet you.
	// <input type="text" id="name" name="name">
	// GET
	// Hello, Alma.
	// <input type="text" id="name" name="name">
}

// guestbook stands for a .templ file:
//
//	templ guestbook() {
//		Hello, { session.Get(session.FromContext(ctx), "name", "stranger") }.
//		…
//		@components.OldInput("name")
//		@components.InputError("name")
//	}
var guestbook = guestbookPage(func(ctx context.Context, w io.Writer) error {
	s := session.FromContext(ctx)
	fmt.Fprintf(w, "Hello, %s.", session.Get(s, "name", "stranger"))
	for _, alert := range s.FlashMessages().Alerts() {
		fmt.Fprint(w, " ", alert.Text)
	}
	fmt.Fprintln(w)
	if err := components.OldInput("name").Render(ctx, w); err != nil {
		return err
	}
	return components.InputError("name").Render(ctx, w)
})

// guestbookPage is a component, like every templ component.
type guestbookPage func(ctx context.Context, w io.Writer) error

func (p guestbookPage) Render(ctx context.Context, w io.Writer) error { return p(ctx, w) }

// browse opens the page, or sends a form, as a visitor with a browser does: it keeps cookies,
// follows redirects, and sends the Referer.
func browse(app http.Handler, forms ...string) {
	server := httptest.NewTLSServer(app)
	defer server.Close()
	browser := server.Client()
	browser.Jar, _ = cookiejar.New(nil)
	for _, form := range forms {
		method := http.MethodGet
		if form != "" {
			method = http.MethodPost
		}
		r, _ := http.NewRequest(method, server.URL, strings.NewReader(form))
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Content-Type", echo.MIMEApplicationForm)
		r.Header.Set("Referer", server.URL+"/")
		res, err := browser.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		page, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Printf("%s\n%s\n", strings.TrimSpace(method+" "+form), page)
	}
}
