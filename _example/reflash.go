package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

// moved flashes, and sends the visitor through two addresses that only redirect. The message waits
// for the page at the end without further work.
func moved(c echo.Context) error {
	session.From(c).FlashInfo("This message came along over two redirects.")
	return session.Redirect(c, "/old-url")
}

func redirectTo(url string) echo.HandlerFunc {
	return func(c echo.Context) error { return session.Redirect(c, url) }
}

func postNotice(c echo.Context) error {
	session.From(c).FlashWarning("You see this here, and once more on the next page.")
	return session.Redirect(c, "/notice")
}

// showNotice shows its messages and keeps them for one more page.
func showNotice(c echo.Context) error {
	session.From(c).Reflash()
	return session.Render(c, http.StatusOK, noticePage())
}
