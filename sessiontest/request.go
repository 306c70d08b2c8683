package sessiontest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

const (
	acceptPage = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	formType   = "application/x-www-form-urlencoded"
	jsonType   = "application/json"
)

// maxHops is how many redirects [Response.Follow] takes before it gives up.
const maxHops = 10

// Response is an answer of the application. Its body has been read into Text, and may be read
// again.
type Response struct {
	*http.Response
	Text string

	visitor *Visitor
	arrival arrival
	ended   bool // the session was destroyed, and another one begun; see site.ended
}

// Get requests a page. The path is one of the application, with a query if needed.
func (v *Visitor) Get(path string) *Response {
	v.t.Helper()
	return v.send(http.MethodGet, path, "", "")
}

// Post submits a form, from the page that the visitor got last.
func (v *Visitor) Post(path string, form url.Values) *Response {
	v.t.Helper()
	return v.send(http.MethodPost, path, formType, form.Encode())
}

// PostJSON sends value as JSON, like a script that expects JSON in return.
func (v *Visitor) PostJSON(path string, value any) *Response {
	v.t.Helper()
	body, err := json.Marshal(value)
	if err != nil {
		v.t.Fatalf("sessiontest: POST %s: %v", path, err)
		return nil
	}
	if _, chosen := v.header["Accept"]; !chosen {
		v = v.With("Accept", jsonType)
	}
	return v.send(http.MethodPost, path, jsonType, string(body))
}

func (v *Visitor) send(method, path, contentType, body string) *Response {
	v.t.Helper()
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		v.t.Fatalf("sessiontest: %v", err)
		return nil
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return v.Do(r)
}

// Do makes any other request, for example with another method, or a form with files. It adds the
// cookies and headers of the visitor, except for headers that the request has already. The
// request's address may be a path, or that of another host within Cookie.Domain. Redirects are not
// followed; see [Response.Follow].
func (v *Visitor) Do(r *http.Request) *Response {
	v.t.Helper()
	out, err := v.complete(r)
	if err != nil {
		v.t.Fatalf("sessiontest: %s %s: %v", r.Method, r.URL, err)
		return nil
	}
	if out.URL.Port() != v.site.base.Port() || !v.site.isHost(out.URL.Hostname()) {
		v.t.Fatalf("sessiontest: %s %s: the visitor goes to %s, and elsewhere only within Cookie.Domain", r.Method, r.URL, v.site.base.Host)
		return nil
	}
	for _, c := range v.browser.jar.sent(out.URL) {
		out.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	arrival := v.site.arrival(out)

	v.site.underway.Add(1)
	defer v.site.underway.Add(-1)
	res, err := v.site.transport.RoundTrip(out)
	if err != nil {
		v.t.Fatalf("sessiontest: %s %s: %v", r.Method, r.URL, err)
		return nil
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatalf("sessiontest: %s %s: the answer broke off: %v", r.Method, r.URL, err)
		return nil
	}
	res.Body, res.Request = io.NopCloser(bytes.NewReader(text)), out
	v.take(res)
	ended := arrival.hadSession && v.site.begins(res.Cookies()) && v.site.ended(arrival.cookies)
	return &Response{res, string(text), v, arrival, ended}
}

// complete makes r what the visitor's browser would send.
func (v *Visitor) complete(r *http.Request) (*http.Request, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	out := r.Clone(r.Context())
	out.URL, out.Host, out.RequestURI = v.site.base.ResolveReference(r.URL), "", ""
	out.URL.Host = hostOf(out.URL)
	out.URL.Path = cmp.Or(out.URL.Path, "/") // https://example.com is the page "/"
	out.URL.Fragment, out.URL.RawFragment = "", ""
	setBody(out, body)

	for name, value := range v.defaults(out.URL) {
		if _, given := out.Header[name]; !given {
			out.Header[name] = value
		}
		if len(out.Header[name]) == 1 && out.Header[name][0] == "" {
			delete(out.Header, name)
		}
	}
	if host := out.Header.Get("Host"); host != "" {
		out.URL.Host = host
		return nil, fmt.Errorf("a header Host says nothing; ask for %s", out.URL)
	}
	sent := r.Clone(r.Context())
	setBody(sent, body)
	_ = sent.ParseMultipartForm(int64(len(body)) + 1) // what cannot be read is up to the application
	v.browser.noteForm(sent.Form)                     // also has what is in the address
	return out, nil
}

// hostOf is the host of u as browsers write it: in lower case, without the usual port.
func hostOf(u *url.URL) string {
	usual := map[string]string{"http": ":80", "https": ":443"}
	return strings.ToLower(strings.TrimSuffix(u.Host, usual[u.Scheme]))
}

func setBody(r *http.Request, body []byte) {
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	if len(body) == 0 {
		r.Body = http.NoBody
	}
}

// defaults is the headers of a request that has none of its own. Empty ones are left out.
func (v *Visitor) defaults(to *url.URL) http.Header {
	v.browser.mu.Lock()
	defer v.browser.mu.Unlock()
	page := v.browser.page
	if from, err := url.Parse(page); page != "" && err == nil && from.Host != to.Host {
		page = from.ResolveReference(&url.URL{Path: "/"}).String() // another origin learns only of the host
	}
	h := http.Header{"Accept": {acceptPage}, "Referer": {page}}
	maps.Copy(h, v.header)
	return h
}

// take does what a browser does with an answer: it keeps the cookies, and where it is.
func (v *Visitor) take(res *http.Response) {
	v.t.Helper()
	out, cookies := res.Request, res.Cookies()
	refused := v.browser.jar.set(out.URL, cookies)
	strays := v.site.strays(cookies)
	v.browser.noteStrays(strays)
	if v.arrives(res) {
		v.browser.mu.Lock()
		v.browser.page = out.URL.String()
		v.browser.mu.Unlock()
	}
	for _, c := range refused {
		if v.site.isOurs(c.name) {
			v.t.Fatalf("sessiontest: %s %s has set the cookie %s, which browsers do not take: %s; the Config given to sessiontest must have the same CookieName and Cookie as that of the application", out.Method, out.URL.Path, c.name, c.why)
			return
		}
	}
	if name := v.site.misnamed(strays); name != "" {
		v.t.Fatalf("sessiontest: %s %s has begun a session with the cookie %s, and not %s, which is the name by the Config given to sessiontest; it must have the same CookieName and Cookie as that of the application, and sessions of another Manager a Store of their own", out.Method, out.URL.Path, name, v.site.cookie)
		return
	}
	if !v.site.found(cookies, v.browser.jar.sent(v.site.base)) {
		v.t.Fatalf("sessiontest: %s %s has begun a session that is not in the Store of the Config given to sessiontest; the application must have the same Store (or the same keys), Cookie and Now", out.Method, out.URL.Path)
	}
}

// arrives says whether the browser shows the answer as its page from now on.
func (v *Visitor) arrives(res *http.Response) bool {
	part := session.IsPartial(echo.New().NewContext(res.Request, httptest.NewRecorder()))
	return strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") &&
		res.StatusCode/100 != 3 && (v.located || !part)
}

// Follow goes where the answer sends the visitor, and on, until it gets a page, as a browser does
// after a redirect, and htmx after an HX-Redirect or HX-Location. If the answer sends nobody anywhere,
// or there are more than ten redirects, it ends the test.
func (r *Response) Follow() *Response {
	v := r.visitor
	v.t.Helper()
	if r.target() == "" {
		v.t.Fatalf("sessiontest: %s: there is nowhere to follow to", r)
		return r
	}
	for range maxHops {
		next, err := r.next()
		if err != nil {
			v.t.Fatalf("sessiontest: %s: %v", r, err)
			return r
		}
		if r.StatusCode/100 != 3 {
			v = v.sentByHTMX(r.Header.Get("Hx-Redirect") == "")
		}
		if r = v.Do(next); r == nil || r.target() == "" {
			return r
		}
	}
	v.t.Fatalf("sessiontest: %s: this is the redirect number %d, and it goes on", r, maxHops+1)
	return r
}

// target is where the answer sends the visitor, or "".
func (r *Response) target() string {
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return r.Header.Get("Location")
	}
	if to := r.Header.Get("Hx-Redirect"); to != "" {
		return to
	}
	to := r.Header.Get("Hx-Location")
	var details struct{ Path string }
	if json.Unmarshal([]byte(to), &details) == nil {
		return details.Path
	}
	return to
}

// next is the request that the redirect asks for.
func (r *Response) next() (*http.Request, error) {
	to, err := r.Request.URL.Parse(r.target())
	if err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusTemporaryRedirect && r.StatusCode != http.StatusPermanentRedirect {
		return http.NewRequest(http.MethodGet, to.String(), nil)
	}
	body, err := r.Request.GetBody()
	if err != nil {
		return nil, err
	}
	next, err := http.NewRequest(r.Request.Method, to.String(), body)
	if kind := r.Request.Header.Get("Content-Type"); err == nil && kind != "" {
		next.Header.Set("Content-Type", kind)
	}
	return next, err
}

// sentByHTMX is the visitor that htmx sends elsewhere: the whole browser, whose request has nothing
// of htmx, or for an HX-Location a script, which requests a part of a page.
func (v *Visitor) sentByHTMX(script bool) *Visitor {
	sent := *v
	sent.located = script
	sent.header = v.header.Clone()
	for name := range sent.header {
		if strings.HasPrefix(name, "Hx-") {
			delete(sent.header, name)
		}
	}
	if script {
		return sent.With("HX-Request", "true")
	}
	return &sent
}
