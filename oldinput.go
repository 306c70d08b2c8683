package session

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// maxInput is how many bytes of one submission are kept as old input, counted as JSON. It is more
// than people type; the largest fields of a larger submission are not refilled.
const maxInput = 64 << 10

// maxForms is how many forms can wait to be corrected. It bounds what visitors can store, since
// their requests name the forms.
const maxForms = 8

// maxErrors is how many fields can have errors. A submitted list may have thousands of elements,
// and nobody corrects that many at once.
const maxErrors = 200

// maxMessages is how many errors one field can have. An uploaded file may have one in each line.
const maxMessages = 200

// maxName is how many bytes the name of a form or a field may have. Visitors send the names, also those
// of errors if they are keys of a map, and no application has longer ones.
const maxName = 256

// oldInput is a submitted form that waits to be corrected.
type oldInput struct {
	Values url.Values `json:"v"`
	Only   []string   `json:"o"`           // if not nil, the fields that were asked for
	Except []string   `json:"x,omitempty"` // fields that were left out on purpose
}

// InputError holds the errors of one field.
type InputError struct {
	Name     string   `json:"name"` // of the field, as in the form
	Messages []string `json:"messages"`
}

// PageError is an error of the page, rather than of a field.
type PageError struct {
	Code string `json:"code"` // such as "E_BAD_CSRF_TOKEN"
	Text string `json:"text"` // for the visitor
}

// FlashAll keeps the submitted form for the next page, where [Session.Old] and the form components
// show it again. Fields that were submitted empty, or not checked, come back empty and not checked.
// A request without a form, for example one with JSON, keeps nothing. If a form has more than 64
// KB, its largest fields are not kept; fields with names of more than 256 bytes are never kept.
// Fields that are not kept show their defaults.
//
// Secrets are never kept, nor are files and the fields of the framework. A field is a secret by its
// name: if it contains passw, pwd, passphrase, passcode, passkey, mnemonic, csrf, xsrf,
// captcha, turnstile, cvc or cvv; if one of its words ends in token or secret; or if there
// are the words pass, pw, pin, otp, totp, ssn, csc, ccv, jwt, nonce, credentials, seed or recovery
// phrase; API, access, private, secret or SSH key; card number, credit card, social security, security
// or secret answer; or security, verification, auth, access, login, SMS, reset, confirmation, activation,
// recovery, backup, one-time, two-factor, 2FA or MFA code; or if it is just 2fa, mfa or SAMLResponse.
// Words are separated by camelCase, "_", "-", "." and brackets, and end where another script begins:
// user[pin], cardNumber and PINコード are secrets; passenger, spin and code are not. Config.NeverFlash
// adds words to these.
func (s *Session) FlashAll() { s.flashInput(nil, nil) }

// FlashOnly is FlashAll for some fields. The others show their defaults. "user[name]" and
// "user.name" name the same field, and "user" names all fields in that group. Of several calls of
// FlashAll, FlashOnly and [Session.FlashExcept] the last one counts.
func (s *Session) FlashOnly(names ...string) {
	only := append([]string{}, names...) // never nil, which would be all fields
	s.flashInput(only, nil)
}

// FlashExcept is FlashAll for all fields except these, which show their defaults. Names are written
// as for FlashOnly.
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

// hasRoomForNames says whether the names alone, of the fields to be kept, fit. If they do not, trim
// would give up too, but only after spending a second on taking apart each name of a hostile form.
func (in *oldInput) hasRoomForNames(form url.Values) bool {
	size := 0
	for name := range form {
		if !in.leavesOut(name) {
			size += len(name)
		}
	}
	return size <= maxInput
}

// secretName finds the names of secrets: anywhere in a name, at the end of a word, as whole words, and
// as the whole name.
var secretName = regexp.MustCompile(strings.Join([]string{
	`passw|pwd|passphrase|passcode|passkey|mnemonic|csrf|xsrf|captcha|turnstile|cvc|cvv`,
	`(token|secret)s?[0-9]*(_|$)`,
	`(^|_)(pass|pw|pin|otp|totp|ssn|csc|ccv|nonce|jwt|credentials?|(seed|recovery)_?phrase` +
		`|(api|access|private|secret|ssh)_?keys?|credit_?card(_?(no|num|number))?|(card|cc)_?(no|num|number)` +
		`|(security|one_?time|two_?factor|2_?fa|[mt]fa|otp|auth|verification|recovery|backup|access|login|sms|reset|confirmation|activation)_?codes?` +
		`|(security|secret)_?answers?|social_?security(_?number)?)[0-9]*(_|$)`,
	`^([mt]fa|2_?fa|saml_?response)$`,
}, "|"))

// neverFlashed finds the names of Config.NeverFlash, as words. It is nil if there are none.
func neverFlashed(names []string) *regexp.Regexp {
	if len(names) == 0 {
		return nil
	}
	var never []string
	for _, name := range names {
		never = append(never, strings.ReplaceAll(wordsOf(name), "_", "_?"))
	}
	// In lower case on both sides, and yet (?i): a sigma at the end of a word is another letter.
	return regexp.MustCompile(`(?i)(^|_)(` + strings.Join(never, "|") + `)[0-9]*(_|$)`)
}

// wordsOf is the words of name in snake case. Letters of another script begin a new word.
func wordsOf(name string) string { return snakeCased(words, name) }

func snakeCased(word *regexp.Regexp, name string) string {
	return strings.ToLower(splitCamelCase(strings.Join(word.FindAllString(name, -1), "_")))
}

const (
	latinLetters = `a-zA-ZÀ-ÖØ-öø-ɏḀ-ỿ`
	latinWord    = `(?:[` + latinLetters + `][\x{300}-\x{36F}]*|[0-9])+` // accents may follow their letters
	otherWord    = `(?:[^\P{L}` + latinLetters + `]\p{M}*)+`
)

var (
	words      = regexp.MustCompile(latinWord + `|` + otherWord)
	latinWords = regexp.MustCompile(latinWord)
)

// isSecret says whether a field of that name must not be kept. It errs on the safe side: having to
// type a field again is better than a password in a store.
func (m *Manager) isSecret(name string) bool {
	switch name {
	case "_method", FormField:
		return true
	}
	return secretName.MatchString(snakeCased(latinWords, name)) || // card番号no is read as card_no
		m.neverFlashed != nil && m.neverFlashed.MatchString(wordsOf(name))
}

// leavesOut says whether a field is left out on purpose, or for the length of its name.
func (in *oldInput) leavesOut(name string) bool {
	return !in.asksFor(name) || isFieldOf(in.Except, name)
}

// asksFor says whether a field is to be kept, unless it is left out on purpose.
func (in *oldInput) asksFor(name string) bool {
	return len(name) <= maxName && (in.Only == nil || isFieldOf(in.Only, name))
}

// trim leaves out the largest fields until the rest takes no more than limit bytes. It keeps their
// names, so that they show their defaults: shown empty, they would look as if the visitor had
// emptied them. If that is still too much, trim gives up.
func (in *oldInput) trim(limit int) (fits bool) {
	for name, sent := range in.Values {
		if bytesOf(sent) > limit { // encoding megabytes would only tell the same
			in.leaveOut(name)
		}
	}
	size, values := in.size()
	bySize := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return cmp.Or(values[b]-values[a], strings.Compare(a, b))
	})
	for _, name := range bySize {
		if size <= limit {
			break
		}
		size -= values[name]
		in.leaveOut(name)
	}
	return size <= limit
}

// leaveOut keeps only the name of a field.
func (in *oldInput) leaveOut(name string) {
	delete(in.Values, name)
	in.Except = append(in.Except, name)
}

// bytesOf is how many bytes the values have. Encoded, they have more.
func bytesOf(values []string) (n int) {
	for _, value := range values {
		n += len(value)
	}
	return n
}

// size is the encoded size of the input, and the part of it that the values of each field take. It
// is measured after encoding, since JSON escapes HTML, where one byte becomes six.
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

// narrow leaves out the fields that Reflash does not keep, also those that were not submitted, such as an
// unchecked box. It says whether there is anything left to keep.
func (in *oldInput) narrow(keep reflashed) (left bool) {
	maps.DeleteFunc(in.Values, func(name string, _ []string) bool { return !keep.hasField(name) })
	in.Except = append(in.Except, keep.except...)
	switch {
	case keep.only == nil:
	case in.Only == nil:
		in.Only = keep.only
	default: // each of the two may name a group, and the other a field in it
		in.Only = append(thoseIn(keep.only, in.Only), thoseIn(in.Only, keep.only)...)
	}
	return len(in.Values) > 0 || keep.isAll() // a form has no values if all of its boxes were cleared
}

// thoseIn is those of the names that are groups, or fields in one of the groups. It is never nil.
func thoseIn(groups, names []string) []string {
	return slices.DeleteFunc(append([]string{}, names...), func(name string) bool { return !isFieldOf(groups, name) })
}

func (it flashItem) input() (in oldInput) {
	_ = json.Unmarshal(it.value, &in) // the library's own type; at worst, one of another version reads as empty
	return in
}

func (it flashItem) inputErrors() (errs []InputError) {
	_ = json.Unmarshal(it.value, &errs)
	return errs
}

// FlashErrors adds errors of the page by their codes, such as "E_BAD_CSRF_TOKEN". They live for one
// page; read them with [Session.PageErrors]. A later text of the same code replaces the earlier one.
// For errors of fields, use [Session.FlashInputErrors].
func (s *Session) FlashErrors(byCode map[string]string) {
	s.lock()
	defer s.unlock()
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		s.addFlash(flashItem{kind: kindPageError, name: code, value: mustEncode(byCode[code])})
	}
}

// FlashInputErrors adds errors by the names of their fields. They live for one page, and belong to
// the form that this request submitted. The errors of 200 fields are kept, and 200 of each field;
// those of fields with names of more than 256 bytes are not.
func (s *Session) FlashInputErrors(byName map[string][]string) {
	s.lock()
	defer s.unlock()
	s.addInputErrors(sortedErrors(byName))
}

// sortedErrors leaves out fields without messages: some validators return a list for each field. The
// numbers in names count as numbers: lines[2] comes before lines[10].
func sortedErrors(byName map[string][]string) []InputError {
	padded := make(map[string]string, len(byName))
	for name := range byName {
		padded[name] = numbers.ReplaceAllStringFunc(name, func(n string) string { return fmt.Sprintf("%10s", n) })
	}
	byPadded := func(a, b string) int { return cmp.Or(strings.Compare(padded[a], padded[b]), strings.Compare(a, b)) }
	var errs []InputError
	for _, name := range slices.SortedFunc(maps.Keys(byName), byPadded) {
		if messages := byName[name]; len(messages) > 0 {
			errs = append(errs, InputError{name, messages})
		}
	}
	return errs
}

var numbers = regexp.MustCompile(`[0-9]+`)

func (s *Session) addInputErrors(errs []InputError) {
	if len(errs) == 0 {
		return
	}
	it := flashItem{kind: kindInputErrors, name: s.formName()}
	var have []InputError
	own := s.flashes().own
	if i := slices.IndexFunc(own, it.replaces); i >= 0 {
		have = own[i].inputErrors()
	}
	it.value = mustEncode(mergeErrors(have, errs))
	s.addFlash(it)
}

// mergeErrors adds to the errors of each field the messages that it does not have yet. A field with a name
// that is too long to be kept has none.
func mergeErrors(have, more []InputError) []InputError {
	for _, e := range more {
		i := slices.IndexFunc(have, func(h InputError) bool { return h.Name == e.Name })
		if i < 0 {
			if len(have) == maxErrors || len(e.Name) > maxName {
				continue
			}
			i = len(have)
			have = append(have, InputError{Name: e.Name})
		}
		for _, m := range e.Messages {
			if len(have[i].Messages) < maxMessages && !slices.Contains(have[i].Messages, m) {
				have[i].Messages = append(have[i].Messages, m)
			}
		}
	}
	return have
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

// isFieldOf says whether names has the field, or a group that it is in: "user" has "user[name]".
func isFieldOf(names []string, name string) bool {
	path := fieldPath(name)
	return slices.ContainsFunc(names, func(other string) bool {
		rest, found := strings.CutPrefix(path, fieldPath(other))
		return found && (rest == "" || rest[0] == '.')
	})
}
