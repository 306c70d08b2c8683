package redisstore_test

import (
	"context"
	"log"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

func Example() {
	client := redis.NewClient(&redis.Options{
		Addr:                  "localhost:6379",
		ContextTimeoutEnabled: true, // required by New

		// A visitor waits for all of this. The limits are for each try.
		DialTimeout: time.Second,
		ReadTimeout: time.Second,
		PoolTimeout: time.Second,
		MaxRetries:  2,
	})
	defer client.Close()

	store, err := redisstore.New(client, redisstore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Check(context.Background()); err != nil {
		log.Fatal(err)
	}

	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: store}))
}

// In a Cluster, a client that has lost a master asks other nodes where its keys are now. Give it
// several nodes to ask.
func ExampleNew_cluster() {
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:                 []string{"redis-1:6379", "redis-2:6379", "redis-3:6379"},
		ContextTimeoutEnabled: true,

		DialTimeout:  time.Second,
		ReadTimeout:  2 * time.Second, // more than the second that MinReplicas may take
		PoolTimeout:  time.Second,
		MaxRedirects: 3,

		ClusterStateReloadInterval: 2 * time.Second, // a minute is too long for a master that is down
	})
	defer client.Close()

	store, err := redisstore.New(client, redisstore.Options{
		Prefix:      "shop:session:",
		MinReplicas: 1, // each master has one replica, so a log-out outlives the master that took it
	})
	if err != nil {
		log.Fatal(err)
	}

	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: store}))
}

// Behind Sentinel, the client asks the sentinels for the primary.
func ExampleNew_sentinel() {
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:            "mymaster",
		SentinelAddrs:         []string{"redis-1:26379", "redis-2:26379", "redis-3:26379"},
		ContextTimeoutEnabled: true,

		DialTimeout: time.Second,
		ReadTimeout: time.Second,
		PoolTimeout: time.Second,
		MaxRetries:  2,
	})
	defer client.Close()

	store, err := redisstore.New(client, redisstore.Options{})
	if err != nil {
		log.Fatal(err)
	}

	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: store}))
}
