package e2e

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// process is one process of the application.
type process struct {
	echo    *echo.Echo
	manager *session.Manager
	busy    *activity // what is committing now
}

type handlerKey struct{}

func newProcess(t tb, cfg session.Config) *process {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	manager, err := session.New(cfg)
	ok(t, err)
	p := &process{echo: echo.New(), manager: manager}
	p.echo.Logger.SetOutput(io.Discard)
	p.echo.Use(keepError, manager.Middleware())
	p.echo.Any("/", func(c echo.Context) error {
		return c.Request().Context().Value(handlerKey{}).(echo.HandlerFunc)(c)
	})
	return p
}

// keepError records why a request failed.
func keepError(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if a, _ := c.Request().Context().Value(activityKey{}).(*activity); a != nil {
			a.err = err
		}
		return err
	}
}

func (p *process) serve(w http.ResponseWriter, r *http.Request, h echo.HandlerFunc) {
	p.echo.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), handlerKey{}, h)))
}

// fault is what happens to a call of the store.
type fault int

const (
	noFault fault = iota
	repeated
	refused     // not carried out, and the caller gets an error
	answerLost  // carried out, and the caller gets an error
	crashBefore //
	crashAfter  //
)

// faults are mostly noFault.
var faults = append(make([]fault, 10), repeated, repeated, refused, answerLost, crashBefore, crashAfter)

var errFault = fmt.Errorf("a fault: %w", session.ErrUnavailable)

// gate is a store whose calls wait for the machine, which chooses faults.
type gate struct {
	session.Tagger
	m *machine
}

func (m *machine) gated(s session.Tagger) session.Tagger { return around(s, gate{s, m}) }

// pass makes a call. The machine learns what was carried out; the caller may not.
func (g gate) pass(ctx context.Context, call func() error, carriedOut func(*activity, error)) error {
	a, _ := ctx.Value(activityKey{}).(*activity)
	if a == nil || !a.gated {
		return call()
	}
	a.arrived <- struct{}{}
	f := <-a.grant
	if f == crashBefore {
		panic(crash{})
	}
	if f == refused {
		a.hurt = true
		return errFault
	}
	err := call()
	carriedOut(a, err)
	switch f {
	case repeated:
		err = call()
	case answerLost:
		a.hurt = true
		g.m.takenBack(a)
		return errFault
	case crashAfter:
		panic(crash{})
	}
	return err
}

func nothing(*activity, error) {}

func (g gate) Read(ctx context.Context, key string) (rec session.Record, err error) {
	err = g.pass(ctx, func() (err error) { rec, err = g.Tagger.Read(ctx, key); return err }, nothing)
	return rec, err
}

func (g gate) Write(ctx context.Context, key string, rec session.Record) error {
	return g.pass(ctx, func() error { return g.Tagger.Write(ctx, key, rec) }, func(a *activity, err error) {
		if err == nil {
			g.m.wrote(a, key, rec)
		}
	})
}

// Destroy of a version is never repeated here: stores recognise repetitions by their drivers by
// marks of their own.
func (g gate) Destroy(ctx context.Context, key string, version uint64) error {
	once := sync.OnceValue(func() error { return g.Tagger.Destroy(ctx, key, version) })
	return g.pass(ctx, once, func(a *activity, err error) {
		if err == nil {
			g.m.destroyed(a, key, version)
		}
	})
}

func (g gate) Touch(ctx context.Context, key string, expires time.Time) error {
	return g.pass(ctx, func() error { return g.Tagger.Touch(ctx, key, expires) }, func(a *activity, err error) {
		if err == nil {
			g.m.touched(a, key)
		}
	})
}

// renew is a read, so it does not wait for the machine. It tells the model which expiry it has
// moved.
func (g gate) renew(ctx context.Context, store session.Renewer, key string, due, until time.Time) (session.Record, error) {
	rec, err := store.Renew(ctx, key, due, until)
	if a, _ := ctx.Value(activityKey{}).(*activity); a != nil && err == nil {
		g.m.renewed(a, key, rec.Expires)
	}
	return rec, err
}

func (g gate) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	return g.pass(ctx, func() error { return g.Tagger.Tag(ctx, tag, key, expires) }, nothing)
}

func (g gate) Untag(ctx context.Context, tag string, keys ...string) error {
	return g.pass(ctx, func() error { return g.Tagger.Untag(ctx, tag, keys...) }, nothing)
}

func (g gate) Tagged(ctx context.Context, tag string) (entries []session.TagEntry, err error) {
	err = g.pass(ctx, func() (err error) { entries, err = g.Tagger.Tagged(ctx, tag); return err }, nothing)
	return entries, err
}

func (g gate) Revoke(ctx context.Context, tag string, except ...string) (keys []string, err error) {
	err = g.pass(ctx, func() (err error) { keys, err = g.Tagger.Revoke(ctx, tag, except...); return err },
		func(a *activity, _ error) { g.m.revoked(a) })
	return keys, err
}
