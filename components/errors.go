package components

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
)

// InputError is what is wrong with a field, under the id that [OldInput], [Field] and
// [Invalid] refer to. Without an error it is nothing.
func InputError(name string) templ.Component {
	return written(func(m *markup) {
		d, f := defaultsOf(m.ctx), formAround(m.ctx)
		m.inputError(d, f.id(name), d.translateAll(m.ctx, f.Errors(name)))
	})
}

// inputError is what is wrong with the control whose ids begin with base.
func (m *markup) inputError(d *Defaults, base string, messages []string) {
	if len(messages) == 0 {
		return
	}
	m.start("p")
	m.attribute("id", base+errorSuffix)
	m.class(d.Theme.Message)
	m.hidden(d, d.labels(m.ctx).ErrorPrefix)
	for i, message := range messages {
		if i > 0 {
			m.start("br")
		}
		m.text(" ")
		m.bdi(message)
	}
	m.end("p")
}

// hidden is text for those who do not see the colour that says the same.
func (m *markup) hidden(d *Defaults, text string) {
	if text != "" {
		m.element("span", d.Theme.Hidden, text)
	}
}

// SummaryProps says how an [ErrorSummary] looks. The zero value takes the focus, and has
// the title of the Labels.
type SummaryProps struct {
	Title   string           // "" is "There is a problem"
	NoFocus bool             // for the second form of a page: only one element can have the focus
	ID      string           // "" is "error-summary", after the name of the form
	Class   string           // besides the theme's
	Attrs   templ.Attributes // of the outer element
}

// ErrorSummary is a list of what is wrong with the form, in which each error leads to its
// field. It stands above the form, and takes the focus when the page is loaded, without
// JavaScript. Without errors it is nothing.
//
// An error leads to the [FieldID] of its name, which is the id of a control, or of a group that
// is one [Field]. Where you give a control another id, or lay out a group yourself, give that id
// to an element around it.
//
// An error without a name is there as a text. Errors of the page are not in it; see [Errors].
func ErrorSummary(props ...SummaryProps) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		p, d, f := first(props), defaultsOf(ctx), formAround(ctx)
		errs := f.AllErrors()
		if len(errs) == 0 {
			return nil
		}
		p.ID = idOf(p.ID, p.Attrs, f.id("error-summary"))
		if p.Title == "" {
			p.Title = d.labels(ctx).SummaryTitle
		}
		return summary(&d.Theme, p, f.links(ctx, d, errs)).Render(ctx, w)
	})
}

func (p SummaryProps) titleID() string { return p.ID + "-title" }

func (p SummaryProps) attributes(t *Theme) attributes {
	var a attributes
	a = a.add("id", p.ID)
	a = a.addText("class", words(t.Summary, p.Class))
	a = a.add("role", "group")
	a = a.add("aria-labelledby", p.titleID())
	a = a.add("tabindex", "-1")
	a = a.addIf("autofocus", !p.NoFocus)
	a = a.addIf("data-turbo-temporary", true).add("hx-history", "false")
	return a.merge(p.Attrs)
}

// link leads from an error to its field, or nowhere with a href of "".
type link struct {
	href templ.SafeURL
	text string
}

func (f form) links(ctx context.Context, d *Defaults, errs []session.InputError) []link {
	var links []link
	for _, e := range errs {
		var href templ.SafeURL
		if e.Name != "" {
			href = templ.SafeURL("#" + f.id(f.owner(e.Name))) // an id has nothing in it that could be another kind of address
		}
		for _, text := range d.translateAll(ctx, e.Messages) {
			links = append(links, link{href, text})
		}
	}
	return links
}

// owner is the field that shows the errors of a name: those of "tags.1" are shown at
// "tags[]", unless that element is a field by itself. It is, if it was sent, and if nothing was sent
// of the list: a radio button that nobody has chosen is not.
func (f form) owner(name string) string {
	if values, _ := f.Values(name); values != nil {
		return name
	}
	list := strings.TrimRight(strings.TrimSuffix(name, "]"), "0123456789")
	if !strings.HasSuffix(list, ".") && !strings.HasSuffix(list, "[") {
		return name
	}
	list = list[:len(list)-1]
	if values, known := f.Values(list); known && values == nil {
		return name
	}
	return list
}
