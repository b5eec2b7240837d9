//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpu is the processor time that this process has used. Unlike a rate it does not
// depend on what else the machine does.
func cpu() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
