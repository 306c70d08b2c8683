package main

import (
	"net/http"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-contrib/sessions/redis"
	"github.com/gin-gonic/gin"
)

func ginContrib(store sessions.Store) transports {
	store.Options(sessions.Options{
		Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return onGin(pages[*gin.Context]{
		seed: func(c *gin.Context) error {
			s := sessions.Default(c)
			for key, value := range values {
				s.Set(key, value)
			}
			return s.Save()
		},
		read: func(c *gin.Context, key string) (string, error) {
			value, _ := sessions.Default(c).Get(key).(string)
			return value, nil
		},
		write: func(c *gin.Context, key, value string) error {
			s := sessions.Default(c)
			s.Set(key, value)
			return s.Save()
		},
		flash: func(c *gin.Context, text string) error {
			s := sessions.Default(c)
			s.AddFlash(text)
			return s.Save()
		},
		shown: func(c *gin.Context) (string, error) {
			s := sessions.Default(c)
			flashes := s.Flashes()
			if len(flashes) == 0 {
				return "", nil
			}
			text, _ := flashes[0].(string)
			return text, s.Save()
		},
	}, sessions.Sessions(cookieName, store))
}

func ginCookie(*backend) (transports, error) { return ginContrib(cookie.NewStore(secret)), nil }

func ginMemory(*backend) (transports, error) { return ginContrib(memstore.NewStore(secret)), nil }

func ginRedis(b *backend) (transports, error) {
	addr, err := b.redisAddr()
	if err != nil {
		return nil, err
	}
	store, err := redis.NewStore(10, "tcp", addr, "", "", secret)
	if err != nil {
		return nil, err
	}
	inner, err := redis.GetRedisStore(store)
	if err != nil {
		return nil, err
	}
	inner.SetMaxLength(0) // the default is 4096 bytes
	b.onClose(func() { _ = inner.Close() })
	return ginContrib(store), nil
}
