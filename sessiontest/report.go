package sessiontest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/echo-hypermedia/session"
)

// maxShown is how many bytes of one thing a failure shows.
const maxShown = 300

// fail fails the test, and lists what is in s.
func (v *Visitor) fail(s *session.Session, format string, args ...any) {
	v.t.Helper()
	v.t.Errorf("%s%s", fmt.Sprintf(format, args...), indented(v.describe(s)))
}

// check fails the test unless got is there and equals what is wanted.
func (v *Visitor) check(s *session.Session, what string, got any, ok bool, want []any) {
	v.t.Helper()
	if !ok {
		v.fail(s, "%s: there is nothing", what)
		return
	}
	if len(want) == 0 {
		return
	}
	if len(want) > 1 {
		v.t.Fatalf("sessiontest: %s: one value may be wanted, not %d", what, len(want))
		return
	}
	wanted, err := stored(want[0])
	if err != nil {
		v.t.Fatalf("sessiontest: %s: what is wanted cannot be in a session: %v", what, err)
		return
	}
	if !reflect.DeepEqual(got, wanted) {
		v.fail(s, "%s %s", what, difference(got, wanted))
	}
}

// stored is value as it comes back from a session. Like Put, it gives value an address, for types whose
// MarshalJSON belongs to the pointer.
func stored(value any) (v any, err error) {
	if value != nil {
		at := reflect.New(reflect.TypeOf(value))
		at.Elem().Set(reflect.ValueOf(value))
		value = at.Interface()
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err = dec.Decode(&v)
	return v, err
}

// difference is one line if that is short enough, and otherwise what differs, line by line.
func difference(got, want any) string {
	if line := fmt.Sprintf("is %s; want %s", compact(got), compact(want)); len(line) < 100 {
		return line
	}
	return "is not what is wanted (- is missing, + is too much):\n" + diff(pretty(want), pretty(got))
}

// diff is the longest common subsequence of lines, and the lines outside of it. Values in a session
// are small, so a plain algorithm will do.
func diff(want, got []string) string {
	common := make([][]int, len(want)+1)
	for i := range common {
		common[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var b strings.Builder
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			b.WriteString("  " + want[i] + "\n")
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && common[i+1][j] >= common[i][j+1]:
			b.WriteString("- " + want[i] + "\n")
			i++
		default:
			b.WriteString("+ " + got[j] + "\n")
			j++
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func compact(v any) string { return inJSON(v, "") }

func pretty(v any) []string { return strings.Split(inJSON(v, "  "), "\n") }

// inJSON encodes a value that came from JSON, so encoding cannot fail.
func inJSON(v any, indent string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	_ = enc.Encode(v)
	return strings.TrimSuffix(b.String(), "\n")
}

// describe lists what is in s, a line for each thing.
func (v *Visitor) describe(s *session.Session) string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, shortened(fmt.Sprintf(format, args...))) }

	values := s.All()
	for _, key := range sortedKeys(values) {
		add("value %q: %s", key, compact(values[key]))
	}
	alerts := s.FlashMessages().Alerts()
	for _, m := range alerts {
		add("alert %s", describeAlert(m))
	}
	flashed := s.FlashMessages().All()
	for _, key := range sortedKeys(flashed) {
		if !slices.ContainsFunc(alerts, func(m session.Message) bool { return m.Kind == key }) {
			add("flash %q: %s", key, compact(flashed[key]))
		}
	}
	for _, form := range v.forms() {
		of := ""
		if form != "" {
			of = fmt.Sprintf(" in form %q", form)
		}
		sub := s.Submission(form)
		for _, field := range v.fields() {
			if old, _ := sub.Values(field); len(old) > 0 {
				add("old input%s: %q = %s", of, field, quoted(old))
			}
		}
		for _, e := range sub.AllErrors() {
			add("input error%s: %q: %s", of, e.Name, quoted(e.Messages))
		}
	}
	for _, e := range s.PageErrors() {
		add("page error %q: %q", e.Code, e.Text)
	}
	return v.heading(s, len(lines) > 0) + strings.Join(lines, "\n")
}

func (v *Visitor) heading(s *session.Session, something bool) string {
	switch {
	case something:
		return "this is what there is:\n"
	case !s.IsNew():
		return "there is a session, with nothing in it"
	}
	text := "there is no session"
	if strays := v.strays(); v.cookie() == "" && len(strays) > 0 {
		text += fmt.Sprintf("; the application has set the cookie %s, and not %s, which is the name by the Config given to sessiontest", quoted(strays), v.site.cookie)
	}
	return text
}

// describeAlert is an alert in a line.
func describeAlert(m session.Message) string {
	text := fmt.Sprintf("%s %q", m.Kind, m.Text)
	if m.Title != "" {
		text += fmt.Sprintf(", title %q", m.Title)
	}
	if m.Href != "" {
		text += fmt.Sprintf(", link %q to %s", m.Label, m.Href)
	}
	return text
}

// forms is the names of all forms that the visitor has submitted, and of the form in question.
func (v *Visitor) forms() []string { return v.noted(&v.browser.forms, "", v.form) }

func (v *Visitor) fields() []string { return v.noted(&v.browser.fields) }

func (v *Visitor) strays() []string { return v.noted(&v.browser.strays) }

// noted is a list of names, each once. It takes a pointer, since requests may be adding to the list.
func (v *Visitor) noted(names *[]string, more ...string) []string {
	v.browser.mu.Lock()
	defer v.browser.mu.Unlock()
	all := slices.Concat(*names, more)
	slices.Sort(all)
	return slices.Compact(all)
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func quoted(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	var parts []string
	for _, one := range list {
		parts = append(parts, fmt.Sprintf("%q", one))
	}
	return strings.Join(parts, ", ")
}

// indented is text below a line, or nothing.
func indented(text string) string {
	if text == "" {
		return ""
	}
	return "\n\t" + strings.ReplaceAll(text, "\n", "\n\t")
}

func shortened(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}
