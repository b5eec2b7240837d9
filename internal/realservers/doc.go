// Package realservers starts the real servers that integration tests (build tag
// integration) run against, each with its own data folder on a free loopback
// port, and stops them when the test ends.
package realservers
