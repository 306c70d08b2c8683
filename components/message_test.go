package components_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/a-h/templ"

	"github.com/echo-hypermedia/session"
	"github.com/echo-hypermedia/session/components"
)

func Test_that_a_message_has_the_type_it_was_flashed_with(t *testing.T) {
	type order struct {
		ID   int
		Open bool
	}
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) {
		s.Flash("order", order{7, true})
		s.Flash("count", 3)
		s.FlashErrors(map[string]string{"E_LIMIT": "Too many tries."})
	})
	var (
		got   order
		count int
		wrong bool
		limit session.PageError
	)
	read := func(fn func(ctx context.Context)) templ.Component {
		return text(func(ctx context.Context) string { fn(ctx); return "" })
	}
	v.get(templ.Join(
		with(components.FlashMessage("order"), read(func(ctx context.Context) { got = components.Message[order](ctx) })),
		with(components.FlashMessage("count"), read(func(ctx context.Context) {
			count = components.Message[int](ctx)
			wrong = components.Message[bool](ctx)
		})),
		with(components.Error("E_LIMIT"), read(func(ctx context.Context) { limit = components.Message[session.PageError](ctx) })),
	))
	if want := (order{7, true}); got != want {
		t.Errorf("the order is %v; want %v", got, want)
	}
	if count != 3 || wrong {
		t.Errorf("the count is %d, and %t as a bool", count, wrong)
	}
	if want := (session.PageError{Code: "E_LIMIT", Text: "Too many tries."}); limit != want {
		t.Errorf("the error is %v; want %v", limit, want)
	}
}

func Test_that_a_message_is_consumed_whether_its_block_reads_it_or_not(t *testing.T) {
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) { s.Flash("note", true) })
	block := with(components.FlashMessage("note"), templ.Raw("noted"))
	if got := v.get(block); got != "noted" {
		t.Errorf("got %q", got)
	}
	if got := v.get(block); got != "" {
		t.Errorf("got %q again", got)
	}
}

func Test_that_what_a_block_could_not_show_is_an_error(t *testing.T) {
	v := newVisitor(t)
	v.post(nil, flashSome)
	broken := templ.ComponentFunc(func(context.Context, io.Writer) error { return errBroken })
	v.in(func(ctx context.Context) {
		for name, block := range map[string]templ.Component{
			"FlashMessage": components.FlashMessage("note"), "Error": components.Error("E_LIMIT"), "Errors": components.Errors(),
			"Form": components.Form(components.FormProps{}),
		} {
			if err := with(block, broken).Render(ctx, new(bytes.Buffer)); !errors.Is(err, errBroken) {
				t.Errorf("%s: got error %v; want %v", name, err, errBroken)
			}
		}
	})
}

func Test_that_an_inner_block_has_its_own_message(t *testing.T) {
	message := text(components.Message[string])
	v := newVisitor(t)
	v.post(nil, func(s *session.Session) {
		s.Flash("outer", "o")
		s.Flash("inner", "i")
	})
	got := v.get(with(components.FlashMessage("outer"), templ.Join(message, with(components.FlashMessage("inner"), message), message)))
	if got != "oio" {
		t.Errorf("got %q; want %q", got, "oio")
	}
}

func Test_that_a_message_is_shown_with_its_value_under_another_name_of_its_kind(t *testing.T) {
	value := text(func(ctx context.Context) string { return fmt.Sprint(components.Message[int](ctx)) })
	got := after(t, nil, func(s *session.Session) { s.Flash("error", 7) }, with(components.FlashMessage("danger"), value))
	if got != "7" {
		t.Errorf("got %q; want 7", got)
	}
}
