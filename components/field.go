package components

import "github.com/a-h/templ"

// Field renders a control with its label, its hint and its errors, wired so that screen readers say
// all of it. See [OldInput] for the control.
//
// Checkboxes and radio buttons with Options become a group: a fieldset with a legend and one
// control for each option. Class and Attrs apply to each control, except for aria-label and
// aria-labelledby, which name the group, and for required, which browsers would demand of each
// checkbox. Options that are empty, but not nil, are a group without choices. A hidden field is
// rendered as the control alone.
//
// If a Field has no Label, give it the attribute aria-label.
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
		m.attribute("tabindex", "-1") // so that a link of ErrorSummary moves the focus here
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
	for _, one := range c.boxes() {
		m.choice(&one)
		m.hint(&one)
	}
	m.unchecked(c)
	m.inputError(c.Defaults, c.base, c.errors)
	m.end("fieldset")
}

// choice is a checkbox or radio button with its label beside it, where style sheets can find it.
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

// names is the attributes that name the group if it has no legend.
func (c *control) names() templ.Attributes {
	return without(c.Attrs, func(key string) bool { return !isAccessibleName(key) })
}
