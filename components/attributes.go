package components

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/a-h/templ"
)

// attributes are those of one tag, in a fixed order and each only once: templ writes an
// attribute as often as it is told to, and browsers then go by the first.
type attributes templ.OrderedAttributes

func (a *attributes) add(key string, value any) {
	*a = append(*a, templ.KV[string, any](key, value))
}

// addText adds an attribute unless its value is empty.
func (a *attributes) addText(key, value string) {
	if value != "" {
		a.add(key, value)
	}
}

// addIf adds an attribute without a value.
func (a *attributes) addIf(key string, on bool) {
	if on {
		a.add(key, true)
	}
}

// merge adds what the application passes through to the tag. Its classes and descriptions
// come after ours, other attributes replace ours. What a component has to decide itself,
// and what is no name of an attribute, is left out.
func (a *attributes) merge(extra templ.Attributes) {
	if len(extra) == 0 {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		a.mergeOne(strings.ToLower(key), extra[key])
	}
}

func (a *attributes) mergeOne(key string, value any) {
	if !isAttribute(key) || isReserved(key) {
		return
	}
	i := slices.IndexFunc(*a, func(kv templ.KeyValue[string, any]) bool { return kv.Key == key })
	if i < 0 {
		a.add(key, value)
		return
	}
	if key == "class" || key == "aria-describedby" {
		value = words(textOf((*a)[i].Value), textOf(value))
	}
	(*a)[i].Value = value
}

func (a attributes) ordered() templ.OrderedAttributes { return templ.OrderedAttributes(a) }

// classed is a class attribute, or nothing without a class. (templ's own takes longer, as
// it expects more than names.)
func classed(class string) templ.OrderedAttributes {
	if class == "" {
		return nil
	}
	return templ.OrderedAttributes{templ.KV[string, any]("class", class)}
}

// idOf is the id of a tag: the parameter, or the one among the attributes, or def.
func idOf(id string, attrs templ.Attributes, def string) string {
	if id == "" {
		id = textOf(attrs["id"])
	}
	if id == "" {
		return def
	}
	return id
}

// isReserved says whether the attribute comes from the component's own parameters.
func isReserved(key string) bool {
	switch key {
	case "id", "name", "type", "checked", "value", "action", "method":
		return true
	}
	return false
}

// isAttribute says whether a browser takes key as one name, and as this one. templ escapes
// it, but that does not help against a space, and browsers don't undo it.
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
	case templ.KeyValue[bool, bool]:
		return value.Key && value.Value
	case func() bool:
		return value()
	}
	return true
}

// words is a list of words, such as class names, less the empty ones.
func words(list ...string) string {
	list = slices.DeleteFunc(list, func(word string) bool { return word == "" })
	return strings.Join(list, " ")
}
