package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inputOf writes the first n lines of the checked-in households, and keys for them.
func inputOf(t *testing.T, n int, more string) (keys, households string) {
	t.Helper()
	content, err := os.ReadFile("households.ndjson")
	require.NoError(t, err)
	dir := t.TempDir()
	keys, households = filepath.Join(dir, "keys.json"), filepath.Join(dir, "households.ndjson")
	lines := strings.Join(strings.SplitAfter(string(content), "\n")[:n], "") + more
	require.NoError(t, os.WriteFile(households, []byte(lines), 0o600))
	require.NoError(t, os.WriteFile(keys, []byte(`{"nordlys":"k1","vertice":"k2","hikari":"k3","dnipro":"k4"}`), 0o600))
	return keys, households
}

// door is a gateway that takes everything and whose jobs end at the second look.
type door struct{ devices, looks atomic.Int32 }

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Authorization") == "Bearer ":
		w.WriteHeader(http.StatusUnauthorized)
	case strings.HasSuffix(r.URL.Path, "/devices"):
		d.devices.Add(1)
		w.WriteHeader(http.StatusCreated)
	case strings.HasSuffix(r.URL.Path, "/full-sync"):
		w.Header().Set("Location", "/subsystems/rs/jobs/j1")
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/jobs/j1"):
		state := `{"state":"completed","started_at":"2026-01-02T03:04:05Z","finished_at":"2026-01-02T03:04:07Z"}`
		if d.looks.Add(1) == 1 {
			state = `{"state":"running"}`
		}
		_, _ = w.Write([]byte(state)) // the client sees what is missing
	}
}

func TestHouseholdsAreSentAndSynced(t *testing.T) {
	d := &door{}
	server := httptest.NewServer(d)
	defer server.Close()
	keys, households := inputOf(t, 6, "")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), server.URL, keys, households, &out))
	assert.Equal(t, 4, strings.Count(out.String(), "completed in 2s"), out.String())
	content, err := os.ReadFile(households)
	require.NoError(t, err)
	assert.EqualValues(t, strings.Count(string(content), `"mac":`), d.devices.Load())
}

func TestABrokenLineDoesNotStopTheRest(t *testing.T) {
	d := &door{}
	server := httptest.NewServer(d)
	defer server.Close()
	keys, households := inputOf(t, 4, "{\n")
	var out bytes.Buffer
	err := run(t.Context(), server.URL, keys, households, &out)
	require.ErrorContains(t, err, "line 5")
	assert.Equal(t, 4, strings.Count(out.String(), "completed"))
}

func TestFilesAreNeeded(t *testing.T) {
	keys, households := inputOf(t, 1, "")
	assert.ErrorContains(t, run(t.Context(), "", "none.json", households, nil), "keys")
	assert.ErrorContains(t, run(t.Context(), "", keys, "none.ndjson", nil), "input")
}
