package session_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

func Test_who_asks(t *testing.T) {
	const (
		page   = "a page"
		part   = "a part"
		nobody = "nobody"
	)
	html := headers{"Accept", "text/html"}
	and := func(h headers, more ...string) headers { return append(h[:len(h):len(h)], more...) }
	cases := []struct {
		claim string
		as    headers
		want  string
	}{
		{"a navigation", navigation, page},
		{"a navigation over plain http", plainNavigation, page},
		{"curl", headers{"Accept", "*/*"}, page},
		{"who says nothing", headers{"Accept", ""}, page},
		{"a frame", and(html, "Sec-Fetch-Dest", "iframe"), page},
		{"an old frame", and(html, "Sec-Fetch-Dest", "frame"), page},
		{"an object", and(html, "Sec-Fetch-Dest", "object"), page},
		{"an embed", and(html, "Sec-Fetch-Dest", "embed"), page},

		{"htmx 2", htmxPart, part},
		{"htmx 2, boosted", htmxBoosted, page},
		{"htmx 2, restoring a page with components.HTMXConfig", headers{"Accept", "*/*", "HX-History-Restore-Request", "true", "Sec-Fetch-Dest", "empty"}, page},
		{"htmx 2, restoring a page", headers{"Accept", "*/*", "HX-Request", "true", "HX-History-Restore-Request", "true", "Sec-Fetch-Dest", "empty"}, page},
		{"htmx 4, part", headers{"Accept", "text/html", "HX-Request", "true", "HX-Request-Type", "partial", "Sec-Fetch-Dest", "empty"}, part},
		{"htmx 4, page", headers{"Accept", "text/html", "HX-Request", "true", "HX-Request-Type", "full", "Sec-Fetch-Dest", "empty"}, page},
		{"htmx 4, boosted part", headers{"Accept", "text/html", "HX-Request", "true", "HX-Boosted", "true", "HX-Request-Type", "partial"}, part},
		{"htmx, preloading", and(htmxBoosted, "HX-Preloaded", "true"), nobody},

		{"Turbo Drive", headers{"Accept", "text/html, application/xhtml+xml", "X-Turbo-Request-Id", "1", "Sec-Fetch-Dest", "empty"}, page},
		{"Turbo Drive, which takes a stream as well", headers{"Accept", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml", "Sec-Fetch-Dest", "empty"}, page},
		{"a Turbo frame", headers{"Accept", "text/html, application/xhtml+xml", "Turbo-Frame", "list", "Sec-Fetch-Dest", "empty"}, part},
		{"Turbo, prefetching", headers{"Accept", "text/html, application/xhtml+xml", "X-Sec-Purpose", "prefetch", "Sec-Fetch-Dest", "empty"}, nobody},

		{"Unpoly, a fragment", and(scriptFetch, "X-Up-Version", "3.8.0", "X-Up-Target", ".list"), part},
		{"Unpoly, the body", and(scriptFetch, "X-Up-Version", "3.8.0", "X-Up-Target", "body"), page},
		{"Unpoly, the page", and(scriptFetch, "X-Up-Version", "3.8.0", "X-Up-Target", "html"), page},
		{"Unpoly, without a target", and(scriptFetch, "X-Up-Version", "3.8.0"), part},

		{"Datastar", headers{"Accept", "text/event-stream, text/html, application/json", "Datastar-Request", "true"}, part},

		{"a script that fetches anything", scriptFetch, part},
		{"a script that fetches JSON", jsonPoll, part},
		{"a script that fetches a page", headers{"Accept", "text/html,application/xhtml+xml", "Sec-Fetch-Dest", "empty"}, page},

		{"a prefetch", prefetched, nobody},
		{"a prerender", and(navigation, "Sec-Purpose", "prefetch;prerender"), nobody},
		{"a prerender that says so only", and(navigation, "Sec-Purpose", "prerender"), nobody},
		{"an anonymous prefetch", and(navigation, "Sec-Purpose", "prefetch;anonymous-client-ip"), nobody},
		{"a purpose in capitals", and(navigation, "Purpose", "Prefetch"), nobody},
		{"Safari's preview", and(plainNavigation, "X-Purpose", "preview"), nobody},
		{"Firefox's prefetch", and(plainNavigation, "X-Moz", "prefetch"), nobody},
		{"another purpose", and(navigation, "Purpose", "reading"), page},

		{"a favicon", favicon, nobody},
		{"a favicon over plain http", plainFavicon, nobody},
		{"a style sheet", headers{"Accept", "text/css,*/*;q=0.1", "Sec-Fetch-Dest", "style"}, nobody},
		{"a style sheet over plain http", headers{"Accept", "text/css,*/*;q=0.1"}, nobody},
		{"a video over plain http", headers{"Accept", "video/webm,video/ogg,video/*;q=0.9"}, nobody},
		{"a sound over plain http", headers{"Accept", "audio/webm,audio/ogg,audio/*;q=0.9"}, nobody},
		{"a font over plain http", headers{"Accept", "application/font-woff2;q=1.0,application/font-woff;q=0.9,*/*;q=0.8"}, nobody},
		{"a script", headers{"Accept", "*/*", "Sec-Fetch-Dest", "script"}, nobody},
		{"a worker", headers{"Accept", "*/*", "Sec-Fetch-Dest", "serviceworker"}, nobody},
		{"a manifest", headers{"Accept", "*/*", "Sec-Fetch-Dest", "manifest"}, nobody},
		{"a report", headers{"Accept", "*/*", "Sec-Fetch-Dest", "report"}, nobody},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.post(url.Values{"title": {"T"}}, flashing(func(s *session.Session) { savedFlash(s); s.FlashAll() }))
			got := v.ask(request{as: tc.as}, alertsPage)
			who := part
			v.do(func(s *session.Session) {
				switch {
				case got.body == "<main></main>" && alerts(s) != "" && s.Old("title") == "T":
					who = nobody
				case got.body == "<main>Saved!</main>" && alerts(s) == "" && s.Old("title") == "":
					who = page
				case got.body != "<main>Saved!</main>" || alerts(s) != "":
					t.Errorf("it saw %q, and %q is left", got.body, alerts(s))
				}
			})
			wantText(t, "it is for", who, tc.want)
		})
	}
}

func Test_which_responses_show_messages(t *testing.T) {
	cases := []struct {
		status int
		header headers
		shows  bool
	}{
		{200, nil, true},
		{201, nil, true},
		{202, nil, true},
		{206, nil, true},
		{204, nil, false},
		{205, nil, false},
		{300, nil, false},
		{301, nil, false},
		{302, nil, false},
		{303, nil, false},
		{304, nil, false},
		{307, nil, false},
		{308, nil, false},
		{400, nil, true},
		{401, nil, true},
		{403, nil, true},
		{404, nil, true},
		{422, nil, true},
		{500, nil, false},
		{503, nil, false},
		{200, headers{"HX-Redirect", "/next"}, false},
		{200, headers{"HX-Location", "/next"}, false},
		{200, headers{"HX-Refresh", "true"}, false},
		{200, headers{"HX-Push-Url", "/next"}, true},
		{200, headers{"Content-Disposition", `attachment; filename="invoice.html"`}, false},
		{200, headers{"Content-Disposition", "Attachment"}, false},
		{200, headers{"Content-Disposition", `inline; filename="attachment"`}, true},
	}
	for _, tc := range cases {
		t.Run(fmt.Sprint(tc.status, tc.header), func(t *testing.T) {
			v := newSite(t).browser()
			v.post(url.Values{"title": {"T"}}, flashing(func(s *session.Session) { savedFlash(s); s.FlashAll() }))
			v.visit(func(c echo.Context) error {
				for i := 0; i < len(tc.header); i += 2 {
					c.Response().Header().Set(tc.header[i], tc.header[i+1])
				}
				s := session.From(c)
				shown := texts(s) + s.Old("title")
				if tc.status == http.StatusNoContent || tc.status == http.StatusNotModified || tc.status == http.StatusResetContent {
					return c.NoContent(tc.status)
				}
				return c.HTML(tc.status, shown)
			})
			want := "success: Saved! T"
			if tc.shows {
				want = " "
			}
			reads(t, v, "what is left", func(s *session.Session) any { return fmt.Sprint(alerts(s), " ", s.Old("title")) }, want)
		})
	}
}

// A list in a header may come in several lines (RFC 9110, 5.3): an adapter for AWS Lambda, for example,
// gives each of its members a line.
func Test_that_what_a_client_accepts_may_come_in_several_lines(t *testing.T) {
	refuse := func(c echo.Context) error {
		return session.Invalid(c, session.ValidationErrors{"title": {"too short"}})
	}
	v := siteOf(t, newWire(t, http1), refuse).browser()
	cases := []struct {
		claim  string
		accept []string
		as     headers
		want   int
	}{
		{"Turbo goes back to its form", []string{"text/vnd.turbo-stream.html", "text/html", "application/xhtml+xml"}, headers{"Sec-Fetch-Dest", "empty"}, http.StatusSeeOther},
		{"so does a script that takes JSON or a page", []string{"application/json", "text/html"}, headers{"Sec-Fetch-Dest", "empty"}, http.StatusSeeOther},
		{"a script that takes JSON or a text gets the errors", []string{"text/plain", "application/json"}, headers{"Sec-Fetch-Dest", "empty"}, http.StatusUnprocessableEntity},
		{"a program that takes anything goes back", []string{"*/*"}, nil, http.StatusSeeOther},
		{"one that takes anything, and JSON, gets the errors", []string{"*/*", "application/json"}, nil, http.StatusUnprocessableEntity},
	}
	for _, tc := range cases {
		for _, lines := range [][]string{{strings.Join(tc.accept, ", ")}, tc.accept} {
			r := v.request(http.MethodPost, "/", strings.NewReader("title=T"), tc.as...)
			r.Header.Set("Content-Type", echo.MIMEApplicationForm)
			r.Header["Accept"] = lines
			if got := v.send(r); got.status != tc.want {
				t.Errorf("%s: in %d lines the status is %d, %v; want %d", tc.claim, len(lines), got.status, got.err, tc.want)
			}
		}
	}
}
