package session_test

import (
	"fmt"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// Visitors decide how many fields they submit, and a page may have many fields.
func Test_that_a_field_costs_no_more_after_a_larger_form(t *testing.T) {
	costs := func(size int, ask func(session.Submission)) (n float64) {
		s, form, wrong := newSite(t), url.Values{}, map[string][]string{}
		for i := range size {
			name := fmt.Sprintf("items[%d][name]", i)
			form.Set(name, "x")
			wrong[name] = []string{"Not so"}
		}
		v := s.browser()
		v.post(form, flashing(func(s *session.Session) { s.FlashAll(); s.FlashInputErrors(wrong) }))
		v.do(func(s *session.Session) {
			sub := s.Submission("")
			n = allocations(func() { ask(sub) })
		})
		return n
	}
	for _, tc := range []struct {
		claim string
		ask   func(session.Submission)
	}{
		{"one that was not submitted", func(sub session.Submission) { sub.Values("news") }},
		{"one that is spelled in another way", func(sub session.Submission) { sub.Values("items.3.name") }},
		{"the errors of one without", func(sub session.Submission) { sub.Errors("news") }},
		{"the errors of one that is spelled in another way", func(sub session.Submission) { sub.Errors("items.3.name") }},
		{"the errors of a list", func(sub session.Submission) { sub.Errors("items[3][tags][]") }},
	} {
		if few, many := costs(5, tc.ask), costs(150, tc.ask); many > few+1 {
			t.Errorf("%s: %.2f allocations in a form of 150 fields; want %.2f, as in one of 5", tc.claim, many, few)
		}
	}
}

func Test_that_a_field_that_is_too_large_to_be_kept_is_not_encoded(t *testing.T) {
	const n = 1 << 20
	form := url.Values{"body": {strings.Repeat("<", n)}} // six bytes each in JSON
	newSite(t).browser().post(form, func(c echo.Context) error {
		c.FormValue("body") // is read
		before := allocated()
		session.From(c).FlashAll()
		if got := allocated() - before; got > n {
			t.Errorf("to leave out a field of %d bytes takes %d bytes", n, got)
		}
		return session.Redirect(c, "/next")
	})
}

func Test_that_the_last_of_many_messages_costs_no_more_than_the_first(t *testing.T) {
	const n = 4000
	for _, tc := range []struct {
		claim string
		flash func(s *session.Session, i int)
	}{
		{"alerts", func(s *session.Session, i int) { s.FlashError("row " + strconv.Itoa(i)) }},
		{"values", func(s *session.Session, i int) { s.Flash("row "+strconv.Itoa(i), i) }},
	} {
		newSite(t).browser().do(func(s *session.Session) {
			tc.flash(s, 0)
			before := allocated()
			for i := range n {
				tc.flash(s, i)
			}
			if got := (allocated() - before) / n; got > 2000 {
				t.Errorf("each of %d %s takes %d bytes", n, tc.claim, got)
			}
		})
	}
}

// A page may have a form in each row of a table.
func Test_that_the_store_is_not_asked_for_each_token_of_a_page(t *testing.T) {
	asked := func(tokens int) int {
		spy, p, v := startSpied(t)
		v.must(t, p, put("a", 1))
		late := v.clone()
		v.must(t, p, (*session.Session).Regenerate)
		spy.reset()
		late.visit(p, session.CSRF()(with(func(s *session.Session) {
			for range tokens {
				if s.CSRFToken() == "" {
					t.Error("a request that comes late gets no token")
				}
			}
		})))
		return spy.count("")
	}
	if one, many := asked(1), asked(100); many != one {
		t.Errorf("a page with 100 forms asks the store %d times; want %d times, as one with one form", many, one)
	}
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func Test_that_a_stream_keeps_nothing_of_what_it_has_shown(t *testing.T) {
	for _, tc := range []struct {
		claim string
		flash func(*session.Session)
	}{
		{"if there is nothing to show", func(*session.Session) {}},
		{"if there is something to show", savedFlash},
		{"if there is something for this answer only", func(s *session.Session) { s.FlashNow("info", "x") }},
	} {
		newSite(t).browser().visit(func(c echo.Context) error {
			s := session.From(c)
			s.Put("a", 1)
			c.Response().Header().Set("Content-Type", "text/event-stream")
			event := func() {
				tc.flash(s)
				s.FlashMessages().Alerts()
				c.Response().Flush()
			}
			const n = 10_000
			event()
			before := heap()
			for range n {
				event()
			}
			if got := (heap() - before) / n; got > 2 {
				t.Errorf("%s: each event leaves %d bytes", tc.claim, got)
			}
			return nil
		})
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
