package dynamodbstore

import (
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/echo-hypermedia/session"
)

// attributes are the attributes of an item, or some of them.
type attributes = map[string]types.AttributeValue

// The attributes of an item. Expressions use these names directly: none is on DynamoDB's long list
// of reserved words, except data, which occurs in no expression.
const (
	attrPK      = "pk"
	attrSK      = "sk"
	attrExpiry  = "exp"
	attrVersion = "version"
	attrData    = "data"
	attrEnded   = "ended"
	attrRevoked = "revoked"
)

// The prefixes of partition keys, which keep a tag from being taken for a session, and the sort key
// of a session, which needs no real one.
const (
	recordPrefix = "S#"
	tagPrefix    = "T#"
	recordSK     = "S"
)

// MaxData is how many bytes of data a session can have: an item has at most 400 KB, counting the
// names and the values of its attributes. That leaves 409,473 bytes.
const MaxData = 400<<10 -
	len(attrPK+recordPrefix) - keySize -
	len(attrSK+recordSK) -
	len(attrExpiry) - numberSize -
	len(attrVersion) - numberSize -
	len(attrData)

const (
	keySize    = 64
	numberSize = 21 // at most: up to 38 digits, two to a byte, and two bytes
)

func recordKey(key string) attributes {
	return attributes{attrPK: str(recordPrefix + key), attrSK: str(recordSK)}
}

// record is the item for rec after this write.
func record(key string, rec session.Record, now time.Time) attributes {
	data := rec.Data
	if data == nil {
		data = []byte{} // the SDK takes nil for a missing value
	}
	item := recordKey(key)
	item[attrExpiry] = expiry(rec.Expires, now)
	item[attrVersion] = unsigned(rec.Version + 1)
	item[attrData] = &types.AttributeValueMemberB{Value: data}
	return item
}

// tombstoneAge is how long a tombstone is kept at least: longer than a client retries and a network
// delivers late.
const tombstoneAge = 5 * time.Minute

func tombstone(key, token string, now time.Time) attributes {
	item := recordKey(key)
	item[attrExpiry] = expiry(now.Add(tombstoneAge), now)
	item[attrEnded] = str(token)
	return item
}

// found is what the item under the key of a session says. The zero value means that there is no
// item.
type found struct {
	session.Record
	token string // of the Destroy that left a tombstone; the record is zero then
}

// live agrees with the conditions, even for an expiry too far ahead for a time.Time. Without a
// record, the expiry is long past.
func (f found) live(now time.Time) bool { return f.Expires.Unix() > now.Unix() }

var errForeign = errors.New("the item is not one of this store's")

// parse reads the item of a session. It wraps no error of strconv, which would quote the item.
func parse(item attributes) (found, error) {
	if len(item) == 0 {
		return found{}, nil
	}
	if token := text(item[attrEnded]); token != "" {
		return found{token: token}, nil
	}
	version, err := strconv.ParseUint(digits(item[attrVersion]), 10, 64)
	if err != nil || version == 0 {
		return found{}, errForeign
	}
	expires, err := strconv.ParseInt(digits(item[attrExpiry]), 10, 64)
	if err != nil {
		return found{}, errForeign
	}
	data, ok := item[attrData].(*types.AttributeValueMemberB)
	if !ok {
		return found{}, errForeign
	}
	return found{Record: session.Record{Data: data.Value, Version: version, Expires: time.Unix(expires, 0)}}, nil
}

// condition is what must be under a key at the moment now for it to be changed.
type condition struct {
	now        time.Time
	expression string
	values     attributes
}

// In these conditions, a comparison with a missing attribute is false, and a tombstone has no
// version. A tombstone stands in the way of a new record, too. Nobody creates a record under a used
// key, but a network may deliver the request that once created it a second time, after the log-out.
func absent(now time.Time) condition {
	return condition{now, "attribute_not_exists(pk) OR exp <= :now", attributes{":now": seconds(now)}}
}

func present(now time.Time) condition {
	return condition{now, "attribute_exists(version) AND exp > :now", attributes{":now": seconds(now)}}
}

func current(version uint64, now time.Time) condition {
	return condition{now, "version = :version AND exp > :now", attributes{":version": unsigned(version), ":now": seconds(now)}}
}

// expiry is t in seconds, rounded up, so that nothing ends early.
//
// A time long past is replaced by now, since TTL ignores items that expired more than five years
// ago.
func expiry(t, now time.Time) types.AttributeValue {
	if !t.After(now) {
		return seconds(now)
	}
	return seconds(t.Add(time.Second - 1))
}

// seconds is t in seconds, rounded down. Since expiries are whole seconds, exp > :now has the same
// result for a rounded now as for the exact one.
func seconds(t time.Time) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(t.Unix(), 10)}
}

func unsigned(n uint64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatUint(n, 10)}
}

func str(s string) types.AttributeValue {
	return &types.AttributeValueMemberS{Value: s}
}

// text is the value of a string attribute, and "" for any other.
func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// digits is the value of a number attribute, and "" for any other.
func digits(v types.AttributeValue) string {
	if n, ok := v.(*types.AttributeValueMemberN); ok {
		return n.Value
	}
	return ""
}
