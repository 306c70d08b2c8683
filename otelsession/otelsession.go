// Package otelsession reports sessions to OpenTelemetry: a span for each store call, and
// metrics of what happens.
//
//	store := memorystore.New(memorystore.Options{})
//	cfg := session.Config{
//		Store: store,
//		Hooks: otelsession.Hooks(otelsession.WithStore(store)),
//	}
//
// It is a separate module, so that only programs that import it contain OpenTelemetry.
//
// # Spans
//
// Spans are called "session.store.read", "session.store.write" and so on, and are children of the
// request's span. So mount the middleware that begins that span (such as otelecho) outside of
// [session.Middleware]. A store that cannot be reached makes the span an error; a session that does
// not exist, or was changed by a faster request, does not.
//
// # Metrics
//
//	session.store.duration   s           how long calls of the store take
//	session.store.errors     {error}     sessions that could not be loaded, saved, prolonged, found or ended
//	session.count            {session}   live sessions, where the store knows (see WithStore)
//	session.initiated        {session}   sessions that a request has loaded
//	session.committed        {commit}    commits
//	session.conflicts        {conflict}  commits that had to be repeated, because another request was faster
//	session.migrated         {session}   sessions that were given a new id
//	session.destroyed        {session}   sessions that were ended
//	session.rejected         {request}   cookies that name no session
//	session.lost             {request}   requests whose changes were dropped, because the session had ended
//	session.refused          {request}   requests that failed, because the session had moved or was revoked
//	session.late_writes      {change}    changes that came too late to be saved
//	session.undecodable      {value}     values and records that could not be understood
//
// session.store.duration has the attributes session.store.operation ("read", "write",
// "destroy", "touch", "tag", "untag", "tagged", "revoke", "seal", "open") and
// session.store.outcome ("ok", "not_found", "conflict", "too_large", "canceled" if the
// caller has left, "error"); spans have both as well. session.rejected has
// session.rejected.reason, a [session.Reason]. No span or metric of this package has ids or handles.
// But a driver may put whole commands into spans of its own: see docs/operations.md.
package otelsession

import (
	"cmp"
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/echo-hypermedia/session"
)

// scope is the instrumentation scope of spans and metrics.
const scope = "github.com/echo-hypermedia/session/otelsession"

// The keys of attributes. OpenTelemetry's own "session.id" is not among them: the id in a cookie is
// a credential.
const (
	operationKey = attribute.Key("session.store.operation")
	outcomeKey   = attribute.Key("session.store.outcome")
	reasonKey    = attribute.Key("session.rejected.reason")
)

// Option is an option of [Hooks].
type Option func(*options)

type options struct {
	tracers trace.TracerProvider
	meters  metric.MeterProvider
	stores  []session.Store
}

// WithTracerProvider sends spans to a provider other than the global one. Nil means the global one.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(o *options) { o.tracers = cmp.Or(p, o.tracers) }
}

// WithMeterProvider sends metrics to a provider other than the global one. Nil means the global one.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(o *options) { o.meters = cmp.Or(p, o.meters) }
}

// WithStore adds the metric session.count, if the store knows how many sessions are live, that is,
// if it has a method Len() int, as the store in memory has. Len is called whenever metrics are
// collected, for as long as the meter provider lives. The counts of several stores are added up,
// whether they are in one set of hooks or in several, so pass each store only once.
func WithStore(store session.Store) Option {
	return func(o *options) { o.stores = append(o.stores, store) }
}

// Hooks returns hooks for [session.Config]. Join them with your own by [session.Hooks.And]. Errors
// of the meter provider go to OpenTelemetry's error handler.
//
// Set the global providers before you call it: a counter then begins at 0. Otherwise it begins with
// its first event, which is no increase to Prometheus.
func Hooks(opts ...Option) session.Hooks {
	o := options{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		opt(&o)
	}
	meter := o.meters.Meter(scope)
	for _, store := range o.stores {
		if store, ok := store.(interface{ Len() int }); ok {
			countSessions(meter, store.Len)
		}
	}
	return session.Hooks{
		Initiated:   each(newCounter(meter, "session.initiated", "{session}", "Sessions that a request has loaded.")),
		Committed:   each(newCounter(meter, "session.committed", "{commit}", "Commits.")),
		Migrated:    each(newCounter(meter, "session.migrated", "{session}", "Sessions that were given a new id.")),
		Destroyed:   each(newCounter(meter, "session.destroyed", "{session}", "Sessions that were ended.")),
		Rejected:    byReason(newCounter(meter, "session.rejected", "{request}", "Cookies that name no session.")),
		Conflict:    each(newCounter(meter, "session.conflicts", "{conflict}", "Commits that had to be repeated, because another request was faster.")),
		Lost:        each(newCounter(meter, "session.lost", "{request}", "Requests whose changes were dropped, because the session had ended.")),
		Refused:     each(newCounter(meter, "session.refused", "{request}", "Requests that failed, because the session had moved or was revoked.")),
		LateWrite:   each(newCounter(meter, "session.late_writes", "{change}", "Changes that came too late to be saved.")),
		Undecodable: each(newCounter(meter, "session.undecodable", "{value}", "Values and records that could not be understood.")),
		StoreError:  each(newCounter(meter, "session.store.errors", "{error}", "Sessions that could not be loaded, saved, prolonged, found or ended.")),
		StoreCall:   newCalls(o.tracers.Tracer(scope), meter).begin,
	}
}

func newCounter(meter metric.Meter, name, unit, description string) metric.Int64Counter {
	count, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	handle(err)
	return count
}

// each counts events, from 0: if the first event made the counter, Prometheus would not take it for
// an increase, and no alert would tell of it.
func each(count metric.Int64Counter) func(context.Context, session.Event) {
	count.Add(context.Background(), 0)
	return func(ctx context.Context, _ session.Event) { count.Add(ctx, 1) }
}

// byReason is each for every reason of a rejection. Nothing else of an event is an attribute:
// everything else has too many different values.
func byReason(count metric.Int64Counter) func(context.Context, session.Event) {
	add := func(ctx context.Context, n int64, reason session.Reason) {
		count.Add(ctx, n, metric.WithAttributes(reasonKey.String(string(reason))))
	}
	for _, reason := range [...]session.Reason{session.ReasonMalformed, session.ReasonUnknown, session.ReasonMoved, session.ReasonUnreadable} {
		add(context.Background(), 0, reason)
	}
	return func(ctx context.Context, e session.Event) { add(ctx, 1, e.Reason) }
}

func countSessions(meter metric.Meter, live func() int) {
	count, err := meter.Int64ObservableUpDownCounter("session.count",
		metric.WithUnit("{session}"), metric.WithDescription("Live sessions."))
	handle(err)
	// If it were an option of the counter, the callback of a second store would be dropped.
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(count, int64(live()))
		return nil
	}, count)
	handle(err)
}

func handle(err error) {
	if err != nil {
		otel.Handle(err)
	}
}

// calls makes a span for each call of a store, and measures it.
type calls struct {
	tracer   trace.Tracer
	duration metric.Float64Histogram
}

func newCalls(tracer trace.Tracer, meter metric.Meter) calls {
	duration, err := meter.Float64Histogram("session.store.duration",
		metric.WithUnit("s"), metric.WithDescription("How long calls of the store take."),
		// From what memory needs to the 5 seconds that a store may take.
		metric.WithExplicitBucketBoundaries(0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5))
	handle(err)
	return calls{tracer, duration}
}

// begin is a hook for StoreCall. The kind of the span is internal: the driver of the store may have
// spans of its own, and those are the client spans.
func (c calls) begin(ctx context.Context, op string) (context.Context, func(error)) {
	began := time.Now()
	ctx, span := c.tracer.Start(ctx, "session.store."+op, trace.WithAttributes(operationKey.String(op)))
	return ctx, func(err error) {
		took, result := time.Since(began), outcome(err)
		c.duration.Record(ctx, took.Seconds(), metric.WithAttributes(operationKey.String(op), outcomeKey.String(result)))
		span.SetAttributes(outcomeKey.String(result))
		if result == "error" {
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}

// outcome classifies the result of a call. An error that says "not there" or "not that version" is
// an ordinary answer, and a visitor who has left needs no answer.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, session.ErrNotFound):
		return "not_found"
	case errors.Is(err, session.ErrConflict):
		return "conflict"
	case errors.Is(err, session.ErrTooLarge):
		return "too_large"
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return "error"
}
