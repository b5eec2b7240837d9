// Package mongostore keeps asynctask's records in MongoDB, through mongo-driver
// v2. It uses no transaction that spans documents: every step of the protocol is
// one atomic operation on one document.
//
// What that leaves open is closed so:
//
//   - Requests are inserted, then the task is looked at again; those inserted
//     for a task that no longer runs are taken back.
//   - Admission holds a short lock in the step's document while it counts and
//     claims. A holder that stands still for longer than the lock, 10 s, may let
//     the window be exceeded once.
//   - The sums for progress are added after the records change. A crash in
//     between is mended when the step is counted at its end.
//
// Times are stored as microseconds since 1970 UTC, absent for never; BSON's own
// times have milliseconds only.
package mongostore
