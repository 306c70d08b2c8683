// Package sessiontest is for the tests of an application that uses sessions: it puts into a
// session what a request should find there, makes the request, and looks at what the request
// has left.
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
// One thing matters: the application and the [Visitor] have the same [session.Config], so let
// the function that makes your application take it. It may be the same as in production; any
// store will do, also the one in cookies.
//
// # Requests
//
// [New] serves an http.Handler in the test's own process, [NewAt] goes to a running server.
// [Visitor.Get], [Visitor.Post], [Visitor.PostJSON] and [Visitor.Do] keep cookies and send
// the address of the last page along, as browsers do, so that [session.Back] and
// [session.Invalid] find the way back. A redirect is an answer like any other; [Response.Follow]
// takes it. [Visitor.With] adds headers, those of htmx say:
//
//	visitor.With("HX-Request", "true").Post("/posts", form).AssertStatus(422)
//
// # Looking
//
// [Visitor.Session] is the session as it is now, for all that reads one: [session.Get],
// FlashMessages, Old, PageErrors. The assertions are for what most tests ask, and say what
// there is when they fail:
//
//	posts_test.go:17: there is no alert of the kind "success" with the text "Saved."
//	    	this is what there is:
//	    	alert error "It is full."
//	    	input error: "title": "Write a title."
//
// To look is not to use: messages stay, and the idle timeout goes on. So a test may look
// between an answer and the page that shows its messages, and must follow first if it wants
// to know that they are gone. After the page there is no message any more; that is example
// AfterThePage of [Visitor.AssertAlert].
//
// # Several visitors, browsers, and time
//
// [Visitor.Another] is another person, or the same one on another device. [Visitor.Cookies]
// and [Visitor.SetCookies] lead into a real browser and back. [Clock] moves time.
package sessiontest
