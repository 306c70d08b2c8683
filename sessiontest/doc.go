// Package sessiontest is for the tests of an application that uses sessions: it fills a session
// with what a request should find, makes the request, and checks what the request has left.
//
//	func TestSave(t *testing.T) {
//		cfg := session.Config{Store: memorystore.New(memorystore.Options{})}
//		visitor := sessiontest.New(t, cfg, newApp(cfg))
//		visitor.Seed(func(s *session.Session) { s.Put("user", "ada") })
//
//		visitor.Post("/posts", url.Values{"title": {"Hello"}}).AssertRedirect("/posts")
//
//		visitor.AssertAlert(session.KindSuccess, "Your post was saved.")
//	}
//
// The application and the [Visitor] must have the same [session.Config], so have the function
// that makes your application take it. It may be the same as in production; any store will do,
// including the one in cookies.
//
// # Requests
//
// [New] serves an http.Handler in the test's own process, [NewAt] uses a running server.
// [Visitor.Get], [Visitor.Post], [Visitor.PostJSON] and [Visitor.Do] keep cookies and send
// the address of the last page, as browsers do, so that [session.Back] and
// [session.Invalid] find the way back. A redirect is an answer like any other; [Response.Follow]
// follows it. [Visitor.With] adds headers, such as those of htmx:
//
//	visitor.With("HX-Request", "true").Post("/posts", form).AssertStatus(422)
//
// # Looking
//
// [Visitor.Session] is the session as it is now, for everything that reads one: [session.Get],
// FlashMessages, Old, PageErrors. The assertions cover what most tests ask, and say what
// there is when they fail:
//
//	posts_test.go:17: there is no alert of the kind "success" with the text "Saved."
//	    	this is what there is:
//	    	alert error "It is full."
//	    	input error: "title": "Write a title."
//
// Looking does not count as use: messages stay, and the idle timeout keeps running. So a test
// may look between an answer and the page that shows its messages. To check that they are gone,
// follow to the page first; see example AfterThePage of [Visitor.AssertAlert].
//
// # Several visitors, browsers, and time
//
// [Visitor.Another] is another person, or the same one on another device. [Visitor.Cookies]
// and [Visitor.SetCookies] take the session into a real browser and back. [Clock] moves time.
//
// In the examples, newApp is an application with posts and a login, and t prints what a test would
// report.
package sessiontest
