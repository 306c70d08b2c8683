package sessiontest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
)

// inProcess sends requests to a handler, without a network in between. The panic of a handler
// reaches the test, which shows where it happened.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(out *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(out.Context())
	defer cancel() // as a server does at the end of a request

	in := out.Clone(ctx)
	in.RequestURI = out.URL.RequestURI()
	in.Host = out.URL.Host
	in.RemoteAddr = "192.0.2.1:1234" // reserved for documentation: RFC 5737
	if out.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: out.URL.Hostname()}
	}
	var err error
	if in.URL, err = url.ParseRequestURI(in.RequestURI); err != nil {
		return nil, fmt.Errorf("sessiontest: %w", err)
	}

	recorder := httptest.NewRecorder()
	p.handler.ServeHTTP(recorder, in)
	return recorder.Result(), nil
}
