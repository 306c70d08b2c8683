package dynamodbstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// CreateTable creates a table for sessions, with on-demand billing (unused capacity costs nothing),
// waits up to five minutes until it can be used, and switches its TTL on.
//
// If the table already exists with the right key, that is no error, and its TTL is switched on if
// it was off. So processes may call CreateTable whenever they start, and many of them at once. If
// the table is being deleted, CreateTable waits for that, within the same five minutes.
func CreateTable(ctx context.Context, client *dynamodb.Client, table string) error {
	s, err := New(client, Options{Table: table})
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, createTimeout)
	defer cancel()
	if err := s.create(waiting); err != nil {
		return failure("create the table", err)
	}
	description, err := s.await(waiting)
	if err != nil {
		return failure("wait for the table", err)
	}
	if err := s.checkKey(description); err != nil {
		return err
	}
	return s.switchOnTTL(ctx)
}

const createTimeout = 5 * time.Minute

// create creates the table, if it does not exist.
//
// It is tempting to await any table that exists. But one that is being deleted gives the same
// answer, and never becomes active.
func (s *Store) create(ctx context.Context) error {
	created, err := s.tryToCreate(ctx)
	if created || err != nil {
		return err
	}
	gone, err := s.awaitDeletion(ctx)
	if !gone || err != nil {
		return err
	}
	_, err = s.tryToCreate(ctx) // false means that another process has created it
	return err
}

// tryToCreate returns false if there is a table of that name.
func (s *Store) tryToCreate(ctx context.Context) (bool, error) {
	_, err := s.client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &s.table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String(attrPK), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String(attrSK), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(attrPK), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(attrSK), KeyType: types.KeyTypeRange},
		},
	})
	if _, exists := errors.AsType[*types.ResourceInUseException](err); exists {
		return false, nil
	}
	return err == nil, err
}

// awaitDeletion waits while the table is being deleted, and says whether it is gone.
func (s *Store) awaitDeletion(ctx context.Context) (gone bool, err error) {
	waiter := dynamodb.NewTableNotExistsWaiter(s.client, func(o *dynamodb.TableNotExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Second, 5*time.Second
		o.Retryable = func(_ context.Context, _ *dynamodb.DescribeTableInput, out *dynamodb.DescribeTableOutput, err error) (bool, error) {
			if _, gone = errors.AsType[*types.ResourceNotFoundException](err); gone {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			return out.Table != nil && out.Table.TableStatus == types.TableStatusDeleting, nil
		}
	})
	err = waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &s.table}, createTimeout)
	return gone, err
}

// await waits until the table is active, and describes it.
func (s *Store) await(ctx context.Context) (*types.TableDescription, error) {
	waiter := dynamodb.NewTableExistsWaiter(s.client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Second, 5*time.Second
	})
	out, err := waiter.WaitForOutput(ctx, &dynamodb.DescribeTableInput{TableName: &s.table}, createTimeout)
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

// switchOnTTL switches TTL on, and if that is refused, checks whether it is on already. The other
// way round, another process might switch it on in between.
func (s *Store) switchOnTTL(ctx context.Context) error {
	_, err := s.client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &s.table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(attrExpiry),
			Enabled:       aws.Bool(true),
		},
	})
	if err == nil {
		return nil
	}
	found, askErr := s.describeTTL(ctx)
	if askErr != nil {
		return failure("switch on TTL", errors.Join(err, askErr))
	}
	if mistake := s.checkTTL(found); mistake != nil {
		return fmt.Errorf("%w: %w", mistake, err)
	}
	return nil
}

// Check reports whether the table can hold sessions: it must exist, be active, and have the right
// key, and TTL on the right attribute. It is meant for the start of a process; the store works
// without it.
//
// The error joins everything that is wrong, and says how to fix it. It is [session.ErrUnavailable]
// only if DynamoDB could not be asked.
func (s *Store) Check(ctx context.Context) error {
	out, err := s.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.table})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
		return fmt.Errorf("dynamodbstore: there is no table %q in this account and region; make it with CreateTable", s.table)
	}
	if err != nil {
		return failure("describe the table", err)
	}
	ttl, err := s.describeTTL(ctx)
	if err != nil {
		return failure("describe TTL", err)
	}
	if out.Table == nil {
		return failure("describe the table", errNoDescription)
	}
	return errors.Join(s.checkStatus(out.Table), s.checkKey(out.Table), s.checkTTL(ttl))
}

var errNoDescription = errors.New("the answer describes nothing; the endpoint is not one of DynamoDB")

func (s *Store) describeTTL(ctx context.Context) (*types.TimeToLiveDescription, error) {
	out, err := s.client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &s.table})
	if err != nil {
		return nil, err
	}
	if out.TimeToLiveDescription == nil {
		return nil, errNoDescription
	}
	return out.TimeToLiveDescription, nil
}

// A table that is being updated can be used as usual.
func (s *Store) checkStatus(table *types.TableDescription) error {
	if table.TableStatus == types.TableStatusActive || table.TableStatus == types.TableStatusUpdating {
		return nil
	}
	return fmt.Errorf("dynamodbstore: the table %q is %s; wait until it is ACTIVE", s.table, table.TableStatus)
}

// wantKey is what describeKey returns for the right table.
const wantKey = attrPK + " (HASH, S), " + attrSK + " (RANGE, S)"

func (s *Store) checkKey(table *types.TableDescription) error {
	got := describeKey(table)
	if got == wantKey {
		return nil
	}
	return fmt.Errorf("dynamodbstore: the table %q has the key %s; sessions need %s. "+
		"A key cannot be changed: make another table with CreateTable", s.table, got, wantKey)
}

func describeKey(table *types.TableDescription) string {
	kinds := make(map[string]types.ScalarAttributeType)
	for _, d := range table.AttributeDefinitions {
		kinds[aws.ToString(d.AttributeName)] = d.AttributeType
	}
	var parts []string
	for _, e := range table.KeySchema {
		name := aws.ToString(e.AttributeName)
		parts = append(parts, fmt.Sprintf("%s (%s, %s)", name, e.KeyType, kinds[name]))
	}
	return strings.Join(parts, ", ")
}

func (s *Store) checkTTL(ttl *types.TimeToLiveDescription) error {
	status, attribute := ttl.TimeToLiveStatus, aws.ToString(ttl.AttributeName)
	if status != types.TimeToLiveStatusEnabled && status != types.TimeToLiveStatusEnabling {
		return fmt.Errorf("dynamodbstore: TTL of the table %q is %s, so what expires stays in it for ever; "+
			"switch it on for the attribute %s, as CreateTable does", s.table, status, attrExpiry)
	}
	if attribute != attrExpiry {
		return fmt.Errorf("dynamodbstore: TTL of the table %q looks at the attribute %q, so what expires stays in it for ever; "+
			"switch it off, and then on for %s", s.table, attribute, attrExpiry)
	}
	return nil
}
