package filestore

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
)

// area is a part of the store: 256 folders, so that changes seldom wait for each other, and no
// directory grows too long.
type area [256]folder

const (
	sessionsDir = "sessions"
	tagsDir     = "tags"
)

// folder is a directory, and what this process knows about it.
type folder struct {
	area  string        // sessionsDir or tagsDir
	path  string        // below Options.Dir
	turn  chan struct{} // holds one element while a goroutine of this process has the lock
	swept atomic.Int64  // when it was last swept, in Unix nanoseconds
}

func newArea(name string) *area {
	a := new(area)
	for i := range a {
		a[i].area = name
		a[i].path = fmt.Sprintf("%s/%02x", name, i)
		a[i].turn = make(chan struct{}, 1)
	}
	return a
}

// folder returns the folder for the file called name, or errName. Only names of lower-case
// hexadecimal digits ever become a path: on some file systems "A" and "a" are the same file.
func (a *area) folder(name string) (*folder, error) {
	if !isName(name) {
		return nil, errName
	}
	i, _ := strconv.ParseUint(name[:2], 16, 8) // isName has checked
	return &a[i], nil
}

func isName(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }
