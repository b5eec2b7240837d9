package main

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// asChild makes the test binary be standalone itself, so that a test can kill it.
const asChild = "STANDALONE_TEST_CHILD"

var crashRounds = flag.Int("crash.rounds", 1, "how often TestCrash kills and resumes a sync")

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		main()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}
