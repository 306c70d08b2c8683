package main

import (
	"net/http"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
)

// scsSessions is alexedwards/scs on net/http, for which it is made. It has no messages: a string
// that is taken out of the session stands for them.
func scsSessions(store scs.Store, idle time.Duration) transports {
	m := scs.New()
	m.Store = store
	m.Lifetime = maxAge * time.Second
	m.IdleTimeout = idle
	m.Cookie.Name = cookieName
	return onNetHTTP(pages[*http.Request]{
		seed: func(r *http.Request) error {
			for key, value := range values {
				m.Put(r.Context(), key, value)
			}
			return nil
		},
		read: func(r *http.Request, key string) (string, error) {
			return m.GetString(r.Context(), key), nil
		},
		write: func(r *http.Request, key, value string) error {
			m.Put(r.Context(), key, value)
			return nil
		},
		flash: func(r *http.Request, text string) error {
			m.Put(r.Context(), "flash", text)
			return nil
		},
		shown: func(r *http.Request) (string, error) {
			return m.PopString(r.Context(), "flash"), nil
		},
	}, m.LoadAndSave)
}

func scsMemory(*backend) (transports, error) {
	return scsSessions(memstore.NewWithCleanupInterval(0), 0), nil
}

func scsMemoryIdle(*backend) (transports, error) {
	return scsSessions(memstore.NewWithCleanupInterval(0), time.Hour), nil
}

func scsRedis(b *backend) (transports, error) { return scsOnRedis(b, 0) }

func scsRedisIdle(b *backend) (transports, error) { return scsOnRedis(b, time.Hour) }

func scsOnRedis(b *backend, idle time.Duration) (transports, error) {
	client, err := b.redis()
	if err != nil {
		return nil, err
	}
	return scsSessions(goredisstore.New(client), idle), nil
}
