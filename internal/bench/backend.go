package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/cookiestore"
)

// What the cookies of all peers have in common. They are also HttpOnly, SameSite=Lax, and for the
// whole site.
const (
	cookieName = "sid"
	maxAge     = 24 * 60 * 60 // seconds
)

// The keys of all peers that sign or encrypt.
var secret, blockKey = cookiestore.GenerateKey(), cookiestore.GenerateKey()

var silent = slog.New(slog.DiscardHandler)

// backend is where a site keeps its sessions. Close it when the site is done.
type backend struct{ closers []func() }

func (b *backend) onClose(f func()) { b.closers = append(b.closers, f) }

func (b *backend) close() {
	for _, f := range slices.Backward(b.closers) {
		f()
	}
}

// dir is an empty directory.
func (b *backend) dir() (string, error) {
	dir, err := os.MkdirTemp("", "session-bench-")
	if err == nil {
		b.onClose(func() { _ = os.RemoveAll(dir) })
	}
	return dir, err
}

// redis is a client of an empty Redis.
func (b *backend) redis() (*redis.Client, error) {
	addr, err := b.redisAddr()
	if err != nil {
		return nil, err
	}
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
	b.onClose(func() { _ = client.Close() })
	return client, nil
}

// redisAddr is the address of an empty Redis. All sites use the same one, one site after the other.
func (b *backend) redisAddr() (string, error) {
	r, err := redisServer()
	if err != nil {
		return "", err
	}
	return r.Addr, r.client.FlushAll(context.Background()).Err()
}

// redisServer starts the Redis when it is first needed, and stopRedis ends it.
var (
	redisServer = sync.OnceValues(func() (*counted, error) {
		server, err := servers.Redis()
		if err != nil {
			return nil, err
		}
		stopRedis = server.Close
		return &counted{server, redis.NewClient(&redis.Options{Addr: server.Addr})}, nil
	})
	stopRedis = func() {}
)

// counted is a Redis with a connection that nobody else uses.
type counted struct {
	*servers.RedisServer
	client *redis.Client
}

// redisTraffic is what was sent to a Redis.
type redisTraffic struct {
	trips    int            // reads from connections: what is sent together is one
	commands map[string]int // by name, including those of scripts
}

// traffic is what has been sent so far. Asking for it is itself one trip.
func (c *counted) traffic() (redisTraffic, error) {
	info, err := c.client.Info(context.Background(), "all").Result()
	t := redisTraffic{commands: map[string]int{}}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "total_reads_processed" {
			t.trips, err = strconv.Atoi(value)
		}
		if command, ok := strings.CutPrefix(name, "cmdstat_"); ok && command != "info" {
			var calls int
			_, err = fmt.Sscanf(value, "calls=%d,", &calls)
			t.commands[strings.ToUpper(command)] = calls
		}
		if err != nil {
			return t, fmt.Errorf("bench: INFO of Redis: %q: %w", line, err)
		}
	}
	return t, err
}

// since is what was sent after an earlier count.
func (t redisTraffic) since(before redisTraffic) redisTraffic {
	after := redisTraffic{trips: t.trips - before.trips - 1, commands: map[string]int{}}
	for command, calls := range t.commands {
		if n := calls - before.commands[command]; n > 0 {
			after.commands[command] = n
		}
	}
	return after
}
