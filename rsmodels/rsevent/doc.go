// Package rsevent is the published language of RouterSecure: the topics, the
// event types and the payloads that its services exchange, as Go constants and
// structs with validator tags.
//
// The names on the wire are exactly those of the constants and json tags here.
// [Catalog] lists every event with its topics, the meaning of its key and its
// payload type; the AsyncAPI document beside this package, asyncapi.yaml, is
// generated from it.
//
// Payloads are plain data: they hold no behavior, are safe to copy, and are safe
// for concurrent reading. Every validator tag is one of the validator library's
// own, so any validator instance checks them; [Validate] does it with field
// paths spelled as on the wire:
//
//	err := rsevent.Validate(rsevent.RSCancelSync{})
//	// invalid rsevent.RSCancelSync: job_id: required
//
// # Requests and replies
//
// An event that embeds [Request] is answered on its reply_topic by a [Reply]
// when it carries a request_id, and is not answered when it carries none. The
// event type of the answer is [ReplyType] of the request's. An event that embeds
// [JobRequest] always carries one.
//
// # Services
//
// Filters may be set on an ISP, an account, a user or a device; [ResolveServices]
// merges them field by field, the most specific level first.
package rsevent
