package main

import (
	"context"
	"net/http"

	"github.com/gorilla/sessions"
	echosession "github.com/labstack/echo-contrib/session"
	"github.com/labstack/echo/v4"
	"github.com/quasoft/memstore"
	"github.com/rbcervilla/redisstore/v9"
)

// echoContrib is labstack/echo-contrib with a store of gorilla/sessions.
func echoContrib(store sessions.Store) transports {
	// get ignores errors, as most applications do: if a cookie was tampered with, there is an error
	// and an empty session.
	get := func(c echo.Context) *sessions.Session {
		s, _ := echosession.Get(cookieName, c)
		return s
	}
	save := func(c echo.Context, s *sessions.Session) error { return s.Save(c.Request(), c.Response()) }
	return onEcho(pages[echo.Context]{
		seed: func(c echo.Context) error {
			s := get(c)
			for key, value := range values {
				s.Values[key] = value
			}
			return save(c, s)
		},
		read: func(c echo.Context, key string) (string, error) {
			value, _ := get(c).Values[key].(string)
			return value, nil
		},
		write: func(c echo.Context, key, value string) error {
			s := get(c)
			s.Values[key] = value
			return save(c, s)
		},
		flash: func(c echo.Context, text string) error {
			s := get(c)
			s.AddFlash(text)
			return save(c, s)
		},
		shown: func(c echo.Context) (string, error) {
			s := get(c)
			flashes := s.Flashes()
			if len(flashes) == 0 {
				return "", nil
			}
			text, _ := flashes[0].(string)
			return text, save(c, s)
		},
	}, echosession.Middleware(store))
}

var gorillaOptions = sessions.Options{
	Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
}

func echoContribSigned(*backend) (transports, error) {
	store := sessions.NewCookieStore(secret)
	store.Options = &gorillaOptions
	return echoContrib(store), nil
}

func echoContribEncrypted(*backend) (transports, error) {
	store := sessions.NewCookieStore(secret, blockKey)
	store.Options = &gorillaOptions
	return echoContrib(store), nil
}

func echoContribMemory(*backend) (transports, error) {
	store := memstore.NewMemStore(secret)
	store.Options = &gorillaOptions
	return echoContrib(store), nil
}

func echoContribFile(b *backend) (transports, error) {
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	store := sessions.NewFilesystemStore(dir, secret)
	store.Options = &gorillaOptions
	store.MaxLength(0) // the default is 4096 bytes
	return echoContrib(store), nil
}

func echoContribRedis(b *backend) (transports, error) {
	client, err := b.redis()
	if err != nil {
		return nil, err
	}
	store, err := redisstore.NewRedisStore(context.Background(), client)
	if err != nil {
		return nil, err
	}
	store.Options(gorillaOptions)
	return echoContrib(store), nil
}
