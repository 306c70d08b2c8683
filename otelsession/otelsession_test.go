package otelsession_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	otelmetric "go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/otelsession"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// telemetry keeps what is exported.
type telemetry struct {
	*testing.T
	spans  *tracetest.SpanRecorder
	tracer *sdktrace.TracerProvider
	reader *metric.ManualReader
	meter  *metric.MeterProvider
}

func newTelemetry(t *testing.T) *telemetry {
	spans, reader := tracetest.NewSpanRecorder(), metric.NewManualReader()
	return &telemetry{
		T:      t,
		spans:  spans,
		tracer: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)),
		reader: reader,
		meter:  metric.NewMeterProvider(metric.WithReader(reader)),
	}
}

func (tel *telemetry) hooks(opts ...otelsession.Option) session.Hooks {
	return otelsession.Hooks(append(opts, otelsession.WithTracerProvider(tel.tracer), otelsession.WithMeterProvider(tel.meter))...)
}

// metrics are the values by name and attributes; for a histogram, the number of values. Counters
// at 0 are left out.
func (tel *telemetry) metrics() map[string]int64 {
	tel.Helper()
	values := map[string]int64{}
	for _, scope := range tel.collect().ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					if p.Value != 0 || !data.IsMonotonic {
						values[m.Name+attributes(p.Attributes)] = p.Value
					}
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					values[m.Name+attributes(p.Attributes)] = p.Value
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					values[m.Name+attributes(p.Attributes)] = int64(p.Count)
				}
			}
		}
	}
	return values
}

func (tel *telemetry) collect() (all metricdata.ResourceMetrics) {
	tel.Helper()
	if err := tel.reader.Collect(context.Background(), &all); err != nil {
		tel.Fatal(err)
	}
	return all
}

// attributes are the values of a set, in the order of their keys.
func attributes(set attribute.Set) string {
	var values []string
	for _, kv := range set.ToSlice() {
		values = append(values, kv.Value.Emit())
	}
	if values == nil {
		return ""
	}
	return " " + strings.Join(values, " ")
}

func Test_that_every_hook_has_a_metric_of_its_own(t *testing.T) {
	reasons := []session.Reason{session.ReasonMalformed, session.ReasonUnknown, session.ReasonMoved, session.ReasonUnreadable}
	want := map[string]int64{
		"session.initiated": 1, "session.committed": 1, "session.migrated": 1, "session.destroyed": 1,
		"session.conflicts": 1, "session.lost": 1, "session.refused": 1, "session.late_writes": 1,
		"session.undecodable": 1, "session.store.errors": 1,
		"session.rejected malformed": 1, "session.rejected unknown": 1, "session.rejected moved": 1, "session.rejected unreadable": 1,
		"session.store.duration read ok": 1,
	}
	tel := newTelemetry(t)
	hooks := reflect.ValueOf(tel.hooks())
	for i := range hooks.NumField() {
		name := hooks.Type().Field(i).Name
		switch hook := hooks.Field(i).Interface().(type) {
		case func(context.Context, session.Event):
			if hook == nil {
				t.Errorf("%s is not set", name)
				continue
			}
			if name != "Rejected" {
				hook(t.Context(), session.Event{Handle: "h", Key: "k", Retries: 2, Err: session.ErrNotFound})
				continue
			}
			for _, reason := range reasons {
				hook(t.Context(), session.Event{Handle: "h", Reason: reason})
			}
		case func(context.Context, string) (context.Context, func(error)):
			_, done := hook(t.Context(), "read")
			done(nil)
		}
	}
	if got := tel.metrics(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func Test_that_every_counter_begins_at_0(t *testing.T) {
	tel := newTelemetry(t)
	tel.hooks()
	var series int
	for _, m := range tel.collect().ScopeMetrics[0].Metrics {
		for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
			series++
			if p.Value != 0 {
				t.Errorf("%s begins at %d", m.Name, p.Value)
			}
		}
	}
	if series != 14 { // ten hooks, and four reasons for the eleventh
		t.Errorf("%d series; want 14", series)
	}
}

func Test_that_a_provider_that_is_nil_is_the_global_one(t *testing.T) {
	hooks := otelsession.Hooks(otelsession.WithTracerProvider(nil), otelsession.WithMeterProvider(nil))
	_, done := hooks.StoreCall(t.Context(), "read")
	done(nil)
	hooks.Committed(t.Context(), session.Event{})
}

// refusing is a meter provider that refuses everything.
type refusing struct{ noop.MeterProvider }

func (refusing) Meter(string, ...otelmetric.MeterOption) otelmetric.Meter { return refusingMeter{} }

type refusingMeter struct{ noop.Meter }

func (refusingMeter) Int64Counter(name string, _ ...otelmetric.Int64CounterOption) (otelmetric.Int64Counter, error) {
	return noop.Int64Counter{}, errors.New(name)
}

func (refusingMeter) Int64ObservableUpDownCounter(name string, _ ...otelmetric.Int64ObservableUpDownCounterOption) (otelmetric.Int64ObservableUpDownCounter, error) {
	return noop.Int64ObservableUpDownCounter{}, errors.New(name)
}

func (refusingMeter) Float64Histogram(name string, _ ...otelmetric.Float64HistogramOption) (otelmetric.Float64Histogram, error) {
	return noop.Float64Histogram{}, errors.New(name)
}

func (refusingMeter) RegisterCallback(otelmetric.Callback, ...otelmetric.Observable) (otelmetric.Registration, error) {
	return noop.Registration{}, errors.New("callback")
}

func Test_that_what_is_not_accepted_goes_to_the_error_handler_and_nothing_else(t *testing.T) {
	before := otel.GetErrorHandler()
	t.Cleanup(func() { otel.SetErrorHandler(before) })
	var handled []string
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { handled = append(handled, fmt.Sprint(err)) }))
	a := newApp(t)
	a.get("/change")
	if len(handled) > 0 {
		t.Errorf("handled %q; want nothing, since all is accepted", handled)
	}
	hooks := otelsession.Hooks(otelsession.WithMeterProvider(refusing{}), otelsession.WithStore(memorystore.New(memorystore.Options{})))
	want := []string{"callback"}
	for _, scope := range a.collect().ScopeMetrics {
		for _, m := range scope.Metrics {
			want = append(want, m.Name)
		}
	}
	slices.Sort(handled)
	slices.Sort(want)
	if !slices.Equal(handled, want) {
		t.Errorf("handled %q; want %q", handled, want)
	}
	hooks.Committed(t.Context(), session.Event{}) // is not counted, but must not panic
}

func Test_that_every_metric_is_explained(t *testing.T) {
	a := newApp(t)
	hooks := reflect.ValueOf(a.hooks())
	for i := range hooks.NumField() {
		if hook, ok := hooks.Field(i).Interface().(func(context.Context, session.Event)); ok {
			hook(t.Context(), session.Event{})
		}
	}
	a.get("/change")
	pkg, err := os.ReadFile("otelsession.go")
	if err != nil {
		t.Fatal(err)
	}
	operations, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var found int
	for _, scope := range a.collect().ScopeMetrics {
		for _, m := range scope.Metrics {
			found++
			if line := "//\t" + m.Name + " "; !strings.Contains(string(pkg), line) {
				t.Errorf("the comment of the package does not explain %s", m.Name)
			}
			if row := fmt.Sprintf("| `%s` | %s |", m.Name, m.Unit); !strings.Contains(string(operations), row) {
				t.Errorf("docs/operations.md has no row %s", row)
			}
		}
	}
	if rows := strings.Count(string(operations), "\n| `session."); found != rows {
		t.Errorf("%d metrics, and docs/operations.md explains %d", found, rows)
	}
}

func Test_that_a_store_call_is_measured_by_what_came_of_it(t *testing.T) {
	dead := errors.New("the line is dead")
	for _, tc := range []struct {
		err    error
		want   string
		failed bool
	}{
		{nil, "ok", false},
		{session.ErrNotFound, "not_found", false},
		{fmt.Errorf("redisstore: read: %w", session.ErrNotFound), "not_found", false},
		{&session.ConflictError{}, "conflict", false},
		{session.ErrTooLarge, "too_large", false},
		{dead, "error", true},
		{context.DeadlineExceeded, "error", true},
		{fmt.Errorf("redisstore: read: %w", context.Canceled), "canceled", false},
	} {
		tel := newTelemetry(t)
		_, done := tel.hooks().StoreCall(t.Context(), "write")
		done(tc.err)
		if name := "session.store.duration write " + tc.want; tel.metrics()[name] != 1 {
			t.Errorf("%v: got %v; want %s", tc.err, tel.metrics(), name)
		}
		span := tel.spans.Ended()[0]
		if span.Name() != "session.store.write" || span.SpanKind() != trace.SpanKindInternal {
			t.Errorf("%v: the span is %q, %v; want session.store.write, internal", tc.err, span.Name(), span.SpanKind())
		}
		if got := attributes(attribute.NewSet(span.Attributes()...)); got != " write "+tc.want {
			t.Errorf("%v: the span has the attributes%s", tc.err, got)
		}
		if failed := span.Status().Code == codes.Error; failed != tc.failed || len(span.Events()) > 0 != tc.failed {
			t.Errorf("%v: the status is %+v, the events are %v; want an error: %t", tc.err, span.Status(), span.Events(), tc.failed)
		}
	}
}

func Test_that_the_spans_of_a_driver_are_children_of_the_stores(t *testing.T) {
	tel := newTelemetry(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	within, done := tel.hooks().StoreCall(ctx, "read")
	_, driver := tel.tracer.Tracer("driver").Start(within, "GET")
	driver.End()
	done(nil)
	ended := tel.spans.Ended()
	if got, want := ended[0].Parent().SpanID(), ended[1].SpanContext().SpanID(); got != want {
		t.Errorf("the span of the driver is a child of %v; want that of the store, %v", got, want)
	}
	if _, has := within.Deadline(); !has {
		t.Error("the driver does not know the deadline")
	}
}

func Test_that_the_time_of_a_store_call_is_in_seconds(t *testing.T) {
	tel := newTelemetry(t)
	synctest.Test(t, func(t *testing.T) {
		_, done := tel.hooks().StoreCall(t.Context(), "read")
		<-time.After(20 * time.Millisecond)
		done(nil)
	})
	for _, m := range tel.collect().ScopeMetrics[0].Metrics {
		data, ok := m.Data.(metricdata.Histogram[float64])
		if !ok {
			continue
		}
		switch p := data.DataPoints[0]; {
		case p.Sum != 0.02:
			t.Errorf("20 ms are measured as %v s", p.Sum)
		case !slices.Contains(p.Bounds, 1): // an alert of docs/operations.md is about it
			t.Errorf("the buckets end at %v; want one that ends at a second", p.Bounds)
		}
		return
	}
	t.Error("no store call is measured")
}

// app is an application with a span for each request.
type app struct {
	*telemetry
	*echo.Echo
	store   *memorystore.Store
	cookies []*http.Cookie
}

func newApp(t *testing.T) *app {
	a := &app{telemetry: newTelemetry(t), Echo: echo.New(), store: memorystore.New(memorystore.Options{})}
	a.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			ctx, span := a.tracer.Tracer("test").Start(c.Request().Context(), "request")
			defer span.End()
			c.SetRequest(c.Request().WithContext(ctx))
			return next(c)
		}
	}, session.Middleware(session.Config{Store: a.store, Hooks: a.hooks(otelsession.WithStore(a.store))}))
	a.GET("/change", func(c echo.Context) error {
		session.From(c).Put("text", "value-31415926")
		return c.NoContent(http.StatusNoContent)
	})
	a.GET("/login", func(c echo.Context) error {
		session.From(c).Tag("user-ada")
		return c.NoContent(http.StatusNoContent)
	})
	a.GET("/read", func(c echo.Context) error {
		return c.String(http.StatusOK, session.From(c).Handle())
	})
	other, err := session.New(session.Config{Store: a.store}) // as in another process
	if err != nil {
		t.Fatal(err)
	}
	a.GET("/meet", func(c echo.Context) error {
		s := session.From(c)
		s.Put("a", 1)
		err := other.Update(c.Request().Context(), s.Handle(), func(s *session.Session) error { s.Put("a", 2); return nil })
		if err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	})
	return a
}

func (a *app) get(path string) string {
	rec, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
	for _, cookie := range a.cookies {
		r.AddCookie(cookie)
	}
	a.ServeHTTP(rec, r)
	if set := rec.Result().Cookies(); len(set) > 0 {
		a.cookies = set
	}
	return rec.Body.String()
}

func Test_that_store_calls_are_children_of_the_request(t *testing.T) {
	a := newApp(t)
	a.get("/change")
	a.get("/read")
	var names []string
	var parents []trace.SpanID
	for _, span := range a.spans.Ended() {
		names = append(names, span.Name())
		if span.Name() == "request" {
			for _, parent := range parents {
				if parent != span.SpanContext().SpanID() {
					t.Errorf("a call of the store is a child of %v; want the request, %v", parent, span.SpanContext().SpanID())
				}
			}
			parents = nil
			continue
		}
		parents = append(parents, span.Parent().SpanID())
	}
	if got, want := strings.Join(names, " "), "session.store.write request session.store.read request"; got != want {
		t.Errorf("the spans are %s; want %s", got, want)
	}
}

func Test_the_metrics_of_a_few_requests(t *testing.T) {
	a := newApp(t)
	a.get("/change")
	a.get("/meet")
	a.get("/login")
	a.cookies = []*http.Cookie{{Name: "__Host-session", Value: "bad"}}
	a.get("/read")
	want := map[string]int64{
		"session.count":                         1,
		"session.initiated":                     2,
		"session.committed":                     3,
		"session.conflicts":                     1,
		"session.migrated":                      1,
		"session.rejected malformed":            1,
		"session.store.duration read ok":        2,
		"session.store.duration write ok":       3,
		"session.store.duration write conflict": 1,
		"session.store.duration tag ok":         2,
		"session.store.duration tagged ok":      1,
		"session.store.duration destroy ok":     1,
		"session.store.duration untag ok":       1,
	}
	if got := a.metrics(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func Test_that_nothing_exported_has_a_secret_in_it(t *testing.T) {
	a := newApp(t)
	a.get("/change")
	handles := []string{a.get("/read")}
	secrets := []string{a.cookies[0].Value, "value-31415926", "user-ada"}
	a.get("/meet")
	a.get("/login")
	handles = append(handles, a.get("/read"))
	secrets = append(secrets, a.cookies[0].Value)

	metrics, err := json.Marshal(a.collect())
	if err != nil {
		t.Fatal(err)
	}
	spans, err := json.Marshal(tracetest.SpanStubsFromReadOnlySpans(a.spans.Ended()))
	if err != nil {
		t.Fatal(err)
	}
	exported := string(metrics) + string(spans)
	if !strings.Contains(exported, "session.store.write") || !strings.Contains(exported, "session.conflicts") {
		t.Fatalf("too little was exported: %s", exported)
	}
	for _, secret := range append(secrets, handles...) {
		if secret == "" || strings.Contains(exported, secret) {
			t.Errorf("%q was exported: %s", secret, exported)
		}
	}
}

func Test_that_only_a_store_that_knows_is_asked_how_many_sessions_live(t *testing.T) {
	memory := memorystore.New(memorystore.Options{})
	for name, tc := range map[string]struct {
		opts []otelsession.Option
		want bool
	}{
		"no store":               {nil, false},
		"one that does not know": {[]otelsession.Option{otelsession.WithStore(struct{ session.Store }{memory})}, false},
		"one that knows":         {[]otelsession.Option{otelsession.WithStore(memory)}, true},
	} {
		tel := newTelemetry(t)
		tel.hooks(tc.opts...)
		if _, got := tel.metrics()["session.count"]; got != tc.want {
			t.Errorf("%s: session.count is there: %t; want %t", name, got, tc.want)
		}
	}
}

func Test_that_the_sessions_of_several_stores_are_added_up(t *testing.T) {
	var stores []otelsession.Option
	for i := range 2 {
		store := memorystore.New(memorystore.Options{})
		stores = append(stores, otelsession.WithStore(store))
		for key := range 1 + i {
			if err := store.Write(t.Context(), strings.Repeat(string(rune('a'+key)), 64), session.Record{Expires: time.Now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, hooks := range map[string]func(*telemetry){
		"in two sets of hooks": func(tel *telemetry) { tel.hooks(stores[0]); tel.hooks(stores[1]) },
		"in one":               func(tel *telemetry) { tel.hooks(stores...) },
	} {
		tel := newTelemetry(t)
		hooks(tel)
		if got := tel.metrics()["session.count"]; got != 3 {
			t.Errorf("%s: session.count is %d; want 3", name, got)
		}
	}
}

func Test_that_the_global_providers_are_used_where_there_are_no_others(t *testing.T) {
	tel := newTelemetry(t)
	tracer, meter := otel.GetTracerProvider(), otel.GetMeterProvider()
	defer otel.SetTracerProvider(tracer)
	defer otel.SetMeterProvider(meter)
	otel.SetTracerProvider(tel.tracer)
	otel.SetMeterProvider(tel.meter)
	_, done := otelsession.Hooks().StoreCall(t.Context(), "read")
	done(nil)
	if len(tel.spans.Ended()) != 1 || len(tel.metrics()) != 1 {
		t.Errorf("%d spans, metrics %v; want one of each", len(tel.spans.Ended()), tel.metrics())
	}
}
