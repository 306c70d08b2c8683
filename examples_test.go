package session_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"testing"
)

// For example, go test runs the example of a variable, but no documentation shows it.
func Test_that_every_example_has_a_place_in_the_documentation(t *testing.T) {
	fset := token.NewFileSet()
	for dir, files := range parsedPackages(t, fset) {
		var tests []*ast.File
		for _, file := range files {
			if isTest(fset.File(file.Pos()).Name()) {
				tests = append(tests, file)
			}
		}
		pkg, err := doc.NewFromFiles(fset, files, path.Join(modulePath, dir))
		if err != nil {
			t.Fatal(err)
		}
		shown := shownExamples(pkg)
		for _, example := range doc.Examples(tests...) {
			if !slices.Contains(shown, example.Name) {
				t.Errorf("%s: Example%s is that of no function, method or type", dir, example.Name)
			}
		}
	}
}

// parsedPackages are the packages of this module that others can import, by directory.
func parsedPackages(t *testing.T, fset *token.FileSet) map[string][]*ast.File {
	t.Helper()
	packages := map[string][]*ast.File{}
	for _, name := range goFiles(t) {
		dir := path.Dir(name)
		if within(dir, "internal") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		packages[dir] = append(packages[dir], file)
	}
	return packages
}

func shownExamples(pkg *doc.Package) (names []string) {
	add := func(examples []*doc.Example) {
		for _, example := range examples {
			names = append(names, example.Name)
		}
	}
	add(pkg.Examples)
	for _, f := range pkg.Funcs {
		add(f.Examples)
	}
	for _, t := range pkg.Types {
		add(t.Examples)
		for _, f := range slices.Concat(t.Funcs, t.Methods) {
			add(f.Examples)
		}
	}
	return names
}
