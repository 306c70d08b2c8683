package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

// A library is what drives pages in the browser, if anything does.
type library struct {
	name    string
	scripts []string // in the directory of scripts/setup
	boosted string   // the attribute of body that makes links and forms swap pages instead of loading them
	noBoost string   // the attribute of a link that makes it load its page nevertheless
	off     bool     // JavaScript is switched off
}

var (
	plain      = library{name: "HTML"}
	scriptless = library{name: "HTML without JavaScript", off: true}
	htmx2      = library{
		name:    "htmx 2",
		scripts: []string{"htmx.org-2.0.11/dist/htmx.min.js", "htmx-ext-preload-2.1.2/dist/preload.min.js"},
		boosted: `hx-boost="true" hx-ext="preload"`,
		noBoost: `hx-boost="false"`,
	}
	htmx4 = library{
		name: "htmx 4",
		scripts: []string{
			"htmx.org-4.0.1/dist/htmx.min.js",
			"htmx.org-4.0.1/dist/ext/hx-preload.min.js", "htmx.org-4.0.1/dist/ext/hx-history-cache.min.js",
		},
		boosted: `hx-boost:inherited="true"`,
		noBoost: `hx-boost="false"`,
	}
	turbo = library{
		name:    "Turbo",
		scripts: []string{"hotwired-turbo-8.0.23/dist/turbo.es2017-umd.js"},
		noBoost: `data-turbo="false"`,
	}
	unpoly = library{
		name:    "Unpoly",
		scripts: []string{"unpoly-3.14.3/unpoly.min.js"},
		noBoost: `up-follow="false"`,
	}
)

var (
	allLibraries = []library{plain, scriptless, htmx2, htmx4, turbo}
	htmx         = []library{htmx2, htmx4}
)

// unpolyJS makes Unpoly swap pages.
const unpolyJS = `up.link.config.followSelectors.push("a[href]"); up.form.config.submitSelectors.push("form")`

// A site is a small application. All its pages show messages in one layout, written as an
// application would write it for that library.
type site struct {
	library
	boost bool   // pages are swapped instead of loaded
	alone bool   // pages do not have components.Script
	polls bool   // every page requests /poll every 150 ms
	start markup // what a test can click on /start
	rules string // how Chromium loads /done ahead of time from /quiet: "prefetch", "prerender", or "" for not at all

	url     string
	traffic board[traffic]
	gate    chan struct{} // /held and /streamed wait until it is closed
}

// traffic is how often each path was requested, and answered.
type traffic struct{ asked, answered map[string]int }

// onSites runs test with each of these libraries, and each kind of store.
func onSites(t *testing.T, libraries []library, test func(*testing.T, *site, string)) {
	t.Helper()
	for _, l := range libraries {
		for _, driver := range []string{"memory", "cookie"} {
			t.Run(l.name+" "+driver, func(t *testing.T) {
				t.Parallel()
				test(t, &site{library: l}, driver)
			})
		}
	}
}

// serve starts s with a store.
func (s *site) serve(t *testing.T, driver string) {
	t.Helper()
	e := echo.New()
	e.Pre(middleware.MethodOverrideWithConfig(middleware.MethodOverrideConfig{Getter: middleware.MethodFromForm("_method")}))
	e.Use(
		s.count,
		middleware.SecureWithConfig(middleware.SecureConfig{ContentSecurityPolicy: strictPolicy}),
		session.Middleware(session.Config{Store: open(t, driver)}), // secure cookies, which browsers accept from localhost
	)
	for _, name := range s.scripts {
		path, err := npmFile(name)
		if err != nil {
			t.Fatal(err)
		}
		e.File("/npm/"+name, path)
	}
	s.routes(e)
	s.traffic = newBoard(traffic{map[string]int{}, map[string]int{}})
	s.gate = make(chan struct{})
	// A browser trusts localhost as it trusts https: for example, it sends Sec-Fetch-Dest.
	s.url = strings.Replace(listen(t, e), "127.0.0.1", "localhost", 1)
}

// strictPolicy has no unsafe-inline. The nonce is for the progress bar of Turbo; a real application
// generates a new one for each page.
const (
	strictPolicy = "default-src 'none'; script-src 'self'; style-src 'nonce-" + styleNonce + "'; connect-src 'self'; " +
		"img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	styleNonce = "c3R5bGU"
)

func (s *site) count(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		path := c.Request().URL.Path
		s.traffic.change(func(t *traffic) { t.asked[path]++ })
		defer s.traffic.change(func(t *traffic) { t.answered[path]++ })
		return next(c)
	}
}

// more waits until a path has been answered n more times.
func (s *site) more(ctx context.Context, path string, n int) error {
	n += s.timesAnswered(path)
	return s.traffic.wait(ctx, func(t traffic) bool { return t.answered[path] >= n })
}

func (s *site) timesAnswered(path string) (n int) {
	s.traffic.look(func(t traffic) { n = t.answered[path] })
	return n
}

func (s *site) routes(e *echo.Echo) {
	for _, name := range []string{"start", "done", "next"} {
		e.GET("/"+name, func(c echo.Context) error { return session.Render(c, http.StatusOK, s.page(name)) })
	}
	e.POST("/save", save)
	e.DELETE("/save", save)
	e.POST("/login", func(c echo.Context) error {
		session.From(c).Regenerate()
		session.From(c).Put("user", "Ada")
		return save(c)
	})
	e.GET("/hop", s.hop)
	e.GET("/held", s.held)
	e.POST("/locate", locate)
	e.POST("/part", saveThenPart)
	e.DELETE("/part", saveThenPart)
	e.GET("/part", part)
	e.POST("/row", row)
	e.POST("/form", s.submit)
	e.POST("/again", s.again)
	e.POST("/refused", refuse)
	e.GET("/guarded", guarded)
	e.GET("/flash", s.flashOnly)
	e.GET("/quiet", s.quiet)
	e.GET("/streamed", s.streamed)
	e.GET("/around", around)
	e.GET("/framed", framed)
	e.GET("/rules.json", s.speculationRules)
	e.GET("/poll", idle)
	e.GET("/poll.js", script(`setInterval(() => fetch("/poll"), 150)`))
	e.GET("/components.js", script(components.JS))
	e.GET("/unpoly.js", script(unpolyJS))
}

// save flashes the text ?say, and sends the visitor to ?to, or to /done, through ?hops redirects. If
// there is ?clear, the browser drops what it has loaded ahead.
func save(c echo.Context) error {
	if c.QueryParam("clear") != "" {
		c.Response().Header().Set("Clear-Site-Data", `"prefetchCache", "prerenderCache"`)
	}
	text := c.QueryParam("say")
	if text == "" {
		text = "Saved."
	}
	session.From(c).FlashSuccess(text)
	return session.Redirect(c, onTheWay(c))
}

func onTheWay(c echo.Context) string {
	to := c.QueryParam("to")
	if to == "" {
		to = "/done"
	}
	hops, _ := strconv.Atoi(c.QueryParam("hops"))
	if hops == 0 {
		return to
	}
	return "/hop?" + url.Values{"to": {to}, "hops": {strconv.Itoa(hops - 1)}, "after": {c.QueryParam("after")}}.Encode()
}

// hop redirects. If there is ?after, it first waits until that path was answered twice more.
func (s *site) hop(c echo.Context) error {
	if path := c.QueryParam("after"); path != "" {
		if err := s.more(c.Request().Context(), path, 2); err != nil {
			return err
		}
	}
	return session.Redirect(c, onTheWay(c))
}

// locate sends htmx to another page in htmx's own way.
func locate(c echo.Context) error {
	session.From(c).FlashSuccess("Saved.")
	c.Response().Header().Set("HX-Location", "/done")
	return c.NoContent(http.StatusNoContent)
}

// saveThenPart redirects to a part of a page.
func saveThenPart(c echo.Context) error {
	session.From(c).FlashSuccess("Saved.")
	return c.Redirect(http.StatusSeeOther, "/part")
}

func part(c echo.Context) error {
	return session.Render(c, http.StatusOK, markup{`<p data-page="part">A part.</p>`, components.FlashAlertsOOB()})
}

// row is a part of a page with its own message.
func row(c echo.Context) error {
	session.From(c).FlashSuccess(c.QueryParam("say"))
	return part(c)
}

// submit refuses every form.
func (s *site) submit(c echo.Context) error {
	session.From(c).FlashError("Not saved.")
	wrong := session.ValidationErrors{"title": {"Enter a longer title."}}
	return session.Invalid(c, wrong, markup{titleForm, components.FlashAlertsOOB()})
}

// titleForm is a form that htmx, if present, sends and replaces by itself.
var titleForm = markup{
	`<form id="form" method="post" action="/form" hx-post="/form" hx-swap="outerHTML" data-page="form">`,
	components.Field("title", components.Input{Label: "Title"}), `<button>Save</button></form>`,
}

// again refuses every form, too, and answers with the form's page.
func (s *site) again(c echo.Context) error {
	return session.Invalid(c, session.ValidationErrors{"title": {"Enter a longer title."}}, s.page("start"))
}

// guarded flashes a message the first time, and always leads to /done.
func guarded(c echo.Context) error {
	if s := session.From(c); !s.Has("told") {
		s.Put("told", true)
		s.FlashSuccess("Saved.")
	}
	return session.Redirect(c, "/done")
}

// refuse refuses every form, and goes back to its page.
func refuse(c echo.Context) error {
	return session.Invalid(c, session.ValidationErrors{"title": {"Enter a longer title."}})
}

// formTo is a form for again or refuse.
func formTo(action string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		content := markup{components.Field("title", components.Input{Label: "Title"}), `<button>Save</button>`}
		return components.Form(components.FormProps{Action: action}).Render(templ.WithChildren(ctx, content), w)
	})
}

// flashOnly flashes on a page that shows no messages.
func (s *site) flashOnly(c echo.Context) error {
	session.From(c).FlashSuccess("Saved.")
	return session.Render(c, http.StatusOK, s.layout("flash", templ.NopComponent, nil))
}

// quiet is a page that shows no messages.
func (s *site) quiet(c echo.Context) error {
	if s.rules != "" {
		c.Response().Header().Set("Speculation-Rules", `"/rules.json"`)
	}
	return session.Render(c, http.StatusOK, s.layout("quiet", templ.NopComponent, s.start))
}

// around is a page that does not use the session, with a frame in it that shows messages.
func around(c echo.Context) error {
	return c.HTML(http.StatusOK, `<!DOCTYPE html><html lang="en"><link rel="icon" href="data:,"><title>Around</title>`+
		`<a id="load-next" href="/next">Next</a><iframe src="/framed"></iframe></html>`)
}

func framed(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderContentSecurityPolicy, strings.Replace(strictPolicy, "frame-ancestors 'none'", "frame-ancestors 'self'", 1))
	return session.Render(c, http.StatusOK, markup{
		`<!DOCTYPE html><html lang="en"><title>Framed</title><script defer src="/components.js"></script>`,
		components.FlashAlerts(), `<main data-page="framed"></main></html>`,
	})
}

// streamed is a page that is sent in two halves. The second one waits for the gate.
func (s *site) streamed(c echo.Context) error {
	session.From(c).FlashMessages() // claims them: with a cookie store they are consumed by the head
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	return s.page("streamed", templ.Flush(), gate(s.gate), `<p data-page="end of stream">That is all.</p>`).Render(c.Request().Context(), c.Response())
}

// gate is a component that waits.
type gate chan struct{}

func (g gate) Render(ctx context.Context, w io.Writer) error {
	select {
	case <-g:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *site) speculationRules(c echo.Context) error {
	rules := `{"` + s.rules + `": [{"urls": ["/done"], "eagerness": "immediate"}]}`
	return c.Blob(http.StatusOK, "application/speculationrules+json", []byte(rules))
}

// held redirects to /done when the gate is open.
func (s *site) held(c echo.Context) error {
	if err := gate(s.gate).Render(c.Request().Context(), io.Discard); err != nil {
		return err
	}
	return session.Redirect(c, "/done")
}

// idle uses the session, and shows no messages.
func idle(c echo.Context) error {
	user := session.Get(session.From(c), "user", "nobody")
	return c.HTML(http.StatusOK, "<p>"+user+" has no news.</p>")
}

func script(js string) echo.HandlerFunc {
	return func(c echo.Context) error { return c.Blob(http.StatusOK, "text/javascript", []byte(js)) }
}

// page is a page that shows messages.
func (s *site) page(name string, content ...any) templ.Component {
	if name == "start" {
		content = s.start
	}
	return s.layout(name, s.alerts(), content)
}

func (s *site) alerts() templ.Component {
	if s.name == unpoly.name {
		return components.FlashAlerts(components.FlashProps{Attrs: templ.Attributes{"up-flashes": true}})
	}
	return components.FlashAlerts()
}

func (s *site) layout(name string, alerts templ.Component, content markup) templ.Component {
	return markup{
		`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>`, name, `</title><link rel="icon" href="data:,">`,
		s.libraryHead(),
		`</head><body `, s.bodyAttributes(), `>`,
		`<nav><a id="to-start" href="/start">Start</a> <a id="to-next" href="/next">Next</a> <a id="to-done" href="/done">Done</a> <a id="load-next" href="/next" `, s.noBoost, `>Load next</a></nav>`,
		alerts,
		`<main id="main" data-page="`, name, `">`, content, `</main>`,
		s.poller(),
		`</body></html>`,
	}
}

func (s *site) libraryHead() any {
	var head markup
	switch s.name {
	case turbo.name:
		head = markup{`<meta name="csp-nonce" content="` + styleNonce + `">`}
	case htmx2.name, htmx4.name:
		head = markup{components.HTMXConfig()}
	}
	if len(s.scripts) > 0 && !s.alone {
		head = append(head, `<script defer src="/components.js"></script>`)
	}
	for _, name := range s.scripts {
		head = append(head, `<script defer src="/npm/`+name+`"></script>`)
	}
	if s.boost && s.name == unpoly.name {
		head = append(head, `<script defer src="/unpoly.js"></script>`)
	}
	return head
}

func (s *site) bodyAttributes() string {
	if s.boost {
		return s.boosted
	}
	return ""
}

func (s *site) poller() string {
	switch {
	case !s.polls:
		return ""
	case s.name == htmx2.name, s.name == htmx4.name:
		return `<div id="news" hx-get="/poll" hx-trigger="every 150ms"></div>`
	}
	return `<script defer src="/poll.js"></script>`
}

// markup is a component of HTML and other components in turn.
type markup []any

func (m markup) Render(ctx context.Context, w io.Writer) error {
	for _, part := range m {
		var err error
		switch part := part.(type) {
		case string:
			_, err = io.WriteString(w, part)
		case templ.Component:
			err = part.Render(ctx, w)
		default:
			err = fmt.Errorf("%T is no markup", part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
