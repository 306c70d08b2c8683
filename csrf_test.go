package session_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

// guarded is h behind the CSRF middleware.
func guarded(h echo.HandlerFunc, cfg ...session.CSRFConfig) echo.HandlerFunc {
	return session.CSRF(cfg...)(h)
}

// tokenPage is a page with a form: it has the token, and nothing else.
var tokenPage = guarded(showToken)

var accept = guarded(sayAccepted)

func showToken(c echo.Context) error { return c.HTML(http.StatusOK, session.From(c).CSRFToken()) }

func sayAccepted(c echo.Context) error { return c.HTML(http.StatusOK, "accepted") }

// submit sends a form with that token from a page of the site.
func (v *browser) submit(token string, more ...string) reply {
	form := url.Values{"title": {"Tea"}}
	if token != "" {
		form.Set(session.CSRFField, token)
	}
	return v.ask(request{form: form, from: "/form", header: more}, accept)
}

func Test_that_a_token_of_the_session_is_accepted(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		token := v.visit(tokenPage).body
		wantText(t, "in the form", v.submit(token).body, "accepted")
		wantText(t, "again", v.submit(token).body, "accepted")
		wantText(t, "in a multipart form", v.ask(inParts(fieldPart(session.CSRFField, token)), accept).body, "accepted")
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			wantText(t, "in the header of a "+method, v.ask(request{method: method, header: headers{session.CSRFHeader, token}}, accept).body, "accepted")
		}
		wantText(t, "in the form, beside an old one in the header", v.submit(token, session.CSRFHeader, "old").body, "accepted")
		wantText(t, "in the header, beside an old one in the form", v.submit("old", session.CSRFHeader, token).body, "accepted")
		wantText(t, "with JSON", v.ask(request{body: "{}", header: headers{"Content-Type", "application/json", session.CSRFHeader, token}}, accept).body, "accepted")
	})
}

// That is how a running application introduces it: in two deployments, the first of which does not
// demand tokens.
func Test_that_a_page_has_tokens_where_nobody_is_asked_for_them(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		asksNobody := session.CSRFConfig{Skipper: func(echo.Context) bool { return true }}
		v := s.browser()
		token := v.visit(guarded(showToken, asksNobody)).body
		wantText(t, "where it is asked for", v.submit(token).body, "accepted")
		wantText(t, "where it is not", v.ask(request{form: url.Values{}, from: "/form"}, guarded(sayAccepted, asksNobody)).body, "accepted")
	})
}

// inParts is a multipart form.
func inParts(parts ...string) request {
	return request{
		body:   strings.Join(parts, "") + "--x--\r\n",
		header: headers{"Content-Type", "multipart/form-data; boundary=x"},
	}
}

func fieldPart(name, value string) string {
	return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func filePart(field string) string {
	return "--x\r\nContent-Disposition: form-data; name=\"" + field + "\"; filename=\"a.png\"\r\n\r\n.\r\n"
}

// tooManyParts are more than net/http reads.
func tooManyParts() request {
	return inParts(slices.Repeat([]string{fieldPart("title", "T")}, 1001)...)
}

func Test_which_tokens_are_refused(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v, other := s.browser(), s.browser()
		token, foreign := v.visit(tokenPage).body, other.visit(tokenPage).body
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			t.Fatal(err)
		}
		raw[40] ^= 1
		for claim, bad := range map[string]string{
			"none":                 "",
			"of another session":   foreign,
			"with another bit":     base64.RawURLEncoding.EncodeToString(raw),
			"half of one":          token[:len(token)/2],
			"one and a half":       token + token[:len(token)/2],
			"of zeros":             base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
			"with a space in it":   token[:9] + " " + token[9:],
			"not base64":           "%%%",
			"what Echo hands out":  middleware.CSRFUsingSecFetchSite,
			"the empty token, raw": "=",
		} {
			for _, a := range []request{
				{form: url.Values{session.CSRFField: {bad}}, header: headers{"Sec-Fetch-Site", "cross-site"}},
				{method: http.MethodDelete, header: headers{session.CSRFHeader, bad}},
				{body: "{}", header: headers{"Content-Type", "application/json", session.CSRFHeader, bad}},
			} {
				if got := v.ask(a, accept); got.status != http.StatusForbidden {
					t.Errorf("%s: got %d %q; want 403", claim, got.status, got.body)
				}
			}
		}
		address := "/?" + url.Values{session.CSRFField: {token}}.Encode()
		for _, method := range []string{http.MethodPost, http.MethodDelete} {
			if got := v.ask(request{method: method, path: address}, accept); got.status != http.StatusForbidden {
				t.Errorf("in the address of a %s: got %d", method, got.status)
			}
		}
		wantText(t, "the good one", v.submit(token).body, "accepted")
	})
}

func Test_that_a_visitor_without_a_session_has_no_good_token(t *testing.T) {
	s := newSite(t)
	token := s.browser().visit(tokenPage).body
	got := s.browser().ask(request{form: url.Values{session.CSRFField: {token}}, header: headers{"Sec-Fetch-Site", "cross-site"}}, accept)
	if got.status != http.StatusForbidden || got.header.Get("Set-Cookie") != "" {
		t.Errorf("got %d, cookie %q; want 403 and none", got.status, got.header.Get("Set-Cookie"))
	}
}

func Test_that_a_good_header_leaves_the_body_to_the_handler(t *testing.T) {
	v := newSite(t).browser()
	upload := inParts(fieldPart("file", "content"))
	upload.header = append(upload.header, session.CSRFHeader, v.visit(tokenPage).body)
	got := v.ask(upload, guarded(func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		return errors.Join(err, c.HTML(http.StatusOK, string(body)))
	}))
	wantText(t, "what the handler reads", got.body, upload.body)
}

func Test_that_reading_needs_no_token(t *testing.T) {
	v := newSite(t).browser()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace} {
		got := v.ask(request{method: method}, accept)
		if got.status != http.StatusOK || got.header.Get("Set-Cookie") != "" || got.header.Get("Vary") != "" {
			t.Errorf("%s: got %d %v; want 200 and an untouched session", method, got.status, got.header)
		}
	}
}

func Test_that_each_token_looks_different(t *testing.T) {
	v := newSite(t).browser()
	a, b := v.visit(tokenPage).body, v.visit(tokenPage).body
	if a == b || len(a) != 86 || len(b) != 86 {
		t.Errorf("got %q and %q", a, b)
	}
	wantText(t, "the first", v.submit(a).body, "accepted")
	wantText(t, "the second", v.submit(b).body, "accepted")
}

func Test_that_a_token_costs_a_stored_session_no_write(t *testing.T) {
	s := newSite(t)
	v := s.browser()
	v.do(func(s *session.Session) { s.Put("user", "ada") })
	s.store.reset()
	v.visit(tokenPage)
	if s.store.count("") != 1 || s.store.count("Read") != 1 {
		t.Errorf("calls of the store: %v; want one Read", s.store.calls)
	}
}

func Test_that_pages_rendered_at_once_agree_on_their_tokens(t *testing.T) {
	v := newSite(t).browser()
	v.do(func(s *session.Session) { s.Put("user", "ada") })
	var first, second string
	v.visit(guarded(func(c echo.Context) error {
		first = session.From(c).CSRFToken()
		second = v.visit(tokenPage).body
		return c.HTML(http.StatusOK, "")
	}))
	wantText(t, "one", v.submit(first).body, "accepted")
	wantText(t, "the other", v.submit(second).body, "accepted")
}

func Test_when_tokens_change(t *testing.T) {
	cases := []struct {
		claim string
		do    func(*session.Session)
		good  bool
	}{
		{"not with a value", func(s *session.Session) { s.Put("user", "ada") }, true},
		{"not with clear", func(s *session.Session) { s.Clear() }, true},
		{"with regenerate", func(s *session.Session) { s.Regenerate() }, false},
		{"with a log-out", func(s *session.Session) { s.Destroy() }, false},
		{"with a log-out and a good-bye", func(s *session.Session) { s.Destroy(); s.FlashInfo("Bye") }, false},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				token := v.visit(tokenPage).body
				v.do(tc.do)
				if got := v.submit(token).body == "accepted"; got != tc.good {
					t.Errorf("accepted: %v; want %v", got, tc.good)
				}
			})
		})
	}
}

// A browser drops the answer to a login whose button is pressed twice, and the new id with it.
func Test_that_a_login_whose_answer_was_lost_can_be_sent_again(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	form := func() (token string) { return v.visit(p, tokenPage).Body.String() }
	login := func(token string) *httptest.ResponseRecorder {
		r := v.request()
		r.Method = http.MethodPost
		r.Header.Set(session.CSRFHeader, token)
		return p.serve(r, guarded(func(c echo.Context) error {
			logIn("ada")(session.From(c))
			return showToken(c)
		}))
	}
	token := form()
	if rec := login(token); rec.Code != http.StatusOK {
		t.Fatalf("the login: got %d", rec.Code)
	}
	if rec := login(token); rec.Code != http.StatusOK || len(setCookies(rec)) != 1 {
		t.Errorf("the same form: got %d, and the cookies %v; want another login", rec.Code, setCookies(rec))
	}
	if rec := login(form()); rec.Code != http.StatusOK || len(setCookies(rec)) != 1 {
		t.Errorf("a new form: got %d, and the cookies %v; want another login", rec.Code, setCookies(rec))
	}
	old := v.clone()
	rec := login(token)
	v.keep(rec)
	if rec := login(rec.Body.String()); rec.Code != http.StatusOK {
		t.Errorf("a form of the page after the login: got %d", rec.Code)
	}
	p.clock.advance(11 * time.Second) // by now it counts as a visitor with a dead id
	v = old
	if rec := login(token); rec.Code == http.StatusOK {
		t.Errorf("the same form, later: got %d", rec.Code)
	}
}

func Test_that_a_dead_cookie_does_not_make_each_token_ask_the_store(t *testing.T) {
	store, p, _ := startSpied(t)
	asked := func(method, token string, h echo.HandlerFunc) int {
		v := newVisitor()
		v.cookies[cookieName] = newID(1)
		r := v.request()
		r.Method = method
		r.Header.Set(session.CSRFHeader, token)
		before := store.count("Tagged")
		p.serve(r, h)
		return store.count("Tagged") - before
	}
	tokens := func(c echo.Context) error {
		for range 20 {
			session.From(c).CSRFToken()
		}
		return showToken(c)
	}
	if one, many := asked("GET", "", tokenPage), asked("GET", "", guarded(tokens)); many != one {
		t.Errorf("the store was asked %d times for 21 tokens; want %d, as for one", many, one)
	}
	if read, bad := asked("GET", "", with(read)), asked("POST", "bad", accept); bad != read {
		t.Errorf("the store was asked %d times for what cannot be a token; want %d, as to read", bad, read)
	}
}

func Test_that_a_token_is_not_refused_because_the_store_does_not_answer(t *testing.T) {
	fails := func() error { return errStoreDown }
	panics := func() error { panic(errStoreDown) }
	for _, tc := range []struct {
		claim       string
		does        func() error
		from        int // the question from which on it does so; the first one is why the cookie is rejected
		asked, told int
	}{
		{"fails", fails, 2, 2, 1},
		{"panics", panics, 2, 2, 1},
		{"panics at once", panics, 1, 1, 0}, // Recover is told
	} {
		store, p, v := startSpied(t)
		p.Pre(recovering)
		p.HTTPErrorHandler = func(err error, c echo.Context) {
			for range 20 {
				session.From(c).CSRFToken()
			}
			_ = c.String(http.StatusInternalServerError, "the error page")
		}
		token := v.visit(p, tokenPage).Body.String()
		v.clone().must(t, p, (*session.Session).Regenerate)
		asked := 0
		store.before = func(c call) error {
			if c.method != "Tagged" {
				return nil
			}
			if asked++; asked < tc.from {
				return nil
			}
			return tc.does()
		}
		r := v.request()
		r.Method = http.MethodPost
		r.Header.Set(session.CSRFHeader, token)
		rec := p.serve(r, guarded(func(echo.Context) error { t.Errorf("if it %s, the handler runs", tc.claim); return nil }))
		wantText(t, "if it "+tc.claim, rec.Body.String(), "the error page")
		if told := len(p.hooked("StoreError")); asked != tc.asked || told != tc.told {
			t.Errorf("if it %s: the store was asked %d times, and the hook told %d times; want %d and %d", tc.claim, asked, told, tc.asked, tc.told)
		}
	}
}

func Test_that_a_token_after_a_change_in_the_same_request_is_good(t *testing.T) {
	changes := map[string]func(*session.Session){
		"a new session":  func(s *session.Session) { s.Put("user", "ada") },
		"regenerate":     func(s *session.Session) { s.Regenerate() },
		"destroy":        func(s *session.Session) { s.Destroy() },
		"clear":          func(s *session.Session) { s.Clear() },
		"save":           func(s *session.Session) { s.Put("n", 1); _ = s.Save(context.Background()) },
		"save, new id":   func(s *session.Session) { s.Regenerate(); _ = s.Save(context.Background()) },
		"saved, new id":  func(s *session.Session) { s.Put("n", 1); _ = s.Save(context.Background()); s.Regenerate() },
		"save, then new": func(s *session.Session) { _ = s.Save(context.Background()); s.Regenerate() },
	}
	for claim, change := range changes {
		t.Run(claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				for _, known := range []bool{false, true} {
					v := s.browser()
					if known {
						v.visit(tokenPage)
					}
					token := v.visit(guarded(func(c echo.Context) error {
						change(session.From(c))
						return c.HTML(http.StatusOK, session.From(c).CSRFToken())
					})).body
					wantText(t, "the answer", v.submit(token).body, "accepted")
				}
			})
		})
	}
}

func Test_that_a_form_of_an_ended_session_goes_back_with_what_was_typed(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		token := v.visit(tokenPage).body
		s.clock.advance(session.DefaultAbsoluteTimeout)

		got := v.submit(token)
		if got.status != http.StatusSeeOther || got.header.Get("Location") != "/form" {
			t.Fatalf("got %d to %q; want the form's page", got.status, got.header.Get("Location"))
		}
		if told := s.hooked("StoreError"); told != nil {
			t.Errorf("the store is said to have failed: %v", told)
		}
		page := v.visit(guarded(func(c echo.Context) error {
			s := session.From(c)
			var errs []string
			for _, e := range s.PageErrors() {
				errs = append(errs, e.Code)
			}
			for _, m := range s.FlashMessages().Alerts() {
				errs = append(errs, m.Kind)
			}
			return c.HTML(http.StatusOK, strings.Join(append(errs, s.Old("title"), s.Old(session.CSRFField), s.CSRFToken()), " "))
		})).body
		if !strings.HasPrefix(page, session.CSRFCode+" error Tea  ") {
			t.Fatalf("the page shows %q", page)
		}
		wantText(t, "once more", v.submit(page[strings.LastIndex(page, " ")+1:]).body, "accepted")
	})
}

func Test_that_an_htmx_form_of_an_ended_session_goes_back_too(t *testing.T) {
	v := newSite(t).browser()
	got := v.ask(request{as: htmxPart, form: url.Values{"title": {"Tea"}}, from: "/form"}, accept)
	if got.status != http.StatusNoContent || got.header.Get("HX-Redirect") != "/form" {
		t.Errorf("got %d to %q; want the form's page", got.status, got.header.Get("HX-Redirect"))
	}
	got = v.ask(request{as: htmxBoosted, form: url.Values{"title": {"Tea"}}, from: "/form"}, accept)
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/form" {
		t.Errorf("boosted: got %d to %q; want the form's page", got.status, got.header.Get("Location"))
	}
}

func Test_that_it_is_logged_once_that_a_form_has_no_field_for_the_token(t *testing.T) {
	s := newSite(t)
	v := s.browser()
	s.browser().ask(request{form: url.Values{"title": {"Tea"}}, from: "/form"}, accept)
	token := v.visit(tokenPage).body
	const text = "without a CSRF token"
	v.submit(token[1:])
	v.ask(request{form: url.Values{session.CSRFField: {""}}, from: "/form"}, accept)
	v.ask(request{form: url.Values{"title": {"Tea"}}, from: "/form", header: headers{session.CSRFHeader, "stale"}}, accept)
	v.ask(request{form: url.Values{"title": {"Tea"}}, from: "/form", header: headers{"Sec-Fetch-Site", "cross-site"}}, accept)
	if log := s.log.String(); strings.Contains(log, text) {
		t.Errorf("a bad token, another site, or a program without a cookie: the log has %q", log)
	}
	for range 2 {
		v.ask(request{form: url.Values{"title": {"Tea"}}, from: "/form"}, accept)
	}
	if log := s.log.String(); strings.Count(log, text) != 1 {
		t.Errorf("a form without one: the log has %q; want it once", log)
	}
}

func Test_that_only_forms_of_this_site_are_sent_back(t *testing.T) {
	form := url.Values{"title": {"chosen by somebody else"}}
	cases := map[string]request{
		"from another site":               {form: form, header: headers{"Sec-Fetch-Site", "cross-site", "Referer", "https://evil.example/"}},
		"from a site of the same domain":  {form: form, from: "/form", header: headers{"Sec-Fetch-Site", "same-site"}},
		"from another site, old browser":  {form: form, as: plainNavigation, header: headers{"Referer", "https://evil.example/"}},
		"from nobody knows where":         {form: form, as: plainNavigation},
		"from the address bar":            {form: form, from: "/form", header: headers{"Sec-Fetch-Site", "none"}},
		"by a script that wants no page":  {form: form, as: jsonPoll, from: "/form", header: headers{"Sec-Fetch-Site", "same-origin"}},
		"with JSON":                       {body: "{}", from: "/form", header: headers{"Content-Type", "application/json"}},
		"with no type of content, no way": {body: "x", method: http.MethodPut, header: headers{"Content-Type", "text/plain"}, from: "/form"},
	}
	for claim, a := range cases {
		v := newSite(t).browser()
		got := v.ask(a, accept)
		if got.status != http.StatusForbidden || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: got %d, cookie %q; want 403 and none", claim, got.status, got.header.Get("Set-Cookie"))
		}
	}
}

func Test_that_a_form_that_is_too_large_is_no_bad_token(t *testing.T) {
	limits := map[string]echo.MiddlewareFunc{
		"Echo's limit":     middleware.BodyLimit("1K"),
		"net/http's limit": limiting(1 << 10),
	}
	large := strings.Repeat("tea", 1<<14) // more than is read at once
	for name, limit := range limits {
		for claim, a := range map[string]request{
			"a form":           {body: "title=" + large, header: headers{"Content-Type", "application/x-www-form-urlencoded"}},
			"a multipart form": inParts(fieldPart("title", large)),
		} {
			v := newSite(t).browser()
			v.visit(tokenPage)
			a.from = "/form"
			got := v.ask(a, func(c echo.Context) error {
				c.Request().ContentLength = -1 // otherwise BodyLimit would know before
				return limit(accept)(c)
			})
			if got.status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s, %s: got %d", name, claim, got.status)
			}
		}
	}
}

func Test_that_a_form_of_too_many_parts_is_no_bad_token(t *testing.T) {
	v := newSite(t).browser()
	v.visit(tokenPage)
	a := tooManyParts()
	a.from = "/form"
	if got := v.ask(a, accept); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d; want 413", got.status)
	}
}

// The error of such an address is none of the form.
func Test_that_a_form_without_a_token_goes_back_whatever_its_address(t *testing.T) {
	v := newSite(t).browser()
	v.visit(tokenPage)
	got := v.ask(request{path: "?a;b", method: http.MethodPost, header: headers{"Content-Type", echo.MIMEApplicationForm}, from: "/form"}, accept)
	if got.status != http.StatusSeeOther {
		t.Errorf("got %d; want 303", got.status)
	}
}

func Test_that_the_error_of_a_refused_request_can_be_found(t *testing.T) {
	p := start(t, session.Config{})
	p.serve(httptest.NewRequest(http.MethodPost, "/", nil), accept)
	if err := p.failure(); !errors.Is(err, session.ErrCSRF) {
		t.Errorf("got %v", err)
	}
}

func Test_that_a_store_that_is_down_is_no_bad_token(t *testing.T) {
	v := newSite(t).browser()
	token := v.visit(tokenPage).body
	v.store.before = failing(errStoreDown)
	for claim, token := range map[string]string{"a good token": token, "no token": ""} {
		if got := v.submit(token); got.status != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d; want 503", claim, got.status)
		}
	}
	got := v.visit(session.Optional(tokenPage))
	if got.status != http.StatusOK || got.body != "" {
		t.Errorf("a page that may do without: got %d %q; want 200 and no token", got.status, got.body)
	}
}

func Test_what_is_let_through_unchecked(t *testing.T) {
	webhook := guarded(sayAccepted, session.CSRFConfig{Skipper: func(c echo.Context) bool { return c.Request().URL.Path == "/webhook" }})
	v := newSite(t).browser()
	wantText(t, "the webhook", v.ask(request{method: http.MethodPost, path: "/webhook"}, webhook).body, "accepted")
	if got := v.ask(request{method: http.MethodPost, path: "/other"}, webhook); got.status != http.StatusForbidden {
		t.Errorf("another one: got %d", got.status)
	}
}

func Test_that_requests_without_a_session_can_be_read_but_not_posted(t *testing.T) {
	skip := func(cfg *session.Config) { cfg.Skipper = func(echo.Context) bool { return true } }
	v := newSite(t, skip).browser()
	wantText(t, "a style sheet", v.ask(request{}, accept).body, "accepted")
	defer func() {
		if recover() == nil {
			t.Error("a request that cannot be checked was answered")
		}
	}()
	e := echo.New()
	_ = accept(e.NewContext(httptest.NewRequest(http.MethodPost, "/", nil), httptest.NewRecorder()))
}

func Test_that_the_text_of_a_refusal_can_be_chosen(t *testing.T) {
	for chosen, said := range map[string]string{
		"Once more, please.": "Once more, please.",
		"":                   "The page was open for too long, or your browser keeps no cookies. Please send the form again.",
	} {
		v := newSite(t).browser()
		for range 2 {
			v.ask(request{form: url.Values{}, from: "/form"}, guarded(alertsPage, session.CSRFConfig{Text: chosen}))
		}
		got := v.visit(func(c echo.Context) error {
			s := session.From(c)
			return c.HTML(http.StatusOK, s.PageErrors()[0].Text+" "+alerts(s).(string))
		})
		wantText(t, "the page", got.body, said+" error: "+said)
	}
}

func Test_that_the_token_is_that_of_Echo_where_its_middleware_is_mounted(t *testing.T) {
	echoCSRF := middleware.CSRFWithConfig(middleware.CSRFConfig{TokenLookup: "form:_csrf"})
	page, action := echoCSRF(showToken), echoCSRF(sayAccepted)
	for claim, as := range map[string]headers{"a browser of today": navigation, "a very old one": plainNavigation} {
		v := newSite(t).browser()
		got := v.ask(request{as: as}, page)
		if got.body == "" {
			t.Fatalf("%s: no token", claim)
		}
		if strings.Contains(got.header.Get("Set-Cookie"), "session") {
			t.Errorf("%s: Echo's token began a session", claim)
		}
		wantText(t, claim, v.ask(request{as: as, form: url.Values{session.CSRFField: {got.body}}}, action).body, "accepted")
	}
}

func Test_that_there_is_no_token_where_nothing_checks_one(t *testing.T) {
	v := newSite(t).browser()
	got := v.visit(showToken)
	if got.body != "" || got.header.Get("Set-Cookie") != "" {
		t.Errorf("got %q, cookie %q", got.body, got.header.Get("Set-Cookie"))
	}
	if got := session.FromContext(context.Background()).CSRFToken(); got != "" {
		t.Errorf("without a session: %q", got)
	}
}

func Test_that_asking_for_the_head_of_a_page_begins_no_session(t *testing.T) {
	got := newSite(t).browser().ask(request{method: http.MethodHead}, tokenPage)
	if got.status != http.StatusOK || got.header.Get("Set-Cookie") != "" {
		t.Errorf("got %d, cookie %q", got.status, got.header.Get("Set-Cookie"))
	}
}

func Test_that_a_token_does_not_take_the_place_of_a_session_whose_cookie_is_withheld(t *testing.T) {
	strict := func(cfg *session.Config) { cfg.Cookie.SameSite = http.SameSiteStrictMode }
	none := func(cfg *session.Config) { cfg.Cookie.SameSite, cfg.Cookie.Insecure = http.SameSiteNoneMode, false }
	lax := func(*session.Config) {}
	for _, tc := range []struct {
		claim, method, site string
		change              func(*session.Config)
		begins              bool
	}{
		{"a form of another site", http.MethodPost, "cross-site", lax, false},
		{"a link on another site", http.MethodGet, "cross-site", lax, true},
		{"a form of this site", http.MethodPost, "same-origin", lax, true},
		{"a form of a client that does not say", http.MethodPost, "", lax, true},
		{"a link on another site, with Strict", http.MethodGet, "cross-site", strict, false},
		{"an address that was typed, with Strict", http.MethodGet, "none", strict, true},
		{"a form of another site, with None", http.MethodPost, "cross-site", none, true},
	} {
		for _, open := range []func(*testing.T, ...func(*session.Config)) *site{newSite, newCookieSite} {
			got := open(t, tc.change).browser().ask(request{method: tc.method, header: headers{"Sec-Fetch-Site", tc.site}}, func(c echo.Context) error {
				if err := guarded(echo.MethodNotAllowedHandler)(c); tc.method == http.MethodPost && !errors.Is(err, session.ErrCSRF) {
					t.Errorf("%s: %v; want it refused", tc.claim, err)
				}
				return c.HTML(http.StatusForbidden, session.From(c).CSRFToken()) // an error page with a form
			})
			if begins := got.header.Get("Set-Cookie") != ""; begins != tc.begins || (got.body != "") != tc.begins {
				t.Errorf("%s: cookie %q, token %q", tc.claim, got.header.Get("Set-Cookie"), got.body)
			}
		}
	}
	stale := newSite(t, strict).browser()
	if got := stale.ask(request{header: headers{"Sec-Fetch-Site", "cross-site", "Cookie", "session=" + newID(1)}}, tokenPage); got.body == "" {
		t.Error("a visitor whose session has ended has no token, though the cookie came along")
	}
	v := newSite(t).browser()
	v.visit(tokenPage)
	if got := v.ask(request{header: headers{"Sec-Fetch-Site", "cross-site"}}, tokenPage); got.body == "" {
		t.Error("a visitor who comes with a session has no token")
	}
}

func Test_that_a_streamed_page_cannot_begin_a_token(t *testing.T) {
	s := newSite(t)
	v := s.browser()
	stream := guarded(func(c echo.Context) error {
		c.Response().WriteHeader(http.StatusOK)
		_, err := c.Response().Write([]byte("<" + session.From(c).CSRFToken()))
		return err
	})
	wantText(t, "a new visitor", v.visit(stream).body, "<")
	if len(s.hooked("LateWrite")) != 1 {
		t.Errorf("reported %d times; want once", len(s.hooked("LateWrite")))
	}
	v.do(func(s *session.Session) { s.Put("user", "ada") })
	wantText(t, "one with a session", v.submit(v.visit(stream).body[1:]).body, "accepted")
}

func Test_what_cross_origin_protection_refuses(t *testing.T) {
	trusting := http.NewCrossOriginProtection()
	if err := trusting.AddTrustedOrigin("https://partner.example"); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		claim  string
		mw     echo.MiddlewareFunc
		method string
		header headers
		status int
	}{
		{"a page of this site", session.CrossOrigin(), "POST", headers{"Sec-Fetch-Site", "same-origin"}, 200},
		{"another site", session.CrossOrigin(), "POST", headers{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a sibling", session.CrossOrigin(), "POST", headers{"Sec-Fetch-Site", "same-site"}, 403},
		{"another site, old browser", session.CrossOrigin(), "POST", headers{"Origin", "https://evil.example"}, 403},
		{"another site that only reads", session.CrossOrigin(), "GET", headers{"Sec-Fetch-Site", "cross-site"}, 200},
		{"no browser", session.CrossOrigin(), "POST", nil, 200},
		{"a trusted site", session.CrossOrigin(trusting), "POST", headers{"Sec-Fetch-Site", "cross-site", "Origin", "https://partner.example"}, 200},
		{"one that is not", session.CrossOrigin(trusting), "POST", headers{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"nil is the default", session.CrossOrigin(nil), "POST", headers{"Sec-Fetch-Site", "cross-site"}, 403},
	}
	for _, tc := range cases {
		e := echo.New()
		e.Use(tc.mw)
		e.Any("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
		r := httptest.NewRequest(tc.method, "http://app.example/", nil)
		tc.header.addTo(r)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != tc.status {
			t.Errorf("%s: got %d; want %d", tc.claim, w.Code, tc.status)
		}
	}
}

func FuzzToken(f *testing.F) {
	v := newVisitor()
	p := start(f, session.Config{})
	good := v.visit(p, tokenPage).Body.String()
	f.Add(good)
	f.Add("")
	f.Add(good[1:])
	f.Add(strings.Repeat("A", len(good)))
	secret := unmasked(good)
	f.Fuzz(func(t *testing.T, token string) {
		r := v.request()
		r.Method = http.MethodPost
		r.Header.Set(session.CSRFHeader, token)
		want := http.StatusForbidden
		if token == good || unmasked(token) == secret {
			want = http.StatusOK
		}
		if got := p.serve(r, accept).Code; got != want {
			t.Errorf("%q: got %d; want %d", token, got, want)
		}
	})
}

// unmasked is the two halves of a token combined, or "" if it is no token.
func unmasked(token string) string {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 64 {
		return ""
	}
	for i := range 32 {
		raw[i] ^= raw[32+i]
	}
	return string(raw[:32])
}
