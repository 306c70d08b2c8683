package components

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
)

// InputError renders the errors of a field, under the id that [OldInput], [Field] and [Invalid]
// refer to. Without an error it renders nothing.
func InputError(name string) templ.Component {
	return written(func(m *markup) {
		d, f := defaultsOf(m.ctx), formAround(m.ctx)
		m.inputError(d, f.id(name), d.translateAll(m.ctx, f.Errors(name)))
	})
}

// inputError renders the errors of the control whose ids begin with base.
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

// SummaryProps configures an [ErrorSummary]. The zero value takes the focus, and has the title from
// Labels.
type SummaryProps struct {
	Title   string           // "" means "There is a problem"
	NoFocus bool             // set it for the second form of a page: only one element can have the focus
	ID      string           // "" means "error-summary", after the name of the form
	Class   string           // in addition to the theme's
	Attrs   templ.Attributes // of the outer element
}

// ErrorSummary renders a list of the errors of the form, each with a link to its field. Put it
// above the fields; it takes the focus when the page is loaded, without JavaScript. Without errors
// it renders nothing. Outside of a form that has a name, it needs a [FormPart] around it.
//
// The link leads to the [FieldID] of the error's name, which is the id of a control, or of a group
// that is one [Field]. If you give a control another id, or lay out a group yourself, give that
// FieldID to an element around it. Do the same for a hidden field that a script fills in, such as
// that of an editor: no link can lead to it, and only an [InputError] beside it shows its error.
//
// An error without a name is shown as text. Errors of the page are not in the list; see [Errors].
func ErrorSummary(props ...SummaryProps) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		p, d, f := first(props), defaultsOf(ctx), formAround(ctx)
		errs := f.AllErrors()
		if len(errs) == 0 {
			return nil
		}
		p.ID = idOf(p.ID, p.Attrs, f.with(summaryID))
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
	a = a.addFlag("autofocus", !p.NoFocus)
	a = a.addFlag("data-turbo-temporary", true).add("hx-history", "false")
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
			href = templ.SafeURL("#" + f.id(f.owner(e.Name))) // an id contains nothing that could make this another kind of address
		}
		for _, text := range d.translateAll(ctx, e.Messages) {
			links = append(links, link{href, text})
		}
	}
	return links
}

// owner is the field that shows the errors of a name: the errors of "tags.1" are shown at "tags[]",
// unless that element is a field by itself. It is one if it was sent, or if nothing of the list was
// sent: a radio button that was not chosen is not sent.
func (f form) owner(name string) string {
	if values, _ := f.Values(name); values != nil {
		return name
	}
	list := strings.TrimRight(strings.TrimSuffix(name, "]"), "0123456789")
	if !strings.HasSuffix(list, ".") && !strings.HasSuffix(list, "[") {
		return name
	}
	list = list[:len(list)-1]
	if values, _ := f.Values(list); values == nil && f.Submitted() {
		return name
	}
	return list
}
