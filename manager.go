package session

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"sync/atomic"
	"time"
)

// Manager runs the sessions of a checked [Config]. [New] makes one. It is safe for concurrent use.
type Manager struct {
	cfg     Config
	store   Store
	sealer  Sealer  // the store, if it is one
	tagger  Tagger  // the store, if it is one
	lister  Lister  // the store, if it is one
	sharer  Sharer  // the store, if it is one
	renewer Renewer // the store, if it is one and prolonging the record is enough; see useStore
	cookie  cookieTemplate
	queue   *queue
	moved   moves

	neverFlashed *regexp.Regexp // nil if Config.NeverFlash is empty; see secretName for built-in names

	realTime       bool        // cfg has no clock of its own
	warned         atomic.Bool // warned about a cookie that browsers drop
	warnedOfCaches atomic.Bool // warned about a page that caches may keep
	warnedOfToken  atomic.Bool // warned about a form without a token

	// Each commit of this process is marked producer:seq; see writer. The end of a commit takes a
	// number as well, which tells what was stored before a session was loaded; see Session.newest.
	producer uint64
	seq      atomic.Uint64
}

// New returns a Manager for cfg. Use it to mount the same sessions in several places, to reach them
// outside of requests, or to get the error that [Middleware] panics with. The error reports every
// mistake in cfg at once; see [ConfigErrors].
func New(cfg Config) (*Manager, error) {
	realTime := cfg.Now == nil
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Cookie.Insecure {
		cfg.logger().Warn("session: Cookie.Insecure is set, so the session cookie travels over plain http. Use it for development only")
	}
	if cfg.AbsoluteTimeout > 0 && cfg.IdleTimeout > cfg.AbsoluteTimeout {
		cfg.logger().Warn("session: Config.IdleTimeout is longer than Config.AbsoluteTimeout, which ends each session before. Set both")
	}
	m := &Manager{
		cfg:      cfg,
		cookie:   newCookieTemplate(cfg),
		queue:    newQueue(),
		realTime: realTime,

		neverFlashed: neverFlashed(cfg.NeverFlash),
		producer:     rand.Uint64(), // it must be unique; it is not a secret
	}
	m.useStore(cfg.Store)
	return m, nil
}

// Format prints session.Manager(…) with the name of the cookie, whatever the verb. Otherwise fmt would
// print keys of sessions, and read them while others change them.
func (m *Manager) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "session.Manager(%s)", m.cookie.name())
}

func (m *Manager) now() time.Time { return wall(m.cfg.Now()) }

// wall is t without its monotonic reading, by which no time would pass while the machine sleeps.
func wall(t time.Time) time.Time { return t.Round(0) }
