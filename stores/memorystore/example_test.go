package memorystore_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Example() {
	store := memorystore.New(memorystore.Options{})

	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: store}))
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprintf("visit %d", session.From(c).Increment("visits")))
	})

	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Println(w.Body)
	fmt.Println(store.Len(), "session")
	// Output:
	// visit 1
	// 1 session
}

// A full store refuses new sessions. The ones it has are not affected.
func ExampleOptions() {
	store := memorystore.New(memorystore.Options{MaxSessions: 1})

	ctx := context.Background()
	rec := session.Record{Data: []byte("hello"), Expires: time.Now().Add(2 * time.Hour)}
	fmt.Println(store.Write(ctx, "one", rec))

	err := store.Write(ctx, "two", rec)
	fmt.Println(errors.Is(err, session.ErrUnavailable))
	fmt.Println(err)
	// Output:
	// <nil>
	// true
	// memorystore: session: store unavailable: the memory store is full; raise Options.MaxSessions
}
