package sqlstore_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hexplane/hexplane/asynctask"
	"github.com/hexplane/hexplane/asynctask/sqlstore"
)

// Many give SQLite a single connection: then nothing may ask for a second while
// it holds the first.
func TestSQLiteWithOneConnection(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db, err := sqlstore.OpenSQLite(filepath.Join(t.TempDir(), "tasks.db"), false)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	db.SetMaxOpenConns(1)
	s, err := sqlstore.New(ctx, db)
	require.NoError(t, err)

	now := time.Now().UTC().Truncate(time.Microsecond)
	_, _, err = s.InsertTask(ctx, asynctask.Task{ID: "T_1", Type: "T", Step: "s", State: asynctask.StateRunning, JobID: "j", Version: 1, NextAt: now})
	require.NoError(t, err)
	_, err = s.InsertRequests(ctx, "T_1", "s", []asynctask.Record{{TaskID: "T_1", Step: "s", Name: "r", Type: "T", JobID: "j", Payload: []byte("{}")}})
	require.NoError(t, err)
	recs, _, err := s.Admit(ctx, asynctask.Admission{TaskID: "T_1", Step: "s", Window: 1, Limit: 1, Now: now, Until: now})
	require.NoError(t, err)
	require.Len(t, recs, 1)
	require.NoError(t, s.Reschedule(ctx, recs))
	closed, err := s.CloseRequests(ctx, []asynctask.Closing{{TaskID: "T_1", Step: "s", Name: "r", State: asynctask.RequestOK}})
	require.NoError(t, err)
	require.Equal(t, asynctask.FoundOpen, closed[0].Found)
}
