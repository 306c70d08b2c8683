package forms

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

type team struct {
	Members map[string]member `form:"members" validate:"dive"`
}

type member struct {
	Name  string `form:"name" validate:"required"`
	Admin bool   `form:"admin"`
}

func createTeam(c echo.Context) error {
	values, err := c.FormParams()
	if err != nil {
		return err
	}
	var t team
	if err := fields.Decode(&t, values); err != nil {
		return err
	}
	if err := c.Validate(&t); err != nil {
		return err
	}
	session.From(c).FlashSuccess("Your team was saved.")
	return session.Redirect(c, "/posts")
}

func teamPage(c echo.Context) error { return session.Render(c, http.StatusOK, page(newTeam())) }

func peoplePage(c echo.Context) error {
	return session.Render(c, http.StatusOK, page(templ.Join(templ.Raw("<table>"), personRow("7"), personRow("8"), templ.Raw("</table>"), byHandToo())))
}
