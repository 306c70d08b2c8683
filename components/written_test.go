package components_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session/components"
)

// childless are components that take no children and are rendered in one go.
var childless = map[string]templ.Component{
	"Field":       components.Field("x"),
	"OldInput":    components.OldInput("x"),
	"FlashAlerts": components.FlashAlerts,
}

type brokenPipe struct{}

var errBroken = errors.New("the visitor has left")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

func Test_that_a_component_says_that_it_could_not_be_written(t *testing.T) {
	for name, component := range childless {
		if err := component.Render(context.Background(), brokenPipe{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: got error %v; want %v", name, err, errBroken)
		}
	}
}

func Test_that_nothing_is_rendered_for_a_request_that_is_over(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, component := range childless {
		var out strings.Builder
		err := component.Render(ctx, &out)
		if !errors.Is(err, context.Canceled) || out.Len() > 0 {
			t.Errorf("%s: got %q and error %v; want nothing and %v", name, out.String(), err, context.Canceled)
		}
	}
}
