package cookiestore_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
)

// newApp is an application that keeps its sessions in cookies.
func newApp() *echo.Echo {
	store, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{cookiestore.GenerateKey()}})
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: store}))
	return e
}

// get and post make a request with these cookies. They return the page and the cookies that it
// sets.
func get(e *echo.Echo, path string, cookies []*http.Cookie) (page string, set []*http.Cookie) {
	return send(e, http.MethodGet, path, cookies)
}

func post(e *echo.Echo, path string, cookies []*http.Cookie) (page string, set []*http.Cookie) {
	return send(e, http.MethodPost, path, cookies)
}

func send(e *echo.Echo, method, path string, cookies []*http.Cookie) (page string, set []*http.Cookie) {
	r := httptest.NewRequest(method, path, nil)
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Body.String(), w.Result().Cookies()
}

func Example() {
	// What `openssl rand -hex 32` prints, read from wherever you keep secrets.
	secret := hex.EncodeToString(cookiestore.GenerateKey())

	key, err := cookiestore.ParseKey(secret)
	if err != nil {
		log.Fatal(err)
	}
	store, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{key}})
	if err != nil {
		log.Fatal(err)
	}
	e := echo.New()
	e.Use(session.Middleware(session.Config{Store: store}))
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprintf("visit %d", session.From(c).Increment("visits")))
	})

	page, cookies := get(e, "/", nil)
	fmt.Println(page)
	page, _ = get(e, "/", cookies)
	fmt.Println(page)
	// Output:
	// visit 1
	// visit 2
}

// Two requests are sent with the same cookie, and each response sets a different one. The browser
// keeps the last, and the milk is lost. A store on the server merges both.
func Example_parallelRequests() {
	e := newApp()
	e.GET("/cart/:article", func(c echo.Context) error {
		s := session.From(c)
		session.Update(s, "cart", func(cart []string) []string { return append(cart, c.Param("article")) })
		return c.String(http.StatusOK, fmt.Sprint(session.Get[[]string](s, "cart")))
	})

	_, cookies := get(e, "/cart/bread", nil)
	milk, _ := get(e, "/cart/milk", cookies)
	tea, cookies := get(e, "/cart/tea", cookies)
	eggs, _ := get(e, "/cart/eggs", cookies)
	fmt.Println(milk)
	fmt.Println(tea)
	fmt.Println(eggs)
	// Output:
	// [bread milk]
	// [bread tea]
	// [bread tea eggs]
}

// A log-out removes the cookie from this browser. Anybody with a copy of it stays logged in until
// its deadline, so keep the timeouts short, or the sessions on the server.
func Example_copyAfterLogout() {
	e := newApp()
	e.POST("/login", func(c echo.Context) error {
		s := session.From(c)
		s.Regenerate()
		s.Put("user", "ada")
		return c.String(http.StatusOK, "welcome")
	})
	e.POST("/logout", func(c echo.Context) error {
		session.From(c).Destroy()
		return c.String(http.StatusOK, "good-bye")
	})
	e.GET("/account", func(c echo.Context) error {
		return c.String(http.StatusOK, session.Get(session.From(c), "user", "nobody"))
	})

	_, cookies := post(e, "/login", nil)
	logout, _ := post(e, "/logout", cookies)
	account, _ := get(e, "/account", cookies) // the copy
	fmt.Println(logout)
	fmt.Println(account)
	// Output:
	// good-bye
	// ada
}

// To rotate keys, put the new one in front. Sessions sealed with the old one go on.
func ExampleOptions_rotation() {
	old, young := cookiestore.GenerateKey(), cookiestore.GenerateKey()

	before, _ := cookiestore.New(cookiestore.Options{Keys: [][]byte{old}})
	value, _ := before.Seal("session", session.Record{
		Data:    []byte("hello"),
		Expires: time.Now().Add(time.Hour),
	})

	after, _ := cookiestore.New(cookiestore.Options{Keys: [][]byte{young, old}})
	rec, err := after.Open("session", value)
	fmt.Printf("%s %v\n", rec.Data, err)
	// Output: hello <nil>
}

// A key can be written as hexadecimal digits, in base64, or as any other long text.
func ExampleParseKey() {
	for _, text := range []string{
		hex.EncodeToString(cookiestore.GenerateKey()),                   // openssl rand -hex 32
		"base64:" + base64.StdEncoding.EncodeToString(make([]byte, 32)), // New, not ParseKey, refuses zeros
		"secret",
	} {
		key, err := cookiestore.ParseKey(text)
		fmt.Println(len(key), err)
	}
	// Output:
	// 32 <nil>
	// 32 <nil>
	// 0 cookiestore: the key has 6 bytes, and at least 32 are needed; make a key with `openssl rand -hex 32` or cookiestore.GenerateKey()
}

// Keys that people make up are refused, all at once.
func ExampleNew_incorrect() {
	_, err := cookiestore.New(cookiestore.Options{Keys: [][]byte{
		[]byte("secret"),
		[]byte("changeme changeme changeme changeme"),
	}})
	fmt.Println(err)
	// Output:
	// cookiestore: Options.Keys[0] has 6 bytes, and at least 32 are needed; make a key with `openssl rand -hex 32` or cookiestore.GenerateKey()
	// cookiestore: Options.Keys[1] is a short pattern that is repeated; make a key with `openssl rand -hex 32` or cookiestore.GenerateKey()
}
