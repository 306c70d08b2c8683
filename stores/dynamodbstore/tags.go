package dynamodbstore

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/echo-hypermedia/session"
)

// Tag adds an entry for key to the index, or moves the expiry of the existing one. A revoked entry
// stays as it is.
func (s *Store) Tag(ctx context.Context, tag, key string, expires time.Time) error {
	now := s.now()
	item := entryKey(tag, key)
	item[attrExpiry] = expiry(expires, now)
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                 &s.table,
		Item:                      item,
		ConditionExpression:       aws.String("attribute_not_exists(revoked) OR exp <= :now"),
		ExpressionAttributeValues: attributes{":now": seconds(now)},
	})
	return unlessRefused("tag", err)
}

// Untag removes the entries for keys, one after the other. If it fails, some of them are gone, and
// it can be called again.
func (s *Store) Untag(ctx context.Context, tag string, keys ...string) error {
	for _, key := range keys {
		_, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: &s.table,
			Key:       entryKey(tag, key),
		})
		if err != nil {
			return failure("untag", err)
		}
	}
	return nil
}

// Tagged lists the entries of tag, in the order of their keys.
func (s *Store) Tagged(ctx context.Context, tag string) ([]session.TagEntry, error) {
	return s.entries(ctx, "list the entries", tag)
}

// Revoke marks the entries of tag, except those for the keys in except, and returns the keys of all
// marked entries. If it fails, some of them are marked, and it can be called again.
//
// It marks the entries that it sees, and looks again until it sees nothing more to mark. That is as
// good as a transaction, which cannot have more than a hundred entries: an entry that is unmarked
// in the end was not there when the last look passed it, and that look began after the last mark
// had been made. So the entry was added after the last mark, as rule 16 of the contract demands.
// How many looks it takes depends on the logins meanwhile; ctx bounds it.
func (s *Store) Revoke(ctx context.Context, tag string, except ...string) ([]string, error) {
	for {
		entries, err := s.entries(ctx, "revoke", tag)
		if err != nil {
			return nil, err
		}
		var marked, unmarked []string
		for _, e := range entries {
			switch {
			case e.Revoked:
				marked = append(marked, e.Key)
			case !slices.Contains(except, e.Key):
				unmarked = append(unmarked, e.Key)
			}
		}
		if len(unmarked) == 0 {
			return marked, nil
		}
		for _, key := range unmarked {
			if err := s.mark(ctx, tag, key); err != nil {
				return nil, err
			}
		}
	}
}

// mark revokes an entry, unless it is gone by now.
func (s *Store) mark(ctx context.Context, tag, key string) error {
	_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:           &s.table,
		Key:                 entryKey(tag, key),
		UpdateExpression:    aws.String("SET revoked = :true"),
		ConditionExpression: aws.String("exp > :now"),
		ExpressionAttributeValues: attributes{
			":true": &types.AttributeValueMemberBOOL{Value: true},
			":now":  seconds(s.now()),
		},
	})
	return unlessRefused("revoke", err)
}

// entries reads all pages of a tag.
func (s *Store) entries(ctx context.Context, verb, tag string) ([]session.TagEntry, error) {
	pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
		TableName:              &s.table,
		ConsistentRead:         aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :pk"),
		FilterExpression:       aws.String("exp > :now"),
		ExpressionAttributeValues: attributes{
			":pk":  str(tagPrefix + tag),
			":now": seconds(s.now()),
		},
	})
	var entries []session.TagEntry
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failure(verb, err)
		}
		for _, item := range page.Items {
			_, revoked := item[attrRevoked]
			entries = append(entries, session.TagEntry{Key: text(item[attrSK]), Revoked: revoked})
		}
	}
	return entries, nil
}

func entryKey(tag, key string) attributes {
	return attributes{attrPK: str(tagPrefix + tag), attrSK: str(key)}
}
