package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// TestMain lets the test program be the backend, as the program itself is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-serve" {
		if err := serveBackend(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func TestATasteOfEveryMeasurement(t *testing.T) {
	require.NoError(t, flag.Set("test.benchtime", "10x"))
	self, err := os.Executable()
	require.NoError(t, err)
	var out bytes.Buffer

	require.NoError(t, measure(t.Context(), &out, self, "", 0))

	for _, want := range []string{"batch client", "plain net/http client", "most by the budget", "documents built and streamed"} {
		assert.Contains(t, out.String(), want)
	}
}
