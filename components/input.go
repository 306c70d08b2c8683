package components

import (
	"cmp"
	"slices"
	"strings"

	"github.com/a-h/templ"
)

// Input describes a control of a form, for [OldInput] and [Field]. The zero value is an empty text
// field.
type Input struct {
	Label string // what to enter; Field only
	Hint  string // how to enter it; Field only

	// Type is any type of an input element, "textarea" or "select". "" means "select" if Options is
	// not nil, even if it is empty, and otherwise "text".
	Type string

	// Value is the default. For a checkbox or a radio button it is what is submitted when it is
	// checked; "" then means "1". For a group, it is the option that is chosen. A password and a
	// file have no value, whatever Value says.
	Value string

	// Values are the defaults if several can be chosen.
	Values []string

	// Checked is the default of a checkbox or a radio button.
	Checked bool

	// Unchecked is what a checkbox submits if it is not checked, by a hidden field after it: of two
	// values, FormValue and Echo's Bind take the first. "" submits nothing, as browsers do by
	// default.
	Unchecked string

	Options  []Option // of a select, or of a group of checkboxes or radio buttons
	Prompt   string   // the first option of a select, whose value is ""
	Multiple bool     // for a select, a file or an email

	ID          string // "" means FieldID
	DescribedBy string // ids of further descriptions
	Class       string // of the control, in addition to the theme's

	// Attrs are more attributes of the control, such as {"required": true}. They cannot change its
	// name, type, value or checked; classes and descriptions are added.
	Attrs templ.Attributes
}

// kind is the type as HTML spells it.
func (in Input) kind() string {
	otherwise := "text"
	if in.Options != nil {
		otherwise = "select"
	}
	return cmp.Or(strings.ToLower(strings.TrimSpace(in.Type)), otherwise)
}

// Option is one of several choices.
type Option struct {
	Value    string
	Label    string // "" means Value
	Hint     string // what the choice means; of a group in a Field only
	Group    string // of adjacent options in a select
	Selected bool   // by default, if Input.Value and Input.Values name none
	Disabled bool
}

// Options returns a list of options from pairs of value and label. A last value without a label is its own.
func Options(pairs ...string) []Option {
	options := make([]Option, 0, (len(pairs)+1)/2)
	for pair := range slices.Chunk(pairs, 2) {
		options = append(options, Option{Value: pair[0], Label: pair[len(pair)-1]})
	}
	return options
}

func (o Option) text() string { return cmp.Or(o.Label, o.Value) }

// OldInput renders a control, and nothing around it, that shows what was submitted. It has the
// name, an id, and if there is an error the attributes that say so and refer to its [InputError]:
//
//	<label for={ components.FieldID(ctx, "email") }>Email</label>
//	@components.OldInput("email", components.Input{Type: "email"})
//	@components.InputError("email")
//
// It renders one control: for a group of checkboxes or radio buttons use it for each of them, or
// [Field] for all. (Checkboxes used one by one need a name that ends in "[]", or an ID each. Several
// buttons of one name need an ID each, and so do boxes whose values differ in nothing but which
// punctuation they have, such as "<" and ">".)
//
// Text fields that share a name would all show the first value. Give them an index, as in
// "phones[0]", or write them by hand, one for each value of [OldAll].
func OldInput(name string, props ...Input) templ.Component {
	return written(func(m *markup) {
		in := first(props)
		in.Hint = "" // there is no hint element to refer to
		if in.kind() != "select" {
			in.Options = nil
		}
		c := newControl(m.ctx, name, in)
		m.control(&c)
	})
}

// inputTag is an input element alone.
func inputTag(a attributes) templ.Component {
	return written(func(m *markup) { m.input(a) })
}

func (m *markup) input(a attributes) {
	m.start("input")
	m.attributes(a)
}

func (m *markup) control(c *control) {
	switch c.Type {
	case "textarea":
		m.textarea(c)
	case "select":
		m.selection(c)
	default:
		m.startControl("input", c)
		m.unchecked(c)
	}
}

// startControl begins the element that is the control.
func (m *markup) startControl(element string, c *control) {
	m.start(element)
	m.attributes(c.addAttributes(make(attributes, 0, 10)))
}

func (m *markup) unchecked(c *control) {
	if a := c.unchecked(); len(a) > 0 {
		m.input(a)
	}
}

func (m *markup) textarea(c *control) {
	m.startControl("textarea", c)
	m.text("\n") // browsers drop the first line break
	m.text(c.text())
	m.end("textarea")
}

func (m *markup) selection(c *control) {
	m.startControl("select", c)
	for _, group := range optionGroups(c.choices()) {
		m.optionGroup(group)
	}
	m.end("select")
}

func (m *markup) optionGroup(group optionGroup) {
	if group.label != "" {
		m.start("optgroup")
		m.attribute("label", group.label)
		defer m.end("optgroup")
	}
	for _, o := range group.options {
		m.start("option")
		m.attribute("value", o.Value)
		m.flag("selected", o.Selected)
		m.flag("disabled", o.Disabled)
		m.text(o.text())
		m.end("option")
	}
}
