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

var (
	realRounds = flag.Int("rounds", 4, "rounds per measurement, on Apache Kafka")
	realScale  = flag.Float64("scale", 3, "makes rounds longer or shorter")
	realOnly   = flag.String("only", "", "run only what contains this")
)

// TestRealKafka prints the same table on Apache Kafka; a single short
// measurement unless BUSBENCH_REAL says that figures are wanted.
func TestRealKafka(t *testing.T) {
	kafka := realservers.Kafka(t, 1)
	rounds, only := 1, "lanes"
	if os.Getenv("BUSBENCH_REAL") != "" {
		rounds, only = *realRounds, *realOnly
	}
	require.NoError(t, run(strings.Join(kafka.Addrs(), ","), rounds, *realScale, only))
}
