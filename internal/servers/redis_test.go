package servers_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session/internal/servers"
)

func start(t *testing.T, args ...string) *servers.RedisServer {
	t.Helper()
	server, err := servers.Redis(args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// answer returns what the server says, or ends the test.
func answer(t *testing.T, server *servers.RedisServer, args ...string) string {
	t.Helper()
	text, err := server.Do(args...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func Test_that_a_restarted_Redis_is_empty_at_the_same_address(t *testing.T) {
	server := start(t)
	addr := server.Addr
	answer(t, server, "set", "k", "v")
	server.Kill()
	if _, err := server.Do("ping"); err == nil {
		t.Error("a killed server answers")
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := answer(t, server, "dbsize"); got != "0" || server.Addr != addr {
		t.Errorf("%s keys at %s; want 0 at %s", got, server.Addr, addr)
	}
}

func Test_that_a_replica_has_what_the_primary_has(t *testing.T) {
	primary := start(t)
	answer(t, primary, "set", "k", "v")
	replica, err := primary.Replica()
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Close()
	if got := answer(t, replica, "get", "k"); got != "v" {
		t.Errorf("got %q; want v", got)
	}
	if _, err := replica.Do("set", "k", "w"); err == nil {
		t.Error("an answer that is an error was none")
	}
}

func Test_that_a_password_is_no_obstacle(t *testing.T) {
	server := start(t, "--requirepass", "secret")
	if got := answer(t, server, "ping"); got != "PONG" {
		t.Errorf("got %q; want PONG", got)
	}
}

func Test_that_a_wrong_option_is_an_error_and_leaves_no_files(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	if _, err := servers.Redis("--no-such-option", "1"); err == nil {
		t.Fatal("no error")
	}
	start(t).Close()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("%v are left, %v", left, err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
}

func Test_that_a_directory_too_deep_for_a_socket_is_an_error_that_says_so(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	_, err := servers.Redis()
	if err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("%v; want one that says what to do with TMPDIR", err)
	}
}

// A test that panics, or runs into its time limit, runs no clean-up.
func Test_that_a_server_ends_with_the_program_that_started_it_and_leaves_no_files(t *testing.T) {
	const asked = "SESSION_SERVERS_END"
	if os.Getenv(asked) != "" {
		fmt.Println("at", start(t).Addr)
		os.Exit(2)
	}
	dir, err := os.MkdirTemp("", "end-") // t.TempDir would be removed with everything in it
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), asked+"=yes", "TMPDIR="+dir)
	out, _ := cmd.Output()
	_, addr, started := strings.Cut(strings.TrimSpace(string(out)), "at ")
	if !started {
		t.Fatalf("no server was started\n%s", out)
	}
	gone := func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err != nil && os.Remove(dir) == nil // fails unless the directory is empty
	}
	late := time.After(time.Minute)
	for again := time.Tick(10 * time.Millisecond); !gone(); {
		select {
		case <-again:
		case <-late:
			t.Fatalf("after a minute the server is there, or its files in %s", dir)
		}
	}
}

func Test_that_a_cluster_moves_slots_and_replaces_a_dead_master(t *testing.T) {
	cluster, err := servers.RedisCluster()
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	masters, err := cluster.Masters()
	if err != nil || len(masters) != 3 {
		t.Fatalf("%d masters, %v; want 3", len(masters), err)
	}
	owner, err := cluster.Owner("k")
	if err != nil {
		t.Fatal(err)
	}
	answer(t, owner, "set", "k", "v")
	awaitReplica(t, owner)

	masters = slices.DeleteFunc(masters, func(m *servers.RedisServer) bool { return m == owner })
	if err := cluster.Reshard(masters[0], masters[1], 10); err != nil {
		t.Fatal(err)
	}
	if got := answer(t, masters[1], "cluster", "slots"); strings.Count(got, masters[1].Addr[len("127.0.0.1:"):]) != 2 {
		t.Errorf("the master has not two ranges of slots:\n%s", got)
	}

	owner.Kill()
	if err := cluster.Await(); err != nil {
		t.Fatal(err)
	}
	now, err := cluster.Owner("k")
	if err != nil {
		t.Fatal(err)
	}
	if got := answer(t, now, "get", "k"); got != "v" {
		t.Errorf("the replica that took over has %q; want v", got)
	}
}

// awaitReplica waits until a replica has everything that the server has acknowledged so far. (WAIT
// would not do: it is about earlier commands on its connection, and each answer here has its own
// connection.)
func awaitReplica(t *testing.T, server *servers.RedisServer) {
	t.Helper()
	offset := func(pattern string) int {
		found := regexp.MustCompile(pattern).FindStringSubmatch(answer(t, server, "info", "replication"))
		if found == nil {
			return -1
		}
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	want := offset(`master_repl_offset:(\d+)`)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		if offset(`state=online,offset=(\d+)`) >= want {
			return
		}
		<-tick.C
	}
	t.Fatal("no replica has followed within half a minute")
}

func Test_that_sentinels_replace_a_frozen_primary(t *testing.T) {
	sentinel, err := servers.RedisSentinel()
	if err != nil {
		t.Fatal(err)
	}
	defer sentinel.Close()
	old, err := sentinel.Primary()
	if err != nil || old != sentinel.Nodes()[0] {
		t.Fatalf("another primary than was started: %v", err)
	}
	if err := old.Freeze(); err != nil {
		t.Fatal(err)
	}
	now, err := sentinel.AwaitFailover(old)
	if err != nil {
		t.Fatal(err)
	}
	answer(t, now, "set", "k", "v")
}
