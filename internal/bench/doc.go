// Command bench measures this library beside other session libraries for Go, and beside the least
// that a session can cost. All of them serve the same small site and get the same requests, in one
// process, without a network in between:
//
//	make bench                  every row, as a table in Markdown
//	make benchstat BASE=ref     this library beside an earlier one
//	go run . -run memory        some rows; see -help
//	go test -bench ///session$  one peer by the usual means, for profiles
//
// Everything that is timed was verified before, so no row measures an error.
//
//	page.go        the pages of the site, and a site on each framework
//	visitor.go     whoever asks for them
//	scenario.go    what is asked for, in which order
//	peer.go        all that is measured
//	library.go     this library; echocontrib.go, fiber.go, gin.go, scs.go: its peers
//	bare.go        the frameworks without a session
//	floor*.go      sessions that can do nothing but this, by hand
//	values.go      the session that visitors have
//	backend.go     what they store in
//	verify.go      what each of them must get right
//	sample.go      one measurement of one row
//	table.go       many of them, side by side, with what machine.go tells
//	form.go        the components beside the same markup by hand, in form.templ
//	crowd.go       a store in memory with ten sessions, and with a million
package main
