package sqlstore_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hexplane/hexplane/internal/docstore"
	"github.com/hexplane/hexplane/internal/docstore/docstoretest"
	"github.com/hexplane/hexplane/internal/docstore/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, cfg sqlstore.Config) docstore.Backend {
	t.Helper()
	if cfg.Path == "" {
		cfg.Path = filepath.Join(t.TempDir(), "docs with space?.db")
	}
	backend, err := sqlstore.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, backend.Close()) })
	return backend
}

func TestConformance(t *testing.T) {
	docstoretest.Run(t, func(t testing.TB, now func() time.Time) docstore.Backend {
		return open(t, sqlstore.Config{Now: now})
	})
}

func TestReopenedFileHoldsEverything(t *testing.T) {
	cfg := sqlstore.Config{Path: filepath.Join(t.TempDir(), "new", "docs.db"), Full: true}
	first, err := sqlstore.Open(t.Context(), cfg)
	require.NoError(t, err)
	_, err = first.Write(t.Context(), docstore.Write{
		Collection: "c", ID: "a", Op: docstore.OpInsert, Data: []byte(`{}`),
		Events: []docstore.Event{{Stream: "s", Data: []byte("e")}},
	})
	require.NoError(t, err)
	require.NoError(t, first.Close())

	second := open(t, cfg)
	rec, err := second.Get(t.Context(), "c", "a")
	require.NoError(t, err)
	assert.EqualValues(t, 1, rec.Version)
	events, err := second.Claim(t.Context(), time.Minute, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	assert.Equal(t, "e", string(events[0].Data))
}

func TestLeasesOfADeadProcess(t *testing.T) {
	cfg := sqlstore.Config{Path: filepath.Join(t.TempDir(), "docs.db")}
	claimed := func(cfg sqlstore.Config) int {
		events, err := open(t, cfg).Claim(t.Context(), time.Hour, 10)
		require.NoError(t, err)
		return len(events)
	}
	_, err := open(t, cfg).Write(t.Context(), docstore.Write{
		Collection: "c", ID: "a", Op: docstore.OpInsert, Events: []docstore.Event{{Stream: "s"}},
	})
	require.ErrorContains(t, err, "NOT NULL", "an event without data is refused")
	_, err = open(t, cfg).Write(t.Context(), docstore.Write{
		Collection: "c", ID: "a", Op: docstore.OpInsert, Events: []docstore.Event{{Stream: "s", Data: []byte("e")}},
	})
	require.NoError(t, err, "and its document with it")
	assert.Equal(t, 1, claimed(cfg))
	assert.Equal(t, 0, claimed(cfg), "another process may be at work")
	cfg.Exclusive = true
	assert.Equal(t, 1, claimed(cfg), "no other process can be")
}

func TestTwoProcessesOnOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docs.db")
	one, two := open(t, sqlstore.Config{Path: path}), open(t, sqlstore.Config{Path: path})
	insert := func(b docstore.Backend, id string, done chan<- error) {
		_, err := b.Write(t.Context(), docstore.Write{Collection: "c", ID: id, Op: docstore.OpInsert, Data: []byte(`1`)})
		done <- err
	}
	done := make(chan error, 40)
	for i := range 20 {
		go insert(one, "a"+string(rune('a'+i)), done)
		go insert(two, "b"+string(rune('a'+i)), done)
	}
	for range 40 {
		require.NoError(t, <-done)
	}
	docs, err := one.Find(t.Context(), docstore.Query{Collection: "c", Limit: 100})
	require.NoError(t, err)
	assert.Len(t, docs, 40)
}

func TestUnusablePath(t *testing.T) {
	_, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: "/dev/null/docs.db"})
	require.Error(t, err)
}
