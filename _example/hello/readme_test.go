package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
)

func Test_that_the_readme_shows_this_program(t *testing.T) {
	readme := read(t, "../../README.md")
	for _, name := range []string{"main.go", "page.templ"} {
		program := read(t, name)
		if i := strings.Index(program, "package main"); i > 0 { // the comment above is for go doc
			program = program[i:]
		}
		if !strings.Contains(readme, program) {
			t.Errorf("README.md does not have %s as it is here", name)
		}
	}
}

func Test_that_the_program_does_what_the_readme_says(t *testing.T) {
	server := httptest.NewServer(newApp())
	defer server.Close()
	visitor := server.Client()
	visitor.Jar, _ = cookiejar.New(nil)
	send := func(name, email string) string {
		t.Helper()
		form := url.Values{"name": {name}, "email": {email}}
		r, _ := http.NewRequest(http.MethodPost, server.URL+"/", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Referer", server.URL+"/")
		return body(t, visitor, r)
	}
	load := func() string {
		t.Helper()
		r, _ := http.NewRequest(http.MethodGet, server.URL+"/", nil)
		r.Header.Set("Accept", "text/html")
		return body(t, visitor, r)
	}

	refused := send("", "ada@example.com")
	for _, want := range []string{"Tell us your name", `value="ada@example.com"`, "Hello, stranger"} {
		if !strings.Contains(refused, want) {
			t.Errorf("after an empty form the page has no %q:\n%s", want, refused)
		}
	}
	welcome := send("Ada", "")
	for _, want := range []string{"Nice to meet you.", "Hello, Ada"} {
		if !strings.Contains(welcome, want) {
			t.Errorf("after a good form the page has no %q:\n%s", want, welcome)
		}
	}
	if again := load(); strings.Contains(again, "Nice to meet you.") {
		t.Error("the message is there a second time")
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func body(t *testing.T, c *http.Client, r *http.Request) string {
	t.Helper()
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
