// Package stores is the code of docs/choosing-a-store.md.
package stores

import (
	"context"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
	"github.com/echo-hypermedia/session/stores/filestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

func inMemory() session.Store {
	return memorystore.New(memorystore.Options{MaxSessions: 10_000})
}

func inFiles() (*filestore.Store, error) {
	return filestore.New(filestore.Options{Dir: "/var/lib/shop/sessions"})
}

func inCookies() (session.Store, error) {
	key, err := cookiestore.ParseKey(os.Getenv("SESSION_KEY"))
	if err != nil {
		return nil, err
	}
	return cookiestore.New(cookiestore.Options{Keys: [][]byte{key}})
}

func inRedis(ctx context.Context) (session.Store, error) {
	client := redis.NewClient(&redis.Options{
		Addr:                  "localhost:6379",
		ContextTimeoutEnabled: true, // required by New
		ReadTimeout:           time.Second,
		WriteTimeout:          time.Second,
	})
	store, err := redisstore.New(client, redisstore.Options{})
	if err != nil {
		return nil, err
	}
	return store, store.Check(ctx) // does it exist, may we use it, and does it evict?
}

func inDynamoDB(ctx context.Context) (session.Store, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	client := dynamodb.NewFromConfig(cfg)
	if err := dynamodbstore.CreateTable(ctx, client, "sessions"); err != nil {
		return nil, err
	}
	return dynamodbstore.New(client, dynamodbstore.Options{Table: "sessions"})
}
