package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/internal/httpapi"
	"github.com/hexplane/hexplane/services/rsagents/client"
	"github.com/hexplane/hexplane/services/rsagents/usecase"
)

func TestRelease(t *testing.T) {
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "DELETE /router_agent_packages/references/p%2F1", r.Method+" "+r.URL.EscapedPath())
		assert.Equal(t, "isp-1", r.Header.Get(httpapi.ISPHeader))
		w.WriteHeader(status)
	}))
	defer server.Close()
	release := func() error { return client.New(server.URL, server.Client()).Release(t.Context(), "isp-1", "p/1") }

	require.NoError(t, release())
	for answer, want := range map[int]error{
		http.StatusConflict:            usecase.ErrInUse,
		http.StatusInternalServerError: usecase.ErrUnanswered,
		http.StatusServiceUnavailable:  usecase.ErrUnanswered,
	} {
		status = answer
		require.ErrorIs(t, release(), want, answer)
	}
	status = http.StatusUnauthorized
	err := release()
	require.ErrorContains(t, err, "401")
	require.NotErrorIs(t, err, usecase.ErrUnanswered, "asking again is of no use")
	server.Close()
	require.ErrorIs(t, release(), usecase.ErrUnanswered, "away")
}
