package session_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

func Test_that_a_context_that_is_printed_tells_no_id(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("a", 1))
	v.visit(p, func(c echo.Context) error {
		ctx := c.Request().Context()
		for _, ctx := range []context.Context{ctx, context.WithValue(ctx, handlerKey{}, 1)} {
			if said := fmt.Sprintf("%v %+v %s %#v %d %q", ctx, ctx, ctx, ctx, ctx, ctx); !strings.Contains(said, "WithSession") || strings.Contains(said, v.cookie()) {
				t.Errorf("it is %s", said)
			}
		}
		return nil
	})
}

// Somebody will log a session, and its id would open it.
func Test_that_a_session_that_is_printed_tells_its_handle_only(t *testing.T) {
	p := start(t, session.Config{})
	v := newVisitor()
	v.must(t, p, put("a", "s3cret"))
	v.must(t, p, func(s *session.Session) {
		s.Has("a")
		var said bytes.Buffer
		slog.New(slog.NewTextHandler(&said, nil)).Info("text", "session", s)
		slog.New(slog.NewJSONHandler(&said, nil)).Info("json", "session", s)
		fmt.Fprintf(&said, "%v %+v %#v %s %d %x", s, s, s, s, s, s)
		if n := strings.Count(said.String(), s.Handle()); n != 8 {
			t.Errorf("the handle is there %d times; want 8: %s", n, &said)
		}
		for _, secret := range []string{v.cookie(), keyOf(v.cookie()), "s3cret"} {
			if strings.Contains(said.String(), secret) {
				t.Errorf("it tells more: %s", &said)
			}
		}
		session.Update(s, "n", func(n int) int { return n + len(fmt.Sprint(s)) }) // prints the session while it is locked
	})
	if got := fmt.Sprint((*session.Session)(nil)); got != "session()" {
		t.Errorf("none is printed as %q", got)
	}
}

// What leads to a session is passed around as well, and fmt looks into everything: with %s, even
// behind a pointer.
func Test_that_nothing_around_a_session_tells_what_is_in_it_when_it_is_printed(t *testing.T) {
	for name, store := range map[string]session.Store{
		"with a store that finds sessions":         memorystore.New(memorystore.Options{}),
		"with a store that does not find sessions": struct{ session.Store }{memorystore.New(memorystore.Options{})},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, session.Config{Store: store})
			v := newVisitor()
			v.must(t, p, put("a", "s3cret"))
			secrets := []string{"s3cret", v.cookie(), keyOf(v.cookie())}
			v.must(t, p, (*session.Session).Regenerate) // leaves a note about the old id
			secrets = append(secrets, v.cookie(), keyOf(v.cookie()))
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("name=s3cret"))
			r.Header = v.request().Header
			r.Header.Set("Content-Type", echo.MIMEApplicationForm)
			v.keep(p.serve(r, with(func(s *session.Session) {
				s.FlashInfo("s3cret")
				s.FlashAll()
				s.FlashInputErrors(map[string][]string{"name": {"s3cret"}})
			})))
			v.must(t, p, func(s *session.Session) {
				cfg := session.Config{Store: store}
				for _, printed := range []any{s.FlashMessages(), s.Submission(""), p.manager, cfg, store} {
					for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
						said := fmt.Sprintf(verb, printed)
						for _, secret := range secrets {
							if strings.Contains(said, secret) || strings.Contains(said, fmt.Sprintf("%x", secret)) {
								t.Errorf("a %T printed with %s tells %q: %s", printed, verb, secret, said)
							}
						}
					}
				}
			})
		})
	}
}

// Whatever happens, in whatever store: neither the hooks nor the log must get anything that could
// be used to take over a session, or that is stored in one.
func Test_that_hooks_and_log_are_told_no_secret(t *testing.T) {
	spy := spyOn(memorystore.New(memorystore.Options{}))
	for name, store := range map[string]session.Store{
		"that finds sessions":         spy,
		"that does not find sessions": &spy.watched,
		"in cookies":                  cookieStore(t, nil),
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			var names []string
			tellErrors := func(err error) {
				for ; err != nil; err = errors.Unwrap(err) {
					fmt.Fprintf(&said, "%+v %#v\n", err, err)
					var brings *session.ConflictError
					if errors.As(err, &brings) {
						t.Errorf("%v brings a record", err)
					}
				}
			}
			logger := slog.New(slog.NewJSONHandler(&said, &slog.HandlerOptions{
				Level: slog.LevelDebug,
				ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
					err, _ := a.Value.Any().(error) // some loggers print what an error wraps
					tellErrors(err)
					return a
				},
			}))
			tell := func(e session.Event) {
				fmt.Fprintf(&said, "%+v %#v\n", e, e)
				tellErrors(e.Err)
				logger.Info("event", "event", e)
				if err := json.NewEncoder(&said).Encode(e); err != nil {
					t.Error(err)
				}
			}
			hooks := everyHook(func(name string) func(context.Context, session.Event) {
				return func(_ context.Context, e session.Event) { names = append(names, name); tell(e) }
			})
			hooks.StoreCall = func(ctx context.Context, op string) (context.Context, func(error)) {
				return ctx, func(err error) { tell(session.Event{Key: op, Err: err}) }
			}
			p := start(t, session.Config{Store: store, Logger: logger, Hooks: hooks})
			other := start(t, session.Config{Store: store})
			secrets := secretScenario(t, p, other, &spy.watched)
			for _, secret := range secrets {
				if strings.Contains(said.String(), secret) {
					t.Errorf("%q was told:\n%s", secret, said.String())
				}
			}
			if found := regexp.MustCompile(`[0-9a-f]{64}`).FindString(said.String()); found != "" {
				t.Errorf("a key or a tag was told, %s:\n%s", found, said.String())
			}
			if kinds := slices.Compact(slices.Sorted(slices.Values(names))); len(kinds) < 6 {
				t.Errorf("too little happened: %v", kinds)
			}
		})
	}
}

// hiddenNumber fails to decode, with an error that quotes its input.
type hiddenNumber struct{}

func (*hiddenNumber) UnmarshalJSON(raw []byte) error { return fmt.Errorf("%s is no number", raw) }

// hiddenText fails to encode, with an error that quotes it.
type hiddenText string

func (h hiddenText) MarshalJSON() ([]byte, error) { return nil, fmt.Errorf("%s is no text", string(h)) }

// secretScenario makes all kinds of things happen, and returns what must not be reported.
func secretScenario(t *testing.T, p, other *process, store *watched) (secrets []string) {
	const user, value, message = "user-ada-7", "value-31415926", "message-27182818"
	secrets = []string{user, value, message, "31415926"}
	v, late := newVisitor(), newVisitor()
	do := func(v *visitor, work func(*session.Session)) {
		v.do(p, work)
		for _, c := range v.clone().cookies {
			secrets = append(secrets, c, keyOf(c))
		}
	}
	fail := func(method string, err error, work func(*session.Session)) {
		store.before = failing(err, method)
		do(v.clone(), work)
		store.before = nil
	}
	sum := sha256.Sum256([]byte("session tag " + user))
	secrets = append(secrets, hex.EncodeToString(sum[:]))

	do(v, func(s *session.Session) { s.Put("text", value); s.Put("number", 31415926); s.FlashInfo(message) })
	do(v, func(s *session.Session) {
		session.Get[int8](s, "number")
		session.Get[hiddenNumber](s, "text")
		session.Flashed[int](s, "text")
	})
	do(v, func(s *session.Session) { s.Tag(user) })
	do(v, func(s *session.Session) { s.Put("bad", math.NaN()) })
	do(v, func(s *session.Session) { s.Put("bad", hiddenText(value)) })
	late.cookies = v.clone().cookies
	interleaved(other, p, v, increment, put("other", value))
	interleaved(other, p, v, put("n", value), increment)
	do(v, (*session.Session).Regenerate)
	do(late, increment)
	do(late, (*session.Session).Destroy)
	v.visit(p, stream((*session.Session).Regenerate))
	v.visit(p, stream(put("text", value)))
	fail("Read", errStoreDown, read)
	fail("Write", errStoreDown, put("text", value))
	fail("Write", session.ErrTooLarge, put("text", value))
	fail("Write", &session.ConflictError{Current: session.Record{Data: []byte(value)}}, put("text", value))
	if rec, err := store.Store.Read(t.Context(), keyOf(v.cookie())); err == nil {
		store.before = failing(&session.ConflictError{Current: rec}, "Write")
		newVisitor().do(p, put("text", value))
		store.before = nil
	}
	fail("Write", session.ErrNotFound, put("text", value))
	few := newVisitor()
	do(few, func(s *session.Session) { s.Tag(user) })
	store.before = failing(session.ErrTooLarge, "Write")
	do(few, put("text", value)) // the tag is one of the largest entries
	store.before = nil
	newVisitor().do(p, put("text", strings.Repeat(value, 1000)))
	for _, cookie := range []string{"~bad~", newID(1), v.cookie() + "x"} {
		w := newVisitor()
		w.cookies[cookieName] = cookie
		do(w, read)
	}
	_, _ = p.manager.Tagged(t.Context(), user)
	_ = p.manager.DestroyTagged(t.Context(), user)
	_ = p.manager.Destroy(t.Context(), "no handle")
	do(v, read)
	return slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
}
