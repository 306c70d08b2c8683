package session

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ValidationErrorCode is the code of the summary that [Session.FlashValidationErrors] adds as a
// page error.
const ValidationErrorCode = "E_VALIDATION_ERROR"

const validationSummary = "The form was not saved. Please correct the fields that are marked."

// ValidationErrors holds the errors of a form, by the names of its fields. Return it from a
// handler, or pass it to [Invalid], if you validate by hand. A summary lists the fields in the
// order of their names; for another order, join several ValidationErrors (errors.Join).
//
// Return it only if it has errors: as an error, even a nil map is not nil.
type ValidationErrors map[string][]string

func (e ValidationErrors) Error() string {
	if len(e) == 1 {
		return "session: 1 field of the form is invalid"
	}
	return fmt.Sprintf("session: %d fields of the form are invalid", len(e))
}

// InputErrors returns e. [Session.FlashValidationErrors] understands every error that has this
// method, so you can use a type of your own.
func (e ValidationErrors) InputErrors() map[string][]string { return e }

// FieldError is one error of a validator. The errors of go-playground/validator have these methods;
// this package does not import it.
type FieldError interface {
	error
	Namespace() string  // where the field is, with the name of the struct: "Post.Author.Email"
	Tag() string        // the rule: "required", "min"
	Param() string      // the rule's parameter: "3"
	Kind() reflect.Kind // the kind of the field
}

// FlashValidationErrors flashes what a validator's error says: the errors by field, a summary under
// [ValidationErrorCode], and the submitted form as old input.
//
// It understands the errors of go-playground/validator, and errors such as [ValidationErrors] that
// have a method InputErrors() map[string][]string, also if they are wrapped or joined. For any
// other error it adds no text, since the text may be internal; the old input is kept.
//
// It also understands the errors of Echo's Bind about a value that is not a number, bool or time.
// Such an error counts as one of a validator: its Namespace is "form." and the name of the field,
// and its rule is "number", "numeric", "boolean" or "datetime", or "range" for a number that does
// not fit. Bind does not name the field, so it is taken to be the only one that was submitted with
// that value. If several were, or if the value may have come from the address, the error counts as
// any other error. (If a BindUnmarshaler rejects a part of a value, the error may go to another
// field whose whole value is that part.) The errors of Echo's binders, such as echo.FormFieldBinder,
// do name the field; they have the rule "required" as well.
func (s *Session) FlashValidationErrors(err error) {
	s.FlashAll()
	r := s.request()
	if r == nil {
		return // FlashAll has reported it
	}
	// Not under the lock: the texts may depend on the session, for example on its language.
	errs := s.m.inputErrorsOf(err, r)
	if len(errs) == 0 {
		return
	}
	s.lock()
	defer s.unlock()
	s.addInputErrors(errs)
	s.addFlash(flashItem{kind: kindPageError, name: ValidationErrorCode, value: mustEncode(s.m.cfg.ValidationSummary)})
}

// request is the current one, or nil once it is over.
func (s *Session) request() *http.Request {
	s.lock()
	defer s.unlock()
	if s.exchange == nil {
		return nil
	}
	return s.exchange.Request()
}

// isValidation says whether FlashValidationErrors understands err, for the form that came with r.
func isValidation(err error, r *http.Request) bool {
	return hasFields(err) || len(unreadableIn(err, r)) > 0
}

// hasFields says whether a validator has found something.
func hasFields(err error) (found bool) {
	walkErrors(err, func(err error) (deeper bool) {
		_, byName := err.(inputErrorser)
		found = found || byName || fieldErrorsOf(err) != nil
		return !found
	})
	return found
}

type inputErrorser interface{ InputErrors() map[string][]string }

// inputErrorsOf collects what err, and all that it wraps, says about fields.
func (m *Manager) inputErrorsOf(err error, r *http.Request) (errs []InputError) {
	names := newFormNames(submittedNames(r))
	walkErrors(err, func(err error) (deeper bool) {
		if e, ok := err.(inputErrorser); ok {
			errs = mergeErrors(errs, sortedErrors(e.InputErrors()))
			return false
		}
		list := fieldErrorsOf(err)
		for _, e := range list[:min(len(list), maxErrors)] { // a list in the form may have thousands
			errs = mergeErrors(errs, []InputError{{names.field(e.Namespace()), []string{m.cfg.ValidationText(r.Context(), e)}}})
		}
		return list == nil
	})
	for _, u := range unreadableIn(err, r) {
		errs = mergeErrors(errs, []InputError{{u.field, []string{m.cfg.ValidationText(r.Context(), u)}}})
	}
	return errs
}

// fieldErrorsOf returns err if it is a FieldError, or its elements if it is a list of them. The
// type of the list is not known here, so this takes reflection.
func fieldErrorsOf(err error) []FieldError {
	if one, ok := err.(FieldError); ok {
		return []FieldError{one}
	}
	list := reflect.Indirect(reflect.ValueOf(err)) // a pointer to a list is an error as well
	if list.Kind() != reflect.Slice {
		return nil
	}
	var all []FieldError
	for i := range list.Len() {
		one, ok := list.Index(i).Interface().(FieldError)
		if !ok {
			return nil
		}
		all = append(all, one)
	}
	return all
}

// walkErrors visits err and all that it wraps. It does not look into an error for which visit
// returns false.
func walkErrors(err error, visit func(error) (deeper bool)) {
	if isNil(err) || !visit(err) {
		return
	}
	walkErrors(messageOf(err), visit)
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		walkErrors(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			walkErrors(one, visit)
		}
	}
}

// formNames finds the names of a submitted form by what their spellings have in common.
type formNames struct {
	isForm    bool // and not JSON, for example
	submitted url.Values
	folded    map[string]string // by foldField
	joined    map[string]string // the same without dots
	spelling  spelling
}

func newFormNames(form url.Values, isForm bool) formNames {
	n := formNames{isForm, form, map[string]string{}, map[string]string{}, spellingOf(form)}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(form))) { // so that the first name wins
		if len(name) > maxName || isOurs(name) {
			continue // made to fill the session, or _method, which is no method
		}
		fold := foldField(name)
		n.folded[fold] = name
		n.joined[strings.ReplaceAll(fold, ".", "")] = name
	}
	return n
}

// isOurs says whether a field of that name is the library's, or Echo's: _form, _csrf, _method.
func isOurs(name string) bool { return strings.HasPrefix(name, "_") }

// field returns the form's name for a field of a struct. The namespace may have a name of the form
// (validator.RegisterTagNameFunc) or Go's: PublishedAt is published_at, published-at or
// publishedAt. The field is looked for
//
//   - where it is in the struct: Post.Author.Email is author.email or author_email,
//   - in a group with the name of the struct: post[author][email],
//   - then without the names of structs, as Echo binds structs within structs, and as decoders read
//     embedded ones: email, or guests[0].name for Party.Guests[0].Person.Name. But not without the name
//     of one of which something else was sent, nor of a list: that email is another field.
//
// If the field was not submitted, as with an unchecked box, its name is spelled as most names of
// the form are. It is in the group of the struct if there is one, unless a tag says how it is called.
func (n formNames) field(namespace string) string {
	namespace = strings.ReplaceAll(namespace, "[][", "[") // the tag of a list may be "tags[]"
	path := within(namespace)
	if name, ok := n.find(path); ok {
		return name
	}
	if name, ok := n.find(namespace); ok { // of a struct without a name
		return name
	}
	root := strings.TrimSuffix(namespace, "."+path)
	inGroup, found := n.flat(namespace)
	outside, sent := n.flat(path)
	if found || !sent && isGoName(path) && n.hasWithin(root) {
		return inGroup
	}
	return outside
}

// flat is the form's name for a path without the names of some structs in it, and whether it was sent.
func (n formNames) flat(path string) (name string, sent bool) {
	kept, own := "", path
	for rest, inner := path, within(path); n.isForm && inner != rest; rest, inner = inner, within(inner) {
		outer := strings.TrimSuffix(rest, "."+inner)
		if strings.Contains(outer, "[") || n.hasWithin(kept+outer) {
			kept += outer + "."
			continue
		}
		if name, ok := n.find(kept + inner); ok {
			return name, true
		}
		if own == kept+rest && isGoName(outer) { // Echo does not bind one with a tag
			own = kept + inner
		}
	}
	return n.spelling.path(own), false
}

// hasWithin says whether something in that struct was submitted.
func (n formNames) hasWithin(path string) bool {
	prefix := foldField(path) + "."
	for fold := range n.folded {
		if strings.HasPrefix(fold, prefix) {
			return true
		}
	}
	return false
}

// find also matches an element of a list with the field that was submitted several times.
func (n formNames) find(path string) (name string, ok bool) {
	for _, name := range [...]string{path, n.spelling.path(path)} { // the second, since q1_1 and q11 are the same when folded
		if _, ok := n.submitted[name]; ok {
			return name, true
		}
	}
	fold := foldField(path)
	if name, ok = n.folded[fold]; ok {
		return name, true
	}
	list, _, indexed := strings.Cut(path, "[")
	if !indexed {
		name, ok = n.joined[strings.ReplaceAll(fold, ".", "")]
		return name, ok
	}
	if list != "" && strings.HasSuffix(path, "]") && strings.Count(path, "[") == 1 {
		name, ok = n.folded[foldField(list)]
	}
	return name, ok
}

// within is the path without its first part: "Author.Email" for "Post.Author.Email". Dots
// in brackets separate nothing, as in "Form[example.com/app.Post].Title".
func within(path string) string {
	depth := 0
	for i, r := range path {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		case '.':
			if depth == 0 {
				return path[i+1:]
			}
		}
	}
	return path
}

var wordSeparators = strings.NewReplacer("_", "", "-", "")

// foldField is the common form of all spellings of a field's name.
func foldField(name string) string {
	return strings.ToLower(wordSeparators.Replace(fieldPath(name)))
}

// spelling is how the names of a form's fields join several words.
type spelling int

const (
	snakeCase spelling = iota // published_at
	camelCase                 // publishedAt
	kebabCase                 // published-at
)

// spellingOf is the spelling of most names, or snake case if none tells.
func spellingOf(form url.Values) spelling {
	var count [3]int
	for name := range form {
		switch {
		case isOurs(name), len(name) > maxName:
		case strings.Contains(name, "_"):
			count[snakeCase]++
		case strings.Contains(name, "-"):
			count[kebabCase]++
		case strings.ContainsFunc(name[min(1, len(name)):], unicode.IsUpper):
			count[camelCase]++
		}
	}
	return spelling(slices.Index(count[:], slices.Max(count[:])))
}

// path converts a path of Go names to this spelling. A name that begins in lower case is not Go's,
// and stays as it is.
func (s spelling) path(path string) string {
	segments := strings.Split(path, ".")
	for i, segment := range segments {
		if isGoName(segment) {
			segments[i] = s.name(splitCamelCase(segment))
		}
	}
	return strings.Join(segments, ".")
}

// name converts a name whose words are separated by underscores.
func (s spelling) name(words string) string {
	switch s {
	case camelCase:
		word, more, _ := strings.Cut(words, "_")
		return strings.ToLower(word) + strings.ReplaceAll(more, "_", "")
	case kebabCase:
		return strings.ReplaceAll(strings.ToLower(words), "_", "-")
	}
	return strings.ToLower(words)
}

func isGoName(name string) bool {
	first, _ := utf8.DecodeRuneInString(name)
	return unicode.IsUpper(first)
}

// wordStart does not split the plural of initials, such as IDs.
var wordStart = regexp.MustCompile(`([\p{Ll}\p{M}\p{N}])(\p{Lu})|(\p{Lu})(\p{Lu}(?:[^\P{Ll}s]|s\p{Ll}))`)

// splitCamelCase separates words by underscores.
func splitCamelCase(name string) string {
	return wordStart.ReplaceAllString(name, "${1}${3}_$2$4")
}
