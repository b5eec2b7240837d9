// Package fabric keeps one Kubernetes cluster as management wants it: a
// namespace with its baseline per project, a custom resource per port, and a
// report of what exists after every change.
//
// A [Daemon] is driven by the events of demeter-event-topic ([Daemon.Callback])
// and by what it sees in the cluster ([Daemon.Run]). It reaches the cluster
// through [Cluster], a port that package kube implements on a real API server
// and package memcluster in memory, and reports through an eventbus.Publisher on
// demeter-state-topic.
//
// # What it guarantees
//
//   - An event is remembered, applied and reported before it is acknowledged; a
//     crash anywhere in between is made good when the event comes again.
//   - Per resource, an event older than the one applied last is ignored, also
//     after the resource is gone (for [Config].Forget).
//   - Work on one project is serial; projects are independent of each other.
//   - What already matches is not written: an event that comes again, and a
//     restart, only read.
//   - A namespace that exists without the fabric's label is never touched, unless
//     the policy is [TakeoverAdopt]; one that is labeled for another project, or
//     whose name is reserved, never at all. Deletions name the object's uid.
//   - What the cluster refuses for good is reported as degraded with the
//     cluster's words and looked at again every [Config].Recheck; a cluster that
//     does not answer holds its events back until it does, and nothing is lost.
//   - Drift is repaired when a watch tells of it: changed or missing fields,
//     objects deleted by hand (the namespace included), objects of an earlier
//     baseline.
//   - A removal is reported as terminating, with what it waits for, and as gone
//     when the cluster has confirmed it.
//
// # Records
//
// The daemon keeps one ConfigMap per project in [Config].RecordsNamespace: what
// was asked for, and what of it is not settled. One daemon per cluster may run at
// a time; a second one is told apart by failing writes, not silently merged.
// A daemon that finds no records asks management, in its heartbeats, for a
// snapshot.
//
// # Ports
//
// A port of kind "http" becomes a custom resource of API version
// ports.demeter.run/v1alpha1 and of the kind that is spelled so without regard to
// case ("HTTP"), named after the port's id. A kind that the cluster does not
// serve is reported, and applied once it is served.
package fabric
