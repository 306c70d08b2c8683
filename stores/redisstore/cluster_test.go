package redisstore_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/internal/servers"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

func Test_that_a_session_ends_for_good_while_its_slot_moves(t *testing.T) {
	cluster := startCluster(t)
	store := newStore(t, clusterClient(t, cluster), redisstore.Options{})
	for _, version := range []uint64{0, 1} {
		name := key(fmt.Sprint("k", version))
		ok(t, store.Write(t.Context(), name, record(0, "one")))
		moveSlotOf(t, cluster, "session:s:"+name)
		if err := store.Destroy(t.Context(), name, version); err != nil {
			t.Errorf("version %d: %v", version, err)
		}
		if err := store.Write(t.Context(), name, record(0, "one")); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("version %d: a create that comes late: got %v; want ErrNotFound", version, err)
		}
	}
}

func Test_that_the_documented_rights_are_enough_while_a_slot_moves(t *testing.T) {
	cluster := startCluster(t)
	user := append([]string{"acl", "setuser", "app", "reset", "on", ">password"}, rights(t)...)
	for _, node := range cluster.Nodes() {
		_, err := node.Do(append(user, "+CLUSTER|SLOTS", "+ASKING")...)
		ok(t, err)
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: cluster.Addrs(), ContextTimeoutEnabled: true, Username: "app", Password: "password",
	})
	t.Cleanup(func() { _ = client.Close() })
	store := newStore(t, client, redisstore.Options{})
	moveSlotOf(t, cluster, "session:s:"+key("k"))
	ok(t, store.Write(t.Context(), key("k"), record(0, "one")))
	holds(t, store, key("k"), "one", 1)
}

// moveSlotOf begins to move the slot of a key in Redis to another master. What is in it does not move yet.
func moveSlotOf(t *testing.T, cluster *servers.Cluster, name string) {
	t.Helper()
	from, err := cluster.Owner(name)
	ok(t, err)
	masters, err := cluster.Masters()
	ok(t, err)
	to := masters[0]
	if to == from {
		to = masters[1]
	}
	tell := func(node *servers.RedisServer, command ...string) string {
		t.Helper()
		answer, err := node.Do(command...)
		ok(t, err)
		return answer
	}
	slot := tell(from, "cluster", "keyslot", name)
	tell(to, "cluster", "setslot", slot, "importing", tell(from, "cluster", "myid"))
	tell(from, "cluster", "setslot", slot, "migrating", tell(to, "cluster", "myid"))
}

func Test_that_a_client_of_one_node_of_a_cluster_is_told_what_to_use(t *testing.T) {
	cluster := startCluster(t)
	client := redis.NewClient(&redis.Options{Addr: cluster.Addrs()[0], ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = client.Close() })
	moved := 0
	for _, store := range []*redisstore.Store{
		newStore(t, client, redisstore.Options{}),
		newStore(t, client, redisstore.Options{MinReplicas: 1}),
	} {
		for i := range 20 {
			err := store.Write(t.Context(), key(fmt.Sprint(i)), record(0, "one"))
			if _, elsewhere := redis.IsMovedError(err); elsewhere {
				moved++
				if !errors.Is(err, session.ErrUnavailable) || !strings.Contains(err.Error(), "*redis.ClusterClient") {
					t.Errorf("got %v; want ErrUnavailable, and what to use", err)
				}
			}
		}
	}
	if moved == 0 {
		t.Error("no key is elsewhere")
	}
}
