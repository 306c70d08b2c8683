// Package dynamodbstore keeps sessions in an Amazon DynamoDB table.
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	…
//	store, err := dynamodbstore.New(dynamodb.NewFromConfig(cfg), dynamodbstore.Options{Table: "sessions"})
//
// It keeps all of the [session.Store] and [session.Tagger] contracts, for any number of
// processes. Every read is strongly consistent, and every change carries a condition that
// DynamoDB checks in the same step.
//
// It does not support large sessions (an item has at most 400 KB, see [MaxData], and is charged by
// the kilobyte), or a global table that is written in more than one region, where conditions hold
// only within a region.
//
// # Table
//
// [CreateTable] creates the table, and [Store.Check] checks one that was created by hand or by a
// deployment tool. Its partition key is pk, its sort key is sk, both strings, and TTL is on for
// exp.
//
//	                pk           sk       exp   others
//	session         S#<key>      S        N     version N, data B
//	tombstone       S#<key>      S        N     ended S
//	entry of a tag  T#<tag>      <key>    N     revoked BOOL
//
// The attribute revoked counts if it exists, whatever its value.
//
// The expiry, exp, is in seconds of the Unix epoch, rounded up. TTL deletes items days after that,
// and nothing relies on it: every read and every condition checks exp itself.
//
// # Clock
//
// DynamoDB does not tell the time, so a session expires by the clock of the process that asks for
// it. Synchronise the clocks with NTP: on a machine that is a minute ahead, sessions end a minute
// early. (So do entries of tags, and the marks on them; with the usual lifetimes of sessions, a
// minute does no harm.)
//
// A tombstone keeps a late request from creating the session again, for five minutes by the clock
// of the process that destroys. If that clock is five minutes behind, the tombstone prevents
// nothing. So NTP is needed everywhere, not only where sessions are read.
//
// # Client
//
// By default the SDK's client waits up to 20 seconds between two tries, and without limit for an
// answer. That is longer than a visitor or the session manager waits. The example of this package
// has better settings.
//
// A request may be carried out although its answer is lost, and the SDK then sends it again. No
// method does its work twice: for Destroy see [Store.Destroy]; a second Write is a conflict whose
// record the session manager recognises as its own; a second call of any other method changes
// nothing.
//
// # Cost
//
// Each method is one request, except that [Store.Untag] and [Store.Revoke] send one for each key
// and [Store.Tagged] and [Store.Keys] one for each megabyte. If there is nothing to replace,
// [Store.Write] and [Store.Destroy] of a version send a second request, a Read. The costs in
// request units, for a session of n kilobytes, rounded up:
//
//	Read              n/4 read units, at least 1
//	Write, Destroy    n write units; a refused condition counts as well
//	Touch             n write units: DynamoDB rewrites the item
//	Tag               1 write unit
//	Untag             1 write unit for each key
//	Tagged            1 read unit for some 25 entries
//	Revoke            2 × Tagged, and 1 write unit for each entry that it marks
//	Keys              1 read unit for each 4 kilobytes in the table, tags and tombstones included
//
// # Permissions
//
// A role needs dynamodb:GetItem, PutItem, UpdateItem, DeleteItem and Query on the table;
// to list sessions also Scan; for Check also DescribeTable and DescribeTimeToLive; and for
// CreateTable those two, CreateTable and UpdateTimeToLive.
package dynamodbstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/echo-hypermedia/session"
)

var (
	_ session.Tagger = (*Store)(nil)
	_ session.Lister = (*Store)(nil)
)

// Options configures a [Store].
type Options struct {
	// Table is the name or the ARN of the table. It is required; [CreateTable] makes one.
	Table string

	// Now tells the time, for tests. Nil means time.Now. It may be called by many
	// goroutines at once.
	Now func() time.Time
}

// Store is a [session.Tagger] and [session.Lister] in a DynamoDB table, made by [New]. It is safe
// for concurrent use, and there is nothing to close.
type Store struct {
	client *dynamodb.Client
	table  string
	now    func() time.Time
}

// New returns a store that keeps sessions in opts.Table. It sends no request; use [Store.Check] to
// find out whether the table exists.
//
// It refuses a nil client, and a table name that is empty or that no table can have, and reports
// both at once.
func New(client *dynamodb.Client, opts Options) (*Store, error) {
	var mistakes []error
	if client == nil {
		mistakes = append(mistakes, errors.New("dynamodbstore: the client is nil; make one with dynamodb.NewFromConfig"))
	}
	if opts.Table == "" {
		mistakes = append(mistakes, errors.New("dynamodbstore: Options.Table is empty; name the table for the sessions"))
	} else if !tableName.MatchString(opts.Table) {
		mistakes = append(mistakes, fmt.Errorf("dynamodbstore: Options.Table is %q, and no table is called that: "+
			"a name has 3 to 255 of the characters a-z, A-Z, 0-9, '-', '.' and '_'", opts.Table))
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	s := &Store{client: genuine(client), table: opts.Table, now: opts.Now}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

var tableName = regexp.MustCompile(`^([a-zA-Z0-9_.-]{3,255}|arn:\S+)$`)

// Read returns the record under key, or [session.ErrNotFound].
func (s *Store) Read(ctx context.Context, key string) (session.Record, error) {
	now := s.now()
	item, err := s.get(ctx, recordKey(key))
	if err != nil {
		return session.Record{}, failure("read", err)
	}
	it, err := parse(item)
	if err != nil {
		return session.Record{}, failure("read", err)
	}
	if !it.live(now) {
		return session.Record{}, errNotFound
	}
	return it.Record, nil
}

// get returns the item under key, or nil.
func (s *Store) get(ctx context.Context, key attributes) (attributes, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &s.table,
		Key:            key,
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// Write creates the record under key or replaces version rec.Version.
//
// A conflict is a [*session.ConflictError] with the current record. More than [MaxData]
// bytes of data are [session.ErrTooLarge], and no request is sent.
func (s *Store) Write(ctx context.Context, key string, rec session.Record) error {
	if len(rec.Data) > MaxData {
		return errTooLarge
	}
	now := s.now()
	if rec.Version == 0 {
		return s.put(ctx, "write", record(key, rec, now), absent(now))
	}
	return s.put(ctx, "write", record(key, rec, now), current(rec.Version, now))
}

// Destroy removes the record under key: any version of it if version is 0, and only
// that version otherwise. A conflict is a [*session.ConflictError] with the current
// record.
//
// A record is not deleted but replaced by a tombstone, which the table's TTL deletes later. It is
// tempting to delete the record at once. But if the answer is lost, the client tries again and
// finds nothing, and a visitor who logs in is told that somebody else has just ended the session.
// The tombstone has a token of the call, so the second try recognises it.
func (s *Store) Destroy(ctx context.Context, key string, version uint64) error {
	now := s.now()
	stone := tombstone(key, rand.Text(), now)
	if version != 0 {
		return s.put(ctx, "destroy", stone, current(version, now))
	}
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:           &s.table,
		Item:                stone,
		ConditionExpression: aws.String("attribute_exists(pk)"), // any item, even a foreign one
	})
	return unlessRefused("destroy", err)
}

// put replaces what is under the key of item, if the condition holds.
func (s *Store) put(ctx context.Context, verb string, item attributes, cond condition) error {
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &s.table,
		Item:                                item,
		ConditionExpression:                 &cond.expression,
		ExpressionAttributeValues:           cond.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	err = s.met(ctx, item, err)
	return outcome(verb, err, cond.now, text(item[attrEnded]))
}

// met returns err, and if item was refused, adds the item that was in its place.
//
// DynamoDB sends that item along, so it is tempting to take a refusal without one to mean that
// there is nothing. But some compatible servers never send it, such as DynamoDB Local before version
// 2.2.0, and a conflict there would be taken for a session that is gone. So met looks. A record
// written in between is a conflict, too: the caller reads it and tries again.
func (s *Store) met(ctx context.Context, item attributes, err error) error {
	refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok || len(refused.Item) > 0 {
		return err
	}
	found, getErr := s.get(ctx, attributes{attrPK: item[attrPK], attrSK: item[attrSK]})
	if getErr != nil {
		return getErr
	}
	refused.Item = found
	return err
}

// Touch moves the expiry of the record under key, or returns [session.ErrNotFound].
func (s *Store) Touch(ctx context.Context, key string, expires time.Time) error {
	cond := present(s.now())
	cond.values[":exp"] = expiry(expires, cond.now)
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           &s.table,
		Key:                                 recordKey(key),
		UpdateExpression:                    aws.String("SET exp = :exp"),
		ConditionExpression:                 &cond.expression,
		ExpressionAttributeValues:           cond.values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	return outcome("touch", err, cond.now, "") // without met: a refusal can only mean that there is no record
}

var (
	errNotFound = fmt.Errorf("dynamodbstore: %w", session.ErrNotFound)
	errTooLarge = fmt.Errorf("dynamodbstore: %w: DynamoDB keeps at most %d bytes of data; keep less", session.ErrTooLarge, MaxData)
)

// outcome turns the error of a conditional request into one of the contract. Now is the time of the
// condition: at a later time, the record in the way of a new one might have expired, and a create
// would return that there is no record. Token is that of the tombstone to be put, if any.
func outcome(verb string, err error, now time.Time, token string) error {
	if err == nil {
		return nil
	}
	refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok {
		return failure(verb, err)
	}
	met, err := parse(refused.Item)
	switch {
	case err != nil:
		return failure(verb, err)
	case token != "" && met.token == token:
		return nil // put by an earlier try of this request, whose answer was lost
	case !met.live(now):
		return errNotFound
	}
	return fmt.Errorf("dynamodbstore: %w", &session.ConflictError{Current: met.Record})
}

// unlessRefused is for a request that has nothing left to do if its condition fails.
func unlessRefused(verb string, err error) error {
	if _, refused := errors.AsType[*types.ConditionalCheckFailedException](err); err == nil || refused {
		return nil
	}
	return failure(verb, err)
}

// failure is an error of the contract for whatever goes wrong between us and DynamoDB. The errors of the SDK
// wrap that of a context that has ended. They contain DynamoDB's message and the id of the request, but no
// key and no data. (An item may be too large in spite of MaxData, if its key is longer than ours are.)
func failure(verb string, err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "ValidationException" && strings.HasPrefix(api.ErrorMessage(), "Item size") {
		return errTooLarge
	}
	return fmt.Errorf("dynamodbstore: %s: %w: %w", verb, session.ErrUnavailable, err)
}
