// Package archtest holds the architecture by tests: which modules importing a public
// package compiles, which vendors it must never compile, and what may stand at the
// repository's top level.
//
// The lists of dependencies lie in testdata, one file per public package, and are
// rewritten by `make generate`. A list that changes shows up in review; a vendor where
// it does not belong fails whatever the lists say.
package archtest
