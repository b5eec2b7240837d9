// Command standalone runs every RouterSecure service in one process and does the main
// job with them: it provisions households through the public interface, runs a full sync
// for every internet provider and compares what the HomeSecure backend then holds with
// what the input demands.
//
// See `standalone --help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := execute(ctx, os.Args[1:], environ(os.Environ()), os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, errHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "standalone:", err)
		os.Exit(1)
	}
}

func environ(list []string) map[string]string {
	out := make(map[string]string, len(list))
	for _, pair := range list {
		name, value, _ := strings.Cut(pair, "=")
		out[name] = value
	}
	return out
}
