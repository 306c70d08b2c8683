package components

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
)

// control is an Input with all that its form knows about it.
type control struct {
	Input
	*Defaults
	form     form
	name     string
	base     string // of the ids of its hint and its error
	id       string
	hintID   string // "" without a hint
	errors   []string
	disabled bool // as the Option that it shows; isDisabled is about Attrs
	inGroup  bool // one of several in a Field, which has the label and describes the error
}

func newControl(ctx context.Context, name string, in Input) control {
	d, f := defaultsOf(ctx), formAround(ctx)
	in.Type = in.kind()
	if multiple, ok := given(in.Attrs, "multiple"); ok {
		in.Multiple = isOn(multiple)
	}
	c := control{Input: in, Defaults: d, form: f, name: name, base: f.id(name)}
	c.errors = d.translateAll(ctx, f.Errors(name))
	if c.isBox() && !c.isGroup() {
		c.setChecked()
	}
	c.id = idOf(c.ID, c.Attrs, c.defaultID())
	c.describe(in.Hint, c.base)
	return c
}

// describe gives the control a hint, or takes it away. The id of the hint begins with base.
func (c *control) describe(hint, base string) {
	c.Hint, c.hintID = hint, ""
	if hint != "" {
		c.hintID = base + hintSuffix
	}
}

// setChecked decides whether a checkbox or radio button is checked, and gives it a value.
func (c *control) setChecked() {
	c.Value = cmp.Or(c.Value, "1")
	c.Checked = c.Checked || slices.Contains(c.Values, c.Value)
	if sent, known := c.sent(); known {
		c.Checked = isAmong(sent, c.Value) || c.Checked && c.stays(c.isDisabled(), sent)
	}
}

func (c *control) defaultID() string {
	if c.name == "" && c.isButton() {
		return "" // nothing refers to it, and a form may have several
	}
	oneOfSeveral := c.Type == "radio" || c.Type == "checkbox" && strings.HasSuffix(c.name, "[]")
	if oneOfSeveral && !c.isGroup() {
		return choiceID(c.base, c.Value)
	}
	return c.base
}

func (c *control) isBox() bool { return c.Type == "checkbox" || c.Type == "radio" }

// isGroup says whether the options need several controls.
func (c *control) isGroup() bool { return c.isBox() && c.Options != nil }

// isList says whether it may submit several values under its name.
func (c *control) isList() bool { return c.takesMany() && len(c.Options) > 0 }

// listName is name in the form of a list, which also has the errors of its elements; see
// [session.Submission.Errors].
func listName(name string) string { return strings.TrimSuffix(name, "[]") + "[]" }

func (c *control) isButton() bool {
	switch c.Type {
	case "submit", "button", "reset", "image":
		return true
	}
	return false
}

func (c *control) isDisabled() bool {
	disabled, _ := given(c.Attrs, "disabled")
	return isOn(disabled)
}

// takesMany says whether any number of the options may be chosen.
func (c *control) takesMany() bool { return c.Type == "checkbox" || c.Type == "select" && c.Multiple }

// sent is what was submitted for the control, if that is known. No value means that nothing was
// chosen, for controls where that is possible. All other controls are always sent, unless they are
// disabled or not in the form; their default stays then.
func (c *control) sent() (values []string, known bool) {
	values, known = c.form.Values(c.name)
	if len(values) == 0 && !c.takesMany() && c.Type != "radio" {
		return nil, false
	}
	return values, known
}

// stays says whether a default choice stays in spite of what was sent. A disabled choice cannot be
// cleared, except by another choice if there can be only one.
func (c *control) stays(disabled bool, sent []string) bool {
	return disabled && (c.takesMany() || len(sent) == 0)
}

// text is what a control for text shows.
func (c *control) text() string {
	if sent, known := c.sent(); known {
		return first(sent)
	}
	return c.Value
}

func (c *control) addAttributes(a attributes) attributes {
	if c.Type != "textarea" && c.Type != "select" {
		a = a.add("type", c.Type)
	}
	a = a.addText("id", c.id).addText("name", c.name)
	a = c.addValue(a).addFlag("multiple", c.Multiple).addFlag("disabled", c.disabled)
	a = a.addText("class", words(c.class(), c.Class))
	a = c.addState(a).merge(c.Attrs)
	if c.disabled { // even if Attrs says otherwise, for the other options
		a = a.mergeOne("disabled", true)
	}
	return a
}

// addValue adds the value, if it is an attribute and may be shown.
func (c *control) addValue(a attributes) attributes {
	switch {
	case c.Type == "password", c.Type == "file", c.Type == "textarea", c.Type == "select":
		return a
	case c.isBox():
		return a.add("value", c.Value).addFlag("checked", c.Checked)
	case c.isButton():
		return a.addText("value", c.Value)
	}
	return a.addText("value", c.text())
}

// addState marks the control if it is invalid, and says where it is described.
func (c *control) addState(a attributes) attributes {
	if c.Type == "hidden" {
		return a
	}
	if len(c.errors) > 0 && c.Type != "radio" && !c.isButton() { // the choice is invalid, not the radio button
		a = a.add("aria-invalid", "true")
	}
	if c.inGroup {
		return a.addText("aria-describedby", c.hintID)
	}
	return a.addText("aria-describedby", c.description())
}

// description is the ids of the elements that describe the control.
func (c *control) description() string {
	var err string
	if len(c.errors) > 0 {
		err = c.base + errorSuffix
	}
	return words(c.hintID, c.DescribedBy, err)
}

func (c *control) class() string {
	class := c.Theme.control(c.Type)
	if len(c.errors) > 0 && c.Type != "hidden" && !c.isButton() {
		class = words(class, c.Theme.Invalid)
	}
	return class
}

// unchecked is the attributes of the hidden field that is sent for an unchecked checkbox, or
// nothing. The field belongs to the same form, and is disabled if the checkbox is.
func (c *control) unchecked() attributes {
	if c.Unchecked == "" || c.Type != "checkbox" {
		return nil
	}
	var a attributes
	a = a.add("type", "hidden").addText("name", c.name).add("value", c.Unchecked)
	for _, key := range []string{"disabled", "form"} {
		if value, ok := given(c.Attrs, key); ok {
			a = a.mergeOne(key, value)
		}
	}
	return a
}

// choices is the options, with those selected that were submitted, or else the defaults. A value
// that is not offered cannot be chosen.
func (c *control) choices() []Option {
	many := c.takesMany()
	options := slices.Clone(c.Options)
	if c.Type == "select" && c.Prompt != "" && !many {
		options = slices.Insert(options, 0, Option{Label: c.Prompt})
	}
	defaults := c.defaults()
	sent, known := c.sent()
	enough := false // there can be only one, and it is chosen
	for i := range options {
		o := &options[i]
		if len(defaults) > 0 {
			o.Selected = slices.Contains(defaults, o.Value)
		}
		if known {
			o.Selected = isAmong(sent, o.Value) || o.Selected && c.stays(o.Disabled || c.isDisabled(), sent)
		}
		o.Selected = o.Selected && !enough
		enough = enough || o.Selected && !many
	}
	return options
}

// defaults is the values to choose by default. If there are none, the options say which are.
func (c *control) defaults() []string {
	if c.Value == "" {
		return c.Values
	}
	return append(slices.Clone(c.Values), c.Value)
}

// boxes is a checkbox or radio button for each option of a group, under ids that differ. A browser
// would apply "required" to each checkbox, and a screen reader would say the name of the group
// instead of each option's, so these are left out.
func (c *control) boxes() []control {
	attrs := without(c.Attrs, func(key string) bool {
		return isAccessibleName(key) || c.Type == "checkbox" && strings.EqualFold(key, "required")
	})
	taken := map[string]bool{}
	options := c.choices()
	boxes := make([]control, len(options))
	for i, o := range options {
		box := *c
		box.inGroup = true
		box.Label, box.Value, box.Checked, box.disabled = o.text(), o.Value, o.Selected, o.Disabled
		box.Unchecked = "" // the group has its hidden field, once
		box.Attrs = attrs
		if i > 0 {
			box.Attrs = without(attrs, func(key string) bool { return strings.EqualFold(key, "autofocus") })
		}
		id := choiceID(c.id, o.Value)
		box.id = id
		for n := i + 1; taken[box.id]; n++ {
			box.id = id + "-" + strconv.Itoa(n)
		}
		taken[box.id] = true
		box.describe(o.Hint, box.id)
		boxes[i] = box
	}
	return boxes
}

// optionGroup is options that stand next to each other and belong together.
type optionGroup struct {
	label   string
	options []Option
}

func optionGroups(options []Option) []optionGroup {
	var groups []optionGroup
	for _, o := range options {
		if len(groups) == 0 || groups[len(groups)-1].label != o.Group {
			groups = append(groups, optionGroup{label: o.Group})
		}
		last := &groups[len(groups)-1]
		last.options = append(last.options, o)
	}
	return groups
}
