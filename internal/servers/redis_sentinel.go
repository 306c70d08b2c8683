package servers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// SentinelMaster is the name of a [Sentinel]'s primary, for MasterName in a client's options.
const SentinelMaster = "session"

// Sentinel is a primary, a replica, and three sentinels that promote the replica when the primary
// does not answer for a second.
type Sentinel struct {
	nodes     []*RedisServer
	sentinels []*RedisServer
}

// RedisSentinel starts them all and waits until they know each other.
func RedisSentinel() (*Sentinel, error) {
	s := &Sentinel{}
	if err := s.start(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Sentinel) start() error {
	primary, err := Redis()
	if err != nil {
		return err
	}
	s.nodes = append(s.nodes, primary)
	replica, err := primary.Replica()
	if err != nil {
		return err
	}
	s.nodes = append(s.nodes, replica)
	for range 3 {
		sentinel, err := startSentinel(primary)
		if err != nil {
			return err
		}
		s.sentinels = append(s.sentinels, sentinel)
	}
	return s.Await()
}

func startSentinel(primary *RedisServer) (*RedisServer, error) {
	host, port, err := net.SplitHostPort(primary.Addr)
	if err != nil {
		return nil, fmt.Errorf("servers: %w", err)
	}
	config := strings.NewReplacer("NAME", SentinelMaster, "HOST", host, "PORT", port).Replace(`
sentinel monitor NAME HOST PORT 2
sentinel down-after-milliseconds NAME 1000
sentinel failover-timeout NAME 3000
`)
	return startRedis(func(dir string) ([]string, error) {
		file := filepath.Join(dir, "sentinel.conf") // the sentinel writes what it learns into it
		return []string{file, "--sentinel"}, os.WriteFile(file, []byte(config), 0o600)
	})
}

// Nodes returns the two servers that hold data, whichever is the primary.
func (s *Sentinel) Nodes() []*RedisServer { return s.nodes }

// Addrs returns the addresses of the sentinels, which a client needs.
func (s *Sentinel) Addrs() []string { return addrs(s.sentinels) }

// Close ends all servers. It may be called more than once.
func (s *Sentinel) Close() {
	closeAll(s.sentinels)
	closeAll(s.nodes)
}

// Primary returns the server that the sentinels consider the primary.
func (s *Sentinel) Primary() (*RedisServer, error) {
	for _, sentinel := range s.sentinels {
		if !sentinel.answers() {
			continue
		}
		answer, err := sentinel.Do("sentinel", "get-master-addr-by-name", SentinelMaster)
		if err != nil {
			return nil, err
		}
		addr := strings.Join(strings.Fields(answer), ":")
		for _, node := range s.nodes {
			if node.Addr == addr {
				return node, nil
			}
		}
	}
	return nil, errors.New("servers: no sentinel knows a primary")
}

// AwaitFailover waits until a server other than old is the primary, and returns it. Break old
// first.
func (s *Sentinel) AwaitFailover(old *RedisServer) (*RedisServer, error) {
	var now *RedisServer
	err := eventually("another primary", func() (err error) {
		now, err = s.Primary()
		if err == nil && now == old {
			return errNotYet
		}
		return err
	})
	return now, err
}

// Await waits until every sentinel that answers knows the two others and the replica, and considers
// the primary alive: then it is able to replace the primary.
func (s *Sentinel) Await() error {
	return eventually("the sentinels", func() error {
		for _, sentinel := range s.sentinels {
			if !sentinel.answers() {
				continue
			}
			if err := sentinel.watches(); err != nil {
				return err
			}
		}
		return nil
	})
}

// watches returns nil for a sentinel that knows all it needs.
func (r *RedisServer) watches() error {
	answer, err := r.Do("sentinel", "master", SentinelMaster)
	if err != nil {
		return err
	}
	answer = strings.ReplaceAll(answer, "\n", " ")
	for _, want := range []string{" flags master ", " num-slaves 1 ", " num-other-sentinels 2 "} {
		if !strings.Contains(answer, want) {
			return fmt.Errorf("%w: no%s", errNotYet, want)
		}
	}
	return nil
}
