package security

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
)

func Test_that_early_data_is_refused(t *testing.T) {
	for _, tc := range []struct {
		claim  string
		header string
		tls    *tls.ConnectionState
		want   int
	}{
		{"plain http", "", nil, http.StatusNoContent},
		{"after the handshake", "", &tls.ConnectionState{HandshakeComplete: true}, http.StatusNoContent},
		{"before its end", "", &tls.ConnectionState{}, http.StatusTooEarly},
		{"as a proxy says", "1", nil, http.StatusTooEarly},
	} {
		e := echo.New()
		e.Use(afterHandshake)
		e.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
		rec, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		r.TLS = tc.tls
		r.Header.Set("Early-Data", tc.header)
		e.ServeHTTP(rec, r)
		if rec.Code != tc.want {
			t.Errorf("%s: status %d; want %d", tc.claim, rec.Code, tc.want)
		}
	}
}
