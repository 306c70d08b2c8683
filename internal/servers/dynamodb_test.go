package servers_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/echo-hypermedia/session/internal/servers"
)

func Test_that_whoever_has_the_port_is_not_taken_for_DynamoDB(t *testing.T) {
	server, err := servers.DynamoDB()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	server.Kill()

	l, err := net.Listen("tcp", strings.TrimPrefix(server.Endpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(l, http.NotFoundHandler())
	err = server.Restart()
	if err == nil || !strings.Contains(err.Error(), "Address already in use") {
		t.Errorf("%v; want that the address is in use", err)
	}

	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(); err != nil {
		t.Error(err)
	}
}
