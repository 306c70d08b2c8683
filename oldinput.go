package session

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// FormField is the hidden field that names a form, for pages with several: old input and
// errors of one are then not shown in another. An unnamed form is the form "".
const FormField = "_form"

// maxInput is how many bytes of one submission are kept as old input, as JSON. It is more than
// people type; the rest of a larger one, its largest fields, is not refilled.
const maxInput = 64 << 10

// maxForms is how many forms can wait to be corrected. It is the visitor who names them.
const maxForms = 8

// maxErrors is how many fields can have errors. A submitted list may have thousands of
// elements, and nobody corrects them all at once.
const maxErrors = 200

// maxName is how many bytes the name of a form or a field may have. It is the visitor who
// sends them, and no application has longer ones.
const maxName = 256

// maxMultipartMemory is what net/http itself uses for forms with files.
const maxMultipartMemory = 32 << 20

// oldInput is a submitted form that waits to be corrected.
type oldInput struct {
	Values url.Values `json:"v"`
	Only   []string   `json:"o"`           // if not nil, the fields that were asked for
	Except []string   `json:"x,omitempty"` // fields that were left out on purpose
}

// InputError is what is wrong with one field.
type InputError struct {
	Name     string   `json:"name"` // of the field, as the form has it
	Messages []string `json:"messages"`
}

// PageError is an error of the page, not of a field.
type PageError struct {
	Code string `json:"code"` // such as "E_BAD_CSRF_TOKEN"
	Text string `json:"text"` // for the visitor
}

// FlashAll keeps the submitted form for the next page, where [Session.Old] and the form
// components show it again. Fields that were submitted empty, or not checked, come back
// empty and not checked. A request without a form, one with JSON say, keeps nothing. Where
// there is more than 64 KB in a form, its largest fields are not kept, nor are fields whose names
// have more than 256 bytes: they show their defaults.
//
// Secrets never stay, nor do files and the fields of the framework. A field is a secret by
// its name: if that contains passw, pwd, passphrase, passcode, passkey, mnemonic, csrf, xsrf,
// captcha, turnstile, cvc or cvv; if one of its words ends in token or secret; or if there
// are the words pass, pw, pin, otp, totp, ssn, csc, ccv, jwt, nonce, credentials, seed or recovery
// phrase; API, access, private, secret or SSH key; card number, credit card, social security, security
// or secret answer; or security, verification, auth, access, login, SMS, reset, confirmation, activation,
// recovery, backup, one-time, two-factor, 2FA or MFA code. Words are what camelCase, "_", "-", "." and
// brackets separate: user[pin] and cardNumber are secrets, passenger and spin are not.
// Config.NeverFlash adds words to these.
func (s *Session) FlashAll() { s.flashInput(nil, nil) }

// FlashOnly is FlashAll for some fields. The others show their defaults. "user[name]" and
// "user.name" name the same field, and "user" all that are in it.
func (s *Session) FlashOnly(names ...string) {
	only := append([]string{}, names...) // never nil, which would be all fields
	s.flashInput(only, nil)
}

// FlashExcept is FlashAll for all fields but these, which show their defaults. Names are as those
// of FlashOnly.
func (s *Session) FlashExcept(names ...string) { s.flashInput(nil, names) }

func (s *Session) flashInput(only, except []string) {
	s.lock()
	defer s.unlock()
	if s.state(); !s.changeable(updatesRecord) {
		return
	}
	form, ok := submitted(s.exchange.Request())
	in := oldInput{Values: url.Values{}, Only: only, Except: slices.Clone(except)}
	if !ok || !in.hasRoomForNames(form) {
		return
	}
	for name, values := range form {
		if !in.leavesOut(name) && !s.m.isSecret(name) {
			in.Values[name] = values
		}
	}
	if in.trim(maxInput) {
		s.addFlash(flashItem{kind: kindInput, name: formNameIn(form), value: mustEncode(in)})
	}
}

// hasRoomForNames says whether the names alone of what is to be kept fit. If not, trim would give up too,
// but only after a second in which each name of a hostile form was taken apart.
func (in *oldInput) hasRoomForNames(form url.Values) bool {
	size := 0
	for name := range form {
		if !in.leavesOut(name) {
			size += len(name)
		}
	}
	return size <= maxInput
}

// submitted is the form that came with r, and whether one did: an empty form, whose only
// checkbox was cleared, is something else than none. What cannot be parsed is as if it had
// not been sent; the handler, which reads the same form, is there to complain.
func submitted(r *http.Request) (form url.Values, ok bool) {
	err := r.ParseMultipartForm(maxMultipartMemory)
	inAddress := isGet(r) || r.Method == http.MethodDelete && len(r.PostForm) == 0 // htmx sends it there
	switch contentType := mediaType(r.Header); {
	case contentType == "multipart/form-data":
		if err != nil {
			return nil, false
		}
		return r.MultipartForm.Value, true
	case inAddress:
		return r.Form, len(r.Form) > 0
	default:
		return r.PostForm, contentType == "application/x-www-form-urlencoded"
	}
}

// secretName finds the names of secrets: in a name, at the end of a word, and as words.
var secretName = regexp.MustCompile(strings.Join([]string{
	`passw|pwd|passphrase|passcode|passkey|mnemonic|csrf|xsrf|captcha|turnstile|cvc|cvv`,
	`(token|secret)s?[0-9]*(_|$)`,
	`(^|_)(pass|pw|pin|otp|totp|ssn|csc|ccv|nonce|jwt|credentials?|(seed|recovery)_?phrase` +
		`|(api|access|private|secret|ssh)_?keys?|credit_?card(_?(no|num|number))?|(card|cc)_?(no|num|number)` +
		`|(security|one_?time|two_?factor|[2mt]fa|otp|auth|verification|recovery|backup|access|login|sms|reset|confirmation|activation)_?codes?` +
		`|(security|secret)_?answers?|social_?security(_?number)?)[0-9]*(_|$)`,
}, "|"))

// neverFlashed finds the names of Config.NeverFlash, as words. It is nil without any.
func neverFlashed(names []string) *regexp.Regexp {
	if len(names) == 0 {
		return nil
	}
	var never []string
	for _, name := range names {
		never = append(never, strings.ReplaceAll(wordsOf(name), "_", "_?"))
	}
	return regexp.MustCompile(`(^|_)(` + strings.Join(never, "|") + `)[0-9]*(_|$)`)
}

// wordsOf is a name in snake case. Letters of another script begin another word: PINコード has the word pin.
func wordsOf(name string) string {
	return strings.Join(words.FindAllString(strings.ToLower(splitCamelCase(name)), -1), "_")
}

var words = regexp.MustCompile(`[\p{Latin}\p{M}\p{N}]+|(?:[^\P{L}\p{Latin}]|[\p{M}\p{N}])+`)

// isSecret says whether a field of that name must not be kept. It errs on the safe side:
// a field that is typed again is better than a password in a store.
func (m *Manager) isSecret(name string) bool {
	switch name {
	case "_method", FormField:
		return true
	}
	words := wordsOf(name)
	return secretName.MatchString(words) || m.neverFlashed != nil && m.neverFlashed.MatchString(words)
}

// leavesOut says whether a field is left out on purpose, or for the length of its name.
func (in *oldInput) leavesOut(name string) bool {
	return len(name) > maxName || isFieldOf(in.Except, name) || in.Only != nil && !isFieldOf(in.Only, name)
}

// trim leaves the largest fields out until the rest takes no more than limit bytes. They
// are then not shown empty, which would look like the visitor's doing; so their names
// stay. If that is still too much, trim gives up.
func (in *oldInput) trim(limit int) (fits bool) {
	size, values := in.size()
	bySize := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return cmp.Or(values[b]-values[a], strings.Compare(a, b))
	})
	for _, name := range bySize {
		if size <= limit {
			break
		}
		size -= values[name]
		delete(in.Values, name)
		in.Except = append(in.Except, name)
	}
	return size <= limit
}

// size is the room that all of it takes once it is encoded, and how much of that the values of each
// field: JSON escapes HTML, where a byte becomes six.
func (in *oldInput) size() (all int, values map[string]int) {
	values = make(map[string]int, len(in.Values))
	for name, sent := range in.Values {
		values[name] = len(mustEncode(sent))
		all += len(mustEncode(name)) + values[name]
	}
	for _, name := range in.Except {
		all += len(name)
	}
	return all, values
}

// fields is what Reflash keeps of a submission or of its errors, field by field.
func (it flashItem) fields(keep reflashed) []flashItem {
	switch it.kind {
	case kindInput:
		in := it.input()
		maps.DeleteFunc(in.Values, func(name string, _ []string) bool { return !keep.hasField(name) })
		if len(in.Values) == 0 {
			return nil
		}
		in.narrow(keep) // for what was not submitted, such as an unchecked box
		it.value = mustEncode(in)
	case kindInputErrors:
		errs := slices.DeleteFunc(it.inputErrors(), func(e InputError) bool { return !keep.hasField(e.Name) })
		if len(errs) == 0 {
			return nil
		}
		it.value = mustEncode(errs)
	}
	return []flashItem{it}
}

// narrow leaves out what Reflash does not keep.
func (in *oldInput) narrow(keep reflashed) {
	in.Except = append(in.Except, keep.except...)
	switch {
	case keep.only == nil:
	case in.Only == nil:
		in.Only = keep.only
	default: // either may name a group, and the other a field of it
		in.Only = append(thoseIn(keep.only, in.Only), thoseIn(in.Only, keep.only)...)
	}
}

// thoseIn is the names that are of the groups, or in one of them. It is never nil.
func thoseIn(groups, names []string) []string {
	return slices.DeleteFunc(append([]string{}, names...), func(name string) bool { return !isFieldOf(groups, name) })
}

func (it flashItem) input() (in oldInput) {
	_ = json.Unmarshal(it.value, &in) // ours; of another version it is empty at worst
	return in
}

func (it flashItem) inputErrors() (errs []InputError) {
	_ = json.Unmarshal(it.value, &errs)
	return errs
}

// FlashErrors adds errors of the page by their codes, such as "E_BAD_CSRF_TOKEN". They
// live for one page, and are read by [Session.PageErrors]. Errors of fields are those of
// [Session.FlashInputErrors].
func (s *Session) FlashErrors(byCode map[string]string) {
	s.lock()
	defer s.unlock()
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		s.addFlash(flashItem{kind: kindPageError, name: code, value: mustEncode(byCode[code])})
	}
}

// FlashInputErrors adds errors by the names of the fields. They live for one page, and
// belong to the form that this request submitted.
func (s *Session) FlashInputErrors(byName map[string][]string) {
	s.lock()
	defer s.unlock()
	s.addInputErrors(sortedErrors(byName))
}

// sortedErrors leaves out fields of which nothing is said: some validators have a list for each.
func sortedErrors(byName map[string][]string) []InputError {
	var errs []InputError
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if messages := byName[name]; len(messages) > 0 {
			errs = append(errs, InputError{name, messages})
		}
	}
	return errs
}

func (s *Session) addInputErrors(errs []InputError) {
	if len(errs) == 0 {
		return
	}
	it := flashItem{kind: kindInputErrors, name: s.formName()}
	var have []InputError
	flashed := s.flash.flashed()
	if i := slices.IndexFunc(flashed, it.replaces); i >= 0 {
		have = flashed[i].inputErrors()
	}
	it.value = mustEncode(mergeErrors(have, errs))
	s.addFlash(it)
}

// mergeErrors adds to the errors of each field what was not said about it yet.
func mergeErrors(have, more []InputError) []InputError {
	for _, e := range more {
		i := slices.IndexFunc(have, func(h InputError) bool { return h.Name == e.Name })
		if i < 0 {
			if len(have) == maxErrors {
				continue
			}
			i = len(have)
			have = append(have, InputError{Name: e.Name})
		}
		for _, m := range e.Messages {
			if !slices.Contains(have[i].Messages, m) {
				have[i].Messages = append(have[i].Messages, m)
			}
		}
	}
	return have
}

// formName is the name of the form that this request submitted.
func (s *Session) formName() string {
	if s.exchange == nil {
		return ""
	}
	form, _ := submitted(s.exchange.Request())
	return formNameIn(form)
}

func formNameIn(form url.Values) string {
	if name := form.Get(FormField); len(name) <= maxName {
		return name
	}
	return ""
}

// Old is what the visitor submitted for a field of the unnamed form that is being corrected,
// or else the first of def. (For a form with a [FormField], see [Session.Submission].) A field
// that was submitted empty is "", not the default, and so is one that is no part of the
// submission, as an unchecked checkbox is not. Of a field that was submitted several times it
// is the first value; see [Submission].
func (s *Session) Old(name string, def ...string) string {
	values, known := s.Submission("").Values(name)
	if !known {
		return first(def)
	}
	return first(values)
}

// InputErrors is what is wrong with a field of the unnamed form that is being corrected.
// "items[0].name", "items[0][name]" and "items.0.name" name the same field.
func (s *Session) InputErrors(name string) []string {
	return s.Submission("").Errors(name)
}

// Submission is the form of that name which is being corrected on this page: what the
// visitor submitted, and what is wrong with it. Reading it counts as showing it.
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
		f.forms[form] = sub // a page asks for it with each of its fields
	}
	f.formRead = f.formRead || sub.input != nil || sub.errors != nil
	return sub
}

func (s *Session) submission(form string) (sub Submission) {
	for _, it := range s.visible() {
		switch {
		case it.name != form:
		case it.kind == kindInput:
			in := it.input()
			sub.m, sub.input = s.m, &in
		case it.kind == kindInputErrors:
			sub.errors = it.inputErrors()
		}
	}
	return sub
}

// Submission is a submitted form and its errors. The zero value is one that was not
// submitted, and without errors.
type Submission struct {
	m      *Manager // nil without input
	input  *oldInput
	errors []InputError
}

// Submitted says whether there is old input: this page shows a form being corrected.
func (sub Submission) Submitted() bool { return sub.input != nil }

// Values is what was submitted for a field. It is known even if there is nothing: an
// unchecked checkbox is not part of a submission. It is not known if nothing was
// submitted, or the field was left out of the old input on purpose; then the default is
// to be shown.
func (sub Submission) Values(name string) (values []string, known bool) {
	if sub.input == nil || sub.input.leavesOut(name) {
		return nil, false
	}
	if values, ok := sub.input.Values[name]; ok {
		return slices.Clone(values), true
	}
	if sub.m.isSecret(name) { // what is one has not been kept
		return nil, false
	}
	for submitted, values := range sub.input.Values {
		if sameField(submitted, name) {
			return slices.Clone(values), true
		}
	}
	return nil, true
}

// Errors is what is wrong with a field. A list such as "tags[]" has the errors of its
// elements "tags.0", "tags.1" too.
func (sub Submission) Errors(name string) []string {
	is := func(e InputError) bool { return e.Name == name }
	if !slices.ContainsFunc(sub.errors, is) {
		is = func(e InputError) bool { return foldField(e.Name) == foldField(name) }
	}
	var messages []string
	for _, e := range sub.errors {
		if is(e) || isElementOf(e.Name, name) {
			messages = append(messages, e.Messages...)
		}
	}
	return messages
}

// AllErrors is what is wrong with the fields, in the order it was found.
func (sub Submission) AllErrors() []InputError { return slices.Clone(sub.errors) }

// PageErrors is the errors of the page with their codes, in the order they were flashed.
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
			s.flashes().formRead = true
		}
	}
	return errs
}

// HasErrors says whether something is wrong with the page, or with a field of any form on it, whatever
// its name. On a whole page, asking counts as showing it.
func (s *Session) HasErrors() bool {
	if s == nil {
		return false
	}
	s.lock()
	defer s.unlock()
	has := slices.ContainsFunc(s.visible(), func(it flashItem) bool { return it.kind == kindPageError || it.kind == kindInputErrors })
	f := s.flashes()
	f.formRead = f.formRead || has && s.audience() == audiencePage
	return has
}

// fieldPath is the one spelling of a field's name: "items.0.name" for "items[0].name" and
// "items[0][name]", and "tags" for "tags[]".
func fieldPath(name string) string {
	if !strings.ContainsRune(name, '[') {
		return name
	}
	return strings.TrimSuffix(brackets.Replace(name), ".")
}

var brackets = strings.NewReplacer("].", ".", "][", ".", "[", ".", "]", "")

func sameField(a, b string) bool { return a == b || fieldPath(a) == fieldPath(b) }

// isFieldOf says whether names has the field, or a group that it is in: "user" has "user[name]".
func isFieldOf(names []string, name string) bool {
	path := fieldPath(name)
	return slices.ContainsFunc(names, func(other string) bool {
		rest, found := strings.CutPrefix(path, fieldPath(other))
		return found && (rest == "" || rest[0] == '.')
	})
}

func isElementOf(name, list string) bool {
	owner, isList := strings.CutSuffix(list, "[]")
	if !isList {
		return false
	}
	index, ok := strings.CutPrefix(fieldPath(name), fieldPath(owner)+".")
	return ok && index != "" && strings.Trim(index, "0123456789") == ""
}
