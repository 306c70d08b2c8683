package session_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
)

// alerts reads the alerts as "kind: text", in their order.
func alerts(s *session.Session) any {
	var all []string
	for _, m := range s.FlashMessages().Alerts() {
		all = append(all, m.Kind+": "+m.Text)
	}
	return strings.Join(all, ", ")
}

func nothing(s *session.Session) any { s.Has("user"); return nil }

func flashed[T any](key string, def ...T) func(*session.Session) any {
	return func(s *session.Session) any { return session.Flashed(s, key, def...) }
}

func message(name string, def ...any) func(*session.Session) any {
	return func(s *session.Session) any { return s.FlashMessages().Get(name, def...) }
}

func has(names ...string) func(*session.Session) any {
	return func(s *session.Session) any {
		var found []string
		for _, name := range names {
			if s.FlashMessages().Has(name) {
				found = append(found, name)
			}
		}
		return strings.Join(found, " ")
	}
}

func all(s *session.Session) any { return s.FlashMessages().All() }

type point struct{ X, Y int }

func Test_what_a_page_reads_of_the_messages(t *testing.T) {
	type read = func(*session.Session) any
	cases := []struct {
		claim     string
		flash     func(s *session.Session)
		read      read
		want      any
		thenRead  read // on the next page; nil = read again
		wantAfter any
	}{
		{
			claim: "alerts add up, in their order",
			flash: func(s *session.Session) {
				s.FlashSuccess("a")
				s.FlashError("b")
				s.FlashWarning("c")
				s.FlashInfo("d")
				s.FlashSuccess("e")
			},
			read: alerts, want: "success: a, error: b, warning: c, info: d, success: e", wantAfter: "",
		},
		{
			claim: "an error of the page is no value of that key",
			flash: func(s *session.Session) { s.FlashErrors(map[string]string{"k": "x"}) },
			read:  flashed("k", "none"), want: "none", wantAfter: "none",
		},
		{
			claim:     "an alert has a title and a link",
			flash:     func(s *session.Session) { s.FlashAlert(fullMessage) },
			read:      func(s *session.Session) any { return s.FlashMessages().Alerts() },
			want:      []session.Message{fullMessage},
			wantAfter: []session.Message(nil),
		},
		{
			claim: "kinds of other frameworks come under ours",
			flash: func(s *session.Session) {
				for _, kind := range []string{"danger", "alert", "warn", "notice"} {
					s.FlashAlert(session.Message{Kind: kind, Text: kind})
				}
				s.Flash("danger", "keyed")
			},
			read: alerts, want: "error: danger, error: alert, warning: warn, info: notice, error: keyed", wantAfter: "",
		},
		{
			claim: "a text under the name of a kind is an alert of it",
			flash: func(s *session.Session) {
				for _, kind := range []string{"error", "warning", "success", "info", "party"} {
					s.Flash(kind, kind)
				}
			},
			read: alerts, want: "error: error, warning: warning, success: success, info: info", wantAfter: "",
		},
		{
			claim: "an alert is found by the name of its kind in another framework, too",
			flash: func(s *session.Session) { s.FlashAlert(session.Message{Kind: "danger", Text: "x"}) },
			read:  has("danger", "error", "alert", "notice"), want: "danger error alert",
			thenRead: message("danger"), wantAfter: "x",
		},
		{
			claim: "an alert of no kind is information",
			flash: func(s *session.Session) { s.FlashAlert(session.Message{Text: "x"}) },
			read:  alerts, want: "info: x", wantAfter: "",
		},
		{
			claim: "a kind of its own is an alert, too",
			flash: func(s *session.Session) { s.FlashAlert(session.Message{Kind: "party", Text: "x"}) },
			read:  alerts, want: "party: x", wantAfter: "",
		},
		{
			claim: "a string under the name of a kind is an alert",
			flash: func(s *session.Session) { s.Flash("success", "a"); s.FlashSuccess("b") },
			read:  alerts, want: "success: a, success: b", wantAfter: "",
		},
		{
			claim: "what is no string is not an alert",
			flash: func(s *session.Session) {
				s.Flash("success", 1)
				s.Flash("error", nil)
				s.Flash("info", []string{"a"})
				s.Flash("warning", true)
			},
			read: alerts, want: "", thenRead: has("success", "error", "info", "warning"), wantAfter: "success error info warning",
		},
		{
			claim: "the last value under a key stands",
			flash: func(s *session.Session) { s.Flash("k", "a"); s.Flash("other", "o"); s.Flash("k", "b") },
			read:  message("k"), want: "b", wantAfter: nil,
		},
		{claim: "0 is a value", flash: flash("k", 0), read: flashed("k", 7), want: 0, wantAfter: 7},
		{claim: "an empty string is a value", flash: flash("k", ""), read: flashed("k", "d"), want: "", wantAfter: "d"},
		{claim: "false is a value", flash: flash("k", false), read: flashed("k", true), want: false, wantAfter: true},
		{claim: "nil is a value", flash: flash("k", nil), read: has("k"), want: "k", wantAfter: "k"},
		{claim: "a struct is a value", flash: flash("k", point{1, 2}), read: flashed[point]("k"), want: point{1, 2}, wantAfter: point{}},
		{claim: "a list is a value", flash: flash("k", []int{1, 2}), read: flashed[[]int]("k"), want: []int{1, 2}, wantAfter: []int(nil)},
		{claim: "a large number stays whole", flash: flash("k", int64(1265476890672672808)), read: message("k"), want: json.Number("1265476890672672808"), wantAfter: nil},
		{claim: "another type is the default, and was read", flash: flash("k", "text"), read: flashed("k", 7), want: 7, thenRead: has("k"), wantAfter: ""},
		{claim: "Flashed leaves alerts alone", flash: func(s *session.Session) { s.FlashSuccess("a") }, read: flashed("success", "none"), want: "none", thenRead: alerts, wantAfter: "success: a"},
		{claim: "Has does not count as showing", flash: flash("k", 1), read: has("k"), want: "k", wantAfter: "k"},
		{claim: "Has on an alert does not, either", flash: savedFlash, read: has("success", "error"), want: "success", thenRead: alerts, wantAfter: "success: Saved!"},
		{claim: "Get leaves the others", flash: func(s *session.Session) { s.Flash("a", 1); s.Flash("b", 2) }, read: message("a"), want: json.Number("1"), thenRead: has("a", "b"), wantAfter: "b"},
		{claim: "Get has a default", flash: flash("a", 1), read: message("b", "none"), want: "none", wantAfter: "none"},
		{
			claim: "Get of a kind is its newest alert, and leaves the older ones",
			flash: func(s *session.Session) { s.FlashSuccess("a"); s.FlashSuccess("b") },
			read:  message("success"), want: "b", thenRead: alerts, wantAfter: "success: a",
		},
		{
			claim: "a key goes before a kind",
			flash: func(s *session.Session) { s.Flash("success", "key"); s.FlashSuccess("alert") },
			read:  message("success"), want: "key", wantAfter: "alert",
		},
		{
			claim: "All is everything by its name",
			flash: func(s *session.Session) { s.Flash("k", 1); s.FlashError("e") },
			read:  all, want: map[string]any{"k": json.Number("1"), "error": "e"}, wantAfter: map[string]any{},
		},
		{
			claim: "All leaves what it has no name for",
			flash: func(s *session.Session) { s.FlashSuccess("a"); s.FlashSuccess("b") },
			read:  all, want: map[string]any{"success": "b"}, thenRead: alerts, wantAfter: "success: a",
		},
		{
			claim: "Alerts leave the keys",
			flash: func(s *session.Session) { s.FlashSuccess("a"); s.Flash("k", "v") },
			read:  alerts, want: "success: a", thenRead: message("k"), wantAfter: "v",
		},
		{
			claim: "FlashNow is for its own response",
			flash: func(s *session.Session) { s.FlashNow("info", "now") },
			read:  alerts, want: "", wantAfter: "",
		},
		{
			claim: "errors of the page are no messages",
			flash: func(s *session.Session) { s.FlashErrors(map[string]string{"success": "x"}) },
			read:  all, want: map[string]any{}, wantAfter: map[string]any{},
		},
		{
			claim: "errors of the page are in order, and for one page",
			flash: func(s *session.Session) { s.FlashErrors(map[string]string{"E_B": "b", "E_A": "a"}) },
			read:  pageErrors, want: []session.PageError{{Code: "E_A", Text: "a"}, {Code: "E_B", Text: "b"}}, wantAfter: []session.PageError(nil),
		},
		{
			claim: "of one code there is one error",
			flash: func(s *session.Session) {
				s.FlashErrors(map[string]string{"E_A": "old"})
				s.FlashErrors(map[string]string{"E_A": "new"})
			},
			read: pageErrors, want: []session.PageError{{Code: "E_A", Text: "new"}}, wantAfter: []session.PageError(nil),
		},
		{
			claim: "errors end with a page that does not read them",
			flash: func(s *session.Session) {
				s.FlashErrors(map[string]string{"E_A": "a"})
				s.FlashInputErrors(map[string][]string{"title": {"x"}})
			},
			read: nothing, want: nil, thenRead: pageErrors, wantAfter: []session.PageError(nil),
		},
		{
			claim: "errors of fields add up",
			flash: func(s *session.Session) {
				s.FlashInputErrors(map[string][]string{"title": {"too short"}, "body": {"missing"}})
				s.FlashInputErrors(map[string][]string{"title": {"too dull"}})
			},
			read: inputErrors, want: []session.InputError{{Name: "body", Messages: []string{"missing"}}, {Name: "title", Messages: []string{"too short", "too dull"}}},
			wantAfter: []session.InputError(nil),
		},
		{
			claim: "no errors are no errors",
			flash: func(s *session.Session) { s.FlashErrors(nil); s.FlashInputErrors(nil) },
			read:  inputErrors, want: []session.InputError(nil), wantAfter: []session.InputError(nil),
		},
		{
			claim: "Clear leaves what this request flashed",
			flash: func(s *session.Session) { s.FlashInfo("before"); s.Clear(); s.FlashInfo("after") },
			read:  alerts, want: "info: before, info: after", wantAfter: "",
		},
		{
			claim: "Destroy does, too",
			flash: func(s *session.Session) { s.FlashInfo("before"); s.Destroy(); s.FlashInfo("good-bye") },
			read:  alerts, want: "info: before, info: good-bye", wantAfter: "",
		},
		{
			claim: "Regenerate takes messages along",
			flash: func(s *session.Session) { s.FlashInfo("before"); s.Regenerate() },
			read:  alerts, want: "info: before", wantAfter: "",
		},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				v.do(func(s *session.Session) { s.Put("user", 7) })
				v.post(nil, flashing(tc.flash))
				reads(t, v, "the next page", tc.read, tc.want)
				if tc.thenRead == nil {
					tc.thenRead = tc.read
				}
				reads(t, v, "the page after it", tc.thenRead, tc.wantAfter)
			})
		})
	}
}

var fullMessage = session.Message{Kind: "success", Title: "Moved", Text: "It is in the bin.", Href: "/undo", Label: "Undo"}

func flash(key string, value any) func(*session.Session) {
	return func(s *session.Session) { s.Flash(key, value) }
}

func pageErrors(s *session.Session) any  { return s.PageErrors() }
func inputErrors(s *session.Session) any { return s.Submission("").AllErrors() }

// reads opens a page that reads something, and compares.
func reads(t *testing.T, v *browser, where string, read func(*session.Session) any, want any) {
	t.Helper()
	var got any
	v.do(func(s *session.Session) { got = read(s) })
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v; want %#v", where, got, want)
	}
}

// With cookies, this claims them; see FlashMessages.
func Test_that_a_page_which_only_gets_ready_for_messages_on_a_store_ends_none(t *testing.T) {
	v := newSite(t).browser()
	v.post(nil, flashing(savedFlash))
	v.visit(with(func(s *session.Session) { s.FlashMessages() }))
	reads(t, v, "the page after it", alerts, "success: Saved!")
}

func Test_that_a_message_for_now_is_shown_in_its_own_response(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(func(s *session.Session) { s.FlashInfo("waiting") }))
		got := v.post(nil, func(c echo.Context) error {
			session.From(c).FlashNow("danger", "now")
			session.From(c).FlashInfo("later")
			return c.HTML(http.StatusUnprocessableEntity, fmt.Sprint(alerts(session.From(c))))
		})
		wantText(t, "the response", got.body, "info: waiting, info: later, error: now")
		reads(t, v, "the next page", alerts, "")
	})
}

func Test_that_messages_keep_their_order_when_the_head_has_ended_one_of_them(t *testing.T) {
	v := newSite(t).browser()
	got := v.visit(func(c echo.Context) error {
		s := session.From(c)
		s.FlashInfo("first")
		s.FlashError("second")
		s.FlashMessages().Get("error")
		c.Response().WriteHeader(http.StatusOK)
		return c.HTML(http.StatusOK, fmt.Sprint(alerts(s)))
	})
	wantText(t, "the page", got.body, "info: first, error: second")
}

func Test_that_a_message_for_now_is_dropped_by_a_redirect(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		got := v.post(nil, flashing(func(s *session.Session) { s.FlashNow("info", "now") }))
		wantText(t, "the cookie", got.header.Get("Set-Cookie"), "")
		reads(t, v, "the next page", alerts, "")
	})
}

func Test_that_an_error_page_shows_what_the_handler_flashed_for_now(t *testing.T) {
	s := newSite(t)
	s.HTTPErrorHandler = func(_ error, c echo.Context) {
		_ = c.HTML(http.StatusNotFound, texts(session.From(c)))
	}
	v := s.browser()
	got := v.visit(func(c echo.Context) error {
		session.From(c).FlashNow("info", "now")
		return echo.ErrNotFound
	})
	wantText(t, "the error page", got.body, "now")
}

func Test_that_a_value_that_cannot_be_flashed_fails_the_request(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		got := s.browser().post(nil, flashing(flash("k", func() {})))
		if got.status != http.StatusInternalServerError {
			t.Errorf("status %d; want 500", got.status)
		}
	})
}

func Test_what_reflash_keeps(t *testing.T) {
	type do = func(*session.Session)
	received := func(s *session.Session) {
		s.FlashSuccess("ok")
		s.FlashError("bad")
		s.Flash("k", "v")
		s.FlashErrors(map[string]string{"E_A": "a", "E_B": "b"})
		s.FlashAll()
		s.FlashInputErrors(map[string][]string{"title": {"short"}, "body": {"dull"}})
	}
	everything := func(s *session.Session) any {
		var got []string
		got = append(got, fmt.Sprint(alerts(s)), fmt.Sprint(s.FlashMessages().Get("k", "-")))
		for _, e := range s.PageErrors() {
			got = append(got, e.Code)
		}
		for _, name := range []string{"title", "body"} {
			got = append(got, s.Old(name, "-"), strings.Join(s.InputErrors(name), ""))
		}
		return strings.Join(got, " | ")
	}
	const whole = "success: ok, error: bad | v | E_A | E_B | T | short | B | dull"

	cases := []struct {
		claim   string
		reflash do
		want    string
	}{
		{"nothing, if it is not called", func(*session.Session) {}, " | - | - |  | - | "},
		{"everything", (*session.Session).Reflash, whole},
		{"everything, whatever comes first", func(s *session.Session) { s.Reflash(); s.FlashNow("info", "x") }, whole},
		{"an alert by its kind", func(s *session.Session) { s.ReflashOnly("success") }, "success: ok | - | - |  | - | "},
		{"a value by its key", func(s *session.Session) { s.ReflashOnly("k") }, " | v | - |  | - | "},
		{"an error by its code", func(s *session.Session) { s.ReflashOnly("E_B") }, " | - | E_B | - |  | - | "},
		{"a field by its name", func(s *session.Session) { s.ReflashOnly("title") }, " | - | T | short | - | "},
		{"all but these", func(s *session.Session) { s.ReflashExcept("success", "k", "E_A", "body") }, "error: bad | - | E_B | T | short | - | "},
		{"nothing of no names", func(s *session.Session) { s.ReflashOnly() }, " | - | - |  | - | "},
		{"a new value instead of the old one", func(s *session.Session) { s.Reflash(); s.Flash("k", "new") }, strings.Replace(whole, "| v |", "| new |", 1)},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				v.post(url.Values{"title": {"T"}, "body": {"B"}}, flashing(received))
				reads(t, v, "the page that reflashes", reflashing(everything, tc.reflash), whole)
				reads(t, v, "the page after it", everything, tc.want)
				reads(t, v, "the third page", everything, " | - | - |  | - | ")
			})
		})
	}
}

// reflashing is a page that reads messages, and then keeps what it has read.
func reflashing(read func(*session.Session) any, reflash func(*session.Session)) func(*session.Session) any {
	return func(s *session.Session) any {
		got := read(s)
		reflash(s)
		return got
	}
}

func Test_that_reflash_knows_a_name_by_its_other_spellings(t *testing.T) {
	received := func(s *session.Session) {
		s.FlashInfo("an alert")
		s.Flash("notice", "a value")
		s.FlashError("bad")
		s.FlashAll()
		s.FlashInputErrors(map[string][]string{"user.name": {"short"}})
	}
	everything := func(s *session.Session) any {
		return fmt.Sprint(alerts(s), " | ", s.Old("user[name]", "-"), " | ", strings.Join(s.InputErrors("user[name]"), ""))
	}
	const whole = "info: an alert, info: a value, error: bad | Ada | short"

	cases := []struct {
		claim   string
		reflash func(*session.Session)
		want    string
	}{
		{"a kind by ours", func(s *session.Session) { s.ReflashOnly("info") }, "info: an alert, info: a value | - | "},
		{"a kind by theirs", func(s *session.Session) { s.ReflashOnly("notice") }, "info: an alert, info: a value | - | "},
		{"all but a kind by ours", func(s *session.Session) { s.ReflashExcept("info") }, "error: bad | Ada | short"},
		{"all but a kind by theirs", func(s *session.Session) { s.ReflashExcept("notice", "alert") }, " | Ada | short"},
		{"a field as the form has it", func(s *session.Session) { s.ReflashOnly("user[name]") }, " | Ada | short"},
		{"a field as a validator has it", func(s *session.Session) { s.ReflashOnly("user.name") }, " | Ada | short"},
		{"all but a field", func(s *session.Session) { s.ReflashExcept("user.name") }, "info: an alert, info: a value, error: bad | - | "},
	}
	for _, tc := range cases {
		t.Run(tc.claim, func(t *testing.T) {
			v := newSite(t).browser()
			v.post(url.Values{"user[name]": {"Ada"}}, flashing(received))
			reads(t, v, "the page that reflashes", reflashing(everything, tc.reflash), whole)
			reads(t, v, "the page after it", everything, tc.want)
		})
	}
}

// A box that was not checked is not sent. If it is left out on purpose, it gets its default again.
func Test_that_reflash_leaves_out_what_was_not_sent(t *testing.T) {
	for name, reflash := range map[string]func(*session.Session){
		"all but it":   func(s *session.Session) { s.ReflashExcept("news") },
		"another only": func(s *session.Session) { s.ReflashOnly("title") },
		"none":         func(s *session.Session) { s.ReflashOnly() },
	} {
		v, names := newSite(t).browser(), old("title", "news")
		v.post(url.Values{"title": {"T"}}, flashing((*session.Session).FlashAll))
		reads(t, v, name+", at first", reflashing(names, reflash), "title=T news=")
		want := "title=T news=-"
		if name == "none" {
			want = "title=- news=-"
		}
		reads(t, v, name+", afterwards", names, want)
	}
	v, names := newSite(t).browser(), old("title", "news")
	v.post(url.Values{"title": {"T"}}, flashing(func(s *session.Session) { s.FlashOnly("title") }))
	reads(t, v, "all of some, at first", reflashing(names, (*session.Session).Reflash), "title=T news=-")
	reads(t, v, "all of some, afterwards", names, "title=T news=-")
	v, names = newSite(t).browser(), old("title", "news", "tags")
	v.post(url.Values{"title": {"T"}}, flashing(func(s *session.Session) { s.FlashOnly("title", "news") }))
	reads(t, v, "some, at first", reflashing(names, func(s *session.Session) { s.ReflashOnly("title", "tags") }), "title=T news= tags=-")
	reads(t, v, "some of them, afterwards", names, "title=T news=- tags=-")
	for _, only := range [][2]string{{"address", "address[city]"}, {"address.city", "address"}} {
		v, names := newSite(t).browser(), old("address[city]")
		v.post(url.Values{"address[city]": {"Bonn"}}, flashing(func(s *session.Session) { s.FlashOnly(only[0]) }))
		reads(t, v, "a group, at first", reflashing(names, func(s *session.Session) { s.ReflashOnly(only[1]) }), "address[city]=Bonn")
		reads(t, v, "a group, afterwards", names, "address[city]=Bonn")
	}
}

func Test_that_reflash_keeps_a_form_whose_boxes_are_all_cleared(t *testing.T) {
	v, names := newSite(t).browser(), old("title", "news")
	v.post(url.Values{}, flashing(keep))
	reads(t, v, "at first", reflashing(names, (*session.Session).Reflash), "title= news=")
	reads(t, v, "afterwards", names, "title= news=")
}

func Test_that_a_form_of_which_reflash_keeps_no_field_is_not_shown_as_submitted(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		submitted := func(s *session.Session) any { return fmt.Sprint(s.Submission("").Submitted(), s.HasErrors()) }
		for claim, reflash := range map[string]func(*session.Session){
			"something else":             func(s *session.Session) { s.ReflashOnly("k") },
			"all but what was submitted": func(s *session.Session) { s.ReflashExcept("title") },
		} {
			v.post(url.Values{"title": {"T"}}, flashing(func(s *session.Session) {
				s.FlashAll()
				s.FlashInputErrors(map[string][]string{"title": {"short"}})
			}))
			reads(t, v, claim+", the page", reflashing(submitted, reflash), "true true")
			reads(t, v, claim+", the page after it", submitted, "false false")
		}
	})
}

func Test_that_a_message_on_the_way_survives_reflash_before_a_redirect(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(savedFlash))
		v.visit(flashing((*session.Session).Reflash))
		reads(t, v, "the page", alerts, "success: Saved!")
		reads(t, v, "the page after it", alerts, "")
	})
}

func Test_that_reflash_does_not_replace_what_another_request_has_flashed_meanwhile(t *testing.T) {
	submit := func(title string) (url.Values, echo.HandlerFunc) {
		return url.Values{"title": {title}}, flashing(func(s *session.Session) {
			s.Flash("k", title)
			s.FlashErrors(map[string]string{"E_A": title})
			s.FlashAll()
			s.FlashInputErrors(map[string][]string{"title": {title}})
		})
	}
	v := newSite(t).browser()
	r := &reader{browser: v}
	v.post(submit("old"))
	end := r.open(request{as: plainNavigation}, func(c echo.Context) error {
		session.Flashed[string](session.From(c), "k")
		session.From(c).Reflash()
		return blankPage(c)
	})
	v.post(submit("new"))
	end()
	reads(t, v, "the page", func(s *session.Session) any {
		return fmt.Sprint(session.Flashed[string](s, "k"), s.PageErrors(), s.Old("title"), s.InputErrors("title"))
	}, "new[{E_A new}]new[new]")
}

func Test_that_reflash_keeps_what_something_that_has_expired_would_have_replaced(t *testing.T) {
	s := newSite(t)
	v := s.browser()
	flash := func(value string) echo.HandlerFunc {
		return flashing(func(s *session.Session) { s.Flash("k", value) })
	}
	v.post(nil, flash("old"))
	v.ask(request{as: plainNavigation}, func(c echo.Context) error {
		session.Flashed[string](session.From(c), "k")
		session.From(c).Reflash()
		v.post(nil, flash("new"))
		s.clock.advance(session.DefaultFlashTTL)
		return blankPage(c)
	})
	reads(t, v, "the page", func(s *session.Session) any { return session.Flashed[string](s, "k") }, "old")
}

func Test_that_input_that_reflash_keeps_leaves_errors_that_were_flashed_since(t *testing.T) {
	errorsOf := func(s *session.Session) { s.FlashInputErrors(map[string][]string{"title": {"bad"}}) }
	for name, meanwhile := range map[string]func(t *testing.T, s *session.Session, v *browser){
		"by this request": func(_ *testing.T, s *session.Session, _ *browser) { errorsOf(s) },
		"by this request, and saved": func(t *testing.T, s *session.Session, _ *browser) {
			if errorsOf(s); s.Save(t.Context()) != nil {
				t.Error(s.Err())
			}
		},
		"by another request": func(_ *testing.T, _ *session.Session, v *browser) { v.post(nil, flashing(errorsOf)) },
	} {
		t.Run(name, func(t *testing.T) {
			v := newSite(t).browser()
			v.post(url.Values{"title": {"old"}}, flashing((*session.Session).FlashAll))
			v.ask(request{as: plainNavigation}, func(c echo.Context) error {
				s := session.From(c)
				s.Reflash()
				meanwhile(t, s, v)
				return blankPage(c)
			})
			reads(t, v, "the page", func(s *session.Session) any {
				return fmt.Sprint(s.Old("title"), s.InputErrors("title"))
			}, "old[bad]")
		})
	}
}

func Test_that_errors_that_reflash_keeps_go_with_their_input(t *testing.T) {
	v := newSite(t).browser()
	r := &reader{browser: v}
	v.post(url.Values{"title": {"old"}}, flashing(func(s *session.Session) {
		s.FlashAll()
		s.FlashInputErrors(map[string][]string{"title": {"bad"}})
	}))
	end := r.open(request{as: plainNavigation}, func(c echo.Context) error {
		session.From(c).Reflash()
		return blankPage(c)
	})
	v.post(url.Values{"title": {"new"}}, flashing((*session.Session).FlashAll))
	end()
	reads(t, v, "the page", func(s *session.Session) any {
		return fmt.Sprint(s.Old("title"), s.InputErrors("title"))
	}, "new[]")
}

func Test_that_clear_and_destroy_remove_pending_messages(t *testing.T) {
	for name, end := range map[string]func(*session.Session){"Clear": (*session.Session).Clear, "Destroy": (*session.Session).Destroy} {
		t.Run(name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, s *site) {
				v := s.browser()
				v.post(url.Values{"title": {"T"}}, flashing(func(s *session.Session) {
					savedFlash(s)
					s.Flash("k", "v")
					s.FlashAll()
					s.FlashErrors(map[string]string{"E_A": "a"})
				}))
				v.visit(flashing(func(s *session.Session) {
					s.FlashMessages().Has("k")
					end(s)
					if got := alerts(s); got != "" {
						t.Errorf("within the request: got %v; want none", got)
					}
				}))
				reads(t, v, "alerts", func(s *session.Session) any {
					return fmt.Sprint(alerts(s), s.FlashMessages().Has("k"), s.Old("title"), s.PageErrors())
				}, "false[]")
			})
		})
	}
}

// Messages that nobody reads must not add up until nothing fits any more.
func Test_that_messages_nobody_shows_do_not_break_the_site(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.do(func(s *session.Session) { s.Put("user", 7) })
		for i := range 300 {
			got := v.post(nil, flashing(func(s *session.Session) { s.FlashSuccess(fmt.Sprintf("Your order %d was placed.", i)) }))
			if got.status != http.StatusSeeOther {
				t.Fatalf("POST %d: status %d; want 303", i, got.status)
			}
		}
		shown := v.visit(alertsPage).body
		if !strings.Contains(shown, "order 299 ") || strings.Contains(shown, "order 0 ") {
			t.Errorf("got %q; want the newest ones", shown)
		}
		if n := strings.Count(shown, "order "); s.cookie && n < 8 || !s.cookie && n != 256 {
			t.Errorf("there are %d; want 256, or as many as fit into a cookie", n)
		}
		reads(t, v, "the page after it", func(s *session.Session) any { return session.Get[int](s, "user") }, 7)
	})
}

func Test_that_reads_without_a_session_are_empty(t *testing.T) {
	var s *session.Session
	m := s.FlashMessages()
	got := fmt.Sprintln(m.Has("k"), m.Get("k", "d"), m.All(), m.Alerts(), session.Flashed(s, "k", "d"),
		s.Old("title", "d"), s.InputErrors("title"), s.PageErrors(), s.PullIntendedURL("/d"), s.Submission("").Submitted(), s.HasErrors())
	wantText(t, "reads on nil", strings.TrimSpace(got), "false d map[] [] d d [] [] /d false false")
	wantText(t, "reads on the zero value", fmt.Sprint(session.FlashMessages{}.Get("k", "d")), "d")
}

func Test_that_clear_leaves_what_another_request_flashes_meanwhile(t *testing.T) {
	v := newSite(t).browser()
	r := &reader{browser: v}
	v.post(nil, flashing(func(s *session.Session) { s.Put("user", 7); s.FlashInfo("old") }))
	end := r.open(request{method: http.MethodPost}, flashing((*session.Session).Clear))
	r.save()
	end()
	reads(t, v, "the page", alerts, "success: Saved!")
	reads(t, v, "the page after it", func(s *session.Session) any { return s.Has("user") }, false)
}

func Test_that_clear_after_save_leaves_what_another_request_has_flashed_meanwhile(t *testing.T) {
	v := newSite(t).browser()
	r := &reader{browser: v}
	v.post(nil, flashing(func(s *session.Session) { s.Put("user", 7); s.FlashInfo("old") }))
	end := r.open(request{method: http.MethodPost}, flashing(func(s *session.Session) {
		s.Put("user", 8)
		if err := s.Save(t.Context()); err != nil {
			t.Error(err)
		}
		s.Clear()
	}))
	r.save()
	end()
	reads(t, v, "the page", alerts, "success: Saved!")
}

func Test_that_clear_keeps_what_this_request_has_flashed_and_saved(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(func(s *session.Session) { s.FlashInfo("old") }))
		v.post(nil, flashing(func(s *session.Session) {
			savedFlash(s)
			if err := s.Save(t.Context()); err != nil {
				t.Error(err)
			}
			s.Clear()
		}))
		reads(t, v, "the page", alerts, "success: Saved!")
	})
}

func Test_that_the_last_value_stands_when_the_first_is_saved_already(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(func(s *session.Session) {
			s.Flash("k", "first")
			if err := s.Save(t.Context()); err != nil {
				t.Error(err)
			}
			s.Flash("k", "last")
			if s.FlashMessages().Has("k") && session.Flashed[string](s, "k") != "last" {
				t.Error("within the request it is the first")
			}
		}))
		reads(t, v, "the page", message("k"), "last")
		reads(t, v, "the page after it", message("k"), nil)
	})
}

func Test_that_a_message_that_is_saved_already_is_not_repeated_by_what_is_flashed_after_it(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		v := s.browser()
		v.post(nil, flashing(func(s *session.Session) {
			savedFlash(s)
			if err := s.Save(t.Context()); err != nil {
				t.Error(err)
			}
			s.Flash("k", "v")
		}))
		reads(t, v, "the page", alerts, "success: Saved!")
		reads(t, v, "the page after it", alerts, "")
	})
}

func Test_that_a_value_that_is_shown_at_once_ends_the_one_before(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *site) {
		for claim, before := range map[string]func(*session.Session) error{
			"that came":            func(*session.Session) error { return nil },
			"that is saved by now": func(s *session.Session) error { s.Flash("k", "second"); return s.Save(t.Context()) },
		} {
			v := s.browser()
			v.post(nil, flashing(flash("k", "first")))
			reads(t, v, "the page", func(s *session.Session) any {
				if err := before(s); err != nil {
					t.Error(err)
				}
				s.Flash("k", "last")
				return session.Flashed[string](s, "k")
			}, "last")
			reads(t, v, "the page after the one "+claim, message("k"), nil)
		}
	})
}

func Test_that_a_message_without_a_name_is_not_found_under_every_name(t *testing.T) {
	newVisitor().must(t, start(t, session.Config{}), func(s *session.Session) {
		s.Flash("", "text")
		if m := s.FlashMessages(); m.Has("anything") || !m.Has("") {
			t.Error(`what was flashed under "" is found under "anything", or not under ""`)
		}
	})
}

func Test_that_an_error_page_consumes_a_message_after_its_context_has_ended(t *testing.T) {
	t.Run("of a handler without a session", func(t *testing.T) {
		errorPageConsumes(t, func(echo.Context) error { return echo.ErrNotFound })
	})
	t.Run("of a handler that has used the session", func(t *testing.T) {
		errorPageConsumes(t, func(c echo.Context) error { session.From(c).Has("user"); return echo.ErrNotFound })
	})
}

func errorPageConsumes(t *testing.T, notFound echo.HandlerFunc) {
	p, v := start(t, session.Config{}), newVisitor()
	p.Pre(middleware.ContextTimeout(time.Minute)) // cancels the context when its handler returns
	p.HTTPErrorHandler = func(_ error, c echo.Context) { _ = notFoundPage(c) }
	v.must(t, p, savedFlash)
	seen := 0
	for range 3 {
		seen += strings.Count(v.visit(p, notFound).Body.String(), "Saved!")
	}
	if seen != 1 {
		t.Errorf("three error pages showed the message %d times; want once", seen)
	}
}
