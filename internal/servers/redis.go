package servers

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// RedisServer is a Redis that was started here: a single server, or a node of a [Cluster] or a
// [Sentinel]. Kill, Freeze and Thaw are its possible faults, and Restart ends them.
type RedisServer struct {
	Addr string // host:port

	*process
	args []string
	dir  string // its files, and the socket over which we talk to it
}

// Redis starts a server that stores nothing on disk. The args are further options of redis-server,
// such as "--maxmemory", "3mb".
func Redis(args ...string) (*RedisServer, error) {
	args = append([]string{
		"--save", "", "--appendonly", "no",
		"--repl-diskless-sync-delay", "0", // a replica need not wait for others to come
	}, args...)
	return startRedis(func(string) ([]string, error) { return args, nil })
}

// startRedis starts a server on a free port, with the args for its directory.
func startRedis(args func(dir string) ([]string, error)) (*RedisServer, error) {
	dir, err := tempDir("redis")
	if err != nil {
		return nil, err
	}
	r := &RedisServer{dir: dir}
	if r.args, err = args(dir); err == nil {
		err = somewhere(func(addr string) error {
			r.Addr = addr
			return r.start()
		})
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return r, nil
}

func (r *RedisServer) start() error {
	path, err := program("redis-server")
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	if socket := r.socket(); len(socket) >= len(syscall.RawSockaddrUnix{}.Path) {
		return fmt.Errorf("servers: %s is too long for a socket; set TMPDIR to a shorter directory", socket)
	}
	args := append(r.args[:len(r.args):len(r.args)],
		"--bind", host, "--port", port, "--dir", r.dir, "--unixsocket", r.socket())
	p, err := launch("redis-server", exec.Command(path, args...), r.ping, r.dir)
	if err != nil {
		return err
	}
	r.process = p
	return nil
}

// Restart ends the server, if it still runs, and starts it again at the same address. It comes back
// empty, unless its args make it store data on disk.
func (r *RedisServer) Restart() error {
	r.process.Close()
	return r.start()
}

// Close ends the server and removes its files. It may be called more than once.
func (r *RedisServer) Close() {
	r.process.Close()
	_ = os.RemoveAll(r.dir)
}

// Replica starts a replica of the server, and waits until it has all data.
func (r *RedisServer) Replica(args ...string) (*RedisServer, error) {
	host, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return nil, fmt.Errorf("servers: %w", err)
	}
	replica, err := Redis(append([]string{"--replicaof", host, port}, args...)...)
	if err != nil {
		return nil, err
	}
	both := func() error { return cmp.Or(replica.synced(), r.synced()) }
	if err := replica.await(both); err != nil {
		replica.Close()
		return nil, err
	}
	return replica, nil
}

// synced returns nil for a replica that follows its primary, and for a primary that knows that each
// of its replicas does. The primary knows up to a second later, and its WAIT counts a replica only
// from then on.
func (r *RedisServer) synced() error {
	info, err := r.Do("info", "replication")
	if err != nil {
		return err
	}
	following := strings.Count(info, ",state=online,") == strings.Count(info, ",state=")
	if strings.Contains(info, "master_link_status:down") || !following {
		return errNotYet
	}
	return nil
}

// Do sends a command by redis-cli, and returns what that prints for the answer. An answer that is
// an error is returned as an error.
func (r *RedisServer) Do(args ...string) (string, error) {
	cli := []string{"-e", "-s", r.socket()}
	if password := r.password(); password != "" {
		cli = append(cli, "--no-auth-warning", "-a", password)
	}
	return redisCLI(append(cli, args...)...)
}

func redisCLI(args ...string) (string, error) {
	path, err := program("redis-cli")
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", fmt.Errorf("servers: redis-cli: %w\n%s", err, text)
	}
	return text, nil
}

// answers says whether the server is neither killed nor frozen.
func (r *RedisServer) answers() bool { return r.ping() == nil }

// ping returns nil once the server answers, even if it demands a password. It uses the socket in
// the server's own directory: on the port, another server may be listening.
func (r *RedisServer) ping() error {
	conn, err := net.Dial("unix", r.socket())
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if answer != "+PONG\r\n" && !strings.HasPrefix(answer, "-NOAUTH ") {
		return fmt.Errorf("%w: %s", errNotYet, strings.TrimSpace(answer))
	}
	return nil
}

// eventually waits until ready returns nil. Unlike process.await, it goes on when a server has
// ended: others noticing that may be what it waits for.
func eventually(what string, ready func() error) error {
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		err := ready()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("servers: %s: %w", what, err)
		}
	}
}

func (r *RedisServer) socket() string { return filepath.Join(r.dir, "socket") }

func (r *RedisServer) password() string {
	for i, arg := range r.args {
		if arg == "--requirepass" {
			return r.args[i+1]
		}
	}
	return ""
}
