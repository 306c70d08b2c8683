package components_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

func csrfStates() []state {
	return []state{
		{"csrf", nil, nil, components.CSRF()},
		{"csrf-meta", nil, nil, components.CSRFMeta()},
		{"csrf-headers", nil, nil, spread(components.CSRFHeaders)},
	}
}

func Test_that_there_is_no_token_where_nothing_asks_for_it(t *testing.T) {
	all := templ.Join(components.CSRF(), components.CSRFMeta(), spread(components.CSRFHeaders),
		with(components.Form(components.FormProps{}), templ.NopComponent))
	const want = `<p></p><form method="post"></form>`
	if got := newVisitor(t).get(all); got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	if got := html(t, all); got != want {
		t.Errorf("without a session, got %s; want %s", got, want)
	}
}

func Test_that_a_form_around_a_fragment_begins_no_session_for_its_token(t *testing.T) {
	form := with(components.Form(components.FormProps{}), with(templ.Fragment("title"), components.OldInput("title")))
	e := newApp()
	e.Use(session.CSRF())
	e.GET("/part", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			return templ.RenderFragments(ctx, w, form, "title")
		}))
	})
	e.GET("/", func(c echo.Context) error { return session.Render(c, http.StatusOK, form) })

	browser := &browser{app: e}
	for path, want := range map[string]int{"/part": 0, "/": 1} {
		browser.cookies = nil
		got := browser.get(path)
		if !strings.Contains(got, `name="title"`) || len(browser.cookies) != want {
			t.Errorf("%s: got %s and %d cookies; want %d", path, got, len(browser.cookies), want)
		}
	}
}

func Test_that_htmx_reads_the_headers(t *testing.T) {
	v := newVisitor(t)
	v.csrf = breakOut
	v.in(func(ctx context.Context) {
		for _, key := range []string{"hx-headers", "hx-headers:inherited"} {
			var headers map[string]string
			if err := json.Unmarshal([]byte(components.CSRFHeaders(ctx)[key].(string)), &headers); err != nil {
				t.Error(err)
			}
			if len(headers) != 1 || headers["X-CSRF-Token"] != breakOut {
				t.Errorf("%s is %v", key, headers)
			}
		}
	})
}

// A form that is sent as by a browser passes the middleware that its token is for; without the
// token it does not.
func Test_that_a_form_is_accepted(t *testing.T) {
	for name, protection := range map[string]echo.MiddlewareFunc{
		"session.CSRF": session.CSRF(),
		"Echo's CSRF":  middleware.CSRFWithConfig(middleware.CSRFConfig{TokenLookup: "form:_csrf,header:X-CSRF-Token"}),
	} {
		for _, method := range []string{"post", "put", "delete"} {
			t.Run(name+" "+method, func(t *testing.T) { checkProtected(t, protection, method) })
		}
	}
}

func checkProtected(t *testing.T, protection echo.MiddlewareFunc, method string) {
	e := newApp()
	e.Pre(middleware.MethodOverrideWithConfig(middleware.MethodOverrideConfig{Getter: middleware.MethodFromForm("_method")}))
	e.Use(protection)
	form := with(components.Form(components.FormProps{Method: method}), components.OldInput("title"))
	e.GET("/", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, templ.Join(form, components.CSRFMeta()))
	})
	e.Add(strings.ToUpper(method), "/", func(c echo.Context) error {
		return c.String(http.StatusOK, "accepted "+c.FormValue("title"))
	})

	browser := &browser{app: e}
	page := browser.get("/")
	fields := url.Values{"title": {"Tea"}}
	for _, field := range regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		fields.Set(field[1], field[2])
	}
	if got := browser.do(formRequest(fields)); got != "accepted Tea" {
		t.Errorf("the form is answered with %q", got)
	}

	fields.Del(session.CSRFField)
	if got := browser.do(formRequest(fields)); strings.Contains(got, "accepted") {
		t.Errorf("without its token the form is answered with %q", got)
	}

	byScript := formRequest(fields)
	byScript.Header.Set(session.CSRFHeader, regexp.MustCompile(`name="csrf-token" content="([^"]*)"`).FindStringSubmatch(page)[1])
	if got := browser.do(byScript); got != "accepted Tea" {
		t.Errorf("with the token in a header the form is answered with %q", got)
	}
}

func formRequest(form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
