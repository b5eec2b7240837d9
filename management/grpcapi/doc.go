// Package grpcapi serves package management over gRPC: the interface
// demeter.management.v1 of package managementpb, with the standard health and
// reflection services.
//
//	server := grpcapi.New(svc, grpcapi.Config{})
//	err := server.Serve(ctx, listener) // until ctx ends
//
// Callers send an API key as metadata "authorization: Bearer <key>"; only health
// and reflection answer without one. Every call has a deadline: the caller's, or
// Config.DefaultTimeout, never more than Config.MaxTimeout (streams aside).
//
// # Errors
//
//	INVALID_ARGUMENT     a field is wrong
//	NOT_FOUND            no such resource, or another account's
//	ALREADY_EXISTS       a name is taken
//	UNAUTHENTICATED      no key, or one that is wrong, expired or revoked
//	PERMISSION_DENIED    the key's role does not allow it
//	RESOURCE_EXHAUSTED   a quota is used up
//	FAILED_PRECONDITION  the resource is protected, deleted, or not in the right state
//	UNAVAILABLE          a store did not answer; repeat with the same idempotency key
//
// Wherever a field of the request is at fault, a google.rpc.BadRequest detail names
// it. Internal errors are logged and not told.
package grpcapi
