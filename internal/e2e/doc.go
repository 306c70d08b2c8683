// Package e2e tests the session library together with packages that applications use beside it, so
// that the library itself need not require them.
//
//	stores_test.go    every store on the server, on real servers, for all tests here
//	storms_*_test.go  many requests at once over HTTP: nothing is lost, nothing comes back
//	once_*_test.go    answers that get lost: nothing is done twice
//	faults_*_test.go  servers that fail: what visitors get, and that all recovers by itself
//	model_*_test.go   random requests in any order, against a model of what sessions promise
//
// The other files are about packages, such as WebSocket libraries and validators, and about jobs.
package e2e
