package session

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// ValidationErrorCode is the code of the page error that [Session.FlashValidationErrors]
// adds as a summary.
const ValidationErrorCode = "E_VALIDATION_ERROR"

const validationSummary = "The form was not saved. Please correct the fields that are marked."

// ValidationErrors is what is wrong with a form, by the names of its fields. Return it
// from a handler, or give it to [Invalid], if you validate by hand.
type ValidationErrors map[string][]string

func (e ValidationErrors) Error() string {
	if len(e) == 1 {
		return "session: 1 field of the form is invalid"
	}
	return fmt.Sprintf("session: %d fields of the form are invalid", len(e))
}

// InputErrors makes it what [Session.FlashValidationErrors] understands. Any error of
// yours that has this method will do.
func (e ValidationErrors) InputErrors() map[string][]string { return e }

// FieldError is one error of a validator. The errors of go-playground/validator are such,
// without this package depending on it.
type FieldError interface {
	error
	Namespace() string  // where the field is, with the name of the struct: "Post.Author.Email"
	Tag() string        // the rule: "required", "min"
	Param() string      // the rule's parameter: "3"
	Kind() reflect.Kind // of the field
}

// ValidationText is what a visitor reads about e, in English. It is the default of
// Config.ValidationText, which may fall back on it.
func ValidationText(_ context.Context, e FieldError) string {
	text, known := validationTexts[e.Tag()]
	if !known {
		return "Enter a valid value"
	}
	if _, counted := countedRules[e.Tag()]; counted {
		return fmt.Sprintf(text, e.Param()+unitOf(e.Kind(), e.Param()))
	}
	return text
}

var validationTexts = map[string]string{
	"required": "Fill in this field",
	"email":    "Enter an email address, such as name@example.com",
	"url":      "Enter a web address that begins with https:// or http://",
	"http_url": "Enter a web address that begins with https:// or http://",
	"uri":      "Enter a web address",
	"min":      "Enter at least %s",
	"gte":      "Enter at least %s",
	"max":      "Enter no more than %s",
	"lte":      "Enter no more than %s",
	"gt":       "Enter more than %s",
	"lt":       "Enter less than %s",
	"len":      "Enter exactly %s",
	"oneof":    "Choose one of the options",
	"eqfield":  "The two entries are not the same",
	"numeric":  "Enter a number",
	"number":   "Enter a number",
	"alpha":    "Use letters only",
	"alphanum": "Use letters and digits only",
	"datetime": "Enter a date",
	"e164":     "Enter a phone number with its country code, such as +4930123456",
	"unique":   "Enter each value only once",
}

var countedRules = map[string]struct{}{
	"min": {}, "gte": {}, "max": {}, "lte": {}, "gt": {}, "lt": {}, "len": {},
}

// unitOf is what a rule about a field of that kind counts.
func unitOf(k reflect.Kind, n string) string {
	unit := ""
	switch k {
	case reflect.String:
		unit = " character"
	case reflect.Slice, reflect.Array, reflect.Map:
		unit = " value"
	default:
		return ""
	}
	if n == "1" {
		return unit
	}
	return unit + "s"
}

// FlashValidationErrors takes a validator's error apart: the errors by field, a summary
// under [ValidationErrorCode], and the submitted form as old input.
//
// It understands the errors of go-playground/validator, errors with a method
// InputErrors() map[string][]string such as [ValidationErrors], and whatever wraps them.
// Of another error it adds no text, which may be internal; the old input is kept.
func (s *Session) FlashValidationErrors(err error) {
	s.FlashAll()
	s.lock()
	defer s.unlock()
	if s.exchange == nil {
		return // FlashAll has reported it
	}
	errs := s.inputErrorsOf(err)
	if len(errs) == 0 {
		return
	}
	s.addInputErrors(errs)
	s.addFlash(flashItem{kind: kindPageError, name: ValidationErrorCode, value: mustEncode(validationSummary)})
}

// isValidation says whether FlashValidationErrors understands err.
func isValidation(err error) bool {
	return fieldErrorsIn(err) != nil || inputErrorsIn(err) != nil
}

func (s *Session) inputErrorsOf(err error) []InputError {
	if byName := inputErrorsIn(err); byName != nil {
		var errs []InputError
		for _, name := range slices.Sorted(maps.Keys(byName)) {
			errs = append(errs, InputError{name, byName[name]})
		}
		return errs
	}
	form, _ := submitted(s.exchange.Request())
	var errs []InputError
	for _, e := range fieldErrorsIn(err) {
		one := InputError{fieldName(e.Namespace(), form), []string{s.m.cfg.ValidationText(s.ctx, e)}}
		errs = mergeErrors(errs, []InputError{one})
	}
	return errs
}

func inputErrorsIn(err error) (byName map[string][]string) {
	walkErrors(err, func(err error) bool {
		e, ok := err.(interface{ InputErrors() map[string][]string })
		if ok {
			byName = e.InputErrors()
		}
		return byName == nil
	})
	return byName
}

// fieldErrorsIn finds an error that is a list of FieldErrors. Its type is not known
// here, so it takes reflection to look.
func fieldErrorsIn(err error) (found []FieldError) {
	walkErrors(err, func(err error) bool {
		if one, ok := err.(FieldError); ok {
			found = []FieldError{one}
			return false
		}
		list := reflect.ValueOf(err)
		if list.Kind() != reflect.Slice {
			return true
		}
		for i := range list.Len() {
			one, ok := list.Index(i).Interface().(FieldError)
			if !ok {
				return true
			}
			found = append(found, one)
		}
		return found == nil
	})
	return found
}

// walkErrors visits err and all that it wraps, until visit says no.
func walkErrors(err error, visit func(error) bool) bool {
	if err == nil {
		return true
	}
	if !visit(err) {
		return false
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return walkErrors(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if !walkErrors(one, visit) {
				return false
			}
		}
	}
	return true
}

// fieldName is the name in the form of a field of a struct. If the validator knows the
// names of the form (validator.RegisterTagNameFunc), it is the namespace less the
// struct's name. If not, PublishedAt is the submitted field called published_at,
// published-at or publishedAt, or else published_at.
func fieldName(namespace string, form url.Values) string {
	path := namespace
	if _, rest, nested := strings.Cut(namespace, "."); nested {
		path = rest
	}
	for _, candidate := range []string{path, namespace} { // an anonymous struct has no name
		if _, ok := form[candidate]; ok {
			return candidate
		}
		for submitted := range form {
			if foldField(submitted) == foldField(candidate) {
				return submitted
			}
		}
	}
	return snakeCase(path)
}

// foldField is what the spellings of one field's name have in common.
func foldField(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(fieldPath(name)))
}

// snakeCase is a Go name as forms usually spell it: UserID is user_id. A name that
// begins in lower case is not Go's, and stays.
func snakeCase(path string) string {
	segments := strings.Split(path, ".")
	for i, segment := range segments {
		if segment != "" && segment[0] >= 'A' && segment[0] <= 'Z' {
			segments[i] = strings.ToLower(splitCamelCase(segment))
		}
	}
	return strings.Join(segments, ".")
}

var wordStart = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)

// splitCamelCase separates words by an underscore.
func splitCamelCase(name string) string {
	return wordStart.ReplaceAllString(name, "${1}${3}_$2$4")
}
