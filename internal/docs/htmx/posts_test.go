package htmx

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/docs/visit"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func newVisitor(t *testing.T) *visit.Visitor {
	return visit.New(t, newApp(session.Config{Store: memorystore.New(memorystore.Options{})}))
}

func Test_that_a_form_that_is_wrong_is_answered_by_the_form(t *testing.T) {
	v := newVisitor(t)
	res, part := v.Part(http.MethodPost, "/posts", url.Values{"title": {""}})
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got status %d; want 422", res.StatusCode)
	}
	v.Sees(part, "Give it a title", "<form")
	v.SeesNo(part, "<html")
	v.Sees(v.Post("/posts/new", nil), "") // the form's own page is not affected
	v.SeesNo(v.Get("/posts/new"), "Give it a title")
}

func Test_that_a_form_that_is_right_leads_to_the_next_page(t *testing.T) {
	v := newVisitor(t)
	res, _ := v.Part(http.MethodPost, "/posts", url.Values{"title": {"Hello"}})
	if to := res.Header.Get("HX-Redirect"); res.StatusCode != http.StatusNoContent || to != "/posts" {
		t.Errorf("got status %d, HX-Redirect %q", res.StatusCode, to)
	}
	page := v.Get("/posts")
	v.Sees(page, "Your post was saved.")
	v.SeesNo(page, "hx-swap-oob") // the like button is already on the page, and shows nothing again
}

func Test_that_one_field_is_checked_by_itself(t *testing.T) {
	v := newVisitor(t)
	form := url.Values{session.FormField: {"sign-up"}, "email": {"ada"}}
	res, part := v.Part(http.MethodPost, "/sign-up/email", form)
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got status %d; want 422", res.StatusCode)
	}
	v.Sees(part, "Enter an address with an @", `value="ada"`, `id="sign-up-email"`)
	v.SeesNo(part, "<form", "There is a problem")

	form.Set("email", "ada@example.com")
	_, part = v.Part(http.MethodPost, "/sign-up/email", form)
	v.Sees(part, `value="ada@example.com"`, `id="sign-up-email"`)
	v.SeesNo(part, "aria-invalid")

	page := v.Get("/sign-up")
	v.Sees(page, `id="sign-up-email"`)
	v.SeesNo(page, "ada@example.com", "Enter an address")
}

func Test_that_a_part_brings_its_alerts(t *testing.T) {
	v := newVisitor(t)
	res, part := v.Part(http.MethodPost, "/like", nil)
	v.Sees(part, "1 likes", "Thank you.", "hx-swap-oob")
	if res.Header.Get("Vary") == "" {
		t.Error("nothing tells caches that the answer depends on who asks")
	}
	v.SeesNo(v.Get("/posts"), "Thank you.")
}

func Test_that_a_poll_leaves_messages_alone(t *testing.T) {
	v := newVisitor(t)
	v.Part(http.MethodPost, "/posts", url.Values{"title": {"Hello"}})
	_, part := v.Part(http.MethodGet, "/unread", nil)
	v.Sees(part, "0 unread")
	v.Sees(v.Get("/posts"), "Your post was saved.")
}

func Test_that_a_stream_saves_first(t *testing.T) {
	v := newVisitor(t)
	v.Sees(v.Get("/events"), "data: hello")
}
