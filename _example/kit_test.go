package main

import (
	"context"
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/sessiontest"
)

func Test_that_a_browser_goes_on_with_the_session_of_a_test(t *testing.T) {
	for _, driver := range []string{"memory", "cookie"} {
		t.Run(driver, func(t *testing.T) {
			store := open(t, driver)
			app := serveApp(t, store)
			cfg := session.Config{Store: store, Cookie: session.CookieOptions{Insecure: true}}
			visitor := sessiontest.NewAt(t, cfg, app, nil)
			visitor.Seed(func(s *session.Session) {
				s.Put("member", "ada@example.com")
				s.FlashSuccess("You have been expected.")
			})

			b := openTab(t, app)
			b.do(lendCookies(visitor, app))
			b.open("/account")
			b.wantPath("/account")
			b.wantAlerts("You have been expected.")
			b.open("/cart")
			b.press(`form[action="/cart"] button`)

			b.do(takeCookies(visitor, app))
			visitor.AssertValue("member", "ada@example.com")
			visitor.AssertValue("cart")
			visitor.AssertNoAlert()
		})
	}
}

// lendCookies gives the visitor's cookies, and so the session, to a browser.
func lendCookies(visitor *sessiontest.Visitor, site string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
		for _, c := range visitor.Cookies() {
			cookie := network.SetCookieParams{
				URL: site, Name: c.Name, Value: c.Value, Path: c.Path, Domain: c.Domain,
				Secure: &c.Secure, HTTPOnly: &c.HttpOnly, SameSite: network.CookieSameSiteLax,
			}
			if _, err := cdp.Call(ctx, page, network.SetCookie, cookie); err != nil {
				return err
			}
		}
		return nil
	})
}

// takeCookies gives the browser's current cookies to the visitor.
func takeCookies(visitor *sessiontest.Visitor, site string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, page *chromedp.Target) error {
		got, err := cdp.Call(ctx, page, network.GetCookies, network.GetCookiesParams{URLs: []string{site}})
		if err != nil {
			return err
		}
		var cookies []*http.Cookie
		for _, c := range got.Cookies {
			cookies = append(cookies, &http.Cookie{
				Name: c.Name, Value: c.Value, Path: c.Path, Domain: c.Domain,
				Secure: c.Secure, HttpOnly: c.HTTPOnly,
			})
		}
		visitor.SetCookies(cookies)
		return nil
	})
}
