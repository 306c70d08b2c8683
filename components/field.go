package components

import (
	"maps"
	"strings"

	"github.com/a-h/templ"
)

// Field is a control with its label, its hint and what is wrong with it, wired so that
// screen readers say all of it. See [OldInput] for the control.
//
// Checkboxes and radio buttons with Options are a group: a fieldset with a legend and one
// control for each option. Its Class and Attrs are those of each control, but for aria-label
// and aria-labelledby, which name the group. A hidden field is the control alone.
//
// Without a Label give it the attribute aria-label.
func Field(name string, props ...Input) templ.Component {
	return written(func(m *markup) {
		c := newControl(m.ctx, name, first(props))
		if c.isList() {
			c.errors = c.translateAll(m.ctx, c.form.Errors(listName(name)))
		}
		switch {
		case c.Type == "hidden":
			m.control(&c)
		case c.isGroup():
			m.group(&c)
		default:
			m.field(&c)
		}
	})
}

func (m *markup) field(c *control) {
	m.start("div")
	m.class(c.Theme.Field)
	if c.isBox() {
		m.choice(c)
		m.hint(c)
	} else {
		if !c.isButton() {
			m.label(c, c.Theme.Label)
		}
		m.hint(c)
		m.control(c)
	}
	m.inputError(c.Defaults, c.base, c.errors)
	m.end("div")
}

func (m *markup) group(c *control) {
	m.start("fieldset")
	m.attribute("id", c.id)
	m.class(c.Theme.Group)
	if len(c.errors) > 0 {
		m.attribute("tabindex", "-1") // the link of an ErrorSummary takes the focus along
	}
	if c.Type == "radio" {
		m.attribute("role", "radiogroup")
		if len(c.errors) > 0 {
			m.attribute("aria-invalid", "true")
		}
	}
	if ids := c.description(); ids != "" {
		m.attribute("aria-describedby", ids)
	}
	m.attributes(attributes(nil).merge(c.names()))
	if c.Label != "" {
		m.element("legend", c.Theme.Legend, c.Label)
	}
	m.hint(c)
	for _, one := range c.group() {
		m.choice(&one)
	}
	m.unchecked(c)
	m.inputError(c.Defaults, c.base, c.errors)
	m.end("fieldset")
}

// choice is a checkbox or radio button with its label, which style sheets find next to it.
func (m *markup) choice(c *control) {
	m.start("div")
	m.class(c.Theme.Choice)
	m.startControl("input", c)
	m.label(c, c.Theme.Caption)
	m.unchecked(c)
	m.end("div")
}

func (m *markup) label(c *control, class string) {
	if c.Label == "" {
		return
	}
	m.start("label")
	m.class(class)
	m.attribute("for", c.id)
	m.text(c.Label)
	m.end("label")
}

func (m *markup) hint(c *control) {
	if c.Hint == "" {
		return
	}
	m.start("p")
	m.attribute("id", c.hintID)
	m.class(c.Theme.Hint)
	m.text(c.Hint)
	m.end("p")
}

// group is the control as one of several. A browser would take "required" to mean each
// checkbox, and a screen reader would say the name of the group instead of each option's.
func (c *control) group() []control {
	member := *c
	member.Attrs = without(c.Attrs, func(key string) bool {
		return isName(key) || c.Type == "checkbox" && strings.EqualFold(key, "required")
	})
	return member.boxes()
}

// names is the attributes that name the group, where it has no legend.
func (c *control) names() templ.Attributes {
	return without(c.Attrs, func(key string) bool { return !isName(key) })
}

func without(attrs templ.Attributes, drop func(key string) bool) templ.Attributes {
	rest := maps.Clone(attrs)
	maps.DeleteFunc(rest, func(key string, _ any) bool { return drop(key) })
	return rest
}

// isName says whether an attribute is what screen readers call an element.
func isName(key string) bool {
	return strings.EqualFold(key, "aria-label") || strings.EqualFold(key, "aria-labelledby")
}
