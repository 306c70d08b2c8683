package dynamodbstore_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/stores/dynamodbstore"
)

// handmade creates a table with these key attributes, such as "pk S", and with TTL on the attribute
// ttl, if any.
func handmade(t *testing.T, client *dynamodb.Client, ttl string, key ...string) string {
	t.Helper()
	table := tableName()
	in := &dynamodb.CreateTableInput{TableName: &table, BillingMode: types.BillingModePayPerRequest}
	for i, attribute := range key {
		name, kind, _ := strings.Cut(attribute, " ")
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: &name, AttributeType: types.ScalarAttributeType(kind),
		})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{
			AttributeName: &name, KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i],
		})
	}
	_, err := client.CreateTable(t.Context(), in)
	must(t, err)
	if ttl == "" {
		return table
	}
	_, err = client.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName:               &table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &ttl, Enabled: aws.Bool(true)},
	})
	must(t, err)
	return table
}

func Test_that_a_table_that_was_created_passes_the_check(t *testing.T) {
	client, table := newClient(t, http.DefaultTransport), tableName()
	for range 2 { // the second time it exists already
		must(t, dynamodbstore.CreateTable(t.Context(), client, table))
		must(t, newStore(t, client, dynamodbstore.Options{Table: table}).Check(t.Context()))
	}
	out, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	must(t, err)
	if mode := out.Table.BillingModeSummary.BillingMode; mode != types.BillingModePayPerRequest {
		t.Errorf("billing mode %s; want on demand", mode)
	}
}

func Test_that_many_processes_may_create_the_table_at_once(t *testing.T) {
	client, table := newClient(t, http.DefaultTransport), tableName()
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = dynamodbstore.CreateTable(t.Context(), client, table) })
	}
	wg.Wait()
	must(t, errors.Join(errs...))
}

func Test_that_the_check_names_all_that_is_wrong_with_a_table(t *testing.T) {
	client := newClient(t, http.DefaultTransport)
	for _, tc := range []struct {
		desc  string
		table string
		want  []string // empty = all is well
	}{
		{"made by hand", handmade(t, client, "exp", "pk S", "sk S"), nil},
		{"missing", tableName(), []string{"no table", "CreateTable"}},
		{"another key", handmade(t, client, "exp", "id S"), []string{"id (HASH, S)", "pk (HASH, S), sk (RANGE, S)"}},
		{"no sort key", handmade(t, client, "exp", "pk S"), []string{"the key pk (HASH, S);"}},
		{"keys of another type", handmade(t, client, "exp", "pk S", "sk N"), []string{"sk (RANGE, N)"}},
		{"the keys the wrong way round", handmade(t, client, "exp", "sk S", "pk S"), []string{"sk (HASH, S), pk (RANGE, S);"}},
		{"without TTL", handmade(t, client, "", "pk S", "sk S"), []string{"DISABLED", "exp"}},
		{"TTL on another attribute", handmade(t, client, "ttl", "pk S", "sk S"), []string{`"ttl"`, "exp"}},
		{"all wrong", handmade(t, client, "ttl", "id N"), []string{"id (HASH, N)", `"ttl"`}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			err := newStore(t, client, dynamodbstore.Options{Table: tc.table}).Check(t.Context())
			must(t, never(err, session.ErrUnavailable)) // the store did find out
			complains(t, err, tc.want)
		})
	}
}

func complains(t *testing.T, err error, want []string) {
	t.Helper()
	if want == nil {
		must(t, err)
		return
	}
	if err == nil {
		t.Fatalf("no error; want %q", want)
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func Test_that_a_table_that_is_there_is_made_fit_if_it_can_be(t *testing.T) {
	client := newClient(t, http.DefaultTransport)
	for _, tc := range []struct {
		desc  string
		table string
		want  []string
	}{
		{"without TTL", handmade(t, client, "", "pk S", "sk S"), nil},
		{"another key", handmade(t, client, "", "id S"), []string{"id (HASH, S)"}},
		{"TTL on another attribute", handmade(t, client, "ttl", "pk S", "sk S"), []string{`"ttl"`}},
		{"an impossible name", "my table", []string{`"my table"`}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			complains(t, dynamodbstore.CreateTable(t.Context(), client, tc.table), tc.want)
			if tc.want == nil {
				must(t, newStore(t, client, dynamodbstore.Options{Table: tc.table}).Check(t.Context()))
			}
		})
	}
}

// slow answers as a service that takes a while to create a table, as the real one does.
func slow(status func() string, updateTTL func() (int, string)) http.RoundTripper {
	const key = `"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],` +
		`"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"}]`
	return transport(func(r *http.Request) (*http.Response, error) {
		switch operationOf(r) {
		case "DescribeTable":
			return answer(r, 200, `{"Table":{"TableStatus":"`+status()+`",`+key+`}}`), nil
		case "UpdateTimeToLive":
			code, body := updateTTL()
			return answer(r, code, body), nil
		case "DescribeTimeToLive":
			return answer(r, 200, `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`), nil
		}
		return answer(r, 200, "{}"), nil
	})
}

func Test_that_creating_a_table_waits_until_it_can_be_used(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int64
		client := clientOf("http://localhost", slow(
			func() string {
				if looks.Add(1) < 5 {
					return "CREATING"
				}
				return "ACTIVE"
			},
			func() (int, string) {
				if n := looks.Load(); n != 5 {
					t.Errorf("TTL is switched on after %d looks; want 5", n)
				}
				return 200, "{}"
			}))
		must(t, dynamodbstore.CreateTable(t.Context(), client, "sessions"))
	})
}

func Test_that_creating_a_table_waits_until_an_old_one_is_gone(t *testing.T) {
	for _, tc := range []struct {
		desc    string
		looks   []string // what each look at the table finds; "" = no table
		refused int      // how many requests to create the table are refused
		creates int
	}{
		{"a table that is being deleted", []string{"DELETING", "DELETING", "", "", "CREATING", "ACTIVE"}, 1, 2},
		{"one that has gone between the refusal and the look", []string{"", "CREATING", "ACTIVE"}, 1, 2},
		{"one that another process makes first, when the old one is gone", []string{"DELETING", "", "CREATING", "ACTIVE"}, 2, 2},
		{"one that is there and stays", []string{"CREATING", "CREATING", "ACTIVE"}, 1, 1},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var status string
				looks, creates := tc.looks, 0
				service := slow(func() string { return status }, func() (int, string) { return 200, "{}" })
				client := clientOf("http://localhost", transport(func(r *http.Request) (*http.Response, error) {
					switch operationOf(r) {
					case "CreateTable":
						if creates++; creates <= tc.refused {
							return answer(r, 400, failure("ResourceInUseException")), nil
						}
					case "DescribeTable":
						if len(looks) == 0 {
							t.Fatal("looks although the table is active")
						}
						if status, looks = looks[0], looks[1:]; status == "" {
							return answer(r, 400, failure("ResourceNotFoundException")), nil
						}
					}
					return service.RoundTrip(r)
				}))
				must(t, dynamodbstore.CreateTable(t.Context(), client, "sessions"))
				if len(looks) != 0 || creates != tc.creates {
					t.Errorf("asked %d times for a table, and left the looks %q; want %d, and none", creates, looks, tc.creates)
				}
			})
		})
	}
}

func Test_that_the_wait_for_a_table_ends_with_its_context(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		client := clientOf("http://localhost", slow(func() string { return "CREATING" }, nil))
		must(t, want(dynamodbstore.CreateTable(ctx, client, "sessions"), context.DeadlineExceeded))
	})
}

func Test_that_the_wait_for_a_table_is_not_endless(t *testing.T) {
	for _, status := range []string{"CREATING", "DELETING"} {
		synctest.Test(t, func(t *testing.T) {
			service := slow(func() string {
				<-time.After(time.Millisecond) // otherwise no time passes
				return status
			}, nil)
			client := clientOf("http://localhost", transport(func(r *http.Request) (*http.Response, error) {
				if operationOf(r) == "CreateTable" {
					return answer(r, 400, failure("ResourceInUseException")), nil
				}
				return service.RoundTrip(r)
			}))
			must(t, want(dynamodbstore.CreateTable(t.Context(), client, "sessions"), session.ErrUnavailable))
		})
	}
}

func Test_that_who_may_not_switch_TTL_on_is_told_why(t *testing.T) {
	for _, tc := range []struct {
		desc string
		ttl  string // the attribute that a look at TTL returns
		want []string
	}{
		{"TTL is off", `{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`, []string{"DISABLED", "AccessDeniedException"}},
		{"a server that knows no TTL", "{}", []string{"is not one of DynamoDB", "AccessDeniedException"}},
	} {
		t.Run(tc.desc, func(t *testing.T) {
			service := slow(
				func() string { return "ACTIVE" },
				func() (int, string) { return 400, failure("AccessDeniedException") })
			client := clientOf("http://localhost", transport(func(r *http.Request) (*http.Response, error) {
				if operationOf(r) == "DescribeTimeToLive" {
					return answer(r, 200, tc.ttl), nil
				}
				return service.RoundTrip(r)
			}))
			complains(t, dynamodbstore.CreateTable(t.Context(), client, "sessions"), tc.want)
		})
	}
}

func Test_that_a_table_can_be_used_while_it_is_updated_but_not_before_it_is_made(t *testing.T) {
	for status, want := range map[string][]string{
		"UPDATING": {"DISABLED"},
		"CREATING": {"is CREATING", "DISABLED"},
		"DELETING": {"is DELETING", "DISABLED"},
	} {
		err := answeredBy(t, slow(func() string { return status }, nil)).Check(t.Context())
		complains(t, err, want)
		if status == "UPDATING" && strings.Contains(err.Error(), status) {
			t.Errorf("%q complains about the status", err)
		}
	}
}

func Test_that_a_check_that_finds_nothing_out_says_so(t *testing.T) {
	var requests atomic.Int64
	denied := answering(&requests, 400, failure("AccessDeniedException"))
	err := answeredBy(t, denied).Check(t.Context())
	must(t, want(err, session.ErrUnavailable))
	complains(t, err, []string{"AccessDeniedException"})

	for _, answer := range []string{"", "{}", `{"Table":{"TableStatus":"ACTIVE"}}`} { // as from a load balancer
		err := answeredBy(t, answering(&requests, 200, answer)).Check(t.Context())
		must(t, want(err, session.ErrUnavailable))
		complains(t, err, []string{"is not one of DynamoDB"})
	}
}
