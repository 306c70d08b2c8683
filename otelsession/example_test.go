package otelsession_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/otelsession"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// The metrics of one request. A real program would omit the provider, and set up the global ones.
func ExampleHooks() {
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))

	store := memorystore.New(memorystore.Options{})
	e := echo.New()
	e.Use(session.Middleware(session.Config{
		Store: store,
		Hooks: otelsession.Hooks(otelsession.WithStore(store), otelsession.WithMeterProvider(provider)),
	}))
	e.GET("/", func(c echo.Context) error {
		session.From(c).Put("name", "Ada")
		return c.NoContent(http.StatusNoContent)
	})
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))

	var collected metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &collected); err != nil {
		log.Fatal(err)
	}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			if n := data.DataPoints[0].Value; n > 0 {
				fmt.Println(m.Name, n)
			}
		case metricdata.Gauge[int64]:
			fmt.Println(m.Name, data.DataPoints[0].Value)
		case metricdata.Histogram[float64]:
			fmt.Println(m.Name, "of", data.DataPoints[0].Count, "call")
		}
	}
	// Unordered output:
	// session.count 1
	// session.committed 1
	// session.store.duration of 1 call
}

// Spans and metrics go to the global providers, and the application's own hooks are called as well.
func ExampleHooks_and() {
	audit := session.Hooks{
		Destroyed: func(ctx context.Context, e session.Event) {
			slog.InfoContext(ctx, "a session was ended", "", e)
		},
	}
	store := memorystore.New(memorystore.Options{})
	e := echo.New()
	// Put the middleware that begins the span of a request before this one.
	e.Use(session.Middleware(session.Config{
		Store: store,
		Hooks: otelsession.Hooks(otelsession.WithStore(store)).And(audit),
	}))
}
