package forms

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
	"github.com/echo-hypermedia/session/internal/docs/visit"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// contact answers a form that is never right, with a page of html/template.
func contact() *echo.Echo {
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: memorystore.New(memorystore.Options{})}), session.CSRF())
	e.GET("/contact", func(c echo.Context) error {
		return session.Render(c, http.StatusOK, view("contact.gohtml", "Send"))
	})
	e.POST("/contact", func(c echo.Context) error {
		session.From(c).FlashError("Not <b>sent</b>")
		return session.Invalid(c, session.ValidationErrors{"email": {"Enter an address"}, "text": {"Write more"}}, view("contact.gohtml", "Send again"))
	})
	return e
}

func Test_that_the_components_work_in_a_page_of_html_template(t *testing.T) {
	v := visit.New(t, contact())
	_, token, _ := strings.Cut(v.Get("/contact"), `name="_csrf" value="`)
	token, _, _ = strings.Cut(token, `"`)
	page := v.Post("/contact", url.Values{session.CSRFField: {token}, "email": {"ada"}, "text": {"</textarea>"}})
	v.Sees(page, "Not &lt;b&gt;sent", `value="ada"`, `id="email-error"`, "Enter an address", "<label>Your message <textarea", "&lt;/textarea&gt;", "Write more", "Send<")
	v.SeesNo(v.Get("/contact"), "Not &lt;b&gt;sent", "Write more", "ada")

	_, part := v.Part("POST", "/contact", url.Values{session.CSRFField: {token}, "email": {"ada"}})
	v.Sees(part, "Not &lt;b&gt;sent", `value="ada"`, "Enter an address", "Send again")
}

func Test_that_a_component_in_html_template_can_belong_to_a_form_with_a_name(t *testing.T) {
	got, err := html(templ.WithChildren(t.Context(), components.OldInput("email")), components.FormPart("news"))
	if want := `<input type="text" id="news-email" name="email">`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
