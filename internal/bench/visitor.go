package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// visitor requests pages, and keeps the cookies. All of its memory is reused, so that the next
// request itself costs almost nothing. It is for one goroutine.
type visitor struct {
	transport
	jar    jar
	visits int
}

// ask sends one request, and keeps the cookies of the answer, which must be correct.
func (v *visitor) ask(q request) error {
	err := v.askLast(q)
	v.jar.keep(v.setCookies())
	return err
}

// askLast is ask for a visitor who leaves after it, and so does not keep the cookies. Keeping them
// costs the visitor, not the site, and would count against sites that set some.
func (v *visitor) askLast(q request) error {
	q.cookie = v.jar.header()
	v.send(q)
	if want := pageOf[q.page]; v.status() != want.status {
		return fmt.Errorf("%s %s is answered with %d: %s", want.method, want.path, v.status(), v.body())
	}
	return nil
}

// request is what a visitor sends.
type request struct {
	page       page
	cookie     string // the header; "" for none
	key, value string // for read and write
}

// transport takes requests to a site. Its methods describe the last answer.
type transport interface {
	send(request)
	status() int
	body() string
	setCookies() []string
}

// transports creates a transport for each visitor of a site.
type transports func() transport

// overHTTP is how visitors reach a site built on net/http.
func overHTTP(h http.Handler) transports {
	return func() transport {
		t := &httpTransport{handler: h, cookie: []string{""}, key: []string{""}, value: []string{""}}
		header := http.Header{keyHeader: t.key, valueHeader: t.value}
		for at, page := range pageOf {
			r := httptest.NewRequest(page.method, page.path, nil)
			r.Header = header
			t.pages[at] = *r
		}
		t.header = http.Header{}
		return t
	}
}

type httpTransport struct {
	handler            http.Handler
	pages              [pageCount]http.Request
	cookie, key, value []string // in the header, which all pages share

	req http.Request // a copy for one of the pages: gorilla/sessions changes its request

	// The answer.
	code   int
	header http.Header
	text   []byte
}

func (t *httpTransport) send(q request) {
	t.req = t.pages[q.page]
	t.key[0], t.value[0] = q.key, q.value
	switch {
	case q.cookie == "":
		delete(t.req.Header, "Cookie")
	case t.cookie[0] == "":
		t.req.Header["Cookie"] = t.cookie
	}
	t.cookie[0] = q.cookie

	t.code, t.text = 0, t.text[:0]
	clear(t.header)
	t.handler.ServeHTTP((*recorder)(t), &t.req)
}

func (t *httpTransport) status() int          { return t.code }
func (t *httpTransport) body() string         { return string(t.text) }
func (t *httpTransport) setCookies() []string { return t.header["Set-Cookie"] }

// recorder is the transport as the site sees it.
type recorder httpTransport

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(code int) { r.code = code }

func (r *recorder) Write(b []byte) (int, error) {
	r.text = append(r.text, b...)
	return len(b), nil
}

// overFastHTTP is the same for a site built on fasthttp.
func overFastHTTP(h fasthttp.RequestHandler) transports {
	return func() transport {
		t := &fastTransport{handler: h}
		t.ctx.Init(&fasthttp.Request{}, nil, nil)
		return t
	}
}

type fastTransport struct {
	handler fasthttp.RequestHandler
	ctx     fasthttp.RequestCtx
}

func (t *fastTransport) send(q request) {
	r := &t.ctx.Request
	r.Reset()
	t.ctx.Response.Reset()
	t.ctx.ResetUserValues()
	r.SetRequestURI(pageOf[q.page].path)
	r.Header.SetMethod(pageOf[q.page].method)
	r.Header.SetHost("example.com")
	r.Header.Set(keyHeader, q.key)
	r.Header.Set(valueHeader, q.value)
	if q.cookie != "" {
		r.Header.Set("Cookie", q.cookie)
	}
	t.handler(&t.ctx)
}

func (t *fastTransport) status() int  { return t.ctx.Response.StatusCode() }
func (t *fastTransport) body() string { return string(t.ctx.Response.Body()) }

func (t *fastTransport) setCookies() []string {
	var lines []string
	for _, line := range t.ctx.Response.Header.Cookies() {
		lines = append(lines, string(line))
	}
	return lines
}

// jar is the cookies of a visitor, each as "name=value".
type jar []string

func (j jar) header() string { return strings.Join(j, "; ") }

// keep takes the cookies that an answer set. It allocates nothing for a single cookie.
func (j *jar) keep(setCookies []string) {
	for _, line := range setCookies {
		pair, attributes, _ := strings.Cut(line, ";")
		name := pair[:strings.IndexByte(pair, '=')+1]
		at := slices.IndexFunc(*j, func(have string) bool { return strings.HasPrefix(have, name) })
		switch gone := strings.Contains(attributes, "Max-Age=0"); {
		case gone && at >= 0:
			*j = slices.Delete(*j, at, at+1)
		case gone:
		case at >= 0:
			(*j)[at] = pair
		default:
			*j = append(*j, pair)
		}
	}
}
