// Package servers starts the servers that tests need, on free ports of the loopback interface, and
// ends them. If a server is not installed, the error says how to get it; that is never a reason to
// skip a test.
package servers

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTimeout is how long a server may take until it answers. A Java virtual machine is slow to
// start on a busy machine.
const startTimeout = time.Minute

// process is a server that was started here. It ends with [process.Close], and also when the
// program that started it ends, for whatever reason.
type process struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
	log   syncBuffer
}

// launch starts cmd and waits until ready returns nil. The files are removed if we end before the
// server does; otherwise the caller removes them.
func launch(name string, cmd *exec.Cmd, ready func() error, files ...string) (*process, error) {
	p := &process{name: name, cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("servers: start %s: %w", name, err)
	}
	release, err := watch(cmd.Process, files)
	go func() {
		_ = cmd.Wait()
		release()
		close(p.ended)
	}()
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("servers: watch over %s: %w", name, err)
	}
	if err := p.await(ready); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// watch starts a guard, since a test that runs into its time limit runs no clean-up. The guard
// waits until our end of its standard input is closed, which the system does when we end. Then it
// kills the server and removes its files.
//
// When the server has ended, release the guard: another process may get the server's number.
func watch(server *os.Process, files []string) (release func(), err error) {
	guard := exec.Command("sh", append([]string{
		"-c", `cat >/dev/null; kill -9 "$0" 2>/dev/null; rm -rf -- "$@"`, strconv.Itoa(server.Pid),
	}, files...)...)
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that a ctrl-C that ends us does not end it
	if _, err := guard.StdinPipe(); err != nil {
		return func() {}, err
	}
	if err := guard.Start(); err != nil {
		return func() {}, err
	}
	return func() {
		_ = guard.Process.Kill()
		_ = guard.Wait() // closes the pipe, which ends its cat
	}, nil
}

func (p *process) await(ready func() error) error {
	deadline := time.Now().Add(startTimeout)
	for {
		err := ready()
		switch {
		case err == nil:
			return nil
		case strings.Contains(p.log.String(), addrTaken):
			return fmt.Errorf("servers: %s does not start\n%s", p.name, p.log.String())
		case time.Now().After(deadline):
			return fmt.Errorf("servers: %s does not answer: %w\n%s", p.name, err, p.log.String())
		}
		select {
		case <-p.ended:
			return fmt.Errorf("servers: %s ended at once\n%s", p.name, p.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the server as a crash would (SIGKILL), and waits until it has ended. It may be called
// more than once.
func (p *process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// Freeze stops the server (SIGSTOP): connections stay, but nobody answers. It waits until the
// server has really stopped: with many threads, on a busy machine, it still answers for some time
// after the signal. Do not freeze a frozen server.
func (p *process) Freeze() error {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for {
		_, err := syscall.Wait4(p.cmd.Process.Pid, nil, syscall.WUNTRACED, nil)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// Thaw lets a frozen server go on (SIGCONT).
func (p *process) Thaw() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// Close ends the server. It may be called more than once.
func (p *process) Close() { p.Kill() }

// addrTaken is what servers print if their address is in use.
const addrTaken = "Address already in use"

// somewhere calls start with addresses of the loopback interface until it gets one that nobody
// takes before the server does.
func somewhere(start func(addr string) error) error {
	for try := 1; ; try++ {
		err := start(someAddr())
		if err == nil || try == 20 || !strings.Contains(err.Error(), addrTaken) {
			return err
		}
	}
}

// someAddr proposes an address. Its port, and the one 10,000 higher that a Redis Cluster node also
// uses, are below those that Linux assigns to outgoing connections and to listeners on port 0. So a
// server that was killed finds its port free when it comes back.
func someAddr() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(12_000)))
}

// program returns the first of names that is installed.
func program(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("servers: there is no %s here; run scripts/setup, or make test", names[0])
}

var errNotYet = errors.New("not ready yet")

// tempDir is a directory for a server's files. The caller removes it.
func tempDir(name string) (string, error) {
	dir, err := os.MkdirTemp("", "session-"+name+"-")
	if err != nil {
		return "", fmt.Errorf("servers: %w", err)
	}
	return dir, nil
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
