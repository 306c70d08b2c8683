package main

import (
	"net/url"
	"testing"

	"github.com/echo-hypermedia/session/internal/docs/visit"
)

func Test_that_the_program_does_what_the_guide_says(t *testing.T) {
	v := visit.New(t, newApp())
	v.Sees(v.Get("/"), "<h1>Notes</h1>")

	page := v.Post("/", url.Values{"note": {"hi"}})
	v.Sees(page, "Error: Notes", "Write three letters or more", `value="hi"`)

	page = v.Post("/", url.Values{"note": {"Buy milk"}})
	v.Sees(page, "Your note was saved.", "<li>Buy milk</li>")
	v.SeesNo(page, "Write three letters")

	page = v.Get("/")
	v.Sees(page, "<li>Buy milk</li>")
	v.SeesNo(page, "Your note was saved.")

	v.SeesNo(v.Another().Get("/"), "Buy milk")
}
