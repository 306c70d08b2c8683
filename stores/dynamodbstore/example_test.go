package dynamodbstore_test

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
)

// The session manager gives up on a load or a commit after five seconds. With these settings
// that is enough for three tries, whether a connection hangs or DynamoDB throttles.
func Example() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx,
		config.WithRegion("eu-central-1"),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(time.Second)),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 3
				o.MaxBackoff = 100 * time.Millisecond
			})
		}),
	)
	if err != nil {
		log.Fatal(err)
	}
	client := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		if local := os.Getenv("DYNAMODB_ENDPOINT"); local != "" { // for example http://localhost:8000
			o.BaseEndpoint = &local
		}
	})
	store, err := dynamodbstore.New(client, dynamodbstore.Options{Table: "sessions"})
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Check(ctx); err != nil {
		log.Fatal(err)
	}

	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: store}))
}

// For development, or if no other tool creates your tables.
func ExampleCreateTable() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := dynamodbstore.CreateTable(ctx, dynamodb.NewFromConfig(cfg), "sessions"); err != nil {
		log.Fatal(err)
	}
}
