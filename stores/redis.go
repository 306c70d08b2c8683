package stores

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/redisstore"
)

func (e *env) redis() session.Store {
	text := e.required("REDIS_URL", "write redis://localhost:6379/0, say")
	if text == "" {
		return nil
	}
	client, err := redisClient(text)
	if err != nil {
		e.failed("REDIS_URL", "", err)
		return nil
	}
	store, err := redisstore.New(client, redisstore.Options{Prefix: os.Getenv("SESSION_REDIS_PREFIX")})
	if err != nil {
		_ = client.Close()
		e.failed("REDIS_URL", "", err)
		return nil
	}
	return ownRedis{store, client}
}

// ownRedis is a store that owns its client.
type ownRedis struct {
	*redisstore.Store
	client redis.UniversalClient
}

// Close closes the connections. It may be called twice, although the driver treats a second Close
// as an error.
func (s ownRedis) Close() error {
	if err := s.client.Close(); !errors.Is(err, redis.ErrClosed) {
		return err
	}
	return nil
}

// redisClient reads the URL as go-redis does, and sets what redisstore requires. The scheme of a
// URL does not tell whether it is for one server, so the parameters do: addr is one more node of a
// Cluster, or one more Sentinel if there is a master_name.
func redisClient(text string) (redis.UniversalClient, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, redisURLError(text, err)
	}
	if strings.Contains(text, "#") { // a password may contain it, and would be cut in two there
		return nil, errors.New("it has a hash" + redisURLForm)
	}
	query := u.Query()
	if err := errors.Join(mastersOnly(query), poolable(query)); err != nil {
		return nil, err
	}
	switch {
	case query.Has("master_name"):
		if query.Get("master_name") == "" {
			return nil, errors.New("master_name is empty; write the name that Sentinel has for the master, or leave it out without Sentinel")
		}
		opts, err := redis.ParseFailoverURL(text)
		if err != nil {
			return nil, redisURLError(text, err)
		}
		if err := limit(&opts.ContextTimeoutEnabled, &opts.DialTimeout, &opts.ReadTimeout); err != nil {
			return nil, err
		}
		return redis.NewFailoverClient(opts), nil
	case query.Has("addr"):
		opts, err := redis.ParseClusterURL(text)
		if err != nil {
			return nil, redisURLError(text, err)
		}
		opts.ClusterStateReloadInterval = 2 * time.Second // go-redis: a minute, in which a shard is down after a failover
		if err := limit(&opts.ContextTimeoutEnabled, &opts.DialTimeout, &opts.ReadTimeout); err != nil {
			return nil, err
		}
		return redis.NewClusterClient(opts), nil
	}
	opts, err := redis.ParseURL(text)
	if err != nil {
		return nil, redisURLError(text, err)
	}
	if err := limit(&opts.ContextTimeoutEnabled, &opts.DialTimeout, &opts.ReadTimeout); err != nil {
		return nil, err
	}
	return redis.NewClient(opts), nil
}

// mastersOnly refuses the options that send a client to replicas. It is tempting to allow them in a
// Cluster, where scripts go to the master all the same. But with any of them the driver tells each
// node that it may answer as a replica. A master that has been replaced then refuses what it is asked;
// otherwise it would name its successor. Behind Sentinel, the driver panics or takes a replica for the
// master.
func mastersOnly(query url.Values) error {
	var on []string
	for _, option := range []string{"read_only", "replica_only", "route_by_latency", "route_randomly"} {
		if slices.ContainsFunc(query[option], func(v string) bool { return v == "true" || v == "1" }) {
			on = append(on, option)
		}
	}
	if on == nil {
		return nil
	}
	return fmt.Errorf("take out %s: sessions are read from masters only, since a replica may still have one that was ended", strings.Join(on, ", "))
}

// poolable refuses a negative pool_size. The driver would panic, in a Cluster only at the first request.
func poolable(query url.Values) error {
	if slices.ContainsFunc(query["pool_size"], func(v string) bool { return strings.HasPrefix(v, "-") }) {
		return errors.New("pool_size is less than nothing; leave it out for ten connections for each processor")
	}
	return nil
}

// limit makes calls obey the deadlines of their contexts, and sets the timeouts that the URL leaves
// out. A dial_timeout of zero or less is refused: the driver says that it means no limit, but then
// never gets a connection.
func limit(byContext *bool, dial, read *time.Duration) error {
	*byContext = true
	*dial, *read = cmp.Or(*dial, tryTimeout), cmp.Or(*read, tryTimeout)
	if *dial < 0 {
		return errors.New("dial_timeout leaves no time to connect; without it, there is a second")
	}
	return nil
}

// redisURLError says which part of a URL net/url or go-redis refuses. Their errors mostly quote
// that part, which may be a piece of the password if that contains a slash or a question mark. So
// all that is passed on is the name of an option: one that go-redis knows, or an unknown one if
// what follows the question mark cannot be the end of a password.
func redisURLError(text string, err error) error {
	if parse, ok := errors.AsType[*url.Error](err); ok {
		err = parse.Err // omits the URL
	}
	says := err.Error()
	_, query, _ := strings.Cut(text, "?")
	if unknownOptions.MatchString(says) && !strings.Contains(query, "@") && !strings.Contains(query, "password") {
		return err
	}
	for _, m := range redisURLMistakes {
		if strings.HasPrefix(says, m.theirs) {
			return errors.New(m.ours + redisURLForm)
		}
	}
	if option := wrongOption.FindStringSubmatch(says); option != nil {
		return errors.New(option[1] + wrongKinds[option[2]])
	}
	return errors.New("it is no URL of a Redis" + redisURLForm)
}

const redisURLForm = "; write redis://user:password@host:6379/0, and in the password %2F for a slash, %3F for a question mark, %23 for a hash, %25 for a percent sign, %26 for an ampersand"

// redisURLMistakes are the beginnings of errors of net/url and go-redis, and our words for each.
var redisURLMistakes = []struct{ theirs, ours string }{
	{"net/url: invalid control character", "it has a control character, such as a line feed at its end"},
	{"net/url: invalid userinfo", "its user or password has a character that must be escaped"},
	{"missing protocol scheme", "it has no scheme"},
	{"first path segment in URL cannot contain colon", "it has no scheme"},
	{"invalid URL escape", "it has a % that begins no escape"},
	{"invalid character", "its host has a character that no host has"},
	{"invalid port", "its port is not a number"},
	{"redis: invalid URL scheme", "its scheme is not redis or rediss, nor unix for one server"},
	{"redis: invalid database number", "its database is not a number"},
	{"redis: invalid URL path", "its path is more than a database"},
	{"redis: empty unix socket path", "it has no path of a socket"},
	{"redis: unable to parse addr param", "an addr is not host:port"},
}

var (
	unknownOptions = regexp.MustCompile(`^redis: unexpected option: [a-z_]+(, [a-z_]+)*$`)
	wrongOption    = regexp.MustCompile(`^redis: invalid ([a-zA-Z_]+) (number|duration|boolean)`)
)

var wrongKinds = map[string]string{
	"number":   " is not a number",
	"duration": " is not a time; write 500ms or 2s",
	"boolean":  " is neither true nor false",
}
