package docs

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A guide is mostly prose and tables, which no compiler checks. So every name of ours that they use
// must exist.
func Test_that_every_name_in_the_guides_is_one_of_ours(t *testing.T) {
	root, components := exported(t, "."), exported(t, "components")
	tests := exported(t, "sessiontest")
	names := map[string]map[string]bool{
		"session":     root,
		"components":  components,
		"s":           within(root, "Session"),
		"manager":     within(root, "Manager"),
		"Manager":     within(root, "Manager"),
		"Config":      within(root, "Config"),
		"Cookie":      within(root, "CookieOptions"),
		"Hooks":       within(root, "Hooks"),
		"sessiontest": tests,
		"v":           within(tests, "Visitor"),
		"visitor":     within(tests, "Visitor"),
		"otelsession": exported(t, "otelsession"),
	}
	for _, store := range []string{"cookiestore", "dynamodbstore", "filestore", "memorystore", "redisstore", "storetest"} {
		names[store] = exported(t, "stores/"+store)
	}
	names["stores"] = exported(t, "stores")

	var looked int
	for _, page := range pages(t) {
		if path.Dir(page) != "docs" && page != "README.md" {
			continue
		}
		for _, m := range named.FindAllStringSubmatch(ownSpans(read(t, page)), -1) {
			of, name := m[1], m[2]
			if names[of] == nil {
				continue
			}
			looked++
			if !names[of][name] {
				t.Errorf("%s: there is no %s.%s", page, of, name)
			}
		}
	}
	if looked < 100 {
		t.Errorf("found %d names only; the check looked at nothing", looked)
	}
}

func Test_that_names_are_found_in_code_and_nowhere_else(t *testing.T) {
	page := "Call `s.Put(key)` or `@components.Field`.\n\n```go\ns.Gone()\n```\n\n| `store.Get` | `manager.Tagged` |\n| s.Prose |"
	var got []string
	for _, m := range named.FindAllStringSubmatch(ownSpans(page), -1) {
		got = append(got, m[1]+"."+m[2])
	}
	if got, want := strings.Join(got, " "), "s.Put components.Field manager.Tagged"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

var (
	named = regexp.MustCompile(`\b(\w+)\.([A-Z]\w*)`)
	span  = regexp.MustCompile("`[^`\n]+`")
	row   = regexp.MustCompile(`(?m)^\| [^|\n]*\|`) // the first cell of a row is what others call it
)

// ownSpans is the code in the prose of a page. (Its blocks are compiled.)
func ownSpans(page string) string {
	var prose strings.Builder
	var code bool
	for line := range strings.Lines(page) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		} else if !code {
			prose.WriteString(line)
		}
	}
	return strings.Join(span.FindAllString(row.ReplaceAllString(prose.String(), "|"), -1), "\n")
}

// exported returns the names that a package exports, and under "Type.Name" the names of methods and
// fields.
func exported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	fset := token.NewFileSet()
	var parsed []*ast.File
	found, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil || len(found) == 0 {
		t.Fatalf("%s: no Go files (%v)", dir, err)
	}
	for _, name := range found {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	pkg, err := doc.NewFromFiles(fset, parsed, dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	values := func(groups []*doc.Value) {
		for _, group := range groups {
			for _, name := range group.Names {
				names[name] = true
			}
		}
	}
	functions := func(of string, list []*doc.Func) {
		for _, f := range list {
			names[of+f.Name] = true
		}
	}
	values(pkg.Consts)
	values(pkg.Vars)
	functions("", pkg.Funcs)
	for _, typ := range pkg.Types {
		names[typ.Name] = true
		values(typ.Consts)
		values(typ.Vars)
		functions("", typ.Funcs)
		functions(typ.Name+".", typ.Methods)
		for _, name := range fields(typ) {
			names[typ.Name+"."+name] = true
		}
	}
	return names
}

func fields(typ *doc.Type) []string {
	var names []string
	for _, spec := range typ.Decl.Specs {
		if s, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// within returns the names of a type's methods and fields.
func within(names map[string]bool, typ string) map[string]bool {
	of := make(map[string]bool)
	for name := range names {
		if member, ok := strings.CutPrefix(name, typ+"."); ok {
			of[member] = true
		}
	}
	return of
}
