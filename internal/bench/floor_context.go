package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
)

// floorContext is floorMemory with exactly what design.md asks of any session: templates find it in
// the context of the request, for which net/http copies the request; the store knows it by a hash
// of its id; two goroutines may use it; and Vary is added before the head is sent. So it shows how
// much of the distance to the other floor is by design. It still has no conflicts, messages or
// errors.
func floorContext(*backend) (transports, error) {
	m := &memory{sessions: map[string]*memorySession{}}
	put := func(c echo.Context, key, value string) error {
		s := contextSessionOf(c)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.key() == "" {
			setCookie(c, m.createHashed(record(nil).with(key, value)))
			return nil
		}
		_, err := blobs{m}.put(s.key(), key, value)
		return err
	}
	return onEcho(pages[echo.Context]{
		seed: func(c echo.Context) error {
			setCookie(c, m.createHashed(seeded()))
			return nil
		},
		read: func(c echo.Context, key string) (string, error) {
			s := contextSessionOf(c)
			s.mu.Lock()
			defer s.mu.Unlock()
			return blobs{m}.get(s.key(), key)
		},
		write: put,
		flash: func(c echo.Context, text string) error { return put(c, "flash", text) },
		shown: func(c echo.Context) (string, error) {
			s := contextSessionOf(c)
			s.mu.Lock()
			defer s.mu.Unlock()
			text, _, err := blobs{m}.take(s.key(), "flash")
			return text, err
		},
	}, inContext), nil
}

// createHashed stores r under a hash of the cookie's value.
func (m *memory) createHashed(r record) (cookie string) {
	id := newID()
	m.insert(hashed(id), r)
	return id
}

func hashed(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// inContext is the middleware. Its work is not in the closure, where the request would be copied
// twice.
func inContext(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error { return serveInContext(c, next) }
}

func serveInContext(c echo.Context, next echo.HandlerFunc) error {
	f := &contextFrame{Context: c.Request().Context(), ResponseWriter: c.Response().Writer}
	f.req = *c.Request().WithContext(f)
	c.SetRequest(&f.req)
	c.Response().Writer = f
	return next(c)
}

// contextFrame is the context and the writer of a request.
type contextFrame struct {
	context.Context
	http.ResponseWriter
	req http.Request

	mu      sync.Mutex
	session *contextSession // once it is requested
}

type contextKey struct{}

func contextSessionOf(c echo.Context) *contextSession {
	s, _ := c.Request().Context().Value(contextKey{}).(*contextSession)
	return s
}

func (f *contextFrame) Value(key any) any {
	if key != (contextKey{}) {
		return f.Context.Value(key)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.session == nil {
		f.session = &contextSession{cookie: cookieOf(&f.req)}
	}
	return f.session
}

func (f *contextFrame) WriteHeader(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.session != nil {
		f.Header()["Vary"] = append(f.Header()["Vary"], "Cookie")
	}
	f.ResponseWriter.WriteHeader(status)
}

type contextSession struct {
	mu     sync.Mutex
	cookie string
	hash   string // of the cookie, once it is known
}

func (s *contextSession) key() string {
	if s.hash == "" && s.cookie != "" {
		s.hash = hashed(s.cookie)
	}
	return s.hash
}
