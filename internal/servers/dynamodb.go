package servers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// DynamoDBServer is AWS's own DynamoDB Local, in memory. Every access key and region has its own
// tables there, and neither is checked.
type DynamoDBServer struct {
	*process
	addr      string
	origin    string // an origin that only this server allows
	java, dir string
}

// DynamoDB starts a server. The caller closes it.
func DynamoDB() (*DynamoDBServer, error) {
	java, err := program("java")
	if err != nil {
		return nil, err
	}
	dir, err := dynamoDBLocal()
	if err != nil {
		return nil, err
	}
	s := &DynamoDBServer{origin: "http://" + rand.Text(), java: java, dir: dir}
	err = somewhere(func(addr string) error {
		s.addr = addr
		return s.start()
	})
	if err != nil {
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
		"-jar", dynamoDBJar, "-inMemory", "-disableTelemetry", "-port", port, "-cors", s.origin)
	cmd.Dir = s.dir
	p, err := launch("DynamoDB Local", cmd, s.answers)
	if err != nil {
		return err
	}
	s.process = p
	return nil
}

// Restart ends the server, if it still runs, and starts it again at the same address. It comes back
// without tables.
func (s *DynamoDBServer) Restart() error {
	s.process.Close()
	return s.start()
}

// Endpoint is the URL for a client's BaseEndpoint.
func (s *DynamoDBServer) Endpoint() string { return "http://" + s.addr }

// answers returns nil once the server answers HTTP, even with an error. A server that found its
// port taken neither serves nor ends, and the owner of the port may answer in its place.
func (s *DynamoDBServer) answers() error {
	req, err := http.NewRequest(http.MethodOptions, s.Endpoint(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Origin", s.origin)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	if res.Header.Get("Access-Control-Allow-Origin") != s.origin {
		err = errors.New("somebody else answers")
	}
	return errors.Join(err, res.Body.Close())
}

const dynamoDBJar = "DynamoDBLocal.jar"

// dynamoDBLocal is the directory into which scripts/setup unpacked the server, or the one that
// SESSION_TEST_DYNAMODB_LOCAL names.
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

// cacheDir is where scripts/setup keeps what it fetched. It is not os.UserCacheDir, which is a
// different directory on a Mac.
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
