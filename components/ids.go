package components

import (
	"context"
	"strings"
	"unicode"
)

// FieldID returns the id of the control of that name: items-0-name for "items[0].name", tags for
// "tags[]". In a named form the form's name comes first, so that two forms of a page can have
// fields of the same name. A radio button has its value at the end, as in plan-pro, and so does a
// checkbox that is one of several. A field of the name flash is flash-field, since [FlashAlerts] is
// flash.
func FieldID(ctx context.Context, name string) string { return form{name: formName(ctx)}.id(name) }

// ErrorID returns the id of the error of that field.
func ErrorID(ctx context.Context, name string) string { return FieldID(ctx, name) + errorSuffix }

// HintID returns the id of the hint of that field.
func HintID(ctx context.Context, name string) string { return FieldID(ctx, name) + hintSuffix }

const (
	errorSuffix = "-error"
	hintSuffix  = "-hint"
)

// The ids of what has no name.
const (
	regionID  = "flash"
	summaryID = "error-summary" // in its form
)

func (f form) id(field string) string {
	id := slug(field)
	if id == regionID || id == summaryID {
		id += "-field"
	}
	return f.with(id)
}

// with is an id in the form.
func (f form) with(id string) string {
	if f.name != "" {
		id = slug(f.name) + "-" + id
	}
	return id
}

// slug is name as an id: its words, with hyphens between them. An id must not be empty or
// have spaces in it; letters of any language are fine.
func slug(name string) string {
	if name != "" && !strings.ContainsFunc(name, isNoWord) {
		return name
	}
	words := strings.FieldsFunc(name, isNoWord)
	if len(words) == 0 {
		return "field"
	}
	return strings.Join(words, "-")
}

// choiceID is the id of one of several controls of a name. Values that differ only in how much
// punctuation they have, as C and C++ do, still get different ids.
func choiceID(id, value string) string {
	suffix := "-" + strings.Map(func(r rune) rune {
		if isWord(r) {
			return r
		}
		return '-'
	}, value)
	if suffix == errorSuffix || strings.HasSuffix(suffix, hintSuffix) {
		suffix += "-" // an option may be called "error", or like the hint of another option
	}
	return id + suffix
}

// isWord says whether r stays in an id. Beyond ASCII all but spaces does, and not only letters: two names may
// differ in a vowel sign, an accent or an emoji alone.
func isWord(r rune) bool {
	if r > unicode.MaxASCII {
		return !unicode.IsSpace(r)
	}
	return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

func isNoWord(r rune) bool { return !isWord(r) }
