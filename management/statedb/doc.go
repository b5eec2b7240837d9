// Package statedb keeps the state of package management in PostgreSQL or, by
// default, in SQLite. It implements management.StateStore, and its [Relay] sends
// the events that transactions have stored.
//
//	store, err := statedb.Open(ctx, statedb.Config{Path: ".data/management/state.db"})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	relay := statedb.NewRelay(store, producer, statedb.RelayConfig{})
//	go relay.Run(ctx)
//
// A transaction and its events commit together. On SQLite a killed process loses
// nothing that was committed; a power loss may take the last commits unless
// Config.Full is set. Events are sent by one process at a time, in the order of
// their transactions, at least once.
//
// The audit table refuses updates and deletes by trigger.
package statedb
