package stores_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores"
	"github.com/echo-hypermedia/session/stores/cookiestore"
	"github.com/echo-hypermedia/session/stores/memorystore"
)

// goodKey is a new key in each run.
var goodKey = fmt.Sprintf("%x", cookiestore.GenerateKey())

// setenv sets these variables, and removes all others that matter here.
func setenv(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "SESSION_") || strings.HasPrefix(name, "APP_") || strings.HasPrefix(name, "AWS_") || name == "REDIS_URL" {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

func Test_that_the_environment_picks_the_store(t *testing.T) {
	for _, tc := range []struct {
		desc string
		env  map[string]string
		want string
	}{
		{"no driver is cookie", map[string]string{"APP_KEY": goodKey}, "*cookiestore.Store"},
		{"cookie", map[string]string{"SESSION_DRIVER": "cookie", "APP_KEY": goodKey}, "*cookiestore.Store"},
		{"cookie with keys from before", map[string]string{"APP_KEY": goodKey, "APP_PREVIOUS_KEYS": " " + fmt.Sprintf("%x", cookiestore.GenerateKey()) + ", "}, "*cookiestore.Store"},
		{"file", map[string]string{"SESSION_DRIVER": "file", "SESSION_FILE_DIR": filepath.Join(t.TempDir(), "sessions")}, "*filestore.Store"},
		{"redis", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://user:secret@localhost:6379/3"}, "stores.ownRedis"},
		{"redis with TLS", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "rediss://localhost:6380"}, "stores.ownRedis"},
		{"redis cluster", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://localhost:7001?addr=localhost:7002"}, "stores.ownRedis"},
		{"redis sentinel", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://localhost:26379?master_name=main"}, "stores.ownRedis"},
		{"redis sentinels", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://localhost:26379?addr=localhost:26380&master_name=main&addr=localhost:26381"}, "stores.ownRedis"},
		{"redis sentinel that is not to use replicas", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://localhost:26379?master_name=main&replica_only=false&route_randomly=0"}, "stores.ownRedis"},
		{"dynamodb", map[string]string{"SESSION_DRIVER": "dynamodb", "SESSION_DYNAMODB_TABLE": "sessions", "AWS_REGION": "eu-central-1"}, "*dynamodbstore.Store"},
		{"memory", map[string]string{"SESSION_DRIVER": "memory"}, "*memorystore.Store"},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			setenv(t, tc.env)
			store, err := stores.FromEnv()
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%T", store); got != tc.want {
				t.Errorf("got a %s; want a %s", got, tc.want)
			}
			_, sealer := store.(session.Sealer)
			if _, tagger := store.(session.Tagger); tagger == sealer {
				t.Errorf("a Tagger: %t, a Sealer: %t; want one of them", tagger, sealer)
			}
			if closer, ok := store.(io.Closer); ok {
				for _, time := range []string{"once", "twice"} {
					if err := closer.Close(); err != nil {
						t.Errorf("closed %s: %v", time, err)
					}
				}
			}
		})
	}
}

func Test_that_the_environment_may_have_keys_from_before(t *testing.T) {
	older, old := fmt.Sprintf("%x", cookiestore.GenerateKey()), fmt.Sprintf("%x", cookiestore.GenerateKey())
	withKeys := func(key, previous string) session.Sealer {
		setenv(t, map[string]string{"APP_KEY": key, "APP_PREVIOUS_KEYS": previous})
		store, err := stores.FromEnv()
		if err != nil {
			t.Fatal(err)
		}
		return store.(session.Sealer)
	}
	sealed := func(by session.Sealer) string {
		value, err := by.Seal("session", session.Record{Data: []byte("one"), Expires: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	now := withKeys(goodKey, old+","+older)
	for name, before := range map[string]session.Sealer{"the one before": withKeys(old, ""), "the one before that": withKeys(older, ""), "the present one": now} {
		if rec, err := now.Open("session", sealed(before)); err != nil || string(rec.Data) != "one" {
			t.Errorf("a cookie sealed with %s: %q, %v", name, rec.Data, err)
		}
	}
	if _, err := withKeys(goodKey, "").Open("session", sealed(now)); err != nil {
		t.Errorf("a key from before seals: %v", err)
	}
}

func Test_that_the_environment_has_the_lifetimes(t *testing.T) {
	setenv(t, map[string]string{"SESSION_DRIVER": "memory", "SESSION_IDLE_TIMEOUT": "30m", "SESSION_ABSOLUTE_TIMEOUT": "8h"})
	cfg, err := stores.ConfigFromEnv()
	if err != nil || cfg.IdleTimeout != 30*time.Minute || cfg.AbsoluteTimeout != 8*time.Hour || cfg.Store == nil {
		t.Errorf("got %v and %v, %v", cfg.IdleTimeout, cfg.AbsoluteTimeout, err)
	}
	if _, err := session.New(cfg); err != nil {
		t.Errorf("a manager of it: %v", err)
	}
	t.Setenv("SESSION_ABSOLUTE_TIMEOUT", "never")
	if cfg, err = stores.ConfigFromEnv(); err != nil || cfg.AbsoluteTimeout >= 0 {
		t.Errorf("never: got %v, %v; want a negative time", cfg.AbsoluteTimeout, err)
	}
	setenv(t, map[string]string{"SESSION_DRIVER": "memory"})
	if cfg, err = stores.ConfigFromEnv(); err != nil || cfg.IdleTimeout != 0 || cfg.AbsoluteTimeout != 0 {
		t.Errorf("not set: got %v and %v, %v; want the defaults", cfg.IdleTimeout, cfg.AbsoluteTimeout, err)
	}
}

func Test_that_the_environment_configures_a_store_that_it_does_not_know(t *testing.T) {
	for _, driver := range []string{"", "sqlite", "redis"} {
		setenv(t, map[string]string{"SESSION_DRIVER": driver, "SESSION_IDLE_TIMEOUT": "30m", "SESSION_ABSOLUTE_TIMEOUT": "never", "SESSION_INSECURE": "true"})
		own := &ownStore{Store: memorystore.New(memorystore.Options{})}
		cfg, err := stores.ConfigFromEnvWith(own)
		if err != nil || cfg.Store != own || cfg.IdleTimeout != 30*time.Minute || cfg.AbsoluteTimeout >= 0 || !cfg.Cookie.Insecure {
			t.Errorf("driver %q: got %+v, %v", driver, cfg, err)
		}
		t.Setenv("SESSION_IDLE_TIMEOUT", "120")
		cfg, err = stores.ConfigFromEnvWith(own)
		var mistake *stores.VariableError
		if !errors.As(err, &mistake) || mistake.Name != "SESSION_IDLE_TIMEOUT" || cfg.Store != nil {
			t.Errorf("driver %q: got store %v, %v; want an error about the idle timeout alone", driver, cfg.Store, err)
		}
		if own.closed {
			t.Errorf("driver %q: a store that was opened by somebody else was closed", driver)
		}
	}
}

// ownStore is a store that the application has opened.
type ownStore struct {
	*memorystore.Store
	closed bool
}

func (s *ownStore) Close() error {
	s.closed = true
	return nil
}

func Test_that_the_environment_lets_the_cookie_travel_over_plain_http(t *testing.T) {
	for value, insecure := range map[string]bool{"": false, "false": false, "true": true, "1": true} {
		setenv(t, map[string]string{"SESSION_DRIVER": "memory", "SESSION_INSECURE": value})
		if cfg, err := stores.ConfigFromEnv(); err != nil || cfg.Cookie.Insecure != insecure {
			t.Errorf("%q: got %t, %v; want %t", value, cfg.Cookie.Insecure, err, insecure)
		}
	}
}

func Test_that_every_mistake_in_the_environment_is_reported_at_once(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		desc string
		env  map[string]string
		want []string // names of variables
	}{
		{"nothing is set", nil, []string{"APP_KEY"}},
		{"a blank key", map[string]string{"APP_KEY": "  "}, []string{"APP_KEY"}},
		{"a blank key, and one from before", map[string]string{"APP_KEY": " ", "APP_PREVIOUS_KEYS": goodKey}, []string{"APP_KEY"}},
		{"an unknown driver", map[string]string{"SESSION_DRIVER": "redi"}, []string{"SESSION_DRIVER"}},
		{"wrong lifetimes", map[string]string{"SESSION_DRIVER": "memory", "SESSION_IDLE_TIMEOUT": "120", "SESSION_ABSOLUTE_TIMEOUT": "-1h"}, []string{"SESSION_IDLE_TIMEOUT", "SESSION_ABSOLUTE_TIMEOUT"}},
		{"a lifetime of nothing", map[string]string{"SESSION_DRIVER": "memory", "SESSION_IDLE_TIMEOUT": "0s"}, []string{"SESSION_IDLE_TIMEOUT"}},
		{"neither yes nor no", map[string]string{"SESSION_DRIVER": "memory", "SESSION_INSECURE": "locally"}, []string{"SESSION_INSECURE"}},
		{"an idle timeout of never", map[string]string{"SESSION_DRIVER": "memory", "SESSION_IDLE_TIMEOUT": "never"}, []string{"SESSION_IDLE_TIMEOUT"}},
		{"a weak key, and one from before", map[string]string{"APP_KEY": "changeme", "APP_PREVIOUS_KEYS": cookiestore.DocKey + "," + goodKey + ",short", "SESSION_IDLE_TIMEOUT": "x"},
			[]string{"SESSION_IDLE_TIMEOUT", "APP_KEY", "APP_PREVIOUS_KEYS", "APP_PREVIOUS_KEYS"}},
		{"a key twice, and a wrong lifetime", map[string]string{"APP_KEY": goodKey, "APP_PREVIOUS_KEYS": goodKey, "SESSION_IDLE_TIMEOUT": "x"}, []string{"SESSION_IDLE_TIMEOUT", "APP_PREVIOUS_KEYS"}},
		{"a key twice", map[string]string{"APP_KEY": goodKey, "APP_PREVIOUS_KEYS": goodKey}, []string{"APP_PREVIOUS_KEYS"}},
		{"file without a directory", map[string]string{"SESSION_DRIVER": "file"}, []string{"SESSION_FILE_DIR"}},
		{"a directory that is a file", map[string]string{"SESSION_DRIVER": "file", "SESSION_FILE_DIR": file}, []string{"SESSION_FILE_DIR"}},
		{"redis without a URL", map[string]string{"SESSION_DRIVER": "redis"}, []string{"REDIS_URL"}},
		{"another scheme", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "http://:secret-password@localhost"}, []string{"REDIS_URL"}},
		{"no URL at all", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://:secret-password@local host:x"}, []string{"REDIS_URL"}},
		{"a password with a slash in it", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://:secret-password/x@localhost:6379/0"}, []string{"REDIS_URL"}},
		{"a password with an at sign and a slash in it", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://:x@y/secret-password@localhost:6379/0"}, []string{"REDIS_URL"}},
		{"a password with a question mark in it", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://user:12?secret-password@localhost:6379/0"}, []string{"REDIS_URL"}},
		{"a parameter that go-redis does not know", map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": "redis://:secret-password@localhost?databas=1"}, []string{"REDIS_URL"}},
		{"dynamodb with a name that no table has", map[string]string{"SESSION_DRIVER": "dynamodb", "SESSION_DYNAMODB_TABLE": "a/b"}, []string{"AWS_REGION", "SESSION_DYNAMODB_TABLE"}},
		{"dynamodb with such a name, and a wrong variable of AWS", map[string]string{"SESSION_DRIVER": "dynamodb", "SESSION_DYNAMODB_TABLE": "a/b", "AWS_RETRY_MODE": "often"},
			[]string{"AWS_REGION, or another of AWS's variables,", "SESSION_DYNAMODB_TABLE"}},
		{"dynamodb without anything", map[string]string{"SESSION_DRIVER": "dynamodb", "SESSION_ABSOLUTE_TIMEOUT": "x"}, []string{"SESSION_ABSOLUTE_TIMEOUT", "SESSION_DYNAMODB_TABLE", "AWS_REGION"}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			setenv(t, tc.env)
			store, err := stores.FromEnv()
			if err == nil || store != nil {
				t.Fatalf("got store %v, error %v; want no store and an error", store, err)
			}
			var got []string
			for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
				var mistake *stores.VariableError
				if !errors.As(e, &mistake) {
					t.Errorf("%v is no VariableError", e)
					continue
				}
				got = append(got, mistake.Name)
				value, says := tc.env[mistake.Name], "stores: "+mistake.Name+" "
				if slices.Contains([]string{"APP_KEY", "APP_PREVIOUS_KEYS", "REDIS_URL"}, mistake.Name) {
					value = "" // it is a secret
				}
				if value != "" {
					says += fmt.Sprintf("= %q: ", value)
				}
				if mistake.Value != value || mistake.Error() != says+mistake.Reason {
					t.Errorf("the mistake in %q is %q; want %s…", mistake.Value, mistake, says)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("mistakes in %v; want %v:\n%v", got, tc.want, err)
			}
			for _, secret := range []string{goodKey, cookiestore.DocKey, "secret-password", "changeme"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q has a secret in it", err)
				}
			}
		})
	}
}

func Test_that_the_environment_is_told_what_is_wrong_with_the_url_of_a_redis(t *testing.T) {
	for _, tc := range []struct{ url, want string }{
		{"redis://:secret-password@alpha:6379?read_only=true", "take out read_only:"},
		{"redis://:secret-password@alpha:6379?addr=beta:6379&read_only=true", "take out read_only:"},
		{"redis://:secret-password@alpha:6379?addr=beta:6379&route_by_latency=1", "take out route_by_latency:"},
		{"redis://:secret-password@alpha:6379?addr=beta:6379&route_randomly=false&route_randomly=true", "take out route_randomly:"},
		{"redis://:secret-password@alpha:26379?master_name=main&replica_only=true", "take out replica_only:"},
		{"redis://:secret-password@alpha:26379?master_name=main&route_by_latency=true&route_randomly=true", "take out route_by_latency, route_randomly:"},
		{"redis://:secret-password@alpha:26379?master_name=main&password=secret-password&addr=beta:26379&route_randomly=true", "take out route_randomly:"},
		{"redis://:secret-password@alpha:6379/zero", "its database is not a number"},
		{"redis://:secret-password@alpha:26379/zero?master_name=main", "its database is not a number"},
		{"redis://:secret-password@alpha:6379?db=zero", "its database is not a number"},
		{"redis://:secret-password@alpha:6379/0/zero", "its path is more than a database"},
		{"redis://:secret-password@alpha:notaport/0", "its port is not a number"},
		{"redis://:secret-password/x@alpha:6379/0", "its port is not a number; write redis://user:password@host:6379/0, and in the password %2F for a slash"},
		{"redis://user:12/secret-password@alpha:6379", "its database is not a number; write redis://user:password@host:6379/0, and in the password %2F for a slash"},
		{"redis://:secret#password@alpha:6379", "%23 for a hash"},
		{"redis://:secret-password%@alpha:6379/0", "it has a % that begins no escape"},
		{"redis://:secret-password@al pha:6379/0", "its host has a character"},
		{"redis://:secret-password @alpha:6379/0", "its user or password has a character"},
		{"redis://:secret-password@alpha:6379/0\n", "it has a control character"},
		{"alpha:6379", "its scheme is not redis or rediss"},
		{"127.0.0.1:6379", "it has no scheme"},
		{"//alpha:6379", "its scheme is not redis or rediss"},
		{"http://:secret-password@alpha", "its scheme is not redis or rediss"},
		{"unix://:secret-password@?db=1", "it has no path of a socket"},
		{"redis://:secret-password@alpha:6379?addr=beta", "an addr is not host:port"},
		{"redis://:secret-password@alpha:26379?master_name=main&addr=beta", "an addr is not host:port"},
		{"redis://:secret-password@alpha:26379?master_name=", "master_name is empty;"},
		{"redis://:secret-password@alpha:6379?dial_timeout=banana", "dial_timeout is not a time; write 500ms or 2s"},
		{"redis://:secret-password@alpha:6379?addr=beta:6379&read_timeout=banana", "read_timeout is not a time"},
		{"redis://:secret-password@alpha:26379?master_name=main&pool_size=secret-password", "pool_size is not a number"},
		{"redis://:secret-password@alpha:6379?pool_size=-1", "pool_size is less than nothing"},
		{"redis://:secret-password@alpha:6379?addr=beta:6379&pool_size=-8", "pool_size is less than nothing"},
		{"redis://:secret-password@alpha:26379?master_name=main&pool_size=-1&read_only=true", "pool_size is less than nothing"},
		{"redis://:secret-password@alpha:6379?dial_timeout=0", "dial_timeout leaves no time"},
		{"redis://:secret-password@alpha:6379?addr=beta:6379&dial_timeout=-1", "dial_timeout leaves no time"},
		{"redis://:secret-password@alpha:26379?master_name=main&dial_timeout=-5s", "dial_timeout leaves no time"},
		{"redis://:12#secret-password@alpha:6379/0", "it has a hash; write"},
		{"redis://:secret-password@alpha:6379?max_retries=-2", "write -1 for no second try"},
		{"redis://:secret-password@alpha:6379?pool_fifo=secret-password", "pool_fifo is neither true nor false"},
		{"redis://:secret-password@alpha:6379?databas=1&wait=2", "unexpected option: databas, wait"},
		{"redis://user:12?secret&password=x@alpha:6379/0", "%3F for a question mark"},
		{"redis://alpha?master_name=m&username=u&password=open&secret", "it is no URL of a Redis"},
		{"redis://alpha?master_name=m&username=u&password=open&secret", "%26 for an ampersand"},
	} {
		t.Run(tc.url, func(t *testing.T) {
			setenv(t, map[string]string{"SESSION_DRIVER": "redis", "REDIS_URL": tc.url})
			_, err := stores.FromEnv()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v; want an error that says %s", err, tc.want)
			}
			for _, secret := range []string{"secret", "alpha", "beta", "banana", "zero"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q quotes the URL", err)
				}
			}
		})
	}
}
