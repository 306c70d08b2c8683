// Package components shows flash messages, old form input and validation errors with templ.
// Everything comes from the context, so you pass nothing on; the package [session] says how
// it gets there.
//
// One line in the layout shows the alerts:
//
//	templ Layout(title string) {
//		<html lang="en">
//			<head>
//				<title>{ components.Title(ctx, title) }</title>
//				@components.Styles()
//			</head>
//			<body>
//				<main>
//					@components.FlashAlerts
//					{ children... }
//				</main>
//			</body>
//		</html>
//	}
//
// A form that is shown again after an error (see [session.Invalid]) keeps what was typed and
// says what is wrong:
//
//	@components.Form(components.FormProps{Action: "/posts"}) {
//		@components.ErrorSummary()
//		@components.Field("title", components.Input{Label: "Title"})
//		@components.Field("body", components.Input{Label: "Text", Type: "textarea"})
//		@components.Field("status", components.Input{
//			Label: "Status", Type: "radio", Value: "draft",
//			Options: components.Options("draft", "Draft", "live", "Live"),
//		})
//		<button>Save</button>
//	}
//
// [Form] includes the CSRF token, and tells the forms of a page apart. [Field] is a control
// with its label, hint and error. [OldInput] is the control alone, and functions such as
// [Old], [IsChecked] and [Invalid] are for markup of your own, as is [CSRF].
//
// [FlashMessage] shows what was flashed under a key of your own, where and how you want it.
// The examples are in Go, and say what they are in a .templ file. In them, newApp makes an Echo with
// sessions, browser keeps cookies, show prints a page, and with gives a component its children.
//
// # Parts of pages
//
// With htmx, [HTMXConfig] in the head of the page lets a form with errors be shown in its
// place, and [FlashAlertsOOB] in an answer brings the alerts along. [CSRFHeaders] is for requests
// without a form. Turbo and Unpoly find the token by [CSRFMeta]; whatever else these and others
// need are attributes, such as up-flashes, which every component passes on. When the browser
// shows the page again, [Script] removes the messages that came with parts.
//
// # Themes
//
// A theme is class names, so any style sheet will do. There are themes for [Bootstrap],
// [DaisyUI], [Tailwind] and [Pico] besides [Default], which [CSS] styles. Every theme also
// needs that style sheet, for alerts that are dismissed or lie over the page:
//
//	components.Configure(func(d *components.Defaults) { d.Theme = components.Bootstrap })
//
// [Labels] are the components' own texts, and what was flashed can be translated
// when it is shown; see [Defaults]. [With] changes any of this for one request:
//
//	ctx := components.With(c.Request().Context(), func(d *components.Defaults) { d.Labels = german })
//	c.SetRequest(c.Request().WithContext(ctx))
//
// # Rules
//
// Render with the request's context, as [session.Render] does. Without a session in
// the context (a test, an error page) components show an empty form and no messages.
//
// A control shows what was submitted, even if that is empty or not checked. It shows its
// default if nothing was submitted, or if the field was left out: on purpose, or by the
// browser, which does not send disabled fields. (A box and a list need the attribute disabled
// themselves, also in a disabled fieldset: otherwise they count as not chosen.) A password or a file
// never comes back.
//
// Showing a message consumes it: it is not there on the next page. Components know when
// they are rendered to nowhere (templ.WithFragments renders a whole page to send a part
// of it), and then show nothing and consume nothing. The functions cannot know; call
// them in the fragment that is sent.
//
// All text is escaped, links are checked as templ checks them, and there is no inline
// script or style, so a strict Content-Security-Policy will do. Everything works without
// JavaScript.
//
// Ids come from the names of the fields: "items[0].name" is items-0-name, and the radio
// button "pro" of "plan" is plan-pro. They are the same on each page, never random.
//
// # Mistakes
//
//   - Rendering with another context than the request's: there is nothing to show.
//     Example Incorrect of [FlashAlertsFunc].
//   - Putting a default beside a function instead of into it, as in IsChecked(…) || post.Live:
//     a box that the visitor has cleared comes back checked. See [IsChecked].
//   - Keeping what was rendered for other visitors, as a cache of parts of pages does: a form has the
//     token of its visitor, and what they typed.
//   - Two regions of alerts on a page under one id: give the second an ID, and say
//     which Kinds it shows; see [FlashProps].
//   - Two forms on a page without names: an error of one is shown in both. See [Form].
//   - Setting a Theme without loading its style sheet, or without [CSS] beside it.
package components
