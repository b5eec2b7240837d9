package demeter_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/service"
	"github.com/hexplane/hexplane/services/standalone/demeter"
)

func TestShowTwiceOnTheSameData(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		var cfg service.Config
		require.NoError(t, service.Parse(&cfg, map[string]string{"DATA_DIR": dir, "ADMIN_ADDR": "127.0.0.1:0", "LOG_LEVEL": "ERROR"}))
		host, err := service.NewHost("standalone", cfg, io.Discard)
		require.NoError(t, err)
		part, err := demeter.Wire(t.Context(), host, dir, "127.0.0.1:0", nil)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- host.Run(ctx, part.Services...) }()
		var out bytes.Buffer
		require.NoError(t, part.Show(t.Context(), &out))
		require.Contains(t, out.String(), "is ready in berlin and lisbon")
		cancel()
		require.NoError(t, <-ended)
	}
}
