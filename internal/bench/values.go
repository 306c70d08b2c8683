package main

import "encoding/gob"

// The realistic session: five keys, 502 bytes as JSON.
const (
	textKey  = "email" // what read reads
	seenKey  = "seen"  // what write writes
	userKey  = "user"
	rolesKey = "roles"
	cartKey  = "cart"
)

type cartLine struct {
	SKU      string `json:"sku"`
	Title    string `json:"title"`
	Quantity int    `json:"quantity"`
	Cents    int    `json:"cents"`
}

var values = map[string]any{
	userKey:  int64(1844674407),
	textKey:  "margarethe.lindqvist.haugen@letter1.example.com",
	seenKey:  "2026-03-01T12:00:00.000Z",
	rolesKey: []string{"customer", "reviewer", "wholesale"},
	cartKey: []cartLine{
		{"TEA-0417-250", "Darjeeling first flush, 250 g", 2, 1890},
		{"POT-0012-GRN", "Cast iron pot, green, 0.8 l", 1, 6400},
		{"CUP-0108-WHT", "Porcelain cup, white, 2l", 6, 750},
		{"TIN-0033-RED", "Tea tin, red, 500 g", 1, 1120},
	},
}

// Peers that use encoding/gob must be told which types an interface holds.
func init() {
	gob.Register([]string(nil))
	gob.Register([]cartLine(nil))
}

// moments are values for seenKey, all of the same length. A visitor writes one after the other, so
// that every write is a change.
var moments = [...]string{
	"2026-03-01T12:00:01.000Z",
	"2026-03-01T12:00:02.000Z",
	"2026-03-01T12:00:03.000Z",
}
