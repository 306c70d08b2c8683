// Package session keeps what a visitor of a server-rendered application said and was told:
// values, flash messages, old form input and validation errors. It is middleware for Echo
// v4, and what it keeps is shown by the templ components in the package components.
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
// # What holds
//
// A request that does not use its session costs two allocations: no store call, no
// cookie, no header. Nothing stored means no record and no cookie.
//
// What a request changes is saved before the first byte of its response leaves, however
// it is answered: by a handler, an error handler, a redirect, a stream, a hijack, or not at
// all. If it cannot be saved, the visitor gets a clean error page (503, or 500 for a value that cannot be stored), and none of what
// the handler said.
//
// Two requests at once lose nothing of each other: a request is a list of changes, and is
// replayed on the newest record. A session that was destroyed, or given a new id, never
// comes back under the old one. (Sessions in cookies cannot do this; see cookiestore.)
//
// A flash message lives until a page shows it. A redirect, a poll, a prefetch or an image
// does not consume it.
//
// A store that cannot be reached is an error, and never looks like being logged out; see
// [Optional] for public pages.
//
// # Order of middleware
//
// Mount [Middleware] outside of what uses sessions. Gzip, BodyDump and Timeout may stand
// on either side. Prefer ContextTimeout to Timeout, which Echo has deprecated: behind it a
// handler goes on running after its request has been answered, with an echo.Context that
// may belong to another request by then. There, take the *Session at the beginning.
//
// # Users
//
// Say whose session it is when a user logs in, and all of them can be listed and ended:
//
//	s.Tag(user.ID) // also gives the session a new id
//	…
//	devices, err := manager.Tagged(ctx, user.ID)
//	err = manager.DestroyTagged(ctx, user.ID, s.Handle()) // log out everywhere else
//
// The manager is what [New] returns; its middleware is [Manager.Middleware]. (Sessions in
// cookies cannot be found.)
//
// # Outside of a request
//
// A job changes sessions as requests do, and neither loses anything of the other; see
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
package session
