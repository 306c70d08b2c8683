// Package stores picks a session store by environment variables.
//
//	store, err := stores.FromEnv()
//
// [ConfigFromEnv] reads more of the Config, and [ConfigFromEnvWith] does so for a store that you
// open yourself. The variables are:
//
//	SESSION_DRIVER            cookie (the default), file, redis, dynamodb or memory
//	SESSION_IDLE_TIMEOUT      a duration such as 2h or 30m; see session.Config
//	SESSION_ABSOLUTE_TIMEOUT  a duration, or never
//	SESSION_INSECURE          true for a site on plain http, during development
//
//	cookie    APP_KEY                 the key that seals; `openssl rand -hex 32` makes one
//	          APP_PREVIOUS_KEYS       keys that still open, separated by commas; optional
//	file      SESSION_FILE_DIR        the directory
//	redis     REDIS_URL               redis://user:password@host:6379/0, rediss:// for TLS, unix://;
//	                                  ?addr=host:port for more nodes of a Cluster;
//	                                  ?master_name=… for Sentinel, &addr=host:port for more
//	                                  Sentinels; see below
//	          SESSION_REDIS_PREFIX    what the keys begin with; optional
//	dynamodb  SESSION_DYNAMODB_TABLE  the table; dynamodbstore.CreateTable makes one
//	          AWS_REGION, …           the region, credentials and all else that AWS's own tools read,
//	                                  except how often they try and how long they wait
//
// Everything that is missing or wrong is reported at once.
//
// REDIS_URL may have the options that go-redis reads from a URL, except read_only, replica_only,
// route_by_latency and route_randomly: a replica may still have a session that was ended. With a
// master_name, the user and password before the host are for Sentinel, and those for the servers
// are &username=…&password=….
//
// Importing this package compiles in all drivers. A program that knows its store should import
// only that one.
package stores

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
	"github.com/echo-hypermedia/session/stores/filestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// FromEnv opens the store that the environment names. If the store has something to close, such as
// connections, it is an io.Closer. Close it after Echo's Shutdown has returned, since requests save
// their sessions until then.
//
// FromEnv does not contact a server. To do so at start, call the store's method
// Check(context.Context) error, if it has one; the stores for Redis and DynamoDB do.
//
// The error joins a [VariableError] for each variable that is missing or wrong, including those of
// the lifetimes.
func FromEnv() (session.Store, error) {
	cfg, err := ConfigFromEnv()
	return cfg.Store, err
}

// ConfigFromEnv returns a Config with the store of [FromEnv], and with the lifetimes and
// Cookie.Insecure from the environment. Fill in the rest of the Config yourself.
func ConfigFromEnv() (session.Config, error) {
	var e env
	cfg := e.config()
	cfg.Store = e.store()
	if err := errors.Join(e.errs...); err != nil {
		if opened, ok := cfg.Store.(io.Closer); ok {
			_ = opened.Close()
		}
		return session.Config{}, err
	}
	return cfg, nil
}

// ConfigFromEnvWith is [ConfigFromEnv] with a store that you have opened: one of your own, or one
// with options that have no variable, such as redisstore's MinReplicas. It does not read
// SESSION_DRIVER and the variables of the drivers, and never closes the store.
func ConfigFromEnvWith(store session.Store) (session.Config, error) {
	var e env
	cfg := e.config()
	cfg.Store = store
	if err := errors.Join(e.errs...); err != nil {
		return session.Config{}, err
	}
	return cfg, nil
}

// VariableError is one mistake in the environment.
type VariableError struct {
	Name   string // of the variable
	Value  string // its value; "" if it is missing, or a secret
	Reason string // what is wrong, and how to fix it
}

func (e *VariableError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("stores: %s %s", e.Name, e.Reason)
	}
	return fmt.Sprintf("stores: %s = %q: %s", e.Name, e.Value, e.Reason)
}

// env reads the environment and collects the mistakes in it.
type env struct{ errs []error }

func (e *env) wrong(name, value, reason string) {
	e.errs = append(e.errs, &VariableError{name, value, reason})
}

// failed records a mistake that other code has found. If the variable is a secret, value must be
// "", and the text of err must not contain the secret.
func (e *env) failed(name, value string, err error) {
	e.wrong(name, value, "is wrong: "+err.Error())
}

// required returns the value of a variable. If it is not set, the mistake says what to do about it.
func (e *env) required(name, remedy string) string {
	value := os.Getenv(name)
	if strings.TrimSpace(value) == "" {
		e.wrong(name, "", "is not set; "+remedy)
		return ""
	}
	return value
}

// duration reads a time above zero; 0 means that the variable is not set. A mistake shows the examples.
func (e *env) duration(name, examples string) time.Duration {
	value := os.Getenv(name)
	if value == "" {
		return 0
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		e.wrong(name, value, "is not a time above zero; write "+examples)
	}
	return d
}

func (e *env) yes(name string) bool {
	value := os.Getenv(name)
	if value == "" {
		return false
	}
	yes, err := strconv.ParseBool(value)
	if err != nil {
		e.wrong(name, value, "is neither true nor false")
	}
	return yes
}

// config is everything but the store.
func (e *env) config() session.Config {
	cfg := session.Config{
		IdleTimeout:     e.duration("SESSION_IDLE_TIMEOUT", "90s, 30m or 2h"),
		AbsoluteTimeout: -1,
	}
	if os.Getenv("SESSION_ABSOLUTE_TIMEOUT") != "never" {
		cfg.AbsoluteTimeout = e.duration("SESSION_ABSOLUTE_TIMEOUT", "8h or 24h, or never")
	}
	cfg.Cookie.Insecure = e.yes("SESSION_INSECURE")
	return cfg
}

func (e *env) store() session.Store {
	switch driver := os.Getenv("SESSION_DRIVER"); driver {
	case "", "cookie":
		return e.cookie()
	case "file":
		return e.file()
	case "redis":
		return e.redis()
	case "dynamodb":
		return e.dynamodb()
	case "memory":
		return memorystore.New(memorystore.Options{})
	default:
		e.wrong("SESSION_DRIVER", driver, "is not a driver; pick one of cookie, file, redis, dynamodb and memory")
		return nil
	}
}

func (e *env) cookie() session.Store {
	text := e.required("APP_KEY", "cookies are sealed with it; make one with `openssl rand -hex 32`, and keep it")
	keys := e.addKey(nil, "APP_KEY", text)
	for text := range strings.SplitSeq(os.Getenv("APP_PREVIOUS_KEYS"), ",") {
		keys = e.addKey(keys, "APP_PREVIOUS_KEYS", text)
	}
	store, err := cookiestore.New(cookiestore.Options{Keys: keys})
	if err != nil {
		return nil // the mistakes in the keys are recorded already
	}
	return store
}

// addKey adds the key in the text, if there is one, to keys.
func (e *env) addKey(keys [][]byte, name, text string) [][]byte {
	if strings.TrimSpace(text) == "" {
		return keys
	}
	key, err := cookiestore.ParseKey(text)
	if err != nil {
		e.failed(name, "", err)
		return keys
	}
	if slices.ContainsFunc(keys, func(k []byte) bool { return bytes.Equal(k, key) }) {
		e.wrong(name, "", "has a key that is there already; take it out")
		return keys
	}
	_, err = cookiestore.New(cookiestore.Options{Keys: [][]byte{key}})
	if weak, ok := errors.AsType[*cookiestore.KeyError](err); ok {
		e.wrong(name, "", weak.Reason+"; make a key with `openssl rand -hex 32`")
	}
	return append(keys, key)
}

func (e *env) file() session.Store {
	dir := e.required("SESSION_FILE_DIR", "name a directory for the sessions, on a local disk")
	if dir == "" {
		return nil
	}
	store, err := filestore.New(filestore.Options{Dir: dir})
	if err != nil {
		e.failed("SESSION_FILE_DIR", dir, err)
		return nil
	}
	return store
}

// A session waits for its store for at most five seconds, in which a client should try more than
// once. By default, a driver may spend longer than that on its first try.
const (
	tryTimeout = time.Second
	maxTries   = 3
)

func (e *env) dynamodb() session.Store {
	table := e.required("SESSION_DYNAMODB_TABLE", "name the table of the sessions; dynamodbstore.CreateTable makes one")
	cfg, err := config.LoadDefaultConfig(context.Background(),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(tryTimeout)),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff = maxTries, 100*time.Millisecond
			})
		}),
	)
	if err != nil {
		e.failed("AWS_REGION, or another of AWS's variables,", "", err)
	} else if cfg.Region == "" {
		e.wrong("AWS_REGION", "", "is not set, and there is no region in AWS's configuration files either; name the one where the table is")
	}
	if table == "" {
		return nil
	}
	store, err := dynamodbstore.New(dynamodb.NewFromConfig(cfg), dynamodbstore.Options{Table: table})
	if err != nil {
		e.failed("SESSION_DYNAMODB_TABLE", table, err)
		return nil
	}
	return store
}
