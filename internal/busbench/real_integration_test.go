//go:build integration

package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/realservers"
)

var realRounds = flag.Int("rounds", 1, "rounds per measurement, on Apache Kafka")

// TestRealKafka prints the same table on Apache Kafka; a single short
// measurement unless BUSBENCH_REAL says that figures are wanted.
func TestRealKafka(t *testing.T) {
	kafka := realservers.Kafka(t, 1)
	only := "lanes"
	if os.Getenv("BUSBENCH_REAL") != "" {
		only = ""
	}
	require.NoError(t, run(strings.Join(kafka.Addrs(), ","), *realRounds, only))
}
