package session_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// What an early version of this library has left behind: the id in a visitor's cookie, the record
// in the store, the tag in the store's index, and a token in a page that is still open.
const (
	writtenID     = "Y2_BJbzzLjF6LpfwLqWF3Y5I-PkocS4frJEF7qavxkA"
	writtenTag    = "c8854fc5d5a151e7cdbac879372095135f355a07b7da79335edd3baae0dfab32"
	writtenToken  = "Y8MeTDhr4ic9aFB9xNo_tMe5htT7b8DFKy5j8Tpldb7Tm9WjfQpvawR-IU7QHmJqkScLdsyCaKd37QTsd36QKQ"
	writtenRecord = "\x01\xd0\xc2\xa4\xea\x8d8\xd0\xfa\xbd\x93\x8e8\x01\xcc\x9bE\xd9\xcd\x99b\x0e\x02" +
		"t\x03ada\b\x00\x00\x01\xc0\xddI!P" +
		"d\arenewed\b\x00\x00\x01\xc0\xddI!Q" +
		"d\x05label\ba laptop" +
		"l\btimeouts\v\x80\x90\xfb\xd3\t\xd0\x9a\xe9\xa7\x839" +
		"d\x04seen\b\x00\x00\x01\xc0\xddI!P" +
		"v\x01n\x109007199254740993" +
		"o\bintended\a/orders" +
		"a\x1aZUY3JI3WTXGYXZJ4BJJ63XSJWB`\x00\x00\x01\xc0\xddRI\x10\x00V" +
		`{"kind":"warning","title":"Careful","text":"It is hot.","href":"/help","label":"Help"}` +
		"k\x1aGFOZALLIP36LLVIGMX73DG4IWB\x19\x00\x00\x01\xc0\xddRI\x10\x06coupon\t" + `["A","B"]` +
		"p\x1a6BTUXWE2VZD6Y7WL7FSTSL6CMT#\x00\x00\x01\xc0\xddRI\x10\x06E_FULL\x13" + `"The cart is full."` +
		"i\x1aXVUJZOZN7ZGMXHAZ4SINYGMMO2Y\x00\x00\x01\xc0\xddRI\x10\x00O" +
		`{"v":{"list":["a","b"],"name":["Ada"]},"o":["list","name","plan"],"x":["plan"]}` +
		"e\x1aNDJOUDGW3PNRQAKCGYWUSCPMIIA\x00\x00\x01\xc0\xddRI\x10\x007" +
		`[{"name":"name","messages":["Too short","Too common"]}]`
)

// Names that only the record has, such as those of the fields of an oldInput, look as if they could
// be changed: everything else would still pass. But in the next release a new name finds nothing in
// the sessions that are there, or logs all their visitors out. If this test fails, read both, the
// old and the new, as CONTRIBUTING.md says; do not change what is written here.
func Test_that_a_deployment_keeps_all_that_sessions_hold(t *testing.T) {
	c := new(clock)
	store := memorystore.New(memorystore.Options{Now: c.Now})
	key, ctx := keyOf(writtenID), t.Context()
	for version := range uint64(2) {
		rec := session.Record{Data: []byte(writtenRecord), Version: version, Expires: c.Now().Add(29 * day)}
		if err := store.Write(ctx, key, rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Tag(ctx, writtenTag, key, c.Now().Add(365*day)); err != nil {
		t.Fatal(err)
	}

	p, v := newProcess(t, session.Config{Store: store, Now: c.Now}), newVisitor()
	p.mount(p.manager.Middleware(), session.CSRF())
	p.all(brought)
	v.cookies[cookieName] = writtenID

	infos := list(t, p, "ada")
	if len(infos) != 1 {
		t.Fatalf("%d sessions are found for the user; want 1", len(infos))
	}
	info := infos[0]
	is := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v; want %v", what, got, want)
		}
	}
	is("the users", info.Users, []string{"ada"})
	is("the label", info.Label, "a laptop")
	is("the beginning", info.Created.Equal(c.Now()), true)
	is("the login", info.Tagged.Equal(c.Now()), true)
	is("the last use", info.LastSeen.Equal(c.Now()), true) // by its expiry it would be a day earlier

	c.advance(5 * time.Minute)
	v.must(t, p, func(s *session.Session) {
		is("a value", session.Get[int64](s, "n"), int64(9007199254740993))
		is("an alert", s.FlashMessages().Alerts(), []session.Message{{
			Kind: "warning", Title: "Careful", Text: "It is hot.", Href: "/help", Label: "Help",
		}})
		is("a keyed message", fmt.Sprint(s.FlashMessages().Get("coupon")), "[A B]")
		is("an error of the page", s.PageErrors(), []session.PageError{{Code: "E_FULL", Text: "The cart is full."}})
		is("old input", s.Old("name"), "Ada")
		is("a field that was left out", s.Old("plan", "silver"), "silver")
		is("a field that was not asked for", s.Old("sort", "newest"), "newest") // and not one that was cleared
		is("errors of a field", s.InputErrors("name"), []string{"Too short", "Too common"})
		is("the page that was asked for", s.PullIntendedURL(), "/orders")
	})

	is("the answer to a form of an open page", p.serve(formWith(v, writtenToken), with(increment)).Code, http.StatusOK)

	// Now this release has written it. It must still be one to be remembered: no other lives that long.
	c.advance(25 * day)
	v.must(t, p, func(s *session.Session) {
		is("the value after 25 days", session.Get[int64](s, "n"), int64(9007199254740994))
	})
}

// A session in a cookie has no id that the secret of its tokens could be derived from.
func Test_that_a_deployment_keeps_the_tokens_of_sessions_in_cookies(t *testing.T) {
	const secret = "It is as long as 32 bytes can be"
	c := new(clock)
	store := cookieStore(t, c.Now)
	head, _, _ := strings.Cut(writtenRecord, "t\x03ada")
	sealed, err := store.Seal(cookieName, session.Record{
		Data: []byte(head + "o\x04csrf\x20" + secret), Expires: c.Now().Add(day),
	})
	if err != nil {
		t.Fatal(err)
	}
	p, v := newProcess(t, session.Config{Store: store, Now: c.Now}), newVisitor()
	p.mount(p.manager.Middleware(), session.CSRF())
	p.all(brought)
	v.cookies[cookieName] = sealed

	token := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\x00", len(secret)) + secret))
	if got := p.serve(formWith(v, token), with(increment)).Code; got != http.StatusOK {
		t.Errorf("the answer to a form of an open page: got %d; want 200", got)
	}
}

// formWith is a form of an open page with that token.
func formWith(v *visitor, token string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(session.CSRFField+"="+token))
	r.Header = v.request().Header
	r.Header.Set("Content-Type", echo.MIMEApplicationForm)
	return r
}
