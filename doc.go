// Package session keeps what a visitor of a server-rendered application said and was told:
// values, flash messages, old form input and validation errors. It is middleware for Echo
// v4, and what it keeps is shown by the templ components in the package [components].
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
// The example of the package is a whole program with a form. (The cookie is Secure: for plain
// http, while you develop, set [CookieOptions].Insecure.)
//
// # What holds
//
// A request that does not use its session costs two allocations: no store call, no
// cookie, no header. Nothing stored means no record and no cookie.
//
// What a request changes is saved before the first byte of its response leaves, however
// it is answered: by a handler, an error handler, a redirect, a stream, a hijack, or not at
// all. If it cannot be saved, the visitor gets a clean error page (503, or 500 for a value
// that cannot be stored), and none of what the handler said.
//
// Parallel requests lose none of each other's changes: a request is a list of changes, and is
// replayed on the newest record. A session that was destroyed, or given a new id, never
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
// [From] is the session of a request, and [FromContext] that of a context, in templ
// components for example. A session begins when something is put into it. It ends by
// [Session.Destroy], or when it was not used for the IdleTimeout of [Config], and in any
// case after the AbsoluteTimeout. Nobody has to save it.
//
// [Get], [Lookup], [Pull] and [Update] read and change values of any type that JSON can
// carry; the other methods need no type, such as [Session.Put], [Session.Has] and
// [Session.Increment]. A visitor who logs in gets a new id:
//
//	s.Regenerate()
//	s.Put("user", user.ID)
//	return session.Redirect(c, s.PullIntendedURL("/account"))
//
// [Session.RememberMe] keeps a session for longer, if its visitor asks for that.
//
// # Flash messages
//
// An alert, such as [Session.FlashSuccess], is a text for the next page; the component
// FlashAlerts shows it. [Session.Flash] is for any value, under a key of your own. Read by
// hand, they are [Session.FlashMessages] and [Flashed]. [Session.FlashNow] is for a page
// that is shown at once, and [Session.Reflash] keeps everything for one more.
//
// # Forms
//
// [Invalid] answers a form that cannot be accepted. The visitor is back at the form, with
// what was typed (but no passwords), and with what is wrong beside each field:
//
//	if err := c.Validate(&post); err != nil {
//		return session.Invalid(c, err, postForm())
//	}
//
// It understands the errors of go-playground/validator, and [ValidationErrors] for checks by
// hand. With [FlashInvalid] mounted, handlers simply return them. The components Form, Field
// and OldInput show it all; by hand it is [Session.Old], [Session.InputErrors] and, where a
// page has several forms, [Session.Submission].
//
// Mount [CrossOrigin] against forms that other sites send, or [CSRF] if you must have tokens.
//
// # Answers
//
// [Render], [Redirect] and [Back] do for whole pages what their names say, and for parts of
// pages what htmx and its like need instead. [IsPartial] says which of the two a request is for.
//
// # Users
//
// Say whose session it is when a user logs in, and all sessions of a user can be listed and ended:
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
// One machine: [filestore]. Several: [redisstore] or [dynamodbstore]. For development and
// tests: [memorystore]. Without a server, and with what that costs: [cookiestore]. The
// package [stores] picks one by the environment. A store of your own has the four methods of
// [Store], whose rules [storetest] checks.
//
// # Seeing and testing
//
// [Hooks] report what happens, to a log or, by [otelsession], to OpenTelemetry. They name a
// session by its handle, which opens nothing. The package [sessiontest] is for the tests of
// an application.
//
// # Mistakes
//
// Each of these has an example that shows what happens, and what to do instead.
//
//   - To compute a value by Get and Put: what another tab does meanwhile is lost. Example
//     LostUpdate of [Update].
//   - To change what Get has returned: it is a copy. Example ChangedInPlace of [Get].
//   - To log somebody in without a new id: whoever knows the old one is logged in as well.
//     Example Fixation of [Session.Regenerate].
//   - To log out by [Session.Clear]: the session lives on. Example ByClear of
//     [Session.Destroy].
//   - To keep a message as a value: a prefetch takes it away. Example AsAValue of
//     [Session.FlashInfo].
//   - To write a component into the response: if it fails, half a page has left. Example
//     HalfAPage of [Render].
//   - To change the session in a goroutine after the answer has left: it comes too late, and
//     [Manager.Update] does not. Example TooLate of [Session.Err].
//   - To give a job the handle of a session that is new, or about to get another id: there is
//     none yet. Example of [Session.Handle].
//   - To make a page [Optional] that is for users only. Example Incorrect there.
//   - To mount the middleware inside of what uses it. Example Incorrect of [Middleware].
//
// # Order of middleware
//
// Mount [Middleware] outside of what uses sessions. Gzip, BodyDump and Timeout may stand
// on either side. Prefer ContextTimeout to Timeout, which Echo has deprecated: behind it a
// handler goes on running after its request has been answered, with an echo.Context that
// may belong to another request by then. There, take the *Session at the beginning.
//
// Mount it with Echo's Use. If you mount it with Pre, mount it after MethodOverride, Rewrite and
// whatever else changes the method or the path of a request: Echo finds the route by the request that it
// was given, and what is inside of [Middleware] has a copy. Under Pre no route is known yet either:
// c.Path() is "" in Config.Skipper and Config.Passive.
//
// Echo's CORS belongs outside of [CrossOrigin] and [CSRF], or scripts of other origins cannot read what
// these answer. For htmx across origins, have it expose HX-Redirect, and redirect to whole addresses.
//
// BodyLimit belongs inside of [Middleware] if an error handler calls [Invalid]: it lends the reader that it
// has put around the body to the next request.
//
// What finishes a response by itself belongs inside of [Middleware], or around the whole Echo:
// http.TimeoutHandler, say, or middleware of net/http that compresses, in echo.WrapMiddleware.
// An error that is returned through it cannot be answered any more, and a failed commit is one.
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
