// Package session keeps per-visitor state for server-rendered applications: values, flash
// messages, old form input and validation errors. It is middleware for Echo v4; the templ
// components in the package [components] show what it keeps.
//
//	e.Use(session.Middleware(session.Config{
//		Store: memorystore.New(memorystore.Options{}),
//	}))
//
//	e.POST("/cart", func(c echo.Context) error {
//		s, item := session.From(c), c.FormValue("item")
//		session.Update(s, "cart", func(cart []string) []string { return append(cart, item) })
//		s.FlashSuccess("It is in your cart.")
//		return session.Redirect(c, "/cart")
//	})
//
// (The cookie is Secure: for plain http during development, set [CookieOptions].Insecure.)
//
// The package example is a complete program with a form. In the other examples, newApp makes an
// Echo with Middleware and a store in memory; visit, submit, send and curl make requests, as a
// browser would, and all but send print the answers.
//
// # Guarantees
//
// A request that does not use its session costs two allocations: no store call, no
// cookie, no header. Nothing stored means no record and no cookie.
//
// A request's changes are saved before the first byte of its response leaves, however
// it is answered: by a handler, an error handler, a redirect, a stream, a hijack, or not at
// all. If they cannot be saved, the visitor gets a clean error page (503, or 500 for a value
// that cannot be stored), and nothing of what the handler wrote.
//
// Parallel requests never lose each other's changes: a request records its changes, and
// replays them on the newest record. A session that was destroyed, or given a new id, never
// comes back under the old one. (Sessions in cookies cannot do this; see [cookiestore].)
//
// A flash message lives until a page shows it. A redirect, a poll, a prefetch or an image
// does not consume it.
//
// A store that cannot be reached is an error, and never looks like being logged out; see
// [Optional] for public pages.
//
// # A session and its life
//
// [From] is the session of a request, and [FromContext] that of a context, for example in
// templ components. A session begins when something is put into it. It ends at
// [Session.Destroy], after the IdleTimeout of [Config] without use, and in any case
// after the AbsoluteTimeout. You never have to save it.
//
// [Get], [Lookup], [Pull] and [Update] read and change values of any type that JSON can
// carry. Methods such as [Session.Put], [Session.Has] and [Session.Increment] need no type.
// A visitor who logs in gets a new id:
//
//	s.Regenerate()
//	s.Put("user", user.ID)
//	return session.Redirect(c, s.PullIntendedURL("/account"))
//
// [Session.RememberMe] keeps a session longer, for a visitor who asks for that.
//
// # Flash messages
//
// An alert, such as [Session.FlashSuccess], is a text for the next page; the component
// FlashAlerts shows it. [Session.Flash] is for any value, under a key of your own. Read them
// by hand with [Session.FlashMessages] and [Flashed]. [Session.FlashNow] is for a page
// that is rendered at once, and [Session.Reflash] keeps everything for one more page.
//
// # Forms
//
// [Invalid] answers a form that cannot be accepted. The visitor gets the form back, with
// what was typed (but no passwords), and each error beside its field:
//
//	if err := c.Validate(&post); err != nil {
//		return session.Invalid(c, err, postForm())
//	}
//
// It understands the errors of go-playground/validator, and [ValidationErrors] for your own
// checks. With [FlashInvalid] mounted, handlers return them and are done. The components Form,
// Field and OldInput show it all; in markup of your own, use [Session.Old],
// [Session.InputErrors] and, if a page has several forms, [Session.Submission].
//
// Mount [CrossOrigin] against forms that other sites send, or [CSRF] if you must have tokens.
//
// # Answers
//
// [Render], [Redirect] and [Back] do what their names say for whole pages, and what htmx and
// its like need for parts of pages. [IsPartial] says which of the two a request asks for. These
// four work without Middleware, too.
//
// # Users
//
// Say at login whose session it is, and you can list and end all sessions of a user:
//
//	s.Tag(user.ID) // and gives the session a new id, unless it has this tag already
//	…
//	devices, err := manager.Tagged(ctx, user.ID)
//	err = manager.DestroyTagged(ctx, user.ID, s.Handle()) // log out everywhere else
//
// The manager is what [New] returns; its middleware is [Manager.Middleware]. (Sessions in
// cookies cannot be found.)
//
// # Outside of a request
//
// A job changes sessions as requests do, and neither loses a change of the other; see
// [Manager.View], [Manager.Update] and [Manager.All]:
//
//	err := manager.UpdateTagged(ctx, user.ID, func(s *session.Session) error {
//		s.FlashInfo("Your export is ready.")
//		return nil
//	})
//
// # Concurrency
//
// A [Manager], its middleware and every [Session] are safe for concurrent use.
//
// # Stores
//
// One machine: [filestore]. Several: [redisstore] or [dynamodbstore]. Development and
// tests: [memorystore]. No server, at a price: [cookiestore]. The package [stores] picks one
// by the environment. A store of your own has the four methods of [Store], whose rules
// [storetest] checks; docs/custom-stores.md explains one on SQLite.
//
// # Monitoring and testing
//
// [Hooks] report what happens, to a log or, with [otelsession], to OpenTelemetry. They name a
// session by its handle, which opens nothing. The package [sessiontest] is for the tests of
// an application.
//
// # Mistakes
//
// Each of these has an example that shows what happens, and what to do instead.
//
//   - Computing a value with Get and Put: what another tab does meanwhile is lost. Example
//     LostUpdate of [Update].
//   - Changing what Get has returned: it is a copy. Example ChangedInPlace of [Get].
//   - Logging somebody in without a new id: whoever knows the old one is logged in as well.
//     Example Fixation of [Session.Regenerate].
//   - Logging out with [Session.Clear]: the session lives on. Example ByClear of
//     [Session.Destroy].
//   - Keeping a message as a value: a prefetch takes it away. Example AsAValue of
//     [Session.FlashInfo].
//   - Writing a component into the response: if it fails, half a page has left. Example
//     HalfAPage of [Render].
//   - Changing the session in a goroutine after the answer has left: the change comes too late.
//     Use [Manager.Update]. Example TooLate of [Session.Err].
//   - Giving a job the handle of a session that is new, or about to get another id: there is
//     none yet. Example of [Session.Handle].
//   - Making a page [Optional] that is for users only. Example Incorrect of [Optional].
//   - Mounting the middleware inside of what uses it. Example Incorrect of [Middleware].
//
// # Order of middleware
//
// Mount [Middleware] outside of what uses sessions. Gzip, BodyDump and Timeout may stand
// on either side. Prefer ContextTimeout to Timeout, which Echo has deprecated: behind Timeout a
// handler goes on running after its request has been answered, with an echo.Context that
// may by then belong to another request. There, take the *Session at the beginning.
//
// Mount it with Echo's Use. If you mount it with Pre, mount it after MethodOverride, Rewrite and
// whatever else changes the method or the path of a request: Echo finds the route by the request
// that it was given, and what is inside of [Middleware] has a copy. Under Pre no route is known
// yet: c.Path() is "" in Config.Skipper and Config.Passive.
//
// Echo's CORS belongs outside of [CrossOrigin] and [CSRF], or scripts of other origins cannot read
// what these two answer. For htmx across origins, have CORS expose HX-Redirect, and redirect to whole
// addresses.
//
// BodyLimit belongs inside of [Middleware] if an error handler calls [Invalid]: in Echo 4.16.0 it lends
// the reader that it has put around the body to the next request.
//
// Middleware that has errors answered at once, by c.Error, as Echo's Logger does, belongs outside of
// [FlashInvalid]: inside, it answers a form with errors by a 500.
//
// Whatever finishes a response by itself, such as net/http middleware that compresses, belongs around
// the whole Echo. In echo.WrapMiddleware, an error that is returned through it can no longer be
// answered, with or without sessions. If it must be there, mount it inside of [Middleware], so that
// at least a failed commit can be answered.
//
// Caches of whole responses belong outside of [Middleware]: inside, they see neither Vary nor
// Cache-Control. Requests with a session must not share one response, as by singleflight.
//
// A transaction that is committed if the handler returns no error belongs outside, too: a session
// that cannot be saved is such an error.
//
// What calls the handler several times belongs inside: outside, the cookies and messages of one try
// would get into the response of another.
//
// [components]: https://pkg.go.dev/github.com/echo-hypermedia/session/components
// [stores]: https://pkg.go.dev/github.com/echo-hypermedia/session/stores
// [cookiestore]: https://pkg.go.dev/github.com/echo-hypermedia/session/stores/cookiestore
// [dynamodbstore]: https://pkg.go.dev/github.com/echo-hypermedia/session/stores/dynamodbstore
// [filestore]: https://pkg.go.dev/github.com/echo-hypermedia/session/stores/filestore
// [memorystore]: https://pkg.go.dev/github.com/echo-hypermedia/session/stores/memorystore
// [redisstore]: https://pkg.go.dev/github.com/echo-hypermedia/session/stores/redisstore
// [storetest]: https://pkg.go.dev/github.com/echo-hypermedia/session/stores/storetest
// [sessiontest]: https://pkg.go.dev/github.com/echo-hypermedia/session/sessiontest
// [otelsession]: https://pkg.go.dev/github.com/echo-hypermedia/session/otelsession
package session
