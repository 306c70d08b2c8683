package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

var kindsByHand = map[string]string{"error": "Error", "warning": "Warning", "success": "Success", "info": "Note"}

var fieldNames = func() (names []string) {
	for i := range 20 {
		names = append(names, fmt.Sprint("field", i))
	}
	return names
}()

// rendering is a component on a page. Only its rendering is timed.
type rendering struct {
	subject string
	by      string
	flash   func(*session.Session) // before the page
	templ.Component
}

// renderings are pairs: first with the components, then by hand.
var renderings = []*rendering{
	{"a form of 20 fields", ours, nil, formOfComponents(fieldNames)},
	{"a form of 20 fields", "by-hand", nil, formByHand(fieldNames)},
	{"the same form with old input and an error", ours, mistake, formOfComponents(fieldNames)},
	{"the same form with old input and an error", "by-hand", mistake, formByHand(fieldNames)},
	{"four alerts", ours, fourAlerts, alertsOfComponents()},
	{"four alerts", "by-hand", fourAlerts, alertsByHand()},
}

func mistake(s *session.Session) {
	s.FlashAll()
	s.FlashInputErrors(map[string][]string{fieldNames[1]: {"is not a date"}})
}

func fourAlerts(s *session.Session) {
	s.FlashError("Your card was declined.")
	s.FlashWarning("Your basket ends in 10 minutes.")
	s.FlashSuccess("Your changes are saved.")
	s.FlashInfo("Tea & biscuits are back.")
}

func (r *rendering) name() string {
	return "components/" + strings.ReplaceAll(r.subject, " ", "-") + "/" + r.by
}
func (r *rendering) start() error { return nil }
func (r *rendering) close()       {}

func (r *rendering) time(b *testing.B) {
	b.ReportAllocs()
	err := r.onPage(func(ctx context.Context) error {
		var page bytes.Buffer
		for b.Loop() {
			page.Reset()
			if err := r.Render(ctx, &page); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// html is the HTML that it renders.
func (r *rendering) html() (string, error) {
	var page bytes.Buffer
	err := r.onPage(func(ctx context.Context) error { return r.Render(ctx, &page) })
	return page.String(), err
}

// onPage makes a visitor submit a form, and calls work while the next page is rendered.
func (r *rendering) onPage(work func(context.Context) error) error {
	mw, err := session.Config{Store: memorystore.New(memorystore.Options{})}.ToMiddleware()
	if err != nil {
		return err
	}
	e := echo.New()
	e.Use(mw)
	e.POST("/", func(c echo.Context) error {
		if r.flash != nil {
			r.flash(session.From(c))
		}
		return session.Redirect(c, "/")
	})
	e.GET("/", func(c echo.Context) error {
		if err = work(c.Request().Context()); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	})

	form := url.Values{}
	for _, name := range fieldNames {
		form.Set(name, "some text")
	}
	submit := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	submit.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, submit)

	get := httptest.NewRequest(http.MethodGet, "/", nil)
	get.Header.Set("Accept", "text/html")
	for _, cookie := range w.Result().Cookies() {
		get.AddCookie(cookie)
	}
	e.ServeHTTP(httptest.NewRecorder(), get)
	return err
}
