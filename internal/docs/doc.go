// Package docs is the code of the guides in docs/, as programs and parts of programs that are
// compiled and tested, and the check that the guides show nothing else.
//
// It is a module of its own, because of what the code of the guides requires.
package docs
