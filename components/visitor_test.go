package components_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/a-h/templ/runtime"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// visitor uses an application that has only the session middleware.
type visitor struct {
	t       testing.TB
	mw      echo.MiddlewareFunc
	cookies []*http.Cookie
	csrf    string // the token of Echo's middleware, if not ""
	parts   bool   // htmx asks for parts of pages
}

func newVisitor(t testing.TB) *visitor {
	t.Helper()
	mw, err := session.Config{Store: memorystore.New(memorystore.Options{})}.ToMiddleware()
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, mw: mw}
}

// do sends a request that the handler answers.
func (v *visitor) do(r *http.Request, handler echo.HandlerFunc) string {
	v.t.Helper()
	for _, cookie := range v.cookies {
		r.AddCookie(cookie)
	}
	e := echo.New()
	e.Use(v.mw)
	e.Any("/*", func(c echo.Context) error {
		if v.csrf != "" {
			c.Set("csrf", v.csrf)
		}
		return handler(c)
	})
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code >= 400 {
		v.t.Fatalf("%s %s is answered with %d: %s", r.Method, r.URL, w.Code, w.Body)
	}
	for _, set := range w.Result().Cookies() {
		v.cookies = slices.DeleteFunc(v.cookies, func(old *http.Cookie) bool { return old.Name == set.Name })
		if set.MaxAge >= 0 {
			v.cookies = append(v.cookies, set)
		}
	}
	return w.Body.String()
}

// post submits form to a handler that flashes what it likes and redirects back.
func (v *visitor) post(form url.Values, flash func(s *session.Session)) {
	v.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	v.do(r, func(c echo.Context) error {
		if flash != nil {
			flash(session.From(c))
		}
		return session.Redirect(c, "/")
	})
}

// get requests a page, or a part of one, that shows the component.
func (v *visitor) get(component templ.Component) string {
	v.t.Helper()
	return v.do(v.request(), func(c echo.Context) error {
		return session.Render(c, http.StatusOK, component)
	})
}

func (v *visitor) request() *http.Request {
	r := pageRequest()
	if v.parts {
		r.Header.Set("HX-Request", "true")
	}
	return r
}

func pageRequest() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept", "text/html")
	return r
}

// in calls fn with the context that a component on the visitor's next page gets.
func (v *visitor) in(fn func(ctx context.Context)) {
	v.t.Helper()
	v.do(v.request(), func(c echo.Context) error {
		fn(c.Request().Context())
		return c.HTML(http.StatusOK, "")
	})
}

// html renders without a session.
func html(t testing.TB, component templ.Component) string {
	t.Helper()
	var out bytes.Buffer
	if err := component.Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// after is the component on the page that follows a form and what it flashed.
func after(t testing.TB, form url.Values, flash func(s *session.Session), component templ.Component) string {
	t.Helper()
	return newVisitor(t).after(form, flash, component)
}

// afterInPart is after, with a request from htmx.
func afterInPart(t testing.TB, form url.Values, flash func(s *session.Session), component templ.Component) string {
	t.Helper()
	v := newVisitor(t)
	v.parts = true
	return v.after(form, flash, component)
}

func (v *visitor) after(form url.Values, flash func(s *session.Session), component templ.Component) string {
	v.t.Helper()
	v.csrf = "a-token"
	v.post(form, flash)
	return v.get(component)
}

// with is a component with children.
func with(parent, children templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return parent.Render(templ.WithChildren(templ.InitializeContext(ctx), children), w)
	})
}

// inForm is a component in the form of that name.
func inForm(name string, component templ.Component) templ.Component {
	return with(components.FormPart(name), component)
}

// text is a component that shows what fn makes of the context.
func text(fn func(ctx context.Context) string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, err := w.Write([]byte(templ.EscapeString(fn(ctx))))
		return err
	})
}

// spread is a component with attributes for hand-written markup.
func spread(attrs func(ctx context.Context) templ.Attributes) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if _, err := io.WriteString(w, "<p"); err != nil {
			return err
		}
		if err := runtime.RenderAttributes(ctx, w, io.Discard, "p", attrs(ctx)); err != nil {
			return err
		}
		_, err := io.WriteString(w, "></p>")
		return err
	})
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v; want %v", what, got, want)
	}
}

// generated is a component called as in code generated by templ, with a buffer of templ.
func generated(component templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		buffer, existing := runtime.GetBuffer(w)
		if existing {
			return component.Render(ctx, w)
		}
		return errors.Join(component.Render(ctx, buffer), runtime.ReleaseBuffer(buffer))
	})
}

// wrong flashes the form and an error of this field.
func wrong(name string) func(s *session.Session) {
	return func(s *session.Session) {
		s.FlashAll()
		s.FlashInputErrors(map[string][]string{name: {"Not so"}})
	}
}
