package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// A WebSocket library takes over the connection. Before that, coder/websocket writes the response
// head through the ResponseWriter; gorilla/websocket writes its own.

// chat is an application with one route, a WebSocket, and a visitor with a cookie jar.
type chat struct {
	t      *testing.T
	server *httptest.Server
	jar    http.CookieJar
	late   atomic.Int32 // calls of the LateWrite hook
	ended  chan error   // what the middleware returns
}

func newChat(t *testing.T, handler echo.HandlerFunc) *chat {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	ch := &chat{t: t, jar: jar, ended: make(chan error, 1)}
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			err := next(c)
			if c.Path() == "/chat" {
				ch.ended <- err
			}
			return err
		}
	})
	e.Use(session.Middleware(session.Config{
		Store: memorystore.New(memorystore.Options{}),
		Hooks: session.Hooks{LateWrite: func(context.Context, session.Event) { ch.late.Add(1) }},
	}))
	e.GET("/chat", handler)
	e.GET("/begin", func(c echo.Context) error {
		session.From(c).Put("began", true)
		return c.NoContent(http.StatusNoContent)
	})
	e.GET("/alerts", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprint(textsOf(session.From(c))))
	})
	e.GET("/name", func(c echo.Context) error {
		return c.String(http.StatusOK, session.Get(session.From(c), "name", "nobody"))
	})
	ch.server = httptest.NewTLSServer(e)
	t.Cleanup(ch.server.Close)
	return ch
}

func (ch *chat) get(path string) string {
	ch.t.Helper()
	client := http.Client{Transport: ch.server.Client().Transport, Jar: ch.jar}
	resp, err := client.Get(ch.server.URL + path)
	ok(ch.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ok(ch.t, err)
	return string(body)
}

// talk connects, and returns the first message and any error of what follows, which must be
// nothing. If the connection is refused, rest is the body of the answer.
func (ch *chat) talk() (first, rest string, resp *http.Response) {
	ch.t.Helper()
	dialer := gorilla.Dialer{Jar: ch.jar, TLSClientConfig: ch.server.Client().Transport.(*http.Transport).TLSClientConfig}
	conn, resp, err := dialer.Dial("wss"+strings.TrimPrefix(ch.server.URL, "https")+"/chat", nil)
	if err != nil {
		if resp == nil {
			ch.t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		return "", string(body), resp
	}
	defer conn.Close()
	_, message, err := conn.ReadMessage()
	if err != nil {
		ch.t.Errorf("no message: %v", err)
	}
	if _, _, err = conn.ReadMessage(); !gorilla.IsCloseError(err, gorilla.CloseAbnormalClosure) {
		rest = err.Error() // neither a message nor the end
	}
	return string(message), rest, resp
}

// libraries upgrade the connection, say hello and hang up without a closing handshake.
// gorilla/websocket sends header together with its own.
var libraries = map[string]func(c echo.Context, header http.Header) error{
	"coder": func(c echo.Context, _ http.Header) error {
		conn, err := coder.Accept(c.Response(), c.Request(), nil)
		if err != nil {
			return err
		}
		hangUpAfter(c, func() { conn.CloseNow() })
		return conn.Write(c.Request().Context(), coder.MessageText, []byte("hello"))
	},
	"gorilla": func(c echo.Context, header http.Header) error {
		conn, err := new(gorilla.Upgrader).Upgrade(c.Response(), c.Request(), header)
		if err != nil {
			return err
		}
		hangUpAfter(c, func() { conn.Close() })
		return conn.WriteMessage(gorilla.TextMessage, []byte("hello"))
	},
}

// hangUpAfter hangs up when the request has ended, so that everything written arrives.
func hangUpAfter(c echo.Context, hangUp func()) { context.AfterFunc(c.Request().Context(), hangUp) }

func setName(c echo.Context) { session.From(c).Put("name", "Ada") }

func Test_that_a_change_before_the_upgrade_is_saved(t *testing.T) {
	for library, upgrade := range libraries {
		t.Run(library, func(t *testing.T) {
			ch := newChat(t, func(c echo.Context) error {
				setName(c)
				return upgrade(c, nil)
			})
			ch.get("/begin")
			message, rest, resp := ch.talk()
			if err := <-ch.ended; message != "hello" || rest != "" || resp.Header.Get("Set-Cookie") != "" || err != nil {
				t.Errorf("got %q, then %q, Set-Cookie %q, %v; want hello", message, rest, resp.Header.Get("Set-Cookie"), err)
			}
			if name := ch.get("/name"); name != "Ada" {
				t.Errorf("got %q; want Ada", name)
			}
		})
	}
}

func Test_that_a_change_after_the_upgrade_is_saved_at_the_end(t *testing.T) {
	for library, upgrade := range libraries {
		t.Run(library, func(t *testing.T) {
			ch := newChat(t, func(c echo.Context) error {
				if err := upgrade(c, nil); err != nil {
					return err
				}
				setName(c)
				return nil
			})
			ch.get("/begin")
			ch.talk()
			if err, name := <-ch.ended, ch.get("/name"); name != "Ada" || err != nil || ch.late.Load() != 0 {
				t.Errorf("got %q, %v, %d late; want Ada", name, err, ch.late.Load())
			}
		})
	}
}

// The library cannot see what a WebSocket sends: the handler reads the messages, and sends them.
func Test_that_a_message_shown_by_a_WebSocket_is_shown_once(t *testing.T) {
	save := func(c echo.Context) error { return session.From(c).Save(c.Request().Context()) }
	for claim, tc := range map[string]struct {
		afterEach func(c echo.Context) error
		want      string
	}{
		"with Save, by nothing else":   {save, "[0] [1] [2]"},
		"without, by no page after it": {func(echo.Context) error { return nil }, "[0] [0 1] [0 1 2]"},
	} {
		for library, upgrade := range libraries {
			t.Run(claim+", "+library, func(t *testing.T) {
				var sent []string
				ch := newChat(t, func(c echo.Context) error {
					if err := upgrade(c, nil); err != nil {
						return err
					}
					for i := range 3 {
						session.From(c).FlashInfo(fmt.Sprint(i))
						sent = append(sent, fmt.Sprint(textsOf(session.From(c))))
						if err := tc.afterEach(c); err != nil {
							return err
						}
					}
					return nil
				})
				ch.get("/begin")
				ch.talk()
				if err := <-ch.ended; err != nil || strings.Join(sent, " ") != tc.want {
					t.Errorf("sends %s, %v; want %s", sent, err, tc.want)
				}
				if page := ch.get("/alerts"); page != "[]" {
					t.Errorf("the next page shows %s; want nothing", page)
				}
			})
		}
	}
}

func Test_that_a_new_session_after_the_upgrade_is_loud(t *testing.T) {
	for library, upgrade := range libraries {
		t.Run(library, func(t *testing.T) {
			ch := newChat(t, func(c echo.Context) error {
				if err := upgrade(c, nil); err != nil {
					return err
				}
				setName(c)
				return session.From(c).Err()
			})
			message, rest, _ := ch.talk()
			if err := <-ch.ended; !errors.Is(err, session.ErrHeadSent) || ch.late.Load() != 1 || message != "hello" || rest != "" {
				t.Errorf("got %v, %d late, %q, then %q; want ErrHeadSent", err, ch.late.Load(), message, rest)
			}
		})
	}
}

func Test_that_coder_sends_the_cookie_of_a_new_session(t *testing.T) {
	ch := newChat(t, func(c echo.Context) error {
		setName(c)
		return libraries["coder"](c, nil)
	})
	message, _, resp := ch.talk()
	if n := len(resp.Header.Values("Set-Cookie")); message != "hello" || n != 1 {
		t.Errorf("got %q, %d cookies; want hello, 1", message, n)
	}
	if name := ch.get("/name"); name != "Ada" {
		t.Errorf("got %q; want Ada", name)
	}
}

func Test_that_gorilla_refuses_what_would_lose_the_cookie(t *testing.T) {
	ch := newChat(t, func(c echo.Context) error {
		setName(c)
		return libraries["gorilla"](c, nil)
	})
	_, body, resp := ch.talk()
	err := <-ch.ended
	if resp.StatusCode != http.StatusInternalServerError || strings.Contains(body, "hello") {
		t.Errorf("got %d %q; want 500", resp.StatusCode, body)
	}
	for _, advice := range []string{"Call Save before the upgrade", "Set-Cookie header"} {
		if err == nil || !strings.Contains(err.Error(), advice) {
			t.Errorf("got error %v; want one that says %q", err, advice)
		}
	}
}

func Test_that_gorilla_sends_the_cookie_that_Save_has_set(t *testing.T) {
	ch := newChat(t, func(c echo.Context) error {
		setName(c)
		if err := session.From(c).Save(c.Request().Context()); err != nil {
			return err
		}
		return libraries["gorilla"](c, c.Response().Header())
	})
	message, rest, resp := ch.talk()
	if n := len(resp.Header.Values("Set-Cookie")); message != "hello" || rest != "" || n != 1 {
		t.Errorf("got %q, then %q, %d cookies; want hello, 1", message, rest, n)
	}
	if name := ch.get("/name"); name != "Ada" {
		t.Errorf("got %q; want Ada", name)
	}
}

func Test_that_an_error_after_the_upgrade_writes_nothing_into_the_connection(t *testing.T) {
	failed := errors.New("the chat failed")
	for library, upgrade := range libraries {
		t.Run(library, func(t *testing.T) {
			ch := newChat(t, func(c echo.Context) error {
				if err := upgrade(c, nil); err != nil {
					return err
				}
				return failed
			})
			message, rest, _ := ch.talk()
			if err := <-ch.ended; !errors.Is(err, failed) || message != "hello" || rest != "" {
				t.Errorf("got %v, %q, then %q; want hello and no more", err, message, rest)
			}
		})
	}
}
