package operations

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// showError shows the page for any error.
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
	if wantsJSON(c.Request()) { // a validation error then has its messages by field
		c.Echo().DefaultHTTPErrorHandler(err, c)
		return
	}
	if session.IsPartial(c) { // the layout does not belong in a part
		_ = c.String(status, http.StatusText(status))
		return
	}
	if session.Render(c, status, errorPage(http.StatusText(status))) != nil { // for example if the session could not be saved
		_ = c.String(status, http.StatusText(status))
	}
}

func wantsJSON(r *http.Request) bool {
	accept, sent := r.Header.Get("Accept"), r.Header.Get("Content-Type")
	sendsJSON := strings.HasPrefix(sent, "application/json") && r.Header.Get("HX-Request") == "" // htmx shows what it gets
	return (strings.Contains(accept, "application/json") || sendsJSON) && !strings.Contains(accept, "text/html")
}
