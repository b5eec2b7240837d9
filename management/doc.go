// Package management is the domain of Demeter's accounts and projects: who may
// have what, where it is placed, and what the clusters say of it. It decides and
// records; fabrics in the clusters (package fabric) make it so. The two speak
// through events whose payloads are in internal/demeterevent.
//
// A [Service] holds the use cases over four ports: [DemeterStore] (the old
// Demeter database), [StateStore] (the new state), [EventPublisher] (the outbox,
// part of a state transaction) and [SpecChecker] (JSON schemas). Callers
// authenticate with API keys; every use case takes the caller from the context,
// see [WithPrincipal]:
//
//	svc := management.New(state, demeter, specs, management.Config{})
//	if err := svc.Recover(ctx); err != nil { ... }      // before serving
//	go svc.Run(ctx)                                     // while serving
//
//	caller, err := svc.Authenticate(ctx, key)
//	ctx = management.WithPrincipal(ctx, caller)
//	account, err := svc.CreateAccount(ctx, management.NewAccount{
//		Name: "acme", OwnerEmail: "ops@acme.example", IdempotencyKey: "signup-17",
//	})
//
// # Creation across two databases
//
// An account (with its default project) and a project are written to the old
// database and to the state, which share no transaction. CreateAccount and
// CreateProject therefore proceed in three steps, each repeatable:
//
//  1. Reserve. One state transaction counts the project against the quota of its
//     account and stores a pending [Operation]: all ids, names and times that will
//     be written, and the idempotency key, which is unique. From here on the
//     creation will be finished or refused, but never forgotten.
//  2. Old database. One transaction there writes the rows under the ids of step
//     1; rows that are already there by that id are a success. When the old
//     database, which has every name that the state has, refuses one that is
//     taken, the operation is deleted and no longer counts: nothing is left of it
//     anywhere.
//  3. Complete. One state transaction ends the operation and inserts account,
//     project, audit entries and the event in the outbox. If the operation has
//     ended already, it does nothing.
//
// Creations that come at the same time go through the steps together, and each
// transaction carries them all; yet each is refused, done or repeated by itself.
// While others wait, step 3 of a batch and step 1 of the next are one transaction.
//
// A crash before the commit of step 1 leaves nothing. A crash after it leaves a
// pending operation, which is carried through steps 2 and 3 by whichever comes
// first: a repeat of the request with the same idempotency key, [Service.Recover]
// at the next start, or [Service.Run] after ten seconds. All use the ids of step
// 1, so there is never a second account, and one database never stays without
// the other. A caller that gets [ErrUnavailable] does not know the outcome and
// finds it by repeating.
//
// Deleting, restoring and forgetting a project decide in the state first, and
// store in the same transaction a pending operation that carries the change to
// the old database; the project's revision keeps two of them from crossing.
//
// # Guarantees
//
//   - Events are stored with the change that causes them and sent at least once,
//     in order per project, with a generation that grows.
//   - Reports of the clusters may be repeated, late and out of order.
//   - Silence becomes degraded: about one change after [Config.SilenceDeadline],
//     about a whole cluster when its heartbeat is that old.
//   - Every change has an audit entry in the same transaction.
//   - A request that is refused leaves nothing written and has sent nothing.
package management
