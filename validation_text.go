package session

import (
	"cmp"
	"context"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ValidationText returns an English text for e, such as "Author email is required". The text names
// the field, so that it can be read beside the field and in a summary. ValidationText is the
// default of Config.ValidationText; a function of your own may fall back on it.
func ValidationText(_ context.Context, e FieldError) string {
	name := cmp.Or(readableName(within(e.Namespace())), "this field")
	be, count := amountOf(e)
	text := strings.NewReplacer(
		"{be}", be,
		"{n}", count,
		"{field}", readableName(e.Param()),
		"{}", e.Param(),
	).Replace(validationText(e))
	return capitalized(name) + " " + text
}

func validationText(e FieldError) string {
	rule := e.Tag()
	required := strings.HasPrefix(rule, "required") // required_if, required_with, …
	if e.Kind() == reflect.Bool && (required || rule == "eq" && e.Param() == "true") {
		return "must be checked"
	}
	if required {
		return "is required"
	}
	if e.Kind() == reflect.Struct || e.Param() == "" {
		if text, known := timeTexts[rule]; known {
			return text
		}
	}
	return cmp.Or(validationTexts[rule], "is not valid")
}

// validationTexts has "{}" for the parameter of a rule, "{be}" and "{n}" for a parameter that is an
// amount, and "{field}" for one that is another field.
var validationTexts = map[string]string{
	"min": "must {be} at least {n}",
	"gte": "must {be} at least {n}",
	"max": "must {be} at most {n}",
	"lte": "must {be} at most {n}",
	"gt":  "must {be} more than {n}",
	"lt":  "must {be} less than {n}",
	"len": "must {be} exactly {n}",

	"eqfield":  "must be the same as {field}",
	"nefield":  "must not be the same as {field}",
	"gtfield":  "must be more than {field}",
	"gtefield": "must be at least {field}",
	"ltfield":  "must be less than {field}",
	"ltefield": "must be at most {field}",

	"eq":       "must be {}",
	"ne":       "must not be {}",
	"oneof":    "must be one of the options",
	"unique":   "must not have the same value twice",
	"alpha":    "must have letters only",
	"alphanum": "must have letters and digits only",
	"ascii":    "must have letters without accents, digits and signs only",

	"lowercase":   "must be in lower case",
	"uppercase":   "must be in upper case",
	"startswith":  "must begin with {}",
	"endswith":    "must end with {}",
	"contains":    "must contain {}",
	"containsany": "must contain one of {}",
	"excludes":    "must not contain {}",
	"excludesall": "must not contain any of {}",

	"numeric":  "must be a number",
	"number":   "must be a whole number",
	"range":    "is too large or too small",
	"boolean":  "must be true or false",
	"email":    "must be an email address, such as name@example.com",
	"url":      "must be a web address that begins with https:// or http://",
	"http_url": "must be a web address that begins with https:// or http://",
	"uri":      "must be a web address",
	"hostname": "must be a host name",
	"fqdn":     "must be a host name, such as www.example.com",
	"ip":       "must be an IP address",
	"ipv4":     "must be an IPv4 address",
	"ipv6":     "must be an IPv6 address",
	"uuid":     "must be a UUID",
	"datetime": "must be a date or time",
	"timezone": "must be a time zone, such as Europe/Berlin",
	"e164":     "must be a phone number with its country code, such as +4930123456",
	"hexcolor": "must be a color, such as #1a2b3c",
	"iscolor":  "must be a color, such as #1a2b3c",
}

// timeTexts are for a time.Time, which is compared with now or with another field.
var timeTexts = map[string]string{
	"gt":  "must be in the future",
	"gte": "must be in the future",
	"lt":  "must be in the past",
	"lte": "must be in the past",

	"gtfield":  "must be after {field}",
	"gtefield": "must not be before {field}",
	"ltfield":  "must be before {field}",
	"ltefield": "must not be after {field}",
}

// amountOf is the amount that a rule about e demands, and the verb for it: a number must be 3, a
// text must have 3 characters.
func amountOf(e FieldError) (be, count string) {
	unit := ""
	switch e.Kind() {
	case reflect.String:
		unit = " character"
	case reflect.Slice, reflect.Array, reflect.Map:
		unit = " value"
	default:
		return "be", e.Param()
	}
	if e.Param() != "1" {
		unit += "s"
	}
	return "have", e.Param() + unit
}

// readableName is the name of a field in words: "author email" for "Author.Email". A field of an
// element of a list gets its own name and the number of the element, "product name 2" for
// "Items[1].ProductName"; otherwise a summary would say the same about each element.
func readableName(path string) string {
	own := splitCamelCase(listElement.ReplaceAllString(path, ""))
	words := strings.FieldsFunc(own, func(r rune) bool { return strings.ContainsRune("_-.[] ", r) })
	for i, word := range words {
		lower := strings.ToLower(word)
		if initials := acronyms[lower]; initials != "" {
			words[i] = initials
		} else if len(word) == 1 || word != strings.ToUpper(word) {
			words[i] = lower
		}
	}
	words = slices.Compact(words) // Author.AuthorEmail says it twice
	if element := listElement.FindStringSubmatch(path); element != nil {
		if index, err := strconv.Atoi(element[1]); err == nil {
			words = append(words, strconv.Itoa(index+1)) // people count from one
		}
	}
	return strings.Join(words, " ")
}

// listElement matches the path to an element of a list, or the index of a value in a list.
var listElement = regexp.MustCompile(`^.*\[(\d+)\]\.|\[\d+\]`)

// acronyms also occur in names in lower case, such as user_id.
var acronyms = map[string]string{
	"id": "ID", "ids": "IDs", "url": "URL", "urls": "URLs", "uuid": "UUID",
	"ip": "IP", "api": "API", "vat": "VAT", "iban": "IBAN", "bic": "BIC",
}

func capitalized(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
