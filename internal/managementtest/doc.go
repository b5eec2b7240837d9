// Package managementtest proves and replaces the ports of package management: a
// conformance suite for each store, stores in memory that pass them, and a fake
// clock. It is for tests.
package managementtest
