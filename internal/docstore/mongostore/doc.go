// Package mongostore keeps docstore documents in MongoDB, through mongo-driver v2. It
// uses no transaction that spans documents, so it also runs on what has none.
//
//	backend, err := mongostore.Open(ctx, "mongodb://localhost/hexplane", mongostore.Config{Prefix: "accounts"})
//	if err != nil {
//		return err
//	}
//	store := docstore.New(backend, producer, docstore.Config{})
//
// # How a write becomes atomic
//
// One document, the head, holds the last commit whole: its number, the documents as
// they become, and the events with their places in the outbox. A commit replaces the
// head if that is still the commit which the writer has built on; a writer that lost
// reads again and tries again. So commits are in one order, whoever makes them, and
// one atomic step decides each. Concurrent writes of one process share a commit.
//
// What the head says is then applied: the documents are stored, the events inserted
// into the outbox, the commit marked as applied. No one builds on a commit that is not
// applied: who finds one, because its writer died or is slow, applies it first.
// Claim, Waiting and New look for one as well, so that a crash delays nothing but the
// writes that it interrupted.
//
// # Why applying twice, or late, changes nothing
//
//   - A stored document has the number of the commit that it comes from, and is only
//     replaced by one of a later commit. A deleted document stays as a tombstone with
//     its number, so that a late insert finds it. The server removes tombstones after
//     a week: a process must not stand still that long between two steps of an apply.
//   - Events have their places as ids, so a second insert finds the first. A published
//     event stays, without its data, until nothing before it waits. Then the head
//     says that everything below a place is gone, and only then it is removed: what a
//     late insert puts there again is never handed out.
//
// # What it asks of the deployment
//
// A replica set keeps what is acknowledged: writes wait for a majority, and reads go to
// the primary. Leases are compared with the clocks of the processes, which have to
// agree within a fraction of the lease. A commit is at most as large as a BSON
// document, 16 MiB, and so is one write with its events. Ids, values of fields and
// streams must be UTF-8 without NUL; MongoDB compares them as bytes.
package mongostore
