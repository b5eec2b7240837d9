// Package memstore keeps asynctask's records in memory: for tests and for
// programs whose tasks need not survive them. It has the semantics of the
// durable stores, all but durability, and passes the same suite.
package memstore
