// Package e2e tests the session library together with what applications use beside it, so
// that the library need not require it.
package e2e
