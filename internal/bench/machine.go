package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// writeMachine says where the numbers come from.
func writeMachine(w io.Writer) {
	fmt.Fprintf(w, "- %s, %s/%s, %d × %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor())
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	var versions []string
	for _, module := range info.Deps {
		if compared[module.Path] {
			versions = append(versions, strings.TrimPrefix(module.Path, "github.com/")+" "+module.Version)
		}
	}
	fmt.Fprintf(w, "- %s\n", strings.Join(versions, ", "))
}

// compared are the modules whose versions matter.
var compared = map[string]bool{
	"github.com/a-h/templ":                    true,
	"github.com/alexedwards/scs/goredisstore": true,
	"github.com/alexedwards/scs/v2":           true,
	"github.com/boj/redistore":                true,
	"github.com/gin-contrib/sessions":         true,
	"github.com/gin-gonic/gin":                true,
	"github.com/gofiber/fiber/v3":             true,
	"github.com/gofiber/storage/redis/v3":     true,
	"github.com/gorilla/securecookie":         true,
	"github.com/gorilla/sessions":             true,
	"github.com/labstack/echo-contrib":        true,
	"github.com/labstack/echo/v4":             true,
	"github.com/quasoft/memstore":             true,
	"github.com/rbcervilla/redisstore/v9":     true,
	"github.com/redis/go-redis/v9":            true,
}

// processor is its name according to Linux.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, "\t :\n")
		}
	}
	return "processor"
}
