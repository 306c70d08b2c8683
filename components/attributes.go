package components

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/a-h/templ"
)

// attributes are the attributes of one tag, in a fixed order and each only once: templ writes an
// attribute as often as it is told to, and browsers then take the first.
type attributes []attribute

// attribute has a text, or if other is not nil a value of any type that templ knows.
type attribute struct {
	key, text string
	other     any
}

// Items lets templ write the attributes in a tag.
func (a attributes) Items() []templ.KeyValue[string, any] {
	items := make([]templ.KeyValue[string, any], len(a))
	for i, one := range a {
		items[i] = templ.KV(one.key, one.value())
	}
	return items
}

func (a attribute) value() any {
	if a.other != nil {
		return a.other
	}
	return a.text
}

// Methods that add to attributes return them, as append does, so that those of a control stay on
// the stack.

func (a attributes) add(key, text string) attributes {
	return append(a, attribute{key: key, text: text})
}

// addText adds an attribute unless its text is empty.
func (a attributes) addText(key, text string) attributes {
	if text == "" {
		return a
	}
	return a.add(key, text)
}

// addFlag adds an attribute without a value, if it is on.
func (a attributes) addFlag(key string, on bool) attributes {
	if !on {
		return a
	}
	return append(a, attribute{key: key, other: true})
}

// merge adds the attributes that the application passes through to the tag. Their classes and
// descriptions come after ours; other attributes replace ours. Attributes that only the component
// may set, and keys that are not names of attributes, are left out.
func (a attributes) merge(extra templ.Attributes) attributes {
	if len(extra) == 0 { // as for most tags; sorting no keys would still allocate
		return a
	}
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		a = a.mergeOne(strings.ToLower(key), extra[key])
	}
	return a
}

func (a attributes) mergeOne(key string, value any) attributes {
	if !isAttribute(key) || isReserved(key) {
		return a
	}
	if value == nil {
		value = false // which is not written at all
	}
	i := slices.IndexFunc(a, func(one attribute) bool { return one.key == key })
	if i < 0 {
		return append(a, attribute{key: key, other: value})
	}
	if key == "class" || key == "aria-describedby" {
		value = words(textOf(a[i].value()), textOf(value))
	}
	a[i].other = value
	return a
}

// classed is a class attribute, or nothing if there is no class. (templ's class={ … } would take longer,
// since it also accepts maps and conditions.)
func classed(class string) attributes { return attributes(nil).addText("class", class) }

// given is the attribute of that name that the application passes through, in any case: in HTML,
// Disabled is disabled.
func given(attrs templ.Attributes, key string) (value any, ok bool) {
	if value, ok = attrs[key]; ok {
		return value, true
	}
	for other, value := range attrs {
		if strings.EqualFold(other, key) {
			return value, true
		}
	}
	return nil, false
}

// without is the attributes but for those whose keys are to be dropped.
func without(attrs templ.Attributes, drop func(key string) bool) templ.Attributes {
	rest := maps.Clone(attrs)
	maps.DeleteFunc(rest, func(key string, _ any) bool { return drop(key) })
	return rest
}

// idOf is the id of a tag: the parameter, or else the one among the attributes, or def.
func idOf(id string, attrs templ.Attributes, def string) string {
	own, _ := given(attrs, "id")
	return cmp.Or(id, textOf(own), def)
}

// isAccessibleName says whether an attribute gives an element the name that screen readers say.
func isAccessibleName(key string) bool {
	return strings.EqualFold(key, "aria-label") || strings.EqualFold(key, "aria-labelledby")
}

// isReserved says whether the attribute comes from the component's own parameters.
func isReserved(key string) bool {
	switch key {
	case "id", "name", "type", "checked", "value", "action", "method":
		return true
	}
	return false
}

// isAttribute says whether a browser reads key as one name, and as this name. Escaping would not
// help against a space, and browsers do not undo it in names.
func isAttribute(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`"'=<>/&`, r)
	})
}

// textOf is the text that templ would write for the value of an attribute, if it has any.
func textOf(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case *string:
		if value != nil {
			return *value
		}
	case templ.KeyValue[string, bool]:
		if value.Value {
			return value.Key
		}
	}
	return ""
}

// isOn says whether templ would write an attribute that has no text.
func isOn(value any) bool {
	switch value := value.(type) {
	case nil:
		return false
	case bool:
		return value
	case *bool:
		return value != nil && *value
	case *string:
		return value != nil
	case templ.KeyValue[string, bool]:
		return value.Value
	case templ.KeyValue[bool, bool]:
		return value.Key && value.Value
	case func() bool:
		return value()
	}
	return true
}

// words is a list of words, such as class names, less the empty ones.
func words(list ...string) string {
	var all string
	for _, word := range list {
		if all != "" && word != "" {
			all += " "
		}
		all += word
	}
	return all
}
