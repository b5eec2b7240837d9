// Package crashtest kills processes: its test runs a tree of tasks in worker
// processes over an embedded broker with a data folder, kills workers, the
// broker and both with SIGKILL at random moments, and then looks whether every
// leaf had its effect exactly once. It has no other content.
//
//	go test ./asynctask/internal/crashtest -crash.kills=200 -crash.leaves=100000 -v
package crashtest
