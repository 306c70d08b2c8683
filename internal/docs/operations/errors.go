package operations

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// showError is the page for whatever goes wrong.
func showError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status := http.StatusInternalServerError
	var answer *echo.HTTPError
	if errors.As(err, &answer) {
		status = answer.Code
	}
	if status >= http.StatusInternalServerError {
		c.Logger().Error(err)
	}
	if wantsJSON(c.Request()) { // a validation error has its messages by field then
		c.Echo().DefaultHTTPErrorHandler(err, c)
		return
	}
	if session.IsPartial(c) { // where the layout does not belong
		_ = c.String(status, http.StatusText(status))
		return
	}
	if session.Render(c, status, errorPage(http.StatusText(status))) != nil { // the session could not be saved, say
		_ = c.String(status, http.StatusText(status))
	}
}

func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
