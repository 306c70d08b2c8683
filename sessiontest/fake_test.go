package sessiontest_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/echo-hypermedia/session/sessiontest"
)

// fakeTB is a test that is allowed to fail. It attributes a failure to a line as package testing
// does: to the first one that is not in a Helper.
type fakeTB struct {
	mu       sync.Mutex
	helpers  map[string]bool
	failures []failure
}

type failure struct {
	text     string
	function string // to which it is attributed
	fatal    bool
}

func (f *fakeTB) Helper() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.helpers[callers()[0]] = true
}

func (f *fakeTB) Errorf(format string, args ...any) { f.note(false, format, args...) }

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.note(true, format, args...)
	runtime.Goexit()
}

func (f *fakeTB) note(fatal bool, format string, args ...any) {
	at := ""
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at = range callers() {
		if !f.helpers[at] {
			break
		}
	}
	f.failures = append(f.failures, failure{fmt.Sprintf(format, args...), at, fatal})
}

// callers is the functions that led here, without those of fakeTB.
func callers() []string {
	pcs := make([]uintptr, 50)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var names []string
	for {
		frame, more := frames.Next()
		if !strings.Contains(frame.Function, "fakeTB") {
			names = append(names, frame.Function)
		}
		if !more {
			return names
		}
	}
}

// failuresOf runs a test that is allowed to fail.
func failuresOf(test func(sessiontest.TB)) []failure {
	fake := &fakeTB{helpers: map[string]bool{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(fake)
	}()
	<-done
	return fake.failures
}

// wantFailure fails t unless the test fails once, with this text.
func wantFailure(t *testing.T, want string, test func(sessiontest.TB)) {
	t.Helper()
	got := failuresOf(test)
	if len(got) != 1 {
		t.Errorf("failed %d times: %v; want once, with\n%s", len(got), got, want)
		return
	}
	if got[0].text != want {
		t.Errorf("failed with\n%s\nwant\n%s", got[0].text, want)
	}
}

// wantFailureThatSays fails t unless the test fails once, with this in its text.
func wantFailureThatSays(t *testing.T, part string, test func(sessiontest.TB)) {
	t.Helper()
	if got := failuresOf(test); len(got) != 1 || !strings.Contains(got[0].text, part) {
		t.Errorf("failed with %v; want once, with\n%s", got, part)
	}
}
