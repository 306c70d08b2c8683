package session_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Who may import whom:
//
//	components ──▶ session ◀── stores/x ──▶ its driver
//	    │             │    ▲
//	  templ         echo   └── sessiontest ──▶ echo
//	          (in echoFiles only)
//
// A package that is imported against the arrows would reach users who did not ask for it.

// echoFiles are the files of the root package that use Echo. All others use net/http and context,
// so that another version of Echo changes only these.
var echoFiles = []string{
	"answer.go",
	"bind.go",   // for the errors of its Bind
	"config.go", // for Config.Skipper
	"csrf.go",
	"form.go", // for the errors of a form that cannot be read
	"frame.go",
	"middleware.go",
	"response.go",
}

const (
	modulePath = "github.com/echo-hypermedia/session"
	echoPath   = "github.com/labstack/echo"
	templPath  = "github.com/a-h/templ"
)

func Test_that_packages_import_in_the_right_direction(t *testing.T) {
	var rootFiles int
	for _, file := range goFiles(t) {
		if path.Dir(file) == "." && !isTest(file) {
			rootFiles++
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(file), nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if rule := brokenRule(file, imported); rule != "" {
				t.Errorf("%s imports %s: %s", file, imported, rule)
			}
		}
	}
	if rootFiles == 0 {
		t.Error("found no file of package session; the check looked at nothing")
	}
}

func Test_that_an_import_in_the_wrong_direction_is_noticed(t *testing.T) {
	cases := []struct {
		file, imported string
		allowed        bool
	}{
		{"session.go", "net/http", true},
		{"session.go", modulePath + "/internal/codec", true},
		{"session.go", echoPath + "/v4", false},
		{"session.go", echoPath + "/v4/middleware", false},
		{"session.go", templPath, false},
		{"session.go", "golang.org/x/sync/errgroup", false},
		{"session.go", modulePath + "/stores/memorystore", false},
		{"session.go", modulePath + "/components", false},
		{"middleware.go", echoPath + "/v4", true},
		{"middleware.go", templPath, false},

		{"session_test.go", modulePath + "/stores/memorystore", true},
		{"session_test.go", modulePath + "/components", true},
		{"session_test.go", echoPath + "/v4", true},
		{"session_test.go", templPath, false},
		{"session_test.go", "github.com/stretchr/testify/assert", false},

		{"internal/codec/codec.go", modulePath + "/internal/token", true},
		{"internal/codec/codec.go", echoPath + "/v4", false},
		{"internal/codec/codec.go", modulePath + "/stores/memorystore", false},

		{"components/flash.go", modulePath, true},
		{"components/flash.go", templPath + "/runtime", true},
		{"components/flash_templ.go", echoPath + "/v4", false},
		{"components/flash.go", modulePath + "/stores/memorystore", false},
		{"components/flash.go", "github.com/go-playground/validator/v10", false},
		{"components/flash_test.go", modulePath + "/stores/memorystore", true},
		{"components/flash_test.go", echoPath + "/v4", true},
		{"components/flash_test.go", "golang.org/x/net/html", true},
		{"components/flash_test.go", "github.com/stretchr/testify/assert", false},
		{"components/flash.go", "golang.org/x/net/html", false},

		{"sessiontest/site.go", modulePath, true},
		{"sessiontest/site.go", echoPath + "/v4", true},
		{"sessiontest/site.go", "testing", true},
		{"sessiontest/site.go", modulePath + "/stores/memorystore", false},
		{"sessiontest/site.go", modulePath + "/components", false},
		{"sessiontest/site.go", modulePath + "/internal/browser", false},
		{"sessiontest/site.go", "github.com/chromedp/chromedp", false},
		{"sessiontest/site_test.go", modulePath + "/stores/memorystore", true},
		{"sessiontest/site_test.go", "github.com/stretchr/testify/assert", false},

		{"stores/stores.go", modulePath + "/stores/redisstore", true},
		{"stores/redisstore/redisstore.go", modulePath, true},
		{"stores/redisstore/redisstore.go", "github.com/redis/go-redis/v9", true},
		{"stores/redisstore/redisstore.go", modulePath + "/stores/redisstore/internal/script", true},
		{"stores/redisstore/redisstore.go", modulePath + "/stores/memorystore", false},
		{"stores/redisstore/internal/script/script.go", modulePath + "/stores/memorystore", false},
		{"stores/redisstore/redisstore.go", modulePath + "/stores", false},
		{"stores/redisstore/redisstore.go", modulePath + "/stores/storetest", false},
		{"stores/redisstore/redisstore.go", modulePath + "/components", false},
		{"stores/redisstore/redisstore.go", echoPath + "/v4", false},
		{"stores/redisstore/redisstore_test.go", modulePath + "/stores/storetest", true},
		{"stores/storetest/storetest.go", "testing", true},
		{"stores/storetest/storetest.go", "github.com/redis/go-redis/v9", false},
		{"stores/memorystore/memorystore.go", echoPath + "/v4", false},
		{"stores/memorystore/example_test.go", echoPath + "/v4", true},
		{"stores/memorystore/memorystore_test.go", "github.com/stretchr/testify/assert", false},
	}
	for _, tc := range cases {
		rule := brokenRule(tc.file, tc.imported)
		if allowed := rule == ""; allowed != tc.allowed {
			t.Errorf("%s imports %s: allowed %t (%q); want %t", tc.file, tc.imported, allowed, rule, tc.allowed)
		}
	}
}

// brokenRule returns the rule that file breaks by importing the package, or "".
func brokenRule(file, imported string) string {
	var (
		dir   = path.Dir(file)
		own   = within(imported, modulePath)
		inOwn = func(dir string) bool { return within(imported, modulePath+"/"+dir) }
		echo  = within(imported, echoPath)
		templ = within(imported, templPath)
		std   = !strings.Contains(strings.Split(imported, "/")[0], ".")
	)
	switch {
	case std:
		return ""

	case dir == "." && isTest(file):
		if !own && !echo {
			return "tests of package session use the standard library and Echo only: every user of the module pays for what they require"
		}
	case dir == ".":
		switch {
		case echo && !slices.Contains(echoFiles, file):
			return "of package session, only " + strings.Join(echoFiles, ", ") + " import Echo"
		case !echo && !inOwn("internal"):
			return "package session imports the standard library, Echo and its own internal packages only"
		}

	case within(dir, "internal") && !isTest(file):
		if echo || templ || own && !inOwn("internal") {
			return "an internal package is no way around the other rules: neither Echo nor templ, nothing public"
		}

	case within(dir, "components") && isTest(file):
		if !own && !echo && !templ && imported != "golang.org/x/net/html" && imported != "golang.org/x/net/html/atom" {
			return "tests of components use the standard library, Echo, templ and the HTML parser that comes with Echo only"
		}
	case within(dir, "components"):
		if !templ && imported != modulePath && !inOwn("components") && !inOwn("internal") {
			return "components imports session and templ only: neither Echo nor a store"
		}

	case within(dir, "sessiontest") && isTest(file):
		if !own && !echo {
			return "tests of sessiontest use the standard library and Echo only"
		}
	case within(dir, "sessiontest"):
		if imported != modulePath && !echo {
			return "sessiontest imports session and Echo only, and of session what everybody can: no store, nothing internal"
		}

	case within(dir, "stores") && dir != "stores":
		store := "stores/" + strings.Split(dir, "/")[1]
		switch {
		case own && !isTest(file) && imported != modulePath && !inOwn(store) && !inOwn("stores/internal") && !inOwn("internal"):
			return "a store imports session and its driver, never another store or components"
		case !isTest(file) && (echo || templ):
			return "a store knows nothing of Echo or templ"
		case !own && !echo && (store == "stores/storetest" || store == "stores/memorystore"):
			return store + " uses the standard library only, and its tests Echo"
		}
	}
	return ""
}

// goFiles lists the Go files of this module, with slashes, relative to its root.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if entry.IsDir() {
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			otherModule := err == nil
			if name != "." && (otherModule || entry.Name() == "testdata" || strings.ContainsAny(entry.Name()[:1], "._")) {
				return filepath.SkipDir
			}
			return nil
		}
		if path.Ext(name) == ".go" {
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.go") }

// within reports whether name is parent or lies below it.
func within(name, parent string) bool {
	return name == parent || strings.HasPrefix(name, parent+"/")
}

// A program that imports one store must not contain the drivers of others; only the package stores
// brings them all.
func Test_that_a_store_brings_its_own_driver_only(t *testing.T) {
	drivers := map[string]string{
		"redisstore":    "github.com/redis/go-redis",
		"dynamodbstore": "github.com/aws/aws-sdk-go-v2",
		"cookiestore":   "github.com/gorilla/securecookie",
	}
	for _, pkg := range []string{".", "./components", "./stores/cookiestore", "./stores/dynamodbstore", "./stores/filestore", "./stores/memorystore", "./stores/redisstore", "./stores/storetest", "./stores", "./sessiontest"} {
		out, err := exec.Command("go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", pkg, err)
		}
		for store, driver := range drivers {
			has := strings.Contains(string(out), driver)
			if wants := pkg == "./stores" || path.Base(pkg) == store; has != wants {
				t.Errorf("%s has %s in it: %t; want %t", pkg, driver, has, wants)
			}
		}
	}
}

// Spans and metrics are for programs that import otelsession, a module of its own.
func Test_that_nobody_else_has_OpenTelemetry_in_his_program(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	deps, err := exec.Command("go", "list", "-deps", "./...").Output()
	if err != nil {
		t.Fatalf("go list -deps ./...: %v", err)
	}
	if strings.Contains(string(mod)+string(deps), "go.opentelemetry.io") {
		t.Error("go.mod, or a package of this module, has OpenTelemetry in it; that belongs to otelsession/go.mod")
	}
	if _, err := os.Stat("otelsession/go.mod"); err != nil {
		t.Errorf("otelsession is no module of its own: %v", err)
	}
}
