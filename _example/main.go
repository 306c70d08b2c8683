// Command example is a small application that shows everything the session library does for pages:
// values, flash messages, forms that are corrected, logging in and out. It has no build step, and
// no JavaScript unless a visitor switches htmx on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/filestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	driver := flag.String("store", "memory", "where sessions are kept: memory, file or cookie")
	flag.Parse()

	store, err := openStore(*driver)
	if err != nil {
		log.Fatal(err)
	}
	app, err := New(store)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *addr, app); err != nil {
		log.Fatal(err)
	}
}

func openStore(driver string) (session.Store, error) {
	switch driver {
	case "memory":
		return memorystore.New(memorystore.Options{}), nil
	case "file":
		return filestore.New(filestore.Options{Dir: filepath.Join(os.TempDir(), "session-example")})
	case "cookie":
		slog.Info("the key of the cookies is made anew at each start: sessions end with this process")
		return cookiestore.New(cookiestore.Options{Keys: [][]byte{cookiestore.GenerateKey()}})
	}
	return nil, fmt.Errorf("-store=%s: choose memory, file or cookie", driver)
}

// serve answers requests until ctx ends, and then lets the pending ones finish.
func serve(ctx context.Context, addr string, app http.Handler) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("%w (choose another address with -addr)", err)
	}
	fmt.Printf("The example is at http://%s (stop it with Ctrl-C)\n", listener.Addr())

	server := &http.Server{Handler: app, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
