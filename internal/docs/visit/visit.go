// Package visit is a visitor with a browser, for tests of the code in the guides.
package visit

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Visitor keeps cookies, and follows redirects.
type Visitor struct {
	t      *testing.T
	server *httptest.Server
	client *http.Client
}

// New returns a visitor of the application, which is served over TLS until the test ends.
func New(t *testing.T, app http.Handler) *Visitor {
	t.Helper()
	server := httptest.NewTLSServer(app)
	t.Cleanup(server.Close)
	v := &Visitor{t: t, server: server, client: server.Client()}
	v.client.Jar, _ = cookiejar.New(nil)
	return v
}

// Another returns another visitor of the same application.
func (v *Visitor) Another() *Visitor {
	client := *v.client
	client.Jar, _ = cookiejar.New(nil)
	return &Visitor{t: v.t, server: v.server, client: &client}
}

// Get opens a page and returns what it says.
func (v *Visitor) Get(path string) string {
	v.t.Helper()
	_, body := v.send(http.MethodGet, path, nil, "", nil)
	return body
}

// Post sends the form of a page to the page's address and returns the page that finally comes.
func (v *Visitor) Post(path string, form url.Values) string {
	v.t.Helper()
	_, body := v.send(http.MethodPost, path, form, path, nil)
	return body
}

// Part sends a request as htmx does, and returns the answer with its header.
func (v *Visitor) Part(method, path string, form url.Values) (*http.Response, string) {
	v.t.Helper()
	return v.send(method, path, form, path, http.Header{"Hx-Request": {"true"}})
}

// Sees fails the test unless the page contains all of these.
func (v *Visitor) Sees(page string, wanted ...string) {
	v.t.Helper()
	for _, want := range wanted {
		if !strings.Contains(page, want) {
			v.t.Errorf("there is no %q in the page:\n%s", want, page)
		}
	}
}

// SeesNo fails the test if the page contains any of these.
func (v *Visitor) SeesNo(page string, unwanted ...string) {
	v.t.Helper()
	for _, bad := range unwanted {
		if strings.Contains(page, bad) {
			v.t.Errorf("there is %q in the page:\n%s", bad, page)
		}
	}
}

func (v *Visitor) send(method, path string, form url.Values, from string, header http.Header) (*http.Response, string) {
	v.t.Helper()
	r, err := http.NewRequest(method, v.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	r.Header.Set("Accept", "text/html")
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Referer", v.server.URL+from)
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res, string(body)
}

// Send makes one request with these cookies, and no others. It can play a late request that does
// not know which cookies the visitor has been given meanwhile.
func Send(ctx context.Context, app http.Handler, method, path string, cookies ...*http.Cookie) *http.Response {
	r := httptest.NewRequestWithContext(ctx, method, path, nil)
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	return w.Result()
}
