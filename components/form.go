package components

import (
	"context"
	"io"
	"regexp"
	"strings"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
)

// FormProps says where a [Form] is sent, and how. With the zero value it is posted to the address
// of the page.
type FormProps struct {
	// Action is the address that the form is sent to. "" means the address of the page. It is
	// better to set one, without a #fragment: with one, browsers go to what it names when the form
	// comes back, and the [ErrorSummary] does not get the focus. The address of the page has a
	// fragment after a click on a link of the summary.
	Action string

	// Method is "" or "post", "get" or "dialog". Browsers know no others: put, patch, delete and
	// any other method are posted with a hidden field _method, from which Echo can restore the
	// method:
	//
	//	e.Pre(middleware.MethodOverrideWithConfig(middleware.MethodOverrideConfig{
	//		Getter: middleware.MethodFromForm("_method"),
	//	}))
	Method string

	// Name tells the forms of a page apart: the input and the errors of one form are not shown in
	// another, and the ids of its fields begin with the name. A page with one form needs no name.
	// The name is sent as a form field: data that a script sends as JSON, for example with htmx's
	// json-enc, belongs to a form without a name.
	Name string

	ID    string // of the form; "" means none
	Class string

	// Multipart lets the form send files.
	Multipart bool

	// NoCSRF leaves the CSRF token out. A form whose Method is "get" or "dialog", or whose Action
	// names a scheme or a host, has none anyway.
	NoCSRF bool

	// Attrs are more attributes of the form, such as {"novalidate": true} or
	// {"hx-post": "/posts"}. They cannot change its action or method.
	//
	// htmx sends the fields of a form with hx-get or hx-delete in the address, where a token should
	// not be: set NoCSRF on such a form, and use [CSRFHeaders] with hx-delete.
	Attrs templ.Attributes
}

// Form renders a form around its children. It adds the CSRF token, see [CSRF]; methods that
// browsers do not know; and the name that tells it from other forms of the page:
//
//	@components.Form(components.FormProps{Action: "/posts/7", Method: "put", Name: "post"}) {
//		@components.ErrorSummary()
//		@components.Field("title", components.Input{Label: "Title"})
//		<button>Save</button>
//	}
//
// Inside it, everything in this package is about this form: [Old], [ErrorSummary], [FieldID] and
// the others. Pass functions the ctx of the children, which in a .templ file is ctx.
//
// A form that is being corrected is kept out of htmx's history, so that Back does not show
// it again.
func Form(p FormProps) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		children := templ.GetChildren(ctx)
		ctx = inForm(templ.ClearChildren(ctx), p.Name)
		if isDiscarded(w) {
			return children.Render(ctx, w) // the requested fragment may be among them
		}
		return formTag(p.Action, p.attributes(formAround(ctx)), p.hidden(ctx), children).Render(ctx, w)
	})
}

// FormPart renders its children as if they were inside of the [Form] of that name. It is for what
// belongs to a form but stands elsewhere: a summary above it, the cells of a table, which name
// their form by the attribute form, or a part of the form that htmx replaces.
//
//	@components.FormPart("sign-up") {
//		@components.ErrorSummary()
//	}
func FormPart(name string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		children := templ.GetChildren(ctx)
		return children.Render(inForm(templ.ClearChildren(ctx), name), w)
	})
}

func (p FormProps) attributes(f form) attributes {
	var a attributes
	method, _ := p.method()
	a = a.add("method", method)
	if p.Multipart {
		a = a.add("enctype", "multipart/form-data")
	}
	a = a.addText("id", idOf(p.ID, p.Attrs, "")).addText("class", p.Class)
	if f.isCorrected() {
		a = a.add("hx-history", "false")
	}
	return a.merge(p.Attrs)
}

// hidden is the fields that the form adds by itself.
func (p FormProps) hidden(ctx context.Context) []attributes {
	var fields []attributes
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, hiddenInput(name, value))
		}
	}
	if p.takesToken() {
		add(session.CSRFField, session.FromContext(ctx).CSRFToken())
	}
	_, meant := p.method()
	add("_method", meant)
	add(session.FormField, p.Name)
	return fields
}

// method is the method by which the browser sends the form, and the one that is meant, if it is
// another.
func (p FormProps) method() (sent, meant string) {
	switch method := strings.ToLower(strings.TrimSpace(p.Method)); method {
	case "post", "get", "dialog":
		return method, ""
	default:
		return "post", strings.ToUpper(method)
	}
}

// takesToken says whether the form gets a CSRF token: only if it is sent to this site, and by post.
func (p FormProps) takesToken() bool {
	sent, _ := p.method()
	return !p.NoCSRF && sent == "post" && isOnThisSite(p.Action)
}

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// isOnThisSite says whether a browser finds neither a scheme nor a host in an address. Browsers
// ignore invisible characters around an address, and tabs and line breaks even inside it, and read
// a backslash as a slash. (https://url.spec.whatwg.org/#concept-basic-url-parser)
func isOnThisSite(address string) bool {
	address = strings.TrimLeftFunc(address, func(r rune) bool { return r <= ' ' })
	address = ignored.Replace(address)
	return !strings.HasPrefix(address, "//") && !scheme.MatchString(address)
}

var ignored = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/")

// hiddenInput is the attributes of a hidden field of ours. Without autocomplete="off", Firefox after
// a reload, and WebKit after going back, restore a value that a script had put there.
func hiddenInput(name, value string) attributes {
	var a attributes
	return a.add("type", "hidden").add("name", name).add("value", value).add("autocomplete", "off")
}

type formKey struct{}

// inForm is ctx for the content of the form of that name; see session.FormField.
func inForm(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, formKey{}, name)
}

func formName(ctx context.Context) string {
	name, _ := ctx.Value(formKey{}).(string)
	return name
}

// form is the form that contains a component.
type form struct {
	name string
	session.Submission
}

// formAround is the form that ctx belongs to. An unnamed one is the form "".
func formAround(ctx context.Context) form {
	name := formName(ctx)
	return form{name, session.FromContext(ctx).Submission(name)}
}

// isCorrected says whether this page shows the form's old input or errors.
func (f form) isCorrected() bool { return f.Submitted() || len(f.AllErrors()) > 0 }
