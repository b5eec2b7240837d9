// Package managementpb is the gRPC interface demeter.management.v1, generated from
// the files in proto. `make proto` generates it anew.
package managementpb
