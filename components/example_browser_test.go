package components_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// The code that examples share is here. If it were in an example's own file, pkg.go.dev would show
// it with the example, where it would be in the way.

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

func (b *browser) post(path, form string) string { return b.do(b.submission(path, form)) }

// postPart sends a request as htmx does.
func (b *browser) postPart(path, form string) string {
	r := b.submission(path, form)
	r.Header.Set("HX-Request", "true")
	return b.do(r)
}

func (b *browser) submission(path, form string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Referer", "https://example.com"+path)
	return r
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

// show prints a page, one element per line.
func show(page string) {
	fmt.Println(strings.ReplaceAll(page, "><", ">\n<"))
}
