// Package docs holds the code of the guides in docs/, as programs and parts of programs that are
// compiled and tested, and the check that the guides show nothing else.
//
// It is a module of its own because of the packages that this code requires.
package docs
