package session_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// The code that examples share is here. If it were in an example's own file, pkg.go.dev would show
// it with the example, where it would be in the way.

// newApp is an Echo with sessions in memory. What goes wrong on purpose is not logged.
func newApp() *echo.Echo {
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store:  memorystore.New(memorystore.Options{}),
		Logger: slog.New(slog.DiscardHandler),
	}))
	return e
}

// visit sends a visitor with a browser's cookie jar through an application, one request after the
// other, such as "/account" or "POST /login", and prints what the visitor sees.
func visit(e *echo.Echo, requests ...string) {
	server := httptest.NewTLSServer(e)
	defer server.Close()
	visitor := server.Client()
	visitor.Jar, _ = cookiejar.New(nil)
	for _, request := range requests {
		method, path := methodAndPath(request)
		r, _ := http.NewRequest(method, server.URL+path, nil)
		res, err := visitor.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Println(strings.TrimSpace(request + " → " + string(body)))
	}
}

func methodAndPath(request string) (method, path string) {
	if method, path, both := strings.Cut(request, " "); both {
		return method, path
	}
	return http.MethodGet, request
}

// submit fills in the form on a page and sends it to the page's own address, follows the redirect,
// and opens the page once more. It prints what the visitor sees.
func submit(e *echo.Echo, page, form string) {
	server := httptest.NewTLSServer(e)
	defer server.Close()
	visitor := server.Client()
	visitor.Jar, _ = cookiejar.New(nil)

	post, _ := http.NewRequest(http.MethodPost, server.URL+page, strings.NewReader(form))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	post.Header.Set("Accept", "text/html")
	post.Header.Set("Referer", server.URL+page)
	again, _ := http.NewRequest(http.MethodGet, server.URL+page, nil)
	for _, r := range []*http.Request{post, again} {
		res, err := visitor.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Println(res.Request.URL.Path, "→", strings.TrimSpace(string(body)))
	}
}

// send makes one request, such as "/account" or "POST /login", with these cookies.
func send(e *echo.Echo, request string, cookies ...*http.Cookie) *http.Response {
	method, path := methodAndPath(request)
	r := httptest.NewRequest(method, path, nil)
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Result()
}

// curl makes one request, and prints the status and the headers that matter here.
func curl(e *echo.Echo, method, path string, headers ...string) {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	fmt.Println(strings.TrimSpace(fmt.Sprint(method, " ", path, " → ", w.Code, " ", w.Body)))
	for _, name := range []string{"Location", "Hx-Redirect", "Cache-Control", "Set-Cookie"} {
		for _, value := range w.Header().Values(name) {
			fmt.Printf("  %s: %s\n", name, sessionID.ReplaceAllString(value, "session=…;"))
		}
	}
}

// sessionID matches the id in a cookie, which is different each time.
var sessionID = regexp.MustCompile(`session=[^;]{43};`)

// unreachable is a store that is down.
type unreachable struct{ session.Store }

func (unreachable) Read(context.Context, string) (session.Record, error) {
	return session.Record{}, session.ErrUnavailable
}
