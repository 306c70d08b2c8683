package session

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Old returns what the visitor submitted for a field of the unnamed form that is being corrected,
// or else the first of def. (For a form with a [FormField], see [Session.Submission].) For a field
// that was submitted empty it returns "", not the default; also for a field that is not part of the
// submission, such as an unchecked checkbox. For a field that was submitted several times it
// returns the first value; see [Submission].
func (s *Session) Old(name string, def ...string) string {
	values, known := s.Submission("").Values(name)
	if !known {
		return first(def)
	}
	return first(values)
}

// InputErrors returns the errors of a field of the unnamed form that is being corrected.
// "items[0].name", "items[0][name]" and "items.0.name" name the same field.
func (s *Session) InputErrors(name string) []string {
	return s.Submission("").Errors(name)
}

// PageErrors returns the errors of the page with their codes, in the order in which they were
// flashed, and those of one call of [Session.FlashErrors] in the order of their codes.
func (s *Session) PageErrors() []PageError {
	if s == nil {
		return nil
	}
	s.lock()
	defer s.unlock()
	var errs []PageError
	for _, it := range s.visible() {
		if it.kind != kindPageError {
			continue
		}
		var text string
		if json.Unmarshal(it.value, &text) == nil {
			errs = append(errs, PageError{it.name, text})
			s.flashes().markFormRead(it)
		}
	}
	return errs
}

// HasErrors reports whether there are errors of the page, or of a field of any form on it, whatever
// the form's name. On a whole page, asking counts as showing them.
func (s *Session) HasErrors() bool {
	if s == nil {
		return false
	}
	s.lock()
	defer s.unlock()
	isError := func(it flashItem) bool { return it.kind == kindPageError || it.kind == kindInputErrors }
	errs := slices.DeleteFunc(s.visible(), func(it flashItem) bool { return !isError(it) })
	if s.audience() == audiencePage {
		for _, it := range errs {
			s.flashes().markFormRead(it)
		}
	}
	return len(errs) > 0
}

// Submission returns the form of that name that is being corrected on this page: what the visitor
// submitted, and its errors. Reading it counts as showing it.
func (s *Session) Submission(form string) Submission {
	if s == nil {
		return Submission{}
	}
	s.lock()
	defer s.unlock()
	f := s.flashes()
	sub, known := f.forms[form]
	if !known {
		sub = s.submission(form)
		if f.forms == nil {
			f.forms = map[string]Submission{}
		}
		f.forms[form] = sub // kept, because a page asks for it with each of its fields
	}
	return sub
}

func (s *Session) submission(form string) (sub Submission) {
	for _, it := range s.visible() {
		if it.name != form || it.kind != kindInput && it.kind != kindInputErrors {
			continue
		}
		s.flashes().markFormRead(it)
		switch it.kind {
		case kindInput:
			in := it.input()
			sub.m, sub.input, sub.fields = s.m, &in, fieldsOf(&in)
		case kindInputErrors:
			sub.errors = it.inputErrors()
			for _, e := range sub.errors {
				sub.names = append(sub.names, errorName{fieldPath(e.Name), foldField(e.Name)})
			}
		}
	}
	return sub
}

// Submission is a submitted form and its errors. The zero value is a form that was not submitted,
// without errors.
type Submission struct {
	m      *Manager // nil without input
	input  *oldInput
	fields fields // of the input
	errors []InputError
	names  []errorName // in errors
}

// errorName is the path of a name and what foldField makes of it: a page asks for the errors of each of
// its fields, and visitors decide how many errors there are.
type errorName struct{ path, folded string }

// fields is what was submitted, by the paths of the names: a page asks for each of its fields, and
// visitors decide how many they submit.
type fields struct {
	submitted map[string][]string
	leftOut   map[string]bool
}

func fieldsOf(in *oldInput) fields {
	f := fields{make(map[string][]string, len(in.Values)), make(map[string]bool, len(in.Except))}
	for name, values := range in.Values {
		f.submitted[fieldPath(name)] = values
	}
	for _, name := range in.Except {
		f.leftOut[fieldPath(name)] = true
	}
	return f
}

// leavesOut says whether the field with that path, or a group that it is in, was left out.
func (f fields) leavesOut(path string) bool {
	for !f.leftOut[path] {
		end := strings.LastIndexByte(path, '.')
		if end < 0 {
			return false
		}
		path = path[:end]
	}
	return true
}

// Format prints session.Submission(…) with the number of fields that have errors, whatever the verb. It
// prints nothing of what the visitor typed.
func (sub Submission) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "session.Submission(%d fields with errors)", len(sub.errors))
}

// Submitted reports whether there is old input, that is, whether this page shows a form being
// corrected.
func (sub Submission) Submitted() bool { return sub.input != nil }

// Values returns what was submitted for a field. known is true even if there is no value: an
// unchecked checkbox is not part of a submission. known is false if no form was submitted, or if
// the field was left out of the old input on purpose; then show the default.
func (sub Submission) Values(name string) (values []string, known bool) {
	if sub.input == nil || !sub.input.asksFor(name) {
		return nil, false
	}
	path := fieldPath(name)
	if sub.fields.leavesOut(path) {
		return nil, false
	}
	if values, ok := sub.input.Values[name]; ok {
		return slices.Clone(values), true
	}
	if sub.m.isSecret(name) { // secrets were not kept
		return nil, false
	}
	return slices.Clone(sub.fields.submitted[path]), true
}

// Errors returns the errors of a field. For a list such as "tags[]" they include those of its
// elements, "tags.0" and "tags.1".
func (sub Submission) Errors(name string) []string {
	if len(sub.errors) == 0 {
		return nil
	}
	folded := foldField(name)
	owner, isList := strings.CutSuffix(name, "[]")
	list := fieldPath(owner) + "."
	exact := slices.ContainsFunc(sub.errors, func(e InputError) bool { return e.Name == name })
	var messages []string
	for i, e := range sub.errors {
		respelled := !exact && sub.names[i].folded == folded && !sub.hasBoth(e.Name, name)
		if e.Name == name || respelled || isList && isElementOf(sub.names[i].path, list) {
			messages = append(messages, e.Messages...)
		}
	}
	return messages
}

// isElementOf says whether path is list, which ends in a dot, and a number.
func isElementOf(path, list string) bool {
	index, ok := strings.CutPrefix(path, list)
	return ok && index != "" && strings.Trim(index, "0123456789") == ""
}

// hasBoth says whether both names were submitted, and are those of two fields, although they are spelled
// much alike.
func (sub Submission) hasBoth(a, b string) bool {
	a, b = fieldPath(a), fieldPath(b)
	_, hasA := sub.fields.submitted[a]
	_, hasB := sub.fields.submitted[b]
	return a != b && hasA && hasB
}

// AllErrors returns the errors of all fields, in the order in which they were found.
func (sub Submission) AllErrors() []InputError { return slices.Clone(sub.errors) }
