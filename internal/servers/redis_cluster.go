package servers

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Cluster is a Redis Cluster of three masters and three replicas. A master that does not answer for
// a second is replaced by its replica.
type Cluster struct {
	nodes []*RedisServer
}

// RedisCluster starts a cluster and waits until it serves all keys.
func RedisCluster() (*Cluster, error) {
	c := &Cluster{}
	if err := c.start(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start() error {
	for range 6 {
		node, err := Redis("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
		if err != nil {
			return err
		}
		c.nodes = append(c.nodes, node)
	}
	create := append([]string{"--cluster", "create", "--cluster-replicas", "1", "--cluster-yes"}, c.Addrs()...)
	if _, err := redisCLI(create...); err != nil {
		return err
	}
	return c.Await()
}

// Nodes returns the six servers.
func (c *Cluster) Nodes() []*RedisServer { return c.nodes }

// Addrs returns the addresses of the six servers.
func (c *Cluster) Addrs() []string { return addrs(c.nodes) }

// Close ends all servers. It may be called more than once.
func (c *Cluster) Close() { closeAll(c.nodes) }

// Await waits until three masters answer, and until every node that answers finds all slots served
// and, if it is a replica, follows its master. After a master was killed or frozen, that is when
// its replica has taken over.
func (c *Cluster) Await() error {
	return eventually("the cluster", func() error {
		masters, err := c.Masters()
		if err != nil {
			return err
		}
		if len(masters) != 3 {
			return fmt.Errorf("%w: %d masters", errNotYet, len(masters))
		}
		for _, node := range c.nodes {
			if !node.answers() {
				continue
			}
			if err := node.serves(); err != nil {
				return err
			}
		}
		return nil
	})
}

// serves returns nil for a node that considers the cluster healthy.
func (r *RedisServer) serves() error {
	info, err := r.Do("cluster", "info")
	if err != nil {
		return err
	}
	for _, want := range []string{"cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:6"} {
		if !strings.Contains(info, want) {
			return fmt.Errorf("%w: no %s", errNotYet, want)
		}
	}
	return r.synced()
}

// Owner returns the node that serves key, that is, the one that does not redirect.
func (c *Cluster) Owner(key string) (*RedisServer, error) {
	for _, node := range c.nodes {
		if !node.answers() {
			continue
		}
		if _, err := node.Do("exists", key); err == nil {
			return node, nil
		}
	}
	return nil, errors.New("servers: no node of the cluster serves this key")
}

// Reshard moves this many slots from one master to another, with the keys in them.
func (c *Cluster) Reshard(from, to *RedisServer, slots int) error {
	fromID, err := from.Do("cluster", "myid")
	if err != nil {
		return err
	}
	toID, err := to.Do("cluster", "myid")
	if err != nil {
		return err
	}
	_, err = redisCLI("--cluster", "reshard", from.Addr,
		"--cluster-from", fromID, "--cluster-to", toID,
		"--cluster-slots", strconv.Itoa(slots), "--cluster-yes")
	return err
}

// Masters returns the nodes that are masters now.
func (c *Cluster) Masters() ([]*RedisServer, error) {
	var masters []*RedisServer
	for _, node := range c.nodes {
		if !node.answers() {
			continue
		}
		role, err := node.Do("role")
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(role, "master") {
			masters = append(masters, node)
		}
	}
	return masters, nil
}

func addrs(servers []*RedisServer) []string {
	var list []string
	for _, r := range servers {
		list = append(list, r.Addr)
	}
	return list
}

func closeAll(servers []*RedisServer) {
	for _, r := range servers {
		r.Close()
	}
}
