// Package demeterevent is the published language of Demeter: the topics, event
// types and payloads that the management service and the fabric daemons
// exchange. It holds data and the pure rules both sides must agree on, nothing
// that sends or stores. Payload structs carry validator tags; a consumer decodes
// and validates with them and dead-letters what does not pass.
//
// # Management to every fabric: EventTopic, key project_id
//
// Every fabric reads every event (one consumer group per cluster) and asks the
// payload what it is meant to do, with [Target.DutyOf]:
//
//   - [DutyIgnore]: a snapshot meant for another cluster. Acknowledge, do nothing.
//   - [DutyApply]: make the namespace (or port) exist as described.
//   - [DutyRemove]: the project is not placed here (or not any more). Remove what
//     was applied here earlier, report gone; when there was nothing, do nothing.
//
// ProjectDeleted and PortDeleted mean removal wherever the resource exists, and
// a cluster listed in Clusters reports gone even when it had nothing: that report
// is what lets management finish the deletion. Ports go with their namespace, so
// ProjectDeleted is not preceded by PortDeleted.
//
// # Generation
//
// Each project has one counter. Every project or port event of the project takes
// the next number, and a resource (the namespace, each port) remembers the number
// of its latest event. A fabric compares per resource with [Stale]: older than
// applied is ignored and acknowledged; equal is applied again, which is harmless
// and is what redelivery and snapshots produce.
//
// # Snapshots
//
// A cluster that is approved late, or whose heartbeat carries a new
// SnapshotRequest, is sent the current state as ordinary ProjectCreated and
// PortCreated events with SnapshotFor set to its id and the resources' current
// generations. Events of one project keep their order because the key is the
// same; a snapshot event that arrives after a newer change is stale and ignored.
// Projects in deletion are part of it as ProjectDeleted.
//
// # Fabric to management: StateTopic
//
// NamespaceStateChanged and PortStateChanged are keyed by project_id,
// ClusterHeartbeat by cluster_id. Management drops a report whose
// ObservedGeneration is lower than the recorded one, or equal with an older
// ObservedAt, so duplicates and replays are harmless. A fabric publishes the
// report before it acknowledges the event that caused it.
package demeterevent
