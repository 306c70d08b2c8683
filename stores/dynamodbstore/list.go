package dynamodbstore

import (
	"context"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// Keys lists the sessions that were live when the loop began. It scans the whole table, a megabyte
// at a time. Only the keys come back, but DynamoDB charges for everything it reads. Other items in
// the same table, which belong to an application, are not listed.
func (s *Store) Keys(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		cond := present(s.now())
		cond.expression += " AND begins_with(pk, :prefix) AND sk = :sk"
		cond.values[":prefix"], cond.values[":sk"] = str(recordPrefix), str(recordSK)
		pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
			TableName:                 &s.table,
			ConsistentRead:            aws.Bool(true),
			ProjectionExpression:      aws.String(attrPK),
			FilterExpression:          &cond.expression,
			ExpressionAttributeValues: cond.values,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", failure("list", err))
				return
			}
			for _, item := range page.Items {
				if err := ctx.Err(); err != nil {
					yield("", failure("list", err))
					return
				}
				if !yield(strings.TrimPrefix(text(item[attrPK]), recordPrefix), nil) {
					return
				}
			}
		}
	}
}
