package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// Browsers say with each request where it comes from. CrossOrigin refuses requests that another
// site makes them send, and needs neither token nor session.
func ExampleCrossOrigin() {
	e := newApp()
	e.Use(session.CrossOrigin())
	e.POST("/pay", func(c echo.Context) error { return c.String(http.StatusOK, "paid") })

	for _, site := range []string{"same-origin", "cross-site"} {
		r := httptest.NewRequest(http.MethodPost, "/pay", nil)
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		fmt.Println(site, w.Code)
	}
	// Output:
	// same-origin 200
	// cross-site 403
}

// On a page, components.Form adds the token by itself.
func ExampleCSRF() {
	e := newApp()
	e.Use(session.CSRF(session.CSRFConfig{
		Skipper: func(c echo.Context) bool { return c.Path() == "/webhook" }, // its caller has no session
	}))
	e.GET("/pay", func(c echo.Context) error {
		token := session.From(c).CSRFToken()
		return c.HTML(http.StatusOK, `<input type="hidden" name="_csrf" value="`+token+`">`)
	})
	e.POST("/pay", func(c echo.Context) error { return c.String(http.StatusOK, "paid") })
	e.POST("/webhook", func(c echo.Context) error { return c.String(http.StatusOK, "thank you") })

	for _, path := range []string{"/pay", "/webhook"} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		fmt.Println(path, w.Code)
	}
	// Output:
	// /pay 403
	// /webhook 200
}
