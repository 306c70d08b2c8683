package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
)

// run makes the server run a script. It sends the digest of the script, and the script itself only
// if the server does not know it: after its first start, a restart, a failover.
func (s *Store) run(ctx context.Context, verb string, script *redis.Script, key string, args ...any) (any, error) {
	return s.ask(ctx, verb, func() (any, error) {
		return script.Run(ctx, s.server, []string{key}, args...).Result()
	})
}

// change is run for changes that must not be lost: it waits for replicas, if that was asked for.
func (s *Store) change(ctx context.Context, verb string, script *redis.Script, key string, args ...any) (any, error) {
	return s.ask(ctx, verb, func() (any, error) {
		reply, err := s.send(ctx, key, func(to server) *redis.Cmd {
			return script.EvalSha(ctx, to, []string{key}, args...)
		})
		if err == nil || !redis.HasErrorPrefix(err, "NOSCRIPT") {
			return reply, err
		}
		return s.send(ctx, key, func(to server) *redis.Cmd {
			return script.Eval(ctx, to, []string{key}, args...)
		})
	})
}

// create is change by a plain SET, which takes the server a fifth of the time of a script. It says
// whether the key was free; if not, nothing has changed.
func (s *Store) create(ctx context.Context, key, value string, life int64) (created bool, err error) {
	reply, err := s.ask(ctx, "write", func() (any, error) {
		reply, err := s.send(ctx, key, func(to server) *redis.Cmd {
			return to.Do(ctx, "set", key, value, "nx", "px", life)
		})
		if errors.Is(err, redis.Nil) {
			return nil, nil
		}
		return reply, err
	})
	return reply == done, err
}

// ask turns an error of question into one of the contract, and does not call question if ctx has
// already ended.
func (s *Store) ask(ctx context.Context, verb string, question func() (any, error)) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("redisstore: %s: %w", verb, err)
	}
	reply, err := question()
	if err != nil {
		return nil, s.explain(ctx, verb, err)
	}
	return reply, nil
}

// server is what commands are sent to: a client, or a pipeline of one.
type server interface {
	redis.Scripter
	Do(ctx context.Context, args ...any) *redis.Cmd
}

// straight keeps a ClusterClient from asking COMMAND first to learn how far apart the keys of a
// command are: each of ours has one key. The client would ask only once. But if COMMAND is
// forbidden, it asks three nodes again before each command, and if a node hangs, all callers wait
// for seconds, whatever their deadlines.
type straight struct{ redis.UniversalClient }

func (c straight) Do(ctx context.Context, args ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx, args...)
	cmd.SetStepCount(1)
	_ = c.Process(ctx, cmd) // cmd has the error
	return cmd
}

func (c straight) EvalSha(ctx context.Context, digest string, keys []string, args ...any) *redis.Cmd {
	return c.eval(ctx, "evalsha", digest, keys[0], args)
}

func (c straight) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return c.eval(ctx, "eval", script, keys[0], args)
}

func (c straight) eval(ctx context.Context, command, script, key string, args []any) *redis.Cmd {
	all := append(make([]any, 0, 4+len(args)), command, script, 1, key)
	return c.Do(ctx, append(all, args...)...)
}

// send sends a command about a key and, if replicas are to be waited for, WAIT on the same
// connection, since WAIT is about earlier commands of its connection. A ClusterClient cannot do
// this by itself: WAIT has no key, so the client would send it to any node.
//
// From Redis 7.2 on, WAIT is about what the connection has written last, and returns at once if that is
// nothing. So a call that is repeated has to write something, too: replicas may lack what it finds done.
func (s *Store) send(ctx context.Context, key string, command func(to server) *redis.Cmd) (any, error) {
	if s.minReplicas == 0 {
		return command(s.server).Result()
	}
	pipe := s.client.Pipeline()
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		master, err := cluster.MasterForKey(ctx, key)
		if err != nil {
			return nil, err
		}
		pipe = master.Pipeline()
	}
	reply := command(pipe)
	replicas := pipe.Do(ctx, "WAIT", s.minReplicas, patience(ctx).Milliseconds())
	if _, err := pipe.Exec(ctx); err != nil { // from one of the two commands, or from the connection
		return nil, err
	}
	n, err := replicas.Int()
	if err != nil {
		return nil, err
	}
	if n < s.minReplicas {
		return nil, fmt.Errorf("%d replicas have acknowledged the change; Options.MinReplicas is %d", n, s.minReplicas)
	}
	return reply.Val(), nil
}

// maxPatience is the longest time to wait for replicas.
const maxPatience = time.Second

// patience is how long to wait for replicas. It is never 0, which means forever to Redis.
func patience(ctx context.Context) time.Duration {
	most := maxPatience
	if deadline, ok := ctx.Deadline(); ok {
		most = min(most, time.Until(deadline)/2)
	}
	return max(most, time.Millisecond)
}

var errUnreadable = fmt.Errorf("%w: what is stored under the key is not a session", session.ErrUnavailable)

// explain turns an error of the driver into one of the contract.
func (s *Store) explain(ctx context.Context, verb string, err error) error {
	if errors.Is(err, redis.Nil) {
		return fmt.Errorf("redisstore: %s: %w", verb, session.ErrNotFound)
	}
	// Unless another node redirects it, the driver keeps asking a dead master for seconds. This
	// call makes it read the map of slots in the background, once at a time and, while that
	// succeeds, at most five times a second. A map that comes from elsewhere is not ours to read:
	// while Sentinels hang, each call would wait for them.
	if cluster, ok := s.client.(*redis.ClusterClient); ok && cluster.Options().ClusterSlots == nil {
		cluster.ReloadState(ctx)
	}
	err = unquote(err)
	if _, single := s.client.(*redis.Client); single && redis.HasErrorPrefix(err, "MOVED ") {
		err = fmt.Errorf("%w: the server is a node of a Cluster, and other nodes have the other keys; use a *redis.ClusterClient (in REDIS_URL, name a second node by ?addr=host:port)", err)
	}
	if end := ended(ctx); end != nil && !errors.Is(err, end) {
		err = fmt.Errorf("%w: %w", end, err)
	}
	return fmt.Errorf("redisstore: %s: %w: %w", verb, session.ErrUnavailable, err)
}

// ended is the error that ctx ended with. The driver gives a connection the deadline of the
// context, and the connection may notice a moment earlier than the context that it has passed.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// unquote keeps what an error quotes out of the logs. A server that does not know a command repeats
// its arguments, the key and the data among them; the driver repeats an answer that it does not
// understand.
func unquote(err error) error {
	text := err.Error()
	for _, quotes := range []string{", with args beginning with", "redis: can't parse", "redis: invalid reply", ": parsing"} {
		if before, _, found := strings.Cut(text, quotes); found {
			return errors.New(before + quotes + " …")
		}
	}
	return err
}
