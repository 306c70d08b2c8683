package main

import "strings"

// peer is one way to keep sessions.
type peer struct {
	name  string
	store string // where the sessions are: one of stores
	role  role
	sets  string // the scenarios in which the visitor gets a cookie
	open  func(*backend) (transports, error)
}

type role int

const (
	framework role = iota // has no session
	thisLibrary
	rival
	leastCost
)

// stores are the tables, in their order.
var stores = []string{"none", "cookie", "memory", "file", "redis"}

// When peers usually send a cookie.
const (
	setsNew     = "new-write"                                          // only to a visitor who needs one
	setsChanged = "write flash new-write"                              // with every change
	setsAlways  = "untouched read write flash new-untouched new-write" // with every answer
	setsKnown   = "untouched read write flash new-write"               // with every answer to a visitor who has one
)

var peers = []peer{
	{"echo", "none", framework, "", bareEcho},
	{"echo-idle-middleware", "none", framework, "", idleEcho},
	{"net-http", "none", framework, "", bareNetHTTP},
	{"gin", "none", framework, "", bareGin},
	{"fiber", "none", framework, "", bareFiber},

	{ours, "cookie", thisLibrary, setsChanged, libraryCookie},
	{"echo-contrib-signed", "cookie", rival, setsChanged, echoContribSigned},
	{"echo-contrib-encrypted", "cookie", rival, setsChanged, echoContribEncrypted},
	{"gin-contrib-signed", "cookie", rival, setsChanged, ginCookie},
	{"floor-aes-gcm", "cookie", leastCost, setsChanged, floorGCM},
	{"floor-securecookie", "cookie", leastCost, setsChanged, floorSecureCookie},

	{ours, "memory", thisLibrary, setsNew, libraryMemory},
	{"echo-contrib-memstore", "memory", rival, setsChanged, echoContribMemory},
	{"gin-contrib-memstore", "memory", rival, setsChanged, ginMemory},
	{"scs", "memory", rival, setsChanged, scsMemory},
	{"scs-idle", "memory", rival, setsKnown, scsMemoryIdle},
	{"fiber", "memory", rival, setsAlways, fiberMemory},
	{"floor", "memory", leastCost, setsNew, floorMemory},
	{"floor-context", "memory", leastCost, setsNew, floorContext},

	{ours, "file", thisLibrary, setsNew, libraryFileNoSync},
	{oursSynced, "file", thisLibrary, setsNew, libraryFile},
	{"echo-contrib", "file", rival, setsChanged, echoContribFile},
	{"floor", "file", leastCost, setsNew, floorFile},

	{ours, "redis", thisLibrary, setsNew, libraryRedis},
	{"echo-contrib-rbcervilla", "redis", rival, setsChanged, echoContribRedis},
	{"gin-contrib", "redis", rival, setsChanged, ginRedis},
	{"scs", "redis", rival, setsChanged, scsRedis},
	{"scs-idle", "redis", rival, setsKnown, scsRedisIdle},
	{"fiber", "redis", rival, setsAlways, fiberRedis},
	{"floor", "redis", leastCost, setsNew, floorRedis},
	{"floor-hash", "redis", leastCost, setsNew, floorRedisHash},
}

// setsIn says whether a visitor gets a cookie in a scenario.
func (p peer) setsIn(s scenario) bool {
	for name := range strings.FieldsSeq(p.sets) {
		if name == strings.TrimSuffix(s.name, "-60KB") {
			return true
		}
	}
	return false
}
