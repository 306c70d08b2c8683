package main

import "github.com/chromedp/chromedp"

// scenes lead to the pages that are worth a look.
var scenes = map[string]func(tab){
	"home": func(b tab) {
		b.open("/")
		b.press(`[value="several"]`)
	},
	"link": func(b tab) {
		b.open("/")
		b.press(`[value="link"]`)
	},
	"warning": func(b tab) {
		b.open("/")
		b.press(`[value="warning"]`)
	},
	"notice": func(b tab) {
		b.open("/")
		b.press(`[action="/moved"] button`)
	},
	"cart": func(b tab) {
		b.open("/cart")
		b.press(`.products [value="plant"]`)
		b.press(`.products [value="cup"]`)
	},
	"emptied": func(b tab) {
		b.open("/cart")
		b.press(`.products [value="plant"]`)
		b.press(`[action="/cart/empty"] button`)
	},
	"new": func(b tab) { b.open("/posts/new") },
	"form": func(b tab) {
		b.open("/posts/new")
		b.fill(`[name="title"]`, "Forms without tears")
		b.fill(`[name="body"]`, "Too short")
		b.do(
			chromedp.SetValue(`[name="category"]`, "story"),
			chromedp.SetValue(`[name="date"]`, "2026-11-23"),
			chromedp.Click(`#tags-go`),
		)
		b.fill(`[name="author.name"]`, "Ada")
		b.fill(`[name="author.email"]`, "ada@")
		b.fill(`[name="password"]`, "secret")
		b.press(`main form button`)
	},
	"login": func(b tab) { b.open("/account") },
	"sessions": func(b tab) {
		b.app = startApp(b.t, "memory")
		logIn(b.t, b.app, safari, "ada@example.com")
		logIn(b.t, b.app, firefox, "ada@example.com")
		logIn(b.t, b.app, "", "ada@example.com")
		b.open("/account/sessions")
		b.logIn()
	},
	"account": func(b tab) {
		b.open("/account")
		b.logIn()
	},
	"nosessions": func(b tab) {
		b.app = startApp(b.t, "cookie")
		b.open("/account/sessions")
		b.logIn()
	},
	"newsletter": func(b tab) {
		b.open("/cart")
		b.fill(`footer [name="email"]`, "ada@")
		b.press(`footer button`)
	},
	"missing": func(b tab) { b.open("/nowhere") },
}
