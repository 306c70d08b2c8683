package main

import (
	"io"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v4"
)

// page is a page of the site.
type page int

const (
	untouched page = iota // does not look at the session
	seed                  // stores a realistic session
	read                  // answers with one value, of the key in the header of that name
	write                 // stores one value, under the key in the header
	flash                 // flashes a message and redirects to shown
	shown                 // answers with the message, once
	pageCount
)

var pageOf = [pageCount]struct {
	method, path string
	status       int // of a correct answer
}{
	untouched: {http.MethodGet, "/untouched", http.StatusNoContent},
	seed:      {http.MethodPost, "/seed", http.StatusNoContent},
	read:      {http.MethodGet, "/read", http.StatusOK},
	write:     {http.MethodPost, "/write", http.StatusNoContent},
	flash:     {http.MethodPost, "/flash", http.StatusSeeOther},
	shown:     {http.MethodGet, "/shown", http.StatusOK},
}

// The headers that tell the pages what to read and write. A form would have to be parsed, which is
// not to be measured here.
const (
	keyHeader   = "Key"
	valueHeader = "Value"
)

// message is the text of the message that flash adds.
const message = "Your changes are saved."

// pages is what the pages do with a session. C is the type of a request in a framework.
type pages[C any] struct {
	seed  func(c C) error
	read  func(c C, key string) (string, error) // "" if there is none
	write func(c C, key, value string) error
	flash func(c C, text string) error
	shown func(c C) (string, error) // "" if there is none
}

func onEcho(p pages[echo.Context], mw ...echo.MiddlewareFunc) transports {
	e := echo.New()
	e.Use(mw...)
	e.GET(pageOf[untouched].path, func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	e.POST(pageOf[seed].path, func(c echo.Context) error {
		if err := p.seed(c); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	})
	e.GET(pageOf[read].path, func(c echo.Context) error {
		value, err := p.read(c, c.Request().Header.Get(keyHeader))
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, value)
	})
	e.POST(pageOf[write].path, func(c echo.Context) error {
		h := c.Request().Header
		if err := p.write(c, h.Get(keyHeader), h.Get(valueHeader)); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	})
	e.POST(pageOf[flash].path, func(c echo.Context) error {
		if err := p.flash(c, message); err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, pageOf[shown].path)
	})
	e.GET(pageOf[shown].path, func(c echo.Context) error {
		text, err := p.shown(c)
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, text)
	})
	return overHTTP(e)
}

func onNetHTTP(p pages[*http.Request], mw func(http.Handler) http.Handler) transports {
	mux := http.NewServeMux()
	handle := func(at page, work func(*http.Request) (string, error)) {
		mux.HandleFunc(pageOf[at].method+" "+pageOf[at].path, func(w http.ResponseWriter, r *http.Request) {
			body, err := work(r)
			switch status := pageOf[at].status; {
			case err != nil:
				http.Error(w, err.Error(), http.StatusInternalServerError)
			case status == http.StatusSeeOther:
				http.Redirect(w, r, pageOf[shown].path, status)
			case status == http.StatusNoContent:
				w.WriteHeader(status)
			default:
				w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			}
		})
	}
	handle(untouched, func(*http.Request) (string, error) { return "", nil })
	handle(seed, func(r *http.Request) (string, error) { return "", p.seed(r) })
	handle(read, func(r *http.Request) (string, error) { return p.read(r, r.Header.Get(keyHeader)) })
	handle(write, func(r *http.Request) (string, error) {
		return "", p.write(r, r.Header.Get(keyHeader), r.Header.Get(valueHeader))
	})
	handle(flash, func(r *http.Request) (string, error) { return "", p.flash(r, message) })
	handle(shown, p.shown)
	return overHTTP(mw(mux))
}

func onGin(p pages[*gin.Context], mw ...gin.HandlerFunc) transports {
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	g.Use(mw...)
	handle := func(at page, work func(*gin.Context) (string, error)) {
		g.Handle(pageOf[at].method, pageOf[at].path, func(c *gin.Context) {
			body, err := work(c)
			switch status := pageOf[at].status; {
			case err != nil:
				c.String(http.StatusInternalServerError, err.Error())
			case status == http.StatusSeeOther:
				c.Redirect(status, pageOf[shown].path)
			case status == http.StatusNoContent:
				c.Status(status)
			default:
				c.String(status, body)
			}
		})
	}
	handle(untouched, func(*gin.Context) (string, error) { return "", nil })
	handle(seed, func(c *gin.Context) (string, error) { return "", p.seed(c) })
	handle(read, func(c *gin.Context) (string, error) { return p.read(c, c.GetHeader(keyHeader)) })
	handle(write, func(c *gin.Context) (string, error) {
		return "", p.write(c, c.GetHeader(keyHeader), c.GetHeader(valueHeader))
	})
	handle(flash, func(c *gin.Context) (string, error) { return "", p.flash(c, message) })
	handle(shown, p.shown)
	return overHTTP(g)
}

func onFiber(p pages[fiber.Ctx], mw ...any) transports {
	app := fiber.New()
	for _, m := range mw {
		app.Use(m)
	}
	app.Get(pageOf[untouched].path, func(c fiber.Ctx) error { return noContent(c, nil) })
	app.Post(pageOf[seed].path, func(c fiber.Ctx) error { return noContent(c, p.seed(c)) })
	app.Get(pageOf[read].path, func(c fiber.Ctx) error {
		value, err := p.read(c, c.Get(keyHeader))
		if err != nil {
			return err
		}
		return c.SendString(value)
	})
	app.Post(pageOf[write].path, func(c fiber.Ctx) error {
		return noContent(c, p.write(c, c.Get(keyHeader), c.Get(valueHeader)))
	})
	app.Post(pageOf[flash].path, func(c fiber.Ctx) error {
		if err := p.flash(c, message); err != nil {
			return err
		}
		return c.Redirect().Status(http.StatusSeeOther).To(pageOf[shown].path)
	})
	app.Get(pageOf[shown].path, func(c fiber.Ctx) error {
		text, err := p.shown(c)
		if err != nil {
			return err
		}
		return c.SendString(text)
	})
	return overFastHTTP(app.Handler())
}

func noContent(c fiber.Ctx, err error) error {
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}
