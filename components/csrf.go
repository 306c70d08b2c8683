package components

import (
	"context"
	"encoding/json"
	"io"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
)

// CSRF renders the hidden field with the visitor's CSRF token, for a form that is written by hand.
// [Form] includes one by itself. If neither session.CSRF nor Echo's CSRF middleware is mounted, it
// renders nothing.
//
//	<form method="post" action="/posts">
//		@components.CSRF()
//		<button>Save</button>
//	</form>
//
// Leave it out of a form that is sent to another site, or by GET: it would give the token away.
//
// Echo's middleware looks for tokens only in headers, unless you tell it otherwise:
//
//	middleware.CSRFConfig{TokenLookup: "form:_csrf,header:X-CSRF-Token"}
func CSRF() templ.Component {
	return whereToken(func(token string) templ.Component {
		return inputTag(hiddenInput(session.CSRFField, token))
	})
}

// CSRFMeta renders the CSRF token for the head of the page, where Turbo and Unpoly look for it.
// They send it in the header X-CSRF-Token with each request except a GET.
//
//	<head>
//		@components.CSRFMeta()
//	</head>
func CSRFMeta() templ.Component {
	return whereToken(func(token string) templ.Component { return meta("csrf-token", token) })
}

// whereToken is a component for the CSRF token. It renders nothing if there is none.
func whereToken(component func(token string) templ.Component) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		if token := session.FromContext(ctx).CSRFToken(); token != "" {
			return component(token).Render(ctx, w)
		}
		return nil
	})
}

// CSRFHeaders returns the attributes that make htmx 2 and 4 send the CSRF token with the requests
// of an element and everything in it. It is for buttons and links that have no [Form] around them:
//
//	<main { components.CSRFHeaders(ctx)... }>
//
// Put them on an element inside of the body, not on the body itself: a boosted page brings a new
// body, but htmx keeps the attributes of the old one, with the token from before the login. If
// there is no token, there are no attributes.
func CSRFHeaders(ctx context.Context) templ.Attributes {
	token := session.FromContext(ctx).CSRFToken()
	if token == "" {
		return nil
	}
	headers, err := json.Marshal(map[string]string{session.CSRFHeader: token})
	if err != nil {
		panic(err) // strings always encode
	}
	return templ.Attributes{
		"hx-headers":           string(headers),
		"hx-headers:inherited": string(headers), // htmx 4 finds the plain attribute only on the element itself
	}
}
