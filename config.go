package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// Defaults of [Config].
const (
	DefaultIdleTimeout     = 2 * time.Hour
	DefaultAbsoluteTimeout = 24 * time.Hour
	DefaultFlashTTL        = 10 * time.Minute

	// The names of the cookie if Config.CookieName is "". The first is used whenever a browser will
	// accept it: a sibling subdomain cannot plant it.
	hostCookieName  = "__Host-session"
	plainCookieName = "session"
)

// Config says how sessions work. Only Store is required.
//
// A Config is read once, by [Middleware], [Config.ToMiddleware] or [New]; changing it
// afterwards changes nothing.
type Config struct {
	// Store keeps the sessions. Pick one from stores/, or bring your own.
	Store Store

	// CookieName is the name of the cookie. "" means "__Host-session" if Cookie allows that prefix
	// (secure, Path "/", no Domain), and "session" otherwise.
	//
	// Two middlewares with different names, paths or hosts, for example one for administrators,
	// need different stores, or different prefixes or directories of stores: a store on the server
	// does not know which cookie a session belongs to, and visitors can send a session's id under
	// any name (CVE-2022-46170).
	//
	// Two more cookies begin with this name. With "-flash" at the end, it has the messages if the store
	// is in cookies; with "-seen", it carries nothing: pages with messages set and remove it, so that
	// browsers do not show them again on Back.
	//
	// Applications on one host need different names, or each logs out the visitors of the other.
	// This holds for different ports, for different paths (unless Cookie.Path keeps them apart),
	// and behind a gateway that has sessions itself.
	CookieName string

	// Cookie has the cookie's attributes. HttpOnly is not among them: it is always on.
	Cookie CookieOptions

	// IdleTimeout ends a session that was not used for this long. Every use starts it anew. To save
	// store calls, a use is noted only once a tenth of the timeout has passed, so a session may end
	// that much sooner. 0 means 2 hours; a negative value is an error. More than 360 days counts as
	// 360 days, since browsers keep no cookie for more than 400. An IdleTimeout longer than
	// AbsoluteTimeout has no effect; that is logged at start.
	IdleTimeout time.Duration

	// AbsoluteTimeout ends a session this long after it began, used or not; Regenerate does not
	// extend it (OWASP ASVS 5.0, 7.3.2). 0 means 24 hours; negative means never.
	AbsoluteTimeout time.Duration

	// ClearWithBrowser leaves Max-Age out, so that the cookie ends with the browser, unless
	// [Session.RememberMe] says otherwise. (Browsers that restore their tabs restore such cookies too.)
	ClearWithBrowser bool

	// FlashTTL is how long a flash message waits for a page that shows it, and old input and errors for
	// any page. 0 means 10 minutes; a negative value is an error.
	FlashTTL time.Duration

	// NeverFlash lists words. A form field whose name contains one of them is never kept as old
	// input. [Session.FlashAll] says what a word is, and lists the words that are built in, which
	// are English.
	//
	//	NeverFlash: []string{"kennwort", "mot de passe"}, // and so user[kennwort], kennwort2 and motDePasse
	NeverFlash []string

	// ValidationText returns the text that a visitor reads about an error of
	// go-playground/validator; see [Session.FlashValidationErrors]. The text should name the field,
	// since it is shown both beside the field and in a summary of all errors. nil means the
	// function ValidationText.
	ValidationText func(ctx context.Context, e FieldError) string

	// ValidationSummary is the text of the page error [ValidationErrorCode], about the form as a
	// whole. "" means a sentence in English. If visitors have several languages, make it a key that
	// the Translate of components.Defaults knows.
	ValidationSummary string

	// Tags says that sessions will be tagged with their users (see [Session.Tag]). A store that
	// cannot find sessions by tag is then refused at start, rather than at the first login.
	Tags bool

	// Skipper says which requests get no session: for those, From panics. Skipper and Passive are
	// called by many requests at once, and must not call From themselves. nil skips none. There is
	// no need to skip requests that do not use their session: they cost two allocations and no
	// store call.
	Skipper func(echo.Context) bool

	// Passive says which requests do not count as use although they read the session: those that a
	// page makes by itself, such as a poll. A tab that was left open then does not keep the session
	// alive. A request that changes the session counts all the same. nil means none.
	//
	//	Passive: func(c echo.Context) bool { return c.Path() == "/unread" },
	Passive func(echo.Context) bool

	// Logger gets what cannot be returned to a caller as an error. nil means slog.Default(). It is
	// never given session ids, store keys or values.
	Logger *slog.Logger

	// Hooks are called when something happens to a session, and around store calls.
	Hooks Hooks

	// Now is the clock. It is called by many requests at once. nil means time.Now; it is there for
	// tests.
	Now func() time.Time
}

// CookieOptions are the attributes of the session cookie. The zero value is the safe
// choice: Path "/", Secure, HttpOnly, SameSite Lax, this host only.
type CookieOptions struct {
	// Path is the path under which browsers send the cookie. "" means "/".
	Path string

	// Domain, if set, sends the cookie to all its subdomains as well.
	Domain string

	// Insecure lets the cookie travel over plain http, where anybody on the way can take it. It is
	// meant for development, and logged at start. Behind a proxy, what counts is whether browsers
	// use https, not whether the proxy uses it to reach the application. If a browser seems to use
	// plain http although Insecure is false, that is logged once.
	Insecure bool

	// SameSite says which requests from other sites carry the cookie. 0 means Lax. With Strict, a
	// visitor who follows a link from another site arrives without the cookie. If that page puts
	// something into the session, a new session replaces the visitor's own. Such a page gets no
	// [CSRF] token either, so its form is refused the first time, and comes back.
	//
	// With Lax the same happens with forms that other sites send by POST, as payment and sign-in
	// services do. Their handler should put and flash nothing, and redirect to a page of this site,
	// whose request has the cookie again; with Strict, it answers with a page that leads there.
	// ([CrossOrigin] and [CSRF] refuse such a form; both can let an address through.)
	SameSite http.SameSite

	// Partitioned gives the cookie a separate jar under each top-level site (CHIPS), for pages in a
	// frame of another site. Such pages need SameSite None as well: without it no browser sends the
	// cookie there, and each request begins a new session.
	Partitioned bool
}

// ConfigError is one mistake in a [Config]. All of them are reported at once, joined;
// [ConfigErrors] takes them apart.
type ConfigError struct {
	Field  string // such as "Cookie.SameSite"
	Value  any
	Reason string // what is wrong, and the way out
}

func (e *ConfigError) Error() string {
	if e.Value == nil {
		return fmt.Sprintf("session: Config.%s %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("session: Config.%s = %v: %s", e.Field, quoted(e.Value), e.Reason)
}

func quoted(v any) any {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return v
}

// ConfigErrors lists the mistakes in an error from [New] or [Config.ToMiddleware].
func ConfigErrors(err error) (found []*ConfigError) {
	walkErrors(err, func(err error) (deeper bool) {
		if mistake, ok := err.(*ConfigError); ok {
			found = append(found, mistake)
		}
		return true
	})
	return found
}

// withDefaults is cfg with every zero value replaced by what it stands for.
func (cfg Config) withDefaults() Config {
	cfg.Cookie.Path = cmp.Or(cfg.Cookie.Path, "/")
	if cfg.Cookie.SameSite == 0 || cfg.Cookie.SameSite == http.SameSiteDefaultMode {
		cfg.Cookie.SameSite = http.SameSiteLaxMode
	}
	if cfg.CookieName == "" {
		cfg.CookieName = plainCookieName
		if cfg.Cookie.allowsHostPrefix() {
			cfg.CookieName = hostCookieName
		}
	}
	cfg.IdleTimeout = min(cmp.Or(cfg.IdleTimeout, DefaultIdleTimeout), maxIdleTimeout)
	cfg.AbsoluteTimeout = cmp.Or(cfg.AbsoluteTimeout, DefaultAbsoluteTimeout)
	cfg.FlashTTL = cmp.Or(cfg.FlashTTL, DefaultFlashTTL)
	if cfg.ValidationText == nil {
		cfg.ValidationText = ValidationText
	}
	cfg.ValidationSummary = cmp.Or(cfg.ValidationSummary, validationSummary)
	none := func(echo.Context) bool { return false }
	if cfg.Skipper == nil {
		cfg.Skipper = none
	}
	if cfg.Passive == nil {
		cfg.Passive = none
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return cfg
}

// logger looks for the default each time: main may set it after Middleware was called.
func (cfg *Config) logger() *slog.Logger { return cmp.Or(cfg.Logger, slog.Default()) }

// allowsHostPrefix says whether a browser accepts a cookie with these attributes, defaults filled
// in, under a "__Host-" name (RFC 6265bis section 4.1.3.2).
func (o CookieOptions) allowsHostPrefix() bool {
	return !o.Insecure && o.Domain == "" && o.Path == "/"
}

// validate reports every mistake in cfg, whose defaults are filled in.
func (cfg Config) validate() error {
	var errs []error
	wrong := func(field string, value any, reason string) {
		errs = append(errs, &ConfigError{Field: field, Value: value, Reason: reason})
	}

	_, finds := cfg.Store.(Tagger)
	switch {
	case isNil(cfg.Store):
		wrong("Store", nil, "is nil; pick one from stores/, for example memorystore.New(memorystore.Options{})")
	case cfg.Tags && !finds:
		wrong("Tags", true, "this Store cannot find the sessions of a user (it is no session.Tagger); pick one that keeps sessions on the server, or leave Tags out")
	}
	cfg.validateCookie(wrong)
	for _, d := range [...]struct {
		field string
		value time.Duration
	}{{"IdleTimeout", cfg.IdleTimeout}, {"AbsoluteTimeout", cfg.AbsoluteTimeout}, {"FlashTTL", cfg.FlashTTL}} {
		if lacksUnit(d.value) {
			wrong(d.field, d.value, withoutUnit)
		}
	}
	if cfg.IdleTimeout < 0 {
		wrong("IdleTimeout", cfg.IdleTimeout, "is negative; 0 is the default of 2 hours. For a session without an idle limit, set it to the AbsoluteTimeout")
	}
	for _, name := range cfg.NeverFlash {
		if wordsOf(name) == "" {
			wrong("NeverFlash", name, "has no letter and no digit, by which fields could be known; take it out, and call FlashExcept")
		}
	}
	if cfg.FlashTTL < 0 {
		wrong("FlashTTL", cfg.FlashTTL, "is negative; 0 is the default of 10 minutes")
	}
	return errors.Join(errs...)
}

func (cfg Config) validateCookie(wrong func(field string, value any, reason string)) {
	if err := (&http.Cookie{Name: cfg.CookieName, Value: "x"}).Valid(); err != nil {
		wrong("CookieName", cfg.CookieName, "is not a cookie name (RFC 6265 section 4.1.1); use letters, digits, '-' and '_'")
	}
	if hasPrefixFold(cfg.CookieName, "__Host-") && !cfg.Cookie.allowsHostPrefix() {
		wrong("CookieName", cfg.CookieName, `browsers refuse the "__Host-" prefix unless the cookie is secure, has Path "/" and no Domain; change those, or the name`)
	}
	for _, prefix := range [...]string{"__Secure-", "__Http-"} {
		if hasPrefixFold(cfg.CookieName, prefix) && cfg.Cookie.Insecure {
			wrong("CookieName", cfg.CookieName, fmt.Sprintf("browsers refuse the %q prefix on an insecure cookie; set Cookie.Insecure to false, or change the name", prefix))
		}
	}
	if !strings.HasPrefix(cfg.Cookie.Path, "/") || strings.ContainsFunc(cfg.Cookie.Path, notPathRune) {
		wrong("Cookie.Path", cfg.Cookie.Path, `must begin with "/" and hold neither ";" nor control characters; what is not ASCII must be escaped, as in "/caf%C3%A9"`)
	}
	if cfg.Cookie.Domain != "" {
		if err := (&http.Cookie{Name: "x", Value: "x", Domain: cfg.Cookie.Domain}).Valid(); err != nil {
			wrong("Cookie.Domain", cfg.Cookie.Domain, `is not a domain; use a bare host name such as "example.com", or "" for this host only`)
		}
	}
	if s := cfg.Cookie.SameSite; s < http.SameSiteDefaultMode || s > http.SameSiteNoneMode {
		wrong("Cookie.SameSite", int(s), "is not one of http.SameSiteLaxMode, SameSiteStrictMode and SameSiteNoneMode")
	}
	if cfg.Cookie.SameSite == http.SameSiteNoneMode && cfg.Cookie.Insecure {
		wrong("Cookie.SameSite", "None", "browsers refuse SameSite=None on an insecure cookie; set Cookie.Insecure to false, or use Lax")
	}
	if cfg.Cookie.Partitioned && cfg.Cookie.Insecure {
		wrong("Cookie.Partitioned", true, "browsers refuse a partitioned cookie that is insecure; set Cookie.Insecure to false")
	}
}

// lacksUnit finds numbers such as 86400, which other libraries read as seconds: here even months'
// worth of seconds is only a few milliseconds.
func lacksUnit(d time.Duration) bool { return d > 0 && d < 10*time.Millisecond }

const withoutUnit = "is hardly any time, since a number without a unit is nanoseconds; write 30*time.Minute, say"

// isNil also finds a nil pointer in an interface, such as a store from a constructor whose error
// nobody checked.
func isNil(x any) bool {
	v := reflect.ValueOf(x)
	return x == nil || v.Kind() == reflect.Pointer && v.IsNil()
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func notPathRune(r rune) bool { return r == ';' || r < ' ' || r > '~' }
