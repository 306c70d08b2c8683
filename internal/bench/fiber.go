package main

import (
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/extractors"
	"github.com/gofiber/fiber/v3/middleware/session"
	"github.com/gofiber/storage/redis/v3"
)

// fiberSession is fiber's own session. It has no messages: a string that is taken out of the
// session stands for them.
func fiberSession(b *backend, storage fiber.Storage) transports {
	mw, store := session.NewWithStore(session.Config{
		Storage:        storage,
		Extractor:      extractors.FromCookie(cookieName),
		CookiePath:     "/",
		CookieHTTPOnly: true,
		IdleTimeout:    maxAge * time.Second,
	})
	store.RegisterType([]string(nil))
	store.RegisterType([]cartLine(nil))
	b.onClose(func() { _ = store.Storage.Close() })
	return onFiber(pages[fiber.Ctx]{
		seed: func(c fiber.Ctx) error {
			s := session.FromContext(c)
			for key, value := range values {
				s.Set(key, value)
			}
			return nil
		},
		read: func(c fiber.Ctx, key string) (string, error) {
			value, _ := session.FromContext(c).Get(key).(string)
			return value, nil
		},
		write: func(c fiber.Ctx, key, value string) error {
			session.FromContext(c).Set(key, value)
			return nil
		},
		flash: func(c fiber.Ctx, text string) error {
			session.FromContext(c).Set("flash", text)
			return nil
		},
		shown: func(c fiber.Ctx) (string, error) {
			s := session.FromContext(c)
			text, _ := s.Get("flash").(string)
			s.Delete("flash")
			return text, nil
		},
	}, mw)
}

func fiberMemory(b *backend) (transports, error) { return fiberSession(b, nil), nil }

func fiberRedis(b *backend) (transports, error) {
	client, err := b.redis()
	if err != nil {
		return nil, err
	}
	return fiberSession(b, redis.NewFromConnection(client)), nil
}
