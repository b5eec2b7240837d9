package main

import (
	"bytes"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

func TestRun(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	var out locked
	require.NoError(t, run(t.Context(), &out, cluster.ListenAddrs()))
	require.Contains(t, out.buf.String(), "clicks \"hello\"\n")
	require.Contains(t, out.buf.String(), "payments \"hello\"\n")
}

// locked is a buffer that two handlers may write to.
type locked struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

var _ io.Writer = (*locked)(nil)

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}
