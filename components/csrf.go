package components

import (
	"context"
	"encoding/json"
	"io"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
)

// CSRF is the hidden field with the visitor's CSRF token, for a form that is written by
// hand. [Form] has one by itself. Where neither session.CSRF nor Echo's CSRF middleware is
// mounted, it is nothing.
//
//	<form method="post" action="/posts">
//		@components.CSRF()
//		<button>Save</button>
//	</form>
//
// Leave it out of a form that goes to another site, or by GET: it would give the token away.
//
// Echo's middleware looks for tokens in headers only, until it is told where else:
//
//	middleware.CSRFConfig{TokenLookup: "form:_csrf,header:X-CSRF-Token"}
func CSRF() templ.Component {
	return whereToken(func(token string) templ.Component {
		return inputTag(hiddenInput(session.CSRFField, token))
	})
}

// CSRFMeta is the CSRF token in the head of the page, as Turbo and Unpoly look for it. They
// send it in the header X-CSRF-Token with each request but a GET.
//
//	<head>
//		@components.CSRFMeta()
//	</head>
func CSRFMeta() templ.Component {
	return whereToken(csrfMeta)
}

// whereToken is a component for the CSRF token, and nothing if there is none.
func whereToken(component func(token string) templ.Component) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		if token := session.FromContext(ctx).CSRFToken(); token != "" {
			return component(token).Render(ctx, w)
		}
		return nil
	})
}

// CSRFHeaders is the attributes that let htmx 2 and 4 send the CSRF token with the requests
// of an element and all that is in it, for buttons and links that have no [Form] around them:
//
//	<main { components.CSRFHeaders(ctx)... }>
//
// Put them on an element inside of the body, not on the body itself: a boosted page brings
// a new body, but htmx keeps the attributes of the old one, with the token from before the
// login. Where there is no token, there are no attributes.
func CSRFHeaders(ctx context.Context) templ.Attributes {
	token := session.FromContext(ctx).CSRFToken()
	if token == "" {
		return nil
	}
	headers, err := json.Marshal(map[string]string{session.CSRFHeader: token})
	if err != nil {
		panic(err) // strings can be encoded
	}
	return templ.Attributes{
		"hx-headers":           string(headers),
		"hx-headers:inherited": string(headers), // htmx 4 looks no further than the element for the other one
	}
}
