package stores_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func ExampleConfigFromEnv() {
	os.Setenv("SESSION_DRIVER", "memory") // as the deployment does
	os.Setenv("SESSION_IDLE_TIMEOUT", "30m")

	cfg, err := stores.ConfigFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Use(session.Middleware(cfg))

	fmt.Printf("%T, %v\n", cfg.Store, cfg.IdleTimeout)
	// Output: *memorystore.Store, 30m0s
}

// The environment chooses among the drivers of this package and a store without a driver or without
// a variable here.
func ExampleConfigFromEnvWith() {
	os.Setenv("SESSION_DRIVER", "small") // as the deployment does
	os.Setenv("SESSION_IDLE_TIMEOUT", "30m")

	var cfg session.Config
	var err error
	switch os.Getenv("SESSION_DRIVER") {
	case "small":
		cfg, err = stores.ConfigFromEnvWith(memorystore.New(memorystore.Options{MaxSessions: 1000}))
	default:
		cfg, err = stores.ConfigFromEnv()
	}
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Use(session.Middleware(cfg))

	fmt.Printf("%T, %v\n", cfg.Store, cfg.IdleTimeout)
	// Output: *memorystore.Store, 30m0s
}

// A program checks its store once when it starts, if the store has a Check method. Those for Redis
// and DynamoDB have one, which reports everything that is wrong.
func ExampleFromEnv() {
	os.Setenv("SESSION_DRIVER", "memory") // as the deployment does

	store, err := stores.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	if s, ok := store.(interface{ Check(context.Context) error }); ok {
		if err := s.Check(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	if s, ok := store.(io.Closer); ok {
		defer s.Close()
	}
	fmt.Printf("%T\n", store)
	// Output: *memorystore.Store
}

// All mistakes are reported at once, so that a deployment fails once and not five times.
func ExampleFromEnv_mistakes() {
	os.Setenv("SESSION_DRIVER", "dynamo")
	os.Setenv("SESSION_IDLE_TIMEOUT", "120")

	_, err := stores.FromEnv()
	fmt.Println(err)
	// Output:
	// stores: SESSION_IDLE_TIMEOUT = "120": is not a time above zero; write 90s, 30m or 2h
	// stores: SESSION_DRIVER = "dynamo": is not a driver; pick one of cookie, file, redis, dynamodb and memory
}
