// Package redisstore keeps sessions in Redis, or in Valkey: on one server, behind Sentinel
// or in a Cluster.
//
//	store, err := redisstore.New(client, redisstore.Options{})
//
// The client is yours: redisstore never closes it. It must have ContextTimeoutEnabled, or [New]
// refuses it: otherwise the driver ignores deadlines, and a visitor waits for seconds when a server
// hangs. If a context is cancelled before its deadline, the driver notices that only between tries,
// so keep ReadTimeout short. The examples have options that suit a session store.
//
// It keeps all of the [session.Store] and [session.Tagger] contracts, for any number of processes.
// Each method is one round trip, which also returns the current record on a conflict; only a new
// session whose key is taken needs a second one, and [Store.Revoke] if there is something to mark.
// The server's clock alone decides when a session ends, so the processes' clocks need not agree
// about that. If the driver asks again because an answer was lost, the answer to a [Store.Destroy]
// is still right.
//
// It is no safer than Redis. Redis acknowledges a change before writing it to disk and before its
// replicas have it. When Redis fails, the last changes may be gone, log-outs among them.
// [Options.MinReplicas] helps, at the price of waiting.
//
// # The server
//
// Any Redis from version 5 on, and any Valkey. It must not evict: with a maxmemory-policy other
// than noeviction it ends sessions when its memory is full. Worse, it forgets which sessions a user
// has: a log-out everywhere then misses those that live on, and reports no error. [Store.Check]
// warns of such a policy. With noeviction a full server refuses changes, but log-outs still work.
//
// With access control (ACL), the user needs these rights; give the command in one line:
//
//	ACL SETUSER app ON >password ~session:*
//	    +EVALSHA +EVAL +GET +GETRANGE +SETRANGE +SET +PTTL +PEXPIRE +PEXPIREAT +TIME
//	    +ZADD +ZREM +ZSCORE +ZRANGE +ZRANGEBYSCORE +ZREMRANGEBYSCORE
//
// and also SCAN to list sessions, CLUSTER|SLOTS and ASKING in a Cluster, WAIT for MinReplicas, and INFO
// so that Check can read the policy. EVAL is needed to resend the scripts, which are constants of this
// package, to a server that has lost them.
//
// # Cluster
//
// Every operation uses one key, so slots may move while the site is in use. When a master fails,
// its sessions are unavailable until its replica has taken over; the store makes the client look
// for the replica. The driver itself reads the map of slots only once a minute; set its
// ClusterStateReloadInterval to a few seconds. A prefix with braces puts all sessions on one
// master.
//
// # Format
//
// A session is a string under prefix + "s:" + key: its version in decimal digits, a line feed, its
// data. A destroyed session is replaced for five minutes by another string: an exclamation mark,
// and a name for the call that destroyed it. A tag is a sorted set under prefix + "t:" + tag. Its
// members are keys, preceded by an exclamation mark once they are revoked; the score is when an
// entry ends, in milliseconds since 1970 by the server's clock. Each of these strings and sets has
// a time to live.
package redisstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
)

var (
	_ session.Tagger  = (*Store)(nil)
	_ session.Lister  = (*Store)(nil)
	_ session.Renewer = (*Store)(nil)
)

// Options configures a [Store]. The zero value is ready for use.
type Options struct {
	// Prefix begins every key in Redis. "" means "session:". Applications that share a server need
	// different prefixes.
	Prefix string

	// MinReplicas is how many replicas must have a change before it counts as made. Write, Destroy,
	// Tag and Revoke wait for them, for at most a second and at most half of the time that the
	// context leaves. (If there are too few, the first call after the server has lost its scripts
	// waits twice as long.) If fewer replicas have acknowledged the change by then, the error is
	// [session.ErrUnavailable], although the change is on the primary and may last (a Revoke may
	// have marked nothing yet, since it also waits before that). Zero means not to wait for replicas.
	//
	// Only the number of all replicas that a primary has is safe: with fewer, one that has not
	// acknowledged a change may be promoted. But then each replica that fails stops all changes. Calls
	// that wait keep their connections, so the client needs a larger PoolSize.
	//
	// It requires a *redis.Client or a *redis.ClusterClient with a ReadTimeout of more than a
	// second. In a Cluster, changes fail for keys whose slot is just being moved.
	MinReplicas int

	// Logger gets the warnings of [Store.Check]. Nil means slog.Default().
	Logger *slog.Logger

	// Now tells the time, for tests. Nil means time.Now. It may be called by many
	// goroutines at once.
	Now func() time.Time
}

// Store is a [session.Tagger], [session.Lister] and [session.Renewer] in Redis, made by [New]. It is
// safe for concurrent use.
type Store struct {
	client      redis.UniversalClient
	server      server // the client, for commands about one key; see straight
	prefix      string
	minReplicas int
	logger      *slog.Logger // nil means the default, which main may set after New
	now         func() time.Time
}

// New returns a store that uses client. It does not contact the server, which may start later;
// [Store.Check] does.
//
// It refuses a client that ignores deadlines, and a *redis.Ring: while one of its servers is down,
// a Ring asks another server for the same keys, and that one does not have these sessions.
func New(client redis.UniversalClient, opts Options) (*Store, error) {
	if err := checkClient(client, opts.MinReplicas); err != nil {
		return nil, err
	}
	s := &Store{
		client:      client,
		server:      straight{client},
		prefix:      cmp.Or(opts.Prefix, "session:"),
		minReplicas: opts.MinReplicas,
		logger:      opts.Logger,
		now:         opts.Now,
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Read returns the record under key, or [session.ErrNotFound].
func (s *Store) Read(ctx context.Context, key string) (session.Record, error) {
	return s.found(s.run(ctx, "read", readScript, s.sessionKey(key)))
}

// Renew is [Store.Read], but also moves the expiry of the record to until, if it was due or
// earlier. If the server accepts no changes, the record keeps its expiry.
func (s *Store) Renew(ctx context.Context, key string, due, until time.Time) (session.Record, error) {
	return s.found(s.run(ctx, "renew", renewScript, s.sessionKey(key), s.life(due), s.life(until)))
}

// found is the record in the answer of a script that reads.
func (s *Store) found(reply any, err error) (session.Record, error) {
	if err != nil {
		return session.Record{}, err
	}
	rec, err := s.record(reply)
	if err != nil {
		return session.Record{}, fmt.Errorf("redisstore: read: %w", err)
	}
	return rec, nil
}

// Write creates the record under key or replaces version rec.Version. A conflict is a
// [*session.ConflictError] with the current record.
func (s *Store) Write(ctx context.Context, key string, rec session.Record) error {
	key = s.sessionKey(key)
	next, life := value(rec.Version+1, rec.Data), s.life(rec.Expires)
	if rec.Version == 0 && life > 0 { // SET refuses a life of 0
		if created, err := s.create(ctx, key, next, life); created || err != nil {
			return err
		}
		// The script returns what is in the way.
	}
	reply, err := s.change(ctx, "write", writeScript, key, beginning(rec.Version), next, life)
	return s.outcome("write", reply, err)
}

// Destroy removes the record under key: any version of it if version is 0, and only that
// version otherwise. A conflict is a [*session.ConflictError] with the current record.
func (s *Store) Destroy(ctx context.Context, key string, version uint64) error {
	reply, err := s.change(ctx, "destroy", destroyScript, s.sessionKey(key),
		beginning(version), "!"+rand.Text())
	return s.outcome("destroy", reply, err)
}

// Touch moves the expiry of the record under key, or returns [session.ErrNotFound].
func (s *Store) Touch(ctx context.Context, key string, expires time.Time) error {
	_, err := s.run(ctx, "touch", touchScript, s.sessionKey(key), s.life(expires))
	return err
}

func (s *Store) sessionKey(key string) string { return s.prefix + "s:" + key }

// life is the time until expires in milliseconds, the unit of Redis. Only the difference is sent:
// an absolute time would mean something else by the server's clock.
func (s *Store) life(expires time.Time) int64 {
	return max(0, expires.Sub(s.now()).Milliseconds())
}

// beginning is how every record of that version begins, and no other record; "" for version 0. The
// scripts compare text, since numbers in Lua are exact only up to 2⁵³.
func beginning(version uint64) string {
	if version == 0 {
		return ""
	}
	return strconv.FormatUint(version, 10) + "\n"
}

// value is what Redis stores for a record. Building it in Lua would take longer, and so would
// append, which clears its memory first.
func value(version uint64, data []byte) string {
	digits := strconv.AppendUint(make([]byte, 0, 20), version, 10)
	var v strings.Builder
	v.Grow(len(digits) + 1 + len(data))
	v.Write(digits)
	v.WriteByte('\n')
	v.Write(data)
	return v.String()
}

// outcome decodes the answer of a script that changes a record: done, or the record that it met.
func (s *Store) outcome(verb string, reply any, err error) error {
	if err != nil || reply == done {
		return err
	}
	current, err := s.record(reply)
	if err != nil {
		return fmt.Errorf("redisstore: %s: %w", verb, err)
	}
	return fmt.Errorf("redisstore: %s: %w", verb, &session.ConflictError{Current: current})
}

// bytesOf is text as bytes, in place: []byte(text) would copy it, which takes a tenth of the time
// of a read if a session is large. The driver has made the text from bytes in the same way, for
// this answer, and nobody else writes to it.
func bytesOf(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }

// record decodes what a script says about a record: its value, and how many milliseconds it has to
// live.
func (s *Store) record(reply any) (session.Record, error) {
	found, _ := reply.([]any)
	if len(found) != 2 {
		return session.Record{}, errUnreadable
	}
	text, _ := found[0].(string)
	version, data, hasData := strings.Cut(text, "\n")
	v, err := strconv.ParseUint(version, 10, 64)
	life, _ := found[1].(int64)
	if err != nil || v == 0 || !hasData || life < 0 {
		return session.Record{}, errUnreadable
	}
	return session.Record{
		Data:    bytesOf(data),
		Version: v,
		Expires: s.now().Add(time.Duration(life) * time.Millisecond),
	}, nil
}
