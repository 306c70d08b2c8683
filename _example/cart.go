package main

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/echo-hypermedia/session"
)

type product struct {
	ID, Name, About string
	Cents           int
}

var products = []product{
	{"cup", "Espresso cup", "Stoneware, 80 ml", 1250},
	{"notebook", "Notebook", "A5, dotted, 120 pages", 900},
	{"plant", "Desk plant", "Asks for water once a week", 1890},
}

// productOf returns the product that a form names.
func productOf(c echo.Context) (product, error) {
	for _, p := range products {
		if p.ID == c.FormValue("product") {
			return p, nil
		}
	}
	return product{}, echo.ErrNotFound
}

// maxQuantity is how many of a product can be bought at once.
const maxQuantity = 99

// cart is the quantity of each product, by its ID.
type cart map[string]int

func (items cart) set(id string, count int) cart {
	if items == nil {
		items = cart{}
	}
	items[id] = count
	if count <= 0 {
		delete(items, id)
	}
	return items
}

// merge adds what is missing, and keeps what another tab has added meanwhile.
func (items cart) merge(others cart) cart {
	for id, count := range others {
		items = items.set(id, max(items[id], count))
	}
	return items
}

func (items cart) total() (cents int) {
	for _, p := range products {
		cents += items[p.ID] * p.Cents
	}
	return cents
}

func price(cents int) string { return fmt.Sprintf("€ %d.%02d", cents/100, cents%100) }

func showCart(c echo.Context) error {
	s := session.From(c)
	visits := s.Increment("visits")
	return session.Render(c, http.StatusOK, cartPage(session.Get[cart](s, "cart"), visits, s.Has("emptied")))
}

// answerCart shows the cart after a change.
func answerCart(c echo.Context) error {
	s := session.From(c)
	return answer(c, cartPart(session.Get[cart](s, "cart"), s.Has("emptied")), "/cart")
}

func addToCart(c echo.Context) error {
	p, err := productOf(c)
	if err != nil {
		return err
	}
	s := session.From(c)
	// Update, not Get and Put: if two tabs add at the same time, both count.
	session.Update(s, "cart", func(items cart) cart { return items.set(p.ID, min(items[p.ID]+1, maxQuantity)) })
	s.Forget("emptied")
	s.FlashSuccess(p.Name + " was added to your cart.")
	return answerCart(c)
}

func setQuantity(c echo.Context) error {
	p, err := productOf(c)
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(c.FormValue("quantity"))
	if err != nil || count > maxQuantity {
		return echo.ErrBadRequest
	}
	return answerCount(c, p, count)
}

func removeFromCart(c echo.Context) error {
	p, err := productOf(c)
	if err != nil {
		return err
	}
	return answerCount(c, p, 0)
}

func answerCount(c echo.Context, p product, count int) error {
	s := session.From(c)
	session.Update(s, "cart", func(items cart) cart { return items.set(p.ID, count) })
	if count <= 0 {
		s.Flash("removed", p.Name+" was removed.")
	}
	return answerCart(c)
}

// emptyCart moves the cart to another key, so that emptying it can be undone. A second click finds
// it empty.
func emptyCart(c echo.Context) error {
	s := session.From(c)
	if items := session.Pull[cart](s, "cart"); len(items) > 0 {
		s.Put("emptied", items)
	}
	return answerCart(c)
}

func undoEmptyCart(c echo.Context) error {
	s := session.From(c)
	if emptied := session.Pull[cart](s, "emptied"); len(emptied) > 0 {
		session.Update(s, "cart", func(items cart) cart { return items.merge(emptied) })
		s.FlashSuccess("Your cart is back.")
	}
	return answerCart(c)
}
