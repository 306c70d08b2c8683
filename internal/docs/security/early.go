package security

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// afterHandshake refuses requests that came in early data, which may be copies.
func afterHandshake(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Header.Get("Early-Data") == "1" || r.TLS != nil && !r.TLS.HandshakeComplete {
			return echo.NewHTTPError(http.StatusTooEarly)
		}
		return next(c)
	}
}
