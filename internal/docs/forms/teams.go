package forms

import (
	"errors"
	"net/http"
	"strconv"

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
	s := session.From(c)
	sent, err := c.FormParams()
	if err != nil {
		return err
	}
	if sent.Has("add") {
		s.FlashAll()
		s.Flash("new row", freeRow(sent["row"]))
		return session.Redirect(c, "/teams/new")
	}
	var t team
	if err := fields.Decode(&t, sent); err != nil {
		return err
	}
	var wrong []error
	for _, row := range sent["row"] { // one by one, since the validator takes a map in no order
		wrong = append(wrong, c.Validate(&team{map[string]member{row: t.Members[row]}}))
	}
	wrong = append(wrong, c.Validate(&t)) // and what came without its row
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	s.FlashSuccess("Your team was saved.")
	return session.Redirect(c, "/posts")
}

// freeRow is a number that no row has.
func freeRow(rows []string) string {
	free := 0
	for _, row := range rows {
		n, _ := strconv.Atoi(row)
		free = max(free, n+1)
	}
	return strconv.Itoa(free)
}

func teamPage(c echo.Context) error { return session.Render(c, http.StatusOK, page(newTeam())) }

func peoplePage(c echo.Context) error {
	return session.Render(c, http.StatusOK, page(templ.Join(templ.Raw("<table>"), personRow("7"), personRow("8"), templ.Raw("</table>"), byHandToo())))
}
