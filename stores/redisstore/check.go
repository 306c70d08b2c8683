package redisstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
)

var (
	errNoClient = errors.New("redisstore: the client is nil; make one, by redis.NewClient say")

	errDeadlines = errors.New("redisstore: the client does not obey the deadline of a context: set ContextTimeoutEnabled: true in its options")

	// Scripts go to the master all the same. But such a client tells each node that it may answer
	// as a replica, so a master that has been replaced would refuse them, and not name its successor.
	errReplicas = errors.New("redisstore: the client reads from replicas, which may still have sessions that were ended: leave ReadOnly, RouteByLatency and RouteRandomly out of its options")

	errNeverSends = errors.New("redisstore: the client's MaxRetries or MaxRedirects is less than -1, with which the driver sends nothing at all and reports no error; write -1 for no second try")

	errNoLimit = errors.New("redisstore: the client's ReadTimeout or WriteTimeout is less than -1, with which the driver does not obey the deadline of a context; write -1 for no limit of its own")

	errRing = errors.New("redisstore: a *redis.Ring is refused: while one of its servers is down, it takes the sessions there for ended, and those that are ended meanwhile come back with it. Use a *redis.ClusterClient")
)

// checkClient reports everything that is wrong with a client. Of types other than the driver's own,
// it cannot know what they do about deadlines.
func checkClient(client redis.UniversalClient, minReplicas int) error {
	obeys, waits, sends := true, true, true
	var readTimeout, writeTimeout time.Duration // 0 = none; the driver has turned -1 into it
	var errs []error
	switch c := client.(type) {
	case nil:
		errs = append(errs, errNoClient)
	case *redis.Client:
		if c == nil {
			return checkClient(nil, minReplicas)
		}
		o := c.Options()
		obeys, readTimeout, writeTimeout = o.ContextTimeoutEnabled, o.ReadTimeout, o.WriteTimeout
		sends = o.MaxRetries >= 0 // the driver has turned -1 into 0
	case *redis.ClusterClient:
		if c == nil {
			return checkClient(nil, minReplicas)
		}
		o := c.Options()
		if o.ReadOnly { // the other two set it, too
			errs = append(errs, errReplicas)
		}
		obeys, readTimeout, writeTimeout = o.ContextTimeoutEnabled, o.ReadTimeout, o.WriteTimeout
		sends = o.MaxRedirects >= 0 && o.MaxRetries >= -1 // the nodes turn -1 into 0
	case *redis.Ring:
		errs = append(errs, errRing)
	default:
		waits = false
	}
	if !sends {
		errs = append(errs, errNeverSends)
	}
	if readTimeout < 0 || writeTimeout < 0 {
		errs = append(errs, errNoLimit)
	}
	if !obeys {
		errs = append(errs, errDeadlines)
	}
	switch {
	case minReplicas < 0:
		errs = append(errs, fmt.Errorf("redisstore: Options.MinReplicas is %d; 0 waits for none", minReplicas))
	case minReplicas > 0 && !waits:
		errs = append(errs, fmt.Errorf("redisstore: Options.MinReplicas is %d, which takes a *redis.Client or a *redis.ClusterClient", minReplicas))
	case minReplicas > 0 && readTimeout > 0 && readTimeout <= maxPatience:
		errs = append(errs, fmt.Errorf("redisstore: the client's ReadTimeout is %v, and with Options.MinReplicas an answer may take %v: set it to more than that", readTimeout, maxPatience))
	}
	return errors.Join(errs...)
}

// Check tries everything that the store does, with a made-up session that it removes again. It
// finds out whether the server can be reached, accepts the password and grants the rights. It is
// for the start of an application that should not start if it could only answer 503.
//
// If the server would evict sessions, Check logs a warning to Options.Logger, in a Cluster once for
// each such master. It logs nothing if the server does not reveal its policy.
func (s *Store) Check(ctx context.Context) error {
	key, tag := "check-"+rand.Text(), "check-"+rand.Text()
	expires := s.now().Add(time.Minute)
	for _, try := range []func() error{
		func() error { return s.Write(ctx, key, session.Record{Expires: expires}) },
		func() error { return s.Write(ctx, key, session.Record{Version: 1, Expires: expires}) },
		func() error { return s.probe(ctx, key) },
		func() error { _, err := s.Read(ctx, key); return err },
		func() error { return s.Touch(ctx, key, expires) },
		func() error { _, err := s.Renew(ctx, key, expires, expires); return err },
		func() error { return s.Destroy(ctx, key, 2) },
		func() error { return s.Tag(ctx, tag, key, expires) },
		func() error { _, err := s.Tagged(ctx, tag); return err },
		func() error { _, err := s.Revoke(ctx, tag); return err },
		func() error { return s.Untag(ctx, tag, key) },
	} {
		if err := try(); err != nil {
			return err
		}
	}
	s.warnOfEviction(ctx)
	return nil
}

// probe reports if the command is forbidden by which a script finds out that it is on a replica. The
// script itself would go on.
func (s *Store) probe(ctx context.Context, key string) error {
	_, err := s.ask(ctx, "check", func() (any, error) {
		return s.server.Do(ctx, "setrange", s.sessionKey(key), 0, "").Result()
	})
	return err
}

// warnOfEviction asks with INFO, since many providers have no CONFIG. In a Cluster each master has
// its own policy. A policy that evicts only keys that expire is no better, since all of ours do.
func (s *Store) warnOfEviction(ctx context.Context) {
	masters, err := s.masters(ctx)
	if err != nil {
		return
	}
	logger := cmp.Or(s.logger, slog.Default())
	for _, master := range masters {
		info, err := master.Info(ctx, "memory").Result()
		if err != nil {
			continue
		}
		_, rest, found := strings.Cut(info, "maxmemory_policy:")
		policy, _, _ := strings.Cut(rest, "\r\n")
		if found && policy != "noeviction" {
			logger.WarnContext(ctx, "redisstore: the server ends sessions when its memory is full, and makes a log-out everywhere miss others; set its maxmemory-policy to noeviction", "policy", policy)
		}
	}
}
