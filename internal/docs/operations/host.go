package operations

import "github.com/labstack/echo/v4"

// withHost gives a request its host, which the adapter for load balancers has left among the headers.
func withHost(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if r := c.Request(); r.Host == "" {
			r.Host = r.Header.Get("Host")
		}
		return next(c)
	}
}
