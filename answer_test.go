package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// formView shows a form with what was typed and what is wrong.
var formView = renderFunc(func(ctx context.Context, w io.Writer) error {
	s := session.FromContext(ctx)
	_, err := fmt.Fprintf(w, "%s %s", old("title")(s), fieldErrors(s))
	return err
})

// otherView is the application's own form, which asks the session for nothing.
var otherView = renderFunc(func(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "a form")
	return err
})

var invalidTitle = session.ValidationErrors{"title": {"is short"}}

func Test_that_a_handler_can_tell_parts_from_pages(t *testing.T) {
	unpoly := headers{"Accept", "*/*", "X-Up-Version", "3.14.3", "X-Up-Target", "main", "Sec-Fetch-Dest", "empty"}
	cases := []struct {
		claim string
		as    headers
		part  bool
		htmx  bool // htmx, which swaps out of band
	}{
		{"a page", navigation, false, false},
		{"a page that htmx navigates to", htmxBoosted, false, false},
		{"a part", htmxPart, true, true},
		{"a part for Unpoly", unpoly, true, false},
		{"a Turbo Frame", headers{"Turbo-Frame", "list"}, true, false},
		{"a Turbo Frame, as Turbo asks for it", headers{"Turbo-Frame", "list", "Accept", "text/html"}, true, false},
		{"what a script fetches", headers{"Sec-Fetch-Dest", "empty", "Accept", "application/json"}, true, false},
		{"a prefetched page", prefetched, false, false},
		{"a part that htmx loads ahead", append(htmxPart[:len(htmxPart):len(htmxPart)], "HX-Preloaded", "true"), true, true},
	}
	for _, tc := range cases {
		got := newSite(t).browser().ask(request{as: tc.as}, func(c echo.Context) error {
			s := session.From(c)
			session.IsPartial(c)
			return c.HTML(http.StatusOK, fmt.Sprint(session.IsPartial(c), s.IsPartial(), s.IsHTMXPart()))
		})
		wantText(t, tc.claim, got.body, fmt.Sprint(tc.part, tc.part, tc.htmx))
		wantText(t, "Vary", strings.Join(got.header.Values("Vary"), ", "), "HX-Request, HX-Request-Type, HX-Boosted, HX-History-Restore-Request, Turbo-Frame, X-Up-Target, Datastar-Request, Accept, Sec-Fetch-Dest")
	}
}

// A Turbo Stream is recognised by its content type.
func Test_that_Render_leaves_the_content_type_to_the_handler(t *testing.T) {
	for set, want := range map[string]string{
		"text/csv":                      "text/html; charset=UTF-8", // set by a handler that then failed; this is its error page
		"":                              "text/html; charset=UTF-8",
		"text/vnd.turbo-stream.html":    "text/vnd.turbo-stream.html",
		"text/html; charset=iso-8859-1": "text/html; charset=iso-8859-1",
	} {
		got := newSite(t).browser().visit(func(c echo.Context) error {
			if set != "" {
				c.Response().Header().Set("Content-Type", set)
			}
			return session.Render(c, http.StatusOK, formView)
		})
		wantText(t, set, got.header.Get("Content-Type"), want)
	}
}

func Test_that_nothing_is_partial_without_a_request(t *testing.T) {
	if s := session.FromContext(t.Context()); s.IsPartial() || s.IsHTMXPart() {
		t.Error("it is")
	}
}

func Test_that_Render_answers_with_a_whole_page(t *testing.T) {
	v := newSite(t).browser()
	render := func(c echo.Context) error { return session.Render(c, http.StatusAccepted, otherView) }
	got := v.visit(render)
	wantText(t, "the page", fmt.Sprint(got.status, got.header.Get("Content-Type"), got.body), "202text/html; charset=UTF-8a form")

	got = v.ask(request{method: http.MethodHead}, render)
	wantText(t, "HEAD", fmt.Sprint(got.status, got.header.Get("Content-Type"), got.body), "202text/html; charset=UTF-8")
}

func Test_that_a_component_that_fails_is_a_clean_error(t *testing.T) {
	v := newSite(t).browser()
	got := v.visit(func(c echo.Context) error {
		return session.Render(c, http.StatusOK, renderFunc(func(_ context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, strings.Repeat("half a page ", 1000))
			return errOops
		}))
	})
	if got.status != http.StatusInternalServerError || strings.Contains(got.body, "half") {
		t.Errorf("got %d %q; want the error page alone", got.status, got.body)
	}
}

func Test_that_an_error_page_is_rendered_after_its_context_has_ended(t *testing.T) {
	limit := middleware.ContextTimeout(time.Hour) // cancels its context when the handler returns
	for name, around := range map[string]func(echo.MiddlewareFunc) []echo.MiddlewareFunc{
		"outside of the session": func(s echo.MiddlewareFunc) []echo.MiddlewareFunc { return []echo.MiddlewareFunc{limit, s} },
		"inside of it":           func(s echo.MiddlewareFunc) []echo.MiddlewareFunc { return []echo.MiddlewareFunc{s, limit} },
	} {
		t.Run(name, func(t *testing.T) {
			e := echo.New()
			e.HTTPErrorHandler = func(_ error, c echo.Context) {
				if err := session.Render(c, http.StatusNotFound, patientView); err != nil {
					e.DefaultHTTPErrorHandler(err, c)
				}
			}
			e.Use(around(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))...)
			ctx, hangUp := context.WithCancel(t.Context())
			e.GET("/", func(echo.Context) error { return echo.ErrNotFound })
			e.GET("/answered", func(c echo.Context) error { _ = c.String(http.StatusOK, "ok"); return echo.ErrNotFound })
			e.GET("/left", func(echo.Context) error { hangUp(); return echo.ErrNotFound })
			e.GET("/rendered", func(c echo.Context) error { return session.Render(c, http.StatusOK, patientView) })

			for _, tc := range []struct{ path, want string }{
				{"/", "a page"},
				{"/answered", "ok"},
				{"/left", `{"message":"Internal Server Error"}` + "\n"},
				{"/rendered", `{"message":"Internal Server Error"}` + "\n"}, // nobody waits for it
			} {
				rec := httptest.NewRecorder()
				e.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, tc.path, nil))
				wantText(t, tc.path, rec.Body.String(), tc.want)
			}
		})
	}
}

func Test_that_a_page_without_a_session_ends_with_its_context(t *testing.T) {
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	c := echo.New().NewContext(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), httptest.NewRecorder())
	if err := session.Render(c, http.StatusOK, patientView); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
}

// patientView stops when its context ends, as a templ component does.
var patientView = renderFunc(func(ctx context.Context, w io.Writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "a page")
	return err
})

func Test_where_redirects_lead(t *testing.T) {
	plain := headers{"Accept", "text/html"}
	cases := []struct {
		claim    string
		as       headers
		status   int
		location string
		hx       string
	}{
		{"a page", navigation, 303, "/next", ""},
		{"a page over plain http", plain, 303, "/next", ""},
		{"an htmx part", htmxPart, 204, "", "/next"},
		{"a boosted page", htmxBoosted, 303, "/next", ""},
		{"an htmx 4 part", headers{"HX-Request", "true", "HX-Request-Type", "partial"}, 204, "", "/next"},
		{"an htmx 4 page", headers{"HX-Request", "true", "HX-Request-Type", "full"}, 303, "/next", ""},
		{"a Turbo frame", headers{"Turbo-Frame", "list"}, 303, "/next", ""},
		{"Unpoly", headers{"X-Up-Version", "3.8.0", "X-Up-Target", ".list"}, 303, "/next", ""},
	}
	for _, tc := range cases {
		got := newSite(t).browser().ask(request{as: tc.as, method: http.MethodDelete}, func(c echo.Context) error { return session.Redirect(c, "/next") })
		if got.status != tc.status || got.header.Get("Location") != tc.location || got.header.Get("HX-Redirect") != tc.hx {
			t.Errorf("%s: got %d %q %q; want %d %q %q", tc.claim, got.status, got.header.Get("Location"), got.header.Get("HX-Redirect"), tc.status, tc.location, tc.hx)
		}
	}
}

// A browser that took the answer for htmx from a cache would show nothing.
func Test_that_caches_tell_a_redirect_for_htmx_from_one_for_a_page(t *testing.T) {
	next := func(c echo.Context) error { return session.Redirect(c, "/next") }
	for _, as := range []headers{navigation, htmxPart} {
		got := newSite(t).browser().ask(request{as: as}, next)
		for _, name := range []string{"HX-Request", "HX-Request-Type", "HX-Boosted", "HX-History-Restore-Request"} {
			if !strings.Contains(got.header.Get("Vary"), name) {
				t.Errorf("a redirect of a GET varies by %q; want %s in it", got.header.Get("Vary"), name)
			}
		}
		got = newSite(t).browser().ask(request{as: as, method: http.MethodPost}, next)
		wantText(t, "the Vary of a redirect of a POST", got.header.Get("Vary"), "")
	}
}

func Test_that_an_address_arrives_whatever_is_in_it(t *testing.T) {
	for address, want := range map[string]string{
		"/tags/über?q=ß":      "/tags/%C3%BCber?q=%C3%9F",
		"/a b%20c?d=1&e=2#f":  "/a b%20c?d=1&e=2#f",
		"/x\r\nSet-Cookie: a": "/x%0D%0ASet-Cookie: a",
		"/x\x00\x7f":          "/x%00%7F",
	} {
		for _, as := range []headers{navigation, htmxPart} {
			got := newSite(t).browser().ask(request{as: as}, func(c echo.Context) error { return session.Redirect(c, address) })
			wantText(t, fmt.Sprintf("%q", address), got.header.Get("Location")+got.header.Get("HX-Redirect"), want)
		}
	}
}

func Test_that_Back_does_not_lead_where_it_is_called(t *testing.T) {
	cases := []struct {
		claim, method, path, from, want string
		as                              headers
	}{
		{"a page that links to itself", http.MethodGet, "/admin", "/admin", "/fallback", navigation},
		{"with a slash that middleware has added", http.MethodGet, "/admin/?a=1", "/admin?a=1", "/fallback", navigation},
		{"a page with a part that it asks itself for", http.MethodGet, "/cart", "/cart", "/cart", htmxPart},
		{"another page of that path", http.MethodGet, "/admin?page=2", "/admin", "/admin", navigation},
		{"a link on another page", http.MethodGet, "/language", "/cart", "/cart", navigation},
		{"a form that goes to its own page", http.MethodPost, "/admin", "/admin", "/admin", navigation},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			got := newSite(t).browser().ask(request{as: tc.as, method: tc.method, path: tc.path, from: tc.from}, func(c echo.Context) error { return session.Back(c, "/fallback") })
			wantText(t, "Location", got.header.Get("Location")+got.header.Get("HX-Redirect"), tc.want)
		})
	}
}

func Test_that_a_form_finds_back_where_its_address_is_rewritten(t *testing.T) {
	newApp := func() *echo.Echo {
		e := echo.New()
		e.Pre(middleware.Rewrite(map[string]string{"/old/*": "/new/$1"}))
		e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))
		e.Any("/new/search", func(c echo.Context) error { return session.Invalid(c, invalidTitle) })
		return e
	}
	cases := []struct {
		claim, method, path, referer string
		app                          http.Handler
		status                       int
		to                           string
	}{
		{"a GET that comes from itself", http.MethodGet, "/old/search?q=1", "/old/search?q=1", newApp(), 422, ""},
		{"a POST that hides where it comes from", http.MethodPost, "/old/search", "", newApp(), 303, "/old/search"},
		{"one below a prefix", http.MethodPost, "/shop/new/search", "", http.StripPrefix("/shop", newApp()), 303, "/shop/new/search"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.path, nil)
			r.Header.Set("Accept", "text/html")
			if tc.referer != "" {
				r.Header.Set("Referer", "http://"+r.Host+tc.referer)
			}
			rec := httptest.NewRecorder()
			tc.app.ServeHTTP(rec, r)
			if rec.Code != tc.status || rec.Header().Get("Location") != tc.to {
				t.Errorf("got %d %q; want %d %q", rec.Code, rec.Header().Get("Location"), tc.status, tc.to)
			}
		})
	}
}

func Test_that_Back_stays_on_the_site(t *testing.T) {
	cases := []struct{ claim, referer, want string }{
		{"a page of the site", "http://shop.example/cart?page=2", "/cart?page=2"},
		{"by its name in capitals", "http://SHOP.example/cart", "/cart"},
		{"over https, in front of a proxy", "https://shop.example/cart", "/cart"},
		{"by a port that goes without saying", "http://shop.example:80/cart", "/cart"},
		{"by that of another scheme", "http://shop.example:443/cart", "/fallback"},
		{"without a path", "http://shop.example", "/"},
		{"a fragment is not sent", "http://shop.example/cart#top", "/cart"},
		{"hidden", "", "/fallback"},
		{"another site", "http://evil.example/cart", "/fallback"},
		{"another port", "http://shop.example:8080/cart", "/fallback"},
		{"a site whose name begins the same", "http://shop.example.evil.example/", "/fallback"},
		{"a name before the host", "http://shop.example@evil.example/", "/fallback"},
		{"a name before this host", "http://admin:x@shop.example/cart", "/fallback"},
		{"another scheme", "ftp://shop.example/cart", "/fallback"},
		{"a script", "javascript://shop.example/%0aalert(1)", "/fallback"},
		{"two slashes", "http://shop.example//evil.example", "/fallback"},
		{"a slash and a backslash", `http://shop.example/\evil.example`, "/%5Cevil.example"},
		{"a backslash in the query", `http://shop.example/?\evil.example`, "/fallback"},
		{"no host", "//evil.example/", "/fallback"},
		{"a path only", "/cart", "/fallback"},
		{"a mailto", "mailto:shop.example", "/fallback"},
		{"nonsense", "http://[::1", "/fallback"},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			a := request{method: http.MethodPost, header: headers{"Host", "shop.example"}}
			if tc.referer != "" {
				a.header = append(a.header, "Referer", tc.referer)
			}
			got := v.ask(a, func(c echo.Context) error { return session.Back(c, "/fallback") })
			wantText(t, "Location", got.header.Get("Location"), tc.want)
		})
	}
}

func Test_how_a_form_that_is_invalid_is_answered(t *testing.T) {
	form := url.Values{"title": {"x"}}
	const shown = "title=x title: is short"
	const told = `{"message":"Unprocessable Entity","errors":{"title":["is short"]}}` + "\n"
	cases := []struct {
		claim string
		request
		err    error // nil = invalidTitle
		views  []session.Component
		status int
		to     string // Location or HX-Redirect
		body   string
		next   string // what the next page shows
	}{
		{claim: "a page goes back to the form, which shows it", request: request{form: form, from: back}, status: 303, to: "/posts/new", next: shown},
		{claim: "a page with a view does, too", request: request{form: form, from: back}, views: []session.Component{formView}, status: 303, to: "/posts/new", next: shown},
		{claim: "so does a boosted one", request: request{form: form, as: htmxBoosted, from: back}, views: []session.Component{formView}, status: 303, to: "/posts/new", next: shown},
		{claim: "and one without a view", request: request{form: form, as: htmxBoosted, from: back}, status: 303, to: "/posts/new", next: shown},
		{claim: "a page that hides where it came from gets the view", request: request{form: form}, views: []session.Component{formView}, status: 422, body: shown, next: "title=- "},
		{claim: "or goes to its own address", request: request{form: form, path: "/posts?draft=1"}, status: 303, to: "/posts?draft=1", next: shown},
		{claim: "unless that is on another site", request: request{form: form, path: "//evil.example/x"}, status: 303, to: "/", next: shown},
		{claim: "a part gets the view", request: request{form: form, as: htmxPart, from: back}, views: []session.Component{formView}, status: 422, body: shown, next: "title=- "},
		{claim: "nothing is left even if the view asks for nothing", request: request{form: form, as: htmxPart, from: back}, views: []session.Component{otherView}, status: 422, body: "a form", next: "title=- "},
		{claim: "a part without a view leads its page back", request: request{form: form, as: htmxPart, from: back}, status: 204, to: "/posts/new", next: shown},
		{claim: "a Turbo frame gets the view", request: request{form: form, as: headers{"Turbo-Frame", "f", "Accept", "text/html"}, from: back}, views: []session.Component{formView}, status: 422, body: shown, next: "title=- "},
		{claim: "Unpoly goes back with the whole page", request: request{form: form, as: append(scriptFetch[:len(scriptFetch):len(scriptFetch)], "X-Up-Version", "3.14.3", "X-Up-Target", "body"), from: back}, status: 303, to: "/posts/new", next: shown},
		{claim: "a script gets the view", request: request{form: form, as: scriptFetch, from: back}, views: []session.Component{formView}, status: 422, body: shown, next: "title=- "},
		{claim: "without a view it is told what is wrong, and nothing is left", request: request{form: form, as: scriptFetch, from: back}, status: 422, body: told, next: "title=- "},
		{claim: "so is a script that accepts JSON, even if there is a view", request: request{form: form, as: jsonPoll, from: back}, views: []session.Component{formView}, status: 422, body: told, next: "title=- "},
		{claim: "and a program that does", request: request{form: form, as: headers{"Accept", "application/json"}}, views: []session.Component{formView}, status: 422, body: told, next: "title=- "},
		{claim: "but no part that does", request: request{form: form, as: append(htmxPart[:len(htmxPart):len(htmxPart)], "Accept", "application/json"), from: back}, views: []session.Component{formView}, status: 422, body: shown, next: "title=- "},
		{claim: "a client that sends JSON is told, too", request: request{body: `{"title":"x"}`, as: headers{"Accept", "*/*"}, header: headers{"Content-Type", "application/json"}, from: back}, status: 422, body: told, next: "title=- "},
		{claim: "and of an error with a status of its own", request: request{body: `{"title":"x"}`, as: jsonPoll, from: back}, err: echo.NewHTTPError(http.StatusBadRequest, "no").SetInternal(invalidTitle), status: 422, body: told, next: "title=- "},
		{claim: "a page that is loaded ahead is, too, and leaves nothing for another", request: request{as: prefetched, path: "/posts?title=x"}, views: []session.Component{formView}, status: 422, body: told, next: "title=- "},
		{claim: "a struct in a struct is not flat in JSON", request: request{body: `{"title":"x"}`, as: jsonPoll}, err: required("Post.Author.Email"), status: 422, body: `{"message":"Unprocessable Entity","errors":{"author.email":["Author email is required"]}}` + "\n", next: "title=- "},
		{claim: "but of an unknown error not the text", request: request{body: `{"title":"x"}`, as: jsonPoll, from: back}, err: errOops, status: 422, body: "{\"message\":\"Unprocessable Entity\"}\n", next: "title=- "},
		{claim: "but not htmx, which can send JSON, too", request: request{body: `{"title":"x"}`, as: htmxPart, header: headers{"Content-Type", "application/json"}, from: back}, status: 204, to: "/posts/new", next: "title=- title: is short"},
		{claim: "an unknown error is refilled only", request: request{form: form, from: back}, err: errOops, status: 303, to: "/posts/new", next: "title=x "},
		{claim: "an unknown error of a part, too", request: request{form: form, as: htmxPart}, err: errOops, views: []session.Component{formView}, status: 422, body: "title=x ", next: "title=- "},
		{claim: "a view that fails is a clean error, and the form comes next", request: request{form: form, as: htmxPart}, views: []session.Component{failingComponent}, status: 500, body: "{\"message\":\"Internal Server Error\"}\n", next: shown},
		{claim: "a form sent by GET gets the view", request: request{path: "/search?title=x", from: back}, views: []session.Component{formView}, status: 422, body: shown, next: "title=- "},
		{claim: "or goes back", request: request{path: "/search?title=x", from: back}, status: 303, to: "/posts/new", next: shown},
		{claim: "but never to itself", request: request{path: "/posts/new", from: back}, status: 422, body: told, next: "title=- title: is short"},
		{claim: "nor if it hides where it came from", request: request{path: "/search?title=x"}, status: 422, body: told, next: shown},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				got := v.ask(tc.request, func(c echo.Context) error {
					if tc.err != nil {
						return session.Invalid(c, tc.err, tc.views...)
					}
					return session.Invalid(c, invalidTitle, tc.views...)
				})
				if got.status != tc.status {
					t.Errorf("status %d; want %d", got.status, tc.status)
				}
				wantText(t, "to", got.header.Get("Location")+got.header.Get("HX-Redirect"), tc.to)
				wantText(t, "body", got.body, tc.body)
				next := v.visit(func(c echo.Context) error { return session.Render(c, http.StatusOK, formView) })
				wantText(t, "the next page", next.body, tc.next)
				next = v.visit(func(c echo.Context) error { return session.Render(c, http.StatusOK, formView) })
				wantText(t, "the page after it", next.body, "title=- ")
			})
		})
	}
}

const back = "/posts/new"

func Test_that_the_next_page_shows_a_form_whose_view_has_failed(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.ask(request{form: url.Values{"title": {"x"}}, as: htmxPart, from: back}, func(c echo.Context) error {
			wantFailed(t, session.Invalid(c, invalidTitle, failingComponent))
			return c.HTML(http.StatusUnprocessableEntity, "Sorry")
		})
		next := v.visit(func(c echo.Context) error { return session.Render(c, http.StatusOK, formView) })
		wantText(t, "the next page", next.body, "title=x title: is short")
	})
}

func Test_which_errors_FlashInvalid_answers(t *testing.T) {
	form := url.Values{"title": {"x"}}
	returns := func(err error) echo.HandlerFunc { return func(echo.Context) error { return err } }
	wrapped := echo.NewHTTPError(http.StatusBadRequest).SetInternal(validatorErrors{required("Post.Title")})
	cases := []struct {
		claim string
		request
		by     echo.HandlerFunc
		status int
		next   string
	}{
		{"a form in a page", request{form: form}, returns(invalidTitle), 303, "title=x title: is short"},
		{"as echo's Validator wraps it", request{form: form}, returns(wrapped), 303, "title=x title: Title is required"},
		{"joined with another", request{form: form}, returns(errors.Join(invalidTitle, errOops)), 303, "title=x title: is short"},
		{"a form over plain http", request{form: form, as: plainNavigation}, returns(invalidTitle), 303, "title=x title: is short"},
		{"an htmx part", request{form: form, as: htmxPart}, returns(invalidTitle), 204, "title=x title: is short"},
		{"a boosted form", request{form: form, as: htmxBoosted}, returns(invalidTitle), 303, "title=x title: is short"},
		{"a form that Unpoly sends", request{form: form, as: append(scriptFetch, "X-Up-Version", "3.8.0", "X-Up-Target", ".list")}, returns(invalidTitle), 303, "title=x title: is short"},
		{"a button that sends nothing", request{as: navigation, method: http.MethodDelete}, returns(invalidTitle), 303, "title=- title: is short"},
		{"a form that curl sends", request{form: form, as: headers{"Accept", "*/*"}}, returns(invalidTitle), 303, "title=x title: is short"},
		{"not a form that a script of a page sends", request{form: form, as: headers{"Accept", "*/*", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"}}, returns(wrapped), 400, "title=- "},
		{"not another error", request{form: form}, returns(echo.ErrConflict), 409, "title=- "},
		{"what Bind cannot read", request{form: form}, bindsNumber, 303, "title=x title: Title must be a whole number"},
		{"not if several fields have that value", request{form: url.Values{"title": {"x"}, "body": {"x"}}}, bindsNumber, 400, "title=- "},
		{"not what Bind cannot read in JSON", request{body: `{"Title":"x"}`, header: headers{"Content-Type", "application/json"}}, bindsNumber, 400, "title=- "},
		{"not what Bind cannot read for a client that takes no HTML", request{form: form, as: jsonPoll}, bindsNumber, 400, "title=- "},
		{"what a binder cannot read", request{form: form}, binderReadsNumber, 303, "title=x title: Title must be a whole number"},
		{"not what a binder cannot read for a client that takes no HTML, which is the application's", request{form: form, as: jsonPoll}, binderReadsNumber, 500, "title=- "},
		{"nor in a GET", request{path: "?title=x"}, binderReadsNumber, 500, "title=- "},
		{"what Bind cannot read, beside what a binder cannot read in the address", request{path: "?page=y", form: form}, joining(readsPage, bindsNumber), 303, "title=x title: Title must be a whole number"},
		{"not both for a client that takes no HTML", request{path: "?page=y", form: form, as: jsonPoll}, joining(readsPage, bindsNumber), 500, "title=- "},
		{"not what strconv cannot read", request{form: form}, func(c echo.Context) error { _, err := strconv.Atoi(c.FormValue("title")); return err }, 500, "title=- "},
		{"not success", request{form: form}, with200, 200, "title=- "},
		{"not JSON, even from a page", request{body: `{"title":"x"}`, header: headers{"Content-Type", "application/json"}}, returns(wrapped), 400, "title=- "},
		{"not a JSON dialect", request{body: `{"title":"x"}`, header: headers{"Content-Type", "application/vnd.api+json; charset=utf-8"}}, returns(wrapped), 400, "title=- "},
		{"not a client that takes no HTML", request{form: form, as: jsonPoll}, returns(wrapped), 400, "title=- "},
		{"not GET", request{path: "?title=x"}, returns(wrapped), 400, "title=- "},
		{"not HEAD", request{path: "?title=x", method: http.MethodHead}, returns(wrapped), 400, "title=- "},
		{"JSON without a status of its own is a 422", request{body: `{"title":"x"}`, header: headers{"Content-Type", "application/json"}}, returns(invalidTitle), 422, "title=- "},
		{"so is a client that takes no HTML", request{form: form, as: jsonPoll}, returns(fmt.Errorf("save: %w", invalidTitle)), 422, "title=- "},
		{"and GET", request{path: "?title=x"}, returns(invalidTitle), 422, "title=- "},
		{"also beside what a binder cannot read", request{path: "?page=y", body: `{}`, header: headers{"Content-Type", "application/json"}}, joining(readsPage, returns(invalidTitle)), 422, "title=- "},
		{"not what is answered already", request{form: form}, func(c echo.Context) error { _ = with200(c); return invalidTitle }, 200, "title=- "},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.do(func(s *session.Session) { s.Put("user", 7) })
			tc.request.from = back
			got := v.ask(tc.request, session.FlashInvalid(tc.by))
			if got.status != tc.status {
				t.Errorf("status %d; want %d", got.status, tc.status)
			}
			next := v.visit(func(c echo.Context) error { return session.Render(c, http.StatusOK, formView) })
			wantText(t, "the next page", next.body, tc.next)
		})
	}
}

func with200(c echo.Context) error { return c.HTML(http.StatusOK, "fine") }

func bindsNumber(c echo.Context) error {
	var form struct {
		Title int `form:"title"`
	}
	return c.Bind(&form)
}

func binderReadsNumber(c echo.Context) error {
	var n int
	return echo.FormFieldBinder(c).Int("title", &n).BindError()
}

func readsPage(c echo.Context) error {
	var n int
	return echo.QueryParamsBinder(c).Int("page", &n).BindError()
}

// joining is a handler that reports what both do.
func joining(a, b echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error { return errors.Join(a(c), b(c)) }
}

func Test_that_FlashInvalid_passes_errors_of_requests_without_a_session(t *testing.T) {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:   memorystore.New(memorystore.Options{}),
		Skipper: func(echo.Context) bool { return true },
	}), session.FlashInvalid)
	e.POST("/", func(echo.Context) error { return session.ValidationErrors{"title": {"is short"}} })
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Accept", "text/html")
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, r)
	if rec.Code != http.StatusInternalServerError {
		t.Errorf("status %d; want 500, as for any error", rec.Code)
	}
}

func Test_that_the_errors_of_a_form_get_into_no_log(t *testing.T) {
	invalid := session.ValidationErrors{"name": {"secret is taken"}}
	for desc, answer := range map[string]echo.HandlerFunc{
		"Invalid":      func(c echo.Context) error { return session.Invalid(c, invalid) },
		"FlashInvalid": session.FlashInvalid(func(echo.Context) error { return invalid }),
	} {
		var err error
		reply := newSite(t).browser().ask(request{body: "{}", as: jsonPoll}, func(c echo.Context) error {
			err = answer(c)
			return err
		})
		wantText(t, desc, reply.body, `{"message":"Unprocessable Entity","errors":{"name":["secret is taken"]}}`+"\n")
		if said := fmt.Sprintf("%v %+v", err, err); strings.Contains(said, "secret") || !strings.Contains(said, "Unprocessable") {
			t.Errorf("%s: the error says %q", desc, said)
		}
	}
}
