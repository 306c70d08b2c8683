package main

import (
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/filestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

// The names of this library in all tables.
const (
	ours       = "session"
	oursSynced = ours + "-synced"
)

func library(store session.Store, err error) (transports, error) {
	if err != nil {
		return nil, err
	}
	mw, err := session.Config{
		Store:      store,
		CookieName: cookieName,
		Cookie:     session.CookieOptions{Insecure: true}, // as all others have it
		Logger:     silent,                                // about being insecure
	}.ToMiddleware()
	if err != nil {
		return nil, err
	}
	return onEcho(pages[echo.Context]{
		seed: func(c echo.Context) error {
			s := session.From(c)
			for key, value := range values {
				s.Put(key, value)
			}
			return nil
		},
		read: func(c echo.Context, key string) (string, error) {
			return session.Get[string](session.From(c), key), nil
		},
		write: func(c echo.Context, key, value string) error {
			session.From(c).Put(key, value)
			return nil
		},
		flash: func(c echo.Context, text string) error {
			session.From(c).FlashSuccess(text)
			return nil
		},
		shown: func(c echo.Context) (string, error) {
			for _, m := range session.From(c).FlashMessages().Alerts() {
				return m.Text, nil
			}
			return "", nil
		},
	}, mw), nil
}

func libraryCookie(*backend) (transports, error) {
	return library(cookiestore.New(cookiestore.Options{Keys: [][]byte{secret}}))
}

// The limits are out of reach: a full store refuses new visitors, and a benchmark has more of them
// in a second than a site has in a day.
func libraryMemory(*backend) (transports, error) {
	return library(memorystore.New(memorystore.Options{MaxSessions: 1 << 30, MaxBytes: 1 << 40}), nil)
}

func libraryFile(b *backend) (transports, error) { return libraryFiles(b, false) }

// libraryFileNoSync does not wait for the disk, like the peers and the floor.
func libraryFileNoSync(b *backend) (transports, error) { return libraryFiles(b, true) }

func libraryFiles(b *backend, noSync bool) (transports, error) {
	dir, err := b.dir()
	if err != nil {
		return nil, err
	}
	store, err := filestore.New(filestore.Options{Dir: dir, NoSync: noSync, Logger: silent})
	if err != nil {
		return nil, err
	}
	b.onClose(func() { _ = store.Close() })
	return library(store, nil)
}

func libraryRedis(b *backend) (transports, error) {
	client, err := b.redis()
	if err != nil {
		return nil, err
	}
	return library(redisstore.New(client, redisstore.Options{}))
}
