package components

import (
	"context"
	"io"
	"slices"
	"sync"

	"github.com/a-h/templ"
	templruntime "github.com/a-h/templ/runtime"
)

// markup writes what a page has many of: controls with their parts, and alerts. A .templ file
// would say the same, but templ makes a component of each part and copies each text: a form
// took six times as long as one that is written by hand.
//
// A start tag takes attributes until something else is written. Texts and values are escaped.
// The names of elements and attributes are not: they are ours, or isAttribute has seen them.
type markup struct {
	ctx   context.Context
	out   []byte
	name  string // of the element whose start tag is open
	tagAt int    // where that tag begins in out
	inTag bool
}

var markups = sync.Pool{New: func() any { return new(markup) }}

// written is a component that is written as markup and takes no children. It renders nothing if
// nobody will see it.
type written func(m *markup)

// Render renders the component into memory, and then writes it at once.
func (write written) Render(ctx context.Context, w io.Writer) error {
	if isDiscarded(w) {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m := markups.Get().(*markup)
	m.ctx = ctx
	write(m)
	m.closeTag()
	_, err := w.Write(m.out)
	*m = markup{out: m.out[:0]}
	markups.Put(m)
	return err
}

// start begins an element. One that cannot have content, such as input, has no end.
func (m *markup) start(element string) {
	m.closeTag()
	m.name, m.tagAt, m.inTag = element, len(m.out), true
	m.write("<")
	m.write(element)
}

func (m *markup) end(element string) {
	m.closeTag()
	m.write("</")
	m.write(element)
	m.write(">")
}

func (m *markup) closeTag() {
	if m.inTag {
		m.inTag = false
		m.write(">")
	}
}

func (m *markup) text(text string) {
	m.closeTag()
	m.write(escaped(text))
}

// element is a whole element with nothing but text in it. Its class may be "".
func (m *markup) element(name, class, text string) {
	m.start(name)
	m.class(class)
	m.text(text)
	m.end(name)
}

// bdi is a text of unknown direction, which somebody else has written.
func (m *markup) bdi(text string) { m.element("bdi", "", text) }

// hidden is text for visitors who do not see the colour that says the same.
func (m *markup) hidden(d *Defaults, text string) {
	if text != "" {
		m.element("span", d.Theme.Hidden, text)
	}
}

func (m *markup) attribute(key, value string) {
	b := append(m.out, ' ') // there are so many of these that five calls of write would be noticeable
	b = append(b, key...)
	b = append(b, `="`...)
	b = append(b, escaped(value)...)
	m.out = append(b, '"')
}

// address writes an attribute with an address. An address that could run code is not written.
func (m *markup) address(key, value string) { m.attribute(key, string(templ.URL(value))) }

// flag writes an attribute without a value, if it is on.
func (m *markup) flag(key string, on bool) {
	if on {
		m.write(" ")
		m.write(key)
	}
}

// class writes the class attribute, unless there are no names to put into it.
func (m *markup) class(names string) {
	if names != "" {
		m.attribute("class", names)
	}
}

// attributes writes those of one tag. What the application passes through is of any type that
// templ knows, and templ decides what is safe in it, as in a tag of the application's own.
func (m *markup) attributes(list attributes) {
	for _, a := range list {
		switch value := a.other.(type) {
		case nil:
			m.attribute(a.key, a.text)
		case bool:
			m.flag(a.key, value)
		default:
			// A component in an attribute would otherwise get the children.
			ctx := templ.ClearChildren(m.ctx)
			_ = templruntime.RenderAttributes(ctx, m, (*beforeTag)(m), m.name, attributes{a}) // Write does not fail
		}
	}
}

// escaped is templ.EscapeString, but skips it for a text with nothing to escape, as most are.
func escaped(text string) string {
	for i := range len(text) {
		if isSpecial[text[i]] {
			return templ.EscapeString(text)
		}
	}
	return text
}

// isSpecial is a table, since a page has thousands of characters to check.
var isSpecial = [256]bool{'&': true, '<': true, '>': true, '"': true, '\'': true}

// write takes one text rather than a list, so that the compiler inlines it.
func (m *markup) write(text string) { m.out = append(m.out, text...) }

// Write adds what templ writes.
func (m *markup) Write(p []byte) (int, error) {
	m.out = append(m.out, p...)
	return len(p), nil
}

// beforeTag is markup in which templ writes the functions that the attributes of the open start tag
// call.
type beforeTag markup

// Write puts p before the tag.
func (m *beforeTag) Write(p []byte) (int, error) {
	m.out = slices.Insert(m.out, m.tagAt, p...)
	m.tagAt += len(p)
	return len(p), nil
}
