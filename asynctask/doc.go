// Package asynctask runs durable request/reply tasks over an event bus: a task
// fans out requests, its replies come back as events, and when the last one is
// in, the next step begins or the task's own requester is told. Tasks that
// request tasks form trees, such as a full sync of a million devices.
//
// A [Definition] names a kind of task and its steps; a [Step] yields its
// requests as a stream, so that a million of them never sit in memory. A
// [Manager] runs tasks of the definitions it knows, on a [Store] (memstore,
// sqlstore, mongostore) and an [eventbus.Publisher]:
//
//	m, err := asynctask.NewManager(store, producer, asynctask.Config{}, syncAll, syncAccounts)
//	...
//	mux.On("RSSyncAccounts", m.Starter("SyncAccounts"))
//	mux.On("RSSyncAccountsReply", m.Replies())
//	mux.On("RSCancelSync", m.Canceller())
//	go m.Run(ctx)
//
// # Requests and replies
//
// A request is published as its payload, a JSON object, into which request_id,
// job_id and reply_topic are set. Whoever receives it does the work and publishes a
// [Reply], of one of the step's ReplyEvents, to that topic, keyed by the request id
// so that repeats stay in order. It may receive a request more than once, and should
// make its effect happen once, by the request id. A task answers so by itself, which
// is how tasks of one service stand behind requests of another: [Manager.Starter]
// starts one per request.
//
// # Guarantees
//
//   - Every request of a task is published at least once, and until it is
//     answered it is never forgotten, whatever crashes. Its id is deterministic,
//     so receivers can make their effect happen once.
//   - Every request is closed exactly once; repeated and late replies are
//     discarded, and late ones counted.
//   - What the bus would never take, such as a message over its limit, is not tried
//     for ever: the request fails with CodeRefused, and a task's reply is replaced
//     by a failure of that code.
//   - A step begins after all requests of the one before are closed. The
//     requester of a task gets one outcome, at least once.
//   - At most the window's number of requests of a step are in flight.
//   - After CancelJob returns nothing more is admitted for publishing; what had
//     been admitted, at most a batch per process, may still go out.
//   - A reply costs the same in a task of ten requests and of a million. No
//     counter decides anything.
//
// Order among the requests of a step is not guaranteed. Hooks may be called
// again after a crash.
//
// # Protocol
//
// A task is one small record that changes by compare-and-set on its version. A
// request is a record of its own, identified by task, step and name; that is
// also its correlation id.
//
//	running, unsealed   the step's stream is being stored, in batches that
//	                    ignore names already there
//	running, sealed     every request is stored; replies are awaited
//	running, answered   every request is closed; the step is to be settled:
//	                    counted, judged by its policy, then the next step
//	ending              the outcome is decided; OnEnd and the reply to the
//	                    requester are due. This record is the reply's outbox.
//	completed, failed,  the requester was told. Requests left open by a task
//	cancelled           that was cut short are closed in batches.
//
//	waiting             stored, not within the window
//	in flight           admitted: due for publishing until it is marked as sent,
//	                    then due when its timeout ends. This record is the
//	                    request's outbox.
//	ok, failed,         closed
//	cancelled
//
// Work is driven by claims: a task or request whose NextAt has come is due, and
// a claim moves NextAt by a lease. Whoever dies leaves its work due again when
// the lease ends, so recovery is the same code as normal running. All that a
// driver does is idempotent or a compare-and-set; two drivers at once are
// harmless. Whoever lives renews its lease for as long as a stream or a hook takes,
// up to the task's deadline. Publishing precedes the mark that it happened, so a
// crash between the two publishes twice, never not at all.
//
// Each type of task has workers of its own, Config.Workers in each process: streams
// or hooks that are stuck keep only tasks of their own type waiting. A Deadline ends
// them, if they obey their context.
//
// Two pairs of races decide correctness, and each is settled by order alone:
//
//   - The last reply against the seal. A reply closes its request, then reads
//     whether the step is sealed, then probes for an open request. The fan-out
//     seals, then probes. If both are last, at least one of them sees a sealed
//     step without open requests, and compare-and-set lets one mark it.
//   - The start of a task against the cancellation of its job. The cancellation
//     stores a mark, then looks for tasks. A driver, before it publishes
//     anything of a task, looks for the mark; the task was stored before that.
//     At least one sees the other.
//
// A crash after a request was closed and before the step was marked leaves the
// reply unacknowledged: it is delivered again, found closed, and probed for
// again. In case it is not, the sweep probes every sealed task once per lease.
//
// Step names, not positions, are stored. A task at a type or step that this
// binary does not know is not claimed, only reported by [Manager.Unknown];
// replies for it are parked with their requests, and a binary that knows the
// step takes both up.
package asynctask
