package operations

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_a_form_without_a_host_goes_back_to_its_page(t *testing.T) {
	for _, tc := range []struct {
		claim string
		pre   []echo.MiddlewareFunc
		want  string
	}{
		{"by itself, it goes to its own address", nil, "/posts"},
		{"with the host, to its page", []echo.MiddlewareFunc{withHost}, "/posts/new"},
	} {
		e := echo.New()
		e.Pre(tc.pre...)
		e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}))
		e.POST("/posts", func(c echo.Context) error {
			return session.Invalid(c, session.ValidationErrors{"title": {"Title is required"}})
		})
		rec, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/posts", strings.NewReader("title="))
		r.Host = ""
		r.Header = http.Header{
			"Host": {"shop.example"}, "Referer": {"https://shop.example/posts/new"},
			"Accept": {"text/html"}, "Content-Type": {echo.MIMEApplicationForm},
		}
		e.ServeHTTP(rec, r)
		if got := rec.Header().Get("Location"); got != tc.want {
			t.Errorf("%s: got %q; want %q", tc.claim, got, tc.want)
		}
	}
}
