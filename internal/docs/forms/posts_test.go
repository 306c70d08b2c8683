package forms

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/docs/visit"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func app() *echo.Echo {
	return newApp(session.Config{Store: memorystore.New(memorystore.Options{})})
}

func Test_that_a_form_that_is_wrong_comes_back_filled_in(t *testing.T) {
	v := visit.New(t, app())
	page := v.Post("/posts/new", url.Values{"body": {"Once upon a time"}})
	v.Sees(page, "Title is required", "Once upon a time", "There is a problem")
	v.SeesNo(page, `value="1" checked`) // the box was not checked, whatever its default

	page = v.Post("/posts/new", url.Values{"title": {"Untitled"}, "body": {"x"}})
	v.Sees(page, "Find a better title")
	v.Sees(v.Get("/posts/new"), `value="1" checked`)
}

func Test_that_an_error_in_a_list_is_that_of_its_element(t *testing.T) {
	v := visit.New(t, app())
	order := url.Values{"lines[0].article": {"Shelf"}, "lines[0].quantity": {"2"}, "lines[1].quantity": {"0"}, "extras": {"express"}}
	page := v.Post("/orders/new", order)
	v.Sees(page, `href="#lines-1-quantity"`, `href="#drawing"`, `value="express" checked`)
	v.SeesNo(page, `href="#lines-0-quantity"`, `value="gift" checked`)
	if strings.Index(page, `href="#lines`) > strings.Index(page, `href="#drawing`) {
		t.Error("the summary does not have the order of the form")
	}

	order.Set("lines[0].quantity", "two")
	page = v.Post("/orders/new", order)
	v.Sees(page, `href="#lines-0-quantity"`, "Write a number", `value="two"`)
}

func Test_that_a_message_is_shown_once(t *testing.T) {
	v := visit.New(t, app())
	v.Sees(v.Post("/posts/new", url.Values{"title": {"Hello"}, "body": {"x"}}), "Your post was saved.")
	v.SeesNo(v.Get("/posts"), "Your post was saved.")
}

func Test_that_a_message_can_have_a_title_and_a_link_and_a_value(t *testing.T) {
	v := visit.New(t, app())
	v.Sees(v.Post("/archive", nil), "Archived", "deleted in 30 days", `href="/posts/archive"`, "Post number 7")
	v.SeesNo(v.Get("/posts"), "Archived", "Post number")
}

func Test_that_a_message_for_now_is_not_there_later(t *testing.T) {
	v := visit.New(t, app())
	v.Sees(v.Get("/search"), "Nothing was found.")
	v.SeesNo(v.Get("/posts"), "Nothing was found.")
}

func Test_that_a_message_waits_behind_a_redirect(t *testing.T) {
	e := app()
	e.POST("/far", func(c echo.Context) error {
		session.From(c).FlashInfo("Still here.")
		return c.Redirect(http.StatusSeeOther, "/step")
	})
	v := visit.New(t, e)
	v.Sees(v.Post("/far", nil), "Still here.")
}

func Test_that_a_job_tells_a_user_on_all_devices(t *testing.T) {
	cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
	sessions, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	e := newApp(cfg)
	e.POST("/login", func(c echo.Context) error {
		session.From(c).Tag(c.FormValue("user"))
		return session.Redirect(c, "/posts")
	})
	laptop := visit.New(t, e)
	phone, hers := laptop.Another(), laptop.Another()
	laptop.Post("/login", url.Values{"user": {"ada"}})
	phone.Post("/login", url.Values{"user": {"ada"}})
	hers.Post("/login", url.Values{"user": {"eve"}})

	if err := exported(t.Context(), sessions, "ada"); err != nil {
		t.Fatal(err)
	}
	laptop.Sees(laptop.Get("/posts"), "Your export is ready.")
	phone.Sees(phone.Get("/posts"), "Your export is ready.")
	hers.SeesNo(hers.Get("/posts"), "Your export is ready.")
}

func Test_that_two_forms_have_fields_of_one_name(t *testing.T) {
	e := app()
	e.GET("/settings", func(c echo.Context) error { return session.Render(c, http.StatusOK, page(settings())) })
	e.GET("/by-hand", func(c echo.Context) error { return session.Render(c, http.StatusOK, page(byHand())) })
	v := visit.New(t, e)
	v.Sees(v.Get("/settings"), `id="email-password"`, `id="delete-password"`)
	v.Sees(v.Get("/by-hand"), `for="title"`, `id="title"`)
}

func Test_that_everything_is_in_the_language_of_the_visitor(t *testing.T) {
	cfg := inTheirLanguage()
	cfg.Store = memorystore.New(memorystore.Options{})
	e := newApp(cfg)
	e.POST("/language", func(c echo.Context) error {
		session.From(c).Put("language", c.FormValue("language"))
		return session.Redirect(c, "/posts")
	})
	e.POST("/translated", func(c echo.Context) error {
		session.From(c).FlashSuccess("post.saved")
		return session.Redirect(c, "/posts")
	})
	e.POST("/summary", createPost)
	e.GET("/summary", func(c echo.Context) error { return session.Render(c, http.StatusOK, page(pageErrors())) })
	v := visit.New(t, e)
	v.Sees(v.Post("/translated", nil), "Your post was saved.")

	v.Post("/language", url.Values{"language": {"xx"}})
	v.Sees(v.Post("/translated", nil), "Your post was saved.", "Success:")

	v.Post("/language", url.Values{"language": {"de"}})
	v.Sees(v.Post("/translated", nil), "Ihr Beitrag wurde gespeichert.", "Erfolg:")
	page := v.Post("/posts/new", url.Values{"kennwort": {"hunter2"}})
	v.Sees(page, "Bitte prüfen Sie Ihre Angaben", "Dieses Feld fehlt")
	v.SeesNo(page, "There is a problem", "is required", "Error:")
	v.Sees(v.Post("/summary", nil), "Bitte korrigieren Sie die markierten Felder.")
}

func Test_that_htmx_is_sent_back_to_the_form(t *testing.T) {
	v := visit.New(t, app())
	res, _ := v.Part(http.MethodPost, "/posts/new", url.Values{"body": {"Once upon a time"}})
	if to := res.Header.Get("HX-Redirect"); to != "/posts/new" {
		t.Errorf("got status %d, HX-Redirect %q", res.StatusCode, to)
	}
	v.Sees(v.Get("/posts/new"), "Title is required", "Once upon a time")
}

func Test_that_the_rows_that_a_visitor_has_added_come_back(t *testing.T) {
	v := visit.New(t, app())
	v.Sees(v.Get("/teams/new"), `name="members[0].name"`)

	page := v.Post("/teams/new", url.Values{"row": {"2", "10"}, "members[2].name": {""}, "members[10].name": {""}, "members[10].admin": {"1"}})
	v.Sees(page, `href="#members-2-name"`, `href="#members-10-name"`, `id="members-10-admin" name="members[10].admin" value="1" checked`)
	v.SeesNo(page, "members[0]")
	if strings.Index(page, "#members-2-name") > strings.Index(page, "#members-10-name") {
		t.Error("the errors are not in the order of the page")
	}
	v.Sees(v.Post("/teams/new", url.Values{"members[0].name": {""}, "members[0].admin": {"1"}}), "is required")
	v.Sees(v.Post("/teams/new", url.Values{"row": {"2"}, "members[2].name": {"Ada"}}), "Your team was saved.")
}

func Test_that_a_row_is_added_without_a_script(t *testing.T) {
	v := visit.New(t, app())
	page := v.Post("/teams/new", url.Values{"row": {"0", "3"}, "members[0].name": {"Ada"}, "members[3].name": {"Bob"}, "add": {"1"}})
	v.Sees(page, `value="Ada"`, `value="Bob"`, `name="members[4].name"`)
	v.SeesNo(page, "is required")
	v.SeesNo(v.Get("/teams/new"), "members[4]", "Ada")
}

func Test_that_the_cells_of_a_row_belong_to_its_form(t *testing.T) {
	v := visit.New(t, app())
	page := v.Post("/people/7", url.Values{"_form": {"person-7"}, "name": {"typed"}})
	v.Sees(page, `id="person-7-name" name="name" value="typed" aria-invalid="true"`, `id="person-8-name" name="name" aria-label`)
}
