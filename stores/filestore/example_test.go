package filestore_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/filestore"
)

// Sessions outlive the process. The second application finds what the first one left.
func Example() {
	dir, err := os.MkdirTemp("", "") // yours is permanent, for example /var/lib/myapp
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	var cookies []*http.Cookie
	for range 2 {
		store, err := filestore.New(filestore.Options{Dir: filepath.Join(dir, "sessions")})
		if err != nil {
			log.Fatal(err)
		}
		e := echo.New()
		e.Use(session.Middleware(session.Config{Store: store}))
		e.GET("/", func(c echo.Context) error {
			return c.String(http.StatusOK, fmt.Sprintf("visit %d", session.From(c).Increment("visits")))
		})

		r := httptest.NewRequest(http.MethodGet, "/", nil)
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		fmt.Println(w.Body)
		cookies = w.Result().Cookies()

		if err := store.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// visit 1
	// visit 2
}

// On a site with few visitors, a cron job keeps the directory small.
func ExampleStore_Sweep() {
	store, err := filestore.New(filestore.Options{Dir: "/var/lib/myapp/sessions"})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	removed, err := store.Sweep(context.Background())
	log.Printf("%d files removed: %v", removed, err)
}
