package sessiontest_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
)

func Test_that_the_same_visitor_with_another_header_has_the_same_session(t *testing.T) {
	visitor := newVisitor(t)
	script := visitor.With("HX-Request", "true", "X-Own", "1")
	answer := script.Post("/posts", url.Values{"title": {"Hello"}})
	answer.AssertStatus(http.StatusNoContent)
	answer.AssertRedirect("/posts")
	visitor.AssertAlert("success")

	page := answer.Follow()
	if page.Request.Header.Get("HX-Request") != "" || page.Request.Header.Get("X-Own") != "1" {
		t.Error("the page that HX-Redirect leads to was asked for by htmx; want the browser itself, with its other headers")
	}
	if script.Get("/posts").Request.Header.Get("HX-Request") != "true" {
		t.Error("after that, the script does not say any more that it is htmx")
	}
	visitor.AssertNoAlert()
}

func Test_that_a_header_can_be_left_out(t *testing.T) {
	var got http.Header
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	visitor := sessiontest.New(t, inMemory(), app)
	visitor.With("Accept", "").With("X-Own", "1").Get("/")
	if _, there := got["Accept"]; there || got.Get("X-Own") != "1" {
		t.Errorf("the request has the headers %v; want X-Own and no Accept", got)
	}
	if visitor.Get("/"); len(got) != 1 || got.Get("Accept") == "" {
		t.Errorf("a request has the headers %v; want Accept and no other", got)
	}
	script := visitor.With("HX-Request", "true")
	script.With("HX-Boosted", "true").Get("/")
	if script.Get("/"); got.Get("HX-Request") != "true" || got.Get("HX-Boosted") != "" {
		t.Errorf("another visitor's header is sent, too: %v", got)
	}
}

func Test_that_a_request_keeps_the_headers_it_has(t *testing.T) {
	var got []string
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header["Accept"] })
	visitor := sessiontest.New(t, inMemory(), app)
	for _, want := range [][]string{{"text/plain"}, {"", "text/plain"}, nil} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Accept"] = want
		visitor.Do(r)
		if !slices.Equal(got, want) {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func Test_that_JSON_and_files_are_sent(t *testing.T) {
	e := echo.New()
	e.POST("/json", func(c echo.Context) error {
		var in struct{ Title string }
		if err := c.Bind(&in); err != nil {
			return err
		}
		return c.String(http.StatusOK, in.Title+" "+c.Request().Header.Get("Accept"))
	})
	e.PUT("/file", func(c echo.Context) error {
		file, err := c.FormFile("file")
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, file.Filename)
	})
	visitor := sessiontest.New(t, inMemory(), e)
	if got := visitor.PostJSON("/json", map[string]string{"title": "Hello"}).Text; got != "Hello application/json" {
		t.Errorf("answered %q", got)
	}
	if got := visitor.With("Accept", "text/html").PostJSON("/json", map[string]string{"title": "Hello"}).Text; got != "Hello text/html" {
		t.Errorf("who accepts something else is answered %q", got)
	}
	body := "--x\r\nContent-Disposition: form-data; name=file; filename=a.txt\r\n\r\nText\r\n--x--\r\n"
	r := httptest.NewRequest(http.MethodPut, "/file", strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if got := visitor.Do(r).Text; got != "a.txt" {
		t.Errorf("answered %q", got)
	}
}

func Test_that_a_handler_gets_what_a_server_would_give_it(t *testing.T) {
	var got *http.Request
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r })
	sessiontest.New(t, inMemory(), app).Get("/posts?page=2")
	if got.Host != "example.com" || got.RequestURI != "/posts?page=2" || got.URL.String() != "/posts?page=2" ||
		got.RemoteAddr == "" || got.TLS == nil || got.Body != http.NoBody {
		t.Errorf("the request is %+v", got)
	}
	if got.Context().Err() == nil {
		t.Error("the context goes on after the answer")
	}

	insecure := inMemory()
	insecure.Cookie.Insecure = true
	sessiontest.New(t, insecure, app).Get("/")
	if got.TLS != nil {
		t.Error("an insecure cookie came by https; want plain http, where a Secure one would be missing")
	}
}

func Test_that_redirects_are_followed_as_browsers_do(t *testing.T) {
	app := echo.New()
	app.GET("/page", func(c echo.Context) error {
		r := c.Request()
		return c.HTML(http.StatusOK, r.Method+r.Header.Get("HX-Request")+" "+r.Referer())
	})
	app.GET("/", func(c echo.Context) error {
		_, err := c.Cookie("a")
		c.SetCookie(&http.Cookie{Name: "b"})
		return c.HTML(http.StatusOK, fmt.Sprint("home ", c.Request().Referer(), err))
	})
	app.GET("/hop", func(c echo.Context) error { return c.Redirect(http.StatusFound, "page") })
	app.POST("/:status", func(c echo.Context) error {
		status := map[string]int{"301": 301, "302": 302, "303": 303}[c.Param("status")]
		return c.Redirect(status, "/hop")
	})
	app.POST("/again", func(c echo.Context) error { return c.Redirect(http.StatusTemporaryRedirect, "/echo") })
	app.POST("/for-good", func(c echo.Context) error { return c.Redirect(http.StatusPermanentRedirect, "/again") })
	app.GET("/again", func(c echo.Context) error { return c.Redirect(http.StatusTemporaryRedirect, "/page") })
	app.POST("/echo", func(c echo.Context) error {
		var in struct {
			Title string `form:"title"`
		}
		err := c.Bind(&in) // reads no body whose length is said to be 0
		return cmp.Or(err, c.String(http.StatusOK, in.Title))
	})
	app.POST("/htmx", func(c echo.Context) error {
		c.Response().Header().Set(c.FormValue("header"), c.FormValue("to"))
		return c.NoContent(http.StatusOK)
	})
	visitor := sessiontest.New(t, inMemory(), app)
	visitor.SetCookies([]*http.Cookie{{Name: "a", Path: "/"}})
	visitor.Get("/page")

	const (
		page = "GET https://example.com/page"
		part = "GETtrue https://example.com/page"
	)
	cases := []struct {
		path string
		form url.Values
		want string
	}{
		{"/301", nil, page},
		{"/302", nil, page},
		{"/303", nil, page},
		{"/again", url.Values{"title": {"Hello"}}, "Hello"},
		{"/for-good", url.Values{"title": {"Hello"}}, "Hello"},
		{"/htmx", url.Values{"header": {"HX-Redirect"}, "to": {"/page#middle"}}, page},
		{"/htmx", url.Values{"header": {"HX-Location"}, "to": {"/page"}}, part},
		{"/htmx", url.Values{"header": {"HX-Location"}, "to": {`{"path":"/hop","target":"#main"}`}}, part},
		{"/htmx", url.Values{"header": {"HX-Redirect"}, "to": {"https://example.com"}}, "home https://example.com/page<nil>"},
		{"/htmx", url.Values{"header": {"HX-Location"}, "to": {"/page"}}, "GETtrue https://example.com/"},
		{"/303", nil, page},
	}
	for _, tc := range cases {
		if got := visitor.Post(tc.path, tc.form).Follow().Text; got != tc.want {
			t.Errorf("POST %s %v led to %q; want %q", tc.path, tc.form, got, tc.want)
		}
	}
	if got := visitor.Get("/again").Follow().Request.Header; got["Content-Type"] != nil {
		t.Errorf("a request without a body goes on with the headers %v; want no Content-Type", got)
	}
}

func Test_that_only_a_page_is_where_the_visitor_comes_from(t *testing.T) {
	app := echo.New()
	app.GET("/*", func(c echo.Context) error { return c.HTML(http.StatusOK, c.Request().Referer()) })
	app.GET("/moved", echo.WrapHandler(http.RedirectHandler("/next", http.StatusFound)))
	for _, tc := range []struct {
		claim string
		path  string
		as    []string
		from  string
	}{
		{"a page", "/next", nil, "/next"},
		{"a part by htmx", "/next", []string{"HX-Request", "true"}, "/page"},
		{"a boosted page", "/next", []string{"HX-Request", "true", "HX-Boosted", "true"}, "/next"},
		{"a Turbo Frame", "/next", []string{"Turbo-Frame", "list"}, "/page"},
		{"a part by Unpoly", "/next", []string{"X-Up-Target", ".list"}, "/page"},
		{"a page by Unpoly", "/next", []string{"X-Up-Target", "body"}, "/next"},
		{"a part by Datastar", "/next", []string{"Datastar-Request", "true"}, "/page"},
		{"a redirect, which has a text", "/moved", nil, "/page"},
	} {
		visitor := sessiontest.New(t, inMemory(), app)
		visitor.Get("/page")
		visitor.With(tc.as...).Get(tc.path)
		if got := visitor.Get("/last").Text; got != "https://example.com"+tc.from {
			t.Errorf("after %s: comes from %q; want %s", tc.claim, got, tc.from)
		}
	}
}

func Test_that_a_form_is_known_however_it_is_sent(t *testing.T) {
	cfg := inMemory()
	app := newApp(cfg)
	app.POST("/upload", func(c echo.Context) error {
		session.From(c).FlashInputErrors(map[string][]string{"file": {"Choose a file."}})
		return session.Redirect(c, "/posts")
	})
	for contentType, body := range map[string]string{
		"application/x-www-form-urlencoded":                "_form=upload",
		"application/x-www-form-urlencoded; charset=UTF-8": "_form=upload",
		"multipart/form-data; boundary=x":                  "--x\r\nContent-Disposition: form-data; name=_form\r\n\r\nupload\r\n--x--\r\n",
	} {
		wantFailure(t, "there is a form to be corrected, or an error of the page; want no flash\n\tthis is what there is:\n\tinput error in form \"upload\": \"file\": \"Choose a file.\"", func(fake sessiontest.TB) {
			visitor := sessiontest.New(fake, cfg, app)
			r := httptest.NewRequest(http.MethodPost, "/upload", strings.NewReader(body))
			r.Header.Set("Content-Type", contentType)
			visitor.Do(r)
			visitor.AssertNoFlash()
		})
	}
}

func Test_that_a_panic_of_the_application_comes_through(t *testing.T) {
	defer func() {
		if got := recover(); got != "out of tea" {
			t.Errorf("recovered %v; want the panic of the handler", got)
		}
	}()
	app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("out of tea") })
	sessiontest.New(t, inMemory(), app).Get("/")
}
