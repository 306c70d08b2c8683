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

// RedisServer is a Redis that was started here: one by itself, or a node of a [Cluster] or
// a [Sentinel]. Kill, Freeze and Thaw are the faults it can have, Restart ends them.
type RedisServer struct {
	Addr string // host:port

	*process
	args []string
	dir  string // its files, and the socket over which we talk to it
}

// Redis starts a server that keeps nothing on disk. The args are more of redis-server's
// options, such as "--maxmemory", "3mb".
func Redis(args ...string) (*RedisServer, error) {
	args = append([]string{
		"--save", "", "--appendonly", "no",
		"--repl-diskless-sync-delay", "0", // a replica need not wait for others to come
	}, args...)
	return startRedis(func(string) ([]string, error) { return args, nil })
}

// startRedis starts a server on a free port with the args that are made for its directory.
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

// Restart ends the server, if it still runs, and starts it again at the same address. It
// comes back empty, unless its args keep data on disk.
func (r *RedisServer) Restart() error {
	r.process.Close()
	return r.start()
}

// Close ends the server and removes its files. It may be called more than once.
func (r *RedisServer) Close() {
	r.process.Close()
	_ = os.RemoveAll(r.dir)
}

// Replica starts a replica of the server, and waits until it has everything.
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

// synced says nil for a replica that follows its primary, and for a primary that knows so of each of its
// replicas: up to a second later, and only then does it wait for them.
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

// Do has redis-cli send a command, and returns what it prints for the answer. An answer
// that is an error is an error.
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

// answers tells whether the server is neither killed nor frozen.
func (r *RedisServer) answers() bool { return r.ping() == nil }

// ping says nil once the server answers, be it with a demand for a password. It asks over
// the socket in the server's own directory: on the port, somebody else may be listening.
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

// eventually waits until ready says nil. Unlike the await of one process, it goes on when
// a server has ended: that may be what it waits for the others to notice.
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
