// Package statedb keeps the state of package management in PostgreSQL or, by
// default, in SQLite. It implements management.StateStore. A transaction and its
// events commit together: events go to an outbox in the same database, which its
// user brings, so that its relay can send them:
//
//	store, err := statedb.Open(ctx, statedb.Config{
//		Path: ".data/management/state.db", Outbox: sqlbox.Add,
//	})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	if err := sqlbox.CreateTables(ctx, store.DB()); err != nil {
//		return err
//	}
//	relay := sqlbox.NewRelay(store.DB(), producer, sqlbox.RelayConfig{})
//
// On SQLite a killed process loses nothing that was committed; a power loss may
// take the last commits unless Config.Full is set.
//
// The audit table refuses updates and deletes by trigger.
package statedb
