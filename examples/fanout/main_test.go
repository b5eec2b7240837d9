package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask/sqlstore"
)

const envChild = "FANOUT_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(envChild) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestKilledAndRunAgainItFinishes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tasks.db")
	first := child(file)
	require.NoError(t, first.Start())
	t.Cleanup(func() { _ = first.Process.Kill() })
	db, err := sqlstore.OpenSQLite(file, false)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	store, err := sqlstore.New(t.Context(), db)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		levels, err := store.Progress(t.Context(), "Greetings_1")
		return err == nil && len(levels) == 1 && levels[0].OK > 100
	}, 4*time.Minute, 20*time.Millisecond)
	require.NoError(t, first.Process.Kill())
	require.Error(t, first.Wait())

	second := child(file)
	var out bytes.Buffer
	second.Stdout = &out
	require.NoError(t, second.Run())
	assert.Equal(t, "completed: 10000 of 10000\n", out.String())
}

func child(file string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], file)
	cmd.Env = append(os.Environ(), envChild+"=1")
	cmd.Stderr = os.Stderr
	return cmd
}
