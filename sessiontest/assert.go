package sessiontest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/echo-hypermedia/session"
)

// AssertValue fails the test unless there is a value under key and it equals want. Without want,
// any value will do. Values are compared as they are stored, by their JSON: an int and an int64 of
// 7 are equal, and so are a struct and a map with its fields.
func (v *Visitor) AssertValue(key string, want ...any) {
	v.t.Helper()
	s := v.Session()
	got, ok := s.All()[key]
	v.check(s, fmt.Sprintf("the value under %q", key), got, ok, want)
}

// AssertNoValue fails the test if there is a value under one of the keys; without keys, if
// there is any value.
func (v *Visitor) AssertNoValue(keys ...string) {
	v.t.Helper()
	s := v.Session()
	found := sortedKeys(s.All())
	if len(keys) > 0 {
		found = slices.DeleteFunc(found, func(key string) bool { return !slices.Contains(keys, key) })
	}
	if len(found) > 0 {
		v.fail(s, "there is a value under %s; want none", quoted(found))
	}
}

// AssertAlert fails the test unless alerts of that kind wait for the next page, one for each of
// these texts: a text that is given twice takes two alerts. Without a text, any alert of the kind
// will do. To check more, such as a link, use Session().FlashMessages().Alerts().
func (v *Visitor) AssertAlert(kind string, texts ...string) {
	v.t.Helper()
	s := v.Session()
	alerts := s.FlashMessages().Alerts(kind)
	if len(alerts) == 0 && len(texts) == 0 {
		v.fail(s, "there is no alert of the kind %q", kind)
	}
	for i, text := range texts {
		at := slices.IndexFunc(alerts, func(m session.Message) bool { return m.Text == text })
		switch {
		case at >= 0:
			alerts = slices.Delete(alerts, at, at+1)
		case slices.Contains(texts[:i], text):
			v.fail(s, "there is no other alert of the kind %q with the text %q", kind, text)
		default:
			v.fail(s, "there is no alert of the kind %q with the text %q", kind, text)
		}
	}
}

// AssertNoAlert fails the test if an alert of one of these kinds waits for the next page; without
// kinds, if any alert does.
func (v *Visitor) AssertNoAlert(kinds ...string) {
	v.t.Helper()
	s := v.Session()
	if alerts := s.FlashMessages().Alerts(kinds...); len(alerts) > 0 {
		v.fail(s, "there is an alert: %s; want none", describeAlert(alerts[0]))
	}
}

// AssertFlash fails the test unless a flashed value waits under key (see [session.Session.Flash])
// and equals want. Without want, any value will do. Values are compared as in AssertValue. An alert
// is found by its kind too, if there is no such key, and is its text.
func (v *Visitor) AssertFlash(key string, want ...any) {
	v.t.Helper()
	s := v.Session()
	messages := s.FlashMessages()
	v.check(s, fmt.Sprintf("what was flashed under %q", key), messages.Get(key), messages.Has(key), want)
}

// AssertNoFlash fails the test if a flashed value, or an alert of that kind, waits under one of the
// keys. Without keys, it fails if there is any flash: alerts, values, old input or errors.
func (v *Visitor) AssertNoFlash(keys ...string) {
	v.t.Helper()
	s := v.Session()
	messages := s.FlashMessages()
	found := sortedKeys(messages.All())
	if len(keys) > 0 { // by any of its names, like AssertFlash
		found = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !messages.Has(key) })
	}
	if len(found) > 0 {
		v.fail(s, "something was flashed under %s; want nothing", quoted(found))
		return
	}
	corrected := func(form string) bool {
		sub := s.Submission(form)
		return sub.Submitted() || len(sub.AllErrors()) > 0
	}
	if len(keys) == 0 && (slices.ContainsFunc(v.forms(), corrected) || len(s.PageErrors()) > 0) {
		v.fail(s, "there is a form to be corrected, or an error of the page; want no flash")
	}
}

// AssertOld fails the test unless the next page shows these values in the field again, as the
// visitor submitted them. Without want, any value will do, if only there is one. An unchecked
// checkbox is "", as in [session.Session.Old], and so is a field that the form does not have:
// neither is part of a submission, so a match with "" does not prove that the name is right.
func (v *Visitor) AssertOld(field string, want ...string) {
	v.t.Helper()
	s := v.Session()
	got, known := s.Submission(v.form).Values(field)
	submitted := len(got) > 0
	if !submitted {
		got = []string{""}
	}
	switch {
	case !known, !submitted && len(want) == 0:
		v.fail(s, "there is no old input for %q", field)
	case len(want) > 0 && !slices.Equal(got, want):
		v.fail(s, "the old input for %q is %s; want %s", field, quoted(got), quoted(want))
	}
}

// AssertNoOld fails the test if the next page would show in one of the fields what the visitor
// submitted, such as a password. Without fields, there must be no old input.
func (v *Visitor) AssertNoOld(fields ...string) {
	v.t.Helper()
	s := v.Session()
	sub := s.Submission(v.form)
	if len(fields) == 0 && sub.Submitted() {
		v.fail(s, "there is old input; want none")
	}
	for _, field := range fields {
		if got, _ := sub.Values(field); len(got) > 0 {
			v.fail(s, "the old input for %q is %s; want none", field, quoted(got))
		}
	}
}

// AssertInputError fails the test unless message is among the errors of the field.
func (v *Visitor) AssertInputError(field, message string) {
	v.t.Helper()
	s := v.Session()
	if got := s.Submission(v.form).Errors(field); !slices.Contains(got, message) {
		v.fail(s, "the input errors of %q are %s; want %q among them", field, quoted(got), message)
	}
}

// AssertInputErrors fails the test unless the errors of the field are exactly these messages, in
// this order. Without messages, any error will do.
func (v *Visitor) AssertInputErrors(field string, messages ...string) {
	v.t.Helper()
	s := v.Session()
	switch got := s.Submission(v.form).Errors(field); {
	case len(got) == 0:
		v.fail(s, "there is no input error of %q", field)
	case len(messages) > 0 && !slices.Equal(got, messages):
		v.fail(s, "the input errors of %q are %s; want %s", field, quoted(got), quoted(messages))
	}
}

// AssertNoInputError fails the test if one of the fields has an error; without fields, if any field
// has one.
func (v *Visitor) AssertNoInputError(fields ...string) {
	v.t.Helper()
	s := v.Session()
	sub := s.Submission(v.form)
	if all := sub.AllErrors(); len(fields) == 0 && len(all) > 0 {
		v.fail(s, "there is an input error of %q; want none", all[0].Name)
	}
	for _, field := range fields {
		if got := sub.Errors(field); len(got) > 0 {
			v.fail(s, "the input errors of %q are %s; want none", field, quoted(got))
		}
	}
}

// AssertPageError fails the test unless there is an error of the page with this code and this text.
// Without a text, any text will do.
func (v *Visitor) AssertPageError(code string, text ...string) {
	v.t.Helper()
	if len(text) > 1 {
		v.t.Fatalf("sessiontest: the page error %q: one text may be wanted, not %d", code, len(text))
		return
	}
	s := v.Session()
	errs := s.PageErrors()
	at := slices.IndexFunc(errs, func(e session.PageError) bool { return e.Code == code })
	switch {
	case at < 0:
		v.fail(s, "there is no page error %q", code)
	case len(text) > 0 && text[0] != errs[at].Text:
		v.fail(s, "the page error %q has the text %q; want %q", code, errs[at].Text, text[0])
	}
}

// AssertNoPageError fails the test if there is an error of the page with one of the codes;
// without codes, if there is any.
func (v *Visitor) AssertNoPageError(codes ...string) {
	v.t.Helper()
	s := v.Session()
	for _, e := range s.PageErrors() {
		if len(codes) == 0 || slices.Contains(codes, e.Code) {
			v.fail(s, "there is a page error %q; want none", e.Code)
		}
	}
}

// AssertSession fails the test unless the visitor has a session.
func (v *Visitor) AssertSession() {
	v.t.Helper()
	if s := v.Session(); s.IsNew() {
		v.fail(s, "want a session")
	}
}

// AssertNoSession fails the test if the visitor has a session. A session that has not begun, or
// that has ended in any way, does not count.
func (v *Visitor) AssertNoSession() {
	v.t.Helper()
	if s := v.Session(); !s.IsNew() {
		v.fail(s, "there is a session; want none")
	}
}

// AssertTagged fails the test unless the session is among those of the user; see
// [session.Session.Tag]. It also fails if the store cannot find a user's sessions.
func (v *Visitor) AssertTagged(userID string) {
	v.t.Helper()
	s := v.Session()
	infos, err := v.site.own.Tagged(context.Background(), userID)
	if err != nil {
		v.fail(s, "the sessions of %q could not be listed: %v", userID, err)
		return
	}
	own := func(i session.Info) bool { return i.Handle == s.Handle() }
	if !slices.ContainsFunc(infos, own) {
		v.fail(s, "the session is not among the %d of the user %q", len(infos), userID)
	}
}

// AssertStatus fails the test unless the answer has this status.
func (r *Response) AssertStatus(want int) {
	r.visitor.t.Helper()
	if r.StatusCode != want {
		r.visitor.t.Errorf("%s; want %d%s", r, want, indented(shortened(r.Text)))
	}
}

// AssertRedirect fails the test unless the answer sends the visitor to this address, by a redirect
// or by htmx. An address of the site may be given as a path.
func (r *Response) AssertRedirect(to string) {
	v := r.visitor
	v.t.Helper()
	got := r.target()
	if got == "" {
		v.t.Errorf("%s; want a redirect to %s%s", r, to, indented(shortened(r.Text)))
		return
	}
	wanted, err := r.Request.URL.Parse(to)
	target, broken := r.Request.URL.Parse(got)
	if err != nil || broken != nil || inASCII(target) != inASCII(wanted) {
		v.t.Errorf("%s; want a redirect to %s", r, to)
	}
}

// String returns the request and its answer in one line, such as "POST /posts: 303 See Other, to
// /posts".
func (r *Response) String() string {
	line := fmt.Sprintf("%s %s: %d %s", r.Request.Method, r.Request.URL.RequestURI(), r.StatusCode, http.StatusText(r.StatusCode))
	if to := r.target(); to != "" {
		line += ", to " + to
	}
	return line
}

// AssertSessionBegun fails the test unless this answer has begun a session, that is, the visitor
// came without one and has one now.
func (r *Response) AssertSessionBegun() {
	v := r.visitor
	v.t.Helper()
	had, now := r.hadSession(), v.Session()
	switch {
	case had:
		v.fail(now, "%s: there was a session already; want one that begins here", r)
	case now.IsNew():
		v.fail(now, "%s: want a session", r)
	}
}

// AssertSessionRegenerated fails the test unless this answer has given the session another
// id, as a login must: the visitor has a new cookie, and the old one leads nowhere. Destroying the
// session and beginning another does not count as giving it another id. (Only a store that is a
// [session.Tagger] tells the two apart.) A session that is kept in a cookie has no id at all;
// there, a new cookie will do.
func (r *Response) AssertSessionRegenerated() {
	v := r.visitor
	v.t.Helper()
	had, now := r.hadSession(), v.Session()
	switch {
	case !had:
		v.fail(now, "%s: the visitor came without a session, so there was none to be given a new id; Seed one", r)
	case now.IsNew():
		v.fail(now, "%s: the session has ended; want it to go on with a new id", r)
	case r.oldCookie() == v.cookie():
		v.fail(now, "%s: the session still has its old id; want a new one (Regenerate, or Tag)", r)
	case r.oldCookieLeads():
		v.fail(now, "%s: the old id still leads to a session, beside the new one", r)
	case r.ended:
		v.fail(now, "%s: the session was destroyed, and this is another one; want it to go on with a new id", r)
	}
}

// AssertSessionDestroyed fails the test unless this answer has ended the session: the cookie that
// the visitor came with leads nowhere any more, and if there is a new session, for example for a
// message, it has no values. (A session that is kept in a cookie ends only in this browser.)
func (r *Response) AssertSessionDestroyed() {
	v := r.visitor
	v.t.Helper()
	had, now := r.hadSession(), v.Session()
	switch {
	case !had:
		v.fail(now, "%s: the visitor came without a session, so there was none to be destroyed; Seed one", r)
	case r.oldCookieLeads():
		v.fail(now, "%s: the session is still there; want it destroyed", r)
	case len(now.All()) > 0 && r.ended:
		v.fail(now, "%s: the session was destroyed, but there is a new one with values; want none", r)
	case !now.IsNew() && (len(now.All()) > 0 || r.oldCookie() == v.cookie()):
		v.fail(now, "%s: the session lives on; want it destroyed", r)
	}
}

// hadSession says whether the visitor came with a session.
func (r *Response) hadSession() bool {
	t := r.visitor.t
	t.Helper()
	if err := r.arrival.err; err != nil {
		t.Fatalf("sessiontest: %s: whether there was a session before could not be found out: %v", r, err)
	}
	return r.arrival.hadSession
}

// oldCookie is the cookie of the session that the visitor came with.
func (r *Response) oldCookie() string { return r.visitor.site.cookieOf(r.arrival.cookies) }

// oldCookieLeads says whether the cookie that the visitor came with still leads to a session on
// the server.
func (r *Response) oldCookieLeads() bool {
	v := r.visitor
	v.t.Helper()
	return !v.site.sealed && !v.look(r.arrival.cookies).IsNew()
}

// inASCII is u as a header carries it; see [session.Redirect].
func inASCII(u *url.URL) string {
	var b strings.Builder
	for _, c := range []byte(u.String()) {
		if c > ' ' && c < 0x7f {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
