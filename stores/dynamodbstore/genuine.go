package dynamodbstore

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// genuine is client, except that it accepts a success only from DynamoDB itself.
//
// It is tempting to leave that to the SDK. But the SDK reads an empty body, or anybody's JSON, as
// an answer without anything in it: a session that does not exist, or a change that was made. A
// proxy that is still starting answers like that.
func genuine(client *dynamodb.Client) *dynamodb.Client {
	options := client.Options()
	options.APIOptions = append(options.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("session:genuine", onlyGenuine), middleware.After)
	})
	// New sets some options by itself, such as time limits of the HTTP client. All options are the
	// caller's choice, so they are put back.
	return dynamodb.New(options, func(o *dynamodb.Options) { *o = options })
}

// onlyGenuine is next to the network, so that the SDK sees its error, tries again, and closes the
// body.
func onlyGenuine(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	res, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || res.StatusCode/100 != 2 {
		return out, metadata, err
	}
	body := bufio.NewReaderSize(res.Body, 16)
	switch _, err := body.Peek(1); {
	case err != nil && !errors.Is(err, io.EOF):
		return out, metadata, err
	case err != nil || !hasMark(res):
		return out, metadata, errNotGenuine{}
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{body, res.Body}
	return out, metadata, nil
}

// hasMark says whether an answer has one of the two headers that DynamoDB sends with each answer.
// Compatible servers may leave one of them out.
func hasMark(res *smithyhttp.Response) bool {
	return res.Header.Get("X-Amzn-Requestid") != "" ||
		strings.HasPrefix(res.Header.Get("Content-Type"), "application/x-amz-json")
}

type errNotGenuine struct{}

func (errNotGenuine) Error() string        { return "the answer is not one of DynamoDB" }
func (errNotGenuine) RetryableError() bool { return true } // for the retryer of the SDK
