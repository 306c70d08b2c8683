package session

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"
)

// Where [CSRF] looks for the token, and the code of the page error for a bad one.
const (
	CSRFField  = "_csrf"            // the field of a form
	CSRFHeader = "X-CSRF-Token"     // the header of a request that a script makes
	CSRFCode   = "E_BAD_CSRF_TOKEN" // the code of the page error; see Session.FlashErrors
)

// ErrCSRF means that a request was refused because it might come from another site, or from a page
// of a session that has ended. Find it with errors.Is on the 403 that [CSRF] gives to Echo's error
// handler.
var ErrCSRF = errors.New("session: the request has no CSRF token of this session")

// CSRFConfig configures [CSRF]. The zero value is ready to use.
type CSRFConfig struct {
	// Skipper says which requests pass unchecked, for example those of a webhook. nil skips none.
	// It has to skip every request that Config.Skipper skips: without a session there is no token
	// to compare with, and CSRF panics.
	Skipper func(echo.Context) bool

	// Text is shown to a visitor whose form was refused. "" means a sentence in English that asks
	// them to send it again. If visitors have several languages, make it a key that the Translate of
	// components.Defaults knows.
	Text string
}

const csrfText = "The page was open for too long, or your browser keeps no cookies. Please send the form again."

// CrossOrigin is middleware that refuses, with a 403, requests that another site makes a browser
// send. It recognises them by the headers that browsers add, with http.CrossOriginProtection. It
// needs no token, no cookie and no session, so it is what most applications want:
//
//	e.Use(session.CrossOrigin())
//
// To trust other origins, pass a protection of your own. CrossOrigin may stand on either side of
// Echo's MethodOverride, which makes no request look harmless.
func CrossOrigin(protection ...*http.CrossOriginProtection) echo.MiddlewareFunc {
	check := cmp.Or(first(protection), http.NewCrossOriginProtection())
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if err := check.Check(c.Request()); err != nil {
				return echo.NewHTTPError(http.StatusForbidden).SetInternal(err)
			}
			return next(c)
		}
	}
}

// CSRF is middleware that refuses requests that might change something and have no token of the
// visitor's session (the synchronizer token of OWASP's CSRF cheat sheet; ASVS 5.0, 3.5.1). Mount it
// inside of [Middleware], both for the pages with the forms and for the addresses that the forms
// are sent to. [components.Form] then includes the token by itself; other ways to include it are
// components.CSRF and [Session.CSRFToken].
//
//	e.Use(session.Middleware(cfg), session.CSRF())
//
// It is for applications that must have tokens, or that have to do without the headers that
// [CrossOrigin] checks, for example for very old browsers. A page with a token needs a session, so
// it sets a cookie. CSRF reads the form, so BodyLimit belongs outside of it. Do not mount Echo's
// CSRF as well.
//
// If the session ends while a form of this site is open, the form is not lost: it goes back to its
// page, with what was typed and an alert that says why. The same text is the page error [CSRFCode],
// for pages without alerts; a page that can show both should show one of them. (A visitor whose
// browser keeps no cookies at all gets the form back empty, and without the alert.) Everything else
// is a 403, and so is a form that does not say which page it comes from: with a Referrer-Policy of
// same-origin it does, with no-referrer it does not. A form that is too large to be read is a 413,
// and one that broke off a 400.
//
// [components.Form]: https://pkg.go.dev/github.com/echo-hypermedia/session/components#Form
func CSRF(cfg ...CSRFConfig) echo.MiddlewareFunc {
	own := first(cfg)
	own.Text = cmp.Or(own.Text, csrfText)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			onRoute(c, pageHasTokens)
			if isSafe(c.Request().Method) || own.Skipper != nil && own.Skipper(c) {
				return next(c)
			}
			s, r := From(c), c.Request()
			if s.verifyCSRF(r.Header.Get(CSRFHeader)) {
				return next(c)
			}
			token, err := csrfFieldOf(r)
			if err != nil {
				return err
			}
			if s.verifyCSRF(token) {
				return next(c)
			}
			return own.refuse(c, s)
		}
	}
}

// isSafe says whether a method promises to change nothing (RFC 9110, 9.2.1).
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// csrfFieldOf is the token in a form. It counts even if the header has a token too: a script may
// have put there the token of a page from before the login. The address is not searched for a
// token, since addresses end up in logs and in the Referer. The error is for a form that cannot be
// read: sent back, one that is too large would be refused again and again.
func csrfFieldOf(r *http.Request) (string, error) {
	err := parseForm(r)
	return r.PostForm.Get(CSRFField), formError(r, err)
}

// refuse sends a form back to the page it came from. A form that another site may have sent is only
// refused: it must not fill one of our forms with values that the other site has chosen.
func (cfg CSRFConfig) refuse(c echo.Context, s *Session) error {
	if err := s.Err(); err != nil {
		return httpError(err) // nobody knows whose token it is
	}
	r := c.Request()
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" || !isForm(r) || referer(r) == "" {
		return echo.NewHTTPError(http.StatusForbidden).SetInternal(ErrCSRF)
	}
	s.warnOfMissingToken(r)
	s.FlashAll()
	s.Flash(KindError, cfg.Text) // under a key, so that several refusals are one alert
	s.FlashErrors(map[string]string{CSRFCode: cfg.Text})
	return Back(c, "/")
}

// warnOfMissingToken logs once that a form of ours has no field for the token. Visitors are told to
// send the form again, which helps if the token is too old, but not if there is none. (A program
// that sends no cookie has not seen the form, so it does not count.)
func (s *Session) warnOfMissingToken(r *http.Request) {
	s.lock()
	defer s.unlock()
	hasToken := r.Header.Get(CSRFHeader) != "" || r.PostForm.Has(CSRFField)
	if s.given && !hasToken && s.m.warnedOfToken.CompareAndSwap(false, true) {
		s.report(nil, s.key, Event{}, missingToken)
	}
}

// CSRFToken returns the token for a form of this page, or for the header [CSRFHeader] of requests
// that its scripts make. Each call returns a different token, so that none can be guessed from the
// size of a compressed page (BREACH); all of them are good until the session ends or gets a new id,
// for example at login (and for ten seconds more in a browser that has not learned the new one). A
// session that has no record yet is given one.
//
// If [CSRF] is not mounted, CSRFToken returns the token of Echo's own middleware, or "". If it is
// mounted, CSRFToken returns "" in three cases: in the answer to a HEAD; if the request comes from
// another site, so that the browser withholds the cookie; and if the session cannot be loaded, or
// can no longer begin because the head has left.
func (s *Session) CSRFToken() string {
	if s == nil {
		return ""
	}
	s.lock()
	defer s.unlock()
	if !s.heard(pageHasTokens) {
		if s.exchange == nil {
			return ""
		}
		return s.exchange.echoToken()
	}
	if s.req.Method == http.MethodHead {
		return "" // nobody sees the page, and each health check would begin a session
	}
	secret := s.csrfSecret()
	if secret == nil {
		return ""
	}
	token := make([]byte, 2*len(secret))
	pad, masked := token[:len(secret)], token[len(secret):]
	rand.Read(pad)
	subtle.XORBytes(masked, secret, pad)
	return base64.RawURLEncoding.EncodeToString(token)
}

// echoToken is the token of Echo's CSRF middleware, under its default key.
func (f *frame) echoToken() string {
	if !f.owns(f.c.Request()) {
		return ""
	}
	token, _ := f.c.Get("csrf").(string)
	return token
}

// verifyCSRF says whether token is of the session that the visitor came with.
func (s *Session) verifyCSRF(token string) bool {
	s.lock()
	defer s.unlock()
	s.state() // refuse asks whether that has failed
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 2*sha256.Size {
		return false // before the store is asked for a straggler's secret
	}
	secret := s.knownSecret()
	if len(secret) != sha256.Size {
		return false
	}
	pad, masked := raw[:len(secret)], raw[len(secret):]
	subtle.XORBytes(masked, masked, pad)
	return subtle.ConstantTimeCompare(masked, secret) == 1
}

// The secret of the tokens is derived from the session's id, so it need not be stored, pages that
// are rendered at the same time agree on it, and it changes with the id. A store learns neither the
// id nor the secret. A session in a cookie has no id; there the secret is one of the library's own
// values.

const csrfKey = "csrf"

// csrfSecret is the secret of the session that this response leaves behind, or nil.
func (s *Session) csrfSecret() []byte {
	st := s.state()
	if s.loadErr != nil {
		return nil
	}
	if s.key == "" && !st.has(kindOwn, csrfKey) { // the token begins the session
		if !s.renew {
			if secret := s.stragglersSecret(); secret != nil {
				return secret // a session that begins now would replace the one that has moved
			}
		}
		if s.cookieIsWithheld() || !s.beginCSRF() {
			return nil
		}
	}
	if s.m.sealer != nil {
		return s.knownSecret()
	}
	return secretOf(s.nextID())
}

// cookieIsWithheld says whether the browser may have a cookie of ours that it does not send,
// because the request comes from another site (SameSite). A session begun only for a token would
// replace the visitor's own, so any site could log our visitors out with a form.
func (s *Session) cookieIsWithheld() bool {
	if s.given || header(s.req.Header, "Sec-Fetch-Site") != "cross-site" {
		return false
	}
	sameSite := s.m.cfg.Cookie.SameSite
	return sameSite == http.SameSiteStrictMode || sameSite == http.SameSiteLaxMode && !isSafe(s.req.Method)
}

// beginCSRF gives the session something to be stored for, and one in a cookie its secret.
func (s *Session) beginCSRF() bool {
	secret := []byte("1")
	if s.m.sealer != nil {
		secret = make([]byte, sha256.Size)
		rand.Read(secret)
	}
	return s.change(func(st *state) error { st.put(kindOwn, csrfKey, secret); return nil })
}

// knownSecret is the secret of the session as it is stored, or nil.
func (s *Session) knownSecret() []byte {
	st := s.state()
	if s.m.sealer != nil {
		secret, _ := st.get(kindOwn, csrfKey)
		return secret
	}
	if s.key == "" {
		return s.stragglersSecret()
	}
	return secretOf(s.id)
}

// stragglersSecret is the secret of a session that was given a new id a moment ago. The browser may
// never learn the new one: it drops the answer to a login that is sent twice. The old id must still
// be good for another login.
func (s *Session) stragglersSecret() []byte {
	if len(s.unknown) == 0 || s.err != nil {
		return nil
	}
	ctx := s.storeContext()
	defer ctx.end()
	err := errPanicked // unless straggles returns
	defer func() {
		if err != nil && !errors.Is(err, ErrMoved) {
			s.failWith(err)
			s.reportUnsaved(err)
		}
	}()
	id, err := s.straggles(ctx)
	if !errors.Is(err, ErrMoved) {
		return nil
	}
	return secretOf(id)
}

func secretOf(id string) []byte {
	mac := hmac.New(sha256.New, []byte(id))
	mac.Write([]byte("session: CSRF"))
	return mac.Sum(nil)
}
