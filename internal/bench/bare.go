package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v4"
)

// noSession is the pages of a site that stores nothing: they show what the framework alone costs.
func noSession[C any]() pages[C] {
	nothing := func(C) error { return nil }
	same := func(C) (string, error) { return message, nil }
	return pages[C]{
		seed:  nothing,
		read:  func(C, string) (string, error) { return values[textKey].(string), nil },
		write: func(C, string, string) error { return nil },
		flash: func(C, string) error { return nil },
		shown: same,
	}
}

func bareEcho(*backend) (transports, error) { return onEcho(noSession[echo.Context]()), nil }

// idleEcho has middleware that does nothing. Echo builds the chain anew in each request.
func idleEcho(*backend) (transports, error) { return onEcho(noSession[echo.Context](), idle), nil }

func idle(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error { return next(c) }
}

func bareNetHTTP(*backend) (transports, error) {
	return onNetHTTP(noSession[*http.Request](), func(h http.Handler) http.Handler { return h }), nil
}

func bareGin(*backend) (transports, error) { return onGin(noSession[*gin.Context]()), nil }

func bareFiber(*backend) (transports, error) { return onFiber(noSession[fiber.Ctx]()), nil }
