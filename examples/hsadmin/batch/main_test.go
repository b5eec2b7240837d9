package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBatch(t *testing.T) {
	var out, progress bytes.Buffer
	require.NoError(t, run(t.Context(), &out, &progress, 200))
	assert.Equal(t, "200 of 200 written; the backend holds 200\n", out.String())
	assert.Contains(t, progress.String(), "200/200")
}

func TestAnInterruptedBatchSaysWhatWasNotStarted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, progress bytes.Buffer
	require.NoError(t, run(ctx, &out, &progress, 50))
	assert.Equal(t, "50 not started\n0 of 50 written; the backend holds 0\n", out.String())
}
