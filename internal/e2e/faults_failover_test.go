package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

func startCluster(t *testing.T) (*servers.Cluster, *redis.ClusterClient) {
	t.Helper()
	cluster, err := servers.RedisCluster()
	ok(t, err)
	t.Cleanup(cluster.Close)
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: cluster.Addrs(), ContextTimeoutEnabled: true,
		ClusterStateReloadInterval: 2 * time.Second,
		DialTimeout:                time.Second,
	})
	t.Cleanup(func() { _ = client.Close() })
	return cluster, client
}

func Test_that_a_cluster_moves_sessions_unnoticed(t *testing.T) {
	t.Parallel()
	cluster, client := startCluster(t)
	masters, err := cluster.Masters()
	ok(t, err)
	// Slots move starting with the lowest, so these sessions are among the first of a master to
	// move.
	prefix := prefixWithSlotBelow(t, client, 20)
	customers := newRedisSite(t, client, redisstore.Options{Prefix: prefix}).newCustomers(t, 4)
	refusals := underLoad(t, customers, func(l *load) {
		for i, from := range masters {
			to := masters[(i+1)%len(masters)]
			ok(t, cluster.Reshard(from, to, 40))
			if owner, err := cluster.Owner(prefix); err != nil || owner != to {
				t.Fatalf("the sessions have not moved, %v", err)
			}
			l.goesOn(t, customers)
		}
	})
	if refusals > 0 {
		t.Errorf("%d refusals; want none", refusals)
	}
}

// prefixWithSlotBelow returns a prefix for which all keys are in one slot, below this one.
func prefixWithSlotBelow(t *testing.T, client *redis.ClusterClient, slot int64) string {
	t.Helper()
	for i := 0; ; i++ {
		prefix := fmt.Sprintf("{%d}:", i)
		found, err := client.ClusterKeySlot(t.Context(), prefix).Result()
		ok(t, err)
		if found < slot {
			return prefix
		}
	}
}

// newFailoverSites has customers of two sites, since a failover loses what the primary had
// acknowledged but not passed on. One site waits for a replica, and loses nothing. The other can be
// served with no replica left, and its losses are only counted.
func newFailoverSites(t *testing.T, client redis.UniversalClient) (careful, quick []*customer) {
	t.Helper()
	careful = newRedisSite(t, client, redisstore.Options{Prefix: "careful:", MinReplicas: 1}).newCustomers(t, 4)
	quick = newRedisSite(t, client, redisstore.Options{Prefix: "quick:"}).newCustomers(t, 4)
	for _, v := range quick {
		v.lossy = true
	}
	return careful, quick
}

func logLosses(t *testing.T, refusals int64, customers []*customer) {
	t.Helper()
	var lost, told int
	for _, v := range customers {
		lost, told = lost+v.lost, told+v.told
	}
	t.Logf("%d refusals; without MinReplicas %d of %d acknowledged changes were lost", refusals, lost, told)
}

func Test_that_a_site_goes_on_when_a_master_of_its_cluster_dies(t *testing.T) {
	t.Parallel()
	cluster, client := startCluster(t)
	careful, quick := newFailoverSites(t, client)
	master, err := cluster.Owner("careful:s:" + recordKey(careful[0]))
	ok(t, err)
	refusals := underLoad(t, append(careful, quick...), func(l *load) {
		l.isRefusedAfter(t, master.Kill)
		ok(t, cluster.Await())
		l.goesOn(t, quick)
		ok(t, master.Restart()) // as a replica
	})
	logLosses(t, refusals, quick)
}

func Test_that_a_site_goes_on_when_Sentinel_replaces_its_primary(t *testing.T) {
	t.Parallel()
	sentinel, err := servers.RedisSentinel()
	ok(t, err)
	t.Cleanup(sentinel.Close)
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: servers.SentinelMaster, SentinelAddrs: sentinel.Addrs(), ContextTimeoutEnabled: true,
		DialTimeout: time.Second,
	})
	t.Cleanup(func() { _ = client.Close() })
	careful, quick := newFailoverSites(t, client)
	primary, err := sentinel.Primary()
	ok(t, err)
	refusals := underLoad(t, append(careful, quick...), func(l *load) {
		l.isRefusedAfter(t, primary.Kill)
		now, err := sentinel.AwaitFailover(primary)
		ok(t, err)
		l.goesOn(t, quick)
		replica, err := now.Replica()
		ok(t, err)
		t.Cleanup(replica.Close)
		l.goesOn(t, careful)
	})
	logLosses(t, refusals, quick)
}
