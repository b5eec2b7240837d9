// Package sqlstore keeps asynctask's records in SQLite or PostgreSQL, through
// bun, with the same code.
//
// Everything a call changes is one transaction. On SQLite the writers of a
// process take turns (there is one writer at a time anyway); those of other
// processes wait on the database's lock. On PostgreSQL the rows of due work are
// claimed with SKIP LOCKED, and a transaction that a deadlock or serialization
// failure ended is tried again.
//
// Times are stored as microseconds since 1970 UTC, NULL for never.
package sqlstore
