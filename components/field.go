package components

import (
	"context"
	"io"
	"maps"

	"github.com/a-h/templ"
)

// Field is a control with its label, its hint and what is wrong with it, wired so that
// screen readers say all of it. See [OldInput] for the control.
//
// Checkboxes and radio buttons with Options are a group: a fieldset with a legend and one
// control for each option. Its Class and Attrs are those of each control. A hidden field
// is the control alone.
//
// Without a Label give it the attribute aria-label.
func Field(name string, props ...Input) templ.Component {
	return whereSeen(func(ctx context.Context, w io.Writer) error {
		c := newControl(ctx, name, first(props))
		switch {
		case c.Type == "hidden":
			return c.render(ctx, w)
		case c.isGroup():
			return groupField(&c).Render(ctx, w)
		case c.isBox():
			return boxField(&c).Render(ctx, w)
		}
		return field(&c).Render(ctx, w)
	})
}

// groupAttributes is those of the fieldset around several controls.
func (c *control) groupAttributes() templ.OrderedAttributes {
	var a attributes
	a.add("id", c.id)
	a.addText("class", c.Theme.Group)
	if c.Type == "radio" {
		a.add("role", "radiogroup")
		if len(c.errors) > 0 {
			a.add("aria-invalid", "true")
		}
	}
	a.addText("aria-describedby", c.description())
	return a.ordered()
}

// group is the control as one of several. A browser would take "required" to mean each
// checkbox.
func (c *control) group() []control {
	member := *c
	if _, ok := c.Attrs["required"]; ok && c.Type == "checkbox" {
		member.Attrs = maps.Clone(c.Attrs)
		delete(member.Attrs, "required")
	}
	return member.boxes()
}
