package servers

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// DynamoDBServer is AWS's own DynamoDB Local, in memory. Every access key and region has
// tables of its own there, and none of them is checked.
type DynamoDBServer struct {
	*process
	addr      string
	java, dir string
}

// DynamoDB starts one. The caller closes it.
func DynamoDB() (*DynamoDBServer, error) {
	java, err := program("java")
	if err != nil {
		return nil, err
	}
	dir, err := dynamoDBLocal()
	if err != nil {
		return nil, err
	}
	var server *DynamoDBServer
	for range 3 { // a port that was free a moment ago may be taken
		if server, err = startDynamoDB(java, dir); err == nil {
			break
		}
	}
	return server, err
}

func startDynamoDB(java, dir string) (*DynamoDBServer, error) {
	addrs, err := freeAddrs(1)
	if err != nil {
		return nil, err
	}
	s := &DynamoDBServer{addr: addrs[0], java: java, dir: dir}
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *DynamoDBServer) start() error {
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	cmd := exec.Command(s.java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
		"-Djava.library.path=./DynamoDBLocal_lib",
		"-jar", dynamoDBJar, "-inMemory", "-disableTelemetry", "-port", port)
	cmd.Dir = s.dir
	p, err := launch("DynamoDB Local", cmd, s.answers)
	if err != nil {
		return err
	}
	s.process = p
	return nil
}

// Restart ends the server, if it still runs, and starts it again at the same address. It
// comes back without a table.
func (s *DynamoDBServer) Restart() error {
	s.process.Close()
	return s.start()
}

// Endpoint is the URL for a client's BaseEndpoint.
func (s *DynamoDBServer) Endpoint() string { return "http://" + s.addr }

// answers says nil once the server answers HTTP; what it answers does not matter.
func (s *DynamoDBServer) answers() error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(s.Endpoint())
	if err != nil {
		return err
	}
	return res.Body.Close()
}

const dynamoDBJar = "DynamoDBLocal.jar"

// dynamoDBLocal is the directory into which scripts/setup unpacked the server, or the one
// that SESSION_TEST_DYNAMODB_LOCAL names.
func dynamoDBLocal() (string, error) {
	dir := os.Getenv("SESSION_TEST_DYNAMODB_LOCAL")
	if dir == "" {
		cache, err := cacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(cache, "echo-hypermedia-session", "dynamodb-local-2.9.30")
	}
	_, err := os.Stat(filepath.Join(dir, dynamoDBJar))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("servers: there is no %s in %s; run scripts/setup, or make test", dynamoDBJar, dir)
	}
	if err != nil {
		return "", fmt.Errorf("servers: find DynamoDB Local: %w", err)
	}
	return dir, nil
}

// cacheDir is where scripts/setup keeps what it fetched. It is not os.UserCacheDir, which
// is another directory on a Mac.
func cacheDir() (string, error) {
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("servers: find the cache directory: %w", err)
	}
	return filepath.Join(home, ".cache"), nil
}
